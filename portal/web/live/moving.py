"""Moves a family with a place to another date or group, in one press on its own page.

The new place is taken and the old one given up in one transaction, by the rules of any booking:
where the new one cannot be had, the family keeps what it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, redirect, request

from portal import bookings
from portal.bookings import Family, Full, NotBookable
from portal.bookings.locking import KeyUsed, NotPossible
from portal.database.rate_limits import TooOften
from portal.directory import Series
from portal.web.live.alternatives import fits
from portal.web.live.choices import Choice, TakeForm, choices, known_answers, takes
from portal.web.live.context import Away, live
from portal.web.live.forms.steps import next_screen
from portal.web.live.own_booking import Own, own_booking
from portal.web.live.screens import away, check_form, too_many
from portal.web.live.subjects import Subject, of_series, planned_on

pages = Blueprint("moving", __name__, url_prefix="/bookings/<link>")
pages.before_request(check_form)


@dataclass(frozen=True, slots=True)
class Moved:
    """What the page of a booking says of a move here, or away to another place."""

    title: str = ""
    here: bool = False
    before: Subject | None = None  # what the family gave up for it, where the page may name it
    away: bool = False
    new_path: str = ""  # where the family finds the booking that it has now


def moves_of(own: Own, *, kept: bool = False) -> Moved:
    """Whether the family moved to this place, or from it to another one.

    The old link leads to the new page, because it could do as much before: it opened, changed and
    moved the same booking. It no longer does once the details are not `kept`.
    """
    found, secret = live(), live().secret
    with found.database() as engine:
        new = bookings.moved_to(engine, own.booking.id, secret=secret)
        old = bookings.moved_from(engine, own.booking.id, secret=secret)
    if new is not None:
        path = f"/bookings/{new.link}" if kept else ""
        return Moved("You have moved this booking", away=True, new_path=path)
    if old is None or own.state != "confirmed" or own.place_is_off:
        return Moved()
    series = found.directory.find_series(old.series)
    named = series is not None and not (series.programme.sensitive or own.discreet)
    before = of_series(series, planned_on(series, old.planned)) if series and named else None
    return Moved("Your place is moved", here=True, before=before)


def moves(own: Own, family: Family | None) -> Sequence[Choice]:
    """Where one press moves this booking to; nothing once it has begun, and on discreet pages."""
    if family is None or own.series is None or not _can_move(own):
        return ()
    found = choices(own.booking, own.series, family, again=False)
    return [choice for choice in found if choice.has_space]


def _can_move(own: Own) -> bool:
    return own.state == "confirmed" and not (own.discreet or own.asked or own.begun)


@pages.post("/move")
def move(link: str) -> Any:
    """Take another place, and give up the present one."""
    own, found = own_booking(link), live()
    form = TakeForm(formdata=request.form)
    with found.database() as engine:
        family = bookings.family_of(engine, own.booking.id)
        made = bookings.find_by_key(engine, form.idempotency_key, found.secret)
    ours = next_screen(form, found.now, found.secret, checked=False).status != 400
    if ours and made is not None:
        return redirect(f"/bookings/{made.link}", 303)  # pressed twice
    if not ours or family is None or not _can_move(own):
        return redirect(own.path, 303)  # the page has new buttons
    series = found.directory.find_series(str(form.series.data))
    if series is None or series.programme.sensitive:
        abort(404)
    if not takes(series, family, own.booking.people) or not fits(series, family.children):
        return redirect(series.booking_path, 303)
    return _move(own, form, series, family)


def _move(own: Own, form: TakeForm, series: Series, family: Family) -> Response | Any:
    found = live()
    session = planned_on(series, str(form.planned.data or ""))
    if (session is None) == (series.book == "session"):
        abort(404)
    about = of_series(series, session, back=own.path)
    try:
        with found.database() as engine:
            made = bookings.move(
                engine,
                found.directory,
                own.booking.id,
                series,
                known_answers(series, family),
                key=form.idempotency_key,
                secret=found.secret,
                now=found.now,
                session=session,
                allowance=found.allowance(family, series.identity),
            )
    except (Full, KeyUsed, NotBookable, NotPossible):
        return own.explain(
            "You cannot move to this place",
            "It has gone to another family, or booking has closed. You still have the place that "
            "you had. Go back to see what else has space.",
            subject=about,
            status=409,
        )
    except TooOften as refused:
        return too_many(f"{own.path}/move", form, "confirm", refused.seconds, subject=about)
    except Away:
        return away(f"{own.path}/move", about, form, "confirm")
    return redirect(f"/bookings/{made.link}", 303)
