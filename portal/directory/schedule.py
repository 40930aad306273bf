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
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from itertools import accumulate, islice
from typing import TypeVar

from portal.directory.fields import LONDON, WEEKDAYS, TimeRange, clock_words, day_words
from portal.directory.models import Change, OutreachVenue, Series, Session, Terms, Venue

Place = tuple[str | int, ...]
Mistake = tuple[Place, str]

Made = TypeVar("Made")

_FIVE_YEARS = 5 * 366


@cache
def bank_holidays(year: int) -> Mapping[date, str]:
    """England's bank holidays in a year, those moved to a working day included."""
    # Imported here because it takes longer than all the rest of this module's work.
    import holidays

    named = holidays.country_holidays("GB", subdiv="ENG", years=year, observed=True)
    return {day: name.replace(" (observed)", " bank holiday") for day, name in named.items()}


class _Yearly(dict[int, Made]):
    """What is made for a year, once, when the year is first asked for."""

    def __init__(self, make: Callable[[int], Made]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, year: int) -> Made:
        made = self[year] = self._make(year)
        return made


class SchoolCalendar:
    """School terms, and the days on which nothing meets: bank holidays and planned closures."""

    def __init__(self, terms: Terms) -> None:
        ordered = sorted(terms.terms, key=lambda term: term.first)
        self._closures = terms.closures
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

    def in_term(self, day: date) -> bool:
        """True on the days from the first to the last of a term, weekends included."""
        term = bisect_right(self._firsts, day) - 1
        return term >= 0 and day <= self._lasts[term]

    def closed(self, day: date) -> str | None:
        """The bank holiday's name or the closure's reason, on a day on which nothing meets."""
        return self._closed[day.year].get(day)

    def days_off(self, series: Series) -> Mapping[int, Set[date]]:
        """By year, the days on which a series that says what this one says does not meet."""
        return self._days_off[series.bank_holidays == "skip", series.term_time_only]

    def _closed_in(self, year: int) -> Mapping[date, str]:
        closed: dict[date, str] = {}
        for closure in self._closures:
            first, last = date(year, 1, 1), date(year, 12, 31)
            for day in _days(max(first, closure.first), min(last, closure.last)):
                closed.setdefault(day, closure.reason)
        return {**closed, **bank_holidays(year)}

    def _days_off_in(self, skips: bool, term_time_only: bool, year: int) -> Set[date]:
        days = _days(date(year, 1, 1), date(year, 12, 31)) if term_time_only else ()
        holidays = {day for day in days if not self.in_term(day)}
        return holidays | self._closed[year].keys() if skips else holidays

    def feed_until(self, horizon: date) -> date:
        """The end of the school year, 31 August, that holds the horizon and every known term."""
        # A term in the year 3027 is a slip of the pen, not a reason for 50,000 sessions.
        last = min(max(self.last_known, horizon), _later(horizon, _FIVE_YEARS))
        year = last.year if (last.month, last.day) <= (8, 31) else last.year + 1
        return date(year, 8, 31) if year <= date.max.year else date.max

    @property
    def covers_until(self) -> date:
        """The last day of which we know whether it is in term."""
        # After a summer term there is no other until September, so August is known as well.
        last = self.last_known
        return date(last.year, 8, 31) if last.month in (7, 8) else last


def _later(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


# --- dates -----------------------------------------------------------------


def rule_dates(series: Series, until: date) -> list[date]:
    """The dates of `repeats` alone up to `until` or the series' own, the earlier; holidays too.

    `sessions: n` does not end this list, as it counts planned dates.
    """
    return list(_rule(series, until))


def planned_dates(series: Series, calendar: SchoolCalendar, until: date) -> list[date]:
    """The dates that are published: the rule's, less closed days, school holidays and `except`."""
    if series.term_time_only:
        until = min(until, calendar.last_known)
    days_off, left_out = calendar.days_off(series), frozenset(series.except_)
    dates = (
        day for day in _rule(series, until) if day not in days_off[day.year] and day not in left_out
    )
    return list(islice(dates, series.count))


def _rule(series: Series, until: date) -> Iterator[date]:
    first, last = series.starts, min(until, series.until or until)
    if series.repeats == "once":
        yield from _days(first, min(first, last))
    elif series.repeats == "daily":
        yield from (day for day in _days(first, last) if day.weekday() < 5)
    elif series.repeats == "monthly":
        week = (first.day - 1) // 7
        for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
            day = _nth_weekday(month // 12, month % 12 + 1, first.weekday(), week)
            if day <= last:
                yield day
    else:
        yield from _days(first, last, 14 if series.repeats == "fortnightly" else 7)


def _days(first: date, last: date, step: int = 1) -> Iterator[date]:
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1, step))


