"""A message that is owed, written as a letter from what is true at the moment of sending.

What it hides: whom it goes to and whether that is still wished; whether it still has to be told,
for a booking may be cancelled and a session moved again before its message goes; and what the
words need. A reminder follows its session, or the next one where that is off; a run that is moved
or called off as a whole is one letter and not one for each date; and what concerns a sensitive
programme is always in the discreet words (S4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection, Row, select

from portal.content.message_texts import TO_PROFESSIONAL, TWINS, load_words
from portal.database.references import contact_hash, link_of
from portal.database.tables import (
    HOLDING,
    LIVE,
    bookable,
    booking,
    message,
    notice,
    person,
    referral,
)
from portal.directory import Directory, Series, Session
from portal.directory.values import LONDON, moment_words
from portal.errors import PortalError
from portal.messages import announced, family_calendar, rendering
from portal.messages.announced import GONE, Facts
from portal.messages.channels import Attachment, Letter, Way
from portal.messages.rendering import Words
from portal.settings import Settings

# A message is true only of a booking in these states. Those not named are true of any.
TRUE_OF: Mapping[str, tuple[str, ...]] = {
    "confirmation": ("confirmed",),
    "waiting": ("waiting",),
    "waiting-ended": ("cancelled",),
    "offered": ("offered",),
    "lapsed": ("lapsed",),
    "moved": ("confirmed",),  # whose offer stands sees the present dates on its page
    "notice": HOLDING,
    "reminder": ("confirmed",),
    "cancelled-by-you": ("cancelled",),
    "off-the-list": ("cancelled", "lapsed"),
    "request-received": ("requested",),
    "request-confirmed": ("confirmed",),
    "request-declined": ("declined",),
}
ABOUT_A_SESSION = ("moved", "cancelled-by-us")
WITH_CALENDAR = (
    "confirmation",
    "request-confirmed",
    "moved",
    "cancelled-by-us",
    "cancelled-by-you",
)
REMIND_BEFORE = timedelta(hours=48)


def reminder_due(session: Session) -> datetime:
    """When its reminder goes out. Hours pass alike on a day when the clocks change: so by UTC."""
    return session.starts.astimezone(UTC) - REMIND_BEFORE


class NothingToTell(PortalError):
    """The message is not to be sent any more; or not yet, where `due` says when."""

    def __init__(self, words: str, due: datetime | None = None) -> None:
        self.words = words
        self.due = due
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Owed:
    """One message of the queue."""

    id: int
    booking_id: int
    kind: str
    about: Mapping[str, Any]
    created: datetime


def letter_of(
    connection: Connection,
    owed: Owed,
    *,
    directory: Directory,
    settings: Settings,
    now: datetime,
) -> Letter:
    """The letter that a message is now. Raises NothingToTell, and WordsError for broken words."""
    return _Writer(connection, owed, directory, settings, now).letter()


class _Writer:
    """One message with all that its words need, as things stand when it is sent."""

    def __init__(
        self,
        connection: Connection,
        owed: Owed,
        directory: Directory,
        settings: Settings,
        now: datetime,
    ) -> None:
        self.connection = connection
        self.owed = owed
        self.directory = directory
        self.site = directory.site
        self.settings = settings
        self.now = now
        self.booking = self.connection.execute(
            select(booking, bookable.c.series, bookable.c.planned)
            .join(bookable)
            .where(booking.c.id == owed.booking_id)
        ).one()
        self.series = directory.find_series(self.booking.series)
        self.booked = cast("family_calendar.Booked", self.booking)
        self.sessions = self._sessions()
        self.coming = tuple(session for session in self.sessions if session.ends > now)

    def letter(self) -> Letter:
        """The letter. Raises NothingToTell where there is nothing to tell any more."""
        way, to, name = self._recipient()
        told = self._told()
        words = self._words(name, told, self._twin(way, to))
        if way == "text":
            return Letter(way, to, words.text, self._reference, self.now)
        return Letter(
            way,
            to,
            words.plain,
            self._reference,
            self.now,
            subject=words.subject,
            html=words.html,
            attachments=self._attachments(to, told),
        )

    @property
    def discreet(self) -> bool:
        """Of a series that is not in the content any more nobody knows whether it is sensitive."""
        return self.series is None or self.series.programme.sensitive

    @property
    def _reference(self) -> str:
        """What this message is known by outside: it tells nothing, and is the same at every try."""
        return reference_of(self.booking.calendar_id, self.owed.id, self.owed.kind)

    def _sessions(self) -> tuple[Session, ...]:
        return family_calendar.sessions_of(self.booked, self.series) if self.series else ()

    def _session(self, planned: str | None) -> Session | None:
        found = (s for s in self.coming if s.planned.isoformat() == planned)
        return next(found, None)

    def _recipient(self) -> tuple[Way, str, str]:
        if self.owed.kind in TO_PROFESSIONAL:
            row = self.connection.execute(
                select(referral).where(referral.c.booking_id == self.owed.booking_id)
            ).first()
            if row is None or not row.email:
                raise NothingToTell("The professional's address is gone.")
            return "email", row.email, row.name
        row = self.connection.execute(
            select(person).where(person.c.booking_id == self.owed.booking_id)
        ).first()
        if row is None:
            raise NothingToTell("The family has been forgotten.")
        to = {"email": row.email, "text": row.phone}.get(row.contact_by)
        if not row.safe_to_contact or not to:
            raise NothingToTell("The family does not want messages.")
        return row.contact_by, to, row.name

    # What is still true.

    def _told(self) -> Sequence[Session]:
        """The sessions that this message is about. Raises NothingToTell."""
        kind, status = self.owed.kind, self.booking.status
        if status not in TRUE_OF.get(kind, (status,)):
            raise NothingToTell(f"The booking is {status} by now.")
        if kind == "reminder":
            return [self._reminded()]
        if kind == "notice":
            session = self._session(self.owed.about.get("planned"))
            if session is None:
                raise NothingToTell("The session is over, or gone.")
            return [session]
        if kind in ABOUT_A_SESSION and self.owed.about.get("planned"):
            return self._changed()
        if kind == "cancelled-by-us" and status != "cancelled":
            raise NothingToTell(f"The booking is {status} by now.")
        if kind == "waiting-ended" or self.owed.about.get("offer"):
            return self._off()
        return [session for session in self.coming if not session.cancelled]

    def _off(self) -> Sequence[Session]:
        """What is off of what was waited for, or offered: at the time all of it was."""
        if self.series is None:
            return ()
        args = (self.connection, self.directory, self.series, self.booking, self.now)
        off = (*self.coming, *announced.gone_in(*args))
        return [session for session in off if session.cancelled]

    def _reminded(self) -> Session:
        """The session of a reminder; where that is cancelled, the next one that is on."""
        planned = self.owed.about.get("planned")
        # Also among those that are over: until the next one is due, the cancelled one may be.
        session = next((s for s in self.sessions if s.planned.isoformat() == planned), None)
        if session is not None and session.cancelled:
            session = next(
                (s for s in self.coming if s.starts > self.now and not s.cancelled), None
            )
        if session is None or session.starts <= self.now:
            raise NothingToTell("The session is over, or gone.")
        due = reminder_due(session)
        if due > self.now:
            raise NothingToTell("The reminder is for another day by now.", due)
        return session

    def _changed(self) -> Sequence[Session]:
        """The sessions of a change that the content made.

        A run that is changed as a whole is told in one letter, the last of those owed at the same
        moment, so that none is lost if another one is dropped.
        """
        owed = self.owed
        if self.booking.status != "confirmed":
            raise NothingToTell(f"The booking is {self.booking.status} by now.")
        others = self._changes
        together = [row for row in others if (row.kind, row.created) == (owed.kind, owed.created)]
        if any(row.id > owed.id and row.state in ("owed", "sending") for row in together):
            raise NothingToTell("It is told together with another date.")
        told = [
            session
            for row in together
            if row.state != "sent" and (session := self._still_changed(row))
        ]
        if not told:
            raise NothingToTell("It is over, or has changed again since.")
        return sorted(told, key=lambda session: session.starts)

    @cached_property
    def _changes(self) -> Sequence[Row[Any]]:
        """All that was ever owed to this family about sessions that changed, in order."""
        return self.connection.execute(
            select(message)
            .where(
                message.c.booking_id == self.owed.booking_id, message.c.kind.in_(ABOUT_A_SESSION)
            )
            .order_by(message.c.id)
        ).all()

    def _still_changed(self, row: Row[Any]) -> Session | None:
        """The session of a change that still stands, and of which nothing newer is told."""
        planned = row.about.get("planned")
        same = self._about(planned)
        session = self._session(planned) or self._gone(row)
        if session is None or any(other.id > row.id for other in same):
            return None
        if bool(session.cancelled) != (row.kind == "cancelled-by-us"):
            return None
        was = self._was(planned)
        if was is None:
            back = session.state == "on" and not any(self._was_told(other) for other in same)
        else:
            back = was.words == Facts.of(session).words
        return None if back else session  # changed, and changed back before anybody was told

    def _gone(self, row: Row[Any]) -> Session | None:
        """A coming session that the content does not have any more, as the family knows it."""
        planned, was = row.about.get("planned"), self._was(row.about.get("planned"))
        if self.series is None or was is None or was.ends <= self.now:
            return None
        if any(session.anchor == planned for session in self.series.all_sessions):
            return None
        why = str(row.about.get("reason") or GONE)
        return was.off(why).session(self.series, date.fromisoformat(planned))

    def _about(self, planned: str | None) -> Sequence[Row[Any]]:
        return [row for row in self._changes if planned and row.about.get("planned") == planned]

    def _was(self, planned: str | None) -> Facts | None:
        """What this family knows of a session: what stood before the first change untold."""
        same = self._about(planned)
        last = max((row.id for row in same if self._was_told(row)), default=0)
        untold = next((row for row in same if row.id > last), None)
        return Facts.read(untold.about.get("was")) if untold else None

    def _was_told(self, row: Row[Any]) -> bool:
        """Whether a change went out: in a letter of its own, or together with another date."""
        sent = next(
            (
                other.sent
                for other in self._changes
                if (other.kind, other.created, other.state) == (row.kind, row.created, "sent")
            ),
            None,
        )
        newer = (other for other in self._about(row.about.get("planned")) if other.id > row.id)
        return sent is not None and not any(other.created < sent for other in newer)

    # What it says.

    def _twin(self, way: Way, to: str) -> tuple[str, str]:
        """What to say of another booking for the same, which this very address or number has.

        Anybody can type the address of somebody else beside a number of their own: then the number
        hears nothing. Of what is sensitive nobody does.
        """
        if not self.owed.about.get("twin") or self.discreet:
            return "", ""
        secret, theirs = self.settings.secret, person.c.email if way == "email" else person.c.phone
        own = select(person.c.contact_hash).where(person.c.booking_id == self.booking.id)
        others = self.connection.execute(
            select(theirs)
            .join(booking)
            .where(
                person.c.contact_hash == own.scalar_subquery(),
                booking.c.id != self.booking.id,
                booking.c.bookable_id == self.booking.bookable_id,
                booking.c.status.in_(LIVE),
            )
        ).scalars()
        same = contact_hash(secret, to)
        if any(other and contact_hash(secret, other) == same for other in others):
            return TWINS[self.owed.kind]
        return "", ""

    def _words(self, name: str, told: Sequence[Session], extra: tuple[str, str]) -> Words:
        kind = self.owed.kind
        facts = {
            "first_name": rendering.first_name(name),
            "link": self._link(),
            "reference": self.booking.reference,
            "service": self.site.name,
            "phone": self._phone() or "",
            "series": "the group",
            "programme": "the group",
            "reason": self._reason(told),
            "until": self._until() if kind in ("offered", "lapsed") else "",
            "position": self._position() if kind == "waiting" else "",
            "words": self._notice() if kind == "notice" else "",
        }
        if self.series is not None:
            facts |= _facts_of(self.series, told)
            if kind == "moved" and told:
                facts |= self._move(self.series, told)
            if kind == "cancelled-by-us" and self.booking.status == "confirmed":
                on = [session for session in self.coming if not session.cancelled]
                facts |= {"still": rendering.dates_words(self.series, on)}
        words = load_words(self.settings.root, kind)
        return rendering.fill(words, facts, discreet=self.discreet, extra=extra)

    def _reason(self, told: Sequence[Session]) -> str:
        """Why it is so: of a session the content says so, of a booking staff did."""
        reasons = [session.cancelled for session in told if session.cancelled]
        if self.owed.kind == "moved":
            reasons = [session.note for session in told if session.note]
        words = "; ".join(dict.fromkeys(reasons)) or str(self.owed.about.get("reason") or "")
        return " ".join(words.split())

    def _move(self, series: Series, told: Sequence[Session]) -> Mapping[str, str]:
        """What dates were and what they are now, in words."""
        was = [self._was(session.anchor) or _planned(session) for session in told]
        elsewhere = any(
            not before.cancelled and before.place != Facts.of(session).place
            for before, session in zip(was, told, strict=True)
        )
        before = [
            before.session(series, session.planned)
            for before, session in zip(was, told, strict=True)
        ]
        venues = {session.venue.line for session in told}
        return {
            "was": rendering.when_and_where(series, before, places=elsewhere),
            "now": rendering.when_and_where(series, told, places=len(venues) > 1),
            "venue": "" if len(venues) > 1 else rendering.venue_words(series, told),
        }

    def _link(self) -> str:
        base = self.site.booking_address.rstrip("/") or self._base
        return f"{base}/bookings/{link_of(self.settings.secret, bytes(self.booking.link_nonce))}"

    @property
    def _base(self) -> str:
        return self.settings.base_address or self.site.base_address

    def _phone(self) -> str | None:
        if self.series is None or self.discreet:
            return self.site.phone
        return self.series.programme.phone or self.series.centre.phone or self.site.phone

    def _until(self) -> str:
        """Until when a place is, or was, kept: as it was said in the offer."""
        until = self.owed.about.get("until")
        if not until:
            offers = self.connection.execute(
                select(message.c.about)
                .where(message.c.booking_id == self.owed.booking_id, message.c.kind == "offered")
                .order_by(message.c.id.desc())
            ).scalars()
            until = next((about["until"] for about in offers if about.get("until")), None)
        return moment_words(datetime.fromisoformat(until)) if until else ""

    def _position(self) -> str:
        return str(
            self.connection.execute(
                select(sa.func.count())
                .select_from(booking)
                .where(
                    booking.c.bookable_id == self.booking.bookable_id,
                    booking.c.status == "waiting",
                    booking.c.number <= self.booking.number,
                )
            ).scalar_one()
        )

    def _notice(self) -> str:
        """What staff say to everybody of a session. Raises NothingToTell once it is forgotten."""
        words = self.connection.execute(
            select(notice.c.words).where(notice.c.id == self.owed.about.get("notice"))
        ).scalar()
        if not words:
            raise NothingToTell("What was to be said has been forgotten.")
        return " ".join(str(words).split())

    def _attachments(self, to: str, told: Sequence[Session]) -> tuple[Attachment, ...]:
        if self.owed.kind not in WITH_CALENDAR or self.series is None:
            return ()
        if self.owed.about.get("offer"):
            return ()  # who never had the place has no entry of it
        if self.discreet and not self.owed.about.get("calendar"):
            return ()
        if self.owed.about.get("before", "confirmed") != "confirmed":
            return ()  # there is no entry to take away: only who has a place is sent one
        organizer = self.site.email or self.settings.message_sender
        if not organizer:
            return ()  # without somebody who reads answers a calendar file is not valid
        files = family_calendar.attachments(
            self.booked,
            told,
            self.site,
            base=self._base,
            organizer=organizer,
            attendee=to,
        )
        return tuple(Attachment(*file) for file in files)


def reference_of(calendar_id: str, message_id: int, kind: str) -> str:
    """What a message is known by outside: to Notify, as Message-ID, as a file of the outbox."""
    return hashlib.sha256(f"{calendar_id} {message_id} {kind}".encode()).hexdigest()[:32]


def _facts_of(series: Series, told: Sequence[Session]) -> Mapping[str, str]:
    return {
        "series": series.name,
        "programme": series.programme.title,
        "dates": rendering.dates_words(series, told),
        "time": rendering.time_words(series, told),
        "venue": rendering.venue_words(series, told),
        "bring": series.bring or "",
        "day": rendering.dates_words(series, told),
    }


def _planned(session: Session) -> Facts:
    """What a changed session was, where nobody wrote down what was said: as it was planned."""
    series = session.series
    starts, ends = (
        datetime.combine(session.planned, at, LONDON)
        for at in (series.time.starts, series.time.ends)
    )
    # Where it is as planned again, what was told is that it was not.
    off = GONE if session.state == "on" else None
    return Facts.of(Session(series, session.planned, starts, ends, series.venue, off))
