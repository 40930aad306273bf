"""The figures of a quarter as open data: one table as CSV, and the same as JSON.

Pages for staff offer the same files for one area. Both say everything that the pages say, with the
same safe figures: a number, `30 or more`, or `hidden`; in JSON a number, `{"from": 30}` or null.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from portal.directory import Directory, quarters
from portal.directory.addresses import report_file
from portal.directory.measures import KINDS, MEASURES, OR_MORE, Figure
from portal.directory.quarterly import Cube, Line, Report, report_among, with_quarter

HEADER = (
    "Quarter", "Note", "Area", "Area in words", "Line", "Line in words", "Reading", "Beside it",
    *(measure.words for measure in MEASURES),
)  # fmt: skip
HIDDEN = "hidden"
FIGURES = (
    f'{{"from": 30}} is 30 or more: {OR_MORE} null is a number that is hidden: fewer than 5, or a '
    "larger one from which a small one could be worked out."
)
SAMPLE = "Invented numbers: a sample year"
SO_FAR = "So far: the quarter is not over"


def cell(figure: Figure) -> str:
    """A figure in a cell of a table: '1,230' without its comma, '30 or more' or 'hidden'."""
    return HIDDEN if figure.hidden else figure.words.replace(",", "")


def note(cube: Cube) -> str:
    """What has to be known of the numbers of a quarter before they are used; '' if nothing."""
    said = [
        SAMPLE if cube.sample else "",
        "" if cube.final else SO_FAR,
        f"Edition {cube.edition}: corrected" if cube.edition > 1 else "",
    ]
    return "; ".join(filter(None, said))


def notes(report: Report) -> Mapping[str, str]:
    """The notes of a report's quarters: a row may be of a quarter beside it."""
    beside = (report.cube, report.earlier, report.last_year)
    return {cube.quarter: note(cube) for cube in beside if cube is not None}


def file_name(report: Report, ending: str) -> str:
    """The name of the file of one area: 'report-2026-q4-district-preston.csv'. It says what must
    not be forgotten when the file is passed on."""
    area = report.area.replace(":", "-")
    parts = ["report", report.quarter.lower(), area]
    if not report.cube.final:
        parts.append("so-far")
    if any(cube.sample for cube in (report.cube, report.earlier, report.last_year) if cube):
        parts.append("invented")
    return f"{'-'.join(parts)}.{ending}"


def lines_of(report: Report) -> Iterator[tuple[str, Line]]:
    """Every line of a report with its quarter: first 'all', beside the two quarters it is compared
    with."""
    before, year_ago = report.before, report.year_ago
    yield report.quarter, report.all
    if before is not None and report.earlier is not None:
        yield report.earlier.quarter, before
    if year_ago is not None and report.last_year is not None:
        yield report.last_year.quarter, year_ago
    for kind in KINDS:
        for line in report.table(kind).lines:
            yield report.quarter, line
    if report.private is not None:
        yield report.quarter, report.private


def rows(report: Report) -> Iterator[list[str]]:
    """The rows of a report for a table with the columns of HEADER."""
    noted = notes(report)
    for quarter, line in lines_of(report):
        figures = (line.figures.get(measure.name) for measure in MEASURES)
        yield [
            quarter, noted[quarter], report.area, report.title, line.key, line.label,
            line.reading, line.links,
            *("" if figure is None else cell(figure) for figure in figures),
        ]  # fmt: skip


def as_json(reports: Sequence[Report]) -> bytes:
    """Reports of one quarter as JSON, with the meaning of each number."""
    first = reports[0]
    cube = first.cube
    given: dict[str, Any] = {
        "quarter": cube.quarter,
        "words": quarters.words(cube.quarter),
        "made": cube.made.isoformat(),
        "edition": cube.edition,
        "over": cube.final,
        "sample": SAMPLE if cube.sample else "",
        "notes": notes(first),
        "figures": FIGURES,
        "measures": [
            {
                "name": measure.name,
                "words": measure.words,
                "unit": measure.unit,
                "part": measure.section,
                "explanation": measure.explanation,
            }
            for measure in MEASURES
        ],
        "areas": [
            {
                "area": report.area,
                "words": report.title,
                "lines": [_line(quarter, line) for quarter, line in lines_of(report)],
            }
            for report in reports
        ],
    }
    return (json.dumps(given, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _line(quarter: str, line: Line) -> dict[str, Any]:
    figures = {name: figure.as_json() for name, figure in line.figures.items()}
    return {
        "quarter": quarter,
        "line": line.key,
        "words": line.label,
        "reading": line.reading,
        "beside": line.links,
        "figures": figures,
    }


def reports_of(cubes: Sequence[Cube], quarter: str, directory: Directory) -> list[Report]:
    """The reports of all areas of one of these quarters."""
    cube = with_quarter(cubes, quarter)
    found = (report_among(cubes, quarter, area, directory) for area in (cube.areas if cube else ()))
    return [report for report in found if report is not None]


# --- the public files -----------------------------------------------------------------------------


def json_files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The maker of the JSON of each published quarter, by path."""
    return _files(directory, "json", as_json)


def csv_files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The maker of the table of each published quarter, by path."""
    return _files(directory, "csv", _as_csv)


def _files(
    directory: Directory, ending: str, write: Callable[[Sequence[Report]], bytes]
) -> Mapping[str, Callable[[], bytes]]:
    return {
        report_file(one.quarter, ending): partial(_made, directory, one.quarter, write)
        for one in directory.reports
    }


def _made(directory: Directory, quarter: str, write: Callable[[Sequence[Report]], bytes]) -> bytes:
    return write(reports_of([one.cube for one in directory.reports], quarter, directory))


def _as_csv(reports: Sequence[Report]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(HEADER)
    for report in reports:
        writer.writerows(rows(report))
    return b"\xef\xbb\xbf" + file.getvalue().encode()
