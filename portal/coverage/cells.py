"""What runs in the next 13 weeks, by district, age band and part of the week.

A session counts where it is held: at a centre in the centre's district, elsewhere in the district
that the venue is in. It counts in each age band that its group is for. A group that names no ages
of children, such as a course for parents, counts in no band, as it is on no page of an age; it is
in the numbers of its area. Only sessions that are on count, and never those of a sensitive
programme (S100).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from portal.content.school_calendar import school_calendar
from portal.coverage.inside import district_at
from portal.dependencies import once, once_with, remembered, remembers
from portal.directory import (
    AGE_BANDS,
    AgeBand,
    Centre,
    Directory,
    District,
    Footprint,
    Series,
    Session,
    Venue,
)
from portal.directory.phrases import ACCESS
from portal.directory.schedule import SchoolCalendar
from portal.directory.vocabularies import BOOKING_WAYS, FACILITIES, LANGUAGES, OFFERS

WEEKS = 13
EVENING = 17  # o'clock, as in the finder

# Each session is in one part: weekends first, then the school holidays, then evenings.
PARTS: Mapping[str, str] = MappingProxyType(
    {
        "weekday": "Weekdays",
        "evening": "Evenings",
        "weekend": "Weekends",
        "holiday": "School holidays",
    }
)
# The parts and the age bands within a sentence: 'at weekends for ages 11 to 15'.
WHEN: Mapping[str, str] = MappingProxyType(
    {
        "weekday": "on weekdays",
        "evening": "in the evening",
        "weekend": "at weekends",
        "holiday": "in the school holidays",
    }
)
WHOM: Mapping[str, str] = MappingProxyType(
    {
        "pregnancy": "in pregnancy",
        "babies": "for babies under 1",
        "toddlers": "for ages 1 and 2",
        "pre-school": "for ages 3 and 4",
        "primary-school": "for ages 5 to 10",
        "secondary-school": "for ages 11 to 15",
        "young-adults": "for ages 16 to 25",
    }
)
# How much is on: the words of a cell, with the least number of sessions. 13 are one a week.
WORDS: tuple[tuple[str, int], ...] = (
    ("none", 0),
    ("very few", 1),
    ("few", 6),
    ("some", 13),
    ("many", 52),
)
LEVEL_WORDS: Mapping[str, str] = MappingProxyType(
    {"universal": "For every family", "targeted": "For families who need more help"}
)
# The service plan's shares of universal and targeted work, in per cent.
PLAN: Mapping[str, int] = MappingProxyType({"universal": 20, "targeted": 80})
PLACES: tuple[str, ...] = ("At a centre", "In another building", "Out and about")
NOT_SAID = "Not said"


class Amount(NamedTuple):
    """How much there is of something."""

    series: int
    sessions: int
    hours: float


NONE = Amount(0, 0, 0.0)


class _Sum(NamedTuple):
    """The sums of a line, so that those of several districts can be joined."""

    series: frozenset[Series]
    sessions: int
    seconds: float

    @property
    def amount(self) -> Amount:
        return Amount(len(self.series), self.sessions, round(self.seconds / 3600, 2))


class _Held(NamedTuple):
    """A session with what it is sorted by, and where it counts."""

    starts: datetime
    name: str
    identity: str
    session: Session
    district: District
    part: str


_in_order = itemgetter(0, 1, 2)


@dataclass(frozen=True, eq=False, slots=True)
class Cell:
    """What is on in a district for an age band in a part of the week, soonest first."""

    district: District
    band: AgeBand
    part: str
    sessions: tuple[Session, ...]

    @property
    def series(self) -> tuple[Series, ...]:
        """Each group once, in the order of its first session."""
        return tuple(dict.fromkeys(session.series for session in self.sessions))

    @property
    def shade(self) -> int:
        """0 for nothing, up to 4."""
        return _shade(len(self.sessions))

    @property
    def word(self) -> str:
        return WORDS[self.shade][0]

    @property
    def anchor(self) -> str:
        """Its fragment on the page of the district."""
        return f"{self.band.slug}-{self.part}"

    def as_json(self) -> dict[str, Any]:
        """The cell in the open data."""
        return {
            "district": self.district.slug,
            "band": self.band.slug,
            "part": self.part,
            "word": self.word,
            "sessions": len(self.sessions),
            "series": [series.identity for series in self.series],
        }


def _shade(sessions: int) -> int:
    return max(n for n, (_, least) in enumerate(WORDS) if sessions >= least)


def word_of(sessions: int) -> str:
    """How much it is, as a cell says it."""
    return WORDS[_shade(sessions)][0]


def part_of(session: Session, directory: Directory) -> str:
    """The part of the week that a session is in."""
    return _part(session, school_calendar(directory.terms))


def _part(session: Session, calendar: SchoolCalendar) -> str:
    day = session.day
    if day.weekday() > 4:
        return "weekend"
    # After the last term that is known, school holidays are not known either.
    if not calendar.in_term(day) and day <= calendar.covers_until:
        return "holiday"
    return "evening" if session.starts.hour >= EVENING else "weekday"


class Coverage:
    """The public sessions of 13 weeks, sorted into cells.

    What the groups of a centre add is worked out by itself, and so is each district: after an edit
    of a series in a preview all others are joined as they were.
    """

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.first = directory.today
        self.last = directory.today + timedelta(days=7 * WEEKS - 1)
        self._districts: dict[Any, Any] = {}
        self._at_centres: dict[Centre, Any] = {}
        self._in_districts: dict[str, Any] = {}
        self._joined: dict[Any, Any] = {}

    @staticmethod
    def of(directory: Directory) -> Coverage:
        """The coverage on the day of the Directory, which is worked out once."""
        return _coverage(directory)

    def cell(self, district: District, band: AgeBand, part: str) -> Cell:
        return self._by_district[district.slug].cells[band.slug, part]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """By district, then age band, then part of the week."""
        return self.cells_of()

    def cells_of(self, area: District | Footprint | None = None) -> tuple[Cell, ...]:
        """The cells of an area, in the same order."""
        return tuple(
            cell
            for district in self.districts_in(area)
            for cell in self._by_district[district.slug].cells.values()
        )

    def districts_in(self, area: District | Footprint | None) -> Sequence[District]:
        """The districts of an area, or all."""
        if area is None:
            return self.directory.districts
        return area.districts if isinstance(area, Footprint) else (area,)

    def sessions_in(self, area: District | Footprint | None = None) -> tuple[Session, ...]:
        """All sessions held in an area, or in the county, soonest first."""
        return once(self._joined, ("sessions", *_key(area)), self._sessions_in, area)

    def district_of(self, session: Session) -> District:
        """The district in which a session is held."""
        return self._district_of_venue(session.venue, session.series)

    def part_of(self, session: Session) -> str:
        """The part of the week that a session is in."""
        return _part(session, self._calendar)

    # --- by area ----------------------------------------------------------------------------------

    def offers(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By area of the service's offer."""
        return self._table("offers", area)

    def levels(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By level of need: universal and targeted, to be read beside PLAN."""
        return self._table("levels", area)

    def ways(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By the way to get a place."""
        return self._table("ways", area)

    def access(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By what the centre has that decides who can come. A session may be in several lines."""
        return self._table("access", area)

    def languages(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By the language spoken: each that the service knows, also those without a group."""
        return self._table("languages", area)

    def outreach(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By where it is: at a centre, in another building, or out and about."""
        return self._table("places", area)

    def parts(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By part of the week, also what is in no age band."""
        return self._table("parts", area)

    def amount(self, area: District | Footprint | None = None) -> Amount:
        """All of an area."""
        return self._sums_in(area)[_ALL][_ALL].amount

    def _table(self, name: str, area: District | Footprint | None) -> Mapping[str, Amount]:
        return {line: one.amount for line, one in self._sums_in(area)[name].items()}

    def _sums_in(self, area: District | Footprint | None) -> _Sums:
        """The sums of an area by table and line."""
        several = tuple(self._by_district[one.slug].sums for one in self.districts_in(area))
        if len(several) == 1:
            return several[0]
        return once_with(self._joined, ("sums", *_key(area)), (several,), _joined)

    def _sessions_in(self, area: District | Footprint | None) -> tuple[Session, ...]:
        held = chain.from_iterable(
            self._by_district[one.slug].held for one in self.districts_in(area)
        )
        return tuple(one.session for one in sorted(held, key=_in_order))

    # --- for machines -----------------------------------------------------------------------------

    def as_json(
        self, cells: Sequence[Any], area: District | Footprint | None = None
    ) -> dict[str, Any]:
        """The open data: these cells, and the sums of each area; or those of one area alone."""
        areas = [self.area_as_json(one) for one in self.areas(area)]
        return {**self.about(), "cells": cells, "areas": areas}

    def about(self) -> dict[str, Any]:
        """The open data without cells and areas."""
        return {
            "from": self.first.isoformat(),
            "until": self.last.isoformat(),
            "parts": dict(PARTS),
            "bands": {band.slug: band.title for band in AGE_BANDS},
            "words": [{"word": word, "least_sessions": least} for word, least in WORDS],
            "plan": dict(PLAN),
        }

    def areas(
        self, area: District | Footprint | None = None
    ) -> Sequence[District | Footprint | None]:
        """The areas of the open data, the county (None) first; or one area alone."""
        return (area,) if area else (None, *self.directory.footprints, *self.directory.districts)

    def area_as_json(self, area: District | Footprint | None) -> dict[str, Any]:
        """An area in the open data."""
        kind = "district" if isinstance(area, District) else "footprint" if area else "county"
        return {
            "kind": kind,
            "area": area.slug if area else "",
            "title": area.title if area else self.directory.site.area,
            **self.amount(area)._asdict(),
            **{
                name: {line: one.amount._asdict() for line, one in table.items()}
                for name, table in self._sums_in(area).items()
                if name != _ALL
            },
        }

    # --- worked out once --------------------------------------------------------------------------

    @remembered
    def _calendar(self) -> SchoolCalendar:
        return school_calendar(self.directory.terms)

    @remembered
    def _by_district(self) -> Mapping[str, _District]:
        elsewhere: dict[str, list[_Held]] = defaultdict(list)
        for centre in self.directory.centres:
            for one in self._at(centre)[1]:
                elsewhere[one.district.slug].append(one)
        return {
            one.slug: once_with(
                self._in_districts,
                one.slug,
                (one, tuple(elsewhere.get(one.slug, ()))),
                self._in_district,
            )
            for one in self.directory.districts
        }

    def _in_district(self, district: District, others: Sequence[_Held]) -> _District:
        """A district with what is held in it; `others` are held by centres of other districts."""
        held = [*others]
        for centre in self.directory.centres:
            if centre.district == district.slug:
                held += self._at(centre)[0]
        return _District(district, sorted(held, key=_in_order))

    def _at(self, centre: Centre) -> tuple[Sequence[_Held], Sequence[_Held]]:
        """The sessions of a centre's groups: those held in its district, and all others."""
        return once(self._at_centres, centre, self._held_by, centre)

    def _held_by(self, centre: Centre) -> tuple[Sequence[_Held], Sequence[_Held]]:
        found: tuple[list[_Held], list[_Held]] = [], []
        for series in self.directory.series_at(centre):
            name, identity = series.name, series.identity
            for one in series.all_sessions:
                if not one.off and self.first <= one.day <= self.last:
                    district = self.district_of(one)
                    held = _Held(one.starts, name, identity, one, district, self.part_of(one))
                    found[district.slug != centre.district].append(held)
        return found

    def _district_of_venue(self, venue: Venue, series: Series) -> District:
        def found() -> District:
            centre = venue.centre or series.centre
            there = None if venue.centre else district_at(self.directory, venue.position)
            return there or self.directory.district_of(centre)

        return once(self._districts, (venue, series.centre), found)


class _District:
    """What is held in a district, soonest first: its cells, and its sums by table and line."""

    def __init__(self, district: District, held: Sequence[_Held]) -> None:
        self.held = held
        cells: dict[tuple[str, str], list[Session]] = {
            (band.slug, part): [] for band in AGE_BANDS for part in PARTS
        }
        bands: dict[Series, list[str]] = {}
        alike: dict[tuple[Series, Venue, str], list[float]] = {}
        for one in held:
            session, part = one.session, one.part
            series = session.series
            if series not in bands:
                ages = series.ages or ()
                bands[series] = [band.slug for band in AGE_BANDS if band.holds(ages)]
            for band in bands[series]:
                cells[band, part].append(session)
            lengths = alike.setdefault((series, session.venue, part), [])
            lengths.append((session.ends - session.starts).total_seconds())
        self.cells: Mapping[tuple[str, str], Cell] = {
            (band.slug, part): Cell(district, band, part, tuple(cells[band.slug, part]))
            for band in AGE_BANDS
            for part in PARTS
        }
        self.sums = _joined(
            {
                name: {
                    line: _Sum(frozenset((series,)), len(lengths), sum(lengths))
                    for line in lines_of(series, venue, part)
                }
                for name, (_, lines_of) in _TABLES.items()
            }
            for (series, venue, part), lengths in alike.items()
        )


def _joined(several: Iterable[_Sums]) -> _Sums:
    """The sums of several sums. A series that is in more than one of them counts once."""
    every: dict[str, dict[str, list[_Sum]]] = {
        name: {line: [] for line in lines} for name, (lines, _) in _TABLES.items()
    }
    for sums in several:
        for name, table in sums.items():
            lines = every[name]
            for line, one in table.items():
                lines.setdefault(line, []).append(one)
    return {
        name: {
            line: _Sum(
                frozenset().union(*(one.series for one in those)),
                sum(one.sessions for one in those),
                sum(one.seconds for one in those),
            )
            for line, those in table.items()
        }
        for name, table in every.items()
    }


def _key(area: District | Footprint | None) -> tuple[str, bool]:
    """Preston is both a district and a footprint."""
    return area.slug if area else "", isinstance(area, Footprint)


@remembers(2)
def _coverage(directory: Directory) -> Coverage:
    return Coverage(directory)


def _place(venue: Venue) -> str:
    if venue.centre:
        return PLACES[0]
    return PLACES[2] if venue.is_area else PLACES[1]


def _facilities(_: Series, venue: Venue, __: str) -> list[str]:
    centre = venue.centre
    return [FACILITIES[name] for name in (centre.facilities if centre else ()) if name in ACCESS]


# The sums of a table by line, by the name of the table.
_Sums = Mapping[str, Mapping[str, _Sum]]
_ALL = ""
# Each table: the lines that it has in any case, and those that a session of a series is in, by its
# venue and part of the week. The last one has all of it in one line.
_TABLES: Mapping[str, tuple[Sequence[str], Callable[[Series, Venue, str], Sequence[str]]]] = {
    "parts": ((*PARTS.values(),), lambda _, __, part: (PARTS[part],)),
    "offers": ((*OFFERS.values(),), lambda series, _, __: (OFFERS[series.programme.offer],)),
    "levels": ((*PLAN,), lambda series, _, __: (series.programme.level or NOT_SAID,)),
    "ways": (
        (*BOOKING_WAYS.values(),),
        lambda series, _, __: (BOOKING_WAYS[series.booking] if series.booking else NOT_SAID,),
    ),
    "access": (tuple(FACILITIES[name] for name in ACCESS), _facilities),
    "languages": ((*LANGUAGES.values(),), lambda series, _, __: (LANGUAGES[series.language],)),
    "places": (PLACES, lambda _, venue, __: (_place(venue),)),
    _ALL: ((_ALL,), lambda _, __, ___: (_ALL,)),
}
