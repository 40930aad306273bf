"""The facts that a queued message needs, at the moment of sending.

What it hides: who the message goes to and whether they still want it; whether there is still
anything to send, since a booking may be cancelled and a session moved again before its message
goes; and the rows that hold the content of a letter. A reminder follows its session, or the next
one if that is cancelled or postponed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection, Row, bindparam, select

from portal.content.message_texts import TO_PROFESSIONAL, TO_RING
from portal.content.school_calendar import school_calendar
from portal.database.prepared import Prepared
from portal.database.references import contact_hash
from portal.database.tables import (
    HOLDING,
    LIVE,
    attendance,
    bookable,
    booking,
    creche_place,
    message,
    notice,
    person,
    referral,
    staff,
    support_case,
)
from portal.directory import Directory, Programme, Series, Session, asked, working_days
from portal.directory.models import NeedLevel
from portal.directory.need_levels import ends_elsewhere, who_helps
from portal.directory.values import LONDON, day_words
from portal.messages import announced, family_calendar
from portal.messages.change_news import (
    ABOUT_A_SESSION,
    Change,
    changed_sessions,
    changes_of,
    known_of,
    planned_on,
    sessions_off,
)
from portal.messages.channels import Way
from portal.messages.outbox import NothingToSend, Owed
from portal.settings import Settings

# A message is sent only for a booking with one of these statuses. Kinds not listed fit any status.
TRUE_OF: Mapping[str, tuple[str, ...]] = {
    "confirmation": ("confirmed",),
    "place-moved": ("confirmed",),
    "waiting": ("waiting",),
    "waiting-ended": ("cancelled",),
    "offered": ("offered",),
    "lapsed": ("lapsed",),
    "postponed": ("confirmed",),
    "moved": ("confirmed",),  # a family with an offer sees the current dates on its page
    "notice": (*HOLDING, "waiting"),
    "reminder": ("confirmed",),
    "cancelled-by-you": ("cancelled",),
    "off-the-list": ("cancelled", "lapsed"),
    "request-received": ("requested",),
    "request-confirmed": ("confirmed",),
    "request-declined": ("declined",),
    "support-worker": ("requested",),
    "support-closed": ("cancelled",),
    "support-review": ("requested",),
    "creche-place": HOLDING,
    "creche-closed": LIVE,
}
REMIND_BEFORE = timedelta(hours=48)


def reminder_due(session: Session) -> datetime:
    """When its reminder is sent. Calculated in UTC, because the clocks may change in between."""
    return session.starts.astimezone(UTC) - REMIND_BEFORE


@dataclass(frozen=True, slots=True)
class Recipient:
    """The recipient of a message: an address or phone number, and the name as it was typed."""

    way: Way
    to: str
    name: str
    full_texts: bool = False  # whether its text messages may say what, when and where (S86)


@dataclass(frozen=True, slots=True)
class BookingFacts:
    """A booking, with its sessions as the content has them now."""

    row: Row[Any]
    series: Series | None  # None if it was removed from the content, or the programme is asked for
    programme: Programme | None  # None if it was removed from the content
    sessions: tuple[Session, ...]
    coming: tuple[Session, ...]  # the sessions that have not ended

    @property
    def status(self) -> str:
        return str(self.row.status)

    @property
    def is_request(self) -> bool:
        """Whether staff never gave it a place or a place on a list, so that it is no booking."""
        return self.status in ("requested", "declined") or self.row.was == "requested"

    @property
    def discreet(self) -> bool:
        """Also true for what was removed from the content, which may have been sensitive."""
        return self.programme is None or self.programme.sensitive


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a family hears of the work on its request. '' is not known, or not so."""

    worker: str = ""  # the first name of its worker
    worker_at: str = ""  # the centre where she works
    lead: str = ""  # the role and the organisation of a Lead Professional elsewhere
    ended: str = ""  # why the work has ended
    others: str = ""  # who helps a family that needs more than we give, with the numbers
    read_by: str = ""  # the day by which a new request is read


