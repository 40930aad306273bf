"""School terms, closures and bank holidays together: the days on which groups meet.

The bank holidays come from the library `holidays`, so that nobody has to list them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from portal.dependencies import remembers
from portal.directory import Terms
from portal.directory.schedule import SchoolCalendar


@cache
def bank_holidays(year: int) -> Mapping[date, str]:
    """England's bank holidays in a year, those moved to a working day included."""
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
