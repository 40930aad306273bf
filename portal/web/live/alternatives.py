"""Finds alternatives for a family: series with space that suit its children, nearest first.

A page that refuses a booking ends with alternatives. Series of the same programme come first, then
others for the same ages within reach. Only public series are ever offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from portal.bookings.opening import opening
from portal.directory import Directory, Programme, Series
from portal.directory.state import places_in_row
from portal.directory.values import distance
from portal.web import filters
from portal.web.live.forms.answers import months_of

MOST = 4
OTHER_WAYS = "Other ways to come"
TELL_ME = "Tell me when the next one starts"
WITHIN = 15.0  # miles: anything further away is no help

# Places left in what can be booked now, by identity and planned date ('' for the whole series).
Left = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Other:
    """An alternative to offer: its link, its name, the main facts, and the series if it is one.

    `has_space` says whether a place in it can be booked now, as far as we know.
    """

    path: str
    name: str
    words: str
    identity: str = ""
    has_space: bool = False


def under_headings(others: Iterable[Other]) -> list[tuple[str, list[Other]]]:
    """Alternatives under headings that are true of them: what has space, and the others.

    Of a group to drop in to, or to ask for a place in, we do not know whether it has space.
    """
    space: list[Other] = []
    rest: list[Other] = []
    for other in others:
        (space if other.has_space else rest).append(other)
    dates = any(not other.identity for other in space)
    title = "Dates and groups with space" if dates else "Groups with space"
    return [(words, those) for words, those in ((title, space), (OTHER_WAYS, rest)) if those]


def tell_me(thing: Series | Programme | None) -> list[tuple[str, list[Other]]]:
    """A list with the way to hear of the next group of a programme, if it has such messages."""
    programme = thing.programme if isinstance(thing, Series) else thing
    if programme is None or not programme.can_tell:
        return []
    town = thing.centre.town if isinstance(thing, Series) else ""
    path = f"{programme.tell_path}?{urlencode({'near': town})}" if town else programme.tell_path
    words = "We send you one message when a group opens near you"
    return [("Nothing that suits you?", [Other(path, TELL_ME, words)])]


def fits(thing: Series | Programme, ages: Iterable[str]) -> bool:
    """Whether it is for at least one of these children; true if no age was given.

    Where older children with SEND may come, older children are not turned away, because we do not
    ask about SEND.
    """
    children = list(months_of(ages))
    ranges = [(one.first, one.end) for one in thing.ages or ()]
    if not children or not ranges or any(first < 0 for first, _ in ranges):
        return True
    if thing.send_to:
        ranges.append((ranges[0][0], thing.send_to * 12 + 12))
    return any(
        first < older and younger < end for first, end in ranges for younger, older in children
    )


def instead(
    directory: Directory,
    series: Series,
    left: Left,
    now: datetime,
    *,
    ages: Sequence[str] = (),
    same: bool = True,
) -> list[Other]:
    """Up to four other series with space; `same` puts those of the same programme first."""
    found = []
    for other in _open(directory, left, now):
        if other is series or not fits(other, ages):
            continue
        kin = other.programme is series.programme
        if not kin and not ages and not _alike(series, other):
            continue
        miles = _miles(series, other)
        if miles > WITHIN and not kin:
            continue
        first = other.next_sessions(now, 1)[0]
        found.append(((not kin) if same else False, miles, first.starts, other.identity, other))
    return [_offer(other, left, now) for *_, other in sorted(found, key=lambda one: one[:4])[:MOST]]


def _open(directory: Directory, left: Left, now: datetime) -> Iterator[Series]:
    """Series that a family can come to: with a place left, or without booking."""
    with_room = {identity for (identity, _), places in left.items() if places}
    for series in directory.series:
        if not any(not one.off for one in series.next_sessions(now)):
            continue
        if series.identity in with_room or opening(series, None, now) in ("drop-in", "request"):
            yield series


def _alike(series: Series, other: Series) -> bool:
    """Whether the two series have an age in common."""
    return any(
        one.first < two.end and two.first < one.end
        for one in series.ages or ()
        for two in other.ages or ()
    )


def _miles(series: Series, other: Series) -> float:
    here, there = series.venue.position, other.venue.position
    return distance(here, there) if here and there else WITHIN


def _offer(series: Series, left: Left, now: datetime) -> Other:
    first = next(one for one in series.next_sessions(now) if not one.off)
    when = filters.repeats(series)
    if series.repeats != "once":
        when += f", next on {filters.day(first.day)}"
    said = [when, filters.at(series.venue)]
    places = left.get((series.identity, ""))
    if places:
        said.append(places_in_row(series, places))
    elif series.booking == "drop-in":
        said.append("just come")
    elif series.booking == "request":
        said.append("ask for a place on its page")
    else:
        said.append("choose a date on its page")
    return Other(
        series.path, series.name, ", ".join(said), series.identity, _has_space(series, left)
    )


def _has_space(series: Series, left: Left) -> bool:
    """Whether a place is left in the series, or on one of its dates."""
    return any(places for (identity, _), places in left.items() if identity == series.identity)
