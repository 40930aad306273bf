"""Backs up the whole database into one file while the portal runs, and restores it.

What it hides: one format for two databases. A backup is compressed JSON, one row per line, table by
table, read in one transaction with a consistent snapshot whatever is booked meanwhile. So a backup
of SQLite can be restored into PostgreSQL and the other way round, and one of an older release into
a newer one: it is restored into the tables of that release, which are then migrated.

The last line holds the row counts and a digest. A truncated or altered file is refused before
anything is changed; after the rows are inserted, they are read again and compared. Sign-in sessions
and known devices are left out, so that restoring an old file signs nobody in.

It holds personal data: only its owner can read the file, and it should be encrypted where it is
stored and deleted after 30 days (S51). It does not contain the secret that makes the links.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, LargeBinary, select

from portal.database import journal
from portal.database.engine import upgrade, write
from portal.database.references import belongs_to
from portal.database.tables import Moment, booking, metadata
from portal.errors import PortalError

FORMAT = 1
LEFT_OUT = ("kept_form", "sign_in_tries", "staff_device", "staff_session")
_AT_ONCE = 500


class BackupError(PortalError):
    """A backup cannot be made or used; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """The contents of a backup: when it was made, and the number of rows of each table."""

    made: datetime
    revision: str
    rows: dict[str, int]

    @property
    def words(self) -> str:
        return f"{sum(self.rows.values()):,} rows of {len(self.rows)} tables"


# --- saving -------------------------------------------------------------------------------------


def save(engine: Engine, file: Path, *, now: datetime) -> Backup:
    """Write a backup into a new file. The portal may keep running.

    Raises BackupError if the file exists already, or cannot be written.
    """
    if file.exists():
        raise BackupError(f"{file} already exists. Name another file.")
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as raw:
                with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
                    made = _write(engine, packed, now)
                raw.flush()
                os.fsync(raw.fileno())
            file.hardlink_to(fresh)  # unlike a rename, never replaces an existing file
        finally:
            fresh.unlink(missing_ok=True)
    except FileExistsError as error:
        raise BackupError(f"{file} already exists. Name another file.") from error
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from error
    return made


def _write(engine: Engine, packed: gzip.GzipFile, now: datetime) -> Backup:
    tables = [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]
    with _snapshot(engine) as connection:
        revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        kinds = {table.name: _kinds(table) for table in tables}
        header = {
            "portal backup": FORMAT,
            "made": now.isoformat(),
            "revision": revision,
            "tables": [[name, list(one.items())] for name, one in kinds.items()],
        }
        packed.write(_line(header))
        digest, rows = hashlib.sha256(), {}
        for table in tables:
            rows[table.name] = 0
            for line in _lines(connection, table.name, kinds[table.name]):
                packed.write(line)
                digest.update(line)
                rows[table.name] += 1
        packed.write(_line({"rows": rows, "sha256": digest.hexdigest()}))
    return Backup(now, str(revision), rows)


