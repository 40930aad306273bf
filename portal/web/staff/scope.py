"""Decides what staff may see: which series, sessions and bookings.

Staff get the same response for records they may not see as for records that do not exist. A request
to a programme as such does not belong to a centre, but to a district: the managers of its footprint
and administrators answer it. An
address with an old name of a series is checked against the centre where the series is now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import abort, g, request
from sqlalchemy import Engine
from werkzeug.wrappers import Response as Answered

from portal.bookings import CrecheFull, Full, casework, opening, support
from portal.bookings.casework import Case
from portal.bookings.locking import NotPossible
from portal.bookings.support import SupportCase
from portal.content import Problem
from portal.database import read
from portal.database.audit import STATES
from portal.database.tables import HOLDING
from portal.directory import Directory, Programme, Series, Session, asked
from portal.editing import shown_problems
from portal.editing.shown_problems import Shown
from portal.messages import announced
from portal.staff.accounts import Staff
from portal.web.live.context import live
from portal.web.staff.access import May, current, sees
from portal.web.staff.screens import explain


def _of_booking(_staff: Staff, parts: Mapping[str, Any]) -> bool:
    with live().database() as engine:
        found = casework.case_of(engine, str(parts["reference"]), lambda _: True)
        request = support.case_of(engine, found.id) if found else None
    if found is None or not (sees_case(request) if request else sees(found.series)):
        # A request that became a booking is one of its centre.
        found = found if found and found.status in HOLDING and sees(found.series) else None
    g.case, g.request_case = found, request
    return found is not None


def _of_case(staff: Staff, parts: Mapping[str, Any]) -> bool:
    return _of_booking(staff, parts) and g.request_case is not None and sees_case(g.request_case)


def of_case() -> May:
    """Staff who may see the request with this reference, as `sees_case` says (S90)."""
    return May("staff of the centre of the request, or its worker", _of_case)


def request_case() -> SupportCase:
    """The request for support that the address names."""
    found: SupportCase = g.request_case
    return found


def sees_case(case: SupportCase) -> bool:
    """Whether the member of staff may see a request for support (S90).

    Those who allocate see all of their footprint; others what is theirs, and what has no worker yet
    in their centre. A request of no footprint is for administrators.
    """
    staff, directory = current(), live().directory
    if not staff.may("see families"):
        return False
    footprint, centre = support.belongs_to(directory, case.series, case.centre)
    if staff.may("allocate"):
        return staff.everywhere or (bool(footprint) and footprint == staff.footprint)
    if case.worker_id is not None:
        return case.worker_id == staff.id
    return centre in staff.centres_in(directory)


def hidden_cases(engine: Engine, ids: Iterable[int]) -> frozenset[int]:
    """Those of these bookings that are requests of other workers, for lists to leave out."""
    with read(engine) as connection:
        found = support.cases_of(connection, ids)
    return frozenset(one.booking_id for one in found if one.under_way and not sees_case(one))


def of_booking() -> May:
    """Staff who may see the centre of the booking with this reference."""
    return May("staff of the centre of the booking", _of_booking)


def case() -> Case:
    """The booking that the address names."""
    found: Case = g.case
    return found


def series_at(centre: str, slug: str, *, edits: bool = False) -> Series:
    """The series that an address names, including sensitive ones; 403 if not found or allowed.

    With `edits`, for staff who may change the content of its centre; else for those who may see its
    families.
    """
    found, staff = live().directory.find_series(f"{centre}/{slug}"), current()
    allowed = staff.may_edit if edits else staff.may_see
    if found is None or not allowed(found.centre.slug, live().directory):
        abort(403)
    return found


def session_at(centre: str, slug: str, planned: str, *, edits: bool = False) -> Session:
    for session in series_at(centre, slug, edits=edits).all_sessions:
        if session.anchor == planned:
            return session
    abort(403)


def all_series(directory: Directory) -> tuple[Series, ...]:
    return (*directory.series, *directory.private_series)


def thing(identity: str) -> tuple[Series | None, Programme | None]:
    """The series and programme booked or requested, if the content still has them."""
    directory = live().directory
    series = directory.find_series(identity)
    if series is not None:
        return series, series.programme
    return None, directory.programme(asked.programme_of(identity))


def named(identity: str) -> str:
    """The name of a booked series or programme, for lists."""
    series, programme = thing(identity)
    return series.name if series else programme.title if programme else identity


def shown_mistakes(problems: Iterable[Problem], own: Iterable[str]) -> list[Shown]:
    """Mistakes of files in words for the member of staff, who edits the `own` ones (S3)."""
    directory = live().directory

    def may_edit(centre: str) -> bool:
        return current().may_edit(centre, directory)

    return shown_problems.shown(problems, own, directory, may_edit)


CALLED_OFF = "Cancelled by us"


def state_of(one: Case) -> str:
    """The status of a booking in words. Nobody has a place at what is cancelled."""
    series, _ = thing(one.series)
    if one.status not in HOLDING or series is None:
        return STATES[one.status]
    session = opening.booked_session(series, one.planned)
    if session is not None:
        return CALLED_OFF if session.cancelled else STATES[one.status]
    with live().database() as engine, read(engine) as connection:
        reason = announced.cancellation_reason(connection, live().directory, series, one, g.now)
    return STATES[one.status] if reason is None else CALLED_OFF


def attempt(verb: Callable[[], object], back: str) -> Answered | None:
    """Call `verb`; returns a page that explains if the rules about places refuse it."""
    try:
        verb()
    except CrecheFull:
        return explain(
            "There are not enough places in the creche",
            "Nothing has changed.",
            "Go back to choose what else they want. To make room, raise 'creche_places' in the "
            "series file.",
            status=409,
            back=back,
        )
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
