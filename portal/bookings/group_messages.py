"""Messages from staff to many families at once: of a session, a series, a centre, a waiting list.

What it hides: who belongs to a group, that a family with several bookings gets one message, and
that the same press or the same words send once. Each family gets the message in the way it chose;
families that no message reaches are listed to be rung (S68). The words are shown on each family's
own page. What came of it is read from the outbox, family by family.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal import messages
from portal.bookings import casework
from portal.bookings.casework import Case, Sees
from portal.database import insert_if_new, note, read, write
from portal.database.tables import HOLDING, bookable, booking, message, notice, person
from portal.directory import Centre, Directory, Series, Session
from portal.errors import PortalError

Kind = Literal["session", "series", "centre", "waiting"]

LONGEST_WORDS = casework.LONGEST_WORDS
SAME_WITHIN = timedelta(hours=1)
MOST_AN_HOUR = 10  # messages to groups, by one member of staff
MOST_FAMILIES = 1000


class NotSent(PortalError):
    """A message to a group was refused. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Group:
    """The families that one message is for."""

    kind: Kind
    centre: str
    series: tuple[Series, ...]
    planned: str = ""  # of a session; of a waiting list, if it is for one date

    @property
    def names(self) -> list[str]:
        """The identities under which its families may have booked."""
        return [name for one in self.series for name in (one.identity, *one.old_identities)]

    @property
    def centres(self) -> list[str]:
        """The slug of its centre, and those that it had before."""
        former = [slug for one in self.series[:1] for slug in one.centre.aliases]
        return [self.centre, *former]

    @property
    def scope(self) -> dict[str, str]:
        """What the row of a message says of its group."""
        identity = "" if self.kind == "centre" else self.series[0].identity
        return {
            "kind": self.kind,
            "centre": self.centre,
            "series": identity,
            "planned": self.planned,
        }


def of_session(session: Session) -> Group:
    """Families with a place in one session."""
    series = session.series
    return Group("session", series.centre.slug, (series,), session.anchor)


def of_series(series: Series) -> Group:
    """Families with a place in any session of a series that is still to come."""
    return Group("series", series.centre.slug, (series,))


def of_waiting(series: Series, planned: str = "") -> Group:
    """Families on the waiting list of a series, or of one of its dates."""
    return Group("waiting", series.centre.slug, (series,), planned)


def of_centre(directory: Directory, centre: str) -> Group:
    """Families with a place in anything that a centre runs."""
    every = (*directory.series, *directory.private_series)
    return Group("centre", centre, tuple(one for one in every if one.centre.slug == centre))


# --- before it is sent ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reached:
    """How many families get the message, and which of them staff must tell."""

    notified: int
    others: tuple[Case, ...]


def reach(engine: Engine, group: Group, *, now: datetime) -> Reached:
    """Who would get a message to a group, and whom staff must tell."""
    with read(engine) as connection:
        cases = casework.cases(connection, _families(connection, group, now), lambda _: True)
    others = tuple(one for one in cases if one.family and not casework.takes_messages(one.family))
    return Reached(len(cases) - len(others), others)


def _families(connection: Connection, group: Group, now: datetime) -> list[int]:
    """The bookings of a group, one for each family."""
    rows = connection.execute(
        select(booking.c.id, person.c.contact_hash, person.c.contact_by, person.c.safe_to_contact)
        .select_from(booking.join(bookable).join(person))
        .where(*_members(group, now))
        .order_by(booking.c.id)
    ).all()
    if group.kind in ("session", "waiting"):
        return [row.id for row in rows]
    # The booking by which a family can be told counts.
    rows = sorted(rows, key=lambda row: not (row.safe_to_contact and row.contact_by != "none"))
    chosen: dict[Any, int] = {}
    for row in rows:
        chosen.setdefault(row.contact_hash or row.id, row.id)
    return sorted(chosen.values())


def _members(group: Group, now: datetime) -> list[sa.ColumnElement[bool]]:
    statuses = ("waiting",) if group.kind == "waiting" else HOLDING
    members: list[sa.ColumnElement[bool]] = [
        bookable.c.series.in_(group.names),
        booking.c.status.in_(statuses),
    ]
    if group.kind == "session":
        members.append(bookable.c.planned.in_(("", group.planned)))
    elif group.kind == "waiting":
        members.append(bookable.c.planned == group.planned)
    else:
        members.append(sa.or_(booking.c.ends.is_(None), booking.c.ends > now))
    return members


# --- sending --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that was sent to a group."""

    id: int
    kind: str
    centre: str
    series: str
    planned: str
    words: str
    created: datetime
    actor: str
    notified: int
    to_ring: int


def send(
    engine: Engine, group: Group, words: str, *, key: str, now: datetime, actor: str
) -> Notice:
    """Send words to a group, and return what was sent.

    The same key, or the same words to the same group within an hour, send nothing again: the
    message that was sent first is returned. Raises NotSent.
    """

    def work(connection: Connection) -> Notice:
        known = _sent_before(connection, group, words, key, now)
        if known is not None:
            return known
        _check_rate(connection, actor, now)
        ids = _families(connection, group, now)
        if len(ids) > MOST_FAMILIES:
            raise NotSent(
                f"These are {len(ids):,} families, and one message can go to "
                f"{MOST_FAMILIES:,} at most. Write to each group by itself."
            )
        values = {**group.scope, "key": key, "words": words, "created": now, "actor": actor}
        if insert_if_new(connection, notice, **values):
            _enqueue(connection, group, key, ids, now, actor)
        return _by_key(connection, key)  # of another process, if that was quicker

    return write(engine, work)


