"""Rounds beside the server: read the content when it is published anew, and run one after another.

A process of its own, so that a slow mail server keeps no page waiting, and a fault here stops no
booking. Whatever goes wrong is logged, without a name or an address in it, and tried again.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from datetime import date, datetime
from types import FrameType

from portal import content, database
from portal.directory import Directory
from portal.directory.values import LONDON
from portal.errors import PortalError
from portal.server import worker
from portal.settings import Settings
from portal.web.site.build_state import MARKER, published_day

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

    def once(self, *, daily: bool = False) -> worker.Round:
        """One round over what is published now; where that has mistakes, over the last good one.

        Raises PortalError where there is none yet. With `daily`, the first round of each day
        forgets what its time has come for.
        """
        if not self._migrated:
            database.migrate(self._engine)
            self._migrated = True
        marker = self._marker()
        if self._directory is None or marker != self._made_of:
            try:
                self._directory, self._told = self._read(), False
            except PortalError:
                if self._directory is None:
                    raise
                log.error("The content has mistakes: `portal check` lists them. Post goes on.")
            self._made_of = marker
        now = self._now()
        day = now.astimezone(LONDON).date()
        done = worker.once(
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

    def _read(self) -> Directory:
        settings = self._settings
        today = published_day(settings.out) or self._now().astimezone(LONDON).date()
        return content.load(settings.root, today=today, horizon_weeks=settings.horizon_weeks)

    def _marker(self) -> tuple[int, int] | None:
        try:
            stat = (self._settings.out / MARKER).stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns
