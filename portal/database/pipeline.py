"""Sends statements to PostgreSQL without waiting for each, and reads their answers together.

A transaction of many small statements costs mostly the way to the database and back. libpq's
pipeline mode needs one such way for all statements up to the first whose answer is needed. Psycopg
offers the mode too, but its cursors send each statement by itself and cost 50 microseconds each; on
libpq itself, a statement costs a tenth of that. Between pipelines, the connection is as psycopg
knows it.
"""

from __future__ import annotations

import select
from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus


class Sent:
    """One statement that was sent."""

    __slots__ = ("error", "result", "sql")

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.result: Any = None  # libpq's; None until it is read
        self.error: psycopg.Error | None = None


class Pipeline:
    """The statements of one connection that wait for their answers."""

    def __init__(self, connection: psycopg.Connection[Any], *, prepares: bool) -> None:
        """With `prepares`, statements are parsed once for each connection."""
        self._connection = connection
        self._libpq = connection.pgconn
        self._values = Transformer(connection)
        self._prepares = prepares
        self._names: dict[str, bytes] = {}  # of the statements that are prepared
        self._numbers = count(1)
        self._waiting: deque[Sent] = deque()

    def send(self, sql: str, values: Sequence[Any] = ()) -> Sent:
        """Send a statement, in a transaction unless the connection commits by itself."""
        if not self._waiting:
            self._libpq.enter_pipeline_mode()
            idle = self._libpq.transaction_status == TransactionStatus.IDLE
            if idle and not self._connection.autocommit:
                self._put("BEGIN", ())
        return self._put(sql, values)

    def _put(self, sql: str, values: Sequence[Any]) -> Sent:
        dumped = self._values.dump_sequence(values, [PyFormat.TEXT] * len(values))
        if not self._prepares:
            self._libpq.send_query_params(sql.encode(), dumped)
        else:
            name = self._names.get(sql)
            if name is None:
                name = self._names[sql] = b"portal_%d" % next(self._numbers)
                self._libpq.send_prepare(name, sql.encode())
                self._waiting.append(Sent(sql))
            self._libpq.send_query_prepared(name, dumped)
        sent = Sent(sql)
        self._waiting.append(sent)
        return sent

    def finish(self) -> Sent | None:
        """Read all answers. Returns the statement that failed, after which none was executed.

        Raises psycopg.Error if the connection is lost.
        """
        if not self._waiting:
            return None
        failed: Sent | None = None
        self._libpq.pipeline_sync()
        while self._waiting:
            sent = self._waiting.popleft()
            sent.result = self._read()
            self._read()  # what ends its answer
            if sent.result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
                continue
            self._names.pop(sent.sql, None)  # it may not have been prepared
            failed = failed or sent
            sent.error = psycopg.errors.error_from_result(failed.result)
        self._read()  # the answer to `pipeline_sync`
        self._libpq.exit_pipeline_mode()
        return failed

    def end(self, how: str) -> Sent | None:
        """COMMIT or ROLLBACK, if there is a transaction; the same as `finish`."""
        if self._waiting or self._libpq.transaction_status != TransactionStatus.IDLE:
            self.send(how)
        return self.finish()

    def rows(self, sent: Sent, make: Any) -> list[Any]:
        """The rows of an answer that was read."""
        self._values.set_pgresult(sent.result)
        return self._values.load_rows(0, sent.result.ntuples, make)

    def _read(self) -> Any:
        """The next result. Other threads run while it has not come."""
        libpq = self._libpq
        while libpq.flush():
            self._wait(select.POLLIN | select.POLLOUT)
            libpq.consume_input()
        while libpq.is_busy():
            self._wait(select.POLLIN)
            libpq.consume_input()
        result = libpq.get_result()
        if libpq.status == ConnStatus.BAD:
            self._waiting.clear()
            raise psycopg.OperationalError("the connection is lost")
        return result

    def _wait(self, what: int) -> None:
        waiting = select.poll()
        waiting.register(self._libpq.socket, what)
        waiting.poll()
