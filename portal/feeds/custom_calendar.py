"""Custom calendars: the reader's choice of series, held in the query of the address.

Nothing is stored. Values of one name are alternatives (`district=preston&district=chorley`);
different names narrow the choice (`&age=toddlers`). Order and repeats do not matter: the same
choice always has the same address, and so one place in a cache.

An unknown value is refused: a calendar that silently dropped a filter would show too much for
years. For the same reason an address with too many values is refused as a whole. A programme that
has become sensitive is still known but has no groups, so its dates disappear from subscribers'
phones. The calendar never says a need, in its name or elsewhere, because people share their
diaries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlencode

from portal.directory import AGE_BANDS, Directory, Series
from portal.directory.values import WEEKDAYS, near
from portal.directory.vocabularies import BOOKING_WAYS, NEEDS, PRIVATE_NEEDS
from portal.errors import PortalError

PAGE = "/calendars/preview"
FILE = "/calendars/custom.ics"
LONGEST_NAME = 70
MOST_VALUES = 120  # more than all options of all questions


class Question(NamedTuple):
    """A filter: its name in addresses, its label in a form, and its noun in error messages."""

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
    """Some of a choice is not known. `problems` are pairs: question name ('' for none), message."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(words for _, words in self.problems))


@dataclass(frozen=True, slots=True)
class Choice:
    """The values chosen, in the order of the questions and of their options."""

    wanted: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        return dict(self.wanted).get(name, ())

    @property
    def query(self) -> str:
        """'?district=preston&age=toddlers', or '' for all groups."""
        return self._query(QUESTIONS)

    @property
    def shared_query(self) -> str:
        """The query without what nobody else should read in a shared diary."""
        return self._query([question for question in QUESTIONS if question.name != "need"])

    @property
    def private(self) -> bool:
        """Whether the choice says what somebody needs help with."""
        return bool(self.values("need"))

    def _query(self, questions: Sequence[Question]) -> str:
        pairs = [(one.name, value) for one in questions for value in self.values(one.name)]
        return f"?{urlencode(pairs)}" if pairs else ""


def read(directory: Directory, pairs: Iterable[tuple[str, str]]) -> Choice:
    """Read a choice from the parameters of an address. Raises ChoiceError."""
    pairs = list(islice(pairs, MOST_VALUES + 1))
    if len(pairs) > MOST_VALUES:
        words = f"This address chooses more than {MOST_VALUES} things. Choose fewer, or leave out a"
        raise ChoiceError([("", f"{words} question: then it does not matter.")])
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
    """Options of a question as (value, words): of programmes and needs, those that groups have.

    A private need is not offered, since it would be part of an address (S81). Calendars that have
    one in their address still answer.
    """
    if name == "district":
        return [(district.slug, district.title) for district in directory.districts]
    if name == "programme":
        running = {series.programme.slug for series in directory.series}
        found = [(one.slug, one.title) for one in directory.programmes if one.slug in running]
        return sorted(found, key=lambda pair: pair[1].casefold())
    if name == "age":
        return [(band.slug, band.title) for band in AGE_BANDS]
    if name == "need":
        met = {need for series in directory.series for need in series.programme.needs}
        return [(key, words) for key, words in NEEDS.items() if key in met - PRIVATE_NEEDS.keys()]
    if name == "day":
        return [(day.lower(), day) for day in WEEKDAYS]
    return list(BOOKING_WAYS.items())


def form(directory: Directory) -> list[tuple[Question, list[tuple[str, str]]]]:
    """The questions that have more than one option, each with its options."""
    questions = [(question, options(directory, question.name)) for question in QUESTIONS]
    return [pair for pair in questions if len(pair[1]) > 1]


def series_of(directory: Directory, choice: Choice) -> tuple[Series, ...]:
    """The public series that match a choice."""
    tests = [(_TESTS[name], frozenset(values)) for name, values in choice.wanted]
    return tuple(one for one in directory.series if all(test(one, want) for test, want in tests))


def in_words(directory: Directory, choice: Choice) -> list[tuple[str, str]]:
    """A choice for display on a page, as pairs of the question's label and the values in words."""
    said = []
    for name, values in choice.wanted:
        titles = _titles(directory, name)
        said.append((_BY_NAME[name].label, _either([titles[value] for value in values])))
    return said


def name_of(directory: Directory, choice: Choice) -> str:
    """The calendar's name in a subscriber's list. It never says a need: people share diaries."""
    area = directory.site.area
    parts = {name: _titles(directory, name) for name, _ in choice.wanted}
    # The title of a sensitive programme is on its own page and never in a calendar.
    withheld = {programme.slug for programme in directory.programmes if programme.sensitive}
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


# --- known values, and the test of each question -----------------------------------------------


def _known(directory: Directory, name: str) -> Mapping[str, str]:
    """Every value that an address may hold -> the current value (old slugs map to new ones)."""
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
