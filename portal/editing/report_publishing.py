"""Publishes the numbers of a quarter: content/reports/<quarter>.json, as an editor would write it.

What is published is what somebody has looked at: the file is made from the register once more, and
refused if it is not the same by then (S106). A later edition is a correction of the one before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine

from portal.directory import Directory, quarters
from portal.directory.measures import MEASURE, Figure, Measure, area_title, line_label
from portal.directory.quarterly import Cube
from portal.editing import publishing
from portal.editing.files import Edit, EditingError, bytes_of, digest_of
from portal.editing.publishing import Author, NotHere, Published
from portal.reports.report import new_edition
from portal.settings import Settings


class NumbersChanged(EditingError):
    """The numbers, or the published file, are not what was looked at. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Change:
    """A number that a later edition corrects."""

    area: str
    line: str
    measure: Measure
    before: Figure
    after: Figure


@dataclass(frozen=True, slots=True)
class Edition:
    """The numbers of a quarter that can be published now, and those that are published already."""

    cube: Cube
    published: Cube | None
    base: str | None  # the digest of the published file

    @property
    def path(self) -> str:
        return path_of(self.cube.quarter)

    @property
    def is_published(self) -> bool:
        """Whether the published numbers are these already."""
        old = self.published
        return old is not None and (old.areas, old.sample) == (self.cube.areas, self.cube.sample)

    @property
    def seen(self) -> str:
        """Identifies what somebody has looked at."""
        return digest_of(f"{self.base} {self.cube.text()}")

    def changes(self, directory: Directory) -> list[Change]:
        """What differs from the published edition, with areas and lines in words."""
        return list(_changes(self.published, self.cube, directory)) if self.published else []


def path_of(quarter: str) -> str:
    """The file of a published quarter, from the root."""
    return f"content/reports/{quarter}.json"


def prepare(
    settings: Settings, engine: Engine, directory: Directory, quarter: str, now: datetime
) -> Edition:
    """The next edition of a quarter. Raises NoQuarter for a quarter that is not over or has no
    record, NotHere if this machine does not build, and EditingError."""
    if "build" not in settings.roles:
        raise NotHere(publishing.NOT_HERE)
    quarters.first_day(quarter)
    data = bytes_of(settings.root, path_of(quarter))
    published = None if data is None else _read(quarter, data)
    cube = new_edition(engine, directory, quarter, now)
    edition = 1 if published is None else published.edition + 1
    base = None if data is None else digest_of(data)
    return Edition(replace(cube, edition=edition), published, base)


def _read(quarter: str, data: bytes) -> Cube:
    try:
        return Cube.from_json(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise EditingError(
            f"{path_of(quarter)} cannot be read ({error}). Bring back the file of before."
        ) from error


def is_waiting(settings: Settings, quarter: str, shown: Cube | None) -> bool:
    """Whether a quarter is written, and the site does not show that edition yet: the build, or the
    other processes, need some minutes. On a machine that does not build, nothing is known of it."""
    if "build" not in settings.roles:
        return False
    data = bytes_of(settings.root, path_of(quarter))
    return data is not None and (shown is None or _read(quarter, data).edition > shown.edition)


def publish(
    settings: Settings,
    engine: Engine,
    directory: Directory,
    quarter: str,
    *,
    seen: str,
    author: Author,
    now: datetime,
) -> Published:
    """Write the edition that somebody has looked at, and ask for a build.

    If the same numbers are published already, nothing is written. Raises NumbersChanged, what
    `prepare` raises, and what `publishing.publish` raises.
    """
    edition = prepare(settings, engine, directory, quarter, now)
    if edition.is_published:
        return Published((), publishing.Effects())
    if edition.seen != seen:
        raise NumbersChanged("The numbers have changed since you opened this page.")
    return write(settings, engine, edition, author=author, now=now)


def write(
    settings: Settings, engine: Engine, edition: Edition, *, author: Author, now: datetime
) -> Published:
    """Write an edition that was prepared, and ask for a build. Raises what `publishing.publish`
    raises, Conflict among it if the file is another by now."""
    words = quarters.words(edition.cube.quarter)
    summary = f"Publish the report for {words}"
    if edition.cube.edition > 1:
        summary = f"Correct the report for {words} (edition {edition.cube.edition})"
    edit = Edit(edition.path, edition.cube.text(), edition.base)
    return publishing.publish(settings, engine, [edit], author=author, summary=summary, now=now)


def _changes(old: Cube, new: Cube, directory: Directory) -> Iterator[Change]:
    for area in dict.fromkeys([*old.areas, *new.areas]):
        before, after = old.areas.get(area, {}), new.areas.get(area, {})
        for line in dict.fromkeys([*before, *after]):
            names = dict.fromkeys([*before.get(line, ()), *after.get(line, ())])
            for name in names:
                was = before.get(line, {}).get(name, Figure())
                now = after.get(line, {}).get(name, Figure())
                if was != now:
                    title, label = area_title(area, directory), line_label(line, directory)
                    yield Change(title, label, MEASURE[name], was, now)
