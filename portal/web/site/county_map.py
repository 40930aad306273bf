"""Maps of the county, drawn from the boundaries of its districts. No other site is asked.

The shapes are in one file, `/static/map.<digest>.svg`, which a browser fetches once for all pages.
A page shows a part of it with `<use>`, so that the style sheet colours it in both schemes and on
paper, and adds what is its own: names of towns, and links. `View` says what that is; the template
`site/_map.html` draws it. Lists beside a map have the same links.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations
from typing import Any, NamedTuple

from portal.dependencies import once, remembered
from portal.directory import Centre, Directory, District, Neighbour, Settlement
from portal.directory.values import Position

_KM = 111.32  # to a degree of latitude
_UNITS = 10  # to a kilometre: the boundaries are exact to about 150 m
_COUNTY_TEXT = 24  # units: the size of names on the map of the county
_COUNTY_TOWNS = 16

# A part of the county is drawn this wide. On a phone it is 280 px wide, so that a pin has 24 px.
WIDTH = 400
_PIN = 17  # the radius of a pin
_TEXT = 16
_LARGE_TEXT = 24  # on the page of a centre, where the map is small
_TOWNS = 9
_MARGIN = 0.05
# Where a name may stand, from its town: beside the dot, or else beside a pin that covers it.
_BESIDE = (
    (6, 5, "start"), (-6, 5, "end"), (0, -8, "middle"), (0, 19, "middle"),
    (20, 5, "start"), (-20, 5, "end"), (0, -21, "middle"), (0, 33, "middle"),
    (20, -12, "start"), (-20, -12, "end"), (20, 22, "start"), (-20, 22, "end"),
    (38, 5, "start"), (-38, 5, "end"), (0, -39, "middle"), (0, 51, "middle"),
)  # fmt: skip
_PASSES = 80  # in which pins that overlap are pushed apart


# Where the name of the largest town may be as well: at the edge of the crowd of pins in it.
_FURTHER = tuple(
    (sign * far, 5, "start" if sign > 0 else "end") for far in (56, 74, 92) for sign in (1, -1)
)


class Label(NamedTuple):
    """The name of a town, and its dot unless a pin is there."""

    x: int
    y: int
    name: str
    anchor: str
    dot: tuple[int, int] | None


class Pin(NamedTuple):
    """A centre on the map, by its number in the list."""

    x: int
    y: int
    number: int
    centre: Centre


class _Rect(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Rect) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def inside(self, height: int) -> bool:
        return (
            self.left >= 2
            and self.right <= WIDTH - 2
            and self.top >= 2
            and self.bottom <= height - 2
        )


@dataclass(frozen=True, slots=True)
class View:
    """A part of the county: what its template draws."""

    file: str
    box: str  # the part, in the file's units
    height: int  # where the width is WIDTH
    here: tuple[District, ...]
    towns: tuple[Label, ...]
    pins: tuple[Pin, ...] = ()
    spot: tuple[int, int] | None = None


class CountyMap:
    """The map file of one Directory and the views of it. Without boundaries there are none."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._outline = directory.outline
        self._of_centres: dict[District, Any] = {}
        points = (
            self._outline.points(one.slug for one in directory.districts) if self._outline else []
        )
        latitudes = [latitude for latitude, _ in points] or [0.0]
        longitudes = [longitude for _, longitude in points] or [0.0]
        self._north, self._west = max(latitudes), min(longitudes)
        middle = math.radians((self._north + min(latitudes)) / 2)
        self._across = _KM * _UNITS * math.cos(middle)
        self._width, self._height = self._point(min(latitudes), max(longitudes))

    @property
    def size(self) -> tuple[int, int]:
        """The width and the height of the county, in the file's units."""
        return self._width, self._height

    def rings(self, district: District) -> list[list[tuple[int, int]]]:
        """The boundary of a district in the file's units."""
        rings = self._outline.rings(district.slug) if self._outline else ()
        return [[self._point(*point) for point in ring] for ring in rings]

    # The file.

    @remembered
    def path(self) -> str:
        """The address of the map file; '' if there is none."""
        digest = hashlib.sha256(self.content).hexdigest()[:10]
        return f"/static/map.{digest}.svg" if self._outline else ""

    @remembered
    def content(self) -> bytes:
        """The map file: each district by itself, all of them, centres, and the names."""
        districts = "\n".join(
            f'<path id="{one.slug}" vector-effect="non-scaling-stroke" d="{self._shape(one)}"/>'
            for one in self._directory.districts
        )
        in_use = (one for one in self._directory.centres if not one.given_up)
        spots = sorted({self._at(p) for p in map(_shown, in_use) if p})
        names = "\n".join(
            f'<text x="{x}" y="{y}">{escape(one.title)}</text>'
            for one in self._directory.districts
            for x, y in [self._at(one.position)]
        )
        dots = "".join(f"M{x} {y}h0" for x, y in spots)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._width} {self._height}" '
            f'fill="none" stroke="#000">\n<g id="_county">\n{districts}\n</g>\n'
            f'<path id="_centres" d="{dots}"/>\n<g id="_names">\n{names}\n</g>\n</svg>\n'
        ).encode()

    def _shape(self, district: District) -> str:
        """The rings of a district in steps from point to point, which are short to write."""
        parts = []
        for ring in self.rings(district):
            (x, y), *rest = ring
            parts.append(f"M{x} {y}l")
            steps = []
            for to_x, to_y in rest:
                if (to_x, to_y) != (x, y):
                    steps.append(f"{to_x - x} {to_y - y}")
                x, y = to_x, to_y
            parts.append(" ".join(steps).replace(" -", "-") + "z")
        return "".join(parts)

    def _at(self, position: Position) -> tuple[int, int]:
        return self._point(position.latitude, position.longitude)

    def _point(self, latitude: float, longitude: float) -> tuple[int, int]:
        x = (longitude - self._west) * self._across
        return round(x), round((self._north - latitude) * _KM * _UNITS)

    # Views.

    def county(self) -> View | None:
        """The whole county."""
        if not self._outline:
            return None
        box = f"-8 -8 {self._width + 16} {self._height + 16}"
        return View(self.path, box, round(WIDTH * self._height / self._width), (), ())

    def area(self, districts: Sequence[District], centres: Mapping[Centre, int]) -> View | None:
        """Some districts with their centres, which have these numbers."""
        part = self._part(districts, _TEXT)
        if part is None:
            return None
        pins = _apart(
            [
                Pin(*part.at(self._at(position)), number, centre)
                for centre, number in centres.items()
                if (position := _shown(centre))
            ],
            part.height,
        )
        taken = [_Rect(pin.x - _PIN, pin.y - _PIN, pin.x + _PIN, pin.y + _PIN) for pin in pins]
        towns = _labels(part, taken, _TEXT)
        return View(self.path, part.box, part.height, tuple(districts), towns, pins)

    def place(self, centre: Centre, district: District) -> View | None:
        """The district of a centre, and the centre in it, if more than its district is known."""
        part = once(self._of_centres, district, self._part, [district], _LARGE_TEXT)
        position = _shown(centre)
        if part is None or position is None:
            return None
        x, y = part.at(self._at(position))
        taken = [_Rect(x - _PIN, y - _PIN, x + _PIN, y + _PIN)]
        towns = _labels(part, taken, _LARGE_TEXT)
        return View(self.path, part.box, part.height, (district,), towns, spot=(x, y))

    def _part(self, districts: Sequence[District], size: int) -> _Part | None:
        """These districts, and the towns that have room for a name of this size."""
        points = self._outline.points(one.slug for one in districts) if self._outline else ()
        if not points:
            return None
        corners = [self._point(*point) for point in points]
        left, right = min(x for x, _ in corners), max(x for x, _ in corners)
        top, bottom = min(y for _, y in corners), max(y for _, y in corners)
        margin = round(_MARGIN * max(right - left, bottom - top))
        # Neither a strip nor a tower.
        width = max(right - left, round((bottom - top) / 1.25)) + 2 * margin
        height = max(bottom - top, round(width / 1.6)) + 2 * margin
        part = _Part((left + right - width) // 2, (top + bottom - height) // 2, width, height)
        own = {one.title for one in districts}
        largest = sorted(
            self._largest, key=lambda town: town[2] is None or town[2].title not in own
        )
        towns = ((name, *part.at(self._at(position))) for name, position, _ in largest)
        return part._replace(
            towns=tuple(
                (name, x, y)
                for name, x, y in towns
                if size < x < WIDTH - size and size < y < part.height - size
            )
        )

    @remembered
    def _largest(self) -> list[tuple[str, Position, District | None]]:
        """Towns with their positions, the largest first; those outside the county come next."""
        towns = sorted(
            (one for one in self._directory.settlements if one.population and one.unique),
            key=lambda one: (-one.population, one.slug),
        )
        large, small = towns[:_COUNTY_TOWNS], towns[_COUNTY_TOWNS:]
        ordered: list[Settlement | Neighbour] = [*large, *self._directory.neighbours, *small]
        return [(one.name, one.position, getattr(one, "district", None)) for one in ordered]


class _Part(NamedTuple):
    """A part of the county in the file's units.

    `towns` are the names and places (as drawn) of those that are not at its edge: the districts'
    own towns come first, then the others, each the largest first.
    """

    left: int
    top: int
    width: int
    depth: int
    towns: tuple[tuple[str, int, int], ...] = ()

    @property
    def box(self) -> str:
        return f"{self.left} {self.top} {self.width} {self.depth}"

    @property
    def height(self) -> int:
        return round(WIDTH * self.depth / self.width)

    def at(self, point: tuple[int, int]) -> tuple[int, int]:
        """A point of the file in the part as it is drawn."""
        scale = WIDTH / self.width
        return round((point[0] - self.left) * scale), round((point[1] - self.top) * scale)


def _labels(part: _Part, pins: Sequence[_Rect], size: int) -> tuple[Label, ...]:
    """The names of the largest towns of a part, where there is room for them."""
    shown: list[Label] = []
    full = list(pins)
    for name, x, y in part.towns:
        dot = _Rect(x - 3, y - 3, x + 3, y + 3)
        places = _BESIDE if shown else _BESIDE + _FURTHER
        for across, down, anchor in places:
            length = len(name) * size * 0.56
            left = x + across - length * {"start": 0, "middle": 0.5, "end": 1}[anchor]
            base = y + down * size / _TEXT
            words = _Rect(left, base - size * 0.85, left + length, base + size * 0.25)
            if words.inside(part.height) and not any(map(words.meets, full)):
                covered = any(map(dot.meets, full))
                full += [words] if covered else [words, dot]
                spot = None if covered else (x, y)
                shown.append(Label(round(x + across), round(base), name, anchor, spot))
                break
        if len(shown) == _TOWNS:
            break
    return tuple(shown)


def _shown(centre: Centre) -> Position | None:
    """The position of a centre that a map may show."""
    position = centre.position if centre.address_public else None
    return position if position and position.precision != "district" else None


def _apart(pins: Sequence[Pin], height: int) -> tuple[Pin, ...]:
    """The pins, moved as little as need be for none to cover another.

    At first each pass also draws them back to where they belong, so that a crowd stays close.
    """
    spots = [[float(pin.x), float(pin.y)] for pin in pins]
    for number in range(_PASSES):
        if number < _PASSES * 0.7:
            for pin, spot in zip(pins, spots, strict=True):
                spot[0] += (pin.x - spot[0]) * 0.1
                spot[1] += (pin.y - spot[1]) * 0.1
        _push_apart(spots, height)
    return tuple(
        pin._replace(x=round(x), y=round(y)) for pin, (x, y) in zip(pins, spots, strict=True)
    )


def _push_apart(spots: Sequence[list[float]], height: int) -> None:
    least = 2.0 * _PIN + 1
    for one, other in combinations(range(len(spots)), 2):
        (x, y), (to_x, to_y) = spots[one], spots[other]
        across, down = to_x - x, to_y - y
        away = math.hypot(across, down)
        if away >= least:
            continue
        if away < 0.5:  # in the same place: each goes its own way
            across, down, away = math.cos(other), math.sin(other), 1.0
        push = (least - away) / 2 + 0.2
        for spot, sign in ((spots[one], -1), (spots[other], 1)):
            spot[0] = min(max(spot[0] + sign * push * across / away, _PIN), WIDTH - _PIN)
            spot[1] = min(max(spot[1] + sign * push * down / away, _PIN), height - _PIN)
