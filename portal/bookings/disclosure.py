"""Disclosure control: numbers of families for readers who do not work at the centre.

The rule: each session's number is made safe by itself, and only safe numbers are added. A number
under 5 is left out; others are rounded to the nearest 5. Every table of any month, every total,
file or quarterly report is then a sum of safe numbers. So a number that was left out cannot be
found by comparing tables, nor by subtracting what the reader knows of her own centre: it could
still be 1, 2, 3 or 4. Rounding protects differences between columns in the same way, such as the
families that booked and did not come.

Why not the usual ways. Hiding a second number beside each small one has to be worked out over all
tables that a reader can ever get, and fails at the next table that is added. Rounding or hiding
only sums fails here, because sums are over sessions, and their dates are public: "3 sessions, 9
booked" is a group of 3 families, although 9 is not small.

Two things are not hidden: the places left that public pages show, and, from a reader who loads the
page again and again, the moment at which a number reaches 5.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SMALLEST = 5  # smaller numbers of families are left out
UNDER = f"under {SMALLEST} each"


@dataclass(frozen=True, slots=True)
class Figure:
    """A sum of numbers of sessions. `partial` says that small numbers are left out of it."""

    number: int = 0
    partial: bool = False

    @property
    def words(self) -> str:
        """`30`; `30+` if small numbers are left out; `under 5 each` if that leaves nothing."""
        if self.partial:
            return f"{self.number:,}+" if self.number else UNDER
        return f"{self.number:,}"


def safe(number: int) -> Figure:
    """The number of one session, safe to be shown and added."""
    if 0 < number < SMALLEST:
        return Figure(partial=True)
    return Figure((number + SMALLEST // 2) // SMALLEST * SMALLEST)


def from_five(number: int) -> Figure:
    """The same where a nought would tell something too: it is hidden like 1 to 4.

    In a quarter with one gap, a nought in all rows but one would say what kind of gap it is.
    """
    return safe(number) if number >= SMALLEST else Figure(partial=True)


def total(figures: Iterable[Figure]) -> Figure:
    """The sum of figures; safe if each of them is."""
    listed = list(figures)
    return Figure(sum(one.number for one in listed), any(one.partial for one in listed))


def largest(figures: Iterable[Figure]) -> Figure:
    """The largest figure, for numbers that are the same families at each session."""
    return max(figures, key=lambda one: (one.number, one.partial), default=Figure())
