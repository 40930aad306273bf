"""A calendar of one's own making: which series somebody wants, as the query of an address.

The address is all there is: nothing is stored. Values of one name are alternatives
(`district=preston&district=chorley`), names are joined (`&age=toddlers`). The order does not matter
and what stands twice counts once, so that the same wish has one address and one place in a cache.

A word that we do not know is refused: a calendar that quietly left a filter out would show too much
for years. A programme that has become sensitive is known, and simply has no groups: so its dates
leave the phones that follow it. Needs are in no name, because diaries are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from portal.directory import AGE_BANDS, Directory, Series
from portal.directory.values import WEEKDAYS, near
from portal.directory.vocabularies import BOOKING_WAYS, NEEDS
from portal.errors import PortalError

PAGE = "/calendars/preview"
FILE = "/calendars/custom.ics"
LONGEST_NAME = 70


class Question(NamedTuple):
    """One thing to choose by: its name in addresses, what a form calls it, what a mistake does."""

    name: str
    label: str
    what: str


QUESTIONS = (
    Question("district", "District", "a district"),
    Question("programme", "Programme", "a programme"),
    Question("age", "Age", "an age group"),
    Question("need", "What you need help with", "a need"),
    Question("day", "Day of the week", "a day of the week"),
    Question("booking", "How to get a place", "a way to get a place"),
)
_BY_NAME = {question.name: question for question in QUESTIONS}


class ChoiceError(PortalError):
    """What of a choice we do not know: pairs of the question's name ('' for none) and words."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(words for _, words in self.problems))


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, in the order of the questions and of their options."""

    wanted: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        return dict(self.wanted).get(name, ())

    @property
    def query(self) -> str:
        """'?district=preston&age=toddlers', or nothing where all is wanted."""
        pairs = [(name, value) for name, values in self.wanted for value in values]
        return f"?{urlencode(pairs)}" if pairs else ""


def read(directory: Directory, pairs: Iterable[tuple[str, str]]) -> Choice:
    """The choice that the parameters of an address make. Raises ChoiceError."""
    found: dict[str, set[str]] = {}
    problems: dict[tuple[str, str], None] = {}
    for name, value in pairs:
        question = _BY_NAME.get(name)
        if question is None:
            known = ", ".join(_BY_NAME)
            said = f"'{_short(name)}' is nothing to choose by.{near(_short(name), _BY_NAME)}"
            problems["", f"{said} Use {known}."] = None
        elif value:
            known_as = _known(directory, name)
            if value in known_as:
                found.setdefault(name, set()).add(known_as[value])
            else:
                said = f"'{_short(value)}' is not {question.what} that we know."
                hint = near(_short(value), known_as) or f" Choose {question.what} from the list."
                problems[name, said + hint] = None
    if problems:
        raise ChoiceError(problems)
    wanted = []
    for question in QUESTIONS:
        if question.name in found:
            order = dict.fromkeys(_known(directory, question.name).values())
            chosen = tuple(value for value in order if value in found[question.name])
            wanted.append((question.name, chosen))
    return Choice(tuple(wanted))


def options(directory: Directory, name: str) -> list[tuple[str, str]]:
    """What a form offers for a question, as (value, words): only what some group has."""
    if name == "district":
        return [(one.slug, one.title) for one in directory.districts]
    if name == "programme":
        running = {series.programme.slug for series in directory.series}
        found = [(one.slug, one.title) for one in directory.programmes if one.slug in running]
        return sorted(found, key=lambda pair: pair[1].casefold())
    if name == "age":
        return [(band.slug, band.title) for band in AGE_BANDS]
    if name == "need":
        met = {need for series in directory.series for need in series.programme.needs}
        return [(key, words) for key, words in NEEDS.items() if key in met]
    if name == "day":
        return [(day.lower(), day) for day in WEEKDAYS]
    return list(BOOKING_WAYS.items())


def form(directory: Directory) -> list[tuple[Question, list[tuple[str, str]]]]:
    """The questions that have more than one answer, each with its answers."""
    asked = [(question, options(directory, question.name)) for question in QUESTIONS]
    return [pair for pair in asked if len(pair[1]) > 1]


def series_of(directory: Directory, choice: Choice) -> tuple[Series, ...]:
    """The public series that somebody wants."""
    tests = [(_TESTS[name], frozenset(values)) for name, values in choice.wanted]
    return tuple(one for one in directory.series if all(test(one, want) for test, want in tests))


def in_words(directory: Directory, choice: Choice) -> list[tuple[str, str]]:
    """What is in it, as pairs of the question's label and plain words, for a page."""
    said = []
    for name, values in choice.wanted:
        titles = _titles(directory, name)
        said.append((_BY_NAME[name].label, _either([titles[value] for value in values])))
    return said


def name_of(directory: Directory, choice: Choice) -> str:
    """What a subscriber's list of calendars calls it. It says no need: diaries are shared."""
    area = directory.site.area
    parts = {name: _titles(directory, name) for name, _ in choice.wanted}
    # A sensitive programme has a title on its own page, and in no calendar.
    withheld = {one.slug for one in directory.programmes if one.sensitive}
    said = {
        name: _either([parts[name][value] for value in values if value not in withheld])
        for name, values in choice.wanted
    }
    name = said.get("programme") or "Groups"
    name += f" in {said.get('district') or area}"
    more = [said[part] for part in ("age", "day", "booking") if part in said]
    name += f": {'; '.join(more)}" if more else ""
    if len(name) <= LONGEST_NAME:
        return name
    return f"My choice of groups in {area}"


# --- the words that are known, and what they ask of a series ------------------------------------


def _known(directory: Directory, name: str) -> Mapping[str, str]:
    """Every value that an address may hold -> the one that stands for it now."""
    known = {value: value for value in _titles(directory, name)}
    if name == "programme":
        known |= {old: one.slug for one in directory.programmes for old in one.aliases}
    return known


def _titles(directory: Directory, name: str) -> Mapping[str, str]:
    if name == "programme":
        return {one.slug: one.title for one in directory.programmes}
    if name == "need":
        return NEEDS
    return dict(options(directory, name))


def _meets_on(series: Series, days: frozenset[str]) -> bool:
    weekdays = WEEKDAYS[:5] if series.repeats == "daily" else [WEEKDAYS[series.starts.weekday()]]
    return any(day.lower() in days for day in weekdays)


_TESTS: Mapping[str, Callable[[Series, frozenset[str]], bool]] = {
    "district": lambda series, wanted: series.centre.district in wanted,
    "programme": lambda series, wanted: series.programme.slug in wanted,
    "age": lambda series, wanted: any(
        band.slug in wanted and band.holds(series.ages or ()) for band in AGE_BANDS
    ),
    "need": lambda series, wanted: not wanted.isdisjoint(series.programme.needs),
    "day": _meets_on,
    "booking": lambda series, wanted: series.booking in wanted,
}


def _either(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
