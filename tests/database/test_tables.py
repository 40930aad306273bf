"""The tables, and the one way to write."""

import sqlite3
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from portal import database
from portal.database import tables
from portal.database.engine import newest_revision
from portal.database.prepared import Prepared
from portal.directory.values import LONGEST_AREA, LONGEST_SLUG
from tests.support.databases import put_bookable, real_migrations

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_migrations_lead_to_the_tables(fresh_engine: Engine) -> None:
    """A database brought up by its migrations has the tables, columns and keys declared here."""
    with fresh_engine.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), tables.metadata
        )

    assert differences == []


def test_the_tables_that_tests_get_are_those_of_the_migrations(tmp_path: Path) -> None:
    """A new SQLite file that is not migrated in a test has the same tables, keys and rows."""
    with real_migrations():
        whole = _new_file(tmp_path / "whole.db")
    quick = _new_file(tmp_path / "quick.db")

    assert quick == whole
    assert any("CREATE TABLE booking" in words for words in quick)


def _new_file(file: Path) -> list[str]:
    engine = database.connect(f"sqlite:///{file}")
    database.migrate(engine)
    engine.dispose()
    with closing(sqlite3.connect(file)) as connection:
        # Alembic writes the constraints of a table that it makes again in any order.
        lines = (words.splitlines() for words in connection.iterdump())
        return sorted("\n".join(sorted(line.strip(" ,\t") for line in one)) for one in lines)


def test_migrating_twice_changes_nothing(fresh_engine: Engine) -> None:
    """Every start of the application may migrate: an up-to-date database stays as it is."""
    put_bookable(fresh_engine)
    database.migrate(fresh_engine)

    with database.read(fresh_engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.bookable)).scalar()


def test_an_up_to_date_database_is_known_without_alembic(engine: Engine, monkeypatch) -> None:
    """A start with nothing to migrate does not load Alembic; the number it compares is the last."""
    folder = Path(database.__file__).parent / "migrations"
    assert newest_revision() == ScriptDirectory(str(folder)).get_current_head()

    monkeypatch.setitem(sys.modules, "alembic", None)  # an import of it fails
    database.migrate(engine)
    with pytest.raises(ImportError):
        database.migrate(engine, "0001")


def test_messages_survive_the_migration_that_lets_staff_tell_them(tmp_path) -> None:
    """S64: what was queued is still queued; only known states are kept, the new ones among them."""
    address = f"sqlite:///{tmp_path / 'portal.db'}"
    engine = database.connect(address)
    database.migrate(engine, "0008")
    old = sa.MetaData()
    old.reflect(engine, only=["bookable", "booking", "message"])
    known = {"status": "confirmed", "state": "owed", "about": {"planned": "2027-01-12"}, "held": 1}
    moment = NOW.replace(tzinfo=None)
    samples = {"DATETIME": moment, "BLOB": b"x", "INTEGER": 1, "BOOLEAN": False}
    with engine.begin() as connection:
        for name in ("bookable", "booking", "message"):
            columns = old.tables[name].c
            row = {one.name: samples.get(str(one.type), "x") for one in columns}
            row |= {name: value for name, value in known.items() if name in row}
            connection.execute(old.tables[name].insert().values(**row))
    database.migrate(engine)
    states = tables.message.update().where(tables.message.c.id == 1)
    database.write(engine, lambda c: c.execute(states.values(state="ring")))
    with database.read(engine) as connection:
        [row] = connection.execute(sa.select(tables.message)).all()
    indexes = {one["name"] for one in sa.inspect(engine).get_indexes("message")}

    assert (row.state, row.about) == ("ring", {"planned": "2027-01-12"})
    assert indexes == {"ix_message_booking", "ix_message_due"}
    with pytest.raises(IntegrityError):
        database.write(engine, lambda c: c.execute(states.values(state="told")))
    engine.dispose()


def test_accounts_survive_the_migration_that_adds_roles(bare_engine: Engine) -> None:
    """S64: accounts, recovery codes and visits of before are still there, on both databases, and
    the database keeps the new roles and refuses any other."""
    database.migrate(bare_engine, "0010")
    staff, code, visit = tables.staff, tables.staff_code, tables.staff_session
    given = {"title": "Sam", "centres": ["riverbank"], "created": NOW, "password": "kept"}
    mine = {"staff_id": 1}

    def fill(connection: sa.Connection) -> None:
        for role in ("worker", "manager", "administrator"):
            connection.execute(staff.insert().values(name=role, role=role, **given))
        connection.execute(code.insert().values(code_hash=b"c" * 32, **mine))
        times = {"began": NOW, "seen": NOW}
        connection.execute(visit.insert().values(token_hash=b"t" * 32, whole=True, **mine, **times))

    database.write(bare_engine, fill)
    database.migrate(bare_engine)
    with database.read(bare_engine) as connection:
        rows = connection.execute(sa.select(staff).order_by(staff.c.id)).all()
        kept = [
            connection.execute(sa.select(one.c.staff_id)).scalars().all() for one in (code, visit)
        ]

    assert [(row.role, row.centres, row.password) for row in rows] == [
        (role, ["riverbank"], "kept") for role in ("worker", "manager", "administrator")
    ]
    assert kept == [[1], [1]]
    for role in tables.ROLES:
        changed = staff.update().where(staff.c.id == 1).values(role=role)
        database.write(bare_engine, lambda c, changed=changed: c.execute(changed))
    changed = staff.update().where(staff.c.id == 1).values(role="visitor")
    with pytest.raises(IntegrityError):
        database.write(bare_engine, lambda c: c.execute(changed))


