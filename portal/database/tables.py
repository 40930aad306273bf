"""The tables of the live half, an engine by its address, and the one way to write.

What it hides: two databases with one behaviour. Every verb that changes something is one call of
`write(engine, work)`: on SQLite `BEGIN IMMEDIATE` behind a blocking file lock, because SQLite's own
busy wait sleeps and starves (p99 0.4-0.8 s against 0.05-0.2 s); on PostgreSQL a transaction that is
tried again, at most five times with jitter, when the server reports a conflict (40001, 40P01).
Statements live in `bookings`, `messages`, `registers` and `accounts`, nowhere else.

Whoever adds a table adds a migration beside this file; a test runs both databases up from every
released version and compares the outcome with the tables declared here.
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
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.exc import DBAPIError, InvalidatePoolError

from portal.database.audit import DEEDS, Deed, actor_known
from portal.database.prepared import Prepared, bare

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.TypeDecorator[datetime]):
    """An aware moment, stored in UTC. Naive ones are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], Any]:
        """Not the library's own: each booking has eleven moments."""
        # SQLite keeps no zone, so the text must sort as UTC; its form is the library's.
        return _as_text if dialect.name == "sqlite" else _aware

    def process_result_value(
        self,
        value: datetime | None,
        dialect: sa.Dialect,  # noqa: ARG002  the library's signature
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return value


def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


STATUSES = ("requested", "confirmed", "waiting", "offered", "cancelled", "lapsed", "declined")
LIVE = ("requested", "confirmed", "waiting", "offered")
HOLDING = ("confirmed", "offered")

# A thing one can book: a whole series (planned is ''), or one session of it by its planned date.
bookable = Table(
    "bookable",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series", String(200), nullable=False),
    Column("planned", String(10), nullable=False),
    Column("places", Integer, nullable=False),
    # What the constraint holds `held` to. It is `places`, except where staff lowered the places
    # below what was held already: then it falls with `held` until it meets `places` again.
    Column("allowed", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),  # parties on the waiting list
    Column("last_number", Integer, nullable=False),  # the last number given out on it
    UniqueConstraint("series", "planned"),
    CheckConstraint("held >= 0 AND held <= allowed", name="held"),
    CheckConstraint("waiting >= 0", name="waiting"),
)

booking = Table(
    "booking",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bookable_id", ForeignKey("bookable.id"), nullable=False),
    Column("reference", String(9), nullable=False, unique=True),  # read out; opens nothing
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),  # of the idempotency key
    Column("link_nonce", LargeBinary(16), nullable=False),  # with the secret, makes the link
    Column("link_hash", LargeBinary(32), nullable=False, unique=True),
    Column("calendar_id", String(32), nullable=False),  # its UID in the family's calendar
    Column("revision", Integer, nullable=False),  # SEQUENCE of that entry
    Column("status", String(10), nullable=False),
    Column("way", String(10), nullable=False),  # book, request or referral
    Column("people", Integer, nullable=False),
    Column("places", Integer, nullable=False),  # how many it claims
    Column("number", Integer),  # its number on the waiting list
    Column("passed", Integer, nullable=False),  # how often a smaller party went first
    Column("offered_until", Moment),
    Column("twin", Boolean, nullable=False),  # the same contact holds another one here
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("ends", Moment),  # the end of its last session: personal data go so long after
    Column("reason", Text, nullable=False, server_default=""),  # why we said no, for the family
    Column("was", String(10), nullable=False, server_default=""),  # its status before it ended
    CheckConstraint(f"status IN {STATUSES}", name="status"),
    CheckConstraint("places >= 1 AND people >= 1", name="places"),
    Index("ix_booking_queue", "bookable_id", "status", "number"),
    Index("ix_booking_offered", "status", "offered_until"),
)

# Who booked. Kept apart from the booking, because it is erased by date and the booking is not.
person = Table(
    "person",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("email", String(254)),
    Column("phone", String(30)),
    Column("contact_by", String(10), nullable=False),
    Column("safe_to_contact", Boolean, nullable=False),
    Column("contact_hash", LargeBinary(32)),
    Column("children", JSON, nullable=False),  # ages in words, never birth dates
    Column("notes", Text, nullable=False),
    Column("answers", JSON, nullable=False),  # to the programme's own questions
    Column("remark", Text, nullable=False, server_default=""),  # what staff noted
    Index("ix_person_contact", "contact_hash"),
)

# Access and language needs: health data, erased first.
need = Table(
    "need",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("access", Text, nullable=False),
    Column("language", Text, nullable=False),
)

# The professional who asked, and the family's consent.
referral = Table(
    "referral",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("role", String(80), nullable=False),
    Column("organisation", String(120), nullable=False),
    Column("email", String(254)),
    Column("phone", String(30)),
    Column("consent", Boolean, nullable=False),
    Column("consented", Moment, nullable=False),
    CheckConstraint("consent", name="consent"),
)

