"""Checks what content/footprints.yaml says of a Resource Panel: its meetings and its money.

The checks of meetings are those of boards too (`board_checks`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from portal.content.front_matter import Written
from portal.content.school_calendar import school_calendar
from portal.content.yaml_reader import Place
from portal.directory import Board, Panel, Terms
from portal.directory.schedule import SchoolCalendar, days_later, rule_dates
from portal.directory.values import WEEKDAYS, day_words, near

_REPEATS = ("monthly", "fortnightly", "weekly")
YEARS = range(2000, 2100)
_LOOKED_AT = 3 * 366  # days from its first meeting, or from the last date that it names

Wrong = Callable[..., None]


def check_panel(written: Written, here: Place, panel: Panel, terms: Terms | None) -> None:
    """Adds the mistakes of one panel, each at its place in the file."""
    for field, words in _mistakes(panel):
        written.wrong((*here, *field), words)
    if panel.starts.year in YEARS and panel.repeats in _REPEATS:
        calendar = school_calendar(terms or Terms(terms=()))
        for field, words in wrong_days(panel, panel.starts, calendar):
            written.wrong((*here, *field), words)


Mistake = tuple[tuple[str | int, ...], str]


def _mistakes(panel: Panel) -> Iterator[Mistake]:
    yield from wrong_start(panel.starts, panel.day)
    if panel.repeats not in _REPEATS:
        yield (
            ("repeats",),
            f"'repeats': a panel does not meet '{panel.repeats}'. Write monthly, fortnightly or "
            "weekly.",
        )
    if panel.limit > panel.budget:
        yield (
            ("limit",),
            f"'limit': one decision could spend £{panel.limit:,}, and the budget of a year is "
            f"£{panel.budget:,}. Correct one of them.",
        )
    known = [info.alias or name for name, info in Panel.model_fields.items() if name != "sample"]
    for number, name in enumerate(panel.sample):
        if name not in known:
            yield (
                ("sample", number),
                f"'sample': a panel has no '{name}'.{near(name, known)} "
                "Write the name of a field of the panel.",
            )


def wrong_start(starts: date, day: str | None) -> Iterator[Mistake]:
    """A first date that cannot be, or that is on another weekday than the file says."""
    weekday = WEEKDAYS[starts.weekday()]
    if starts.year not in YEARS:
        yield ("starts",), f"'starts': the year {starts.year} cannot be right. Correct it."
    if day and day != weekday:
        yield (
            ("day",),
            f"'day': {day_words(starts, weekday=False)} is a {weekday}, not a {day}. "
            f"Write 'day: {weekday}', or correct 'starts'.",
        )


def wrong_days(panel: Panel | Board, starts: date, calendar: SchoolCalendar) -> Iterator[Mistake]:
    """Days that are no meeting, named twice, or that cannot be met on."""
    named = [*panel.except_, *(change.date_ for change in panel.changes)]
    until = days_later(max(starts, *named, starts), _LOOKED_AT)
    rule = rule_dates(panel, until)
    for number, day in enumerate(panel.except_):
        if day not in rule:
            yield ("except", number), f"'except': {_no_meeting(day)} {_nearest(day, rule)}"
    seen: set[date] = {*panel.except_}
    for number, change in enumerate(panel.changes):
        place, day = ("changes", number), change.date_
        if day not in rule:
            yield (*place, "date"), f"'date': {_no_meeting(day)} {_nearest(day, rule)}"
        elif day in seen:
            words = f"'date': {day_words(day)} is named twice. Keep one of the two."
            yield (*place, "date"), words
        elif closed := calendar.closed(change.moved_to):
            yield (
                (*place, "moved_to"),
                f"'moved_to': nothing meets on {day_words(change.moved_to)} ({closed}). "
                "Choose another day.",
            )
        elif not _between(day, change.moved_to, rule):
            yield (
                (*place, "moved_to"),
                f"'moved_to': {day_words(change.moved_to)} is not between the meetings before and "
                f"after {day_words(day)}. Correct it.",
            )
        seen.add(day)


def _no_meeting(day: date) -> str:
    return f"there is no meeting on {day_words(day)}."


def _nearest(day: date, rule: Sequence[date]) -> str:
    found = min(rule, key=lambda one: abs(one - day))
    return f"The nearest one is on {day_words(found)}: write {found.isoformat()}."


def _between(day: date, moved_to: date, rule: Sequence[date]) -> bool:
    index = rule.index(day)
    before = rule[index - 1] if index else date.min
    return before < moved_to and (index + 1 == len(rule) or moved_to < rule[index + 1])
