"""Signing in, with a password and then a one-time code; and the sessions of those signed in.

What it hides: sessions are rows, so that signing out, a new password, a changed role or a removal
ends them everywhere at once (S32). The browser holds a random token, the table only its hash. The
token changes at each step of a sign-in. A wrong name, a wrong password, an account that is not set
up and one that was removed all get the same answer in the same time; attempts are counted before
they are checked, for the name that was typed and for the network, and successful ones are given
back (S33).

A sign-in session is called a visit here, because a Session is a meeting of a series.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal.database import note, rate_limits, read, write
from portal.database.rate_limits import Tries
from portal.database.tables import IDLE, WHOLE, staff, staff_code, staff_session
from portal.errors import PortalError
from portal.staff import passwords, second_factors
from portal.staff.accounts import Staff, active_row, digest_of, end_visits, staff_of, tidy_name

HALF_WAY = timedelta(minutes=10)  # between the password and the code
TRIES_WITHIN = timedelta(minutes=15)
TRIES_OF_A_PERSON = 10
TRIES_OF_AN_ADDRESS = 20
_SEEN_EVERY = timedelta(minutes=1)  # the time of a visit is updated no more often than this


class Wait(PortalError):
    """Too many attempts. `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in. If not `whole`, the code is still to be entered."""

    staff: Staff
    whole: bool
    token_hash: bytes


# --- passwords and second factors -----------------------------------------------------------------


def check_password(
    engine: Engine, secret: str, name: str, password: str, *, address: str, now: datetime
) -> Staff | None:
    """The member of staff, if name and password are right and the account is set up; else None.

    `address` is the client's network address. Raises Wait after too many attempts.
    """
    name = tidy_name(name)
    attempt = _Attempt(engine, secret, "sign-in", name, address, now)
    with read(engine) as connection:
        row = connection.execute(
            select(staff).where(staff.c.name == name, staff.c.removed.is_(None))
        ).first()
    right = passwords.fits(password, row.password if row else None)
    if row is None or not right or row.factor is None:
        return None
    attempt.succeeded()
    if passwords.outdated(row.password):
        kept = passwords.hashed(password)
        rehash = staff.update().where(staff.c.id == row.id, staff.c.password == row.password)
        write(engine, lambda connection: connection.execute(rehash.values(password=kept)))
    return staff_of(row)


def check_code(
    engine: Engine, secret: str, staff_id: int, code: str, *, address: str, now: datetime
) -> bool:
    """Whether a code from the app or a recovery code is right. It can be used only once.

    Raises Wait after too many attempts.
    """
    attempt = _Attempt(engine, secret, "code", str(staff_id), address, now)

    def work(connection: Connection) -> bool:
        row = active_row(connection, staff_id)
        if second_factors.is_recovery_code(code):
            used = staff_code.delete().where(
                staff_code.c.staff_id == staff_id,
                staff_code.c.code_hash == second_factors.recovery_hash(secret, staff_id, code),
            )
            if not connection.execute(used).rowcount:
                return False
            note(connection, now, f"staff:{staff_id}", "recovery-code")
            return True
        if row.factor is None:
            return False
        key = second_factors.key_of(secret, row.factor)
        step = second_factors.step_of(key, code, now=now, last=row.factor_step)
        if step is None:
            return False
        mine = staff.update().where(staff.c.id == staff_id)
        connection.execute(mine.values(factor_step=step))
        return True

    if not write(engine, work):
        return False
    attempt.succeeded()
    return True


def set_password(engine: Engine, staff_id: int, password: str, *, now: datetime) -> None:
    """Set a new password, and end all visits made with the old one."""
    kept = passwords.hashed(password)

    def work(connection: Connection) -> None:
        active_row(connection, staff_id)
        connection.execute(staff.update().where(staff.c.id == staff_id).values(password=kept))
        end_visits(connection, staff_id)
        note(connection, now, f"staff:{staff_id}", "password")

    write(engine, work)


def show_factor(engine: Engine, secret: str, staff_id: int) -> str:
    """The key of a second factor being set up, the same one until it is confirmed."""

    def work(connection: Connection) -> bytes:
        row = active_row(connection, staff_id)
        if row.factor_shown is not None:
            return bytes(row.factor_shown)
        nonce = second_factors.new_nonce()
        connection.execute(staff.update().where(staff.c.id == staff_id).values(factor_shown=nonce))
        return nonce

    return second_factors.key_of(secret, write(engine, work))


def confirm_factor(
    engine: Engine, secret: str, staff_id: int, code: str, *, address: str, now: datetime
) -> tuple[str, ...]:
    """Switch to the second factor that was shown, if the code proves that it works.

    Ends the invitation and every visit. Returns new recovery codes, to be shown once; () if the
    code is wrong. Raises Wait after too many attempts.
    """
    attempt = _Attempt(engine, secret, "code", str(staff_id), address, now)

    def work(connection: Connection) -> tuple[str, ...]:
        row = active_row(connection, staff_id)
        if row.factor_shown is None or row.password is None:
            return ()
        key = second_factors.key_of(secret, row.factor_shown)
        step = second_factors.step_of(key, code, now=now, last=None)
        if step is None:
            return ()
        values = {
            "factor": row.factor_shown,
            "factor_shown": None,
            "factor_step": step,
            "invitation_hash": None,
            "invited_until": None,
        }
        connection.execute(staff.update().where(staff.c.id == staff_id).values(**values))
        end_visits(connection, staff_id)
        note(connection, now, f"staff:{staff_id}", "second-factor")
        return _renew_codes(connection, secret, staff_id)

    codes = write(engine, work)
    if codes:
        attempt.succeeded()
    return codes


def new_recovery_codes(
    engine: Engine, secret: str, staff_id: int, *, now: datetime
) -> tuple[str, ...]:
    """Make new recovery codes, to be shown once; the old ones no longer work."""

    def work(connection: Connection) -> tuple[str, ...]:
        active_row(connection, staff_id)
        note(connection, now, f"staff:{staff_id}", "recovery-codes")
        return _renew_codes(connection, secret, staff_id)

    return write(engine, work)


def _renew_codes(connection: Connection, secret: str, staff_id: int) -> tuple[str, ...]:
    codes = second_factors.new_recovery_codes()
    connection.execute(staff_code.delete().where(staff_code.c.staff_id == staff_id))
    connection.execute(
        staff_code.insert(),
        [
            {
                "staff_id": staff_id,
                "code_hash": second_factors.recovery_hash(secret, staff_id, code),
            }
            for code in codes
        ],
    )
    return codes


class _Attempt:
    """An attempt, counted before it is checked, and given back if it succeeds."""

    def __init__(
        self, engine: Engine, secret: str, kind: str, name: str, address: str, now: datetime
    ) -> None:
        person = (f"staff-{kind}", name, TRIES_OF_A_PERSON)
        network = ("sign-in-network", rate_limits.network_of(address), TRIES_OF_AN_ADDRESS)
        self._limits = [Tries(*one, within=TRIES_WITHIN) for one in (person, network)]
        self._engine, self._secret = engine, secret
        seconds = rate_limits.spend_each(engine, secret, self._limits, now=now)
        if seconds is not None:
            raise Wait(seconds)

    def succeeded(self) -> None:
        rate_limits.give_back(self._engine, self._secret, self._limits)


# --- visits ---------------------------------------------------------------------------------------


def begin(engine: Engine, staff_id: int, *, now: datetime, whole: bool, way: str = "code") -> str:
    """Start a visit and return its token. A whole one is logged, with the way of signing in."""
    token = secrets.token_urlsafe(32)

    def work(connection: Connection) -> None:
        active_row(connection, staff_id)
        over = sa.and_(
            staff_session.c.staff_id == staff_id,
            sa.or_(staff_session.c.seen <= now - IDLE, staff_session.c.began <= now - WHOLE),
        )
        connection.execute(staff_session.delete().where(over))
        connection.execute(
            staff_session.insert().values(
                token_hash=digest_of(token), staff_id=staff_id, whole=whole, began=now, seen=now
            )
        )
        if whole:
            connection.execute(staff.update().where(staff.c.id == staff_id).values(seen=now))
            note(connection, now, f"staff:{staff_id}", "sign-in", way=way)

    write(engine, work)
    return token


def visit(engine: Engine, token: str, *, now: datetime) -> Visit | None:
    """The visit with this token; None if it is wrong, expired, or idle for too long."""
    digest = digest_of(token)
    query = (
        select(
            staff, staff_session.c.whole, staff_session.c.began, staff_session.c.seen.label("at")
        )
        .join(staff_session, staff_session.c.staff_id == staff.c.id)
        .where(staff_session.c.token_hash == digest, staff.c.removed.is_(None))
    )
    with read(engine) as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    longest = WHOLE if row.whole else HALF_WAY
    if now - row.at >= IDLE or now - row.began >= longest:
        return None
    if now - row.at >= _SEEN_EVERY:
        seen = staff_session.update().where(staff_session.c.token_hash == digest).values(seen=now)
        write(engine, lambda connection: connection.execute(seen))
    return Visit(staff_of(row), bool(row.whole), digest)


def end(engine: Engine, found: Visit, *, now: datetime) -> None:
    """Sign out."""

    def work(connection: Connection) -> None:
        over = staff_session.delete().where(staff_session.c.token_hash == found.token_hash)
        if connection.execute(over).rowcount and found.whole:
            note(connection, now, found.staff.actor, "sign-out")

    write(engine, work)


def end_everywhere(engine: Engine, staff_id: int, *, now: datetime) -> None:
    """Sign the person out everywhere."""

    def work(connection: Connection) -> None:
        end_visits(connection, staff_id)
        note(connection, now, f"staff:{staff_id}", "sign-out", everywhere=True)

    write(engine, work)
