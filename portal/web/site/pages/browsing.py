"""Pages to find and browse sessions: home, near a place, by age, by day.

Lists are made for a day, not a moment: the script hides sessions that have ended since the build
(`data-ends`). Each page has few enough rows to stay under 14 KB as transferred.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter
from typing import NamedTuple

from markupsafe import Markup

from portal.directory import (
    AGE_BANDS,
    AgeBand,
    Directory,
    District,
    Footprint,
    Session,
    Settlement,
)
from portal.directory.addresses import weekday_path
from portal.directory.state import unit
from portal.directory.values import WEEKDAYS, Position, day_words, distance
from portal.feeds import atom
from portal.web import filters, finder_page
from portal.web.layout import Head
from portal.web.site.pages.context import ROWS, Context
from portal.web.site.pages.registry import page
from portal.web.site.rows import Day, number_of

NEAR_MILES = 10
NEAR_DEGREES = 0.15  # of latitude: a little more than those miles
NEAR_ROWS = 40
FURTHER_ROWS = 5  # if there is nothing near
SOON_ROWS = 5
BRIEF_ROWS = 20
# A day with more sessions than this has its districts folded.
FOLDED = 12
TOWNS = 24


@dataclass(frozen=True, slots=True)
class Weekday:
    """A page below /whats-on/: the next Monday, Tuesday and so on, from today."""

    name: str
    day: date

    @property
    def path(self) -> str:
        return weekday_path(self.name)


def weekdays(directory: Directory) -> tuple[Weekday, ...]:
    """The seven days from today."""
    days = (directory.today + timedelta(days=ahead) for ahead in range(7))
    return tuple(Weekday(WEEKDAYS[day.weekday()], day) for day in days)


@page("/")
def home(context: Context) -> str:
    """The next sessions that a family can come to, one of each programme, and the latest news."""
    soon: dict[str, Session] = {}
    for session in context.week:
        if session.is_on and context.joinable(session.series, unit(session)):
            soon.setdefault(session.series.programme.slug, session)
    shown = list(soon.values())[:SOON_ROWS]
    head = Head(
        title=f"{context.site.name}, {context.site.area}",
        path="/",
        summary=f"Find groups and sessions for families near you in {context.site.area}.",
        feed=atom.PATH,
    )
    return context.render(
        "home.html",
        head,
        days=context.rows.days(shown, SOON_ROWS),
        districts=context.by_name,
        towns=context.towns_of,
        view=context.map.county(),
        news=sorted(context.directory.news, key=lambda news: news.date_, reverse=True)[:2],
    )


@page("/find/")
def find(context: Context) -> str:
    """The finder's form, and the largest towns for readers without scripts."""
    head = Head(
        title="Find a session",
        path="/find/",
        section="/find/",
        summary="Find sessions by place, age, day and how to get a place.",
    )
    towns = sorted(
        (one for one in context.directory.settlements if one.population and one.unique),
        key=lambda one: -one.population,
    )[:TOWNS]
    return context.render(
        "find.html",
        head,
        asking=finder_page.blank(context.directory),
        towns=sorted(towns, key=lambda one: one.name),
    )


@page("/near/<slug:place>/", lambda directory: directory.settlements)
def near(context: Context, place: Settlement) -> str:
    """The nearest of this week's sessions to a place, by day."""
    nearest, within = _nearest(context, place.position)
    shown = nearest[: min(within, NEAR_ROWS) or FURTHER_ROWS]
    by_day: dict[date, list[str]] = defaultdict(list)
    for miles, session in shown:
        said = filters.miles(miles, session.venue)
        by_day[session.day].append(context.rows.session(session, miles=said))
    days = [Day(day, Markup("".join(by_day[day]))) for day in sorted(by_day)]  # noqa: S704
    head = Head(
        title=f"Sessions near {place.label}",
        path=place.path,
        section="/find/",
        summary=f"Groups and sessions for families near {place.label} this week.",
        crumbs=(("/find/", "Find a session"),),
        district=place.district,
    )
    return context.render(
        "near.html", head, place=place, days=days, within=within, shown=len(shown)
    )


