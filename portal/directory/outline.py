"""The boundaries of the districts, for maps that are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Latitude and longitude.
Point = tuple[float, float]


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """Each district by its rings, and each ring by the arcs that it is made of.

    Neighbours share arcs, so that no gap shows between them. A negative number n is the arc ~n
    backwards, as in TopoJSON. `attribution` are the lines that the licences of the data demand.
    """

    arcs: tuple[tuple[Point, ...], ...]
    districts: Mapping[str, tuple[tuple[int, ...], ...]]
    attribution: tuple[str, ...]
    _rings: dict[str, tuple[tuple[Point, ...], ...]] = field(default_factory=dict, init=False)

    def arc(self, number: int) -> tuple[Point, ...]:
        return self.arcs[number] if number >= 0 else self.arcs[~number][::-1]

    def rings(self, district: str) -> tuple[tuple[Point, ...], ...]:
        """The rings of a district as points, the last one without the first again."""
        if district not in self._rings:
            self._rings[district] = tuple(
                tuple(point for number in ring for point in self.arc(number)[:-1])
                for ring in self.districts.get(district, ())
            )
        return self._rings[district]

    def points(self, districts: Iterable[str]) -> list[Point]:
        """All points of these districts."""
        return [point for slug in districts for ring in self.rings(slug) for point in ring]