# What became of a booking at one session. Without a row the family is expected. It names nobody.
attendance = Table(
    "attendance",
    metadata,
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True),
    Column("planned", String(10), primary_key=True),
    Column("mark", String(10), nullable=False),
    Column("version", Integer, nullable=False),  # counted up by each change of this row
    Column("changed", Moment, nullable=False),
    CheckConstraint("mark IN ('expected', 'came', 'apologies', 'absent')", name="mark"),
)

# Who came to a session without a booking, as numbers alone.
walk_in = Table(
    "walk_in",
    metadata,
    Column("series", String(200), primary_key=True),
    Column("planned", String(10), primary_key=True),
    Column("families", Integer, nullable=False),
    Column("children", Integer, nullable=False),
    Column("adults", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed", Moment, nullable=False),
    CheckConstraint("families >= 0 AND children >= 0 AND adults >= 0", name="numbers"),
)

# What staff had to say to everybody of a session. It stands on each family's own page.
notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("series", String(200), nullable=False),
    Column("planned", String(10), nullable=False),
    Column("words", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Index("ix_notice_series", "series", "planned"),
)

# A practitioner's Gap in Service form: a need that nothing at hand meets. It names no family.
gap = Table(
    "gap",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_hash", LargeBinary(32), nullable=False, unique=True),
    Column("reference", String(9), nullable=False, unique=True),
    Column("district", String(60), nullable=False),
    Column("needs", JSON, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("tried", Text, nullable=False),
    Column("pounds", Integer),
    Column("name", String(80), nullable=False),
    Column("organisation", String(120), nullable=False),
    Column("email", String(254), nullable=False),
    Column("created", Moment, nullable=False),
)

# What is owed to whom. The address is looked up when it is sent, so that it is kept once.
message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("booking_id", ForeignKey("booking.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("about", JSON, nullable=False),  # what the words need beside the booking
    Column("state", String(10), nullable=False),  # owed, sending, sent, failed, dropped
    Column("due", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claimed", Moment),
    Column("claimant", String(64)),
    Column("sent", Moment),
    Column("trouble", Text),  # why the last try failed
    Column("receipt", String(200)),  # the channel's own reference
    Column("created", Moment, nullable=False),
    CheckConstraint("state IN ('owed', 'sending', 'sent', 'failed', 'dropped')", name="state"),
    Index("ix_message_due", "state", "due"),
    Index("ix_message_booking", "booking_id"),
)

# What families were last told of each booked session, so that each change is told once.
told = Table(
    "told",
    metadata,
    Column("series", String(200), primary_key=True),
    Column("planned", String(10), primary_key=True),
    Column("words", String(64), nullable=False),  # a digest of what was said
    Column("told", Moment, nullable=False),
    Column("facts", JSON, nullable=False, server_default="{}"),  # when and where; {} in old rows
)

# Who did what, without a personal value.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(60), nullable=False),  # family, professional, clock, staff:<id>
    Column("did", String(40), nullable=False),
    Column("booking_id", Integer),
    Column("series", String(200)),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_booking", "booking_id"),
    Index("ix_audit_at", "at"),
)

# Token buckets, keyed by a salted hash of what is limited.
bucket = Table(
    "bucket",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("tokens", sa.Float, nullable=False),
    Column("at", Moment, nullable=False),
)

# Who works with the portal. A row stays when somebody leaves, without what opened the door, so that
# the log can still say who it was; it goes with the log.
ROLES = ("worker", "manager", "administrator")
staff = Table(
    "staff",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(254), nullable=False, unique=True),  # an email address, in lower case
    Column("title", String(80), nullable=False),  # what the person is called
    Column("role", String(20), nullable=False),
    Column("centres", JSON, nullable=False),  # slugs: where a worker works
    Column("footprint", String(60)),  # of a manager
    Column("password", String(200)),  # an Argon2id hash
    # With the secret they make the key of the codes: in use, and shown but not yet confirmed.
    Column("factor", LargeBinary(16)),
    Column("factor_shown", LargeBinary(16)),
    Column("factor_step", Integer),  # the time step of the last code: each works once
    Column("invitation_hash", LargeBinary(32), unique=True),
    Column("invited_until", Moment),
    Column("created", Moment, nullable=False),
    Column("seen", Moment),  # the last sign-in
    Column("removed", Moment),
    CheckConstraint(f"role IN {ROLES}", name="role"),
)

# Recovery codes, each good for one sign-in without the second factor. A used one is deleted.
staff_code = Table(
    "staff_code",
    metadata,
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
    Column("code_hash", LargeBinary(32), primary_key=True),
)

# Who is signed in at this moment. The browser holds the token, the table its hash.
staff_session = Table(
    "staff_session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    Column("whole", Boolean, nullable=False),  # whether the second factor was given too
    Column("began", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Index("ix_staff_session_staff", "staff_id"),
)


# As many as a server has threads. Whoever comes takes the connection that was laid down last: it
# still has its pages and its statements at hand, which the others would have to fetch anew.
_POOL: dict[str, Any] = {"pool_size": 16, "max_overflow": 16, "pool_use_lifo": True}


def connect(address: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...`, set up to lose nothing it confirmed.

    Its faults leave out the values of their statements: those are what families typed.
    """
    url = sa.make_url(address)
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ValueError("the database needs a file: several processes share it")
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            **_POOL,
            connect_args={"timeout": 10, "check_same_thread": False},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        **_POOL,
        connect_args={"connect_timeout": 5},
    )
    event.listen(engine, "checkin", _laid_down)
    event.listen(engine, "checkout", partial(_taken_up, engine.dialect))
    return engine


# A connection that was idle for so many seconds is asked whether it lives before it is used. Asked
# at each use (`pool_pre_ping`), the question would cost as much as a tenth of a booking.
_TRUSTED = 1.0


def _laid_down(_connection: Any, record: Any) -> None:
    record.info["laid down"] = time.monotonic()


def _taken_up(dialect: sa.Dialect, connection: Any, record: Any, _holder: object) -> None:
    if time.monotonic() - record.info.get("laid down", math.inf) <= _TRUSTED:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        # Then the others are as old: the pool opens new ones.
        raise InvalidatePoolError from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA secure_delete=ON")  # what is deleted is written over
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    bare(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")


_queue = threading.local()
# Threads of one process that write to PostgreSQL at once. More would only wait for each other: for
# one row's lock while its holder waits for the interpreter's (p99 3 s against 0.8 s at 32 clients).
_gate = threading.Semaphore(2)


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Wait for this writer's turn: queues of our own are fairer than what the databases do."""
    if engine.dialect.name != "sqlite":
        with _gate:
            yield
        return
    # One open file a thread: a lock belongs to the open file, and a forked child shares it.
    files: dict[tuple[int, str], int] = _queue.__dict__.setdefault("files", {})
    mine = os.getpid(), f"{engine.url.database}.turn"
    if mine not in files:
        files[mine] = os.open(mine[1], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(files[mine], fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(files[mine], fcntl.LOCK_UN)


def write(engine: Engine, work: Callable[[Connection], T], *, tries: int = 5) -> T:
    """Do `work` in one transaction, committed before this returns. `work` may run again."""
    for attempt in range(1, tries + 1):
        try:
            with (
                engine.connect().execution_options(writes=True) as connection,
                _turn(engine),  # as short as can be: others wait for it
                connection.begin(),
            ):
                return work(connection)
        except DBAPIError as error:
            if attempt == tries or not _conflict(error):
                raise
            time.sleep(random.uniform(0.005, 0.02) * attempt)  # noqa: S311  jitter, not a secret
    raise AssertionError("unreachable")


def _conflict(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in ("40001", "40P01") or "database is locked" in str(error.orig)


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one moment of the database and writes nothing."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def look(engine: Engine) -> Iterator[Connection]:
    """The same for a single question: PostgreSQL need not begin and end a transaction for it."""
    if engine.dialect.name == "sqlite":
        with read(engine) as connection:
            yield connection
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def sweep(engine: Engine) -> bool:
    """Leave nothing of what was deleted in the files of SQLite: neither in pages nor in the log.

    False where somebody who reads kept the log from being emptied. PostgreSQL does it by itself,
    in time, and no dump of it holds what was deleted.
    """
    if engine.dialect.name != "sqlite":
        return True
    with _turn(engine):
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


def insert_if_new(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless its unique key is there; True where it was inserted."""
    # Not by the count of rows, which psycopg does not know where SQLAlchemy asks for the key.
    wish = _if_new(connection, table).values(**values).returning(sa.literal(1))
    return connection.execute(wish).first() is not None


def insert_those_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert those rows whose unique key is not there."""
    if rows:
        connection.execute(_if_new(connection, table), rows)


def _if_new(connection: Connection, table: Table) -> Any:
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(table).on_conflict_do_nothing()


_noted = Prepared(audit.insert(), ("at", "actor", "did", "booking_id", "series", "detail"))


def note(
    connection: Connection,
    now: datetime,
    actor: str,
    did: Deed,
    booking_id: int | None = None,
    series: str | None = None,
    **detail: Any,
) -> None:
    """Write a line of the log. Raises ValueError where `labels` has no words for it."""
    if did not in DEEDS or not actor_known(actor):
        raise ValueError(f"'{actor}' and '{did}' must have words for the log")
    _noted.alone(
        connection,
        at=now,
        actor=actor,
        did=did,
        booking_id=booking_id,
        series=series,
        detail=detail,
    )


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database's tables to a version, forward, in one transaction."""
    write(engine, lambda connection: upgrade(connection, revision))


def upgrade(connection: Connection, revision: str) -> None:
    """The same inside a transaction of the caller's."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        # Two processes that start at once must not migrate at once.
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7264123)"))
    command.upgrade(config, revision)
