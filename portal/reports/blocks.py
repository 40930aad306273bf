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
3. Cells that are 0 are not joined, and those that are joined are mostly small. A block of k parts
   with the number k would say that each is 1, with 4k that each is 4. So parts that are all 1, or
   all 4, are no safe block. In a later stage parts of 0 are joined too, because of other forms, and
   nobody sees which they are: with five of them the others may all be 1.
4. That a figure says "or more" tells only which cells are joined, and that some of them are not 0.

Somebody who has this program could also try all numbers that a quarter may have had, and keep those
that give the same tables. So cells are joined in an order that depends on a secret (`salt`), which
is another one in each quarter, and never by size alone.

Measures about the same families are shown in *stages*. The blocks of a later stage are made of
whole blocks of the stages before, and are safe in the forms of all of them. So the number of
families with a place can be shown of small blocks, and how many of them came of larger ones: the
difference of the two can be worked out of the larger ones alone.

What is known of one measure also bounds another: five families with 26 visits to seven sessions
have at least four that came often. A measure is therefore shown no earlier than what it bounds.
These are all the relations that a reader knows, of each cell and so of each sum of cells:

- often <= came <= booked: forms of the stages of `came` and `often`. Somebody who knows the number
  of each part of a block, and how many of the block came, has a range for each part. It is at least
  five wide, because both sums and their difference are 0 or at least 5.
- came + 2 often <= visits <= taken, booked <= taken, often <= (taken - booked) / 2: `visits`
  and `taken` bound `often` from both sides. They are shown of the same blocks as `often`, so the
  bounds are those of a block whose number is seen anyway. The differences are forms.
- visits <= came x sessions held: sessions are public. `most` is that number of visits in a cell;
  `most - visits` is a form of the same stage. The visits of a block can still tell that all of a
  long group came often, and so how many did of a short one: `_visits_tell` tries all numbers.
- often = 0 where a booking has fewer than three sessions: also public. `able` is `came` where there
  are three, else 0, and `able - often` is a form: cells with 0 hide nobody.
- booked <= taken <= places: places are public. `room` is their number. If a block is full to the
  last place, each of its cells is, so it then has no cell with a number under 5 (`Stage.limits`).
  A cell without a limit has endless room.
- waiting days >= 0: they say nothing of the number of families. No form: they are hidden with them.
- waited and booked: none. One counts in the quarter of the place, the other in that of a session,
  and the place may be given up before.
- requests, allocated, declined: none. A request of one quarter may be given a worker or declined in
  another, and requests declined are also such for groups. No number bounds another in a quarter.
- allocated and plans: none, for the same reason.
- plans gained, stepped down, stepped up <= closed, and down + up <= closed: forms, since a plan has
  one reason. Gained and stepped down overlap as they like, so their difference counts nobody.
- walk-ins, contacts, gaps, families of projects: none. They are no families with a place, and any
  number of them may come to a session.

