"""Writes the finder's tables: what is on, and where places are, small enough for a phone.

There are three files, each with a digest of its content in its name, so that browsers may keep
them for ever. The *index* has all public series with their coming sessions; it starts on the Monday
of the week, so that it changes once a week and not every midnight. The *places* are towns, centres
and postcode sectors. The *postcodes* are exact, if the service has imported them.

The index is stored by column: one list for each fact, with the series in the same order in every
list; repeated values are written once and numbered. Sessions are days counted from the first day,
stored as a first day and the gaps after it, because series across the county share the same gaps.
`tables.py` decodes it for Python, and `static/find.js` for browsers.

Nothing of a sensitive programme is in any of these (safety S3): they are made from
`Directory.series`. A centre whose address is not public has the position of its town.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from portal.content.school_calendar import school_calendar
from portal.dependencies import between_edits, from_last_build, remembers
from portal.directory import (
    Centre,
    Directory,
    Neighbour,
    Programme,
    Series,
    Session,
    Settlement,
    Venue,
    expectations,
    phrases,
)
from portal.directory.schedule import SchoolCalendar, week_begins
from portal.directory.state import State, phases
from portal.directory.values import LONDON, Position, TimeRange
from portal.finder import names
from portal.finder.places import fold, short_form
from portal.finder.postcodes import Postcodes
from portal.finder.texts import (
    AGE_WORDS,
    BANDS,
    CALENDAR,
    CHOICES,
    FEW,
    FORMS,
    SHORT,
    WIDER,
    WORDS,
    WRITTEN,
)

Maker = Callable[[], bytes]
Table = Mapping[str, Any]
ValueT = TypeVar("ValueT")

# Positions of venues are rounded to about 10 metres, those of towns and sectors to about 100.
VENUE_GRID = 0.0001
PLACE_GRID = 0.001


@dataclass(frozen=True, slots=True)
class Paths:
    """The public paths of the three files; no path for postcodes if none were imported."""

    index: str
    places: str
    postcodes: str


def files(directory: Directory) -> Mapping[str, Maker]:
    """The makers of the index and the places, by public path."""
    tables = _tables(directory)
    return {
        tables.paths.index: partial(bytes, tables.index),
        tables.paths.places: partial(bytes, tables.places),
    }


def find(directory: Directory, path: str) -> Maker | None:
    """The maker of one of these files."""
    return files(directory).get(path) if path.startswith("/search/") else None


def postcode_files(directory: Directory) -> Mapping[str, Maker]:
    """The maker of the exact postcodes, by path. Raises PostcodesError if they are damaged."""
    if not directory.postcodes:
        return {}
    Postcodes(directory.postcodes)
    return {paths(directory).postcodes: lambda: directory.postcodes}


def paths(directory: Directory) -> Paths:
    """The paths from which the finder's script fetches the tables."""
    return _tables(directory).paths


def tables(directory: Directory) -> tuple[Table, Table]:
    """The index and the places, as a browser reads them."""
    made = _tables(directory)
    return json.loads(made.index), json.loads(made.places)


@dataclass(frozen=True, slots=True)
class _Tables:
    index: bytes
    places: bytes
    paths: Paths


@remembers(2)
def _kept_of(_directory: Directory) -> dict[Series, Any]:
    """What is kept of each series of a Directory between edits."""
    return {}


@remembers(2)
def _tables(directory: Directory) -> _Tables:
    index, places = _bytes(_Index(directory).table()), _place_bytes(directory)
    return _Tables(
        index,
        places,
        Paths(
            _path("index", index, "json"),
            _path("places", places, "json"),
            _path("postcodes", directory.postcodes, "bin") if directory.postcodes else "",
        ),
    )


@remembers(2)
def _place_bytes(directory: Directory) -> bytes:
    """Apart from the index, since an edit of a series seldom changes it."""
    return _bytes(_places(directory))


def _bytes(table: Table) -> bytes:
    return json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()


def _path(name: str, content: bytes, ending: str) -> str:
    return f"/search/{name}-{hashlib.sha256(content).hexdigest()[:16]}.{ending}"


# --- what is on -----------------------------------------------------------------------------------


