"""An outbox beside that of bookings: a table of emails and texts about something else.

What it hides: a worker claims a row, hands its letter to a channel and writes down the outcome, as
`delivery` does for messages about bookings. No two workers send the same row, nothing is sent by
content that is not the newest generation, and a failed attempt is repeated after a pause. The table
has the columns `state`, `due`, `tries`, `claimed`, `claimant` and `trouble`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, Table, select

from portal import errors
from portal.content.message_texts import WordsError
from portal.database import read, write
from portal.database.generations import hold_newest
from portal.directory import Directory
from portal.messages import channels
from portal.messages.channels import Channel, Letter, Undelivered, Way
from portal.messages.delivery import LEFT_AFTER
from portal.messages.outbox import NothingToSend
from portal.settings import Settings

_log = logging.getLogger(__name__)

# Composes the letter of a row, with what is to be noted in the row when it is sent. Raises
# NothingToSend and WordsError.
Compose = Callable[[Row[Any]], tuple[Letter, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Queue:
    """One such table in one round of a worker. `unneeded` is the state of what is not sent;
    `stopping` says whether the worker was asked to stop."""

    engine: Engine
    table: Table
    directory: Directory
    settings: Settings
    now: datetime
    unneeded: str = "dropped"
    stopping: Callable[[], bool] = lambda: False

    def send_due(self, claimant: str, compose: Compose, *, most: int) -> int:
        """Send what is due, `most` letters at most; none once `stopping`. Returns how many went.

        It reads first, because it runs often. Raises SettingsError if a channel cannot work.
        """
        with read(self.engine) as connection:
            if connection.execute(self._due().limit(1)).first() is None:
                return 0
        opened, sent = channels.opened(self.settings, self.directory.site), 0
        for _ in range(most):
            row = None if self.stopping() else self._claim(claimant)
            if row is None:
                break
            sent += self._deliver(row, compose, opened)
        return sent

    def _due(self) -> sa.Select[tuple[int]]:
        table = self.table
        waits = sa.and_(table.c.state == "owed", table.c.due <= self.now)
        left = sa.and_(table.c.state == "sending", table.c.claimed <= self.now - LEFT_AFTER)
        return select(table.c.id).where(waits | left).order_by(table.c.due, table.c.id)

    def _claim(self, claimant: str) -> Row[Any] | None:
        table = self.table

        def work(connection: Connection) -> Row[Any] | None:
            if hold_newest(connection, self.directory.edition) is None:
                return None
            number = connection.execute(
                self._due().limit(1).with_for_update(skip_locked=True)
            ).scalar()
            values = {"state": "sending", "claimed": self.now, "claimant": claimant}
            claimed = table.update().where(table.c.id == number)
            claimed = claimed.values(**values, tries=table.c.tries + 1)
            return connection.execute(claimed.returning(table)).first()

        return write(self.engine, work)

    def _deliver(self, row: Row[Any], compose: Compose, opened: Mapping[Way, Channel]) -> bool:
        """Send one letter, and write down the outcome; whether it went."""
        try:
            letter, noted = compose(row)
            channel = opened.get(letter.way)
            if channel is None:
                raise Undelivered(f"We send no messages by {letter.way}.", permanent=True)
            # After a crash or a lost answer it is not known whether an earlier attempt was sent.
            receipt = channel.sent_before(letter) if row.tries > 1 else None
            receipt = receipt or channel.send(letter)
        except NothingToSend as error:
            return self._record(row, state=self.unneeded, trouble=error.words)
        except Undelivered as error:
            return self._undelivered(row, error.words, permanent=error.permanent)
        except WordsError as error:
            return self._undelivered(row, str(error.problems[0]))
        except Exception as error:
            # The text of an error may hold an address.
            _log.error("%s %s: %s", self.table.name, row.id, errors.describe(error))
            return self._undelivered(row, f"Something went wrong here: {type(error).__name__}.")
        return self._record(row, state="sent", trouble=None, **noted)

    def _undelivered(self, row: Row[Any], words: str, *, permanent: bool = False) -> bool:
        pause = timedelta(minutes=self.settings.message_retry_minutes)
        most = 2 + timedelta(hours=self.settings.message_retry_hours) // pause
        _log.warning("%s %s, try %s: %s", self.table.name, row.id, row.tries, words)
        if permanent or row.tries >= most:
            return self._record(row, state="failed", trouble=words)
        return self._record(row, state="owed", due=self.now + pause, trouble=words)

    def _record(self, row: Row[Any], *, state: str, **values: Any) -> bool:
        """Write down the outcome, unless another worker has claimed the row; whether it went."""
        table = self.table
        mine = table.update().where(
            table.c.id == row.id,
            table.c.state == "sending",
            table.c.claimant == row.claimant,
            table.c.claimed == row.claimed,
        )
        write(self.engine, lambda c: c.execute(mine.values(state=state, **values)))
        return state == "sent"
