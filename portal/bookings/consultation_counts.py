"""What anybody may read of the answers to a consultation, and what protects a person there (S108).

Answers are counted in groups of whole days, on the day after at the earliest: the first group ends
with the day that makes it 20 answers, the next ones with 40, and what is left after the last day is
a group if it is 10 or more. Only whole groups are shown, so that the numbers change once a day at
most. Where a group ends does not depend on what was answered, because a group that waits for better
numbers would tell that they were bad. How many people answered is shown in steps of 5.

In a group, options with too few answers are joined with their neighbours in the list until there
are enough, and of joined options only the sum counts. They are joined in the order of the list and
not by size, because a rule that looks for the next larger option tells how large the small one is.
Answers are never counted by age and district together: each of the two is a question of its own.

Somebody who sends answers can subtract them from what is shown. So the answers of one network on
one day after the first 3 (`extra`) neither fill a group nor make an option large enough, and enough
is 8 answers: with 3 of them taken away, 5 are left. Each number that such a sender can then work
out of the other people is 0 or at least 5. A test tries all numbers, with all that a sender may
know.
That an option was chosen by few can be seen: it is joined.

Not hidden: a person who sends answers on several days, or from several networks, may send most of a
group and learn what the few others said. The page says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, groupby, repeat
from typing import NamedTuple

from portal.bookings.disclosure import SMALLEST, Figure

FREE = 3  # answers of one network on one day that fill groups
ENOUGH = SMALLEST + FREE  # of an option, so that it is shown
FIRST, NEXT = 20, 40  # answers that fill a group
LAST = 10  # answers that are a group after the last day


class Sent(NamedTuple):
    """One form: its day, and whether its network had sent `FREE` others on that day before."""

    day: date
    extra: bool = False


Cell = tuple[tuple[int, ...], int]  # places in the list of options, and the sum of their answers
Group = tuple[Cell, ...]


def grouped(counts: Sequence[int], extra: Sequence[int] = ()) -> Group:
    """The options of a group, joined so that each sum is 0 or at least `ENOUGH`.

    `extra` answers are added to the sums, but do not help to reach that. Empty if all together are
    not enough.
    """
    added = extra or [0] * len(counts)
    if sum(counts) < ENOUGH:
        return ()
    parts: list[tuple[int, ...]] = []
    joined: tuple[int, ...] = ()
    for place, number in enumerate(counts):
        alone = not joined and number == added[place] == 0
        joined = (*joined, place)
        if alone or sum(counts[one] for one in joined) >= ENOUGH:
            parts.append(joined)
            joined = ()
    while joined and sum(counts[one] for one in joined) < ENOUGH:
        joined = (*parts.pop(), *joined)  # the last ones are too few: they go to those before
    if joined:
        parts.append(joined)
    return tuple((part, sum(counts[one] + added[one] for one in part)) for part in parts)


def groups(sent: Sequence[Sent], today: date, *, closed: bool) -> Iterator[range]:
    """Which of the forms, in the order of their days, make a whole group each."""
    start = end = filling = 0
    sizes = chain([FIRST], repeat(NEXT))
    size = next(sizes)
    for day, forms in groupby(sent, key=lambda one: one.day):
        if day >= today:
            break
        for one in forms:
            end += 1
            filling += not one.extra
        if filling >= size:
            yield range(start, end)
            start, filling, size = end, 0, next(sizes)
    if closed and filling >= LAST:
        yield range(start, end)


def in_steps(number: int) -> int:
    """How many people answered, in steps of 5."""
    return number // SMALLEST * SMALLEST


@dataclass(frozen=True, slots=True)
class Tally:
    """The shown numbers of one question: each option with its figure, and how many were counted."""

    words: str
    rows: tuple[tuple[str, Figure], ...]
    counted: int

    @property
    def given(self) -> tuple[tuple[str, Figure], ...]:
        """The options that somebody chose, or that may be hidden: for long lists."""
        return tuple((said, figure) for said, figure in self.rows if figure != Figure())


def tally(
    words: str,
    options: Sequence[str],
    answers: Sequence[str],
    sent: Sequence[Sent],
    whole: Sequence[range],
) -> Tally:
    """What is shown of a question, from the answer of each form that was `sent`.

    `whole` are the groups of forms. Answers that are no longer among the options are left out.
    """
    shown: Counter[int] = Counter()
    partial: set[int] = set()
    counted = 0
    for group in whole:
        usual = Counter(answers[one] for one in group if not sent[one].extra)
        extra = Counter(answers[one] for one in group if sent[one].extra)
        for places, number in grouped(
            [usual[option] for option in options], [extra[option] for option in options]
        ):
            counted += number
            if len(places) == 1:
                shown[places[0]] += number
            else:
                partial |= {*places}
    rows = tuple(
        (option, Figure(shown[place], place in partial)) for place, option in enumerate(options)
    )
    return Tally(words, rows, counted)


def figure_words(figure: Figure) -> str:
    """`30`; `30 or more`; or that there are few, if nothing can be shown."""
    if not figure.partial:
        return f"{figure.number:,}"
    return f"{figure.number:,} or more" if figure.number else "Hidden"
