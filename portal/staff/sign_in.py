"""Signing in, with a password and then a one-time code; and the sessions of those signed in.

What it hides: sessions are rows, so that signing out, a new password, a changed role or a removal
ends them everywhere at once (S32). The browser holds a random token, the table only its hash. The
token changes at each step of a sign-in. A wrong name, a wrong password, an account that is not set
up and one that was removed all get the same answer in the same time; `tries` counts and limits the
attempts (S33).

A sign-in session is called a visit here, because a Session is a meeting of a series.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, bindparam, select

from portal.database import insert_if_new, note, read, write
from portal.database.prepared import Prepared
from portal.database.tables import (
    DEVICE_FOR,
    IDLE,
    REMEMBERED,
    WHOLE,
    staff,
    staff_code,
    staff_device,
    staff_session,
)
from portal.private_files import every_secret
from portal.staff import passwords, second_factors
from portal.staff.accounts import Staff, active_row, digest_of, end_visits, staff_of, tidy_name
from portal.staff.tries import Attempt

HALF_WAY = timedelta(minutes=10)  # between the password and the code
_SEEN_EVERY = timedelta(minutes=1)  # the time of a visit is updated no more often than this


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in. If not `whole`, the code is still to be entered."""

    staff: Staff
    whole: bool
    token_hash: bytes
    left: int  # the seconds until it ends if nothing more is pressed


# --- passwords and second factors -----------------------------------------------------------------


def check_password(
    engine: Engine,
    secret: str,
    name: str,
    password: str,
    *,
    address: str,
    device: str = "",
    now: datetime,
    invited: bool = False,
) -> Staff | None:
    """The member of staff, if name and password are right and the account is set up; else None.

    `address` is the client's network address, `device` the token of a browser that has signed in
    before. With `invited` the phone need not be set up yet. Raises Wait after too many attempts.
    """
    name = tidy_name(name)
    with read(engine) as connection:
        row = connection.execute(
            select(staff).where(staff.c.name == name, staff.c.removed.is_(None))
        ).first()
        staff_id = row.id if row else None
        known = _known_device(connection, device, staff_id, now)
    attempt = Attempt(
        engine, secret, "sign-in", name, staff_id=staff_id, address=address, device=known, now=now
    )
    right = passwords.fits(password, row.password if row else None)
    if row is None or not right or (row.factor is None and not invited):
        attempt.failed()
        return None
    attempt.succeeded()
    if passwords.outdated(row.password):
        kept = passwords.hashed(password)
        rehash = staff.update().where(staff.c.id == row.id, staff.c.password == row.password)
        write(engine, lambda connection: connection.execute(rehash.values(password=kept)))
    return staff_of(row)


def check_code(
    engine: Engine,
    secret: str,
    staff_id: int,
    code: str,
    *,
    address: str,
    device: str = "",
    now: datetime,
) -> bool:
    """Whether a code from the app or a recovery code is right. It can be used only once.

    Raises Wait after too many attempts.
    """
    attempt = _code_attempt(engine, secret, staff_id, address=address, device=device, now=now)

    def work(connection: Connection) -> bool:
        row = active_row(connection, staff_id)
        if second_factors.is_recovery_code(code):
            used = staff_code.delete().where(
                staff_code.c.staff_id == staff_id,
                staff_code.c.code_hash.in_(
                    [
                        second_factors.recovery_hash(one, staff_id, code)
                        for one in every_secret(secret)
                    ]
                ),
            )
            if not connection.execute(used).rowcount:
                return False
            note(connection, now, f"staff:{staff_id}", "recovery-code")
            return True
        if row.factor is None:
            return False
        # The phone may have been set up before the secret was changed.
        keys = [second_factors.key_of(one, row.factor) for one in every_secret(secret)]
        steps = [second_factors.step_of(key, code, now=now, last=row.factor_step) for key in keys]
        step = next((one for one in steps if one is not None), None)
        if step is None:
            return False
        mine = staff.update().where(staff.c.id == staff_id)
        connection.execute(mine.values(factor_step=step))
        return True

    if not write(engine, work):
        attempt.failed()
        return False
    attempt.succeeded()
    return True


def _code_attempt(
    engine: Engine, secret: str, staff_id: int, *, address: str, device: str, now: datetime
) -> Attempt:
    with read(engine) as connection:
        known = _known_device(connection, device, staff_id, now)
    name = str(staff_id)
    return Attempt(
        engine, secret, "code", name, staff_id=staff_id, address=address, device=known, now=now
    )


def _known_device(connection: Connection, device: str, staff_id: int | None, now: datetime) -> str:
    """The device, if it has signed in to this account before; else ''."""
    known = select(staff_device.c.staff_id).where(
        staff_device.c.device_hash == digest_of(device),
        staff_device.c.staff_id == staff_id,
        staff_device.c.seen >= now - DEVICE_FOR,
    )
    return device if device and connection.execute(known).first() else ""