NO_CASE = CaseFacts()


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """All that the text of one message needs. What its kind does not use is empty or None."""

    owed: Owed
    booking: BookingFacts
    recipient: Recipient
    sessions: Sequence[Session]  # the sessions that the message is about
    known: Sequence[announced.Facts]  # of a change: what the family knows about each of them
    has_twin: bool  # the same address or number has another booking for it
    until: datetime | None  # when the offer of a place ends, or ended
    position: int | None  # on the waiting list
    notice: str  # what staff say to everybody in a session
    # To a professional: how the link is made on which they see whether the family came (S88).
    outcome: tuple[bytes, bytes] | None = None
    creche: Row[Any] | None = None  # what the family has in the creche, or waits for
    # Of a move: the bookings that the family gave up, the last one first.
    moved_from: Sequence[BookingFacts] = ()
    case: CaseFacts = NO_CASE
    review: date | None = None  # the day on which family and worker look at their plan

    @property
    def of_a_change(self) -> bool:
        """Whether it is about changed sessions, and not a whole booking."""
        return _of_a_change(self.owed)

    @property
    def off(self) -> list[Session]:
        """The sessions it is about that are cancelled."""
        return [session for session in self.sessions if session.cancelled]

    @property
    def postponed(self) -> list[Session]:
        """The sessions it is about that wait for a new date."""
        return [session for session in self.sessions if session.postponed]

    @property
    def on(self) -> list[Session]:
        """The sessions it is about that are held."""
        return [session for session in self.sessions if not session.off]

    @property
    def known_on(self) -> list[announced.Facts]:
        """What the family knows about each session that is held."""
        pairs = zip(self.sessions, self.known, strict=True)
        return [before for session, before in pairs if not session.off]


def facts_of(
    connection: Connection,
    owed: Owed,
    *,
    directory: Directory,
    settings: Settings,
    now: datetime,
    spoken: bool = False,
) -> MessageFacts:
    """The facts of a message now. Raises NothingToSend if it should no longer be sent.

    If it is to be `spoken`, by staff, it does not matter how the family takes messages.
    """
    booked = _booking(connection, owed.booking_id, directory, now)
    recipient = _recipient(connection, owed, spoken=spoken)
    _check_status(owed, booked.status)
    _check_dates(connection, owed, booked)
    creche = _creche(connection, owed)
    about_changes = owed.kind in ("moved", "postponed") or _of_a_change(owed)
    changes = changes_of(connection, owed.booking_id) if about_changes else []
    sessions = _sessions(connection, owed, booked, changes, directory, now)
    return MessageFacts(
        owed=owed,
        booking=booked,
        recipient=recipient,
        sessions=sessions,
        known=known_of(changes, sessions) if about_changes else (),
        has_twin=_has_twin(connection, owed, booked, recipient, settings),
        until=_until(connection, owed) if owed.kind in ("offered", "lapsed") else None,
        position=_position(connection, booked.row) if owed.kind == "waiting" else None,
        notice=_notice(connection, owed) if owed.kind == "notice" else "",
        outcome=_outcome(connection, owed) if owed.kind in TO_PROFESSIONAL else None,
        creche=creche,
        moved_from=(
            tuple(_moved_from(connection, booked, directory, now))
            if owed.kind == "place-moved"
            else ()
        ),
        case=(
            _case(connection, owed, directory, settings) if owed.kind in _ABOUT_CASES else NO_CASE
        ),
        review=_review(connection, owed, now) if owed.kind == "support-review" else None,
    )


def _booking(
    connection: Connection, booking_id: int, directory: Directory, now: datetime
) -> BookingFacts:
    row = connection.execute(
        select(booking, bookable.c.series, bookable.c.planned)
        .join(bookable)
        .where(booking.c.id == booking_id)
    ).one()
    series = directory.find_series(row.series)
    booked = cast("family_calendar.Booked", row)
    sessions = family_calendar.sessions_of(booked, series) if series else ()
    coming = tuple(session for session in sessions if session.open_until > now)
    programme = series.programme if series else asked.programme_in(directory, row.series)
    return BookingFacts(row, series, programme, sessions, coming)


