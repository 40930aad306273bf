"""The audit log, and the labels shown on pages for the codes that the tables hold.

Each set is declared once here, so that nothing without a label can be written: `note` takes only an
`AuditAction` and a known actor, and tests compare the other sets with their declarations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal.database.engine import read, write
from portal.database.prepared import Prepared
from portal.database.tables import (
    DEVICE_FOR,
    IDLE,
    KEPT_FOR,
    REMEMBERED,
    audit,
    sign_in_tries,
    staff,
    staff_device,
    staff_session,
)

# The status of a booking (`tables.STATUSES`), as staff see it.
STATES: Mapping[str, str] = {
    "requested": "Waits for an answer",
    "confirmed": "Has a place",
    "waiting": "On the waiting list",
    "offered": "Was offered a place",
    "cancelled": "Cancelled",
    "lapsed": "The offer ended",
    "declined": "We said no",
}

# The kinds of message (`message_texts.KINDS`).
MESSAGES: Mapping[str, str] = {
    "confirmation": "You have a place",
    "waiting": "You are on the waiting list",
    "waiting-ended": "What you waited for is cancelled",
    "offered": "A place is free for you",
    "lapsed": "The offer is over",
    "moved": "A session is moved",
    "postponed": "A session is postponed",
    "reminder": "Your session is soon",
    "cancelled-by-us": "A session or a place is cancelled",
    "cancelled-by-you": "You have cancelled",
    "off-the-list": "You are off our list",
    "request-received": "We have your request",
    "request-confirmed": "Your request is confirmed",
    "request-declined": "Your request is declined",
    "professional-received": "To the professional: we have your request",
    "link": "The link to your booking",
    "notice": "What staff had to say",
}

# The delivery state of a message (`message.state`).
DELIVERY: Mapping[str, str] = {
    "owed": "waits to go out",
    "sending": "is going out",
    "sent": "sent",
    "failed": "not delivered",
    "dropped": "not needed any more",
    "ring": "cannot be sent, staff must tell them",
    "rung": "told by phone or in person",
}

# The actors named in the log; members of staff are `staff:<id>`.
ACTORS: Mapping[str, str] = {
    "family": "A family",
    "professional": "A professional",
    "stranger": "Somebody not signed in",
    "clock": "The portal, by itself",
    "content": "A change of the content",
    "operator": "The person who runs the portal",
    "command": "The person who runs the portal",
}

# The actions in the log. An action no longer in use stays here for older lines.
AuditAction = Literal[
    "accept",
    "answer complaint",
    "account-add",
    "account-change",
    "account-remove",
    "account-reset",
    "ask",
    "book",
    "cancel",
    "cancelled-by-us",
    "change",
    "code-failed",
    "complain",
    "confirm",
    "correct",
    "decline",
    "end offered",
    "end waiting",
    "erase",
    "erase complaint",
    "export",
    "export register",
    "forget",
    "gap",
    "give",
    "lapse",
    "move on",
    "moved",
    "network-locked",
    "network-unlock",
    "not rung",
    "notice",
    "offer",
    "password",
    "places",
    "postponed",
    "read booking",
    "read complaint",
    "read register",
    "read ring list",
    "recovery-code",
    "recovery-codes",
    "remark",
    "restore",
    "ring",
    "save register",
    "second-factor",
    "send again",
    "send link",
    "sign-in",
    "sign-in-failed",
    "sign-in-locked",
    "sign-in-unlock",
    "sign-out",
    "unknown-name",
]
ACTIONS: Mapping[str, str] = {
    "accept": "took an offered place",
    "answer complaint": "answered a complaint about data",
    "account-add": "made the account of {staff}",
    "account-change": "changed the account of {staff}",
    "account-remove": "removed the account of {staff}",
    "account-reset": "reset the account of {staff}",
    "ask": "asked for a place",
    "book": "booked",
    "cancel": "cancelled a booking",
    "cancelled-by-us": "called off a session",
    "change": "changed who comes",
    "code-failed": "entered a wrong code for {staff}",
    "complain": "complained about data",
    "confirm": "confirmed a request",
    "correct": "corrected details",
    "decline": "declined a request",
    "end offered": "ended an offer of what is called off",
    "end waiting": "ended a wait for what is called off",
    "erase": "deleted the details of a family",
    "erase complaint": "deleted a complaint about data",
    "export": "exported",
    "export register": "exported a register",
    "forget": "deleted details that were old",
    "gap": "told of a gap in service",
    "give": "gave a place",
    "lapse": "let an offer lapse",
    "move on": "moved an offer on",
    "moved": "moved a session",
    "postponed": "postponed a session",
    "network-locked": "was stopped after too many tries from one network",
    "network-unlock": "let a network try to sign in again",
    "not rung": "noted that a family is still to be told",
    "notice": "wrote to the families of a group",
    "offer": "offered a place",
    "password": "changed their own password",
    "places": "changed the number of places",
    "read booking": "read a booking",
    "read complaint": "read complaints about data",
    "read register": "read a register",
    "read ring list": "read the list of families to ring",
    "recovery-code": "used a recovery code",
    "recovery-codes": "made new recovery codes",
    "remark": "noted something",
    "restore": "took back a cancellation",
    "ring": "told a family by phone or in person",
    "save register": "saved a register",
    "second-factor": "set up their phone",
    "send again": "sent a message again",
    "send link": "sent the link of a booking",
    "sign-in": "signed in",
    "sign-in-failed": "failed to sign in as {staff}",
    "sign-in-locked": "was stopped after too many tries to sign in as {staff}",
    "sign-in-unlock": "let {staff} try to sign in again",
    "sign-out": "signed out",
    "unknown-name": "tried to sign in with a name that has no account",
}


# Some actions read differently by the booking's status: the new one, or the one before.
_BY_STATE: Mapping[tuple[str, str], str] = {
    ("book", "requested"): "asked for a place",
    ("book", "waiting"): "joined a waiting list",
    ("cancel", "requested"): "ended a request",
    ("cancel", "waiting"): "ended a wait for a place",
    ("cancel", "offered"): "ended an offer",
}


def action_words(action: str, detail: Mapping[str, Any]) -> str:
    """The action in words; an action of an older version that has none is shown as written."""
    state = str(detail.get("status", ""))
    return _BY_STATE.get((action, state)) or ACTIONS.get(action, action)


def actor_known(actor: str) -> bool:
    """Whether there is a label for this actor."""
    kind, _, number = actor.partition(":")
    return actor in ACTORS or (kind == "staff" and number.isdecimal())


_noted = Prepared(audit.insert(), ("at", "actor", "did", "booking_id", "series", "detail"))


def note(
    connection: Connection,
    now: datetime,
    actor: str,
    action: AuditAction,
    booking_id: int | None = None,
    series: str | None = None,
    **detail: Any,
) -> None:
    """Write a line of the log. Raises ValueError for an unknown actor or action."""
    if action not in ACTIONS or not actor_known(actor):
        raise ValueError(f"'{actor}' and '{action}' must have words for the log")
    _noted.execute(
        connection,
        at=now,
        actor=actor,
        did=action,
        booking_id=booking_id,
        series=series,
        detail=detail,
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: who did what, and when. It holds no personal value of a family."""

    id: int
    at: datetime
    actor: str
    action: str
    booking_id: int | None
    series: str | None
    detail: dict[str, Any]


