"""Who can reach a session: the share of postcodes that are near enough, and the towns that are not.

Distances are as the crow flies, from a postcode to the place where a session is held; an area that
workers go about counts from its middle. A family may go to a session in another district, so every
session of the directory counts for every postcode. A place that is known only by its postcode
district or its council district may be miles away, so nothing is counted from it. But nothing is
denied either: where such a place may be near enough, a share of nobody is not known, and no town
is without. Pages and files say how many groups are left out so (`Reach.rough`).

Postcodes are those of `portal postcodes import`. Where there are none, the postcode sectors of
content/outcodes.csv take their place, each for as many postcodes as it has: all of them in its
middle, so that short distances are rough. Pages say which of the two it is.

How it is quick: positions are sorted into strips of latitude, each from west to east. A circle
crosses each strip in one run of them, which two searches find; only those near the edge are
measured. What lies in a circle is one large integer with a bit for each position, so that circles
and districts are joined and cut by `|` and `&`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from math import cos, floor, radians, sin, sqrt, tan
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from portal.coverage.cells import Cell, Coverage
from portal.dependencies import once_with, remembered, remembers
from portal.directory import Directory, District, Series, Session, Settlement
from portal.directory.values import Position, distance
from portal.directory.vocabularies import AgeBand
from portal.finder.postcode_districts import Point, unpack

MILES = (1, 3, 5)

# How many miles a place may be from the position that stands for it, by how that is known. Of all
# postcodes 9 in 10 are within 3.4 miles of the middle of their postcode district, in the largest
# (LA2, PR3) within 10. A council district is up to 30 miles across. No position at all is worse:
# then it is the district that the group belongs to.
SLACK: Mapping[str, int] = MappingProxyType({"outcode": 6, "district": 15})

_METRES_IN_MILE = 1609.344
_PLACED = frozenset(("point", "postcode", "area", "sector", "town"))
_KINDS = ("town", "village", "suburban area", "other settlement", "hamlet")  # the largest first


class Somewhere(NamedTuple):
    """A group at a place that is known only roughly."""

    point: Point
    slack: int  # miles
    series: Series
    district: District  # in which its sessions are counted


class Reach:
    """How many families can reach a session, by age band, part of the week and distance."""

    def __init__(self, directory: Directory, coverage: Coverage) -> None:
        families = self._families = _families(directory)
        self.basis: Literal["postcodes", "sectors", ""] = families.basis
        self._postcodes, self._places = families.postcodes, families.places
        self._total, self._towns_of = families.total, families.towns
        self._held: dict[tuple[AgeBand, str], set[Point]] = {}
        self._somewhere: dict[tuple[AgeBand, str], dict[Somewhere, None]] = {}
        self._on: set[tuple[District, AgeBand, str]] = set()  # where there is a session
        for district in directory.districts:
            cells = coverage.cells_of(district)
            places = once_with(families.cells, district.slug, (cells,), _places_of)
            for cell, (points, rough) in zip(cells, places, strict=True):
                kind = cell.band, cell.part
                if cell.sessions:
                    self._on.add((district, *kind))
                self._held.setdefault(kind, set()).update(points)
                self._somewhere.setdefault(kind, {}).update(rough)

    @remembered
    def near_and_somewhere(self) -> tuple[object, ...]:
        """All that decides about shares and the groups that are left out of them, to be compared:
        while it is equal, those of districts with the same cells are equal too."""
        near = (
            self._near(self._postcodes, band, part, miles)
            for band, part in self._held
            for miles in MILES
        )
        return *near, self._somewhere

    @staticmethod
    def of(directory: Directory, coverage: Coverage) -> Reach:
        """The reach of a directory's sessions, counted once for each directory."""
        return _reach(directory, coverage)

    def points(self, district: District) -> int:
        """How many postcodes of the district are counted: from sectors, those that they have."""
        return self._total[district.slug]

    def share(self, district: District, band: AgeBand, part: str, miles: int) -> float | None:
        """The share of the district's postcodes, from 0 to 1, within so many miles of a session.

        None if no postcode or sector of the district is known, and instead of 0 where somebody may
        be near: a group meets at a place that is known only roughly, or the district has one and
        is counted by sectors. With `rough` groups it is the least that the share can be.
        """
        total = self._total[district.slug]
        near = self._near(self._postcodes, band, part, miles)
        found = (near & self._postcodes.of(district.slug)).bit_count()
        if not total or (not found and self._may_be_near(district, band, part, miles)):
            return None
        return found / total

    def may_be_more(self, district: District, band: AgeBand, part: str, miles: int) -> bool:
        """Whether groups that are left out may make the share larger."""
        near = self._near(self._postcodes, band, part, miles)
        far = self._postcodes.of(district.slug) & ~near
        return any(
            far and (one.district == district or self._maybe(self._postcodes, one, miles) & far)
            for one in self._somewhere.get((band, part), ())
        )

    def rough(
        self, band: AgeBand, part: str, district: District | None = None, miles: int = MILES[-1]
    ) -> tuple[Series, ...]:
        """The groups that are left out of shares, because their place is known only roughly.

        Those of the whole county, or those that a district has or that may be within so many miles
        of one of its postcodes or towns.
        """
        found = self._somewhere.get((band, part), ())
        return tuple(
            dict.fromkeys(
                one.series
                for one in found
                if district in (None, one.district) or self._reaches(one, district, miles)
            )
        )

    def rough_near(self, *districts: District) -> tuple[Series, ...]:
        """The same of all ages and parts of the week: of some districts, or of the whole county."""
        found = (
            series
            for band, part in self._somewhere
            for district in districts or (None,)
            for series in self.rough(band, part, district)
        )
        return tuple(dict.fromkeys(found))

    def _reaches(self, place: Somewhere, district: District | None, miles: int) -> bool:
        """Whether the place may be so near to a postcode or a town of the district."""
        if district is None:
            return False
        if self._maybe(self._postcodes, place, miles) & self._postcodes.of(district.slug):
            return True
        towns = self._maybe(self._places, place, miles)
        return any(
            towns & self._places.of(town.slug) for town in self._towns_of.get(district.slug, ())
        )

    @staticmethod
    def _maybe(field: _Field, place: Somewhere, miles: int) -> int:
        """The positions of a field that the place may be so near to."""
        return field.near([place.point], miles + place.slack)

    def _may_be_near(self, district: District, band: AgeBand, part: str, miles: int) -> bool:
        if self.basis == "sectors" and (district, band, part) in self._on:
            return True
        return bool(self.rough(band, part, district, miles))

    def share_near(self, sessions: Iterable[Session], miles: int) -> float | None:
        """The share of the county's postcodes within so many miles of one of these sessions."""
        near = self._postcodes.near(placed(sessions), miles)
        total = sum(self._total.values())
        return near.bit_count() / total if total else None

    def without(
        self, district: District, band: AgeBand, part: str, miles: int
    ) -> tuple[Settlement, ...]:
        """The towns and villages without such a session within so many miles, the largest first.

        Only those that are known by a position of their own, and none that a group may be near
        whose place is known only roughly.
        """
        near = self._near(self._places, band, part, miles)
        for one in self._somewhere.get((band, part), ()):
            near |= self._maybe(self._places, one, miles)
        return tuple(
            town
            for town in self._towns_of.get(district.slug, ())
            if not near & self._places.of(town.slug)
        )

    def _near(self, field: _Field, band: AgeBand, part: str, miles: int) -> int:
        """The positions of a field within so many miles of such a session."""
        points = self._held.get((band, part), set())
        return once_with(
            self._families.near, (field, band.slug, part, miles), (points, miles), field.near
        )


