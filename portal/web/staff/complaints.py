"""Complaints about data that wait for an answer, with the day by which each is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import complaints
from portal.directory.values import LONDON
from portal.staff.accounts import Staff
from portal.web.live.context import live
from portal.web.staff.access import current, now, sees_district, staff_route, to
from portal.web.staff.screens import page

COMPLAINTS = "/staff/complaints"
MAY = to("answer complaints")


@staff_route(COMPLAINTS, may=MAY)
def waiting() -> Answered:
    """What is not answered yet, the most urgent first."""
    with live().database() as engine:
        found = complaints.waiting_complaints(engine, sees_district)
        complaints.log_reading(engine, found, now=now(), actor=current().actor)
    return page(
        "staff/complaints.html",
        "Complaints about data",
        complaints=found,
        days=complaints.DAYS,
        districts={one.slug: one.title for one in live().directory.districts},
        this=now().astimezone(LONDON).date(),
        done=request.args.get("done", ""),
    )


def _of_complaint(_staff: Staff, parts: Mapping[str, Any]) -> bool:
    with live().database() as engine:
        found = complaints.with_number(engine, parts["number"])
    return found is not None and sees_district(found.district)


OF_COMPLAINT = replace(MAY, words="managers of the district", allows=_of_complaint)


@staff_route(
    f"{COMPLAINTS}/<int(max=2147483647):number>/answered", may=OF_COMPLAINT, methods=("POST",)
)
def answered(number: int) -> Answered:
    """Take an answered complaint off the list. Pressing twice does no harm."""
    with live().database() as engine:
        done = complaints.answered(engine, number, now=now(), actor=current().actor)
    return redirect(f"{COMPLAINTS}?done={int(done)}", 303)
