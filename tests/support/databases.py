"""Real databases for tests: an empty, migrated SQLite file or PostgreSQL database for each test.

The migrations run once a test process: each test gets a copy of the migrated SQLite file, or the
migrated PostgreSQL database with its tables emptied. Where the portal itself migrates a new SQLite
file, it gets the tables that the migrations have made before. Tests of the migrations themselves
use `bare_engine` or `fresh_engine`, where they run.

PostgreSQL is the server of `TEST_DATABASE_URL` where that is set, else a throw-away cluster on a
socket in a temporary folder, started once a test process. Without a server the tests skip aloud;
with CI=true they fail.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import made_once

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

# Databases are imported late: every test process loads this plugin, whatever it tests.

# A power cut would spoil a throw-away cluster, and no test has one: what tests kill are processes
# of the portal, whose writes the server has.
_WITHOUT_WAITING_FOR_THE_DISK = (
    "-c fsync=off",
    "-c synchronous_commit=off",
    "-c full_page_writes=off",
)


def binaries() -> Path | None:
    """The folder of PostgreSQL's own programs, newest version first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    return found[0].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server on which databases may be made and dropped."""
    if address := os.environ.get("TEST_DATABASE_URL"):
        yield address
        return
    programs = binaries()
    if programs is None:
        words = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    with _cluster(programs, *_WITHOUT_WAITING_FOR_THE_DISK) as (address, _):
        yield address


@pytest.fixture
def restartable(request: pytest.FixtureRequest) -> Iterator[tuple[str, Callable[[], None]]]:
    """A database on a server of its own, and a function that kills the server and starts it."""
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("the server of TEST_DATABASE_URL is not ours to restart")
    request.getfixturevalue("postgres_server")  # skips, or fails, without PostgreSQL
    programs = binaries()
    assert programs is not None
    # What a killed server had committed is with the operating system, which goes on.
    settings = "-c fsync=off", "-c full_page_writes=off"
    with _cluster(programs, *settings) as (server, restart), fresh_database(server) as address:
        _migrate(address)
        yield address, restart


@contextmanager
def fresh_postgres() -> Iterator[str]:
    """A throw-away server with an empty database, as durable as a real one, for a benchmark."""
    programs = binaries()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with _cluster(programs) as (server, _), fresh_database(server) as address:
        yield address


