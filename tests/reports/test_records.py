"""What was held on each date of a series is kept once its day is over (`records`)."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from portal import database
from portal.database.tables import session_record
from portal.directory.values import LONDON
from portal.reports import records
from tests.support import made

AFTER_TWO = datetime(2027, 1, 20, 9, tzinfo=LONDON)  # the group met on 12 and 19 January


def keep(engine: Engine, directory, now: datetime = AFTER_TWO) -> int:
    return database.write(engine, lambda connection: records.keep(connection, directory, now))


def rows(engine: Engine) -> list:
    with database.read(engine) as connection:
        query = sa.select(session_record).order_by(session_record.c.planned)
        return list(connection.execute(query))


def test_a_day_that_is_over_is_kept_once(engine: Engine) -> None:
    """A session has a row once its day is over, with what was true of it; the same round again
    writes nothing."""
    directory = made.directory()
    assert keep(engine, directory, made.NOW) == 0
    assert keep(engine, directory, datetime(2027, 1, 12, 23, 30, tzinfo=LONDON)) == 0
    assert keep(engine, directory) == 2
    assert keep(engine, directory) == 0
    first, second = rows(engine)
    assert (first.series, first.planned, first.day) == (
        "riverbank/bump",
        "2027-01-12",
        "2027-01-12",
    )
    assert (first.minutes, first.held, first.places) == (120, True, 12)
    assert (first.programme, first.centre, first.district) == ("bump", "riverbank", "preston")
    assert (first.footprint, first.offer, first.sensitive) == ("preston", "early-years", False)
    assert second.day == "2027-01-19"


def test_a_late_change_corrects_the_row(engine: Engine) -> None:
    """A session that is cancelled or moved after its day says so later, and is never deleted."""
    keep(engine, made.directory())
    late = made.directory({"changes": [{"date": "2027-01-12", "cancelled": "Snow"}]})
    assert keep(engine, late) == 1
    assert [row.held for row in rows(engine)] == [False, True]
    moved = made.directory({"changes": [{"date": "2027-01-12", "moved_to": "2027-01-28"}]})
    assert keep(engine, moved) == 1
    first = rows(engine)[0]
    assert (first.day, first.held) == ("2027-01-28", False)  # it is still to come
    assert keep(engine, moved, datetime(2027, 1, 29, 9, tzinfo=LONDON)) == 2
    assert rows(engine)[0].held
    assert keep(engine, made.directory({"starts": "2027-02-02"})) == 0
    assert len(rows(engine)) == 3


def test_an_edit_of_coming_dates_changes_no_past(engine: Engine) -> None:
    """Another time or weekday is about the dates to come: rows stay, and no past date is added."""
    keep(engine, made.directory())
    edited = made.directory({"starts": "2027-01-13", "time": "10:00-11:00"})  # now on Wednesdays
    later = AFTER_TWO + timedelta(days=8)
    assert keep(engine, edited, later) == 2  # 20 and 27 January
    assert [row.day for row in rows(engine)] == [
        "2027-01-12", "2027-01-19", "2027-01-20", "2027-01-27",
    ]  # fmt: skip
    assert [row.minutes for row in rows(engine)] == [120, 120, 60, 60]


def test_a_renamed_series_keeps_its_rows(engine: Engine) -> None:
    """Rows under a former name are those of the series: none is written twice."""
    keep(engine, made.directory())
    directory = made.directory({"aliases": "bump"})
    (series,) = directory.series
    series.link(slug="bumps")
    assert series.identity == "riverbank/bumps"
    assert keep(engine, directory) == 0
    assert keep(engine, directory, AFTER_TWO + timedelta(days=7)) == 1
    assert [row.series for row in rows(engine)] == ["riverbank/bump"] * 2 + ["riverbank/bumps"]


def test_sensitive_groups_are_kept_too(engine: Engine) -> None:
    """Their rows say that they are sensitive, so that reports leave them out."""
    assert keep(engine, made.directory(sensitive=True)) == 2
    assert all(row.sensitive for row in rows(engine))
