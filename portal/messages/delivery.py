"""Delivers queued messages: claims them, composes letters and hands them to a channel.

What it hides: a worker claims rows (owed -> sending, in one write), commits, hands each letter to
its channel and records the outcome; no two workers send the same row. A row that a crash left at
`sending` is claimed again after some minutes. It may have been sent by then: GOV.UK Notify is asked
by reference before anything is sent, a file is written under the same name, and an email carries
the same Message-ID, so that a second one does no harm. Sending twice is better than not at all.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal import errors
from portal.content.message_texts import WordsError
from portal.database import read, write
from portal.database.generations import hold_newest, standing
from portal.database.tables import message
from portal.directory import Directory
from portal.messages import channels
from portal.messages.channels import Undelivered
from portal.messages.letters import letter_of
from portal.messages.outbox import NothingToSend, Owed
from portal.settings import Settings

_log = logging.getLogger(__name__)

BATCH = 20
# This many messages due within this time mean that many families are booking right now.
CROWD = 50
CROWD_WITHIN = timedelta(seconds=2)
# Longer than any channel takes for one letter: a row `sending` for this long was left by a crash.
LEFT_AFTER = timedelta(minutes=15)
# A claimed row not sent within this time is put back before another worker can claim it.
HAND_OVER_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcomes of one round. `put_off` counts attempts that will be repeated."""

    sent: int = 0
    failed: int = 0
    put_off: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Claimed(Owed):
    """A message claimed by a worker. `tries` includes this attempt."""

    tries: int
    claimed: datetime
    claimant: str


