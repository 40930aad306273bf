"""Work that a time-out interrupted: forms sent too late are kept, and saved after signing in.

A form that somebody sends after their visit has ended is kept for the account (`kept_forms`). After
signing in, this page says what was kept, and one press sends it where it was meant to go. It is not
sent by itself: somebody else may have pressed the button of a page that was left open.
"""

from __future__ import annotations

import re

from flask import Response, g, jsonify, redirect, request
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answered
from wtforms import ValidationError

from portal.directory.values import LONDON
from portal.staff import kept_forms, sign_in
from portal.staff.kept_forms import KeptForm
from portal.web import filters
from portal.web.live.context import live
from portal.web.live.forms.family import began_at, stamp
from portal.web.live.screens import check_form
from portal.web.staff import cookie
from portal.web.staff.access import OWN, Route, current, now, staff_route
from portal.web.staff.screens import KEPT, home, page

FIELD = "kept"  # in a form that is sent again


def keep(route: Route, most_fields: int) -> bool:
    """Keep the form of this request if it comes from a visit that has timed out."""
    if not route.keeps:
        return False
    try:
        check_form(most_fields)
        validate_csrf(request.form.get("csrf_token", ""))
    except (HTTPException, ValidationError):
        return False
    with live().database() as engine:
        staff = sign_in.timed_out(engine, cookie.held(), now=now())
        if staff is None or not route.may.enter(staff, request.view_args or {}, "POST"):
            return False
        dropped = {"csrf_token", "started", FIELD}
        key, started = (request.form.get(name, "") for name in ("key", "started"))
        if began_at(key, started, live().secret) is None:
            dropped.add("key")  # not made for this browser, so it must not be signed again
        fields = [
            (name, value) for name, value in request.form.items(multi=True) if name not in dropped
        ]
        kept_forms.keep(
            engine,
            staff.id,
            path=request.full_path.removesuffix("?"),
            what=route.keeps,
            fields=fields,
            now=now(),
        )
    return True


def sent(number: str, answer: Response) -> None:
    """Drop a kept form once it was sent again, unless the portal itself failed."""
    if answer.status_code < 500:
        _drop(number)


def _drop(number: str) -> None:
    if re.fullmatch(r"[0-9]{1,9}", number):
        with live().database() as engine:
            kept_forms.drop(engine, current().id, int(number))


@staff_route(KEPT, may=OWN)
def show() -> Answered:
    """What was kept, each with a button that saves it."""
    with live().database() as engine:
        found = kept_forms.of(engine, current().id, now=now())
    if not found:
        return redirect(home(), 303)
    rows = [(one, filters.clock_of(one.at.astimezone(LONDON)), _fields(one)) for one in found]
    return page("staff/kept.html", "Save your work", rows=rows)


def _fields(form: KeptForm) -> list[tuple[str, str]]:
    """The fields of a kept form; its key is signed for the cookie of this visit."""
    fields = [*form.fields, (FIELD, str(form.id))]
    key = dict(fields).get("key")
    if key is not None:
        fields.append(("started", stamp(key, int(form.at.timestamp()), live().secret)))
    return fields


@staff_route(f"{KEPT}/drop", may=OWN, methods=("POST",))
def drop() -> Answered:
    """Do not save a form."""
    _drop(request.form.get(FIELD, ""))
    with live().database() as engine:
        more = kept_forms.of(engine, current().id, now=now())
    return redirect(KEPT if more else home(), 303)


@staff_route("/staff/stay", may=OWN)
def stay() -> Answered:
    """Go on with a visit, for the script that warns before it ends; the seconds that are left."""
    return jsonify(left=g.visit.left)
