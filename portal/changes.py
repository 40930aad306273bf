"""What a new build of the content means for what is booked already.

New numbers of places are taken over; families booked on a session that was cancelled or moved are
told once, in the words of the change; and identities with living bookings are named, so that a
check can refuse to lose them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal import messages
from portal.bookings import ASKED_FOR, prepared
from portal.directory import Directory, Series, Session
from portal.offers import offer_freed
from portal.room import places_of
from portal.tables import HOLDING, LIVE, bookable, booking, insert_if_new, note, read, told, write


def open_places(engine: Engine, directory: Directory, *, now: datetime) -> None:
    """Follow the content: new numbers of places are taken over, and freed ones are offered.

    Called when a Directory is loaded. Lowering places below what is held keeps all bookings;
    `over_booked` then says so to staff.
    """
    with read(engine) as connection:
        rows = connection.execute(select(bookable)).all()
    for row in rows:
        series = directory.find_series(row.series)
        if series is None:
            continue
        if row.series == series.identity and places_of(series) == row.places:
            continue

        def work(connection: Connection, series: Series = series, row: Row[Any] = row) -> None:
            prepared(connection, series, row.planned)
            note(connection, now, "content", "places", None, series.identity, places=series.places)
            offer_freed(connection, directory, series.identity, row.planned, now)

        write(engine, work)


def tell_changes(engine: Engine, directory: Directory, *, now: datetime) -> int:
    """Owe a message to everybody booked on a coming session that was cancelled or moved.

    Each change is told once, in its own words; mending it later is told again. Returns how many
    messages were owed.
    """
    with read(engine) as connection:
        identities = set(connection.execute(select(bookable.c.series).distinct()).scalars())
        known = {
            (row.series, row.planned): row.words for row in connection.execute(select(told)).all()
        }
    owed = 0
    for identity in sorted(identities):
        series = directory.find_series(identity)
        if series is None:
            continue
        for session in series.all_sessions:
            key = (identity, session.planned.isoformat())
            words = _said(session)
            if session.ends <= now or known.get(key, _said(None)) == words:
                continue
            owed += write(
                engine,
                lambda c, series=series, session=session: _tell_change(c, series, session, now),  # type: ignore[misc]
            )
    return owed


def lost(engine: Engine, directory: Directory, *, now: datetime) -> list[str]:
    """Identities with living bookings that the content no longer knows, by any name."""
    held = series_with_bookings(engine, now=now)
    return sorted(
        identity
        for identity in held
        if not identity.startswith(ASKED_FOR) and directory.find_series(identity) is None
    )


def _said(session: Session | None) -> str:
    """A digest of what is unusual about a session; '' where nothing is."""
    if session is None or session.state == "on":
        return ""
    said = f"{session.cancelled}|{session.starts.isoformat()}|{session.ends.isoformat()}"
    return hashlib.sha256(f"{said}|{session.venue.line}".encode()).hexdigest()


def _tell_change(connection: Connection, series: Series, session: Session, now: datetime) -> int:
    planned = session.planned.isoformat()
    insert_if_new(connection, told, series=series.identity, planned=planned, words="", told=now)
    words = _said(session)
    changed = connection.execute(
        told.update()
        .where(told.c.series == series.identity, told.c.planned == planned, told.c.words != words)
        .values(words=words, told=now)
    ).rowcount
    if not changed:
        return 0  # another process told it
    affected = connection.execute(
        select(booking.c.id)
        .join(bookable)
        .where(
            bookable.c.series == series.identity,
            bookable.c.planned.in_(("", planned)),
            booking.c.status.in_(HOLDING),
        )
    ).scalars()
    kind = "cancelled-by-us" if session.cancelled else "moved"
    number = 0
    for booking_id in list(affected):
        connection.execute(
            booking.update()
            .where(booking.c.id == booking_id)
            .values(revision=booking.c.revision + 1, changed=now)
        )
        about = {"planned": planned, "reason": session.cancelled or ""}
        messages.owe(connection, booking_id, kind, now=now, due=now, about=about)
        number += 1
    note(connection, now, "content", kind, None, series.identity, planned=planned, told=number)
    return number


def series_with_bookings(engine: Engine, *, now: datetime) -> set[str]:
    """Identities with a booking that is alive: they must not vanish from the content."""
    with read(engine) as connection:
        return set(
            connection.execute(
                select(bookable.c.series)
                .join(booking)
                .where(
                    booking.c.status.in_(LIVE),
                    sa.or_(booking.c.ends.is_(None), booking.c.ends > now),
                )
                .distinct()
            ).scalars()
        )


def booked_on(engine: Engine, series: Iterable[str]) -> dict[tuple[str, str], int]:
    """How many bookings hold places, by identity and planned date; '' for a whole series."""
    query = (
        select(bookable.c.series, bookable.c.planned, sa.func.count())
        .join(booking)
        .where(bookable.c.series.in_(sorted(series)), booking.c.status.in_(HOLDING))
        .group_by(bookable.c.series, bookable.c.planned)
    )
    with read(engine) as connection:
        return {(row[0], row[1]): row[2] for row in connection.execute(query)}
