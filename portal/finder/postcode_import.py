"""Reads the national postcode files, in all their layouts, row by row.

OS Code-Point Open has no header and always the same columns; its spacing of postcodes differs by
release. The ONS directories (ONSPD, NSPL) name their columns, with a year in the names. Either may
be one CSV file, a folder or a zip, with other files beside it.

The whole country is 1.7 million rows, of which a county keeps about a hundred thousand at most, so
rows are streamed. Every row is accounted for: it is kept, or dropped and counted for a reason that
is not a fault, or reported with its line number.
"""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import IO, NamedTuple

from portal.errors import PortalError
from portal.finder.national_grid import degrees

# Called with the number of bytes read so far, and the total.
Progress = Callable[[int, int], None]

# The letters that may end a postcode: Royal Mail does not use C, I, K, M, O or V there.
LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_POSTCODE = re.compile(rf"[A-Z]{{1,2}}[0-9][A-Z0-9]?[0-9][{LETTERS}]{{2}}")

_METRES_IN_MILE = 1609.344
_NAMED = 1_000  # how many bad rows are listed; all are counted
_NO_POSITION = frozenset(("90", "9"))  # the codes of Code-Point and of ONS
_EAST, _NORTH = 700_000, 1_300_000  # the limits of the national grid, in metres


class PostcodesError(PortalError):
    """The file holds no usable postcodes; the message says what to do."""


class Placed(NamedTuple):
    """A postcode such as 'BB4 6AA', where it is in degrees, and the ONS code of its district.

    One of the border has no district.
    """

    postcode: str
    latitude: float
    longitude: float
    district: str = ""


@dataclass(slots=True)
class Report:
    """How many rows were kept, dropped and bad."""

    kept: int = 0
    border: int = 0  # how many of the rows kept lie outside the districts
    dropped: Counter[str] = field(default_factory=Counter)  # by reason
    bad: int = 0
    named: list[str] = field(default_factory=list)  # 'file:line: what is wrong'
    files: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # files that hold no postcodes

    def lines(self) -> Iterator[str]:
        """The report in words: rows kept, rows left out and why, and bad rows."""
        yield f"Kept {self.kept:,}, of which {self.border:,} in the border."
        for reason, number in self.dropped.most_common():
            yield f"Left out {number:,} {reason}."
        if self.bad:
            yield f"{self.bad:,} {'row makes' if self.bad == 1 else 'rows make'} no sense."
        if self.skipped:
            others = " and others" if len(self.skipped) > 5 else ""
            yield f"No postcodes in {', '.join(self.skipped[:5])}{others}."

    def name(self, file: str, line: int, words: str) -> None:
        self.bad += 1
        if len(self.named) < _NAMED:
            self.named.append(f"{file}:{line}: {words}")


def read(
    path: Path,
    districts: Collection[str],
    *,
    border_miles: float = 10.0,
    progress: Progress = lambda *_: None,
) -> tuple[list[Placed], Report]:
    """Read the postcodes of the districts (by their ONS codes), and of a border around them.

    Raises PostcodesError if there are none.
    """
    report = Report()
    rows = _Rows(frozenset(districts), report)
    with _sources(path) as sources:
        total, before = sum(source.size for source in sources), 0
        for source in sources:
            layout = _layout(source)
            if layout is None:
                report.skipped.append(source.name)
            else:
                report.files.append(source.name)
                for done in rows.take(source, layout):
                    progress(before + done, total)
            before += source.size
            progress(before, total)
    if not report.files:
        raise PostcodesError(
            f"{path}: this holds no postcodes that we can read. Give the zip, the folder or a CSV "
            "file of OS Code-Point Open, of the ONS Postcode Directory or of the ONS Postcode "
            "Lookup, as it was downloaded."
        )
    if not rows.wanted:
        raise PostcodesError(
            f"{path}: none of its postcodes lies in the districts {', '.join(sorted(districts))}. "
            "Give the file that covers them, or correct the codes in content/footprints.yaml."
        )
    return rows.placed(border_miles * _METRES_IN_MILE), report


