"""Every kind of public page, made from one Directory for one day.

The subjects are modules: `areas`, `boards`, `browsing`, `calendars`, `centres`, `coverage`,
`help_pages`, `keeping`, `programmes`, `quality`, `reports`, `texts` and `workers`. A page is a
function in one of them, declared with `@page(rule, nouns)`, and a template; it needs no other
registration. Functions take a `Context`, which holds what pages share.

Pages only loop over `Directory.series`, which holds no sensitive series (safety S3).
"""

# Importing a subject declares its pages.
from portal.web.site.pages import (  # noqa: F401
    areas,
    boards,
    browsing,
    calendars,
    coverage,
    help_pages,
    keeping,
    programmes,
    quality,
    reports,
    workers,
)
from portal.web.site.pages.centres import leaflet
from portal.web.site.pages.context import DEFAULT_PERIODS, Context
from portal.web.site.pages.registry import KINDS, Kind
from portal.web.site.pages.texts import not_found

__all__ = ["DEFAULT_PERIODS", "KINDS", "Context", "Kind", "leaflet", "not_found"]
