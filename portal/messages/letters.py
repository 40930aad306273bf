"""Composes a queued message as a letter, from the facts at the moment of sending.

What it hides: which words are true of a change, which values fill the placeholders of a message,
and which letters carry a calendar file. Messages about a sensitive programme always use the
discreet wording (S4). `facts` provides the facts, and decides whether there is still anything to
send.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row

from portal.content.message_texts import load_words
from portal.database.references import link_of, outcome_link_of
from portal.directory import Directory, Series, Session, Site, expectations
from portal.directory.contact import Contact, contact_about
from portal.directory.phrases import count
from portal.directory.values import day_words, moment_words
from portal.messages import family_calendar, rendering
from portal.messages.change_news import ABOUT_A_SESSION, move_wording, move_words
from portal.messages.channels import Attachment, Letter
from portal.messages.facts import BookingFacts, MessageFacts, facts_of
from portal.messages.outbox import Owed
from portal.settings import Settings

WITH_CALENDAR = (
    "confirmation",
    "place-moved",
    "request-confirmed",
    "moved",
    "postponed",
    "cancelled-by-us",
    "cancelled-by-you",
)

# Added when the contact has another booking for the same group: in an email, in a text.
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
    "place-moved": _BOOKED_TWICE,
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
    """Compose the letter of a message. Raises NothingToSend, and WordsError for broken wording."""
    facts = facts_of(connection, owed, directory=directory, settings=settings, now=now)
    site, booking, recipient = directory.site, facts.booking, facts.recipient
    attachments = _attachments(facts, site, settings)
    words = words_of(facts, site, settings, attached=bool(attachments))
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
        attachments=attachments,
    )


def words_of(
    facts: MessageFacts,
    site: Site,
    settings: Settings,
    *,
    link: str = "",
    attached: bool = False,
) -> rendering.Words:
    """The words of a letter. Another `link` can be in it than the family's own.

    `attached`: whether a calendar file goes with it, which GOV.UK Notify does not carry.
    """
    contact = _contact(facts.booking, site, settings)
    values = _values(facts, contact, site, settings, link)
    carried = attached and settings.email_channel != "notify"
    return rendering.fill(
        load_words(settings.root, wording_of(facts)),
        {**values, "calendar_file": "booking.ics" if carried else ""},
        discreet=facts.booking.discreet,
        way=contact.way,
        full=facts.recipient.full_texts,
        extra=TWINS[facts.owed.kind] if facts.has_twin else ("", ""),
    )


def wording_of(facts: MessageFacts) -> str:
    """Which words the letter has: those of its kind, or those that are true of this change."""
    owed, booking = facts.owed, facts.booking
    if facts.of_a_change and (facts.on or facts.postponed):
        # The kind is that of the last message; the letter is about all that changed with it.
        if sum(map(bool, (facts.off, facts.postponed, facts.on))) > 1:
            return "off-and-changed"
        if facts.postponed:
            return "dates-postponed" if _still_on(facts) else "postponed"
        return move_wording(facts.on, facts.known_on)
    if owed.kind == "notice":
        return notice_wording(waiting=booking.status == "waiting")
    if owed.kind in ("link", "off-the-list") and booking.is_request:
        return "request-link" if owed.kind == "link" else "request-ended"
    if owed.kind != "cancelled-by-us" and not facts.of_a_change:
        return owed.kind
    if booking.status == "confirmed" and _still_on(facts):
        return "dates-cancelled"
    if booking.status == "confirmed" or owed.about.get("offer"):
        # A date that was booked by itself is off, and the group may meet on others.
        return "date-cancelled" if booking.row.planned else "cancelled-by-us"
    # Staff ended this one booking: what was booked goes on for others.
    had_place = owed.about.get("before", "confirmed") == "confirmed"
    if had_place:
        return "place-cancelled"
    return "request-ended" if booking.is_request else "off-the-list"


def notice_wording(*, waiting: bool) -> str:
    """Which words a message from staff has: a family that waits has no place yet."""
    return "waiting-notice" if waiting else "notice"


def preview_of_notice(
    words: str,
    series: Series,
    sessions: Sequence[Session],
    *,
    waiting: bool,
    directory: Directory,
    settings: Settings,
) -> rendering.Words:
    """A message from staff as a family of this series would get it, without name and link."""
    discreet = series.programme.sensitive
    base = _base(directory.site, settings)
    contact = contact_about(None if discreet else series, directory.site, base=base)
    values = {
        **_series_words(series, sessions, each=False),
        "first_name": "",
        "link": "(the link to the family's own page)",
        "reference": "(its reference)",
        "service": directory.site.name,
        "contact": contact.to,
        "phone": contact.phone or "",
        "words": words,
    }
    wording = load_words(settings.root, notice_wording(waiting=waiting))
    return rendering.fill(wording, values, discreet=discreet, way=contact.way)


def _still_on(facts: MessageFacts) -> list[Session]:
    """The coming sessions of a booking that are on and that its message is not about."""
    changed = {session.planned for session in facts.sessions}
    return [
        session
        for session in facts.booking.coming
        if not session.off and session.planned not in changed
    ]


def reference_of(calendar_id: str, message_id: int, kind: str) -> str:
    """The external reference of a message: for Notify, the Message-ID and the outbox file name.

    It reveals nothing, and is the same at every attempt.
    """
    return hashlib.sha256(f"{calendar_id} {message_id} {kind}".encode()).hexdigest()[:32]


# --- values of the placeholders -------------------------------------------------------------------


def _values(
    facts: MessageFacts, contact: Contact, site: Site, settings: Settings, link: str = ""
) -> Mapping[str, str]:
    """A value for each placeholder; '' leaves out the line that contains it."""
    booking, sessions = facts.booking, facts.sessions
    link = link or _link(booking.row, site, settings)
    values = {
        "first_name": rendering.first_name(facts.recipient.name),
        "link": link,
        "cannot_come": link + _cannot_come(facts),
        "reference": booking.row.reference,
        "service": site.name,
        "contact": contact.to,
        "phone": contact.phone or "",
        "series": "the group",
        **_asked_for(booking, site),
        "reason": _reason(facts),
        "until": moment_words(facts.until) if facts.until else "",
        "position": "" if facts.position is None else str(facts.position),
        "words": facts.notice,
        "outcome": _outcome_link(facts, site, settings),
        "worker": facts.case.worker,
        "worker_at": facts.case.worker_at,
        "lead": facts.case.lead,
        "ended": facts.case.ended,
        "others": facts.case.others,
        "read_by": facts.case.read_by,
        "review_day": day_words(facts.review) if facts.review else "",
        "creche": _creche(facts),
    }
    if booking.series is not None:
        of_a_change = facts.owed.kind in ABOUT_A_SESSION and booking.status == "confirmed"
        still = _still_on(facts) if of_a_change else []
        values |= _series_words(booking.series, sessions, each=bool(still))
        values |= {"was": _moved_from(facts)}
        values |= {"still": rendering.dates_words(booking.series, still, each=True)}
        if facts.of_a_change and (facts.on or facts.postponed):
            each = bool(still or facts.off or facts.postponed)
            if facts.on:
                values |= move_words(booking.series, facts.on, facts.known_on, each=each)
            values |= {
                "postponed": rendering.dates_words(booking.series, facts.postponed, each=True),
                "why": _joined(session.postponed for session in facts.postponed),
                "off": rendering.dates_words(booking.series, facts.off, each=True),
                "note": _joined(session.note for session in facts.on),
            }
    return values


def _series_words(series: Series, sessions: Sequence[Session], *, each: bool) -> Mapping[str, str]:
    dates = rendering.dates_words(series, sessions, each=each)
    return {
        "series": series.name,
        "programme": series.programme.title,
        "dates": dates,
        "short_dates": rendering.short_dates(series, sessions),
        "time": rendering.time_words(series, sessions),
        "venue": rendering.venue_words(series, sessions),
        "bring": series.bring or "",
        "first_time": expectations.first_time(series),
        "who_meets_you": expectations.who_meets_you(series),
        "day": dates,
    }


_NO_PLACE = "You do not have a place yet."


def _asked_for(booking: BookingFacts, site: Site) -> Mapping[str, str]:
    """What a family asks for: a place, or support where no place is given."""
    programme = booking.programme
    title = programme.title if programme else "the group"
    as_such = programme if booking.series is None else None
    if as_such is not None and as_such.slug == site.support_programme:
        return {"programme": title, "asked_for": "support", "no_place": ""}
    return {"programme": title, "asked_for": f"a place at {title}", "no_place": _NO_PLACE}


def _creche(facts: MessageFacts) -> str:
    """What the family has in the creche: '' if it asked for nothing."""
    place = facts.creche
    if place is None or place.state == "asked":
        return ""
    one = place.children == 1
    children = count(place.children, "child", "children")
    if place.state == "held":
        too = " there too" if facts.of_a_change else ""  # it belongs to the place, not to the day
        return f"{children} {'has' if one else 'have'} a place{too}"
    return f"no place yet. You are on its waiting list for {children}"


def _cannot_come(facts: MessageFacts) -> str:
    """The end of the address at which the family says that it cannot come on this date."""
    if facts.booking.row.planned or not facts.sessions:
        return "/cannot-come"
    return f"/cannot-come?date={facts.sessions[0].anchor}"


def _moved_from(facts: MessageFacts) -> str:
    """The place that a family gave up: what and when; '' where that may not be named."""
    before = next(iter(facts.moved_from), None)
    if before is None or before.series is None or before.discreet:
        return ""
    sessions = [session for session in before.coming if not session.off]
    dates = rendering.dates_words(before.series, sessions)
    when = (dates, rendering.time_words(before.series, sessions)) if dates else ()
    now = facts.booking.series
    name = (
        () if now is not None and now.name == before.series.name and when else (before.series.name,)
    )
    return ", ".join((*name, *when))


def _reason(facts: MessageFacts) -> str:
    """The reason: from the content for a session, from staff for a booking."""
    reasons = [session.cancelled for session in facts.off]
    if facts.of_a_change and not facts.off:
        if facts.postponed and facts.on:
            return ""  # each has a reason of its own: `why` and `note`
        reasons = [session.postponed or session.note for session in facts.sessions]
    return _joined(reasons) or " ".join(str(facts.owed.about.get("reason") or "").split())


def _joined(reasons: Iterable[str | None]) -> str:
    return " ".join("; ".join(dict.fromkeys(filter(None, reasons))).split())


def _outcome_link(facts: MessageFacts, site: Site, settings: Settings) -> str:
    """The page on which a professional sees whether the family came; '' without consent (S88)."""
    if facts.outcome is None or facts.booking.discreet:
        return ""
    return f"{_live(site, settings)}/outcome/{outcome_link_of(settings.secret, *facts.outcome)}"


def _live(site: Site, settings: Settings) -> str:
    """The address of the live pages."""
    return site.booking_address.rstrip("/") or _base(site, settings)


def _link(row: Row[Any], site: Site, settings: Settings) -> str:
    base = _live(site, settings)
    link = link_of(settings.secret, bytes(row.link_nonce), bytes(row.link_hash))
    return f"{base}/bookings/{link}"


def _base(site: Site, settings: Settings) -> str:
    """The address of the public pages."""
    return settings.base_address or site.base_address


def _contact(booking: BookingFacts, site: Site, settings: Settings) -> Contact:
    """How the family reaches us; a discreet letter has the number of the service, if any."""
    thing = None if booking.discreet else booking.series or booking.programme
    return contact_about(thing, site, base=_base(site, settings))


# --- attachments ----------------------------------------------------------------------------------


def _attachments(facts: MessageFacts, site: Site, settings: Settings) -> tuple[Attachment, ...]:
    owed, booking = facts.owed, facts.booking
    if owed.kind not in WITH_CALENDAR or booking.series is None:
        return ()
    if owed.about.get("offer"):
        return ()  # the family never had a place, so it has no entry
    if booking.discreet and not owed.about.get("calendar"):
        return ()
    if owed.about.get("before", "confirmed") != "confirmed":
        return ()  # only families with a place were sent an entry to remove
    organizer = site.email or settings.message_sender
    if not organizer:
        return ()  # a calendar file is only valid with an address for replies
    about = [(booking, facts.sessions)]
    about += [(before, before.coming) for before in facts.moved_from if not before.discreet]
    files = [
        file
        for booked, sessions in about
        for file in family_calendar.attachments(
            cast("family_calendar.Booked", booked.row),
            sessions,
            site,
            base=_base(site, settings),
            organizer=organizer,
            attendee=facts.recipient.to,
        )
    ]
    if facts.moved_from:
        files = _named_apart(files)
    return tuple(Attachment(*file) for file in files)


def _named_apart(
    files: Iterable[family_calendar.CalendarFile],
) -> list[family_calendar.CalendarFile]:
    """The file with the new dates under its usual name, and those that remove old ones numbered."""
    number = itertools.count(1)
    return [
        file._replace(name=f"old-{next(number)}.ics")
        if file.method == "CANCEL"
        else file._replace(name="booking.ics")
        for file in files
    ]
