"""The money of a panel: a budget for each financial year, which never falls below 0.

What it hides: the row of a year is made from the content when it is first needed, and follows the
content. Where the content lowers a budget below what is spent already, the budget is what was
spent. One conditional statement takes money, inside the transaction of the decision (S95).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection, select

from portal.database.engine import insert_if_new
from portal.database.tables import panel_year


@dataclass(frozen=True, slots=True)
class Balance:
    """What a panel may spend in a financial year, and what it has spent, in pounds."""

    year: int
    budget: int
    spent: int

    @property
    def left(self) -> int:
        return self.budget - self.spent

    @property
    def words(self) -> str:
        """The year in words: 2026-27."""
        return year_words(self.year)


def year_of(day: date) -> int:
    """The financial year of a day: 2026 is that from 1 April 2026."""
    return day.year if (day.month, day.day) >= (4, 1) else day.year - 1


def year_words(year: int) -> str:
    return f"{year}-{(year + 1) % 100:02}"


def balance(connection: Connection, district: str, budget: int, day: date) -> Balance:
    """The balance of the financial year of a day. `budget` is that of the content. Only reads."""
    year = year_of(day)
    spent = connection.execute(select(panel_year.c.spent).where(_of(district, year))).scalar() or 0
    return Balance(year, max(budget, spent), spent)


def take(connection: Connection, district: str, budget: int, day: date, pounds: int) -> bool:
    """Take money from the budget of the year of a day; False, and nothing changes, if too little
    is left."""
    year = year_of(day)
    insert_if_new(connection, panel_year, panel=district, year=year, budget=budget, spent=0)
    row = panel_year.update().where(_of(district, year))
    higher = sa.case((panel_year.c.spent > budget, panel_year.c.spent), else_=budget)
    connection.execute(row.values(budget=higher))
    enough = row.where(panel_year.c.spent + pounds <= panel_year.c.budget)
    taken = connection.execute(enough.values(spent=panel_year.c.spent + pounds))
    return taken.rowcount == 1


def _of(district: str, year: int) -> sa.ColumnElement[bool]:
    return sa.and_(panel_year.c.panel == district, panel_year.c.year == year)
