"""A booking in the family's own calendar: a file attached to a message, and a private calendar
behind the family's link that stays up to date.

What it hides: each session of a booking is one entry whose UID is made from the booking's random
number and the planned date, so that a later move or cancellation updates the same entry instead
of adding a second one. SEQUENCE rises with the booking and with the series; nothing is taken from
the clock.

Calendars are shared. So no entry names a child, a need, a reference or the family's link, and an
entry of a sensitive programme says only "Appointment" and when. So does one of a series that the
content no longer has, which may have been sensitive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from icalendar import Calendar, Event, Timezone

from portal.directory import Series, Session, Site, expectations
from portal.directory.contact import contact_about
from portal.directory.phrases import capital
from portal.directory.values import day_words
from portal.feeds.calendar_entries import Text, one_line, revision_of, without_date
from portal.feeds.calendars import PRODUCT, ZONE
from portal.messages.announced import Remembered

NEUTRAL_PRODUCT = "-//Lancashire County Council//Calendar//EN"
NEUTRAL_SUMMARY = "Appointment"
REFRESH = timedelta(hours=1)
# A cancellation takes one file for each entry (RFC 5546 3.2.5). For a long run the message must do.
MOST_CANCELLATIONS = 12


class CalendarFile(NamedTuple):
    """A file to attach to a message. `method` is its METHOD property."""

    name: str
    method: str
    content: bytes


class Booked(Protocol):
    """The part of a booking that a calendar needs, such as a `bookings.Booking`."""

    @property
    def calendar_id(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def planned(self) -> str: ...
    @property
    def created(self) -> datetime: ...
    @property
    def changed(self) -> datetime: ...


def sessions_of(booking: Booked, series: Series) -> tuple[Session, ...]:
    """The sessions that a booking is for, cancelled ones included, soonest first."""
    found = [
        session
        for session in series.all_sessions
        if (
            session.planned.isoformat() == booking.planned
            if booking.planned
            else session.ends > booking.created
        )
    ]
    return tuple(sorted(found, key=lambda session: session.starts))


def uid_of(booking: Booked, session: Session | Remembered, site: Site) -> str:
    """The UID of a session's entry, the same in every file and for ever."""
    date = "" if booking.planned else f"-{session.planned.isoformat()}"
    return f"booking-{booking.calendar_id}{date}@{site.domain}"


def attachments(
    booking: Booked,
    sessions: Iterable[Session],
    site: Site,
    *,
    base: str,
    organizer: str,
    attendee: str,
) -> tuple[CalendarFile, ...]:
    """The calendar files of a message about these sessions.

    Sessions that are on go into one file (METHOD:PUBLISH); each cancelled entry into a file that
    removes it (METHOD:CANCEL). `organizer` is an address that somebody reads, `attendee` the
    family's own; `base` is the address of the public pages.
    """
    entries = [_Entry(booking, session, site, base) for session in sessions]
    on = [entry for entry in entries if not entry.cancelled]
    off = [entry for entry in entries if entry.cancelled]
    files = []
    if on:
        files.append(("PUBLISH", [entry.event(organizer) for entry in on]))
    if len(off) <= MOST_CANCELLATIONS:
        files += [("CANCEL", [entry.event(organizer, attendee)]) for entry in off]
    return tuple(
        CalendarFile(
            f"booking-{number}.ics" if len(files) > 1 else "booking.ics",
            method,
            _calendar(events, {"method": method}, entries[0].discreet),
        )
        for number, (method, events) in enumerate(files, 1)
    )


def private_calendar(
    booking: Booked,
    sessions: Iterable[Session | Remembered],
    site: Site,
    *,
    base: str,
    discreet: bool,
) -> bytes:
    """The calendar at the family's own link, with moves and cancellations.

    `sessions` are those that the family knows (`announced.known_sessions`), or, if the content no
    longer has the series, those that we remember (`announced.remembered_sessions`). It is empty
    until the family has a place. A cancelled booking shows as cancelled, so that subscribed
    programs show it too.
    """
    shown = booking.status in ("confirmed", "cancelled")
    name = "Appointments" if discreet else "Our sessions"
    properties = {
        "name": name,
        "x-wr-calname": name,
        "x-wr-timezone": "Europe/London",
        "refresh-interval": (REFRESH, {"VALUE": "DURATION"}),
        "x-published-ttl": "PT1H",
    }
    entries: list[_Entry | _Remembered] = [
        _Remembered(booking, session, site)
        if isinstance(session, Remembered)
        else _Entry(booking, session, site, base)
        for session in (sessions if shown else ())
    ]
    return _calendar([entry.event() for entry in entries], properties, discreet)


