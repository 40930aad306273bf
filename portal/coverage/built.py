"""Keeps what the last build showed of coverage, so that an edit can be compared with it later.

A comparison is of 13 weeks from its own day, which may be days after the build. So the build keeps
its public sessions as far as they are known, each with the cells that it is in.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

from portal import private_files
from portal.coverage.cells import WEEKS, Coverage
from portal.coverage.changes import Held, Snapshot, snapshot_of
from portal.directory import AGE_BANDS, Directory

FILE = "coverage.json.gz"


def keep(folder: Path, directory: Directory) -> None:
    """Keep the public sessions of a build, from its day on."""
    coverage = Coverage.of(directory)
    rows: dict[Held, list[str]] = defaultdict(list)
    for series in directory.series:
        bands = tuple(band.slug for band in AGE_BANDS if band.holds(series.ages or ()))
        alike: dict[tuple[int, str], list[str]] = {}  # days by venue and part of the week
        for session in series.all_sessions:
            if bands and not session.off and session.day >= directory.today:
                key = id(session.venue), coverage.part_of(session)
                if key not in alike:
                    alike[key] = rows[Held.of(session, bands, coverage)]
                alike[key].append(session.day.isoformat())
    said = {
        "until": directory.feed_until.isoformat(),
        "sessions": [[*held, days] for held, days in rows.items()],
    }
    private_files.write_file(folder / FILE, gzip.compress(json.dumps(said).encode(), 1, mtime=0))


def kept(folder: Path, today: date) -> Snapshot | None:
    """What the last build shows of the 13 weeks from today; None if it does not reach so far."""
    last = today + timedelta(days=7 * WEEKS - 1)
    first, end = today.isoformat(), last.isoformat()
    try:
        said = json.loads(gzip.decompress((folder / FILE).read_bytes()))
        if said["until"] < end:
            return None
        return snapshot_of(
            (
                Held(district, part, tuple(bands), (point[0], point[1]), slack),
                sum(first <= day <= end for day in days),
            )
            for district, part, bands, point, slack, days in said["sessions"]
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
