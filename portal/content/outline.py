"""Reads content/outline.json: the boundaries of the districts, from which maps are drawn.

A map that is wrong leads families astray, so each boundary must close, lie in Great Britain and
belong to a known district, and no district may lack one.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from portal.content.front_matter import Problem
from portal.directory.outline import Outline, Point

PATH = "content/outline.json"
_SOUTH, _NORTH, _WEST, _EAST = 49.0, 61.0, -9.0, 2.5  # of Great Britain
_KEYS = ("arcs", "attribution", "districts")


def read_outline(text: str, districts: Collection[str]) -> tuple[Outline | None, list[Problem]]:
    """The outline in the text of the file, for these districts; or else what is wrong with it."""
    try:
        return _outline(json.loads(text), districts), []
    except json.JSONDecodeError as error:
        words = f"this is not JSON ({error.msg}). Export the boundaries again."
        return None, [Problem(PATH, error.lineno, error.colno, words)]
    except (ValueError, RecursionError) as error:
        return None, [Problem(PATH, 1, 1, str(error))]


def _outline(given: Any, districts: Collection[str]) -> Outline:
    if not isinstance(given, dict) or not all(key in given for key in _KEYS):
        raise ValueError(
            f"the file must be an object with {', '.join(_KEYS)}. Add what is missing."
        )
    attribution = given["attribution"]
    if not isinstance(attribution, list) or not all(isinstance(one, str) for one in attribution):
        raise ValueError("'attribution' must be a list of lines. Write the lines of the licences.")
    if not isinstance(given["arcs"], list) or not isinstance(given["districts"], dict):
        raise ValueError("'arcs' must be a list, and 'districts' an object. Export them again.")
    for slug in given["districts"]:
        if slug not in districts:
            raise ValueError(f"there is no district '{slug}'. Known: {', '.join(districts)}.")
    missing = [slug for slug in districts if slug not in given["districts"]]
    if missing:
        raise ValueError(f"the boundary of '{missing[0]}' is missing. Add it, or delete this file.")
    arcs = tuple(_arc(number, arc) for number, arc in enumerate(given["arcs"]))
    rings = {slug: _rings(slug, rings, arcs) for slug, rings in given["districts"].items()}
    return Outline(arcs, MappingProxyType(rings), tuple(attribution))


def _arc(number: int, given: Any) -> tuple[Point, ...]:
    try:
        points = tuple((float(latitude), float(longitude)) for latitude, longitude in given)
    except (TypeError, ValueError):
        points = ()
    inside = all(
        _SOUTH <= latitude <= _NORTH and _WEST <= longitude <= _EAST
        for latitude, longitude in points
    )
    if len(points) < 2 or not inside:
        raise ValueError(
            f"arc {number} is not a list of points in Great Britain. Write each point as "
            "[latitude, longitude]."
        )
    return points


def _rings(
    slug: str, given: Any, arcs: tuple[tuple[Point, ...], ...]
) -> tuple[tuple[int, ...], ...]:
    rings = []
    for ring in given if isinstance(given, list) else [None]:
        numbers = ring if isinstance(ring, list) and ring else [None]
        known = range(-len(arcs), len(arcs))
        if not all(type(number) is int and number in known for number in numbers):
            raise ValueError(f"a ring of '{slug}' is not a list of arcs. Export it again.")
        ends = [_ends(arcs, number) for number in (*numbers, numbers[0])]
        for at, ((_, end), (start, _)) in enumerate(pairwise(ends)):
            if end != start:
                raise ValueError(
                    f"the boundary of '{slug}' has a gap after arc {numbers[at]}. Export it again."
                )
        rings.append(tuple(numbers))
    return tuple(rings)


def _ends(arcs: tuple[tuple[Point, ...], ...], number: int) -> tuple[Point, Point]:
    arc = arcs[number] if number >= 0 else arcs[~number]
    return (arc[0], arc[-1]) if number >= 0 else (arc[-1], arc[0])
