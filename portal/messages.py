"""What is owed to whom: a queue in the database, written in the transaction of the booking.

What it hides: a message is owed by one insert inside another verb's transaction, and only where
the family chose a way of contact and said that it is safe (safety rules S4 and S5). No address is
kept in the queue: it is looked up when the message is sent, so that it is erased once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, select

from portal.tables import message, person, referral

# The kinds of message, each with its words in content/messages/<kind>.md.
KINDS = (
    "confirmation",
    "waiting",
    "offered",
    "lapsed",
    "moved",
    "reminder",
    "cancelled-by-us",
    "cancelled-by-you",
    "request-received",
    "request-confirmed",
    "request-declined",
    "professional-received",
)
TO_PROFESSIONAL = ("professional-received",)

_BOUND = ("booking_id", "kind", "about", "due", "created")


def _insert_where(table: sa.Table, *wishes: sa.ColumnElement[bool]) -> sa.Insert:
    """The insert of one owed message, which writes nothing unless the wishes are met."""
    # A name of its own for each: SQLAlchemy keeps the names of columns for itself in an insert.
    values = [bindparam(f"the_{name}", type_=message.c[name].type) for name in _BOUND]
    owed = [sa.literal("owed", message.c.state.type), sa.literal(0, message.c.tries.type)]
    return message.insert().from_select(
        [*_BOUND, "state", "tries"],
        select(*values, *owed)
        .select_from(table)
        .where(table.c.booking_id == bindparam("the_booking_id"), *wishes),
    )


_owe_family = _insert_where(
    person,
    person.c.safe_to_contact,
    sa.or_(
        sa.and_(person.c.contact_by == "email", person.c.email.is_not(None)),
        sa.and_(person.c.contact_by == "text", person.c.phone.is_not(None)),
    ),
)
_owe_professional = _insert_where(referral, referral.c.email.is_not(None))


def owe(
    connection: Connection,
    booking_id: int,
    kind: str,
    *,
    now: datetime,
    due: datetime,
    about: Mapping[str, Any],
) -> None:
    """Owe a message of this kind from `due` on, inside the caller's transaction.

    Writes nothing where the family chose no way of contact or said that none is safe; so the row
    of the person is there first. `about` is what the words need beside the booking itself.
    """
    if kind not in KINDS:
        raise ValueError(f"'{kind}' is not a kind of message")
    connection.execute(
        _owe_professional if kind in TO_PROFESSIONAL else _owe_family,
        {
            "the_booking_id": booking_id,
            "the_kind": kind,
            "the_about": dict(about),
            "the_due": due,
            "the_created": now,
        },
    )


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
