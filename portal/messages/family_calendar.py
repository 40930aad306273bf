"""A booking in the family's own calendar: a file attached to a message, and a private calendar
behind the family's link that stays up to date.

What it hides: each session of a booking is one entry whose UID is made from the booking's random
number and the planned date, so that a later move or cancellation updates the same entry instead
of adding a second one. SEQUENCE rises with the booking and with the series; nothing is taken from
the clock.

Calendars are shared. So no entry names a child, a need, a reference or the family's link, and an
entry of a sensitive programme says only "Appointment" and when.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from icalendar import Calendar, Event, Timezone

from portal.directory import Series, Session, Site
from portal.directory.contact import contact_about
from portal.directory.phrases import capital
from portal.directory.values import day_words
from portal.feeds.calendar_entries import Text, one_line, revision_of
from portal.feeds.calendars import PRODUCT, ZONE

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


def uid_of(booking: Booked, session: Session, site: Site) -> str:
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
    booking: Booked, series: Series | None, site: Site, *, base: str, gone: Iterable[Session] = ()
) -> bytes:
    """The calendar at the family's own link, with moves and cancellations.

    `gone` are sessions that were removed from the content (`announced.removed_sessions`). It is
    empty until the family has a place. A cancelled booking shows as cancelled, so that subscribed
    programs show it too. Without a series, which the content may have lost, it is empty and
    discreet: after an error, programs would keep the old entries.
    """
    shown = series is not None and booking.status in ("confirmed", "cancelled")
    sessions = (*sessions_of(booking, series), *gone) if series and shown else ()
    discreet = series is None or series.programme.sensitive
    name = "Appointments" if discreet else "Our sessions"
    properties = {
        "name": name,
        "x-wr-calname": name,
        "x-wr-timezone": "Europe/London",
        "refresh-interval": (REFRESH, {"VALUE": "DURATION"}),
        "x-published-ttl": "PT1H",
    }
    entries = [_Entry(booking, session, site, base) for session in sessions]
    return _calendar([entry.event() for entry in entries], properties, discreet)


class _Entry:
    """A calendar entry (VEVENT) for one session of a booking."""

    def __init__(self, booking: Booked, session: Session, site: Site, base: str) -> None:
        self.booking = booking
        self.session = session
        self.series = session.series
        self.site = site
        self.base = base
        self.discreet = self.series.programme.sensitive
        self.cancelled = bool(session.cancelled) or booking.status != "confirmed"

    def event(self, organizer: str = "", attendee: str = "") -> Event:
        event = Event()
        for name, value in self._properties(organizer, attendee):
            value, parameters = value if isinstance(value, tuple) else (value, None)
            event.add(name, value, parameters=parameters)
        return event

    def _properties(self, organizer: str, attendee: str) -> Iterator[tuple[str, Any]]:
        series_changed = self.series.changed.astimezone(UTC)
        changed = max(series_changed, self.booking.changed.astimezone(UTC)).replace(microsecond=0)
        yield "uid", uid_of(self.booking, self.session, self.site)
        yield "dtstamp", changed
        yield "last-modified", changed
        # Both only rise, and so does their sum, whichever of them changed.
        yield "sequence", revision_of(series_changed) + self.booking.revision
        yield "dtstart", self.session.starts
        yield "dtend", self.session.ends
        yield "status", "CANCELLED" if self.cancelled else "CONFIRMED"
        summary = NEUTRAL_SUMMARY if self.discreet else one_line(self.series.name)
        yield "summary", Text(f"CANCELLED: {summary}" if self.cancelled else summary)
        if organizer:
            name = {} if self.discreet else {"CN": self.site.name}
            yield "organizer", (f"mailto:{organizer}", name)
        if attendee:
            yield "attendee", (f"mailto:{attendee}", {"RSVP": "FALSE"})
        if self.discreet:
            yield "class", "PRIVATE"
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
        if session.moved:
            yield f"Moved from {day_words(session.planned)}, {series.time.words}."
        if session.note:
            yield session.note
        if series.room and not session.moved_venue:
            yield f"Room: {series.room}"
        if series.bring:
            yield f"Bring: {series.bring}"
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
