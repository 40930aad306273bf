"""Slow visitors of a server: senders of headers and bodies, and readers of answers.

They are a process of their own, which gives way to all others (nice 19), so that what they cost is
not measured as the server's. It opens all connections as fast as it can. Then each sends or reads a
byte a second; where the server closes a connection, another is opened in its place.
"""

import os
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.paths import ROOT

EVERY = 1.0  # seconds between two bytes of one connection


class Visitors:
    """The process, as a test holds it."""

    def __init__(self, port: int, form: str, big: str, number: int) -> None:
        command = [sys.executable, "-m", "tests.support.slow", str(port), form, big, str(number)]
        # Without a buffer: it could take the second line with the first, and `all_there` would wait
        # for ever where the connections were all open before this process had its turn.
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdout=pipe, bufsize=0, cwd=ROOT)
        assert self._process.stdout.readline() == b"first\n"

    @property
    def all_there(self) -> bool:
        """Whether all connections have been open at once."""
        assert self._process.poll() is None, "the slow visitors ended"
        return bool(select.select([self._process.stdout], [], [], 0)[0])

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def visitors(port: int, form: str, big: str, number: int) -> Iterator[Visitors]:
    """So many of each kind, from the first connection on. `big` is a large file to read."""
    started = Visitors(port, form, big, number)
    try:
        yield started
    finally:
        started.stop()


def _open(port: int, sent: bytes) -> socket.socket:
    """A connection that has sent this, and takes little of an answer at once."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.settimeout(20)
    opened.connect(("127.0.0.1", port))
    opened.setblocking(False)
    with suppress(OSError):
        opened.send(sent)
    return opened


def _goes_on(connection: socket.socket, *, reads: bool) -> bool:
    """Send or read a byte; whether the connection is still open."""
    try:
        if reads:
            return connection.recv(1) != b""
        connection.send(b"a")
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def _run(port: int, form: str, big: str, number: int) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    first = (
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        f"POST {form} HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n".encode(),
        f"GET {big} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    )
    connections = []
    for _ in range(number):
        for sent in first:
            connections.append((sent, _open(port, sent)))
            if len(connections) == 1:
                print("first", flush=True)
    print("all", flush=True)
    while True:
        until = time.monotonic() + EVERY
        for at, (sent, connection) in enumerate(connections):
            if not _goes_on(connection, reads=sent is first[2]):
                connection.close()
                connections[at] = sent, _open(port, sent)
        time.sleep(max(0, until - time.monotonic()))


if __name__ == "__main__":
    _run(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
