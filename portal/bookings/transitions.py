"""Changes the status of a booking: cancel, restore, change, accept, confirm, give, decline.

Each function is one transaction, which locks the series first and queues the family's message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from portal import messages
from portal.bookings import creche
from portal.bookings.booking import (
    Booking,
    Family,
    NotBookable,
    book,
    claim_for_waiting,
    claim_places,
    get,
)
from portal.bookings.case_rows import case_ends, case_in, case_reopens
from portal.bookings.locking import OF_BOOKING, NotPossible, locked_booking
from portal.bookings.opening import booked_session, still_to_be_had
from portal.bookings.places import Full, claimed
from portal.bookings.support_plans import enqueue_reviews
from portal.bookings.waiting_list import enqueue_reminder, free, notify, offer_freed, release
from portal.database import note, read, write
from portal.database.rate_limits import Allowance
from portal.database.tables import HOLDING, LIVE, bookable, booking, person
from portal.directory import Directory, Series, Session
from portal.directory.asked import ASKED_FOR


def cancel(
    engine: Engine,
    directory: Directory,
    booking_id: int,
    *,
    now: datetime,
    actor: str = "family",
    wished: bool | None = None,
    reason: str = "",
) -> None:
    """Cancel a booking. Freed places go to the waiting list. A second call changes nothing.

    `wished` says whether the family asked for it, for instance by phone; by default this follows
    from the actor. `reason` is for the family, and is shown on its own page.
    """
    if wished is None:
        wished = actor == "family"

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status not in LIVE:
            return
        release(connection, row, "cancelled", now, reason="stopped" if wished else "other")
        _store_reason(connection, booking_id, reason)
        kind = "cancelled-by-us"
        if wished:
            kind = "cancelled-by-you" if row.status == "confirmed" else "off-the-list"
        notify(connection, booking_id, kind, now, reason=reason, before=row.status)
        note(connection, now, actor, "cancel", booking_id, row.series, status=row.status)
        offer_freed(connection, directory, row.series, row.planned, now)

    write(engine, work)


def move(
    engine: Engine,
    directory: Directory,
    booking_id: int,
    series: Series,
    family: Family,
    *,
    key: str,
    secret: str,
    now: datetime,
    session: Session | None = None,
    allowance: Allowance | None = None,
) -> Booking:
    """Take another place and give up the present one, both or neither.

    The rules and errors are those of `book`, without a waiting list: where there is no place, the
    family keeps the one that it has. One message says that the place is moved. Raises NotPossible
    if the family has no place any more. A second call with the same key changes nothing.
    """
    if series.booking != "book":
        raise NotBookable(series.booking or "drop-in")

    def held(connection: Connection) -> Callable[[int], None]:
        row = locked_booking(connection, booking_id)

        def give_up(new_id: int) -> None:
            if row.status != "confirmed":
                raise NotPossible("There is no place to give up.")
            release(connection, row, "cancelled", now)
            moved = booking.update().where(booking.c.id == new_id)
            connection.execute(moved.values(moved_from=booking_id))
            note(connection, now, "family", "cancel", booking_id, row.series, status=row.status)
            offer_freed(connection, directory, row.series, row.planned, now)

        return give_up

    return book(
        engine,
        series,
        family,
        key=key,
        secret=secret,
        now=now,
        session=session,
        wait=False,
        allowance=allowance,
        instead=held,
    )


def moved_from(engine: Engine, booking_id: int, *, secret: str) -> Booking | None:
    """The booking that the family gave up for this one, if it moved here."""
    before = select(booking.c.moved_from).where(booking.c.id == booking_id)
    with read(engine) as connection:
        known = connection.execute(before).scalar()
    return None if known is None else get(engine, known, secret)


def moved_to(engine: Engine, booking_id: int, *, secret: str) -> Booking | None:
    """The booking for which the family gave up this one: after several moves, the last."""
    last: int | None = None
    with read(engine) as connection:
        while (following := _moved_to(connection, last or booking_id)) is not None:
            last = following
    return None if last is None else get(engine, last, secret)


def _moved_to(connection: Connection, booking_id: int) -> int | None:
    after = select(booking.c.id).where(booking.c.moved_from == booking_id)
    return connection.execute(after).scalar()


_UNTRUE_ONCE_RESTORED = ("cancelled-by-you", "off-the-list", "confirmation", "place-moved")


def restore(engine: Engine, directory: Directory, booking_id: int, *, now: datetime) -> None:
    """Take back a family's own cancellation: it has its place again, or its request is open again.

    A second call changes nothing. Raises Full once the place is given away, and NotPossible for a
    booking that ended in another way, whose details are deleted, or whose dates are past.
    """

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status in LIVE:
            return  # the button was pressed twice
        _check_restorable(connection, directory, row, now)
        if row.was == "confirmed":
            if claim_places(connection, it=row.bookable_id, n=row.places).rowcount != 1:
                raise Full("The place was given to another family.")
            _give_place(connection, directory, row, now)
        connection.execute(
            booking.update()
            .where(booking.c.id == booking_id)
            .values(status=row.was, was="", changed=now, revision=booking.c.revision + 1)
        )
        # Messages about the cancellation that have not gone out are no longer true.
        messages.drop(connection, booking_id, _UNTRUE_ONCE_RESTORED)
        if row.was == "requested":
            case_reopens(connection, booking_id, now)
            enqueue_reviews(connection, booking_id, now)
        kind = "confirmation" if row.was == "confirmed" else "request-received"
        notify(connection, booking_id, kind, now)
        note(connection, now, "family", "restore", booking_id, row.series, status=row.was)

    write(engine, work)


def restorable(engine: Engine, directory: Directory, booking_id: int, *, now: datetime) -> bool:
    """Whether `restore` would succeed now."""
    with read(engine) as connection:
        row = connection.execute(OF_BOOKING.where(booking.c.id == booking_id)).one()
        try:
            _check_restorable(connection, directory, row, now)
        except NotPossible:
            return False
        if row.was != "confirmed":
            return True
        room = connection.execute(
            select(bookable.c.id).where(
                bookable.c.id == row.bookable_id,
                bookable.c.held + row.places <= bookable.c.places,
                bookable.c.waiting == 0,
            )
        ).first()
        return room is not None


def _check_restorable(
    connection: Connection, directory: Directory, row: Row[Any], now: datetime
) -> None:
    """Raises NotPossible unless the family itself cancelled a place or request that can still be.

    A family gives no reason; staff and the content always do.
    """
    known = select(person.c.booking_id).where(person.c.booking_id == row.id)
    case = case_in(connection, row.id)
    if case is not None and case.state == "closed" and case.close_reason != "stopped":
        raise NotPossible("We have closed this request.")
    if _moved_to(connection, row.id) is not None:
        raise NotPossible("The family has moved to another place.")
    if row.status != "cancelled" or row.was not in ("confirmed", "requested") or row.reason:
        raise NotPossible("This was not cancelled by the family.")
    if connection.execute(known).first() is None:
        raise NotPossible("The family's details are deleted.")
    asked = row.series.startswith(ASKED_FOR)
    if not asked and directory.find_series(row.series) is None:
        raise NotPossible("What was booked is no longer in the content.")
    if not still_to_be_had(directory, row.series, row.planned, now):
        raise NotPossible("What was booked is past, or called off.")


def change(
    engine: Engine,
    directory: Directory,
    booking_id: int,
    people: int,
    children: Sequence[str] | None = None,
    *,
    now: datetime,
    actor: str = "family",
    in_creche: Sequence[str] | None = None,
    creche_wait: bool = False,
) -> None:
    """Change the number of people. Raises Full if this needs more places than are free.

    `in_creche` are the ages of the children who need a place in the creche, if that changes; it
    raises CrecheFull if it is full, and the family does not want to wait for it.
    """

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status not in LIVE:
            raise NotPossible("This booking has ended.")
        series = directory.find_series(row.series)
        claims = claimed(series, people) if series is not None else row.places
        more = claims - row.places
        if row.status in HOLDING and more > 0:
            if claim_places(connection, it=row.bookable_id, n=more).rowcount != 1:
                raise Full("There is no room for more people.")
        elif row.status in HOLDING and more < 0:
            free(connection, row.bookable_id, -more)
        connection.execute(
            booking.update()
            .where(booking.c.id == booking_id)
            .values(people=people, places=claims, changed=now, revision=booking.c.revision + 1)
        )
        if children is not None:
            connection.execute(
                person.update()
                .where(person.c.booking_id == booking_id)
                .values(children=list(children))
            )
        if in_creche is not None and series is not None:
            creche.change(connection, row, series, in_creche, wait=creche_wait)
        note(connection, now, actor, "change", booking_id, row.series, people=people)
        offer_freed(connection, directory, row.series, row.planned, now)

    write(engine, work)


def accept(engine: Engine, directory: Directory, booking_id: int, *, now: datetime) -> None:
    """Accept an offered place.

    Raises NotPossible if the offer has lapsed, or the session is past or cancelled.
    """

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status == "confirmed":
            return  # the button was pressed twice
        if row.status != "offered" or (row.offered_until and row.offered_until <= now):
            raise NotPossible("This offer has ended.")
        if not still_to_be_had(directory, row.series, row.planned, now):
            raise NotPossible("What was offered is past, or called off.")
        notify(connection, booking_id, "confirmation", now)
        _give_place(connection, directory, row, now)
        note(connection, now, "family", "accept", booking_id, row.series)

    write(engine, work)


def confirm(
    engine: Engine, directory: Directory, booking_id: int, *, now: datetime, actor: str
) -> None:
    """Confirm a request, which takes its places now. Raises Full if none are free."""

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status == "confirmed":
            return
        if row.status != "requested":
            raise NotPossible("This request has ended.")
        if claim_places(connection, it=row.bookable_id, n=row.places).rowcount != 1:
            raise Full("Every place is taken.")
        case_ends(connection, row, "confirmed", "place", now)
        notify(connection, booking_id, "request-confirmed", now)
        _give_place(connection, directory, row, now)
        note(connection, now, actor, "confirm", booking_id, row.series)

    write(engine, work)


def give(
    engine: Engine, directory: Directory, booking_id: int, *, now: datetime, actor: str
) -> None:
    """Give a place to a family that waits or has an offer, as agreed on the phone.

    Staff may override the order of the list. Raises Full if no place is free, NotPossible if the
    family is no longer waiting.
    """

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status == "confirmed":
            return
        if row.status == "waiting":
            claim = {"it": row.bookable_id, "n": row.places}
            if connection.execute(claim_for_waiting, claim).rowcount != 1:
                raise Full("Every place is taken.")
        elif row.status != "offered":
            raise NotPossible("This family does not wait any more.")
        notify(connection, booking_id, "confirmation", now)
        _give_place(connection, directory, row, now)
        note(connection, now, actor, "give", booking_id, row.series)

    write(engine, work)


def _give_place(connection: Connection, directory: Directory, row: Row[Any], now: datetime) -> None:
    """Mark a booking as confirmed, and queue its reminders.

    Its places have been claimed already.
    """
    values: dict[str, Any] = {"status": "confirmed", "number": None, "offered_until": None}
    if row.status in LIVE:  # else the family takes back that it gave its place up
        values["placed"] = now
    connection.execute(booking.update().where(booking.c.id == row.id).values(**values, changed=now))
    creche.take_up(connection, row)
    series = directory.find_series(row.series)
    if series is not None:
        session = booked_session(series, row.planned)
        enqueue_reminder(connection, row.id, series, session, now)


def decline(engine: Engine, booking_id: int, *, reason: str, now: datetime, actor: str) -> None:
    """Decline a request; the reason is sent to the family."""

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status == "declined":
            return
        if row.status != "requested":
            raise NotPossible("This request has ended.")
        release(connection, row, "declined", now)
        _store_reason(connection, booking_id, reason)
        notify(connection, booking_id, "request-declined", now, reason=reason)
        note(connection, now, actor, "decline", booking_id, row.series)

    write(engine, work)


def _store_reason(connection: Connection, booking_id: int, reason: str) -> None:
    """Store the reason for the family's page, because it may not want messages."""
    if reason:
        connection.execute(booking.update().where(booking.c.id == booking_id).values(reason=reason))
