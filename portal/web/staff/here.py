"""The link that lets a browser on this machine sign in over plain http, as commands print it."""

from __future__ import annotations

from urllib.parse import quote

from flask import redirect, request
from werkzeug.wrappers import Response

from portal.web.staff import cookie
from portal.web.staff.access import ANYBODY, staff_route
from portal.web.staff.screens import SIGN_IN


@staff_route("/staff/here/<token>", may=ANYBODY)
def arrive(token: str) -> Response:
    """Leave the pass in the browser, and go on to an invitation or to sign in.

    With a wrong pass, the next page says how to get the right one.
    """
    invitation = request.args.get("invitation", "")
    answer = redirect(
        f"/staff/welcome/{quote(invitation, safe='')}" if invitation else SIGN_IN, 303
    )
    cookie.keep_pass(answer, token)
    return answer