def log(
    engine: Engine,
    *,
    centres: Collection[str] | None = None,
    endings: Collection[str] = (),
    staff_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Lines of the log, newest first: optionally of some centres, of one person, before a line.

    With `centres` also come the lines of what belongs to no centre, and whose identity ends so.
    """
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if centres is not None:
        own = (audit.c.series.startswith(f"{one}/", autoescape=True) for one in centres)
        ours = (audit.c.series.endswith(one, autoescape=True) for one in endings)
        query = query.where(sa.or_(sa.false(), *own, *ours))
    if staff_id is not None:
        query = query.where(audit.c.actor == f"staff:{staff_id}")
    if before is not None:
        query = query.where(audit.c.id < before)
    with read(engine) as connection:
        rows = connection.execute(query).all()
    return [
        Entry(row.id, row.at, row.actor, row.did, row.booking_id, row.series, dict(row.detail))
        for row in rows
    ]


def forget_old(engine: Engine, now: datetime) -> int:
    """Delete lines of the log after 12 months, accounts removed that long ago, ended visits,
    unused invitations, devices not used any more and old attempts to sign in.

    Returns the number of lines deleted.
    """

    def work(connection: Connection) -> int:
        gone = connection.execute(audit.delete().where(audit.c.at < now - KEPT_FOR)).rowcount
        connection.execute(staff.delete().where(staff.c.removed < now - KEPT_FOR))
        connection.execute(staff_session.delete().where(staff_session.c.began <= now - REMEMBERED))
        late = staff.update().where(
            staff.c.invited_until <= now, staff.c.invitation_hash.is_not(None)
        )
        connection.execute(late.values(invitation_hash=None, password=None))
        connection.execute(staff_device.delete().where(staff_device.c.seen < now - DEVICE_FOR))
        connection.execute(sign_in_tries.delete().where(sign_in_tries.c.at < now - IDLE))
        return int(gone)

    return write(engine, work)
