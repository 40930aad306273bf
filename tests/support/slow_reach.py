"""Reach counted again, slowly, with arithmetic of its own: every postcode against every session.

Distances are straight lines between points on the ellipsoid in space. Over 5 miles such a line is
shorter than the way along the ground by less than a millimetre.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from portal.directory import AGE_BANDS, Directory, Session
from portal.finder import postcode_districts
from portal.finder.postcode_import import Placed

MILE = 1609.344
MILES = (1, 3, 5)
PARTS = ("weekday", "evening", "weekend", "holiday")
EDGE = 1.0  # metres: whoever lives so near to the edge may be counted or not

Point = tuple[float, float]
Key = tuple[str, str, str, int]  # district, age band, part of the week, miles


def scattered(directory: Directory, share: float = 1.0) -> bytes:
    """Invented postcodes around the middle of each sector, as many as it has, or fewer."""
    chance = random.Random(17)
    codes = {district.slug: district.code for district in directory.districts}
    return postcode_districts.pack(
        Placed("", chance.gauss(at.latitude, 0.008), chance.gauss(at.longitude, 0.013), codes[slug])
        for area in directory.postcode_areas
        for slug, number in zip((d.slug for d in area.districts), area.postcodes, strict=False)
        for at in (area.position,) * round(number * share)
        if " " in area.code
    )


def counted(directory: Directory) -> Mapping[Key, tuple[float, float]]:
    """The least and the largest share that is right, for each district, band, part and distance."""
    held = _places_of(directory)
    places = sorted({place for places in held.values() for place in places})
    wanted = {
        key: sum(1 << number for number, place in enumerate(places) if place in there)
        for key, there in held.items()
    }
    homes = postcode_districts.unpack(directory.postcode_districts)
    shares = {}
    for district in directory.districts:
        near = [_near(_in_space(home), places) for home in homes.get(district.code, ())]
        for band in AGE_BANDS:
            for part in PARTS:
                sessions = wanted.get((band.slug, part), 0)
                for n, miles in enumerate(MILES):
                    least = sum(1 for sure, _ in near if sure[n] & sessions)
                    most = sum(1 for _, maybe in near if maybe[n] & sessions)
                    key = district.slug, band.slug, part, miles
                    shares[key] = least / len(near), most / len(near)
    return shares


def _near(
    home: Sequence[float], places: Iterable[Sequence[float]]
) -> tuple[Sequence[int], Sequence[int]]:
    """The numbers of the places within each distance: surely, and counting the edge."""
    sure, maybe = [0, 0, 0], [0, 0, 0]
    for number, place in enumerate(places):
        metres = math.dist(home, place)
        if metres > MILES[-1] * MILE + EDGE:
            continue
        for n, miles in enumerate(MILES):
            if metres <= miles * MILE + EDGE:
                maybe[n] |= 1 << number
                if metres <= miles * MILE - EDGE:
                    sure[n] |= 1 << number
    return sure, maybe


def _places_of(directory: Directory) -> Mapping[tuple[str, str], set[Sequence[float]]]:
    """Where sessions are held in the next 13 weeks, by age band and part of the week."""
    held: dict[tuple[str, str], set[Sequence[float]]] = defaultdict(set)
    last = directory.today + timedelta(days=90)
    for series in directory.series:
        for session in series.all_sessions:
            at = session.venue.position
            if session.cancelled or session.postponed or at is None:
                continue
            if at.precision in ("outcode", "district"):
                continue
            if not directory.today <= session.day <= last:
                continue
            for band in AGE_BANDS:
                if any(a.first < band.end and a.end > band.first for a in series.ages or ()):
                    place = _in_space((at.latitude, at.longitude))
                    held[band.slug, _part(session, directory)].add(place)
    return held


def _part(session: Session, directory: Directory) -> str:
    if session.starts.isoweekday() in (6, 7):
        return "weekend"
    terms = directory.terms.terms
    known = session.day <= max((term.last for term in terms), default=session.day)
    if known and not any(term.first <= session.day <= term.last for term in terms):
        return "holiday"
    return "evening" if session.starts.hour >= 17 else "weekday"


def _in_space(point: Point) -> tuple[float, float, float]:
    """Metres from the middle of the earth, of a point on the ellipsoid WGS 84."""
    latitude, longitude = map(math.radians, point)
    flat = 1 / 298.257223563
    squared = flat * (2 - flat)
    radius = 6_378_137.0 / math.sqrt(1 - squared * math.sin(latitude) ** 2)
    return (
        radius * math.cos(latitude) * math.cos(longitude),
        radius * math.cos(latitude) * math.sin(longitude),
        radius * (1 - squared) * math.sin(latitude),
    )


def metres(one: Point, other: Point) -> float:
    """The distance between two points a few miles apart."""
    return math.dist(_in_space(one), _in_space(other))
