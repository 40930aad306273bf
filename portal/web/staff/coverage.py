"""Coverage beside demand: for each district what is missing, and what families ask for."""

from __future__ import annotations

from collections import Counter

from werkzeug.wrappers import Response as Answered

from portal.bookings import district_demand
from portal.coverage.cells import PARTS, Coverage
from portal.database import read
from portal.directory import AGE_BANDS
from portal.web.live.context import live
from portal.web.staff.access import now, staff_route, to
from portal.web.staff.screens import page

COVERAGE = "/staff/coverage"


@staff_route(COVERAGE, may=to("see demand"))
def coverage_page() -> Answered:
    directory = live().directory
    with live().database() as engine, read(engine) as connection:
        districts = district_demand.by_district(connection, directory, now())
        programmes = district_demand.by_programme(connection, directory, now())
    coverage = Coverage.of(directory)
    sessions = Counter(
        (one.series.programme.title, coverage.district_of(one).title)
        for one in coverage.sessions_in(None)
    )
    empty = Counter(cell.district for cell in coverage.cells if not cell.sessions)
    return page(
        "staff/coverage.html",
        "What is on, and what families ask for",
        coverage=coverage,
        districts=districts,
        empty=empty,
        cells=len(AGE_BANDS) * len(PARTS),
        programmes=programmes,
        sessions=sessions,
    )
