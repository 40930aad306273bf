"""Who works with the portal: accounts, roles, what opens the door, and who is signed in now.

What it hides: sessions are rows, so that signing out, a new password, a changed role or a removal
ends them everywhere at once (S32). The browser holds a random token, the table only its hash. A
token is new at each step of a sign-in. A wrong name, a wrong password, an account that is not set
up and one that was removed all get the same answer in the same time; tries are counted before they
are looked at, for the name that was typed and for the network (S33).

A session of somebody signed in is called a visit here, because a Session is a meeting of a series.
Every change is written into the log with who did it: `staff:<id>`, or `operator` at the keyboard
of the server.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal import PortalError, limits, passwords, second_factors
from portal.directory import Directory
from portal.limits import Tries
from portal.tables import ROLES, audit, note, read, staff, staff_code, staff_session, write

Role = Literal["worker", "manager", "administrator"]

IDLE = timedelta(minutes=30)
WHOLE = timedelta(hours=8)
HALF_WAY = timedelta(minutes=10)  # between the password and the code
INVITED_FOR = timedelta(hours=72)
KEPT_FOR = timedelta(days=365)  # the log, and who was in it
TRIES_WITHIN = timedelta(minutes=15)
TRIES_OF_A_PERSON = 10
TRIES_OF_AN_ADDRESS = 20
OPERATOR = "operator"  # who works at the keyboard of the server
_SEEN_EVERY = timedelta(minutes=1)  # a visit is written down no more often

_NAME = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")


class AccountError(PortalError):
    """What was asked of an account cannot be done; the message says what to do."""


class Wait(PortalError):
    """Too many tries. `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works with the portal. `name` is an email address, `title` the person's name."""

    id: int
    name: str
    title: str
    role: Role
    centres: frozenset[str] = frozenset()
    footprint: str | None = None

    @property
    def actor(self) -> str:
        """How the log names her."""
        return f"staff:{self.id}"

    def centres_in(self, directory: Directory) -> frozenset[str]:
        """The slugs of all centres whose families she may see."""
        return frozenset(one.slug for one in directory.centres if self._works_at(one, directory))

    def may_see(self, centre: str, directory: Directory) -> bool:
        """Whether she may see the families of a centre. One that does not exist nobody sees."""
        found = directory.centre(centre)
        return found is not None and self._works_at(found, directory)

    def _works_at(self, centre: Any, directory: Directory) -> bool:
        if self.role == "administrator":
            return True
        if self.role == "manager":
            return directory.footprint_of(centre).slug == self.footprint
        # A centre that was renamed keeps its workers.
        return not self.centres.isdisjoint((centre.slug, *centre.aliases))


@dataclass(frozen=True, slots=True)
class Account:
    """An account as administrators see it."""

    staff: Staff
    ready: bool  # whether password and second factor are set
    invited_until: datetime | None
    seen: datetime | None
    removed: datetime | None
    recovery_codes: int

    def state(self, now: datetime) -> Literal["ready", "invited", "expired", "removed"]:
        if self.removed:
            return "removed"
        if self.ready:
            return "ready"
        return "invited" if self.invited_until and self.invited_until > now else "expired"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is signed in. Not `whole`: the password was right, the code is still asked."""

    staff: Staff
    whole: bool
    token_hash: bytes


# --- accounts -------------------------------------------------------------------------------------


def add(
    engine: Engine,
    *,
    name: str,
    title: str,
    role: str,
    centres: Iterable[str] = (),
    footprint: str | None = None,
    now: datetime,
    actor: str = OPERATOR,
) -> tuple[int, str]:
    """A new account, and the token of its invitation. One that was removed comes back anew.

    Raises AccountError where there is one, or the role lacks its centres or its footprint.
    """
    name = tidy_name(name)
    if len(name) > 254 or not _NAME.fullmatch(name):
        raise AccountError(f"'{name}' is not an email address. Write it like name@example.org.")
    values = _place(role, centres, footprint) | {"title": _title(title)}
    token = secrets.token_urlsafe(24)

    def work(connection: Connection) -> int:
        there = connection.execute(
            select(staff.c.id, staff.c.removed).where(staff.c.name == name).with_for_update()
        ).first()
        if there and there.removed is None:
            raise AccountError(f"{name} has an account already: reset or change it.")
        if there:
            number = int(there.id)
            changed = staff.update().where(staff.c.id == number)
            connection.execute(changed.values(**values, removed=None, seen=None))
        else:
            made = staff.insert().values(name=name, created=now, **values).returning(staff.c.id)
            number = int(connection.execute(made).scalar_one())
        _invite(connection, number, token, now)
        note(connection, now, actor, "account-add", staff=number)
        return number

    return write(engine, work), token


def change(
    engine: Engine,
    staff_id: int,
    *,
    title: str,
    role: str,
    centres: Iterable[str] = (),
    footprint: str | None = None,
    now: datetime,
    actor: str = OPERATOR,
) -> None:
    """What somebody is called and may do. Where her role or centres change, she is signed out."""
    place = _place(role, centres, footprint)

    def work(connection: Connection) -> None:
        row = _there(connection, staff_id)
        connection.execute(
            staff.update().where(staff.c.id == staff_id).values(**place, title=_title(title))
        )
        if any(getattr(row, name) != value for name, value in place.items()):
            _end_visits(connection, staff_id)
        note(connection, now, actor, "account-change", staff=staff_id)

    write(engine, work)


def reset(engine: Engine, staff_id: int, *, now: datetime, actor: str = OPERATOR) -> str:
    """Take back password and second factor, end all visits; the token of a new invitation."""
    token = secrets.token_urlsafe(24)

    def work(connection: Connection) -> None:
        _there(connection, staff_id)
        _invite(connection, staff_id, token, now)
        note(connection, now, actor, "account-reset", staff=staff_id)

    write(engine, work)
    return token


def remove(engine: Engine, staff_id: int, *, now: datetime, actor: str = OPERATOR) -> None:
    """Shut somebody out. Her name stays as long as the log does."""

    def work(connection: Connection) -> None:
        _there(connection, staff_id)
        _shut(connection, staff_id, removed=now)
        note(connection, now, actor, "account-remove", staff=staff_id)

    write(engine, work)


def find(engine: Engine, name: str) -> Account | None:
    """The account of this email address, a removed one too."""
    return next(iter(_accounts(engine, staff.c.name == tidy_name(name))), None)


def account(engine: Engine, staff_id: int) -> Account | None:
    return next(iter(_accounts(engine, staff.c.id == staff_id)), None)


def everyone(engine: Engine) -> list[Account]:
    """All accounts by name, those that were removed at the end."""
    found = _accounts(engine, sa.true())
    return sorted(found, key=lambda one: (one.removed is not None, one.staff.title.casefold()))


def tidy_name(name: str) -> str:
    """An email address as it is kept and compared."""
    return name.strip().lower()


def _accounts(engine: Engine, condition: sa.ColumnElement[bool]) -> list[Account]:
    codes = select(staff_code.c.staff_id, sa.func.count().label("codes")).group_by(
        staff_code.c.staff_id
    )
    counted = codes.subquery()
    query = (
        select(staff, counted.c.codes)
        .outerjoin(counted, counted.c.staff_id == staff.c.id)
        .where(condition)
    )
    with read(engine) as connection:
        rows = connection.execute(query).all()
    return [
        Account(
            staff=_staff(row),
            ready=row.password is not None and row.factor is not None,
            invited_until=row.invited_until,
            seen=row.seen,
            removed=row.removed,
            recovery_codes=row.codes or 0,
        )
        for row in rows
    ]


def _staff(row: Row[Any]) -> Staff:
    return Staff(
        id=row.id,
        name=row.name,
        title=row.title,
        role=row.role,
        centres=frozenset(row.centres),
        footprint=row.footprint,
    )


def _place(role: str, centres: Iterable[str], footprint: str | None) -> dict[str, Any]:
    """The columns that say what somebody may see. What the role has no use for is let go."""
    if role not in ROLES:
        raise AccountError(f"'{role}' is not a role. Choose one of {', '.join(ROLES)}.")
    own = sorted(set(centres)) if role == "worker" else []
    area = footprint if role == "manager" else None
    if role == "worker" and not own:
        raise AccountError("A worker needs one centre or more.")
    if role == "manager" and not area:
        raise AccountError("A manager needs a footprint.")
    return {"role": role, "centres": own, "footprint": area}


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title or len(title) > 80:
        raise AccountError("Give the person's name, in 80 characters or fewer.")
    return title


def _there(connection: Connection, staff_id: int) -> Row[Any]:
    """The row of somebody who was not removed, locked."""
    row = connection.execute(
        select(staff).where(staff.c.id == staff_id, staff.c.removed.is_(None)).with_for_update()
    ).first()
    if row is None:
        raise AccountError("There is no such account.")
    return row


def _shut(connection: Connection, staff_id: int, **values: Any) -> None:
    """Take away all that opens the door."""
    closed = {
        "password": None,
        "factor": None,
        "factor_shown": None,
        "factor_step": None,
        "invitation_hash": None,
        "invited_until": None,
    }
    connection.execute(staff.update().where(staff.c.id == staff_id).values(**closed | values))
    connection.execute(staff_code.delete().where(staff_code.c.staff_id == staff_id))
    _end_visits(connection, staff_id)


def _invite(connection: Connection, staff_id: int, token: str, now: datetime) -> None:
    _shut(
        connection,
        staff_id,
        invitation_hash=_digest(token),
        invited_until=now + INVITED_FOR,
    )


# --- an invitation --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody behind an invitation. `has_password`: the second factor comes next."""

    staff: Staff
    has_password: bool


def invited(engine: Engine, token: str, *, now: datetime) -> Invited | None:
    """Whose invitation this is; None where it is wrong, used or too old."""
    with read(engine) as connection:
        row = connection.execute(_by_invitation(token, now)).first()
    return Invited(_staff(row), row.password is not None) if row else None


def welcome(engine: Engine, token: str, password: str, *, now: datetime) -> bool:
    """Set the first password. The invitation stays until the second factor is set too."""
    kept = passwords.hashed(password)

    def work(connection: Connection) -> bool:
        row = connection.execute(_by_invitation(token, now).with_for_update()).first()
        if row is None:
            return False
        connection.execute(staff.update().where(staff.c.id == row.id).values(password=kept))
        return True

    return write(engine, work)


def _by_invitation(token: str, now: datetime) -> sa.Select[Any]:
    return select(staff).where(
        staff.c.invitation_hash == _digest(token),
        staff.c.invited_until > now,
        staff.c.removed.is_(None),
    )


# --- passwords and second factors -----------------------------------------------------------------


def check_password(
    engine: Engine, secret: str, name: str, password: str, *, address: str, now: datetime
) -> Staff | None:
    """Who this is, where name and password are right and the account is set up; else None.

    `address` is the network that asks. Raises Wait after too many tries.
    """
    name = tidy_name(name)
    tried = _Try(engine, secret, "sign-in", name, address, now)
    with read(engine) as connection:
        row = connection.execute(
            select(staff).where(staff.c.name == name, staff.c.removed.is_(None))
        ).first()
    right = passwords.fits(password, row.password if row else None)
    if row is None or not right or row.factor is None:
        return None
    tried.went_well()
    if passwords.outdated(row.password):
        kept = passwords.hashed(password)
        again = staff.update().where(staff.c.id == row.id, staff.c.password == row.password)
        write(engine, lambda connection: connection.execute(again.values(password=kept)))
    return _staff(row)


def check_code(
    engine: Engine, secret: str, staff_id: int, code: str, *, address: str, now: datetime
) -> bool:
    """Whether a code of the app or a recovery code is right; it is used up at once.

    Raises Wait after too many tries.
    """
    tried = _Try(engine, secret, "code", str(staff_id), address, now)

    def work(connection: Connection) -> bool:
        row = _there(connection, staff_id)
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
    tried.went_well()
    return True


def set_password(engine: Engine, staff_id: int, password: str, *, now: datetime) -> None:
    """A new password: whoever is signed in with the old one is signed out everywhere."""
    kept = passwords.hashed(password)

    def work(connection: Connection) -> None:
        _there(connection, staff_id)
        connection.execute(staff.update().where(staff.c.id == staff_id).values(password=kept))
        _end_visits(connection, staff_id)
        note(connection, now, f"staff:{staff_id}", "password")

    write(engine, work)


def show_factor(engine: Engine, secret: str, staff_id: int) -> str:
    """The key of a second factor that is being set up: the same one until it is confirmed."""

    def work(connection: Connection) -> bytes:
        row = _there(connection, staff_id)
        if row.factor_shown is not None:
            return bytes(row.factor_shown)
        nonce = second_factors.new_nonce()
        connection.execute(staff.update().where(staff.c.id == staff_id).values(factor_shown=nonce))
        return nonce

    return second_factors.key_of(secret, write(engine, work))


def confirm_factor(
    engine: Engine, secret: str, staff_id: int, code: str, *, address: str, now: datetime
) -> tuple[str, ...]:
    """Use the second factor that was shown from now on, where the code proves that it works.

    Ends the invitation and every visit. The new recovery codes, to be shown once; () where the
    code is wrong. Raises Wait after too many tries.
    """
    tried = _Try(engine, secret, "code", str(staff_id), address, now)

    def work(connection: Connection) -> tuple[str, ...]:
        row = _there(connection, staff_id)
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
        _end_visits(connection, staff_id)
        note(connection, now, f"staff:{staff_id}", "second-factor")
        return _renew_codes(connection, secret, staff_id)

    codes = write(engine, work)
    if codes:
        tried.went_well()
    return codes


def new_recovery_codes(
    engine: Engine, secret: str, staff_id: int, *, now: datetime
) -> tuple[str, ...]:
    """Fresh recovery codes, to be shown once; the old ones open nothing any more."""

    def work(connection: Connection) -> tuple[str, ...]:
        _there(connection, staff_id)
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


class _Try:
    """One try, counted before it is looked at, and taken back where it went well."""

    def __init__(
        self, engine: Engine, secret: str, kind: str, name: str, address: str, now: datetime
    ) -> None:
        person = (f"staff-{kind}", name, TRIES_OF_A_PERSON)
        network = ("sign-in-network", _network(address), TRIES_OF_AN_ADDRESS)
        self._limits = [Tries(*one, within=TRIES_WITHIN) for one in (person, network)]
        self._engine, self._secret = engine, secret
        seconds = limits.spend_each(engine, secret, self._limits, now=now)
        if seconds is not None:
            raise Wait(seconds)

    def went_well(self) -> None:
        limits.give_back(self._engine, self._secret, self._limits)


def _network(address: str) -> str:
    """What one subscriber has: an address, or 64 bits of a long one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


# --- visits ---------------------------------------------------------------------------------------


def begin(engine: Engine, staff_id: int, *, now: datetime, whole: bool, way: str = "code") -> str:
    """The token of a new visit. Whole ones are written into the log, with the way she came in."""
    token = secrets.token_urlsafe(32)

    def work(connection: Connection) -> None:
        _there(connection, staff_id)
        over = sa.and_(
            staff_session.c.staff_id == staff_id,
            sa.or_(staff_session.c.seen <= now - IDLE, staff_session.c.began <= now - WHOLE),
        )
        connection.execute(staff_session.delete().where(over))
        connection.execute(
            staff_session.insert().values(
                token_hash=_digest(token), staff_id=staff_id, whole=whole, began=now, seen=now
            )
        )
        if whole:
            connection.execute(staff.update().where(staff.c.id == staff_id).values(seen=now))
            note(connection, now, f"staff:{staff_id}", "sign-in", way=way)

    write(engine, work)
    return token


def visit(engine: Engine, token: str, *, now: datetime) -> Visit | None:
    """Who is signed in with this token; None where it is wrong, over, or was idle for too long."""
    digest = _digest(token)
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
    return Visit(_staff(row), bool(row.whole), digest)


def end(engine: Engine, found: Visit, *, now: datetime) -> None:
    """Sign out."""

    def work(connection: Connection) -> None:
        over = staff_session.delete().where(staff_session.c.token_hash == found.token_hash)
        if connection.execute(over).rowcount and found.whole:
            note(connection, now, found.staff.actor, "sign-out")

    write(engine, work)


def end_everywhere(engine: Engine, staff_id: int, *, now: datetime) -> None:
    """Sign out wherever she is signed in."""

    def work(connection: Connection) -> None:
        _end_visits(connection, staff_id)
        note(connection, now, f"staff:{staff_id}", "sign-out", everywhere=True)

    write(engine, work)


def _end_visits(connection: Connection, staff_id: int) -> None:
    connection.execute(staff_session.delete().where(staff_session.c.staff_id == staff_id))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


# --- the log --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: who did what, and when. It holds no personal value of a family."""

    id: int
    at: datetime
    actor: str
    did: str
    booking_id: int | None
    series: str | None
    detail: dict[str, Any]


def log(
    engine: Engine,
    *,
    centres: Collection[str] | None = None,
    staff_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """What was done, the newest first; of these centres alone, of this person, before this line."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if centres is not None:
        own = (audit.c.series.startswith(f"{one}/", autoescape=True) for one in centres)
        query = query.where(sa.or_(sa.false(), *own))
    if staff_id is not None:
        query = query.where(audit.c.actor == f"staff:{staff_id}")
    if before is not None:
        query = query.where(audit.c.id < before)
    with read(engine) as connection:
        rows = connection.execute(query).all()
    return [
        Entry(row.id, row.at, row.actor, row.did, row.booking_id, row.series, dict(row.detail))
        for row in rows
    ]


def forget_old(engine: Engine, now: datetime) -> int:
    """Delete what is over: lines of the log after 12 months, then who was removed that long ago,
    visits that ended and invitations nobody took. Returns how many lines went."""

    def work(connection: Connection) -> int:
        gone = connection.execute(audit.delete().where(audit.c.at < now - KEPT_FOR)).rowcount
        connection.execute(staff.delete().where(staff.c.removed < now - KEPT_FOR))
        over = sa.or_(staff_session.c.seen <= now - IDLE, staff_session.c.began <= now - WHOLE)
        connection.execute(staff_session.delete().where(over))
        late = staff.update().where(
            staff.c.invited_until <= now, staff.c.invitation_hash.is_not(None)
        )
        connection.execute(late.values(invitation_hash=None, password=None, factor_shown=None))
        return int(gone)

    return write(engine, work)
