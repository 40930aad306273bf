"""Works out what a family still has to be told about sessions that changed: they were cancelled,
postponed or moved.

What it hides: a message is queued for each session that changes, and by the time it is sent the
session may have changed again, or back, or have been removed. If one edit cancels some dates and
moves others, the family gets one letter about all of them. The "before" in a letter is what this
family was last told, whatever the content has said in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from portal.database.tables import message
from portal.directory import Directory, Series, Session
from portal.directory.values import LONDON
from portal.messages import announced, rendering
from portal.messages.announced import GONE, Facts
from portal.messages.outbox import NothingToSend, Owed

ABOUT_A_SESSION = ("moved", "postponed", "cancelled-by-us")
KNOWN = ("sent", "rung")  # the family has been told


@dataclass(frozen=True, slots=True)
class Change(Owed):
    """A message about one session that changed, with its delivery state and time."""

    state: str
    sent: datetime | None

    @property
    def planned(self) -> str | None:
        """The session's planned date; None if the booking itself is cancelled."""
        return self.about.get("planned")


def changes_of(connection: Connection, booking_id: int) -> list[Change]:
    """All messages ever queued for a family about changed sessions, in order."""
    rows = connection.execute(
        select(message)
        .where(message.c.booking_id == booking_id, message.c.kind.in_(ABOUT_A_SESSION))
        .order_by(message.c.id)
    ).all()
    return [
        Change(
            id=row.id,
            booking_id=row.booking_id,
            kind=row.kind,
            about=row.about,
            created=row.created,
            state=row.state,
            sent=row.sent,
        )
        for row in rows
    ]


# --- which sessions -------------------------------------------------------------------------------


def planned_on(sessions: Iterable[Session], planned: str | None) -> Session | None:
    """The session with this planned date."""
    return next((s for s in sessions if s.planned.isoformat() == planned), None)


def changed_sessions(
    owed: Owed,
    changes: Sequence[Change],
    series: Series | None,
    coming: Sequence[Session],
    now: datetime,
) -> list[Session]:
    """The changed sessions that this message is about, soonest first. Raises NothingToSend.

    Sessions that changed at the same moment go into one letter, the last one queued, so that none
    is lost if another message is dropped.
    """
    together = [change for change in changes if change.planned and change.created == owed.created]
    waits = ("owed", "sending", "ring")
    if any(change.id > owed.id and change.state in waits for change in together):
        raise NothingToSend("It is told together with another date.")
    sessions = [
        session
        for change in together
        if change.state not in KNOWN
        and (session := _still_changed(change, changes, series, coming, now))
    ]
    if not sessions:
        raise NothingToSend("It is over, or has changed again since.")
    return sorted(sessions, key=lambda session: session.starts)


def sessions_off(
    connection: Connection,
    directory: Directory,
    series: Series,
    booked: announced.Booked,
    coming: Iterable[Session],
    now: datetime,
) -> list[Session]:
    """The cancelled sessions of a wait or an offer: all were when the message was queued."""
    known = announced.known_sessions(connection, directory, series, booked, coming, now)
    return [session for session in known if session.cancelled]


def _still_changed(
    change: Change,
    changes: Sequence[Change],
    series: Series | None,
    coming: Sequence[Session],
    now: datetime,
) -> Session | None:
    """The session of a change, if the change still holds and no newer message is about it."""
    same = _about(changes, change.planned)
    before = _known_before(changes, change.planned)
    session = planned_on(coming, change.planned) or _removed(change, before, series, now)
    if session is None or any(other.id > change.id for other in same):
        return None
    if Facts.of(session).kind != change.kind:
        return None
    if before is None:
        back = session.state == "on" and not any(_was_sent(changes, other) for other in same)
    else:
        back = before.same(Facts.of(session))
    if back:
        return None  # changed, and changed back before the family was told
    return announced.as_known(session, before)


