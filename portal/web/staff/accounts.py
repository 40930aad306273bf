"""The accounts of staff, for administrators: make, change, reset and remove them.

The link of an invitation is shown once, on the page that follows; the administrator chooses how to
send it. Administrators cannot remove or change their own account here, so that one always stays;
the commands `portal staff …` can.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Response, redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings.casework import fold
from portal.directory.values import LONDON, day_words
from portal.staff import accounts, tries
from portal.staff.accounts import Account, AccountError, Staff
from portal.staff.tries import Lock
from portal.web import filters
from portal.web.live.context import live
from portal.web.live.forms.answers import Choice, Email, Name, Pick, Ticks
from portal.web.staff.access import May, current, now, of_role, staff_route
from portal.web.staff.forms import StaffForm
from portal.web.staff.screens import page, refuse
from portal.web.staff.sorting import Order, in_order

ACCOUNTS = "/staff/accounts"
ONE = f"{ACCOUNTS}/<int(max=2147483647):number>"  # the largest integer that both databases keep
ADMINISTRATOR = of_role("administrator")
ROLES = (
    ("worker", "Worker: sees the families of some centres"),
    ("manager", "Manager: sees all centres of a footprint"),
    ("administrator", "Administrator: sees all centres, and these accounts"),
)


def _another(staff: Staff, parts: Mapping[str, Any]) -> bool:
    return staff.role == "administrator" and staff.id != parts["number"]


ANOTHER = May("administrator", _another)


class PlaceForm(StaffForm):
    """A person's name, role and place of work."""

    asked: ClassVar[Sequence[str]] = ("title", "role", "centres", "footprint")

    title = Name(
        "Name", what="the name", missing="Enter the person’s name", longest=80, autocomplete="off"
    )
    role = Choice(
        "What can this person see?",
        what="the role",
        missing="Choose what this person can see",
        options=ROLES,
    )
    centres = Ticks("Centres of a worker", what="the centres", marked=False)
    footprint = Pick("Footprint of a manager", what="the footprint", marked=False)

    def with_places(self) -> PlaceForm:
        """The form, with the centres and footprints of the content as choices."""
        directory = live().directory
        self.answer("centres").options = [(one.slug, one.title) for one in directory.centres]
        areas = [(one.slug, one.title) for one in directory.footprints]
        self.answer("footprint").options = [("", "None"), *areas]
        return self

    def validate(self, extra_validators: object = None) -> bool:
        super().validate(extra_validators)
        role = self.role.data
        if role == "worker" and not self.centres.data:
            self.centres.blame("Choose the centres of the worker")
        if role == "manager" and not self.footprint.data:
            self.footprint.blame("Choose the footprint of the manager")
        return self.well

    def place(self) -> dict[str, Any]:
        return {
            "title": self.title.data,
            "role": self.role.data,
            "centres": self.centres.data or (),
            "footprint": self.footprint.data or None,
        }


class NewForm(PlaceForm):
    asked = ("name", *PlaceForm.asked)

    name = Email(
        "Email address",
        what="the email address",
        missing="Enter the email address",
        autocomplete="off",
    )


@staff_route(ACCOUNTS, may=ADMINISTRATOR)
def show() -> Answered:
    """The list of accounts."""
    with live().database() as engine:
        everyone = accounts.everyone(engine)
        held = tries.locks(engine, now=now())
    people = {one.staff.id: one.staff.title for one in everyone}
    rows, orders = in_order(
        (
            (
                one,
                role_words(one.staff),
                _state(one),
                one.staff.id != current().id and not one.removed,
            )
            for one in everyone
        ),
        Order("name", "name"),
        Order("role", "role and place", lambda row: fold(row[1])),
        Order("state", "last sign-in", _last_seen, falling=True),
    )
    done = request.args.get("done", "")
    return page(
        "staff/accounts.html",
        "Accounts",
        rows=rows,
        orders=orders,
        done=done,
        locks=[_lock(one, people) for one in held],
    )


def _last_seen(row: tuple[Account, str, str, bool]) -> float:
    seen = row[0].seen
    return seen.timestamp() if seen else 0


def _lock(lock: Lock, people: Mapping[int, str]) -> dict[str, str]:
    """A lock as the page shows it, with what the form that lifts it sends."""
    whose = f"the network {lock.network}" if lock.network else people.get(lock.staff_id or 0, "")
    until = filters.clock_of(lock.until.astimezone(LONDON))
    refused = filters.count(lock.refused, "more try", "more tries")
    words = f"until {until}, {refused} refused"
    return {"whose": whose, "words": words, "key": lock.key.hex()}


