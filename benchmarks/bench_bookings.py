"""How many whole bookings a second, over HTTP, on both databases; and the rush for a few places.

A whole booking is the last press of the form: token, checks, limits, one transaction, and the
answer with the private link. 32 clients in 4 processes press without a pause, each with a form that
it opened before; client and server share the machine. The rush is 2,000 families for 12 places,
200 of them at once.
"""

import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path

from portal import freeze, room, tables
from portal.settings import load_settings
from tests import crowd
from tests.databases import fresh_postgres

SAMPLE = Path(__file__).parents[1] / "tests/sample"
SECONDS = 8


def press(port: int, clients: int, share: int | None, seconds: float, answers) -> None:
    """So many clients in one process, for so many seconds or until `share` have booked."""
    browsers = [crowd.Browser(port) for _ in range(clients)]
    first = browsers[0]
    first.open_form()
    for browser in browsers[1:]:
        browser.cookie, browser.hidden = first.cookie, first.hidden
    time.sleep(crowd.PATIENCE)
    taken: list[float] = []
    statuses: Counter[int] = Counter()
    left = [share]
    turn = threading.Lock()
    until = time.monotonic() + seconds

    def go_on(browser: crowd.Browser, number: int) -> None:
        while time.monotonic() < until:
            with turn:
                if left[0] is not None:
                    if left[0] <= 0:
                        return
                    left[0] -= 1
            number += 1
            began = time.perf_counter()
            status, _ = browser.confirm(crowd.key(), number)
            taken.append(time.perf_counter() - began)
            statuses[status] += 1

    began = time.monotonic()
    threads = [
        threading.Thread(target=go_on, args=(browser, os.getpid() * 100_000 + n * 5_000))
        for n, browser in enumerate(browsers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put((taken, statuses, time.monotonic() - began))


def crowd_of(port: int, processes: int, clients: int, share: int | None, seconds: float):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    parts = [
        context.Process(target=press, args=(port, clients, share, seconds, answers))
        for _ in range(processes)
    ]
    for part in parts:
        part.start()
    found = [answers.get() for _ in parts]
    for part in parts:
        part.join()
    taken = sorted(one for times, _, _ in found for one in times)
    statuses = sum((each for _, each, _ in found), Counter())
    return taken, statuses, max(lasted for _, _, lasted in found)


def measure(name: str, places: int, folder: Path, address: str, *, rush: bool) -> None:
    root = crowd.content_with_a_course(folder, SAMPLE, places)
    environ = crowd.environment(root, folder, PORTAL_DATABASE_URL=address, PORTAL_WORKERS="2")
    given = {key.removeprefix("PORTAL_").lower(): value for key, value in environ.items()}
    settings = load_settings(**given)
    freeze.build(settings, today=date.today())
    port = crowd.free_port()
    command = [sys.executable, "-m", "portal", "serve", "--no-build", "--port", str(port)]
    server = subprocess.Popen(
        command, env=os.environ | environ, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        crowd.wait_until_healthy(port)
        if rush:
            taken, statuses, lasted = crowd_of(port, 4, 50, 500, 120)
            print(
                f"{name}: 2,000 families for {places} places, 200 at once: answered in "
                f"{lasted:.1f} s, p99 {taken[len(taken) * 99 // 100] * 1000:,.0f} ms, "
                f"answers {dict(statuses)}"
            )
        else:
            taken, statuses, lasted = crowd_of(port, 4, 8, None, SECONDS)
            print(
                f"{name}: {len(taken) / lasted:,.0f} whole bookings a second at 32 clients, "
                f"median {statistics.median(taken) * 1000:,.0f} ms, "
                f"p99 {taken[len(taken) * 99 // 100] * 1000:,.0f} ms, answers {dict(statuses)}"
            )
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    engine = tables.connect(address)
    for words in room.verify(engine):
        print(f"WRONG: {words}")
    engine.dispose()


def main() -> int:
    for rush, places in ((False, 100_000), (True, 12)):
        with tempfile.TemporaryDirectory() as made:
            address = f"sqlite:///{made}/portal.db"
            measure("SQLite", places, Path(made), address, rush=rush)
        with tempfile.TemporaryDirectory() as made, fresh_postgres() as address:
            measure("PostgreSQL", places, Path(made), address, rush=rush)
    return 0


if __name__ == "__main__":
    sys.exit(main())
