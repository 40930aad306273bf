"""What a quarterly report measures: its measures with their explanations, its areas and its lines.

A figure belongs to an area ('county', 'footprint:burnley', 'district:burnley'), a line ('all',
'programme:bump-birth-beyond') and a measure ('came').
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol

from portal.directory.vocabularies import (
    LEVELS,
    MARMOT,
    NEEDS,
    OFFERS,
    OUTCOME_LINKS,
    OUTCOMES,
    TFU_CRITERIA,
)

Number = int | float
Section = Literal["inputs", "outputs", "outcomes"]

SECTIONS: Mapping[Section, str] = {
    "inputs": "What we put in",
    "outputs": "What we did",
    "outcomes": "What changed for families",
}
HIDDEN = "Fewer than 5, or hidden to protect others"
OR_MORE = "numbers are left out to protect small ones, so it may be much more."
NO_FIGURES = "No figures"
OUR_READING_NOTE = (
    "Which programmes belong to an outcome or a priority group is our reading of the plan, "
    "until a person signs it."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that is safe to show.

    `partial`: others are left out to protect small ones. It is at least this one, and may be much
    more, so it is never compared with another.
    """

    number: Number = 0
    partial: bool = False

    @property
    def hidden(self) -> bool:
        """Whether nothing of it can be shown."""
        return self.partial and not self.number

    @property
    def words(self) -> str:
        """'1,230', '30 or more', or why there is no number."""
        if self.hidden:
            return HIDDEN
        said = f"{_halves(self.number):,}"
        return f"{said} or more" if self.partial else said

    @property
    def short(self) -> str:
        """The same for narrow cells of a table: '30+'; '<5*' has its explanation below."""
        if self.hidden:
            return "<5*"
        return self.words.replace(" or more", "+")

    def as_json(self) -> Number | dict[str, Number] | None:
        if self.hidden:
            return None
        return {"from": self.number} if self.partial else self.number

    @classmethod
    def from_json(cls, value: Any) -> Figure:
        """Raises ValueError for what is no figure."""
        if value is None:
            return cls(partial=True)
        partial = isinstance(value, Mapping) and list(value) == ["from"]
        number = value["from"] if partial else value
        if isinstance(number, bool) or not isinstance(number, (int, float)) or number < partial:
            raise ValueError(f"{json.dumps(value)} is not a figure")
        return cls(number, partial)


def _halves(number: Number) -> Number:
    """Hours to the nearest half; whole numbers stay as they are."""
    found = math.floor(number * 2 + 0.5) / 2
    return int(found) if found == int(found) else found


# --- measures -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is counted. `group`: measures about the same families are hidden together."""

    name: str
    words: str
    unit: str
    section: Section
    explanation: str  # what counts, and in which quarter
    group: str = ""  # '': public facts, which are never hidden
    only_all: bool = False  # it belongs to no programme, so only the line 'all' has it

    @property
    def public(self) -> bool:
        return not self.group


_SESSION = "It counts in the quarter in which the session was held."

