"""“We cannot come”: one page with one button, to which a reminder links.

A date that was booked by itself is cancelled, and its place goes to other families. A family that
booked a whole series keeps its place: the register of the date says that it sent apologies.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request

from portal import bookings
from portal.bookings import apologies
from portal.directory import Session
from portal.web import filters
from portal.web.live.context import live
from portal.web.live.own_actions import press
from portal.web.live.own_booking import Own, own_booking
from portal.web.live.screens import check_form

pages = Blueprint("absence", __name__, url_prefix="/bookings/<link>")
pages.before_request(check_form)


@pages.route("/cannot-come", methods=["GET", "POST"])
def cannot_come(link: str) -> Any:
    """Free the place of a date that was booked by itself, or send apologies for one date."""
    own = own_booking(link)
    if own.state != "confirmed":
        return redirect(own.path, 303)  # done already: the page says so
    if own.booking.planned or _is_all(own):
        return _give_up(own)
    session = _asked_for(own)
    if session is None or session.anchor in own.excused:
        return redirect(own.path, 303)
    date = _date(own, session)
    words_of = {
        "title": f"Can you not come {date}?",
        "paragraphs": ["We will let the group know. You keep your place for the other dates."],
        "yes": f"We cannot come {date}",
        "no": "Go back. We can come",
    }
    return press(own, f"cannot-come?date={session.anchor}", words_of, _noting(own, session))


@pages.route("/can-come", methods=["GET", "POST"])
def can_come(link: str) -> Any:
    """Take apologies back."""
    own = own_booking(link)
    session = _asked_for(own)
    if session is None or session.anchor not in own.excused or own.state != "confirmed":
        return redirect(own.path, 303)
    date = _date(own, session)
    words_of = {
        "title": f"Can you come {date} after all?",
        "paragraphs": ["You still have your place."],
        "yes": f"We can come {date}",
        "no": "Go back. We cannot come",
    }
    return press(own, f"can-come?date={session.anchor}", words_of, _noting(own, session, True))


def _noting(own: Own, session: Session, coming: bool = False) -> Any:
    def verb() -> None:
        with live().database() as engine:
            apologies.apologise(
                engine, own.booking.id, session.anchor, coming=coming, now=live().now
            )

    return verb


def _give_up(own: Own) -> Any:
    words_of = {
        "title": "Can you not come?",
        "paragraphs": ["We will cancel your booking, so that another family can have your place."],
        "yes": "We cannot come",
        "no": "Go back. We can come",
    }

    def verb() -> None:
        with live().database() as engine:
            bookings.cancel(engine, live().directory, own.booking.id, now=live().now)

    return press(own, "cannot-come", words_of, verb)


def _is_all(own: Own) -> bool:
    """Whether one date is all that a booking of a series has: then nothing is left to keep."""
    return len(own.held) == 1 and len(own.sessions) == 1


def _asked_for(own: Own) -> Session | None:
    """The coming date in the address; without one, the next on which the family is expected."""
    on = [session for session in own.sessions if not session.off]
    asked = request.args.get("date")
    if asked is None:
        return next((session for session in on if session.anchor not in own.excused), None)
    return next((session for session in on if session.anchor == asked), None)


def _date(own: Own, session: Session) -> str:
    """The date; the pages of a sensitive programme do not say it."""
    return "next time" if own.discreet else f"on {filters.day(session.day)}"