class _Source(NamedTuple):
    name: str
    size: int
    open: Callable[[], IO[bytes]]


@contextmanager
def _sources(path: Path) -> Iterator[Sequence[_Source]]:
    """The CSV files in a path, which may be a CSV file, a folder or a zip."""
    if not path.exists():
        raise PostcodesError(f"{path}: there is no such file. Look for a slip in its name.")
    if path.is_dir():
        files = sorted(path.rglob("*.[cC][sS][vV]"))
        yield _without_doubles(
            [_Source(str(f.relative_to(path)), f.stat().st_size, _opener(f)) for f in files]
        )
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            infos = sorted(packed.infolist(), key=lambda info: info.filename)
            yield _without_doubles(
                [
                    _Source(info.filename, info.file_size, _unpacker(packed, info))
                    for info in infos
                    if info.filename.lower().endswith(".csv")
                ]
            )
    else:
        yield [_Source(path.name, path.stat().st_size, _opener(path))]


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _unpacker(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: packed.open(info)


def _without_doubles(sources: list[_Source]) -> list[_Source]:
    """Leave out duplicates: ONS packs the same rows twice, whole and by area in `multi_csv/`."""
    whole = [source for source in sources if "multi_csv/" not in source.name.replace("\\", "/")]
    return whole if any(map(_layout, whole)) else sources


class _Counted(io.RawIOBase):
    """A stream that counts the bytes read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.done = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self.done += len(data)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


# --- layouts --------------------------------------------------------------------------------------


# The names of each column, current and past: the part with the year changes with every release.
_NAMES = (
    r"pcds|pcd8?|pcd7|pcd2",
    r"(os)?east1m",
    r"osnrth1m|north1m",
    r"oslaua|laua|lad(\d\d)?cd",
    r"osgrdind|gridind",
    r"doterm",
)


class _Layout:
    """Columns of postcode, easting, northing, district, quality and, in some files, end date."""

    def __init__(self, columns: Sequence[int], count: int, *, header: bool) -> None:
        self.header = header
        self.commas = count - 1
        self.cells: Callable[[Sequence[str]], tuple[str, ...]] = itemgetter(*columns)
        self.last = max(columns) + 1


_CODE_POINT = _Layout((0, 2, 3, 8, 1), 10, header=False)


def _layout(source: _Source) -> _Layout | None:
    """The layout of a file, from its first line; None if it holds no postcodes."""
    with source.open() as stream:
        first = stream.readline(16_384).decode("utf-8-sig", "replace").replace("\0", "")
    row = next(csv.reader([first]), [])
    if len(row) == 10 and _POSTCODE.fullmatch(row[0].replace(" ", "")) and row[2].isdecimal():
        return _CODE_POINT
    names = [name.strip().lower() for name in row]
    found = [[n for n, name in enumerate(names) if re.fullmatch(p, name)] for p in _NAMES]
    if not all(found):
        return None
    return _Layout([numbers[0] for numbers in found], len(row), header=True)


# --- choosing rows --------------------------------------------------------------------------------


class _Rows:
    """Rows that may be wanted. Which rows lie in the border is known only when all have been read,
    so rows are kept as plain numbers: about 16 bytes each, for the whole country."""

    def __init__(self, districts: frozenset[str], report: Report) -> None:
        self._districts = {code: number for number, code in enumerate(sorted(districts))}
        self._report = report
        self._codes = array("Q")
        self._easts = array("i")
        self._norths = array("i")
        self.wanted: dict[int, int] = {}  # by index, the number of the district

    def take(self, source: _Source, layout: _Layout) -> Iterator[int]:
        """Read one file; yields the number of bytes read from time to time."""
        counted = _Counted(source.open())
        buffered = io.BufferedReader(counted, 1 << 18)
        with io.TextIOWrapper(buffered, "utf-8-sig", "replace") as lines:
            for number, line in enumerate(lines, 1):
                if not number & 0xFFFF:
                    yield counted.done
                if (layout.header and number == 1) or line == "\n":
                    continue
                try:
                    self._take(layout, line)
                except ValueError as error:
                    self._report.name(source.name, number, str(error))

    def _take(self, layout: _Layout, line: str) -> None:
        if line.count(",") == layout.commas:
            # No cell holds a comma. Splitting takes a tenth of the time of reading it as CSV.
            cells = line.split(",", layout.last)
        else:
            try:
                cells = next(csv.reader([line.replace("\0", "?")]))
            except csv.Error:
                cells = []
            if len(cells) != layout.commas + 1:
                raise ValueError(f"columns: {len(cells)}; there should be {layout.commas + 1}.")
        self._keep(*layout.cells(cells))

    def _keep(self, *cells: str) -> None:
        """Keep a row, or count why it was dropped. Raises ValueError if the row is bad."""
        postcode, east, north, district, quality, *ended = [cell.strip(' "\n') for cell in cells]
        if ended and ended[0]:
            self._report.dropped["no longer in use"] += 1
            return
        compact = postcode.replace(" ", "")
        if not _POSTCODE.fullmatch(compact):
            compact = compact.upper()
            if not _POSTCODE.fullmatch(compact):
                raise ValueError(f"'{postcode[:20]}' is not a postcode.")
        if compact.startswith("BT"):
            self._report.dropped["in Northern Ireland, under another licence"] += 1
            return
        if quality in _NO_POSITION or not east.strip("0") or not north.strip("0"):
            self._report.dropped["without a position"] += 1
            return
        if not (east.isdecimal() and north.isdecimal()):
            raise ValueError(f"'{east[:20]}, {north[:20]}' are not metres of the national grid.")
        metres_east, metres_north = int(east), int(north)
        if metres_east >= _EAST or metres_north >= _NORTH:
            raise ValueError(f"{east[:20]}, {north[:20]} lie outside the national grid.")
        if district in self._districts:
            self.wanted[len(self._codes)] = self._districts[district]
        self._codes.append(int.from_bytes(compact.encode(), "big"))
        self._easts.append(metres_east)
        self._norths.append(metres_north)

    def placed(self, border: float) -> list[Placed]:
        """The rows of the districts and of the border, each postcode once, in order."""
        report = self._report
        near = self._cells_near(border)
        codes = [*self._districts]
        kept: dict[str, tuple[int, int, str]] = {}
        for index, (east, north) in enumerate(zip(self._easts, self._norths, strict=True)):
            wanted = index in self.wanted
            if not wanted and (east // 1000, north // 1000) not in near:
                report.dropped["too far away"] += 1
                continue
            code = self._codes[index]
            compact = code.to_bytes((code.bit_length() + 7) // 8, "big").decode()
            postcode = f"{compact[:-3]} {compact[-3:]}"
            if postcode in kept:
                report.dropped["there already"] += 1
                continue
            kept[postcode] = east, north, codes[self.wanted[index]] if wanted else ""
            report.border += not wanted
        report.kept = len(kept)
        return [
            Placed(postcode, *degrees(east, north), district)
            for postcode, (east, north, district) in sorted(kept.items())
        ]

    def _cells_near(self, border: float) -> set[tuple[int, int]]:
        """The 1 km squares whose centre is within `border` metres of the centre of a wanted one."""
        own = {(self._easts[index] // 1000, self._norths[index] // 1000) for index in self.wanted}
        reach = int(border // 1000)
        steps = [
            (x, y)
            for x in range(-reach, reach + 1)
            for y in range(-reach, reach + 1)
            if math.hypot(x, y) * 1000 <= border
        ]
        # A square surrounded by wanted squares adds nothing that they do not.
        edge = [
            (x, y)
            for x, y in own
            if not own.issuperset(((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)))
        ]
        return own | {(x + east, y + north) for x, y in edge for east, north in steps}
