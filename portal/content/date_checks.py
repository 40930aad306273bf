"""Checks the dates of a series against its rule, and says what to change where they disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from portal.directory.models import LONGEST_MOVE, Change, Series
from portal.directory.schedule import (
    FIVE_YEARS,
    SchoolCalendar,
    days_later,
    held_on,
    planned_dates,
    rule_dates,
    span,
)
from portal.directory.values import LONDON, WEEKDAYS, TimeRange, clock_words, day_words

Place = tuple[str | int, ...]


Mistake = tuple[Place, str]


def mistakes(series: Series, calendar: SchoolCalendar) -> Iterator[Mistake]:
    """Yields each mistake in dates and times: its place in the file, and the message.

    Places are fields as the file names them, such as ("changes", 0, "date"). The series need not
    be linked.
    """
    if not 2000 <= series.starts.year <= 2099:
        yield ("starts",), f"the year {series.starts.year} cannot be right. Correct 'starts'."
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


def times_held(
    series: Series, calendar: SchoolCalendar, *, elsewhere: bool = False
) -> Mapping[date, list[TimeRange]]:
    """When its sessions are held, by day, without cancelled ones; `elsewhere` too if it is set."""
    planned = planned_dates(series, calendar, _reckoned_until(series, calendar))
    if not series.changes:
        return {day: [series.time] for day in planned}
    away = {change.date_ for change in series.changes if change.venue and not elsewhere}
    held = _times_held(series, [day for day in planned if day not in away])
    return {day: [times for times, _ in meetings] for day, meetings in held.items()}


def _reckoned_until(series: Series, calendar: SchoolCalendar) -> date:
    if series.ongoing:
        # A year more than is known, so that sessions can still be changed where nobody has
        # written the next terms yet.
        return calendar.feed_until(days_later(max(calendar.last_known, series.starts), 366))
    return min(series.until or date.max, days_later(series.starts, FIVE_YEARS))


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
        yield ("until",), "both 'sessions' and 'until' say when it ends. Keep only one of them."
    if until < starts:
        yield (
            ("until",),
            f"it ends on {day_words(until)}, before it starts on {day_words(starts)}. "
            "Correct 'until' or 'starts'.",
        )
    elif until > days_later(starts, FIVE_YEARS):
        yield (
            ("until",),
            f"{day_words(until)} is more than five years after it starts. "
            "Correct the year, or remove 'until' if the group has no end date.",
        )


def _wrong_start(
    series: Series, calendar: SchoolCalendar, planned: list[date]
) -> Iterator[Mistake]:
    starts, weekday = series.starts, WEEKDAYS[series.starts.weekday()]
    if series.day and series.day != weekday:
        yield (
            ("day",),
            f"{day_words(starts, weekday=False)} is a {weekday}, not a {series.day}. "
            f"Write 'day: {weekday}', or correct 'starts'.",
        )
    if series.repeats == "daily" and starts.weekday() > 4:
        yield (
            ("starts",),
            f"{day_words(starts)} is at a weekend, and a daily series meets on weekdays. "
            "Write its first weekday.",
        )
    elif off := _why_off(series, calendar, starts):
        if _past_terms(series, calendar, starts):
            remedy = "Add the next terms to content/terms.yaml, or correct 'starts'."
        elif planned:
            remedy = "Write the first date on which it meets."
        else:
            remedy = "It has no other dates either. Correct 'starts', or what rules its dates out."
        yield ("starts",), f"{off} {remedy}"


def _past_terms(series: Series, calendar: SchoolCalendar, day: date) -> bool:
    return series.term_time_only and day > calendar.covers_until


def _terms_end(calendar: SchoolCalendar) -> str:
    after = calendar.last_known > date.min
    return "no school term is known" + (
        f" after {day_words(calendar.last_known)}." if after else "."
    )


def _why_off(series: Series, calendar: SchoolCalendar, day: date) -> str | None:
    """A sentence saying why a date of the rule was left out, or None."""
    named = day_words(day)
    if day in series.except_:
        return f"{named} is also in 'except'."
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
            yield ("until",), f"{terms}, or choose an earlier date."
    elif series.count and len(planned) < series.count:
        yield (
            ("sessions",),
            f"only {len(planned)} of its {series.count} sessions have a date, as {terms}, "
            "or write a smaller number."
            if past_terms
            else f"{series.count} sessions would take more than five years. "
            "Write a smaller number, or remove 'sessions' if the group has no end date.",
        )


def _did_you_mean(day: date, dates: list[date]) -> str:
    if not dates:
        return ""
    nearest = min(dates, key=lambda one: abs(one - day))
    return f" Did you mean {day_words(nearest)}?"


def _not_a_date(series: Series, day: date, end: date, dates: list[date]) -> str:
    """The message for a day that is not a date of the series, with a suggestion."""
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
            yield ("except", index), f"{day_words(day)} is listed twice. Remove one of them."
        elif day not in known:
            yield (
                ("except", index),
                f"{_not_a_date(series, day, end, dates)} Correct the date, or remove it.",
            )
        seen.add(day)


def _wrong_changes(
    series: Series, calendar: SchoolCalendar, end: date, planned: list[date]
) -> Iterator[Mistake]:
    if not series.changes:
        return
    known, rule = set(planned), set(rule_dates(series, end))
    moves = any(change.moved_to for change in series.changes)
    held = _times_held(series, planned) if moves else {}
    seen: set[date] = set()
    for index, change in enumerate(series.changes):
        day, place = change.date_, ("changes", index)
        if day in seen:
            yield (
                (*place, "date"),
                f"{day_words(day)} already has a change. Combine the two into a single change.",
            )
            continue
        seen.add(day)
        if day not in known:
            off = _why_off(series, calendar, day) if day in rule else None
            words = (
                f"{off} So no session was planned that day.{_did_you_mean(day, planned)}"
                if off
                else _not_a_date(series, day, end, planned)
            )
            yield (*place, "date"), f"{words} Correct the date, or remove this change."
            continue
        if not any(
            (change.cancelled, change.postponed, change.moved_to, change.venue, change.note)
        ):
            yield (
                place,
                f"this change for {day_words(day)} is empty. "
                "Add 'cancelled', 'postponed', 'moved_to', 'venue' or 'note' to it, or remove it.",
            )
        if change.postponed and change.cancelled:
            yield (
                (*place, "postponed"),
                "a session cannot be both cancelled and postponed. "
                "Remove 'postponed' if it will not be held, or else 'cancelled'.",
            )
        elif change.postponed and change.venue and not change.moved_to:
            yield (
                (*place, "venue"),
                "a postponed session has no place until it has a new date. "
                "Add 'moved_to', or remove 'venue'.",
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
    """By day, when the sessions that have a day are held, and the date each was planned."""
    if not series.changes:
        return {day: [(series.time, day)] for day in planned}
    changes = {change.date_: change for change in series.changes}
    held: dict[date, list[tuple[TimeRange, date]]] = {}
    for day in planned:
        change = changes.get(day)
        if change and (change.cancelled or (change.postponed and not change.moved_to)):
            continue
        on, times = held_on(change, series) if change else (day, series.time)
        held.setdefault(on, []).append((times, day))
    return held


def _wrong_move(
    series: Series, change: Change, held: Mapping[date, list[tuple[TimeRange, date]]]
) -> Iterator[str]:
    day, times = held_on(change, series)
    if (day, times) == (change.date_, series.time):
        yield "it is moved to its planned day and time. Write the new day and time, or remove this."
    if abs(day - change.date_) > LONGEST_MOVE:
        yield f"{day_words(day)} is more than six months from its planned date. Correct the year."
    for other, planned in held.get(day, ()):
        if planned != change.date_ and times.starts < other.ends and other.starts < times.ends:
            yield (
                f"the session planned on {day_words(planned)} is at the same time, {other.words}. "
                "Choose another day or time."
            )


def _missing_hours(series: Series, planned: list[date]) -> Iterator[Mistake]:
    looked_at: list[tuple[Place, datetime]] = []
    # Clocks change at 1am. Later times are left alone, as there are very many dates.
    if series.time.starts.hour < 4:
        for day in planned:
            looked_at += [(("time",), moment) for moment in span(day, series.time)]
    for index, change in enumerate(series.changes):
        if change.moved_to:
            place: Place = ("changes", index, "moved_to")
            looked_at += [(place, moment) for moment in span(*held_on(change, series))]
    for field, opening in (("opens", series.opens), ("closes", series.closes)):
        if opening:
            looked_at.append(((field,), opening))
    for place, moment in looked_at:
        if moment.astimezone(UTC).astimezone(LONDON).time() != moment.time():
            yield (
                place,
                f"{clock_words(moment.time())} on {day_words(moment.date())} does not exist, "
                "as the clocks go forward. Choose another time.",
            )


def _wrong_booking(series: Series, planned: list[date]) -> Iterator[Mistake]:
    opens, closes = series.opens, series.closes
    if opens and closes and closes <= opens:
        yield ("closes",), "booking closes before it opens. Correct 'opens' or 'closes'."
    # A group that goes on may begin to take bookings at any time.
    if opens and planned and not series.ongoing:
        first, _ = span(planned[0], series.time)
        if opens >= first:
            yield (
                ("opens",),
                f"booking opens after the first session, on {day_words(planned[0])}. "
                "Write an earlier day.",
            )
