"""Applies changes in the content to existing bookings.

New numbers of places are applied; families booked on a session that is cancelled, postponed, or
held at another time or place than announced, are notified once, with the editor's reason; waits and
offers for something cancelled are ended, with one message; and series with live bookings are
listed, so that a check can refuse to lose them or to book their places twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal import messages
from portal.bookings import creche
from portal.bookings.bookable_rows import prepared
from portal.bookings.locking import OF_BOOKING, lock, locked_booking
from portal.bookings.opening import booked_session
from portal.bookings.places import places_of
from portal.bookings.waiting_list import enqueue_reminder, notify, offer_freed, release
from portal.content.school_calendar import school_calendar
from portal.database import note, read, write
from portal.database.audit import AuditAction
from portal.database.generations import hold_newest
from portal.database.tables import HOLDING, LIVE, bookable, booking, message, person, told
from portal.database.tables import creche as creche_table
from portal.directory import Directory, Series, Session
from portal.directory.asked import ASKED_FOR
from portal.messages import announced
from portal.messages.announced import Facts
from portal.messages.outbox import takes_messages


def open_places(engine: Engine, directory: Directory, *, now: datetime) -> None:
    """Apply new numbers of places from the content, and offer freed places.

    Called when a Directory is loaded. Lowering places below what is held keeps all bookings;
    `over_booked` then shows this to staff.
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
            number = hold_newest(connection, directory.edition)
            if number is None:
                return
            prepared(connection, series, row.planned, now)
            note(
                connection, now, "content", "places", None, series.identity,
                places=series.places, generation=number,
            )  # fmt: skip
            offer_freed(connection, directory, series.identity, row.planned, now)

        write(engine, work)
    _open_creches(engine, directory, now)


def _open_creches(engine: Engine, directory: Directory, now: datetime) -> None:
    """The same of creches. Families hear of a creche that is closed."""
    query = select(creche_table, bookable.c.series, bookable.c.planned).join(bookable)
    with read(engine) as connection:
        rows = connection.execute(query).all()
    for row in rows:
        series = directory.find_series(row.series)
        if series is None or creche.places_of(series) == row.places:
            continue

        def work(connection: Connection, series: Series = series, row: Row[Any] = row) -> None:
            number = hold_newest(connection, directory.edition)
            if number is None:
                return
            lock(connection, series.identity, row.planned)
            places = creche.places_of(series)
            creche.match_content(connection, row.bookable_id, places)
            closed = (
                {"closed": creche.close(connection, row.bookable_id, now)} if not places else {}
            )
            note(
                connection, now, "content", "creche places", None, series.identity,
                places=series.creche_room, generation=number, **closed,
            )  # fmt: skip
            offer_freed(connection, directory, series.identity, row.planned, now)

        write(engine, work)


def announce_changes(engine: Engine, directory: Directory, *, now: datetime) -> int:
    """Queue a message to everybody booked on a session that was cancelled, postponed or moved.

    Sessions are compared with what was last announced (`announced`), so that each change is sent
    once, however it was made; a later correction is sent again. A date that was removed counts as
    cancelled. Content that is not the newest generation announces nothing (S66). Returns the number
    of families' changes, whether a message or a call is to tell them (S68).
    """
    with read(engine) as connection:
        booked: dict[str, set[str]] = {}
        for thing in connection.execute(select(bookable.c.series, bookable.c.planned)):
            booked.setdefault(thing.series, set()).add(thing.planned)
        known: dict[str, dict[str, Row[Any]]] = {}
        for row in connection.execute(select(told)):
            known.setdefault(row.series, {})[row.planned] = row
    owed = 0
    for identity in sorted(booked):
        series = directory.find_series(identity)
        if series is None:
            continue
        rows = known.get(identity, {})
        fresh = [
            session
            for session in announced.booked_sessions(series, booked[identity], now)
            if session.anchor not in rows
        ]
        news = list(_news(directory, series, rows, now))
        if fresh or news:
            owed += write(
                engine,
                lambda c, series=series, identity=identity, fresh=fresh, news=news: _announce(  # type: ignore[misc]
                    c, series, identity, fresh, news, now
                ),
            )
    return owed


