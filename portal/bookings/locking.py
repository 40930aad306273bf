"""Locks the bookable row of a series or session at the start of each transaction (S20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Row, select

from portal.database.generations import newest_edition
from portal.database.prepared import Prepared, Result
from portal.database.tables import bookable, booking
from portal.errors import PortalError


class NotPossible(PortalError):
    """The status of the booking does not allow this."""


class KeyUsed(NotPossible):
    """The form with this key was sent before, for something else; nothing was booked now."""

    def __init__(self) -> None:
        super().__init__("This form was sent before, for another group or date.")


class _Made(Protocol):
    @property
    def series(self) -> str: ...

    @property
    def planned(self) -> str: ...


M = TypeVar("M", bound=_Made)


def same_thing(made: M, planned: str, *identities: str) -> M:
    """What a key made before, if it is what is asked for now. Raises KeyUsed."""
    if made.series not in identities or made.planned != planned:
        raise KeyUsed
    return made


OF_BOOKING = select(booking, bookable.c.series, bookable.c.planned).join(bookable)


_locked = Prepared(
    select(bookable, newest_edition.label("newest"))
    .where(bookable.c.series == sa.bindparam("run"), bookable.c.planned == sa.bindparam("day"))
    .with_for_update(of=bookable)
)


def lock(connection: Connection, series: str, planned: str) -> Row[Any] | None:
    """The bookable row, locked until the end of the transaction (SQLite: the whole database).

    Its `newest` is the edition of the newest published content; None while nothing is published.
    """
    return lock_later(connection, series, planned)().first()


def lock_later(connection: Connection, series: str, planned: str) -> Callable[[], Result]:
    """The same, sent now: the result is asked for later."""
    return _locked.later(connection, run=series, day=planned)


def locked_booking(connection: Connection, booking_id: int) -> Row[Any]:
    """A booking joined with its bookable row, which is locked first, as everywhere."""
    thing = connection.execute(
        select(bookable.c.id)
        .where(
            bookable.c.id
            == select(booking.c.bookable_id).where(booking.c.id == booking_id).scalar_subquery()
        )
        .with_for_update()
    ).scalar()
    if thing is None:
        raise NotPossible("There is no such booking.")
    return connection.execute(OF_BOOKING.where(booking.c.id == booking_id)).one()
