"""Staff accounts: roles, invitations and access.

What it hides: an account is set up with an invitation, which works once and for three days; a reset
sends another invitation. The row of a removed account is kept as long as the log, so that the log
can name the person, but its credentials are deleted. Any change to what somebody may see ends their
sessions in the same transaction. `sign_in` handles signing in.

Every change is written into the log with its actor: `staff:<id>`, or `operator` for the command
line on the server. The log holds no personal data of a family.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, bindparam, select

from portal.database import note, read, write
from portal.database.audit import AuditAction
from portal.database.journal import Line
from portal.database.prepared import Prepared
from portal.database.tables import staff, staff_code, staff_device, staff_session
from portal.directory import Centre, Directory
from portal.errors import PortalError
from portal.staff import passwords, roles
from portal.staff.roles import OF_CENTRES, OF_FOOTPRINT, OF_PANELS, ROLES, Permission, Role

INVITED_FOR = timedelta(hours=72)
OPERATOR = "operator"  # the actor of commands run on the server

_NAME = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")


class AccountError(PortalError):
    """The account cannot be changed in this way; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff. `name` is an email address, `title` the person's name."""

    id: int
    name: str
    title: str
    role: Role
    centres: frozenset[str] = frozenset()
    footprint: str | None = None
    panels: frozenset[str] = frozenset()  # districts of the Resource Panels they sit on

    @property
    def actor(self) -> str:
        """The actor in the log."""
        return f"staff:{self.id}"

    def may(self, permission: Permission) -> bool:
        """Whether their role may do this at all (`roles.PERMISSIONS`)."""
        return roles.may(self.role, permission)

    @property
    def everywhere(self) -> bool:
        """Whether the account is for all centres there are, and names none."""
        return self.role == "administrator"

    def works_in(self, directory: Directory) -> frozenset[str]:
        """The slugs of the centres of the account, whatever its role may do there."""
        return frozenset(one.slug for one in directory.centres if self._works_at(one, directory))

    def centres_in(self, directory: Directory) -> frozenset[str]:
        """The slugs of all centres whose families they may see."""
        return self.works_in(directory) if self.may("see families") else frozenset()

    def may_see(self, centre: str, directory: Directory) -> bool:
        """Whether they may see the families of a centre. False for an unknown centre."""
        return self.may("see families") and self._works_at_slug(centre, directory)

    def may_edit(self, centre: str, directory: Directory) -> bool:
        """Whether they may change the pages of a centre. False for an unknown centre."""
        return self.may("edit content") and self._works_at_slug(centre, directory)

    def may_see_district(self, district: str, directory: Directory) -> bool:
        """Whether they may see what belongs to a district and to no centre (S30).

        Workers and readers do not. What names no district is for administrators alone.
        """
        found = directory.district(district)
        if not self.may("see requests of a district"):
            return False
        if self.everywhere or found is None:
            return self.everywhere
        return directory.footprint_of(found).slug == self.footprint

    def sits_on(self, district: str, directory: Directory) -> bool:
        """Whether they may act as a member of this district's Resource Panel (S94).

        Members sit on the panels that their account names; managers on those of their footprint.
        """
        found = directory.district(district)
        if found is None or not self.may("sit on a panel"):
            return False
        if self.everywhere or district in self.panels:
            return True
        return self.role == "manager" and directory.footprint_of(found).slug == self.footprint

    def may_manage(self, other: Staff, directory: Directory) -> bool:
        """Whether they may make, change, reset and remove an account with these places (S30).

        Managers do so within their footprint: every place of the account must be there, panels
        too; a centre or district that has gone from the content is not. Nobody manages their own
        account.
        """
        if other.id == self.id or not self.may("manage accounts"):
            return False
        if self.everywhere:
            return True
        if other.role not in roles.GIVEN_BY_MANAGERS:
            return False
        if not other.panels <= self._districts(directory):
            return False
        if other.footprint is not None:
            return other.footprint == self.footprint
        if other.role == "panel":
            return bool(other.panels)
        return bool(other.centres) and other.centres <= self._names_of_centres(directory)

    def _districts(self, directory: Directory) -> frozenset[str]:
        """The slugs of the districts of their footprint."""
        areas = [one for one in directory.footprints if one.slug == self.footprint]
        return frozenset(district.slug for area in areas for district in area.districts)

    def _names_of_centres(self, directory: Directory) -> frozenset[str]:
        """The slugs of their centres, those that were renamed by their earlier slugs too."""
        return frozenset(
            slug
            for one in directory.centres
            if self._works_at(one, directory)
            for slug in (one.slug, *one.aliases)
        )

    def _works_at_slug(self, centre: str, directory: Directory) -> bool:
        found = directory.centre(centre)
        return found is not None and self._works_at(found, directory)

    def _works_at(self, centre: Centre, directory: Directory) -> bool:
        if self.everywhere:
            return True
        if self.role in OF_FOOTPRINT and self.footprint is not None:
            return directory.footprint_of(centre).slug == self.footprint
        # A centre that was renamed keeps its workers.
        return self.role in OF_CENTRES and not self.centres.isdisjoint(
            (centre.slug, *centre.aliases)
        )


