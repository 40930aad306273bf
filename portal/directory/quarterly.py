"""The safe numbers of a quarter, and the report of each area that pages and files make of them.

What it hides: how they are kept in the published quarters of `content/reports/`. They are made by
`portal.reports`, from the database; there is no number here that is not safe.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.directory import quarters
from portal.directory.measures import (
    ALL,
    COUNTY,
    KINDS,
    MEASURES,
    PRIVATE,
    SECTIONS,
    County,
    Figure,
    Measure,
    Section,
    area_title,
    line_label,
    measures_of,
    outcome_links,
)

OUR_READING = "Our reading of the plan"
_READ = ("outcome", "need")  # kinds of lines whose programmes a person should have signed
_NOTHING = Figure()

# --- the safe numbers of a quarter ----------------------------------------------------------------

Figures = Mapping[str, Figure]  # by measure


@dataclass(frozen=True, slots=True)
class Cube:
    """All the safe numbers of a quarter: by area, line and measure.

    A line or a measure that is not there is 0. `made` is the day on which it was made; `edition`
    counts the corrections of a published quarter, from 1. `final` is False while the quarter, or
    its register, may still change.
    """

    quarter: str
    made: date
    edition: int
    sample: bool
    areas: Mapping[str, Mapping[str, Figures]]

    @property
    def final(self) -> bool:
        return self.made > quarters.last_day(self.quarter)

    def figure(self, area: str, line: str, measure: str) -> Figure | None:
        """None if the line has no such measure."""
        if all(one.name != measure for one in measures_of(line)):
            return None
        return self.areas.get(area, {}).get(line, {}).get(measure, Figure())

    def lines(self, area: str, kind: str | None = None) -> tuple[str, ...]:
        """The keys of the lines of an area, of one kind, in their order."""
        return tuple(
            line for line in self.areas.get(area, {}) if kind is None or line.startswith(f"{kind}:")
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "quarter": self.quarter,
            "made": self.made.isoformat(),
            "edition": self.edition,
            "sample": self.sample,
            "areas": {
                area: {
                    line: {name: figure.as_json() for name, figure in figures.items()}
                    for line, figures in lines.items()
                }
                for area, lines in self.areas.items()
            },
        }

    def text(self) -> str:
        """The file of a published quarter: a row for each line, so that diffs are short."""
        given = self.as_json()
        areas = given.pop("areas")
        head = [f'  "{name}": {json.dumps(value)},' for name, value in given.items()]
        blocks = []
        for area, lines in areas.items():
            rows = [f"      {json.dumps(line)}: {json.dumps(some)}" for line, some in lines.items()]
            blocks.append(f"    {json.dumps(area)}: {{\n" + ",\n".join(rows) + "\n    }")
        return "\n".join(["{", *head, '  "areas": {', ",\n".join(blocks), "  }", "}", ""])

    @classmethod
    def from_json(cls, given: Any) -> Cube:
        """Raises ValueError for what is no published quarter, in words for those who keep it."""
        if not isinstance(given, Mapping) or set(given) != set(_FIELDS):
            raise ValueError(f"a published quarter has {', '.join(_FIELDS)}, and nothing else")
        if not isinstance(given["quarter"], str) or not isinstance(given["made"], str):
            raise ValueError("'quarter' and 'made' are texts")
        try:
            quarters.first_day(given["quarter"])
        except quarters.NoQuarter as error:
            raise ValueError(str(error)) from None
        if type(given["edition"]) is not int or given["edition"] < 1:
            raise ValueError("'edition' is a number from 1")
        if type(given["sample"]) is not bool:
            raise ValueError("'sample' is true or false")
        if not isinstance(given["areas"], Mapping):
            raise ValueError("'areas' has the lines of each area")
        return cls(
            given["quarter"],
            date.fromisoformat(given["made"]),
            given["edition"],
            given["sample"],
            {area: _lines(area, lines) for area, lines in given["areas"].items()},
        )

    def report(
        self,
        area: str,
        directory: County,
        before: Cube | None = None,
        year_ago: Cube | None = None,
    ) -> Report:
        """The report of one area, beside the quarter before and the same quarter a year ago."""
        return Report(self, area, directory, before, year_ago)


_FIELDS = ("quarter", "made", "edition", "sample", "areas")


def _lines(area: str, lines: Any) -> Mapping[str, Figures]:
    if not isinstance(lines, Mapping):
        raise ValueError(f"'{area}' has lines with figures")
    found: dict[str, Figures] = {}
    for line, figures in lines.items():
        kind, _, value = line.partition(":")
        known = line in (ALL, PRIVATE) or (kind in KINDS and value)
        if not known or (kind in ("outcome", "case-level") and not value.isdecimal()):
            raise ValueError(f"'{line}' is not a line of a report")
        allowed = {measure.name for measure in measures_of(line)}
        if not isinstance(figures, Mapping) or not allowed.issuperset(figures):
            raise ValueError(f"'{line}' has figures of {', '.join(sorted(allowed))} alone")
        found[line] = {name: Figure.from_json(value) for name, value in figures.items()}
    return found


# --- a report -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table, with its figures by measure: those measures that it has."""

    key: str
    label: str
    figures: Figures
    reading: str = ""  # who says that its programmes belong here; '' where nobody has to
    links: str = ""  # of an outcome: Marmot objectives and Troubled Families criteria


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of one kind."""

    kind: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Inputs, outputs or outcomes, with their measures."""

    name: Section
    title: str
    measures: tuple[Measure, ...]


