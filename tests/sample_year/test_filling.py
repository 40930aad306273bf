"""The sample year: what is invented, into which database, and that nobody hears of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import database, sample_year
from portal.bookings import Family, book, lost_bookings, places
from portal.database import read, tables, write
from portal.directory.values import LONDON
from portal.sample_year import NotEmpty, is_sample
from portal.server.worker import once
from portal.settings import load_settings

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SECRET = "s" * 48
MESSAGES = (tables.message, tables.wish_message, tables.panel_message, tables.week_link)


def _fill(engine: Engine, directory, seed: int = 7) -> sample_year.Filled:
    return sample_year.fill(engine, directory, seed=seed, secret=SECRET, now=NOW, keep_days=30)


def _rows(engine: Engine, table: sa.Table) -> list:
    with read(engine) as connection:
        return list(connection.execute(table.select()).all())


@pytest.fixture(scope="module")
def filled(tmp_path_factory, directory):
    engine = database.connect(f"sqlite:///{tmp_path_factory.mktemp('year') / 'portal.db'}")
    database.migrate(engine)
    return engine, _fill(engine, directory)


def test_the_year_has_all_that_reports_count(filled):
    """There are bookings, marks, walk-ins, cases with outcomes, gaps and wishes in each quarter."""
    engine, result = filled
    assert result.first == date(2025, 10, 1)
    quarters = {
        f"{row.planned[:4]}-{(int(row.planned[5:7]) - 1) // 3}"
        for row in _rows(engine, tables.attendance)
    }
    assert len(quarters) >= 4
    for name, number in result.rows.items():
        # The sample site has no outreach.
        assert number > 0 or name == "contact_count", name
    for row in _rows(engine, tables.session_record):
        assert "2025-10-01" <= row.day < "2026-11-23"
    assert f"{result.rows['booking']:,} bookings" in result.words


def test_the_totals_agree_with_the_bookings(filled):
    """`portal bookings verify` finds nothing, and no group has more families than places."""
    engine, _ = filled
    assert places.verify(engine) == []
    assert places.over_booked(engine) == []


def test_the_content_has_all_that_is_booked(directory, filled):
    """Invented earlier runs are over, so `portal check` does not miss their files."""
    assert lost_bookings.mistakes(filled[0], directory, now=NOW) == []


def test_registers_are_marked_only_once_a_session_is_over(filled):
    """A mark is never of a date that is still to come."""
    engine, _ = filled
    today = NOW.astimezone(LONDON).date().isoformat()
    assert all(row.planned <= today for row in _rows(engine, tables.attendance))
    assert all(row.created <= NOW for row in _rows(engine, tables.booking))


def test_nobody_is_named_or_can_be_reached(filled):
    """Invented families have no address and ask for no messages, and older ones are erased."""
    engine, _ = filled
    people = _rows(engine, tables.person)
    assert people
    for row in people:
        assert row.name.startswith("Sample family ")
        assert (row.email, row.phone, row.contact_by) == (None, None, "none")
    ends = {row.id: row.ends for row in _rows(engine, tables.booking)}
    assert all(
        ends[row.booking_id] is None or ends[row.booking_id] > NOW - timedelta(days=30)
        for row in people
    )
    assert all(not row.name and not row.email for row in _rows(engine, tables.gap))
    assert all(not row.email and not row.phone for row in _rows(engine, tables.wish))


def test_the_same_seed_gives_the_same_numbers(directory, filled, sqlite):
    """A report of a seed can be compared with one made on another machine; another seed differs."""

    def marks(engine: Engine) -> dict[tuple[str, str], int]:
        table = tables.attendance
        statement = sa.select(table.c.planned, table.c.mark, sa.func.count()).group_by(
            table.c.planned, table.c.mark
        )
        with read(engine) as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(statement)}

    again = _fill(sqlite, directory)
    assert again.rows == filled[1].rows
    assert marks(sqlite) == marks(filled[0])


def test_another_seed_gives_other_numbers(directory, filled, sqlite):
    """A seed is not ignored."""
    assert _fill(sqlite, directory, seed=8).rows != filled[1].rows


def test_a_database_in_use_is_refused_and_left_alone(directory, engine):
    """Invented families never stand beside real ones (S110)."""
    series = next(one for one in directory.series if one.booking == "book" and one.places)
    write(
        engine,
        lambda c: c.execute(
            tables.walk_in.insert().values(
                series=series.identity, planned="2026-11-16", families=1, children=1, adults=1,
                version=1, changed=NOW,
            )
        ),
    )  # fmt: skip
    with pytest.raises(NotEmpty, match="'walk_in' is not empty"):
        _fill(engine, directory)
    assert _rows(engine, tables.booking) == []
    assert _rows(engine, tables.staff) == []
    with read(engine) as connection:
        assert not is_sample(connection)


def test_a_second_year_is_refused(directory, filled):
    """The numbers of a sample year do not double when the command is run twice; the refusal names
    the database that is used, wherever it is."""
    before = len(_rows(filled[0], tables.booking))
    with pytest.raises(NotEmpty, match="an invented year already") as refused:
        _fill(filled[0], directory, seed=9)
    url = filled[0].url
    name = url.database if url.get_backend_name() == "sqlite" else "PORTAL_DATABASE_URL"
    assert f"remove {name}, and" in str(refused.value).replace("the database of ", "")
    assert len(_rows(filled[0], tables.booking)) == before


def test_the_service_goes_on_after_it(directory, engine, tmp_path):
    """A booking can be made afterwards, and the worker sends nothing to invented families."""
    _fill(engine, directory)
    settings = load_settings(root=tmp_path, var=tmp_path)
    once(engine, directory, settings, now=NOW, claimant="test")
    for table in MESSAGES:
        assert _rows(engine, table) == [], table.name
    series, session = next(_with_places(engine, directory))
    amina = Family("Amina Khan", email="amina@example.org", contact_by="email")
    booked = book(engine, series, amina, session=session, key="k" * 40, secret=SECRET, now=NOW)
    assert booked.status == "confirmed"
    assert places.verify(engine) == []


def _with_places(engine: Engine, directory):
    """What can still be booked: a series, and its next session if that is booked by itself."""
    for series in directory.series:
        coming = [one for one in series.coming(NOW) if not one.off]
        if series.booking == "book" and coming and (series.booking_ends or coming[0].ends) > NOW:
            session = coming[0] if series.book == "session" else None
            if places.left(engine, series, session) > 0:
                yield series, session
