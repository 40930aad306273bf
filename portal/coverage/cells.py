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
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from portal.content.school_calendar import school_calendar
from portal.coverage.inside import district_at
from portal.dependencies import once, remembered, remembers
from portal.directory import (
    AGE_BANDS,
    AgeBand,
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


class _Alike(NamedTuple):
    """The sessions of a series that are in the same lines of every table."""

    series: Series
    venue: Venue
    part: str
    sessions: int
    seconds: float


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
    """The public sessions of 13 weeks, sorted into cells."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.first = directory.today
        self.last = directory.today + timedelta(days=7 * WEEKS - 1)
        self._districts: dict[Any, Any] = {}

    @staticmethod
    def of(directory: Directory) -> Coverage:
        """The coverage on the day of the Directory, which is worked out once."""
        return _coverage(directory)

    def cell(self, district: District, band: AgeBand, part: str) -> Cell:
        return self._cells[district.slug, band.slug, part]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """By district, then age band, then part of the week."""
        return tuple(self._cells.values())

    def cells_of(self, area: District | Footprint | None = None) -> tuple[Cell, ...]:
        """The cells of an area, in the same order."""
        districts = area.districts if isinstance(area, Footprint) else (area,)
        return tuple(cell for cell in self.cells if area is None or cell.district in districts)

    def sessions_in(self, area: District | Footprint | None = None) -> tuple[Session, ...]:
        """All sessions held in an area, or in the county, soonest first."""
        return self._sessions_in[area.slug if area else "", isinstance(area, Footprint)]

    def district_of(self, session: Session) -> District:
        """The district in which a session is held."""
        return self._district_of_venue(session.venue, session.series)

    def part_of(self, session: Session) -> str:
        """The part of the week that a session is in."""
        return _part(session, self._calendar)

    # --- by area ----------------------------------------------------------------------------------

    def offers(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By area of the service's offer."""
        return self._sums(area, OFFERS.values(), lambda one: [OFFERS[one.series.programme.offer]])

    def levels(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By level of need: universal and targeted, to be read beside PLAN."""
        return self._sums(area, PLAN, lambda one: [one.series.programme.level or NOT_SAID])

    def ways(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By the way to get a place."""
        return self._sums(
            area,
            BOOKING_WAYS.values(),
            lambda one: [BOOKING_WAYS[one.series.booking] if one.series.booking else NOT_SAID],
        )

    def access(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By what the centre has that decides who can come. A session may be in several lines."""
        known = {name: FACILITIES[name] for name in ACCESS}

        def there(alike: _Alike) -> list[str]:
            centre = alike.venue.centre
            return [known[name] for name in (centre.facilities if centre else ()) if name in known]

        return self._sums(area, known.values(), there)

    def languages(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By the language spoken: each that the service knows, also those without a group."""
        words = LANGUAGES
        return self._sums(
            area,
            words.values(),
            lambda one: [words.get(one.series.language, one.series.language)],
        )

    def outreach(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By where it is: at a centre, in another building, or out and about."""
        return self._sums(area, PLACES, lambda one: [_place(one.venue)])

    def parts(self, area: District | Footprint | None = None) -> Mapping[str, Amount]:
        """By part of the week, also what is in no age band."""
        return self._sums(area, PARTS.values(), lambda one: [PARTS[one.part]])

    def amount(self, area: District | Footprint | None = None) -> Amount:
        """All of an area."""
        return _amount(self._alike_in(area))

    def _sums(
        self,
        area: District | Footprint | None,
        lines: Iterable[str],
        lines_of: Callable[[_Alike], Iterable[str]],
    ) -> Mapping[str, Amount]:
        found: dict[str, list[_Alike]] = {line: [] for line in lines}
        for alike in self._alike_in(area):
            for line in lines_of(alike):
                found.setdefault(line, []).append(alike)
        return {line: _amount(those) for line, those in found.items()}

    def _alike_in(self, area: District | Footprint | None) -> Sequence[_Alike]:
        """The sessions of an area, counted by what the tables ask of them."""
        key = area.slug if area else "", isinstance(area, Footprint)
        return once(self._alike, key, self._counted, area)

    def _counted(self, area: District | Footprint | None) -> Sequence[_Alike]:
        counted: dict[tuple[Series, Venue, str], list[float]] = {}
        for session in self.sessions_in(area):
            _, part = self._placed[session]
            lengths = counted.setdefault((session.series, session.venue, part), [])
            lengths.append((session.ends - session.starts).total_seconds())
        return [_Alike(*of, len(lengths), sum(lengths)) for of, lengths in counted.items()]

    # --- for machines -----------------------------------------------------------------------------

    def as_json(
        self, cells: Sequence[Any], area: District | Footprint | None = None
    ) -> dict[str, Any]:
        """The open data: these cells, and the sums of each area; or those of one area alone."""
        every: list[District | Footprint | None] = [None]
        every += [*self.directory.footprints, *self.directory.districts]
        return {
            "from": self.first.isoformat(),
            "until": self.last.isoformat(),
            "parts": dict(PARTS),
            "bands": {band.slug: band.title for band in AGE_BANDS},
            "words": [{"word": word, "least_sessions": least} for word, least in WORDS],
            "plan": dict(PLAN),
            "cells": cells,
            "areas": [self._area_as_json(one) for one in ([area] if area else every)],
        }

    def _area_as_json(self, area: District | Footprint | None) -> dict[str, Any]:
        kind = "district" if isinstance(area, District) else "footprint" if area else "county"
        tables = {
            "parts": self.parts(area),
            "offers": self.offers(area),
            "levels": self.levels(area),
            "ways": self.ways(area),
            "access": self.access(area),
            "languages": self.languages(area),
            "places": self.outreach(area),
        }
        return {
            "kind": kind,
            "area": area.slug if area else "",
            "title": area.title if area else self.directory.site.area,
            **self.amount(area)._asdict(),
            **{
                name: {line: amount._asdict() for line, amount in table.items()}
                for name, table in tables.items()
            },
        }

    # --- worked out once --------------------------------------------------------------------------

    @remembered
    def _calendar(self) -> SchoolCalendar:
        return school_calendar(self.directory.terms)

    @remembered
    def _sessions(self) -> tuple[Session, ...]:
        found = [
            session
            for series in self.directory.series
            for session in series.all_sessions
            if not session.off and self.first <= session.day <= self.last
        ]
        found.sort(key=lambda one: (one.starts, one.series.name, one.series.identity))
        return tuple(found)

    @remembered
    def _alike(self) -> dict[tuple[str, bool], Any]:
        return {}

    @remembered
    def _placed(self) -> Mapping[Session, tuple[District, str]]:
        """The district and the part of the week of each session."""
        return {one: (self.district_of(one), self.part_of(one)) for one in self._sessions}

    @remembered
    def _sessions_in(self) -> Mapping[tuple[str, bool], tuple[Session, ...]]:
        """By the slug of an area, and whether it is a footprint: Preston is both."""
        found: dict[tuple[str, bool], list[Session]] = defaultdict(list)
        for session, (district, _) in self._placed.items():
            above = self.directory.footprint_of(district)
            for key in ("", False), (district.slug, False), (above.slug, True):
                found[key].append(session)
        areas = [("", False)]
        areas += [(one.slug, False) for one in self.directory.districts]
        areas += [(one.slug, True) for one in self.directory.footprints]
        return {key: tuple(found[key]) for key in areas}

    @remembered
    def _cells(self) -> Mapping[tuple[str, str, str], Cell]:
        found: dict[tuple[str, str, str], list[Session]] = defaultdict(list)
        bands: dict[Series, list[AgeBand]] = {}
        for session, (district, part) in self._placed.items():
            series = session.series
            if series not in bands:
                bands[series] = [band for band in AGE_BANDS if band.holds(series.ages or ())]
            for band in bands[series]:
                found[district.slug, band.slug, part].append(session)
        return {
            (district.slug, band.slug, part): Cell(
                district, band, part, tuple(found[district.slug, band.slug, part])
            )
            for district in self.directory.districts
            for band in AGE_BANDS
            for part in PARTS
        }

    def _district_of_venue(self, venue: Venue, series: Series) -> District:
        def found() -> District:
            centre = venue.centre or series.centre
            there = None if venue.centre else district_at(self.directory, venue.position)
            return there or self.directory.district_of(centre)

        return once(self._districts, (venue, series.centre), found)


@remembers(2)
def _coverage(directory: Directory) -> Coverage:
    return Coverage(directory)


def _place(venue: Venue) -> str:
    if venue.centre:
        return PLACES[0]
    return PLACES[2] if venue.is_area else PLACES[1]


def _amount(those: Sequence[_Alike]) -> Amount:
    series = len({one.series for one in those})
    hours = sum(one.seconds for one in those) / 3600
    return Amount(series, sum(one.sessions for one in those), round(hours, 2))
