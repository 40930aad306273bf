"""Sends the emails that ask the staff of a centre to check its week.

What it hides: the queue is the table `week_link` (`portal.messages.queue`). What an email shows is
made at the moment of sending, and its digest is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, Row

from portal.content.message_texts import load_words
from portal.database.references import week_link_of
from portal.database.tables import week_link
from portal.directory import Directory
from portal.directory.centre_week import CentreWeek, week_of
from portal.messages import rendering
from portal.messages.channels import Letter
from portal.messages.outbox import NothingToSend
from portal.messages.queue import Queue
from portal.settings import Settings
from portal.staff import accounts
from portal.staff.accounts import Staff
from portal.staff.weeks import ends

_MOST = 10  # of one round, so that families' messages do not wait for long
_PLACE = "/staff/week"


def send_due(
    engine: Engine,
    directory: Directory,
    settings: Settings,
    *,
    now: datetime,
    claimant: str,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send the emails that are due; returns how many went.

    No two workers send the same one. Raises SettingsError if the channel cannot work.
    """

    def compose(row: Row[Any]) -> tuple[Letter, Mapping[str, Any]]:
        centre, account = directory.centre(row.centre), accounts.account(engine, row.staff_id)
        monday = date.fromisoformat(row.monday)
        if centre is None or account is None or account.removed or now >= ends(monday):
            raise NothingToSend("There is nobody to ask any more.")
        shown = week_of(directory, centre, monday)
        letter = letter_of(row, account.staff, shown, directory, settings, now)
        return letter, {"digest": shown.digest}

    queue = Queue(engine, week_link, directory, settings, now, unneeded="failed", stopping=stopping)
    return queue.send_due(claimant, compose, most=_MOST)


def letter_of(
    row: Row[Any],
    staff: Staff,
    shown: CentreWeek,
    directory: Directory,
    settings: Settings,
    now: datetime,
) -> Letter:
    """The email that shows a week, with its two links. Raises WordsError."""
    site = directory.site
    base = site.booking_address.rstrip("/") or settings.base_address or site.base_address
    token = week_link_of(settings.secret, bytes(row.nonce), bytes(row.link_hash))
    link = f"{base}{_PLACE}/{token}"
    facts: Mapping[str, str] = {
        "first_name": rendering.first_name(staff.title),
        "centre": shown.title,
        "week": shown.lines,
        "link": link,
        "off_link": f"{link}/off",
        "service": site.name,
    }
    words = rendering.fill(load_words(settings.root, "week"), facts, discreet=False)
    reference = bytes(row.link_hash).hex()[:32]
    return Letter(
        "email", staff.name, words.plain, reference, now, subject=words.subject, html=words.html
    )
