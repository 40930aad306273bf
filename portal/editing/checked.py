"""Writes into a centre's file that its week was checked, if it is still what was shown.

The machine that builds public pages has no database, so what a page says of a check comes from the
field `checked`. It is written as an editor would write it, and nothing else in the file changes.
Nor does the time of its last change: calendars and feeds would otherwise have news each Monday.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from sqlalchemy import Engine

from portal import content
from portal.content.history import CHECKED
from portal.directory import Centre
from portal.directory.centre_week import week_of
from portal.directory.values import LONDON
from portal.editing import publishing
from portal.editing.publishing import Author, Edit, EditingError, NotHere
from portal.editing.rewriting import rewritten
from portal.settings import Settings


class WeekChanged(EditingError):
    """The content says something else than what was shown. Nothing was written."""


def write_checked(
    settings: Settings,
    engine: Engine,
    centre: Centre,
    *,
    monday: date,
    digest: str,
    author: Author,
    now: datetime,
) -> None:
    """Set `checked` to today. `digest` is that of the week that the author was shown.

    Raises WeekChanged, NotHere if this machine does not build, RewritingError, EditingError, and
    content.ContentError where the content has mistakes.
    """
    if "build" not in settings.roles:
        raise NotHere(publishing.NOT_HERE)
    text, base = publishing.read(settings.root, centre.source)
    edits = [Edit(centre.source, _with_check(text, centre, now), base)]
    effects = publishing.check(settings, edits, now=now, engine=engine)
    if effects.problems or effects.directory is None:
        raise content.ContentError(effects.problems)
    found = effects.directory.centre(centre.slug)
    if found is None or week_of(effects.directory, found, monday).digest != digest:
        raise WeekChanged(
            "Somebody has changed this week since, and the change is being published."
        )
    file = settings.root / centre.source
    try:
        before = file.stat()
    except OSError as error:
        raise EditingError(f"{centre.source} is gone, or cannot be read.") from error
    summary = f"{CHECKED} {centre.title}"
    publishing.publish(settings, engine, edits, author=author, summary=summary, now=now)
    with suppress(OSError):  # it may be gone again by now
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _with_check(text: str, centre: Centre, now: datetime) -> str:
    day = now.astimezone(LONDON).date()
    changes: dict[str, str | Sequence[str] | None] = {"checked": day.isoformat()}
    if centre.is_sample("checked"):
        others = [field for field in centre.sample if field != "checked"]
        changes["sample"] = others or None
    return rewritten(text, changes)