def set_password(engine: Engine, staff_id: int, password: str, *, now: datetime) -> None:
    """Set a new password, and end all visits made with the old one."""
    kept = passwords.hashed(password)

    def work(connection: Connection) -> None:
        active_row(connection, staff_id)
        connection.execute(staff.update().where(staff.c.id == staff_id).values(password=kept))
        end_visits(connection, staff_id)
        note(connection, now, f"staff:{staff_id}", "password")

    write(engine, work)


def new_factor(secret: str, visit: bytes, *, now: datetime) -> str:
    """Begin to set up a second factor, after the password was given: a seal for the form.

    `visit` is the hash of the visit or of the invitation: the seal works nowhere else.
    """
    return second_factors.sealed(secret, second_factors.new_nonce(), visit, now)


def factor_key(secret: str, seal: str, visit: bytes, *, now: datetime) -> str | None:
    """The key to show; None if the seal is not valid here, or older than ten minutes."""
    nonce = second_factors.opened(secret, seal, visit, now)
    return None if nonce is None else second_factors.key_of(secret, nonce)


def confirm_factor(
    engine: Engine,
    secret: str,
    staff_id: int,
    seal: str,
    visit: bytes,
    code: str,
    *,
    address: str,
    device: str = "",
    now: datetime,
) -> tuple[str, ...]:
    """Switch to the second factor of this seal, if the code proves that it works.

    Ends the invitation and every visit. Returns new recovery codes, to be shown once; () if the
    code or the seal is wrong. Raises Wait after too many attempts.
    """
    attempt = _code_attempt(engine, secret, staff_id, address=address, device=device, now=now)
    nonce = second_factors.opened(secret, seal, visit, now)

    def work(connection: Connection) -> tuple[str, ...]:
        row = active_row(connection, staff_id)
        if nonce is None or row.password is None:
            return ()
        key = second_factors.key_of(secret, nonce)
        step = second_factors.step_of(key, code, now=now, last=None)
        if step is None:
            return ()
        values = {
            "factor": nonce,
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
    else:
        attempt.failed()
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


# --- visits ---------------------------------------------------------------------------------------


def begin(
    engine: Engine,
    staff_id: int,
    *,
    now: datetime,
    whole: bool,
    way: str = "code",
    device: str = "",
) -> str:
    """Start a visit and return its token. A whole one is logged, with the way of signing in, and
    its `device` is known from now on."""
    token = secrets.token_urlsafe(32)

    def work(connection: Connection) -> None:
        active_row(connection, staff_id)
        over = sa.and_(
            staff_session.c.staff_id == staff_id,
            staff_session.c.began <= now - REMEMBERED,
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
            if device:
                _remember(connection, device, staff_id, now)

    write(engine, work)
    return token


def _remember(connection: Connection, device: str, staff_id: int, now: datetime) -> None:
    values = {"device_hash": digest_of(device), "staff_id": staff_id}
    if not insert_if_new(connection, staff_device, **values, seen=now):
        mine = [staff_device.c[name] == value for name, value in values.items()]
        connection.execute(staff_device.update().where(*mine).values(seen=now))


# Asked before each page for staff.
_visiting = Prepared(
    select(staff, staff_session.c.whole, staff_session.c.began, staff_session.c.seen.label("at"))
    .join(staff_session, staff_session.c.staff_id == staff.c.id)
    .where(staff_session.c.token_hash == bindparam("digest"), staff.c.removed.is_(None))
)


def visit(engine: Engine, token: str, *, now: datetime) -> Visit | None:
    """The visit with this token; None if it is wrong, expired, or idle for too long."""
    digest = digest_of(token)
    with read(engine) as connection:
        row = _visiting(connection, digest=digest).first()
    if row is None:
        return None
    longest = WHOLE if row.whole else HALF_WAY
    if now - row.at >= IDLE or now - row.began >= longest:
        return None
    if now - row.at >= _SEEN_EVERY:
        seen = staff_session.update().where(staff_session.c.token_hash == digest).values(seen=now)
        write(engine, lambda connection: connection.execute(seen))
    left = min(IDLE, longest - (now - row.began))
    return Visit(staff_of(row), bool(row.whole), digest, int(left.total_seconds()))


def timed_out(engine: Engine, token: str, *, now: datetime) -> Staff | None:
    """Whose visit this was, if it ended by itself in the last day; None after signing out."""
    query = (
        select(staff)
        .join(staff_session, staff_session.c.staff_id == staff.c.id)
        .where(
            staff_session.c.token_hash == digest_of(token),
            staff_session.c.whole,
            staff_session.c.began > now - REMEMBERED,
            staff.c.removed.is_(None),
        )
    )
    with read(engine) as connection:
        row = connection.execute(query).first()
    return staff_of(row) if row else None


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
