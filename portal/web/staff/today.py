"""The first page after signing in: the day's sessions at the user's centres, and what waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from flask import redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import casework, complaints, contacts, opening, places, registers, support
from portal.bookings.casework import fold
from portal.directory import District, Session
from portal.directory.values import LONDON
from portal.panel import gaps
from portal.web.live.context import live
from portal.web.staff.access import (
    OWN,
    allowed_centres,
    current,
    now,
    sees,
    sees_district,
    staff_route,
)
from portal.web.staff.case_plan import reviews_for_today
from portal.web.staff.content.desk import content_to_review
from portal.web.staff.date_publishing import change_path, closed_path, publication
from portal.web.staff.desk import counts_for
from portal.web.staff.ring import families_to_ring
from portal.web.staff.scope import all_series
from portal.web.staff.screens import HOME, PANEL, page, panel_only
from portal.web.staff.sorting import Order, in_order
from portal.web.staff.weeks import for_today
from portal.web.visitors import NOT_BELIEVED, SET_PROXIES

_LOOK_AHEAD = 28  # days to look for the next session where a day has none


@staff_route(HOME, may=OWN)
def today() -> Answered:
    if panel_only(current()):
        return redirect(PANEL, 303)
    if not current().may("see families"):
        return _editors_first_page()
    directory, centres = live().directory, allowed_centres()
    this = now().astimezone(LONDON).date()
    day = _asked(this)
    series = [one for one in all_series(directory) if one.centre.slug in centres]
    on = sorted(
        (session for one in series for session in one.listed_on(day)),
        key=lambda one: (one.starts, one.series.name, one.series.identity),
    )
    until = day + timedelta(days=_LOOK_AHEAD)
    days = (session.day for one in series for session in one.all_sessions)
    following = min((one for one in days if day < one <= until), default=None)
    by_centre: Order[Session] = Order("centre", "centre", lambda one: fold(one.series.centre.title))
    on, orders = in_order(
        on,
        Order("time", "time"),
        Order("name", "name", lambda one: fold(one.series.name)),
        *([by_centre] if len(centres) > 1 else []),
    )
    with live().database() as engine:
        tallies = registers.tallies(engine, on)
        counted = contacts.by_session(engine, [one for one in on if contacts.is_counted(one)])
        desk = counts_for(support.queue(engine))
        failed = casework.failed(engine, sees)
        ring = families_to_ring(engine)
        queues = casework.queues(engine, sees)
        over = places.over_booked(engine)
        review = content_to_review(engine)
        answers = current().may("answer complaints")
        owed = complaints.waiting_complaints(engine, sees_district) if answers else ()
        weeks = for_today(engine)
        reviews = reviews_for_today(engine)
        own = [one.slug for one in directory.districts if _answers_gaps(one)]
        gaps_open = gaps.waiting(engine, own, now())
    return page(
        "staff/today.html",
        "Today" if day == this else "Sessions",
        day=day,
        this=this,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        following=following if not on else None,
        sessions=[(one, tallies[one.series.identity, one.planned]) for one in on],
        counted={
            one: counted[one.series.identity, one.planned]
            for one in on
            if (one.series.identity, one.planned) in counted
        },
        orders=orders,
        many=len(centres) > 1,
        centres=len(centres),
        desk=desk,
        failed=failed,
        ring=ring,
        queues=len(queues),
        review=review,
        over=[*_over_booked(over)],
        complaints=owed,
        closing=_closing(on, day),
        change_path=change_path,
        changeable=[one for one in on if _may_change(one)],
        publication=publication(there=True),
        weeks=weeks,
        reviews=reviews,
        gaps_open=[(directory.district(one.district), one) for one in gaps_open],
        now=now(),
        warning=SET_PROXIES if request.environ.get(NOT_BELIEVED) else "",
    )


def _answers_gaps(district: District) -> bool:
    """Whether the forms of a district are this person's to answer (S94)."""
    return current().sits_on(district.slug, live().directory)


def _may_change(session: Session) -> bool:
    may = current().may_edit(session.series.centre.slug, live().directory)
    return may and session.open_until > now() and not session.moved_to


def _closing(on: Iterable[Session], day: date) -> list[tuple[str, str]]:
    """The centres that can be closed for the day: address and title."""
    centres = {
        one.series.centre.slug: one.series.centre for one in on if _may_change(one) and not one.off
    }
    found = [(closed_path(one, day), one.title) for one in centres.values()]
    return sorted(found, key=lambda pair: fold(pair[1]))


def _editors_first_page() -> Answered:
    """The centres whose pages the person changes: nothing about a family, and no count of them."""
    directory = live().directory
    own = [one for one in directory.centres if current().may_edit(one.slug, directory)]
    with live().database() as engine:
        weeks = for_today(engine)
    return page(
        "staff/editors.html",
        "Your centres",
        centres=own,
        weeks=weeks,
        publication=publication(there=True),
    )


def _over_booked(
    found: Iterable[tuple[str, str, int, int]],
) -> Iterator[tuple[Session, bool, int, int]]:
    """Where more is held than there are places, of what is hers and still comes: the session whose
    list has the bookings, whether it alone is booked, how many places are held, how many there are.
    """
    for identity, planned, held, room in found:
        series = live().directory.find_series(identity)
        if series is None or not sees(identity):
            continue
        session = opening.booked_session(series, planned)
        asked = [session] if session else [] if planned else series.next_sessions(now())
        coming = [one for one in asked if not one.off and one.ends > now()]
        if coming:
            yield coming[0], bool(planned), held, room


def _asked(this: date) -> date:
    try:
        asked = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return this
    # Dates far off have neither a day before nor a day after.
    return asked if abs((asked - this).days) < 3000 else this
