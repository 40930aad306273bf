"""What is said for a place or a topic: made when the tables are, so that a look-up finds it.

A place is found by its name, by its name with the district, by a nickname, by a short form, and a
centre by the beginning of its name as well. All of these are keys of one table, each with the
numbers of the places that it may mean, so that neither finder has to know the rules.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import cast

from portal.directory import Directory, Programme, Series, expectations
from portal.directory.vocabularies import FACILITIES, NEEDS, OFFERS, OTHER_NAMES, PRIVATE_NEEDS
from portal.finder.places import bare, fold, plain_keys, short_form, without_kind
from portal.finder.texts import CHOICES
from portal.finder.topics import digest, key_of, stem

TALK = "/contact/"  # where words of a private matter lead if no page is private

# How to get a place, in a sentence.
_HOW = {
    "drop-in": "Drop in. You do not need to book.",
    "book": "Book a place on a date that suits you.",
    "request": "Ask us for a place.",
    "referral": "Somebody who works with your family asks for a place.",
}


# --- places ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """The names of all places in their order, and which of them are centres."""

    labels: Sequence[str]
    centres: range
    also: Mapping[int, Sequence[str]]


def place_keys(named: Named) -> Mapping[str, Sequence[int]]:
    """What may be typed for places, unless it is the plain name of one."""
    names = [bare(label) for label in named.labels]
    plain, known = plain_keys(names), _Known(named, names)
    keys = {said: known.numbers(said) for said in _said(named, names)}
    for number, others in named.also.items():
        for said in map(fold, others):
            keys[said] = tuple(dict.fromkeys((*keys.get(said, plain.get(said, ())), number)))
    return {said: numbers for said, numbers in keys.items() if list(numbers) != plain.get(said)}


def _said(named: Named, names: Sequence[str]) -> Iterator[str]:
    """Everything that may be typed for a place, apart from nicknames."""
    for number, label in enumerate(named.labels):
        yield fold(label)
        yield names[number]
        if number in named.centres:
            words = names[number].removeprefix("the ").split()
            for end in range(1, len(words) + 1):
                said = " ".join(words[:end])
                if len(said) > 2:
                    yield said
            if core := without_kind(names[number]):
                yield f"{core} centre"
        elif short := short_form(names[number]):
            yield short


class _Known:
    """Finds the places of a name. All names are reduced once, because a thousand are asked for."""

    def __init__(self, named: Named, names: Sequence[str]) -> None:
        self._labels: dict[str, int] = {}  # 'Warton (Fylde)'
        self._names: dict[str, list[int]] = {}
        for number, (label, name) in enumerate(zip(named.labels, names, strict=True)):
            if (said := fold(label)) != name:
                self._labels.setdefault(said, number)
            # 'Bolton' is also said for 'Bolton-by-Bowland'.
            short = "" if number in named.centres else short_form(name)
            for said in filter(None, {name, short}):
                self._names.setdefault(said, []).append(number)
        self._starts = sorted((f"{names[n].removeprefix('the ')} ", n) for n in named.centres)
        self._cores = plain_keys([without_kind(names[n]) for n in named.centres])
        self._first = named.centres.start

    def numbers(self, wanted: str) -> tuple[int, ...]:
        """Of the places of that name: towns first, then districts, then centres."""
        if wanted in self._labels:
            return (self._labels[wanted],)
        if wanted in self._names:
            return tuple(self._names[wanted])
        # 'Riverbank' finds 'Riverbank Children's Centre', and so does 'Riverbank Centre'.
        begun = wanted.removeprefix("the ") + " "
        at = bisect_left(self._starts, (begun, 0))
        end = at
        while end < len(self._starts) and self._starts[end][0].startswith(begun):
            end += 1
        if by_start := sorted(number for _, number in self._starts[at:end]):
            return tuple(by_start)
        core = without_kind(wanted)
        return tuple(self._first + at for at in self._cores.get(core, ()) if core)


# --- topics ---------------------------------------------------------------------------------------


def topics(directory: Directory) -> list[Sequence[object]]:
    """The rows of topics: programmes, help pages, and areas of the offer. See `topics.Row`."""
    hidden = {_reduced(phrase) for phrase in _private(directory)}
    held = Counter(series.programme.slug for series in directory.series)
    programmes = [one for one in directory.programmes if not one.sensitive]
    programmes.sort(key=lambda one: (-held[one.slug], one.slug))  # those with groups first
    rows: list[tuple[str, str, str, int, str, Sequence[str]]] = []
    for programme in programmes:
        how = "" if programme.kind == "information" else _HOW[programme.booking]
        tell = int(programme.can_tell)
        rows.append((programme.path, programme.title, how, tell, programme.slug, programme.also))
    rows += _help(directory, programmes)
    for key, said in OFFERS.items():
        slugs = [programme.slug for programme in programmes if programme.offer == key]
        if slugs:
            rows.append(("", said, "", 0, " ".join(slugs), ()))
    return [
        (*row, [phrase for phrase in also if _reduced(phrase) not in hidden])
        for *row, also in rows
        if _reduced(str(row[1])) not in hidden
    ]


def _help(
    directory: Directory, programmes: Sequence[Programme]
) -> Iterator[tuple[str, str, str, int, str, Sequence[str]]]:
    for page in directory.help_pages:
        if page.private or page.need is None:
            continue
        slugs = (one.slug for one in programmes if page.need in one.needs)
        also = (*page.also, NEEDS[page.need])
        yield page.path, page.title, "", 0, " ".join(slugs), also


# What families type for what a group is good for; for facilities they type what editors do.
_GOOD_FOR = {
    "quiet": "quiet", "calm": "quiet", "brothers and sisters": "siblings", "siblings": "siblings",
    "creche": "creche", "childcare while I learn": "creche", "childcare on site": "creche",
}  # fmt: skip


def fitting(series: Iterable[Series]) -> Set[tuple[str, str]]:
    """The filters that fit one of these series or more: the question and its value."""
    several = list(series)
    centres = {one.venue.centre for one in several} - {None}
    return frozenset(
        (
            *(("access", key) for centre in centres if centre for key in centre.facilities),
            *(("welcome", key) for one in several for key in expectations.good_for(one)),
        )
    )


def filters(
    fitting: Set[tuple[str, str]], topics: Sequence[Sequence[object]], places: Sequence[str]
) -> Mapping[str, tuple[str, str]]:
    """Keys of words that name a filter, such as "wheelchair", each with the question and its value.

    What means one of `topics` (their rows) or `places` (their names) stays so. Filters of access
    and welcome are known if they are among those that are `fitting`.
    """
    held = {
        *(("day", name) for name in CHOICES["day"]),
        *(("part", name) for name in CHOICES["part"]),
        *(("on", name) for name in CHOICES["on"]),
        *fitting,
    }
    taken = {
        key_of(fold(phrase).split())
        for _, title, *_, also in topics
        for phrase in (str(title), *cast("Sequence[str]", also))
    }
    taken |= {word for place in places for word in fold(place).split()}
    said = {
        fold(words): ("access", key)
        for key, label in FACILITIES.items()
        for words in (label, key.replace("-", " "))
    }
    said |= {fold(words): ("access", key) for words, key in OTHER_NAMES["facilities"].items()}
    said |= {fold(words): ("welcome", key) for words, key in _GOOD_FOR.items()}
    said |= {name: ("day", name) for name in CHOICES["day"]}
    said |= {name: ("part", name) for name in CHOICES["part"]}
    said |= {"today": ("on", "today"), "tonight": ("on", "today"), "tomorrow": ("on", "tomorrow")}
    keys = {key_of(words.split()): filtered for words, filtered in said.items()}
    return {
        key: filtered
        for key, filtered in keys.items()
        if key and filtered in held and key not in taken
    }


def private(directory: Directory) -> tuple[str, Sequence[int], int]:
    """Where words of a private matter lead, their digests, and the most words of a phrase (S82).

    They are those of private help pages and of sensitive programmes, and the private needs. As
    digests they do not say in a public file what these pages are for.
    """
    path = next((one.path for one in directory.help_pages if one.private), TALK)
    phrases = {_reduced(phrase) for phrase in _private(directory)}
    longest = max((len(phrase.split()) for phrase in phrases), default=0)
    return path, sorted(map(digest, phrases)), longest


def _private(directory: Directory) -> Iterator[str]:
    yield from (NEEDS[need] for need in PRIVATE_NEEDS)
    for page in directory.help_pages:
        if page.private:
            yield from page.also
    for programme in directory.programmes:
        if programme.sensitive:
            yield from (programme.title, *programme.also)


def _reduced(phrase: str) -> str:
    return " ".join(map(stem, fold(phrase).split()))
