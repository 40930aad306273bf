"""A quarterly report as pages show it: its sentences, its tables and what its charts draw.

The frozen pages and the pages for staff share this. Every figure that it hands out is one of
`portal.directory.quarterly`, which is safe to show, and none is added up or compared here unless
it is exact and public.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.dependencies import remembered
from portal.directory import Directory, quarters
from portal.directory.measures import (
    KINDS,
    MEASURE,
    MEASURES,
    OR_MORE,
    Figure,
    Measure,
    key,
    links_explained,
)
from portal.directory.quarterly import (
    OUR_READING,
    PARTS,
    Cube,
    Line,
    Part,
    Report,
    Table,
    quarters_beside,
)
from portal.web.charts import words_of

# The kinds of lines of a table: programmes come last, because they are many.
_KINDS = tuple(sorted(KINDS, key=lambda kind: kind == "programme"))


@dataclass(frozen=True, slots=True)
class Columns:
    """The measures of one table, which has to fit a sheet of A4. `slug` is in its address."""

    slug: str
    title: str
    names: tuple[str, ...]

    @property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(MEASURE[name] for name in self.names)

    @property
    def part(self) -> str:
        return self.measures[0].section


COLUMNS = (
    Columns("groups", "Centres, groups and hours", ("centres", "series", "hours")),
    Columns(
        "sessions", "Sessions, places and visits",
        ("held", "off", "places", "taken", "booked", "came", "visits", "walk_ins"),
    ),
    Columns(
        "requests", "Waiting, requests and outreach",
        ("waited", "waiting_days", "declined", "requests", "allocated", "contacts"),
    ),
    Columns(
        "changes", "Regular visits and plans",
        ("often", "plans_closed", "plans_gained", "stepped_down", "stepped_up"),
    ),
)  # fmt: skip
_BOOKINGS = (
    "A family with two bookings counts twice. Where each session is booked by itself, a booking "
    "is for one visit."
)
_TREND = 8  # quarters of a line
_NOTHING = Figure()


@dataclass(frozen=True, slots=True)
class Row:
    """A line, with a cell for each column: the words of the measure and of its figure, which are ''
    if the line has no such measure."""

    line: Line
    cells: tuple[tuple[str, str], ...]

    @property
    def reading(self) -> str:
        """Who says that its programmes belong here, where a person has signed that."""
        return "" if self.line.reading == OUR_READING else self.line.reading


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one kind of line. `unsigned`: some of them are our reading of the plan."""

    title: str
    rows: tuple[Row, ...]

    @property
    def unsigned(self) -> bool:
        return any(row.line.reading == OUR_READING for row in self.rows)


@dataclass(frozen=True, slots=True)
class Grid:
    """One table: lines of all kinds, with some of the measures of a part."""

    columns: Columns
    groups: tuple[Group, ...]

    @property
    def anchor(self) -> str:
        """Where it is on a page."""
        return f"table-{self.columns.slug}"

    @property
    def linked(self) -> bool:
        """Whether outcomes have Marmot objectives and Troubled Families criteria beside them."""
        return self.columns.part == "outcomes"


@dataclass(frozen=True)
class Shown:
    """A report as its pages show it. What several of them need is made once."""

    report: Report
    cubes: tuple[Cube, ...] = ()  # the quarters of a line over time

    @property
    def quarter(self) -> str:
        return quarters.words(self.report.quarter)

    @property
    def kind(self) -> str:
        """What the area is, after its title."""
        return kind_of(self.report.area)

    @property
    def so_far(self) -> bool:
        return not self.report.cube.final

    @property
    def sample(self) -> bool:
        """Whether it shows a number of a sample year."""
        beside = (self.report.cube, self.report.earlier, self.report.last_year, *self.cubes)
        return any(cube.sample for cube in beside if cube is not None)

    @property
    def correction(self) -> str:
        """What to say of a later edition; '' of the first one."""
        cube = self.report.cube
        if cube.edition < 2:
            return ""
        return f"This is edition {cube.edition}. It corrects the numbers that we published before."

    @property
    def sentences(self) -> list[str]:
        return list(_sentences(self.report))

    @remembered
    def beside(self) -> list[tuple[str, Line | None]]:
        """The quarters of the summary, in words, each with its line of everything."""
        before, year_ago = quarters_beside(self.report.quarter)
        return [
            (self.quarter + (", so far" if self.so_far else ""), self.report.all),
            (quarters.words(before), self.report.before),
            (quarters.words(year_ago), self.report.year_ago),
        ]

    @property
    def parts(self) -> tuple[Part, ...]:
        return PARTS

    def summary(self, part: Part) -> list[tuple[Measure, list[Figure | None]]]:
        """Each measure of a part, with its figures in the quarters of `beside`."""
        lines = [line for _, line in self.beside]
        return [
            (measure, [line.figures.get(measure.name) if line else None for line in lines])
            for measure in part.measures
        ]

    @property
    def grids(self) -> list[Grid]:
        """The tables that have lines."""
        return [grid for grid in map(self.grid, COLUMNS) if grid.groups]

    def grid(self, columns: Columns) -> Grid:
        """The table with these columns. Lines whose numbers are all 0 are left out."""
        groups = (self._group(kind, columns.measures) for kind in _KINDS)
        return Grid(columns, tuple(group for group in groups if group.rows))

    def _group(self, kind: str, measures: Sequence[Measure]) -> Group:
        table = self._tables[kind]
        rows = []
        for line in table.lines:
            figures = [(one.words, line.figures.get(one.name)) for one in measures]
            if any(figure not in (None, _NOTHING) for _, figure in figures):
                cells = ((words, words_of(one) if one else "") for words, one in figures)
                rows.append(Row(line, tuple(cells)))
        return Group(table.title, tuple(rows))

    @remembered
    def _tables(self) -> Mapping[str, Table]:
        return {kind: self.report.table(kind) for kind in _KINDS}

    @property
    def measures(self) -> tuple[Measure, ...]:
        """All measures, for the list of what each number counts."""
        return MEASURES

    @property
    def links(self) -> list[tuple[str, str]]:
        """What the letters and numbers beside the outcomes mean."""
        return list(links_explained())

    # Charts.

    @remembered
    def bookings(self) -> tuple[list[str], list[tuple[str, list[Figure | None]]]]:
        """Bookings beside last quarter and last year, without a quarter that has no figures."""
        known = [(words, line) for words, line in self.beside if line is not None]
        rows = [
            (MEASURE[name].words, [line.figures.get(name) for _, line in known])
            for name in ("booked", "came", "often")
        ]
        return [words for words, _ in known], rows

    @property
    def drawn(self) -> bool:
        """Whether there is a booking to draw."""
        figures = (figure for _, row in self.bookings[1] for figure in row)
        return any(figure not in (None, _NOTHING) for figure in figures)

    @property
    def by_offer(self) -> list[tuple[str, Figure]]:
        lines = self._tables["offer"].lines
        return [(line.label, line.figures["came"]) for line in lines]

    @property
    def trend(self) -> list[tuple[str, Figure | None]]:
        """Bookings with a visit, over the quarters there are; fewer than three draw no line."""
        known = {cube.quarter: cube for cube in self.cubes if self.report.area in cube.areas}
        if len(known) < 3:
            return []
        first, last = (quarters.first_day(choose(known)) for choose in (min, max))
        listed = quarters.between(first, last)[-_TREND:]
        return [(one, _came(known.get(one), self.report.area)) for one in listed]


