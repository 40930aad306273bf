"""Connections that cannot hold the server up: each phase of a request has its time, each network
its number of connections.

Uvicorn reads and writes in one thread, so that a slow sender or reader holds a connection and no
thread. What it lacks is added here (S27): the time for a whole header, for a whole body, and for
reading an answer; the size of a header; how many connections one network and all together may
hold, and how much may wait to be read. Where there are too many, the one that has waited longest is
closed, and the new one is taken: quick visitors of a network with slow ones are still answered.
"""

from __future__ import annotations

import asyncio
import ipaddress
import resource
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from portal.database.rate_limits import network_of
from portal.web.headers import HEADERS
from portal.web.visitors import forwarded, unwrapped

HEADER_SECONDS = 10.0  # for the whole header, from the first byte or the start of the connection
BODY_SECONDS = 20.0  # for the whole body
_READ_SECONDS = 30.0  # for reading an answer, and as long again for each 120 KB
_READ_BYTES_A_SECOND = 4096
_LONGEST_HEADER = 64 * 1024
_MOST_UNREAD = 64 * 1024 * 1024  # bytes of answers that wait to be read, in one process
_MOST_CONNECTIONS = 4000  # of one process, if the system lets it open as many files
_OTHER_FILES = 200  # files that a process may need beside its connections
_LOOK_EVERY = 1.0  # seconds between looks for connections that have had their time


class Connections:
    """The open connections of one process, by network, and their limits."""

    def __init__(self, per_network: int, proxies: int) -> None:
        self.proxies = proxies
        self._per_network = per_network
        self._most = _allowed_connections()
        self._number = 0
        self._of: dict[str, set[Connection]] = defaultdict(set)

    def add(self, connection: Connection) -> bool:
        """Count a connection to its network; False if it must be refused."""
        if self._number >= self._most:
            largest = max(self._of.values(), key=len)
            if not _close_oldest(largest):
                return False
        if not self._has_room(connection.network):
            return False
        self._of[connection.network].add(connection)
        self._number += 1
        return True

    def drop(self, connection: Connection) -> None:
        """No longer count this connection."""
        of = self._of.get(connection.network, set())
        if connection in of:
            of.remove(connection)
            self._number -= 1
            if not of:
                del self._of[connection.network]

    def _has_room(self, network: str) -> bool:
        of = self._of.get(network, ())
        limited = bool(network) and self._per_network > 0
        return not limited or len(of) < self._per_network or _close_oldest(of)

    async def watch(self) -> None:
        """Close what has had its time, as long as the server runs."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self.close_late(time.monotonic())

    def close_late(self, now: float) -> None:
        """Close connections whose phase has had its time, and the oldest of too many unread."""
        everything = [one for of in self._of.values() for one in of]
        for connection in everything:
            if now - connection.since > connection.allowed:
                connection.abort()
        unread = sum(one.unread for one in everything)
        for connection in sorted(everything, key=lambda one: one.since):
            if unread <= _MOST_UNREAD:
                break
            unread -= connection.unread
            if connection.unread:
                connection.abort()


def _close_oldest(connections: Iterable[Connection]) -> bool:
    """Close the connection that has waited longest; False if all are being answered."""
    waiting = [one for one in connections if one.waits]
    if waiting:
        min(waiting, key=lambda one: one.since).abort()
    return bool(waiting)


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


class Connection(HttpToolsProtocol):
    """One connection: Uvicorn's, which knows since when it is in which phase."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._all = connections
        self._of_header = 0  # bytes of a header that is not complete
        self._answer = 0  # bytes of the last answer that were still to be read
        self._address = ""  # the other side's own, in one spelling
        self.network = ""
        self.since = time.monotonic()

    @property
    def unread(self) -> int:
        """Bytes of an answer that wait to be read."""
        return self.transport.get_write_buffer_size()

    @property
    def waits(self) -> bool:
        """Whether this connection waits for the other side: for a request, or to be read."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    @property
    def allowed(self) -> float:
        """Seconds that the phase may last in which this connection is."""
        if not self.waits:
            return float("inf")
        if self.unread:
            return _READ_SECONDS + self._answer / _READ_BYTES_A_SECOND
        if self.cycle is not None and not self.cycle.response_complete:
            return BODY_SECONDS + _LOOK_EVERY  # the application has answered by then
        return HEADER_SECONDS

    def abort(self) -> None:
        """Close at once, whatever has not been sent or read."""
        self._all.drop(self)
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
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
            self.since = time.monotonic()
        if between:
            self._of_header += len(data)
        super().data_received(data)
        if self._of_header > _LONGEST_HEADER:
            self.send_400_response("The header of this request is too long.")

    def on_headers_complete(self) -> None:
        self._of_header = 0
        self.since = time.monotonic()
        if self._all.proxies and not self._count_visitor():
            return
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
        self.since = time.monotonic()

    def on_response_complete(self) -> None:
        self.since, self._answer = time.monotonic(), self.unread
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
