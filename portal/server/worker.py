"""What the clock does for bookings, beside the server: one round after another.

In a round offers lapse, free places are offered, families hear of changes, messages are delivered
and old data is deleted. A round is safe to run at any time and in any number of processes, because
each step claims what it works on. The rounds run in a process of their own, so that a slow mail
server keeps no page waiting. Faults are logged without names or addresses, and tried again.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from types import FrameType

from sqlalchemy import Engine

from portal import database, messages
from portal.bookings import content_changes, retention, waiting_list
from portal.bookings.retention import Forgotten
from portal.directory import Directory
from portal.directory.values import LONDON
from portal.errors import PortalError
from portal.messages import Sent
from portal.server.published import marker_of, read_published
from portal.settings import Settings


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did: offers whose time was over, families newly told of changes, deliveries,
    and what was forgotten, where it was time for that."""

    lapsed: int
    announced: int
    delivered: Sent
    forgotten: Forgotten | None = None


def once(
    engine: Engine,
    directory: Directory,
    settings: Settings,
    *,
    now: datetime,
    claimant: str,
    new_content: bool = True,
    forget: bool = False,
) -> Round:
    """One round. Without `new_content` the content is not compared with what is booked.

    `forget` is for the first round of each day: it then forgets what its time has come for.
    """
    announced = 0
    if new_content:
        content_changes.open_places(engine, directory, now=now)
        announced = content_changes.announce_changes(engine, directory, now=now)
    # In each round: an older process may have put somebody on a list that is at its end already.
    # Before offers lapse: what is off has not gone to the next family.
    announced += content_changes.end_waits_for_cancelled(engine, directory, now=now)
    lapsed = waiting_list.lapse(engine, directory, now=now)
    waiting_list.offer_everywhere(engine, directory, now=now)
    delivered = messages.send_due(
        engine,
        directory,
        settings,
        now=now,
        claimant=claimant,
    )
    forgotten = retention.forget(engine, directory, settings, now=now) if forget else None
    return Round(lapsed, announced, delivered, forgotten)


log = logging.getLogger(__name__)


class Watch:
    """The clock of one installation. `now` gives aware moments."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._engine = database.connect(settings.database_address)
        self._migrated = False
        self._directory: Directory | None = None
        self._made_of: tuple[int, int] | None = None
        self._told = False  # whether this directory has been compared with what is booked
        self._forgot: date | None = None  # the last day on which old data were forgotten
        # Two workers at the same time never share a name.
        self._claimant = f"{os.getpid()}-{secrets.token_hex(4)}"

    def once(self, *, daily: bool = False) -> Round:
        """One round over what is published now; where that has mistakes, over the last good one.

        Raises PortalError where there is none yet. With `daily`, the first round of each day
        forgets what its time has come for.
        """
        if not self._migrated:
            database.migrate(self._engine)
            self._migrated = True
        marker = marker_of(self._settings.out)
        if self._directory is None or marker != self._made_of:
            try:
                today = self._now().astimezone(LONDON).date()
                self._directory, self._told = read_published(self._settings, today), False
            except PortalError:
                if self._directory is None:
                    raise
                log.error("The content has mistakes: `portal check` lists them. Post goes on.")
            self._made_of = marker
        now = self._now()
        day = now.astimezone(LONDON).date()
        done = once(
            self._engine,
            self._directory,
            self._settings,
            now=now,
            claimant=self._claimant,
            new_content=not self._told,
            forget=daily and day != self._forgot,
        )
        self._told, self._forgot = True, day if daily else self._forgot
        return done

    def go_on(self, every: float, beside: int | None = None) -> None:
        """Rounds until SIGTERM or Ctrl-C, with so many seconds between two.

        `beside`: the process that started this one; when it is gone, so are we.
        """
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)

        def over() -> bool:
            # Named by whoever starts us: had it died by now, a stranger would pass for it.
            return stopping.is_set() or beside not in (None, os.getppid())

        while not over():
            try:
                self.once(daily=True)
            except PortalError as error:
                log.error("No round this time: %s", type(error).__name__)
            except Exception as error:
                # The words of a database's error may hold what somebody typed.
                log.error("A round failed: %s. It is tried again.", type(error).__name__)
            until = time.monotonic() + every
            while not over() and time.monotonic() < until:
                stopping.wait(min(1, every))
