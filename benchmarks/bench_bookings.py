"""What a booking costs over HTTP, on both databases; and the rush for a few places.

A whole booking is the last press of the form: token, checks, limits, one transaction, and the
answer with the private link. 32 clients press without a pause, each with a connection of its own;
they share the machine with the server. In turns with them, the same clients ask the same server
for the emptiest answer that goes the same way, a redirect without content or database: the ratio
of the two compares between machines. The rush is 2,000 families for 12 places, 200 of them at once.

Processor time is that of the server's answering processes (and, beside it, of PostgreSQL), without
the clients'. Each row stands beside its target; the last line is the same as JSON.

Machines differ, and one machine differs from hour to hour: beside each database stands how many
commits of one row SQLite makes by itself just before, and how long a plain loop takes. Figures of
two machines, or of two hours, compare only by these.
"""

import itertools
import json
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
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from portal import database
from portal.bookings import places
from portal.settings import load_settings
from portal.web.site import build
from tests.support import crowd
from tests.support.databases import binaries, fresh_postgres
from tests.support.ports import free_port

SAMPLE = Path(__file__).parents[1] / "tests/sample"
ROUNDS = 4  # of bookings and empty answers in turns
SECONDS = 2.5  # of each
EMPTY = "/leave"

# The targets, by database: milliseconds, or a ratio.
COST = {"SQLite": 1.0, "PostgreSQL": 1.2}
RATIO = {"SQLite": 0.3, "PostgreSQL": 0.25}
SLOWEST = 150
RUSH_SECONDS = 4
PLACES = 12


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
        self.linked = 0  # answers with the private link of a booking

    def press(self, number: int) -> None:
        """Confirm a booking of its own for this family."""
        body = urlencode(self._browser.answers(crowd.key(), number)).encode()
        head = (
            f"POST {self._browser.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Cookie: {self._browser.cookie}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        self._send(head.encode() + body)

    def ask_nothing(self, _number: int) -> None:
        """Ask for the empty answer."""
        self._send(f"GET {EMPTY} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

    def _send(self, asked: bytes) -> None:
        self.began = time.perf_counter()
        self.socket.sendall(asked)

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
        if status == 303:
            self.linked += b"/bookings/" in head
        return status


class Crowd:
    """Clients at one server, each with a connection of its own, and the form they all send."""

    def __init__(self, port: int, clients: int) -> None:
        first = crowd.Browser(port)
        first.open_form()
        first.close()
        time.sleep(crowd.PATIENCE)
        self._lines = [Line(first) for _ in range(clients)]
        self._numbers = itertools.count(1)

    @property
    def linked(self) -> int:
        return sum(line.linked for line in self._lines)

    def go(self, ask: Callable[[Line, int], None], seconds: float, share: int | None = None):
        """Ask for so many seconds, or until `share` families have had their answers.

        Returns the seconds that each answer took, in order, the statuses, and how long it was.
        """
        taken: list[float] = []
        statuses: Counter[int] = Counter()
        began = time.perf_counter()
        until = began + seconds
        with selectors.DefaultSelector() as waiting:
            for line in self._lines:
                waiting.register(line.socket, selectors.EVENT_READ, line)
                ask(line, next(self._numbers))
            asked = busy = len(self._lines)
            while busy:
                for key, _ in waiting.select(60) or sys.exit("No answer for a minute."):
                    line = key.data
                    status = line.answered()
                    if status is None:
                        continue
                    now = time.perf_counter()
                    taken.append(now - line.began)
                    statuses[status] += 1
                    if now < until and (share is None or asked < share):
                        asked += 1
                        ask(line, next(self._numbers))
                    else:
                        waiting.unregister(line.socket)
                        busy -= 1
        return sorted(taken), statuses, time.perf_counter() - began

    def close(self) -> None:
        for line in self._lines:
            line.socket.close()


class Rows:
    """The rows of the table, each with its target."""

    def __init__(self) -> None:
        self.made: list[dict[str, object]] = []

    def add(self, database: str, what: str, figure: float, target: float, *, least=False) -> None:
        reached = figure >= target if least else figure <= target
        said = f"at least {target:g}" if least else f"at most {target:g}"
        print(
            f"{database:<11}{what:<58}{figure:>10.2f}   {said:<14}"
            f"{'reached' if reached else 'not reached'}",
            flush=True,
        )
        self.made.append(
            {
                "database": database,
                "what": what,
                "figure": round(figure, 4),
                "target": target,
                "reached": reached,
            }
        )


@contextmanager
def served(folder: Path, room: int, address: str) -> Iterator[tuple[int, int]]:
    """A server of the sample with a course of so many places: its process, and its port."""
    root = crowd.content_with_a_course(folder, SAMPLE, room)
    environ = crowd.environment(root, folder, PORTAL_DATABASE_URL=address, PORTAL_WORKERS="2")
    given = {key.removeprefix("PORTAL_").lower(): value for key, value in environ.items()}
    build.build(load_settings(**given), today=date.today())
    port = free_port()
    command = [sys.executable, "-m", "portal", "serve", "--no-build", "--port", str(port)]
    server = subprocess.Popen(
        command, env=os.environ | environ, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        crowd.wait_until_healthy(port)
        yield server.pid, port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    engine = database.connect(address)
    for words in places.verify(engine):
        sys.exit(f"WRONG: {words}")
    engine.dispose()


def spent(server: int, name: str) -> float:
    """Seconds of processor time of the processes with this name, below the server's or beside it.

    Of PostgreSQL, connections that have ended are in the time of its first process.
    """
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            before, _, after = (folder / "stat").read_text().rpartition(")")
        except OSError:  # it has just ended
            continue
        fields = after.split()
        own = int(fields[1]) == server or name == "postgres"
        if own and before.partition("(")[2] == name:
            times = fields[11:15] if name == "postgres" else fields[11:13]
            ticks += sum(map(int, times))
    return ticks / os.sysconf("SC_CLK_TCK")


def everyday(rows: Rows, name: str, folder: Path, address: str) -> None:
    """What a booking costs, how many there are beside empty answers, and how long they take."""
    with served(folder, 100_000, address) as (server, port):
        print(f"{name}: {yardstick(folder)}")
        clients = Crowd(port, 32)
        clients.go(Line.press, 1)  # what is made once is made
        taken: list[float] = []
        statuses: Counter[int] = Counter()
        cost = at_database = lasted = 0.0
        empty, ratios = [], []
        already = clients.linked
        for _ in range(ROUNDS):
            idle, _, took = clients.go(Line.ask_nothing, SECONDS / 2)
            empty.append(len(idle) / took)
            before = spent(server, "portal-answers"), spent(server, "postgres")
            more, said, took = clients.go(Line.press, SECONDS)
            cost += spent(server, "portal-answers") - before[0]
            at_database += spent(server, "postgres") - before[1]
            taken += more
            statuses += said
            lasted += took
            ratios.append(len(more) / took / empty[-1])
        if {303: clients.linked - already} != statuses:
            sys.exit(f"WRONG: {clients.linked - already} links, answers {dict(statuses)}")
        clients.close()
    number = len(taken)
    taken.sort()
    beside = f", PostgreSQL's own {at_database / number * 1000:.2f} ms" if at_database else ""
    print(
        f"{name}: {number / lasted:,.0f} whole bookings a second at 32 clients, "
        f"{statistics.median(empty):,.0f} empty answers; median "
        f"{taken[number // 2] * 1000:,.0f} ms{beside}"
    )
    rows.add(name, "processor time of a booking, ms", cost / number * 1000, COST[name])
    rows.add(
        name,
        "bookings a second for each empty answer, 32 clients",
        statistics.median(ratios),
        RATIO[name],
        least=True,
    )
    rows.add(name, "p99 at 32 clients, ms", taken[number * 99 // 100] * 1000, SLOWEST)


def rush(rows: Rows, name: str, folder: Path, address: str) -> None:
    """2,000 families for 12 places, 200 of them at once."""
    with served(folder, PLACES, address) as (_, port):
        clients = Crowd(port, 200)
        _, statuses, lasted = clients.go(Line.press, 600, 2000)
        clients.close()
        if clients.linked != PLACES or statuses != {303: PLACES, 409: 2000 - PLACES}:
            sys.exit(f"WRONG: {clients.linked} of {PLACES} places, answers {dict(statuses)}")
    rows.add(name, "2,000 families for exactly 12 places, seconds", lasted, RUSH_SECONDS)


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
    rows = Rows()
    for measure in (everyday, rush):
        with tempfile.TemporaryDirectory() as made:
            measure(rows, "SQLite", Path(made), f"sqlite:///{made}/portal.db")
        if binaries() is None:
            print("PostgreSQL is not installed (Debian: apt-get install postgresql): SKIPPED")
            continue
        with tempfile.TemporaryDirectory() as made, fresh_postgres() as address:
            measure(rows, "PostgreSQL", Path(made), address)
    print(json.dumps(rows.made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
