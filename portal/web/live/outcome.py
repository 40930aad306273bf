"""`/outcome/<link>`: a professional sees whether the family that they asked for came (S88).

The page says one of three states. It names no family, no group and no date, so that the link in an
email gives away nothing more.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort

from portal.bookings import outcomes
from portal.directory.values import LONDON, day_words
from portal.web.live.context import live
from portal.web.live.own_actions import press
from portal.web.live.own_booking import own_booking
from portal.web.live.screens import check_form, head, page

pages = Blueprint("outcome", __name__)
pages.before_request(check_form)


@pages.get("/outcome/<link>")
def outcome(link: str) -> Response:
    """The state; otherwise the answer that every wrong link gets (S23)."""
    found = live()
    with found.database() as engine:
        state = outcomes.find(engine, found.directory, link, now=found.now)
    if state is None:
        abort(404)
    return page(
        "live/outcome.html",
        head("Did the family come?", f"/outcome/{link}"),
        outcome=state,
        until=day_words(state.until.astimezone(LONDON).date()),
    )


@pages.route("/bookings/<link>/hide", methods=["GET", "POST"])
def hide(link: str) -> Any:
    """The family no longer agrees that the professional sees it."""
    own = own_booking(link)
    words_of = {
        "title": "Stop showing if you came?",
        "paragraphs": ["The person who asked for you can then no longer see if you came."],
        "yes": "Stop showing it",
        "no": "Go back",
    }

    def verb() -> None:
        with live().database() as engine:
            outcomes.stop(engine, own.booking.id, now=live().now)

    return press(own, "hide", words_of, verb)
