"""Gaps in Service: what a practitioner needed for a family and no local service offered.

What it hides: a form is open until it is decided, and an open one is on the agenda of a meeting of
the district's Resource Panel. Where the district has no panel, it waits for the manager of the
footprint. If the content changes that, or the day of the meeting, the practitioner gets a message.
Nothing in a form names a family. The practitioner has a private link, and the same key stores a
form only once.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.bookings.locking import NotPossible
from portal.database import insert_once, note, read, write
from portal.database.rate_limits import Allowance
from portal.database.references import digest_of, new_gap_link
from portal.database.tables import gap, panel_decision, panel_message
from portal.directory import Directory, Meeting, Panel
from portal.directory.values import LONDON
from portal.panel.meetings import meeting_for, meeting_named, next_meeting, panel_of
from portal.panel.themes import gather, identity_of

OPEN = ("open", "more")  # not decided yet
DECIDED = ("met", "spent", "escalated", "no")
UNANSWERED = timedelta(days=183)  # then the practitioner is forgotten without a decision

CHANGED = "Somebody else has changed this form in the meantime. Look at it again."


@dataclass(frozen=True)
class Gap:
    """A need that no local service meets (Gap in Service). Nothing in it names a family."""

    district: str
    needs: tuple[str, ...]
    wanted: str
    tried: str
    pounds: int | None
    name: str
    organisation: str
    email: str
    level: int | None = None
    caf: bool | None = None
    families: int = 1
    theme: str = ""
    attends: str = ""


@dataclass(frozen=True, kw_only=True)
class Filed(Gap):
    """A form that is stored. `meeting` names the meeting of whose agenda it is."""

    id: int
    reference: str
    created: datetime
    panel: str
    state: str
    meeting: str
    reply: str
    version: int
    issue_id: int | None
    link_nonce: bytes | None = field(repr=False)
    link_hash: bytes | None = field(repr=False)

    @property
    def identity(self) -> str:
        """Its identity in the log, by which the managers of its district see the line."""
        return identity_of(self.district)


def report(
    engine: Engine,
    found: Gap,
    directory: Directory,
    *,
    key: str,
    secret: str,
    now: datetime,
    allowance: Allowance | None = None,
) -> str:
    """Store a practitioner's Gap in Service form, once for each key. Returns its reference.

    It comes to the agenda of a meeting, and a message with its link is queued. Each new form counts
    towards its `allowance`. Raises TooOften.
    """
    panel, nonce = panel_of(directory, found.district), secrets.token_bytes(16)
    values = {one.name: getattr(found, one.name) for one in fields(Gap)}
    meeting = meeting_for(panel, now) if panel else None
    values |= _place(found.district, panel, meeting) | {
        "needs": list(found.needs),
        "created": now,
        "link_nonce": nonce,
        "link_hash": digest_of(new_gap_link(secret, nonce)),
    }

    def work(connection: Connection) -> str:
        reference, fresh = insert_once(connection, gap, key, **values)
        if fresh:
            if allowance is not None:
                allowance.take(connection, now)
            number = select(gap.c.id).where(gap.c.reference == reference)
            queue(connection, connection.execute(number).scalar_one(), "gap-received", now)
            district = values["panel"]
            gather(connection, district, found.theme, now=now, actor="professional")
            note(
                connection, now, "professional", "gap", None, identity_of(found.district),
                detail_reference=reference,
            )  # fmt: skip
        return reference

    return write(engine, work)


def queue(connection: Connection, number: int, kind: str, now: datetime, **about: Any) -> None:
    """Queue a message to the practitioner, inside the transaction that it is about."""
    values = {"gap_id": number, "kind": kind, "about": about, "due": now}
    connection.execute(panel_message.insert().values(**values, state="owed", tries=0))


def _place(district: str, panel: Panel | None, meeting: Meeting | None) -> dict[str, Any]:
    """The columns that say who decides, and at which meeting."""
    return {
        "panel": district if panel else "",
        "meeting": meeting.name if meeting else "",
        "meeting_day": meeting.day.isoformat() if meeting else "",
    }


# --- reading --------------------------------------------------------------------------------------


def find(engine: Engine, link: str) -> Filed | None:
    """The form behind a practitioner's link; None for any link that is wrong or has ended (S23)."""
    return next(iter(_filed(engine, gap.c.link_hash == digest_of(link))), None)