def _enqueue(
    connection: Connection, group: Group, key: str, ids: Sequence[int], now: datetime, actor: str
) -> None:
    made = _by_key(connection, key).id
    about: dict[str, Any] = {"notice": made}
    if group.kind == "session":
        about["planned"] = group.planned
    of = dict(
        connection.execute(
            select(booking.c.id, bookable.c.series).join(bookable).where(booking.c.id.in_(ids))
        ).all()
    )
    notified, to_ring = Counter[str](), Counter[str]()
    for one in ids:
        sent = messages.enqueue(connection, one, "notice", now=now, due=now, about=about)
        (notified if sent else to_ring)[of[one]] += 1
    connection.execute(
        notice.update()
        .where(notice.c.id == made)
        .values(notified=notified.total(), to_ring=to_ring.total())
    )
    # A line for each series, so that staff find it under what they may see.
    identities = sorted({*notified, *to_ring}) or [group.series[0].identity if group.series else ""]
    for identity in identities:
        note(
            connection, now, actor, "notice", None, identity,
            to=group.kind, planned=group.planned, told=notified[identity],
            to_ring=to_ring[identity],
        )  # fmt: skip


def _sent_before(
    connection: Connection, group: Group, words: str, key: str, now: datetime
) -> Notice | None:
    same = sa.and_(
        *(notice.c[name] == value for name, value in group.scope.items()),
        notice.c.words == words,
        notice.c.created > now - SAME_WITHIN,
    )
    row = connection.execute(
        select(notice).where(sa.or_(notice.c.key == key, same)).order_by(notice.c.id)
    ).first()
    return _read(row) if row else None


def _check_rate(connection: Connection, actor: str, now: datetime) -> None:
    lately = connection.execute(
        select(sa.func.count()).where(
            notice.c.actor == actor, notice.c.created > now - timedelta(hours=1)
        )
    ).scalar_one()
    if lately >= MOST_AN_HOUR:
        raise NotSent(f"You have sent {lately} messages in the last hour. Wait, and send it then.")


def _by_key(connection: Connection, key: str) -> Notice:
    return _read(connection.execute(select(notice).where(notice.c.key == key)).one())


def _read(row: Row[Any]) -> Notice:
    return Notice(**{name: getattr(row, name) for name in Notice.__dataclass_fields__})


# --- afterwards -----------------------------------------------------------------------------------


def sent_to(engine: Engine, group: Group) -> list[Notice]:
    """What was written to the families of a group, also as part of a larger one; newest first."""
    own = sa.and_(
        notice.c.series.in_(group.names), notice.c.planned.in_((group.planned, "")),
        (notice.c.kind == "waiting") == (group.kind == "waiting"),
    )  # fmt: skip
    which = [own] if group.kind != "centre" else []
    if group.kind != "waiting":
        which.append(sa.and_(notice.c.kind == "centre", notice.c.centre.in_(group.centres)))
    with read(engine) as connection:
        rows = connection.execute(
            select(notice).where(sa.or_(*which)).order_by(notice.c.id.desc())
        ).all()
    return [_read(row) for row in rows]


def find(engine: Engine, number: int, centre: Centre) -> Notice | None:
    """The message with this number, if it went to families of this centre."""
    slugs = (centre.slug, *centre.aliases)
    with read(engine) as connection:
        row = connection.execute(
            select(notice).where(notice.c.id == number, notice.c.centre.in_(slugs))
        ).first()
    return _read(row) if row else None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of a message for one family: the state of its row in the outbox, and when."""

    case: Case
    state: str
    at: datetime | None
    trouble: str


def deliveries(engine: Engine, found: Notice, sees: Sees) -> list[Delivery]:
    """What came of a message, family by family: those that it has not reached come first."""
    with read(engine) as connection:
        rows = {
            row.booking_id: row
            for row in connection.execute(
                select(message).where(
                    message.c.kind == "notice", message.c.created == found.created
                )
            )
            if row.about.get("notice") == found.id
        }
        cases = casework.cases(connection, rows, sees)
    listed = [
        Delivery(one, rows[one.id].state, rows[one.id].sent, rows[one.id].trouble or "")
        for one in cases
    ]
    return sorted(listed, key=lambda one: (one.state in ("sent", "rung"), one.case.id))


def words_for(
    engine: Engine, booking_id: int, names: Iterable[str], planned: Iterable[str]
) -> list[str]:
    """What staff wrote to a family, for its own page; newest first.

    It sees what was written to its sessions, also before it booked, and to it as one of a group.
    """
    with read(engine) as connection:
        abouts = connection.execute(
            select(message.c.about).where(
                message.c.booking_id == booking_id, message.c.kind == "notice"
            )
        ).scalars()
        own = [about["notice"] for about in abouts if about.get("notice")]
        of_sessions = sa.and_(
            notice.c.kind == "session",
            notice.c.series.in_(list(names)),
            notice.c.planned.in_(list(planned)),
        )
        rows = connection.execute(
            select(notice.c.words)
            .where(sa.or_(of_sessions, sa.and_(notice.c.kind != "session", notice.c.id.in_(own))))
            .order_by(notice.c.id.desc())
        )
        return list(rows.scalars())
