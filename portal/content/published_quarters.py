"""Reads content/reports/<quarter>.json: the safe numbers of a quarter, as they were published."""

from __future__ import annotations

import json

from portal.content.front_matter import Problem
from portal.directory import PublishedReport
from portal.directory.quarterly import Cube

_AGAIN = "The portal writes this file: publish the quarter again, or bring back the file of before."


def read_report(text: str, path: str) -> tuple[PublishedReport | None, Problem | None]:
    """The quarter in the text of a file, or else what is wrong with it."""
    try:
        cube = Cube.from_json(json.loads(text))
    except json.JSONDecodeError as error:
        words = f"this is not JSON ({error.msg}). {_AGAIN}"
        return None, Problem(path, error.lineno, error.colno, words)
    except (ValueError, RecursionError) as error:
        return None, Problem(path, 1, 1, f"{error}. {_AGAIN}")
    if f"{cube.quarter}.json" != path.rpartition("/")[2]:
        words = f"this holds the numbers of {cube.quarter}. Name it '{cube.quarter}.json'."
        return None, Problem(path, 1, 1, words)
    return PublishedReport(cube, path), None
