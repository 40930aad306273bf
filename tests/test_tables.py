"""The tables, and the one way to write."""

import threading
import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from portal import tables

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def put_bookable(engine: Engine, places: int = 2) -> None:
    tables.write(
        engine,
        lambda c: c.execute(
            tables.bookable.insert().values(
                series="riverbank/bump",
                planned="",
                places=places,
                allowed=places,
                held=0,
                waiting=0,
                last_number=0,
            )
        ),
    )


def test_migrations_lead_to_the_tables(engine: Engine) -> None:
    """A database brought up by its migrations has the tables, columns and keys declared here."""
    with engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), tables.metadata
        )

    assert differences == []


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    """Every start of the application may migrate: an up-to-date database stays as it is."""
    put_bookable(engine)
    tables.migrate(engine)

    with tables.read(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.bookable)).scalar()


def test_the_database_refuses_one_place_too_many(engine: Engine) -> None:
    """S20: a script that forgets the rules cannot oversell either."""
    put_bookable(engine, places=2)

    with pytest.raises(IntegrityError):
        tables.write(engine, lambda c: c.execute(tables.bookable.update().values(held=3)))


def test_a_failed_write_leaves_nothing(engine: Engine) -> None:
    """What a verb wrote before it failed is gone."""

    def work(connection: sa.Connection) -> None:
        connection.execute(
            tables.told.insert().values(series="a/b", planned="", words="", told=NOW)
        )
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        tables.write(engine, work)

    with tables.read(engine) as connection:
        assert connection.execute(sa.select(tables.told)).all() == []


def test_moments_are_kept_in_utc(engine: Engine) -> None:
    """A moment comes back aware and equal; one without a zone is refused."""
    from zoneinfo import ZoneInfo

    summer = datetime(2027, 6, 1, 10, tzinfo=ZoneInfo("Europe/London"))
    tables.write(
        engine,
        lambda c: c.execute(
            tables.told.insert().values(series="a/b", planned="", words="", told=summer)
        ),
    )
    with tables.read(engine) as connection:
        kept = connection.execute(sa.select(tables.told.c.told)).scalar_one()

    assert (kept, kept.utcoffset()) == (summer, datetime(2027, 6, 1, tzinfo=UTC).utcoffset())
    with pytest.raises((StatementError, ValueError), match="time zone"):
        tables.write(
            engine, lambda c: c.execute(tables.told.update().values(told=datetime(2027, 6, 1)))
        )


def test_writers_take_turns(engine: Engine) -> None:
    """Many writers at once all get their turn, and none is lost."""
    put_bookable(engine, places=1000)

    def take() -> None:
        for _ in range(10):
            tables.write(
                engine,
                lambda c: c.execute(
                    tables.bookable.update().values(held=tables.bookable.c.held + 1)
                ),
            )

    threads = [threading.Thread(target=take) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tables.read(engine) as connection:
        held = connection.execute(sa.select(tables.bookable.c.held)).scalar_one()

    assert held == 120


def test_sqlite_loses_nothing_it_confirmed(tmp_path) -> None:
    """S21: WAL with synchronous=FULL, and foreign keys kept."""
    engine = tables.connect(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.connect() as connection:
        kept = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    engine.dispose()

    assert kept == ["wal", 2, 1]


def test_memory_databases_are_refused() -> None:
    """Several processes share the database, so it needs a file."""
    with pytest.raises(ValueError, match="file"):
        tables.connect("sqlite:///:memory:")


def test_a_prepared_statement_does_what_its_statement_does(engine: Engine) -> None:
    """Moments, JSON, bytes and nothing go in as the columns want them, on both databases."""
    put = tables.Prepared(
        tables.audit.insert().returning(tables.audit.c.id),
        ("at", "actor", "did", "booking_id", "series", "detail"),
    )
    row = {
        "at": NOW,
        "actor": "family",
        "did": "book",
        "booking_id": None,
        "series": "riverbank/bump 100 % 'quoted' :name",
        "detail": {"people": 2, "said": "naïve"},
    }

    def work(connection):
        return put(connection, **row).scalar_one(), put(connection, **row).scalar_one()

    first, second = tables.write(engine, work)
    with tables.read(engine) as connection:
        kept = connection.execute(sa.select(tables.audit)).mappings().all()

    assert [dict(one) for one in kept] == [{"id": first, **row}, {"id": second, **row}]


def test_a_prepared_statement_counts_and_keeps_its_own_values(engine: Engine) -> None:
    """What is written in the statement itself stays; a name that is wrong is no NULL."""
    put_bookable(engine)
    claim = tables.Prepared(
        tables.bookable.update()
        .where(tables.bookable.c.held < 2, tables.bookable.c.series == sa.bindparam("run"))
        .values(held=tables.bookable.c.held + 1)
    )

    def counts(*runs):
        return [tables.write(engine, lambda c, r=run: claim(c, run=r).rowcount) for run in runs]

    assert counts("riverbank/bump", "other", "riverbank/bump", "riverbank/bump") == [1, 0, 1, 0]
    for wrong in ({}, {"runs": "riverbank/bump"}, {"run": "riverbank/bump", "more": 1}):
        with pytest.raises((KeyError, TypeError)), tables.read(engine) as connection:
            claim(connection, **wrong)


@pytest.mark.postgres
def test_a_connection_that_died_while_it_was_idle_is_replaced(postgres_address: str) -> None:
    """After a restart of PostgreSQL nobody meets the connections of before; in use, none is asked.

    What breaks off in the middle is a fault of the database, as everywhere.
    """
    engine = tables.connect(postgres_address)

    def backend() -> int:
        with tables.read(engine) as connection:
            return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())

    def end(number: int) -> None:
        other = tables.connect(postgres_address)
        with tables.read(other) as connection:
            connection.execute(sa.select(sa.func.pg_terminate_backend(number)))
        other.dispose()

    first = backend()
    again = backend()
    end(first)
    time.sleep(1.2)
    second = backend()
    end(second)
    ask = tables.Prepared(sa.select(tables.bookable.c.id))
    with pytest.raises(OperationalError) as broken, tables.read(engine) as connection:
        ask(connection)
    third = backend()
    engine.dispose()

    assert first == again
    assert len({first, second, third}) == 3
    assert broken.value.connection_invalidated


def test_a_fault_in_a_prepared_statement_names_no_value(engine: Engine) -> None:
    """S43: we add no value to what the database says. Its own words may hold some (`faults`)."""
    put = tables.Prepared(tables.bookable.insert(), tables.bookable.c.keys())
    row = dict.fromkeys(tables.bookable.c.keys(), 0) | {"series": "amina@example.org", "held": 9}

    with pytest.raises(IntegrityError) as broken:
        tables.write(engine, lambda c: put(c, **row | {"planned": ""}))

    assert "amina" not in str(broken.value).replace(str(broken.value.orig), "")


def test_a_prepared_statement_is_done_for_each(engine: Engine) -> None:
    """Many rows in one go are the rows one by one."""
    put = tables.Prepared(tables.bucket.insert(), tables.bucket.c.keys())
    rows = [{"key": bytes([n]) * 32, "tokens": n / 2, "at": NOW} for n in range(3)]
    every = tables.Prepared(sa.select(tables.bucket).order_by(tables.bucket.c.key))

    tables.write(engine, lambda c: put.for_each(c, rows))
    with tables.read(engine) as connection:
        kept = every(connection).rows

    assert [one._asdict() for one in kept] == rows
