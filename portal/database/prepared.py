"""Statements whose words are made once, and given straight to the driver.

For what every booking does. SQLAlchemy looks for a statement's words anew at each execution, and
wraps each answer in a result of its own; that costs several times the database's own work. What it
hides: how a value becomes what each driver wants, how a driver's faults become SQLAlchemy's, and
that PostgreSQL can be asked many things in one piece.
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
    """What a statement answered: rows, whose columns are attributes, and how many rows it
    touched."""

    __slots__ = ("rowcount", "rows")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self.rows = rows
        self.rowcount = rowcount

    def first(self) -> Any | None:
        return self.rows[0] if self.rows else None

    def one(self) -> Any:
        """The one row that there is. Raises ValueError where there is not."""
        (row,) = self.rows
        return row

    def scalar(self) -> Any:
        """The first column of the first row; None where there is no row."""
        return self.rows[0][0] if self.rows else None

    def scalar_one(self) -> Any:
        """The first column of the one row that there is."""
        return self.one()[0]


class Prepared:
    """One statement. Values go in and come out as the types of the columns say, and faults are
    SQLAlchemy's, as everywhere. `columns` are those that an INSERT fills.
    """

    def __init__(self, statement: sa.Executable, columns: Iterable[str] = ()) -> None:
        self._statement: Any = statement
        self._columns = list(columns) or None
        self._rendered: dict[str, _Rendered] = {}

    def __call__(self, connection: Connection, **given: Any) -> Result:
        """Raises KeyError where a name is missing, TypeError where one is too many."""
        return self.later(connection, **given)()

    def later(self, connection: Connection, **given: Any) -> Callable[[], Result]:
        """Ask now, and have the answer when this is called: after the `bundle` it is asked in."""
        made = self._made_for(connection.dialect)
        try:
            cursor = _raw(connection).execute(made.words, made.values(given))
        except connection.dialect.loaded_dbapi.Error as error:
            raise _fault(connection, made.words, error) from error

        def found() -> Result:
            try:
                answer = Result(made.rows(cursor, connection.dialect), cursor.rowcount)
                cursor.close()
            except connection.dialect.loaded_dbapi.Error as error:
                raise _fault(connection, made.words, error) from error
            return answer

        return found

    def execute(self, connection: Connection, **given: Any) -> None:
        """Do it, and ask for no answer: in a `bundle` nothing is waited for."""
        made = self._made_for(connection.dialect)
        try:
            _raw(connection).execute(made.words, made.values(given)).close()
        except connection.dialect.loaded_dbapi.Error as error:
            raise _fault(connection, made.words, error) from error

    def execute_many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Do it once for each of these, in one go."""
        made = self._made_for(connection.dialect)
        cursor = _raw(connection).cursor()
        try:
            cursor.executemany(made.words, [made.values(row) for row in rows])
            cursor.close()
        except connection.dialect.loaded_dbapi.Error as error:
            raise _fault(connection, made.words, error) from error

    def _made_for(self, dialect: sa.Dialect) -> _Rendered:
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
        made = self._rendered[dialect.name] = _Rendered(
            str(compiled),
            binds,
            own,
            compiled.positiontup if compiled.positional else None,
            columns,
            namedtuple("Row", [column.key for column in columns], rename=True),
        )
        return made


def execute_plain(connection: Connection, words: str) -> None:
    """Give the driver a statement without values, such as BEGIN."""
    try:
        _raw(connection).execute(words).close()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _fault(connection, words, error) from error


@contextmanager
def bundle(connection: Connection) -> Iterator[None]:
    """What is asked in here goes to PostgreSQL in one piece, and its faults come at the end.

    For statements that need no answer of each other: PostgreSQL does them in order, each in view of
    what stands when its turn comes. SQLite has no way to be gone.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    try:
        with _raw(connection).pipeline():
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _fault(connection, "a bundle of statements", error) from error


_Convert = Callable[[Any], Any] | None


@dataclass(slots=True)
class _Rendered:
    words: str
    binds: dict[str, _Convert]  # by name: what makes a value of the driver's
    own: dict[str, Any]  # values of the statement itself
    order: list[str] | None  # of the names, where the driver wants no names
    columns: list[Any]  # of the answer; none where there is no answer
    row: Any  # the kind of tuple that a row of it becomes
    converts: list[_Convert] | None = None  # by column, once the driver has said what it sends

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
        came, make = cursor.fetchall(), self.row._make
        converts = self.converts
        if converts is None:
            converts = self.converts = [
                column.type.dialect_impl(dialect).result_processor(dialect, sent[1])
                for column, sent in zip(self.columns, cursor.description, strict=True)
            ]
        if not any(converts):
            return [make(row) for row in came]
        return [
            make(
                [
                    value if convert is None else convert(value)
                    for convert, value in zip(converts, row, strict=True)
                ]
            )
            for row in came
        ]


def _raw(connection: Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.dbapi_connection


def _fault(connection: Connection, words: str, error: Any) -> BaseException:
    """What the driver raised, as SQLAlchemy's; a dead connection is given up.

    Without the values: they are what families typed.
    """
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, _raw(connection), None)
    if lost:
        connection.invalidate(error)
    told: BaseException = DBAPIError.instance(
        words,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
    return told
