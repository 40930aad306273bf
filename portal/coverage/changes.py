"""What an edit does to coverage: cells that turn, and towns that gain or lose a session nearby.

A cell turns when its word does: from nothing to something first of all, then from few to some.
A place known only roughly may be near a town or not, so no town near it gains or loses.

Editors see it before they publish. What was is kept as a `Snapshot`, which is small, so that
nobody has to keep a whole Directory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

from portal.coverage.cells import PARTS, WHEN, WHOM, Coverage, word_of
from portal.coverage.reach import by_size, is_placed, towns_near, whereabouts
from portal.directory import AGE_BANDS, AgeBand, Directory, Session, Settlement, phrases

MILES = 3
MOST_LINES = 8  # of cells, and of towns
_MOST_TOWNS = 3  # named in a line

KeyT = TypeVar("KeyT", bound=Hashable)

Point = tuple[float, float]
# An age band and a part of the week, by their keys.
Kind = tuple[str, str]


class Held(NamedTuple):
    """Where some sessions are held, and in which cells they are."""

    district: str
    part: str
    bands: tuple[str, ...]
    point: Point
    slack: int | None  # how many miles from the point it may be; None if the place is known

    @classmethod
    def of(cls, session: Session, bands: Sequence[str], coverage: Coverage) -> Held:
        district = coverage.district_of(session)
        point, slack = whereabouts(session, district)
        known = is_placed(session)
        part = coverage.part_of(session)
        return cls(district.slug, part, tuple(bands), point, None if known else slack)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The number of sessions of each cell, and where those of an age and part are held."""

    counts: Mapping[tuple[str, Kind], int]  # by district first
    held: Mapping[Kind, frozenset[Point]]
    rough: Mapping[Kind, frozenset[tuple[Point, int]]]  # with how far off each may be


def snapshot(directory: Directory) -> Snapshot:
    """What the comparison needs of a Directory."""
    coverage = Coverage.of(directory)
    return snapshot_of(
        (Held.of(session, [cell.band.slug], coverage), 1)
        for cell in coverage.cells
        for session in cell.sessions
    )


def snapshot_of(sessions: Iterable[tuple[Held, int]]) -> Snapshot:
    """The same of sessions, each with how many times it is on."""
    counts: dict[tuple[str, Kind], int] = defaultdict(int)
    held: dict[Kind, set[Point]] = defaultdict(set)
    rough: dict[Kind, set[tuple[Point, int]]] = defaultdict(set)
    for one, number in sessions:
        for band in one.bands if number else ():
            kind = band, one.part
            counts[one.district, kind] += number
            if one.slack is None:
                held[kind].add(one.point)
            else:
                rough[kind].add((one.point, one.slack))
    return Snapshot(
        dict(counts),
        {kind: frozenset(points) for kind, points in held.items()},
        {kind: frozenset(places) for kind, places in rough.items()},
    )


def news(before: Directory | Snapshot, after: Directory) -> list[str]:
    """A line for each turned cell, then one for the towns that gained or lost, the largest first.

    Ages with the same news share a line.
    """
    old = before if isinstance(before, Snapshot) else snapshot(before)
    comparison = _Comparison(old, after)
    cells, towns = comparison.cells(), comparison.towns()
    return [*_cut(cells, "cells"), *_cut(towns, "towns and villages"), *comparison.left_out()]


def _cut(lines: Iterable[str], what: str) -> list[str]:
    """The first lines, and how many more there are."""
    every = list(lines)
    left = len(every) - MOST_LINES
    if left <= 1:  # a line that counts one would be no shorter
        return every
    return [*every[:MOST_LINES], f"And {left} more such changes for {what}."]


