"""What families ask for in each district, for staff to read beside coverage.

Four numbers: families on waiting lists, families that want to be told of the next group, requests
that staff declined, and gaps reported to the Resource Panels. Each is a sum of numbers that
`disclosure` has made safe by themselves: a waiting list, a programme in a district, what was asked
for, a district. Where a nought would tell of a family too, it is hidden like 1 to 4. Programmes
that are kept private are in none of them (S101). Searches are never recorded, so none is here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from portal.bookings import wishes
from portal.bookings.demand import Line, lines
from portal.bookings.disclosure import Figure, from_five, safe, total
from portal.database.tables import bookable, booking, gap
from portal.directory import Directory, District, Programme, asked

BACK = timedelta(weeks=13)  # how far back declined requests and gaps are counted


@dataclass(frozen=True, slots=True)
class DistrictDemand:
    """What families ask for in a district."""

    district: District
    waiting: Figure
    to_be_told: Figure
    declined: Figure
    gaps: Figure


@dataclass(frozen=True, slots=True)
class ProgrammeDemand:
    """The families that wait for a programme in a district, in one way or the other."""

    programme: str
    district: str
    waiting: Figure
    to_be_told: Figure


def by_district(
    connection: Connection, directory: Directory, now: datetime
) -> list[DistrictDemand]:
    """A line for each district, by name."""
    waiting = _waiting(connection, directory, now)
    wished = lines(directory, wishes.demand(connection, now))
    declined = _declined(connection, directory, now)
    gaps = _gaps(connection, now)

    def sum_in(district: District, of: Iterable[Line]) -> list[Figure]:
        return [line.figure for line in of if line.district == district.title]

    return [
        DistrictDemand(
            one,
            waiting=total(sum_in(one, waiting)),
            to_be_told=total(sum_in(one, wished)),
            declined=total(sum_in(one, declined) or [from_five(0)]),
            gaps=from_five(gaps[one.slug]),
        )
        for one in sorted(directory.districts, key=lambda one: one.title)
    ]


def by_programme(
    connection: Connection, directory: Directory, now: datetime
) -> list[ProgrammeDemand]:
    """A line for each programme and district in which families wait, by their names."""
    waiting = _waiting(connection, directory, now)
    wished = lines(directory, wishes.demand(connection, now))

    def sum_of(place: tuple[str, str], of: Iterable[Line]) -> Figure:
        return total(line.figure for line in of if (line.programme, line.district) == place)

    places = {(line.programme, line.district) for line in (*waiting, *wished)}
    return [
        ProgrammeDemand(*place, sum_of(place, waiting), sum_of(place, wished))
        for place in sorted(places)
    ]


def _waiting(connection: Connection, directory: Directory, now: datetime) -> list[Line]:
    """A line for each waiting list that has not ended."""
    rows = connection.execute(
        select(bookable.c.series, sa.func.count())
        .join(booking)
        .where(
            booking.c.status == "waiting", sa.or_(booking.c.ends.is_(None), booking.c.ends > now)
        )
        .group_by(bookable.c.series, bookable.c.planned)
    )
    return _lines(directory, rows, safe)


def _declined(connection: Connection, directory: Directory, now: datetime) -> list[Line]:
    """A line for each group or programme of which a request was declined."""
    rows = connection.execute(
        select(bookable.c.series, sa.func.count())
        .join(booking)
        .where(booking.c.status == "declined", booking.c.changed > now - BACK)
        .group_by(bookable.c.series)
    )
    return _lines(directory, rows, from_five)


def _gaps(connection: Connection, now: datetime) -> Counter[str]:
    """How many gaps were reported, by the slug of the district."""
    rows = connection.execute(
        select(gap.c.district, sa.func.count())
        .where(gap.c.created > now - BACK)
        .group_by(gap.c.district)
    )
    return Counter({row.district: row[1] for row in rows})


def _lines(
    directory: Directory, rows: Iterable[Sequence[Any]], protect: Callable[[int], Figure]
) -> list[Line]:
    found = []
    for identity, number in rows:
        programme, district = _place(directory, identity)
        if programme and district and not programme.sensitive:
            found.append(Line(programme.title, district.title, protect(number)))
    return found


def _place(directory: Directory, identity: str) -> tuple[Programme | None, District | None]:
    """The programme and district of a series, or of a request to a programme as such."""
    series = directory.find_series(identity)
    if series:
        return series.programme, directory.district_of(series.centre)
    programme = asked.programme_in(directory, identity)
    return programme, directory.district(asked.district_of(identity))
