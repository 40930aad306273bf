"""Which meeting of a panel a form comes to, and by which day.

The days themselves come from the content (`portal.directory.schedule.meetings`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from portal.directory import Directory, Meeting, Panel
from portal.directory.values import LONDON

BETWEEN = "between-"  # the minutes of a day without a meeting: 'between-2026-11-30'
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
    """The meetings whose day has come, the latest first."""
    today = now.astimezone(LONDON).date()
    return (one for one in reversed(panel.meetings) if one.day <= today)


def meeting_on(panel: Panel, day: date) -> Meeting | None:
    """The meeting on a day. What is decided on another day is decided between meetings."""
    return next((one for one in panel.meetings if one.day == day), None)


def decided_on(panel: Panel, name: str) -> date | None:
    """The day whose decisions these minutes have: that of a meeting, or one between meetings."""
    if meeting := meeting_named(panel, name):
        return meeting.day
    try:
        day = date.fromisoformat(name.removeprefix(BETWEEN))
    except ValueError:
        return None
    return day if name.startswith(BETWEEN) and not meeting_on(panel, day) else None
