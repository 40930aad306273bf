"""The roles of staff, and what each may do: the one table that all pages and commands ask.

A role answers two questions, and they are kept apart: *what* somebody may do is a permission
here; *where* comes from the account, a list of centres or a footprint (`accounts.Staff`).
A page names a permission and never a role, so a new role is one more name in these rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["worker", "editor", "reader", "panel", "manager", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)

Permission = Literal[
    "see families",
    "change families",
    "write to a centre",
    "see requests of a district",
    "allocate",
    "see demand",
    "sit on a panel",
    "edit content",
    "review content",
    "publish reports",
    "answer complaints",
    "read the log",
    "answer access requests",
    "manage accounts",
    "lift locks",
]

_SENIOR: frozenset[Role] = frozenset({"manager", "administrator"})

PERMISSIONS: Mapping[Permission, frozenset[Role]] = {
    # Bookings, registers, waiting lists, messages, counts, and files of them.
    "see families": _SENIOR | {"worker", "reader"},
    "change families": _SENIOR | {"worker"},
    # To all its families at once.
    "write to a centre": _SENIOR,
    # What belongs to a district, and to no centre.
    "see requests of a district": _SENIOR,
    # Give a family that asks for support to a worker of the footprint.
    "allocate": _SENIOR,
    # How many families wait for a programme: numbers that name nobody.
    "see demand": _SENIOR | {"worker", "reader", "editor"},
    # Of the districts that the account names: what it is asked for names no family.
    "sit on a panel": _SENIOR | {"worker", "panel"},
    "edit content": _SENIOR | {"worker", "editor"},
    # Look at what others have changed, before it is published (PORTAL_CONTENT_REVIEW).
    "review content": _SENIOR,
    # The numbers of a quarter, which are the whole county's.
    "publish reports": frozenset({"administrator"}),
    "answer complaints": _SENIOR,
    "read the log": _SENIOR,
    # A family that asks who has read its record.
    "answer access requests": frozenset({"administrator"}),
    "manage accounts": _SENIOR,
    "lift locks": frozenset({"administrator"}),
}

# The roles that managers give in their footprint; the others are given by administrators alone.
GIVEN_BY_MANAGERS: tuple[Role, ...] = ("worker", "editor", "reader", "panel")

# Where each role's places come from. A reader has centres or a footprint, never both; workers and
# managers may sit on panels beside their other work.
OF_CENTRES: frozenset[Role] = frozenset({"worker", "editor", "reader"})
OF_FOOTPRINT: frozenset[Role] = frozenset({"manager", "reader"})
OF_PANELS: frozenset[Role] = frozenset({"worker", "panel", "manager"})

TITLES: Mapping[Role, str] = {
    "worker": "Worker",
    "editor": "Editor",
    "reader": "Reader",
    "panel": "Panel member",
    "manager": "Manager",
    "administrator": "Administrator",
}

# What an account with this role may do, for the form that gives it.
DUTIES: Mapping[Role, str] = {
    "worker": "the families and pages of some centres",
    "editor": "the pages of some centres, and no families",
    "reader": "sees what a worker sees, and changes nothing",
    "panel": "the Resource Panels of some districts, and no families",
    "manager": "all centres of a footprint, and its accounts",
    "administrator": "all centres and all accounts",
}


def may(role: Role, permission: Permission) -> bool:
    """Whether somebody with this role may do this at all, somewhere."""
    return role in PERMISSIONS[permission]