@contextmanager
def _cluster(programs: Path, *settings: str) -> Iterator[tuple[str, Callable[[], None]]]:
    # The server refuses to run as root.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    for left in filter(_left_behind, Path("/tmp").glob("portal-pg-*")):
        stop = str(programs / "pg_ctl"), "-D", str(left / "data"), "-m", "immediate", "stop"
        subprocess.run([*become, *stop], capture_output=True, check=False, cwd="/", timeout=120)
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"portal-pg-{os.getpid()}-", dir="/tmp"))
    if become:
        shutil.chown(folder, "postgres")
    data = folder / "data"

    def run(*words: str) -> None:
        subprocess.run(
            [*become, *words], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120
        )

    words = ("-D", str(data), "-A", "trust", "-U", "portal", "-E", "UTF8", "--no-sync")
    run(str(programs / "initdb"), *words)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=200"
    options = " ".join((options, *settings))
    server = (str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"))
    run(*server, "-o", options, "start")

    def restart() -> None:
        run(*server, "-o", options, "-m", "immediate", "restart")

    try:
        yield f"postgresql://portal@/postgres?host={folder}", restart
    finally:
        run(*server, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _left_behind(folder: Path) -> bool:
    """Whether this is a cluster of a test process that was killed."""
    number = folder.name.split("-")[2]
    try:
        os.kill(int(number), 0)
    except ValueError:
        return False
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The address of a new PostgreSQL database without any table."""
    import psycopg

    name = f"portal_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield server.replace("/postgres?", f"/{name}?", 1)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_server: str) -> Iterator[str]:
    with fresh_database(postgres_server) as address:
        _migrate(address)
        yield address


@pytest.fixture
def postgres_address(_migrated_postgres: str) -> str:
    """The address of a migrated PostgreSQL database without any row."""
    import psycopg

    from portal.database import tables

    statements = (
        # What the test before left open would keep its locks.
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        # TRUNCATE makes new files for each table and index, which takes a hundred times as long.
        *(f'DELETE FROM "{table.name}"' for table in reversed(tables.metadata.sorted_tables)),
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
    )
    with psycopg.connect(_migrated_postgres, autocommit=True) as connection:
        connection.execute("; ".join(statements))
    return _migrated_postgres


def _migrate(address: str) -> None:
    from portal import database

    engine = database.connect(address)
    with real_migrations():
        database.migrate(engine)
    engine.dispose()


_migrates = False  # whether the migrations themselves run


@contextmanager
def real_migrations() -> Iterator[None]:
    """Let the portal's own migrations run meanwhile."""
    global _migrates
    before, _migrates = _migrates, True
    try:
        yield
    finally:
        _migrates = before


@pytest.fixture(scope="session", autouse=True)
def ready_made_tables() -> None:
    make_tables_ready()


def make_tables_ready() -> None:
    """Where the portal migrates a new SQLite file, give it the tables that migrations make.

    Each application of a test has a new file, and the migrations take it a second.
    """
    from portal.database import backup, engine

    upgrade, newest = engine.upgrade, engine.newest_revision()

    def quick_upgrade(connection: Connection, revision: str) -> None:
        if (
            _migrates
            or revision not in ("head", newest)
            or connection.dialect.name != "sqlite"
            or connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first()
        ):
            upgrade(connection, revision)
            return
        for statement in migrated_tables():
            connection.exec_driver_sql(statement)

    engine.upgrade = backup.upgrade = quick_upgrade


@cache
def migrated_tables() -> tuple[str, ...]:
    """What makes the tables and rows of a migrated SQLite database, in the words of SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "portal.db"
        new_sqlite(file)
        with closing(sqlite3.connect(file)) as connection:
            words = tuple(connection.iterdump())
    return tuple(one for one in words if one not in ("BEGIN TRANSACTION;", "COMMIT;"))


@cache
def _migrated_file() -> bytes:
    """A migrated SQLite database without any row, as the bytes of its file."""
    return made_once.kept("migrated.db", _migrate_file)


def _migrate_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "portal.db"
        _migrate(f"sqlite:///{file}")
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return file.read_bytes()


def new_sqlite(file: Path) -> str:
    """Put a migrated, empty SQLite database at this path, and return its address."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        # Another file, not other bytes: what the test before left open goes on with its own.
        file.with_name(name).unlink(missing_ok=True)
    file.write_bytes(_migrated_file())
    return f"sqlite:///{file}"


# Databases that applications of one test have in turn with those of other tests, by folder. Their
# engines stay, because they keep the statements that SQLAlchemy has compiled.
_lent: dict[Path, str] = {}
_testing = False
_wider_fixtures = 0  # being made now, for more than one test


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
    """Note what outlives a test: it gets a database of its own."""
    global _wider_fixtures
    wider = fixturedef.scope != "function"
    _wider_fixtures += wider
    try:
        return (yield)
    finally:
        _wider_fixtures -= wider


def pytest_runtest_logstart() -> None:
    global _testing
    _testing = True


def pytest_runtest_logfinish() -> None:
    """Take back the databases of a test that has ended."""
    global _testing
    _testing = False
    for address in _lent.values():
        _engine(address).dispose()
    _lent.clear()


def lent_engine(var: Path) -> Engine | None:
    """An engine on an empty database for an application of the running test with this folder.

    None where it must have its own: no test is running, it outlives the test, or the test has
    made the folder.
    """
    if var not in _lent:
        if not _testing or _wider_fixtures or var.exists():
            return None
        _lent[var] = new_sqlite(_lent_folder() / f"{len(_lent)}.db")
    return _engine(_lent[var])


@contextmanager
def connected_to(engine: Engine | None) -> Iterator[None]:
    """Let an application that is made meanwhile use this engine; None: one of its own."""
    from portal import database

    connect = database.connect
    if engine is not None:
        database.connect = lambda _address: engine
    try:
        yield
    finally:
        database.connect = connect


@cache
def _lent_folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="portal-test-", dir=_in_memory())
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _in_memory() -> str | None:
    """Where pytest puts its own folders: in memory, if there is room."""
    return os.environ.get("PYTEST_DEBUG_TEMPROOT")


@pytest.fixture(scope="session")
def _sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("database") / "portal.db"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_address(request: pytest.FixtureRequest) -> str:
    """The address of a migrated, empty database, once of each kind."""
    if request.param == "sqlite":
        return new_sqlite(request.getfixturevalue("_sqlite_file"))
    return str(request.getfixturevalue("postgres_address"))


@pytest.fixture
def engine(database_address: str) -> Iterator[Engine]:
    """An engine on a migrated, empty database.

    Tests share it without its connections: it keeps the statements that SQLAlchemy has compiled.
    """
    engine = _engine(database_address)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite(_sqlite_file: Path) -> Iterator[Engine]:
    """An engine on a migrated, empty SQLite database, for what no other database changes."""
    engine = _engine(new_sqlite(_sqlite_file))
    yield engine
    engine.dispose()


@cache
def _engine(address: str) -> Engine:
    from portal import database

    return database.connect(address)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def bare_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a new database without any table, once of each kind."""
    from portal import database

    with ExitStack() as stack:
        address = f"sqlite:///{tmp_path / 'bare.db'}"
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            address = stack.enter_context(fresh_database(server))
        stack.enter_context(real_migrations())
        engine = database.connect(address)
        yield engine
        engine.dispose()


@pytest.fixture
def fresh_engine(bare_engine: Engine) -> Engine:
    """An engine on a new database that has just been migrated."""
    from portal import database

    database.migrate(bare_engine)
    return bare_engine


def put_bookable(engine: Engine, places: int = 2) -> None:
    """A course with room for so many families."""
    from portal import database
    from portal.database import tables

    database.write(
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


@contextmanager
def read_only(engine: Engine) -> Iterator[None]:
    """The database answers questions and refuses changes, as a standby server does."""
    from sqlalchemy import event

    postgres = engine.dialect.name == "postgresql"
    on, off = (
        ("SET default_transaction_read_only = on", "RESET default_transaction_read_only")
        if postgres
        else ("PRAGMA query_only=ON", "PRAGMA query_only=OFF")
    )

    def checked_out(connection, _record, _holder) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(on)
            connection.commit()

    def checked_in(connection, _record) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(off)
            connection.commit()

    event.listen(engine, "checkout", checked_out)
    event.listen(engine, "checkin", checked_in)
    try:
        yield
    finally:
        event.remove(engine, "checkout", checked_out)
        event.remove(engine, "checkin", checked_in)