def _came(cube: Cube | None, area: str) -> Figure | None:
    return cube.figure(area, "all", "came") if cube else None


# --- in plain words -------------------------------------------------------------------------------


def _sentences(report: Report) -> Iterator[str]:
    """What happened, in a few short sentences."""
    figures = report.all.figures
    period = quarters.words(report.quarter)
    held = figures["held"]
    so_far = "" if report.cube.final else ", so far,"
    sessions = _count(held, "session", "sessions") if held.number else "no sessions"
    yield f"In {report.title} from {period}{so_far} we held {sessions}."
    yield from _compared(report)
    came, often, walk_ins = (figures[name] for name in ("came", "often", "walk_ins"))
    if came.hidden:
        yield "We hide on how many bookings families came, to keep them safe."
    elif came.number:
        yield f"Families came on {_count(came, 'booking', 'bookings')}."
        if often.number:
            these = _part_of(often, came, ("of these", "of these"), ("booking", "bookings"))
            yield f"On {these}, they came three times or more."
        yield _BOOKINGS
    if walk_ins.number:
        verb = "was" if walk_ins == Figure(1) else "were"
        yield f"There {verb} {_count(walk_ins, 'visit', 'visits')} without a booking."
    closed, gained = figures["plans_closed"], figures["plans_gained"]
    if closed.number:
        yield f"{_start(closed, 'family', 'families')} finished one-to-one support."
        if gained.number:
            them = _part_of(gained, closed, ("of them", "of them"), ("family", "families"))
            yield f"For {them}, at least one of the five outcome numbers rose."
    if any(one.partial and one.number for one in (came, often, walk_ins, closed, gained)):
        yield f"“At least” means that {OR_MORE}"


def _compared(report: Report) -> Iterator[str]:
    """Sessions held last quarter and last year: these numbers are exact, and everybody may know
    them."""
    if not report.cube.final:
        return
    beside = zip(quarters_beside(report.quarter), (report.before, report.year_ago), strict=True)
    known = [
        f"{line.figures['held'].words} from {quarters.words(quarter)}"
        for quarter, line in beside
        if line is not None
    ]
    if known:
        yield f"Before that we held {' and '.join(known)}."


def _count(figure: Figure, one: str, many: str) -> str:
    """'1 session', '143 sessions', 'at least 30 families'."""
    words = Figure(figure.number).words
    noun = one if figure.number == 1 and not figure.partial else many
    return f"{'at least ' if figure.partial else ''}{words} {noun}"


def _part_of(part: Figure, whole: Figure, of: tuple[str, str], alone: tuple[str, str]) -> str:
    """'20 of them'; but '20 families' where one of both is partial, so that nobody divides them."""
    return _count(part, *(alone if part.partial or whole.partial else of))


def _start(figure: Figure, one: str, many: str) -> str:
    said = _count(figure, one, many)
    return said[0].upper() + said[1:]


# --- areas ----------------------------------------------------------------------------------------


def kind_of(area: str) -> str:
    """What an area is, after its title: a district and a footprint may have the same name."""
    return {"district": " district", "footprint": " footprint"}.get(area.partition(":")[0], "")


def areas(directory: Directory) -> list[tuple[Any, str, list[tuple[Any, str]]]]:
    """The footprints with their districts, each with the key of its area."""
    return [
        (
            footprint,
            key("footprint", footprint.slug),
            [(district, key("district", district.slug)) for district in footprint.districts],
        )
        for footprint in directory.footprints
    ]


def by_district(cube: Cube, directory: Directory, measure: str) -> list[tuple[str, Figure | None]]:
    """A measure of everything in each district, by name."""
    listed = sorted(directory.districts, key=lambda one: one.title)
    return [(one.title, cube.figure(key("district", one.slug), "all", measure)) for one in listed]
