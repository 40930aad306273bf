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
from portal.finder.texts import LONGEST, SHORT, WORDS, WRITTEN

GRID = 0.001
MOST_MEANT = 5

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


@dataclass(frozen=True, slots=True)
class Mistake:
    """A message about a field, and places that may have been meant."""

    field: str
    words: str
    meant: tuple[str, ...] = ()


def tidy(text: str) -> str:
    """Text on one line, without spaces around it."""
    return _SPACE.sub(" ", text).strip(" ")


def fold(text: str) -> str:
    """A name reduced for comparison: 'Lytham Saint Anne’s' and 'lytham st annes' are the same."""
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower().replace("&", " and ")
    words = re.sub("[^a-z0-9]+", " ", plain).strip(" ").split(" ")
    return " ".join(SHORT.get(word, word) for word in words)


def short_form(name: str) -> str:
    """'bolton' of 'Bolton-by-Bowland'; '' of a name that is not said in short."""
    folded = fold(name)
    short = _LONGER.sub("", folded)
    return "" if short == folded else short


def without_kind(folded: str) -> str:
    """A centre's name without what kind of building it is: 'riverbank', 'chai'."""
    return " ".join(_KINDS.sub("", folded).split())


def forms(near: str) -> Iterator[str]:
    """A name as typed, then without what may be said around it: 'Bacup, Lancashire'."""
    for text in (near, near.partition(",")[0]):
        wanted = fold(text)
        bare = _COUNTY.sub("", wanted)
        yield from (form for form in (wanted, bare, _SEASIDE.sub("", bare)) if form)


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
        self._names: Sequence[str] = table["names"]
        self._at: Sequence[int] = table["at"]
        self._about = frozenset(table["about"])
        self._towns: int = table["towns"]
        self._districts: Sequence[int] = table["districts"]
        self._areas = dict(_areas(table["areas"]))
        self._councils: Sequence[str] = table["councils"]
        self._outside: Sequence[int] = table["outside"]
        self._elsewhere: Mapping[str, Sequence[int]] = table["elsewhere"]
        self._folded = [fold(name) for name in self._names]
        self._bare = [fold(name.partition(" (")[0]) for name in self._names]
        self._centres = range(
            self._towns + len(self._districts), len(self._names) - len(self._outside)
        )

    def find(self, text: str) -> Place | Mistake:
        """The place that a text names, or a question to ask back."""
        near = tidy(text)
        if len(near) > LONGEST:
            return Mistake("near", WORDS["e-long"])
        return self._postcode(near) or self._named(near)

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
        if part:
            return self._area(part[1], (part[2] or "")[:1], "")
        # Only the letters of an area, or a postcode with a digit missing: names have no digits.
        if re.search("[0-9]", compact) and len(compact) < 8 and not self._named_so(near):
            return Mistake("near", WORDS["e-half"])
        return None

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

    def _named(self, near: str) -> Place | Mistake:
        wanted = fold(near)
        if not wanted:
            return Mistake("near", WORDS["e-empty"])
        found = self._named_so(near)
        if len(found) == 1:
            return self._place(found[0])
        if found:
            return self._ask("e-which", near, found)
        meant = self._meant(wanted)
        return self._ask("e-near" if meant else "e-place", near, meant)

    def _named_so(self, near: str) -> list[int]:
        """The numbers of the places that the text names, in full or with more around the name."""
        found = (self._known(wanted) for wanted in forms(near))
        return next((numbers for numbers in found if numbers), [])

    def _known(self, wanted: str) -> list[int]:
        """The numbers of the places of that name: towns first, then districts, then centres."""
        by_label = [
            n
            for n, name in enumerate(self._folded)
            if name == wanted and name != self._bare[n]  # 'Warton (Fylde)'
        ]
        if by_label:
            return by_label[:1]
        # 'Bolton' is also said for 'Bolton-by-Bowland'.
        by_name = [
            n
            for n, name in enumerate(self._bare)
            if wanted in (name, "" if n in self._centres else _LONGER.sub("", name))
        ]
        if by_name or len(wanted) < 3:
            return by_name
        # 'Riverbank' finds 'Riverbank Children's Centre', and so does 'Riverbank Centre'.
        begun = wanted.removeprefix("the ") + " "
        by_start = [
            n for n in self._centres if f"{self._bare[n].removeprefix('the ')} ".startswith(begun)
        ]
        core = without_kind(wanted)
        if by_start or core in ("", wanted):
            return by_start
        return [n for n in self._centres if without_kind(self._bare[n]) == core]

    def _meant(self, wanted: str) -> list[int]:
        """The numbers of the likeliest places for an unknown name, likeliest first."""
        most = 0 if len(wanted) < 4 else 1 if len(wanted) < 6 else 2
        ranked = []
        for number, name in enumerate(self._bare):
            off = slips(wanted, name, most)
            if len(wanted) > 2 and name.startswith(wanted):
                ranked.append((min(off, 1), number))
            elif off <= most:
                ranked.append((off, number))
        return [number for _, number in sorted(ranked)][:MOST_MEANT]

    def _ask(self, words: str, near: str, meant: Sequence[int]) -> Mistake:
        names = tuple(dict.fromkeys(self._names[number] for number in meant))
        return Mistake("near", WORDS[words].replace("{near}", near), names)

    def _place(self, number: int) -> Place:
        at = Position(self._at[2 * number] * GRID, self._at[2 * number + 1] * GRID)
        ours = number - self._towns
        district = self._districts[ours] if 0 <= ours < len(self._districts) else None
        outside = number - self._centres.stop
        council = self._councils[self._outside[outside]] if outside >= 0 else ""
        return Place(self._names[number], at, number in self._about, district, council)


def _areas(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Position]]:
    for outcode, up, across, *sectors in rows:
        yield outcode, Position(up * GRID, across * GRID, "outcode")
        for n in range(0, len(sectors), 3):
            figure, more_up, more_across = sectors[n : n + 3]
            at = Position((up + more_up) * GRID, (across + more_across) * GRID, "sector")
            yield f"{outcode} {figure}", at