PARTS = tuple(
    Part(name, title, tuple(one for one in MEASURES if one.section == name))
    for name, title in SECTIONS.items()
)


@dataclass(frozen=True, slots=True)
class Report:
    """The report of one area and quarter."""

    cube: Cube
    area: str
    directory: County
    earlier: Cube | None = None  # the quarter before
    last_year: Cube | None = None  # the same quarter a year ago

    @property
    def quarter(self) -> str:
        return self.cube.quarter

    @property
    def title(self) -> str:
        return area_title(self.area, self.directory)

    @property
    def sample(self) -> bool:
        return self.cube.sample

    @property
    def all(self) -> Line:
        """The line of everything."""
        return self._line(self.cube, ALL)

    @property
    def before(self) -> Line | None:
        """The same line in the quarter before; None if there are no figures of it."""
        return self._of(self.earlier)

    @property
    def year_ago(self) -> Line | None:
        """The same line in the same quarter a year ago; None if there are no figures of it."""
        return self._of(self.last_year)

    @property
    def private(self) -> Line | None:
        """The county's one line of sensitive programmes; None if nothing can be said of them."""
        shown = PRIVATE in self.cube.areas.get(self.area, {})
        return self._line(self.cube, PRIVATE) if shown and self.area == COUNTY else None

    def table(self, kind: str) -> Table:
        """All the lines of one kind, with all their measures."""
        lines = tuple(self._line(self.cube, line) for line in self.cube.lines(self.area, kind))
        return Table(kind, KINDS[kind], lines)

    def tables(self, part: Part) -> Iterator[Table]:
        """The tables that have a measure of a part."""
        names = {measure.name for measure in part.measures}
        for table in map(self.table, KINDS):
            if any(names.intersection(line.figures) for line in table.lines):
                yield table

    def rows(self) -> Iterator[tuple[Line, Measure, Figure]]:
        """All that the report says, figure by figure: for files."""
        keys = (ALL, *(line for kind in KINDS for line in self.cube.lines(self.area, kind)))
        for line in (*keys, *((PRIVATE,) if self.private else ())):
            found = self._line(self.cube, line)
            for measure in measures_of(line):
                yield found, measure, found.figures[measure.name]

    def _of(self, cube: Cube | None) -> Line | None:
        return None if cube is None or self.area not in cube.areas else self._line(cube, ALL)

    def _line(self, cube: Cube, line: str) -> Line:
        known = cube.areas.get(self.area, {}).get(line, {})
        figures = {one.name: known.get(one.name, _NOTHING) for one in measures_of(line)}
        label = line_label(line, self.directory)
        return Line(line, label, figures, self._reading(line), outcome_links(line))

    def _reading(self, line: str) -> str:
        """Who says which programmes belong to an outcome or a priority group."""
        kind, _, value = line.partition(":")
        if kind not in _READ:
            return ""
        counted = [
            programme
            for programme in self.directory.programmes
            if not programme.sensitive
            and value in (*map(str, programme.outcomes), *programme.needs)
        ]
        signed = {getattr(programme, "signed", None) for programme in counted}
        if not signed or None in signed:
            return OUR_READING
        return f"Signed: {'; '.join(sorted(map(str, signed)))}"


def quarters_beside(quarter: str) -> tuple[str, str]:
    """The quarter before, and the same quarter a year ago."""
    year = int(quarter[:4])
    return quarters.before(quarter), f"{year - 1:04}{quarter[4:]}"


def with_quarter(cubes: Iterable[Cube], quarter: str) -> Cube | None:
    return next((cube for cube in cubes if cube.quarter == quarter), None)


def report_among(
    cubes: Sequence[Cube], quarter: str, area: str, directory: County
) -> Report | None:
    """The report of a quarter among these, beside those of them that it is compared with."""
    cube = with_quarter(cubes, quarter)
    if cube is None:
        return None
    before, year_ago = (with_quarter(cubes, one) for one in quarters_beside(quarter))
    return cube.report(area, directory, before, year_ago)