def with_reference(engine: Engine, reference: str) -> Filed | None:
    return next(iter(_filed(engine, gap.c.reference == reference.strip().upper())), None)


def with_id(engine: Engine, number: int) -> Filed | None:
    return next(iter(_filed(engine, gap.c.id == number)), None)


def sent_before(engine: Engine, found: Gap) -> bool:
    """Whether the same practitioner has an open form with the same words."""
    fields_ = (gap.c.district == found.district, gap.c.state.in_(OPEN))
    same = (gap.c.wanted == found.wanted, sa.func.lower(gap.c.email) == found.email.lower())
    with read(engine) as connection:
        number = connection.execute(select(sa.func.count()).where(*fields_, *same)).scalar_one()
    return bool(number)


def with_key(engine: Engine, key: str) -> Filed | None:
    """The form that was stored with this key."""
    return next(iter(_filed(engine, gap.c.key_hash == digest_of(key))), None)


def says(one: Filed) -> Gap:
    """What the practitioner wrote in a stored form."""
    return Gap(**{each.name: getattr(one, each.name) for each in fields(Gap)})


def in_district_of(engine: Engine, district: str, states: Collection[str] = OPEN) -> list[Filed]:
    """The forms of a district in these states, the oldest first."""
    return _filed(engine, sa.and_(gap.c.district == district, gap.c.state.in_(states)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many open forms a district has, and for how many days the oldest has waited."""

    district: str
    number: int
    days: int


def waiting(engine: Engine, districts: Collection[str], now: datetime) -> list[Waiting]:
    """The districts among these that have open forms, the longest wait first."""
    oldest = sa.func.min(gap.c.created).label("oldest")
    query = (
        select(gap.c.district, sa.func.count().label("number"), oldest)
        .where(gap.c.state.in_(OPEN), gap.c.district.in_(districts))
        .group_by(gap.c.district)
        .order_by(oldest)
    )
    today = now.astimezone(LONDON).date()
    with read(engine) as connection:
        return [
            Waiting(row.district, row.number, (today - row.oldest.astimezone(LONDON).date()).days)
            for row in connection.execute(query)
        ]


def agenda(engine: Engine, district: str, meeting: str) -> list[Filed]:
    """The forms that a meeting is to decide, the oldest first."""
    on_it = sa.and_(gap.c.panel == district, gap.c.meeting == meeting, gap.c.state == "open")
    return _filed(engine, on_it)


def _filed(engine: Engine, condition: sa.ColumnElement[bool]) -> list[Filed]:
    with read(engine) as connection:
        rows = connection.execute(select(gap).where(condition).order_by(gap.c.created, gap.c.id))
        return [filed_of(row) for row in rows]


def filed_of(row: Row[Any]) -> Filed:
    """The form of a table row."""
    values = {one.name: getattr(row, one.name) for one in fields(Filed)}
    return Filed(**values | {"needs": tuple(row.needs)})


def log_reading(engine: Engine, district: str, number: int, *, now: datetime, actor: str) -> None:
    """Log that somebody read forms of a district, and how many."""

    def work(connection: Connection) -> None:
        series = identity_of(district)
        note(connection, now, actor, "read gaps", None, series, detail_number=number)

    if number:
        write(engine, work)


# --- changes --------------------------------------------------------------------------------------


def locked(connection: Connection, number: int, seen: int | None = None) -> Filed:
    """A form, locked until the end of the transaction.

    Raises NotPossible if it has changed since the version that was `seen`.
    """
    row = connection.execute(select(gap).where(gap.c.id == number).with_for_update()).first()
    if row is None:
        raise NotPossible("There is no such form.")
    if seen is not None and row.version != seen:
        raise NotPossible(CHANGED)
    return filed_of(row)


def change(connection: Connection, one: Filed, **values: Any) -> None:
    """Change a locked form, and count the change."""
    row = gap.update().where(gap.c.id == one.id)
    connection.execute(row.values(**values, version=one.version + 1))


def reply(
    engine: Engine, directory: Directory, number: int, words: str, *, seen: int, now: datetime
) -> None:
    """The practitioner answers what the panel asked: the form goes on an agenda again.

    Raises NotPossible if nothing is asked.
    """

    def work(connection: Connection) -> None:
        one = locked(connection, number, seen)
        if one.state != "more":
            raise NotPossible("Nothing is asked of you just now.")
        place = _next_place(directory, one.district, now)
        said = f"{one.reply}\n{words}".strip()
        change(connection, one, reply=said, state="open", **place)
        note(
            connection, now, "professional", "reply gap", None, one.identity,
            detail_reference=one.reference,
        )  # fmt: skip
        if place["meeting"]:
            queue(connection, number, "gap-agenda", now)

    write(engine, work)


def withdraw(engine: Engine, number: int, *, seen: int, now: datetime) -> None:
    """The practitioner takes an open form back: nobody decides about it any more.

    Raises NotPossible.
    """

    def work(connection: Connection) -> None:
        one = locked(connection, number)
        if one.state == "withdrawn":
            return  # pressed twice
        if one.version != seen:
            raise NotPossible(CHANGED)
        if one.state not in OPEN:
            raise NotPossible("This form has its answer already.")
        _drop_proposal(connection, number)
        change(connection, one, state="withdrawn", issue_id=None)
        note(
            connection, now, "professional", "withdraw gap", None, one.identity,
            detail_reference=one.reference,
        )  # fmt: skip

    write(engine, work)


TAKEN_OUT = "[taken out]"
_TEXTS = ("wanted", "tried", "attends", "reply")
_DECIDED_TEXTS = ("words", "what_for", "provider", "how")


def take_out(
    engine: Engine, number: int, words: str, *, seen: int, now: datetime, actor: str
) -> None:
    """Take words that name somebody out of a form and of what was decided on it, for good (S94).

    Raises NotPossible where the words are not in it.
    """
    parts = r"\s+".join(re.escape(one) for one in words.split())
    wanted = re.compile(rf"(?<!\w){parts}(?!\w)", re.I)

    def without(row: Row[Any], names: Sequence[str]) -> dict[str, str]:
        found = {name: wanted.sub(TAKEN_OUT, getattr(row, name)) for name in names}
        return {name: text for name, text in found.items() if text != getattr(row, name)}

    def work(connection: Connection) -> None:
        one = locked(connection, number, seen)
        row = connection.execute(select(gap).where(gap.c.id == number)).one()
        changed = without(row, _TEXTS)
        decided = select(panel_decision).where(panel_decision.c.gap_id == number)
        for each in connection.execute(decided).all():
            if texts := without(each, _DECIDED_TEXTS):
                own = panel_decision.update().where(panel_decision.c.id == each.id)
                connection.execute(own.values(**texts))
                changed.setdefault("reply", row.reply)
        if not parts or not changed:
            raise NotPossible("These words are not in the form.")
        change(connection, one, **changed)
        note(
            connection, now, actor, "take out of gap", None, one.identity,
            detail_reference=one.reference,
        )  # fmt: skip

    write(engine, work)


def _drop_proposal(connection: Connection, number: int) -> None:
    """Drop what a member proposed, where nobody is left to agree it."""
    proposed = panel_decision.update().where(
        panel_decision.c.gap_id == number, panel_decision.c.state == "proposed"
    )
    connection.execute(proposed.values(state="dropped"))


def follow_meetings(engine: Engine, directory: Directory, *, now: datetime) -> int:
    """Bring open forms to the meetings that the content has now; returns how many were changed.

    A form that its meeting did not decide comes to the next one. Where a district's panel has gone,
    its forms go to the manager, and where it has a panel now, to that. Each practitioner gets a
    message, also if the meeting is on another day than the last message said.
    """
    with read(engine) as connection:
        rows = connection.execute(select(gap).where(gap.c.state.in_(OPEN)).order_by(gap.c.id))
        moved = [row.id for row in rows if _to_move(row, directory, now)]
    return sum(_follow_one(engine, number, directory, now) for number in moved)


def _to_move(row: Row[Any], directory: Directory, now: datetime) -> dict[str, Any] | None:
    """The columns of an open form that the content and the time change; None if none."""
    panel = panel_of(directory, row.district)
    if bool(row.panel) != bool(panel):
        return _next_place(directory, row.district, now)
    if panel is None or row.state != "open":
        return None
    meeting = meeting_named(panel, row.meeting)
    if meeting is None or _over(meeting.ends, now):
        place = _next_place(directory, row.district, now)
        return place if place["meeting"] != row.meeting else None
    day = meeting.day.isoformat()
    return {"meeting_day": day} if day != row.meeting_day else None


def _next_place(directory: Directory, district: str, now: datetime) -> dict[str, Any]:
    """The place of a form that is known already: it need not come a week before the meeting."""
    panel = panel_of(directory, district)
    return _place(district, panel, next_meeting(panel, now) if panel else None)


def _over(ends: datetime, now: datetime) -> bool:
    """A decision may be agreed on the day after the meeting, before the form goes to the next."""
    return ends + timedelta(days=2) <= now


def _follow_one(engine: Engine, number: int, directory: Directory, now: datetime) -> bool:
    return write(engine, lambda connection: _follow(connection, number, directory, now))


def _follow(connection: Connection, number: int, directory: Directory, now: datetime) -> bool:
    row = connection.execute(select(gap).where(gap.c.id == number).with_for_update()).one()
    place = _to_move(row, directory, now) if row.state in OPEN else None
    if place is None:
        return False
    if place.get("panel") == "":
        _drop_proposal(connection, number)
    change(connection, filed_of(row), **place)
    gather(connection, place.get("panel", row.panel), row.theme, now=now, actor="clock")
    if place.get("panel") == "":
        queue(connection, number, "gap-manager", now)
    elif place.get("meeting", row.meeting) and row.state == "open":
        queue(connection, number, "gap-agenda", now)
    return True


# --- personal data --------------------------------------------------------------------------------

_NOBODY = {"name": "", "email": "", "attends": "", "link_nonce": None, "link_hash": None}


def forget(connection: Connection, now: datetime, keep_days: int) -> int:
    """Erase who sent a form some days after it was decided; the need itself is kept for planning.

    One that is withdrawn is forgotten at once, and one that nobody decides after half a year.
    """
    since = now - timedelta(days=keep_days)
    late = select(panel_decision.c.gap_id).where(
        panel_decision.c.state == "made",
        sa.func.coalesce(panel_decision.c.agreed, panel_decision.c.proposed) > since,
    )
    over = sa.or_(
        gap.c.state == "withdrawn",
        sa.and_(gap.c.state.in_(DECIDED), gap.c.id.not_in(late)),
        sa.and_(gap.c.state.in_(OPEN), gap.c.created <= now - UNANSWERED),
    )
    return _erased(connection, over)


def erase(engine: Engine, one: Filed, *, now: datetime, actor: str) -> None:
    """Erase who sent a form, decided or not. The need and the money stay."""

    def work(connection: Connection) -> None:
        _erased(connection, gap.c.id == one.id)
        note(
            connection, now, actor, "erase gap", None, one.identity, detail_reference=one.reference
        )

    write(engine, work)


def _erased(connection: Connection, condition: sa.ColumnElement[bool]) -> int:
    named = sa.and_(condition, sa.or_(gap.c.name != "", gap.c.email != ""))
    ids = list(connection.execute(select(gap.c.id).where(named)).scalars())
    connection.execute(gap.update().where(gap.c.id.in_(ids)).values(**_NOBODY))
    owed = panel_message.update().where(
        panel_message.c.gap_id.in_(ids), panel_message.c.state.in_(("owed", "failed"))
    )
    connection.execute(owed.values(state="dropped", trouble=None))
    return len(ids)


def kept(one: Filed) -> Sequence[tuple[str, str]]:
    """All that is kept of a form, as labels and words."""
    rows = [
        ("Gap in Service", one.reference),
        ("Name", one.name),
        ("Organisation", one.organisation),
        ("Email", one.email),
        ("Who comes to the panel", one.attends),
        ("District", one.district),
        ("What would help", one.wanted),
        ("What was tried", one.tried),
        ("Cost", f"£{one.pounds:,}" if one.pounds else ""),
        ("What the practitioner answered", one.reply),
        ("State", one.state),
    ]
    return [(label, words) for label, words in rows if words]
