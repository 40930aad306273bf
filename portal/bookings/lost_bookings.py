"""Finds content that would lose what families have booked, or book its places twice.

Each is reported like any other mistake in a file, with its remedy: `portal check` and
`portal build` refuse such content. A machine that builds without the database cannot know of them,
so what is published is looked at once more (`portal.server.publishing`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy import Engine

from portal.bookings.content_changes import booking_mode_changed, missing_from_content
from portal.content import Problem
from portal.directory import Directory, Series


def mistakes(engine: Engine, directory: Directory, *, now: datetime) -> list[Problem]:
    """Mistakes in the content that existing bookings rule out."""
    return [
        *(_lost(directory, one) for one in missing_from_content(engine, directory, now=now)),
        *map(_booked_otherwise, booking_mode_changed(engine, directory, now=now)),
    ]


def _lost(directory: Directory, identity: str) -> Problem:
    centre, _, slug = identity.partition("/")
    found = directory.centre(centre)
    folder = PurePosixPath(found.source).parent if found else PurePosixPath("centres")
    words = (
        "families have booked this series, but its file is gone. Put it back, with "
        "'withdrawn: reason' if it is cancelled; or, if it was renamed, write "
        f"'aliases: {slug}' in its file."
    )
    return Problem(str(folder / f"{slug}.md"), 1, 1, words)


def _booked_otherwise(series: Series) -> Problem:
    single = series.book == "session"
    booked, before = ("the whole of it", "series") if single else ("single dates", "session")
    words = (
        f"families have booked {booked}, and with 'book: {series.book}' all places could be "
        f"booked a second time. Write 'book: {before}', and use a new file for what is to be "
        "booked the other way."
    )
    return Problem(series.source, 1, 1, words)