class _Comparison:
    """Two states of the content."""

    def __init__(self, old: Snapshot, after: Directory) -> None:
        self._old = old
        self._after = after
        self._near: dict[Point, frozenset[Settlement]] = {}

    @cached_property
    def _new(self) -> Snapshot:
        return snapshot(self._after)

    def cells(self) -> Iterator[str]:
        """What turned: from nothing or to nothing first."""
        turned = self._turned().items()
        for (title, part, was, now), bands in sorted(turned, key=lambda one: all(one[0][2:])):
            when = f"{WHEN[part]} {_whom(bands)}"
            if not was:
                yield f"{title}: {_sessions(now)} {when}, where there was nothing."
            elif not now:
                were = "was" if was == 1 else "were"
                yield f"{title}: nothing {when}, where there {were} {_sessions(was)}."
            else:
                before = f"{word_of(was)} ({was})"
                yield f"{title}: {word_of(now)} ({now}) {when}, where there were {before}."

    def left_out(self) -> Iterator[str]:
        """Why towns near a new or lost session may be missing from the list."""
        kinds = {*self._old.rough, *self._new.rough}
        none: frozenset[tuple[Point, int]] = frozenset()
        if any(self._old.rough.get(one, none) != self._new.rough.get(one, none) for one in kinds):
            yield "We know the place of some sessions only roughly, so no town near it is named."

    def towns(self) -> Iterator[str]:
        """Who has a session nearby now, or has none any more."""
        for (part, gained, towns), bands in self._moved().items():
            now = "now" if gained else "no longer"
            what = f"{now} a session within {MILES} miles {WHEN[part]} {_whom(bands)}"
            yield f"{_names(towns)}: {what}."

    def _turned(self) -> Mapping[tuple[str, str, int, int], list[str]]:
        """District, part and numbers of sessions before and after: the bands of such cells."""
        titles = {one.slug: one.title for one in self._after.districts}
        found = []
        for cell in Coverage.of(self._after).cells:
            district, band, part = cell.district.slug, cell.band.slug, cell.part
            key = district, (band, part)
            was, now = self._old.counts.get(key, 0), self._new.counts.get(key, 0)
            if word_of(was) != word_of(now):
                found.append(((titles[district], part, was, now), band))
        return _grouped(found)

    def _moved(self) -> Mapping[tuple[str, bool, tuple[Settlement, ...]], list[str]]:
        """Part, whether they gained, and the towns: the bands for which they did."""
        found = []
        nowhere: frozenset[Point] = frozenset()
        for kind in ((band.slug, part) for band in AGE_BANDS for part in PARTS):
            now, was = self._new.held.get(kind, nowhere), self._old.held.get(kind, nowhere)
            if was == now:
                continue
            band, part = kind
            for gained, changed, other in (True, now - was, was), (False, was - now, now):
                near = self._around(changed)
                unsure = self._old if gained else self._new
                if near and (towns := near - self._around(other) - self._maybe(unsure, kind)):
                    found.append(((part, gained, tuple(by_size(towns))), band))
        largest_first = sorted(found, key=lambda one: -one[0][2][0].population)
        return _grouped(largest_first)

    def _around(self, points: Iterable[Point]) -> frozenset[Settlement]:
        """The towns near any of the points."""
        found: frozenset[Settlement] = frozenset()
        for point in points:
            if point not in self._near:
                self._near[point] = towns_near(self._after, point, MILES)
            found |= self._near[point]
        return found

    def _maybe(self, state: Snapshot, kind: Kind) -> frozenset[Settlement]:
        """The towns that may have a session nearby, at a place that is known only roughly."""
        found: frozenset[Settlement] = frozenset()
        for point, slack in state.rough.get(kind, ()):
            found |= towns_near(self._after, point, MILES + slack)
        return found


def _grouped(found: Iterable[tuple[KeyT, str]]) -> Mapping[KeyT, list[str]]:
    groups: dict[KeyT, list[str]] = {}
    for key, band in found:
        groups.setdefault(key, []).append(band)
    return groups


def _whom(bands: Sequence[str]) -> str:
    """'in pregnancy and from birth to age 4': bands that follow each other are one range."""
    runs: list[list[AgeBand]] = []
    for band in AGE_BANDS:
        if band.slug not in bands:
            continue
        if runs and runs[-1][-1].end == band.first and band.first > 0:
            runs[-1].append(band)
        else:
            runs.append([band])
    return phrases.joined(map(_range, runs))


def _range(run: Sequence[AgeBand]) -> str:
    if len(run) == 1:
        return WHOM[run[0].slug]
    last = run[-1].end // 12 - 1
    return (
        f"for ages {run[0].first // 12} to {last}" if run[0].first else f"from birth to age {last}"
    )


def _names(towns: Sequence[Settlement]) -> str:
    said = [town.label for town in towns[:_MOST_TOWNS]]
    if left := len(towns) - len(said):
        said.append(phrases.count(left, "more place"))
    return phrases.joined(said)


def _sessions(number: int) -> str:
    return phrases.count(number, "session")
