"""Connections, transactions and migrations: two databases with one behaviour.

Every verb that changes something is one call of `write(engine, work)`. On SQLite that is `BEGIN
IMMEDIATE` behind a blocking file lock, because SQLite's own busy wait sleeps and starves (p99
0.4-0.8 s against 0.05-0.2 s). On PostgreSQL it is a transaction that is tried again, at most five
times with jitter, when the server reports a conflict (40001, 40P01). Requests that wait may share
one transaction (`commit`).
"""

from __future__ import annotations

import fcntl
import math
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError

from portal import private_files
from portal.database.prepared import execute_plain, finish, send_in_pipelines
from portal.database.references import digest_of, new_reference

T = TypeVar("T")


_MIGRATIONS = Path(__file__).parent / "migrations"

# One connection for each server thread. The one used last is taken first, because its pages and
# statements are still cached.
_POOL: dict[str, Any] = {"pool_size": 16, "max_overflow": 16, "pool_use_lifo": True}

# Seconds for which SQLite waits while another program, such as a shell, holds the database. Our own
# processes queue by the writers' lock.
BUSY = 10.0


def connect(address: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...`, set up so that no commit is lost.

    `?pooled=yes` says that a pooler in transaction mode is in front of PostgreSQL. Errors leave out
    the values of their statements, because families typed them.
    """
    url = sa.make_url(address)
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ValueError("the database needs a file: several processes share it")
        _make_private(Path(url.database))
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            **_POOL,
            connect_args={"timeout": BUSY, "check_same_thread": False},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # Psycopg itself prepares no statements: when it drops its own, it would drop ours too.
    given: dict[str, Any] = {"connect_timeout": 5, "prepare_threshold": None}
    # Behind a pooler, the next transaction may get a connection that knows no statement of ours.
    prepares = "pooled" not in url.query
    url = url.difference_update_query(["pooled"])
    engine = sa.create_engine(url, hide_parameters=True, **_POOL, connect_args=given)
    send_in_pipelines(engine, prepares=prepares)
    event.listen(engine, "checkin", _on_checkin)
    event.listen(engine, "checkout", partial(_on_checkout, engine.dialect))
    return engine


# Seconds of idleness after which a connection is pinged before use. A ping at each use
# (`pool_pre_ping`) would cost as much as a tenth of a booking.
_PING_AFTER = 1.0


def _on_checkin(_connection: Any, record: Any) -> None:
    record.info["returned"] = time.monotonic()


def _on_checkout(dialect: sa.Dialect, connection: Any, record: Any, _holder: object) -> None:
    if time.monotonic() - record.info.get("returned", math.inf) <= _PING_AFTER:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        # The other connections are as old, so the pool opens new ones.
        raise InvalidatePoolError from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY * 1000:.0f}")
    cursor.execute("PRAGMA secure_delete=ON")  # deleted data is overwritten
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    execute_plain(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")


_queue = threading.local()


def _make_private(file: Path) -> None:
    """SQLite gives the files beside the database the mode that the database has."""
    if not file.parent.exists():
        private_files.make_folder(file.parent)
    with suppress(OSError):  # what cannot be opened is reported when it is first used
        private_files.make_file(file)
        for beside in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                private_files.close_to_others(file.with_name(file.name + beside))


@contextmanager
def _writer_lock(engine: Engine) -> Iterator[None]:
    """Hold the writers' lock of SQLite, whose own queue is less fair than this one."""
    if engine.dialect.name != "sqlite":
        yield
        return
    # One open file per thread: a lock belongs to the open file, and a forked child shares it.
    files: dict[tuple[int, str], int] = _queue.__dict__.setdefault("files", {})
    mine = os.getpid(), f"{engine.url.database}.turn"
    if mine not in files:
        files[mine] = os.open(mine[1], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(files[mine], fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(files[mine], fcntl.LOCK_UN)


class Part:
    """A transaction that may be committed together with others (`commit`)."""

    def __init__(self, engine: Engine, work: Callable[[Connection], Any]) -> None:
        self.engine = engine
        self.done = False  # committed, or failed
        self.value: Any = None
        self.error: BaseException | None = None
        self._work = work
        # Another thread may do it, and the work must see its own request there.
        self._context = copy_context()

    def work(self, connection: Connection) -> Any:
        return self._context.run(self._work, connection)

    def result(self) -> Any:
        """What the work returned. Raises what it raised, or what stopped the commit."""
        if self.error is not None:
            raise self.error
        return self.value


_committed_by: ContextVar[Callable[[Part], None] | None] = ContextVar("committed_by", default=None)


@contextmanager
def committed_by(together: Callable[[Part], None]) -> Iterator[None]:
    """In this block, `together` has each part that is written done by `commit`."""
    token = _committed_by.set(together)
    try:
        yield
    finally:
        _committed_by.reset(token)


def write(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Do `work` in one transaction, committed before this returns. `work` may run again."""
    together = _committed_by.get()
    if together is None:
        return _write(engine, work)
    part = Part(engine, work)
    together(part)
    result: T = part.result()
    return result


def commit(parts: Sequence[Part]) -> None:
    """Do these parts, in this order, in one transaction for each engine.

    What fails in one is undone, and fails that one alone; a commit that fails, fails for all.
    On PostgreSQL each then has a transaction of its own, unless the connection is lost; and so it
    has while somebody else writes for long.
    """
    for engine in dict.fromkeys(part.engine for part in parts):
        own = [part for part in parts if part.engine is engine]
        try:
            if len(own) == 1:
                own[0].value = _write(engine, own[0].work)
            else:
                try:
                    _write(engine, partial(_do_each, own), alone=True)
                except (DBAPIError, _OthersWriteError) as error:
                    lost = getattr(error, "connection_invalidated", False)
                    if lost or engine.dialect.name == "sqlite":
                        raise  # it may be committed, or each would wait as long again
                    for part in own:
                        commit([part])
        except BaseException as error:  # whatever it is: their threads wait, and raise it
            for part in own:
                part.error = error
        for part in own:
            part.done = True


def _do_each(parts: Sequence[Part], connection: Connection) -> None:
    for part in parts:
        execute_plain(connection, "SAVEPOINT part")
        try:
            part.value, part.error = part.work(connection), None
            execute_plain(connection, "RELEASE part")
            finish(connection)
        except Exception as error:
            conflict = isinstance(error, DBAPIError) and _conflict(error)
            if conflict or connection.invalidated:
                raise
            part.error = error
            with suppress(DBAPIError):  # what fails now is undone with the rest
                finish(connection)
            execute_plain(connection, "ROLLBACK TO part")
            execute_plain(connection, "RELEASE part")


_TRIES = 5


_LOCK = 7264124  # of PostgreSQL's advisory locks
_PATIENCE = 250  # milliseconds


class _OthersWriteError(Exception):
    """Another transaction lasts longer than a group of requests waits for it."""


def _in_order(connection: Connection, *, alone: bool) -> None:
    """Begin a transaction of PostgreSQL that locks the rows of one request; `alone`, of several.

    Those wait for all others before they lock any row: else two could wait for each other. While
    they wait, nobody else begins. So they do not wait for long, as for a publication.
    Raises _OthersWriteError then.
    """
    if not alone:
        execute_plain(connection, f"SELECT pg_advisory_xact_lock_shared({_LOCK})")
        return
    execute_plain(connection, f"SET LOCAL lock_timeout = {_PATIENCE}")
    execute_plain(connection, f"SELECT pg_advisory_xact_lock({_LOCK})")
    execute_plain(connection, "SET LOCAL lock_timeout TO DEFAULT")
    try:
        finish(connection)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":
            raise _OthersWriteError from error
        raise


def _write(engine: Engine, work: Callable[[Connection], T], *, alone: bool = False) -> T:
    for attempt in range(1, _TRIES + 1):
        began = time.monotonic()
        try:
            with (
                engine.connect().execution_options(writes=True) as connection,
                _writer_lock(engine),  # held as briefly as possible: other writers wait for it
                connection.begin(),
            ):
                if engine.dialect.name == "postgresql":
                    _in_order(connection, alone=alone)
                return work(connection)
        except DBAPIError as error:
            # SQLite has already waited as long as a family should: do not start again.
            gave_up = time.monotonic() - began >= BUSY
            if attempt == _TRIES or gave_up or not _conflict(error):
                raise
            time.sleep(random.uniform(0.005, 0.02) * attempt)  # noqa: S311  jitter, not a secret
    raise AssertionError("unreachable")


def _conflict(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in ("40001", "40P01") or "database is locked" in str(error.orig)


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """A read-only transaction."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def look(engine: Engine) -> Iterator[Connection]:
    """The same for a single query, which on PostgreSQL needs no transaction."""
    if engine.dialect.name == "sqlite":
        with read(engine) as connection:
            yield connection
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


_ROOM = 1024 * 1024  # bytes that SQLite's folder must have left, for some ten bookings


def can_write(engine: Engine) -> bool:
    """Whether a change could be stored now: there is room, and the database does not only read.

    Changes nothing and waits for no other writer. The disk of a PostgreSQL server is not looked at.
    Raises as `read` if the database cannot be reached.
    """
    if engine.dialect.name != "sqlite":
        with look(engine) as connection:
            return connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "off"
    try:
        # Without a name, so that nothing is left of it whatever happens.
        with TemporaryFile(dir=Path(engine.url.database or "").parent) as file:
            os.posix_fallocate(file.fileno(), 0, _ROOM)
    except OSError:
        return False
    with read(engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
        try:
            connection.exec_driver_sql("DELETE FROM generation WHERE 0")
        except OperationalError as error:
            return "locked" in str(error.orig)  # then somebody else is writing
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY * 1000:.0f}")
    return True


def vacuum(engine: Engine) -> bool:
    """Remove deleted data from SQLite's files, both the database pages and the write-ahead log.

    False if a reader prevented the log from being emptied. PostgreSQL vacuums itself in time, and
    no dump of it holds deleted data.
    """
    if engine.dialect.name != "sqlite":
        return True
    with _writer_lock(engine):
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            kept_back = cursor.fetchone()
            return kept_back is not None and not kept_back[0]
        except sqlite3.OperationalError:
            return False
        finally:
            raw.close()


def sqlite_file(address: str) -> Path | None:
    """The file of a SQLite database; None for another one."""
    url = sa.make_url(address)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def held_by_others(engine: Engine) -> bool:
    """Whether anything else has this database open, so that it must not be replaced.

    Connections of the engine itself must be closed. PostgreSQL takes a moment to notice that a
    connection was closed, so it is asked for a second.
    """
    held = _sqlite_held if engine.dialect.name == "sqlite" else _postgres_held
    for _ in range(10):
        if not held(engine):
            return False
        time.sleep(0.1)
    return True


def _sqlite_held(engine: Engine) -> bool:
    """A database with a write-ahead log gives up that log only for its last connection."""
    with closing(sqlite3.connect(str(engine.url.database), timeout=0)) as connection:
        try:
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            return bool(mode != ("delete",))
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            return True


_OTHERS = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def _postgres_held(engine: Engine) -> bool:
    with look(engine) as connection:
        return bool(connection.execute(_OTHERS).scalar())


def insert_if_new(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless its unique key already exists; True if it was inserted."""
    # Not by the row count, which psycopg does not report when SQLAlchemy asks for the key.
    statement = _if_new(connection, table).values(**values).returning(sa.literal(1))
    return connection.execute(statement).first() is not None


def insert_once(connection: Connection, table: Table, key: str, **values: Any) -> tuple[str, bool]:
    """Insert a row with a new reference, once for each idempotency key.

    Returns the reference of the row with this key, and whether it was inserted now. Inserting comes
    first: when a form is sent twice at once, the second finds the row of the first.
    """
    hashed, reference = digest_of(key), new_reference()
    if insert_if_new(connection, table, key_hash=hashed, reference=reference, **values):
        return reference, True
    known = sa.select(table.c.reference).where(table.c.key_hash == hashed)
    return str(connection.execute(known).scalar_one()), False


def insert_new_rows(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert those rows whose unique key does not exist yet."""
    if rows:
        connection.execute(_if_new(connection, table), rows)


def _if_new(connection: Connection, table: Table) -> Any:
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(table).on_conflict_do_nothing()


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade the tables to a revision, in one transaction."""
    write(engine, lambda connection: upgrade(connection, revision))


def upgrade(connection: Connection, revision: str) -> None:
    """The same inside the caller's transaction."""
    if connection.dialect.name == "postgresql":
        # Two processes that start at once must not migrate at once.
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7264123)"))
    if revision == "head" and _revision_of(connection) == newest_revision():
        return
    # Alembic takes a quarter of a second to import, and few starts have anything to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@cache
def newest_revision() -> str:
    """The revision of the tables declared here: the files of migrations begin with its number."""
    return max(file.name for file in (_MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def _revision_of(connection: Connection) -> str | None:
    """The revision of a database; None before its first migration."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