class _Numbered(dict[ValueT, int]):
    """Numbers values in the order in which they are first looked up."""

    def __missing__(self, value: ValueT) -> int:
        self[value] = len(self)
        return self[value]


class _Venue(NamedTuple):
    """What the finder shows of a venue; venues that would look the same share one row."""

    words: str
    position: Position | None
    district: int
    facilities: tuple[str, ...]


_Tag = tuple[str, str, int]
_Time = tuple[int, int, str]


class _Facts(NamedTuple):
    """What the index says of a series, before its values are numbered. Days are counted from the
    first day of the index, which holds no session before it."""

    identity: str
    centre: str
    slug: str
    name: str
    programme: Programme
    ages: tuple[str | int, ...]
    cost: str
    booking: str | None
    welcome: int
    states: tuple[_Tag | int, ...]  # as `_Index._phases` says
    language: str
    venue: _Venue
    time: _Time
    first: int  # the first usual day
    gaps: tuple[int, ...] | None  # None: no day is usual
    last: int  # the last day
    unusual: tuple[tuple[int, _Time, _Venue, int], ...]  # sessions that moved, for `extra`


class _Index:
    """The index of one Directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._kept = _kept_of(directory)
        self._first = week_begins(directory.today)
        self._districts = {one.slug: at for at, one in enumerate(directory.districts)}
        # Facts use these two without reading them from a noun.
        under = repr((self._first, self._districts))
        self._under = hashlib.sha256(under.encode()).hexdigest()[:16]
        self._programme_of = {one.slug: one for one in directory.programmes}
        self._programmes: _Numbered[Programme] = _Numbered()
        self._venues: _Numbered[_Venue] = _Numbered()
        self._names: _Numbered[str] = _Numbered()
        self._costs: _Numbered[str] = _Numbered()
        self._languages: _Numbered[str] = _Numbered()
        self._ages: _Numbered[tuple[str | int, ...]] = _Numbered()
        self._times: _Numbered[tuple[int, int, str]] = _Numbered()
        self._tags: _Numbered[tuple[str, str, int]] = _Numbered()
        self._states: _Numbered[tuple[int, ...]] = _Numbered()
        self._patterns: _Numbered[tuple[int, ...]] = _Numbered()
        self._runs: _Numbered[tuple[int, int]] = _Numbered()

    def table(self) -> Table:
        """All columns, and the finder's texts."""
        every = (between_edits(self._kept, one, self._known, one) for one in self._directory.series)
        facts = sorted((one for one in every if one), key=attrgetter("identity"))
        last = self._first + timedelta(days=max((one.last for one in facts), default=0))
        columns = [self._row(one) for one in facts]
        centres = [
            (slug, len(list(group))) for slug, group in groupby(facts, key=attrgetter("centre"))
        ]
        columns_by_fact = zip(*columns, strict=True) if columns else [()] * 11
        name, programme, ages, cost, way, welcome, state, language, venue, times, run = (
            columns_by_fact
        )
        ways = list(CHOICES["booking"])
        extra = self._extra(facts)
        calendar = school_calendar(self._directory.terms)
        return {
            "first": self._first.isoformat(),
            "last": (last - self._first).days,
            "terms": [*self._terms(calendar, last)],
            "known": (calendar.covers_until - self._first).days,
            "words": dict(WORDS),
            "written": dict(WRITTEN),
            "choices": self._choices(),
            "bands": dict(BANDS),
            "ageWords": dict(AGE_WORDS),
            "short": dict(SHORT),
            "forms": dict(FORMS),
            "wider": [*WIDER],
            "few": FEW,
            "marks": [*phrases.ACCESS],
            **CALENDAR,
            "names": [*self._names],
            "programmes": [*map(_programme, self._programmes)],
            "ages": [*self._ages],
            "costs": [*self._costs],
            "languages": [[key, _spoken(key)] for key in self._languages],
            "venues": self._venue_columns(),
            "times": [*self._times],
            "tags": [*self._tags],
            "states": [*self._states],
            "patterns": [*self._patterns],
            "runs": [*self._runs],
            "centres": [slug for slug, _ in centres],
            "counts": [number for _, number in centres],
            "slugs": " ".join(one.slug for one in facts),
            "name": name,
            "programme": programme,
            "age": ages,
            "cost": cost,
            "way": [ways.index(one) for one in way],
            "welcome": welcome,
            "state": state,
            "language": language,
            "venue": _steps(venue),
            "time": times,
            "run": run,
            "extra": extra,
        }

    def _coming(self, series: Series) -> list[Session]:
        """The sessions of a series from this week on, without cancelled ones.

        The series itself decides how far ahead it is shown.
        """
        return [
            session for session in series.sessions if self._first <= session.day and not session.off
        ]

    def _row(self, facts: _Facts) -> tuple[Any, ...]:
        states = tuple(one if isinstance(one, int) else self._tags[one] for one in facts.states)
        return (
            self._names[facts.name],
            self._programmes[facts.programme],
            self._ages[facts.ages],
            self._costs[facts.cost],
            facts.booking,
            facts.welcome,
            self._states[states],
            self._languages[facts.language],
            self._venues[facts.venue],
            self._times[facts.time],
            -1 if facts.gaps is None else self._runs[facts.first, self._patterns[facts.gaps]],
        )

    def _known(self, series: Series) -> _Facts | None:
        """The facts of a series, from the last build if nothing of them has changed since."""
        key = f"finder {self._under} {series.identity}"
        return from_last_build(key, partial(self._facts, series), _packed, self._unpacked)

    def _unpacked(self, packed: tuple[Any, ...] | None) -> _Facts | None:
        if packed is None:
            return None
        facts = _Facts._make(packed)
        return facts._replace(
            programme=self._programme_of[packed[_PROGRAMME]],
            venue=_unpacked_venue(packed[_VENUE]),
            unusual=tuple(
                (day, times, _unpacked_venue(venue), planned)
                for day, times, venue, planned in packed[_UNUSUAL]
            ),
        )

    def _facts(self, series: Series) -> _Facts | None:
        """None if no session is left."""
        sessions = self._coming(series)
        if not sessions:
            return None
        days = [self._day(one.day) for one in sessions if _usual(one)]
        return _Facts(
            identity=series.identity,
            centre=series.centre.slug,
            slug=series.slug,
            name=series.name,
            programme=series.programme,
            ages=(
                phrases.sentence(phrases.ages(series)),
                series.send_to or 0,
                *(months for one in series.ages or () for months in (one.first, one.end)),
            ),
            cost=phrases.sentence(phrases.cost(series)),
            booking=series.booking,
            welcome=_bits("welcome", expectations.good_for(series)),
            states=self._phases(series),
            language=series.language,
            venue=self._venue(series.venue, series.centre),
            time=_time(series.time),
            first=days[0] if days else 0,
            gaps=_gaps(days) if days else None,
            last=max(self._day(one.day) for one in sessions),
            unusual=tuple(
                (
                    self._day(one.day),
                    _time(one.times),
                    self._venue(one.venue, series.centre),
                    self._day(one.planned),
                )
                for one in sessions
                if not _usual(one)
            ),
        )

    def _day(self, day: date) -> int:
        return (day - self._first).days

    def _phases(self, series: Series) -> tuple[_Tag | int, ...]:
        """The states of a series from the first day: tag, minute of the change, tag, and so on.

        Before them is the tag of a session that has begun, or -1 if single dates are not booked.
        """
        begun = State("started", series.booking or "request")
        found: list[_Tag | int] = [_tag(begun) if series.book == "session" else -1]
        for phase in phases(series, None, datetime.combine(self._first, time(), LONDON)):
            if phase.begins:
                here = phase.begins.astimezone(LONDON)
                found.append(self._day(here.date()) * 1440 + _minutes(here.time()))
            found.append(_tag(phase.state))
        return tuple(found)

    def _extra(self, facts: Iterable[_Facts]) -> Table:
        """Sessions that moved or are at another place, by series number: day, time, place and the
        day first planned."""
        return {
            str(number): [
                value
                for day, times, venue, planned in one.unusual
                for value in (day, self._times[times], self._venues[venue], planned)
            ]
            for number, one in enumerate(facts)
            if one.unusual
        }

    def _venue(self, venue: Venue, centre: Centre) -> _Venue:
        return _Venue(
            phrases.place(venue),
            public_position(self._directory, venue),
            self._districts[centre.district],
            venue.centre.facilities if venue.centre else (),
        )

    def _venue_columns(self) -> Table:
        venues = [*self._venues]
        at = [_grid(one.position, VENUE_GRID) if one.position else (0, 0) for one in venues]
        return {
            "names": [one.words for one in venues],
            "at": [number for pair in at for number in pair],
            "about": [
                number
                for number, one in enumerate(venues)
                if one.position and not one.position.exact
            ],
            "nowhere": [number for number, one in enumerate(venues) if not one.position],
            "district": [one.district for one in venues],
            "facilities": [_bits("access", one.facilities) for one in venues],
        }

    def _terms(self, calendar: SchoolCalendar, last: date) -> Iterator[int]:
        """The school terms up to the last session: first day, last day, first day..."""
        days = range((last - self._first).days + 1)
        for held, run in groupby(
            days, key=lambda day: calendar.in_term(self._first + timedelta(days=day))
        ):
            those = list(run)
            if held:
                yield from (those[0], those[-1])

    def _choices(self) -> Table:
        return {name: dict(values) for name, values in CHOICES.items()}


