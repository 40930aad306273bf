"""The waiting list: who is offered a place next, and when an offer lapses.

The list is served in order, and new bookings join its end: while anybody waits, a new booking waits
too. A party larger than the free places may be passed over twice; after that freed places are
collected for it until it fits or leaves. An offer is held until a stated time, counted in daytime
hours (8:00 to 20:00 in London); in the last twelve hours no offers are made, and staff telephone.

Freed places are offered in the transaction that frees them: the functions that take a connection
are called by functions of `bookings` that have locked the bookable row first. Places that could not
be offered then are offered by the worker later (`offer_everywhere`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, func, select

from portal import messages
from portal.bookings import creche
from portal.bookings.case_rows import case_ends
from portal.bookings.daytime import add_daytime_hours
from portal.bookings.locking import NotPossible, lock, locked_booking
from portal.bookings.opening import booked_session, coming_of
from portal.database import note, read, write
from portal.database.generations import hold_newest
from portal.database.tables import HOLDING, bookable, booking
from portal.directory import Directory, Series, Session
from portal.messages.facts import reminder_due

OFFER_HOURS = 24
NO_OFFERS_WITHIN = timedelta(hours=12)
MOST_PASSED = 2


def offer_until(now: datetime, starts: datetime) -> datetime | None:
    """When an offer made at `now` lapses: after 24 daytime hours, sooner near the date.

    None within twelve hours of the start, or if fewer than two daytime hours are left before that:
    then no offer is made and staff telephone.
    """
    # In UTC: with a zone, Python uses wall-clock time, an hour off when the clocks change.
    last = starts.astimezone(UTC) - NO_OFFERS_WITHIN
    full = add_daytime_hours(now, timedelta(hours=OFFER_HOURS))
    if full <= last:
        return full
    if add_daytime_hours(now, timedelta(hours=2)) <= last:
        return last
    return None


def notify(connection: Connection, booking_id: int, kind: str, now: datetime, **about: Any) -> None:
    messages.enqueue(connection, booking_id, kind, now=now, due=now, about=about)


def enqueue_reminder(
    connection: Connection,
    booking_id: int,
    series: Series,
    session: Session | None,
    now: datetime,
) -> None:
    for kind, due, about in reminder_of(series, session, now):
        messages.enqueue(connection, booking_id, kind, now=now, due=due, about=about)


def reminder_of(
    series: Series, session: Session | None, now: datetime
) -> list[tuple[str, datetime, dict[str, str]]]:
    """The reminder of the next session, to be queued: kind, due, about. [] if it is too late."""
    coming = [one for one in coming_of(series, session, now) if not one.off]
    if not coming or (due := reminder_due(coming[0])) <= now:
        return []
    return [("reminder", due, {"planned": coming[0].planned.isoformat()})]


def free(connection: Connection, bookable_id: int, places: int) -> None:
    held = bookable.c.held - places
    connection.execute(
        bookable.update()
        .where(bookable.c.id == bookable_id)
        .values(
            held=held,
            allowed=sa.case((bookable.c.places > held, bookable.c.places), else_=held),
        )
    )


def release(
    connection: Connection, row: Row[Any], status: str, now: datetime, *, reason: str = "other"
) -> None:
    """End a booking: free its places, take it off the waiting lists, drop its reminders.

    The case of a request is closed for this `reason`, unless it is closed already.
    """
    case_ends(connection, row, status, reason, now)
    if row.status in HOLDING:
        free(connection, row.bookable_id, row.places)
    elif row.status == "waiting":
        connection.execute(
            bookable.update()
            .where(bookable.c.id == row.bookable_id)
            .values(waiting=bookable.c.waiting - 1)
        )
    connection.execute(
        booking.update()
        .where(booking.c.id == row.id)
        .values(
            status=status,
            was=row.status,
            number=None,
            offered_until=None,
            changed=now,
            revision=booking.c.revision + 1,
        )
    )
    creche.end(connection, row)
    messages.drop(connection, row.id, ("reminder", "support-review", "creche-place"))


def _offered_until(series: Series, planned: str, now: datetime) -> datetime | None:
    """When an offer of this series or session would lapse; None if none can be made."""
    session = booked_session(series, planned)
    if planned and session is None:
        return None  # the date was removed from the content
    coming = [one for one in coming_of(series, session, now) if not one.off]
    return offer_until(now, coming[0].starts) if coming else None


def makes_offers(series: Series, planned: str, now: datetime) -> bool:
    """Whether a place of this series or session that falls free now would be offered."""
    return _offered_until(series, planned, now) is not None


def offer_freed(
    connection: Connection, directory: Directory, series_identity: str, planned: str, now: datetime
) -> None:
    """Offer free places to the waiting list, in the order described for this module.

    Then give those of the creche to the families that wait for it.
    """
    _offer_places(connection, directory, series_identity, planned, now)
    creche.give_freed(connection, directory, series_identity, planned, now)


def _offer_places(
    connection: Connection, directory: Directory, series_identity: str, planned: str, now: datetime
) -> None:
    series = directory.find_series(series_identity)
    thing = lock(connection, series_identity, planned)
    if series is None or thing is None or not thing.waiting:
        return
    until = _offered_until(series, planned, now)
    if until is None:
        return
    number = hold_newest(connection, directory.edition)
    if number is None:
        return  # a process with the newest content offers them in its next round
    free = thing.places - thing.held
    waiting = connection.execute(
        select(booking)
        .where(booking.c.bookable_id == thing.id, booking.c.status == "waiting")
        .order_by(booking.c.number)
    ).all()
    skipped: list[int] = []
    for row in waiting:
        if free <= 0:
            break
        if row.places > thing.places:
            continue  # the places were lowered: it can never fit, and must not block the others
        if row.places > free:
            if row.passed >= MOST_PASSED:
                break  # from now on freed places are collected for this party
            skipped.append(row.id)
            continue
        free -= row.places
        connection.execute(
            bookable.update()
            .where(bookable.c.id == thing.id)
            .values(held=bookable.c.held + row.places, waiting=bookable.c.waiting - 1)
        )
        connection.execute(
            booking.update()
            .where(booking.c.id == row.id)
            .values(status="offered", number=None, offered_until=until, changed=now)
        )
        creche.take_up(connection, row)
        if skipped:
            connection.execute(
                booking.update()
                .where(booking.c.id.in_(skipped))
                .values(passed=booking.c.passed + 1)
            )
            # A party passed over for the second time must not be passed over again in this loop.
            limit_reached = connection.execute(
                select(func.count())
                .select_from(booking)
                .where(booking.c.id.in_(skipped), booking.c.passed >= MOST_PASSED)
            ).scalar_one()
        else:
            limit_reached = 0
        notify(connection, row.id, "offered", now, until=until.isoformat())
        note(connection, now, "clock", "offer", row.id, series_identity, generation=number)
        if limit_reached:
            break


def offer(
    engine: Engine, directory: Directory, series: str, planned: str, *, now: datetime
) -> None:
    """Offer free places to the waiting list: after the places were raised, or by hand."""

    def work(connection: Connection) -> None:
        offer_freed(connection, directory, series, planned, now)

    write(engine, work)


_unoffered = (
    select(bookable.c.series, bookable.c.planned)
    .where(
        bookable.c.waiting > 0,
        bookable.c.held < bookable.c.places,
        select(booking.c.id)
        .where(
            booking.c.bookable_id == bookable.c.id,
            booking.c.status == "waiting",
            booking.c.places <= bookable.c.places - bookable.c.held,
        )
        .exists(),
    )
    .order_by(bookable.c.id)
)


def offer_everywhere(engine: Engine, directory: Directory, *, now: datetime) -> None:
    """Offer free places wherever there is a waiting list, whatever the reason they are free.

    Near a session no offers can be made, and new bookings join the waiting list: such places are
    offered once that is possible again, although no place is freed at that moment.
    """
    with read(engine) as connection:
        rows = connection.execute(_unoffered).all()
    for row in rows:
        series = directory.find_series(row.series)
        if series is not None and _offered_until(series, row.planned, now) is not None:
            offer(engine, directory, row.series, row.planned, now=now)
    for identity, planned in creche.with_free_places(engine):
        if directory.find_series(identity) is not None:
            offer(engine, directory, identity, planned, now=now)


def move_on(
    engine: Engine, directory: Directory, booking_id: int, *, now: datetime, actor: str
) -> None:
    """End an offer early, because the family said no, and offer the place to the next.

    Raises NotPossible if there is no offer.
    """

    def work(connection: Connection) -> None:
        row = locked_booking(connection, booking_id)
        if row.status == "lapsed":
            return
        if row.status != "offered":
            raise NotPossible("There is no offer to end.")
        release(connection, row, "lapsed", now)
        notify(connection, booking_id, "off-the-list", now)
        note(connection, now, actor, "move on", booking_id, row.series)
        offer_freed(connection, directory, row.series, row.planned, now)

    write(engine, work)


def lapse(engine: Engine, directory: Directory, *, now: datetime) -> int:
    """End the offers that have expired, and offer their places to the next families.

    Returns the number of offers ended.
    """
    with read(engine) as connection:
        over = connection.execute(
            select(booking.c.id).where(
                booking.c.status == "offered", booking.c.offered_until <= now
            )
        ).scalars()
        late = list(over)

    def work(booking_id: int, connection: Connection) -> int:
        row = locked_booking(connection, booking_id)
        if row.status != "offered" or not row.offered_until or row.offered_until > now:
            return 0  # accepted, or ended by another process, in the meantime
        release(connection, row, "lapsed", now)
        notify(connection, booking_id, "lapsed", now)
        note(connection, now, "clock", "lapse", booking_id, row.series)
        offer_freed(connection, directory, row.series, row.planned, now)
        return 1

    return sum(write(engine, lambda c, one=one: work(one, c)) for one in late)  # type: ignore[misc]
