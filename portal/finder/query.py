"""Reads the finder's form fields into a query, with a message for each mistake.

No input is trusted and no input raises an exception: a value that is not in its list, an age of 40,
and two answers that contradict each other each give a message. Valid values are kept in a fixed
order, so that the same query always has the same address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import urlencode

from portal.directory.values import OLDEST
from portal.finder.places import Mistake, fold, put, tidy
from portal.finder.texts import (
    AGE_WORDS,
    BANDS,
    CHOICES,
    LONGEST,
    MILES,
    MOST_AGES,
    PAGE,
    WORDS,
    WRITTEN,
)
from portal.finder.topics import Topic

# Questions that take several values, in their order in addresses.
SEVERAL = ("day", "part", "need", "welcome", "booking", "access", "language", "offer", "programme")
FLAGS = ("room", "together", "free")

Fields = Mapping[str, Sequence[str]]


class Age(NamedTuple):
    """A child's age: months from `first` to before `end`. `key` is its form in addresses."""

    first: int
    end: int
    key: str
    label: str
    years: str = ""  # for 'ages 1 to 2 and 4', if all ages are in years


@dataclass(frozen=True, slots=True)
class Query:
    """A query with its valid values. `chosen` holds the questions that take several values."""

    near: str = ""
    topic: Topic | None = None
    ages: tuple[Age, ...] = ()
    room: bool = False  # only what can be booked or joined now
    together: bool = False
    free: bool = False
    when: str = ""  # "today", "weekend" and so on: `on` in addresses
    term: str = ""
    miles: str = ""  # empty: as far as is needed
    order: str = ""
    show: int = PAGE
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def several(self, name: str) -> tuple[str, ...]:
        return self.chosen.get(name, ())

    def without(self, name: str, value: str = "") -> Query:
        """The query without one filter, or without one value of it."""
        first = replace(self, show=PAGE)
        if name == "near":
            return replace(first, near="", miles="", order="")
        if name == "topic":
            return replace(first, topic=None)
        if name == "age":
            return replace(first, ages=tuple(a for a in self.ages if value and a.key != value))
        if name in SEVERAL:
            kept = tuple(one for one in self.several(name) if value and one != value)
            return replace(first, chosen={**self.chosen, name: kept})
        match name:
            case "room":
                return replace(first, room=False)
            case "together":
                return replace(first, together=False)
            case "free":
                return replace(first, free=False)
            case "on":
                return replace(first, when="")
            case "term":
                return replace(first, term="")
            case _:
                return replace(first, miles="any")

    def with_choice(self, name: str, value: str) -> Query:
        """The query with one more value of a question that takes several."""
        now = (*self.several(name), value)
        chosen = tuple(one for one in CHOICES[name] if one in now)
        return replace(self, chosen={**self.chosen, name: chosen})

    def on(self, name: str) -> bool:
        """Whether a filter is set."""
        if name in SEVERAL:
            return bool(self.several(name))
        given = {
            "topic": self.topic,
            "age": self.ages,
            "room": self.room,
            "together": self.together,
            "free": self.free,
            "on": self.when,
            "term": self.term,
        }
        return bool(given[name])

    @property
    def box(self) -> str:
        """What stands in the one box: 'Baby massage Bacup'."""
        return " ".join(filter(None, (self.topic.words if self.topic else "", self.near)))

    @property
    def address(self) -> str:
        """The query string that repeats this query. A postcode is in it up to its sector."""
        pairs = [("near", self.near)] if self.near else []
        pairs += [("topic", self.topic.words)] if self.topic else []
        pairs += [("age", age.key) for age in self.ages]
        pairs += [(name, "yes") for name in FLAGS if self.on(name)]
        pairs += [(name, value) for name in SEVERAL for value in self.several(name)]
        if self.when:
            pairs.append(("on", self.when))
        if self.term:
            pairs.append(("term", self.term))
        if self.near and self.miles:
            pairs.append(("miles", self.miles))
        if self.order:
            pairs.append(("order", self.order))
        if self.show != PAGE or not pairs:
            pairs.append(("show", str(self.show)))
        return urlencode(pairs)


# --- ages -----------------------------------------------------------------------------------------

_UNITS = {"w": "week", "m": "month", "y": "year"}
_AGES, _AGE, _MIXED, _HALF = (
    re.compile(WRITTEN[name]) for name in ("ages", "age", "mixed", "half")
)


