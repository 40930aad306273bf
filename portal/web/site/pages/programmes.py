"""Pages of programmes and of series, the runs of a programme at one centre.

The page of a sensitive programme says what it is and how to ask, but not where or when.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from portal.directory import District, Programme, Series
from portal.directory.state import phases
from portal.directory.vocabularies import OFFERS
from portal.feeds.calendars import RUN, calendars_of
from portal.web import filters
from portal.web.layout import Head
from portal.web.site import json_ld
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

DATES = 8  # shown at first; the others are folded away


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
    where = []
    districts = context.directory.districts
    for district in sorted(districts, key=partial(_nothing_now, context, series)):
        there = [one for one in series if one.centre.district == district.slug]
        if there:
            there.sort(key=partial(_first_now, context))
            where.append((district, context.series_rows(there)))
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
    states = phases(series, None, context.now)
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
    others = [
        one
        for one in context.directory.series_of(series.programme)
        if one is not series and one in context.coming
    ]
    here = series.venue.position or series.centre.position
    if here:
        others.sort(key=partial(_away, here.latitude, here.longitude))
    others.sort(key=lambda one: not context.joinable(one))
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
        others=context.series_rows(others[:3]),
        states=states,
        dates_states={one: phases(series, one, context.now) for one in coming},
    )


def _away(latitude: float, longitude: float, series: Series) -> float:
    """The distance of a series, for sorting only: squared degrees, with longitude scaled down."""
    position = series.venue.position
    if position is None:
        return float("inf")
    return (position.latitude - latitude) ** 2 + (0.6 * (position.longitude - longitude)) ** 2


def _first_now(context: Context, series: Series) -> tuple[bool, str, datetime]:
    """The order of a programme's list: first what a family can have now, then by centre."""
    return not context.joinable(series), series.centre.title, context.coming[series][0].starts


def _nothing_now(context: Context, series: Sequence[Series], district: District) -> bool:
    """Whether none of these series in a district can be had now: such districts come last."""
    here = (one for one in series if one.centre.district == district.slug)
    return not any(map(context.joinable, here))