@remembers(2)
def _reach(directory: Directory, coverage: Coverage) -> Reach:
    return Reach(directory, coverage)


class _Families:
    """Where families live, and what is kept of the sessions near them while some are edited."""

    def __init__(self, directory: Directory) -> None:
        self.basis, points = _points(directory)
        districts = [district.slug for district in directory.districts]
        self.postcodes = _Field([(point, slug) for slug in districts for point in points[slug]])
        self.total = {slug: self.postcodes.of(slug).bit_count() for slug in districts}
        towns = [town for town in directory.settlements if _counts(town)]
        self.places = _Field([(_point(town.position), town.slug) for town in towns])
        self.towns: dict[str, list[Settlement]] = {}  # by district, the largest first
        for town in by_size(towns):
            if town.district:
                self.towns.setdefault(town.district.slug, []).append(town)
        self.cells: dict[str, Any] = {}
        self.near: dict[tuple[_Field, str, str, int], Any] = {}


@remembers(2)
def _families(directory: Directory) -> _Families:
    return _Families(directory)


def _places_of(
    cells: Iterable[Cell],
) -> Sequence[tuple[frozenset[Point], Mapping[Somewhere, None]]]:
    """Where the sessions of each cell are, and its groups whose place is known only roughly."""
    return [
        (
            placed(cell.sessions),
            {
                Somewhere(*whereabouts(one, cell.district), one.series, cell.district): None
                for one in cell.sessions
                if not is_placed(one)
            },
        )
        for cell in cells
    ]


