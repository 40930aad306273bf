"""Families that must be told something and that no message reaches, and who has told them (S68).

What it hides: such news is in the outbox with the state `ring`, or `failed` where a message could
not be delivered. It stays listed while it is true: a date that is over, or held again as the family
knows it, needs no call. A tick marks all that was read on the page as told, and is written into the
audit log; news that came after the page was opened stays listed.
"""

from __future__ import annotations

from collections import Counter
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
from portal.database import generations, note, note_reading, read, write
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
class Line:
    """One booking of a family: what must be told about it, and why no message tells it."""

    case: Case
    news: tuple[str, ...]
    trouble: str  # of a message that could not be delivered
    last: int  # the number of the newest message that this says
    starts: datetime


@dataclass(frozen=True, slots=True)
class ToRing:
    """A family to tell, with all its bookings that have news: one call tells it everything."""

    lines: tuple[Line, ...]  # the soonest session first

    @property
    def case(self) -> Case:
        """The booking that names the family; its contacts are those of all."""
        return self.lines[0].case

    @property
    def last(self) -> int:
        return max(line.last for line in self.lines)

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


@dataclass(frozen=True, slots=True)
class RingList:
    """The families to ring. Not `whole` where the content here is not the newest published one:
    what the newest changed is not known here, so families may be missing."""

    families: tuple[ToRing, ...]
    whole: bool

    @property
    def to_ring(self) -> int:
        return sum(not one.quiet for one in self.families)

    @property
    def quiet(self) -> int:
        return sum(one.quiet for one in self.families)


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
) -> RingList:
    """The families to ring that `sees` allows; those whose session starts first come first."""
    with read(engine) as connection:
        rows = [row for row in _untold(connection, now) if sees(row.series)]
        cases = casework.cases(connection, {row.booking_id for row in rows}, sees)
        whole = generations.standing(connection, directory.edition).current
        lines = []
        for case in cases:
            own = [row for row in rows if row.booking_id == case.id]
            news = list(_news(connection, own, directory, settings, now))
            if news:
                lines.append(_line(case, own, news))
    lines.sort(key=lambda line: (line.starts, line.case.id))
    return RingList(tuple(_by_family(lines)), whole)


def _by_family(lines: Iterable[Line]) -> Iterator[ToRing]:
    """Bookings that one call is about, together. The order stays that of their first dates."""
    together: dict[object, list[Line]] = {}
    for line in lines:
        together.setdefault(_called(line.case), []).append(line)
    return (ToRing(tuple(own)) for own in together.values())


def _called(case: Case) -> object:
    """Who is called, and in which way: the same for bookings that one call is about.

    Bookings with another safe way or time stay apart, so that each is kept to (S5).
    """
    family = case.family
    if family is None:
        return case.id
    way = family.contact_by, family.safe_to_contact, family.answers.get(SAFE_TIME, "")
    return casework.fold(family.name), family.email, family.phone, way, case.referrer


def of_family(engine: Engine, case: Case, secret: str, sees: Sees) -> list[Case]:
    """This booking, and the others that the same call is about."""
    others = casework.with_same_contact(engine, case, secret, sees)
    return [case, *(one for one in others if _called(one) == _called(case))]


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


def _line(case: Case, rows: Sequence[Row[Any]], news: Sequence[News]) -> Line:
    words = dict.fromkeys(sentence for one in news for sentence in one.words)
    troubles = dict.fromkeys(row.trouble for row in rows if row.state == "failed" and row.trouble)
    starts = min((one.starts for one in news if one.starts), default=_LATE)
    return Line(case, tuple(words), " ".join(troubles), max(row.id for row in rows), starts)


# --- the tick -------------------------------------------------------------------------------------


def rung(engine: Engine, cases: Sequence[Case], last: int, *, now: datetime, actor: str) -> bool:
    """Note that somebody has told the family of these bookings all up to this message.

    False if nothing was left.
    """
    return _mark(
        engine, cases, sa.and_(message.c.state.in_(UNTOLD), message.c.id <= last),
        {"state": "rung", "sent": now, "claimant": actor}, now=now, actor=actor,
    )  # fmt: skip


def not_rung(
    engine: Engine, cases: Sequence[Case], last: int, *, now: datetime, actor: str
) -> bool:
    """Take back the last tick by the same person: the family is still to be told."""
    own = sa.and_(message.c.state == "rung", message.c.id <= last, message.c.claimant == actor)
    ids = [case.id for case in cases]
    ticked = select(sa.func.max(message.c.sent)).where(message.c.booking_id.in_(ids), own)
    return _mark(
        engine, cases, sa.and_(own, message.c.sent == ticked.scalar_subquery()),
        {"state": "ring", "sent": None, "claimant": None}, now=now, actor=actor,
    )  # fmt: skip


def _mark(
    engine: Engine,
    cases: Sequence[Case],
    which: sa.ColumnElement[bool],
    values: dict[str, Any],
    *,
    now: datetime,
    actor: str,
) -> bool:
    ids = [case.id for case in cases]
    action: Literal["ring", "not rung"] = "ring" if values["state"] == "rung" else "not rung"
    statement = (
        message.update()
        .where(message.c.booking_id.in_(ids), message.c.kind.not_in(TO_PROFESSIONAL), which)
        .values(**values)
        .returning(message.c.booking_id)
    )

    def work(connection: Connection) -> bool:
        numbers = Counter(connection.execute(statement).scalars())
        for case in cases:
            if number := numbers[case.id]:
                note(connection, now, actor, action, case.id, case.series, messages=number)
        return bool(numbers)

    return write(engine, work)


def log_reading(engine: Engine, listed: Iterable[ToRing], *, now: datetime, actor: str) -> None:
    """Log that somebody read families to ring (S30)."""
    ids = [line.case.id for one in listed for line in one.lines]
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
