"""The dates of a series: its rule, less holidays and closed days, then what became of each date.

There are three lists, each made from the one before. *Rule dates* follow `repeats` alone. *Planned*
dates are those that were ever published: calendars know a session by its planned date for ever, so
nothing that happens later takes one away. *Sessions* are the planned dates with their changes:
moved, held elsewhere, or cancelled.

Times are by the clock on the wall in London: a group at 10:00 is at 10:00 in winter and in summer.
Nothing here reads the clock. Every list ends at a day that is handed in, so a rule without an end,
or with an absurd one, costs no more than the days up to there.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Set
from datetime import date, datetime, timedelta
from functools import partial
from itertools import accumulate, islice
from typing import TypeVar

from portal.directory.models import (
    Board,
    Change,
    Meeting,
    OutreachVenue,
    Panel,
    Series,
    Session,
    Terms,
    Venue,
)
from portal.directory.values import LONDON, TimeRange, day_words

Made = TypeVar("Made")

FIVE_YEARS = 5 * 366
_MOST_RULES = 30_000  # kept by a calendar: more than a nation has


class _Yearly(dict[int, Made]):
    """A value made once for each year, when it is first asked for."""

    def __init__(self, make: Callable[[int], Made]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, year: int) -> Made:
        made = self[year] = self._make(year)
        return made


class _Spans(dict[date, tuple[datetime, datetime]]):
    """When sessions of the same times start and end, by day."""

    def __init__(self, times: TimeRange) -> None:
        super().__init__()
        self._times = times

    def __missing__(self, day: date) -> tuple[datetime, datetime]:
        made = self[day] = span(day, self._times)
        return made


class SchoolCalendar:
    """School terms, and the days on which nothing meets: bank holidays and planned closures.

    `bank_holidays` gives the names of the bank holidays of a year, by day.
    """

    def __init__(self, terms: Terms, bank_holidays: Callable[[int], Mapping[date, str]]) -> None:
        ordered = sorted(terms.terms, key=lambda term: term.first)
        self._closures = terms.closures
        self._bank_holidays = bank_holidays
        self._firsts = [term.first for term in ordered]
        # The last day reached so far, so that terms may overlap.
        self._lasts = list(accumulate((term.last for term in ordered), max))
        self.last_known = self._lasts[-1] if ordered else date.min
        self._closed = _Yearly(self._closed_in)
        self._days_off = {
            (skips, term_time_only): _Yearly(partial(self._days_off_in, skips, term_time_only))
            for skips in (True, False)
            for term_time_only in (True, False)
        }
        self._planned: dict[object, tuple[date, list[date]]] = {}
        self._spans: dict[TimeRange, _Spans] = {}

    def planned(self, series: Series, until: date) -> list[date]:
        """The planned dates of a series up to a day (`planned_dates`).

        The checks ask for them, the series itself does, and so do other series of the same rule, of
        which a county has many. So they are worked out once, for the latest day that was asked for.
        """
        if series.term_time_only:
            until = min(until, self.last_known)
        skips = series.bank_holidays == "skip"
        # All that decides the dates, but for the last day that is asked for.
        rule = (
            series.starts, series.repeats, series.until, series.count, series.except_,
            skips, series.term_time_only,
        )  # fmt: skip
        known_until, dates = self._planned.get(rule, (date.min, []))
        if known_until < until and (series.count is None or len(dates) < series.count):
            if len(self._planned) >= _MOST_RULES:
                self._planned.clear()
            days_off, left_out = self._days_off[skips, series.term_time_only], set(series.except_)
            days = (
                day
                for day in _dates(series.starts, series.repeats, min(until, series.until or until))
                if day not in days_off[day.year] and day not in left_out
            )
            dates = list(islice(days, series.count))
            self._planned[rule] = until, dates
        return dates[: bisect_right(dates, until)]

    def spans(self, times: TimeRange) -> Mapping[date, tuple[datetime, datetime]]:
        """When a session of these times starts and ends, by day: any day can be asked for. A county
        has many sessions of one day and time, which share what stands here."""
        return self._spans.setdefault(times, _Spans(times))

    def in_term(self, day: date) -> bool:
        """True on the days from the first to the last of a term, weekends included."""
        term = bisect_right(self._firsts, day) - 1
        return term >= 0 and day <= self._lasts[term]

    def closed(self, day: date) -> str | None:
        """The bank holiday's name or the closure's reason, on a day on which nothing meets."""
        return self._closed[day.year].get(day)

    def _closed_in(self, year: int) -> Mapping[date, str]:
        closed: dict[date, str] = {}
        for closure in self._closures:
            first, last = date(year, 1, 1), date(year, 12, 31)
            for day in _days(max(first, closure.first), min(last, closure.last)):
                closed.setdefault(day, closure.reason)
        return {**closed, **self._bank_holidays(year)}

    def _days_off_in(self, skips: bool, term_time_only: bool, year: int) -> Set[date]:
        days = _days(date(year, 1, 1), date(year, 12, 31)) if term_time_only else ()
        holidays = {day for day in days if not self.in_term(day)}
        return holidays | self._closed[year].keys() if skips else holidays

    def feed_until(self, horizon: date) -> date:
        """The end of the school year, 31 August, that holds the horizon and every known term."""
        # A term in the year 3027 is a slip of the pen, not a reason for 50,000 sessions.
        last = min(max(self.last_known, horizon), days_later(horizon, FIVE_YEARS))
        year = last.year if (last.month, last.day) <= (8, 31) else last.year + 1
        return date(year, 8, 31) if year <= date.max.year else date.max

    @property
    def covers_until(self) -> date:
        """The last day known to be in or out of term."""
        # After a summer term there is no other until September, so August is known as well.
        last = self.last_known
        return date(last.year, 8, 31) if last.month in (7, 8) else last


def days_later(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def week_begins(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def horizon_of(today: date, weeks: int) -> date:
    """The last day on which series that go on are shown, the same for every output.

    It is counted from the Monday of the week, so that what is shown changes once a week: otherwise
    browsers would fetch the finder's index again every day.
    """
    return days_later(week_begins(today), 7 * weeks)


def horizon_reached(day: date, today: date, horizon: date) -> date:
    """The Monday on which the horizon reached a day, or will: the way back from `horizon_of`."""
    first = day - (horizon - week_begins(today))
    return days_later(first, -first.weekday() % 7)


def last_to_plan(series: Series, feed_until: date) -> date:
    """The last day on which dates of a series are looked for.

    A series with an end is known whole, even where calendars of ongoing series end before it does.
    The checks of dates allow it five years.
    """
    if series.ongoing:
        return feed_until
    return max(feed_until, days_later(series.starts, FIVE_YEARS))


# --- dates -----------------------------------------------------------------


def rule_dates(series: Series | Panel | Board, until: date) -> list[date]:
    """The dates of `repeats` alone up to `until` or the series' own, the earlier; holidays too.

    `sessions: n` does not end this list, as it counts planned dates.
    """
    ends = series.until if isinstance(series, Series) else None
    if series.starts is None:
        return []
    return list(_dates(series.starts, series.repeats, min(until, ends or until)))


def planned_dates(series: Series, calendar: SchoolCalendar, until: date) -> list[date]:
    """The dates that are published: the rule's, less closed days, school holidays and `except`."""
    return calendar.planned(series, until)


