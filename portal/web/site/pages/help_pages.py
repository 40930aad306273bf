"""Ways in by need: the list of needs, a page for each in a family's words, and one private page.

The private page names no need, says how to talk with somebody safely, and is kept out of search
engines (S81). Sensitive programmes are listed there alone, because a list by need would undo their
neutral names (S3).
"""

from __future__ import annotations

from collections.abc import Sequence

from portal.directory import Directory, HelpPage, Programme, Session
from portal.directory.addresses import HELP
from portal.directory.state import unit
from portal.web.layout import Head
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

TITLE = "What do you need?"
NEXT_ROWS = 6


@page(HELP)
def help_index(context: Context) -> str:
    """Every need in a family's words, each with the way to somebody who can help."""
    head = Head(
        title=TITLE,
        path=HELP,
        section=HELP,
        summary="Find help by what is happening in your family, and ask us about it.",
    )
    return context.render("help_index.html", head)


@page("/help/<slug:slug>/", lambda directory: directory.help_pages)
def help_page(context: Context, page: HelpPage) -> str:
    """A need: what there is for it, how to ask, and the next dates."""
    head = Head(
        title=page.title,
        path=page.path,
        section=HELP,
        summary=page.summary,
        crumbs=((HELP, TITLE),),
        sensitive=page.private,
        unlisted=page.private,
    )
    programmes = _programmes(context.directory, page)
    soon = [] if page.private else _next(context, programmes)
    return context.render(
        "help.html",
        head,
        page=page,
        programmes=programmes,
        days=context.rows.days(soon, NEXT_ROWS),
    )


def _programmes(directory: Directory, page: HelpPage) -> list[Programme]:
    """What helps with the need of a page, what is for few needs first."""
    if page.private:
        return [one for one in directory.programmes if one.sensitive]
    found = [one for one in directory.programmes if page.need in one.needs and not one.sensitive]
    return sorted(found, key=lambda one: (len(one.needs), one.title))


def _next(context: Context, programmes: Sequence[Programme]) -> list[Session]:
    """The next session in each district that a family can come to, soonest first."""
    first: dict[str, Session] = {}
    for programme in programmes:
        for series in context.directory.series_of(programme):
            for session in context.coming.get(series, ()):
                if session.is_on and context.joinable(series, unit(session)):
                    district = series.centre.district
                    first[district] = min(session, first.get(district, session), key=_when)
                    break
    return sorted(first.values(), key=_when)[:NEXT_ROWS]


def _when(session: Session) -> tuple[object, str]:
    return session.starts, session.series.identity