def _nth_weekday(year: int, month: int, weekday: int, week: int) -> date:
    """The first (week 0) to fourth such weekday of a month; week 4 is the last one."""
    number = 1 + (weekday - date(year, month, 1).weekday()) % 7 + 7 * week
    return date(year, month, number if number <= monthrange(year, month)[1] else number - 7)


def _outreach(fields: OutreachVenue) -> Venue:
    return Venue(fields.name, fields.address, fields.town, fields.postcode, fields.location)


def sessions(
    series: Series,
    calendar: SchoolCalendar,
    until: date,
    *,
    venue_of: Callable[[OutreachVenue], Venue] = _outreach,
) -> tuple[Session, ...]:
    """The sessions planned up to `until`, by planned date, with what became of each.

    The series must be linked to its centre and venue. A session that moved past `until` is still
    one of them. `venue_of` finds a changed venue's position where its postcode is all we have.
    """
    centre, usual, times = series.centre, series.venue, series.time
    closed = tuple(centre.closed_days)
    changes = {change.date_: change for change in series.changes}
    made: list[Session] = []
    for planned in planned_dates(series, calendar, until):
        if planned not in changes and not closed:
            # Nearly all sessions of a county: the short way keeps a build short.
            starts, ends = _span(planned, times)
            made.append(Session(series, planned, starts, ends, usual, series.withdrawn))
            continue
        change = changes.get(planned)
        day, clock, venue = planned, times, usual
        if change:
            day, clock = _held(change, series)
            if change.venue:
                back = change.venue.name.lower() == centre.title.lower()
                venue = centre.venue if back else venue_of(change.venue)
        cancelled = series.withdrawn or (change.cancelled if change else None)
        if not cancelled and venue.centre is centre:
            cancelled = next((why for first, last, why in closed if first <= day <= last), None)
        starts, ends = _span(day, clock)
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
                note=change.note if change else None,
            )
        )
    return tuple(made)


def _held(change: Change, series: Series) -> tuple[date, TimeRange]:
    """The day and time at which a changed session is held, cancelled or not."""
    if change.moved_to is None:
        return change.date_, series.time
    return change.moved_to.day, change.moved_to.time or series.time


def _span(day: date, times: TimeRange) -> tuple[datetime, datetime]:
    return (
        datetime.combine(day, times.starts, LONDON),
        datetime.combine(day, times.ends, LONDON),
    )


# --- mistakes --------------------------------------------------------------


def mistakes(series: Series, calendar: SchoolCalendar) -> Iterator[Mistake]:
    """What an editor must mend about dates and times: where in the file, and in which words.

    Places are fields as the file names them, such as ("changes", 0, "date"). The series need not
    be linked.
    """
    if not 2000 <= series.starts.year <= 2099:
        yield ("starts",), f"the year {series.starts.year} cannot be right. Mend 'starts'."
        return
    yield from _wrong_ends(series)
    if series.until and series.until < series.starts:
        return  # It has no dates to look at.
    end = _reckoned_until(series, calendar)
    planned = planned_dates(series, calendar, end)
    yield from _wrong_start(series, calendar, planned)
    yield from _wrong_length(series, calendar, end, planned)
    yield from _wrong_exceptions(series, end, planned)
    yield from _wrong_changes(series, calendar, end, planned)
    yield from _missing_hours(series, planned)
    yield from _wrong_booking(series, planned)


def _reckoned_until(series: Series, calendar: SchoolCalendar) -> date:
    if series.ongoing:
        # A year more than is known, so that sessions can still be changed where nobody has
        # written the next terms yet.
        return calendar.feed_until(_later(max(calendar.last_known, series.starts), 366))
    return min(series.until or date.max, _later(series.starts, _FIVE_YEARS))


def _wrong_ends(series: Series) -> Iterator[Mistake]:
    starts, until = series.starts, series.until
    once = series.repeats == "once"
    write = "or write how it repeats, such as 'repeats: weekly'."
    if once and series.count not in (None, 1):
        yield (
            ("sessions",),
            f"'repeats: once' is one session, not {series.count}. Remove 'sessions', {write}",
        )
    if until is None:
        return
    if once:
        yield ("until",), f"'repeats: once' is one session. Remove 'until', {write}"
    elif series.count is not None:
        yield ("until",), "both 'sessions' and 'until' say when it ends. Keep one of the two."
    if until < starts:
        yield (
            ("until",),
            f"it ends on {day_words(until)}, before it starts on {day_words(starts)}. "
            "Mend 'until', or 'starts'.",
        )
    elif until > _later(starts, _FIVE_YEARS):
        yield (
            ("until",),
            f"{day_words(until)} is more than five years after it starts. "
            "Mend the year, or leave 'until' out of a group that goes on.",
        )


