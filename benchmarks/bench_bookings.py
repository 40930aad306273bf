"""How many whole bookings a second, over HTTP, on both databases; and the rush for a few places.

A whole booking is the last press of the form: token, checks, limits, one transaction, and the
answer with the private link. 32 clients press without a pause, each with a connection of its own;
they share the machine with the server. The rush is 2,000 families for 12 places,
200 of them at once.

Machines differ, and one machine differs from hour to hour: beside each figure stands how many
commits of one row SQLite makes by itself just before, and how long a plain loop takes. Figures of
two machines, or of two hours, compare only by these.
"""

import itertools
import os
import re
import selectors
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from portal import database
from portal.bookings import places
from portal.settings import load_settings
from portal.web.site import build
from tests.support import crowd
from tests.support.databases import fresh_postgres
from tests.support.ports import free_port

SAMPLE = Path(__file__).parents[1] / "tests/sample"
SECONDS = 8


class Line:
    """One client on one connection: what it asks goes out in one piece, and it reads the answer.

    It shares the machine with the server, so that it must cost little beside it: 0.3 ms a booking,
    where a client of the standard library takes several.
    """

    def __init__(self, browser: crowd.Browser) -> None:
        self.socket = socket.create_connection(("127.0.0.1", browser.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._browser = browser
        self._heard = b""
        self.began = 0.0

    def press(self, number: int) -> None:
        """Confirm a booking of its own for this family."""
        body = urlencode(self._browser.answers(crowd.key(), number)).encode()
        head = (
            f"POST {self._browser.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Cookie: {self._browser.cookie}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        self.began = time.perf_counter()
        self.socket.sendall(head.encode() + body)

    def answered(self) -> int | None:
        """Read what has come; the status once the answer is whole, with its link where it has one.

        Raises ConnectionError where the server hangs up.
        """
        came = self.socket.recv(65536)
        if not came:
            raise ConnectionError("the server hung up")
        self._heard += came
        head, end, body = self._heard.partition(b"\r\n\r\n")
        if not end:
            return None
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        if not length:
            raise ValueError("an answer without a length")
        if len(body) < int(length[1]):
            return None
        self._heard = body[int(length[1]) :]
        status = int(head[9:12])
        if status == 303 and b"/bookings/" not in head:
            raise ValueError("a booking without its link")
        return status


def crowd_of(port: int, clients: int, share: int | None, seconds: float):
    """So many clients, for so many seconds or until `share` families have had their answers."""
    first = crowd.Browser(port)
    first.open_form()
    time.sleep(crowd.PATIENCE)
    lines = [Line(first) for _ in range(clients)]
    numbers = itertools.count(1)
    taken: list[float] = []
    statuses: Counter[int] = Counter()
    began = time.perf_counter()
    until = began + seconds
    with selectors.DefaultSelector() as waiting:
        for line in lines:
            waiting.register(line.socket, selectors.EVENT_READ, line)
            line.press(next(numbers))
        busy = len(lines)
        while busy:
            for key, _ in waiting.select(60) or sys.exit("No answer for a minute."):
                line = key.data
                status = line.answered()
                if status is None:
                    continue
                now = time.perf_counter()
                taken.append(now - line.began)
                statuses[status] += 1
                number = next(numbers)
                if now < until and (share is None or number <= share):
                    line.press(number)
                else:
                    waiting.unregister(line.socket)
                    busy -= 1
    lasted = time.perf_counter() - began
    for line in lines:
        line.socket.close()
    return sorted(taken), statuses, lasted


def measure(name: str, room: int, folder: Path, address: str, *, rush: bool) -> None:
    root = crowd.content_with_a_course(folder, SAMPLE, room)
    environ = crowd.environment(root, folder, PORTAL_DATABASE_URL=address, PORTAL_WORKERS="2")
    given = {key.removeprefix("PORTAL_").lower(): value for key, value in environ.items()}
    settings = load_settings(**given)
    build.build(settings, today=date.today())
    beside = yardstick(folder)
    port = free_port()
    command = [sys.executable, "-m", "portal", "serve", "--no-build", "--port", str(port)]
    server = subprocess.Popen(
        command, env=os.environ | environ, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        crowd.wait_until_healthy(port)
        if rush:
            taken, statuses, lasted = crowd_of(port, 200, 2000, 120)
            print(
                f"{name}: 2,000 families for {room} places, 200 at once: answered in "
                f"{lasted:.1f} s, p99 {taken[len(taken) * 99 // 100] * 1000:,.0f} ms, "
                f"answers {dict(statuses)} {beside}"
            )
        else:
            taken, statuses, lasted = crowd_of(port, 32, None, SECONDS)
            print(
                f"{name}: {len(taken) / lasted:,.0f} whole bookings a second at 32 clients, "
                f"median {statistics.median(taken) * 1000:,.0f} ms, "
                f"p99 {taken[len(taken) * 99 // 100] * 1000:,.0f} ms, answers {dict(statuses)} "
                f"{beside}"
            )
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    engine = database.connect(address)
    for words in places.verify(engine):
        print(f"WRONG: {words}")
    engine.dispose()


def yardstick(folder: Path) -> str:
    """What this machine does at this moment, without the portal."""
    began = time.perf_counter()
    number = 0
    for one in range(1_000_000):
        number += one
    loop = time.perf_counter() - began
    with closing(sqlite3.connect(folder / "yardstick.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE plain (value)")
        began = time.perf_counter()
        for _ in range(2000):
            database.execute("INSERT INTO plain VALUES (1)")
        commits = 2000 / (time.perf_counter() - began)
    return f"(here and now: {commits:,.0f} commits of one row a second, loop {loop * 1000:.0f} ms)"


def main() -> int:
    for rush, room in ((False, 100_000), (True, 12)):
        with tempfile.TemporaryDirectory() as made:
            address = f"sqlite:///{made}/portal.db"
            measure("SQLite", room, Path(made), address, rush=rush)
        with tempfile.TemporaryDirectory() as made, fresh_postgres() as address:
            measure("PostgreSQL", room, Path(made), address, rush=rush)
    return 0


if __name__ == "__main__":
    sys.exit(main())
