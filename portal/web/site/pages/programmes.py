"""Pages of programmes and of series, the runs of a programme at one centre.

The page of a sensitive programme says what it is and how to ask, but not where or when.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import partial
from heapq import nsmallest
from math import inf

from portal.directory import Programme, Series
from portal.directory.values import Position
from portal.directory.vocabularies import OFFERS
from portal.feeds.calendars import RUN, calendars_of
from portal.web import filters
from portal.web.layout import Head
from portal.web.site import json_ld
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

DATES = 8  # shown at first; the others are folded away
OTHERS = 3  # other runs of the programme


@page("/programmes/")
def programmes(context: Context) -> str:
    """All programmes, grouped by what they offer."""
    offers = [
        (title, [one for one in context.directory.programmes if one.offer == offer])
        for offer, title in OFFERS.items()
    ]
    head = Head(
        title="Programmes",
        path="/programmes/",
        section="/programmes/",
        summary="The groups, courses and help that we offer, by area.",
    )
    return context.render("programmes.html", head, offers=[one for one in offers if one[1]])


@page("/programmes/<slug:slug>/", lambda directory: directory.programmes)
def programme(context: Context, programme: Programme) -> str:
    """A programme, and where it takes place."""
    head = Head(
        title=programme.title,
        path=programme.path,
        section="/programmes/",
        summary=programme.summary,
        crumbs=(("/programmes/", "Programmes"),),
        sensitive=programme.sensitive,
        linked_data=json_ld.of_programme(programme, context.site),
    )
    if programme.sensitive:
        return context.render("sensitive.html", head, programme=programme)
    series = [one for one in context.directory.series_of(programme) if one in context.coming]
    by_district: dict[str, list[Series]] = defaultdict(list)
    for one in sorted(series, key=partial(_first_now, context)):
        by_district[one.centre.district].append(one)
    here = [one for one in context.directory.districts if one.slug in by_district]
    # Districts in which nothing can be had now come last.
    here.sort(key=lambda one: not context.joinable(by_district[one.slug][0]))
    where = [(one, context.series_rows(by_district[one.slug])) for one in here]
    related = [
        one
        for one in context.directory.programmes
        if one.offer == programme.offer and one is not programme
    ]
    return context.render(
        "programme.html",
        head,
        programme=programme,
        boards=context.directory.boards_with(programme),
        needs=context.directory.help_for(programme),
        level=programme.level_in(context.site.levels),
        photo=context.photos.of(programme.picture),
        where=where,
        open_now=any(map(context.joinable, series)),
        related=related[:5],
    )


@page("/sessions/<slug:centre>/<slug:series>/", lambda directory: directory.series)
def series(context: Context, series: Series) -> str:
    """A series: its dates, its venue, and how to get a place."""
    coming = context.coming.get(series, ())
    states = context.states(series)
    title, *shorter = filters.titles(series)
    head = Head(
        title=title,
        shorter=tuple(shorter),
        path=series.path,
        section="/whats-on/",
        summary=f"{filters.repeats(series)} {filters.at(series.venue)}. {filters.ages(series)}.",
        crumbs=(
            (series.centre.path, series.centre.title),
            (series.programme.path, series.programme.title),
        ),
        district=context.directory.district_of(series.centre),
        linked_data=json_ld.of_series(series, coming, context.site, states[0]),
    )
    return context.render(
        "series.html",
        head,
        copy=copy if (copy := f"{series.path}{RUN}") in context.files else "",
        apart=calendars_of(context.directory).apart(series),
        series=series,
        photo=context.photos.of(series.picture),
        programme=series.programme,
        venue=series.venue,
        sessions=coming,
        first_dates=coming[:DATES],
        more_dates=coming[DATES:],
        files=context.files,
        others=context.series_rows(_others(context, series)),
        states=states,
        online=any(phase.state.kind in ("open", "request", "referral") for phase in states),
        dates_states={one: context.states(series, one) for one in coming}
        if series.book == "session"
        else {},
    )


def _others(context: Context, series: Series) -> list[Series]:
    """The nearest other runs of its programme, those first that a family can have now."""
    here = series.venue.position or series.centre.position
    nearest = context.once(_nearest, series.programme, here)
    return [one for one in nearest if one is not series][:OTHERS]


def _nearest(context: Context, programme: Programme, here: Position | None) -> list[Series]:
    """The runs of a programme nearest to a place: one more than are shown, as one is the page's."""
    south, west = (here.latitude, here.longitude) if here else (0.0, 0.0)
    runs = context.once(_runs, programme)
    # The distance is for sorting only: squared degrees, with longitude scaled down.
    order = (
        (full, (latitude - south) ** 2 + (0.6 * (longitude - west)) ** 2 if here else 0.0, number)
        for number, (full, latitude, longitude, _) in enumerate(runs)
    )
    return [runs[number][-1] for *_, number in nsmallest(OTHERS + 1, order)]


def _runs(context: Context, programme: Programme) -> list[tuple[bool, float, float, Series]]:
    """The coming runs of a programme: whether a family cannot have one now, and where it is."""
    found: list[tuple[bool, float, float, Series]] = []
    for one in context.directory.series_of(programme):
        if one in context.coming:
            at = one.venue.position
            where = (at.latitude, at.longitude) if at else (inf, inf)
            found.append((not context.joinable(one), *where, one))
    return found


def _first_now(context: Context, series: Series) -> tuple[bool, str, datetime]:
    """The order of a programme's list: first what a family can have now, then by centre."""
    return not context.joinable(series), series.centre.title, context.coming[series][0].starts
