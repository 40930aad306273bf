"""Pages that are there when something is not: what a phone keeps, and the live part being down."""

from __future__ import annotations

from portal.directory.addresses import DOWN
from portal.web.layout import Head
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page


@page("/kept/")
def kept(context: Context) -> str:
    """What this phone keeps. The script fills it in: the list never leaves the phone (S85)."""
    head = Head(
        title="Kept on this phone",
        path="/kept/",
        section="/kept/",
        summary="Groups, centres and pages that you have kept on this phone.",
    )
    return context.render("kept.html", head)


@page(DOWN)
def down(context: Context) -> str:
    """What a proxy shows, with a 503, while the live part does not answer."""
    head = Head(
        title="We cannot do this just now",
        path=DOWN,
        summary="What to do while booking and other forms are not working.",
        unlisted=True,
    )
    return context.render("down.html", head)