_PROGRAMME, _VENUE, _UNUSUAL = map(_Facts._fields.index, ("programme", "venue", "unusual"))


def _packed(facts: _Facts | None) -> tuple[Any, ...] | None:
    """Facts in plain values of Python."""
    if facts is None:
        return None
    values: list[Any] = [*facts]
    values[_PROGRAMME] = facts.programme.slug
    values[_VENUE] = _packed_venue(facts.venue)
    values[_UNUSUAL] = tuple(
        (day, times, _packed_venue(venue), planned) for day, times, venue, planned in facts.unusual
    )
    return tuple(values)


def _packed_venue(venue: _Venue) -> tuple[Any, ...]:
    at = venue.position
    position = (at.latitude, at.longitude, at.precision) if at else None
    return (venue.words, position, *venue[2:])


def _unpacked_venue(packed: Sequence[Any]) -> _Venue:
    words, position, *others = packed
    return _Venue(words, Position(*position) if position else None, *others)


def _tag(state: State) -> _Tag:
    return state.tag, state.words, int(state.joinable)


def _time(times: TimeRange) -> _Time:
    return _minutes(times.starts), _minutes(times.ends), times.words


def _programme(programme: Programme) -> list[Any]:
    return [
        programme.slug,
        programme.title,
        list(CHOICES["offer"]).index(programme.offer),
        _bits("need", programme.needs),
    ]


