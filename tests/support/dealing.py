"""The order of tests, so that the processes of a run end together.

Each process gets an equal number of tests that follow each other, and one that has done its own
takes the last tests of another. So each begins with its share of those that take long, whole
modules, because their tests share what they build; quick ones remain for the end.
"""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

Test = TypeVar("Test")

# Markers of tests that take long, and about how many times as long as others; longest first.
LONG = {"kills": 100, "long": 100, "browser": 20, "slow": 7, "postgres": 2}


def dealt(
    tests: Sequence[Test],
    processes: int,
    kind_of: Callable[[Test], str],
    module_of: Callable[[Test], object],
) -> list[Test]:
    """All tests in their new order; `kind_of` is the first of these markers, or ''."""
    order = [*LONG, ""]
    by_kind = sorted(tests, key=lambda test: order.index(kind_of(test)))
    hands: list[list[Test]] = [[] for _ in range(processes)]
    seconds = [0] * processes
    quick: deque[Test] = deque()
    for (kind, _), group in groupby(by_kind, lambda test: (kind_of(test), module_of(test))):
        module = [*group]
        if not kind:
            quick += module
            continue
        least = seconds.index(min(seconds))
        hands[least] += module
        seconds[least] += LONG[kind] * len(module)
    remaining = len(tests)
    for number, hand in enumerate(hands):
        size = remaining // (processes - number)  # as they are handed out
        while quick and len(hand) < size:
            hand.append(quick.popleft())
        remaining -= size
    return [test for hand in hands for test in hand] + [*quick]
