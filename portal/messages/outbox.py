"""What is owed to whom: a queue in the database.

What it hides: a message is owed by one insert inside another verb's transaction, and only where
the family chose a way of contact and said that it is safe (safety rules S4 and S5). No address and
no words are kept in the queue: both are looked up when the message is sent, so that an address is
erased once, and what is told is true at that moment. What is no longer true is dropped unsent.
`delivery` takes the rows from here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, bindparam, select

from portal.content.message_texts import KINDS, TO_PROFESSIONAL
from portal.database import note, read, write
from portal.database.prepared import Prepared
from portal.database.tables import bookable, booking, message, person, referral
from portal.errors import PortalError


@dataclass(frozen=True, slots=True)
class Owed:
    """One message of the queue, to be written as a letter."""

    id: int
    booking_id: int
    kind: str
    about: Mapping[str, Any]
    created: datetime


class NothingToSend(PortalError):
    """The message is not to be sent any more; or not yet, where `due` says when."""

    def __init__(self, words: str, due: datetime | None = None) -> None:
        self.words = words
        self.due = due
        super().__init__(words)


# --- owed and let go, inside the transaction of a booking -----------------------------------------

_BOUND = ("booking_id", "kind", "about", "due", "created")


def _insert_where(table: sa.Table, *wishes: sa.ColumnElement[bool]) -> sa.Insert:
    """The insert of one owed message, which writes nothing unless the wishes are met."""
    # A name of its own for each: SQLAlchemy keeps the names of columns for itself in an insert.
    values = [bindparam(f"the_{name}", type_=message.c[name].type) for name in _BOUND]
    owed = [sa.literal("owed", message.c.state.type), sa.literal(0, message.c.tries.type)]
    insert = message.insert().from_select(
        [*_BOUND, "state", "tries"],
        select(*values, *owed)
        .select_from(table)
        .where(table.c.booking_id == bindparam("the_booking_id"), *wishes),
    )
    return insert


_to_family = _insert_where(
    person,
    person.c.safe_to_contact,
    sa.or_(
        sa.and_(person.c.contact_by == "email", person.c.email.is_not(None)),
        sa.and_(person.c.contact_by == "text", person.c.phone.is_not(None)),
    ),
)
_enqueue_family = Prepared(_to_family.returning(message.c.id))
_enqueue_professional = Prepared(
    _insert_where(referral, referral.c.email.is_not(None)).returning(message.c.id)
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
    """Owe a message of this kind from `due` on, inside the caller's transaction.

    Writes nothing where the family chose no way of contact or said that none is safe, and then
    returns False; so the row of the person is there first. `about` is what the words need beside
    the booking itself: `planned`, `reason` and `was` of a change, the state of a booking `before`
    it ended, `until` of an offer, `offer` where one is called off, the `notice`, `twin`, and
    `calendar` where a family asked for a calendar file although the programme is sensitive.
    """
    if kind not in KINDS:
        raise ValueError(f"'{kind}' is not a kind of message")
    owed = _enqueue_professional if kind in TO_PROFESSIONAL else _enqueue_family
    done = owed(
        connection,
        the_booking_id=booking_id,
        the_kind=kind,
        the_about=dict(about),
        the_due=due,
        the_created=now,
    )
    return done.first() is not None


def enqueue_all(
    connection: Connection,
    booking_id: int,
    owed: Iterable[tuple[str, datetime, Mapping[str, Any]]],
    *,
    now: datetime,
) -> None:
    """Owe the family all of these (kind, due, about) at once; as `enqueue`, without an answer."""
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
    """Let go of what is still owed of these kinds. What is being sent is not held back."""
    connection.execute(
        message.update()
        .where(
            message.c.booking_id == booking_id,
            message.c.kind.in_(kinds),
            message.c.state == "owed",
        )
        .values(state="dropped")
    )


# --- questions of staff ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands, for staff. Its words are not kept."""

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
    """Messages in these states made since then, the newest first, of what `sees` lets through."""
    query = _with_booking().where(message.c.state.in_(states), message.c.created >= since)
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
