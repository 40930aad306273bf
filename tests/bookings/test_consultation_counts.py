"""What is shown of the answers to a consultation, and that no small number can be worked out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from portal.bookings.consultation_counts import Block, blocks, grouped, in_steps, tally
from portal.bookings.disclosure import SMALLEST, Figure

Counts = tuple[int, ...]


def _splits(number: int, options: int) -> Iterator[Counts]:
    """All ways in which so many answers can fall on the options."""
    if options == 1:
        yield (number,)
        return
    for first in range(number + 1):
        for others in _splits(number - first, options - 1):
            yield (first, *others)


@pytest.mark.parametrize(
    ("options", "sizes"),
    [(2, range(5, 41)), (3, range(5, 41)), (4, (5, 6, 7, 9, 10, 20)), (5, (5, 8, 10)), (6, (10,))],
)
def test_no_block_gives_a_small_number_away(options: int, sizes: range) -> None:
    """From what a block shows it never follows that an option, or some together, have 1 to 4."""
    for size in sizes:
        behind: dict[Block, list[Counts]] = defaultdict(list)
        for counts in _splits(size, options):
            behind[grouped(counts)].append(counts)
        for shown, together in behind.items():
            assert sum(number for _, number in shown) == size
            assert all(number == 0 or number >= SMALLEST for _, number in shown)
            for place, numbers in enumerate(zip(*together, strict=True)):
                only = min(numbers) if min(numbers) == max(numbers) else 0
                assert only == 0 or only >= SMALLEST, (shown, place)


def test_joined_options_are_kept_together() -> None:
    """Each option is in one cell, and cells keep the order of the list."""
    assert grouped([6, 4, 0, 10]) == (((0,), 6), ((1, 2, 3), 14))
    assert grouped([7, 0, 3]) == (((0, 1, 2), 10),)
    assert grouped([0, 5, 0, 5]) == (((0,), 0), ((1,), 5), ((2,), 0), ((3,), 5))


def test_looking_after_each_answer_shows_whole_blocks_alone() -> None:
    """Answer by answer, what is shown is the same until a block is whole, whatever was answered."""
    for answers in ([0] * 80, [0, 1] * 40, [1] + [0] * 79):
        shown = [tuple(blocks(answers[:size], 2, closed=False)) for size in range(81)]
        changes = [size for size in range(1, 81) if shown[size] != shown[size - 1]]
        assert changes == [10, 30, 70]
        assert all(shown[80][: len(earlier)] == earlier for earlier in shown)


def test_a_rare_answer_does_not_hide_a_question_for_ever() -> None:
    """An option that was joined in one block shows the sum of the others, and says 'or more'."""
    answers = ["Yes"] * 9 + ["No"] + ["Yes"] * 10 + ["No"] * 10
    found = tally("Again?", ["Yes", "No"], answers, closed=False)
    assert found.counted == 30
    assert found.rows == (("Yes", Figure(10, partial=True)), ("No", Figure(10, partial=True)))
    assert tally("Again?", ["Yes", "No"], answers[:9], closed=False).counted == 0


def test_what_is_left_over_is_counted_at_the_end() -> None:
    """After the last day five answers or more are a block; fewer are never shown."""
    options = ["Yes", "No"]
    assert tally("?", options, ["Yes"] * 3 + ["No"] * 4, closed=False).counted == 0
    assert tally("?", options, ["Yes"] * 3 + ["No"] * 4, closed=True).counted == 7
    assert tally("?", options, ["Yes"] * 3 + ["No"], closed=True).counted == 0
    assert tally("?", options, ["Yes"] * 12, closed=True).counted == 10
    assert [in_steps(number) for number in (0, 4, 5, 9, 10)] == [0, 0, 5, 5, 10]


def test_an_answer_that_is_no_longer_offered_is_left_out() -> None:
    """An option that was taken out of the file is in no number."""
    found = tally("?", ["Yes", "No"], ["Perhaps"] * 9 + ["Yes"] * 5, closed=True)
    assert found.rows == (("Yes", Figure(5)), ("No", Figure(0)))
