"""Counts of a month: all centres in safe numbers, and the user's own centres in full."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from flask import abort, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import counts
from portal.bookings.counts import COLUMNS, CONTACT_COLUMNS, Line
from portal.directory import Centre
from portal.directory.values import LONDON
from portal.web.live.context import live
from portal.web.staff.access import FAMILIES, allowed_centres, now, of_centre, staff_route
from portal.web.staff.register import as_file
from portal.web.staff.screens import page
from portal.web.staff.sorting import Order, in_order

_COUNTS = "/staff/counts"


def _month() -> date:
    this = now().astimezone(LONDON).date()
    month = counts.month_of(request.args.get("month", ""), this)
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
        return counts.by_centre(engine, live().directory, centres, month)


def _orders(first: str, line: Callable[[Any], Line]) -> list[Order[Any]]:
    """By each column of a table of counts, the largest figure as shown first."""

    def shown(row: Any, at: int) -> tuple[int, bool]:
        figure = line(row).figures[at]
        return figure.number, figure.partial

    columns = [
        Order(re.sub(r"\W+", "-", words.lower()), words, partial(shown, at=at), falling=True)
        for at, words in enumerate(COLUMNS)
    ]
    return [Order("first", first), *columns]


@staff_route(_COUNTS, may=FAMILIES)
def counts_page() -> Answered:
    month = _month()
    lines = _of_centres(live().directory.centres, month)
    spoken_to = _contacts(month)
    shown, orders = in_order(lines, *_orders("Centre", lambda line: line))
    return page(
        "staff/counts.html",
        "Counts",
        month=_around(month),
        lines=shown,
        orders=orders,
        columns=("Centre", *COLUMNS),
        total=counts.totals(lines),
        own=allowed_centres(),
        **_contact_table("Centre", spoken_to),
    )


def _contact_table(first: str, spoken_to: Sequence[Line]) -> dict[str, Any]:
    lines, columns = counts.with_contacts(spoken_to)
    total = counts.totals(lines, columns)
    return {"contacts": lines, "contact_columns": (first, *columns), "contact_total": total}


def _contacts(month: date) -> list[Line]:
    with live().database() as engine:
        centres = live().directory.centres
        return counts.contacts_by_centre(engine, live().directory, centres, month)


@staff_route(f"{_COUNTS}.csv", may=FAMILIES)
def counts_file() -> Answered:
    month = _month()
    if request.args.get("of") == "contacts":
        data = counts.csv(_contacts(month), first="Centre", columns=CONTACT_COLUMNS)
        return as_file(data, f"contacts-{month:%Y-%m}.csv")
    lines = _of_centres(live().directory.centres, month)
    return as_file(counts.csv(lines, first="Centre"), f"counts-{month:%Y-%m}.csv")


@staff_route(f"{_COUNTS}/<centre>", may=of_centre("centre"))
def counts_of(centre: str) -> Answered:
    """A centre's own view, series by series and session by session."""
    found, month = live().directory.centre(centre), _month()
    if found is None:
        abort(403)
    with live().database() as engine:
        groups = counts.by_series(engine, live().directory, found, month)
        spoken_to = counts.contacts_by_session(engine, live().directory, found, month)
    if request.args.get("as") == "csv":
        return as_file(counts.csv_of_series(groups), f"counts-{found.slug}-{month:%Y-%m}.csv")
    if request.args.get("as") == "contacts":
        data = counts.csv(spoken_to, first="Session", columns=CONTACT_COLUMNS)
        return as_file(data, f"contacts-{found.slug}-{month:%Y-%m}.csv")
    total = counts.totals([line for line, _ in groups])
    groups, orders = in_order(groups, *_orders("Session", lambda row: row[0]))
    return page(
        "staff/counts_of.html",
        f"Counts of {found.title}",
        back=f"{_COUNTS}?month={month:%Y-%m}",
        centre=found,
        month=_around(month),
        groups=groups,
        orders=orders,
        columns=("Session", *COLUMNS),
        total=total,
        **_contact_table("Session", spoken_to),
    )
