"""Pages of centres: the list of all, each centre, its leaflet, and its sessions to embed.

The leaflet is a page to print; `leaflets.py` makes a PDF of it.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape

from markupsafe import Markup

from portal.directory import Centre, Programme
from portal.directory.state import unit
from portal.directory.values import WEEKDAYS
from portal.feeds import qr_codes
from portal.web import filters
from portal.web.layout import Head
from portal.web.site import json_ld
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

EMBEDDED_ROWS = 20
_ASKS = 6  # programmes that a professional can ask for, on the page of a centre


@page("/centres/")
def centres(context: Context) -> str:
    """Every centre, by footprint and district."""
    head = Head(
        title="Family centres",
        path="/centres/",
        section="/centres/",
        summary=f"Every family centre in {context.site.area}, by area.",
    )
    return context.render(
        "centres.html",
        head,
        areas=[
            (
                one,
                [(district, context.directory.centres_in(district)) for district in one.districts],
            )
            for one in context.directory.footprints
        ],
        by_name=context.by_name,
        towns=context.towns_of,
        view=context.map.county(),
    )


def _centre_crumbs(context: Context, centre: Centre) -> tuple[tuple[str, str], ...]:
    district = context.directory.district_of(centre)
    return (("/centres/", "Centres"), (district.path, district.title))


@page("/centres/<slug:slug>/", lambda directory: directory.centres)
def centre(context: Context, centre: Centre) -> str:
    """A centre: where it is, when it is open, and its timetable."""
    head = Head(
        title=centre.title,
        path=centre.path,
        section="/centres/",
        summary=f"{centre.title}: where it is, when it is open and what is on.",
        crumbs=_centre_crumbs(context, centre),
        district=context.directory.district_of(centre),
        linked_data=json_ld.of_centre(centre, context.site),
    )
    district = context.directory.district_of(centre)
    others = [
        one
        for one in context.directory.centres_in(district)
        if one is not centre and not one.given_up
    ]
    return context.render(
        "centre.html",
        head,
        centre=centre,
        photo=context.photos.of(centre.picture),
        view=context.map.place(centre, district),
        district=district,
        others=others[:6],
        outside_hours=_meets_outside_hours(context, centre),
        finished=[one for one in context.directory.series_at(centre) if one not in context.coming],
        tomorrow=context.now + timedelta(days=1),
        timetable=[
            (name, context.series_rows(series, "centre"))
            for name, series in context.timetable(context.directory.series_at(centre))
        ],
        snippet=_snippet(context, centre),
        leaflet=centre.leaflet_path if centre.leaflet_path in context.files else "",
        asks=_requestable(context, centre)[:_ASKS],
    )


def _snippet(context: Context, centre: Centre) -> str:
    """The code that a partner puts into a page to frame what is on here."""
    title = escape(f"What’s on at {centre.title}", quote=False).replace('"', "&quot;")
    address = context.frame.absolute(centre.embed_path)
    return f'<iframe src="{address}" title="{title}" width="100%" height="600"></iframe>'


def _requestable(context: Context, centre: Centre) -> list[Programme]:
    """The programmes with a coming group here that a professional can ask for, by title."""
    found = {
        one.programme.slug: one.programme
        for one in context.directory.series_at(centre)
        if one in context.coming and one.booking in ("request", "referral")
    }
    return sorted(found.values(), key=lambda programme: programme.title)


def _meets_outside_hours(context: Context, centre: Centre) -> bool:
    """Whether a coming date in the building is not within the hours of its day."""
    held = (
        session
        for series in context.directory.series_at(centre)
        for session in context.coming.get(series, ())
        if session.venue.centre is centre and not session.off
    )
    hours = centre.opening_hours or {}
    return any(
        not any(
            span.starts <= session.starts.time() and session.ends.time() <= span.ends
            for span in hours.get(WEEKDAYS[session.day.weekday()], ())
        )
        for session in held
    )


@page("/centres/<slug:slug>/whats-on/", lambda directory: directory.centres, "whats_on_path")
def leaflet(context: Context, centre: Centre) -> str:
    """A centre's groups of this term on one page, to print."""
    head = Head(
        title=f"What’s on at {centre.title}",
        path=centre.whats_on_path,
        section="/centres/",
        summary=f"The groups at {centre.title} on one page, to print.",
        crumbs=(*_centre_crumbs(context, centre), (centre.path, centre.title)),
        district=context.directory.district_of(centre),
    )
    here, until = context.directory.series_at(centre), context.directory.leaflet_until
    begins = {one: context.coming[one][0].day for one in here if one in context.coming}
    timetable = context.timetable(one for one, first in begins.items() if first <= until)
    later = [(one, first) for one, first in begins.items() if first > until]
    return context.render(
        "leaflet.html",
        head,
        centre=centre,
        timetable=[
            (
                name,
                [
                    (one, filters.notes(one, context.coming[one], context.today, until))
                    for one in series
                ],
            )
            for name, series in timetable
        ],
        later=sorted(later, key=lambda row: (row[1], row[0].name)),
        many=sum(len(series) for _, series in timetable),
        square=Markup(qr_codes.in_page(context.frame.absolute(centre.path))),  # noqa: S704 - drawn
        until=until,
        state_words=context.state_words,
        pdf=centre.leaflet_path if centre.leaflet_path in context.files else "",
    )


@page("/embed/<slug:slug>/", lambda directory: directory.centres, "embed_path")
def embed(context: Context, centre: Centre) -> str:
    """A centre's next sessions, to show inside a partner's page."""
    head = Head(title=f"What’s on at {centre.title}", path=centre.embed_path)
    series = context.directory.series_at(centre)
    coming = [one for each in series for one in each.listed if one.ends > context.now]
    coming.sort(key=lambda one: (one.starts, one.series.identity))
    return context.render(
        "embed.html",
        head,
        centre=centre,
        sessions=coming[:EMBEDDED_ROWS],
        left=len(coming),
        state_words=lambda session: context.state_words(session.series, unit(session)),
    )
