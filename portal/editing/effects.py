"""What an edit does to families: dates that change, bookings on them, who is told and who is rung.

Staff see it before they publish, and editors in the preview. Nothing is written. The database is
imported only where there is one, because editors preview without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.content import Problem, published_dates
from portal.content.published_dates import Difference, Record
from portal.directory import Directory
from portal.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from portal.bookings.content_changes import Booked

    # By identity of the series and planned date; '' for the whole series.
    Bookings = Mapping[tuple[str, str], Booked]


@dataclass(frozen=True, slots=True)
class Changed:
    """A difference with the bookings that it touches; None where there is no database."""

    difference: Difference
    bookings: int | None
    told: bool  # whether families who booked get a message

    @property
    def words(self) -> str:
        return self.difference.words

    @property
    def gone(self) -> bool:
        return self.difference.kind == "removed"

    @property
    def name(self) -> str:
        return self.difference.name

    @property
    def path(self) -> str:
        return self.difference.path

    @property
    def series(self) -> str:
        return self.difference.series


@dataclass(frozen=True, slots=True)
class Effects:
    """What publishing some edits would do. With problems it would do nothing.

    `told` families get a message, `ring` families are on the list of those whom staff ring; both
    are None where the database cannot be asked. A family counts once, however many of its dates
    change. Families on waiting lists are not in these numbers.
    """

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()  # in the files that were edited
    directory: Directory | None = None
    differences: tuple[Changed, ...] = ()
    bookings: int | None = None  # touched, all together
    told: int | None = None
    ring: int | None = None
    coverage: tuple[str, ...] = ()  # a sentence for each cell and town with other coverage


@dataclass(frozen=True, slots=True)
class Families:
    """The bookings that some dates touch, each counted once, and how their families hear of it."""

    bookings: int
    told: int
    ring: int


def changes_for(
    before: Record, directory: Directory, engine: Engine | None
) -> tuple[tuple[Changed, ...], Families | None]:
    """The dates that differ from a record, and the bookings touched by all of them together.

    None for bookings without an engine, or where its database cannot be asked.
    """
    differences = published_dates.differences(before, directory)
    booked = _booked(differences, directory, engine) if engine else None
    changes = tuple(
        Changed(
            difference,
            _sum(booked, _keys(difference, directory)).bookings if booked is not None else None,
            # Families cannot be told about a series whose file is gone.
            told=directory.find_series(difference.series) is not None,
        )
        for difference in differences
    )
    if booked is None:
        return changes, None
    touched = [key for change in changes for key in _keys(change.difference, directory)]
    known = [
        key for change in changes if change.told for key in _keys(change.difference, directory)
    ]
    reached = _sum(booked, known)
    return changes, Families(_sum(booked, touched).bookings, reached.told, reached.ring)


@contextmanager
def database_of(settings: Settings, engine: Engine | None = None) -> Iterator[Engine | None]:
    """The engine given, or one of our own; None if there is no database yet."""
    if engine is not None:
        yield engine
        return
    if not settings.has_database:
        yield None
        return
    from portal import database

    own = database.connect(settings.database_address)
    try:
        yield own
    finally:
        own.dispose()


def _booked(
    differences: Sequence[Difference], directory: Directory, engine: Engine
) -> Bookings | None:
    from sqlalchemy.exc import SQLAlchemyError

    from portal.bookings import content_changes

    identities = {name for one in differences for name in _names(one.series, directory)}
    try:
        return content_changes.booked_on(engine, identities)
    except SQLAlchemyError:
        return None


def _names(identity: str, directory: Directory) -> tuple[str, ...]:
    series = directory.find_series(identity)
    return (series.identity, *series.old_identities) if series else (identity,)


def _keys(difference: Difference, directory: Directory) -> Iterator[tuple[str, str]]:
    """The booking keys of a date: the whole series or the session, by every identity it had."""
    if difference.kind != "added":
        for name in _names(difference.series, directory):
            yield from ((name, ""), (name, difference.planned.isoformat()))


def _sum(booked: Bookings, keys: Iterable[tuple[str, str]]) -> Families:
    """A family that booked a whole course is one booking, however many of its dates change."""
    rows = [booked[key] for key in {*keys} if key in booked]
    return Families(
        sum(row.holding for row in rows),
        sum(row.told for row in rows),
        sum(row.ring for row in rows),
    )
