"""Counting the people whom workers speak to on outreach, on a phone, without names.

Each press of a button is a form of its own, so that the page works without scripts. With scripts
the page counts by itself and sends what has come together, with a key for each time: what is sent
again after a bad signal counts once (S99).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence

from flask import g, redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import contacts
from portal.bookings.contacts import COUNTERS, MOST, Counter
from portal.directory import Session
from portal.web.live.context import live
from portal.web.staff.access import current, now, of_centre, staff_route
from portal.web.staff.forms import NOT_YOURS
from portal.web.staff.register import path_of as register_path
from portal.web.staff.scope import attempt, session_at
from portal.web.staff.screens import explain, page

_KEY = re.compile(r"[\w-]{16,64}", re.ASCII)
_CHANGE = re.compile(r"([a-z]+:[a-z-]*):(-?\d{1,3})", re.ASCII)
_BUTTONS: Mapping[str, int] = {"more": 1, "less": -1}


def path_of(session: Session) -> str:
    """The address where the contacts of a session are counted."""
    return f"/staff/contacts/{session.series.identity}/{session.anchor}"


@staff_route(
    "/staff/contacts/<centre>/<series>/<planned>",
    may=of_centre("centre"),
    methods=("GET", "POST"),
    refills=True,
    keeps="the count",
)
def count(centre: str, series: str, planned: str) -> Answered:
    session = session_at(centre, series, planned)
    foreign = request.method == "POST" and g.foreign
    if not contacts.is_counted(session):
        return explain(
            "Contacts are counted on outreach",
            f"{session.series.name} is not outreach. Count who comes on its register.",
            status=400 if foreign else 404,
            back=register_path(session),
        )
    if request.method == "GET":
        return _show(session)
    if foreign:
        return _show(session, 400, problems=[("", NOT_YOURS)])
    key, changes = request.form.get("key", ""), _changes()
    if not _KEY.fullmatch(key) or not changes:
        return _show(session, 422, problems=[("", "Nothing was counted. Press + or − again")])

    def verb() -> None:
        with live().database() as engine:
            contacts.add(engine, session, changes, key=key, now=now(), actor=current().actor)

    refused = attempt(verb, path_of(session))
    return refused if refused is not None else redirect(path_of(session), 303)


def _changes() -> dict[Counter, int]:
    """What to add to each counter: one for a button, or what a script has counted."""
    pressed = [
        (name, by) for button, by in _BUTTONS.items() for name in request.form.getlist(button)
    ]
    written = _CHANGE.findall(request.form.get("changes", ""))
    found: dict[Counter, int] = {}
    for name, by in (*pressed, *((name, int(by)) for name, by in written)):
        if counter := contacts.counter_named(name):
            found[counter] = max(-MOST, min(found.get(counter, 0) + by, MOST))
    return {counter: by for counter, by in found.items() if by}


def _show(
    session: Session, status: int = 200, *, problems: Sequence[tuple[str, str]] = ()
) -> Answered:
    with live().database() as engine:
        found = contacts.of(engine, session)
    usual = contacts.usual(session.series)
    return page(
        "staff/contacts.html",
        f"Contacts: {session.series.name}",
        status,
        error=bool(problems),
        back=register_path(session),
        series=session.series,
        session=session,
        contacts=found,
        usual=usual,
        others=tuple(one for one in COUNTERS if one not in usual),
        closed=contacts.refusal(session, now()),
        key=secrets.token_urlsafe(16),
        most=MOST,
        problems=problems,
    )
