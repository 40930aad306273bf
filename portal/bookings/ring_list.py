"""Families that must be told something and that no message reaches, and who has told them (S68).

What it hides: such news is in the outbox with the state `ring`, or `failed` where a message could
not be delivered. It stays listed while it is true: a date that is over, or held again as the family
knows it, needs no call. A tick marks all that was read on the page as told, and is written into the
audit log; news that came after the page was opened stays listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.bookings import casework
from portal.bookings.booking import Family
from portal.bookings.casework import Case, Sees
from portal.content.message_texts import TO_PROFESSIONAL
from portal.database import note, note_reading, read, write
from portal.database.tables import bookable, booking, message, person, told
from portal.directory import Directory, Series, Session
from portal.directory.fields import SAFE_TIME
from portal.messages import announced
from portal.messages.change_news import ABOUT_A_SESSION
from portal.messages.outbox import NothingToSend, Owed
from portal.messages.spoken import News, news_of
from portal.settings import Settings

UNTOLD = ("ring", "failed")
_LATE = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ToRing:
    """A family with what it must be told, and why no message tells it."""

    case: Case
    news: tuple[str, ...]
    trouble: str  # of a message that could not be delivered
    last: int  # the number of the newest message that this says
    starts: datetime

    @property
    def number(self) -> str:
        return number_to_ring(self.case.family)

    @property
    def safe_time(self) -> str:
        return self.case.family.answers.get(SAFE_TIME, "") if self.case.family else ""

    @property
    def quiet(self) -> bool:
        """Whether the family is not to be contacted, and nobody else can be in its place."""
        return not contactable(self.case.family) and not self.case.referrer


def contactable(family: Family | None) -> bool:
    """Whether the family may be contacted at all (S5): by a call, or a message that is safe."""
    return family is not None and may_contact(family.contact_by, safe=family.safe_to_contact)


def may_contact(contact_by: str, *, safe: bool) -> bool:
    """The same for what a family answered: how, and whether a message is safe."""
    return contact_by == "call" or (contact_by != "none" and safe)


def number_to_ring(family: Family | None) -> str:
    """The number to ring; '' if there is none, or the family is not to be contacted."""
    return family.phone or "" if family and contactable(family) else ""


def to_ring(
    engine: Engine, directory: Directory, settings: Settings, sees: Sees, *, now: datetime
) -> list[ToRing]:
    """The families to ring that `sees` allows; those whose session starts first come first."""
    with read(engine) as connection:
        rows = [row for row in _untold(connection, now) if sees(row.series)]
        cases = casework.cases(connection, {row.booking_id for row in rows}, sees)
        listed = []
        for case in cases:
            own = [row for row in rows if row.booking_id == case.id]
            news = list(_news(connection, own, directory, settings, now))
            if news:
                listed.append(_line(case, own, news))
    return sorted(listed, key=lambda one: (one.starts, one.case.id))


def _untold(connection: Connection, now: datetime) -> Sequence[Row[Any]]:
    """Messages that reached nobody, of families that are not deleted and whose dates go on."""
    return connection.execute(
        select(message, bookable.c.series)
        .join(booking, booking.c.id == message.c.booking_id)
        .join(bookable, bookable.c.id == booking.c.bookable_id)
        .join(person, person.c.booking_id == booking.c.id)
        .where(
            message.c.state.in_(UNTOLD),
            message.c.kind.not_in(TO_PROFESSIONAL),
            sa.or_(booking.c.ends.is_(None), booking.c.ends > now),
        )
        .order_by(message.c.id)
    ).all()


def _news(
    connection: Connection,
    rows: Iterable[Row[Any]],
    directory: Directory,
    settings: Settings,
    now: datetime,
) -> Iterator[News]:
    for row in rows:
        owed = Owed(row.id, row.booking_id, row.kind, row.about, row.created)
        try:
            yield news_of(connection, owed, directory=directory, settings=settings, now=now)
        except NothingToSend:
            continue  # it is over, not true any more, or told together with another date


def _line(case: Case, rows: Sequence[Row[Any]], news: Sequence[News]) -> ToRing:
    words = dict.fromkeys(sentence for one in news for sentence in one.words)
    troubles = dict.fromkeys(row.trouble for row in rows if row.state == "failed" and row.trouble)
    starts = min((one.starts for one in news if one.starts), default=_LATE)
    return ToRing(case, tuple(words), " ".join(troubles), max(row.id for row in rows), starts)


# --- the tick -------------------------------------------------------------------------------------


def rung(engine: Engine, case: Case, last: int, *, now: datetime, actor: str) -> bool:
    """Note that somebody has told the family all up to this message. False if nothing was left."""
    return _mark(
        engine, case, sa.and_(message.c.state.in_(UNTOLD), message.c.id <= last),
        {"state": "rung", "sent": now, "claimant": actor}, now=now, actor=actor,
    )  # fmt: skip


def not_rung(engine: Engine, case: Case, last: int, *, now: datetime, actor: str) -> bool:
    """Take back a tick by the same person: the family is still to be told."""
    return _mark(
        engine, case,
        sa.and_(
            message.c.state == "rung", message.c.id <= last, message.c.claimant == actor
        ),
        {"state": "ring", "sent": None, "claimant": None}, now=now, actor=actor,
    )  # fmt: skip


def _mark(
    engine: Engine,
    case: Case,
    which: sa.ColumnElement[bool],
    values: dict[str, Any],
    *,
    now: datetime,
    actor: str,
) -> bool:
    statement = (
        message.update()
        .where(message.c.booking_id == case.id, message.c.kind.not_in(TO_PROFESSIONAL), which)
        .values(**values)
    )

    def work(connection: Connection) -> bool:
        number = connection.execute(statement).rowcount
        if number:
            action: Literal["ring", "not rung"] = (
                "ring" if values["state"] == "rung" else "not rung"
            )
            note(connection, now, actor, action, case.id, case.series, messages=number)
        return bool(number)

    return write(engine, work)


def log_reading(engine: Engine, listed: Iterable[ToRing], *, now: datetime, actor: str) -> None:
    """Log that somebody read families to ring (S30)."""
    ids = [one.case.id for one in listed]
    if ids:
        write(engine, lambda c: note_reading(c, now, actor, "read ring list", ids))


# --- who knows of a cancelled or moved session ----------------------------------------------------

State = Literal["told", "rung", "waits", "ring", "untold", "knew"]


@dataclass(frozen=True, slots=True)
class Knows:
    """Whether a family knows of a change: how, since when, and who told it."""

    state: State
    at: datetime | None = None
    actor: str = ""


def who_knows(
    engine: Engine, series: Series, session: Session, ids: Iterable[int], *, now: datetime
) -> dict[int, Knows]:
    """Which of these bookings know of the change of a session. Not in it: no change concerns them.

    A family that booked after it was announced that the session is off has seen it on the page.
    """
    with read(engine) as connection:
        rows = connection.execute(
            select(message)
            .where(message.c.booking_id.in_(list(ids)), message.c.kind.in_(ABOUT_A_SESSION))
            .order_by(message.c.id)
        ).all()
        made = {
            row.id: row.created
            for row in connection.execute(select(booking).where(booking.c.id.in_(list(ids))))
        }
        since = _off_since(connection, series, session)
    found = {}
    for booking_id, created in made.items():
        own = [row for row in rows if row.booking_id == booking_id and row.about.get("planned")]
        knows = _knows(own, session, now)
        if knows is None and session.off:
            knows = Knows("knew" if since and since <= created else "untold")
        if knows is not None:
            found[booking_id] = knows
    return found


def _knows(rows: Sequence[Row[Any]], session: Session, now: datetime) -> Knows | None:
    same = [row for row in rows if row.about["planned"] == session.anchor]
    if not same:
        return None
    # Dates that changed at the same moment go into one letter: the outcome is in one of the rows.
    outcomes = {row.state: row for row in rows if row.created == same[-1].created}
    outcomes |= {same[-1].state: same[-1]}
    if row := outcomes.get("sent"):
        return Knows("told", row.sent)
    if row := outcomes.get("rung"):
        return Knows("rung", row.sent, row.claimant or "")
    over = (session.open_until if session.off else session.starts) <= now
    if not over and {"ring", "failed"} & outcomes.keys():
        return Knows("ring")
    if not over and {"owed", "sending"} & outcomes.keys():
        return Knows("waits")
    return Knows("untold")


def _off_since(connection: Connection, series: Series, session: Session) -> datetime | None:
    """When it was announced that a session is cancelled or postponed, if it was."""
    names = (series.identity, *series.old_identities)
    rows = connection.execute(
        select(told).where(told.c.series.in_(names), told.c.planned == session.anchor)
    ).all()
    announcements = [
        row.told for row in rows for facts in [announced.Facts.read(row.facts)]
        if facts and facts.off
    ]  # fmt: skip
    return min(announcements, default=None)
