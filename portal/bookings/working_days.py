"""Working days with the terms, closures and bank holidays of the content."""

from __future__ import annotations

from portal.content.school_calendar import school_calendar
from portal.directory import Directory
from portal.directory.schedule import SchoolCalendar
from portal.directory.working_days import after, is_working_day, moved_over_holidays

__all__ = ["after", "calendar_of", "is_working_day", "moved_over_holidays"]


def calendar_of(directory: Directory) -> SchoolCalendar:
    """The terms, closures and bank holidays that working days are counted with."""
    return school_calendar(directory.terms)
