"""What was last announced to families about each booked session, so that changes are recognised.

What it hides: the rows of `told`. A row is written when a session is first booked, and updated
whenever its families are told something new: when and where it is held, or that it is cancelled and
why. The content is compared with it, so it does not matter how an editor changed a date: in
`changes`, by another time or venue for the whole run, or by removing the date.

Only what affects a family counts: for a cancelled session, only the reason; for a venue, which one
it is and its address, and not how these are written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.database import insert_new_rows, read
from portal.database.tables import generation, told
from portal.directory import Directory, Series, Session, Venue
from portal.directory.models import LONGEST_MOVE
from portal.directory.values import LONDON

# The reason given when a date was removed from the content without one.
GONE = "We do not meet on this date any more"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts announced about one session.

    `cancelled` and `postponed` are the reasons, if it is one of the two.
    """

    starts: datetime
    ends: datetime
    place: str  # the venue's identity, however its name is written
    venue: str  # its name
    cancelled: str | None
    # Street, town, postcode and room, '' if not known; None for facts older than addresses.
    address: tuple[str, str, str, str] | None = None
    postponed: str | None = None
    is_area: bool = False

    @classmethod
    def of(cls, session: Session) -> Facts:
        venue = session.venue
        room = None if session.moved_venue else session.series.room
        parts = (venue.address, venue.town, venue.postcode, room)
        street, town, postcode, room = (part or "" for part in parts)
        address = street, town, postcode, room
        place = venue.identity, venue.name
        dates = session.starts, session.ends
        cancelled, postponed = session.cancelled, session.postponed
        return cls(*dates, *place, cancelled, address, postponed, venue.is_area)

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> Facts | None:
        """Read the JSON of `kept`; None for a row or message older than these facts."""
        if not kept:
            return None
        starts, ends = (
            datetime.fromisoformat(kept[name]).astimezone(LONDON) for name in ("starts", "ends")
        )
        address = kept.get("address")
        given = kept["place"], kept["venue"], kept["cancelled"]
        known = tuple(address) if address else None
        is_area = kept.get("is_area", False)
        return cls(starts, ends, *given, known, kept.get("postponed"), is_area)

    @property
    def kept(self) -> dict[str, Any]:
        """The facts as JSON."""
        return {
            "starts": self.starts.isoformat(),
            "ends": self.ends.isoformat(),
            "place": self.place,
            "venue": self.venue,
            "cancelled": self.cancelled,
            "postponed": self.postponed,
            "address": self.address,
            "is_area": self.is_area,
        }

    @property
    def words(self) -> str:
        """A digest of what may count: without another one, families are not notified."""
        said = f"{self.starts.timestamp()}|{self.ends.timestamp()}|{self.place}"
        if self.address:
            said += "|" + "|".join(map(_plain, self.address))
        if self.cancelled:
            said = f"off|{self.cancelled}"
        elif self.postponed:
            said = f"postponed|{self.postponed}"
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def off(self) -> str | None:
        """Why it is not held on its day."""
        return self.cancelled or self.postponed

    @property
    def open_until(self) -> datetime:
        """When it is over, as for a session: see `Session.open_until`."""
        return self.ends + LONGEST_MOVE if self.postponed else self.ends

    @property
    def kind(self) -> Literal["cancelled-by-us", "postponed", "moved"]:
        """The kind of message that tells families of these facts."""
        if self.cancelled:
            return "cancelled-by-us"
        return "postponed" if self.postponed else "moved"

    @property
    def line(self) -> str:
        """The venue with its address and room on one line, as far as they are known."""
        street, town, postcode, room = self.address or ("", "", "", "")
        line = Venue(self.venue, street, town, postcode, None).line
        return f"{line} ({room})" if room else line

    def same(self, other: Facts) -> bool:
        """Whether a family that knows these facts has nothing new to learn from the others."""
        if self.off or other.off:
            return (self.kind, self.off) == (other.kind, other.off)
        times = self.starts, self.ends
        return times == (other.starts, other.ends) and self.same_place(other)

    def same_place(self, other: Facts) -> bool:
        """Whether it is the same venue at the same address, as far as both know it.

        A street that was added, or is written in another way, sends nobody elsewhere.
        """
        if self.address is None or other.address is None:
            return self.place == other.place
        # A venue that is no centre has its street in its identity, behind a bar.
        if self.place.partition("|")[:2] != other.place.partition("|")[:2]:
            return False
        pairs = zip(self.address, other.address, strict=True)
        return all(_plain(one) == _plain(two) for one, two in pairs if one and two)

    def as_cancelled(self, reason: str) -> Facts:
        return replace(self, cancelled=reason, postponed=None)

    def session(self, series: Series, planned: date, *, whole: bool = False) -> Session:
        """The session as it was announced, whatever the content says now.

        With `whole`, its venue is named with the address.
        """
        name = self.line if whole else self.venue
        venue = Venue(name, None, None, None, None, is_area=self.is_area)
        return Session(
            series, planned, self.starts, self.ends, venue, self.cancelled, postponed=self.postponed
        )