def _bits(name: str, values: Iterable[str]) -> int:
    """The values of a question as a number; those that the finder does not ask for are left out."""
    return sum(1 << number for number, key in enumerate(CHOICES[name]) if key in values)


def _spoken(language: str) -> str:
    """'In Urdu.'; '' for English."""
    said = WORDS["language"].replace("{language}", CHOICES["language"][language])
    return "" if language == "en" else said


def _usual(session: Session) -> bool:
    return session.state == "on"


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _gaps(days: Sequence[int]) -> tuple[int, ...]:
    """Gaps in days, each followed by how often it repeats: (7, 5, 14, 1)."""
    gaps = groupby(later - sooner for sooner, later in pairwise(days))
    return tuple(number for gap, run in gaps for number in (gap, len(list(run))))


def _steps(numbers: Sequence[int]) -> list[int]:
    return [later - sooner for sooner, later in pairwise([0, *numbers])]


# --- where places are -----------------------------------------------------------------------------


def public_position(directory: Directory, venue: Venue) -> Position | None:
    """The position of a venue that may be shown: its town's if the address is not public."""
    centre = venue.centre
    if centre is None or centre.address_public:
        return venue.position
    district = directory.district_of(centre)
    for settlement in directory.settlements:
        if settlement.name == centre.town and settlement.district in (district, None):
            return Position(settlement.position.latitude, settlement.position.longitude, "town")
    return district.position


