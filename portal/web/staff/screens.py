"""The layout of the pages for staff, and the responses of views: a page or a refusal."""

from __future__ import annotations

from typing import Any

from flask import Response, g, make_response, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from portal.database import read
from portal.sample_year import is_sample
from portal.staff.accounts import Staff
from portal.staff.sign_in import Visit
from portal.web.layout import Frame, Head
from portal.web.live.context import Away, live
from portal.web.staff.access import this_desk, writes
from portal.web.templating import environment

SIGN_IN = "/staff/sign-in"
ACCOUNT = "/staff/account"
HOME = "/staff/"
PANEL = "/staff/panel"
KEPT = "/staff/kept"  # what was sent after a visit had timed out
LASTING = "public, max-age=31536000, immutable"  # of the style sheet
_ON_THE_WAY = (SIGN_IN, "/staff/second-factor", "/staff/sign-out", "/staff/welcome")

# The navigation, in its order. Each is shown where there is such a page and its `may` allows it.
SECTIONS = (
    (HOME, "Today"),
    ("/staff/requests", "Requests"),
    ("/staff/bookings", "Bookings"),
    ("/staff/messages", "Messages"),
    ("/staff/content", "Content"),
    ("/staff/complaints", "Complaints"),
    (PANEL, "Panel"),
    ("/staff/counts", "Counts"),
    ("/staff/demand", "Demand"),
    ("/staff/reports", "Reports"),
    ("/staff/log", "Log"),
    ("/staff/accounts", "Accounts"),
    (ACCOUNT, "Your account"),
)


# --- responses ------------------------------------------------------------------------------------


class StaffFrame(Frame):
    """The layout of a page for staff: who is signed in, and the links open to them."""

    def header(self, head: Head) -> Markup:
        found: Visit | None = g.get("visit")
        staff = found.staff if found and found.whole else None
        sections = []
        for path, words in SECTIONS if staff else ():
            may = this_desk().may_at(path)
            if path == HOME and staff and panel_only(staff):
                continue
            if may and staff and may.enter(staff, {}):
                sections.append((path, words))
        text = (
            environment()
            .get_template("staff/_header.html")
            .render(
                site=self.site,
                staff=staff,
                sections=sections,
                section=head.section,
                left=found.left if found else 0,
                current="page" if head.path == head.section else "true",
                csrf=generate_csrf,
                invented=staff is not None and _invented(),
            )
        )
        return Markup(text)  # noqa: S704  a template that escapes


def _invented() -> bool:
    """Whether the database holds a sample year: each page says so."""
    try:
        with live().database() as engine, read(engine) as connection:
            return is_sample(connection)
    except Away:  # the page itself says so
        return False


def page(
    template: str,
    title: str,
    status: int = 200,
    *,
    error: bool = False,
    back: str = "",
    **given: Any,
) -> Response:
    """A page for staff. `back` is where its back link leads."""
    inside = [path for path, _ in SECTIONS if path != HOME and request.path.startswith(path)]
    section = max(inside, key=len, default=HOME if request.path == HOME else "")
    head = Head(title=title, path=request.path, section=section, live=True, error=error)
    return make_response(
        live().frame.render(
            template, head, back=back, csrf=generate_csrf, writes=writes(), **given
        ),
        status,
    )


def explain(
    title: str,
    *paragraphs: str,
    status: int = 200,
    back: str = "",
    retry_after: int | None = None,
) -> Response:
    """A page of text only."""
    answer = page("staff/explain.html", title, status, back=back, paragraphs=paragraphs)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def refuse() -> Response:
    """The same 403 for a record that staff may not see and for one that does not exist."""
    return explain(
        "You cannot open this page",
        "It belongs to a centre or an area that is not yours, or it is not there.",
        "Do you need it for your work? Ask your manager.",
        status=403,
        back=home(),
    )


def wait(seconds: int) -> Response:
    """The page for too many attempts."""
    minutes = -(-seconds // 60)
    return explain(
        "Wait a little, and try again",
        "There were many tries in a short time. So there is a pause now, to keep families safe.",
        f"Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}.",
        status=429,
        retry_after=seconds,
    )


def panel_only(staff: Staff) -> bool:
    """Whether all that somebody does here is to sit on Resource Panels: they have no Today."""
    return staff.may("sit on a panel") and not (
        staff.may("see families") or staff.may("edit content")
    )


def home() -> str:
    """The first page after signing in."""
    return HOME if this_desk().may_at(HOME) else ACCOUNT


def onward(asked: str | None) -> str:
    """The page requested before signing in, if it is a path of the staff pages."""
    asked = asked or ""
    signs = all("!" <= sign <= "~" and sign not in "\\?#%" for sign in asked)
    strange = "//" in asked or ".." in asked or not signs
    if strange or not asked.startswith(HOME) or asked.startswith(_ON_THE_WAY):
        return home()
    return asked
