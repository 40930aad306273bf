"""Who may enter each page for staff, and what the signed-in worker may see.

The pages under /staff are an application of their own, closed by default.

How to add a page: write a view in a module of this package, name the module in `app.VIEWS`, and
say who may enter:

    @staff_route("/staff/register/<centre>/<series>/<planned>", may=of_centre("centre"))
    def register(centre: str, series: str, planned: str) -> Response:
        return page("staff/register.html", "Register", rows=...)

`may` is ANYBODY (for signing in alone), SIGNED_IN, of_role("administrator"), of_centre("centre")
where the address names a centre, or a `May` of your own: a function of the Staff and the parts of
the address. A view without `may` is refused when the application is created. People who are not
signed in are sent to sign in, whatever the address; staff who may not enter get 403, which is also
the response for records that do not exist.

Inside a view: `current()` is the Staff, `allowed_centres()` the slugs of the centres that this
person may see (lists are limited to them), `sees(identity)` the same for a booking's series,
`now()` the moment, `live()` the directory and the database: `with live().database() as engine`.
What is read, exported or changed goes into the log by `database.note(connection, now(),
current().actor, action, ...)`; `database.audit` has words for each action. A page with families
also says which they are: `database.log_reading(engine, action, ids, ...)` (S69).

A form extends `forms.StaffForm`; every POST carries its token (`{{ token(csrf) }}` of
staff/_parts.html, or `form.protocol()`), or is refused with 400 before the view. A view made with
`refills=True` is called all the same, and shows the form again: `form.refused()` gives the status.
`keeps="the register"` says in words what the form holds: if it is sent after a visit has timed out,
it is kept, and saved after signing in. Say so for every form with work in it, without passwords.
Templates extend staff/_base.html. The page is in the navigation when `screens.SECTIONS` names it.

Tests: `tests/support/staffed.py` signs in for you.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app, g

from portal.bookings import ASKED_FOR, asked
from portal.staff.accounts import Staff
from portal.staff.sign_in import Visit
from portal.web.live.app import Desk
from portal.web.live.context import live


@dataclass(frozen=True, slots=True)
class May:
    """Who may enter. `allows` is called with the Staff and the parts of the address."""

    words: str
    allows: Callable[[Staff, Mapping[str, Any]], bool]
    strangers: bool = False


ANYBODY = May("anybody", lambda _staff, _parts: True, strangers=True)


SIGNED_IN = May("all signed-in staff", lambda _staff, _parts: True)


def of_role(*roles: str) -> May:
    """Staff who have one of these roles."""
    return May(" or ".join(roles), lambda staff, _parts: staff.role in roles)


def of_centre(part: str = "centre") -> May:
    """Staff who may see the families of the centre that this part of the address names."""

    def allows(staff: Staff, parts: Mapping[str, Any]) -> bool:
        return staff.may_see(str(parts[part]), live().directory)

    return May("staff of the centre", allows)


class Unguarded(RuntimeError):
    """A page for staff was added without saying who may enter it."""


@dataclass(frozen=True, slots=True)
class Route:
    rule: str
    view: Callable[..., Any]
    methods: Sequence[str]
    may: May
    refills: bool
    keeps: str


routes: dict[Callable[..., Any], Route] = {}


def staff_route(
    rule: str,
    *,
    may: May,
    methods: Sequence[str] = ("GET",),
    refills: bool = False,
    keeps: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view of the staff pages at this whole address, for those who `may` enter."""

    def add(view: Callable[..., Any]) -> Callable[..., Any]:
        routes[view] = Route(rule, view, methods, may, refills, keeps)
        return view

    return add


class StaffDesk(Desk):
    """A Flask application that refuses a view that does not say who may enter."""

    def __init__(self) -> None:
        super().__init__("portal", static_folder=None)
        self.guarded: dict[str, Route] = {}  # by endpoint

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        **options: Any,
    ) -> None:
        may = options.pop("may", None)
        refills = options.pop("refills", False)
        keeps = options.pop("keeps", "")
        if not isinstance(may, May) or view_func is None:
            raise Unguarded(f"{rule} does not say who may enter: use staff_route(..., may=...)")
        endpoint = endpoint or f"{view_func.__module__}.{view_func.__name__}".replace(".", "_")
        methods = options.get("methods") or ("GET",)
        self.guarded[endpoint] = Route(rule, view_func, methods, may, refills, keeps)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def may_at(self, rule: str) -> May | None:
        """Who may enter this address, as it is written in its route."""
        return next((one.may for one in self.guarded.values() if one.rule == rule), None)


def this_desk() -> StaffDesk:
    desk = current_app._get_current_object()  # type: ignore[attr-defined]
    assert isinstance(desk, StaffDesk)  # noqa: S101
    return desk


def current() -> Staff:
    """The member of staff who is signed in."""
    found: Visit = g.visit
    return found.staff


def allowed_centres() -> frozenset[str]:
    """The slugs of all centres whose families the member of staff may see."""
    return current().centres_in(live().directory)


def sees(identity: str) -> bool:
    """Whether the member of staff may see the bookings of a series, or requests to a programme as
    such: these do not belong to a centre yet, so the managers of their district assign them."""
    directory = live().directory
    series = directory.find_series(identity)
    if series is not None:
        return current().may_see(series.centre.slug, directory)
    if identity.startswith(ASKED_FOR):
        return sees_district(asked.district_of(identity))
    # The series has gone from the content, but its bookings remain.
    return current().may_see(identity.partition("/")[0], directory)


def sees_district(district: str) -> bool:
    """Whether the member of staff may see what belongs to this district, and to no centre."""
    return current().may_see_district(district, live().directory)


def now() -> datetime:
    """The moment of this request."""
    moment: datetime = g.now
    return moment
