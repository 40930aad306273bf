"""What partners can rely on: how many centres and programmes have each fact, and how many samples.

The model is `portal.coverage.trust`; the page prints its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from portal.coverage import trust
from portal.directory.addresses import DATA, QUALITY
from portal.feeds import quality as files
from portal.web.layout import Head
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

TITLE = "Which facts you can rely on"
# The heads of narrow columns.
HEADS: Mapping[str, str] = {
    "address": "Street",
    "postcode": "Postcode",
    "contact": "Contact",
    "hours": "Hours",
    "access": "Access",
    "checked": "Checked",
}


@page(QUALITY)
def quality(context: Context) -> str:
    """The shares of facts that are known, of centres, districts and programmes."""
    head = Head(
        title=TITLE,
        path=QUALITY,
        summary="How many of our centres and programmes have an address, a contact and more.",
        crumbs=((DATA, "Open data"),),
    )
    figures = trust.figures(context.directory)
    return context.render(
        "quality.html",
        head,
        figures=figures,
        districts=context.by_name,
        heads=HEADS,
        json=files.JSON,
        csv=files.CSV,
    )
