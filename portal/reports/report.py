"""The report of a quarter: from facts through blocks to the safe numbers that may be shown.

What it hides: which quarters are already published. Those are final: everybody, managers too, sees
their file, so that a number cannot be found by comparing it with the register of today (S104).

Numbers of sensitive programmes are in no table (S105). The county has one figure of all of them
together, and it says no more than how many tens of families there are: a block would tell the staff
of a centre whether the others are elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine

from portal.directory import Directory, quarters
from portal.directory.measures import (
    ALL,
    COUNTY,
    KINDS,
    LEVELS_IN_ORDER,
    MEASURES,
    NEEDS_IN_ORDER,
    OFFERS_IN_ORDER,
    OUTCOMES_IN_ORDER,
    PRIVATE,
    Figure,
    areas_of,
    measures_of,
)
from portal.directory.quarterly import Cube, Figures, Report, quarters_beside, report_among
from portal.directory.values import LONDON
from portal.reports.blocks import GROUPS, Block, Cell, figures, staged
from portal.reports.facts import Atom, Facts, count
from portal.reports.records import quarters_kept

__all__ = ["Cube", "Report", "cube_of", "new_edition", "report_among", "report_for", "reports_of"]

_TENS = 10


def reports_of(engine: Engine, directory: Directory, quarter: str, now: datetime) -> Cube:
    """The safe numbers of a quarter: as published, or else from the database as it is now.

    Raises NoQuarter for what is no quarter, one that has not begun, or one without a record.
    """
    for published in directory.reports:
        if published.quarter == quarter:
            return published.cube
    return cube_of(count(engine, directory, _noted(engine, quarter, now), now), directory, now)


def report_for(
    engine: Engine, directory: Directory, quarter: str, area: str, now: datetime
) -> Report:
    """The report of an area, beside the quarter before and the same quarter a year ago.

    A quarter of which there is no record is not beside it.
    """
    known = quarters_of(engine, directory, now)
    cubes = [reports_of(engine, directory, quarter, now)]
    cubes += [
        reports_of(engine, directory, other, now)
        for other in quarters_beside(quarter)
        if other in known
    ]
    report = report_among(cubes, quarter, area, directory)
    assert report is not None  # noqa: S101  its quarter is the first of them
    return report


def quarters_of(engine: Engine, directory: Directory, now: datetime) -> frozenset[str]:
    """The quarters of which there is a record of sessions, or a published file.

    Before the first record a quarter has requests at most, and its 0 sessions would be wrong.
    """
    published = (one.quarter for one in directory.reports)
    return frozenset((*quarters_kept(engine, now), *published))


def new_edition(engine: Engine, directory: Directory, quarter: str, now: datetime) -> Cube:
    """The safe numbers of a quarter that is over, to be published now. Raises NoQuarter.

    After a first edition it is a correction. A reader of both editions sees what was corrected, so
    correct a quarter only if that matters more than what the difference may show.
    """
    if quarters.last_day(_begun(quarter, now)) >= now.astimezone(LONDON).date():
        words = f"{quarters.words(quarter)} is not over. It can be published once it is."
        raise quarters.NoQuarter(words)
    _noted(engine, quarter, now)
    edition = 1 + max(
        (one.edition for one in directory.reports if one.quarter == quarter), default=0
    )
    return cube_of(count(engine, directory, quarter, now), directory, now, edition)


def _begun(quarter: str, now: datetime) -> str:
    if quarters.first_day(quarter) > now.astimezone(LONDON).date():
        raise quarters.NoQuarter(f"{quarters.words(quarter)} has not begun.")
    return quarter


def _noted(engine: Engine, quarter: str, now: datetime) -> str:
    """A quarter of which there is a record: without one, its 0 sessions would be wrong."""
    if _begun(quarter, now) not in quarters_kept(engine, now):
        raise quarters.NoQuarter(f"Nothing was noted from {quarters.words(quarter)}.")
    return quarter


def cube_of(facts: Facts, directory: Directory, now: datetime, edition: int = 1) -> Cube:
    """What may be shown of these facts."""
    found: dict[str, dict[str, dict[str, Figure]]] = {area: {} for area in areas_of(directory)}

    def put(area: str, line: str, some: Figures) -> None:
        allowed = {measure.name for measure in measures_of(line)}
        shown = {name: figure for name, figure in some.items() if name in allowed}
        if area in found and any(figure != Figure() for figure in shown.values()):
            found[area].setdefault(line, {}).update(shown)

    for (area, line), numbers in facts.public.items():
        put(area, line, {name: Figure(number) for name, number in numbers.items()})
    for area, number in facts.workers.items():
        put(area, ALL, {"workers": Figure(number)})
    for name, group in GROUPS.items():
        stages = blocks_in(facts, name)
        for (area, line), atoms in facts.sets(name).items():
            put(area, line, figures(stages, atoms, group))
    if facts.private >= _TENS:
        put(COUNTY, PRIVATE, {"booked": Figure(facts.private // _TENS * _TENS, partial=True)})
    return Cube(
        facts.quarter,
        now.astimezone(LONDON).date(),
        edition,
        facts.sample,
        {area: _in_order(lines, directory) for area, lines in found.items()},
    )


def blocks_in(facts: Facts, group: str) -> list[list[Block]]:
    """The cells of a group of measures, joined so that they may be shown, stage by stage."""
    cells = [
        Cell(atom, values, atom.place, _kin(facts, atom))
        for atom, values in facts.exact[group].items()
    ]
    return staged(cells, GROUPS[group], facts.salt)


def _kin(facts: Facts, atom: Atom) -> tuple[str, ...]:
    """What a cell belongs to: the same kind of programme in a district, its centre, its areas."""
    place, kind = facts.places[atom.place], facts.kinds.get(atom.programme)
    alike = f"{place.district} {kind.offer} {kind.level}" if kind else place.district
    return alike, atom.place, place.district, place.footprint, ""


def _in_order(lines: Mapping[str, Figures], directory: Directory) -> dict[str, Figures]:
    """Lines and measures in the order in which files and pages have them."""
    programmes = [programme.slug for programme in directory.programmes]
    orders: Mapping[str, Sequence[str]] = {
        "offer": OFFERS_IN_ORDER,
        "programme": programmes,
        "level": LEVELS_IN_ORDER,
        "outcome": OUTCOMES_IN_ORDER,
        "need": NEEDS_IN_ORDER,
    }
    kinds = [ALL, *KINDS, PRIVATE]

    def place(line: str) -> tuple[int, int, str]:
        kind, _, value = line.partition(":")
        order = orders.get(kind, ())
        at = order.index(value) if value in order else len(order)
        return kinds.index(kind), at, value

    names = [measure.name for measure in MEASURES]
    return {
        line: dict(sorted(lines[line].items(), key=lambda one: names.index(one[0])))
        for line in sorted(lines, key=place)
    }
