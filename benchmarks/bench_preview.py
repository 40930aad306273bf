"""How long an editor waits after saving a file, by the real command: `make bench ONLY=preview`.

From the save to the new page's bytes: the file system's news, the reading, the making of the page.
With the content of this repository the limit is half a second of the wall clock. In invented
counties (`synthetic`) of the sizes of `SIZES`, the time to the fresh page and to all pages and
files that depend on it is printed beside its target. Such a county is built twice before, to know
which these are. The processor time is that of the preview alone, up to the moment when all of
them have come.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from benchmarks import synthetic
from benchmarks.bench_race import (
    PREVIEW,
    PREVIEW_SECONDS,
    SIZES,
    Edited,
    address_of,
    changed_files,
    plain_environ,
    until_ready,
    waited,
)

ROOT = Path(__file__).parents[1]
FOLDERS = ("content", "centres", "programmes")
LIMIT = 0.5
EDITS = 12
IN_COUNTY = 5


def main(folder: Path) -> int:
    status = shipped(folder / "shipped")
    for size in map(int, os.environ.get("SIZES", SIZES).split()):
        if size <= PREVIEW:
            county(size, folder / str(size))
    return status


def county(size: int, work: Path) -> None:
    """Print how long an edit takes in a county of so many pages."""
    synthetic.make(work / "county", size)
    edited = Edited(work / "county")
    dependents = changed_files(work, edited)
    environ = plain_environ() | {"PORTAL_VAR": str(work / "var-preview")}
    command = [sys.executable, "-u", "-m", "portal", "--root", str(work / "county")]
    command += ["preview", "--port", "0"]
    process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    waits, used = [], []
    try:
        address = address_of(process)
        for _ in range(IN_COUNTY + 1):
            before = processor_time(process.pid)
            waits.append(waited(address, edited, dependents))
            used.append(processor_time(process.pid) - before)
            until_ready(process)
    finally:
        process.terminate()
        process.wait()
    # Before the first edit no page has been asked for.
    for at, what in enumerate(("that page", f"all {len(dependents)} dependent files")):
        seconds = statistics.median(wait[at] for wait in waits[1:])
        target, first = PREVIEW_SECONDS[at], waits[0][at]
        print(
            f"{size:,} pages, from a save to {what}: {seconds * 1000:,.0f} ms "
            f"(target {target * 1000:.0f} ms; first edit {first * 1000:,.0f} ms)"
        )
    print(f"{size:,} pages, processor time of the preview: {statistics.median(used[1:]):.2f} s")


def processor_time(process: int) -> float:
    """Seconds that a process has used until now; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def shipped(folder: Path) -> int:
    """Print how long an edit of the shipped content takes; 1 if that is too long."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    environ = {**os.environ, "PORTAL_ROOT": str(folder), "PORTAL_VAR": str(folder / "var")}
    command = [sys.executable, "-u", "-m", "portal", "preview", "--port", "0"]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        address = address_of(process)
        print(f"from the command to the first page: {time.perf_counter() - started:.2f} s")
        series = next(p for p in sorted(folder.glob("centres/*/*/*.md")) if p.stem != "index")
        waits = [edit(series, number, address) for number in range(EDITS)]
    finally:
        process.terminate()
        process.wait()
    print(
        f"from a save to the new page: {statistics.median(waits):.2f} s, "
        f"at most {max(waits):.2f} s of {EDITS} (limit {LIMIT} s)"
    )
    return 0 if statistics.median(waits) <= LIMIT else 1


def edit(series: Path, number: int, address: str) -> float:
    """Change one file as editors do, and wait as a browser does until the page says so."""
    time.sleep(0.5)
    page = f"{address}/sessions/{series.parent.name}/{series.stem}/"
    with urlopen(page) as answer:
        version = re.search(r'data-version="([^"]+)"', answer.read().decode())[1]
    news = urlopen(f"{address}/-preview/changes?after={version}")
    text = re.sub(r"\n+Save number \d+\.\n", "", series.read_text()).rstrip()
    started = time.perf_counter()
    series.write_text(f"{text}\n\nSave number {number}.\n")
    shown = ""
    # On a busy machine a file may be seen when it is half written, and again when it is whole.
    while f"Save number {number}." not in shown:
        while not news.readline().startswith(b"data:"):
            pass
        with urlopen(page) as answer:
            shown = answer.read().decode()
    waited = time.perf_counter() - started
    news.close()
    return waited


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sys.exit(main(Path(made)))
