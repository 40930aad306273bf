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
   with the number k would say that each is 1, with 4k that each is 4. So cells that are all 1 (or
   1 and 5), or all 4, are no safe block.
4. That a figure says "or more" tells only which cells are joined, and that some of them are not 0.

Somebody who has this program could also try all numbers that a quarter may have had, and keep those
that give the same tables. So cells are joined in an order that depends on a secret (`salt`), which
is another one in each quarter, and never by size alone.

Blocks are made among near cells first, so that few figures are cut: see `Cell.kin`. If small cells
alone do not make a safe block, a block beside them is joined to them (complementary suppression).
Without that nothing more could be found; but the total of the area would be cut. Cells that cannot
be joined to anything safe stay hidden, in every figure.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from portal.bookings.disclosure import SMALLEST
from portal.directory.measures import Figure

Values = tuple[int, ...]
Form = tuple[int, ...]  # a number for each measure: (1, -1) is the first less the second


@dataclass(frozen=True, slots=True)
class Group:
    """Measures about the same families, and what must not be found of them."""

    measures: tuple[str, ...]
    forms: tuple[Form, ...]


def group(measures: Sequence[str], *less: tuple[str, ...]) -> Group:
    """A group whose forms are its measures, and the first of each of `less` less the others."""

    def form(first: str, *others: str) -> Form:
        return tuple((name == first) - (name in others) for name in measures)

    alone = [form(name) for name in measures]
    return Group(tuple(measures), (*alone, *(form(*names) for names in less)))


GROUPS: Mapping[str, Group] = {
    "families": group(
        ("booked", "came", "often", "visits", "taken"),
        ("booked", "came"),
        ("came", "often"),
        ("visits", "came"),
        ("taken", "booked"),
        ("taken", "visits"),
    ),
    "walk-ins": group(("walk_ins",)),
    # The days are no families: they only have to be hidden together with them.
    "waited": Group(("waited", "waiting_days"), ((1, 0),)),
    "declined": group(("declined",)),
    "requests": group(("requests",)),
    "allocated": group(("allocated",)),
    "plans": group(
        ("plans_closed", "plans_gained", "stepped_down", "stepped_up"),
        ("plans_closed", "plans_gained"),
        ("plans_closed", "stepped_down"),
        ("plans_closed", "stepped_up"),
        ("plans_closed", "stepped_down", "stepped_up"),
    ),
    "contacts": group(("contacts",)),
    "gaps": group(("gaps",)),
    "projects": group(("project_families",)),
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


@dataclass(frozen=True, slots=True)
class Block:
    """Cells that are shown together or not at all; one that is not `safe` is never shown."""

    cells: tuple[Cell, ...]
    safe: bool = True

    @property
    def values(self) -> Values:
        return _sum(self.cells)


def is_safe(cells: Sequence[Cell], forms: Sequence[Form]) -> bool:
    """Whether the sum of some cells may be shown, also to the staff of one of their centres."""
    for form in forms:
        numbers = [
            sum(k * value for k, value in zip(form, cell.values, strict=True)) for cell in cells
        ]
        if not _is_safe(numbers):
            return False
        owners = {cell.owner for cell in cells}
        for owner in owners if len(owners) > 1 else ():
            others = [n for cell, n in zip(cells, numbers, strict=True) if cell.owner != owner]
            if not _is_safe(others):
                return False
    return True


def _is_safe(numbers: Sequence[int]) -> bool:
    """Whether the sum of these tells nothing of any of them."""
    if 0 < sum(numbers) < SMALLEST:
        return False
    kinds = set(filter(None, numbers))
    # As small as small and safe cells can be together, or as large as small cells can be.
    least = 1 in kinds and kinds <= {1, SMALLEST}
    most = kinds == {SMALLEST - 1}
    return sum(number > 0 for number in numbers) < 2 or not (least or most)


def blocks_of(cells: Iterable[Cell], forms: Sequence[Form], salt: bytes = b"") -> list[Block]:
    """All the cells that are not 0, in blocks that may be shown, and at most one that may not."""

    def order(cell: Cell) -> bytes:
        return sha256(salt + repr(cell.name).encode()).digest()

    listed = sorted((cell for cell in cells if any(cell.values)), key=order)
    made = [Block((cell,)) for cell in listed if is_safe((cell,), forms)]
    loose = [cell for cell in listed if not is_safe((cell,), forms)]
    for depth in range(len(loose[0].kin) if loose else 0):
        left: list[Cell] = []
        for name, some in _by_kin(loose, depth).items():
            joined, rest = _joined(some, forms)
            made += joined
            # At the first levels only small cells are joined, so that fewer lines are cut.
            if rest and depth >= _COMPLEMENT_FROM:
                near = [block for block in made if all(c.kin[depth] == name for c in block.cells)]
                if (complement := _complement(rest, near, forms)) is not None:
                    made = [block for block in made if block not in complement]
                    rest += [cell for block in complement for cell in block.cells]
                    made.append(Block(tuple(rest)))
                    rest = []
            left += rest
        loose = left
    return [*made, Block(tuple(loose), safe=False)] if loose else made


_COMPLEMENT_FROM = 2


def _joined(some: Sequence[Cell], forms: Sequence[Form]) -> tuple[list[Block], list[Cell]]:
    """Cells joined in their order into blocks as small as possible, and those that are left."""
    made: list[list[Cell]] = []
    rest: list[Cell] = []
    for cell in some:
        rest.append(cell)
        if is_safe(rest, forms):
            made.append(rest)
            rest = []
    if rest:
        for one in reversed(made):
            if is_safe([*one, *rest], forms):
                one += rest
                rest = []
                break
    return [Block(tuple(one)) for one in made], rest


def _complement(
    rest: Sequence[Cell], near: Sequence[Block], forms: Sequence[Form]
) -> list[Block] | None:
    """The blocks to be joined with the rest so that all is safe: one of them, or some."""
    for block in near:
        if is_safe([*rest, *block.cells], forms):
            return [block]
    chosen: list[Block] = []
    for block in near:
        chosen.append(block)
        if is_safe([*rest, *(cell for one in chosen for cell in one.cells)], forms):
            return chosen
    return None


def _by_kin(cells: Iterable[Cell], depth: int) -> Mapping[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.kin[depth], []).append(cell)
    return found


def _sum(cells: Iterable[Cell]) -> Values:
    return tuple(map(sum, zip(*(cell.values for cell in cells), strict=True)))


def figures(
    blocks: Iterable[Block], inside: Collection[Hashable], measures: Sequence[str]
) -> Mapping[str, Figure]:
    """The figures of the cells that are `inside`, by measure, as they may be shown."""
    numbers = [0] * len(measures)
    partial = [False] * len(measures)
    for block in blocks:
        number_inside = sum(cell.name in inside for cell in block.cells)
        if not number_inside:
            continue
        if block.safe and number_inside == len(block.cells):
            numbers = [a + b for a, b in zip(numbers, block.values, strict=True)]
        else:
            # Of a block whose number is 0 each part is 0, whoever sees it.
            partial = [
                cut or not block.safe or value > 0
                for cut, value in zip(partial, block.values, strict=True)
            ]
    return {
        name: Figure(number, cut)
        for name, number, cut in zip(measures, numbers, partial, strict=True)
    }
