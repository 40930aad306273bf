"""A message that is owed, written as a letter from what is true at the moment of sending.

What it hides: which values the words of a message are filled with, and which letters carry a
calendar file. What concerns a sensitive programme is always in the discreet words (S4). `facts`
says what is true, and whether there is still anything to tell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Connection

from portal.content.message_texts import load_words
from portal.database.references import link_of
from portal.directory import Directory, Series, Session, Site
from portal.directory.values import moment_words
from portal.messages import family_calendar, rendering
from portal.messages.change_news import move_words
from portal.messages.channels import Attachment, Letter
from portal.messages.facts import BookingFacts, MessageFacts, facts_of
from portal.messages.outbox import Owed
from portal.settings import Settings

WITH_CALENDAR = (
    "confirmation",
    "request-confirmed",
    "moved",
    "cancelled-by-us",
    "cancelled-by-you",
)

# What a contact that holds another one of the same group is told beside: in an email, in a text.
_BOOKED_TWICE = (
    "There is another booking with these contact details for the same group. "
    "If you booked twice by mistake, cancel one of them using its link.",
    "You have another booking for this. If one is a mistake, cancel it using its link.",
)
_ASKED_TWICE = (
    "There is another request with these contact details for the same group. "
    "If you asked twice by mistake, take one of them back using its link.",
    "You have another request for this. If one is a mistake, take it back using its link.",
)
TWINS: Mapping[str, tuple[str, str]] = {
    "confirmation": _BOOKED_TWICE,
    "waiting": _BOOKED_TWICE,
    "request-received": _ASKED_TWICE,
}


def letter_of(
    connection: Connection,
    owed: Owed,
    *,
    directory: Directory,
    settings: Settings,
    now: datetime,
) -> Letter:
    """The letter that a message is now. Raises NothingToTell, and WordsError for broken words."""
    facts = facts_of(connection, owed, directory=directory, settings=settings, now=now)
    site, booking, recipient = directory.site, facts.booking, facts.recipient
    values = _values(facts, site, settings)
    words = rendering.fill(
        load_words(settings.root, owed.kind),
        values,
        discreet=booking.discreet,
        extra=TWINS[owed.kind] if facts.has_twin else ("", ""),
    )
    reference = reference_of(booking.row.calendar_id, owed.id, owed.kind)
    if recipient.way == "text":
        return Letter(recipient.way, recipient.to, words.text, reference, now)
    return Letter(
        recipient.way,
        recipient.to,
        words.plain,
        reference,
        now,
        subject=words.subject,
        html=words.html,
        attachments=_attachments(facts, site, settings),
    )


def reference_of(calendar_id: str, message_id: int, kind: str) -> str:
    """What a message is known by outside: to Notify, as Message-ID, as a file of the outbox.

    It tells nothing, and is the same at every try.
    """
    return hashlib.sha256(f"{calendar_id} {message_id} {kind}".encode()).hexdigest()[:32]


# --- what the words are filled with ---------------------------------------------------------------


def _values(facts: MessageFacts, site: Site, settings: Settings) -> Mapping[str, str]:
    """A value for each placeholder; '' leaves out the line that it stands in."""
    booking, sessions = facts.booking, facts.sessions
    values = {
        "first_name": rendering.first_name(facts.recipient.name),
        "link": _link(bytes(booking.row.link_nonce), site, settings),
        "reference": booking.row.reference,
        "service": site.name,
        "phone": _phone(booking, site) or "",
        "series": "the group",
        "programme": "the group",
        "reason": _reason(facts),
        "until": moment_words(facts.until) if facts.until else "",
        "position": "" if facts.position is None else str(facts.position),
        "words": facts.notice,
    }
    if booking.series is not None:
        values |= _series_words(booking.series, sessions)
        if facts.owed.kind == "moved" and sessions:
            values |= move_words(booking.series, sessions, facts.known)
        if facts.owed.kind == "cancelled-by-us" and booking.status == "confirmed":
            on = [session for session in booking.coming if not session.cancelled]
            values |= {"still": rendering.dates_words(booking.series, on)}
    return values


def _series_words(series: Series, sessions: Sequence[Session]) -> Mapping[str, str]:
    dates = rendering.dates_words(series, sessions)
    return {
        "series": series.name,
        "programme": series.programme.title,
        "dates": dates,
        "time": rendering.time_words(series, sessions),
        "venue": rendering.venue_words(series, sessions),
        "bring": series.bring or "",
        "day": dates,
    }


def _reason(facts: MessageFacts) -> str:
    """Why it is so: of a session the content says so, of a booking staff did."""
    reasons = [session.cancelled for session in facts.sessions if session.cancelled]
    if facts.owed.kind == "moved":
        reasons = [session.note for session in facts.sessions if session.note]
    words = "; ".join(dict.fromkeys(reasons)) or str(facts.owed.about.get("reason") or "")
    return " ".join(words.split())


def _link(nonce: bytes, site: Site, settings: Settings) -> str:
    base = site.booking_address.rstrip("/") or _base(site, settings)
    return f"{base}/bookings/{link_of(settings.secret, nonce)}"


def _base(site: Site, settings: Settings) -> str:
    """Where the public pages are."""
    return settings.base_address or site.base_address


def _phone(booking: BookingFacts, site: Site) -> str | None:
    if booking.series is None or booking.discreet:
        return site.phone
    return booking.series.programme.phone or booking.series.centre.phone or site.phone


# --- what travels with it -------------------------------------------------------------------------


def _attachments(facts: MessageFacts, site: Site, settings: Settings) -> tuple[Attachment, ...]:
    owed, booking = facts.owed, facts.booking
    if owed.kind not in WITH_CALENDAR or booking.series is None:
        return ()
    if owed.about.get("offer"):
        return ()  # who never had the place has no entry of it
    if booking.discreet and not owed.about.get("calendar"):
        return ()
    if owed.about.get("before", "confirmed") != "confirmed":
        return ()  # there is no entry to take away: only who has a place is sent one
    organizer = site.email or settings.message_sender
    if not organizer:
        return ()  # without somebody who reads answers a calendar file is not valid
    files = family_calendar.attachments(
        cast("family_calendar.Booked", booking.row),
        facts.sessions,
        site,
        base=_base(site, settings),
        organizer=organizer,
        attendee=facts.recipient.to,
    )
    return tuple(Attachment(*file) for file in files)