def end_waits_for_cancelled(engine: Engine, directory: Directory, *, now: datetime) -> int:
    """End each wait and offer for series and sessions that are cancelled.

    A run with a date that is still on keeps its waiting list. Each family is notified once.
    Returns the number of waits and offers ended.
    """
    without = booking.c.status.in_(_WITHOUT_A_PLACE)
    found = []
    with read(engine) as connection:
        things = select(bookable.c.series, bookable.c.planned).join(booking).where(without)
        for thing in connection.execute(things.distinct()).all():
            series = directory.find_series(thing.series)
            if series is None or _is_on(series, thing.planned, now):
                continue
            rows = connection.execute(
                OF_BOOKING.where(
                    without,
                    bookable.c.series == thing.series,
                    bookable.c.planned == thing.planned,
                ).order_by(booking.c.id)
            )
            for row in rows.all():
                why = announced.cancellation_reason(connection, directory, series, row, now)
                if why is not None:
                    found.append((row.id, series, why))

    def work(connection: Connection, booking_id: int, series: Series, why: str) -> int:
        number = hold_newest(connection, directory.edition)
        if number is None:
            return 0
        row = locked_booking(connection, booking_id)
        if row.status not in _WITHOUT_A_PLACE:
            return 0  # cancelled, or ended by another process, in the meantime
        release(connection, row, "cancelled", now)
        said = _said_of(series, why)
        connection.execute(booking.update().where(booking.c.id == booking_id).values(reason=said))
        if row.status == "waiting":
            notify(connection, booking_id, "waiting-ended", now, reason=why)
            note(
                connection, now, "content", "end waiting", booking_id, row.series, generation=number
            )
        else:
            notify(connection, booking_id, "cancelled-by-us", now, reason=why, offer=True)
            note(
                connection, now, "content", "end offered", booking_id, row.series, generation=number
            )
        return 1

    return sum(write(engine, lambda c, one=one: work(c, *one)) for one in found)  # type: ignore[misc]


def _is_on(series: Series, planned: str, now: datetime) -> bool:
    """Whether any session is still on. True of nearly all, and saves a query for each booking."""
    coming = announced.booked_sessions(series, [planned], now)
    return any(not session.cancelled for session in coming)


_WITHOUT_A_PLACE = ("waiting", "offered")


def why_off(series: Series, sessions: Sequence[Session]) -> str:
    """Why everything a family waits for is cancelled, as its own page says it."""
    return _said_of(series, announced.reasons(sessions))


def _said_of(series: Series, why: str) -> str:
    # Nobody has checked whether an editor's words are safe on a discreet page.
    return DISCREET_REASON if series.programme.sensitive else why


DISCREET_REASON = "We have had to cancel this"


def missing_from_content(engine: Engine, directory: Directory, *, now: datetime) -> list[str]:
    """Identities with live bookings that are not in the content, under any name."""
    held = series_with_bookings(engine, now=now)
    return sorted(
        identity
        for identity in held
        if not identity.startswith(ASKED_FOR) and directory.find_series(identity) is None
    )


def booking_mode_changed(engine: Engine, directory: Directory, *, now: datetime) -> list[Series]:
    """Series that changed from booking as a whole to booking single dates, or the reverse.

    Each has live bookings that would no longer count: all places could be booked again.
    """
    found = {}
    for identity, planned in _booked_things(engine, now=now):
        series = directory.find_series(identity)
        if series is None or (series.book == "session") == bool(planned):
            continue
        # Families request a run as a whole, even if staff give single dates.
        if series.booking == "book" or (series.booking == "request" and planned):
            found[series.identity] = series
    return [found[identity] for identity in sorted(found)]


@dataclass(frozen=True, slots=True)
class _New:
    """A change to announce. `was` is what was announced before; None if not recorded."""

    planned: str
    was: Facts | None
    now: Facts
    reason: str
    silent: bool = False  # nothing is new to families: only the facts are recorded


def _news(
    directory: Directory, series: Series, rows: Mapping[str, Row[Any]], now: datetime
) -> Iterator[_New]:
    """The differences from what was announced, date by date."""
    sessions = {session.anchor: session for session in series.all_sessions}
    for planned, row in sorted(rows.items()):
        session = sessions.get(planned)
        if session is None:
            gone = announced.facts_if_removed(row, sessions, directory)
            if gone is not None and not gone.cancelled and gone.open_until > now:
                why = _why_gone(directory, series, planned)
                yield _New(planned, gone, gone.as_cancelled(why), why)
            continue
        was = Facts.read(row.facts)
        if session.open_until > now or _given_up(session, was, now):
            facts = announced.known_facts(session, was)
            if was is None or row.words != facts.words:
                silent = was.same(facts) if was else row.words == _said_before(session)
                yield _New(planned, was, facts, session.off or session.note or "", silent)


def _given_up(session: Session, was: Facts | None, now: datetime) -> bool:
    """Whether a session is cancelled for whose new date families still wait."""
    waits = was is not None and bool(was.postponed) and was.open_until > now
    return waits and bool(session.cancelled)


def _why_gone(directory: Directory, series: Series, planned: str) -> str:
    """The reason: the name of a new closure day, or the standard words for a removed date."""
    closed = school_calendar(directory.terms).closed(date.fromisoformat(planned))
    return closed if closed and series.bank_holidays == "skip" else announced.GONE


def _said_before(session: Session) -> str:
    """The digest used in rows older than `facts`: '' if nothing was unusual."""
    if session.state == "on":
        return ""
    said = f"{session.cancelled}|{session.starts.isoformat()}|{session.ends.isoformat()}"
    return hashlib.sha256(f"{said}|{session.venue.line}".encode()).hexdigest()


