"""Sends the emails that ask the staff of a centre to check its week.

What it hides: the queue is the table `week_link`, and works as that of the messages to families
does (`portal.messages.delivery`): a worker claims an email, hands it to the channel of the settings
and writes down the outcome. What the email shows is made at that moment, and its digest is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal import errors
from portal.content.message_texts import WordsError, load_words
from portal.database import read, write
from portal.database.generations import hold_newest
from portal.database.references import week_link_of
from portal.database.tables import week_link
from portal.directory import Directory
from portal.directory.centre_week import CentreWeek, week_of
from portal.messages import channels, rendering
from portal.messages.channels import Channel, Letter, Undelivered
from portal.messages.delivery import LEFT_AFTER
from portal.settings import Settings
from portal.staff import accounts
from portal.staff.accounts import Staff
from portal.staff.weeks import ends

_log = logging.getLogger(__name__)

_MOST = 10  # of one round, so that families' messages do not wait for long
_PLACE = "/staff/week"


@dataclass(frozen=True, slots=True)
class _Post:
    """What a round needs to send an email."""

    engine: Engine
    directory: Directory
    settings: Settings
    channel: Channel | None
    now: datetime


def send_due(
    engine: Engine, directory: Directory, settings: Settings, *, now: datetime, claimant: str
) -> int:
    """Send the emails that are due; returns how many went. It reads first, because it runs often.

    No two workers send the same one. Raises SettingsError if the channel cannot work.
    """
    with read(engine) as connection:
        if connection.execute(_due(now).limit(1)).first() is None:
            return 0
    channel = channels.opened(settings, directory.site).get("email")
    post, sent = _Post(engine, directory, settings, channel, now), 0
    for _ in range(_MOST):
        row = _claim(post, claimant)
        if row is None:
            break
        sent += _deliver(post, row)
    return sent


def _due(now: datetime) -> sa.Select[tuple[int]]:
    waits = sa.and_(week_link.c.state == "owed", week_link.c.due <= now)
    left = sa.and_(week_link.c.state == "sending", week_link.c.claimed <= now - LEFT_AFTER)
    return select(week_link.c.id).where(waits | left).order_by(week_link.c.due, week_link.c.id)


def _claim(post: _Post, claimant: str) -> Row[Any] | None:
    def work(connection: Connection) -> Row[Any] | None:
        if hold_newest(connection, post.directory.edition) is None:
            return None
        number = connection.execute(
            _due(post.now).limit(1).with_for_update(skip_locked=True)
        ).scalar()
        claimed = (
            week_link.update()
            .where(week_link.c.id == number)
            .values(
                state="sending", claimed=post.now, claimant=claimant, tries=week_link.c.tries + 1
            )
        )
        return connection.execute(claimed.returning(week_link)).first()

    return write(post.engine, work)


def _deliver(post: _Post, row: Row[Any]) -> bool:
    """Send one email, and write down what became of it."""
    centre, account = post.directory.centre(row.centre), accounts.account(post.engine, row.staff_id)
    monday = date.fromisoformat(row.monday)
    if centre is None or account is None or account.removed or post.now >= ends(monday):
        return _record(post, row, state="failed", trouble="There is nobody to ask any more.")
    shown = week_of(post.directory, centre, monday)
    try:
        if post.channel is None:
            raise Undelivered("We send no email.", permanent=True)
        letter = letter_of(row, account.staff, shown, post.directory, post.settings, post.now)
        receipt = post.channel.sent_before(letter) if row.tries > 1 else None
        receipt = receipt or post.channel.send(letter)
    except Undelivered as error:
        return _undelivered(post, row, error.words, permanent=error.permanent)
    except WordsError as error:
        return _undelivered(post, row, str(error.problems[0]))
    except Exception as error:
        # The text of an error may hold an address.
        _log.error("week %s: %s", row.id, errors.describe(error))
        return _undelivered(post, row, f"Something went wrong here: {type(error).__name__}.")
    return _record(post, row, state="sent", digest=shown.digest, trouble=None)


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


def _undelivered(post: _Post, row: Row[Any], words: str, *, permanent: bool = False) -> bool:
    settings = post.settings
    pause = timedelta(minutes=settings.message_retry_minutes)
    most = 2 + timedelta(hours=settings.message_retry_hours) // pause
    _log.warning("week %s, try %s: %s", row.id, row.tries, words)
    if permanent or row.tries >= most:
        return _record(post, row, state="failed", trouble=words)
    return _record(post, row, state="owed", due=post.now + pause, trouble=words)


def _record(post: _Post, row: Row[Any], *, state: str, **values: Any) -> bool:
    """Write down the outcome, unless another worker has claimed the email; whether it went."""
    mine = week_link.update().where(
        week_link.c.id == row.id,
        week_link.c.state == "sending",
        week_link.c.claimant == row.claimant,
        week_link.c.claimed == row.claimed,
    )
    write(post.engine, lambda connection: connection.execute(mine.values(state=state, **values)))
    return state == "sent"
