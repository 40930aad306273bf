"""Trust figures as open data: `/data/quality.json`, and what is missing as `/data/quality.csv`.

`docs/partners.md` describes both. Keys and columns stay; others may be added after them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from portal.coverage.trust import CENTRE_FACTS, PROGRAMME_FACTS, figures
from portal.directory import Centre, Directory

JSON = "/data/quality.json"
CSV = "/data/quality.csv"
_FACTS = tuple(dict.fromkeys(fact.key for fact in (*CENTRE_FACTS, *PROGRAMME_FACTS)))
COLUMNS = ("kind", "name", "page", "district", *_FACTS)
_WORDS: Mapping[bool | None, str] = {True: "yes", False: "no", None: ""}


def json_files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The maker of the JSON file, by public path."""
    return {JSON: partial(_json, directory)}


def csv_files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The maker of the CSV file, by public path."""
    return {CSV: partial(_csv, directory)}


def rows(directory: Directory) -> Iterator[tuple[str, ...]]:
    """A row for each centre and programme: yes, no, or nothing where a fact does not apply."""
    for kind, thing, known in figures(directory).rows():
        yield (
            kind,
            thing.title,
            directory.site.base_address + thing.path,
            thing.district if isinstance(thing, Centre) else "",
            *(_WORDS[known.get(key)] for key in _FACTS),
        )


def _json(directory: Directory) -> bytes:
    told = figures(directory).as_json()
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _csv(directory: Directory) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows(directory))
    return file.getvalue().encode()
