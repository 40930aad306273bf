"""The week of a centre, checked by a link without a sign-in; and what is off, on Today.

The link came by email, so opening it changes nothing: mail scanners open links. A button answers,
and an answer uses the link up (S80). The form holds the digest of the week that its page shows: if
the week has changed meanwhile, the page shows the new one and asks again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import g, redirect, request
from sqlalchemy import Engine
from werkzeug.wrappers import Response as Answered

from portal.content import ContentError
from portal.directory.centre_week import CentreWeek, week_of
from portal.directory.phrases import joined
from portal.directory.values import LONDON, day_words
from portal.editing.checked import WeekChanged, write_checked
from portal.editing.publishing import Author, NotHere
from portal.errors import PortalError
from portal.staff import weeks
from portal.staff.accounts import Staff
from portal.staff.weeks import Asked, Report
from portal.web.live.context import live
from portal.web.live.forms.answers import Lines, Ticks
from portal.web.live.forms.family import Group
from portal.web.staff.access import ANYBODY, current, now, staff_route, to
from portal.web.staff.forms import NOT_YOURS, StaffForm
from portal.web.staff.screens import HOME, SIGN_IN, explain, page

WEEK = "/staff/week/<token>"
CHANGED = "The week has changed since you opened this page. Read it again, and answer"


class OffForm(StaffForm):
    """What is off: which sessions, and in which way."""

    sessions = Ticks("Which of these?", what="the sessions", hint="Tick all that are meant.")
    words = Lines(
        "What is off?",
        what="what is off",
        missing="Write what is off",
        longest=1000,
        hint="It may also be the phone number, the hours or anything else. Do not write the name "
        "of a family.",
    )

    def groups(self) -> Sequence[Group]:
        return [Group("", [self.sessions, self.words] if self.sessions.options else [self.words])]


@staff_route(WEEK, may=ANYBODY, methods=("GET", "POST"), refills=True)
def week(token: str) -> Answered:
    """The week with its two answers, or the answer that was given."""
    asked = _asked(token)
    if asked is None:
        return _over()
    shown = week_of(live().directory, asked.centre, asked.monday)
    if request.method != "POST" or asked.used or asked.ticked:
        return _week_page(asked, shown)
    if g.foreign:
        return _week_page(asked, shown, NOT_YOURS, 400)
    if request.form.getlist("shown") != [shown.digest]:
        return _week_page(asked, shown, CHANGED, 409)
    with live().database() as engine:
        try:
            trouble = _write(engine, asked, shown)
        except WeekChanged as error:
            again = f"{error} Look at it again in a few minutes, and answer then"
            return _week_page(asked, shown, again, 409)
        weeks.tick(engine, asked, trouble=trouble, now=now())
    return redirect(request.path, 303)


def _write(engine: Engine, asked: Asked, shown: CentreWeek) -> str:
    """Set `checked` in the file of the centre; why that could not be done, or ''."""
    try:
        write_checked(
            live().settings,
            engine,
            asked.centre,
            monday=asked.monday,
            digest=shown.digest,
            author=Author(asked.staff.title, asked.staff.name),
            now=now(),
        )
    except WeekChanged:
        raise
    except NotHere:
        return "The site is built on another machine, which is not told of it."
    except ContentError:
        return "The content has mistakes, so nothing can be published just now."
    except PortalError as error:
        return str(error)
    return ""


@staff_route(f"{WEEK}/off", may=ANYBODY, methods=("GET", "POST"), refills=True)
def off(token: str) -> Answered:
    """The form that says what is off."""
    asked = _asked(token)
    if asked is None:
        return _over()
    if asked.used:
        return redirect(request.path.removesuffix("/off"), 303)
    shown = week_of(live().directory, asked.centre, asked.monday)
    form = OffForm()
    form.sessions.options = [
        (one.key, f"{day_words(day, year=False)}, {one.words}")
        for day, on in shown.days
        for one in on
    ]
    status = form.refused() if request.method == "POST" else 200
    if status is not None:
        return page(
            "staff/week_off.html",
            f"Something is off: {asked.centre.title}",
            status,
            error=status >= 400,
            form=form,
            shown=shown,
        )
    named = dict(form.sessions.options)
    with live().database() as engine:
        sessions = [named[key] for key in form.sessions.chosen]
        weeks.report(engine, asked, sessions, form.words.data, now=now())
    return redirect(request.path.removesuffix("/off"), 303)


def _asked(token: str) -> Asked | None:
    with live().database() as engine:
        return weeks.asked_by(engine, live().directory, token, now=now())


def _over() -> Answered:
    """The same for a link that is wrong, over, or somebody else's by now."""
    return explain(
        "This link no longer works",
        "A link is good for one answer, until the Sunday of its week. Next Monday brings another.",
        "Is something off at your centre? Sign in, or tell your manager.",
        status=404,
        back=SIGN_IN,
    )


