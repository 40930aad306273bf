"""The hours at which families hear from us: 8:00 to 20:00 in London."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from portal.directory.values import LONDON

DAYTIME = (time(8), time(20))


def next_daytime(now: datetime) -> datetime:
    """This moment if it is in the daytime, else the next morning at 8:00."""
    # A second of daytime is over right after the moment at which the daytime begins.
    return max(now, add_daytime_hours(now, timedelta(seconds=1)) - timedelta(seconds=1))


def add_daytime_hours(now: datetime, hours: timedelta) -> datetime:
    """The time after this many hours between 8:00 and 20:00 in London."""
    day = now.astimezone(LONDON).date()
    left = hours
    while True:
        opens = datetime.combine(day, DAYTIME[0], LONDON).astimezone(UTC)
        closes = datetime.combine(day, DAYTIME[1], LONDON).astimezone(UTC)
        begin = max(now.astimezone(UTC), opens)
        if begin < closes:
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        day += timedelta(days=1)