class _Neutral:
    """A calendar entry (VEVENT) that says only when a session is, and whether it is on."""

    status = "CONFIRMED"
    mark = ""
    summary = NEUTRAL_SUMMARY

    def __init__(
        self, booking: Booked, session: Session | Remembered, site: Site, changed: datetime
    ) -> None:
        self.booking = booking
        self.when = session
        self.site = site
        self.changed = changed.astimezone(UTC)
        self.cancelled = bool(session.cancelled) or booking.status != "confirmed"
        if isinstance(session, Session) and session.postponed:
            self.status, self.mark = "TENTATIVE", "POSTPONED: "
        if self.cancelled:
            self.status, self.mark = "CANCELLED", "CANCELLED: "

    def event(self, organizer: str = "", attendee: str = "") -> Event:
        event = Event()
        for name, value in self._properties(organizer, attendee):
            value, parameters = value if isinstance(value, tuple) else (value, None)
            event.add(name, value, parameters=parameters)
        return event

    def _properties(self, organizer: str, attendee: str) -> Iterator[tuple[str, Any]]:
        changed = max(self.changed, self.booking.changed.astimezone(UTC)).replace(microsecond=0)
        yield "uid", uid_of(self.booking, self.when, self.site)
        yield "dtstamp", changed
        yield "last-modified", changed
        # Both only rise, and so does their sum, whichever of them changed.
        yield "sequence", revision_of(self.changed) + self.booking.revision
        yield "dtstart", self.when.starts
        yield "dtend", self.when.ends
        yield "status", self.status
        yield "summary", Text(self.mark + self.summary)
        if organizer:
            yield "organizer", (f"mailto:{organizer}", self._organizer_name())
        if attendee:
            yield "attendee", (f"mailto:{attendee}", {"RSVP": "FALSE"})
        yield from self._more()

    def _organizer_name(self) -> Mapping[str, str]:
        return {}

    def _more(self) -> Iterator[tuple[str, Any]]:
        yield "class", "PRIVATE"


class _Remembered(_Neutral):
    """An entry of a series that the content no longer has, so that nobody knows if it is on."""

    status = "TENTATIVE"
    summary = f"Ask us first: {NEUTRAL_SUMMARY}"

    def __init__(self, booking: Booked, session: Remembered, site: Site) -> None:
        super().__init__(booking, session, site, session.changed)


class _Entry(_Neutral):
    """An entry of a session that the content has; of a sensitive programme, a neutral one."""

    def __init__(self, booking: Booked, session: Session, site: Site, base: str) -> None:
        super().__init__(booking, session, site, session.series.changed)
        self.session = session
        self.series = session.series
        self.base = base
        self.discreet = self.series.programme.sensitive
        if not self.discreet:
            self.summary = one_line(self.series.name)

    def _organizer_name(self) -> Mapping[str, str]:
        return {} if self.discreet else {"CN": self.site.name}

    def _more(self) -> Iterator[tuple[str, Any]]:
        if self.discreet:
            yield from super()._more()
            return
        yield "url", f"{self.base}{self.series.path}"
        yield "description", Text("\n".join(self._lines()))
        place = one_line(self.session.venue.line)
        if place:
            yield "location", Text(place)

    def _lines(self) -> Iterator[str]:
        session, series = self.session, self.series
        if session.cancelled:
            yield f"Cancelled: {session.cancelled}"
        if session.postponed:
            yield without_date(session)
        if session.moved:
            yield f"Moved from {day_words(session.planned)}, {series.time.words}."
        if session.note:
            yield session.note
        if series.room and not session.moved_venue:
            yield f"Room: {series.room}"
        if series.bring:
            yield f"Bring: {series.bring}"
        if met_by := expectations.who_meets_you(series):
            yield f"Who meets you: {met_by}"
        yield "To change or cancel your booking, use the link in our message."
        contact = contact_about(series, self.site, base=self.base)
        yield f"Questions? {capital(contact.words)}"
        yield f"{self.base}{series.path}"


def _calendar(events: Iterable[Event], properties: Mapping[str, Any], discreet: bool) -> bytes:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", NEUTRAL_PRODUCT if discreet else PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    for name, value in properties.items():
        value, parameters = value if isinstance(value, tuple) else (value, None)
        calendar.add(name, value, parameters=parameters)
    calendar.add_component(Timezone.from_ical(ZONE))
    for event in sorted(events, key=lambda event: str(event["uid"])):
        calendar.add_component(event)
    data: bytes = calendar.to_ical()
    return data