def _wrong_start(
    series: Series, calendar: SchoolCalendar, planned: list[date]
) -> Iterator[Mistake]:
    starts, weekday = series.starts, WEEKDAYS[series.starts.weekday()]
    if series.day and series.day != weekday:
        yield (
            ("day",),
            f"{day_words(starts, weekday=False)} is a {weekday}, not a {series.day}. "
            f"Write 'day: {weekday}', or mend 'starts'.",
        )
    if series.repeats == "daily" and starts.weekday() > 4:
        yield (
            ("starts",),
            f"{day_words(starts)} is at a weekend, and a daily series meets on weekdays. "
            "Write its first weekday.",
        )
    elif off := _why_off(series, calendar, starts):
        if _past_terms(series, calendar, starts):
            remedy = "Add the next terms to content/terms.yaml, or mend 'starts'."
        elif planned:
            remedy = "Write the first date on which it meets."
        else:
            remedy = "It has no other date either. Mend 'starts', or what rules its dates out."
        yield ("starts",), f"{off} {remedy}"


def _past_terms(series: Series, calendar: SchoolCalendar, day: date) -> bool:
    return series.term_time_only and day > calendar.covers_until


def _terms_end(calendar: SchoolCalendar) -> str:
    after = calendar.last_known > date.min
    return "no school term is known" + (
        f" after {day_words(calendar.last_known)}." if after else "."
    )


def _why_off(series: Series, calendar: SchoolCalendar, day: date) -> str | None:
    """Why nothing was planned on a date of the rule, as a sentence."""
    named = day_words(day)
    if day in series.except_:
        return f"{named} is in 'except' as well."
    if series.bank_holidays == "skip" and (reason := calendar.closed(day)):
        return f"nothing meets on {named} ({reason}) without 'bank_holidays: run'."
    if _past_terms(series, calendar, day):
        return _terms_end(calendar)
    if series.term_time_only and not calendar.in_term(day):
        return f"{named} is not in a known school term, and this is 'term_time_only'."
    return None


def _wrong_length(
    series: Series, calendar: SchoolCalendar, end: date, planned: list[date]
) -> Iterator[Mistake]:
    if series.repeats == "once" or _past_terms(series, calendar, series.starts):
        return
    past_terms = _past_terms(series, calendar, end)
    terms = f"{_terms_end(calendar)} Add the next terms to content/terms.yaml"
    if series.until:
        if past_terms:
            yield ("until",), f"{terms}, or end it sooner."
    elif series.count and len(planned) < series.count:
        yield (
            ("sessions",),
            f"only {len(planned)} of its {series.count} sessions have a date, as {terms}, "
            "or write fewer."
            if past_terms
            else f"{series.count} sessions would take more than five years. "
            "Write fewer, or leave 'sessions' out of a group that goes on.",
        )


def _did_you_mean(day: date, dates: list[date]) -> str:
    if not dates:
        return ""
    nearest = min(dates, key=lambda one: abs(one - day))
    return f" Did you mean {day_words(nearest)}?"


def _not_a_date(series: Series, day: date, end: date, dates: list[date]) -> str:
    """That a day is not a date of the series, and which dates it has."""
    named = day_words(day)
    if day < series.starts:
        words = f"{named} is before the first date, {day_words(series.starts)}."
    elif dates and day > dates[-1] and not series.ongoing:
        words = f"{named} is after the last date, {day_words(dates[-1])}."
    elif day > end:
        words = f"{named} is too far ahead: dates are known up to {day_words(end)}."
    else:
        words = f"{named} is not a date of this series. It meets: {series.pattern}."
    return words + _did_you_mean(day, dates)


def _wrong_exceptions(series: Series, end: date, planned: list[date]) -> Iterator[Mistake]:
    if not series.except_:
        return
    # A course is over after its last session, whatever its rule goes on to say.
    dates = rule_dates(series, planned[-1] if series.count and planned else end)
    known, seen = set(dates), set()
    for index, day in enumerate(series.except_):
        if day in seen:
            yield ("except", index), f"{day_words(day)} stands here twice. Remove one of the two."
        elif day not in known:
            yield (
                ("except", index),
                f"{_not_a_date(series, day, end, dates)} Mend the date, or remove it.",
            )
        seen.add(day)


