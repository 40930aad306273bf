"""The last line of `make assurance`."""

from collections import Counter

from tests.support import figures


def test_the_last_line_names_what_must_be_zero():
    """What was done comes first, then each figure that must be zero and was counted, and how many
    tests failed."""
    total = Counter({"kills": 20, "hostile_requests": 1200, "lost": 0, "oversold": 1})

    assert figures.words(total, 2) == (
        "Assurance: 20 kills, 1,200 hostile requests: 0 lost, 1 oversold, 2 failed"
    )
