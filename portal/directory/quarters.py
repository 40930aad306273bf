"""Quarters of a calendar year: '2027-Q1' is January to March 2027.

The financial year begins with a quarter too, in April. Pure functions on dates.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from portal.errors import PortalError

_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])", re.ASCII)
_MONTHS = ("January to March", "April to June", "July to September", "October to December")


class NoQuarter(PortalError):
    """The text is not the name of a quarter."""


def quarter_of(day: date) -> str:
    """The quarter that a day is in."""
    return f"{day.year:04}-Q{(day.month - 1) // 3 + 1}"


def first_day(quarter: str) -> date:
    """The first day of a quarter. Raises NoQuarter."""
    found = _QUARTER.fullmatch(quarter)
    if found is None:
        raise NoQuarter(f"'{quarter}' is not a quarter. Write it like 2027-Q1.")
    if not 2000 <= int(found[1]) <= 2100:
        raise NoQuarter(
            f"'{quarter}' is not kept. Write a quarter from 2000 to 2100, such as 2027-Q1."
        )
    return date(int(found[1]), int(found[2]) * 3 - 2, 1)


def last_day(quarter: str) -> date:
    """The last day of a quarter."""
    return first_day(after(quarter)) - timedelta(days=1)


def after(quarter: str) -> str:
    """The next quarter."""
    return quarter_of(first_day(quarter) + timedelta(days=93))


def before(quarter: str) -> str:
    """The quarter before."""
    return quarter_of(first_day(quarter) - timedelta(days=1))


def between(first: date, last: date) -> list[str]:
    """The quarters from the one of the first day to the one of the last day."""
    found = [quarter_of(first)]
    while (following := after(found[-1])) <= quarter_of(last):
        found.append(following)
    return found


def finished(today: date, number: int) -> list[str]:
    """The last quarters that are over, the oldest first."""
    found: list[str] = []
    day = first_day(quarter_of(today))
    for _ in range(number):
        day = first_day(quarter_of(day - timedelta(days=1)))
        found.insert(0, quarter_of(day))
    return found


def words(quarter: str) -> str:
    """'January to March 2027'."""
    day = first_day(quarter)
    return f"{_MONTHS[(day.month - 1) // 3]} {day.year}"