def _dates(first: date, repeats: str, last: date) -> Iterator[date]:
    if repeats == "once":
        yield from _days(first, min(first, last))
    elif repeats == "daily":
        yield from (day for day in _days(first, last) if day.weekday() < 5)
    elif repeats == "monthly":
        week = (first.day - 1) // 7
        for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
            day = _nth_weekday(month // 12, month % 12 + 1, first.weekday(), week)
            if day <= last:
                yield day
    else:
        yield from _days(first, last, 14 if repeats == "fortnightly" else 7)


def _days(first: date, last: date, step: int = 1) -> Iterator[date]:
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1, step))


def _nth_weekday(year: int, month: int, weekday: int, week: int) -> date:
    """The first (week 0) to fourth such weekday of a month; week 4 is the last one."""
    number = 1 + (weekday - date(year, month, 1).weekday()) % 7 + 7 * week
    return date(year, month, number if number <= monthrange(year, month)[1] else number - 7)


def _outreach(fields: OutreachVenue) -> Venue:
    return Venue.away(fields, fields.location)


def sessions(
    series: Series,
    calendar: SchoolCalendar,
    until: date,
    *,
    venue_of: Callable[[OutreachVenue], Venue] = _outreach,
) -> tuple[Session, ...]:
    """The sessions planned up to `until`, by planned date, with their changes.

    The series must be linked to its centre and venue. A session that moved past `until` is still
    one of them. `venue_of` finds a changed venue's position where its postcode is all we have.
    """
    centre, usual, times = series.centre, series.venue, series.time
    closed = tuple(centre.closed_days)
    changes = {change.date_: change for change in series.changes}
    spans, withdrawn = calendar.spans(times), series.withdrawn
    made: list[Session] = []
    for planned in planned_dates(series, calendar, until):
        if planned not in changes and not closed:
            # Nearly all sessions of a county: the short way keeps a build short.
            starts, ends = spans[planned]
            made.append(Session(series, planned, starts, ends, usual, withdrawn))
            continue
        change = changes.get(planned)
        day, clock, venue = planned, times, usual
        if change:
            day, clock = held_on(change, series)
            if change.venue:
                back = (change.venue.name or "").lower() == centre.title.lower()
                venue = centre.venue if back else venue_of(change.venue)
        cancelled = withdrawn or (change.cancelled if change else None)
        note = change.note if change else None
        postponed = change.postponed if change and not (cancelled or change.moved_to) else None
        if not (cancelled or postponed) and venue.centre is centre:
            cancelled = next((why for first, last, why in closed if first <= day <= last), None)
        if cancelled and not (change and cancelled == change.cancelled):
            note = None  # it was written about a date that was to be held
        starts, ends = span(day, clock)
        made.append(
            Session(
                series,
                planned,
                starts,
                ends,
                venue,
                cancelled,
                moved=(day, clock) != (planned, times),
                moved_venue=venue is not usual,
                note=note,
                postponed=postponed,
            )
        )
    return tuple(made)


