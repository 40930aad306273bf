"""Counts for managers: places, booked, waiting and came, by session, series and centre.

What it hides: small numbers can identify a family. A centre's own view shows every number, because
its workers know the families anyway; elsewhere 1 to 4 families are shown as "under 5". A total
would reveal a hidden number if only one is hidden, or if the hidden numbers can only be all ones or
all fours: then the total is not shown either.

Cancelled sessions do not count. The numbers stay when the families' details have been erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from portal.bookings.csv_export import Cell, csv_of
from portal.bookings.registers import Tally, tallies
from portal.directory import Centre, Directory, Series, Session
from portal.directory.values import day_words

SMALLEST = 5  # smaller numbers are not shown to others
UNDER = f"under {SMALLEST}"
WITHHELD = "not shown"

COLUMNS = ("Sessions", "Places", "Booked", "Waiting", "Came", "Came without a booking")
_OPEN = 2  # the first columns reveal nothing about families


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table of counts: its subject, and its numbers in the order of COLUMNS."""

    label: str
    numbers: tuple[int, ...]
    thing: Centre | Series | Session | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The lines as shown, each with its numbers in words, and the total line."""

    lines: tuple[tuple[Line, tuple[str, ...]], ...]
    total: tuple[str, ...]


def month_of(text: str, today: date) -> date:
    """The first day of a month written as 2027-01; of this month if the text is invalid."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)


def by_centre(
    engine: Engine, directory: Directory, centres: Iterable[Centre], month: date
) -> list[Line]:
    """A line for each centre, for one month."""
    found = [(centre, _held_at(directory, [centre], month)) for centre in centres]
    counted = tallies(engine, [one for _, sessions in found for one in sessions])
    return [
        Line(centre.title, _sum(counted, sessions), centre)
        for centre, sessions in found
        if sessions
    ]


def by_series(
    engine: Engine, directory: Directory, centre: Centre, month: date
) -> list[tuple[Line, list[Line]]]:
    """For each series at a centre its line, and a line for each of its sessions in a month."""
    sessions = _held_at(directory, [centre], month)
    counted = tallies(engine, sessions)
    runs: dict[str, list[Session]] = {}
    for one in sessions:
        runs.setdefault(one.series.identity, []).append(one)
    lines = []
    for run in runs.values():
        series = run[0].series
        each = [Line(day_words(one.day), _sum(counted, [one]), one) for one in run]
        lines.append((Line(series.name, _sum(counted, run), series), each))
    return sorted(lines, key=lambda one: (one[0].label, one[1][0].label))


def _held_at(directory: Directory, centres: Sequence[Centre], month: date) -> list[Session]:
    """The sessions held at these centres in a month, including sensitive programmes."""
    slugs = {centre.slug for centre in centres}
    return sorted(
        (
            session
            for series in (*directory.series, *directory.private_series)
            if series.centre.slug in slugs and not series.withdrawn
            for session in series.all_sessions
            if session.day.replace(day=1) == month and not session.off
        ),
        key=lambda one: (one.starts, one.series.identity),
    )


def _sum(counted: dict[tuple[str, date], Tally], sessions: Sequence[Session]) -> tuple[int, ...]:
    each = [(one, counted[one.series.identity, one.planned]) for one in sessions]
    # A family waiting for a whole series counts once, however many sessions it has.
    waits: dict[str, int] = {}
    for one, tally in each:
        waits[one.series.identity] = max(waits.get(one.series.identity, 0), tally.waiting)
    return (
        len(each),
        sum(one.series.places or 0 for one, _ in each if one.series.booking != "drop-in"),
        sum(tally.booked for _, tally in each),
        sum(waits.values()),
        sum(tally.came for _, tally in each),
        sum(tally.walk_ins for _, tally in each),
    )


# --- what may be shown ------------------------------------------------------------------------


def table_of(lines: Sequence[Line], *, own: bool) -> Table:
    """The lines with their numbers in words; `own` is a centre's own view, with all numbers."""
    shown = tuple(
        (line, tuple(_said(n, own or at < _OPEN) for at, n in enumerate(line.numbers)))
        for line in lines
    )
    columns = zip(*(line.numbers for line in lines), strict=True) if lines else [()] * len(COLUMNS)
    total = tuple(
        str(sum(column)) if own or at < _OPEN else _total(column)
        for at, column in enumerate(columns)
    )
    return Table(shown, total)


def _said(number: int, plainly: bool) -> str:
    return UNDER if not plainly and 0 < number < SMALLEST else f"{number:,}"


def _total(numbers: Sequence[int]) -> str:
    hidden = [number for number in numbers if 0 < number < SMALLEST]
    known = sum(hidden)
    if hidden and (len(hidden) == 1 or known in (len(hidden), len(hidden) * (SMALLEST - 1))):
        return WITHHELD
    return _said(sum(numbers), plainly=False)


def csv(lines: Sequence[Line], *, own: bool, first: str) -> bytes:
    """The same table as a file; `first` is the heading of its first column."""
    table = table_of(lines, own=own)
    rows: list[list[Cell]] = [[line.label, *said] for line, said in table.lines]
    return csv_of([first, *COLUMNS], [*rows, ["All", *table.total]])


def csv_of_series(groups: Sequence[tuple[Line, list[Line]]]) -> bytes:
    """A centre's own numbers, by session."""
    rows = [
        [series.label, session.label, *map(str, session.numbers)]
        for series, sessions in groups
        for session in sessions
    ]
    return csv_of(["Series", "Session", *COLUMNS], rows)
