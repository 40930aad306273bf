"""What a family does on its own page: a screen with one button, and the action when it is pressed.

Opening such a screen changes nothing, because mail scanners open links (S24).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import redirect, request

from portal.bookings import CrecheFull, Full
from portal.bookings.locking import NotPossible
from portal.web.live.context import Away, live
from portal.web.live.forms.family import LiveForm, PressForm
from portal.web.live.forms.steps import next_screen
from portal.web.live.own_booking import Own
from portal.web.live.screens import away, head, page


def act(own: Own, form: LiveForm, verb: Callable[[], None], where: str) -> Any:
    """Performs the action and returns to the family's page, or explains why it cannot be done."""
    try:
        verb()
    except CrecheFull:
        raise  # the page that changes numbers says what can be done
    except Full:
        return own.explain(
            "There are not enough places",
            f"Your {own.noun} has not changed. Ask us, and we will see what we can do.",
            status=409,
        )
    except NotPossible:
        return own.explain(
            "This has already ended",
            f"Look at your {own.noun} to see what has changed.",
            status=409,
        )
    except Away:
        return away(where, own.subject, form, "confirm")
    return redirect(own.path, 303)


def press(own: Own, where: str, words_of: dict[str, Any], verb: Callable[[], None]) -> Any:
    """A screen to confirm an action, performed when its button is pressed."""
    form = PressForm(formdata=request.form if request.method == "POST" else None)
    path = f"{own.path}/{where}"
    following = next_screen(form, live().now, live().secret, checked=False)
    # Speed does not matter here: a quick press is not a sign of a machine.
    if request.method == "POST" and following.status != 400:
        return act(own, form, verb, path)
    return page(
        "live/press.html",
        head(words_of["title"], path, error=bool(form.trouble)),
        following.status,
        form=form,
        subject=own.subject,
        **words_of,
    )
