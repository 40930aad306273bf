"""What an edit does to coverage: cells that turn, and towns that gain or lose a session nearby.

Editors see it before they publish. What was is kept as a `Snapshot`, which is small, so that
nobody has to keep a whole Directory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from portal.coverage.cells import WHEN, WHOM, Coverage
from portal.coverage.reach import by_size, placed, towns_near
from portal.directory import AGE_BANDS, AgeBand, Directory, Settlement, phrases

MILES = 3
MOST_LINES = 8  # of cells, and of towns
_MOST_TOWNS = 3  # named in a line

KeyT = TypeVar("KeyT", bound=Hashable)

Point = tuple[float, float]
# An age band and a part of the week, by their keys.
Kind = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The number of sessions of each cell, and where those of an age and part are held."""

    counts: Mapping[tuple[str, Kind], int]  # by district first
    held: Mapping[Kind, frozenset[Point]]


def snapshot(directory: Directory) -> Snapshot:
    """What the comparison needs of a Directory."""
    counts: dict[tuple[str, Kind], int] = {}
    held: dict[Kind, frozenset[Point]] = defaultdict(frozenset)
    for cell in Coverage.of(directory).cells:
        kind = cell.band.slug, cell.part
        counts[cell.district.slug, kind] = len(cell.sessions)
        held[kind] |= placed(cell.sessions)
    return Snapshot(counts, dict(held))


def news(before: Directory | Snapshot, after: Directory) -> list[str]:
    """A line for each turned cell, then one for the towns that gained or lost, the largest first.

    Ages with the same news share a line.
    """
    old = before if isinstance(before, Snapshot) else snapshot(before)
    comparison = _Comparison(old, after)
    return [*_cut(comparison.cells(), "cells"), *_cut(comparison.towns(), "towns and villages")]


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
        """What turned from nothing to something, or back."""
        for (title, part, was, now), bands in self._turned().items():
            when, whom = WHEN[part], _whom(bands)
            if now:
                yield f"{title}: {_sessions(now)} {when} {whom}, where there was nothing."
            else:
                were = "was" if was == 1 else "were"
                yield f"{title}: nothing {when} {whom}, where there {were} {_sessions(was)}."

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
        for (district, (band, part)), now in self._new.counts.items():
            was = self._old.counts.get((district, (band, part)), 0)
            if bool(was) != bool(now):
                found.append(((titles[district], part, was, now), band))
        return _grouped(found)

    def _moved(self) -> Mapping[tuple[str, bool, tuple[Settlement, ...]], list[str]]:
        """Part, whether they gained, and the towns: the bands for which they did."""
        found = []
        for kind, now in self._new.held.items():
            was = self._old.held.get(kind, frozenset())
            if was == now:
                continue
            band, part = kind
            for gained, changed, other in (True, now - was, was), (False, was - now, now):
                near = self._around(changed)
                if near and (towns := near - self._around(other)):
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