def _point(position: Position) -> Point:
    return position.latitude, position.longitude


def _counts(town: Settlement) -> bool:
    return town.position.precision == "point" and town.district is not None


def _size(town: Settlement) -> tuple[int, int, str]:
    kind = _KINDS.index(town.kind) if town.kind in _KINDS else len(_KINDS)
    return -town.population, kind, town.name


def is_placed(session: Session) -> bool:
    """Whether the place of a session is known well enough to measure from there."""
    at = session.venue.position
    return at is not None and at.precision in _PLACED


def placed(sessions: Iterable[Session]) -> frozenset[Point]:
    """Where sessions are held, as far as it is known well enough to measure from there."""
    positions = {session.venue.position for session in sessions}
    return frozenset(_point(at) for at in positions if at and at.precision in _PLACED)


def whereabouts(session: Session, district: District) -> tuple[Point, int]:
    """Roughly where a session of a district is held, and how many miles from there it may be."""
    at = session.venue.position or district.position
    return _point(at), SLACK.get(at.precision, 0)


def may_be_near(session: Session, district: District, place: Position, miles: float) -> bool:
    """Whether a session of a district may be held within so many miles of a place."""
    point, slack = whereabouts(session, district)
    return distance(Position(*point), place) <= miles + slack


def towns_near(directory: Directory, point: Point, miles: int) -> frozenset[Settlement]:
    """The towns and villages within so many miles of a place, of those that are counted."""
    circle = _Circle(point, miles)
    return frozenset(
        town
        for town in directory.settlements
        if _counts(town) and circle.holds(*_point(town.position))
    )


def by_size(towns: Iterable[Settlement]) -> list[Settlement]:
    """Towns and villages, the largest first."""
    return sorted(towns, key=_size)


def _points(
    directory: Directory,
) -> tuple[Literal["postcodes", "sectors", ""], Mapping[str, Sequence[Point]]]:
    """What stands for the families of each district, by its slug."""
    if directory.postcode_districts:
        known = unpack(directory.postcode_districts)
        by_slug = {one.slug: known.get(one.code, ()) for one in directory.districts}
        if any(by_slug.values()):
            return "postcodes", by_slug
    sectors: dict[str, list[Point]] = {district.slug: [] for district in directory.districts}
    areas = [area for area in directory.postcode_areas if area.position.precision == "sector"]
    weighed = all(area.postcodes for area in areas)
    for area in areas:
        numbers = area.postcodes if weighed else (1,) * len(area.districts)
        for district, number in zip(area.districts, numbers, strict=True):
            sectors[district.slug] += [_point(area.position)] * number
    return "sectors" if any(sectors.values()) else "", sectors


# --- distances ------------------------------------------------------------------------------------

_WGS84 = 6_378_137.0, 0.00669437999014  # the radius at the equator in metres, eccentricity squared
_STRIP = 0.002  # degrees of latitude: about 220 metres


