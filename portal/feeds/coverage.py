"""Coverage as open data: `/data/coverage.json` and the same cells as `/data/coverage.csv`.

`docs/partners.md` describes both. Keys and columns stay; others may be added after them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from portal.coverage.cells import Cell, Coverage
from portal.coverage.reach import MILES, Reach
from portal.dependencies import once_with, remembers
from portal.directory import Directory, District, Footprint

JSON = "/data/coverage.json"
CSV = "/data/coverage.csv"
COLUMNS = (
    "district",
    "age",
    "part",
    "word",
    "sessions",
    "groups",
    *(f"share_within_{miles}_miles" for miles in MILES),
    "groups_left_out",
)


def json_files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The maker of the JSON file, by public path."""
    return {JSON: partial(as_json, directory)}


def csv_files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The maker of the CSV file, by public path."""
    return {CSV: partial(as_csv, directory)}


def document(directory: Directory, area: District | Footprint | None = None) -> dict[str, Any]:
    """What the JSON file holds, or the part of it about one area: the coverage with its reach."""
    coverage = Coverage.of(directory)
    found = coverage.as_json([*_cells(directory, area)], area)
    return {**found, "shares_counted_by": Reach.of(directory, coverage).basis}


def _cells(directory: Directory, area: District | Footprint | None) -> Iterator[dict[str, Any]]:
    coverage = Coverage.of(directory)
    reach = Reach.of(directory, coverage)
    return (_cell(reach, cell) for cell in coverage.cells_of(area))


def _cell(reach: Reach, cell: Cell) -> dict[str, Any]:
    shares = {
        str(miles): _share(reach.share(cell.district, cell.band, cell.part, miles))
        for miles in MILES
    }
    left_out = len(reach.rough(cell.band, cell.part, cell.district))
    return {**cell.as_json(), "share_within_miles": shares, "groups_left_out": left_out}


def rows(
    directory: Directory, area: District | Footprint | None = None
) -> Iterator[tuple[str | int | float | None, ...]]:
    """The rows of the CSV file, or those of one area, without its head."""
    for cell in _cells(directory, area):
        yield (
            cell["district"],
            cell["band"],
            cell["part"],
            cell["word"],
            cell["sessions"],
            len(cell["series"]),
            *cell["share_within_miles"].values(),
            cell["groups_left_out"],
        )


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def as_json(directory: Directory, area: District | Footprint | None = None) -> bytes:
    """The JSON file, or the part of it about one area."""
    coverage, kept = Coverage.of(directory), _texts_of(directory)
    reach = Reach.of(directory, coverage)
    cells = (
        once_with(
            kept,
            (district.slug, "cells"),
            (coverage.cells_of(district), reach.near_and_somewhere),
            partial(_cell_texts, reach),
        )
        for district in coverage.districts_in(area)
    )
    areas = (
        once_with(kept, one and one.path, (coverage.area_as_json(one),), _text)
        for one in coverage.areas(area)
    )
    found = {**coverage.about(), "cells": [], "areas": [], "shares_counted_by": reach.basis}
    text = json.dumps(found, ensure_ascii=False, indent=1)
    for name, texts in (("cells", cells), ("areas", areas)):
        if joined := ",\n  ".join(texts):
            text = text.replace(f'\n "{name}": []', f'\n "{name}": [\n  {joined}\n ]', 1)
    return f"{text}\n".encode()


@remembers(2)
def _texts_of(_directory: Directory) -> dict[Any, Any]:
    """The texts of cells and areas, kept while series are edited."""
    return {}


def _cell_texts(reach: Reach, cells: Iterable[Cell], *_: object) -> str:
    return ",\n  ".join(_text(_cell(reach, cell)) for cell in cells)


def _text(value: object) -> str:
    """As JSON, within a list within the document. A line break within a value is escaped."""
    return json.dumps(value, ensure_ascii=False, indent=1).replace("\n", "\n  ")


def as_csv(directory: Directory, area: District | Footprint | None = None) -> bytes:
    """The CSV file, or the part of it about one area."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows(directory, area))
    return file.getvalue().encode()