class _Place(NamedTuple):
    label: str
    position: Position
    about: bool
    also: Sequence[str] = ()


def _places(directory: Directory) -> Table:
    """Towns and villages, the largest first; districts; centres; towns outside the county; then
    postcode areas.
    """
    towns = sorted(directory.settlements, key=lambda one: (-one.population, one.label, one.slug))
    # A district may be in the list of towns as well; its name means the whole district.
    titles = {one.title for one in directory.districts}
    whole = {one.name: one.also for one in towns if one.position.precision == "district"}
    towns = [one for one in towns if one.position.precision != "district" or one.name not in titles]
    known = {one.name.lower() for one in towns}
    districts = [one for one in directory.districts if one.title.lower() not in known]
    centres = [
        (centre, position)
        for centre in directory.centres
        if (position := public_position(directory, centre.venue))
    ]
    outside = _outside(directory)
    # 'Bolton' is also said for 'Bolton-by-Bowland': the list must have a name for each alone.
    short = {short_form(name) for name in (*(one.name for one in towns), *outside)}
    listed = [
        *(
            _Place(_label(one, short), one.position, one.position.precision != "point", one.also)
            for one in towns
        ),
        *(_Place(one.title, one.position, True, whole.get(one.title, ())) for one in districts),
        *(_Place(centre.title, at, not at.exact, centre.also) for centre, at in centres),
    ]
    ours = short | {fold(town.name) for town in towns}
    for one in outside.values():
        shared = fold(one.name) in ours
        label = f"{one.name} (outside {directory.site.area})" if shared else one.name
        listed.append(_Place(label, one.position, about=True))
    councils = [*dict.fromkeys(one.council for one in directory.neighbours)]
    numbers = [one.slug for one in directory.districts]
    first = len(towns) + len(districts)
    named = names.Named(
        [one.label for one in listed],
        range(first, first + len(centres)),
        {number: one.also for number, one in enumerate(listed) if one.also},
    )
    topics = names.topics(directory)
    return {
        "names": named.labels,
        "keys": names.place_keys(named),
        "centres": [centre.slug for centre, _ in centres],
        "peopled": sum(1 for one in towns if one.population),
        "topics": topics,
        "filters": names.filters(directory, topics, named.labels),
        "private": names.private(directory),
        "at": [number for one in listed for number in _grid(one.position, PLACE_GRID)],
        "about": [number for number, one in enumerate(listed) if one.about],
        "towns": len(towns),
        "districts": [numbers.index(one.slug) for one in districts],
        "councils": councils,
        "outside": [councils.index(one.council) for one in outside.values()],
        "elsewhere": {
            code: (councils.index(one.council), *_grid(one.position, PLACE_GRID))
            for one in directory.neighbours
            for code in one.outcodes
        },
        "areas": _areas(directory),
    }


def _outside(directory: Directory) -> Mapping[str, Neighbour]:
    """The towns outside the county by name, except those that are in the list of our towns."""
    ours = {one.name.lower() for one in directory.settlements}
    return {one.name: one for one in directory.neighbours if one.name.lower() not in ours}


def _label(town: Settlement, short: Container[str]) -> str:
    """The name of a town, with its district if a longer name is also said in short like it."""
    return replace(town, unique=town.unique and fold(town.name) not in short).label


def _areas(directory: Directory) -> list[list[Any]]:
    """Each outcode with its centre, then its sectors' digits and their offsets from that centre."""
    grids = {area.code: _grid(area.position, PLACE_GRID) for area in directory.postcode_areas}
    areas: list[list[Any]] = []
    for outcode, group in groupby(sorted(grids), key=lambda code: code.partition(" ")[0]):
        codes = list(group)
        up, across = grids.get(outcode, grids[codes[0]])
        row: list[Any] = [outcode, up, across]
        for code in codes:
            if code != outcode:
                row += int(code[-1]), grids[code][0] - up, grids[code][1] - across
        areas.append(row)
    return areas


def _grid(position: Position, step: float) -> tuple[int, int]:
    return round(position.latitude / step), round(position.longitude / step)
