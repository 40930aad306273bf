"""The pages for staff: an application of its own, closed by default, under /staff.

How to add a page: write a view in a module of this package, name the module in `_views`, and say
who may enter:

    @staff_route("/staff/register/<centre>/<series>/<planned>", may=of_centre("centre"))
    def register(centre: str, series: str, planned: str) -> Response:
        return page("staff/register.html", "Register", rows=...)

`may` is ANYBODY (for signing in alone), SIGNED_IN, of_role("administrator"), of_centre("centre")
where the address names a centre, or a `May` of one's own: a function of the Staff and the parts of
the address. Without it there is no view: the application refuses to be made. Who is not signed in
is sent to sign in, whatever the address; who may not enter gets 403, also where there is nothing.

Inside a view: `current()` is the Staff, `allowed_centres()` the slugs she may see (a list of
anything is cut down to them), `sees(identity)` the same of a booking's series, `now()` the moment,
`live()` the directory and the database: `with live().database() as engine`. What is read, exported
or changed goes into the log by `tables.note(connection, now(), current().actor, deed, ...)`, and
`labels` has words for each deed.

A form extends `forms.StaffForm`; every POST carries its token (`{{ token(csrf) }}` of
staff/_parts.html, or `form.protocol()`), or is refused with 400 before the view. A view made with
`refills=True` is called all the same, and shows the form again: `form.refused()` gives the status.
Templates extend staff/_base.html. The page appears in the navigation when it is in `SECTIONS`.

Tests: `tests/staffed.py` signs in for you.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, abort, current_app, g, make_response, redirect, request
from flask_wtf.csrf import generate_csrf, validate_csrf
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from wtforms import ValidationError

from portal.bookings import ASKED_FOR
from portal.settings import Settings
from portal.staff import accounts, sign_in
from portal.staff.accounts import Staff
from portal.staff.sign_in import Visit
from portal.web.layout import Frame, Head
from portal.web.live.app import Current, Desk, Frames, fault_answer, london_now
from portal.web.live.context import Away, Live, live
from portal.web.live.screens import check_form
from portal.web.staff import cookie
from portal.web.templating import environment

# A register of a large group is one form.
_LONGEST_FORM = 256 * 1024
_MOST_FIELDS = 1000

SIGN_IN = "/staff/sign-in"
ACCOUNT = "/staff/account"
HOME = "/staff/"
LASTING = "public, max-age=31536000, immutable"  # of the one file that is no page
_ON_THE_WAY = (SIGN_IN, "/staff/second-factor", "/staff/sign-out", "/staff/welcome")

# The navigation, in its order. Each is shown where there is such a page and its `may` allows it.
SECTIONS = (
    (HOME, "Today"),
    ("/staff/requests", "Requests"),
    ("/staff/bookings", "Bookings"),
    ("/staff/messages", "Messages"),
    ("/staff/counts", "Counts"),
    ("/staff/log", "Log"),
    ("/staff/accounts", "Accounts"),
    (ACCOUNT, "Your account"),
)


# --- who may enter --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class May:
    """Who may enter. `allows` is asked with the Staff and the parts of the address."""

    words: str
    allows: Callable[[Staff, Mapping[str, Any]], bool]
    strangers: bool = False


ANYBODY = May("anybody", lambda _staff, _parts: True, strangers=True)
SIGNED_IN = May("whoever is signed in", lambda _staff, _parts: True)


def of_role(*roles: str) -> May:
    """Whoever has one of these roles."""
    return May(" or ".join(roles), lambda staff, _parts: staff.role in roles)


def of_centre(part: str = "centre") -> May:
    """Whoever may see the families of the centre that this part of the address names."""

    def allows(staff: Staff, parts: Mapping[str, Any]) -> bool:
        return staff.may_see(str(parts[part]), live().directory)

    return May("whoever works at the centre", allows)


class Unguarded(RuntimeError):
    """A page for staff was added without a word about who may enter it."""


# --- the application ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Route:
    rule: str
    view: Callable[..., Any]
    methods: Sequence[str]
    may: May
    refills: bool


_routes: dict[Callable[..., Any], _Route] = {}


def staff_route(
    rule: str, *, may: May, methods: Sequence[str] = ("GET",), refills: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view of the staff pages at this whole address, for those who `may` enter."""

    def add(view: Callable[..., Any]) -> Callable[..., Any]:
        _routes[view] = _Route(rule, view, methods, may, refills)
        return view

    return add


