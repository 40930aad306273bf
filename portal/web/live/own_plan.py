"""`/bookings/<link>/plan`: a family's copy of its plan, to print or keep.

It holds the words of the family and days, and names nobody: who finds the sheet learns neither who
the family is nor who helps it.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort

from portal.bookings import support, support_plans
from portal.directory.values import LONDON
from portal.web.live import own_case
from portal.web.live.context import live
from portal.web.live.own_booking import own_booking
from portal.web.live.screens import head, page

pages = Blueprint("own_plan", __name__, url_prefix="/bookings/<link>")


@pages.get("/plan")
def copy(link: str) -> Response:
    """The plan on one sheet; without a plan, the answer that every wrong link gets (S23)."""
    own, found = own_booking(link), live()
    with found.database() as engine:
        plan = support_plans.plan_for_family(engine, own.booking.id)
        case = support.case_of(engine, own.booking.id)
    if plan is None:
        abort(404)
    return page(
        "live/plan.html",
        head("Your plan", f"{own.path}/plan"),
        own=own,
        plan=plan,
        ask_worker=own_case.asking(case, discreet=own.discreet),
        this=found.now.astimezone(LONDON).date(),
    )
