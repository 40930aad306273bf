"""How long builds and answers take on this machine, with the content of this repository.

Run by `make bench`. Times are of the wall clock; of several runs the best, which tells most about
the code and least about what else the machine was doing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from werkzeug.test import create_environ

from portal.server.app import create_app
from portal.settings import load_settings

ROOT = Path(__file__).parents[1]
FOLDERS = ("content", "centres", "programmes")


def best(
    run: Callable[[], object], times: int, before: Callable[[], object] = lambda: None
) -> float:
    taken = []
    for _ in range(times):
        before()
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return min(taken)


def say(what: str, seconds: float, note: str = "") -> None:
    shown = f"{seconds * 1000:,.0f} ms" if seconds >= 0.001 else f"{seconds * 1e6:,.0f} µs"
    print(f"{what:<46}{shown:>12}  {note}".rstrip(), flush=True)


def main(folder: Path) -> None:
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    site = folder / "build"
    environ = {**os.environ, "PORTAL_ROOT": str(folder), "PORTAL_OUT": str(site)}
    environ["PORTAL_VAR"] = str(folder / "var")
    environ["PORTAL_LEAFLETS"] = "no"  # bench_calendars.py says what they cost

    def build(*options: str) -> None:
        command = [sys.executable, "-m", "portal", "build", *options]
        subprocess.run(command, env=environ, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)

    def forget() -> None:
        shutil.rmtree(site, ignore_errors=True)

    series = next(path for path in sorted(folder.glob("centres/*/*/*.md")) if path.stem != "index")

    def edit() -> None:
        series.write_text(series.read_text().rstrip() + "\n\nAll are welcome.\n")

    build()
    files = sum(path.is_file() for path in site.rglob("*")) - 1
    print(f"{files:,} files, {os.cpu_count()} processors")
    say("build from nothing", best(build, 3, forget))
    say("the same by one process", best(lambda: build("--jobs", "1"), 3, forget))
    say("build from nothing, with packed twins", best(lambda: build("--compress"), 2, forget))
    say("build after one edit, with packed twins", best(lambda: build("--compress"), 3, edit))
    say("build with nothing to do", best(lambda: build("--compress"), 5))

    app = create_app(load_settings(root=folder, out=site, var=folder / "var"))
    booking = f"/book/{series.parent.name}/{series.stem}"
    for path in ("/", "/calendar.ics", "/centres", booking, "/health"):
        asked = create_environ(path, headers={"Accept-Encoding": "gzip, br"})

        def answer(asked: dict[str, object] = asked) -> None:
            body = app({**asked}, lambda *_: lambda _: None)
            for _ in body:
                pass
            getattr(body, "close", lambda: None)()

        answer()
        each = best(lambda: [answer() for _ in range(200)], 5) / 200
        say(f"answer to {path}", each, f"{1 / each:,.0f} a second by one process")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(Path(made))