def _week_page(asked: Asked, shown: CentreWeek, trouble: str = "", status: int = 200) -> Answered:
    fresh = not asked.digest or asked.digest == shown.digest
    ticked = asked.ticked.astimezone(LONDON).date() if asked.ticked else None
    checked = None if asked.centre.is_sample("checked") else asked.centre.checked
    return page(
        "staff/week.html",
        f"The week of {asked.centre.title}",
        status,
        error=bool(trouble),
        asked=asked,
        shown=shown,
        trouble=trouble,
        changed=not (fresh or asked.used or trouble),
        ticked=ticked,
        # What families see now, which is not what was written a moment ago.
        on_page=ticked is not None and checked is not None and checked >= ticked,
    )


# --- on Today -------------------------------------------------------------------------------------


def for_today(engine: Engine) -> Mapping[str, Any]:
    """What is off at the centres of the member of staff; for managers, what was not checked."""
    staff, directory = current(), live().directory
    seen = {one.slug: one.title for one in directory.centres if _looks_after(staff, one.slug)}
    senior = staff.may("manage accounts")
    found = weeks.of_this_week(engine, seen.__contains__, now=now()) if senior else weeks.Weeks()

    def titles(slugs: Sequence[str]) -> str:
        return joined(seen[slug] for slug in slugs)

    reasons: dict[str, list[str]] = {}
    for slug, trouble in found.unpublished:
        reasons.setdefault(trouble, []).append(slug)
    return {
        "reports": _open_reports(engine, seen),
        "centre_titles": seen,
        "closes": staff.may("edit content"),
        "overdue": titles(found.overdue),
        "not_sent": titles(found.not_sent),
        "nobody": titles(found.nobody),
        "unpublished": [(titles(slugs), trouble) for trouble, slugs in reasons.items()],
    }


def _open_reports(engine: Engine, seen: Collection[str]) -> list[Report]:
    """The open reports of these centres, each under the name that its centre has now."""

    def slug_of(centre: str) -> str:
        found = live().directory.find_centre(centre)
        return found.slug if found else centre

    found = weeks.open_reports(engine, lambda centre: slug_of(centre) in seen)
    return [replace(one, centre=slug_of(one.centre)) for one in found]


def _looks_after(staff: Staff, centre: str) -> bool:
    return staff.may_see(centre, live().directory) or staff.may_edit(centre, live().directory)


def _of_report(staff: Staff, parts: Mapping[str, Any]) -> bool:
    with live().database() as engine:
        slug = weeks.centre_of_report(engine, parts["number"])
    centre = live().directory.find_centre(slug or "")
    return centre is not None and staff.may_edit(centre.slug, live().directory)


OF_REPORT = replace(to("edit content"), words="editors of the centre", allows=_of_report)


@staff_route("/staff/weeks/<int(max=2147483647):number>/close", may=OF_REPORT, methods=("POST",))
def close(number: int) -> Answered:
    """Take what was put right off Today. Pressing twice does no harm."""
    with live().database() as engine:
        weeks.close_report(engine, number, now=now(), by=current())
    return redirect(HOME, 303)