@staff_route(f"{ACCOUNTS}/unlock", may=ADMINISTRATOR, methods=("POST",))
def unlock() -> Answered:
    """Lift one lock on signing in."""
    key = request.form.get("lock", "")
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        return refuse()
    with live().database() as engine:
        tries.lift(engine, [bytes.fromhex(key)], now=now(), actor=current().actor)
    return redirect(f"{ACCOUNTS}?done=unlocked", 303)


@staff_route(
    f"{ACCOUNTS}/new",
    may=ADMINISTRATOR,
    methods=("GET", "POST"),
    refills=True,
    keeps="a new account",
)
def new() -> Answered:
    """Make an account, and show its invitation."""
    form = NewForm().with_places()
    status = form.refused() if request.method == "POST" else 200
    if status is None:
        with live().database() as engine:
            try:
                _, token = accounts.add(
                    engine, name=form.name.data, **form.place(), now=now(), actor=current().actor
                )
            except AccountError as error:
                form.name.blame(str(error).rstrip("."))
            else:
                return _invitation(form.title.data, token)
    return _form_page("Make an account", form, status or 422, "Make the account")


@staff_route(ONE, may=ANOTHER, methods=("GET", "POST"), refills=True, keeps="a changed account")
def change(number: int) -> Answered:
    """Change a name, role or place of work."""
    with live().database() as engine:
        found = accounts.account(engine, number)
        if found is None or found.removed:
            return refuse()
        staff = found.staff
        if request.method != "POST":
            form = PlaceForm(
                formdata=None,
                title=staff.title,
                role=staff.role,
                centres=tuple(sorted(staff.centres)),
                footprint=staff.footprint or "",
            ).with_places()
            return _form_page(f"Change {staff.title}", form, 200, "Save", found)
        form = PlaceForm().with_places()
        status = form.refused()
        if status is not None:
            return _form_page(f"Change {staff.title}", form, status, "Save", found)
        accounts.change(engine, number, **form.place(), now=now(), actor=current().actor)
    return redirect(f"{ACCOUNTS}?done=changed", 303)


@staff_route(f"{ONE}/reset", may=ANOTHER, methods=("POST",))
def reset(number: int) -> Answered:
    """Start again with a new invitation."""
    with live().database() as engine:
        token = accounts.reset(engine, number, now=now(), actor=current().actor)
        found = accounts.account(engine, number)
    return _invitation(found.staff.title if found else "", token)


@staff_route(f"{ONE}/remove", may=ANOTHER, methods=("POST",))
def remove(number: int) -> Answered:
    """Remove an account."""
    with live().database() as engine:
        accounts.remove(engine, number, now=now(), actor=current().actor)
    return redirect(f"{ACCOUNTS}?done=removed", 303)


def _invitation(title: str, token: str) -> Response:
    return page(
        "staff/invitation.html",
        "Send this invitation",
        whose=title,
        address=live().address(f"/staff/welcome/{token}"),
        back=ACCOUNTS,
    )


def _form_page(
    title: str, form: PlaceForm, status: int, button: str, found: Account | None = None
) -> Response:
    return page(
        "staff/account_of.html",
        title,
        status,
        error=status >= 400,
        back=ACCOUNTS,
        form=form,
        button_words=button,
        found=found,
    )


def role_words(staff: Staff) -> str:
    """A role and its places of work."""
    directory = live().directory
    if staff.role == "worker":
        titles = [one.title for one in directory.centres if staff.may_see(one.slug, directory)]
        return f"Worker at {', '.join(titles) or 'no centre that there is'}"
    if staff.role == "manager":
        titles = [one.title for one in directory.footprints if one.slug == staff.footprint]
        return f"Manager of {', '.join(titles) or 'no footprint that there is'}"
    return "Administrator"


def _state(one: Account) -> str:
    state = one.state(now())
    if state == "ready":
        seen = one.seen.astimezone(LONDON).date() if one.seen else None
        return f"Last signed in on {day_words(seen)}" if seen else "Has not signed in yet"
    if state == "invited":
        return "Invited"
    return "Left" if state == "removed" else "The invitation has expired"