Blocks are made among near cells first, so that few figures are cut: see `Cell.kin`. If small cells
alone do not make a safe block, blocks beside them are joined to them (complementary suppression):
the fewest and smallest that do, of the same district if any do, else of as few districts more as
possible. So totals of districts and lines with large numbers stay whole where they can. Without
complements nothing more could be found; but the total of the area would be cut. Cells that cannot
be joined to anything safe stay hidden, in every figure.
"""

from __future__ import annotations

from collections import Counter
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
    limits: tuple[tuple[int, int], ...] = ()  # the places of a number and of its public limit
    visits: tuple[int, ...] = ()  # the places of came, visits, often, able and most, if it has them


@dataclass(frozen=True, slots=True)
class Group:
    """Measures about the same families, stage by stage.

    `bounds` are numbers that nothing shows. Cells have them after the measures, because they bound
    a measure, and a reader can work them out of what is public.
    """

    measures: tuple[str, ...]
    stages: tuple[Stage, ...]
    bounds: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """What each value of a cell is."""
        return self.measures + self.bounds


def group(*stages: tuple[Sequence[str], Sequence[str]], bounds: Sequence[str] = ()) -> Group:
    """A group of stages. Each has its measures, and what must be safe.

    That is 'came', or a difference as 'booked - came', or 'booked <= room': a limit.
    """
    measures = tuple(name for shown, _ in stages for name in shown)
    values = (*measures, *bounds)

    def form(words: str) -> Form:
        first, *others = words.split(" - ")
        return tuple((name == first) - others.count(name) for name in values)

    made: list[Stage] = []
    forms: tuple[Form, ...] = ()
    limits: tuple[tuple[int, int], ...] = ()
    for shown, safe in stages:
        for words in safe:
            number, limited, most = words.partition(" <= ")
            if limited:
                limits += ((values.index(number), values.index(most)),)
            else:
                forms += (form(words),)
        named = tuple(map(values.index, _OF_VISITS)) if "visits" in shown else ()
        made.append(Stage(tuple(map(measures.index, shown)), forms, limits, named))
    return Group(measures, tuple(made), tuple(bounds))


_OF_VISITS = ("came", "visits", "often", "able", "most")


def _one(*measures: str) -> Group:
    return group((measures, measures))


GROUPS: Mapping[str, Group] = {
    "families": group(
        (("booked",), ("booked", "booked <= room")),
        (("came",), ("came", "booked - came")),
        (
            ("taken", "visits", "often"),
            (
                "often",
                "came - often",
                "able - often",
                "visits - came",
                "visits - came - often - often",
                "most - visits",
                "taken - visits",
                "taken - booked",
                "taken <= room",
            ),
        ),
        bounds=("able", "most", "room"),
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
    """Cells that are shown together or not at all; one that is not `safe` is never shown.

    `parts` are the blocks of the stage before that it was joined of, if it was.
    """

    cells: tuple[Cell, ...]
    safe: bool = True
    parts: tuple[tuple[Cell, ...], ...] = ()

    @property
    def made_of(self) -> tuple[tuple[Cell, ...], ...]:
        return self.parts or (self.cells,)

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


def is_safe(blocks: Sequence[Block], stage: Stage) -> bool:
    """Whether the sum of some blocks may be shown, also to the staff of one of their centres."""
    cells = _cells(blocks)
    owners = {cell.owner for cell in cells}
    parts = [part for block in blocks for part in block.made_of]
    if not all(_tells_nothing(parts, owners, form) for form in stage.forms):
        return False
    if any(_is_full(cells, owners, *limit) for limit in stage.limits):
        return False
    return not stage.visits or not any(
        _visits_tell(parts, owner, stage.visits) for owner in (None, *owners)
    )


def _tells_nothing(parts: Sequence[Sequence[Cell]], owners: Set[str], form: Form) -> bool:
    terms = [(at, k) for at, k in enumerate(form) if k]
    numbers: Counter[int] = Counter()  # how many parts have which number
    owned: dict[str, list[tuple[int, int, bool]]] = {owner: [] for owner in owners}
    for part in parts:
        own: dict[str, int] = {}
        for cell in part:
            number = sum(k * cell.values[at] for at, k in terms)
            own[cell.owner] = own.get(cell.owner, 0) + number
        total = sum(own.values())
        numbers[total] += 1
        for owner, number in own.items():
            owned[owner].append((total, total - number, len(own) > 1))
    if not _is_safe(numbers):
        return False
    for some in owned.values() if len(owners) > 1 else ():
        others = numbers.copy()
        for total, rest, shared in some:
            others[total] -= 1
            others[rest] += shared
        if not _is_safe(others):
            return False
    return True


def _is_safe(numbers: Counter[int]) -> bool:
    """Whether the sum of these tells nothing of any of them."""
    if 0 < sum(number * times for number, times in numbers.items()) < SMALLEST:
        return False
    some = {number for number, times in numbers.items() if number and times > 0}
    return numbers[0] >= SMALLEST or some not in ({1}, {SMALLEST - 1})


def _is_full(cells: Sequence[Cell], owners: Set[str], at: int, most: int) -> bool:
    """Whether all is full, and so a number under 5 is seen; also without one centre's part."""
    for owner in (None, *owners):
        others = [cell.values for cell in cells if cell.owner != owner]
        small = any(0 < one[at] < SMALLEST for one in others)
        if small and sum(one[at] for one in others) >= sum(one[most] for one in others):
            return True
    return False