def _removed(
    change: Change, before: Facts | None, series: Series | None, now: datetime
) -> Session | None:
    """A coming session that was removed from the content, as the family knows it.

    Or one that is cancelled after the day from which it had been postponed.
    """
    if series is None or change.planned is None or before is None or before.open_until <= now:
        return None
    if session := planned_on(series.all_sessions, change.planned):
        return session if session.cancelled and before.postponed else None
    why = str(change.about.get("reason") or GONE)
    return before.as_cancelled(why).session(series, date.fromisoformat(change.planned))


def _about(changes: Iterable[Change], planned: str | None) -> list[Change]:
    """The changes to one session."""
    return [change for change in changes if planned and change.planned == planned]


def _known_before(changes: Sequence[Change], planned: str | None) -> Facts | None:
    """What this family knows about a session: what it was before the first unsent change."""
    same = _about(changes, planned)
    last = max((change.id for change in same if _was_sent(changes, change)), default=0)
    unsent = next((change for change in same if change.id > last), None)
    return Facts.read(unsent.about.get("was")) if unsent else None


def _was_sent(changes: Sequence[Change], change: Change) -> bool:
    """Whether a change was sent: in a letter of its own, or together with another date.

    What staff have told a family is known by it, whatever was queued since they read it.
    """
    if change.state == "rung":
        return True
    sent = next(
        (
            other.sent
            for other in changes
            if other.planned and other.created == change.created and other.state in KNOWN
        ),
        None,
    )
    newer = [other for other in _about(changes, change.planned) if other.id > change.id]
    return sent is not None and not any(other.created < sent for other in newer)


# --- what they were, in words ---------------------------------------------------------------------


def known_of(changes: Sequence[Change], sessions: Iterable[Session]) -> list[Facts]:
    """What this family knows about each of these sessions, or else what was planned."""
    return [_known_before(changes, session.anchor) or _planned(session) for session in sessions]


def move_wording(sessions: Sequence[Session], known: Sequence[Facts]) -> str:
    """Which words are true of all these sessions: one of `message_texts.WORDINGS`."""
    pairs = [(before, Facts.of(session)) for before, session in zip(known, sessions, strict=True)]
    if all(before.postponed for before, _ in pairs):
        return "new-date"
    if all(before.cancelled for before, _ in pairs):
        return "on-again"
    if any(before.off for before, _ in pairs):
        return "changed"
    if all(before.same_place(now) for before, now in pairs):
        return "moved"
    same_time = all((one.starts, one.ends) == (two.starts, two.ends) for one, two in pairs)
    one_move = len({(before.place, before.line, now.place, now.line) for before, now in pairs}) == 1
    return "other-venue" if same_time and one_move else "changed"


def move_words(
    series: Series, sessions: Sequence[Session], known: Sequence[Facts], *, each: bool
) -> Mapping[str, str]:
    """What moved sessions were, according to `known_of`, and what they are now.

    `each` names every date, because there are others that have not changed.
    """
    pairs = [(before, Facts.of(session)) for before, session in zip(known, sessions, strict=True)]
    elsewhere = any(not before.off and not before.same_place(now) for before, now in pairs)
    # The same venue at another address is named with the address.
    whole = any(before.venue == now.venue and not before.same_place(now) for before, now in pairs)
    were = [
        before.session(series, session.planned, whole=whole)
        for before, session in zip(known, sessions, strict=True)
    ]
    several = len({session.venue.line for session in sessions}) > 1
    return {
        "was": rendering.when_and_where(series, were, places=elsewhere, each=each),
        "now": rendering.when_and_where(series, sessions, places=several, each=each),
        "venue": "" if several else rendering.venue_words(series, sessions),
        "was_venue": were[0].venue.name if were else "",
    }


def _planned(session: Session) -> Facts:
    """A changed session as it was planned, for want of a record of what was announced."""
    series = session.series
    starts, ends = (
        datetime.combine(session.planned, at, LONDON)
        for at in (series.time.starts, series.time.ends)
    )
    # If it is as planned again, families had been told that it was not.
    off = GONE if session.state == "on" else None
    return Facts.of(Session(series, session.planned, starts, ends, series.venue, off))
