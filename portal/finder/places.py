"""Finds the place that a family types: a postcode or part of one, a town, a district, a centre.

This reads the finder's own table of places, not the content, and follows `static/find.js` step by
step: the same text must give the same place, or the same question back, with scripts and without.
So the rules are simple: names are reduced to lower-case letters and digits; an unknown name is
compared with all others by the number of typing errors between the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.directory.values import Position
from portal.finder.postcodes import Postcodes
from portal.finder.texts import SHORT, WORDS, WRITTEN

GRID = 0.001
MOST_MEANT = 5
LONGEST_GUESS = 25  # letters of a text that is compared with names which are less like it

_SPACE, _MARKS, _WHOLE, _PART, _AREAS = (
    re.compile(WRITTEN[name]) for name in ("space", "marks", "whole", "part", "areas")
)
_LONGER, _COUNTY, _SEASIDE, _KINDS = (
    re.compile(WRITTEN[name]) for name in ("longer", "county", "seaside", "kinds")
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was found. `key` is its form in addresses: of a postcode, the sector."""

    key: str
    at: Position
    about: bool  # distances from it are not exact
    district: int | None = None  # search the whole of this district
    council: str = ""  # the council that serves it, if it is outside the county
    centre: int | None = None  # its number among the centres


@dataclass(frozen=True, slots=True)
class Mistake:
    """A message about a field, and places that may have been meant."""

    field: str
    words: str
    meant: tuple[str, ...] = ()
    ask: bool = False  # whether to say how to ask us


def tidy(text: str) -> str:
    """Text on one line, without spaces around it."""
    return _SPACE.sub(" ", text).strip(" ")


def fold(text: str) -> str:
    """A name reduced for comparison: 'Lytham Saint Anne’s' and 'lytham st annes' are the same."""
    return " ".join(SHORT.get(word, word) for word in plain_words(text))


def plain_words(text: str) -> list[str]:
    """The words of a text in small letters without accents, each as it was typed."""
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower().replace("&", " and ")
    return re.sub("[^a-z0-9]+", " ", plain).split()


def short_form(name: str) -> str:
    """'bolton' of 'Bolton-by-Bowland'; '' of a name that is not said in short."""
    folded = fold(name)
    short = _LONGER.sub("", folded)
    return "" if short == folded else short


def without_kind(folded: str) -> str:
    """A centre's name without what kind of building it is: 'riverbank', 'chai'."""
    return " ".join(_KINDS.sub("", folded).split())


def put(name: str, **given: str) -> str:
    """A sentence of WORDS with its placeholders filled in."""
    sentence = WORDS[name]
    for key, value in given.items():
        sentence = sentence.replace(f"{{{key}}}", value)
    return sentence


def forms(near: str) -> Iterator[str]:
    """A name as typed, then without what may be said around it: 'Bacup, Lancashire'."""
    for text in (near, near.partition(",")[0]):
        wanted = fold(text)
        shorter = _COUNTY.sub("", wanted)
        core = without_kind(wanted)
        centre = core and f"{core} centre"
        said = wanted, shorter, wanted.removeprefix("the "), centre, _SEASIDE.sub("", shorter)
        yield from filter(None, said)


def bare(name: str) -> str:
    """'warton' of 'Warton (Fylde)'."""
    return fold(name.partition(" (")[0])


def plain_keys(names: Sequence[str]) -> dict[str, list[int]]:
    """The numbers of each of these names."""
    keys: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        keys.setdefault(name, []).append(number)
    return keys


