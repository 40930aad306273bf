"""Connections that cannot hold the server up: each phase of a request has its time, each network
its number of connections.

Uvicorn reads and writes in one thread, so that a slow sender or reader holds a connection and no
thread. What it lacks is added here (S27): the time for a whole header, for a whole body, and for
reading an answer; the size of a header; how many requests may be sent without waiting for answers;
how many connections one network and all together may hold, and how much may wait to be read. Where
there are too many, the one that has waited longest is closed, and the new one is taken: quick
visitors of a network with slow ones are still answered.
"""

from __future__ import annotations

import asyncio
import ipaddress
import resource
import socket
import time
from collections import Counter, OrderedDict, defaultdict
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from portal.database.rate_limits import network_of
from portal.web.headers import HEADERS
from portal.web.visitors import forwarded, unwrapped

HEADER_SECONDS = 10.0  # for the whole header, from the first byte or the start of the connection
BODY_SECONDS = 20.0  # for the whole body
_READ_SECONDS = 30.0  # for reading an answer, and as long again for each 120 KB
_READ_BYTES_A_SECOND = 4096
_LONGEST_HEADER = 64 * 1024
_MOST_PIPELINED = 16  # requests of one connection that wait for the answer before them
_MOST_UNSENT = 32 * 1024  # bytes that a connection takes before it waits for its reader
# The system's own buffer for what has not been read. By default it grows to some megabytes for each
# connection: the memory of a slow reader, and the time to fill it while everybody else waits.
_SYSTEM_BUFFER = 64 * 1024
_MOST_UNREAD = 64 * 1024 * 1024  # bytes of answers that wait to be read, in one process
_MOST_CONNECTIONS = 4000  # of one process, if the system lets it open as many files
_OTHER_FILES = 200  # files that a process may need beside its connections
_LOOK_EVERY = 1.0  # seconds between looks for connections that have had their time


class Answer(Protocol):
    """An answer that is being sent."""

    body: bytes
    rest: int  # bytes that have not been handed to the connection


class Connections:
    """The open connections of one process, by network, and their limits."""

    def __init__(self, per_network: int, proxies: int) -> None:
        self.proxies = proxies
        self._per_network = per_network
        self._most = _allowed_connections()
        self._number = 0
        # Of each network, those that have waited longest come first: no search goes through all.
        self._of: dict[str, OrderedDict[Connection, None]] = defaultdict(OrderedDict)

    def add(self, connection: Connection) -> bool:
        """Count a connection to its network; False if it must be refused."""
        if self._number >= self._most:
            largest = max(self._of.values(), key=len)
            if not _close_oldest(largest):
                return False
        if not self._has_room(connection.network):
            return False
        self._of[connection.network][connection] = None
        self._number += 1
        return True

    def drop(self, connection: Connection) -> None:
        """No longer count this connection."""
        of = self._of.get(connection.network)
        if of and connection in of:
            del of[connection]
            self._number -= 1
            if not of:
                del self._of[connection.network]

    def renew(self, connection: Connection) -> None:
        """Count this connection as the one of its network that has waited the least."""
        of = self._of.get(connection.network)
        if of and connection in of:
            of.move_to_end(connection)

    def _has_room(self, network: str) -> bool:
        of = self._of.get(network, OrderedDict())
        limited = bool(network) and self._per_network > 0
        return not limited or len(of) < self._per_network or _close_oldest(of)

    async def watch(self) -> None:
        """Close what has had its time, as long as the server runs.

        Time in which the server itself was late is not counted: what visitors sent meanwhile is
        read before the next look.
        """
        while True:
            due = time.monotonic() + _LOOK_EVERY
            await asyncio.sleep(_LOOK_EVERY)
            self.close_late(due)

    def close_late(self, now: float) -> None:
        """Close connections whose phase has had its time, and the oldest of too many unread."""
        everything = [one for of in self._of.values() for one in of]
        for connection in everything:
            if now - connection.since > connection.allowed:
                connection.abort()
        self._close_unread(everything)

    def _close_unread(self, connections: list[Connection]) -> None:
        """Close those that began first, while more waits to be read than may.

        Connections that read the same file share its bytes.
        """
        reading = [one for one in connections if one.is_read]
        readers = Counter(id(one.answer.body) for one in reading if one.answer)
        bodies = {id(one.answer.body): len(one.answer.body) for one in reading if one.answer}
        unread = sum(one.unsent for one in reading) + sum(bodies.values())
        if unread <= _MOST_UNREAD:
            return
        for connection in sorted(reading, key=lambda one: one.since):
            unread -= connection.unsent
            if connection.answer:
                body = id(connection.answer.body)
                readers[body] -= 1
                unread -= 0 if readers[body] else bodies[body]
            connection.abort()
            if unread <= _MOST_UNREAD:
                break


