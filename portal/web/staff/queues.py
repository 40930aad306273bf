"""The waiting lists with their offers."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import casework, opening, places, waiting_list
from portal.bookings.casework import fold
from portal.bookings.group_messages import of_waiting
from portal.bookings.registers import may_ring, safe_way
from portal.database import log_reading
from portal.directory.values import LONDON
from portal.web import filters
from portal.web.live.context import live
from portal.web.staff.access import FAMILIES, current, now, of_centre, sees, staff_route
from portal.web.staff.group_messages import sent_to_waiting
from portal.web.staff.register import waiting_path
from portal.web.staff.scope import series_at, session_at, thing
from portal.web.staff.screens import page
from portal.web.staff.sorting import Order, in_order


@staff_route("/staff/waiting", may=FAMILIES)
def queues() -> Answered:
    with live().database() as engine:
        found = casework.queues(engine, sees)
    lists = []
    for identity, planned, waiting, offered in found:
        series = thing(identity)[0]
        if series is None:
            continue
        session = opening.booked_session(series, planned)
        if (session and session.open_until <= now()) or not series.next_sessions(now()):
            continue
        lists.append((series, session, waiting_path(series, planned), waiting, offered))
    lists, orders = in_order(
        lists,
        Order("group", "group", lambda row: fold(row[0].name)),
        Order("centre", "centre", lambda row: fold(row[0].centre.title)),
        Order("waiting", "how many wait", lambda row: row[3], falling=True),
    )
    return page("staff/queues.html", "Waiting lists", lists=lists, orders=orders)


@staff_route("/staff/waiting/<centre>/<series>", may=of_centre("centre"), methods=("GET", "POST"))
def queue(centre: str, series: str) -> Answered:
    """Families with an offer and families waiting. The button offers free places to the next."""
    found = series_at(centre, series)
    planned = request.args.get("session", "")
    session = session_at(centre, series, planned) if planned else None
    path = waiting_path(found, planned)
    directory = live().directory
    if request.method == "POST":
        with live().database() as engine:
            waiting_list.offer(engine, directory, found.identity, planned, now=now())
        return redirect(path, 303)
    with live().database() as engine:
        cases = casework.queue(engine, found, planned)
        in_creche = casework.creche_queue(engine, found, planned)
        log_reading(
            engine,
            "read waiting list",
            [one.id for one in (*cases, *in_creche)],
            now=now(),
            actor=current().actor,
            series=found.identity,
            planned=planned,
        )
        left = places.unheld(engine, found, session)
    return page(
        "staff/queue.html",
        "Waiting list",
        back="/staff/waiting",
        series=found,
        session=session,
        path=path,
        cases=cases,
        creche=in_creche,
        left=left,
        places=places.places_of(found),
        until={
            one.id: filters.moment_words(one.offered_until.astimezone(LONDON))
            for one in cases
            if one.offered_until
        },
        now=now(),
        safe_way=safe_way,
        may_ring=may_ring,
        notices=sent_to_waiting(of_waiting(found, planned)),
    )
