"""Composes and sends the messages of a panel to practitioners (`portal.messages.queue`).

What it hides: a message is true when it is sent. The day of a meeting is that of the content now,
and what has changed since it was queued is left out. A message with a day carries it as a calendar
file, where the channel of emails carries files. Nothing in a message names a family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from icalendar import Calendar, Event, Timezone
from sqlalchemy import Connection, Engine, Row, select

from portal.content.message_texts import load_words
from portal.database import read, write
from portal.database.references import gap_link_of
from portal.database.tables import gap, panel_message
from portal.directory import Directory, Meeting, Panel
from portal.directory.contact import contact_about
from portal.directory.values import LONDON
from portal.feeds.calendar_entries import Text
from portal.feeds.calendars import PRODUCT, ZONE
from portal.messages import rendering
from portal.messages.channels import Attachment, Letter
from portal.messages.letters import reference_of
from portal.messages.outbox import NothingToSend
from portal.messages.queue import Queue
from portal.panel import decisions, gaps, themes
from portal.panel.decisions import Decision
from portal.panel.gaps import Filed
from portal.panel.meetings import meeting_named, panel_of
from portal.settings import Settings

_MOST = 20  # of one round, so that messages about bookings do not wait for long
_WITH_DAY = ("gap-received", "gap-agenda")
FILE = "meeting.ics"


@dataclass(frozen=True, slots=True)
class _Post:
    engine: Engine
    directory: Directory
    settings: Settings
    now: datetime

    @property
    def base(self) -> str:
        """The address of the public pages."""
        return self.settings.base_address or self.directory.site.base_address


def send_due(
    engine: Engine,
    directory: Directory,
    settings: Settings,
    *,
    now: datetime,
    claimant: str,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send the messages that are due; returns how many went. Raises SettingsError."""
    post = _Post(engine, directory, settings, now)

    def compose(row: Row[Any]) -> tuple[Letter, Mapping[str, Any]]:
        return _letter(post, row), {"sent": now}

    queue = Queue(engine, panel_message, directory, settings, now, stopping=stopping)
    return queue.send_due(claimant, compose, most=_MOST)


def _letter(post: _Post, row: Row[Any]) -> Letter:
    """Raises NothingToSend, and WordsError for broken wording."""
    one = gaps.with_id(post.engine, row.gap_id)
    if one is None or not one.email or one.link_hash is None:
        raise NothingToSend("The details of the practitioner have been deleted.")
    panel = panel_of(post.directory, one.district)
    meeting = meeting_named(panel, one.meeting) if panel else None
    decision = _decided(post, row)
    _check_true(row.kind, one, panel, meeting, decision)
    files = _files(post, one, panel, meeting, row) if row.kind in _WITH_DAY else ()
    carried = bool(files) and post.settings.email_channel != "notify"
    facts = {
        **_facts(post, one),
        **_of_meeting(post, one, panel, meeting),
        **_of_decision(post, one, panel, decision),
        "calendar_file": FILE if carried else "",
    }
    contact = contact_about(None, post.directory.site, base=post.base)
    wording = load_words(post.settings.root, row.kind)
    words = rendering.fill(wording, facts, discreet=False, way=contact.way)
    reference = reference_of(one.link_hash.hex(), row.id, row.kind)
    return Letter(
        "email", one.email, words.plain, reference, post.now,
        subject=words.subject, html=words.html, attachments=files,
    )  # fmt: skip


def _check_true(
    kind: str, one: Filed, panel: Panel | None, meeting: Meeting | None, decision: Decision | None
) -> None:
    """Raises NothingToSend where something newer has made a message untrue."""
    later = (
        one.state == "withdrawn"
        or (kind == "gap-agenda" and (one.state != "open" or meeting is None))
        or (kind == "gap-manager" and (one.state not in gaps.OPEN or panel is not None))
        or (kind == "gap-more" and one.state != "more")
        or (kind in ("gap-more", "gap-answer") and decision is None)
    )
    if later:
        raise NothingToSend("Something has changed since then.")


def _decided(post: _Post, row: Row[Any]) -> Decision | None:
    found = decisions.of_gaps(post.engine, [row.gap_id])[row.gap_id]
    return next((one for one in found if one.id == row.about.get("decision")), None)


def _facts(post: _Post, one: Filed) -> dict[str, str]:
    site = post.directory.site
    assert one.link_nonce is not None and one.link_hash is not None  # noqa: S101, PT018
    token = gap_link_of(post.settings.secret, one.link_nonce, one.link_hash)
    contact = contact_about(None, site, base=post.base)
    return {
        "first_name": rendering.first_name(one.name),
        "link": f"{site.booking_address.rstrip('/') or post.base}/gap/{token}",
        "reference": one.reference,
        "service": site.name,
        "contact": contact.to,
        "phone": contact.phone or "",
    }


def _of_meeting(
    post: _Post, one: Filed, panel: Panel | None, meeting: Meeting | None
) -> dict[str, str]:
    """The panel and its meeting; or, without a panel, the area whose manager answers."""
    district = post.directory.district(one.district)
    manager = post.directory.footprint_of(district).title if district and not panel else ""
    return {
        "panel": panel.name if panel else "",
        "district": district.title if district else "your district",
        "manager": manager,
        "meeting": meeting.words if meeting else "",
        "where": panel.where if panel and meeting else "",
        "moved": meeting.moved if meeting else "",
        "sample": panel.assumed if panel else "",
    }


