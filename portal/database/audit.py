"""The audit log, and the labels shown on pages for the codes that the tables hold.

Each set is declared once here, so that nothing without a label can be written: `note` takes only an
`AuditAction` and a known actor, and tests compare the other sets with their declarations. They are
in one file because a code that is added needs its label in the same change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
    bookable,
    booking,
    read_of,
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
    "place-moved": "Your place is moved",
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
    "support-worker": "Who your worker is",
    "support-closed": "Our work has ended",
    "support-review": "Your review is due",
    "link": "The link to your booking",
    "notice": "What staff had to say",
    "creche-place": "A creche place is yours",
    "creche-closed": "There is no creche any more",
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
    "allocate",
    "ask",
    "book",
    "can come",
    "cancel",
    "cancelled-by-us",
    "cannot come",
    "change",
    "change date",
    "close case",
    "close report",
    "code-failed",
    "complain",
    "confirm",
    "content-back",
    "content-drop",
    "content-edit",
    "content-publish",
    "content-send",
    "content-undo",
    "correct",
    "council-failed",
    "count contacts",
    "decline",
    "end offered",
    "end waiting",
    "erase",
    "erase complaint",
    "export",
    "export requests",
    "first contact",
    "export log",
    "export register",
    "forget",
    "gap",
    "give",
    "agree decision",
    "drop decision",
    "erase gap",
    "hide outcome",
    "lapse",
    "move on",
    "moved",
    "network-locked",
    "network-unlock",
    "not rung",
    "notice",
    "offer",
    "creche place",
    "creche places",
    "password",
    "places",
    "postponed",
    "publish report",
    "read booking",
    "propose decision",
    "read case",
    "read complaint",
    "read gaps",
    "read message",
    "read register",
    "read requests",
    "read ring list",
    "read waiting list",
    "read wish",
    "recovery-code",
    "reply gap",
    "withdraw gap",
    "take out of gap",
    "recovery-codes",
    "remark",
    "restore",
    "ring",
    "review",
    "review undone",
    "save plan",
    "save register",
    "save scores",
    "search",
    "second-factor",
    "send again",
    "send link",
    "sign-in",
    "sign-in-failed",
    "sign-in-locked",
    "sign-in-unlock",
    "sign-out",
    "erase wish",
    "renew wish",
    "tell wish",
    "triage",
    "unknown-name",
    "week off",
    "week right",
    "wish",
    "begin project",
    "close theme",
    "correct project",
    "drop theme",
    "propose theme",
    "raise theme",
    "read theme",
    "report project",
    "send theme up",
]
ACTIONS: Mapping[str, str] = {
    "accept": "took an offered place",
    "answer complaint": "answered a complaint about data",
    "account-add": "made the account of {staff}",
    "account-change": "changed the account of {staff}",
    "account-remove": "removed the account of {staff}",
    "account-reset": "reset the account of {staff}",
    "allocate": "gave a request to {staff}",
    "ask": "asked for a place",
    "book": "booked",
    "can come": "took back that they cannot come to a date",
    "cancel": "cancelled a booking",
    "cancelled-by-us": "called off a session",
    "cannot come": "sent apologies for a date",
    "change": "changed who comes",
    "change date": "cancelled or moved a date, or took that back",
    "close case": "closed a request",
    "close report": "closed a report about the week of a centre",
    "code-failed": "entered a wrong code for {staff}",
    "complain": "complained about data",
    "confirm": "confirmed a request",
    "content-back": "sent a change of the content back",
    "content-drop": "dropped a change of the content",
    "content-edit": "began a change of the content",
    "content-publish": "published a change of the content",
    "content-send": "sent a change of the content to be looked at",
    "content-undo": "took back a change of the content",
    "correct": "corrected details",
    "council-failed": "failed to sign in by a council account",
    "count contacts": "counted the people whom they spoke to",
    "decline": "declined a request",
    "end offered": "ended an offer of what is called off",
    "end waiting": "ended a wait for what is called off",
    "erase": "deleted the details of a family",
    "erase complaint": "deleted a complaint about data",
    "export": "exported",
    "export requests": "exported the requests, without names",
    "first contact": "noted the first contact with a family",
    "export log": "saved the log of one family as a file",
    "export register": "exported a register",
    "forget": "deleted details that were old",
    "gap": "told of a gap in service",
    "give": "gave a place",
    "agree decision": "agreed a decision of a Resource Panel",
    "drop decision": "dropped a proposal to a Resource Panel",
    "erase gap": "deleted who sent a gap in service",
    "hide outcome": "ended a professional’s view of whether the family came",
    "lapse": "let an offer lapse",
    "move on": "moved an offer on",
    "moved": "moved a session",
    "postponed": "postponed a session",
    "network-locked": "was stopped after too many tries from one network",
    "network-unlock": "let a network try to sign in again",
    "not rung": "noted that a family is still to be told",
    "notice": "wrote to the families of a group",
    "offer": "offered a place",
    "creche place": "gave a place in the creche to a family that waited for it",
    "creche places": "changed the number of places in the creche",
    "password": "changed their own password",
    "places": "changed the number of places",
    "publish report": "published the numbers of a quarter",
    "read booking": "read a booking",
    "propose decision": "proposed a decision of a Resource Panel",
    "read gaps": "read what a Resource Panel is asked for",
    "reply gap": "answered what a Resource Panel asked",
    "withdraw gap": "took a gap in service back",
    "take out of gap": "took words out of a gap in service",
    "read case": "read a request",
    "read complaint": "read complaints about data",
    "read message": "read what came of a message to families",
    "read register": "read a register",
    "read requests": "read the requests that wait for an answer",
    "read ring list": "read the list of families to ring",
    "read waiting list": "read a waiting list",
    "read wish": "read a wish for a message",
    "recovery-code": "used a recovery code",
    "recovery-codes": "made new recovery codes",
    "remark": "noted something",
    "restore": "took back a cancellation",
    "ring": "told a family by phone or in person",
    "review": "noted a review of a plan",
    "review undone": "took back that a review of a plan was held",
    "save plan": "saved the plan of a family",
    "save register": "saved a register",
    "save scores": "saved the outcome numbers of a family",
    "search": "searched for bookings, and was shown families",
    "second-factor": "set up their phone",
    "send again": "sent a message again",
    "send link": "sent the link of a booking",
    "sign-in": "signed in",
    "sign-in-failed": "failed to sign in as {staff}",
    "sign-in-locked": "was stopped after too many tries to sign in as {staff}",
    "sign-in-unlock": "let {staff} try to sign in again",
    "sign-out": "signed out",
    "triage": "decided the next step of a request",
    "unknown-name": "tried to sign in with a name that has no account",
    "week off": "said by a link that something is off in the week of a centre",
    "week right": "said by a link that the week of a centre is right",
    "wish": "asked for a message when a group opens",
    "renew wish": "asked for one more message when a group opens",
    "tell wish": "queued the message that a group is open",
    "erase wish": "ended a wish for a message, and deleted its details",
    "begin project": "agreed a project of a Resource Panel",
    "close theme": "closed a theme of a Resource Panel",
    "correct project": "corrected the report of a project",
    "drop theme": "dropped the next step that was proposed for a theme",
    "propose theme": "proposed the next step of a theme",
    "raise theme": "began a theme of a Resource Panel with a gap",
    "read theme": "read a theme of a Resource Panel",
    "report project": "reported the numbers of a project",
    "send theme up": "agreed that a theme of a Resource Panel goes up",
}

# Actions that a reader of the log asks for together.
READING: Collection[AuditAction] = (
    "export",
    "export log",
    "export register",
    "export requests",
    "read booking",
    "read case",
    "read complaint",
    "read gaps",
    "read message",
    "read register",
    "read requests",
    "read ring list",
    "read waiting list",
    "read wish",
    "search",
)
SIGNING_IN: Collection[AuditAction] = (
    "code-failed",
    "council-failed",
    "network-locked",
    "network-unlock",
    "password",
    "recovery-code",
    "recovery-codes",
    "second-factor",
    "sign-in",
    "sign-in-failed",
    "sign-in-locked",
    "sign-in-unlock",
    "sign-out",
    "unknown-name",
)
OF_ACCOUNTS: Collection[AuditAction] = (
    "account-add",
    "account-change",
    "account-remove",
    "account-reset",
)

# Some actions read differently by the booking's status: the new one, or the one before.
_BY_STATE: Mapping[tuple[str, str], str] = {
    ("book", "requested"): "asked for a place",
    ("book", "waiting"): "joined a waiting list",
    ("cancel", "requested"): "ended a request",
    ("cancel", "waiting"): "ended a wait for a place",
    ("cancel", "offered"): "ended an offer",
}


def action_words(action: str, detail: Mapping[str, Any]) -> str:
    """The action in words; one of another version may have none."""
    state = str(detail.get("status", ""))
    return _BY_STATE.get((action, state)) or ACTIONS.get(
        action, f"did something that this version has no words for ({action})"
    )


def actor_known(actor: str) -> bool:
    """Whether there is a label for this actor."""
    return actor in ACTORS or staff_id_of(actor) is not None


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
    _demand_words(actor, action)
    _noted.execute(
        connection,
        at=now,
        actor=actor,
        did=action,
        booking_id=booking_id,
        series=series,
        detail=detail,
    )


def _demand_words(actor: str, action: str) -> None:
    if action not in ACTIONS or not actor_known(actor):
        raise ValueError(f"'{actor}' and '{action}' must have words for the log")


def note_reading(
    connection: Connection,
    now: datetime,
    actor: str,
    action: AuditAction,
    families: Iterable[int],
    series: str | None = None,
    booking_id: int | None = None,
    **detail: Any,
) -> None:
    """Write one line about a page or file that showed these families, by their booking ids (S69).

    However many there are, it takes two statements.
    """
    _demand_words(actor, action)
    ids = sorted({*families} - {booking_id})
    line = audit.insert().values(
        at=now, actor=actor, did=action, booking_id=booking_id, series=series, detail=detail
    )
    number = connection.execute(line.returning(audit.c.id)).scalar_one()
    if ids:
        rows = [{"audit_id": number, "booking_id": one} for one in ids]
        connection.execute(read_of.insert(), rows)


def log_reading(
    engine: Engine,
    action: AuditAction,
    families: Iterable[int],
    *,
    now: datetime,
    actor: str,
    series: str | None = None,
    **detail: Any,
) -> None:
    """The same in a transaction of its own, which is opened only if families were shown."""
    if ids := [*families]:
        write(engine, lambda c: note_reading(c, now, actor, action, ids, series, **detail))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: who did what, and when. It holds no personal value of a family.

    `families` are the bookings that a page or file showed, each as its reference and its series.
    """

    id: int
    at: datetime
    actor: str
    action: str
    booking_id: int | None
    series: str | None
    detail: dict[str, Any]
    reference: str | None = None
    families: tuple[tuple[str, str], ...] = ()


