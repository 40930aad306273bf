"""Pages about calendars: how to subscribe, the lists of calendars, and custom calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from heapq import nsmallest
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from portal.directory import Series, Session
from portal.directory.values import LONDON
from portal.feeds import custom_calendar, qr_codes
from portal.feeds.calendars import Calendars, Facet, facets
from portal.web.layout import Head
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

SAMPLE = 3  # sessions shown as examples of a calendar

# Lists with their own pages, because they are too long for the page that explains calendars.
_LISTS = (
    ("/calendars/centres/", "Centres", "centre"),
    ("/calendars/programmes/", "Programmes", "programme"),
)


@page("/calendars/")
def calendars(context: Context) -> str:
    """How to subscribe, and the calendars of areas and ages."""
    text = context.directory.page("calendars")
    head = Head(
        title=text.title if text else "Calendars",
        path="/calendars/",
        section="/calendars/",
        summary=text.summary if text else "Calendars to subscribe to.",
    )
    # The introduction comes before the lists, the instructions after them.
    intro, heading, manual = (text.html if text else "").partition("<h2")
    return context.render(
        "calendars.html",
        head,
        page=text,
        intro=intro,
        manual=heading + manual,
        groups=[
            (title, _listed(context, kind))
            for title, kind in (
                ("Areas", "footprint"),
                ("Districts", "district"),
                ("Ages", "age"),
            )
        ],
        everything=_listed(context, ""),
        more=[
            (path, title, sum(facet.kind == kind for facet in context.once(_facets)))
            for path, title, kind in _LISTS
        ],
    )


@page("/calendars/centres/")
def calendars_of_centres(context: Context) -> str:
    """The calendars of all centres."""
    return _calendar_list(context, *_LISTS[0])


@page("/calendars/programmes/")
def calendars_of_programmes(context: Context) -> str:
    """The calendars of all programmes."""
    return _calendar_list(context, *_LISTS[1])


def _calendar_list(context: Context, path: str, title: str, kind: str) -> str:
    head = Head(
        title=f"Calendars of {title.lower()}",
        path=path,
        section="/calendars/",
        summary=f"A calendar to subscribe to for each of our {title.lower()}.",
        crumbs=(("/calendars/", "Calendars"),),
    )
    return context.render("calendar_list.html", head, listed=_listed(context, kind))


@page("/calendars/custom/")
def custom(context: Context) -> str:
    """The form for a custom calendar."""
    head = Head(
        title="Make a calendar of your own",
        path="/calendars/custom/",
        section="/calendars/",
        summary="Choose districts, ages, days and more, and get them as one calendar.",
        crumbs=(("/calendars/", "Calendars"),),
    )
    return context.render(
        "custom.html",
        head,
        questions=custom_calendar.form(context.directory),
        action=custom_calendar.PAGE,
    )


def _listed(context: Context, kind: str) -> list[tuple[Facet, str, Sequence[Session], date | None]]:
    """Calendars with their QR codes, next sessions, and the day they last changed."""
    found: list[tuple[Facet, str, Sequence[Session], date | None]] = []
    for facet in context.once(_facets):
        if facet.kind == kind:
            parts = [context.once(_part, series) for series in facet.series]
            changed = max((one.changed for one in parts if one.changed), default=None)
            day = changed.astimezone(LONDON).date() if changed else None
            coming = chain.from_iterable(one.coming for one in parts)
            sample = [session for *_, session in nsmallest(SAMPLE, coming, itemgetter(0, 1))]
            found.append((facet, qr_codes.path_of(facet), sample, day))
    return found


def _facets(context: Context) -> tuple[Facet, ...]:
    return tuple(facets(context.directory))


def _calendars(context: Context) -> Calendars:
    return Calendars(context.directory)


class _Part(NamedTuple):
    """What a series adds to a calendar: when it changed (None: nothing), and its next sessions,
    each after what they are sorted by."""

    changed: datetime | None
    coming: tuple[tuple[datetime, str, Session], ...]


def _part(context: Context, series: Series) -> _Part:
    """Every series is in five calendars or more."""
    coming = context.coming.get(series, ())[:SAMPLE]
    return _Part(
        context.once(_calendars).last_changed([series]),
        tuple((one.starts, series.identity, one) for one in coming),
    )
