"""What families wait for: safe numbers by programme and district, as a page and as a file."""

from __future__ import annotations

from werkzeug.wrappers import Response as Answered

from portal.bookings import demand, wishes
from portal.bookings.demand import Line
from portal.bookings.disclosure import Figure, safe
from portal.database import read
from portal.web.live.context import live
from portal.web.staff.access import now, staff_route, to
from portal.web.staff.register import as_file
from portal.web.staff.screens import page

DEMAND = "/staff/demand"


def _undelivered() -> Figure:
    with live().database() as engine, read(engine) as connection:
        return safe(wishes.undelivered(connection, now()))


def _lines() -> list[Line]:
    with live().database() as engine, read(engine) as connection:
        numbers = wishes.demand(connection, now())
    return demand.lines(live().directory, numbers)


@staff_route(DEMAND, may=to("see demand"))
def demand_page() -> Answered:
    groups = demand.by_programme(_lines())
    return page(
        "staff/demand.html",
        "What families wait for",
        groups=groups,
        undelivered=_undelivered(),
    )


@staff_route(f"{DEMAND}.csv", may=to("see demand"))
def demand_file() -> Answered:
    return as_file(demand.csv(_lines()), f"demand-{now():%Y-%m-%d}.csv")