def _close_oldest(connections: OrderedDict[Connection, None]) -> bool:
    """Close the connection that has waited longest; False if all are being answered."""
    for connection in connections:
        if connection.waits:
            connection.abort()
            return True
    return False


def _network(address: str) -> str:
    """The network to which a connection counts; '' for this machine, whose connections are not
    limited: it may be a proxy, or a look at `/health`."""
    here = not address or ipaddress.ip_address(address).is_loopback
    return "" if here else network_of(address)


def _allowed_connections() -> int:
    """How many connections this process may have open; asks the system for enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(_MOST_CONNECTIONS, soft - _OTHER_FILES), 1)


class TooManyAtOnce(Exception):
    """More requests were sent without waiting for answers than may be."""


class Connection(HttpToolsProtocol):
    """One connection: Uvicorn's, which knows since when it is in which phase."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._all = connections
        self._of_header = 0  # bytes of a header that is not complete
        self.answer: Answer | None = None  # the last one that was begun
        self._address = ""  # the other side's own, in one spelling
        self.network = ""
        self.since = time.monotonic()

    @property
    def unsent(self) -> int:
        """Bytes of answers that this connection keeps until they can be sent."""
        return self.transport.get_write_buffer_size()

    @property
    def is_read(self) -> bool:
        """Whether an answer waits to be read."""
        return bool(self.unsent or (self.answer and self.answer.rest))

    @property
    def waits(self) -> bool:
        """Whether this connection waits for the other side: for a request, or to be read."""
        idle = self.cycle is None or self.cycle.response_complete or self.cycle.more_body
        return idle or self.is_read

    @property
    def allowed(self) -> float:
        """Seconds that the phase may last in which this connection is."""
        if self.is_read:
            length = len(self.answer.body) if self.answer else 0
            return _READ_SECONDS + length / _READ_BYTES_A_SECOND
        if not self.waits:
            return float("inf")
        if self.cycle is not None and not self.cycle.response_complete:
            return BODY_SECONDS + _LOOK_EVERY  # the application has answered by then
        return HEADER_SECONDS

    def begin_answer(self, answer: Answer) -> None:
        """From here on, this answer waits to be read."""
        self.answer = answer
        self._renew()

    def _renew(self) -> None:
        """Another phase begins."""
        self.since = time.monotonic()
        self._all.renew(self)

    def abort(self) -> None:
        """Close at once, whatever has not been sent or read."""
        self._all.drop(self)
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=_MOST_UNSENT)
        own = transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SYSTEM_BUFFER)
        self._address = unwrapped(self.client[0] if self.client else "")
        # Before its first header, a connection may be our proxy's for any visitor.
        if not self._all.proxies:
            self.network = _network(self._address)
        if not self._all.add(self):
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.drop(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        between = self.cycle is None or self.cycle.response_complete
        if between and not self._of_header:
            self._renew()
        if between:
            self._of_header += len(data)
        super().data_received(data)
        if self._of_header > _LONGEST_HEADER:
            self.send_400_response("The header of this request is too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["connection"] = self

    def on_headers_complete(self) -> None:
        self._of_header = 0
        self._renew()
        if self._all.proxies and not self._count_visitor():
            return
        if len(self.pipeline) >= _MOST_PIPELINED:
            self.abort()
            raise TooManyAtOnce  # the parser reads no further
        super().on_headers_complete()

    def _count_visitor(self) -> bool:
        """Count this connection to the visitor for whom our proxy asks.

        Where the header names none, the other side is the visitor, as it is for the pages.
        """
        values = [value.decode("latin-1") for name, value in self.headers if name == _FORWARDED_FOR]
        self._all.drop(self)
        self.network = _network(forwarded(values, self._all.proxies) or self._address)
        if self._all.add(self):
            return True
        self.transport.abort()
        return False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._renew()

    def on_response_complete(self) -> None:
        if not self.unsent:
            self.answer = None
            self._renew()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not a request, with the headers of every answer (S40)."""
        if self.transport.is_closing():
            return
        headers = {
            **HEADERS,
            "Server": "portal",
            "Cache-Control": "no-store",
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(msg)),
            "Connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{lines}\r\n{msg}".encode())
        self.transport.close()


_FORWARDED_FOR = b"x-forwarded-for"
