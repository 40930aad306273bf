"""Doubts about boards: what was true when it was written, and that nobody has looked at since.

A board's page goes on showing them: a consultation that closed long ago, dates that have run out,
and a promise that has been "not yet" for more than a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from portal.content.yaml_reader import Place
from portal.directory import Board
from portal.directory.values import day_words

LONG_CLOSED = timedelta(days=90)
LONG_WAITING = timedelta(days=365)


def doubts_about_board(board: Board, today: date) -> Iterator[tuple[Place, str]]:
    asked = board.consultation
    if asked and today - asked.closes > LONG_CLOSED:
        yield (
            ("consultation", "closes"),
            f"the consultation closed on {day_words(asked.closes)}, {(today - asked.closes).days} "
            "days ago. Write under 'said' what came of it, and remove it.",
        )
    if board.starts and board.next_meeting(today) is None:
        last = max((one.day for one in board.meetings), default=board.starts)
        yield (
            ("starts",),
            f"no meeting is planned after {day_words(last)}. Write the day of the next one, or "
            "remove the dates.",
        )
    for number, one in enumerate(board.said):
        if one.state == "not yet" and today - one.date_ > LONG_WAITING:
            yield (
                ("said", number, "state"),
                f"'not yet' since {day_words(one.date_)}, more than a year ago. Write 'done' or "
                "'cannot', and what came of it.",
            )
