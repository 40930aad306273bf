"""Limits on attempts to sign in, their log, and the locks that administrators see and lift.

What it hides: attempts are counted in sliding windows, so each one counts for a quarter of an hour
and no longer; refused attempts do not count, so that pressing on puts nothing off. A stranger is
limited by name and network together, so nobody locks somebody else out from elsewhere. A device
that has signed in to the account before has an allowance of its own, which strangers cannot use up.
Wider limits, for a network whatever the name and for a name whatever the network, slow down lists
of passwords; they do not apply to such a device.

An attempt is counted before it is checked, and taken back if it succeeds (S33). Names are stored as
keyed hashes; the address of a network only if it was locked, so that an administrator knows it, and
for a day at most.
"""

from __future__ import annotations

import hmac
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from portal.database import insert_if_new, note, read, write
from portal.database.audit import AuditAction
from portal.database.rate_limits import network_of
from portal.database.tables import sign_in_tries
from portal.errors import PortalError

WITHIN = timedelta(minutes=15)
OF_A_PERSON = 10  # on one account, from one network or one known device
OF_A_NETWORK = 20  # whatever the names
# On one account from all networks together. A code has six figures, so fewer are allowed.
OF_A_NAME = {"sign-in": 60, "code": 10}
_UNKNOWN_LINES = 20  # lines of the log about failures that belong to no account

_log = logging.getLogger(__name__)