def _announce(
    connection: Connection,
    series: Series,
    identity: str,
    fresh: Iterable[Session],
    news: Iterable[_New],
    now: datetime,
) -> int:
    """Record what is announced now and queue its messages, all with the same time.

    The same time makes it one letter to each family.
    """
    generation = hold_newest(connection, series.edition)
    if generation is None:
        return 0
    announced.record_first(connection, identity, fresh, now)
    touched: set[int] = set()
    number = 0
    for new in news:
        words = new.now.words
        changed = connection.execute(
            told.update()
            .where(
                told.c.series == identity,
                told.c.planned == new.planned,
                # An older row may hold another digest of the same facts.
                told.c.words != words,
            )
            .values(words=words, facts=new.now.kept, told=now)
        ).rowcount
        if not changed or new.silent:
            continue  # another process announced it, or it is known
        kind: AuditAction = new.now.kind
        affected = _holders(connection, identity, new.planned)
        was = {"was": new.was.kept} if new.was else {}
        about = {"planned": new.planned, "reason": new.reason, **was}
        queued = 0
        for row in affected:
            queued += messages.enqueue(connection, row.id, kind, now=now, due=now, about=about)
            if new.now.off:
                _remind_of_another(connection, row, series, new.planned, now)
            elif new.was and new.was.postponed:
                _remind_of_new_date(connection, row, series, new.planned, now)
        touched |= {row.id for row in affected}
        number += len(affected)
        note(
            connection, now, "content", kind, None, identity,
            planned=new.planned, told=queued, to_ring=len(affected) - queued,
            generation=generation,
        )  # fmt: skip
    # Update their calendars.
    if touched:
        connection.execute(
            booking.update()
            .where(booking.c.id.in_(sorted(touched)))
            .values(revision=booking.c.revision + 1, changed=now)
        )
    return number


def _holders(connection: Connection, identity: str, planned: str) -> Sequence[Row[int, str]]:
    """The bookings that have a place at a session."""
    return connection.execute(
        select(booking.c.id, bookable.c.planned)
        .join(bookable)
        .where(
            bookable.c.series == identity,
            bookable.c.planned.in_(("", planned)),
            booking.c.status == "confirmed",
        )
        .order_by(booking.c.id)
    ).all()


def _remind_of_another(
    connection: Connection, row: Row[int, str], series: Series, planned: str, now: datetime
) -> None:
    """If the date of a queued reminder is off, remind of the next date instead."""
    owed = connection.execute(
        select(message.c.about).where(
            message.c.booking_id == row.id,
            message.c.kind == "reminder",
            message.c.state == "owed",
        )
    ).scalars()
    if not row.planned and any(about.get("planned") == planned for about in owed):
        messages.drop(connection, row.id, ("reminder",))
        enqueue_reminder(connection, row.id, series, None, now)


def _remind_of_new_date(
    connection: Connection, row: Row[int, str], series: Series, planned: str, now: datetime
) -> None:
    """A postponed date has a day again, and may be the next one now."""
    session = booked_session(series, planned) if row.planned else None
    messages.drop(connection, row.id, ("reminder",))
    enqueue_reminder(connection, row.id, series, session, now)


def series_with_bookings(engine: Engine, *, now: datetime) -> set[str]:
    """Identities with a live booking, which must not disappear from the content."""
    return {identity for identity, _ in _booked_things(engine, now=now)}


def _booked_things(engine: Engine, *, now: datetime) -> set[tuple[str, str]]:
    """Series and sessions with a live booking, by identity and planned date ('' for a series)."""
    query = (
        select(bookable.c.series, bookable.c.planned)
        .join(booking)
        .where(booking.c.status.in_(LIVE), sa.or_(booking.c.ends.is_(None), booking.c.ends > now))
        .distinct()
    )
    with read(engine) as connection:
        return {(row.series, row.planned) for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Booked:
    """Bookings that hold places; of the confirmed ones, how many a message reaches, and how many
    not."""

    holding: int = 0
    told: int = 0
    ring: int = 0


def booked_on(engine: Engine, series: Iterable[str]) -> dict[tuple[str, str], Booked]:
    """How many bookings there are, by identity and planned date; '' for a whole series.

    Who is told when a date changes is what `announce_changes` would do now.
    """
    confirmed = booking.c.status == "confirmed"
    reached = sa.and_(person.c.booking_id.is_not(None), takes_messages)
    query = (
        select(
            bookable.c.series,
            bookable.c.planned,
            sa.func.count(),
            sa.func.sum(sa.case((sa.and_(confirmed, reached), 1), else_=0)),
            sa.func.sum(sa.case((confirmed, 1), else_=0)),
        )
        .select_from(bookable.join(booking).outerjoin(person, person.c.booking_id == booking.c.id))
        .where(bookable.c.series.in_(sorted(series)), booking.c.status.in_(HOLDING))
        .group_by(bookable.c.series, bookable.c.planned)
    )
    with read(engine) as connection:
        return {
            (row[0], row[1]): Booked(row[2], int(row[3]), int(row[4]) - int(row[3]))
            for row in connection.execute(query)
        }