def read_age(text: str) -> Age | None:
    """Read '2', '8 months', '1-2 years' or 'expecting'; None if it is not an age. It may be too
    old for any session."""
    said = tidy(re.sub(" old$", "", tidy(text.lower())))
    band = AGE_WORDS.get(fold(said))
    if band:
        return Age(BANDS[band][0], BANDS[band][1], band, BANDS[band][2])
    if found := _MIXED.match(said):
        return _months(int(found[1]) * 12 + int(found[2]))
    if found := _HALF.match(said):
        years = int(found[1])
        return Age(years * 12 + 6, years * 12 + 7, f"{years}.5", f"{years}½ years")
    found = _AGE.match(said)
    if not found:
        return None
    unit = _UNITS[(found[3] or "y")[0]]
    low, high = int(found[1]), int(found[2] or found[1])
    if high < low:
        return None
    if low == high:
        return _one(low, unit)
    months = f"{low} to {high} {unit}s"
    if unit == "year":
        return Age(low * 12, (high + 1) * 12, f"{low}-{high}", months, f"{low} to {high}")
    return Age(*_span(low, high, unit), f"{low}-{high} {unit}s", months)


def _one(number: int, unit: str) -> Age:
    label = f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    if unit == "year":
        return Age(number * 12, number * 12 + 12, str(number), label, str(number))
    return Age(*_span(number, number, unit), label, label)


def _span(low: int, high: int, unit: str) -> tuple[int, int]:
    """A range of weeks or months, in months."""
    return (low * 12 // 52, high * 12 // 52 + 1) if unit == "week" else (low, high + 1)


def _months(number: int) -> Age:
    return _one(number, "month")


# --- form fields ----------------------------------------------------------------------------------


def read(fields: Fields, programmes: Sequence[str]) -> tuple[Query, list[Mistake]]:
    """Read the query in form fields, and its mistakes. `programmes` are the known slugs."""
    mistakes: list[Mistake] = []
    known = {name: [*CHOICES.get(name, programmes)] for name in SEVERAL}
    # A topic of an address is read with the place, as if both were typed.
    typed = ((fields.get(name) or ("",))[0] for name in ("topic", "near"))
    near = tidy(" ".join(typed))
    query = Query(
        near=near,
        ages=_ages(fields, mistakes),
        room=_flag("room", fields, mistakes),
        together=_flag("together", fields, mistakes),
        free=_flag("free", fields, mistakes),
        when=_one_of("on", [*CHOICES["on"]], fields, mistakes),
        term=_term(fields, mistakes),
        miles=_miles(near, fields, mistakes),
        order=_one_of("order", ("nearest", "soonest"), fields, mistakes).replace("nearest", ""),
        show=_show(fields),
        chosen={name: _of(name, known[name], fields, mistakes) for name in SEVERAL},
    )
    return query, mistakes


def _given(name: str, fields: Fields) -> list[str]:
    """The values of a field without duplicates and empty values."""
    values = (tidy(value).lower() for value in fields.get(name, ()))
    return [*dict.fromkeys(value for value in values if value)]


def _of(
    name: str, known: Sequence[str], fields: Fields, mistakes: list[Mistake]
) -> tuple[str, ...]:
    """The known values among those given, in the order of the list."""
    given = _given(name, fields)
    if not set(given) <= set(known):
        mistakes.append(Mistake(name, put("e-choose", what=WORDS[f"what-{name}"])))
    return tuple(value for value in known if value in given)


def _one_of(name: str, known: Sequence[str], fields: Fields, mistakes: list[Mistake]) -> str:
    """The first value given."""
    found = _of(name, known, fields, mistakes)
    first = _given(name, fields)[:1]
    return first[0] if found and first[0] in known else ""


def _flag(name: str, fields: Fields, mistakes: list[Mistake]) -> bool:
    return _one_of(name, ("yes", "no"), fields, mistakes) == "yes"


def _term(fields: Fields, mistakes: list[Mistake]) -> str:
    found = _of("term", [*CHOICES["term"]], fields, mistakes)
    if len(found) > 1:
        mistakes.append(Mistake("term", WORDS["e-both"]))
    return found[0] if len(found) == 1 else ""


def _miles(near: str, fields: Fields, mistakes: list[Mistake]) -> str:
    miles = _one_of("miles", MILES, fields, mistakes)
    if not near and miles not in ("", "any"):
        mistakes.append(Mistake("near", put("e-mile" if miles == "1" else "e-miles", n=miles)))
    return miles


def _show(fields: Fields) -> int:
    shown = re.fullmatch("[0-9]{1,4}", (fields.get("show") or ("",))[0])
    return max(1, -(-int(shown[0]) // PAGE)) * PAGE if shown else PAGE


def _ages(fields: Fields, mistakes: list[Mistake]) -> tuple[Age, ...]:
    text = ",".join(fields.get("age", ()))
    said = [part for part in map(tidy, _AGES.split(text)) if part]
    if len(said) > MOST_AGES or len(text) > 2 * LONGEST:
        mistakes.append(Mistake("age", WORDS["e-ages"]))
        return ()
    ages = [age for age in map(read_age, said) if age]
    if len(ages) < len(said):
        mistakes.append(Mistake("age", WORDS["e-age"]))
        return ()
    if any(age.end > OLDEST for age in ages):
        mistakes.append(Mistake("age", WORDS["e-old"]))
        return ()
    return tuple({age.key: age for age in ages}.values())