def _nearest(context: Context, place: Position) -> tuple[list[tuple[float, Session]], int]:
    """This week's sessions with their miles from a place, the nearest first, and how many of them
    are near. Those further away are left out, unless there are no others."""
    places = context.once(_meeting_places)
    # A county has thousands of places: most of them are too far north or south.
    ahead, behind = (
        bisect_left(places, place.latitude + way * NEAR_DEGREES, key=itemgetter(0))
        for way in (-1, 1)
    )
    for some in (places[ahead:behind], places):
        away = sorted((distance(place, one.position), one.number, one.sessions) for one in some)
        nearest = [(miles, session) for miles, _, sessions in away for session in sessions]
        within = sum(miles <= NEAR_MILES for miles, _ in nearest)
        if within:
            break
    return nearest, within


class _Place(NamedTuple):
    """Where sessions meet this week; `number` is the order of their first one."""

    latitude: float
    number: int
    position: Position
    sessions: list[Session]


def _meeting_places(context: Context) -> list[_Place]:
    """The places from south to north, each with its sessions, soonest first."""
    at: dict[Position, list[Session]] = defaultdict(list)
    for session in context.week:
        if session.venue.position and session.is_on:
            at[session.venue.position].append(session)
    places = (
        _Place(one.latitude, number, one, sessions)
        for number, (one, sessions) in enumerate(at.items())
    )
    return sorted(places, key=itemgetter(0, 1))


@page("/ages/<slug:band>/", lambda directory: AGE_BANDS)  # noqa: ARG005 - the same for all
def ages(context: Context, band: AgeBand) -> str:
    """Programmes for an age band, and this week's sessions."""
    series = context.directory.series_for(band)
    head = Head(
        title=band.title,
        path=band.path,
        section="/whats-on/",
        summary=f"Groups and help for this age in {context.site.area}: {band.title}.",
        crumbs=(("/whats-on/", "What’s on"),),
    )
    return context.render(
        "ages.html",
        head,
        band=band,
        programmes=[
            one for one in context.directory.programmes if one.ages and band.holds(one.ages)
        ],
        days=context.rows.days(context.week_of(series), ROWS),
    )


@page("/whats-on/")
def whats_on(context: Context) -> str:
    """All sessions of the coming week, in brief."""
    head = Head(
        title="What’s on this week",
        path="/whats-on/",
        section="/whats-on/",
        summary=f"Every session of the coming week in {context.site.area}, by day.",
        calendar="/calendar.ics" if "/calendar.ics" in context.files else "",
    )
    return context.render(
        "whats_on.html",
        head,
        days=context.rows.days(context.week, BRIEF_ROWS, brief=True),
        number=number_of(context.week),
        weekdays=weekdays(context.directory),
    )


def part_of(area: Footprint | District) -> str:
    """The id of an area's part of a weekday's page. A footprint may have a district's slug."""
    return f"area-{area.slug}" if isinstance(area, Footprint) else area.slug


@page("/whats-on/<slug:weekday>/", weekdays)
def weekday(context: Context, weekday: Weekday) -> str:
    """One day of the coming week, by footprint and district, each with its number of sessions."""
    head = Head(
        title=f"What’s on on {weekday.name}",
        path=weekday.path,
        section="/whats-on/",
        summary=f"Sessions on {day_words(weekday.day)}, by district.",
        crumbs=(("/whats-on/", "What’s on"),),
    )
    on_day = [session for session in context.week if session.day == weekday.day]
    by_district: dict[str, list[Session]] = defaultdict(list)
    for session in on_day:
        by_district[session.series.centre.district].append(session)
    areas = []
    for footprint in context.directory.footprints:
        districts = []
        for district in footprint.districts:
            if there := by_district.get(district.slug):
                rows = "".join(context.rows.session(one, brief=True) for one in there)
                districts.append((district, number_of(there), Markup(rows)))  # noqa: S704 - rendered
        if districts:
            areas.append((footprint, sum(number for _, number, _ in districts), districts))
    return context.render(
        "weekday.html",
        head,
        weekday=weekday,
        weekdays=weekdays(context.directory),
        areas=areas,
        part_of=part_of,
        folded=FOLDED,
        number=number_of(on_day),
    )
