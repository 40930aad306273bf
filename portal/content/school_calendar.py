"""School terms, closures and bank holidays together: the days on which groups meet.

The bank holidays come from the library `holidays`, so that nobody has to list them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from portal.content.cache import FileCache
from portal.dependencies import remembers
from portal.directory import Terms
from portal.directory.schedule import SchoolCalendar

_known: dict[int, Mapping[date, str]] = {}


def recall_bank_holidays(memory: FileCache, today: date) -> None:
    """Take the bank holidays of the years around a day from a memory, which has kept them.

    This spares a command the library, which takes longer to import than all dates to work out.
    """
    years = range(today.year - 2, today.year + 7)  # a series may be planned for five years
    key = str(years).encode()
    _known.update(memory.made("holidays", key, lambda: {one: bank_holidays(one) for one in years}))


def bank_holidays(year: int) -> Mapping[date, str]:
    """England's bank holidays in a year, those moved to a working day included."""
    if year not in _known:
        _known[year] = _made(year)
    return _known[year]


def _made(year: int) -> Mapping[date, str]:
    # Imported here because it takes longer than all the rest of this module's work.
    import holidays

    named = holidays.country_holidays("GB", subdiv="ENG", years=year, observed=True)
    return {day: name.replace(" (observed)", " bank holiday") for day, name in named.items()}


@remembers(8)
def school_calendar(terms: Terms) -> SchoolCalendar:
    """The terms and closures of the content, with England's bank holidays.

    It is the same for the same `Terms`, so that the dates of a rule are worked out once.
    """
    return SchoolCalendar(terms, bank_holidays)