class _Circle:
    """A circle around a point on the ellipsoid, for radii of a few miles.

    Metres in a degree are those of the latitude half-way, which is right to a metre here.
    """

    def __init__(self, centre: Point, miles: float) -> None:
        self.latitude, self.longitude = centre
        equator, flat = _WGS84
        at = radians(self.latitude)
        bend = 1 - flat * sin(at) ** 2
        self._north = radians(equator * (1 - flat) / bend**1.5)
        self._east = radians(equator / sqrt(bend)) * cos(at)
        self._narrowing = radians(tan(at)) / 2  # of a degree of longitude, by degrees north
        self._square = (miles * _METRES_IN_MILE) ** 2
        self.height = miles * _METRES_IN_MILE / self._north

    def half_width(self, up: float) -> float:
        """Half its width in degrees of longitude, so many degrees north of the middle."""
        left = max(0.0, self._square - (up * self._north) ** 2)
        return sqrt(left) / (self._east * (1 - self._narrowing * up))

    def holds(self, latitude: float, longitude: float) -> bool:
        up = latitude - self.latitude
        across = (longitude - self.longitude) * self._east * (1 - self._narrowing * up)
        return (up * self._north) ** 2 + across**2 <= self._square


class _Field:
    """Positions in strips, from south to north, each from west to east. A set is an integer."""

    def __init__(self, labelled: Iterable[tuple[Point, str]]) -> None:
        ordered = sorted((_strip(up), east, up, label) for (up, east), label in labelled)
        self._north = [up for _, _, up, _ in ordered]
        self._east = [east for _, east, _, _ in ordered]
        ends = {strip: number for number, (strip, *_) in enumerate(ordered, 1)}
        starts = [0, *ends.values()]
        self._strips = dict(zip(ends, pairwise(starts), strict=True))
        marks: dict[str, bytearray] = {}
        for number, (*_, label) in enumerate(ordered):
            if label not in marks:
                marks[label] = bytearray(b"0") * len(ordered)
            marks[label][number] = _MARK
        self._labelled = {label: _bits(mark) for label, mark in marks.items()}
        self._circles: dict[tuple[Point, int], int] = {}

    def of(self, label: str) -> int:
        return self._labelled.get(label, 0)

    def near(self, centres: Iterable[Point], miles: int) -> int:
        """The positions within so many miles of one of the centres or more."""
        found = 0
        for centre in centres:
            key = centre, miles
            if key not in self._circles:
                self._circles[key] = self._within(_Circle(centre, miles))
            found |= self._circles[key]
        return found

    def _within(self, circle: _Circle) -> int:
        marks = bytearray(b"0") * len(self._east)
        lowest = _strip(circle.latitude - circle.height)
        highest = _strip(circle.latitude + circle.height)
        for strip in range(lowest, highest + 1):
            if strip in self._strips:
                self._mark(circle, strip, marks)
        return _bits(marks)

    def _mark(self, circle: _Circle, strip: int, marks: bytearray) -> None:
        """Mark what lies in the circle: a run that surely does; near the edge, each is measured."""
        bottom = strip * _STRIP - circle.latitude
        edges = circle.half_width(bottom), circle.half_width(bottom + _STRIP)
        across = bottom < 0 < bottom + _STRIP
        sure = min(edges) * 0.999
        may_be = max(*edges, circle.half_width(0) if across else 0.0) * 1.001
        start, end = self._strips[strip]
        east, west = circle.longitude + may_be, circle.longitude - may_be
        first = bisect_left(self._east, west, start, end)
        last = bisect_right(self._east, east, first, end)
        from_, to = first, first
        if sure:
            from_ = bisect_left(self._east, circle.longitude - sure, first, last)
            to = bisect_right(self._east, circle.longitude + sure, from_, last)
            marks[from_:to] = b"1" * (to - from_)
        for number in chain(range(first, from_), range(to, last)):
            if circle.holds(self._north[number], self._east[number]):
                marks[number] = _MARK


_MARK = ord("1")


def _strip(latitude: float) -> int:
    return floor(latitude / _STRIP)


def _bits(marks: bytearray) -> int:
    """The number that is written with these binary digits."""
    return int(marks, 2) if marks else 0
