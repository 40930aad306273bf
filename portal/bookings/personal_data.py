"""A family's personal data: seen, corrected and deleted from its own link (S52).

A correction changes who is contacted and how, so the reminder is queued again. Deleting also
cancels a place that is still held, in the same transaction, because the family can no longer be
reached. The booking itself stays, as a number without a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, select

from portal import messages
from portal.bookings import creche, support, support_plans, wishes
from portal.bookings.booking import Family, Referrer, person_values, write_needs
from portal.bookings.locking import NotPossible, locked_booking
from portal.bookings.opening import booked_session
from portal.bookings.waiting_list import enqueue_reminder, offer_freed, release
from portal.database import note, read, write
from portal.database.references import contact_hash
from portal.database.tables import LIVE, booking, message, need, person, referral
from portal.directory import Directory


def referrer_of(engine: Engine, booking_id: int) -> Referrer | None:
    """The professional who asked on behalf of the family, if any."""
    with read(engine) as connection:
        row = connection.execute(
            select(referral).where(referral.c.booking_id == booking_id)
        ).first()
    if row is None:
        return None
    agreed = row.outcome_agreed is not None
    contact = row.email, row.phone
    return Referrer(row.name, row.role, row.organisation, *contact, row.why, row.tried, agreed)


def answer_of(engine: Engine, booking_id: int) -> str:
    """Why staff declined or cancelled, as written for the family; '' if they gave no reason."""
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
    """Replace the family's details, except the number of people and their ages.

    Raises NotPossible if the details have been deleted.
    """
    contact = family.email or family.phone
    hashed = contact_hash(secret, contact) if contact else None

    def work(connection: sa.Connection) -> None:
        row = locked_booking(connection, booking_id)
        changed = connection.execute(
            person.update()
            .where(person.c.booking_id == booking_id)
            .values(person_values(family, hashed))
        ).rowcount
        if not changed:
            raise NotPossible("The details of this booking have been deleted.")
        connection.execute(need.delete().where(need.c.booking_id == booking_id))
        write_needs(connection, booking_id, family)
        series = directory.find_series(row.series)
        if row.status == "confirmed" and series is not None:
            late = _late_reminders(connection, booking_id, now)
            messages.drop(connection, booking_id, ("reminder",))
            session = booked_session(series, row.planned)
            enqueue_reminder(connection, booking_id, series, session, now)
            for about in late:
                messages.enqueue(connection, booking_id, "reminder", now=now, due=now, about=about)
        support_plans.enqueue_reviews(connection, booking_id, now)
        note(connection, now, actor, "correct", booking_id, row.series)

    write(engine, work)


def _late_reminders(
    connection: sa.Connection, booking_id: int, now: datetime
) -> Sequence[dict[str, Any]]:
    """The `about` of reminders that are due but have not been sent yet."""
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
    """Delete a family's details, needs and wishes, and cancel what it still holds or waits for.

    No message is sent: there is nobody left to send it to. A second call changes nothing.
    """

    def work(connection: sa.Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status in LIVE:
            release(connection, row, "cancelled", now, reason="erased")
        wishes.erase_of_family(connection, booking_id, now, actor)
        erase_personal_data(connection, [booking_id])
        note(connection, now, actor, "erase", booking_id, row.series)
        if row.status in LIVE:
            offer_freed(connection, directory, row.series, row.planned, now)

    write(engine, work)


def erase_again(connection: sa.Connection, references: Sequence[str], now: datetime) -> int:
    """Erase these families again after a backup brought them back; returns how many it brought.

    Freed places are offered by the next round of the worker.
    """
    number = 0
    for booking_id in _with_details(connection, references):
        row = locked_booking(connection, booking_id)
        if row.status in LIVE:
            release(connection, row, "cancelled", now, reason="erased")
        erase_personal_data(connection, [booking_id])
        note(connection, now, "operator", "erase", booking_id, row.series)
        number += 1
    return number


def distrust_contacts(connection: sa.Connection, references: Sequence[str], now: datetime) -> int:
    """Send nothing to families whose details are older than what they told us since (S5).

    They may have said that no message is safe. Returns how many there are.
    """
    found = _with_details(connection, references)
    for booking_id in found:
        row = locked_booking(connection, booking_id)
        connection.execute(
            person.update()
            .where(person.c.booking_id == booking_id)
            .values(
                contact_by="none",
                safe_to_contact=False,
                full_texts=False,
                remark=sa.func.trim(person.c.remark + _OLD),
            )
        )
        note(connection, now, "operator", "correct", booking_id, row.series)
    return len(found)


_OLD = " These details came back from a backup, and the family has changed them since."


def _with_details(connection: sa.Connection, references: Sequence[str]) -> list[int]:
    """The bookings with these references whose families are still stored."""
    query = select(booking.c.id).join(person).where(booking.c.reference.in_(references))
    return list(connection.execute(query.order_by(booking.c.id)).scalars())


def erase_personal_data(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Delete everything about the family, the referrer and the content of their messages.

    The bookings, their attendance and when messages were sent stay, as numbers without a person.
    """
    support.erase_of(connection, ids)
    support_plans.erase_of(connection, ids)
    creche.erase_of(connection, ids)
    for table in (need, referral, person):
        connection.execute(table.delete().where(table.c.booking_id.in_(ids)))
    connection.execute(
        message.update()
        .where(message.c.booking_id.in_(ids), message.c.state.in_(("owed", "ring")))
        .values(state="dropped")
    )
    connection.execute(
        message.update()
        .where(message.c.booking_id.in_(ids))
        .values(about={}, trouble=None, receipt=None)
    )
    connection.execute(booking.update().where(booking.c.id.in_(ids)).values(reason=""))
