"""Pages of the district boards and of the groups in which young people speak up.

A page says when the board meets, how to join, who sits on it, what its district has on offer, and
what came of what people said. Answering a consultation is for the live part.
"""

from __future__ import annotations

from dataclasses import dataclass

from portal.coverage.cells import EVENING, PARTS, WEEKS, Coverage
from portal.directory import AGE_BANDS, Board, Directory, District, Meeting
from portal.directory.addresses import BOARDS, report_path
from portal.directory.quarterly import report_among
from portal.web.layout import Head
from portal.web.report_tables import Shown
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

TITLE = "Have your say"
WEEKEND = (5, 6)


@page(BOARDS)
def boards(context: Context) -> str:
    """All boards by footprint, and the groups for the whole county."""
    directory = context.directory
    head = Head(
        title=TITLE,
        path=BOARDS,
        section=BOARDS,
        summary="Boards and groups where you help to decide what we do, and when they meet next.",
    )
    by_footprint = [
        (one, [(there, _row(context, directory.board_of(there))) for there in one.districts])
        for one in directory.footprints
    ]
    return context.render(
        "boards.html",
        head,
        footprints=by_footprint,
        groups=[_row(context, one) for one in directory.boards if one.district is None],
        asking=[one for one in directory.boards if _open(context, one)],
    )


@page("/boards/<slug:slug>/", lambda directory: directory.boards)
def board(context: Context, board: Board) -> str:
    """A board: its next meeting, how to join, what is on offer there, and what it asks."""
    directory = context.directory
    district = directory.district(board.district or "")
    programme = directory.programme(board.programme or "")
    # A group has the name of its programme, and the two pages must not have one title.
    head = Head(
        title=board.title if district else f"{board.title}: meetings and news",
        path=board.path,
        section=BOARDS,
        summary=board.summary,
        crumbs=((BOARDS, TITLE),),
        district=district,
    )
    return context.render(
        "board.html",
        head,
        board=board,
        district=district,
        programme=programme if programme and not programme.sensitive else None,
        meeting=board.next_meeting(context.today),
        consultation=board.consultation,
        state=board.consultation.state(context.today) if board.consultation else "",
        about=directory.district(board.consultation.district or "") if board.consultation else None,
        offer=offer_in(directory, district) if district else None,
        report=newest_report(directory, district) if district else None,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A board in the list, with its next meeting if one is known."""

    board: Board
    meeting: Meeting | None
    asks: bool


def _row(context: Context, board: Board | None) -> Row | None:
    if board is None:
        return None
    return Row(board, board.next_meeting(context.today), _open(context, board))


def _open(context: Context, board: Board) -> bool:
    return board.consultation is not None and board.consultation.state(context.today) == "open"


@dataclass(frozen=True, slots=True)
class Offer:
    """What is on in a district, in three numbers and the gaps that stand out."""

    groups: int
    sessions: int
    late: int  # sessions in the evening or at the weekend, in the holidays too
    without: tuple[str, ...]  # ages with nothing at all
    weeks: int = WEEKS


def offer_in(directory: Directory, district: District) -> Offer:
    """What the coverage of a district says in plain words."""
    coverage = Coverage.of(directory)
    amount = coverage.amount(district)
    # Not by the parts of the coverage, where an evening in the holidays is a part of the holidays.
    late = sum(
        one.day.weekday() in WEEKEND or one.starts.hour >= EVENING
        for one in coverage.sessions_in(district)
    )
    without = tuple(
        band.title
        for band in AGE_BANDS
        if not any(coverage.cell(district, band, part).sessions for part in PARTS)
    )
    return Offer(amount.series, amount.sessions, late, without)


@dataclass(frozen=True, slots=True)
class Summary:
    """The newest published report of a district in a few sentences."""

    quarter: str  # in words
    sentences: tuple[str, ...]
    path: str
    sample: bool


def newest_report(directory: Directory, district: District) -> Summary | None:
    """What the newest published quarter says of a district; None if nothing is published."""
    area = f"district:{district.slug}"
    for published in directory.reports:
        report = report_among(
            [one.cube for one in directory.reports], published.quarter, area, directory
        )
        if report is not None and area in published.cube.areas:
            shown = Shown(report)
            path = report_path(published.quarter, area)
            return Summary(shown.quarter, tuple(shown.sentences), path, shown.sample)
    return None
