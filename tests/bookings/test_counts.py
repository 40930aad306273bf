"""Counts: what is added to what, and the files."""

import csv
import io
from datetime import date, timedelta

from sqlalchemy import Engine

from portal.bookings import counts, registers, retention
from portal.bookings.disclosure import UNDER
from portal.bookings.registers import Mark, WalkIns
from portal.settings import load_settings
from tests.bookings.test_booking import book, family
from tests.support import made

JANUARY = date(2027, 1, 1)
STAFF = "staff:7"


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
    assert centre.words == ("5", "4", UNDER, UNDER, UNDER, "5")
    assert [(one.words, len(each)) for one, each in groups] == [
        (("2", "4", "4", "1", "1", "0"), 2),
        (("3", "0", "0", "0", "0", "7"), 3),
    ]
    assert [one.words for one in counts.totals([one for one, _ in groups])] == [
        "5", "4", "4", "1", "1", "7",
    ]  # fmt: skip
    assert counts.by_centre(engine, directory, directory.centres, JANUARY) == [centre]
    assert counts.by_centre(engine, directory, directory.centres, date(2026, 1, 1)) == []


def test_the_files(engine: Engine) -> None:
    """A manager's file hides what the page hides; a centre's own has every session."""
    directory = made.directory()
    book(engine, directory, family(1))
    lines = counts.by_centre(engine, directory, directory.centres, JANUARY)
    others = rows(counts.csv(lines, first="Centre"))
    groups = counts.by_series(engine, directory, directory.centres[0], JANUARY)
    own = rows(counts.csv_of_series(groups))

    assert others[1] == ["Riverbank", "3", "36", UNDER, "0", "0", "0"]
    assert others[2] == ["All", "3", "36", UNDER, "0", "0", "0"]
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
