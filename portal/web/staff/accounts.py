"""The accounts of staff: make, change, reset and remove them.

Administrators look after all accounts, managers after those of workers, editors, readers and panel
members whose places are all in their footprint (S30). People cannot change their own account here:
one administrator always remains, and managers cannot widen their own access. The commands `portal
staff …` have no such limit. The link of an invitation is shown once, on the page that follows, to
be sent in a safe way.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

from flask import Response, redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import support
from portal.bookings.casework import fold
from portal.directory.phrases import joined
from portal.directory.values import LONDON, day_words
from portal.staff import accounts, tries
from portal.staff.accounts import Account, AccountError, Staff
from portal.staff.roles import DUTIES, GIVEN_BY_MANAGERS, ROLES, TITLES
from portal.staff.tries import Lock
from portal.web import filters
from portal.web.live.context import live
from portal.web.live.forms.answers import Choice, Email, Name, Option, Pick, Ticks
from portal.web.live.forms.family import Group
from portal.web.staff.access import current, now, staff_route, to
from portal.web.staff.forms import StaffForm
from portal.web.staff.screens import page, refuse
from portal.web.staff.sorting import Order, in_order

ACCOUNTS = "/staff/accounts"
ONE = f"{ACCOUNTS}/<int(max=2147483647):number>"  # the largest integer that both databases keep
MANAGES = to("manage accounts")


def _may_manage(other: Staff) -> bool:
    return current().may_manage(other, live().directory)


def _of_account(staff: Staff, parts: Mapping[str, Any]) -> bool:
    with live().database() as engine:
        found = accounts.account(engine, parts["number"])
    return found is not None and staff.may_manage(found.staff, live().directory)


OF_ACCOUNT = replace(MANAGES, words="staff who manage the account", allows=_of_account)


class GroupedTicks(Ticks):
    """Ticks in groups that open and close: all centres in one list are seven screens of a phone."""

    kind = "grouped"
    groups: Sequence[tuple[str, Sequence[Option]]] = ()

    def offer(self, groups: Sequence[tuple[str, Sequence[Option]]]) -> None:
        self.groups = groups
        self.options = [option for _, options in groups for option in options]


class PlaceForm(StaffForm):
    """A person's name, role and place of work."""

    asked: ClassVar[Sequence[str]] = ("title", "role", "centres", "footprint", "panels")

    title = Name(
        "Name", what="the name", missing="Enter the person’s name", longest=80, autocomplete="off"
    )
    role = Choice("Role", what="the role", missing="Choose what this person can see and do")
    centres = GroupedTicks(
        "Centres of a worker, an editor or a reader", what="the centres", marked=False
    )
    footprint = Pick("Footprint", what="the footprint", marked=False)
    panels = Ticks("Resource Panels", what="the Resource Panels", marked=False)

    def with_places(self, kept: Collection[str] = ()) -> Self:
        """The form, with the roles and places that the person signed in can give as choices.

        `kept` are the panels that the account has already.
        """
        directory, staff = live().directory, current()
        own = staff.works_in(directory)
        everything = staff.everywhere
        given = ROLES if everything else GIVEN_BY_MANAGERS
        self.answer("role").options = [(role, f"{TITLES[role]}: {DUTIES[role]}") for role in given]
        areas = [one for one in directory.footprints if everything or one.slug == staff.footprint]
        self.centres.offer(
            [
                (
                    area.title,
                    [
                        (one.slug, one.title)
                        for one in directory.centres_in(area)
                        if one.slug in own
                    ],
                )
                for area in areas
            ]
        )
        self.answer("footprint").options = [
            ("", "None"),
            *((one.slug, one.title) for one in areas),
        ]
        whose = "of a manager, or of a reader" if everything else "of a reader"
        self.footprint.plain_words = f"Footprint {whose} who has no centres above"
        who = (
            "a panel member, a worker or a manager" if everything else "a panel member or a worker"
        )
        self.panels.plain_words = f"Resource Panels of {who}"
        self.panels.options = [
            (one.slug, one.title)
            for area in areas
            for one in area.districts
            if one.panel is not None or one.slug in kept
        ]
        return self

    def groups(self) -> Sequence[Group]:
        """Panels are asked for where there are any."""
        fields = [self.answer(name) for name in self.asked]
        return [Group("", [one for one in fields if one is not self.panels or one.options])]

    def validate(self, extra_validators: object = None) -> bool:
        super().validate(extra_validators)
        role, centres, footprint = self.role.data, self.centres.data, self.footprint.data
        if role in ("worker", "editor") and not centres:
            self.centres.blame(f"Choose the centres of the {role}")
        if role == "manager" and not footprint:
            self.footprint.blame("Choose the footprint of the manager")
        if role == "panel" and not self.panels.chosen:
            (self.panels if self.panels.options else self.role).blame(
                "Choose the Resource Panels of the panel member"
                if self.panels.options
                else "No district here has a Resource Panel. Choose another role"
            )
        if role == "reader" and bool(centres) == bool(footprint):
            self.centres.blame("Choose the centres of the reader, or else a footprint")
        return self.well

    def place(self) -> dict[str, Any]:
        return {
            "title": self.title.data,
            "role": self.role.data,
            "centres": self.centres.data or (),
            "footprint": self.footprint.data or None,
            "panels": self.panels.chosen,
        }


