"""Writes the finder's tables: what is on, and where places are, small enough for a phone.

There are three files, each with a digest of its content in its name, so that browsers may keep
them for ever. The *index* has all public series with their coming sessions; it starts on the Monday
of the week, so that it changes once a week and not every midnight. The *places* are towns, centres
and postcode sectors. The *postcodes* are exact, if the service has imported them.

The index is stored by column: one list for each fact, with the series in the same order in every
list; repeated values are written once and numbered. Sessions are days counted from the first day,
stored as a first day and the gaps after it, because series across the county share the same gaps.
`tables.py` decodes it for Python, and `static/find.js` for browsers.

It is one file because the tables share their numbers, positions and words.

Nothing of a sensitive programme is in any of these (safety S3): they are made from
`Directory.series`. A centre whose address is not public has the position of its town.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import chain, count, groupby, pairwise
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from portal.content.school_calendar import school_calendar
from portal.dependencies import (
    between_edits,
    from_last_build,
    once_with,
    remembered,
    remembers,
)
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


def what_is_on(directory: Directory) -> Table:
    """The index with the same values as in the file, to be read only."""
    return _tables(directory).table


@dataclass(frozen=True, slots=True)
class _Tables:
    table: Table  # the index
    index: bytes
    places: bytes
    paths: Paths


@remembers(2)
def _index_of(directory: Directory) -> _Index:
    """Kept between edits, with what it knows of each series."""
    return _Index(directory)


@remembers(2)
def _tables(directory: Directory) -> _Tables:
    made = _index_of(directory)
    table = made.table()
    index = made.written(table)
    places = once_with(made.kept, "places", (directory, made.fitting()), _place_bytes)
    return _Tables(
        table,
        index,
        places,
        Paths(
            _path("index", index, "json"),
            _path("places", places, "json"),
            _path("postcodes", directory.postcodes, "bin") if directory.postcodes else "",
        ),
    )


def _place_bytes(directory: Directory, fitting: Set[tuple[str, str]]) -> bytes:
    return _json(_places(directory, fitting)).encode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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


class _Said(NamedTuple):
    """What the index says of a series, before its values are numbered. Days are counted from the
    first day of the index, which holds no session before it."""

    identity: str
    slug: str
    name: str
    programme: str  # the slug
    age: tuple[str | int, ...]
    cost: str
    state: tuple[_Tag | int, ...]  # as `_Index._phases` says
    language: str
    venue: _Venue
    time: _Time
    run: tuple[int, tuple[int, ...]] | None  # the first usual day, and the gaps after it
    way: int
    welcome: int
    last: int  # the last day
    unusual: tuple[tuple[int, _Time, _Venue, int], ...]  # sessions that moved, for `extra`


class _Facts(NamedTuple):
    """The same, with numbers for values."""

    identity: str
    slug: str
    row: tuple[int, ...]  # by `_COLUMNS`, each value by its number in `_Index._values` or as it is
    last: int
    unusual: tuple[tuple[int, int, int, int], ...]


class _Part(NamedTuple):
    """What the index says of the series of a centre, in their order."""

    slugs: list[str]
    columns: list[tuple[int, ...]]
    last: int
    unusual: list[tuple[int, tuple[tuple[int, int, int, int], ...]]]  # by place in the list


# The columns whose values are listed elsewhere in the index, each once.
_LISTED = ("name", "programme", "age", "cost", "state", "language", "venue", "time", "run")
_COLUMNS = (*_LISTED, "way", "welcome")
_NO_RUN = -1  # of a series without usual days


class _Index:
    """The index of one Directory.

    The series of a centre are read by themselves, and after an edit the others are as they were.
    Numbers in what is kept of them (`_values`) stay the same. The file has others: there values are
    in the order of the series that have them.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._first = week_begins(directory.today)
        self._districts = {one.slug: at for at, one in enumerate(directory.districts)}
        self._ways = list(CHOICES["booking"])
        self._programme_of = {one.slug: one for one in directory.programmes}
        # What is said of a series uses these two without reading them from a noun.
        under = repr((self._first, self._districts))
        self._under = hashlib.sha256(under.encode()).hexdigest()[:16]
        self._values: dict[str, _Numbered[Any]] = {name: _Numbered() for name in _LISTED}
        self._facts_of: dict[Series, Any] = {}
        self._parts: dict[Centre, Any] = {}
        self._fitting: dict[Centre, Any] = {}
        self.kept: dict[str, Any] = {}

    def written(self, table: Table) -> bytes:
        """The table as a file."""
        texts = (
            f'"{name}":{once_with(self.kept, name, (value,), _json)}'
            for name, value in table.items()
        )
        return f"{{{','.join(texts)}}}".encode()

    def table(self) -> Table:
        """All columns, and the finder's texts."""
        every = (
            (centre, between_edits(self._parts, centre, self._part, centre))
            for centre in self._centres
        )
        parts = [(centre, part) for centre, part in every if part.slugs]
        last = self._first + timedelta(days=max((one.last for _, one in parts), default=0))
        columns = {
            name: [*chain.from_iterable(one.columns[at] for _, one in parts)]
            for at, name in enumerate(_COLUMNS)
        }
        numbers = {
            name: _numbered(one for one in columns[name] if one != _NO_RUN) for name in _LISTED
        }
        extra = self._extra([one for _, one in parts], numbers["time"], numbers["venue"])
        listed = {name: self._listed(name, numbers[name]) for name in _LISTED}
        numbers["run"][_NO_RUN] = _NO_RUN
        for name in _LISTED:
            columns[name] = [*map(numbers[name].__getitem__, columns[name])]
        tags: _Numbered[_Tag] = _Numbered()
        states = [
            tuple(one if isinstance(one, int) else tags[one] for one in state)
            for state in listed["state"]
        ]
        patterns: _Numbered[tuple[int, ...]] = _Numbered()
        runs = [(first, patterns[gaps]) for first, gaps in listed["run"]]
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
            "names": listed["name"],
            "programmes": [_programme(self._programme_of[slug]) for slug in listed["programme"]],
            "ages": listed["age"],
            "costs": listed["cost"],
            "languages": [[key, _spoken(key)] for key in listed["language"]],
            "venues": _venue_columns(listed["venue"]),
            "times": listed["time"],
            "tags": [*tags],
            "states": states,
            "patterns": [*patterns],
            "runs": runs,
            "centres": [centre.slug for centre, _ in parts],
            "counts": [len(one.slugs) for _, one in parts],
            "slugs": " ".join(chain.from_iterable(one.slugs for _, one in parts)),
            "name": columns["name"],
            "programme": columns["programme"],
            "age": columns["age"],
            "cost": columns["cost"],
            "way": columns["way"],
            "welcome": columns["welcome"],
            "state": columns["state"],
            "language": columns["language"],
            "venue": _steps(columns["venue"]),
            "time": columns["time"],
            "run": columns["run"],
            "extra": extra,
        }

    def fitting(self) -> Set[tuple[str, str]]:
        """The filters that fit a series: see `names.fitting`."""
        return frozenset().union(
            *(
                between_edits(self._fitting, centre, self._fitting_at, centre)
                for centre in self._centres
            )
        )

    def _fitting_at(self, centre: Centre) -> Set[tuple[str, str]]:
        return names.fitting(self._directory.series_at(centre))

    @remembered
    def _centres(self) -> Sequence[Centre]:
        """In the order of the identities of their series."""
        return sorted(self._directory.centres, key=lambda one: f"{one.slug}/")

    def _listed(self, name: str, numbers: Mapping[int, int]) -> list[Any]:
        """The values of a column, in the order of their numbers in the file."""
        values = [*self._values[name]]
        return [values[number] for number in numbers]

    def _part(self, centre: Centre) -> _Part:
        series = self._directory.series_at(centre)
        every = (between_edits(self._facts_of, one, self._facts, one) for one in series)
        facts = sorted((one for one in every if one), key=attrgetter("identity"))
        return _Part(
            [one.slug for one in facts],
            [*zip(*(one.row for one in facts), strict=True)] or [()] * len(_COLUMNS),
            max((one.last for one in facts), default=0),
            [(at, one.unusual) for at, one in enumerate(facts) if one.unusual],
        )

    def _coming(self, series: Series) -> list[Session]:
        """The sessions of a series from this week on, without cancelled ones.

        The series itself decides how far ahead it is shown.
        """
        return [
            session for session in series.sessions if self._first <= session.day and not session.off
        ]

    def _facts(self, series: Series) -> _Facts | None:
        """None if no session is left."""
        key = f"finder {self._under} {series.identity}"
        said = from_last_build(key, partial(self._said, series), _packed, _unpacked)
        if said is None:
            return None
        values = self._values
        return _Facts(
            said.identity,
            said.slug,
            (
                *(values[name][getattr(said, name)] for name in _LISTED if name != "run"),
                _NO_RUN if said.run is None else values["run"][said.run],
                said.way,
                said.welcome,
            ),
            said.last,
            tuple(
                (day, values["time"][times], values["venue"][venue], planned)
                for day, times, venue, planned in said.unusual
            ),
        )

    def _said(self, series: Series) -> _Said | None:
        sessions = self._coming(series)
        if not sessions:
            return None
        days = [self._day(one.day) for one in sessions if _usual(one)]
        gaps = _gaps(days) if days else None
        return _Said(
            identity=series.identity,
            slug=series.slug,
            name=series.name,
            programme=series.programme.slug,
            age=(
                phrases.sentence(phrases.ages(series)),
                series.send_to or 0,
                *(months for one in series.ages or () for months in (one.first, one.end)),
            ),
            cost=phrases.sentence(phrases.cost(series)),
            state=self._phases(series),
            language=series.language,
            venue=self._venue(series.venue, series.centre),
            time=_time(series.time),
            run=None if gaps is None else (days[0], gaps),
            way=self._ways.index(series.booking or ""),
            welcome=_bits("welcome", expectations.good_for(series)),
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

    def _extra(
        self, parts: Iterable[_Part], times: _Numbered[int], venues: _Numbered[int]
    ) -> Table:
        """Sessions that moved or are at another place, by series number: day, time, place and the
        day first planned."""
        found: dict[str, list[int]] = {}
        before = 0
        for part in parts:
            for at, unusual in part.unusual:
                found[str(before + at)] = [
                    value
                    for day, time, venue, planned in unusual
                    for value in (day, times[time], venues[venue], planned)
                ]
            before += len(part.slugs)
        return found

    def _venue(self, venue: Venue, centre: Centre) -> _Venue:
        return _Venue(
            phrases.place(venue),
            public_position(self._directory, venue),
            self._districts[centre.district],
            venue.centre.facilities if venue.centre else (),
        )

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


_VENUE, _UNUSUAL = map(_Said._fields.index, ("venue", "unusual"))


def _packed(said: _Said | None) -> tuple[Any, ...] | None:
    """In plain values of Python."""
    if said is None:
        return None
    values: list[Any] = [*said]
    values[_VENUE] = _packed_venue(said.venue)
    values[_UNUSUAL] = tuple(
        (day, times, _packed_venue(venue), planned) for day, times, venue, planned in said.unusual
    )
    return tuple(values)


def _unpacked(packed: tuple[Any, ...] | None) -> _Said | None:
    if packed is None:
        return None
    said = _Said._make(packed)
    return said._replace(
        venue=_unpacked_venue(packed[_VENUE]),
        unusual=tuple(
            (day, times, _unpacked_venue(venue), planned)
            for day, times, venue, planned in packed[_UNUSUAL]
        ),
    )


def _packed_venue(venue: _Venue) -> tuple[Any, ...]:
    at = venue.position
    position = (at.latitude, at.longitude, at.precision) if at else None
    return (venue.words, position, *venue[2:])


def _unpacked_venue(packed: Sequence[Any]) -> _Venue:
    words, position, *others = packed
    return _Venue(words, Position(*position) if position else None, *others)


def _numbered(values: Iterable[int]) -> _Numbered[int]:
    """Numbers of these values, in the order in which they come."""
    return _Numbered(zip(dict.fromkeys(values), count()))


def _venue_columns(venues: Sequence[_Venue]) -> Table:
    at = [_grid(one.position, VENUE_GRID) if one.position else (0, 0) for one in venues]
    return {
        "names": [one.words for one in venues],
        "at": [number for pair in at for number in pair],
        "about": [
            number for number, one in enumerate(venues) if one.position and not one.position.exact
        ],
        "nowhere": [number for number, one in enumerate(venues) if not one.position],
        "district": [one.district for one in venues],
        "facilities": [_bits("access", one.facilities) for one in venues],
    }


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


def _places(directory: Directory, fitting: Set[tuple[str, str]]) -> Table:
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
        "filters": names.filters(fitting, topics, named.labels),
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
