"""Prepared statements: SQL rendered once and passed straight to the driver.

Used for what every booking does. SQLAlchemy looks up a statement's SQL at each execution and wraps
each answer in a result of its own, which costs several times the database's own work. What it
hides: how a value is converted for each driver, how a driver's errors become SQLAlchemy's, and that
statements can be sent to PostgreSQL in one pipeline.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


class Result:
    """The result of a statement: rows with their columns as attributes, and the row count."""

    __slots__ = ("rowcount", "rows")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self.rows = rows
        self.rowcount = rowcount

    def first(self) -> Any | None:
        return self.rows[0] if self.rows else None

    def one(self) -> Any:
        """The only row. Raises ValueError if there is not exactly one."""
        (row,) = self.rows
        return row

    def scalar(self) -> Any:
        """The first column of the first row; None if there are no rows."""
        return self.rows[0][0] if self.rows else None

    def scalar_one(self) -> Any:
        """The first column of the only row."""
        return self.one()[0]


class Prepared:
    """One statement. Values are converted by the types of their columns, and errors are
    SQLAlchemy's, as elsewhere. `columns` are those that an INSERT fills.
    """

    def __init__(self, statement: sa.Executable, columns: Iterable[str] = ()) -> None:
        self._statement: Any = statement
        self._columns = list(columns) or None
        self._rendered: dict[str, _Rendered] = {}

    def __call__(self, connection: Connection, **given: Any) -> Result:
        """Raises KeyError if a parameter is missing, TypeError if there are too many."""
        return self.later(connection, **given)()

    def later(self, connection: Connection, **given: Any) -> Callable[[], Result]:
        """Execute now; call what this returns for the result, after the `bundle` it was sent in."""
        rendered = self._rendered_for(connection.dialect)
        try:
            cursor = _raw(connection).execute(rendered.sql, rendered.values(given))
        except connection.dialect.loaded_dbapi.Error as error:
            raise _error(connection, rendered.sql, error) from error

        def result() -> Result:
            try:
                answer = Result(rendered.rows(cursor, connection.dialect), cursor.rowcount)
                cursor.close()
            except connection.dialect.loaded_dbapi.Error as error:
                raise _error(connection, rendered.sql, error) from error
            return answer

        return result

    def execute(self, connection: Connection, **given: Any) -> None:
        """Execute without a result: in a `bundle` nothing waits for it."""
        rendered = self._rendered_for(connection.dialect)
        try:
            _raw(connection).execute(rendered.sql, rendered.values(given)).close()
        except connection.dialect.loaded_dbapi.Error as error:
            raise _error(connection, rendered.sql, error) from error

    def execute_many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute once for each row, in one call."""
        rendered = self._rendered_for(connection.dialect)
        cursor = _raw(connection).cursor()
        try:
            cursor.executemany(rendered.sql, [rendered.values(row) for row in rows])
            cursor.close()
        except connection.dialect.loaded_dbapi.Error as error:
            raise _error(connection, rendered.sql, error) from error

    def _rendered_for(self, dialect: sa.Dialect) -> _Rendered:
        return self._rendered.get(dialect.name) or self._render(dialect)

    def _render(self, dialect: sa.Dialect) -> _Rendered:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        binds: dict[str, _Convert] = {}
        own: dict[str, Any] = {}
        for name, bind in compiled.binds.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                binds[name] = convert
            else:
                own[name] = convert(bind.value) if convert else bind.value
        columns = list(self._statement.exported_columns)
        rendered = self._rendered[dialect.name] = _Rendered(
            str(compiled),
            binds,
            own,
            compiled.positiontup if compiled.positional else None,
            columns,
            namedtuple("Row", [column.key for column in columns], rename=True),
        )
        return rendered


def execute_plain(connection: Connection, sql: str) -> None:
    """Execute a statement without values, such as BEGIN."""
    try:
        _raw(connection).execute(sql).close()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _error(connection, sql, error) from error


@contextmanager
def bundle(connection: Connection) -> Iterator[None]:
    """Send the statements of this block to PostgreSQL in one pipeline; errors come at its end.

    For statements that do not need each other's results: PostgreSQL executes them in order, each
    seeing the effects of those before it. On SQLite there is no round trip to save.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    try:
        with _raw(connection).pipeline():
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _error(connection, "a bundle of statements", error) from error


_Convert = Callable[[Any], Any] | None


@dataclass(slots=True)
class _Rendered:
    sql: str
    binds: dict[str, _Convert]  # by name: converts a value for the driver
    own: dict[str, Any]  # values of the statement itself
    order: list[str] | None  # of the names, if the driver takes values by position
    columns: list[Any]  # of the result; empty if there is none
    row: Any  # the named tuple that a row becomes
    converts: list[_Convert] | None = None  # by column, known after the first result

    def values(self, given: Mapping[str, Any]) -> Any:
        if len(given) > len(self.binds):
            raise TypeError(f"too many of {', '.join(given)}")
        values = {
            name: given[name] if convert is None else convert(given[name])
            for name, convert in self.binds.items()
        }
        values |= self.own
        return values if self.order is None else [values[name] for name in self.order]

    def rows(self, cursor: Any, dialect: sa.Dialect) -> list[Any]:
        if not self.columns:
            return []
        fetched, make = cursor.fetchall(), self.row._make
        converts = self.converts
        if converts is None:
            converts = self.converts = [
                column.type.dialect_impl(dialect).result_processor(dialect, sent[1])
                for column, sent in zip(self.columns, cursor.description, strict=True)
            ]
        if not any(converts):
            return [make(row) for row in fetched]
        return [
            make(
                [
                    value if convert is None else convert(value)
                    for convert, value in zip(converts, row, strict=True)
                ]
            )
            for row in fetched
        ]


def _raw(connection: Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.dbapi_connection


def _error(connection: Connection, sql: str, error: Any) -> BaseException:
    """The driver's error as SQLAlchemy's; a dead connection is invalidated.

    The values are left out, because families typed them.
    """
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, _raw(connection), None)
    if lost:
        connection.invalidate(error)
    wrapped: BaseException = DBAPIError.instance(
        sql,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
    return wrapped
