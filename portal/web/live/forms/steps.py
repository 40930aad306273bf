"""Steps a form through its screens: form, check answers, confirm, and back with all answers kept.

If anything is wrong, the form is shown again with what was typed: a token that is missing or from
another browser, or a form older than a day (400, with a new token), an answer that is not valid
(422), or a form filled in too fast for a person (422, in calm words). Without a valid token, a
private form is shown empty, and after the exit every form is: Back makes a browser send an old form
again, and somebody else may be looking (S1). Nothing is decided here about places.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask import request, session
from flask_wtf.csrf import validate_csrf
from wtforms.validators import ValidationError

from portal.web.live.forms.family import LiveForm

Screen = Literal["form", "check", "confirm"]

# Fields that carry the step of the form; each is sent once.
_PROTOCOL = ("csrf_token", "step", "key", "started")

_SENT_BEFORE = "Did you finish this form before? Then we have what you sent"
NOT_YOURS = f"{_SENT_BEFORE}. If not, look at your answers, and press the button again"
EMPTIED = f"{_SENT_BEFORE}. If not, fill it in again. What you typed is gone, to keep it private"
NO_COOKIE = f"{NOT_YOURS}. If this comes again, allow cookies for this site, or ask us"
TOO_OLD = "This page was open for more than a day. Look at your answers, and press the button again"
TOO_FAST = "That was very quick. Look at your answers, and press the button again"
NO_STEP = "We could not read which button you pressed. Press it again"

# In the session of a browser that pressed the exit.
_LEFT = "left"


@dataclass(frozen=True, slots=True)
class NextScreen:
    """The screen to show next, and the status of the response that shows it."""

    screen: Screen
    status: int = 200
    emptied: bool = False  # what was sent is not shown again


def next_screen(
    form: LiveForm, now: datetime, secret: str, *, checked: bool = True, known: bool = False
) -> NextScreen:
    """The next screen of a form. `checked` forms show their answers before they are confirmed.

    `known` means that the person has signed in, so a fast reply is not taken for a machine.
    """
    if request.method != "POST":
        form.begin(now, secret)
        return NextScreen("form")
    if not _ours(form, now, secret):
        kept = known or (form.keeps_answers and _LEFT not in session)
        emptied = not kept and form.forget()
        form.trouble = EMPTIED if emptied else NOT_YOURS if request.cookies else NO_COOKIE
        return NextScreen("form", 400, emptied)
    if form.stale(now):
        form.begin(now, secret)
        form.trouble = TOO_OLD
        return NextScreen("form", 400)
    step = request.form.get("step", "check")
    if step.startswith("add"):
        for name in ("children", "creche_ages"):
            if name in form and step == form.answer(name).ADD:
                form.answer(name).add()
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
    sent = request.form
    once = all(len(sent.getlist(name)) <= 1 for name in _PROTOCOL)
    # Checked first, so that anything missing is created for the form that is shown again.
    begun = form.begun(now, secret)
    return once and begun and own_token()


def own_token() -> bool:
    """Whether the request carries the token of this browser."""
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        return False
    return True


def leave() -> None:
    """End the forms of this browser. Those sent again by Back or Reload are shown empty (S1)."""
    session.clear()
    session[_LEFT] = True
