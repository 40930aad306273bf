"""What is shown of the answers to a consultation, and that no small number can be worked out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from portal.bookings.consultation_counts import (
    ENOUGH,
    FREE,
    Group,
    Sent,
    grouped,
    groups,
    in_steps,
    tally,
)
from portal.bookings.disclosure import SMALLEST, Figure

Counts = tuple[int, ...]
MONDAY = date(2027, 1, 4)


def _splits(number: int, options: int) -> Iterator[Counts]:
    """All ways in which so many answers can fall on the options."""
    if options == 1:
        yield (number,)
        return
    for first in range(number + 1):
        for others in _splits(number - first, options - 1):
            yield (first, *others)


def _less(counts: Counts, taken: Counts) -> Counts:
    return tuple(number - less for number, less in zip(counts, taken, strict=True))


@pytest.mark.parametrize(
    ("options", "sizes"),
    [(2, range(10, 41)), (3, (10, 12, 20, 25)), (4, (10, 13)), (5, (10,))],
)
@pytest.mark.parametrize("more", [0, 30])
def test_a_sender_of_some_answers_learns_no_small_number_of_the_others(
    options: int, sizes: range, more: int
) -> None:
    """Whatever somebody sends from one network on one day, each number of the other answers that
    follows from what a group shows is 0 or at least 5.
    """
    for size in sizes:
        if options > 3 and more:
            continue
        extra = (more, *[0] * (options - 1))
        behind: dict[Group, list[Counts]] = defaultdict(list)
        for counts in _splits(size, options):
            behind[grouped(counts, extra)].append(counts)
        own = [sent for number in range(FREE + 1) for sent in _splits(number, options)]
        for shown, together in behind.items():
            assert sum(number for _, number in shown) == size + more
            for sent in own:
                others = [_less(counts, sent) for counts in together]
                others = [one for one in others if min(one) >= 0]
                if not others:
                    continue
                for places, number in shown:
                    rest = number - sum(sent[one] + extra[one] for one in places)
                    assert rest == 0 or rest >= SMALLEST, (shown, sent)
                for place, numbers in enumerate(zip(*others, strict=True)):
                    only = min(numbers) if min(numbers) == max(numbers) else 0
                    assert only == 0 or only >= SMALLEST, (shown, sent, place)


def test_joined_options_are_kept_together() -> None:
    """Each option is in one cell, and cells keep the order of the list."""
    assert grouped([9, 6, 0, 15]) == (((0,), 9), ((1, 2, 3), 21))
    assert grouped([9, 0, 3]) == (((0, 1, 2), 12),)
    assert grouped([0, 8, 0, 8]) == (((0,), 0), ((1,), 8), ((2,), 0), ((3,), 8))
    assert grouped([3, 2]) == ()


def test_answers_of_one_network_make_no_option_large_enough() -> None:
    """Answers beyond the first few are in the sums, but do not help to reach the number shown."""
    assert grouped([9, 2, 9], [0, 30, 0]) == (((0,), 9), ((1, 2), 41))
    assert grouped([9, 0, 9], [0, 30, 0]) == (((0,), 9), ((1, 2), 39))


def test_one_network_cannot_fill_a_group_on_a_day() -> None:
    """35 answers of one network and one of somebody else are not a group, even at the end."""
    sent = [Sent(MONDAY, number >= FREE) for number in range(35)] + [Sent(MONDAY)]
    assert [*groups(sent, MONDAY + timedelta(7), closed=False)] == []
    assert [*groups(sent, MONDAY + timedelta(7), closed=True)] == []


def test_answers_of_a_day_are_counted_on_the_next() -> None:
    """A group ends with a whole day, whatever was answered, and is never changed again."""
    sent = [Sent(MONDAY + timedelta(number // 12)) for number in range(12 * 9)]
    shown = [
        [*groups([one for one in sent if one.day <= day], day, closed=False)]
        for day in (MONDAY + timedelta(number) for number in range(12))
    ]
    assert shown[1] == []
    assert shown[2] == [range(24)], "two whole days"
    assert shown[6] == [range(24), range(24, 72)], "and four more"
    assert all(later[: len(one)] == one for one in shown for later in shown[shown.index(one) :])


def _tally(answers: list[str], *, closed: bool, options: tuple[str, ...] = ("Yes", "No")):
    sent = [Sent(MONDAY)] * len(answers)
    whole = [*groups(sent, MONDAY + timedelta(1), closed=closed)]
    return tally("?", options, answers, sent, whole)


def test_a_rare_answer_does_not_hide_a_question_for_ever() -> None:
    """An option that was joined in one group shows the sum of the others, and says 'or more'."""
    sent = [Sent(MONDAY)] * 20 + [Sent(MONDAY + timedelta(1))] * 40
    answers = ["Yes"] * 19 + ["No"] + ["Yes"] * 20 + ["No"] * 20
    whole = [*groups(sent, MONDAY + timedelta(2), closed=False)]
    found = tally("Again?", ["Yes", "No"], answers, sent, whole)
    assert found.counted == 60
    assert found.rows == (("Yes", Figure(20, partial=True)), ("No", Figure(20, partial=True)))


def test_what_is_left_over_is_counted_at_the_end() -> None:
    """After the last day ten answers or more are a group; fewer are never shown."""
    assert _tally(["Yes"] * 3 + ["No"] * 9, closed=False).counted == 0
    assert _tally(["Yes"] * 3 + ["No"] * 9, closed=True).counted == 12
    assert _tally(["Yes"] * 9, closed=True).counted == 0
    assert [in_steps(number) for number in (0, 4, 5, 9, 10)] == [0, 0, 5, 5, 10]
    assert ENOUGH - FREE == SMALLEST


def test_an_answer_that_is_no_longer_offered_is_left_out() -> None:
    """An option that was taken out of the file is in no number."""
    found = _tally(["Perhaps"] * 9 + ["Yes"] * 8, closed=True)
    assert found.rows == (("Yes", Figure(8)), ("No", Figure(0)))
    assert _tally(["Perhaps"] * 9 + ["Yes"] * 7, closed=True).counted == 0
