"""Ring these families: those that no message reaches, with how, what to say, and who has told them.

What a family must know and no message can tell it stays on this list until somebody has told it, or
it is over (S68). Families that are not to be contacted are listed apart, without their number: they
are told if they come or ring (S5).
"""

from __future__ import annotations

import re

from flask import redirect, request
from sqlalchemy import Engine
from werkzeug.wrappers import Response as Answered

from portal.bookings import ring_list
from portal.bookings.casework import Case
from portal.bookings.registers import safe_way
from portal.bookings.ring_list import Line, RingList
from portal.web.live.context import live
from portal.web.staff.access import FAMILIES, current, now, sees, staff_route
from portal.web.staff.scope import case, named, of_booking, thing
from portal.web.staff.screens import page

RING = "/staff/ring"


def families_to_ring(engine: Engine) -> RingList:
    """The families on the list of the member of staff."""
    return ring_list.to_ring(engine, live().directory, live().settings, sees, now=now())


@staff_route(RING, may=FAMILIES)
def ring() -> Answered:
    """The families to ring, the soonest session first; then those not to be contacted."""
    with live().database() as engine:
        listed = families_to_ring(engine)
        ring_list.log_reading(engine, listed.families, now=now(), actor=current().actor)
    return page(
        "staff/ring.html",
        "Ring these families",
        listed=[one for one in listed.families if not one.quiet],
        quiet=[one for one in listed.families if one.quiet],
        whole=listed.whole,
        named=named,
        sensitive=_sensitive,
        safe_way=safe_way,
        done=request.args.get("done", ""),
        ticked=request.args.get("ticked", ""),
        last=_number(request.args.get("last", "")),
    )


def _sensitive(line: Line) -> bool:
    """Whether what was booked is sensitive, or gone from the content and may have been."""
    programme = thing(line.case.series)[1]
    return programme is None or programme.sensitive


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def _of_family(engine: Engine, one: Case) -> list[Case]:
    return ring_list.of_family(engine, one, live().secret, sees)


@staff_route(f"{RING}/<reference>", may=of_booking(), methods=("POST",))
def told(reference: str) -> Answered:  # noqa: ARG001  the guard has read it
    """Tick a family that has been told. Pressing twice does no harm."""
    one, last = case(), _number(request.form.get("last", ""))
    with live().database() as engine:
        cases = _of_family(engine, one)
        done = ring_list.rung(engine, cases, last, now=now(), actor=current().actor)
    again = f"&ticked={one.reference}&last={last}" if done else ""
    return redirect(f"{RING}?done={int(done)}{again}", 303)


@staff_route(f"{RING}/<reference>/not-told", may=of_booking(), methods=("POST",))
def not_told(reference: str) -> Answered:  # noqa: ARG001
    """Take back one's own tick."""
    last = _number(request.form.get("last", ""))
    with live().database() as engine:
        cases = _of_family(engine, case())
        ring_list.not_rung(engine, cases, last, now=now(), actor=current().actor)
    return redirect(RING, 303)