def log(
    engine: Engine,
    *,
    centres: Collection[str] | None = None,
    endings: Collection[str] = (),
    staff_id: int | None = None,
    booking_id: int | None = None,
    actions: Collection[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    line: int | None = None,
    before: int | None = None,
    limit: int | None = 100,
) -> list[Entry]:
    """Lines of the log, newest first.

    With `centres`, those about these centres, and about what belongs to no centre and whose
    identity has one of these `endings`. `staff_id` is who did it or whose account it is about,
    `booking_id` a family that it is about or that was shown, `line` one line by its number.
    """
    wanted: list[sa.ColumnElement[bool]] = []
    if centres is not None:
        wanted.append(_within(centres, endings))
    if staff_id is not None:
        account = audit.c.detail["staff"].as_integer()
        wanted.append(sa.or_(audit.c.actor == f"staff:{staff_id}", account == staff_id))
    if booking_id is not None:
        shown = select(read_of.c.audit_id).where(read_of.c.booking_id == booking_id)
        wanted.append(sa.or_(audit.c.booking_id == booking_id, audit.c.id.in_(shown)))
    if actions:
        # A name from an address may be anything: a database may refuse it.
        wanted.append(audit.c.did.in_([one for one in actions if one in ACTIONS]))
    if since is not None:
        wanted.append(audit.c.at >= since)
    if until is not None:
        wanted.append(audit.c.at < until)
    if line is not None:
        wanted.append(audit.c.id == line)
    if before is not None:
        wanted.append(audit.c.id < before)
    query = (
        select(audit, booking.c.reference)
        .outerjoin(booking, booking.c.id == audit.c.booking_id)
        .where(*wanted)
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    with read(engine) as connection:
        rows = connection.execute(query).all()
        families = _families(connection, [row.id for row in rows])
    return [
        Entry(
            row.id, row.at, row.actor, row.did, row.booking_id, row.series, dict(row.detail),
            row.reference, tuple(families.get(row.id, ())),
        )
        for row in rows
    ]  # fmt: skip


def _within(centres: Collection[str], endings: Collection[str]) -> sa.ColumnElement[bool]:
    """Lines about these centres or districts, or that showed a family of them."""

    def ours(identity: sa.Column[Any]) -> sa.ColumnElement[bool]:
        starts = (identity.startswith(f"{one}/", autoescape=True) for one in centres)
        ends = (identity.endswith(one, autoescape=True) for one in endings)
        return sa.or_(sa.false(), *starts, *ends)

    shown = (
        select(read_of.c.audit_id)
        .join(booking, booking.c.id == read_of.c.booking_id)
        .join(bookable, bookable.c.id == booking.c.bookable_id)
        .where(read_of.c.audit_id == audit.c.id, ours(bookable.c.series))
    )
    return sa.or_(ours(audit.c.series), shown.exists())


def _families(
    connection: Connection, lines: Collection[int]
) -> Mapping[int, list[tuple[str, str]]]:
    """The bookings that were shown, by line."""
    query = (
        select(read_of.c.audit_id, booking.c.reference, bookable.c.series)
        .join(booking, booking.c.id == read_of.c.booking_id)
        .join(bookable, bookable.c.id == booking.c.bookable_id)
        .where(read_of.c.audit_id.in_(lines))
        .order_by(booking.c.id)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.audit_id, []).append((row.reference, row.series))
    return found


def staff_names(engine: Engine) -> Mapping[int, str]:
    """The names of all members of staff whom the log can name, by the numbers of their accounts."""
    with read(engine) as connection:
        rows = connection.execute(select(staff.c.id, staff.c.title))
        return {row.id: row.title for row in rows}


def staff_id_of(actor: str) -> int | None:
    """The number of the account of an actor; None if it is not a member of staff."""
    kind, _, number = actor.partition(":")
    return int(number) if kind == "staff" and number.isdecimal() else None


def actor_words(actor: str, names: Mapping[int, str]) -> str:
    """Who did it, in words."""
    number = staff_id_of(actor)
    if number is None:
        return ACTORS.get(actor, f"Somebody ({actor})")
    return names.get(number, "Somebody who left")


def entry_words(entry: Entry, names: Mapping[int, str]) -> str:
    """What was done, in words."""
    said = action_words(entry.action, entry.detail)
    if "{staff}" not in said:
        return said
    return said.format(staff=actor_words(f"staff:{entry.detail.get('staff')}", names))


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
