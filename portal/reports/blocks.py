"""Disclosure control by blocks: which numbers of families a report may show (S103).

What it hides: how small numbers are kept from being worked out, from any table of any quarter.

A *cell* holds the numbers of one centre and programme in one quarter. A *form* is a number that
somebody might work out of a cell: one of its measures, or a difference of two (families that had a
place and did not come). A form is *safe* if it is 0 or at least 5. Before anything is shown, the
cells are joined into *blocks*, such that each form of each block is safe; and also without the part
of any one centre in it, because its staff know that part. A figure of a table is the sum of the
blocks that lie wholly inside what the table's line is about. A block that lies only partly inside
is left out, and the figure says "or more".

Why nothing hidden can be found. Take all figures of all areas, lines and quarters: each is a sum of
whole blocks (of one quarter). Whatever somebody adds and subtracts, the result is

    sum over blocks B of  k(B) * (number of B)

with whole or broken k, and never has a part of a block with another k than the rest of it. So:

1. The number of a set of cells can be worked out only if the set is made of whole blocks. It is
   then a sum of safe numbers, and so it is safe: 0, or at least 5. It holds for differences of
   tables, levels and quarters, because those are such sums too.
2. Staff who know the cells of one centre can take them away. What is left of each block is safe as
   well, and so are its sums.
3. Cells that are 0 are not joined, and those that are joined are mostly small. A block of k cells
   with the number k would say that each is 1, with 4k that each is 4. So cells that are all 1, or
   all 4, are no safe block.
4. That a figure says "or more" tells only which cells are joined, and that some of them are not 0.

Somebody who has this program could also try all numbers that a quarter may have had, and keep those
that give the same tables. So cells are joined in an order that depends on a secret (`salt`), which
is another one in each quarter, and never by size alone.

Measures about the same families are shown in *stages*. The blocks of a later stage are made of
whole blocks of the stages before, and are safe in the forms of all of them. So the number of
families with a place can be shown of small blocks, and how many of them came of larger ones: the
difference of the two can be worked out of the larger ones alone.

Blocks are made among near cells first, so that few figures are cut: see `Cell.kin`. If small cells
alone do not make a safe block, a block beside them is joined to them (complementary suppression).
Without that nothing more could be found; but the total of the area would be cut. Cells that cannot
be joined to anything safe stay hidden, in every figure.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from portal.bookings.disclosure import SMALLEST
from portal.directory.measures import Figure

Values = tuple[int, ...]
Form = tuple[int, ...]  # a number for each measure: (1, -1) is the first less the second


@dataclass(frozen=True, slots=True)
class Stage:
    """Measures that are shown of the same blocks, and what must not be found of a block."""

    shown: tuple[int, ...]  # the places of its measures among those of the group
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Measures about the same families, stage by stage."""

    measures: tuple[str, ...]
    stages: tuple[Stage, ...]


def group(*stages: tuple[Sequence[str], Sequence[str]]) -> Group:
    """A group of stages. Each has its measures, and what must be safe: 'came', 'booked - came'."""
    measures = tuple(name for shown, _ in stages for name in shown)

    def form(words: str) -> Form:
        first, *others = words.split(" - ")
        return tuple((name == first) - (name in others) for name in measures)

    made: list[Stage] = []
    forms: tuple[Form, ...] = ()
    for shown, safe in stages:
        forms += tuple(map(form, safe))
        made.append(Stage(tuple(map(measures.index, shown)), forms))
    return Group(measures, tuple(made))


def _one(*measures: str) -> Group:
    return group((measures, measures))


