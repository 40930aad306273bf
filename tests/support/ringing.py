"""Finds the sentences that ask a family to ring, and give no number."""

import re

_ASKS = re.compile(
    r"(?:^|[.?!:;,]\s+|\b(?:or|and|then|please)\s+)"
    r"(?:ring\b(?! you\b| them\b| the bell)|(?:call|phone) us\b)",
    re.I,
)
# A number; what a placeholder or a filter makes of one; or the words before a number.
_NUMBER = re.compile(r"\b\d[\d ]{2,}|\{contact\}|\| ring\b|the numbers above|ring us on\W*$", re.I)


def without_number(text: str) -> list[str]:
    """The sentences of a page, message or source that say "ring us" where nobody can."""
    said = re.split(r"(?<=[.?!])\s+|\n", re.sub(r"01632 ?960 ?\d*", "a sample", text))
    # A word alone is no sentence: it is the name of a state in the code.
    asked = [one for one in said if " " in one.strip() and _ASKS.search(one.strip())]
    return [one for one in asked if not _NUMBER.search(one)]
