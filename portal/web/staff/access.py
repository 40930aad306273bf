"""Who may enter each page for staff, and what the signed-in worker may see.

The pages under /staff are an application of their own, closed by default.

How to add a page: write a view in a module of this package, name the module in `app.VIEWS`, and
say who may enter:

    @staff_route("/staff/register/<centre>/<series>/<planned>", may=of_centre("centre"))
    def register(centre: str, series: str, planned: str) -> Response:
        return page("staff/register.html", "Register", rows=...)

`may` names permissions of `portal.staff.roles.PERMISSIONS`, one to read the page and one to send
its forms: by default "see families" and "change families". So a page is closed to editors, and its
forms to readers, unless it says otherwise. There are ANYBODY (for signing in alone), OWN (their own
account), FAMILIES, to("read the log"), of_centre("centre") and of_content("centre") where the
address names a centre, of_panel("district") where it names the district of a Resource Panel, or a
`May` of your own: a function of the Staff and the parts of the address. `form_page(...)` is for a
page that is nothing but a form: only those who may send it may open it. A view without `may` is
refused when the application is created. People who are not signed in are sent to sign in, whatever
the address; staff who may not enter get 403, which is also the response for records that do not
exist. Templates show buttons that change something if `writes`.

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
`uploads=True` lets a form bring a file, up to `addresses.UPLOADED`.
Templates extend staff/_base.html. The page is in the navigation when `screens.SECTIONS` names it.

Tests: `tests/support/staffed.py` signs in for you.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import IO, Any

from flask import current_app, g

from portal.bookings import ASKED_FOR
from portal.directory import asked
from portal.staff.accounts import Staff
from portal.staff.roles import Permission
from portal.staff.sign_in import Visit
from portal.web.live.app import Desk, PageRequest
from portal.web.live.context import live


@dataclass(frozen=True, slots=True)
class May:
    """Who may enter: staff with a permission, if `allows` is true of them and of the parts of the
    address. None needs no permission."""

    words: str
    allows: Callable[[Staff, Mapping[str, Any]], bool]
    strangers: bool = False
    reads: Permission | None = "see families"
    changes: Permission | None = "change families"

    def enter(self, staff: Staff, parts: Mapping[str, Any], method: str = "GET") -> bool:
        """Whether this person may make a request with this method."""
        needed = self.reads if method in READING else self.changes
        return (needed is None or staff.may(needed)) and self.allows(staff, parts)


READING = ("GET", "HEAD", "OPTIONS")


def _always(_staff: Staff, _parts: Mapping[str, Any]) -> bool:
    return True


ANYBODY = May("anybody", _always, strangers=True, reads=None, changes=None)

OWN = May("all signed-in staff, about themselves", _always, reads=None, changes=None)

FAMILIES = May("staff who see families", _always)


def to(permission: Permission) -> May:
    """Staff who may do this, to read the page and to send its forms."""
    return May(f"staff who may {permission}", _always, reads=permission, changes=permission)


def form_page(may: May) -> May:
    """The same for a page that is nothing but a form: only those who may send it may open it."""
    return replace(may, reads=may.changes)


def of_centre(part: str = "centre") -> May:
    """Staff who may see the families of the centre that this part of the address names."""

    def allows(staff: Staff, parts: Mapping[str, Any]) -> bool:
        return staff.may_see(str(parts[part]), live().directory)

    return May("staff of the centre", allows)


def of_content(part: str = "centre") -> May:
    """Staff who may change the pages of the centre that this part of the address names."""

    def allows(staff: Staff, parts: Mapping[str, Any]) -> bool:
        return staff.may_edit(str(parts[part]), live().directory)

    return replace(to("edit content"), words="editors of the centre", allows=allows)


def of_panel(part: str = "district") -> May:
    """Staff who sit on the Resource Panel of the district that this part of the address names."""

    def allows(staff: Staff, parts: Mapping[str, Any]) -> bool:
        return staff.sits_on(str(parts[part]), live().directory)

    return replace(to("sit on a panel"), words="members of the panel", allows=allows)


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
    uploads: bool


routes: dict[Callable[..., Any], Route] = {}


def staff_route(
    rule: str,
    *,
    may: May,
    methods: Sequence[str] = ("GET",),
    refills: bool = False,
    keeps: str = "",
    uploads: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view of the staff pages at this whole address, for those who `may` enter."""

    def add(view: Callable[..., Any]) -> Callable[..., Any]:
        routes[view] = Route(rule, view, methods, may, refills, keeps, uploads)
        return view

    return add


class InMemory(PageRequest):
    """A request whose files stay in memory: a photo is not left on a disk as it came."""

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return BytesIO()


class StaffDesk(Desk):
    """A Flask application that refuses a view that does not say who may enter."""

    request_class = InMemory

    def __init__(self) -> None:
        super().__init__("portal", static_folder=None)
        self.url_map.strict_slashes = False  # people type a slash at the end
        self.guarded: dict[str, Route] = {}  # by endpoint
        self._may: dict[str, May] = {}  # by rule

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
        uploads = options.pop("uploads", False)
        if not isinstance(may, May) or view_func is None:
            raise Unguarded(f"{rule} does not say who may enter: use staff_route(..., may=...)")
        endpoint = endpoint or f"{view_func.__module__}.{view_func.__name__}".replace(".", "_")
        methods = options.get("methods") or ("GET",)
        self.guarded[endpoint] = Route(rule, view_func, methods, may, refills, keeps, uploads)
        self._may.setdefault(rule, may)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def may_at(self, rule: str) -> May | None:
        """Who may enter this address, as it is written in its route."""
        return self._may.get(rule)


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
    such: if they do not belong to a centre yet, the managers of their district assign them."""
    directory = live().directory
    series = directory.find_series(identity)
    if series is not None:
        return current().may_see(series.centre.slug, directory)
    if identity.startswith(ASKED_FOR):
        centre = directory.find_centre(asked.centre_of(identity))
        here = centre is not None and current().may_see(centre.slug, directory)
        return here or sees_district(asked.district_of(identity))
    # The series has gone from the content, but its bookings remain.
    return current().may_see(identity.partition("/")[0], directory)


def sees_district(district: str) -> bool:
    """Whether the member of staff may see what belongs to this district, and to no centre."""
    return current().may_see_district(district, live().directory)


def writes() -> bool:
    """Whether somebody is signed in who may change what they see of families."""
    found: Visit | None = g.get("visit")
    return found is not None and found.whole and found.staff.may("change families")


def now() -> datetime:
    """The moment of this request."""
    moment: datetime = g.now
    return moment
