"""Ways in by need: the list of needs, a page for each in a family's words, and one private page.

The private page names no need, says how to talk with somebody safely, and is kept out of search
engines (S81). Sensitive programmes are listed there alone, because a list by need would undo their
neutral names (S3).
"""

from __future__ import annotations

from portal.directory import HelpPage, Programme
from portal.directory.addresses import HELP
from portal.web.layout import Head
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

TITLE = "What do you need?"


@page(HELP)
def help_index(context: Context) -> str:
    """Every need in a family's words, with the way to somebody who can help."""
    head = Head(
        title=TITLE,
        path=HELP,
        section=HELP,
        summary="Find help by what is happening in your family.",
    )
    return context.render("help_index.html", head, pages=context.directory.help_pages)


@page("/help/<slug:slug>/", lambda directory: directory.help_pages)
def help_page(context: Context, page: HelpPage) -> str:
    """A need: what there is for it, and how to ask."""
    head = Head(
        title=page.title,
        path=page.path,
        section=HELP,
        summary=page.summary,
        crumbs=((HELP, TITLE),),
        sensitive=page.private,
        unlisted=page.private,
    )
    programmes = [
        programme
        for programme in context.directory.programmes
        if (programme.sensitive if page.private else _carries(programme, page))
    ]
    return context.render("help.html", head, page=page, programmes=programmes)


def _carries(programme: Programme, page: HelpPage) -> bool:
    """Whether a programme that may be listed by need helps with the need of this page."""
    return not programme.sensitive and page.need in programme.needs
