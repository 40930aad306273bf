"""Finds content that would lose what families have booked, or book its places twice.

Each is reported like any other mistake in a file, with its remedy: `portal check` and
`portal build` refuse such content. A machine that builds without the database cannot know of them,
so what is published is looked at once more (`portal.server.publishing`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy import Engine

from portal.bookings.content_changes import booking_mode_changed, missing_from_content
from portal.content import Problem
from portal.directory import Centre, Directory, Series
from portal.directory.phrases import count


def mistakes(engine: Engine, directory: Directory, *, now: datetime) -> list[Problem]:
    """Mistakes in the content that existing bookings rule out."""
    lost: dict[str, list[str]] = defaultdict(list)
    for identity in missing_from_content(engine, directory, now=now):
        slug, _, name = identity.partition("/")
        lost[slug].append(name)
    found: list[Problem] = []
    for slug, names in lost.items():
        if centre := directory.find_centre(slug):
            found += (_lost_file(directory, centre, f"{slug}/{name}") for name in names)
        else:
            found.append(_lost_centre(directory, slug, names))
    changed = map(_booked_otherwise, booking_mode_changed(engine, directory, now=now))
    return [*found, *changed]


def _every_series(directory: Directory) -> tuple[Series, ...]:
    return (*directory.series, *directory.private_series)


def _lost_file(directory: Directory, centre: Centre, identity: str) -> Problem:
    """A file that is gone from a centre that is there: removed, renamed or moved."""
    slug = identity.partition("/")[2]
    moved = [series for series in _every_series(directory) if series.slug == slug]
    path = str(PurePosixPath(centre.source).parent / f"{slug}.md")
    words = (
        "families have booked this series, but its file is gone. Put it back, with "
        "'withdrawn: reason' if it is cancelled; or, if it was renamed, "
    )
    if len(moved) == 1:
        return Problem(path, 1, 1, f"{words}{_add_alias(moved[0], identity)}.")
    return Problem(path, 1, 1, f"{words}add '{slug}' to the 'aliases' of its file.")


def _lost_centre(directory: Directory, slug: str, names: list[str]) -> Problem:
    """A centre's folder that is gone, or has another name. The problem is at the new one."""
    what = f"families have booked '{slug}/{names[0]}'"
    if len(names) > 1:
        what += f" and {count(len(names) - 1, 'other series', 'other series')} there"
    same = Counter(s.centre.slug for s in _every_series(directory) if s.slug in names)
    likely = [centre for centre, number in same.most_common() if number == max(same.values())]
    centre = directory.centre(likely[0]) if len(likely) == 1 else None
    if centre is None:
        words = (
            f"{what}, and the folder '{slug}' is gone. Put it back, with 'withdrawn: reason' in "
            f"each series that is cancelled; or write 'aliases: {slug}' in the index.md of the "
            "folder that it is now."
        )
        return Problem("centres", 1, 1, words)
    words = (
        f"{what}, and there is no folder '{slug}' any more. If it was renamed to "
        f"'{centre.slug}', {_add_alias(centre, slug)}. Otherwise put the folder back."
    )
    return Problem(centre.source, centre.lines.get("aliases", 1), 1, words)


def _add_alias(noun: Centre | Series, name: str) -> str:
    """What to write so that a noun keeps its old name. The oldest name stays the first one."""
    names = (*noun.aliases, name)
    written = f"[{', '.join(names)}]" if len(names) > 1 else name
    return f"write 'aliases: {written}' in {noun.source}"


def _booked_otherwise(series: Series) -> Problem:
    single = series.book == "session"
    booked, before = ("the whole of it", "series") if single else ("single dates", "session")
    words = (
        f"families have booked {booked}, and with 'book: {series.book}' all places could be "
        f"booked a second time. Write 'book: {before}', and use a new file for what is to be "
        "booked the other way."
    )
    return Problem(series.source, 1, 1, words)
