"""What a family can expect of a visit, in at most five short lines.

Each line answers one question that a family has before it dares to come. A line is left out if
nothing is known. A group says what its programme says, and about the way in what the centre says in
which it meets. `good_for` is the same for the finder's filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from portal.directory.models import Centre, Programme, Series
from portal.directory.phrases import sentence
from portal.directory.vocabularies import DADS, FACILITIES, SIBLINGS, WELCOME

FIRST_TIME, WHO_MEETS_YOU = "First time", "Who meets you"
QUIET = "A quiet group: few people and little noise"


class Fact(NamedTuple):
    """One fact of a line: the drawn mark beside it, its words, and whether it is a sample."""

    mark: str
    words: str
    sample: bool


@dataclass(frozen=True, slots=True)
class Line:
    """What is known about one question."""

    label: str
    facts: tuple[Fact, ...]

    @property
    def sample(self) -> bool:
        """Whether all of it is a sample."""
        return all(fact.sample for fact in self.facts)


def lines(noun: Programme | Series | Centre) -> tuple[Line, ...]:
    """The lines about a programme, a series or a centre, without those that say nothing."""
    return _known(
        ("What happens", _said(noun, "expect", "people")),
        (FIRST_TIME, _first_time(noun)),
        (WHO_MEETS_YOU, _who_meets_you(noun)),
        ("Who can come", () if isinstance(noun, Centre) else _who_can_come(noun)),
        ("Getting here", () if isinstance(noun, Programme) else _way_in(noun)),
    )


def first_visit(series: Series) -> tuple[Line, ...]:
    """The lines for a family that has a place."""
    return _known((WHO_MEETS_YOU, _who_meets_you(series)), (FIRST_TIME, _first_time(series)))


def _known(*lines: tuple[str, Iterable[Fact]]) -> tuple[Line, ...]:
    found = ((label, tuple(facts)) for label, facts in lines)
    return tuple(Line(label, facts) for label, facts in found if facts)


def good_for(noun: Programme | Series) -> tuple[str, ...]:
    """The keys of `WELCOME` that hold."""
    holds = {
        "dads": noun.dads in ("welcome", "only"),
        "quiet": bool(noun.quiet),
        "siblings": noun.siblings == "welcome",
        "creche": bool(noun.creche),
    }
    return tuple(key for key in WELCOME if holds[key])


def first_time(series: Series) -> str:
    """What to know before a first visit, in one or two sentences; '' if nothing is known."""
    return " ".join(fact.words for fact in _first_time(series))


def who_meets_you(series: Series) -> str:
    """Who meets families; '' if it is not known."""
    return " ".join(fact.words for fact in _who_meets_you(series))


def way_in(centre: Centre) -> str:
    """Buggies, parking and buses, for a leaflet. Samples are left out: it has no marks for them."""
    return " ".join(fact.words for fact in _way_in(centre) if not fact.sample)


def _said(noun: Programme | Series | Centre, field: str, mark: str) -> Iterator[Fact]:
    if words := getattr(noun, field):
        yield Fact(mark, sentence(words), noun.is_sample(field))


def _centre_of(noun: Programme | Series | Centre) -> Centre | None:
    """The centre in which a series meets, if it meets in one."""
    return noun.venue.centre if isinstance(noun, Series) else None


def _first_time(noun: Programme | Series | Centre) -> Iterator[Fact]:
    """What to know of the group, and then of the building."""
    yield from _said(noun, "first_time", "first-time")
    if centre := _centre_of(noun):
        yield from _said(centre, "first_time", "pin")


def _who_meets_you(noun: Programme | Series | Centre) -> Iterable[Fact]:
    known = tuple(_said(noun, "who_meets_you", "who"))
    centre = _centre_of(noun)
    return known if known or centre is None else _said(centre, "who_meets_you", "who")


def _who_can_come(noun: Programme | Series) -> Iterator[Fact]:
    if noun.dads:
        mark = "who" if noun.dads == "no" else "dads"
        yield Fact(mark, sentence(DADS[noun.dads]), noun.is_sample("dads"))
    if noun.siblings:
        words = sentence(SIBLINGS[noun.siblings])
        if note := _siblings_note(noun):
            words = f"{words} {sentence(note)}"
        yield Fact("siblings", words, noun.is_sample("siblings"))
    if noun.quiet:
        yield Fact("quiet", sentence(QUIET), noun.is_sample("quiet"))


def _siblings_note(noun: Programme | Series) -> str | None:
    """The note belongs to the answer beside which it is written."""
    if isinstance(noun, Series) and "siblings" not in noun.model_fields_set:
        return noun.siblings_note or noun.programme.siblings_note
    return noun.siblings_note


# What a building's facilities say, where nobody has said it in words.
_OF_FACILITIES = {"buggy": ("buggy-park",), "parking": ("parking", "accessible-parking")}


def _way_in(noun: Series | Centre) -> Iterator[Fact]:
    """Buggies, parking and buses: of the series, or of the centre in which it meets.

    The page of a centre lists its facilities itself.
    """
    centre = _centre_of(noun)
    for field, mark in (("buggy", "buggy"), ("parking", "parking"), ("transport", "bus")):
        known = tuple(_said(noun, field, mark))
        if centre and not known:
            known = tuple(_said(centre, field, mark)) or tuple(_had(centre, field, mark))
        yield from known


def _had(centre: Centre, field: str, mark: str) -> Iterator[Fact]:
    for facility in _OF_FACILITIES.get(field, ()):
        if facility in centre.facilities:
            yield Fact(mark, sentence(FACILITIES[facility]), centre.is_sample("facilities"))
            return
