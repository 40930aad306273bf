"""Counts, and what they must not reveal."""

import csv
import io
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from portal.bookings import counts, registers, retention
from portal.bookings.counts import UNDER, WITHHELD, Line, table_of
from portal.bookings.registers import Mark, WalkIns
from portal.settings import load_settings
from tests.bookings.test_booking import book, family
from tests.support import made

JANUARY = date(2027, 1, 1)
STAFF = "staff:7"


def line(*numbers: int) -> Line:
    return Line("Riverbank", (9, 99, *numbers))


def column(*numbers: int) -> tuple[list[str], str]:
    """One column as others see it, and its total."""
    table = table_of([line(n, 0, 0, 0) for n in numbers], own=False)
    return [said[2] for _, said in table.lines], table.total[2]


@pytest.mark.parametrize(
    ("numbers", "shown", "total"),
    [
        ((12, 3), ["12", UNDER], WITHHELD),  # 15 - 12 would tell
        ((12, 3, 2), ["12", UNDER, UNDER], "17"),
        ((12, 1, 1), ["12", UNDER, UNDER], WITHHELD),  # can only be one each
        ((12, 4, 4), ["12", UNDER, UNDER], WITHHELD),  # can only be four each
        ((0, 12), ["0", "12"], "12"),
        ((5, 6), ["5", "6"], "11"),
        ((1, 2, 0), [UNDER, UNDER, "0"], UNDER),
        ((), [], "0"),
        ((1200,), ["1,200"], "1,200"),
    ],
)
def test_small_numbers_are_hidden_from_others(numbers, shown, total) -> None:
    """1 to 4 families are not shown, and cannot be worked out by subtraction."""
    assert column(*numbers) == (shown, total)


def test_no_hidden_number_follows_from_the_rest() -> None:
    """Whatever the numbers are, what is shown fits at least two of them for each hidden one."""
    for first in range(8):
        for second in range(8):
            for third in range(8):
                numbers = (first, second, third)
                shown, total = column(*numbers)
                if UNDER not in shown or total in (WITHHELD, UNDER):
                    continue
                left = int(total) - sum(int(one) for one in shown if one != UNDER)
                hidden = shown.count(UNDER)
                fitting = [
                    combination for combination in _combinations(hidden) if sum(combination) == left
                ]
                for at in range(hidden):
                    assert len({one[at] for one in fitting}) > 1, numbers


def _combinations(number: int) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [()]
    for _ in range(number):
        found = [(*one, n) for one in found for n in range(1, 5)]
    return found


def test_a_centre_sees_its_own_numbers() -> None:
    """Workers at the centre see every number."""
    table = table_of([line(3, 1, 2, 4)], own=True)

    assert table.lines[0][1] == ("9", "99", "3", "1", "2", "4")
    assert table.total == ("9", "99", "3", "1", "2", "4")


def test_what_is_counted(engine: Engine, tmp_path) -> None:
    """Sessions, places, booked, waiting once a series, came, and who came without a booking."""
    directory = made.directory(
        {"places": "2", "changes": [{"date": "2027-01-26", "cancelled": "Snow"}]},
        {"booking": "drop-in", "places": None, "starts": "2027-01-13"},
    )
    first, drop_in = directory.series
    ids = [book(engine, directory, family(n)).id for n in range(3)]
    marks = [Mark(ids[0], "came", "expected", 0), Mark(ids[1], "absent", "expected", 0)]
    session, other = first.all_sessions[0], drop_in.all_sessions[0]
    registers.save(engine, first, session, marks, now=made.NOW, actor=STAFF)
    registers.save(engine, drop_in, other, [], WalkIns(7, 9, 8), now=made.NOW, actor=STAFF)
    (centre,) = counts.by_centre(engine, directory, directory.centres, JANUARY)
    groups = counts.by_series(engine, directory, directory.centres[0], JANUARY)
    late = first.all_sessions[-1].ends + timedelta(days=40)
    settings = load_settings(root=tmp_path, var=tmp_path)
    retention.forget(engine, directory, settings, now=late)

    # January has 12 and 19 of the course (26 was off), and 13, 20 and 27 of the drop-in.
    assert centre.numbers == (5, 4, 4, 1, 1, 7)
    assert [(one.numbers, len(each)) for one, each in groups] == [
        ((2, 4, 4, 1, 1, 0), 2),
        ((3, 0, 0, 0, 0, 7), 3),
    ]
    assert counts.by_centre(engine, directory, directory.centres, JANUARY) == [centre]
    assert counts.by_centre(engine, directory, directory.centres, date(2026, 1, 1)) == []


def test_the_files(engine: Engine) -> None:
    """A manager's file hides what the page hides; a centre's own has every session."""
    directory = made.directory()
    book(engine, directory, family(1))
    lines = counts.by_centre(engine, directory, directory.centres, JANUARY)
    others = rows(counts.csv(lines, own=False, first="Centre"))
    groups = counts.by_series(engine, directory, directory.centres[0], JANUARY)
    own = rows(counts.csv_of_series(groups))

    assert others[1] == ["Riverbank", "3", "36", UNDER, "0", "0", "0"]
    assert others[2] == ["All", "3", "36", WITHHELD, "0", "0", "0"]
    assert own[1][:5] == [
        "Bump, Birth and Beyond", "Tuesday 12 January 2027", "1", "12", "1",
    ]  # fmt: skip
    assert len(own) == 4


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_months(today) -> None:
    """A month in an address; what is none is this month."""
    assert counts.month_of("2027-01", today) == JANUARY
    assert counts.month_of("2027-13", today) == date(2026, 11, 1)
    assert counts.month_of("", today) == date(2026, 11, 1)
