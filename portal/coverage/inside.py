"""Which district a place is in, by the boundaries of the districts."""

from __future__ import annotations

from portal.directory import Directory, District
from portal.directory.outline import Outline
from portal.directory.values import Position

# The middle of a whole postcode district may be in the district next to the one that is meant.
_TOO_ROUGH = ("outcode", "district")


def district_at(directory: Directory, position: Position | None) -> District | None:
    """The district around a position; None if it is in none, or not known well enough."""
    outline = directory.outline
    if outline is None or position is None or position.precision in _TOO_ROUGH:
        return None
    around = (one for one in directory.districts if _is_inside(outline, one.slug, position))
    return next(around, None)


def _is_inside(outline: Outline, district: str, position: Position) -> bool:
    """Whether a line from the position to the east crosses the boundary an odd number of times."""
    up, across = position.latitude, position.longitude
    inside = False
    for ring in outline.rings(district):
        before = ring[-1] if ring else (0.0, 0.0)
        for point in ring:
            if (point[0] > up) != (before[0] > up):
                share = (up - before[0]) / (point[0] - before[0])
                inside ^= across < before[1] + share * (point[1] - before[1])
            before = point
    return inside
