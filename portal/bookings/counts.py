"""Counts for managers: places, booked, waiting and came, by session, series and centre.

A centre's own view shows every number, because its workers know the families anyway; elsewhere only
what `portal.bookings.disclosure` makes safe is shown and added.

Cancelled sessions do not count. The numbers stay when the families' details have been erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Engine

from portal.bookings import contacts
from portal.bookings.contacts import COUNTERS, Contacts
from portal.bookings.csv_export import Cell, csv_of
from portal.bookings.disclosure import Figure, largest, safe, total
from portal.bookings.registers import Tally, tallies
from portal.directory import Centre, Directory, Series, Session
from portal.directory.values import day_words

COLUMNS = ("Sessions", "Places", "Booked", "Waiting", "Came", "Came without a booking")
# Whom workers spoke to on outreach.
CONTACT_COLUMNS = ("Sessions", "All contacts", *(counter.words for counter in COUNTERS))
_ALWAYS = 2  # columns that are shown even if they are all 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: its subject, and its figures in the order of the table's columns."""

    label: str
    figures: tuple[Figure, ...]
    thing: Centre | Series | Session | None = None

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(one.words for one in self.figures)


def month_of(text: str, today: date) -> date:
    """The first day of a month written as 2027-01; of this month if the text is invalid."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)


def by_centre(
    engine: Engine, directory: Directory, centres: Iterable[Centre], month: date
) -> list[Line]:
    """A line for each centre, for one month, with the numbers that everybody may see."""
    held = [(centre, _held_at(directory, [centre], month)) for centre in centres]
    counted = tallies(engine, [one for _, sessions in held for one in sessions])
    return lines_of_centres(counted, held)


def lines_of_centres(
    counted: Mapping[tuple[str, date], Tally], held: Iterable[tuple[Centre, Sequence[Session]]]
) -> list[Line]:
    """A line for each centre with sessions, of safe numbers."""
    return [
        Line(centre.title, _sum(counted, sessions, safe), centre)
        for centre, sessions in held
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


def contacts_by_centre(
    engine: Engine, directory: Directory, centres: Iterable[Centre], month: date
) -> list[Line]:
    """A line for each centre with outreach in a month, with the numbers that all may see."""
    held = [(centre, _outreach_at(directory, centre, month)) for centre in centres]
    counted = contacts.by_session(engine, [one for _, sessions in held for one in sessions])
    return [
        Line(centre.title, _sum_of_contacts(counted, sessions, safe), centre)
        for centre, sessions in held
        if sessions
    ]


def contacts_by_session(
    engine: Engine, directory: Directory, centre: Centre, month: date
) -> list[Line]:
    """A line for each outreach session of a centre in a month, with all its numbers."""
    sessions = _outreach_at(directory, centre, month)
    counted = contacts.by_session(engine, sessions)
    return [
        Line(f"{one.series.name}, {day_words(one.day)}", _sum_of_contacts(counted, [one]), one)
        for one in sessions
    ]


def _outreach_at(directory: Directory, centre: Centre, month: date) -> list[Session]:
    return [one for one in _held_at(directory, [centre], month) if contacts.is_counted(one)]


def _sum_of_contacts(
    counted: Mapping[tuple[str, date], Contacts],
    sessions: Sequence[Session],
    figure: Callable[[int], Figure] = Figure,
) -> tuple[Figure, ...]:
    each = [counted[one.series.identity, one.planned] for one in sessions]
    return (
        Figure(len(each)),
        total(figure(one.total) for one in each),
        *(total(figure(one.of(counter)) for one in each) for counter in COUNTERS),
    )


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


def _sum(
    counted: Mapping[tuple[str, date], Tally],
    sessions: Sequence[Session],
    figure: Callable[[int], Figure] = Figure,
) -> tuple[Figure, ...]:
    """The figures of some sessions; `figure` makes one of each session's number before they are
    added.
    """
    each = [(one, counted[one.series.identity, one.planned]) for one in sessions]
    # A family waiting for a whole series counts once, however many sessions it has.
    waits: dict[str, list[Figure]] = {}
    for one, tally in each:
        waits.setdefault(one.series.identity, []).append(figure(tally.waiting))
    return (
        Figure(len(each)),
        Figure(sum(one.series.places or 0 for one, _ in each if one.series.booking != "drop-in")),
        total(figure(tally.booked) for _, tally in each),
        total(largest(one) for one in waits.values()),
        total(figure(tally.came) for _, tally in each),
        total(figure(tally.walk_ins) for _, tally in each),
    )


def with_contacts(lines: Sequence[Line]) -> tuple[list[Line], tuple[str, ...]]:
    """The lines and columns of a table of contacts, without ages at which nobody was spoken to."""
    sums = totals(lines, CONTACT_COLUMNS)
    at = [n for n, one in enumerate(sums) if n < _ALWAYS or one.number or one.partial]
    shown = [replace(line, figures=tuple(line.figures[n] for n in at)) for line in lines]
    return shown, tuple(CONTACT_COLUMNS[n] for n in at)


def totals(lines: Sequence[Line], columns: Sequence[str] = COLUMNS) -> tuple[Figure, ...]:
    """The line below a table: the sum of each column as it is shown."""
    return tuple(total(line.figures[at] for line in lines) for at in range(len(columns)))


def csv(lines: Sequence[Line], *, first: str, columns: Sequence[str] = COLUMNS) -> bytes:
    """The same table as a file; `first` is the heading of its first column."""
    rows: list[list[Cell]] = [[line.label, *line.words] for line in lines]
    last = ["All", *(one.words for one in totals(lines, columns))]
    return csv_of([first, *columns], [*rows, last])


def csv_of_series(groups: Sequence[tuple[Line, list[Line]]]) -> bytes:
    """A centre's own numbers, by session."""
    rows: list[list[Cell]] = [
        [series.label, session.label, *(one.number for one in session.figures)]
        for series, sessions in groups
        for session in sessions
    ]
    return csv_of(["Series", "Session", *COLUMNS], rows)
