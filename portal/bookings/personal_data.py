"""What is kept of a family: to see it, to set it right and to delete it, from its own link (S52).

A correction changes who is told and how, so that the reminder is owed anew. Deleting gives up a
place that is still held, in the same transaction: nobody keeps a place for a family that it can no
longer reach. The booking itself stays, as a number without a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, select

from portal import messages
from portal.bookings.booking import Family, Referrer
from portal.bookings.locking import NotPossible, locked_booking
from portal.bookings.opening import booked_session
from portal.bookings.waiting_list import enqueue_reminder, offer_freed, release
from portal.database import note, read, write
from portal.database.references import contact_hash
from portal.database.tables import LIVE, booking, message, need, person, referral
from portal.directory import Directory


def referrer_of(engine: Engine, booking_id: int) -> Referrer | None:
    """The professional who asked for the family, if one did."""
    with read(engine) as connection:
        row = connection.execute(
            select(referral).where(referral.c.booking_id == booking_id)
        ).first()
    if row is None:
        return None
    return Referrer(row.name, row.role, row.organisation, row.email, row.phone)


def answer_of(engine: Engine, booking_id: int) -> str:
    """Why staff said no or called a booking off, as they wrote it for the family; '' if unsaid."""
    with read(engine) as connection:
        reason = connection.execute(
            select(booking.c.reason).where(booking.c.id == booking_id)
        ).scalar()
        return str(reason or "")


def correct(
    engine: Engine,
    directory: Directory,
    booking_id: int,
    family: Family,
    *,
    secret: str,
    now: datetime,
    actor: str = "family",
) -> None:
    """Keep what the family says now instead of what it said before, numbers and ages left out.

    Raises NotPossible where the details have been deleted.
    """
    contact = family.email or family.phone

    def work(connection: sa.Connection) -> None:
        row = locked_booking(connection, booking_id)
        changed = connection.execute(
            person.update()
            .where(person.c.booking_id == booking_id)
            .values(
                name=family.name,
                email=family.email,
                phone=family.phone,
                contact_by=family.contact_by,
                safe_to_contact=family.safe_to_contact,
                contact_hash=contact_hash(secret, contact) if contact else None,
                notes=family.notes,
                answers=dict(family.answers),
            )
        ).rowcount
        if not changed:
            raise NotPossible("The details of this booking have been deleted.")
        connection.execute(need.delete().where(need.c.booking_id == booking_id))
        if family.access or family.language:
            connection.execute(
                need.insert().values(
                    booking_id=booking_id, access=family.access, language=family.language
                )
            )
        series = directory.find_series(row.series)
        if row.status == "confirmed" and series is not None:
            late = _late_reminders(connection, booking_id, now)
            messages.drop(connection, booking_id, ("reminder",))
            session = booked_session(series, row.planned)
            enqueue_reminder(connection, booking_id, series, session, now)
            for about in late:
                messages.enqueue(connection, booking_id, "reminder", now=now, due=now, about=about)
        note(connection, now, actor, "correct", booking_id, row.series)

    write(engine, work)


def _late_reminders(
    connection: sa.Connection, booking_id: int, now: datetime
) -> Sequence[dict[str, Any]]:
    """What those reminders are about whose time has come, but which have not gone out yet."""
    return (
        connection.execute(
            select(message.c.about).where(
                message.c.booking_id == booking_id,
                message.c.kind == "reminder",
                message.c.state == "owed",
                message.c.due <= now,
            )
        )
        .scalars()
        .all()
    )


def erase(
    engine: Engine,
    directory: Directory,
    booking_id: int,
    *,
    now: datetime,
    actor: str = "family",
) -> None:
    """Delete who booked and what they need, and give up what is still held or waited for.

    Nothing is sent about it: there is nobody left to send it to. A second time changes nothing.
    """

    def work(connection: sa.Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status in LIVE:
            release(connection, row, "cancelled", now)
        erase_personal_data(connection, [booking_id])
        note(connection, now, actor, "erase", booking_id, row.series)
        if row.status in LIVE:
            offer_freed(connection, directory, row.series, row.planned, now)

    write(engine, work)


def erase_personal_data(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Delete all that says who booked, who asked for them and what was written to them.

    The bookings, their marks and what was sent when stay, as numbers without a person.
    """
    for table in (need, referral, person):
        connection.execute(table.delete().where(table.c.booking_id.in_(ids)))
    connection.execute(
        message.update()
        .where(message.c.booking_id.in_(ids), message.c.state == "owed")
        .values(state="dropped")
    )
    connection.execute(
        message.update()
        .where(message.c.booking_id.in_(ids))
        .values(about={}, trouble=None, receipt=None)
    )
    connection.execute(booking.update().where(booking.c.id.in_(ids)).values(reason=""))
