"""S103: from all published tables of two quarters, nobody finds a hidden number (`attack`)."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from dataclasses import replace

import pytest

from portal.directory.measures import Figure
from portal.reports import report
from portal.reports.blocks import GROUPS, Block, Cell, blocks_of, figures, group, staged
from portal.reports.facts import Facts
from portal.reports.report import cube_of
from tests.reports import attack, sampled
from tests.reports.sampled import NOW, QUARTERS

# What must not be found, said here once more and not taken from the code that protects it.
FORMS = {
    "families": [
        ("booked",), ("came",), ("often",), ("booked", "came"), ("came", "often"),
        ("visits", "came"), ("visits", "came", "often", "often"), ("taken", "visits"),
        ("taken", "booked"),
    ],
    "walk-ins": [("walk_ins",)],
    "waited": [("waited",)],
    "declined": [("declined",)],
    "requests": [("requests",)],
    "allocated": [("allocated",)],
    "plans": [
        ("plans_closed",), ("plans_gained",), ("stepped_down",), ("stepped_up",),
        ("plans_closed", "plans_gained"), ("plans_closed", "stepped_down"),
        ("plans_closed", "stepped_up"), ("plans_closed", "stepped_down", "stepped_up"),
    ],
    "contacts": [("contacts",)],
    "gaps": [("gaps",)],
    "projects": [("project_families",)],
}  # fmt: skip


@pytest.fixture(scope="module")
def counted(tmp_path_factory) -> dict[str, Facts]:
    return sampled.facts(tmp_path_factory.mktemp("attacked") / "portal.db")


@pytest.mark.parametrize("quarter", QUARTERS)
def test_no_hidden_number_follows_from_all_tables(counted, quarter) -> None:
    """S103: adding and subtracting finds no number of 1 to 4, of no cell and no area and line.

    Not by somebody who works at a centre and knows its numbers either. Another quarter tells
    nothing of this one: its figures are sums of other cells.
    """
    assert set(FORMS) == set(GROUPS)
    facts = counted[quarter]
    cube = cube_of(facts, sampled.directory(), NOW)
    assert attack.found(facts, cube, FORMS) == []


@pytest.mark.parametrize("quarter", QUARTERS)
def test_no_hidden_number_follows_from_its_bounds(counted, quarter) -> None:
    """S103: visits, places and sessions held bound how many came often only where it is shown."""
    facts = counted[quarter]
    assert attack.bounded(facts, cube_of(facts, sampled.directory(), NOW)) == []


def _family_blocks(*cells: tuple[str, tuple[int, ...]]) -> list[list[Block]]:
    kin = ("burnley", "burnley", "burnley", "east", "")
    return staged(
        [Cell(at, values, owner, kin) for at, (owner, values) in enumerate(cells)],
        GROUPS["families"],
    )


# Of each cell: booked, came, taken, visits, often, able, most, room.


def test_visits_are_hidden_where_often_is() -> None:
    """S103: five families with 26 visits to seven sessions would say that four came often."""
    stages = _family_blocks(("mill", (5, 5, 35, 26, 4, 5, 35, 70)))
    shown = figures(stages, {0}, GROUPS["families"])
    assert shown["came"] == Figure(5)
    assert shown["often"].hidden
    assert shown["visits"].hidden
    assert shown["taken"].hidden


def test_groups_too_short_to_come_often_hide_nobody() -> None:
    """S103: who did not come often is not hidden by those who had two sessions only."""
    long, short = (9, 9, 90, 60, 5, 9, 90, 120), (6, 6, 12, 9, 0, 0, 12, 24)
    for cells in ([("mill", long), ("mill", short)], [("mill", long), ("park", short)]):
        last = _family_blocks(*cells)[2]
        assert not any(block.safe and 0 in block.names for block in last)


def test_visits_of_a_block_tell_nothing_of_its_parts() -> None:
    """S103: if all ten of a long group must have come often, two of twelve are of the short one."""
    long, short = (10, 10, 110, 98, 10, 10, 100, 999), (20, 20, 60, 42, 2, 20, 60, 999)
    last = _family_blocks(("mill", long), ("mill", short))[2]
    assert not any(block.safe and 1 in block.names for block in last)
    # With fewer visits, those who came often may be of either group.
    fewer = (10, 10, 110, 60, 10, 10, 100, 999)
    last = _family_blocks(("mill", fewer), ("mill", short))[2]
    assert all(block.safe for block in last)


def test_a_full_group_hides_no_small_one() -> None:
    """S103: if all public places are taken, each cell of a block has as many as it has places."""
    full = [("mill", (4, 4, 4, 4, 0, 0, 4, 4)), ("mill", (8, 8, 8, 8, 0, 0, 8, 8))]
    assert not any(block.safe and 0 in block.names for block in _family_blocks(*full)[0])
    free = [full[0], ("mill", (8, 8, 8, 8, 0, 0, 8, 20))]
    assert all(block.safe for block in _family_blocks(*free)[0])


def test_ones_are_hidden_among_noughts() -> None:
    """S103: a block of parts that are all 1 says so; among five of 0, nobody knows which is 1."""
    plans = GROUPS["plans"]

    def shown(noughts: int) -> Figure:
        cells = [
            Cell(at, (12, 11 if at < 6 else 12, 0, 0), f"centre {at}", (f"{at}",) * 3 + ("", ""))
            for at in range(6 + noughts)
        ]
        names = {cell.name for cell in cells}
        return figures(staged(cells, plans), names, plans)["plans_gained"]

    assert shown(0).hidden
    # The staff of a centre with 0 know that one, and five are left.
    assert shown(5) == Figure(5 * 12, partial=True)
    assert shown(6) == Figure(12 * 12 - 6)
    assert shown(9) == Figure(15 * 12 - 6)


def test_complements_stay_in_their_district() -> None:
    """Small numbers are joined to the fewest and smallest cells, of their own district if they can.

    So the totals of other districts, and most of their own lines, stay whole.
    """
    numbers = {
        "burnley": {"mill": [3, 60, 7], "park": [40, 6], "bank": [50]},
        "pendle": {"sea": [90, 8], "hill": [70]},
    }
    cells = [
        Cell((owner, at), (n,), owner, (f"{owner} {at}", owner, district, "east", ""))
        for district, owners in numbers.items()
        for owner, some in owners.items()
        for at, n in enumerate(some)
    ]
    blocks = [Block((cell,)) for cell in cells]
    for turn in range(20):
        made = blocks_of(blocks, ONE.stages[0], bytes([turn]))
        assert all(block.safe and block.kin(2) for block in made)
        (joined,) = (block for block in made if len(block.cells) > 1)
        assert joined.values[0] <= 10


def test_the_attack_finds_a_planted_fault(counted, monkeypatch) -> None:
    """S103: where each number under 5 is only hidden by itself, the attack succeeds."""

    def singly(facts: Facts, name: str) -> list[list[Block]]:
        cells = [Cell(atom, values, "", ()) for atom, values in facts.exact[name].items()]
        blocks = [Block((cell,)) for cell in cells]
        return [blocks for _ in GROUPS[name].stages]

    def hide_small(stages, inside, of_group) -> dict[str, Figure]:
        shown = figures(stages, inside, of_group)
        return {
            name: Figure(partial=True) if 0 < figure.number < 5 else figure
            for name, figure in shown.items()
        }

    monkeypatch.setattr(report, "blocks_in", singly)
    monkeypatch.setattr(report, "figures", hide_small)
    facts = counted["2026-Q3"]
    told = attack.found(facts, cube_of(facts, sampled.directory(), NOW), FORMS)
    assert len(told) > 100
    assert any(words.startswith("None: booked of") for words in told)
    assert any(words.startswith("None: booked - came of") for words in told)


def test_a_planted_number_is_found(counted) -> None:
    """One figure too many in one table is enough for the attack to find a number."""
    facts = counted["2026-Q3"]
    honest = cube_of(facts, sampled.directory(), NOW)
    at = next(
        (area, line, atoms)
        for (area, line), atoms in facts.sets("families").items()
        if line.startswith("programme:")
        and 0 < sum(facts.exact["families"][a][0] for a in atoms) < 5
    )
    area, line, atoms = at
    number = sum(facts.exact["families"][atom][0] for atom in atoms)
    some = {**honest.areas[area][line], "booked": Figure(number)}
    areas = {**honest.areas, area: {**honest.areas[area], line: some}}
    told = attack.found(facts, replace(honest, areas=areas), FORMS)
    assert any("booked of" in words for words in told)


# --- small counties, by trying all numbers --------------------------------------------------------

AREAS = {
    "one": ("mill", "burnley", "east"),
    "two": ("park", "burnley", "east"),
    "three": ("bank", "pendle", "east"),
    "four": ("sea", "wyre", "north"),
}
MOST = 6  # in a cell; the attack tries up to 8
ONE = group((("number",), ("number",)))


def _sets(cells: list[tuple[str, str]]) -> dict[tuple[str, str], frozenset[int]]:
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for at, (centre, programme) in enumerate(cells):
        _, district, footprint = AREAS[centre]
        for area, line in itertools.product(("county", district, footprint), ("all", programme)):
            found[area, line].add(at)
    return {name: frozenset(some) for name, some in found.items()}


def _published(cells, numbers, sets, salt) -> dict[tuple[str, str], Figure]:
    made = []
    for at, ((centre, programme), number) in enumerate(zip(cells, numbers, strict=True)):
        name, district, footprint = AREAS[centre]
        kin = (f"{district} {programme}", name, district, footprint, "")
        made.append(Block((Cell(at, (number,), centre, kin),)))
    stages = [blocks_of(made, ONE.stages[0], salt)]
    return {name: figures(stages, some, ONE)["number"] for name, some in sets.items()}


def _fits(numbers, published, sets) -> bool:
    for name, figure in published.items():
        total = sum(numbers[at] for at in sets[name])
        if total < figure.number or (not figure.partial and total != figure.number):
            return False
    return True


def test_each_hidden_cell_has_more_than_one_value() -> None:
    """S103: no number of 1 to 4 is the only one that fits all tables of a small county.

    The same for each area and line, published or not, and for somebody who works at a centre.
    """
    chance = random.Random(17)
    shapes = [
        [("one", "baby"), ("one", "play"), ("two", "baby")],
        [("one", "baby"), ("two", "baby"), ("three", "play"), ("four", "baby")],
        [("one", "baby"), ("one", "play"), ("one", "cook"), ("four", "play")],
    ]
    hidden = 0
    for turn in range(36):
        cells = shapes[turn % len(shapes)]
        sets = _sets(cells)
        true = [chance.randint(0, MOST) for _ in cells]
        published = _published(cells, true, sets, bytes([turn]))
        every = itertools.product(range(MOST + 3), repeat=len(cells))
        possible = [numbers for numbers in every if _fits(numbers, published, sets)]
        assert tuple(true) in possible
        targets = {*sets.values(), *(frozenset([at]) for at in range(len(cells)))}
        for owner in (None, *sorted({centre for centre, _ in cells})):
            own = {at for at, (centre, _) in enumerate(cells) if centre == owner}
            left = [one for one in possible if all(one[at] == true[at] for at in own)]
            for target in targets:
                others = target - own
                if 0 < sum(true[at] for at in others) < 5:
                    hidden += 1
                    assert len({sum(one[at] for at in others) for one in left}) > 1, (true, owner)
    assert hidden > 100


def test_who_has_the_program_finds_nothing_either() -> None:
    """S103: somebody tries all numbers of a small county, and keeps those with the same tables.

    The secret that the order depends on is not known, so some are tried. No cell, and no area and
    line, then has only one value from 1 to 4.
    """
    cells = [("one", "baby"), ("one", "play"), ("one", "cook")]
    sets = _sets(cells)
    most = 7
    alike: dict[tuple[object, ...], list[tuple[int, ...]]] = defaultdict(list)
    for numbers in itertools.product(range(most + 1), repeat=len(cells)):
        for salt in map(bytes, zip(range(3))):
            published = _published(cells, numbers, sets, salt)
            alike[tuple(published[name] for name in sorted(sets))].append(numbers)
    judged = 0
    for possible in alike.values():
        if any(most in numbers for numbers in possible):
            continue  # larger numbers than those tried may give the same tables
        judged += 1
        for target in {*sets.values(), *(frozenset([at]) for at in range(len(cells)))}:
            values = {sum(numbers[at] for at in target) for numbers in possible}
            assert len(values) > 1 or not 0 < values.pop() < 5, possible
    assert judged > 20
