"""What subscribers cost: how many polls a second one process answers over HTTP, and the bytes.

A subscriber asks every hour, and mostly has what there is: it sends the tag of its copy and gets
304. Four clients ask the real server without a pause, on connections that they keep; client and
server share the machine. Then the leaflets: what one costs as a PDF, where they can be made.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from portal import content
from portal.settings import load_settings
from portal.web.site import build, leaflets
from portal.web.site.pages import Pages

ROOT = Path(__file__).parents[1]
SECONDS = 5
CLIENTS = 4
SUBSCRIBERS = 500
CUSTOM = "/calendars/custom.ics?district=preston&district=burnley&age=toddlers"


def ask(port: int, path: str, headers: dict[str, str]) -> tuple[int, str, int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["ETag"], len(answer.read())
    finally:
        connection.close()


def polls(port: int, path: str, headers: dict[str, str]) -> tuple[float, set[int]]:
    """Answers a second, and their kinds."""
    counts, kinds = [0] * CLIENTS, set()
    until = time.monotonic() + SECONDS

    def poll(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        while time.monotonic() < until:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            kinds.add(answer.status)
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=poll, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS, kinds


def served(folder: Path, measure: Callable[[int], None]) -> None:
    """Run a measurement while the real server answers with one process."""
    settings = load_settings(root=ROOT, out=folder / "build", var=folder / "var")
    build.build(settings, today=date.today(), compress=True)
    environ = {
        **os.environ,
        "PORTAL_ROOT": str(ROOT),
        "PORTAL_OUT": str(settings.out),
        "PORTAL_VAR": str(settings.var),
        "PORTAL_WORKERS": "1",
    }
    port = 18_000 + os.getpid() % 2000
    command = [sys.executable, "-m", "portal", "serve", "--no-build", "--port", str(port)]
    server = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if line.startswith("Open "):
                break
        measure(port)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)


def measure(port: int) -> None:
    for path in ("/calendar.ics", "/centres/riverbank/calendar.ics", CUSTOM):
        packed = {"Accept-Encoding": "gzip, br"}
        status, tag, size = ask(port, path, packed)
        whole, _ = polls(port, path, packed)
        same, kinds = polls(port, path, {**packed, "If-None-Match": tag})
        hourly = SUBSCRIBERS / 3600
        print(
            f"{path.partition('?')[0]:<34}{size:>8,} bytes packed ({status}); "
            f"{same:>6,.0f} polls a second with a tag ({', '.join(map(str, kinds))}), "
            f"{whole:>6,.0f} without; {SUBSCRIBERS} subscribers need {hourly / same:.3%} of it",
            flush=True,
        )


def papers() -> None:
    if why := leaflets.missing():
        print(why)
        return
    directory = content.load(ROOT, today=date(2026, 11, 23))
    pages, maker = Pages(directory), leaflets.Leaflets(None)
    taken = []
    for centre in directory.centres[:6]:
        page = pages.leaflet(centre)
        began = time.process_time()
        maker.pdf(centre, page, directory.site.base_address)
        taken.append(time.process_time() - began)
    print(f"A leaflet as PDF: {sorted(taken)[len(taken) // 2] * 1000:,.0f} ms of processor time")


def main() -> None:
    os.environ["PORTAL_LEAFLETS"] = "no"
    with tempfile.TemporaryDirectory() as made:
        served(Path(made), measure)
    papers()


if __name__ == "__main__":
    main()