class StaffDesk(Desk):
    """A Flask application that takes no view without a word about who may enter."""

    def __init__(self) -> None:
        super().__init__("portal", static_folder=None)
        self.doors: dict[str, _Route] = {}  # by endpoint

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
        if not isinstance(may, May) or view_func is None:
            raise Unguarded(f"{rule} does not say who may enter: use staff_route(..., may=...)")
        endpoint = endpoint or f"{view_func.__module__}.{view_func.__name__}".replace(".", "_")
        methods = options.get("methods") or ("GET",)
        self.doors[endpoint] = _Route(rule, view_func, methods, may, refills)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def door_at(self, rule: str) -> May | None:
        """Who may enter this address, as it is written in its route."""
        return next((one.may for one in self.doors.values() if one.rule == rule), None)


def create_staff(
    published: Current,
    settings: Settings,
    *,
    clock: Callable[[], datetime] = london_now,
    beside: Live | None = None,
) -> Flask:
    """The pages for staff; `beside` is the Live of the desk, whose database connections it shares.

    Raises Unguarded where a view does not say who may enter.
    """
    _views()
    from portal.web.staff import council_sign_in

    desk = StaffDesk()
    desk.config["MAX_CONTENT_LENGTH"] = _LONGEST_FORM
    desk.config["MAX_FORM_PARTS"] = _MOST_FIELDS
    frames = Frames(published, StaffFrame)
    found = Live(frames.now, settings, clock, beside=beside)
    found.begin(desk)
    desk.config["provider"] = council_sign_in.provider_of(settings)
    desk.session_interface = cookie.Cookies(found.secret)
    for one in _routes.values():
        desk.add_url_rule(
            one.rule, view_func=one.view, methods=one.methods, may=one.may, refills=one.refills
        )
    desk.before_request(_guard)

    @desk.after_request
    def keep_nowhere(answer: Response) -> Response:
        if answer.headers.get("Cache-Control") != LASTING:
            answer.headers["Cache-Control"] = "no-store"
        return answer

    @desk.errorhandler(sign_in.Wait)
    def too_many(error: sign_in.Wait) -> Response:
        return wait(error.seconds)

    @desk.errorhandler(accounts.AccountError)
    def not_done(error: accounts.AccountError) -> Response:
        return explain("We could not do that", str(error), status=409, back=home())

    @desk.errorhandler(Away)
    def away(error: Away) -> Any:
        try:
            return explain(
                "We cannot reach the bookings just now",
                "Try again in a minute. Nothing that was saved is lost.",
                status=503,
                retry_after=60,
            )
        except ServiceUnavailable:
            return fault(error)

    @desk.errorhandler(HTTPException)
    def fault(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        return fault_answer(error, frames.fault(error.code))

    return desk


def _views() -> None:
    """Import the modules whose views there are."""
    from portal.web.staff import (  # noqa: F401
        accounts,
        bookings,
        counts,
        log,
        messages,
        my_account,
        register,
        requests,
        sign_in,
        style_sheet,
        today,
    )


# --- the guard ------------------------------------------------------------------------------------


def _guard() -> Any:
    """Before every request, whatever its address: who asks, by which way, and may she?"""
    if not cookie.safe():
        return explain(
            "Open this page by https",
            "Staff sign in over a safe connection alone. Put https:// before the address.",
            "For whoever runs the portal: where a proxy stands in front, set PORTAL_PROXIES.",
            status=403,
        )
    desk = _desk()
    door = desk.doors.get(request.endpoint or "")
    g.now = live().now
    g.foreign = False
    with live().database() as engine:
        g.visit = sign_in.visit(engine, cookie.held(), now=g.now)
    signed_in = g.visit is not None and g.visit.whole
    if door is None or not door.may.strangers:
        if not signed_in:
            again = door is None or "GET" in door.methods
            return redirect(f"{SIGN_IN}?next={quote(request.path)}" if again else SIGN_IN, 303)
        if door is None:
            return None  # Flask answers 404 or 405
        if not door.may.allows(g.visit.staff, request.view_args or {}):
            return refuse()
    check_form(_MOST_FIELDS)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        try:
            once = len(request.form.getlist("csrf_token")) == 1
            validate_csrf(request.form["csrf_token"] if once else "")
            g.csrf_valid = True  # not to be worked out again by the form
        except ValidationError:
            g.foreign = True
            if not door.refills:
                abort(400)
    return None


def _desk() -> StaffDesk:
    desk = current_app._get_current_object()  # type: ignore[attr-defined]
    assert isinstance(desk, StaffDesk)  # noqa: S101
    return desk


def current() -> Staff:
    """Who is signed in."""
    found: Visit = g.visit
    return found.staff


def allowed_centres() -> frozenset[str]:
    """The slugs of all centres whose families she may see."""
    return current().centres_in(live().directory)


def sees(identity: str) -> bool:
    """Whether she may see the bookings of a series, or of requests to a programme as such: these
    belong to no centre yet, so that managers give them to one."""
    directory = live().directory
    series = directory.find_series(identity)
    if series is not None:
        return current().may_see(series.centre.slug, directory)
    if identity.startswith(ASKED_FOR):
        return current().role in ("manager", "administrator")
    # A series that is gone from the content, with bookings that are not.
    return current().may_see(identity.partition("/")[0], directory)


def now() -> datetime:
    """The moment at which this was asked."""
    moment: datetime = g.now
    return moment


# --- answers --------------------------------------------------------------------------------------


class StaffFrame(Frame):
    """The frame of a page for staff: who is signed in, and where she can go."""

    def header(self, head: Head) -> Markup:
        found: Visit | None = g.get("visit")
        staff = found.staff if found and found.whole else None
        sections = []
        for path, words in SECTIONS if staff else ():
            may = _desk().door_at(path)
            if may and staff and may.allows(staff, {}):
                sections.append((path, words))
        text = (
            environment()
            .get_template("staff/_header.html")
            .render(
                site=self.site,
                staff=staff,
                sections=sections,
                section=head.section,
                current="page" if head.path == head.section else "true",
                csrf=generate_csrf,
            )
        )
        return Markup(text)  # noqa: S704  a template that escapes


def page(
    template: str,
    title: str,
    status: int = 200,
    *,
    error: bool = False,
    back: str = "",
    **given: Any,
) -> Response:
    """A page for staff. `back` is where its back link leads."""
    inside = [path for path, _ in SECTIONS if path != HOME and request.path.startswith(path)]
    section = max(inside, key=len, default=HOME if request.path == HOME else "")
    head = Head(title=title, path=request.path, section=section, live=True, error=error)
    return make_response(
        live().frame.render(template, head, back=back, csrf=generate_csrf, **given), status
    )


def explain(
    title: str,
    *paragraphs: str,
    status: int = 200,
    back: str = "",
    retry_after: int | None = None,
) -> Response:
    """A page of words alone."""
    answer = page("staff/explain.html", title, status, back=back, paragraphs=paragraphs)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def refuse() -> Response:
    """Not for her, or not there: nobody can tell which."""
    return explain(
        "You cannot open this page",
        "It belongs to a centre that is not yours, or it is not there any more.",
        "Do you need it for your work? Ask your manager.",
        status=403,
        back=home(),
    )


def wait(seconds: int) -> Response:
    """Too many tries."""
    minutes = -(-seconds // 60)
    return explain(
        "Wait a little, and try again",
        "There were many tries in a short time. So there is a pause now, to keep families safe.",
        f"Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}.",
        status=429,
        retry_after=seconds,
    )


def home() -> str:
    """Where one begins after signing in."""
    return HOME if _desk().door_at(HOME) else ACCOUNT


def onward(asked: str | None) -> str:
    """The page that was asked for before signing in, where it is a path of the staff pages."""
    asked = asked or ""
    signs = all("!" <= sign <= "~" and sign not in "\\?#%" for sign in asked)
    strange = "//" in asked or ".." in asked or not signs
    if strange or not asked.startswith(HOME) or asked.startswith(_ON_THE_WAY):
        return home()
    return asked