GROUPS: Mapping[str, Group] = {
    "families": group(
        (("booked", "taken"), ("booked",)),
        (("came", "visits"), ("came", "booked - came", "visits - came")),
        (("often",), ("often", "came - often")),
    ),
    "walk-ins": _one("walk_ins"),
    # The days are no families: they only have to be hidden together with them.
    "waited": group((("waited", "waiting_days"), ("waited",))),
    "declined": _one("declined"),
    "requests": _one("requests"),
    "allocated": _one("allocated"),
    "plans": group(
        (("plans_closed",), ("plans_closed",)),
        (("plans_gained",), ("plans_gained", "plans_closed - plans_gained")),
        (
            ("stepped_down", "stepped_up"),
            (
                "stepped_down",
                "stepped_up",
                "plans_closed - stepped_down",
                "plans_closed - stepped_up",
                "plans_closed - stepped_down - stepped_up",
            ),
        ),
    ),
    "contacts": _one("contacts"),
    "gaps": _one("gaps"),
    "projects": _one("project_families"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """Numbers that somebody knows: the staff of the centre `owner`.

    `kin` are the names of what it belongs to, the nearest first: cells with the same name at the
    same place of `kin` are joined before others.
    """

    name: Hashable
    values: Values
    owner: str
    kin: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Cells that are shown together or not at all; one that is not `safe` is never shown."""

    cells: tuple[Cell, ...]
    safe: bool = True

    @cached_property
    def values(self) -> Values:
        return tuple(map(sum, zip(*(cell.values for cell in self.cells), strict=True)))

    @cached_property
    def names(self) -> frozenset[Hashable]:
        return frozenset(cell.name for cell in self.cells)

    def kin(self, depth: int) -> str | None:
        """What all its cells belong to at this place of their kin; None if it differs."""
        names = {cell.kin[depth] for cell in self.cells}
        return names.pop() if len(names) == 1 else None


def is_safe(cells: Sequence[Cell], forms: Sequence[Form]) -> bool:
    """Whether the sum of some cells may be shown, also to the staff of one of their centres."""
    owners = {cell.owner for cell in cells}
    for form in forms:
        numbers = [
            sum(k * value for k, value in zip(form, cell.values, strict=True)) for cell in cells
        ]
        if not _is_safe(numbers):
            return False
        for owner in owners if len(owners) > 1 else ():
            others = [n for cell, n in zip(cells, numbers, strict=True) if cell.owner != owner]
            if not _is_safe(others):
                return False
    return True


def _is_safe(numbers: Sequence[int]) -> bool:
    """Whether the sum of these tells nothing of any of them."""
    if 0 < sum(numbers) < SMALLEST:
        return False
    some = [number for number in numbers if number]
    return len(some) < 2 or set(some) not in ({1}, {SMALLEST - 1})


def staged(cells: Iterable[Cell], group: Group, salt: bytes = b"") -> list[list[Block]]:
    """The blocks of each stage of a group: those of the later ones are made of the ones before."""
    found: list[list[Block]] = []
    parts = [Block((cell,)) for cell in cells if any(cell.values)]
    for stage in group.stages:
        parts = blocks_of(parts, stage.forms, salt)
        found.append(parts)
    return found


def blocks_of(parts: Iterable[Block], forms: Sequence[Form], salt: bytes = b"") -> list[Block]:
    """All the parts, joined into blocks that may be shown, and at most one that may not."""

    def order(part: Block) -> bytes:
        return sha256(salt + repr(part.cells[0].name).encode()).digest()

    made: list[Block] = []
    loose: list[Block] = []
    for part in sorted(parts, key=order):
        safe = is_safe(part.cells, forms)
        (made if safe else loose).append(Block(part.cells, safe))
    for depth in range(len(loose[0].cells[0].kin) if loose else 0):
        left: list[Block] = []
        for name, some in _by_kin(loose, depth).items():
            if name is None:
                left += some
                continue
            joined, rest = _joined(some, forms)
            made += joined
            # At the first levels only small cells are joined, so that fewer lines are cut.
            if rest and depth >= _COMPLEMENT_FROM:
                near = [block for block in made if block.kin(depth) == name]
                if (complement := _complement(rest, near, forms)) is not None:
                    made = [block for block in made if block not in complement]
                    made.append(_block([*rest, *complement]))
                    rest = []
            left += rest
        loose = left
    return [*made, _block(loose, safe=False)] if loose else made


_COMPLEMENT_FROM = 2


def _block(parts: Iterable[Block], *, safe: bool = True) -> Block:
    return Block(_cells(parts), safe)


def _cells(parts: Iterable[Block]) -> tuple[Cell, ...]:
    return tuple(cell for part in parts for cell in part.cells)


def _joined(some: Sequence[Block], forms: Sequence[Form]) -> tuple[list[Block], list[Block]]:
    """Parts joined in their order into blocks as small as possible, and those that are left."""
    made: list[list[Block]] = []
    rest: list[Block] = []
    for part in some:
        rest.append(part)
        if is_safe(_cells(rest), forms):
            made.append(rest)
            rest = []
    if rest:
        for one in reversed(made):
            if is_safe(_cells([*one, *rest]), forms):
                one += rest
                rest = []
                break
    return [_block(one) for one in made], rest


def _complement(
    rest: Sequence[Block], near: Sequence[Block], forms: Sequence[Form]
) -> list[Block] | None:
    """The blocks to be joined with the rest so that all is safe: one of them, or some."""
    for block in near:
        if is_safe(_cells([*rest, block]), forms):
            return [block]
    chosen: list[Block] = []
    for block in near:
        chosen.append(block)
        if is_safe(_cells([*rest, *chosen]), forms):
            return chosen
    return None


def _by_kin(parts: Iterable[Block], depth: int) -> Mapping[str | None, list[Block]]:
    found: dict[str | None, list[Block]] = {}
    for part in parts:
        found.setdefault(part.kin(depth), []).append(part)
    return found


def figures(
    stages: Sequence[Sequence[Block]], inside: Set[Hashable], group: Group
) -> dict[str, Figure]:
    """The figures of the cells that are `inside`, by measure, as they may be shown."""
    found: dict[str, Figure] = {}
    for stage, blocks in zip(group.stages, stages, strict=True):
        numbers = [0] * len(group.measures)
        partial = [False] * len(group.measures)
        for block in blocks:
            if block.names.isdisjoint(inside):
                continue
            whole = block.safe and block.names <= inside
            for at in stage.shown:
                if whole:
                    numbers[at] += block.values[at]
                elif not block.safe or block.values[at]:
                    # Of a block whose number is 0 each part is 0, whoever sees it.
                    partial[at] = True
        for at in stage.shown:
            found[group.measures[at]] = Figure(numbers[at], partial[at])
    return found