def _moved_from(
    connection: Connection, booked: BookingFacts, directory: Directory, now: datetime
) -> Iterator[BookingFacts]:
    """The bookings that were given up for this one, the last one first.

    All of them, because after two quick moves the message about the first is never sent.
    """
    while booked.row.moved_from is not None:
        booked = _booking(connection, booked.row.moved_from, directory, now)
        yield booked


def _outcome(connection: Connection, owed: Owed) -> tuple[bytes, bytes] | None:
    row = connection.execute(
        select(referral.c.outcome_nonce, referral.c.outcome_hash).where(
            referral.c.booking_id == owed.booking_id, referral.c.outcome_hash.is_not(None)
        )
    ).first()
    return (bytes(row.outcome_nonce), bytes(row.outcome_hash)) if row is not None else None


_RECEIVED = ("request-received", "professional-received")
_ABOUT_CASES = ("support-worker", "support-closed", *_RECEIVED)

# Why the work on a request has ended (`tables.CLOSE_REASONS`), as the family reads it.
ENDED: Mapping[str, str] = {
    "other": "another service can help you better",
    "level": "you need more help than we can give, and others can give it",
    "done": "we have done what we planned together",
    "down": "you do not need a worker any more, and a group may be enough",
    "up": "you need more help than we can give, and others can give it",
    "stopped": "you wanted to stop",
    "unreached": "we tried to reach you and could not",
}
_LOST = "we have lost touch with you"  # 'unreached', after a first contact


def ended_words(reason: str, *, reached: bool) -> str:
    """Why the work has ended; `reached` says whether we ever spoke with the family."""
    return _LOST if reason == "unreached" and reached else ENDED.get(reason, "")


def _case(
    connection: Connection, owed: Owed, directory: Directory, settings: Settings
) -> CaseFacts:
    """Raises NothingToSend about a worker who has left, or whom the family has no more."""
    row = connection.execute(
        select(support_case, staff.c.title, staff.c.removed)
        .select_from(support_case.outerjoin(staff, staff.c.id == support_case.c.worker_id))
        .where(support_case.c.booking_id == owed.booking_id)
    ).first()
    if row is None:
        return NO_CASE
    if owed.kind in _RECEIVED:
        return CaseFacts(read_by=_read_by(row, directory, settings) if row.state == "new" else "")
    worker = "" if row.removed is not None else str(row.title or "")
    if owed.kind == "support-worker" and not worker:
        raise NothingToSend("The family has no worker now.")
    centre = directory.find_centre(row.centre)
    return CaseFacts(
        worker=worker.partition(" ")[0],
        worker_at=centre.title if centre else "",
        lead=", ".join(filter(None, (row.lead_role, row.lead_organisation))),
        ended=ended_words(row.close_reason, reached=row.contacted is not None or bool(row.starts)),
        others=_others(row, directory.site.levels),
    )


def _others(row: Row[Any], levels: Sequence[NeedLevel]) -> str:
    """Who helps a family that needs more than we give; '' for any other end of the work."""
    elsewhere = ends_elsewhere(row.close_reason, row.level)
    who = who_helps(levels, row.level) if elsewhere else ""
    return f"{who.rstrip('.')}. In danger now? Ring 999" if who else ""


def _review(connection: Connection, owed: Owed, now: datetime) -> date:
    """The day of a review. Raises NothingToSend if it is over, held, or on another day by now."""
    day = str(owed.about.get("day", ""))
    row = connection.execute(
        select(support_case).where(support_case.c.booking_id == owed.booking_id)
    ).first()
    coming = set()
    if row is not None and row.state == "working":
        coming = {row.last_review} if row.first_reviewed else {row.first_review, row.last_review}
    if not day or day not in coming or date.fromisoformat(day) < now.astimezone(LONDON).date():
        raise NothingToSend("The review is over, or on another day.")
    return date.fromisoformat(day)


