"""Who works with the portal: accounts, roles, invitations, and the log of who did what.

What it hides: an account is opened by an invitation, which works once and for three days; setting
it up anew is another invitation. A removed account keeps its row as long as the log, so that the
log can say who it was, and nothing that opens a door. Whatever changes what somebody may see ends
her sessions in the same transaction. How she signs in is `sign_ins`.

Every change is written into the log with who did it: `staff:<id>`, or `operator` at the keyboard
of the server. The log holds no personal value of a family.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.database import note, read, write
from portal.database.tables import ROLES, staff, staff_code, staff_session
from portal.directory import Directory
from portal.errors import PortalError
from portal.staff import passwords

Role = Literal["worker", "manager", "administrator"]

INVITED_FOR = timedelta(hours=72)
OPERATOR = "operator"  # who works at the keyboard of the server

_NAME = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")


class AccountError(PortalError):
    """What was asked of an account cannot be done; the message says what to do."""


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
        row = there(connection, staff_id)
        connection.execute(
            staff.update().where(staff.c.id == staff_id).values(**place, title=_title(title))
        )
        if any(getattr(row, name) != value for name, value in place.items()):
            end_visits(connection, staff_id)
        note(connection, now, actor, "account-change", staff=staff_id)

    write(engine, work)


def reset(engine: Engine, staff_id: int, *, now: datetime, actor: str = OPERATOR) -> str:
    """Take back password and second factor, end all visits; the token of a new invitation."""
    token = secrets.token_urlsafe(24)

    def work(connection: Connection) -> None:
        there(connection, staff_id)
        _invite(connection, staff_id, token, now)
        note(connection, now, actor, "account-reset", staff=staff_id)

    write(engine, work)
    return token


def remove(engine: Engine, staff_id: int, *, now: datetime, actor: str = OPERATOR) -> None:
    """Shut somebody out. Her name stays as long as the log does."""

    def work(connection: Connection) -> None:
        there(connection, staff_id)
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
            staff=staff_of(row),
            ready=row.password is not None and row.factor is not None,
            invited_until=row.invited_until,
            seen=row.seen,
            removed=row.removed,
            recovery_codes=row.codes or 0,
        )
        for row in rows
    ]


def staff_of(row: Row[Any]) -> Staff:
    """The Staff of a row of its table."""
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


def there(connection: Connection, staff_id: int) -> Row[Any]:
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
    end_visits(connection, staff_id)


def _invite(connection: Connection, staff_id: int, token: str, now: datetime) -> None:
    _shut(
        connection,
        staff_id,
        invitation_hash=digest_of(token),
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
    return Invited(staff_of(row), row.password is not None) if row else None


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
        staff.c.invitation_hash == digest_of(token),
        staff.c.invited_until > now,
        staff.c.removed.is_(None),
    )


def end_visits(connection: Connection, staff_id: int) -> None:
    """End all sessions of somebody, inside the caller's transaction."""
    connection.execute(staff_session.delete().where(staff_session.c.staff_id == staff_id))


def digest_of(token: str) -> bytes:
    """What is kept of a random token."""
    return hashlib.sha256(token.encode()).digest()


# --- the log --------------------------------------------------------------------------------------
