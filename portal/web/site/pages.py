"""The kinds of public pages, each made of one Directory for one day.

A kind is declared once, above the method that makes it: the rule of its addresses and the nouns
that have such a page. Routes and the list of addresses both come from these declarations, so a page
cannot be served and yet not be frozen, or be listed and not exist.

Only `Directory.series` is ever looped over, which holds no sensitive series (safety S3). Lists show
days, not moments: what has ended by the time of reading is hidden by the script (`data-ends`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property, partial
from typing import Any, NamedTuple

from markupsafe import Markup

from portal.directory import (
    AGE_BANDS,
    AgeBand,
    Centre,
    Directory,
    District,
    Footprint,
    News,
    Page,
    Programme,
    Series,
    Session,
    Settlement,
)
from portal.directory.values import LONDON, WEEKDAYS, Position, day_words, distance
from portal.directory.vocabularies import OFFERS
from portal.feeds import atom, custom_calendar, qr_codes
from portal.feeds.calendars import Calendars, Facet, facets
from portal.web import filters, finder_page
from portal.web.site import json_ld
from portal.web.site.locator_map import Locator
from portal.web.site.rows import Day, Rows
from portal.web.templating import Frame, Head, environment

NEAR_MILES = 10
# Rows on one page, so that it stays under 14 KB on the wire; beyond, it links to the days.
ROWS = 40
BRIEF_ROWS = 120
NEAR_ROWS = 40
FURTHER_ROWS = 5  # where nothing is near
SOON_ROWS = 5
DATES = 8
SAMPLE = 3  # sessions that show what is in a calendar
EMBEDDED_ROWS = 20

# Nouns whose pages have templates of their own, and are not made as text pages.
_OWN_PAGES = ("calendars",)


# Calendars that are too many for the page that explains them.
_LISTS = (
    ("/calendars/centres/", "Centres", "centre"),
    ("/calendars/programmes/", "Programmes", "programme"),
)


class Kind(NamedTuple):
    """A kind of page: the rule of its addresses, and the noun behind each address."""

    rule: str
    nouns: Callable[[Directory], Iterable[tuple[str, Any]]]
    make: Callable[..., str]


KINDS: list[Kind] = []

_Method = Callable[..., str]


def _page(
    rule: str, nouns: Callable[[Directory], Iterable[Any]] | None = None, path: str = "path"
) -> Callable[[_Method], _Method]:
    """Declare the pages of a rule: one, or one for each noun at its `path`."""

    def addressed(directory: Directory) -> Iterable[tuple[str, Any]]:
        if nouns is None:
            return [(rule, None)]
        return [(getattr(noun, path), noun) for noun in nouns(directory)]

    def declare(make: _Method) -> _Method:
        KINDS.append(Kind(rule, addressed, make))
        return make

    return declare


@dataclass(frozen=True, slots=True)
class Weekday:
    """A page of /whats-on/: the next such day from today."""

    name: str
    day: date

    @property
    def path(self) -> str:
        return f"/whats-on/{self.name.lower()}/"


def weekdays(directory: Directory) -> tuple[Weekday, ...]:
    """The seven days from today, each by its name."""
    days = (directory.today + timedelta(days=ahead) for ahead in range(7))
    return tuple(Weekday(WEEKDAYS[day.weekday()], day) for day in days)


class Pages:
    """Makes each kind of page. A method takes the noun that the page is about, if there is one."""

    def __init__(self, directory: Directory, files: frozenset[str] = frozenset()) -> None:
        self.directory = directory
        self.site = directory.site
        self.today = directory.today
        self.now = datetime.combine(directory.today, time(), LONDON)
        self.frame = Frame(directory)
        self.rows = Rows(self.coming, directory.today)
        self.locator = Locator(directory)
        self._files = files

    # What pages have in common.

    def _render(self, template: str, head: Head, **given: Any) -> str:
        calendar = f"{head.path}calendar.ics"
        if not head.calendar and calendar in self._files:
            head = replace(head, calendar=calendar)
        return self.frame.render(
            f"site/{template}", head, calendar=self._calendar, code=self._code, **given
        )

    def part(self, template: str, **given: Any) -> bytes:
        """A file that is no page, from its template."""
        made = environment().get_template(template)
        return made.render(site=self.site, today=self.today, **given).encode()

    def _calendar(self, noun: Any) -> str:
        """The path of a noun's calendar, where there is one."""
        path = f"{noun.path}calendar.ics"
        return path if path in self._files else ""

    def _code(self, noun: Any) -> str:
        """The path of the code that leads to a noun's calendar, where there is one."""
        path = f"{noun.path}calendar.svg"
        return path if path in self._files else ""

    @cached_property
    def facets(self) -> tuple[Facet, ...]:
        """The calendars to subscribe to."""
        return tuple(facets(self.directory))

    @cached_property
    def _calendars(self) -> Calendars:
        return Calendars(self.directory)

    @cached_property
    def week(self) -> tuple[Session, ...]:
        """All public sessions of the seven days from today."""
        return self.directory.sessions_between(*self.directory.week_from(self.today))

    def _week_of(self, series: Iterable[Series]) -> list[Session]:
        wanted = set(series)
        return [session for session in self.week if session.series in wanted]

    @cached_property
    def coming(self) -> Mapping[Series, tuple[Session, ...]]:
        """The series that still meet, each with its sessions from today."""
        found = {series: self._sessions_from_now(series) for series in self.directory.series}
        return {series: sessions for series, sessions in found.items() if sessions}

    def _sessions_from_now(self, series: Series) -> tuple[Session, ...]:
        if series.sessions:
            return series.next_sessions(self.now)
        # It begins after the horizon of pages: then its dates are all that it has to say.
        return tuple(session for session in series.all_sessions if session.ends > self.now)

    def _timetable(self, series: Iterable[Series]) -> list[tuple[str, list[Series]]]:
        """Series that still meet, by the weekday of their next session, Monday first."""
        groups: dict[int, list[Series]] = defaultdict(list)
        for one in series:
            if one in self.coming:
                daily = one.repeats == "daily"
                groups[7 if daily else self.coming[one][0].day.weekday()].append(one)
        named = (*WEEKDAYS, "Monday to Friday")
        return [
            (named[number], sorted(groups[number], key=lambda one: (one.time.starts, one.name)))
            for number in sorted(groups)
        ]

    def _joined(self, series: Iterable[Series], at: str = "") -> Markup:
        return Markup("".join(self.rows.series(one, at) for one in series))  # noqa: S704 - rendered

    def _programmes(self, series: Iterable[Series]) -> list[Programme]:
        running = {one.programme.slug for one in series if one in self.coming}
        return [one for one in self.directory.programmes if one.slug in running]

    # Finding.

    @_page("/")
    def home(self) -> str:
        soon: dict[str, Session] = {}
        for session in self.week:
            if not session.cancelled:
                soon.setdefault(session.series.programme.slug, session)
        shown = list(soon.values())[:SOON_ROWS]
        head = Head(
            title=f"{self.site.name}, {self.site.area}",
            path="/",
            summary=f"Find groups and sessions for families near you in {self.site.area}.",
            feed=atom.PATH,
        )
        return self._render(
            "home.html",
            head,
            days=self.rows.days(shown, SOON_ROWS),
            news=sorted(self.directory.news, key=lambda news: news.date_, reverse=True)[:2],
        )

    @_page("/find/")
    def find(self) -> str:
        head = Head(
            title="Find a session",
            path="/find/",
            section="/find/",
            summary="Find sessions by place, age, day and how to get a place.",
        )
        towns = sorted(
            (one for one in self.directory.settlements if one.population and one.unique),
            key=lambda one: -one.population,
        )[:24]
        return self._render(
            "find.html",
            head,
            asking=finder_page.blank(self.directory),
            towns=sorted(towns, key=lambda one: one.name),
        )

    @_page("/near/<slug:place>/", lambda directory: directory.settlements)
    def near(self, place: Settlement) -> str:
        away = sorted(
            (distance(place.position, position), number)
            for number, (position, _) in enumerate(self._meeting_places)
        )
        nearest = [
            (miles, session) for miles, at in away for session in self._meeting_places[at][1]
        ]
        within = sum(miles <= NEAR_MILES for miles, _ in nearest)
        shown = nearest[: min(within, NEAR_ROWS) or FURTHER_ROWS]
        by_day: dict[date, list[str]] = defaultdict(list)
        for miles, session in shown:
            said = filters.miles(miles, session.venue)
            by_day[session.day].append(self.rows.session(session, miles=said))
        days = [Day(day, Markup("".join(by_day[day]))) for day in sorted(by_day)]  # noqa: S704
        head = Head(
            title=f"Sessions near {place.label}",
            path=place.path,
            section="/find/",
            summary=f"Groups and sessions for families near {place.label} this week.",
            crumbs=(("/find/", "Find a session"),),
        )
        return self._render(
            "near.html", head, place=place, days=days, within=within, shown=len(shown)
        )

    @cached_property
    def _meeting_places(self) -> list[tuple[Position, list[Session]]]:
        """Where this week's sessions are that are on, soonest first: few, so distances are few."""
        at: dict[Position, list[Session]] = defaultdict(list)
        for session in self.week:
            if session.venue.position and not session.cancelled:
                at[session.venue.position].append(session)
        return list(at.items())

    # Areas.

    @_page("/footprints/<slug:slug>/", lambda directory: directory.footprints)
    def footprint(self, footprint: Footprint) -> str:
        return self._area(footprint, footprint.title, footprint.districts, ())

    @_page("/districts/<slug:slug>/", lambda directory: directory.districts)
    def district(self, district: District) -> str:
        above = self.directory.footprint_of(district)
        return self._area(
            district, f"{district.title} district", (district,), ((above.path, above.title),)
        )

    def _area(
        self,
        area: Footprint | District,
        title: str,
        districts: Sequence[District],
        crumbs: tuple[tuple[str, str], ...],
    ) -> str:
        series = self.directory.series_in(area)
        head = Head(
            title=title,
            path=area.path,
            section="/centres/",
            summary=f"Family centres and groups in {title}, and what is on there this week.",
            crumbs=crumbs,
        )
        numbers = {one.slug: number for number, one in enumerate(self.directory.footprints)}
        return self._render(
            "area.html",
            head,
            area=area,
            county=self.locator.area(districts),
            districts=[(one, self.directory.centres_in(one)) for one in districts],
            programmes=self._programmes(series),
            days=self.rows.days(self._week_of(series), ROWS),
            petal_number=numbers.get(area.slug, 0) if isinstance(area, Footprint) else None,
        )

    # Centres.

    @_page("/centres/")
    def centres(self) -> str:
        head = Head(
            title="Family centres",
            path="/centres/",
            section="/centres/",
            summary=f"Every family centre in {self.site.area}, by area.",
        )
        return self._render(
            "centres.html",
            head,
            areas=[
                (
                    one,
                    [(district, self.directory.centres_in(district)) for district in one.districts],
                )
                for one in self.directory.footprints
            ],
        )

    def _centre_crumbs(self, centre: Centre) -> tuple[tuple[str, str], ...]:
        district = self.directory.district_of(centre)
        return (("/centres/", "Centres"), (district.path, district.title))

    @_page("/centres/<slug:slug>/", lambda directory: directory.centres)
    def centre(self, centre: Centre) -> str:
        head = Head(
            title=centre.title,
            path=centre.path,
            section="/centres/",
            summary=f"{centre.title}: where it is, when it is open and what is on.",
            crumbs=self._centre_crumbs(centre),
            linked_data=json_ld.of_centre(centre, self.site),
        )
        district = self.directory.district_of(centre)
        others = [one for one in self.directory.centres_in(district) if one is not centre]
        return self._render(
            "centre.html",
            head,
            centre=centre,
            county=self.locator.place(centre.position if centre.address_public else None),
            district=district,
            others=others[:6],
            finished=[one for one in self.directory.series_at(centre) if one not in self.coming],
            tomorrow=self.now + timedelta(days=1),
            timetable=[
                (name, self._joined(series, "centre"))
                for name, series in self._timetable(self.directory.series_at(centre))
            ],
        )

    @_page("/centres/<slug:slug>/whats-on/", lambda directory: directory.centres, "whats_on_path")
    def leaflet(self, centre: Centre) -> str:
        head = Head(
            title=f"What’s on at {centre.title}",
            path=centre.whats_on_path,
            section="/centres/",
            summary=f"The week at {centre.title} on one page, to print.",
            crumbs=(*self._centre_crumbs(centre), (centre.path, centre.title)),
        )
        timetable = self._timetable(self.directory.series_at(centre))
        return self._render(
            "leaflet.html",
            head,
            centre=centre,
            timetable=[
                (name, [(one, filters.notes(one, self.coming[one], self.today)) for one in series])
                for name, series in timetable
            ],
            many=sum(len(series) for _, series in timetable),
            square=Markup(qr_codes.in_page(self.frame.absolute(centre.path))),  # noqa: S704 - drawn
            week=self.today - timedelta(days=self.today.weekday()),
            pdf=centre.leaflet_path if centre.leaflet_path in self._files else "",
        )

    @_page("/embed/<slug:slug>/", lambda directory: directory.centres, "embed_path")
    def embed(self, centre: Centre) -> str:
        head = Head(title=f"What’s on at {centre.title}", path=centre.embed_path)
        series = self.directory.series_at(centre)
        coming = [one for each in series for one in self.coming.get(each, ())]
        coming.sort(key=lambda one: (one.starts, one.series.identity))
        return self._render(
            "embed.html", head, centre=centre, sessions=coming[:EMBEDDED_ROWS], left=len(coming)
        )

    # Programmes and series.

    @_page("/programmes/")
    def programmes(self) -> str:
        offers = [
            (title, [one for one in self.directory.programmes if one.offer == offer])
            for offer, title in OFFERS.items()
        ]
        head = Head(
            title="Programmes",
            path="/programmes/",
            section="/programmes/",
            summary="The groups, courses and help that we offer, by area.",
        )
        return self._render("programmes.html", head, offers=[one for one in offers if one[1]])

    @_page("/programmes/<slug:slug>/", lambda directory: directory.programmes)
    def programme(self, programme: Programme) -> str:
        head = Head(
            title=programme.title,
            path=programme.path,
            section="/programmes/",
            summary=programme.summary,
            crumbs=(("/programmes/", "Programmes"),),
            sensitive=programme.sensitive,
            linked_data=json_ld.of_programme(programme, self.site),
        )
        if programme.sensitive:
            return self._render("sensitive.html", head, programme=programme)
        series = [one for one in self.directory.series_of(programme) if one in self.coming]
        where = []
        for district in self.directory.districts:
            there = [one for one in series if one.centre.district == district.slug]
            if there:
                there.sort(key=lambda one: (one.centre.title, self.coming[one][0].starts))
                where.append((district, self._joined(there)))
        related = [
            one
            for one in self.directory.programmes
            if one.offer == programme.offer and one is not programme
        ]
        return self._render(
            "programme.html", head, programme=programme, where=where, related=related[:5]
        )

    @_page("/sessions/<slug:centre>/<slug:series>/", lambda directory: directory.series)
    def series(self, series: Series) -> str:
        coming = self.coming.get(series, ())
        head = Head(
            title=f"{series.name}, {filters.which(series)}, {filters.place(series.venue)}",
            path=series.path,
            section="/whats-on/",
            summary=f"{filters.repeats(series)} at {filters.place(series.venue)}. "
            f"{filters.ages(series.ages)}.",
            crumbs=(
                (series.centre.path, series.centre.title),
                (series.programme.path, series.programme.title),
            ),
            linked_data=json_ld.of_series(series, coming, self.site),
        )
        others = [
            one
            for one in self.directory.series_of(series.programme)
            if one is not series and one in self.coming
        ]
        here = series.venue.position or series.centre.position
        if here:
            others.sort(key=partial(_away, here.latitude, here.longitude))
        return self._render(
            "series.html",
            head,
            series=series,
            programme=series.programme,
            venue=series.venue,
            sessions=coming,
            first_dates=coming[:DATES],
            more_dates=coming[DATES:],
            files=self._files,
            others=self._joined(others[:3]),
            bookable=_bookable(series, self.now),
        )

    # Browsing.

    @_page("/ages/<slug:band>/", lambda directory: AGE_BANDS)  # noqa: ARG005 - the same for all
    def ages(self, band: AgeBand) -> str:
        series = self.directory.series_for(band)
        head = Head(
            title=band.title,
            path=band.path,
            section="/whats-on/",
            summary=f"Groups and help for this age in {self.site.area}: {band.title}.",
            crumbs=(("/whats-on/", "What’s on"),),
        )
        return self._render(
            "ages.html",
            head,
            band=band,
            programmes=[
                one for one in self.directory.programmes if one.ages and band.holds(one.ages)
            ],
            days=self.rows.days(self._week_of(series), ROWS),
        )

    @_page("/whats-on/")
    def whats_on(self) -> str:
        head = Head(
            title="What’s on this week",
            path="/whats-on/",
            section="/whats-on/",
            summary=f"Every session of the coming week in {self.site.area}, by day.",
            calendar="/calendar.ics" if "/calendar.ics" in self._files else "",
        )
        return self._render(
            "whats_on.html",
            head,
            days=self.rows.days(self.week, BRIEF_ROWS, brief=True),
            number=len(self.week),
            weekdays=weekdays(self.directory),
        )

    @_page("/whats-on/<slug:weekday>/", weekdays)
    def weekday(self, weekday: Weekday) -> str:
        head = Head(
            title=f"What’s on on {weekday.name}",
            path=weekday.path,
            section="/whats-on/",
            summary=f"Sessions on {day_words(weekday.day)}, by district.",
            crumbs=(("/whats-on/", "What’s on"),),
        )
        on_day = [session for session in self.week if session.day == weekday.day]
        here = []
        for district in self.directory.districts:
            there = [one for one in on_day if one.series.centre.district == district.slug]
            if there:
                rows = "".join(self.rows.session(one, brief=True) for one in there)
                here.append((district, Markup(rows)))  # noqa: S704 - rendered
        return self._render(
            "weekday.html",
            head,
            weekday=weekday,
            weekdays=weekdays(self.directory),
            districts=here,
            number=len(on_day),
        )

    # Text.

    @_page("/news/", lambda directory: [_NewsIndex()] if directory.news else [])
    def news_index(self, _: _NewsIndex) -> str:
        head = Head(
            title="News",
            path="/news/",
            summary=f"News from the {self.site.name}.",
            feed=atom.PATH,
        )
        news = sorted(self.directory.news, key=lambda one: one.date_, reverse=True)
        return self._render("news.html", head, news=news)

    @_page("/news/<slug:slug>/", lambda directory: directory.news)
    def news(self, news: News) -> str:
        head = Head(
            title=news.title,
            path=news.path,
            summary=news.summary,
            crumbs=(("/news/", "News"),),
            feed=atom.PATH,
        )
        return self._render("page.html", head, page=news, dated=news.date_)

    @_page(
        "/<slug:slug>/",
        lambda directory: [page for page in directory.pages if page.slug not in _OWN_PAGES],
    )
    def page(self, page: Page) -> str:
        head = Head(
            title=page.title,
            path=page.path,
            section=page.path,
            summary=page.summary,
            sensitive=page.sensitive,
        )
        return self._render("page.html", head, page=page, dated=page.updated)

    @_page("/calendars/")
    def calendars(self) -> str:
        page = self.directory.page("calendars")
        head = Head(
            title=page.title if page else "Calendars",
            path="/calendars/",
            section="/calendars/",
            summary=page.summary if page else "Calendars to subscribe to.",
        )
        # The text's first words come before the lists, how to use them after.
        intro, heading, manual = (page.html if page else "").partition("<h2")
        return self._render(
            "calendars.html",
            head,
            page=page,
            intro=intro,
            manual=heading + manual,
            groups=[
                (title, self._listed(kind))
                for title, kind in (
                    ("Areas", "footprint"),
                    ("Districts", "district"),
                    ("Ages", "age"),
                )
            ],
            everything=self._listed(""),
            more=[
                (path, title, sum(one.kind == kind for one in self.facets))
                for path, title, kind in _LISTS
            ],
        )

    @_page("/calendars/centres/")
    def calendars_of_centres(self) -> str:
        return self._calendar_list(*_LISTS[0])

    @_page("/calendars/programmes/")
    def calendars_of_programmes(self) -> str:
        return self._calendar_list(*_LISTS[1])

    def _calendar_list(self, path: str, title: str, kind: str) -> str:
        head = Head(
            title=f"Calendars of {title.lower()}",
            path=path,
            section="/calendars/",
            summary=f"A calendar to subscribe to for each of our {title.lower()}.",
            crumbs=(("/calendars/", "Calendars"),),
        )
        return self._render("calendar_list.html", head, listed=self._listed(kind))

    @_page("/calendars/custom/")
    def custom_calendar(self) -> str:
        head = Head(
            title="Make a calendar of your own",
            path="/calendars/custom/",
            section="/calendars/",
            summary="Choose districts, ages, days and more, and get them as one calendar.",
            crumbs=(("/calendars/", "Calendars"),),
        )
        return self._render(
            "custom.html",
            head,
            questions=custom_calendar.form(self.directory),
            action=custom_calendar.PAGE,
        )

    def _listed(self, kind: str) -> list[tuple[Facet, str, Sequence[Session], date | None]]:
        """Calendars with their codes, their next sessions, and the day they last changed."""
        found: list[tuple[Facet, str, Sequence[Session], date | None]] = []
        for facet in self.facets:
            if facet.kind == kind:
                changed = self._calendars.last_changed(facet.series)
                day = changed.astimezone(LONDON).date() if changed else None
                found.append((facet, qr_codes.path_of(facet), self._sample(facet.series), day))
        return found

    def _sample(self, series: Iterable[Series]) -> list[Session]:
        coming = [session for one in series for session in self.coming.get(one, ())[:SAMPLE]]
        return sorted(coming, key=lambda one: (one.starts, one.series.identity))[:SAMPLE]

    def not_found(self) -> str:
        head = Head(title="We cannot find that page", path="/404.html")
        return self._render("not_found.html", head)


class _NewsIndex:
    path = "/news/"


def _away(latitude: float, longitude: float, series: Series) -> float:
    """How far off a series is, for sorting alone: squares of degrees, longitude made smaller."""
    position = series.venue.position
    if position is None:
        return float("inf")
    return (position.latitude - latitude) ** 2 + (0.6 * (position.longitude - longitude)) ** 2


def _bookable(series: Series, now: datetime) -> str:
    """'yes', or why there is no button: 'over', 'off', 'later', 'closed'."""
    coming = series.coming(now)
    if not coming:
        return "over"
    if all(session.cancelled for session in coming):
        return "off"
    if series.opens and series.opens >= now + timedelta(days=1):
        return "later"
    if series.booking_ends and series.booking_ends <= now:
        return "closed"
    return "yes"
