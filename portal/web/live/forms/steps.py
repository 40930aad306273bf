"""The way of a form from screen to screen: form, check, confirm, and back with every answer kept.

Whatever goes wrong, the form is shown again with what was typed: a token that is missing or of
another browser (400, with a new token), an answer that cannot be kept (422), a machine's haste
(422, in calm words). Nothing is decided here about places.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask import g, request

from portal.web.live.forms.family import LiveForm

Screen = Literal["form", "check", "confirm"]

# Fields that say where on the way one is; each is sent once.
_PROTOCOL = ("csrf_token", "step", "key", "started")

NOT_YOURS = "Look at your answers, and press the button again. Nothing has been sent yet"
NO_COOKIE = f"{NOT_YOURS}. If this comes again, allow cookies for this site, or ring us"
TOO_FAST = "That was very quick. Look at your answers, and press the button again"
NO_STEP = "Press the button again. Nothing has been sent yet"


@dataclass(frozen=True, slots=True)
class NextScreen:
    """What comes next, and the status of the answer that shows it."""

    screen: Screen
    status: int = 200


def next_screen(
    form: LiveForm, now: datetime, secret: str, *, checked: bool = True, known: bool = False
) -> NextScreen:
    """Where a form goes next. `checked` forms show their answers before they are confirmed.

    Who is `known` has signed in: it is no machine, however quick it types.
    """
    if request.method != "POST":
        form.begin(now, secret)
        return NextScreen("form")
    if not _ours(form, now, secret):
        form.trouble = NOT_YOURS if request.cookies else NO_COOKIE
        return NextScreen("form", 400)
    step = request.form.get("step", "check")
    if step == "add" and "children" in form:
        form.answer("children").add()
        return NextScreen("form")
    if step == "edit":
        return NextScreen("form")
    if not form.validate():
        return NextScreen("form", 422)
    if form.hasty(now) and not known:
        form.trouble = TOO_FAST
        return NextScreen("form", 422)
    if step == "confirm" or (step == "check" and not checked):
        return NextScreen("confirm")
    if step == "check":
        return NextScreen("check")
    form.trouble = NO_STEP
    return NextScreen("form", 422)


def _ours(form: LiveForm, now: datetime, secret: str) -> bool:
    """Whether the form comes from this browser and was made by us."""
    once = all(len(request.form.getlist(name)) <= 1 for name in _PROTOCOL)
    # Asked first, so that what is missing is made anew for the form that is shown again.
    begun = form.begun(now, secret)
    own = bool(form.csrf_token.validate(form))
    g.csrf_valid = own  # not to be worked out again with the other answers
    return once and begun and own
