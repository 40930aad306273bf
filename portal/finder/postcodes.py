"""Exact postcodes for the finder: writes and reads one small file made from the national ones.

It is one file, not one for each district: which file a phone requested would show where the family
lives. Positions are rounded to a grid of 100 metres. Neighbouring postcodes of a sector follow each
other along the streets, so each is stored as the difference from the one before, in few bits. That
makes the file as small as a general compressor would, without needing one, and a phone unpacks only
the sector that was typed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Literal

from portal import private_files
from portal.directory.values import Position
from portal.finder import postcode_districts, postcode_import
from portal.finder.postcode_import import LETTERS, Placed, PostcodesError, Progress, Report

FILE_NAME = "postcodes.bin"

# About 100 metres of latitude and of longitude in Lancashire.
_STEP = 0.0009, 0.0015
_DAMAGED = f"{FILE_NAME} is damaged. Make it again with `portal postcodes import`."


def import_file(
    path: Path,
    out: Path,
    districts: Collection[str],
    *,
    by_district: Path | None = None,
    border_miles: float = 10.0,
    progress: Progress = lambda *_: None,
) -> Report:
    """Make the small file `out` from a national one: districts by their ONS codes, and a border.

    `by_district` is the file for counting (`postcode_districts`), which has no border.
    Raises PostcodesError if nothing in it can be used; both files then stay as they were.
    """
    postcodes, report = postcode_import.read(
        path, districts, border_miles=border_miles, progress=progress
    )
    finder, counted = pack(postcodes), postcode_districts.pack(postcodes)
    private_files.write_file(out, finder)
    if by_district is not None:
        private_files.write_file(by_district, counted)
    return report


def pack(postcodes: Iterable[Placed]) -> bytes:
    """The file for phones: a line of JSON with the place of each sector in the file, then the
    sectors."""
    sectors: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    for postcode, latitude, longitude, _ in postcodes:
        sectors[postcode[:-2]].append((_letters(postcode), latitude, longitude))
    units = [unit for sector in sectors.values() for unit in sector]
    _, south, west = (min(axis) for axis in zip(*units, strict=True))
    first = round(south - 0.0001, 4), round(west - 0.0001, 4)
    packed = {
        code: _pack_sector([(n, *_grid(at, first)) for n, *at in sorted(sectors[code])])
        for code in sorted(sectors)
    }
    head = {
        "first": first,
        "step": _STEP,
        "sectors": {code: len(data) for code, data in packed.items()},
    }
    line = json.dumps(head, separators=(",", ":")) + "\n"
    return line.encode() + b"".join(packed.values())


def _letters(postcode: str) -> int:
    return LETTERS.index(postcode[-2]) * len(LETTERS) + LETTERS.index(postcode[-1])


def _grid(at: Sequence[float], first: Sequence[float]) -> tuple[int, int]:
    up, across = ((a - f) / s for a, f, s in zip(at, first, _STEP, strict=True))
    return round(up), round(across)


def _pack_sector(units: Sequence[tuple[int, int, int]]) -> bytes:
    """Number of units, three Golomb orders, then for each unit the step in letters, latitude and
    longitude."""
    steps: list[tuple[int, int, int]] = []
    last = (-1, units[0][1], units[0][2])
    for unit in units:
        steps.append(
            (unit[0] - last[0] - 1, _zigzag(unit[1] - last[1]), _zigzag(unit[2] - last[2]))
        )
        last = unit
    orders = [min(range(8), key=partial(_length, values)) for values in zip(*steps, strict=True)]
    bits = [_golomb(len(units), 7), _golomb(units[0][1], 9), _golomb(units[0][2], 9)]
    bits += [f"{order:03b}" for order in orders]
    bits += [_golomb(value, k) for step in steps for value, k in zip(step, orders, strict=True)]
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def _zigzag(number: int) -> int:
    return number * 2 if number >= 0 else -number * 2 - 1


def _golomb(number: int, order: int) -> str:
    """Exponential Golomb code: small numbers take few bits, large ones are allowed."""
    digits = f"{number + (1 << order):b}"
    return "0" * (len(digits) - 1 - order) + digits


def _length(numbers: Sequence[int], order: int) -> int:
    """The number of bits that the numbers take."""
    more = 1 << order
    return 2 * sum((number + more).bit_length() for number in numbers) - len(numbers) * order


class Postcodes:
    """Reads the small file: gives the position of a postcode. `static/find.js` does the same."""

    def __init__(self, data: bytes) -> None:
        """Raises PostcodesError if `data` was not made by `pack`."""
        line, _, self._data = data.partition(b"\n")
        try:
            head = json.loads(line)
            self._first: Sequence[float] = head["first"]
            self._step: Sequence[float] = head["step"]
            sectors: Mapping[str, int] = head["sectors"]
            ends = [*accumulate(sectors.values(), initial=0)]
        except (ValueError, KeyError, TypeError) as error:
            raise PostcodesError(_DAMAGED) from error
        if ends[-1] != len(self._data):
            raise PostcodesError(_DAMAGED)
        self._places = dict(zip(sectors, pairwise(ends), strict=True))

    def find(self, postcode: str) -> Position | None:
        """The position of 'BB4 6AA', to about 100 metres; None if it is not in the file."""
        start, end = self._places.get(postcode[:-2], (0, 0))
        if start == end or not set(postcode[-2:]) <= set(LETTERS):
            return None
        wanted = _letters(postcode)
        for letters, up, across in _units(self._data[start:end]):
            if letters == wanted:
                return self._position(up, across, "postcode")
        return None

    def middle(self, sector: str) -> Position | None:
        """The mean position of the postcodes of 'BB4 6'; None if there are none."""
        start, end = self._places.get(sector, (0, 0))
        units = [*_units(self._data[start:end])] if start != end else []
        if not units:
            return None
        up = sum(unit[1] for unit in units) / len(units)
        across = sum(unit[2] for unit in units) / len(units)
        return self._position(up, across, "sector")

    def _position(
        self, up: float, across: float, precision: Literal["postcode", "sector"]
    ) -> Position:
        (south, west), (step_up, step_across) = self._first, self._step
        return Position(south + up * step_up, west + across * step_across, precision)

    def __len__(self) -> int:
        return sum(_count(self._data[start:end]) for start, end in self._places.values())


def exact_finder(data: bytes) -> Callable[[str], Position | None] | None:
    """The function that finds exact postcodes; None where they have not been imported.

    A damaged file counts as none: the build reports it.
    """
    try:
        return Postcodes(data).find if data else None
    except PostcodesError:
        return None


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._text = f"{int.from_bytes(data, 'big'):0{len(data) * 8}b}"
        self._at = 0

    def take(self, count: int) -> int:
        """Read a number of `count` bits."""
        self._at += count
        return int(self._text[self._at - count : self._at] or "0", 2)

    def golomb(self, order: int) -> int:
        one = self._text.index("1", self._at)
        length = one - self._at + order + 1
        self._at = one
        return self.take(length) - (1 << order)


def _count(data: bytes) -> int:
    return _Bits(data).golomb(7)


def _units(data: bytes) -> Iterator[tuple[int, int, int]]:
    bits = _Bits(data)
    count, up, across = bits.golomb(7), bits.golomb(9), bits.golomb(9)
    orders = [bits.take(3) for _ in range(3)]
    letters = -1
    for _ in range(count):
        letters += bits.golomb(orders[0]) + 1
        up += _unzigzag(bits.golomb(orders[1]))
        across += _unzigzag(bits.golomb(orders[2]))
        yield letters, up, across


def _unzigzag(number: int) -> int:
    return -(number + 1 >> 1) if number & 1 else number >> 1