def held_on(change: Change, series: Series) -> tuple[date, TimeRange]:
    """The day and time at which a changed session is held, cancelled or not."""
    if change.moved_to is None:
        return change.date_, series.time
    return change.moved_to.day, change.moved_to.time or series.time


def meetings(panel: Panel | Board, calendar: SchoolCalendar, until: date) -> tuple[Meeting, ...]:
    """The meetings of a panel or board planned up to `until`, in order.

    One that falls on a bank holiday or a closed day moves to the next working day (S94).
    """
    moved = {change.date_: change.moved_to for change in panel.changes}
    made: list[Meeting] = []
    if panel.time is None:
        return ()
    for planned in rule_dates(panel, until):
        if planned in panel.except_:
            continue
        day, reason = moved.get(planned, planned), ""
        if day != planned:
            reason = f"it was moved from {day_words(planned)}"
        elif closed := calendar.closed(planned):
            day, reason = (
                _working_day(planned, calendar),
                f"nothing meets on {day_words(planned)} ({closed})",
            )
        made.append(Meeting(planned, *span(day, panel.time), reason))
    return tuple(made)


def _working_day(day: date, calendar: SchoolCalendar) -> date:
    """The first working day at or after a day."""
    return next(
        one
        for one in _days(day, days_later(day, 366))
        if one.weekday() < 5 and not calendar.closed(one)
    )


def span(day: date, times: TimeRange) -> tuple[datetime, datetime]:
    return (
        datetime.combine(day, times.starts, LONDON),
        datetime.combine(day, times.ends, LONDON),
    )


# --- mistakes --------------------------------------------------------------
