"""Composes and sends the messages of wishes: one when a wish is made, one when runs open.

What it hides: a message is true when it is sent. Runs that have closed or filled up since are left
out; if none is left, the wish waits on. Nothing is sent about a programme that has become sensitive
or has left the content (S84), nor to a family that has stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Engine, Row, select

from portal.bookings.wish_runs import MILES, open_runs, programme_of
from portal.bookings.wishes import MADE, wait_again
from portal.content.message_texts import load_words
from portal.database import read
from portal.database.references import wish_link_of
from portal.database.tables import wish, wish_message
from portal.directory import Directory, Programme, Series
from portal.directory.contact import contact_about
from portal.directory.phrases import at
from portal.directory.values import LONDON, day_words
from portal.messages import rendering
from portal.messages.channels import Letter
from portal.messages.letters import reference_of
from portal.messages.outbox import NothingToSend
from portal.messages.queue import Queue
from portal.settings import Settings

_MOST = 20  # of one round, so that messages about bookings do not wait for long
LISTED = 3  # runs that a message names; it links to the rest


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
    """Send the messages that are due; returns how many went.

    No two workers send the same one. Raises SettingsError if a channel cannot work.
    """
    post = _Post(engine, directory, settings, now)

    def compose(row: Row[Any]) -> tuple[Letter, Mapping[str, Any]]:
        return _letter(post, row), {"sent": now}

    return Queue(engine, wish_message, directory, settings, now, stopping=stopping).send_due(
        claimant, compose, most=_MOST
    )


def _letter(post: _Post, message: Row[Any]) -> Letter:
    """Raises NothingToSend, and WordsError for broken wording."""
    with read(post.engine) as connection:
        row = connection.execute(select(wish).where(wish.c.id == message.wish_id)).first()
    if row is None or row.state == "ended" or not row.safe_to_contact or row.ends <= post.now:
        raise NothingToSend("The family no longer waits.")
    programme = programme_of(post.directory, row.programme)
    if programme is None or not programme.can_tell:
        raise NothingToSend("The programme has no such messages any more.")
    facts = _facts(post, row, programme)
    if message.kind != MADE:
        facts |= _groups(post, programme, _still_open(post, message, programme))
    wording = load_words(post.settings.root, message.kind)
    contact = contact_about(programme, post.directory.site, base=post.base)
    words = rendering.fill(wording, facts, discreet=False, way=contact.way)
    way: Literal["email", "text"] = "email" if row.contact_by == "email" else "text"
    to = row.email if way == "email" else row.phone
    reference = reference_of(bytes(row.link_hash).hex(), message.id, message.kind)
    if way == "text":
        return Letter(way, to, words.text, reference, post.now)
    return Letter(way, to, words.plain, reference, post.now, subject=words.subject, html=words.html)


def _still_open(post: _Post, message: Row[Any], programme: Programme) -> Sequence[Series]:
    """The runs of a message that can still be had. With none, the wish waits on."""
    slug = programme.slug
    runs = open_runs(post.engine, post.directory, {slug}, post.now).get(slug, ())
    runs = [run for run in runs if {run.identity, *run.old_identities} & {*message.runs}]
    if not runs:
        wait_again(post.engine, message.wish_id, message.runs)
        raise NothingToSend("What had opened is closed or full again.")
    return runs


def _facts(post: _Post, row: Row[Any], programme: Programme) -> dict[str, str]:
    site = post.directory.site
    contact = contact_about(programme, site, base=post.base)
    token = wish_link_of(post.settings.secret, bytes(row.link_nonce), bytes(row.link_hash))
    live = site.booking_address.rstrip("/") or post.base
    return {
        "link": f"{live}/tell/own/{token}",
        "contact": contact.to,
        "phone": contact.phone or "",
        "service": site.name,
        "programme": programme.title,
        "near": row.near,
        "miles": str(MILES),
        "until": day_words(row.ends.astimezone(LONDON).date()),
    }


def _groups(post: _Post, programme: Programme, runs: Sequence[Series]) -> dict[str, str]:
    """What a message says of the runs: each with its address, and the page with all of them."""
    facts = {}
    for number, run in enumerate(runs[:LISTED], 1):
        facts[f"group_{number}"] = run_words(run, post.directory, post.now)
        facts[f"page_{number}"] = f"{post.base}{run.path}"
    facts["more"] = f"{post.base}{programme.path}" if len(runs) > LISTED else ""
    return facts


def run_words(run: Series, directory: Directory, now: datetime) -> str:
    """A run in a line: its name, its days and times, where it is, and when its next date is."""
    first = next((one for one in run.next_sessions(now) if not one.off), None)
    said = [run.name, f"{run.pattern}, {run.times.words}"]
    if first and run.repeats != "once":
        said.append(
            f"{'from' if first.planned == run.starts else 'next on'} {day_words(first.day)}"
        )
    district = directory.district_of(run.centre).title
    place = run.usual_venue.name
    where = at(run.usual_venue, place)
    said.append(where if district in place else f"{where}, {district}")
    return ", ".join(said)
