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
from portal.finder.texts import LONGEST, WORDS, WRITTEN

GRID = 0.001
MOST_MEANT = 5

_SPACE, _MARKS, _WHOLE, _PART = (
    re.compile(WRITTEN[name]) for name in ("space", "marks", "whole", "part")
)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that was found. `key` is its form in addresses: of a postcode, the sector."""

    key: str
    at: Position
    about: bool  # distances from it are not exact
    district: int | None = None  # search the whole of this district


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
    return " ".join("st" if word == "saint" else word for word in words)


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
        self._folded = [fold(name) for name in self._names]
        self._bare = [fold(name.partition(" (")[0]) for name in self._names]

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
        if part and not part[2] and part[1] not in self._areas:
            # 'BB46' is not an outcode, so it means 'BB4 6'; 'BB12' is an outcode.
            part = _PART.match(f"{compact[:-1]} {compact[-1]}") or part
        if part:
            return self._area(part[1], (part[2] or "")[:1], "")
        # Only the letters of an area, or a postcode with a digit missing: names have no digits.
        if re.search("[0-9]", compact) and len(compact) < 8 and not self._known(fold(near)):
            return Mistake("near", WORDS["e-half"])
        return None

    def _area(self, outcode: str, figure: str, letters: str) -> Place | Mistake:
        sector = f"{outcode} {figure}"
        if letters and self._postcodes:
            at = self._postcodes.find(sector + letters)
            if at:
                return Place(sector, at, about=False)
        if figure:
            at = self._areas.get(sector)
            if at is None and self._postcodes:
                at = self._postcodes.middle(sector)
            if at:
                return Place(sector, at, about=True)
        at = self._areas.get(outcode)
        return Place(outcode, at, about=True) if at else Mistake("near", WORDS["e-postcode"])

    def _named(self, near: str) -> Place | Mistake:
        wanted = fold(near)
        if not wanted:
            return Mistake("near", WORDS["e-empty"])
        found = self._known(wanted)
        if len(found) == 1:
            return self._place(found[0])
        if found:
            return self._ask("e-which", near, found)
        meant = self._meant(wanted)
        return self._ask("e-near" if meant else "e-place", near, meant)

    def _known(self, wanted: str) -> list[int]:
        """The numbers of the places of that name: towns first, then districts, then centres."""
        by_label = [n for n, name in enumerate(self._folded) if name == wanted]
        if by_label:
            return by_label[:1]
        by_name = [n for n, name in enumerate(self._bare) if name == wanted]
        if by_name:
            return by_name
        if len(wanted) < 3:
            return []
        # 'Riverbank' finds 'Riverbank Children's Centre'.
        first = self._towns + len(self._districts)
        return [n for n in range(first, len(self._names)) if self._bare[n].startswith(wanted + " ")]

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
        return Place(self._names[number], at, number in self._about, district)


def _areas(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Position]]:
    for outcode, up, across, *sectors in rows:
        yield outcode, Position(up * GRID, across * GRID, "outcode")
        for n in range(0, len(sectors), 3):
            figure, more_up, more_across = sectors[n : n + 3]
            at = Position((up + more_up) * GRID, (across + more_across) * GRID, "sector")
            yield f"{outcode} {figure}", at