MEASURES: tuple[Measure, ...] = (
    Measure(
        "centres", "Centres", "centres", "inputs",
        "Centres that had at least one session planned in the quarter.",
    ),
    Measure(
        "series", "Groups", "groups", "inputs",
        "Groups with at least one session planned in the quarter. A course that begins again is a "
        "new group, so there can be more groups and fewer sessions.",
    ),
    Measure(
        "hours", "Hours of sessions", "hours", "inputs",
        "The length of all sessions that were held, to the nearest half hour.",
    ),
    Measure(
        "workers", "Workers", "workers", "inputs",
        "Accounts of workers of the area's centres on the last day of the quarter.",
        only_all=True,
    ),
    Measure(
        "held", "Sessions held", "sessions", "outputs",
        "Sessions that were held. A session that moved counts on its new day.",
    ),
    Measure(
        "off", "Sessions called off", "sessions", "outputs",
        "Sessions that were cancelled, or put off without a new date.",
    ),
    Measure(
        "places", "Places", "places", "outputs",
        "The places of all sessions that were held. Groups without a limit are left out.",
    ),
    Measure(
        "taken", "Places taken", "places", "outputs",
        "The places that families had at the sessions held, added up.",
        "families",
    ),
    Measure(
        "booked", "Bookings with a place", "bookings", "outputs",
        "Bookings of families that had a place at a session that was held. We do not count "
        "families: a family with bookings in two groups counts twice, and where each session is "
        "booked by itself, each booking counts.",
        "families",
    ),
    Measure(
        "came", "Bookings with a visit", "bookings", "outputs",
        "Those of these bookings whose family came at least once in the quarter.",
        "families",
    ),
    Measure(
        "visits", "Visits", "visits", "outputs",
        f"How often families with a place came. {_SESSION}",
        "families",
    ),
    Measure(
        "walk_ins", "Visits without a booking", "visits", "outputs",
        f"Families that came without a booking, at each session. {_SESSION}",
        "walk-ins",
    ),
    Measure(
        "waited", "Bookings that waited for a place", "bookings", "outputs",
        "Bookings that got a place from a waiting list. They count in the quarter in which they "
        "got it.",
        "waited",
    ),
    Measure(
        "waiting_days", "Days that they waited", "days", "outputs",
        "The days from booking to getting the place, of all these bookings together.",
        "waited",
    ),
    Measure(
        "declined", "Requests we said no to", "requests", "outputs",
        "Requests for a place or for support that were declined in the quarter.",
        "declined",
    ),
    Measure(
        "requests", "Requests for support", "requests", "outputs",
        "Requests for support, or for a place that has to be asked for, that came in the quarter.",
        "requests",
    ),
    Measure(
        "allocated", "Families given a worker", "families", "outputs",
        "Families that were given their worker for one-to-one support in the quarter. Each "
        "request for support counts by itself.",
        "allocated",
    ),
    Measure(
        "contacts", "People spoken to on outreach", "contacts", "outputs",
        f"Everybody that workers spoke to at an outreach session. {_SESSION}",
        "contacts",
    ),
    Measure(
        "gaps", "Gaps in service", "forms", "outputs",
        "Forms of professionals about a need that no local service meets, by district. They count "
        "in the quarter in which they came.",
        "gaps", only_all=True,
    ),
    Measure(
        "project_families", "Families in projects", "families", "outputs",
        "Families that small projects of a Resource Panel reported for the quarter.",
        "projects", only_all=True,
    ),
    Measure(
        "often", "Bookings with three visits or more", "bookings", "outcomes",
        "Bookings whose family came to three or more sessions with the same booking in the "
        "quarter. Where each session is booked by itself, no booking counts here.",
        "families",
    ),
    Measure(
        "plans_closed", "Plans closed", "families", "outcomes",
        "Families whose one-to-one plan ended in the quarter.",
        "plans",
    ),
    Measure(
        "plans_gained", "Plans closed with a gain", "families", "outcomes",
        "Those for whom at least one of the five outcome numbers is higher than before.",
        "plans",
    ),
    Measure(
        "stepped_down", "Stepped down", "families", "outcomes",
        "Those for whom a group is enough now.",
        "plans",
    ),
    Measure(
        "stepped_up", "Stepped up", "families", "outcomes",
        "Those that need more help now than the service gives.",
        "plans",
    ),
)  # fmt: skip

MEASURE: Mapping[str, Measure] = {measure.name: measure for measure in MEASURES}
# What the lines of a level of need of families have: numbers of one-to-one support alone.
OF_CASES = tuple(
    one.name for one in MEASURES if one.group in ("requests", "allocated", "plans")
)  # fmt: skip
# What is said of sensitive programmes, for the whole county alone (S105).
OF_PRIVATE = ("booked",)

# --- areas and lines ------------------------------------------------------------------------------

COUNTY = "county"
ALL = "all"
PRIVATE = "private"
NO_LEVEL = "none"
PRIVATE_NEED = "private"  # all needs together that no public page names (S81)
# The kinds of lines in their order, with the heading of their table. 'case-level' is the level of
# need of a family that has a worker, which need not be that of the programme.
KINDS: Mapping[str, str] = {
    "offer": "By area of the offer",
    "programme": "By programme",
    "level": "By level of the programme",
    "case-level": "By level of need of the family",
    "outcome": "By outcome",
    "need": "By priority group",
}

