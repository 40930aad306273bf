"""Checks of the boards, content/boards/: whose board each is, when it meets, and what it asks.

A district has one board at most, because its pages lead to it. What a board asks the public must
be answered by choices alone, so a question without options is a mistake (S107).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from portal.content.front_matter import Written
from portal.content.panel_checks import YEARS, Mistake, wrong_days, wrong_start
from portal.content.school_calendar import school_calendar
from portal.content.sources import Text, Tree
from portal.directory import Board, Consultation, Footprint, Terms
from portal.directory.schedule import SchoolCalendar
from portal.directory.values import day_words, near

QUESTIONS = range(3, 7)  # how many a consultation may ask
OPTIONS = range(2, 9)  # how many answers a question may offer
LONGEST_OPEN = timedelta(days=183)
_REPEATS = ("monthly", "fortnightly", "weekly", "once")


def check_boards(tree: Tree) -> None:
    """Reports boards of no district or of the same one, wrong meetings, and wrong consultations."""
    districts = [one.slug for f in _footprints(tree) for one in f.districts]
    programmes = {one.slug for one in tree.programmes}
    taken: dict[str, str] = {}
    asked: dict[str, str] = {}
    for text in tree.boards:
        if (board := text.noun) is None:
            continue
        _check_district(text, board, districts, taken)
        if board.programme and board.programme not in programmes:
            words = f"there is no programme '{board.programme}'.{near(board.programme, programmes)}"
            text.written.wrong(
                ("programme",),
                f"'programme': {words} Write the name of a file of programmes/, without '.md'.",
            )
        calendar = school_calendar(tree.terms or Terms(terms=()))
        mistakes = [*_meetings(board, calendar), *_said(board)]
        for place, words in mistakes:
            text.written.wrong(place, words)
        if board.consultation:
            _check_consultation(text, board.consultation, districts, asked)


def _footprints(tree: Tree) -> tuple[Footprint, ...]:
    return tree.footprints.footprints if tree.footprints else ()


def _check_district(
    text: Text[Board], board: Board, districts: list[str], taken: dict[str, str]
) -> None:
    slug, written = board.district, text.written
    if slug is None:
        if text.slug in districts:
            words = f"this file has the name of a district. Write 'district: {text.slug}'."
            written.wrong((), f"'district' is missing: {words}")
        return
    if districts and slug not in districts:  # without districts their own file is at fault
        written.wrong(("district",), f"'district': {_no_district(slug, districts)}")
        return
    first = taken.setdefault(slug, text.file)
    if first != text.file:
        words = f"{first} is the board of '{slug}' already. Correct one, or delete it."
        written.wrong(("district",), f"'district': {words}")
    elif text.slug != slug:
        words = f"the file of this district's board is {slug}.md. Rename this file."
        written.wrong(("district",), f"'district': {words}")


def _no_district(slug: str, districts: list[str]) -> str:
    return f"there is no district '{slug}'.{near(slug, districts)} Known: {', '.join(districts)}."


# --- meetings -------------------------------------------------------------------------------------


def _meetings(board: Board, calendar: SchoolCalendar) -> Iterator[Mistake]:
    if board.repeats not in _REPEATS:
        words = f"a board does not meet '{board.repeats}'. Write monthly, fortnightly, weekly or"
        yield ("repeats",), f"'repeats': {words} once."
        return
    if board.starts is None:
        for name in ("day", "time", "except_", "changes"):
            if getattr(board, name):
                field = name.rstrip("_")
                words = (
                    f"without the day of the first meeting, '{field}' says nothing. Add 'starts'."
                )
                yield (field,), f"'{field}': {words}"
        return
    yield from wrong_start(board.starts, board.day)
    if board.time is None:
        yield ("starts",), "'time' is missing. Write from when to when it meets: 10:00-12:00."
    if not board.where:
        yield ("starts",), "'where' is missing. Write where it meets, in words for those who come."
    if board.starts.year in YEARS:
        closed = calendar.closed(board.starts)
        moved = any(change.date_ == board.starts for change in board.changes)
        if closed and not moved and board.starts not in board.except_:
            yield (
                ("starts",),
                f"'starts': nothing meets on {day_words(board.starts)} ({closed}). Choose another "
                "day, or add the new day of this meeting to 'changes'.",
            )
        yield from wrong_days(board, board.starts, calendar)


def _said(board: Board) -> Iterator[Mistake]:
    for number, one in enumerate(board.said):
        place = ("said", number)
        if one.state == "done" and not one.did:
            yield (*place, "state"), "'did' is missing. Write what we did."
        if one.state == "cannot" and not one.why:
            yield (*place, "state"), "'why' is missing. Write why it cannot be done."
        if one.state == "not yet" and not (one.did or one.why):
            yield (*place, "state"), "'why' is missing. Write why it is not done yet."


# --- consultations --------------------------------------------------------------------------------


def _check_consultation(
    text: Text[Board], one: Consultation, districts: list[str], asked: dict[str, str]
) -> None:
    written, here = text.written, ("consultation",)
    first = asked.setdefault(one.slug, text.file)
    if first != text.file:
        words = f"{first} has a consultation '{one.slug}' already. Give this one another name."
        written.wrong((*here, "slug"), f"'slug': {words}")
    if one.district and districts and one.district not in districts:
        written.wrong((*here, "district"), f"'district': {_no_district(one.district, districts)}")
    _check_span(written, one)
    if len(one.questions) not in QUESTIONS:
        words = f"a consultation asks {QUESTIONS[0]} to {QUESTIONS[-1]} questions, and this one "
        written.wrong(
            (*here, "questions"),
            f"'questions': {words}asks {len(one.questions)}. Add or remove some.",
        )
    names: set[str] = set()
    for number, question in enumerate(one.questions):
        there = (*here, "questions", number)
        if question.name in names or question.name in RESERVED_NAMES:
            words = f"'{question.name}' is used already. Give this question another name."
            written.wrong((*there, "name"), f"'name': {words}")
        names.add(question.name)
        options = [option.casefold() for option in question.options]
        if len(options) not in OPTIONS:
            words = (
                f"a question has {OPTIONS[0]} to {OPTIONS[-1]} answers to choose from, and this "
            )
            written.wrong(
                (*there, "options"), f"'options': {words}one has {len(options)}. Correct them."
            )
        elif len({*options}) < len(options):
            written.wrong(
                (*there, "options"), "'options': an answer is there twice. Remove one of them."
            )


RESERVED_NAMES = ("age", "district", "key", "step")  # fields of the form beside the questions


def _check_span(written: Written, one: Consultation) -> None:
    for name, day in (("opens", one.opens), ("closes", one.closes)):
        if day.year not in YEARS:
            words = f"the year {day.year} cannot be right. Correct it."
            written.wrong(("consultation", name), f"'{name}': {words}")
            return
    if one.closes < one.opens:
        words = f"it would close before it opens on {day_words(one.opens)}. Correct one of the two."
        written.wrong(("consultation", "closes"), f"'closes': {words}")
    elif one.closes - one.opens > LONGEST_OPEN:
        words = "it would be open for more than half a year. Choose an earlier day."
        written.wrong(("consultation", "closes"), f"'closes': {words}")
