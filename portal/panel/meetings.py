"""Which meeting of a panel a form comes to, and by which day.

The days themselves come from the content (`portal.directory.schedule.meetings`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from portal.directory import Directory, Meeting, Panel
from portal.directory.values import LONDON

CLOSES = timedelta(days=7)  # a form must come this long before a meeting to be on its agenda


def panel_of(directory: Directory, district: str) -> Panel | None:
    """The Resource Panel of a district; None where there is none, or no such district."""
    found = directory.district(district)
    return found.panel if found else None


def last_day(meeting: Meeting) -> date:
    """The last day on which a form still comes to this meeting."""
    return meeting.day - CLOSES


def next_meeting(panel: Panel, now: datetime) -> Meeting | None:
    """The meeting that is on, or the next one; None if no dates are known."""
    return next((one for one in panel.meetings if one.ends > now), None)


def meeting_for(panel: Panel, now: datetime) -> Meeting | None:
    """The meeting whose agenda a form comes to that arrives now."""
    today = now.astimezone(LONDON).date()
    return next((one for one in panel.meetings if last_day(one) >= today), None)


def meeting_named(panel: Panel, name: str) -> Meeting | None:
    """The meeting with this name, which is the day first planned for it."""
    return next((one for one in panel.meetings if one.name == name), None)


def past(panel: Panel, now: datetime) -> Iterator[Meeting]:
    """The meetings that have begun, the latest first."""
    return (one for one in reversed(panel.meetings) if one.starts <= now)


def decided_in(panel: Panel, meeting: Meeting) -> tuple[datetime, datetime | None]:
    """From when until when what is decided belongs to this meeting: up to the next one."""
    after = next((one for one in panel.meetings if one.starts > meeting.starts), None)
    return _midnight(meeting.day), _midnight(after.day) if after else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), LONDON)