class Wait(PortalError):
    """Too many attempts. `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Window:
    """At most `most` attempts on `value` within any `WITHIN`."""

    kind: str
    value: str
    most: int

    def key(self, secret: str) -> bytes:
        words = f"tries:{self.kind}:{self.value}"
        return hmac.digest(secret.encode(), words.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Lock:
    """Attempts that are refused now: those of a person, or of a network."""

    key: bytes
    staff_id: int | None
    network: str  # '' if the lock is not about a network as such
    until: datetime
    refused: int


class Attempt:
    """One attempt to sign in. `staff_id` is whose account it is; None for an unknown name.

    `device` identifies a browser that has signed in to this account before; '' for any other.
    Raises Wait if there were too many.
    """

    def __init__(
        self,
        engine: Engine,
        secret: str,
        kind: str,
        name: str,
        *,
        staff_id: int | None,
        address: str,
        device: str,
        now: datetime,
    ) -> None:
        self._engine, self._kind, self._staff_id, self._now = engine, kind, staff_id, now
        self._secret = secret
        network = network_of(address)
        if device:
            windows = [Window(f"{kind}-device", f"{name} {device}", OF_A_PERSON)]
        else:
            windows = [
                Window(f"{kind}-person", f"{name} {network}", OF_A_PERSON),
                Window(f"{kind}-name", name, OF_A_NAME[kind]),
                Window("network", network, OF_A_NETWORK),
            ]
        self._windows = {window.key(secret): window for window in windows}
        seconds = write(engine, self._take)
        if seconds is not None:
            _log.warning("A sign-in was refused: too many tries (%s)", kind)
            raise Wait(seconds)

    def _take(self, connection: Connection) -> int | None:
        # Always in the same order, to avoid deadlocks.
        rows = {key: _locked(connection, key, self._now) for key in sorted(self._windows)}
        waits = {
            key: _free_at(row, self._windows[key].most, self._now) for key, row in rows.items()
        }
        full = {key: until for key, until in waits.items() if until is not None}
        for key, until in full.items():
            self._refuse(connection, rows[key], self._windows[key], until)
        if full:
            return math.ceil((max(full.values()) - self._now).total_seconds())
        for key, row in rows.items():
            moments = [*_recent(row, self._now), self._now.timestamp()]
            _update(connection, key, moments=moments, at=self._now, until=None, network="")
        return None

    def _refuse(
        self, connection: Connection, row: Row[Any], window: Window, until: datetime
    ) -> None:
        of_network = window.kind == "network"
        fresh = row.until is None or row.until <= self._now
        _update(
            connection,
            row.key,
            until=until,
            refused=1 if fresh else row.refused + 1,
            network=window.value if of_network else "",
            staff_id=None if of_network else self._staff_id,
        )
        if not fresh:
            return
        if of_network:
            note(connection, self._now, "stranger", "network-locked")
        elif self._staff_id is not None:
            note(connection, self._now, "stranger", "sign-in-locked", staff=self._staff_id)

    def succeeded(self) -> None:
        """Take this attempt back: only failures count."""

        def work(connection: Connection) -> None:
            for key in sorted(self._windows):
                row = _locked(connection, key, self._now)
                moments = _recent(row, self._now)
                if self._now.timestamp() in moments:
                    moments.remove(self._now.timestamp())
                _update(connection, key, moments=moments)

        write(self._engine, work)

    def failed(self) -> None:
        """Log the failure. An unknown name costs the same work as a known one (S33)."""

        def work(connection: Connection) -> None:
            if self._staff_id is not None:
                action: AuditAction = "code-failed" if self._kind == "code" else "sign-in-failed"
                note(connection, self._now, "stranger", action, staff=self._staff_id)
            else:
                _note_unknown(connection, self._secret, "unknown-name", self._now)

        write(self._engine, work)


def log_council_failure(engine: Engine, secret: str, *, now: datetime) -> None:
    """Log that somebody could not sign in by a council account, without its name."""
    write(engine, lambda c: _note_unknown(c, secret, "council-failed", now))


def _note_unknown(connection: Connection, secret: str, action: AuditAction, now: datetime) -> None:
    """Log a failure that belongs to no account. So many lines are enough: nobody floods the log."""
    key = Window("unknown-lines", "", _UNKNOWN_LINES).key(secret)
    row = _locked(connection, key, now)
    if _free_at(row, _UNKNOWN_LINES, now) is not None:
        return
    moments = [*_recent(row, now), now.timestamp()]
    _update(connection, key, moments=moments, at=now)
    note(connection, now, "stranger", action)


def locks(engine: Engine, *, now: datetime) -> list[Lock]:
    """All locks that hold now, the longest first."""
    query = (
        select(sign_in_tries)
        .where(sign_in_tries.c.until > now)
        .order_by(sign_in_tries.c.until.desc(), sign_in_tries.c.key)
    )
    with read(engine) as connection:
        rows = connection.execute(query).all()
    return [
        Lock(bytes(row.key), row.staff_id, row.network, row.until, row.refused)
        for row in rows
        if row.staff_id is not None or row.network
    ]


def lift(engine: Engine, keys: Sequence[bytes], *, now: datetime, actor: str) -> int:
    """Lift these locks: those attempts are forgotten. Returns how many locks there were."""

    def work(connection: Connection) -> int:
        gone = connection.execute(
            sign_in_tries.delete()
            .where(sign_in_tries.c.key.in_(keys), sign_in_tries.c.until > now)
            .returning(sign_in_tries.c.staff_id)
        ).all()
        for row in gone:
            if row.staff_id is None:
                note(connection, now, actor, "network-unlock")
            else:
                note(connection, now, actor, "sign-in-unlock", staff=row.staff_id)
        return len(gone)

    return write(engine, work)


def _locked(connection: Connection, key: bytes, now: datetime) -> Row[Any]:
    """The row of a window, made if there is none, and locked."""
    insert_if_new(connection, sign_in_tries, key=key, moments=[], refused=0, network="", at=now)
    mine = select(sign_in_tries).where(sign_in_tries.c.key == key).with_for_update()
    return connection.execute(mine).one()


def _update(connection: Connection, key: bytes, **values: Any) -> None:
    mine = sign_in_tries.update().where(sign_in_tries.c.key == key)
    connection.execute(mine.values(**values))


def _recent(row: Row[Any], now: datetime) -> list[float]:
    since = (now - WITHIN).timestamp()
    return [moment for moment in row.moments if moment > since]


def _free_at(row: Row[Any], most: int, now: datetime) -> datetime | None:
    """When the next attempt is possible; None if it is now."""
    moments = sorted(_recent(row, now))
    if len(moments) < most:
        return None
    return now + timedelta(seconds=moments[-most] - now.timestamp()) + WITHIN