def similar(wanted: str, names: Sequence[str], *, loose: bool = False) -> list[int]:
    """The numbers of the names that are likest, likest first, by letters added, lost or changed.

    Names that are further off than a slip are given with `loose` alone.
    """
    wanted = fold(wanted)
    size = len(wanted)
    most = 0 if size < 4 else 1 if size < 6 else 2
    ranked = []
    for number, name in enumerate(names):
        off = slips(wanted, name, most)
        if size > 2 and name.startswith(wanted):
            ranked.append((min(off, 1), number))
        elif off <= most:
            ranked.append((off, number))
    if not ranked and loose and most < size // 3 and size < LONGEST_GUESS:
        ranked = [(slips(wanted, name, size // 3), number) for number, name in enumerate(names)]
        ranked = [(off, number) for off, number in ranked if off <= size // 3]
    return [number for _, number in sorted(ranked)][:MOST_MEANT]


def slips(a: str, b: str, most: int) -> int:
    """The number of letters added, lost, changed or swapped; `most + 1` if it exceeds `most`."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row: list[int] = [*range(len(b) + 1)]
    for i, one in enumerate(a, 1):
        last, row = row, [i]
        for j, other in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (one != other))
            if i > 1 and j > 1 and one == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before = last
    return row[-1]


def sector_of(text: str) -> str:
    """'BB4 6' of 'bb4 6aa'; any other text as it is. A whole postcode is in few homes' addresses,
    so that nothing keeps one."""
    whole = _WHOLE.match(re.sub("[^A-Z0-9]+", "", text.upper()))
    return f"{whole[1]} {whole[2].replace('O', '0')}" if whole else text


class Whereabouts:
    """Finds places in the finder's table of places."""

    def __init__(self, table: Mapping[str, Any], postcodes: Postcodes | None = None) -> None:
        self._postcodes = postcodes
        self.names: Sequence[str] = table["names"]
        self._at: Sequence[int] = table["at"]
        self._about = frozenset(table["about"])
        self._towns: int = table["towns"]
        self._districts: Sequence[int] = table["districts"]
        self._areas = dict(_areas(table["areas"]))
        self._councils: Sequence[str] = table["councils"]
        self._outside: Sequence[int] = table["outside"]
        self._elsewhere: Mapping[str, Sequence[int]] = table["elsewhere"]
        self._peopled: int = table["peopled"]
        self._bare = [bare(name) for name in self.names]
        self._centres = range(
            self._towns + len(self._districts), len(self.names) - len(self._outside)
        )
        self._keys: dict[str, Sequence[int]] = plain_keys(self._bare) | table["keys"]

    def find(self, text: str, *, known: bool = False) -> Place | Mistake | None:
        """The place that a text names, a question to ask back, or None if it names none.

        With `known`, a hamlet is no answer: many share their name with a word.
        """
        return self._postcode(text) or self._named(text, known=known)

    def _postcode(self, near: str) -> Place | Mistake | None:
        """Find a postcode or the first part of one; None if the text does not look like one."""
        spaced = tidy(re.sub("[^A-Z0-9]+", " ", near.upper()))
        compact = spaced.replace(" ", "")
        whole = _WHOLE.match(compact)
        if whole:
            outcode, figure, letters = whole[1], whole[2].replace("O", "0"), whole[3]
            return self._area(outcode, figure, letters)
        part = _PART.match(spaced)
        if part and not part[2] and part[1] not in {*self._areas, *self._elsewhere}:
            # 'BB46' is not an outcode, so it means 'BB4 6'; 'BB12' is an outcode.
            part = _PART.match(f"{compact[:-1]} {compact[-1]}") or part
        return self._area(part[1], (part[2] or "")[:1], "") if part else None

    def _area(self, outcode: str, figure: str, letters: str) -> Place | Mistake:
        """The position of a postcode, exact if it is imported. A sector in which the county has no
        postcodes is outside, even if the rest of its outcode is not."""
        sector = f"{outcode} {figure}"
        row = self._elsewhere.get(outcode)
        council = self._councils[row[0]] if row and sector not in self._areas else ""
        at = self._postcodes.find(sector + letters) if letters and self._postcodes else None
        if at:
            return Place(sector, at, about=False, council=council)
        if figure:
            at = self._areas.get(sector)
            if at is None and self._postcodes:
                at = self._postcodes.middle(sector)
            if at:
                return Place(sector, at, about=True, council=council)
        if row and (figure or outcode not in self._areas):
            at = Position(row[1] * GRID, row[2] * GRID, "town")
            return Place(sector if figure else outcode, at, about=True, council=council)
        at = self._areas.get(outcode)
        if at:
            return Place(outcode, at, about=True)
        return Mistake("near", WORDS["e-outside" if _AREAS.match(outcode) else "e-postcode"])

    def _named(self, near: str, *, known: bool) -> Place | Mistake | None:
        """The place of that name, in full or with more around it; a question if several have it."""
        found = (self._keys.get(form, ()) for form in forms(near))
        numbers = next((numbers for numbers in found if numbers), ())
        numbers = [one for one in numbers if not known or not self._peopled <= one < self._towns]
        if len(numbers) < 2:
            return self._place(numbers[0]) if numbers else None
        return Mistake("near", put("e-which", near=near), self._labels(numbers))

    def similar(self, wanted: str, *, loose: bool = False) -> tuple[str, ...]:
        """The likeliest places for an unknown name, likeliest first."""
        return self._labels(similar(wanted, self._bare, loose=loose))

    def _labels(self, numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.names[number] for number in numbers))

    def _place(self, number: int) -> Place:
        at = Position(self._at[2 * number] * GRID, self._at[2 * number + 1] * GRID)
        ours = number - self._towns
        district = self._districts[ours] if 0 <= ours < len(self._districts) else None
        outside = number - self._centres.stop
        council = self._councils[self._outside[outside]] if outside >= 0 else ""
        centre = number - self._centres.start if number in self._centres else None
        return Place(self.names[number], at, number in self._about, district, council, centre)


def _areas(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Position]]:
    for outcode, up, across, *sectors in rows:
        yield outcode, Position(up * GRID, across * GRID, "outcode")
        for n in range(0, len(sectors), 3):
            figure, more_up, more_across = sectors[n : n + 3]
            at = Position((up + more_up) * GRID, (across + more_across) * GRID, "sector")
            yield f"{outcode} {figure}", at
