"""A small map of where in the county something is, drawn from the positions in the content.

There is no outline of the county in the content, so each postcode sector is a dot; together they
show its shape, densest where people live. A district, a footprint or a centre is highlighted. The
map shows nothing that the text beside it does not say, so it is hidden from screen readers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup

from portal.directory import Directory, District
from portal.directory.values import Position

_HEIGHT = 96  # units from the southernmost dot to the northernmost


class Locator:
    """Draws locator maps of the county, each well under 3 KB."""

    def __init__(self, directory: Directory) -> None:
        sectors = [area for area in directory.postcode_areas if " " in area.code and area.districts]
        self._sectors = sectors or list(directory.postcode_areas)
        positions = [area.position for area in self._sectors]
        positions += [district.position for district in directory.districts]
        self._north = max((p.latitude for p in positions), default=54.3)
        self._south = min((p.latitude for p in positions), default=53.4)
        self._west = min((p.longitude for p in positions), default=-3.1)
        east = max((p.longitude for p in positions), default=-2.0)
        self._units = _HEIGHT / max(self._north - self._south, 0.01)
        # The ratio of a degree of longitude to a degree of latitude.
        middle = math.radians((self._north + self._south) / 2)
        self._narrow = math.cos(middle)
        self._width = round((east - self._west) * self._units * self._narrow)
        self._county = self._dots(area.position for area in self._sectors)

    def area(self, districts: Iterable[District]) -> Markup:
        """The county with the sectors of these districts highlighted."""
        slugs = {district.slug for district in districts}
        inside = [
            area.position
            for area in self._sectors
            # A sector on a border belongs to the district with most of its postcodes, listed first.
            if area.districts and area.districts[0].slug in slugs
        ]
        return self._picture(f'<path class="here" d="{self._dots(inside)}"/>')

    def place(self, position: Position | None) -> Markup:
        """The county with one place highlighted; empty if only its district is known."""
        if position is None or position.precision == "district":
            return Markup()
        x, y = self._point(position)
        return self._picture(f'<circle cx="{x}" cy="{y}" r="4"/>')

    def _point(self, position: Position) -> tuple[int, int]:
        x = (position.longitude - self._west) * self._units * self._narrow
        return round(x), round((self._north - position.latitude) * self._units)

    def _dots(self, positions: Iterable[Position]) -> str:
        points = sorted({self._point(position) for position in positions})
        return "".join(f"M{x} {y}h0" for x, y in points)

    def _picture(self, here: str) -> Markup:
        box = f"-4 -4 {self._width + 8} {_HEIGHT + 8}"
        # Only numbers, all of them ours.
        return Markup(  # noqa: S704
            f'<svg class="county" viewBox="{box}" aria-hidden="true" focusable="false">'
            f'<path d="{self._county}"/>{here}</svg>'
        )
