"""How many families wait to hear of the next group, by programme and district, for staff to plan.

Each number is made safe by `disclosure`: under 5 it is hidden, others are rounded, and totals are
sums of safe numbers. Nothing here says who waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.bookings.csv_export import csv_of
from portal.bookings.disclosure import Figure, safe, total
from portal.bookings.wish_runs import programme_of
from portal.directory import Directory

COLUMNS = ("Programme", "District", "Families")


@dataclass(frozen=True, slots=True)
class Line:
    """The families that wait for a programme in a district; `figure` is safe to be shown."""

    programme: str
    district: str
    figure: Figure


def lines(directory: Directory, numbers: Mapping[tuple[str, str], int]) -> list[Line]:
    """A line for each programme and district in which somebody waits, by name.

    `numbers` are those of `wishes.demand`. A programme that has left the content has no line.
    """
    found = []
    for (slug, district), number in numbers.items():
        programme = programme_of(directory, slug)
        if programme is not None and programme.can_tell:
            there = directory.district(district)
            title = there.title if there else f"Outside {directory.site.area}"
            found.append(Line(programme.title, title, safe(number)))
    return sorted(found, key=lambda line: (line.programme, line.district))


def by_programme(found: Iterable[Line]) -> list[tuple[str, Figure, Sequence[Line]]]:
    """Each programme with the sum of its lines."""
    groups: dict[str, list[Line]] = {}
    for line in found:
        groups.setdefault(line.programme, []).append(line)
    return [(name, total(one.figure for one in some), some) for name, some in groups.items()]


def csv(found: Iterable[Line]) -> bytes:
    """The same lines as a file."""
    return csv_of(COLUMNS, [(one.programme, one.district, one.figure.words) for one in found])
