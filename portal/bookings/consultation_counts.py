"""What anybody may read of the answers to a consultation, so that nobody can be picked out (S108).

How many people answered is shown in steps of 5. The answers to each question are counted apart from
those to the others, in the order in which they came, in blocks: the first 10 answers, the next 20,
then each 40, and after the last day what is left, if it is 5 or more. Only whole blocks are shown.
In a block, options with fewer than 5 answers are joined with their neighbours in the list until the
sum is at least 5, and of joined options only the sum counts. So all that can be worked out from
what is shown, on one day or by looking at each moment, is sums of blocks: each is 0 or at least 5,
and none says for certain that an option that was joined has 1 to 4. A test tries all numbers.

Where a block ends does not depend on what was answered, because a block that waits for better
numbers would tell that they were bad. Options are joined in the order of the list and not by size,
because a rule that looks for the next larger option tells how large the small one is. Answers are
never counted by age and district together: each of the two is a question of its own.

One thing is not hidden: a person who sends many of the answers of a block knows more of the rest.
The limits by network address are against that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from portal.bookings.disclosure import SMALLEST, Figure

_SIZES = (10, 20)  # of the first blocks; the others have
_SIZE = 40

Cell = tuple[tuple[int, ...], int]  # places in the list of options, and the sum of their answers
Block = tuple[Cell, ...]


def grouped(counts: Sequence[int]) -> Block:
    """The options of a block of at least 5 answers, joined so that each sum is 0 or at least 5."""
    cells: list[Cell] = []
    joined: tuple[int, ...] = ()
    total = 0
    for place, number in enumerate(counts):
        joined, total = (*joined, place), total + number
        if total >= SMALLEST or (total == 0 and len(joined) == 1):
            cells.append((joined, total))
            joined, total = (), 0
    if joined:  # the last ones are too few: they go to the options before them
        while total < SMALLEST:
            before, number = cells.pop()
            joined, total = (*before, *joined), number + total
        cells.append((joined, total))
    return tuple(cells)


def sizes() -> Iterator[int]:
    """How many answers each block has."""
    return chain(_SIZES, repeat(_SIZE))


def blocks(answers: Sequence[int], options: int, *, closed: bool) -> Iterator[Block]:
    """The blocks of a question. `answers` are places in the list of options, in order."""
    start = 0
    for size in sizes():
        block = answers[start : start + size]
        if len(block) < (SMALLEST if closed else size):
            return
        counts = Counter(block)
        yield grouped([counts[place] for place in range(options)])
        start += size


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


def tally(words: str, options: Sequence[str], answers: Sequence[str], *, closed: bool) -> Tally:
    """What is shown of a question. Answers that are no longer among the options are left out."""
    place_of = {option: place for place, option in enumerate(options)}
    known = [place_of[answer] for answer in answers if answer in place_of]
    shown: Counter[int] = Counter()
    partial: set[int] = set()
    counted = 0
    for block in blocks(known, len(options), closed=closed):
        for places, number in block:
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