def claim(
    engine: Engine, *, now: datetime, claimant: str, limit: int = BATCH, edition: str = ""
) -> list[Claimed]:
    """Claim up to `limit` due messages, oldest first, for this worker only.

    They are `sending` when this returns. `claimant` names the worker: no two workers running at the
    same time may share a name. Nothing is claimed for content whose `edition` is not the newest
    generation's: letters say what is true by the content.
    """

    def work(connection: Connection) -> list[Claimed]:
        if hold_newest(connection, edition) is None:
            return []
        due = (
            select(message.c.id)
            .where(
                sa.or_(
                    sa.and_(message.c.state == "owed", message.c.due <= now),
                    sa.and_(message.c.state == "sending", message.c.claimed <= now - LEFT_AFTER),
                )
            )
            .order_by(message.c.due, message.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = list(connection.execute(due).scalars())
        if not ids:
            return []
        rows = connection.execute(
            message.update()
            .where(message.c.id.in_(ids))
            .values(state="sending", claimed=now, claimant=claimant, tries=message.c.tries + 1)
            .returning(message)
        ).all()
        found = [
            Claimed(
                id=row.id,
                booking_id=row.booking_id,
                kind=row.kind,
                about=row.about,
                tries=row.tries,
                created=row.created,
                claimed=row.claimed,
                claimant=row.claimant,
            )
            for row in rows
        ]
        return sorted(found, key=lambda one: ids.index(one.id))

    return write(engine, work)


def send_due(
    engine: Engine,
    directory: Directory,
    settings: Settings,
    *,
    now: datetime,
    claimant: str,
    limit: int = 500,
    stopping: Callable[[], bool] = lambda: False,
) -> Sent:
    """Deliver the messages that are due, with at most `limit` attempts, and none once `stopping`.

    Safe to call from any number of processes at once. While many families are booking, a round ends
    after one batch: booking a place comes before messages, which only repeat what the families'
    pages say already. Raises SettingsError if the settings name a channel that cannot work.
    """
    delivery_round = _Round(engine, directory, settings, now)
    outcomes: Counter[str] = Counter()
    while outcomes.total() < limit and not stopping():
        if outcomes and _many_booking(engine, delivery_round.now()):
            break
        claimed = claim(
            engine,
            now=delivery_round.now(),
            claimant=claimant,
            limit=min(BATCH, limit - outcomes.total()),
            edition=directory.edition,
        )
        if not claimed:
            break
        for one in claimed:
            stop = stopping()
            outcomes[delivery_round.give_back(one) if stop else delivery_round.deliver(one)] += 1
    return Sent(**{name: outcomes[name] for name in ("sent", "failed", "put_off", "dropped")})


def _many_booking(engine: Engine, now: datetime) -> bool:
    """Whether many families are booking right now."""
    fresh = (
        select(message.c.id)
        .where(message.c.state == "owed", message.c.due > now - CROWD_WITHIN, message.c.due <= now)
        .limit(CROWD)
    )
    with read(engine) as connection:
        return len(connection.execute(fresh).all()) == CROWD


Outcome = Literal["sent", "failed", "put_off", "dropped"]


class _Round:
    """One round of deliveries."""

    def __init__(
        self,
        engine: Engine,
        directory: Directory,
        settings: Settings,
        now: datetime,
    ) -> None:
        self.engine = engine
        self.directory = directory
        self.settings = settings
        self.channels = channels.opened(settings, directory.site)
        self._began = now, time.monotonic()

    def now(self) -> datetime:
        """The `now` passed in, plus the time that the round has taken since."""
        began, ticks = self._began
        return began + timedelta(seconds=time.monotonic() - ticks)

    def deliver(self, one: Claimed) -> Outcome:
        if self.now() - one.claimed > HAND_OVER_WITHIN:
            return self.give_back(one)
        if one.tries > self.most_tries:
            words = "The portal stopped again and again while sending this."
            return self._record(one, "failed", state="failed", trouble=words)
        try:
            receipt = self._send(one)
        except NothingToSend as error:
            if error.due is not None:
                return self._record(one, "put_off", state="owed", due=error.due, tries=0)
            if error.ring:
                return self._record(one, "dropped", state="ring", trouble=error.words)
            return self._record(one, "dropped", state="dropped", trouble=error.words)
        except Undelivered as error:
            return self._undelivered(one, error.words, error.permanent)
        except WordsError as error:
            return self._undelivered(one, str(error.problems[0]))
        except Exception as error:
            # The other messages must still be sent. The error's text may hold an address, so only
            # its type and traceback are logged.
            _log.error("message %s: %s", one.id, errors.describe(error))
            return self._undelivered(one, f"Something went wrong here: {type(error).__name__}.")
        return self._record(
            one, "sent", state="sent", sent=self.now(), receipt=receipt[:200], trouble=None
        )

    def give_back(self, one: Claimed) -> Outcome:
        """Leave a message that was not attempted to another round, which claims it again."""
        return self._record(one, "put_off", state="owed", tries=one.tries - 1)

    def _send(self, one: Claimed) -> str:
        with read(self.engine) as connection:
            if not standing(connection, self.directory.edition).current:
                raise NothingToSend("Other content was published.", due=self.now())
            letter = letter_of(
                connection,
                one,
                directory=self.directory,
                settings=self.settings,
                now=self.now(),
            )
        channel = self.channels.get(letter.way)
        if channel is None:
            raise Undelivered(f"We send no messages by {letter.way}: ring them.", permanent=True)
        # After a crash or a lost answer it is not known whether an earlier attempt was sent.
        receipt = channel.sent_before(letter) if one.tries > 1 else None
        return receipt or channel.send(letter)

    @property
    def most_tries(self) -> int:
        """The first try, one retry at once, and one after each pause."""
        hours = timedelta(hours=self.settings.message_retry_hours)
        return 2 + hours // self.pause

    @property
    def pause(self) -> timedelta:
        return timedelta(minutes=self.settings.message_retry_minutes)

    def _undelivered(self, one: Claimed, words: str, permanent: bool = False) -> Outcome:
        _log.warning("message %s (%s), try %s: %s", one.id, one.kind, one.tries, words)
        if permanent or one.tries >= self.most_tries:
            return self._record(one, "failed", state="failed", trouble=words)
        due = self.now() if one.tries == 1 else self.now() + self.pause
        return self._record(one, "put_off", state="owed", due=due, trouble=words)

    def _record(self, one: Claimed, outcome: Outcome, **values: Any) -> Outcome:
        """Record the outcome, unless another worker has claimed the row."""
        write(
            self.engine,
            lambda connection: connection.execute(
                message.update()
                .where(
                    message.c.id == one.id,
                    message.c.state == "sending",
                    message.c.claimant == one.claimant,
                    message.c.claimed == one.claimed,
                )
                .values(**values)
            ),
        )
        return outcome
