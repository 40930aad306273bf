"""What somebody may see, asked in one place: which series, which session, which booking.

Whatever is not hers gets the same answer as what is not there. A request to a programme as such
belongs to no centre: managers and administrators answer it. An address under an old name of a
series is looked at by the centre where the series is now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, g, request
from werkzeug.wrappers import Response as Answered

from portal.bookings import ASKED_FOR, Full, casework
from portal.bookings.casework import Case
from portal.bookings.locking import NotPossible
from portal.directory import Directory, Programme, Series, Session
from portal.staff.accounts import Staff
from portal.web.live.context import live
from portal.web.staff.access import May, current, sees
from portal.web.staff.screens import explain


def _of_booking(_staff: Staff, parts: Mapping[str, Any]) -> bool:
    with live().database() as engine:
        g.case = casework.case_of(engine, str(parts["reference"]), sees)
    return g.case is not None


def of_booking() -> May:
    """Whoever may see the centre at which a reference is booked."""
    return May("whoever works at the centre of the booking", _of_booking)


def case() -> Case:
    """The booking that the address names."""
    found: Case = g.case
    return found


def series_at(centre: str, slug: str) -> Series:
    """The series that an address names, sensitive ones too; else 403, as for what is not hers."""
    found = live().directory.find_series(f"{centre}/{slug}")
    if found is None or not current().may_see(found.centre.slug, live().directory):
        abort(403)
    return found


def session_at(centre: str, slug: str, planned: str) -> Session:
    for session in series_at(centre, slug).all_sessions:
        if session.anchor == planned:
            return session
    abort(403)


def all_series(directory: Directory) -> tuple[Series, ...]:
    return (*directory.series, *directory.private_series)


def thing(identity: str) -> tuple[Series | None, Programme | None]:
    """What was booked or asked for, as far as the content still knows it."""
    directory = live().directory
    series = directory.find_series(identity)
    if series is not None:
        return series, series.programme
    return None, directory.programme(identity.removeprefix(ASKED_FOR))


def named(identity: str) -> str:
    """Its name for a list."""
    series, programme = thing(identity)
    return series.name if series else programme.title if programme else identity


def attempt(verb: Callable[[], object], back: str) -> Answered | None:
    """Do it; where the rules about places are against it, the page that says so."""
    try:
        verb()
    except Full:
        return explain(
            "There are not enough places",
            "Every place is taken. Nothing has changed.",
            "Somebody may have been quicker. Raise the places in the series file to make room.",
            status=409,
            back=back,
        )
    except NotPossible as error:
        return explain(
            "This has changed in the meantime",
            str(error),
            "Look at it again to see what has changed.",
            status=409,
            back=back,
        )
    return None


def posted() -> Any:
    return request.form if request.method == "POST" else None