Allowed = Callable[[Staff], bool]  # whether the person who acts may manage this account


def _anybody(_staff: Staff) -> bool:
    """The operator on the server may manage every account."""
    return True


@dataclass(frozen=True, slots=True)
class Account:
    """An account as those who manage it see it."""

    staff: Staff
    ready: bool  # whether the password and second factor are set
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
    panels: Iterable[str] = (),
    now: datetime,
    actor: str = OPERATOR,
    allowed: Allowed = _anybody,
) -> tuple[int, str]:
    """Create an account, or restore a removed one; returns its id and the invitation token.

    Raises AccountError if the account exists, the role lacks its centres, footprint or panels, or
    the account is not `allowed`.
    """
    name = tidy_name(name)
    if len(name) > 254 or not _NAME.fullmatch(name):
        raise AccountError(f"'{name}' is not an email address. Write it like name@example.org.")
    access = _access(role, centres, footprint, panels)
    values = access | {"title": _title(title)}
    _check_allowed(allowed, Staff(0, name, values["title"], **_places(access)))
    token = secrets.token_urlsafe(24)

    def work(connection: Connection) -> int:
        existing = connection.execute(
            select(staff.c.id, staff.c.removed).where(staff.c.name == name).with_for_update()
        ).first()
        if existing and existing.removed is None:
            raise AccountError(f"{name} has an account already: reset or change it.")
        if existing:
            number = int(existing.id)
            changed = staff.update().where(staff.c.id == number)
            connection.execute(changed.values(**values, removed=None, seen=None))
        else:
            made = staff.insert().values(name=name, created=now, **values).returning(staff.c.id)
            number = int(connection.execute(made).scalar_one())
        _invite(connection, number, token, now)
        given = {name: values[name] for name in _ACCESS}
        note(connection, now, actor, "account-add", staff=number, given=given)
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
    panels: Iterable[str] = (),
    now: datetime,
    actor: str = OPERATOR,
    allowed: Allowed = _anybody,
) -> None:
    """Change a person's name and access. A change of access signs the person out.

    Both the account as it is and as it will be must be `allowed`.
    """
    access = _access(role, centres, footprint, panels)

    def work(connection: Connection) -> None:
        row = _managed_row(connection, staff_id, allowed)
        _check_allowed(allowed, replace(staff_of(row), **_places(access)))
        connection.execute(
            staff.update().where(staff.c.id == staff_id).values(**access, title=_title(title))
        )
        if any(getattr(row, name) != value for name, value in access.items()):
            end_visits(connection, staff_id)
        was = _access_in(row)
        note(connection, now, actor, "account-change", staff=staff_id, access=access, was=was)

    write(engine, work)


def reset(
    engine: Engine,
    staff_id: int,
    *,
    now: datetime,
    actor: str = OPERATOR,
    allowed: Allowed = _anybody,
) -> str:
    """Delete the password and second factor, end all visits; returns a new invitation token."""
    token = secrets.token_urlsafe(24)

    def work(connection: Connection) -> None:
        _managed_row(connection, staff_id, allowed)
        _invite(connection, staff_id, token, now)
        note(connection, now, actor, "account-reset", staff=staff_id)

    write(engine, work)
    return token