def _of_decision(
    post: _Post, one: Filed, panel: Panel | None, decision: Decision | None
) -> dict[str, str]:
    if decision is None:
        return {"answer": "", "words": "", "page": ""}
    answer = answer_words(decision)
    if decision.kind == "escalate":
        answer = f"{answer} {_where(post, one, panel)}".strip()
    page = f"{post.base}{decision.link}" if decision.link.startswith("/") else decision.link
    return {"answer": answer, "words": decision.words, "page": page}


def _where(post: _Post, one: Filed, panel: Panel | None) -> str:
    """Who has a form that is passed on, when the message is sent."""
    issue = themes.issue_of(post.engine, one.issue_id) if one.issue_id else None
    today = post.now.astimezone(LONDON).date()
    return themes.words_for(issue, themes.body_names(panel), today, passed_on=True)


def answer_words(one: Decision) -> str:
    """What was decided, in a sentence for the practitioner."""
    if one.kind == "spend":
        how = f" How the family gets it: {one.how.rstrip('.')}." if one.how else ""
        return (
            f"Yes. We will pay up to £{one.pounds:,} for {one.what_for}. "
            f"Provider: {one.provider.rstrip('.')}.{how}"
        )
    return {
        "met": "There is something local that meets the need.",
        "more": "We need to know more before we can decide.",
        "no": "We are sorry. We cannot help with this.",
        "escalate": "We cannot meet this need ourselves, so we have passed it on.",
    }[one.kind]


# --- the calendar file ----------------------------------------------------------------------------


def _files(
    post: _Post, one: Filed, panel: Panel | None, meeting: Meeting | None, row: Row[Any]
) -> tuple[Attachment, ...]:
    site = post.directory.site
    organizer = site.email or post.settings.message_sender
    if panel is None or meeting is None or not organizer:
        return ()  # a calendar file is only valid with an address for replies
    return (
        Attachment(FILE, "PUBLISH", meeting_file(post, one, panel, meeting, organizer, row.due)),
    )


def meeting_file(
    post: _Post, one: Filed, panel: Panel, meeting: Meeting, organizer: str, written: datetime
) -> bytes:
    """A meeting as a calendar file. Another day replaces the entry that the first file made."""
    assert one.link_hash is not None  # noqa: S101  see `_letter`
    site = post.directory.site
    event = Event()
    event.add("uid", f"gap-{one.link_hash.hex()[:32]}@{site.domain}")
    event.add("dtstamp", written.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", one.version)
    event.add("dtstart", meeting.starts)
    event.add("dtend", meeting.ends)
    event.add("status", "CONFIRMED")
    event.add("summary", Text(panel.name))
    event.add("location", Text(panel.where))
    event.add("organizer", f"mailto:{organizer}")
    event.add("class", "PRIVATE")
    calendar = Calendar()
    for name, value in (("version", "2.0"), ("prodid", PRODUCT), ("calscale", "GREGORIAN")):
        calendar.add(name, value)
    calendar.add("method", "PUBLISH")
    calendar.add_component(Timezone.from_ical(ZONE))
    calendar.add_component(event)
    data: bytes = calendar.to_ical()
    return data


# --- for staff ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failed:
    """A message that did not reach a practitioner."""

    id: int
    reference: str
    kind: str
    due: datetime
    trouble: str


def failed(engine: Engine, district: str) -> Sequence[Failed]:
    """The messages about forms of a district that were not delivered, the latest first."""
    query = (
        select(panel_message, gap.c.reference)
        .join(gap, gap.c.id == panel_message.c.gap_id)
        .where(panel_message.c.state == "failed", gap.c.district == district)
        .order_by(panel_message.c.id.desc())
    )
    with read(engine) as connection:
        return [
            Failed(row.id, row.reference, row.kind, row.due, row.trouble or "")
            for row in connection.execute(query)
        ]


def try_again(engine: Engine, district: str, *, now: datetime) -> int:
    """Queue the failed messages of a district again; returns how many."""
    of_district = select(gap.c.id).where(gap.c.district == district)

    def work(connection: Connection) -> int:
        again = panel_message.update().where(
            panel_message.c.state == "failed", panel_message.c.gap_id.in_(of_district)
        )
        done = connection.execute(again.values(state="owed", due=now, tries=0, trouble=None))
        return int(done.rowcount)

    return write(engine, work)


# --- the outbox folder ----------------------------------------------------------------------------


def references_kept(connection: Connection) -> set[str]:
    """The references of letters to practitioners whose details are kept (`clear_outbox`)."""
    query = select(panel_message.c.id, panel_message.c.kind, gap.c.link_hash).join(
        gap, gap.c.id == panel_message.c.gap_id
    )
    rows = connection.execute(query.where(sa.and_(gap.c.email != "", gap.c.link_hash.is_not(None))))
    return {reference_of(bytes(row.link_hash).hex(), row.id, row.kind) for row in rows}
