"""The worker: does the timed work of bookings beside the server, in rounds.

In a round offers lapse, free places are offered, families hear of changes and of groups that have
opened, messages are delivered, centres are asked to check their week, and old data is deleted. A
round is safe to run at any time and in any number of processes, because each step claims what it
works on. The worker is a process of its own, so that a slow mail server does not keep pages
waiting. Errors are logged without names or addresses, and the work is retried.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from queue import Empty, SimpleQueue
from types import FrameType

from sqlalchemy import Engine

from portal import database, messages
from portal.bookings import (
    content_changes,
    retention,
    support,
    waiting_list,
    wish_messages,
    wishes,
)
from portal.bookings.retention import Forgotten
from portal.database import generations, journal
from portal.database.generations import NotPublished
from portal.database.journal import Journal
from portal.directory import Directory
from portal.directory.values import LONDON
from portal.editing import content_drafts
from portal.errors import PortalError
from portal.messages import Sent
from portal.panel import gaps
from portal.panel import messages as panel_messages
from portal.reports import records
from portal.server.published import marker_of, read_published
from portal.server.publishing import publish
from portal.server.readers import behind
from portal.settings import Settings, SettingsError
from portal.staff import kept_forms, week_post, weeks
from portal.web.site.build_state import published_edition


@dataclass(frozen=True, slots=True)
class Round:
    """The results of one round: offers that lapsed, families notified of changes, messages
    delivered, and old data deleted (None if deletion was not due)."""

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
    new_runs: bool = True,
    new_day: bool = True,
    stopping: Callable[[], bool] = lambda: False,
) -> Round:
    """Run one round. `new_content` compares the content with what is booked, `new_runs` looks for
    runs that families wait for, `new_day` keeps what was held on the days that are over. No message
    is begun once `stopping`."""
    announced = 0
    if new_content:
        content_changes.open_places(engine, directory, now=now)
        announced = content_changes.announce_changes(engine, directory, now=now)
    # In every round: an older process may have added a family to a list that has already ended.
    # Before offers lapse: a place on a cancelled session must not go to the next family.
    announced += content_changes.end_waits_for_cancelled(engine, directory, now=now)
    lapsed = waiting_list.lapse(engine, directory, now=now)
    waiting_list.offer_everywhere(engine, directory, now=now)
    delivered = messages.send_due(
        engine,
        directory,
        settings,
        now=now,
        claimant=claimant,
        stopping=stopping,
    )
    # After the messages about bookings, which they must not hold up.
    if new_content or new_runs:
        support.place_cases(engine, directory)
        wishes.notify(engine, directory, now=now)
    wish_messages.send_due(
        engine, directory, settings, now=now, claimant=claimant, stopping=stopping
    )
    gaps.follow_meetings(engine, directory, now=now)
    panel_messages.send_due(
        engine, directory, settings, now=now, claimant=claimant, stopping=stopping
    )
    if new_content or new_day:
        database.write(engine, lambda connection: records.keep(connection, directory, now))
    weeks.ask(engine, directory, settings, now=now)
    week_post.send_due(engine, directory, settings, now=now, claimant=claimant, stopping=stopping)
    return Round(lapsed, announced, delivered)


log = logging.getLogger(__name__)

_NOTHING = Round(0, 0, Sent())
# Runs also open by the time, and as places become free. Each look reads all wishes.
_LOOK_EVERY = timedelta(minutes=1)
# Seconds that messages wait for processes that still answer with the content before.
_WAIT_FOR_READERS = 60


class Watch:
    """Runs the rounds of one installation. `now` returns aware datetimes."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._engine = database.connect(settings.database_address)
        self._migrated = False
        self._directory: Directory | None = None
        self._made_of: tuple[int, int] | None = None
        # The generation as which this directory was compared with what is booked.
        self._compared: int | None = None
        self._looked: datetime | None = None  # when it last looked for runs that have opened
        self._kept: date | None = None  # the last day on which it kept what was held
        self._said = ""  # what the log says of the content here
        self._late = 0  # how many processes the log called late
        # Since when it has waited for processes that still answer with other content.
        self._waited_since: float | None = None
        self._forgot: date | None = None  # the last day on which old data was deleted
        self._journal = Journal(settings.var / journal.FILE)
        self._stopping: Callable[[], bool] = lambda: False
        # Unique among workers running at the same time.
        self._claimant = f"{os.getpid()}-{secrets.token_hex(4)}"

    def close(self) -> None:
        """Close the connections to the database."""
        self._engine.dispose()

    def once(self, *, daily: bool = False, wait: bool = False) -> Round:
        """Run one round with the published content or, if it has mistakes, the last valid content.

        Raises PortalError if there is no valid content yet. Nothing is sent or offered where other
        content is the newest generation, or while pages of this machine are still made from the
        content before; `wait` waits for those. With `daily`, the first round of each day deletes
        data past its retention period, whatever the content here is.
        """
        if not self._migrated:
            database.migrate(self._engine)
            self._migrated = True
        current: Directory | None = None
        try:
            directory = self._read()
            now = self._now()
            number = self._newest(directory, now)
            current = directory if number is not None else None
            result = self._act(directory, number, now, wait) if number is not None else _NOTHING
        finally:
            forgotten = self._delete_old(current, self._now(), daily)
        return replace(result, forgotten=forgotten)

    def _read(self) -> Directory:
        """The published content; if it has mistakes, the last valid content."""
        marker = marker_of(self._settings.out)
        # Without an edition, files changed while they were read.
        if self._directory is None or marker != self._made_of or not self._directory.edition:
            today = self._now().astimezone(LONDON).date()
            try:
                self._directory = read_published(self._settings, today, self._engine)
                self._compared = None
            except PortalError:
                if self._directory is None:
                    raise
                log.error(
                    "The content has mistakes: `portal check` lists them. Messages are still sent."
                )
            self._made_of = marker
        return self._directory

    def _act(self, directory: Directory, number: int, now: datetime, wait: bool) -> Round:
        while self._must_wait(directory):
            if not wait:
                return _NOTHING
            time.sleep(0.2)
        day = now.astimezone(LONDON).date()
        new_runs = self._looked is None or abs(now - self._looked) >= _LOOK_EVERY
        result = once(
            self._engine,
            directory,
            self._settings,
            now=now,
            claimant=self._claimant,
            new_content=number != self._compared,
            new_runs=new_runs,
            new_day=day != self._kept,
            stopping=self._stopping,
        )
        self._kept = day
        if new_runs:
            self._looked = now
        self._compared = number
        return result

    def _delete_old(
        self, directory: Directory | None, now: datetime, daily: bool
    ) -> Forgotten | None:
        """Delete what has had its time. A machine with older content does so too."""
        kept_forms.expire(self._engine, now=now)
        self._journal.follow(self._engine, now=now)
        day = now.astimezone(LONDON).date()
        if not daily or day == self._forgot:
            return None
        forgotten = retention.forget(self._engine, directory, self._settings, now=now)
        content_drafts.forget_old(self._engine, now)
        weeks.forget(self._engine, now=now)
        self._journal.prune(now)
        self._forgot = day
        return forgotten

    def _newest(self, directory: Directory, now: datetime) -> int | None:
        """The number of the newest generation if it has our content; None if we must not act.

        With the role `build`, a new site that no build has published yet is published here.
        """
        said = ""
        with database.read(self._engine) as connection:
            found = generations.standing(connection, directory.edition)
        unpublished = found.newest is None or not found.current
        if (
            unpublished
            and "build" in self._settings.roles
            and published_edition(self._settings.out)
        ):
            try:
                return publish(self._engine, self._settings, directory, now=now).number
            except NotPublished as error:
                said = str(error)
        if found.current:
            self._said = ""
            return found.number
        self._compared = None
        said = said or f"The content here is {found.words}. It tells and offers families nothing."
        if said != self._said:
            log.error("%s", said)
        self._said = said
        return None

    def _must_wait(self, directory: Directory) -> bool:
        """Whether pages of this machine still say what was true before: not for long."""
        number = behind(self._settings.var, directory.edition)
        if not number:
            self._waited_since = None
            return False
        if self._waited_since is None:
            self._waited_since = time.monotonic()
        if time.monotonic() - self._waited_since < _WAIT_FOR_READERS:
            return True
        if number != self._late:
            log.error("%s processes still answer with other content. Messages go on.", number)
        self._late = number
        return False

    def go_on(self, every: float, beside: int | None = None) -> None:
        """Run rounds until SIGTERM or Ctrl-C, with a pause of `every` seconds between them.

        `beside` is the process that started this one; when it ends, this one stops as well.
        """
        # A handler may put into it at any time. To set an event, it would wait for ever for the
        # lock that the interrupted pause may hold.
        asked: SimpleQueue[int] = SimpleQueue()

        def stop(number: int, _frame: FrameType | None) -> None:
            asked.put(number)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)

        def over() -> bool:
            # The parent passes its own number. If we asked for it here, and the parent had already
            # ended, we would get the number of the process that adopted us.
            return not asked.empty() or beside not in (None, os.getppid())

        self._stopping = over
        while not over():
            try:
                self.once(daily=True)
            except SettingsError as error:
                log.error("This round was skipped: %s", error)  # it names settings, and no values
            except PortalError as error:
                log.error("This round was skipped: %s", type(error).__name__)
            except Exception as error:
                # The text of a database error may contain what a family typed.
                log.error("A round failed: %s. It will be tried again.", type(error).__name__)
            until = time.monotonic() + every
            while not over() and time.monotonic() < until:
                with suppress(Empty):
                    asked.put(asked.get(timeout=min(1, every)))
