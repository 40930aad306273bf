"""Counts of a month: all centres, where small numbers are hidden, and one's own, where none is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from flask import abort, request
from werkzeug.wrappers import Response as Answered

from portal import reports
from portal.directory import Centre
from portal.fields import LONDON
from portal.reports import COLUMNS, Line
from portal.web.live import live
from portal.web.staff import SIGNED_IN, allowed_centres, now, of_centre, page, staff_route
from portal.web.staff.register import as_file

_COUNTS = "/staff/counts"


def _month() -> date:
    this = now().astimezone(LONDON).date()
    month = reports.month_of(request.args.get("month", ""), this)
    return month if abs((month - this).days) < 3000 else this.replace(day=1)


def _around(month: date) -> dict[str, str]:
    """The months before and after, as addresses write them."""
    return {
        "before": f"{month - timedelta(days=1):%Y-%m}",
        "after": f"{month + timedelta(days=31):%Y-%m}",
        "words": f"{month:%B %Y}",
        "text": f"{month:%Y-%m}",
    }


def _of_centres(centres: Iterable[Centre], month: date) -> list[Line]:
    with live().database() as engine:
        return reports.by_centre(engine, live().directory, centres, month)


@staff_route(_COUNTS, may=SIGNED_IN)
def counts() -> Answered:
    month = _month()
    lines = _of_centres(live().directory.centres, month)
    return page(
        "staff/counts.html",
        "Counts",
        month=_around(month),
        table=reports.table_of(lines, own=False),
        columns=COLUMNS,
        own=allowed_centres(),
    )


@staff_route(f"{_COUNTS}.csv", may=SIGNED_IN)
def counts_file() -> Answered:
    month = _month()
    lines = _of_centres(live().directory.centres, month)
    return as_file(reports.csv(lines, own=False, first="Centre"), f"counts-{month:%Y-%m}.csv")


@staff_route(f"{_COUNTS}/<centre>", may=of_centre("centre"))
def counts_of(centre: str) -> Answered:
    """A centre's own view, series by series and session by session."""
    found, month = live().directory.centre(centre), _month()
    if found is None:
        abort(403)
    with live().database() as engine:
        groups = reports.by_series(engine, live().directory, found, month)
    if request.args.get("as") == "csv":
        return as_file(reports.csv_of_series(groups), f"counts-{found.slug}-{month:%Y-%m}.csv")
    return page(
        "staff/counts_of.html",
        f"Counts of {found.title}",
        back=f"{_COUNTS}?month={month:%Y-%m}",
        centre=found,
        month=_around(month),
        groups=groups,
        table=reports.table_of([line for line, _ in groups], own=True),
        columns=COLUMNS,
    )
