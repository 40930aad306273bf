"""Somebody who has every published table, and tries to find a hidden number.

It uses nothing of `portal.reports` but what anybody can know: which centre and programme belongs to
which area and line. It solves the equations of all figures with fractions, and so it finds whatever
can be worked out by adding and subtracting figures, of any area, line, measure and quarter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction

from portal.directory.quarterly import Cube
from portal.reports.blocks import GROUPS
from portal.reports.facts import Atom, Facts

Vector = dict[Atom, Fraction]
Sets = Mapping[tuple[str, str], Collection[Atom]]


class Known:
    """The sums of cells that can be worked out: a space of vectors, kept in echelon form."""

    def __init__(self, basis: Mapping[Atom, Vector] | None = None) -> None:
        self._basis = dict(basis or {})

    def learn(self, cells: Iterable[Atom]) -> None:
        """The sum of these cells is known."""
        rest = self._reduced(dict.fromkeys(cells, Fraction(1)))
        if not rest:
            return
        pivot = min(rest)
        factor = rest[pivot]
        row = {cell: value / factor for cell, value in rest.items()}
        for other in self._basis.values():
            if k := other.get(pivot):
                _subtract(other, row, k)
        self._basis[pivot] = row

    def finds(self, cells: Collection[Atom]) -> bool:
        """Whether the sum of these cells can be worked out."""
        return not self._reduced(dict.fromkeys(cells, Fraction(1)))

    def copy(self) -> Known:
        return Known({pivot: dict(row) for pivot, row in self._basis.items()})

    def _reduced(self, vector: Vector) -> Vector:
        for pivot in list(vector):
            if pivot in self._basis and (k := vector.get(pivot)):
                _subtract(vector, self._basis[pivot], k)
        return vector


def _subtract(vector: Vector, row: Vector, k: Fraction) -> None:
    for cell, value in row.items():
        new = vector.get(cell, Fraction(0)) - k * value
        if new:
            vector[cell] = new
        else:
            vector.pop(cell, None)


def known_of(cube: Cube, sets: Sets, measure: str) -> Known:
    """What the published figures of a measure tell: of each set whose figure is exact, its sum."""
    known = Known()
    for (area, line), cells in sorted(sets.items(), key=lambda one: len(one[1])):
        figure = cube.figure(area, line, measure)
        if figure is not None and not figure.partial:
            known.learn(cells)
    return known


def found(facts: Facts, cube: Cube, forms: Mapping[str, Collection[tuple[str, ...]]]) -> list[str]:
    """The hidden numbers from 1 to 4 that somebody finds, in words; one who works at a centre too.

    `forms` are the numbers to look for, by group: a measure, or a measure less others.
    """
    told: list[str] = []
    for name, group in GROUPS.items():
        sets = facts.sets(name)
        exact = facts.exact[name]
        cells = [frozenset([atom]) for atom in exact]
        targets = {*map(frozenset, sets.values()), *cells}
        public = {measure: known_of(cube, sets, measure) for measure in group.measures}
        for owner in (None, *sorted({atom.place for atom in exact if atom.place})):
            own = [atom for atom in exact if atom.place == owner]
            known = public
            if owner is not None:
                known = {measure: one.copy() for measure, one in public.items()}
                for one in known.values():
                    for atom in own:
                        one.learn([atom])
            for target in targets:
                others = target.difference(own)
                for form in forms[name]:
                    number = _number(exact, others, form, group.measures)
                    if 0 < number < 5 and all(known[one].finds(others) for one in form):
                        told.append(f"{owner}: {' - '.join(form)} of {sorted(others)} is {number}")
    return told


def bounded(facts: Facts, cube: Cube) -> list[str]:
    """The areas and lines whose hidden `often` follows from what else is known of them, in words.

    A family has at most as many visits as sessions were held, which is public, and those that did
    not come often have two at most. So many visits need some that came often.
    """
    told: list[str] = []
    sets = facts.sets("families")
    known = {one: known_of(cube, sets, one) for one in GROUPS["families"].measures}
    for (area, line), cells in sets.items():
        held = facts.public.get((area, line), {}).get("held", 0)
        if held < 3 or known["often"].finds(cells):
            continue

        def number(measure: str, cells: Collection[Atom] = cells) -> int | None:
            if not known[measure].finds(cells):
                return None
            return _number(facts.exact["families"], cells, (measure,), GROUPS["families"].measures)

        came, visits, booked, taken = map(number, ("came", "visits", "booked", "taken"))
        least, most = 0, came
        if came is not None and visits is not None:
            least = max(0, -((2 * came - visits) // (held - 2)))
            most = min(came, (visits - came) // 2)
        if booked is not None and taken is not None:
            extra = (taken - booked) // 2
            most = extra if most is None else min(most, extra)
        if least > 0 or (most is not None and least == most > 0):
            told.append(f"often of {area} {line} is {least} to {most}")
    return told


def _number(
    exact: Mapping[Atom, tuple[int, ...]],
    cells: Iterable[Atom],
    form: tuple[str, ...],
    measures: tuple[str, ...],
) -> int:
    first, *less = (measures.index(name) for name in form)
    return sum(exact[cell][first] - sum(exact[cell][at] for at in less) for cell in cells)