def remove(
    engine: Engine,
    staff_id: int,
    *,
    now: datetime,
    actor: str = OPERATOR,
    allowed: Allowed = _anybody,
) -> None:
    """Remove an account. The name is kept as long as the log."""

    def work(connection: Connection) -> None:
        _managed_row(connection, staff_id, allowed)
        _revoke(connection, staff_id, removed=now)
        note(connection, now, actor, "account-remove", staff=staff_id)

    write(engine, work)


def find(engine: Engine, name: str) -> Account | None:
    """The account with this email address, even if removed."""
    return next(iter(_accounts(engine, _with_name, name=tidy_name(name))), None)


def account(engine: Engine, staff_id: int) -> Account | None:
    return next(iter(_accounts(engine, _with_id, staff_id=staff_id)), None)


def everyone(engine: Engine) -> list[Account]:
    """All accounts by name, removed ones last."""
    found = _accounts(engine, _everyone)
    return sorted(found, key=lambda one: (one.removed is not None, one.staff.title.casefold()))


def tidy_name(name: str) -> str:
    """An email address as it is stored and compared."""
    return name.strip().lower()


_codes = (
    select(staff_code.c.staff_id, sa.func.count().label("codes"))
    .group_by(staff_code.c.staff_id)
    .subquery()
)
_with_codes = select(staff, _codes.c.codes).outerjoin(_codes, _codes.c.staff_id == staff.c.id)
_everyone = Prepared(_with_codes)
_with_id = Prepared(_with_codes.where(staff.c.id == bindparam("staff_id")))
_with_name = Prepared(_with_codes.where(staff.c.name == bindparam("name")))


def _accounts(engine: Engine, query: Prepared, **given: object) -> list[Account]:
    with read(engine) as connection:
        rows = query(connection, **given).rows
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
    """The Staff of a table row."""
    return Staff(
        id=row.id,
        name=row.name,
        title=row.title,
        role=row.role,
        centres=frozenset(row.centres),
        footprint=row.footprint,
        panels=frozenset(row.panels),
    )


def _access(
    role: str, centres: Iterable[str], footprint: str | None, panels: Iterable[str]
) -> dict[str, Any]:
    """The columns that define access, without those that the role does not use."""
    if role not in ROLES:
        raise AccountError(f"'{role}' is not a role. Choose one of {', '.join(ROLES)}.")
    own = sorted(set(centres)) if role in OF_CENTRES else []
    area = footprint or None if role in OF_FOOTPRINT else None
    sits = sorted(set(panels)) if role in OF_PANELS else []
    if own and area:
        raise AccountError(f"Give a {role} centres or a footprint, not both.")
    if role == "panel" and not sits:
        raise AccountError("A panel member needs one panel or more.")
    if not own and not area and role not in ("panel", "administrator"):
        needed = {"manager": "a footprint", "reader": "one centre or more, or a footprint"}
        article = "An" if role == "editor" else "A"
        raise AccountError(f"{article} {role} needs {needed.get(role, 'one centre or more')}.")
    return {"role": role, "centres": own, "footprint": area, "panels": sits}


_ACCESS = ("role", "centres", "footprint", "panels")


def _access_in(row: Row[Any]) -> dict[str, Any]:
    """The columns of a row that define access."""
    return {name: getattr(row, name) for name in _ACCESS}


def _places(access: dict[str, Any]) -> dict[str, Any]:
    """The same columns as a Staff holds them."""
    return access | {name: frozenset(access[name]) for name in ("centres", "panels")}


def _check_allowed(allowed: Allowed, wanted: Staff) -> None:
    if not allowed(wanted):
        raise AccountError("You cannot give this role at these places. Ask an administrator.")


def _managed_row(connection: Connection, staff_id: int, allowed: Allowed) -> Row[Any]:
    """The row of an account, locked, if it is `allowed` at this moment."""
    row = active_row(connection, staff_id)
    if not allowed(staff_of(row)):
        raise AccountError("There is no such account.")
    return row


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title or len(title) > 80:
        raise AccountError("Give the person's name, in 80 characters or fewer.")
    return title