def _read_by(row: Row[Any], directory: Directory, settings: Settings) -> str:
    """The day by which the desk reads a request, as its page says it."""
    came = row.received.astimezone(LONDON).date()
    calendar = school_calendar(directory.terms)
    return day_words(working_days.after(came, settings.triage_days, calendar))


def _recipient(connection: Connection, owed: Owed, *, spoken: bool) -> Recipient:
    if owed.kind in TO_PROFESSIONAL:
        row = connection.execute(
            select(referral).where(referral.c.booking_id == owed.booking_id)
        ).first()
        if row is None or not row.email:
            raise NothingToSend("The professional's address is gone.")
        return Recipient("email", row.email, row.name)
    row = connection.execute(select(person).where(person.c.booking_id == owed.booking_id)).first()
    if row is None:
        raise NothingToSend("The family has been forgotten.")
    if spoken:
        return Recipient("text", row.phone or "", row.name)
    to = {"email": row.email, "text": row.phone}.get(row.contact_by)
    if not row.safe_to_contact or not to:
        raise NothingToSend("The family does not want messages.", ring=owed.kind in TO_RING)
    return Recipient(row.contact_by, to, row.name, row.full_texts)


# --- whether the message still applies ------------------------------------------------------------


def _of_a_change(owed: Owed) -> bool:
    """Whether it is about one session changed in the content, and not about a whole booking."""
    return owed.kind in ABOUT_A_SESSION and bool(owed.about.get("planned"))


def _check_status(owed: Owed, status: str) -> None:
    states = TRUE_OF.get(owed.kind, (status,))
    if owed.kind == "cancelled-by-us":
        # If only one session is cancelled, the family keeps its place in the others.
        states = ("confirmed",) if _of_a_change(owed) else ("cancelled",)
    if status not in states:
        raise NothingToSend(f"The booking is {status} by now.")


def _check_dates(connection: Connection, owed: Owed, booked: BookingFacts) -> None:
    """Raise NothingToSend if a place is confirmed whose dates are all off by now.

    That is a message of its own; without one, the confirmation is all that is sent.
    """
    if owed.kind not in ("confirmation", "place-moved", "request-confirmed"):
        return
    if not booked.coming or any(not session.off for session in booked.coming):
        return
    kinds = {change.kind for change in changes_of(connection, owed.booking_id)}
    if kinds & {"cancelled-by-us", "postponed"}:
        raise NothingToSend("All its dates have been cancelled or postponed.")


def _creche(connection: Connection, owed: Owed) -> Row[Any] | None:
    """What the family has in the creche. Raises NothingToSend if the news of it is old."""
    place = connection.execute(
        select(creche_place).where(
            creche_place.c.booking_id == owed.booking_id, creche_place.c.state != "ended"
        )
    ).first()
    held = place is not None and place.state == "held"
    if owed.kind == "creche-place" and not held:
        raise NothingToSend("The family has given up the creche place.")
    if owed.kind == "creche-closed" and place is not None:
        raise NothingToSend("There is a creche again.")
    return place


def _sessions(
    connection: Connection,
    owed: Owed,
    booked: BookingFacts,
    changes: Sequence[Change],
    directory: Directory,
    now: datetime,
) -> Sequence[Session]:
    """The sessions that a message is about. Raises NothingToSend."""
    if owed.kind == "reminder":
        return [_reminded(owed, booked, now, _excused(connection, owed))]
    if owed.kind == "notice":
        return _of_notice(owed, booked)
    if _of_a_change(owed):
        return changed_sessions(owed, changes, booked.series, booked.coming, now)
    if owed.kind == "waiting-ended" or owed.about.get("offer"):
        if booked.series is None:
            return []
        args = (booked.series, cast("announced.Booked", booked.row), booked.coming, now)
        return sessions_off(connection, directory, *args)
    return [session for session in booked.coming if not session.off]