def _wrong_changes(
    series: Series, calendar: SchoolCalendar, end: date, planned: list[date]
) -> Iterator[Mistake]:
    if not series.changes:
        return
    known, rule = set(planned), set(rule_dates(series, end))
    held = _times_held(series, planned)
    seen: set[date] = set()
    for index, change in enumerate(series.changes):
        day, place = change.date_, ("changes", index)
        if day in seen:
            yield (
                (*place, "date"),
                f"{day_words(day)} has a change already. Write both in one, and remove the other.",
            )
            continue
        seen.add(day)
        if day not in known:
            off = _why_off(series, calendar, day) if day in rule else None
            words = (
                f"{off} So nothing was planned on it.{_did_you_mean(day, planned)}"
                if off
                else _not_a_date(series, day, end, planned)
            )
            yield (*place, "date"), f"{words} Mend the date, or remove this change."
            continue
        if not (change.cancelled or change.moved_to or change.venue or change.note):
            yield (
                place,
                f"nothing is said to change on {day_words(day)}. "
                "Write 'cancelled', 'moved_to', 'venue' or 'note', or remove it.",
            )
        if change.cancelled and (change.moved_to or change.venue):
            other = "moved_to" if change.moved_to else "venue"
            yield (
                (*place, "cancelled"),
                f"a session cannot be both cancelled and held. Remove 'cancelled' or '{other}'.",
            )
        elif change.moved_to:
            for words in _wrong_move(series, change, held):
                yield (*place, "moved_to"), words


def _times_held(series: Series, planned: list[date]) -> Mapping[date, list[tuple[TimeRange, date]]]:
    """By day, when the sessions that are not cancelled are held, and the date each was planned."""
    changes = {change.date_: change for change in series.changes}
    held: dict[date, list[tuple[TimeRange, date]]] = {}
    for day in planned:
        change = changes.get(day)
        if change and change.cancelled:
            continue
        on, times = _held(change, series) if change else (day, series.time)
        held.setdefault(on, []).append((times, day))
    return held


def _wrong_move(
    series: Series, change: Change, held: Mapping[date, list[tuple[TimeRange, date]]]
) -> Iterator[str]:
    day, times = _held(change, series)
    if (day, times) == (change.date_, series.time):
        yield "it is moved to where it was planned. Write the new day and time, or remove this."
    if abs(day - change.date_) > timedelta(183):
        yield f"{day_words(day)} is more than six months from its planned date. Mend the year."
    for other, planned in held.get(day, ()):
        if planned != change.date_ and times.starts < other.ends and other.starts < times.ends:
            yield (
                f"the session planned on {day_words(planned)} is then too, from {other.words}. "
                "Choose another day or time."
            )


def _missing_hours(series: Series, planned: list[date]) -> Iterator[Mistake]:
    looked_at: list[tuple[Place, datetime]] = []
    # Clocks change at 1am. Later times are left alone, as there are very many dates.
    if series.time.starts.hour < 4:
        for day in planned:
            looked_at += [(("time",), moment) for moment in _span(day, series.time)]
    for index, change in enumerate(series.changes):
        if change.moved_to:
            place: Place = ("changes", index, "moved_to")
            looked_at += [(place, moment) for moment in _span(*_held(change, series))]
    for field, opening in (("opens", series.opens), ("closes", series.closes)):
        if opening:
            looked_at.append(((field,), opening))
    for place, moment in looked_at:
        if moment.astimezone(UTC).astimezone(LONDON).time() != moment.time():
            yield (
                place,
                f"{clock_words(moment.time())} on {day_words(moment.date())}: the clocks go "
                "forward, this time does not exist. Choose another time.",
            )


def _wrong_booking(series: Series, planned: list[date]) -> Iterator[Mistake]:
    opens, closes = series.opens, series.closes
    if opens and closes and closes <= opens:
        yield ("closes",), "booking closes before it opens. Mend 'opens' or 'closes'."
    # A group that goes on may begin to take bookings at any time.
    if opens and planned and not series.ongoing:
        first, _ = _span(planned[0], series.time)
        if opens >= first:
            yield (
                ("opens",),
                f"booking opens after the first session, on {day_words(planned[0])}. "
                "Write an earlier day.",
            )
