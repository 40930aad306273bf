"""The outbox: a queue of messages in the database.

What it hides: a message is queued by one insert inside the caller's transaction, to be sent only
if the family chose a way of contact and said that it is safe (safety rules S4 and S5). News that
cannot be sent is kept with the state `ring`: staff must tell the family (S68). The queue holds no
address and no text: both are looked up when the message is sent, so that an address need be erased
in only one place, and the text is true at that moment. A message that is no longer true is dropped.
`delivery` takes the rows from here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, bindparam, select

from portal.content.message_texts import KINDS, TO_PROFESSIONAL, TO_RING
from portal.database import note, read, write
from portal.database.prepared import Prepared
from portal.database.tables import bookable, booking, message, person, referral
from portal.errors import PortalError


@dataclass(frozen=True, slots=True)
class Owed:
    """A queued message, to be composed as a letter."""

    id: int
    booking_id: int
    kind: str
    about: Mapping[str, Any]
    created: datetime


class NothingToSend(PortalError):
    """The message should no longer be sent; or not yet, if `due` says when.

    With `ring` the family must still be told, but not by a message.
    """

    def __init__(self, words: str, due: datetime | None = None, *, ring: bool = False) -> None:
        self.words = words
        self.due = due
        self.ring = ring
        super().__init__(words)


# --- queueing and dropping, inside the transaction of a booking -----------------------------------

_BOUND = ("booking_id", "kind", "about", "due", "created")


_OWED = sa.literal("owed", message.c.state.type)


def _insert_where(
    table: sa.Table, *conditions: sa.ColumnElement[bool], state: sa.ColumnElement[str] = _OWED
) -> sa.Insert:
    """The insert of one message, which writes nothing unless the conditions are met."""
    # With a prefix, because SQLAlchemy reserves the names of columns in an insert.
    values = [bindparam(f"the_{name}", type_=message.c[name].type) for name in _BOUND]
    insert = message.insert().from_select(
        [*_BOUND, "state", "tries"],
        select(*values, state, sa.literal(0, message.c.tries.type))
        .select_from(table)
        .where(table.c.booking_id == bindparam("the_booking_id"), *conditions),
    )
    return insert


takes_messages = sa.and_(
    person.c.safe_to_contact,
    sa.or_(
        sa.and_(person.c.contact_by == "email", person.c.email.is_not(None)),
        sa.and_(person.c.contact_by == "text", person.c.phone.is_not(None)),
    ),
)
_to_family = _insert_where(person, takes_messages)
_enqueue_family = Prepared(_to_family.returning(message.c.state))
_enqueue_or_ring = Prepared(
    _insert_where(
        person, state=sa.case((takes_messages, _OWED), else_=sa.literal("ring"))
    ).returning(message.c.state)
)
_enqueue_professional = Prepared(
    _insert_where(referral, referral.c.email.is_not(None)).returning(message.c.state)
)
_enqueue_new = Prepared(_to_family)


def enqueue(
    connection: Connection,
    booking_id: int,
    kind: str,
    *,
    now: datetime,
    due: datetime,
    about: Mapping[str, Any],
) -> bool:
    """Queue a message of this kind, to be sent from `due`, inside the caller's transaction.

    Returns False if no message will be sent, because the family chose no way of contact or said
    that none is safe; so the row of the person must be written first. What the family cannot know
    by itself (`TO_RING`) is then kept for staff to tell. `about` is what the text needs besides the
    booking itself: `planned`, `reason` and `was` of a change, the status of a booking `before` it
    ended, `until` of an offer, `offer` if one is called off, the `notice`, `twin`, and `calendar`
    if a family asked for a calendar file although the programme is sensitive.
    """
    if kind not in KINDS:
        raise ValueError(f"'{kind}' is not a kind of message")
    insert = _enqueue_or_ring if kind in TO_RING else _enqueue_family
    if kind in TO_PROFESSIONAL:
        insert = _enqueue_professional
    result = insert(
        connection,
        the_booking_id=booking_id,
        the_kind=kind,
        the_about=dict(about),
        the_due=due,
        the_created=now,
    )
    return bool(result.scalar() == "owed")


def enqueue_all(
    connection: Connection,
    booking_id: int,
    owed: Iterable[tuple[str, datetime, Mapping[str, Any]]],
    *,
    now: datetime,
) -> None:
    """Queue several messages (kind, due, about) for the family at once, as `enqueue` does."""
    rows = [
        {
            "the_booking_id": booking_id,
            "the_kind": kind,
            "the_about": dict(about),
            "the_due": due,
            "the_created": now,
        }
        for kind, due, about in owed
    ]
    _enqueue_new.execute_many(connection, rows)


def drop(connection: Connection, booking_id: int, kinds: tuple[str, ...]) -> None:
    """Drop the queued messages of these kinds, and what staff were to tell in their place.

    Messages being sent are not stopped.
    """
    connection.execute(
        message.update()
        .where(
            message.c.booking_id == booking_id,
            message.c.kind.in_(kinds),
            message.c.state.in_(("owed", "ring")),
        )
        .values(state="dropped")
    )


def hold_restored(connection: Connection, now: datetime) -> int:
    """Leave to staff every message of a restored backup that may have been sent since then.

    They are shown as not delivered, with a button to send them. Returns how many there are.
    """
    held = connection.execute(
        message.update()
        .where(message.c.state.in_(("owed", "sending")), message.c.due <= now)
        .values(state="failed", due=now, trouble=_MAY_BE_SENT)
    )
    return held.rowcount


_MAY_BE_SENT = (
    "This came back from a backup, and may have been sent after the backup was made. "
    "Send it if the family does not know."
)


# --- queries for staff ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """A message and its delivery state, for staff. Its text is not stored."""

    id: int
    booking_id: int
    kind: str
    state: str
    due: datetime
    tries: int
    sent: datetime | None
    trouble: str | None
    created: datetime


def of_booking(engine: Engine, booking_id: int) -> list[Message]:
    """All messages of one booking, the newest first."""
    return _messages(engine, message.c.booking_id == booking_id)


@dataclass(frozen=True, slots=True)
class Listed:
    """A message with the booking it is about: its reference, and the identity of its series."""

    message: Message
    reference: str
    series: str


def listed(
    engine: Engine,
    states: Collection[str],
    sees: Callable[[str], bool],
    *,
    since: datetime,
    limit: int = 200,
) -> list[Listed]:
    """Messages in these states due since then, newest first, that `sees` allows.

    A reminder may have been queued long before it is due.
    """
    query = _with_booking().where(message.c.state.in_(states), message.c.due >= since)
    found: list[Listed] = []
    with read(engine) as connection:
        for row in connection.execute(query.order_by(message.c.id.desc())):
            if sees(row.series):
                found.append(Listed(_message(row), row.reference, row.series))
                if len(found) == limit:
                    break
    return found


def about(engine: Engine, message_id: int) -> Listed | None:
    """One message and its booking."""
    with read(engine) as connection:
        row = connection.execute(_with_booking().where(message.c.id == message_id)).first()
    return Listed(_message(row), row.reference, row.series) if row else None


def _with_booking() -> sa.Select[Any]:
    return (
        select(message, booking.c.reference, bookable.c.series)
        .join(booking, booking.c.id == message.c.booking_id)
        .join(bookable, bookable.c.id == booking.c.bookable_id)
    )


def try_again(engine: Engine, message_id: int, *, now: datetime, actor: str = "operator") -> bool:
    """Queue a failed message again. False if it has not failed, or was queued again already."""
    statement = (
        message.update()
        .where(message.c.id == message_id, message.c.state == "failed")
        .values(state="owed", due=now, tries=0, trouble=None)
    )

    def work(connection: Connection) -> bool:
        if connection.execute(statement).rowcount != 1:
            return False
        row = connection.execute(_with_booking().where(message.c.id == message_id)).one()
        note(connection, now, actor, "send again", row.booking_id, row.series, kind=row.kind)
        return True

    return write(engine, work)


def _messages(engine: Engine, condition: sa.ColumnElement[bool]) -> list[Message]:
    with read(engine) as connection:
        rows = connection.execute(
            select(message).where(condition).order_by(message.c.id.desc())
        ).all()
    return [_message(row) for row in rows]


def _message(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        booking_id=row.booking_id,
        kind=row.kind,
        state=row.state,
        due=row.due,
        tries=row.tries,
        sent=row.sent,
        trouble=row.trouble,
        created=row.created,
    )