def _of_notice(owed: Owed, booked: BookingFacts) -> Sequence[Session]:
    """The session that staff wrote about; of a message to a larger group, all that are held."""
    planned = owed.about.get("planned")
    session = planned_on(booked.coming, planned)
    if session is None if planned else not booked.coming:
        raise NothingToSend("The session is over, or gone.")
    return [session] if session else [one for one in booked.coming if not one.off]


def _excused(connection: Connection, owed: Owed) -> frozenset[str]:
    """The dates, as planned, for which the family has sent apologies."""
    dates = connection.execute(
        select(attendance.c.planned).where(
            attendance.c.booking_id == owed.booking_id, attendance.c.mark == "apologies"
        )
    ).scalars()
    return frozenset(dates)


def _reminded(owed: Owed, booked: BookingFacts, now: datetime, excused: frozenset[str]) -> Session:
    """The session of a reminder; if that is off, or the family cannot come, the next one."""
    # Look among past sessions too: the one that is off may be over before the next one is due.
    session = planned_on(booked.sessions, owed.about.get("planned"))
    if session is not None and (session.off or session.anchor in excused):
        coming = (s for s in booked.coming if s.starts > now)
        on = (s for s in coming if not s.off and s.anchor not in excused)
        session = next(on, None)
    if session is None or session.starts <= now:
        raise NothingToSend("The session is over, or gone.")
    due = reminder_due(session)
    if due > now:
        raise NothingToSend("The reminder is for another day by now.", due)
    return session


# --- other facts from the database ----------------------------------------------------------------


def _has_twin(
    connection: Connection,
    owed: Owed,
    booked: BookingFacts,
    recipient: Recipient,
    settings: Settings,
) -> bool:
    """Whether this same address or number has another booking for the same series or session.

    Anybody can type somebody else's address next to their own number: then nothing is said to the
    number. For a sensitive programme nobody is told.
    """
    if not owed.about.get("twin") or booked.discreet:
        return False
    theirs = person.c.email if recipient.way == "email" else person.c.phone
    own = select(person.c.contact_hash).where(person.c.booking_id == booked.row.id)
    others = connection.execute(
        select(theirs)
        .join(booking)
        .where(
            person.c.contact_hash == own.scalar_subquery(),
            booking.c.id != booked.row.id,
            booking.c.bookable_id == booked.row.bookable_id,
            booking.c.status.in_(LIVE),
        )
    ).scalars()
    secret = settings.secret
    same = contact_hash(secret, recipient.to)
    return any(other and contact_hash(secret, other) == same for other in others)


def _until(connection: Connection, owed: Owed) -> datetime | None:
    """When the offer of a place ends, or ended, as the offer said."""
    until = owed.about.get("until")
    if not until:
        offers = connection.execute(
            select(message.c.about)
            .where(message.c.booking_id == owed.booking_id, message.c.kind == "offered")
            .order_by(message.c.id.desc())
        ).scalars()
        until = next((about["until"] for about in offers if about.get("until")), None)
    return datetime.fromisoformat(until) if until else None


_ahead = Prepared(
    select(sa.func.count()).where(
        booking.c.bookable_id == bindparam("bookable"),
        booking.c.status == sa.literal_column("'waiting'"),
        booking.c.number <= bindparam("number"),
    )
)


def _position(connection: Connection, row: Row[Any]) -> int:
    return waiting_position(connection, row.bookable_id, row.number)


def waiting_position(connection: Connection, bookable_id: int, number: int) -> int:
    """The place on a waiting list of the booking with this number: 1 for the next family."""
    return int(_ahead(connection, bookable=bookable_id, number=number).scalar_one())


def _notice(connection: Connection, owed: Owed) -> str:
    """What staff say to everybody in a session. Raises NothingToSend once it is deleted."""
    words = connection.execute(
        select(notice.c.words).where(notice.c.id == owed.about.get("notice"))
    ).scalar()
    if not words:
        raise NothingToSend("What was to be said has been forgotten.")
    return " ".join(str(words).split())