def active_row(connection: Connection, staff_id: int) -> Row[Any]:
    """The row of an account that has not been removed, locked."""
    row = connection.execute(
        select(staff).where(staff.c.id == staff_id, staff.c.removed.is_(None)).with_for_update()
    ).first()
    if row is None:
        raise AccountError("There is no such account.")
    return row


def _revoke(connection: Connection, staff_id: int, **values: Any) -> None:
    """Delete all credentials and end all visits."""
    cleared = {
        "password": None,
        "factor": None,
        "factor_step": None,
        "invitation_hash": None,
        "invited_until": None,
    }
    connection.execute(staff.update().where(staff.c.id == staff_id).values(**cleared | values))
    for table in (staff_code, staff_device):
        connection.execute(table.delete().where(table.c.staff_id == staff_id))
    end_visits(connection, staff_id)


def _invite(connection: Connection, staff_id: int, token: str, now: datetime) -> None:
    _revoke(
        connection,
        staff_id,
        invitation_hash=digest_of(token),
        invited_until=now + INVITED_FOR,
    )


# --- after a backup was restored ------------------------------------------------------------------


def do_again(connection: Connection, lines: Sequence[Line], now: datetime) -> Iterator[str]:
    """Do again what happened to accounts after a backup, inside the transaction that restores it.

    Replaced passwords and phones are in no backup, so those of the backup are deleted. Returns what
    was done, for the operator.
    """
    for staff_id in sorted({line.staff for line in lines}):
        row = connection.execute(
            select(staff).where(staff.c.id == staff_id, staff.c.removed.is_(None)).with_for_update()
        ).first()
        if row is not None:
            actions = [line.action for line in lines if line.staff == staff_id]
            accesses = [line.access for line in lines if line.staff == staff_id and line.access]
            yield from _again(connection, row, actions, accesses, now)


_RESET = {"account-add", "account-remove", "account-reset", "password", "second-factor"}


def _again(
    connection: Connection,
    row: Row[Any],
    actions: Sequence[str],
    accesses: Sequence[str],
    now: datetime,
) -> Iterator[str]:
    def log(action: AuditAction, **detail: Any) -> None:
        note(connection, now, OPERATOR, action, staff=row.id, **detail)

    added = [action for action in actions if action in ("account-add", "account-remove")]
    if added and added[-1] == "account-remove":
        _revoke(connection, row.id, removed=now)
        log("account-remove")
        yield f"{row.name} was removed since then, and is removed again."
        return
    if accesses:
        access = json.loads(accesses[-1])
        connection.execute(staff.update().where(staff.c.id == row.id).values(**access))
        log("account-change", access=access, was=_access_in(row))
        yield f"{row.name} has the role and places again that were given since then."
    if _RESET.intersection(actions):
        _revoke(connection, row.id)
        log("account-reset")
        yield (
            f"{row.name} has a new password or phone since then, and the old ones are deleted: "
            f"`portal staff reset {row.name}` makes a new invitation."
        )
    elif {"recovery-code", "recovery-codes"}.intersection(actions):
        connection.execute(staff_code.delete().where(staff_code.c.staff_id == row.id))
        yield f"{row.name} used or made recovery codes since then: the old ones are deleted."


# --- an invitation --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invited:
    """The person invited. With `has_password`, the second factor comes next."""

    staff: Staff
    has_password: bool


def invited(engine: Engine, token: str, *, now: datetime) -> Invited | None:
    """The person invited with this token; None if it is wrong, used or expired."""
    with read(engine) as connection:
        row = connection.execute(_by_invitation(token, now)).first()
    return Invited(staff_of(row), row.password is not None) if row else None


def welcome(engine: Engine, token: str, password: str, *, now: datetime) -> bool:
    """Set the first password. The invitation stays valid until the second factor is set too."""
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
    """End all visits of a person, inside the caller's transaction."""
    connection.execute(staff_session.delete().where(staff_session.c.staff_id == staff_id))


def digest_of(token: str) -> bytes:
    """The stored hash of a random token."""
    return hashlib.sha256(token.encode()).digest()
