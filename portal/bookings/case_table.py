"""Requests for support as a table: states and days of each, and nothing that names a family."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from portal.bookings import support
from portal.bookings.case_days import CaseDays
from portal.bookings.csv_export import Cell, csv_of
from portal.bookings.support import SupportCase
from portal.directory import Directory
from portal.directory.asked import programme_of
from portal.directory.values import LONDON

_HEADER = (
    "Reference", "Asked for", "Footprint", "Centre", "State", "Level", "Next step", "Received",
    "Read", "Worker since", "First contact", "Due by", "Plan starts", "First review",
    "Last review", "Reviewed", "Ended", "Why it ended",
)  # fmt: skip


def csv_of_cases(cases: Iterable[SupportCase], directory: Directory, days: CaseDays) -> bytes:
    """A CSV file with a line for each case, in their order. Days are ISO dates."""
    return csv_of(_HEADER, [_line(case, directory, days) for case in cases])


def _line(case: SupportCase, directory: Directory, days: CaseDays) -> tuple[Cell, ...]:
    due = days.due(case)
    moments = (case.received, case.triaged, case.allocated, case.contacted)
    return (
        case.reference,
        _asked_for(case, directory),
        case.footprint,
        case.centre,
        support.words_for_staff(case),
        case.level,
        support.NEXT_STEPS.get(case.next_step, ""),
        *map(_day, moments),
        due.day.isoformat() if due else "",
        case.starts,
        case.first_review,
        case.last_review,
        _day(case.reviewed),
        _day(case.closed),
        support.REASONS[case.close_reason] if case.close_reason else "",
    )


def _day(moment: datetime | None) -> str:
    return moment.astimezone(LONDON).date().isoformat() if moment else ""


def _asked_for(case: SupportCase, directory: Directory) -> str:
    """The name of the group or programme; its identity where the content has it no more."""
    series = directory.find_series(case.series)
    if series is not None:
        return series.name
    programme = directory.programme(programme_of(case.series))
    return programme.title if programme else case.series
