"""What `portal bookings restore` does: a backup comes back, and what ended since stays ended.

A backup is older than some deletions. In the transaction that restores it, families who were erased
since are erased again, removed accounts are removed again, changed access is changed again, and
passwords and phones that were replaced are deleted, because their successors are in no backup.
Messages that may have been sent since are left to staff. Then the daily deletion runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from portal import content, database, messages
from portal.bookings import personal_data, places, retention, wishes
from portal.database import backup, journal
from portal.database.backup import BackupError
from portal.database.journal import Journal, Line
from portal.directory.values import LONDON
from portal.errors import PortalError
from portal.server import readers
from portal.settings import Settings
from portal.staff import accounts


class Restoring:
    """One restore. `troubles` are what the operator must see to, after `lines` have been read."""

    def __init__(self, settings: Settings, file: Path, *, replace: bool, now: datetime) -> None:
        self._settings, self._file, self._replace, self._now = settings, file, replace, now
        kept = database.sqlite_file(settings.database_address)
        self._new = kept if kept and not kept.exists() else None
        self._engine = database.connect(settings.database_address)
        self._journal = Journal(settings.var / journal.FILE)
        self._said: list[str] = []
        self._lacking: list[Line] = []
        self._unknown = False
        self._outdated = False
        self.troubles: list[str] = []
        self.warning = ""

    def lines(self) -> Iterator[str]:
        """Restore, and say what was done."""
        try:
            yield from self._restore()
        finally:
            self._engine.dispose()

    def _restore(self) -> Iterator[str]:
        known = self._journal.read()
        made = self._made()

        def finish(connection: Connection, before: list[Line] | None) -> None:
            restored = journal.lines(connection, made - journal.MARGIN)
            self._lacking = journal.missing([*known, *(before or ())], restored, made)
            self._said = list(self._do_again(connection))
            alone = before is None  # no database was replaced that knows the rest
            self._unknown = alone and not known
            self._outdated = alone and journal.older_than_backup(known, connection, made, self._now)

        found = self._put_back(finish)
        self._journal.add([line for line in self._lacking if line not in known])
        self._journal.follow(self._engine, now=self._now)
        yield f"{found.words}, as they were at {made.astimezone(LONDON):%H:%M on %d %B %Y}."
        yield from self._said
        yield from self._forget()
        self._look_for_trouble()
        if not self.troubles:
            yield "Everything adds up."

    def _made(self) -> datetime:
        """When the backup was made. Raises BackupError for a file that is not whole."""
        with self._nothing_left():
            return backup.look(self._file).made

    def _put_back(self, finish: backup.Finish) -> backup.Backup:
        """Restore the backup; refused while anything else uses the database."""
        with self._nothing_left():
            if self._in_use():
                raise BackupError(
                    "The portal is running, or another program has its database open. Stop it on "
                    "every machine, then restore again. Nothing was changed."
                )
            return backup.restore(self._engine, self._file, replace=self._replace, finish=finish)

    def _in_use(self) -> bool:
        """Whether the service runs here, or anything else has the database open.

        A pooler keeps its connections open whether or not anybody uses them.
        """
        if readers.running(self._settings.var):
            return True
        return not self._settings.database_pooled and database.held_by_others(self._engine)

    @contextmanager
    def _nothing_left(self) -> Iterator[None]:
        """Take away the empty file of a new database if nothing is restored into it."""
        try:
            yield
        except BaseException:
            self._engine.dispose()
            if self._new:
                for ending in ("", "-wal", "-shm", ".turn"):
                    self._new.with_name(self._new.name + ending).unlink(missing_ok=True)
            raise

    def _do_again(self, connection: Connection) -> Iterator[str]:
        erased = [one.reference for one in self._lacking if one.action in journal.ERASURES]
        corrected = [one.reference for one in self._lacking if one.action in journal.CONTACTS]
        number = personal_data.erase_again(connection, erased, self._now)
        yield f"Families erased since then, and erased again: {number}."
        stopped = [one.reference for one in self._lacking if one.action in journal.WISHES]
        number = wishes.erase_again(connection, stopped, self._now)
        yield f"Wishes for a message ended since then, and ended again: {number}."
        number = personal_data.distrust_contacts(connection, corrected, self._now)
        yield f"Families who changed their details since then, and get no message now: {number}."
        number = messages.hold_restored(connection, self._now)
        yield f"Messages that may have been sent since then, and wait for staff: {number}."
        changes = [one for one in self._lacking if one.action in journal.OF_ACCOUNTS]
        yield from accounts.do_again(connection, changes, self._now)

    def _forget(self) -> Iterator[str]:
        """Delete what the daily deletion has deleted since the backup."""
        today = self._now.astimezone(LONDON).date()
        try:
            directory = content.load(
                self._settings.root, today=today, horizon_weeks=self._settings.horizon_weeks
            )
        except PortalError:
            self.troubles.append(
                "The content has mistakes, so nothing was deleted by date. Correct them "
                "(`portal check`), then run `portal bookings forget` before you start the service."
            )
            return
        done = retention.forget(self._engine, directory, self._settings, now=self._now)
        yield f"Deleted by date: {done.words}"

    def _look_for_trouble(self) -> None:
        self.troubles += places.verify(self._engine)
        if self._unknown:
            self.troubles.append(
                f"There is no record of deletions in {self._settings.var / journal.FILE} or in "
                "the database that was replaced. If families or staff were deleted after this "
                "backup, delete them again."
            )
        elif self._outdated:
            self.troubles.append(
                f"{self._settings.var / journal.FILE} is older than this backup, so what ended "
                "after it may be back: families, staff, roles and passwords. Put the newest copy "
                "in its place and restore again with --replace, or delete them again."
            )
        if not backup.secret_matches(self._engine, self._settings.secret):
            self.warning = (
                "The secret is not the one from this backup, so links that families already have "
                "do not work. Restore var/secret, or set PORTAL_SECRET_KEY."
            )