class NewForm(PlaceForm):
    asked = ("name", *PlaceForm.asked)

    name = Email(
        "Email address",
        what="the email address",
        missing="Enter the email address",
        autocomplete="off",
        doubted=False,  # mostly an address of the council
    )


@staff_route(ACCOUNTS, may=MANAGES)
def show() -> Answered:
    """The list of the accounts that this person manages; for administrators, of all."""
    whole = current().everywhere
    with live().database() as engine:
        everyone = [one for one in accounts.everyone(engine) if whole or _may_manage(one.staff)]
        held = tries.locks(engine, now=now()) if current().may("lift locks") else []
        families = support.families_of(engine)
    people = {one.staff.id: one.staff.title for one in everyone}
    rows, orders = in_order(
        (
            (one, role_words(one.staff), _state(one), _may_manage(one.staff) and not one.removed)
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
        families=families,
        done=done,
        locks=[_lock(one, people) for one in held],
    )


def _acting() -> dict[str, Any]:
    """Who acts and when. The account is compared again inside the transaction that changes it."""
    return {"now": now(), "actor": current().actor, "allowed": _may_manage}


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


@staff_route(f"{ACCOUNTS}/unlock", may=to("lift locks"), methods=("POST",))
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
    may=MANAGES,
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
                _, token = accounts.add(engine, name=form.name.data, **form.place(), **_acting())
            except AccountError as error:
                elsewhere = (
                    "" if current().everywhere else " Not in your list? Ask an administrator"
                )
                form.name.blame(f"{error}{elsewhere}".rstrip("."))
            else:
                return _invitation(form.title.data, token)
    return _form_page("Make an account", form, status or 422, "Make the account")


@staff_route(ONE, may=OF_ACCOUNT, methods=("GET", "POST"), refills=True, keeps="a changed account")
def change(number: int) -> Answered:
    """Change a name, role or place of work."""
    with live().database() as engine:
        found = accounts.account(engine, number)
        if found is None or found.removed:
            return refuse()
        staff = found.staff
        if request.method != "POST":
            # A centre that was renamed is ticked under the name that it has now.
            own = staff.works_in(live().directory) if staff.centres else ()
            form = PlaceForm(
                formdata=None,
                title=staff.title,
                role=staff.role,
                centres=tuple(sorted(own)),
                footprint=staff.footprint or "",
                panels=tuple(sorted(staff.panels)),
            ).with_places(staff.panels)
            return _form_page(f"Change {staff.title}", form, 200, "Save", found)
        form = PlaceForm().with_places(staff.panels)
        status = form.refused()
        if status is not None:
            return _form_page(f"Change {staff.title}", form, status, "Save", found)
        accounts.change(engine, number, **form.place(), **_acting())
    return redirect(f"{ACCOUNTS}?done=changed", 303)


@staff_route(f"{ONE}/reset", may=OF_ACCOUNT, methods=("POST",))
def reset(number: int) -> Answered:
    """Start again with a new invitation."""
    with live().database() as engine:
        token = accounts.reset(engine, number, **_acting())
        found = accounts.account(engine, number)
    return _invitation(found.staff.title if found else "", token)


@staff_route(f"{ONE}/remove", may=OF_ACCOUNT, methods=("POST",))
def remove(number: int) -> Answered:
    """Remove an account."""
    with live().database() as engine:
        accounts.remove(engine, number, **_acting())
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
    with live().database() as engine:
        families = support.families_of(engine).get(found.staff.id, 0) if found else 0
    return page(
        "staff/account_of.html",
        title,
        status,
        error=status >= 400,
        back=ACCOUNTS,
        form=form,
        button_words=button,
        found=found,
        families=families,
    )


def role_words(staff: Staff) -> str:
    """A role, its places of work and its panels."""
    directory, title = live().directory, TITLES[staff.role]
    titles = [one.title for one in directory.districts if one.slug in staff.panels]
    panels = f"Resource Panel of {joined(titles) or 'no district that there is'}"
    if not staff.panels:
        return _place_words(staff)
    if staff.centres or staff.footprint:
        return f"{_place_words(staff)}, and on the {panels}"
    return f"{title}, {panels}"


def _place_words(staff: Staff) -> str:
    directory, title = live().directory, TITLES[staff.role]
    if staff.everywhere:
        return title
    if staff.footprint is not None:
        areas = [one.title for one in directory.footprints if one.slug == staff.footprint]
        return f"{title} of {', '.join(areas) or 'no footprint that there is'}"
    own = staff.works_in(directory)
    titles = [one.title for one in directory.centres if one.slug in own]
    return f"{title} at {', '.join(titles) or 'no centre that there is'}"


def _state(one: Account) -> str:
    state = one.state(now())
    if state == "ready":
        seen = one.seen.astimezone(LONDON).date() if one.seen else None
        return f"Last signed in on {day_words(seen)}" if seen else "Has not signed in yet"
    if state == "invited":
        return "Invited"
    return "Left" if state == "removed" else "The invitation has expired"
