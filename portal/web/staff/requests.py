"""Requests and referrals that wait for an answer, and the waiting lists with their offers."""

from __future__ import annotations

from datetime import date, datetime

from flask import redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import casework, opening, places, waiting_list
from portal.bookings.casework import fold
from portal.bookings.group_messages import of_waiting
from portal.bookings.registers import may_ring, safe_way
from portal.database import log_reading
from portal.directory.values import LONDON, day_words
from portal.web import filters
from portal.web.live.context import live
from portal.web.staff.access import FAMILIES, current, now, of_centre, sees, staff_route
from portal.web.staff.group_messages import sent_to_waiting
from portal.web.staff.register import waiting_path
from portal.web.staff.scope import named, series_at, session_at, thing
from portal.web.staff.screens import page
from portal.web.staff.sorting import Order, in_order


@staff_route("/staff/requests", may=FAMILIES)
def requests() -> Answered:
    with live().database() as engine:
        found = casework.requests(engine, sees)
        ids = [one.id for one in found]
        log_reading(engine, "read requests", ids, now=now(), actor=current().actor)
    cases, orders = in_order(
        (
            (
                one,
                named(one.series),
                thing(one.series)[0],
                _since(one.created),
                _planned(one.planned),
            )
            for one in found
        ),
        Order("waiting", "how long it waits"),
        Order("family", "family", lambda row: fold(row[0].name)),
        Order("group", "group", lambda row: fold(row[1])),
    )
    return page(
        "staff/requests.html",
        "Requests",
        cases=cases,
        orders=orders,
        done=request.args.get("done") == "yes",
    )


def _since(moment: datetime) -> str:
    """How long a family has waited for an answer."""
    days = (now().astimezone(LONDON).date() - moment.astimezone(LONDON).date()).days
    return {0: "Today", 1: "Yesterday"}.get(days, f"{days} days ago")


def _planned(planned: str) -> str:
    return day_words(date.fromisoformat(planned)) if planned else ""


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
