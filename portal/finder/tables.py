"""Reads the finder's tables into series with their sessions, and filters them by a query.

A query is first evaluated for each day, time and venue of the tables, so that testing tens of
thousands of sessions takes only a few look-ups each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from portal.directory.values import Position
from portal.finder.query import Age, Query
from portal.finder.texts import CHOICES

VENUE_GRID = 0.0001

NEEDS, ACCESS, WELCOME = [*CHOICES["need"]], [*CHOICES["access"]], [*CHOICES["welcome"]]
WAYS, OFFERS, DAYS = [*CHOICES["booking"]], [*CHOICES["offer"]], [*CHOICES["day"]]


class Session(NamedTuple):
    day: int  # from the first day of the index, a Monday
    time: int
    venue: int
    planned: int  # the day first planned: another one if the session moved


class Tag(NamedTuple):
    """A state as it is shown: its colour and words, and 1 if a family can book, ask or come."""

    colour: str
    words: str
    joinable: int


@dataclass(frozen=True, slots=True)
class Series:
    identity: str
    name: str
    programme: int
    age: int
    cost: int
    way: int
    welcome: int  # bits of WELCOME
    states: Sequence[int]  # of `Tables.tag`
    language: str
    spoken: str
    time: int  # as usual
    venue: int
    sessions: tuple[Session, ...]


class Tables:
    """The finder's index, decoded."""

    def __init__(self, index: Mapping[str, Any]) -> None:
        self.index = index
        self.first = date.fromisoformat(index["first"])
        self.venues = [
            Position(up * VENUE_GRID, across * VENUE_GRID)
            for up, across in pairs(index["venues"]["at"])
        ]
        self.nowhere = frozenset(index["venues"]["nowhere"])
        self.about = frozenset(index["venues"]["about"])
        self.programmes = {one[0]: one[1] for one in index["programmes"]}
        self.series = [*self._decoded()]

    def _decoded(self) -> Iterator[Series]:
        index = self.index
        centres = [
            centre
            for centre, number in zip(index["centres"], index["counts"], strict=True)
            for _ in range(number)
        ]
        slugs = index["slugs"].split(" ")
        venues = [*accumulate(index["venue"])]
        for n, centre in enumerate(centres):
            yield Series(
                identity=f"{centre}/{slugs[n]}",
                name=index["names"][index["name"][n]],
                programme=index["programme"][n],
                age=index["age"][n],
                cost=index["cost"][n],
                way=index["way"][n],
                welcome=index["welcome"][n],
                states=index["states"][index["state"][n]],
                language=index["languages"][index["language"][n]][0],
                spoken=index["languages"][index["language"][n]][1],
                time=index["time"][n],
                venue=venues[n],
                sessions=tuple(sorted(self._sessions(n, venues[n]), key=self.start)),
            )

    def _sessions(self, number: int, venue: int) -> Iterator[Session]:
        index, time, run = self.index, self.index["time"][number], self.index["run"][number]
        if run >= 0:
            first, pattern = index["runs"][run]
            gaps = (gap for gap, many in pairs(index["patterns"][pattern]) for _ in range(many))
            for day in accumulate(gaps, initial=first):
                yield Session(day, time, venue, day)
        extra = index["extra"].get(str(number), ())
        for at in range(0, len(extra), 4):
            yield Session(*extra[at : at + 4])

    def start(self, session: Session) -> tuple[int, int]:
        """Day and minute."""
        return session.day, self.index["times"][session.time][0]

    def tag(self, series: Series, session: Session, now: tuple[int, int]) -> Tag:
        """The state of a session and its series at a day and minute."""
        begun, tag, *later = series.states
        day, minute = now
        if begun >= 0 and self.start(session) <= now:
            tag = begun
        else:
            for change, then in pairs(later):
                if change <= day * 1440 + minute:
                    tag = then
        return Tag(*self.index["tags"][tag])

    def term(self, day: int) -> str:
        """'term', 'holidays', or '' if the terms are not known yet."""
        if any(first <= day <= last for first, last in pairs(self.index["terms"])):
            return "term"
        return "holidays" if day <= self.index["known"] else ""


