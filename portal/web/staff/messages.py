"""Messages to families: waiting, sent and failed, with what to do about failures.

A failed message means that a family does not know. So failures come first, with the reason and a
link to the booking, which says how it is safe to reach the family. Families that no message can be
sent to are counted beside them, and listed by `ring`. Staff see only messages of their own centres,
and never the text or an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response as Answered

from portal import messages
from portal.bookings.casework import fold
from portal.database import audit
from portal.directory import asked
from portal.directory.values import LONDON
from portal.messages import Listed
from portal.staff.accounts import Staff
from portal.web import filters
from portal.web.live.context import live
from portal.web.staff.access import FAMILIES, May, current, now, sees, staff_route
from portal.web.staff.ring import RING, families_to_ring
from portal.web.staff.screens import page
from portal.web.staff.sorting import Order, in_order

MESSAGES = "/staff/messages"
SHOWN_FOR = timedelta(days=30)

# What is shown, by its name in the address: its words, and the states that it stands for.
LISTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "failed": ("Not delivered", ("failed",)),
    "owed": ("Waiting to go out", ("owed", "sending")),
    "sent": ("Sent", ("sent",)),
    "rung": ("Told by phone or in person", ("rung",)),
}


def _of_message(staff: Staff, parts: Mapping[str, Any]) -> bool:  # noqa: ARG001  see `sees`
    with live().database() as engine:
        found = messages.about(engine, parts["number"])
    return found is not None and sees(found.series)


OF_MESSAGE = May("staff of the centre of the booking", _of_message)


@staff_route(MESSAGES, may=FAMILIES)
def show() -> Answered:
    """One of the lists; failed messages by default."""
    chosen = request.args.get("show", "failed")
    chosen = chosen if chosen in LISTS else "failed"
    with live().database() as engine:
        since = now() - SHOWN_FOR
        found = {
            name: messages.listed(engine, states, sees, since=since)
            for name, (_, states) in LISTS.items()
        }
        ring = families_to_ring(engine)
    rows, orders = in_order(
        map(_row, found[chosen]),
        Order("newest", "newest"),
        Order("about", "group", lambda row: fold(row["about"])),
        Order("kind", "what it says", lambda row: fold(row["kind"])),
    )
    return page(
        "staff/messages.html",
        "Messages",
        lists=[(name, said, len(found[name])) for name, (said, _) in LISTS.items()],
        chosen=chosen,
        rows=rows,
        orders=orders,
        again=request.args.get("again", ""),
        days=SHOWN_FOR.days,
        ring=len(ring.families),
        ring_whole=ring.whole,
        ring_path=RING,
    )


@staff_route(f"{MESSAGES}/<int(max=2147483647):number>/again", may=OF_MESSAGE, methods=("POST",))
def again(number: int) -> Answered:
    """Try a failed message again. Pressing twice does no harm."""
    with live().database() as engine:
        done = messages.try_again(engine, number, now=now(), actor=current().actor)
    return redirect(f"{MESSAGES}?again={int(done)}", 303)


@staff_route(f"{MESSAGES}/again", may=FAMILIES, methods=("POST",))
def all_again() -> Answered:
    """Try all failed messages of the staff's own centres, after the mail server has been down."""
    with live().database() as engine:
        failed = messages.listed(engine, ("failed",), sees, since=now() - SHOWN_FOR)
        done = [
            messages.try_again(engine, one.message.id, now=now(), actor=current().actor)
            for one in failed
        ]
    return redirect(f"{MESSAGES}?again={sum(done)}", 303)


def _row(one: Listed) -> dict[str, Any]:
    """What the page says of a message."""
    directory = live().directory
    series = directory.find_series(one.series)
    programme = directory.programme(asked.programme_of(one.series))
    about = series.name if series else programme.title if programme else "No longer offered"
    message = one.message
    moment = message.sent or (message.created if message.state == "failed" else message.due)
    lead = {"sent": "Sent", "rung": "Told", "failed": "First tried"}.get(message.state, "Goes out")
    return {
        "id": message.id,
        "kind": audit.MESSAGES.get(message.kind, "A message"),
        "about": f"{about}, {series.centre.title}" if series else about,
        "reference": one.reference,
        "when": f"{lead} {filters.moment_words(moment.astimezone(LONDON))}",
        "trouble": message.trouble or "",
        "failed": message.state == "failed",
    }