def test_the_longest_names_of_content_fit_into_the_tables() -> None:
    """PostgreSQL refuses a value that is longer than its column: content has the same limits."""
    series = LONGEST_SLUG + len("/") + LONGEST_SLUG
    longest = {"series": series, "district": LONGEST_AREA, "footprint": LONGEST_AREA}
    columns = [
        column
        for table in tables.metadata.tables.values()
        for column in table.columns
        if column.name in longest and isinstance(column.type, sa.String)
    ]

    assert {column.name for column in columns} == set(longest)
    assert [str(one) for one in columns if (one.type.length or 0) < longest[one.name]] == []


def test_the_database_refuses_one_place_too_many(engine: Engine) -> None:
    """S20: a script that forgets the rules cannot oversell either."""
    put_bookable(engine, places=2)

    with pytest.raises(IntegrityError):
        database.write(engine, lambda c: c.execute(tables.bookable.update().values(held=3)))


def test_a_failed_write_leaves_nothing(engine: Engine) -> None:
    """What a verb wrote before it failed is gone."""

    def work(connection: sa.Connection) -> None:
        connection.execute(
            tables.told.insert().values(series="a/b", planned="", words="", told=NOW)
        )
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        database.write(engine, work)

    with database.read(engine) as connection:
        assert connection.execute(sa.select(tables.told)).all() == []


def test_moments_are_kept_in_utc(engine: Engine) -> None:
    """A moment comes back aware and equal; one without a zone is refused."""
    from zoneinfo import ZoneInfo

    summer = datetime(2027, 6, 1, 10, tzinfo=ZoneInfo("Europe/London"))
    database.write(
        engine,
        lambda c: c.execute(
            tables.told.insert().values(series="a/b", planned="", words="", told=summer)
        ),
    )
    with database.read(engine) as connection:
        kept = connection.execute(sa.select(tables.told.c.told)).scalar_one()

    assert (kept, kept.utcoffset()) == (summer, datetime(2027, 6, 1, tzinfo=UTC).utcoffset())
    with pytest.raises((StatementError, ValueError), match="time zone"):
        database.write(
            engine, lambda c: c.execute(tables.told.update().values(told=datetime(2027, 6, 1)))
        )


def test_writers_take_turns(engine: Engine) -> None:
    """Many writers at once all get their turn, and none is lost."""
    put_bookable(engine, places=1000)

    def take() -> None:
        for _ in range(10):
            database.write(
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
    with database.read(engine) as connection:
        held = connection.execute(sa.select(tables.bookable.c.held)).scalar_one()

    assert held == 120


def test_sqlite_loses_nothing_it_confirmed(tmp_path) -> None:
    """S21: WAL with synchronous=FULL, and foreign keys kept."""
    engine = database.connect(f"sqlite:///{tmp_path / 'x.db'}")
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
        database.connect("sqlite:///:memory:")


@pytest.mark.postgres
def test_a_connection_that_died_while_it_was_idle_is_replaced(
    postgres_address: str, monkeypatch
) -> None:
    """After a restart of PostgreSQL nobody meets the connections of before; in use, none is asked.

    What breaks off in the middle is a fault of the database, as everywhere.
    """
    engine = database.connect(postgres_address)

    def backend() -> int:
        with database.read(engine) as connection:
            return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())

    def end(number: int) -> None:
        other = database.connect(postgres_address)
        with database.read(other) as connection:
            connection.execute(sa.select(sa.func.pg_terminate_backend(number)))
        other.dispose()

    ping_after = "portal.database.engine._PING_AFTER"  # seconds of idleness
    monkeypatch.setattr(ping_after, 300.0)
    first = backend()
    again = backend()
    end(first)
    monkeypatch.setattr(ping_after, -1.0)
    second = backend()
    monkeypatch.setattr(ping_after, 300.0)
    end(second)
    ask = Prepared(sa.select(tables.bookable.c.id))
    with pytest.raises(OperationalError) as broken, database.read(engine) as connection:
        ask(connection)
    monkeypatch.undo()
    third = backend()
    engine.dispose()

    assert first == again
    assert len({first, second, third}) == 3
    assert broken.value.connection_invalidated


def test_a_look_leaves_a_connection_as_it_was(engine: Engine) -> None:
    """After a single question outside of a transaction the same connection writes in one again."""
    put_bookable(engine)
    ask = Prepared(sa.select(tables.bookable.c.places))

    def work(connection):
        connection.execute(tables.bookable.update().values(places=9, allowed=9))
        raise ZeroDivisionError

    with database.look(engine) as connection:
        first = ask(connection).scalar_one()
    with pytest.raises(ZeroDivisionError):
        database.write(engine, work)
    with database.look(engine) as connection:
        assert (first, ask(connection).scalar_one()) == (2, 2)
