"""The context that the pages of one Directory share: rendering, rows, the week, timetables.

Thousands of pages need the same sessions and rows, so these are computed once in a `Context`. A
module caches what only its own pages share with `once`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from markupsafe import Markup

from portal.dependencies import Addresses, once, remembered
from portal.directory import Centre, Directory, District, Programme, Series, Session
from portal.directory.state import Phase, phases
from portal.directory.values import LONDON, WEEKDAYS
from portal.settings import Settings
from portal.web.layout import Frame, Head
from portal.web.site.cards import Cards
from portal.web.site.county_map import CountyMap
from portal.web.site.photos import Photos
from portal.web.site.rows import Rows
from portal.web.templating import environment

# Rows on one page, so that it stays short; after these it links to the days.
ROWS = 12

DEFAULT_PERIODS: Mapping[str, int] = {
    name: Settings.model_fields[name].default
    for name in ("keep_days", "keep_needs_days", "keep_case_days")
}

T = TypeVar("T")


class Context:
    """One Directory, for pages. `files` are the paths of all files other than pages; `periods` how
    many days data is kept (`Settings.periods`)."""

    def __init__(
        self,
        directory: Directory,
        files: Iterable[str] = (),
        periods: Mapping[str, int] = DEFAULT_PERIODS,
        photos: Photos | None = None,
    ) -> None:
        self.directory = directory
        self.site = directory.site
        self.map = CountyMap(directory)
        cards = Cards(directory, self.map)
        self.frame = Frame(directory, cards=lambda: cards.paths)
        self.rows = Rows(self)
        self.photos = photos or Photos(directory)
        self.files = Addresses(files)
        self.periods = periods
        self._coming = Coming(self)
        self._once: dict[Hashable, Any] = {}

    @property
    def today(self) -> date:
        return self.directory.today

    @property
    def now(self) -> datetime:
        """The start of the day."""
        return datetime.combine(self.directory.today, time(), LONDON)

    def once(self, make: Callable[..., T], *given: Hashable) -> T:
        """The result of `make(context, *given)`, computed at the first call."""
        return once(self._once, (make, *given), make, self, *given)

    # Rendering.

    def render(self, template: str, head: Head, **given: Any) -> str:
        """A page from its template in `templates/site`; `given` are the template's variables."""
        calendar = f"{head.path}calendar.ics"
        if not head.calendar and calendar in self.files:
            head = replace(head, calendar=calendar)
        return self.frame.render(
            f"site/{template}", head, calendar=self._calendar, code=self._code, **given
        )

    def part(self, template: str, **given: Any) -> bytes:
        """A file that is not a page, rendered from its template."""
        made = environment().get_template(template)
        return made.render(site=self.site, today=self.today, **given).encode()

    def _calendar(self, noun: Any) -> str:
        """The path of a noun's calendar; '' if it has none."""
        path = f"{noun.path}calendar.ics"
        return path if path in self.files else ""

    def _code(self, noun: Any) -> str:
        """The path of the QR code for a noun's calendar; '' if it has none."""
        path = f"{noun.path}calendar.svg"
        return path if path in self.files else ""

    # Places.

    @remembered
    def by_name(self) -> tuple[District, ...]:
        """The districts in the order of the alphabet."""
        return tuple(sorted(self.directory.districts, key=lambda one: one.title))

    @remembered
    def towns_of(self) -> Mapping[District, tuple[str, ...]]:
        """The two largest towns of each district, other than one that has its name."""
        towns: dict[District, list[str]] = {one: [] for one in self.directory.districts}
        for one in sorted(self.directory.settlements, key=lambda one: (-one.population, one.slug)):
            district = one.district
            if district and one.unique and one.population and one.name not in district.title:
                towns[district].append(one.name)
        return {district: tuple(names[:2]) for district, names in towns.items()}

    # Sessions and series.

    @remembered
    def week(self) -> tuple[Session, ...]:
        """All public sessions of the seven days from today, and old days of those that moved."""
        return tuple(one.session for one in self._week_at(self.directory.centres))

    def week_of(self, series: Iterable[Series]) -> list[Session]:
        """The sessions of the week that belong to these series, in the same order.

        Only the groups of their centres are read.
        """
        wanted = set(series)
        every = self._week_at(dict.fromkeys(one.centre for one in wanted))
        return [one.session for one in every if one.session.series in wanted]

    def _week_at(self, centres: Iterable[Centre]) -> list[_Ordered]:
        every = chain.from_iterable(self.once(_week_at, one) for one in centres)
        return sorted(every, key=itemgetter(0, 1, 2))

    @property
    def coming(self) -> Coming:
        """The series that still meet, each with its sessions from today."""
        return self._coming

    def states(self, series: Series, session: Session | None = None) -> tuple[Phase, ...]:
        """The state from the start of this day and those that follow, of a series or a session."""
        return phases(series, session, self.now) if session else self.once(_states, series)

    def joinable(self, series: Series, session: Session | None = None) -> bool:
        """Whether a family can book, ask or come on this day, or from some hour of it."""
        tomorrow = self.now + timedelta(days=1)
        return any(
            one.state.joinable
            for one in self.states(series, session)
            if one.begins is None or one.begins < tomorrow
        )

    def state_words(self, series: Series, session: Session | None = None) -> str:
        """The state on this day, in words that say until when: for paper and foreign pages."""
        return self.states(series, session)[0].dated

    def timetable(self, series: Iterable[Series]) -> list[tuple[str, list[Series]]]:
        """Series that still meet, by their usual weekday, Monday first."""
        groups: dict[int, list[Series]] = defaultdict(list)
        for one in series:
            if one in self.coming:
                daily = one.repeats == "daily"
                first = one.held[0].day if one.repeats == "once" else one.starts
                groups[7 if daily else first.weekday()].append(one)
        named = (*WEEKDAYS, "Monday to Friday")
        return [
            (named[number], sorted(groups[number], key=lambda one: (one.times.starts, one.name)))
            for number in sorted(groups)
        ]

    def series_rows(self, series: Iterable[Series], at: str = "") -> Markup:
        """The rows of these series, joined; `at` is as in `Rows.series`."""
        return Markup("".join(self.rows.series(one, at) for one in series))  # noqa: S704 - rendered

    def running_programmes(self, series: Iterable[Series]) -> list[Programme]:
        """The programmes of those series that still meet."""
        running = {one.programme.slug for one in series if one in self.coming}
        return [one for one in self.directory.programmes if one.slug in running]


class _Ordered(NamedTuple):
    """A session after what lists are sorted by, as in `Directory.sessions_between`."""

    starts: datetime
    name: str
    identity: str
    session: Session


def _week_at(context: Context, centre: Centre) -> list[_Ordered]:
    """The sessions of the week of a centre's groups."""
    directory = context.directory
    series = directory.series_at(centre)
    found = directory.sessions_between(*directory.week_from(context.today), series)
    return [_Ordered(one.starts, one.series.name, one.series.identity, one) for one in found]


def _states(context: Context, series: Series) -> tuple[Phase, ...]:
    return phases(series, None, context.now)


class Coming:
    """The series that still meet, each with its sessions from today, worked out one by one.

    A page is made again if those of a series that it asked about change, and not for all others.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def get(self, series: Series, default: tuple[Session, ...] = ()) -> tuple[Session, ...]:
        return self._context.once(_coming, series) or default

    def __getitem__(self, series: Series) -> tuple[Session, ...]:
        found = self.get(series)
        if not found:
            raise KeyError(series)
        return found

    def __contains__(self, series: Series) -> bool:
        return bool(self.get(series))


def _coming(context: Context, series: Series) -> tuple[Session, ...]:
    return series.next_sessions(context.now)
