"""Which runs of a programme can be had now, and which of them fit a wish.

A run is a series. It can be had if a family can book it, ask for it, come to it, or have a
professional ask, and a place is left: a place that families on a waiting list wait for is not. It
fits if it is for one of the ages, which have grown since the wish was made, and within `MILES`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from sqlalchemy import Engine

from portal.bookings.opening import opening
from portal.bookings.places import places_left, places_of
from portal.directory import Centre, Directory, Programme, Series, Session, Venue
from portal.directory.values import Position, distance
from portal.finder.query import read_age

# As far as the finder looks by itself before it looks in half the county: 5 miles, then 10. A
# family with small children rarely goes further for a weekly group.
MILES = 10
_MONTH = 365.25 / 12


class Near(Protocol):
    """Where a family looks."""

    @property
    def latitude(self) -> float: ...
    @property
    def longitude(self) -> float: ...


class Wanted(Near, Protocol):
    """What a run is compared with: a row of the table of wishes is one."""

    @property
    def ages(self) -> Sequence[str]: ...
    @property
    def made(self) -> datetime: ...


def programme_of(directory: Directory, slug: str) -> Programme | None:
    """A programme by its slug, or by an earlier one, which wishes keep."""
    earlier = (one for one in directory.programmes if slug in one.aliases)
    return directory.programme(slug) or next(earlier, None)


def open_runs(
    engine: Engine, directory: Directory, programmes: Collection[str], now: datetime
) -> Mapping[str, Sequence[Series]]:
    """The runs that can be had now, by the slug of their programme, soonest first.

    None of a programme that has no such messages (S84).
    """
    wanted = [
        series
        for series in directory.series
        if series.programme.slug in programmes and series.programme.can_tell
    ]
    left = places_left(engine, wanted) if wanted else {}
    found: defaultdict[str, list[Series]] = defaultdict(list)
    for series in wanted:
        if _to_be_had(series, left, now):
            found[series.programme.slug].append(series)
    return {
        slug: sorted(runs, key=lambda run: (_next(run, now), run.identity))
        for slug, runs in found.items()
    }


def _next(series: Series, now: datetime) -> datetime:
    """When its next date that is on begins."""
    coming = (one.starts for one in series.all_sessions if not one.off and one.starts > now)
    return min(coming, default=series.all_sessions[-1].starts)


def _to_be_had(series: Series, left: Mapping[tuple[str, str], int], now: datetime) -> bool:
    kind = opening(series, None, now)
    if kind in ("drop-in", "referral"):
        return True
    if kind not in ("open", "request"):
        return False
    places = places_of(series)
    dates: Iterable[Session | None] = (None,)
    if kind == "open" and series.book == "session":
        dates = [one for one in series.next_sessions(now) if opening(series, one, now) == "open"]
    return any(left.get((series.identity, one.anchor if one else ""), places) for one in dates)


def fitting(
    wish: Wanted, runs: Iterable[Series], directory: Directory, now: datetime
) -> list[Series]:
    """Those of these runs that fit the wish."""
    return for_ages(wish, within(wish, runs, directory), now)


def within(near: Near, runs: Iterable[Series], directory: Directory) -> list[Series]:
    """The runs within reach. What has no position is in its district."""
    return [run for run in runs if _miles_to(near, run.usual_venue, run.centre, directory) <= MILES]


def _miles_to(near: Near, venue: Venue, centre: Centre, directory: Directory) -> float:
    known = venue.position or centre.position or directory.district_of(centre).position
    return distance(Position(near.latitude, near.longitude, "sector"), known)


def nearest_out_of_reach(
    near: Near, programme: Programme, directory: Directory
) -> tuple[Venue, float] | None:
    """The nearest place where the programme could run, and its miles, if none is within reach.

    It could run in any centre, and where it has run: a new run has mostly a venue known already.
    """
    places = [
        *((centre.venue, centre) for centre in directory.centres),
        *((run.usual_venue, run.centre) for run in directory.series if run.programme is programme),
    ]
    miles = ((_miles_to(near, venue, centre, directory), venue) for venue, centre in places)
    least, venue = min(miles, key=lambda one: one[0], default=(0.0, None))
    return (venue, least) if venue and least > MILES else None


def for_ages(wish: Wanted, runs: Iterable[Series], now: datetime) -> list[Series]:
    """The runs for one of the children, as old as they are on the next date."""
    return [run for run in runs if _for_ages(wish, run, _next(run, now).date())]


def _for_ages(wish: Wanted, run: Series, day: date) -> bool:
    """Whether a run is for one of the children on this day, or says no ages."""
    children = [age for age in map(read_age, wish.ages) if age]
    if not children or not run.ages:
        return True
    # Rounded down: a child of "2 years" may have been just two, or nearly three.
    grown = int(max(0, (day - wish.made.date()).days) / _MONTH)
    ranges = [(one.first, one.end) for one in run.ages]
    if run.send_to:
        ranges.append((ranges[0][0], run.send_to * 12 + 12))
    return any(
        first < age.end + grown and age.first + grown < end
        for first, end in ranges
        for age in children
    )