def _visits_tell(
    parts: Sequence[Sequence[Cell]], owner: str | None, places: tuple[int, ...]
) -> bool:
    """Whether the visits of all parts tell of one of them that 1 to 4 came often, or did not.

    Known are who came of each part, who came often of all, and the sessions of a part: n. Of c
    that came and o that came often, there are 2c + (n - 2)o visits at most. So the most visits
    that a number of one part leaves room for must not be fewer than there were.
    """
    known: list[tuple[int, int, int]] = []  # came, most that came often, visits more of each
    often = visits = 0
    for part in parts:
        some = [[cell.values[at] for at in places] for cell in part if cell.owner != owner]
        if not any(came for came, *_ in some):
            continue
        came = sum(one[0] for one in some)
        held = max(most // one for one, *_, most in some if one)
        often += sum(one[2] for one in some)
        visits += sum(one[1] for one in some) - came * min(held, 2)
        known.append((came, came if any(one[3] for one in some) else 0, max(held - 2, 0)))
    if len(known) < 2 or not often:
        return False
    for at, (came, most, more) in enumerate(known):
        others = sorted((one for i, one in enumerate(known) if i != at), key=lambda one: -one[2])
        fits = [
            number
            for number in range(max(0, often - sum(one[1] for one in others)), most + 1)
            if number <= often and number * more + _most_visits(others, often - number) >= visits
        ]
        if len(fits) == 1 and (0 < fits[0] < SMALLEST or 0 < came - fits[0] < SMALLEST):
            return True
    return False


def _most_visits(parts: Sequence[tuple[int, int, int]], often: int) -> int:
    """The most visits above two each if so many of these parts, the longest first, came often."""
    visits = 0
    for _, most, more in parts:
        some = min(most, often)
        visits += some * more
        often -= some
    return visits


def staged(cells: Iterable[Cell], group: Group, salt: bytes = b"") -> list[list[Block]]:
    """The blocks of each stage of a group: those of the later ones are made of the ones before."""
    found: list[list[Block]] = []
    parts = [Block((cell,)) for cell in cells if any(cell.values)]
    for stage in group.stages:
        parts = blocks_of(parts, stage, salt)
        found.append(parts)
    return found


def blocks_of(parts: Iterable[Block], stage: Stage, salt: bytes = b"") -> list[Block]:
    """All the parts, joined into blocks that may be shown, and at most one that may not."""
    made: list[Block] = []
    loose: list[Block] = []
    for part in sorted(parts, key=lambda part: _chance(part, salt)):
        safe = is_safe([Block(part.cells)], stage)
        (made if safe else loose).append(Block(part.cells, safe))
    for depth in range(len(loose[0].cells[0].kin) if loose else 0):
        left: list[Block] = []
        for name, some in _by_kin(loose, depth).items():
            if name is None:
                left += some
                continue
            joined, rest = _joined(some, stage)
            made += joined
            # At the first levels only small cells are joined, so that fewer lines are cut.
            if rest and depth >= _DISTRICT:
                rest = _complemented(rest, made, (depth, name), stage, salt)
            left += rest
        loose = left
    return [*made, _block(loose, safe=False)] if loose else made


_PAIRED = 24  # more would take long, and hardly find a smaller pair
_DISTRICT = 2  # its place among the kin of a cell: from here on complements are joined


def _chance(part: Block, salt: bytes) -> bytes:
    return sha256(salt + repr(part.cells[0].name).encode()).digest()


def _block(parts: Iterable[Block], *, safe: bool = True) -> Block:
    parts = tuple(parts)
    return Block(_cells(parts), safe, tuple(one for part in parts for one in part.made_of))


def _cells(parts: Iterable[Block]) -> tuple[Cell, ...]:
    return tuple(cell for part in parts for cell in part.cells)


def _joined(some: Sequence[Block], stage: Stage) -> tuple[list[Block], list[Block]]:
    """Parts joined in their order into blocks as small as possible, and those that are left."""
    made: list[list[Block]] = []
    rest: list[Block] = []
    for part in some:
        rest.append(part)
        if is_safe(rest, stage):
            made.append(rest)
            rest = []
    if rest:
        for one in reversed(made):
            if is_safe([*one, *rest], stage):
                one += rest
                rest = []
                break
    return [_block(one) for one in made], rest


def _complemented(
    rest: Sequence[Block],
    made: list[Block],
    kin: tuple[int, str],
    stage: Stage,
    salt: bytes,
) -> list[Block]:
    """Join blocks of the same kin to the rest, in `made`; what cannot be joined is given back."""
    depth, name = kin

    def cost(block: Block) -> float:
        """Its size, but never by that alone: see what somebody with this program could try."""
        return sum(block.values) * (1 + _chance(block, salt)[0] / 128)

    left: list[Block] = []
    # All together, or else one by one: one part may be in the way of the others.
    together = [rest] if len(rest) == 1 else [rest, *([part] for part in rest)]
    for parts in together:
        near = sorted((one for one in made if one.kin(depth) == name), key=cost)
        chosen = _nearest(parts, near, stage)
        if chosen is not None:
            made[:] = [block for block in made if block not in chosen]
            made.append(_block([*parts, *chosen]))
            if parts is rest:
                return []
        elif parts is not rest or len(rest) == 1:
            left += parts
    return left


def _nearest(rest: Sequence[Block], near: Sequence[Block], stage: Stage) -> Sequence[Block] | None:
    """Blocks that make the rest safe, of as few districts as possible beside its own."""
    own = _districts(rest)
    inside = [block for block in near if _districts([block]) <= own]
    if (chosen := _complement(rest, inside, stage)) is not None:
        return chosen
    found: list[Sequence[Block]] = []
    for district in sorted(_districts(near) - own):
        with_it = [block for block in near if _districts([block]) <= own | {district}]
        if (chosen := _complement(rest, with_it, stage)) is not None:
            found.append(chosen)
    if found:
        return min(found, key=lambda chosen: sum(sum(block.values) for block in chosen))
    return _complement(rest, near, stage)


def _districts(parts: Iterable[Block]) -> set[str]:
    return {cell.kin[_DISTRICT] for cell in _cells(parts)}


def _complement(
    rest: Sequence[Block], near: Sequence[Block], stage: Stage
) -> Sequence[Block] | None:
    """The first of the blocks that makes the rest safe, or two of them, or as few as possible."""
    for some in (*((block,) for block in near), *_pairs(near)):
        if is_safe([*rest, *some], stage):
            return some
    chosen: list[Block] = []
    for block in near:
        chosen.append(block)
        if len(chosen) > 1 and is_safe([*rest, *chosen], stage):
            break
    else:
        return None
    for block in reversed(chosen[:]):
        fewer = [one for one in chosen if one is not block]
        if is_safe([*rest, *fewer], stage):
            chosen = fewer
    return chosen


def _pairs(near: Sequence[Block]) -> Iterable[tuple[Block, Block]]:
    """Pairs of the first blocks, those without a later block first."""
    first = near[:_PAIRED]
    return ((one, other) for at, other in enumerate(first) for one in first[:at])


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
                    # If the number of a block is 0, so is each part of it.
                    partial[at] = True
        for at in stage.shown:
            found[group.measures[at]] = Figure(numbers[at], partial[at])
    return found
