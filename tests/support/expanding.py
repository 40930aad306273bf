"""What a calendar says on which dates, worked out in two ways that share no code with ours."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from dateutil import rrule

LONDON = ZoneInfo("Europe/London")


def _said(component, start, end):
    return (
        start.astimezone(UTC),
        end.astimezone(UTC),
        str(component["STATUS"]),
        str(component.get("LOCATION", "")),
    )


def by_library(data, start, end):
    """The dates by recurring-ical-events, from a day to another (that one left out)."""
    calendar = icalendar.Calendar.from_ical(data)
    found = recurring_ical_events.of(calendar).between(start, end)
    return sorted(_said(one, one.start, one.end) for one in found)


def by_rule(data, start, end):
    """The dates by dateutil's rules: dates of the rule, less EXDATE and overridden ones."""
    calendar = icalendar.Calendar.from_ical(data)
    masters = {}
    overrides = {}
    found = []
    for component in calendar.walk("VEVENT"):
        uid = str(component["UID"])
        if "RRULE" in component:
            masters[uid] = component
        elif "RECURRENCE-ID" in component:
            overrides[uid, component["RECURRENCE-ID"].dt] = component
        else:
            found.append(_said(component, component.start, component.end))
    for component in overrides.values():
        found.append(_said(component, component.start, component.end))
    for uid, master in masters.items():
        excluded = master.get("EXDATE", [])
        excluded = excluded if isinstance(excluded, list) else [excluded]
        never = {date.dt for dates in excluded for date in dates.dts}
        rule = dict(master["RRULE"])
        until = rule["UNTIL"][0].astimezone(LONDON).replace(tzinfo=None)
        text = re.sub(r"UNTIL=\w+;?", "", master["RRULE"].to_ical().decode()).strip(";")
        first = master.start.replace(tzinfo=None)
        length = master.end.replace(tzinfo=None) - first
        for moment in rrule.rrulestr(text, dtstart=first):
            if moment > until:
                break
            aware = moment.replace(tzinfo=LONDON)
            if aware in never:
                assert (uid, aware) not in overrides
                continue
            if (uid, aware) not in overrides:
                found.append(_said(master, aware, (moment + length).replace(tzinfo=LONDON)))
    lowest, highest = (datetime.combine(day, datetime.min.time(), LONDON) for day in (start, end))
    return sorted(one for one in found if lowest <= one[0] < highest)


_STATUS = {"cancelled": "CANCELLED", "postponed": "TENTATIVE"}


def of_series(series, start, end):
    """The dates as the Directory has them."""
    return sorted(
        (
            session.starts.astimezone(UTC),
            session.ends.astimezone(UTC),
            _STATUS.get(session.state, "CONFIRMED"),
            session.venue.line,
        )
        for one in series
        for session in one.all_sessions
        if start <= session.day < end
    )


def as_planned(sessions):
    """Sessions that are no longer held where they were planned, as calendars show that."""
    return [
        (
            datetime.combine(session.planned, series.time.starts, LONDON).astimezone(UTC),
            datetime.combine(session.planned, series.time.ends, LONDON).astimezone(UTC),
            "CANCELLED",
            series.venue.line,
        )
        for series, session in sessions
    ]