def known_facts(session: Session, before: Facts | None) -> Facts:
    """The facts of a session. One that is off stays on the day that families know.

    If it had been moved, that is not the planned day, to which the content has put it back.
    """
    if session.off and before and before.starts != session.starts:
        return replace(before, cancelled=session.cancelled, postponed=session.postponed)
    return Facts.of(session)


def as_known(session: Session, before: Facts | None) -> Session:
    """The session that letters, calendars and pages name to families: see `known_facts`."""
    facts = known_facts(session, before)
    moved = facts.starts != session.starts
    return facts.session(session.series, session.planned) if moved else session


_SHORT = {"st": "street", "rd": "road", "ave": "avenue", "ln": "lane", "dr": "drive", "cl": "close"}


def _plain(written: str) -> str:
    """Letters and figures alone, with short words in full: '1 River St.' is '1 River Street'."""
    words = "".join(one if one.isalnum() else " " for one in written.casefold()).split()
    return "".join(_SHORT.get(word, word) for word in words)


def record_first(
    connection: Connection, identity: str, sessions: Iterable[Session], now: datetime
) -> None:
    """Record the sessions as announced, where nothing is recorded yet."""
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
    """The part of a booking that says which sessions it is for: a row or a `Booking`."""

    @property
    def series(self) -> str: ...  # the identity under which it is booked
    @property
    def planned(self) -> str: ...
    @property
    def created(self) -> datetime: ...


def known_sessions(
    connection: Connection,
    directory: Directory,
    series: Series,
    booked: Booked,
    held: Iterable[Session],
    now: datetime,
) -> tuple[Session, ...]:
    """The sessions of a booking as its family knows them, soonest first.

    `held` are those of the content. Coming sessions that were removed from the content are added:
    they are cancelled, whether or not the family has been notified yet.
    """
    held = tuple(held)
    there = {session.anchor for session in series.all_sessions}
    if booked.planned in there and not any(session.off for session in held):
        return held
    rows = {row.planned: row for row in _announced_to(connection, booked)}
    found = []
    for session in held:
        row = rows.get(session.anchor)
        found.append(as_known(session, Facts.read(row.facts) if row else None))
    for planned, row in rows.items():
        facts = facts_if_removed(row, there, directory)
        if facts and facts.open_until > now:
            cancelled = facts.as_cancelled(facts.cancelled or GONE)
            found.append(cancelled.session(series, date.fromisoformat(planned)))
    return tuple(sorted(found, key=lambda session: session.starts))


def _announced_to(connection: Connection, booked: Booked) -> list[Row[Any]]:
    """The rows of what its family knows, which is not what was cancelled before it booked."""
    query = select(told).where(told.c.series == booked.series).order_by(told.c.planned)
    if booked.planned:
        query = query.where(told.c.planned == booked.planned)
    return [
        row
        for row in connection.execute(query)
        if row.told >= booked.created or not (row.facts or {}).get("cancelled")
    ]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A coming session of a series that the content no longer has, as it was announced.

    `changed` is when that was last announced, or when content without it was published.
    """

    planned: date
    starts: datetime
    ends: datetime
    cancelled: str | None
    changed: datetime


def remembered_sessions(engine: Engine, booked: Booked, now: datetime) -> tuple[Remembered, ...]:
    """The coming sessions of a booking whose whole series was removed from the content."""
    with read(engine) as connection:
        rows = _announced_to(connection, booked)
        published = connection.execute(select(sa.func.max(generation.c.published))).scalar()
    known = [(row, facts) for row in rows if (facts := Facts.read(row.facts))]
    return tuple(
        Remembered(
            date.fromisoformat(row.planned),
            facts.starts,
            facts.ends,
            facts.cancelled,
            max(row.told, published or row.told),
        )
        for row, facts in known
        if facts.open_until > now
    )


def cancellation_reason(
    connection: Connection, directory: Directory, series: Series, booked: Booked, now: datetime
) -> str | None:
    """Why all the coming sessions of a booking or wait are cancelled.

    None while any is still on, and once all of them are over.
    """
    there = tuple(booked_sessions(series, [booked.planned], now))
    if not all(session.cancelled for session in there):
        return None
    known = known_sessions(connection, directory, series, booked, there, now)
    return reasons(session for session in known if session.cancelled) or None


def reasons(off: Iterable[Session]) -> str:
    """Why these sessions are cancelled, each reason once."""
    return "; ".join(dict.fromkeys(session.cancelled or GONE for session in off))


def facts_if_removed(row: Row[Any], there: Iterable[str], directory: Directory) -> Facts | None:
    """What was announced about a planned date that was removed from the content; else None."""
    # Dates beyond the end of the calculated sessions have not been removed.
    if row.planned in there or row.planned > directory.feed_until.isoformat():
        return None
    return Facts.read(row.facts)


def booked_sessions(series: Series, planned: Iterable[str], now: datetime) -> Iterator[Session]:
    """The sessions with these planned dates that have not ended; '' means the whole run."""
    wanted = set(planned)
    return (
        session
        for session in series.all_sessions
        if session.open_until > now and ("" in wanted or session.anchor in wanted)
    )
