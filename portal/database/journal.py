"""What a backup must not undo: erasures, removed accounts, changed access and changed passwords.

What it hides: the audit log has a line for each, written in the same transaction. Such lines are
copied into a file beside the database, so that they outlive it, and are in no backup. When an older
backup is restored, the lines that it lacks are done again: those of the file, and those of the
database that is replaced. A line names a booking by its reference and an account by its number; it
holds no name, no contact and no password.

Lines are found by their time and content, not by their number: numbers begin again after a restore.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal import private_files
from portal.database.engine import look
from portal.database.tables import KEPT_FOR, audit, booking

FILE = "deletions.jsonl"  # in the folder of PORTAL_VAR
ERASURES = ("erase",)
WISHES = ("erase wish",)
CONTACTS = ("correct",)
OF_ACCOUNTS = (
    "account-add",
    "account-change",
    "account-remove",
    "account-reset",
    "password",
    "recovery-code",
    "recovery-codes",
    "second-factor",
)
_ACTIONS = (*ERASURES, *WISHES, *CONTACTS, *OF_ACCOUNTS)
# Before a backup began: a transaction that was still waiting then is not in it.
MARGIN = timedelta(hours=1)
_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Line:
    """One deletion or change. `reference` is of a booking or a wish, `staff` of an account."""

    at: datetime
    action: str
    reference: str = ""
    staff: int = 0
    access: str = ""  # the new access of an account, as JSON

    def text(self) -> str:
        values = {"at": self.at.isoformat(), "action": self.action}
        more = {"reference": self.reference, "staff": self.staff, "access": self.access}
        return json.dumps(values | {name: value for name, value in more.items() if value})


def lines(connection: Connection, since: datetime) -> list[Line]:
    """The lines of the audit log that a backup must not undo, oldest first."""
    query = (
        select(audit, booking.c.reference)
        .outerjoin(booking, booking.c.id == audit.c.booking_id)
        .where(audit.c.at >= since, audit.c.did.in_(_ACTIONS))
        .order_by(audit.c.at, audit.c.id)
    )
    return [_line(row) for row in connection.execute(query)]


def _line(row: sa.Row[Any]) -> Line:
    if row.did in OF_ACCOUNTS:
        detail = row.detail
        kind, _, own = row.actor.partition(":")
        staff = detail.get("staff") or (int(own) if kind == "staff" else 0)
        access = detail.get("access")
        return Line(
            row.at,
            row.did,
            staff=int(staff),
            access=json.dumps(access, sort_keys=True) if access else "",
        )
    reference = row.detail.get("reference") if row.did in WISHES else row.reference
    return Line(row.at, row.did, reference=reference or "")


def missing(noted: Iterable[Line], restored: Iterable[Line], made: datetime) -> list[Line]:
    """The lines that a backup made at this moment lacks, oldest first."""
    known = set(restored)
    late = {line for line in noted if line.at >= made - MARGIN and line not in known}
    return sorted(late, key=lambda line: (line.at, line.action, line.staff, line.reference))


def older_than_backup(
    noted: Iterable[Line], connection: Connection, made: datetime, now: datetime
) -> bool:
    """Whether a record lacks lines of a restored backup, so that it ends before the backup does.

    A backup is made after all lines have been copied into the record, but for those of its moment.
    """
    known = set(noted)
    there = lines(connection, now - KEPT_FOR)
    return any(line.at < made - _MOMENT and line not in known for line in there)


class Journal:
    """The file of these lines. Several processes may append to it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: set[Line] | None = None
        self._followed: datetime | None = None

    def read(self) -> list[Line]:
        """All lines of the file; a line that a crash cut short is left out."""
        try:
            texts = self._file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [line for text in texts if (line := _read(text))]

    def follow(self, engine: Engine, *, now: datetime) -> int:
        """Add the lines that the audit log has and the file lacks. Returns how many."""
        if self._known is None:
            self._known = set(self.read())
        newest = max((line.at for line in self._known), default=now - KEPT_FOR)
        since = max(newest, self._followed or newest) - MARGIN
        with look(engine) as connection:
            found = lines(connection, since)
        fresh = [line for line in found if line not in self._known]
        self.add(fresh)
        self._followed = now
        return len(fresh)

    def add(self, fresh: Iterable[Line]) -> None:
        """Append these lines, on the disk before this returns."""
        text = "".join(f"{line.text()}\n" for line in fresh)
        if not text:
            return
        private_files.make_folder(self._file.parent)
        handle = os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "ab+") as file:
            if size := file.seek(0, os.SEEK_END):
                file.seek(size - 1)
                text = text if file.read(1) == b"\n" else f"\n{text}"
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if self._known is not None:
            self._known.update(fresh)

    def prune(self, now: datetime) -> None:
        """Drop lines older than the log is kept: no backup may be as old as that."""
        found = self.read()
        kept = [line for line in found if line.at >= now - KEPT_FOR]
        if len(kept) == len(found):
            return
        fresh = Journal(self._file.with_name(f".{FILE}.{os.getpid()}"))
        fresh.add(kept)
        if kept:
            fresh._file.replace(self._file)
        else:
            self._file.unlink()


def _read(text: str) -> Line | None:
    try:
        values = json.loads(text)
        return Line(**values | {"at": datetime.fromisoformat(values["at"])})
    except (ValueError, TypeError, KeyError):
        return None
