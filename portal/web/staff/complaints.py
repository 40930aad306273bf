"""Complaints about data that wait for an answer, with the day by which each is due."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import complaints
from portal.directory.values import LONDON
from portal.web.live.context import live
from portal.web.staff.access import current, now, of_role, staff_route
from portal.web.staff.screens import page

COMPLAINTS = "/staff/complaints"
MAY = of_role("manager", "administrator")


@staff_route(COMPLAINTS, may=MAY)
def waiting() -> Answered:
    """What is not answered yet, the most urgent first."""
    with live().database() as engine:
        found = complaints.waiting_complaints(engine)
        if found:
            complaints.log_reading(engine, len(found), now=now(), actor=current().actor)
    return page(
        "staff/complaints.html",
        "Complaints about data",
        complaints=found,
        days=complaints.DAYS,
        this=now().astimezone(LONDON).date(),
        done=request.args.get("done", ""),
    )


@staff_route(f"{COMPLAINTS}/<int(max=2147483647):number>/answered", may=MAY, methods=("POST",))
def answered(number: int) -> Answered:
    """Take an answered complaint off the list. Pressing twice does no harm."""
    with live().database() as engine:
        done = complaints.answered(engine, number, now=now(), actor=current().actor)
    return redirect(f"{COMPLAINTS}?done={int(done)}", 303)
