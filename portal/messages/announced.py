"""What families were last told of each session that is booked, so that a change is seen as one.

What it hides: the rows of `told`. One is written when a session can first be booked, and again
whenever its families are told something else: when and where it is held, or that it is off and why.
What the content says now is compared with it, so that it does not matter how an editor came to
change a date: by `changes`, by another time or venue of the whole run, or by taking it out.

Only what makes a family do something else counts. Of a session that is off, that is the reason
alone; of a place, which one it is, and not how its name or postcode is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Row, select

from portal.database import insert_new_rows, read
from portal.database.tables import told
from portal.directory import Directory, Series, Session, Venue
from portal.directory.values import LONDON

# Why a date is off that was taken out of the content, where the content does not say why.
GONE = "We do not meet on this date any more"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said of one session. `cancelled` is why it is off."""

    starts: datetime
    ends: datetime
    place: str  # the venue's identity: which place it is, however it is written
    venue: str  # its name
    cancelled: str | None

    @classmethod
    def of(cls, session: Session) -> Facts:
        venue = session.venue
        return cls(session.starts, session.ends, venue.identity, venue.name, session.cancelled)

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> Facts | None:
        """What `kept` gave; None of a row, or a message, from before there were facts."""
        if not kept:
            return None
        starts, ends = (
            datetime.fromisoformat(kept[name]).astimezone(LONDON) for name in ("starts", "ends")
        )
        return cls(starts, ends, kept["place"], kept["venue"], kept["cancelled"])

    @property
    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "starts": self.starts.isoformat(),
            "ends": self.ends.isoformat(),
            "place": self.place,
            "venue": self.venue,
            "cancelled": self.cancelled,
        }

    @property
    def words(self) -> str:
        """A digest of what counts: another one is a change that families are told."""
        said = f"{self.starts.timestamp()}|{self.ends.timestamp()}|{self.place}"
        if self.cancelled:
            said = f"off|{self.cancelled}"
        return hashlib.sha256(said.encode()).hexdigest()

    def off(self, why: str) -> Facts:
        return replace(self, cancelled=why)

    def session(self, series: Series, planned: date) -> Session:
        """A session as it was said to be, whatever the content says now."""
        venue = Venue(self.venue, None, None, None, None)
        return Session(series, planned, self.starts, self.ends, venue, self.cancelled)


def record_first(
    connection: Connection, identity: str, sessions: Iterable[Session], now: datetime
) -> None:
    """Take what the content says now for what families know, where nothing was said before."""
    rows = [
        {
            "series": identity,
            "planned": session.anchor,
            "words": facts.words,
            "facts": facts.kept,
            "told": now,
        }
        for session in sessions
        for facts in [Facts.of(session)]
    ]
    insert_new_rows(connection, told, rows)


class Booked(Protocol):
    """What of a booking says which sessions it is for. A row of it and a `Booking` are one."""

    @property
    def series(self) -> str: ...  # the identity under which it is booked
    @property
    def planned(self) -> str: ...
    @property
    def created(self) -> datetime: ...


def removed_sessions(
    engine: Engine, directory: Directory, series: Series, booked: Booked, now: datetime
) -> tuple[Session, ...]:
    """`removed_sessions_in`, asked by itself."""
    with read(engine) as connection:
        return removed_sessions_in(connection, directory, series, booked, now)


def removed_sessions_in(
    connection: Connection, directory: Directory, series: Series, booked: Booked, now: datetime
) -> tuple[Session, ...]:
    """The coming sessions of a booking that the content does not have any more.

    They are cancelled, whether the family has been told by now or not.
    """
    there = {session.anchor for session in series.all_sessions}
    if booked.planned in there:
        return ()
    wish = select(told).where(told.c.series == booked.series).order_by(told.c.planned)
    if booked.planned:
        wish = wish.where(told.c.planned == booked.planned)
    rows = connection.execute(wish).all()
    found = []
    for row in rows:
        facts = facts_if_removed(row, there, directory)
        # Of what was off before it was booked the family never knew.
        if facts and facts.ends > now and not (facts.cancelled and row.told < booked.created):
            off = facts.off(facts.cancelled or GONE)
            found.append(off.session(series, date.fromisoformat(row.planned)))
    return tuple(found)


def cancellation_reason(
    connection: Connection, directory: Directory, series: Series, booked: Booked, now: datetime
) -> str | None:
    """Why nothing is held any more of what is booked or waited for.

    None while something is, and once all of it is over.
    """
    there = tuple(booked_sessions(series, [booked.planned], now))
    if not all(session.cancelled for session in there):
        return None
    return reasons(there or removed_sessions_in(connection, directory, series, booked, now)) or None


def reasons(off: Iterable[Session]) -> str:
    """Why these sessions are off, each reason once."""
    return "; ".join(dict.fromkeys(session.cancelled or GONE for session in off))


def facts_if_removed(row: Row[Any], there: Iterable[str], directory: Directory) -> Facts | None:
    """What was said of a planned date that the content does not have any more; else None."""
    # Dates after the last that are reckoned are not gone: nobody has looked at them.
    if row.planned in there or row.planned > directory.feed_until.isoformat():
        return None
    return Facts.read(row.facts)


def booked_sessions(series: Series, planned: Iterable[str], now: datetime) -> Iterator[Session]:
    """The sessions that have not ended of these bookable things; '' stands for the whole run."""
    wanted = set(planned)
    return (
        session
        for session in series.all_sessions
        if session.ends > now and ("" in wanted or session.anchor in wanted)
    )
