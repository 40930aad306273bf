"""What people answered to consultations, for staff: the numbers that everybody reads, and a file.

Staff see no more than the public, because a worker may know who of her families answered (S108).
"""

from __future__ import annotations

from werkzeug.wrappers import Response as Answered

from portal.bookings import consultations
from portal.bookings.consultation_counts import figure_words
from portal.bookings.consultations import Results
from portal.bookings.csv_export import csv_of
from portal.directory import Board, Consultation
from portal.directory.values import LONDON
from portal.web.live.context import live
from portal.web.staff.access import now, staff_route, to
from portal.web.staff.register import as_file
from portal.web.staff.screens import page

CONSULTATIONS = "/staff/consultations"
COLUMNS = ("Board", "Consultation", "Opens", "Closes", "Question", "Answer", "People", "Counted")


def _all() -> list[tuple[Board, Consultation, Results]]:
    """Each consultation that has begun, the newest first."""
    directory, today = live().directory, now().astimezone(LONDON).date()
    begun = [
        (board, board.consultation)
        for board in directory.boards
        if board.consultation and board.consultation.state(today) != "soon"
    ]
    begun.sort(key=lambda both: (both[1].opens, both[1].slug), reverse=True)
    with live().database() as engine:
        return [
            (board, asked, consultations.results(engine, directory, asked, today))
            for board, asked in begun
        ]


@staff_route(CONSULTATIONS, may=to("see demand"))
def consultation_page() -> Answered:
    return page(
        "staff/consultations.html",
        "Consultations",
        found=_all(),
        day=now().astimezone(LONDON).date(),
    )


@staff_route(f"{CONSULTATIONS}.csv", may=to("see demand"))
def consultation_file() -> Answered:
    rows = [
        (
            board.title,
            asked.title,
            asked.opens.isoformat(),
            asked.closes.isoformat(),
            tally.words,
            option,
            figure_words(figure),
            tally.counted,
        )
        for board, asked, results in _all()
        for tally in (*results.questions, *results.who)
        if tally.counted
        for option, figure in tally.rows
    ]
    return as_file(csv_of(COLUMNS, rows), f"consultations-{now():%Y-%m-%d}.csv")