@contextlib.contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """A read-only transaction with one consistent snapshot."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


# The kind of value in each column, which says how it is written as JSON.
Kinds = dict[str, str]


def _kinds(table: sa.Table) -> Kinds:
    def kind(column: sa.Column[Any]) -> str:
        for known, name in ((Moment, "moment"), (LargeBinary, "bytes"), (sa.JSON, "json")):
            if isinstance(column.type, known):
                return name
        return "yes-no" if isinstance(column.type, sa.Boolean) else "plain"

    keys = {column.name for column in table.primary_key}
    return {c.name: f"{kind(c)}{' key' * (c.name in keys)}" for c in table.columns}


_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "moment": Moment(),
    "bytes": LargeBinary(),
    "json": sa.JSON(),
    "yes-no": sa.Boolean(),
    "plain": sa.types.NullType(),
}


def _light(name: str, kinds: Kinds) -> sa.TableClause:
    """The table as the file describes it, which may be an older version."""
    return sa.table(name, *(sa.column(c, _TYPES[k.split()[0]]) for c, k in kinds.items()))


def _lines(connection: Connection, name: str, kinds: Kinds) -> Iterator[bytes]:
    """The rows of a table in primary key order, which is the same on both databases."""
    table = _light(name, kinds)
    keys = [table.c[column] for column, kind in kinds.items() if kind.endswith(" key")]
    if connection.dialect.name == "postgresql":
        texts = _texts(connection, name)
        keys = [sa.collate(key, "C") if key.name in texts else key for key in keys]  # type: ignore[misc]
    query = select(table).order_by(*keys).execution_options(yield_per=_AT_ONCE)
    with connection.execute(query) as rows:
        for row in rows:
            yield _line([name, *(_packed(value) for value in row)])


def _texts(connection: Connection, name: str) -> set[str]:
    columns = sa.inspect(connection).get_columns(name)
    return {one["name"] for one in columns if isinstance(one["type"], sa.String)}


def _packed(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode()
    return value


def _unpacked(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind.startswith("moment"):
        return datetime.fromisoformat(value)
    return b64decode(value) if kind.startswith("bytes") else value


def _line(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode() + b"\n"


# --- restoring ----------------------------------------------------------------------------------


def look(file: Path) -> Backup:
    """Read a file to its end and check that it is complete. Raises BackupError."""
    header: dict[str, Any] = {}
    end: dict[str, Any] = {}
    rows: dict[str, int] = {}
    digest = hashlib.sha256()
    for line, value in _read(file):
        if end:
            raise BackupError(f"{file} goes on after its end. Take another backup.")
        if not header:
            header = _header(file, value)
            rows = dict.fromkeys(_tables(header), 0)
        elif isinstance(value, dict):
            end = value
        else:
            rows[value[0]] += 1
            digest.update(line)
    if not end or end.get("sha256") != digest.hexdigest() or end.get("rows") != rows:
        raise BackupError(f"{file} was cut or changed. Take another backup.")
    return Backup(datetime.fromisoformat(header["made"]), str(header["revision"]), rows)


def _header(file: Path, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("portal backup") != FORMAT:
        raise BackupError(f"{file} is not a backup of this portal.")
    return value


def _tables(header: dict[str, Any]) -> dict[str, Kinds]:
    return {name: dict(columns) for name, columns in header["tables"]}


def _read(file: Path) -> Iterator[tuple[bytes, Any]]:
    try:
        with gzip.open(file, "rb") as lines:
            for line in lines:
                yield line, json.loads(line)
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise BackupError(f"{file} cannot be read: it is not a complete backup.") from error


# Called once the rows are restored, with the deletions of the database that was replaced; None if
# it had no log.
Finish = Callable[[Connection, list[journal.Line] | None], None]


def restore(
    engine: Engine, file: Path, *, replace: bool = False, finish: Finish | None = None
) -> Backup:
    """Restore a backup into an empty database, or with `replace` over the existing data.

    It runs in one transaction, and what was written is read again and compared; `finish` ends the
    transaction by doing again what the backup is too old to know. Raises BackupError if the file is
    incomplete or the database is not empty, and then changes nothing.
    """
    found = look(file)

    def work(connection: Connection) -> None:
        there = set(sa.inspect(connection).get_table_names())
        filled = [
            name
            for name in sorted(there - {"alembic_version"})
            if connection.execute(select(sa.literal(1)).select_from(sa.table(name))).first()
        ]
        if filled and not replace:
            raise BackupError(
                "The database is not empty. Restore into an empty one, or say --replace."
            )
        since = found.made - journal.MARGIN
        noted = journal.lines(connection, since) if "audit" in filled else None
        _drop(connection, there)
        try:
            upgrade(connection, found.revision)
        except Exception as error:
            raise BackupError(
                f"{file} is of a newer release ({found.revision}). Install that one first."
            ) from error
        kinds = _fill(connection, file)
        _check(connection, file, kinds, found)
        upgrade(connection, "head")
        if finish is not None:
            finish(connection, noted)

    write(engine, work)
    return found


def _drop(connection: Connection, there: Iterable[str]) -> None:
    """Drop all tables, even empty ones, because those of the backup's release may differ."""
    present = sa.MetaData()
    present.reflect(connection, only=sorted(there))
    present.drop_all(connection)


def _fill(connection: Connection, file: Path) -> dict[str, Kinds]:
    kinds: dict[str, Kinds] = {}
    waiting: list[dict[str, Any]] = []
    name = ""

    def put() -> None:
        if waiting:
            connection.execute(_light(name, kinds[name]).insert(), waiting)
            waiting.clear()

    for _, value in _read(file):
        if isinstance(value, dict):
            kinds = kinds or _tables(value)
            continue
        if value[0] != name or len(waiting) >= _AT_ONCE:
            put()
            name = value[0]
        cells = zip(kinds[name].items(), value[1:], strict=True)
        waiting.append({column: _unpacked(cell, kind) for (column, kind), cell in cells})
    put()
    reset_sequences(connection, [name for name, columns in kinds.items() if "id" in columns])
    return kinds


def reset_sequences(connection: Connection, names: Iterable[str]) -> None:
    """Set PostgreSQL's sequences of these tables to continue after ids that were given."""
    for name in names if connection.dialect.name == "postgresql" else ():
        connection.execute(
            sa.text(
                "SELECT setval(pg_get_serial_sequence(:name, 'id'), "  # noqa: S608  our own names
                f"coalesce((SELECT max(id) FROM {name}), 1), "
                f"EXISTS (SELECT 1 FROM {name}))"
            ),
            {"name": name},
        )


def _check(connection: Connection, file: Path, kinds: dict[str, Kinds], found: Backup) -> None:
    """Compare the database with the file."""
    digest, rows = hashlib.sha256(), {}
    for name, columns in kinds.items():
        rows[name] = 0
        for line in _lines(connection, name, columns):
            digest.update(line)
            rows[name] += 1
    end = [value for _, value in _read(file)][-1]
    if rows != found.rows or digest.hexdigest() != end["sha256"]:
        raise BackupError("What was written is not what stands in the file. Nothing was kept.")


def secret_matches(engine: Engine, secret: str) -> bool:
    """Whether the links of the bookings in the database were made with this secret."""
    with engine.connect() as connection:
        row = connection.execute(select(booking.c.link_nonce, booking.c.link_hash).limit(1)).first()
    return row is None or belongs_to(secret, bytes(row.link_nonce), bytes(row.link_hash))