def choices(index: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """The values of each question that match at least one series, with their words.

    The index is as a browser reads it: nothing of it has to be decoded for the form.
    """
    programmes, extra = index["programmes"], index["extra"].values()
    usual = zip(accumulate(index["venue"]), index["run"], strict=True)
    venues = {venue for venue, run in usual if run >= 0}
    venues.update(venue for one in extra for venue in one[2::4])
    used = {
        "need": _keys(NEEDS, (one[3] for one in programmes)),
        "welcome": _keys(WELCOME, index["welcome"]),
        "access": _keys(ACCESS, (index["venues"]["facilities"][v] for v in venues)),
        "language": frozenset(key for key, _ in index["languages"]),
        "booking": frozenset(WAYS[way] for way in index["way"]),
        "offer": frozenset(OFFERS[one[2]] for one in programmes),
    }
    kept = {
        name: {key: said for key, said in values.items() if key in used.get(name, values)}
        for name, values in CHOICES.items()
    }
    by_title = sorted(((one[0], one[1]) for one in programmes), key=lambda one: (one[1], one[0]))
    return {**kept, "programme": dict(by_title)}


class Sieve:
    """A query evaluated in advance: whether each day, time, venue and programme matches."""

    def __init__(
        self,
        tables: Tables,
        query: Query,
        nearby: Sequence[bool],
        now: tuple[int, int],
        full: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        """`nearby` says for each venue whether it is in the area of the query; `now` is the day of
        the index and the minute of that day. `full` are the series and dates without a place."""
        self._tables, self._query, self._now, self._full = tables, query, now, full
        index = tables.index
        self._ends = [ends for _, ends, _ in index["times"]]
        several = query.several
        access = _bits(ACCESS, several("access"))
        self._venues = [
            nearby[venue] and facilities & access == access
            for venue, facilities in enumerate(index["venues"]["facilities"])
        ]
        parts = several("part")
        self._times = [not parts or _part(starts) in parts for starts, _, _ in index["times"]]
        days, soon = several("day"), days_of(query.when, now[0])
        weekdays = [
            not days or name in days or (number > 4 and "weekend" in days)
            for number, name in enumerate(DAYS[:7])
        ]
        self._days = [
            weekdays[day % 7]
            and (soon is None or day in soon)
            and query.term in ("", tables.term(day))
            for day in range(index["last"] + 1)
        ]
        needs, offers, programmes = several("need"), several("offer"), several("programme")
        wanted = _bits(NEEDS, needs)
        self._programmes = [
            (not wanted or bool(had & wanted))
            and (not offers or OFFERS[offer] in offers)
            and (not programmes or slug in programmes)
            for slug, _, offer, had in index["programmes"]
        ]
        self._topic = query.topic
        ways = several("booking")
        self._ways = [not ways or way in ways for way in WAYS]
        self._costs = [not query.free or cost.lower().startswith("free") for cost in index["costs"]]
        self._languages = several("language")
        self._welcome = _bits(WELCOME, several("welcome"))
        # Some groups have a higher upper age for children with SEND.
        self._send = "send" in needs

    def __iter__(self) -> Iterator[tuple[Series, Sequence[Session]]]:
        """The matching series, each with its matching sessions."""
        for series in self._tables.series:
            if self._suits(series):
                sessions = [one for one in series.sessions if self._fits(series, one)]
                if sessions:
                    yield series, sessions

    def _fits(self, series: Series, session: Session) -> bool:
        return self._held(session) and (not self._query.room or self._has_room(series, session))

    def _has_room(self, series: Series, session: Session) -> bool:
        """Whether a family can book, ask or come now, as far as is known."""
        if not self._tables.tag(series, session, self._now).joinable:
            return False
        planned = self._tables.first + timedelta(days=session.planned)
        return not {(series.identity, ""), (series.identity, planned.isoformat())} & self._full

    def _held(self, session: Session) -> bool:
        return (
            self._days[session.day]
            and self._times[session.time]
            and self._venues[session.venue]
            and (session.day, self._ends[session.time]) > self._now
        )

    def _is_about(self, series: Series) -> bool:
        topic = self._topic
        if topic is None or series.name in topic.names:
            return True
        return self._tables.index["programmes"][series.programme][0] in topic.programmes

    def _suits(self, series: Series) -> bool:
        if not (
            self._programmes[series.programme]
            and self._is_about(series)
            and self._ways[series.way]
            and self._costs[series.cost]
            and series.welcome & self._welcome == self._welcome
            and (not self._languages or series.language in self._languages)
        ):
            return False
        ages = self._query.ages
        if not ages:
            return True
        _, reach, *ranges = self._tables.index["ages"][series.age]
        suited = [_welcome(age, ranges, reach if self._send else 0) for age in ages]
        return all(suited) if self._query.together else any(suited)


def days_of(when: str, today: int) -> range | None:
    """The days of 'today', 'weekend' and so on, from the first day of the index, a Monday."""
    monday = today - today % 7
    return {
        "today": range(today, today + 1),
        "tomorrow": range(today + 1, today + 2),
        "weekend": range(monday + 5, monday + 7),
        "next-week": range(monday + 7, monday + 14),
    }.get(when)


def _welcome(age: Age, ranges: Sequence[int], reach: int) -> bool:
    """Whether a child of this age may come; without age ranges, every child may.

    `reach` is the upper age, in years, for children with SEND.
    """
    if not ranges:
        return True
    if any(age.first < end and first < age.end for first, end in pairs(ranges)):
        return True
    return max(ranges[1::2]) <= age.first < (reach + 1) * 12 if reach else False


def _part(minutes: int) -> str:
    return "morning" if minutes < 12 * 60 else "afternoon" if minutes < 17 * 60 else "evening"


def _bits(known: Sequence[str], wanted: Sequence[str]) -> int:
    return sum(1 << number for number, key in enumerate(known) if key in wanted)


def _keys(known: Sequence[str], bits: Iterable[int]) -> frozenset[str]:
    """The keys whose bit is set in any of these numbers."""
    every = 0
    for number in bits:
        every |= number
    return frozenset(key for number, key in enumerate(known) if every >> number & 1)


def pairs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    return zip(numbers[::2], numbers[1::2], strict=True)
