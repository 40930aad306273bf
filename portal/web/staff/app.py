"""The Flask application of the pages for staff, and the check before each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, abort, g, redirect, request
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from wtforms import ValidationError

from portal.directory import Directory
from portal.directory.addresses import UPLOADED
from portal.editing.content_drafts import DraftError
from portal.editing.files import EditingError
from portal.errors import PortalError
from portal.settings import Settings
from portal.staff.accounts import AccountError
from portal.staff.sign_in import visit
from portal.staff.tries import Wait
from portal.web.live.app import Current, Frames, fault_answer, london_now
from portal.web.live.context import Away, Live, live
from portal.web.live.screens import check_form
from portal.web.staff import (
    accounts,
    bookings,
    case_plan,
    closed_day,
    complaints,
    consultations,
    contacts,
    cookie,
    council_sign_in,
    counts,
    coverage,
    date_changes,
    demand,
    desk,
    group_messages,
    here,
    kept,
    log,
    messages,
    my_account,
    panel,
    panel_projects,
    panel_themes,
    queues,
    register,
    reports,
    ring,
    sign_in,
    style_sheet,
    today,
    weeks,
)
from portal.web.staff.access import Route, StaffDesk, routes, this_desk
from portal.web.staff.content import (
    clash,
    editing,
    history,
    listing,
    new,
    photo,
    preview,
    publish,
    term,
)
from portal.web.staff.screens import LASTING, SIGN_IN, StaffFrame, explain, home, refuse, wait

# The modules with views: importing them declares their routes.
VIEWS = (
    accounts,
    bookings,
    case_plan,
    clash,
    closed_day,
    complaints,
    consultations,
    contacts,
    council_sign_in,
    counts,
    coverage,
    date_changes,
    demand,
    desk,
    editing,
    group_messages,
    here,
    history,
    kept,
    listing,
    log,
    messages,
    my_account,
    new,
    panel,
    panel_projects,
    panel_themes,
    photo,
    preview,
    publish,
    queues,
    register,
    reports,
    ring,
    sign_in,
    style_sheet,
    term,
    today,
    weeks,
)

# The page of the public site at a path, for a directory; None if there is none.
SitePage = Callable[[Directory, str, Mapping[Path, str]], str | None]

# A register of a large group is one form.
_LONGEST_FORM = 256 * 1024


_MOST_FIELDS = 1000


def create_staff(
    published: Current,
    settings: Settings,
    *,
    clock: Callable[[], datetime] = london_now,
    beside: Live | None = None,
    site_page: SitePage = lambda _directory, _path, _pictures: None,
) -> Flask:
    """The pages for staff; `beside` is the Live of the live pages, to share database connections.

    `site_page` renders a page of the public site, for previews of drafts, with pictures at the
    addresses it is given. Raises Unguarded if a view does not say who may enter.
    """
    desk = StaffDesk()
    desk.config["MAX_CONTENT_LENGTH"] = _LONGEST_FORM
    desk.config["MAX_FORM_PARTS"] = _MOST_FIELDS
    frames = Frames(published, StaffFrame)
    found = Live(frames.now, settings, clock, beside=beside)
    found.begin(desk)
    desk.config["site_page"] = site_page
    desk.config["provider"] = council_sign_in.provider_of(settings)
    desk.session_interface = cookie.Cookies(found.secret)
    for one in routes.values():
        desk.add_url_rule(
            one.rule,
            view_func=one.view,
            methods=one.methods,
            may=one.may,
            refills=one.refills,
            keeps=one.keeps,
            uploads=one.uploads,
        )
    desk.before_request(_guard)

    @desk.after_request
    def drop_kept(answer: Response) -> Response:
        if number := g.get("kept_id"):
            kept.sent(number, answer)
        return answer

    @desk.after_request
    def keep_nowhere(answer: Response) -> Response:
        if answer.headers.get("Cache-Control") != LASTING:
            answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    @desk.errorhandler(Wait)
    def too_many(error: Wait) -> Response:
        return wait(error.seconds)

    @desk.errorhandler(AccountError)
    @desk.errorhandler(DraftError)
    @desk.errorhandler(EditingError)
    def not_done(error: PortalError) -> Response:
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
        if error.code == 403 and g.get("visit") is not None:
            return refuse()
        return fault_answer(error, frames.fault(error.code))

    return desk


def _to_sign_in(route: Route | None) -> Any:
    """Send a stranger to sign in, and keep the form of a visit that has timed out."""
    asked = f"?next={quote(request.path)}" if route is None or "GET" in route.methods else ""
    if route is not None and request.method == "POST" and kept.keep(route, _MOST_FIELDS):
        asked = f"{asked}&kept" if asked else "?kept"
    return redirect(f"{SIGN_IN}{asked}", 303)


def _guard() -> Any:
    """Before every request: check who is signed in, that the connection is safe, and access."""
    desk = this_desk()
    route = desk.guarded.get(request.endpoint or "")
    g.now, g.foreign, g.visit = live().now, False, None
    if route is not None and route.view is style_sheet.sheet:
        return None  # the same for everybody, and the page that refuses looks right too
    arrives = route is not None and route.view is here.arrive and cookie.near()
    if not (cookie.safe() or arrives):
        return explain(
            "Open this page by https",
            "Staff sign in over a safe connection alone. Put https:// before the address.",
            "For the person who runs the portal: if there is a proxy in front, set PORTAL_PROXIES. "
            "To sign in on the machine itself, open the link that `portal staff here` prints.",
            status=403,
        )
    with live().database() as engine:
        g.visit = visit(engine, cookie.held(), now=g.now)
    signed_in = g.visit is not None and g.visit.whole
    if route is None or not route.may.strangers:
        if not signed_in:
            return _to_sign_in(route)
        if route is None:
            return None  # Flask answers 404 or 405
        if not route.may.enter(g.visit.staff, request.view_args or {}, request.method):
            return refuse()
    if route.uploads and request.mimetype == "multipart/form-data":
        request.max_content_length = UPLOADED
    else:
        check_form(_MOST_FIELDS)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        try:
            once = len(request.form.getlist("csrf_token")) == 1
            validate_csrf(request.form["csrf_token"] if once else "")
            g.kept_id = request.form.get(kept.FIELD, "") if signed_in else ""
        except ValidationError:
            g.foreign = True
            if not route.refills:
                abort(400)
    return None
