"""Working days: when something is due, with weekends, bank holidays and closures left out.

A day is a working day from Monday to Friday, unless it is a bank holiday in England or a closure of
`content/terms.yaml`. School holidays are working days for staff, but no review with a family is put
into them.
"""

from __future__ import annotations

from datetime import date, timedelta

from portal.directory.schedule import SchoolCalendar

_DAY = timedelta(days=1)
_SATURDAY = 5
_A_YEAR = 366  # closed for longer than this, a service has ended


def is_working_day(day: date, calendar: SchoolCalendar) -> bool:
    """Whether staff work on this day."""
    return day.weekday() < _SATURDAY and not calendar.closed(day)


def after(day: date, number: int, calendar: SchoolCalendar) -> date:
    """The working day that is this number of working days after a day.

    After 0 it is the day itself, or the first working day that follows.
    """
    found = _first_working_day(day, calendar) if number == 0 else day
    for _ in range(number):
        found = _first_working_day(found + _DAY, calendar)
    return found


def moved_over_holidays(day: date, calendar: SchoolCalendar) -> date:
    """The first working day in term time at or after a day.

    After the last term that the content knows, school holidays are not known either.
    """
    found = _first_working_day(day, calendar)
    while found <= calendar.last_known and not calendar.in_term(found):
        found = _first_working_day(found + _DAY, calendar)
    return found


def _first_working_day(day: date, calendar: SchoolCalendar) -> date:
    for later in range(_A_YEAR):
        found = day + later * _DAY
        if is_working_day(found, calendar):
            return found
    return day
