"""Where the postcodes of each district are, without their names: for counting alone.

`portal postcodes import` writes `postcode-districts.bin` beside the finder's file. It stays in
`var/` and is never published: no page, phone or feed needs it.

The file is one line of JSON and then the positions. The line has `first`, the south-west corner in
degrees; `step`, the degrees of one step north and of one step east, about 10 metres each; and
`districts`, how many postcodes follow for each ONS code, in order. A postcode is two numbers of two
bytes, the lower byte first: steps north and steps east of the corner. Within a district they are in
the order of the map, so that their order names no postcode either.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from portal.finder.postcode_import import Placed, PostcodesError

FILE_NAME = "postcode-districts.bin"

Point = tuple[float, float]  # latitude and longitude

_STEP = 0.0001, 0.00015
_MOST = 0xFFFF  # steps from the corner: 6 degrees of latitude and 9 of longitude, more than England
_DAMAGED = f"{FILE_NAME} is damaged. Make it again with `portal postcodes import`."


def pack(postcodes: Iterable[Placed]) -> bytes:
    """The file for these postcodes; those of the border, which have no district, are left out."""
    places: dict[str, list[Point]] = defaultdict(list)
    for postcode in postcodes:
        if postcode.district:
            places[postcode.district].append((postcode.latitude, postcode.longitude))
    points = [point for district in places.values() for point in district]
    first = [round(min(axis) - 0.0001, 4) for axis in zip(*points, strict=True)] or [0.0, 0.0]
    numbers = array("H")
    for code in sorted(places):
        for step in sorted(_steps(point, first) for point in places[code]):
            numbers.extend(step)
    head = {
        "first": first,
        "step": _STEP,
        "districts": {code: len(places[code]) for code in sorted(places)},
    }
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + _little(numbers).tobytes()


def _steps(point: Point, first: Sequence[float]) -> tuple[int, int]:
    north, east = (
        round((at - corner) / step) for at, corner, step in zip(point, first, _STEP, strict=True)
    )
    if max(north, east) > _MOST:
        raise PostcodesError(
            "these districts lie too far apart to be counted together. "
            "Look for a wrong code in content/footprints.yaml."
        )
    return north, east


def _little(numbers: array[int]) -> array[int]:
    """The numbers with the lower byte first, whatever the machine has."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def unpack(data: bytes) -> Mapping[str, Sequence[Point]]:
    """The positions of the postcodes of each district, by ONS code, to about 5 metres.

    Raises PostcodesError if `data` was not made by `pack`.
    """
    line, _, packed = data.partition(b"\n")
    numbers = array("H")
    try:
        head = json.loads(line)
        south, west = map(float, head["first"])
        up, across = map(float, head["step"])
        counts = {str(code): int(number) for code, number in head["districts"].items()}
        numbers.frombytes(packed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PostcodesError(_DAMAGED) from error
    if 2 * sum(counts.values()) != len(numbers):
        raise PostcodesError(_DAMAGED)
    _little(numbers)
    places: dict[str, Sequence[Point]] = {}
    start = 0
    for code, number in counts.items():
        end = start + 2 * number
        pairs = zip(numbers[start:end:2], numbers[start + 1 : end : 2], strict=True)
        places[code] = [(south + north * up, west + east * across) for north, east in pairs]
        start = end
    return places
