"""Prepared statements: SQL rendered once and passed straight to the driver.

Used for what every booking does. SQLAlchemy looks up a statement's SQL at each execution and wraps
each answer in a result of its own, which costs several times the database's own work. What it
hides: how a value is converted for each driver, how a driver's errors become SQLAlchemy's, and that
PostgreSQL is sent all statements up to the first whose result is needed in one pipeline: an error
may come only with that result, with the next statement of SQLAlchemy, or with the commit.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from portal.database.pipeline import Pipeline, Sent


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
        """Send it; call what this returns for the result."""
        rendered = self._rendered_for(connection.dialect)
        values = rendered.values(given)
        pipeline = _pipeline(connection)
        if pipeline is not None:
            sent = _send(connection, pipeline, rendered.sql, values)
            return lambda: _answer(connection, pipeline, sent, rendered)
        cursor = _execute(connection, rendered.sql, values)
        answer = Result(rendered.rows(cursor, connection.dialect), cursor.rowcount)
        cursor.close()
        return lambda: answer

    def execute(self, connection: Connection, **given: Any) -> None:
        """Execute without a result: PostgreSQL is not waited for."""
        self.execute_many(connection, [given])

    def execute_many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """The same, once for each row."""
        rendered = self._rendered_for(connection.dialect)
        pipeline = _pipeline(connection)
        for row in rows:
            values = rendered.values(row)
            if pipeline is not None:
                _send(connection, pipeline, rendered.sql, values)
            else:
                _execute(connection, rendered.sql, values).close()

    def _rendered_for(self, dialect: sa.Dialect) -> _Rendered:
        return self._rendered.get(dialect.name) or self._render(dialect)

    def _render(self, dialect: sa.Dialect) -> _Rendered:
        compiled = self._statement.compile(dialect=_positional(dialect), column_keys=self._columns)
        binds: dict[str, tuple[str | None, Any]] = {}
        for name, bind in compiled.binds.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                binds[name] = name, convert
            else:
                binds[name] = None, convert(bind.value) if convert else bind.value
        columns = list(self._statement.exported_columns)
        rendered = self._rendered[dialect.name] = _Rendered(
            str(compiled),
            sum(name is not None for name, _ in binds.values()),
            [binds[name] for name in compiled.positiontup or ()],
            columns,
            namedtuple("Row", [column.key for column in columns], rename=True),
        )
        return rendered


def execute_plain(connection: Connection, sql: str) -> None:
    """Execute a statement without values, such as SAVEPOINT; PostgreSQL is not waited for."""
    pipeline = _pipeline(connection)
    if pipeline is not None:
        _send(connection, pipeline, sql)
    else:
        _execute(connection, sql).close()


def _execute(connection: Connection, sql: str, values: Sequence[Any] = ()) -> Any:
    try:
        return _raw(connection).execute(sql, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _error(connection, sql, error) from error


_Convert = Callable[[Any], Any] | None


@dataclass(slots=True)
class _Rendered:
    sql: str
    number: int  # of the values that are given
    # Of each value by its position: its name, and what converts it for the driver or None; of a
    # value of the statement itself None, and the value.
    order: list[tuple[str | None, Any]]
    columns: list[Any]  # of the result; empty if there is none
    row: Any  # the named tuple that a row becomes
    converts: list[_Convert] | None = None  # by column, known after the first result

    def values(self, given: Mapping[str, Any]) -> Any:
        if len(given) > self.number:
            raise TypeError(f"too many of {', '.join(given)}")
        return [
            other if name is None else given[name] if other is None else other(given[name])
            for name, other in self.order
        ]

    def rows(self, cursor: Any, dialect: sa.Dialect) -> list[Any]:
        if not self.columns:
            return []
        fetched = cursor.fetchall()
        return self.converted(fetched, [one[1] for one in cursor.description], dialect)

    def converted(self, fetched: list[Any], kinds: Sequence[Any], dialect: sa.Dialect) -> list[Any]:
        """Rows of the driver as named tuples; `kinds` are its types of the columns."""
        make = self.row._make
        converts = self.converts
        if converts is None:
            converts = self.converts = [
                column.type.dialect_impl(dialect).result_processor(dialect, kind)
                for column, kind in zip(self.columns, kinds, strict=True)
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


# --- PostgreSQL ----------------------------------------------------------------------------------


def send_in_pipelines(engine: Engine, *, prepares: bool) -> None:
    """Have the prepared statements of an engine of PostgreSQL sent in pipelines."""

    def connected(connection: Any, record: Any) -> None:
        from portal.database.pipeline import Pipeline  # psycopg is not needed for SQLite

        record.info["pipeline"] = Pipeline(connection, prepares=prepares)

    def rolled_back(connection: Connection) -> None:
        if not connection.invalidated:
            with suppress(DBAPIError):  # what fails here has no effect either
                finish(connection)

    def reset(_connection: Any, record: Any, _state: object) -> None:
        # Something failed before it asked for an answer. A connection that is lost is not used
        # again, as its pool finds out.
        pipeline = record.info.get("pipeline")
        if pipeline is not None:
            with suppress(engine.dialect.loaded_dbapi.Error):
                pipeline.finish()

    event.listen(engine, "connect", connected)
    event.listen(engine, "before_cursor_execute", lambda connection, *_: finish(connection))
    event.listen(engine, "commit", lambda connection: finish(connection, "COMMIT"))
    event.listen(engine, "rollback", rolled_back)
    event.listen(engine, "reset", reset)


def _pipeline(connection: Connection) -> Pipeline | None:
    pipeline: Pipeline | None = connection.info.get("pipeline")
    return pipeline


def _send(connection: Connection, pipeline: Pipeline, sql: str, values: Sequence[Any] = ()) -> Sent:
    try:
        return pipeline.send(sql, values)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _error(connection, sql, error) from error


def finish(connection: Connection, how: str = "") -> None:
    """Wait for what was sent to PostgreSQL, and end the transaction as it is said here."""
    pipeline = _pipeline(connection)
    if pipeline is None:
        return
    try:
        failed = pipeline.end(how) if how else pipeline.finish()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _error(connection, "a pipeline of statements", error) from error
    if failed is not None:
        raise _error(connection, failed.sql, failed.error) from failed.error


def _answer(connection: Connection, pipeline: Pipeline, sent: Sent, rendered: _Rendered) -> Result:
    if sent.result is None:
        finish(connection)
    if sent.error is not None:
        raise _error(connection, sent.sql, sent.error) from sent.error
    result = sent.result
    rows: list[Any] = []
    if rendered.columns:
        kinds = [result.ftype(number) for number in range(result.nfields)]
        rows = rendered.converted(pipeline.rows(sent, tuple), kinds, connection.dialect)
    return Result(rows, -1 if result.command_tuples is None else result.command_tuples)


def _positional(dialect: sa.Dialect) -> sa.Dialect:
    """The dialect that numbers its values, as libpq takes them."""
    if dialect.name == "sqlite":
        return dialect
    given: dict[str, Any] = {"paramstyle": "numeric_dollar", "dbapi": dialect.loaded_dbapi}
    return type(dialect)(**given)


# --- the driver -----------------------------------------------------------------------------------


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