# In which order the lines of a kind are.
OFFERS_IN_ORDER = tuple(OFFERS)
LEVELS_IN_ORDER = (*LEVELS, NO_LEVEL)
OUTCOMES_IN_ORDER = tuple(map(str, OUTCOMES))
NEEDS_IN_ORDER = (*NEEDS, PRIVATE_NEED)


def key(kind: str, value: object) -> str:
    """The key of a line or an area: 'offer:send', 'district:burnley'."""
    return f"{kind}:{value}"


def measures_of(line: str) -> tuple[Measure, ...]:
    """The measures that a line has, in their order."""
    return _measures_of(line if line in (PRIVATE, ALL) else line.partition(":")[0])


@cache
def _measures_of(kind: str) -> tuple[Measure, ...]:
    if kind == PRIVATE:
        return tuple(MEASURE[name] for name in OF_PRIVATE)
    if kind == "case-level":
        return tuple(MEASURE[name] for name in OF_CASES)
    return tuple(one for one in MEASURES if kind == ALL or not one.only_all)


class County(Protocol):
    """What words need of a Directory, which is made of modules that import this one."""

    @property
    def site(self) -> Any: ...
    @property
    def footprints(self) -> Sequence[Any]: ...
    @property
    def districts(self) -> Sequence[Any]: ...
    @property
    def programmes(self) -> Sequence[Any]: ...
    def programme(self, slug: str, /) -> Any: ...


def areas_of(directory: County) -> tuple[str, ...]:
    """The keys of all areas: the county, then each footprint with its districts."""
    found = [COUNTY]
    for footprint in directory.footprints:
        found.append(key("footprint", footprint.slug))
        found += [key("district", district.slug) for district in footprint.districts]
    return tuple(found)


def area_title(area: str, directory: County) -> str:
    kind, _, slug = area.partition(":")
    if kind == COUNTY:
        return str(directory.site.area)
    things = directory.footprints if kind == "footprint" else directory.districts
    return next((one.title for one in things if one.slug == slug), _as_words(slug))


def line_label(line: str, directory: County) -> str:
    """The words of a line. A programme that has left the content keeps the words of its address."""
    kind, _, value = line.partition(":")
    if line == ALL:
        return "All"
    if line == PRIVATE:
        return "Private groups"
    if kind == "offer":
        return OFFERS.get(value, _as_words(value))
    if kind == "need":
        if value == PRIVATE_NEED:
            return "Needs that are private, together"
        return NEEDS.get(value, _as_words(value))
    if kind == "outcome":
        return f"Outcome {value}: {OUTCOMES.get(int(value), '')}".rstrip(": ")
    if kind == "case-level":
        names = [level.name for level in directory.site.levels]
        number = int(value)
        return names[number - 1] if 0 < number <= len(names) else f"Level {value}"
    if kind == "level":
        if value == NO_LEVEL:
            return "No level given"
        named = directory.site.levels
        at = LEVELS.index(value) if value in LEVELS else len(named)
        return named[at].name if at < len(named) else _as_words(value)
    programme = directory.programme(value)
    return programme.title if programme and not programme.sensitive else _as_words(value)


def outcome_links(line: str) -> str:
    """The Marmot objectives and Troubled Families criteria of an outcome, in words; else ''."""
    kind, _, value = line.partition(":")
    links = OUTCOME_LINKS.get(int(value)) if kind == "outcome" else None
    if links is None:
        return ""
    return (
        f"Marmot objectives {', '.join(links.marmot)}. "
        f"Troubled Families criteria {', '.join(map(str, links.criteria))}."
    )


def links_explained() -> Iterator[tuple[str, str]]:
    """What the letters and numbers beside the outcomes mean."""
    for letter, words in MARMOT.items():
        yield f"Marmot objective {letter}", words
    for number, words in TFU_CRITERIA.items():
        yield f"Troubled Families criterion {number}", words


def _as_words(slug: str) -> str:
    return slug.replace("-", " ").capitalize()
