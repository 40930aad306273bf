"""How long an editor waits after saving a file, with the content of this repository.

Run by `make bench`. From the save to the new page's bytes, by the real command: the file system's
news, the reading, the making of the page. The limit is half a second of the wall clock.
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

ROOT = Path(__file__).parents[1]
FOLDERS = ("content", "centres", "programmes")
LIMIT = 0.5
EDITS = 12


def address_of(process: subprocess.Popen[str]) -> str:
    """The address at which a preview answers, once it says so."""
    assert process.stdout is not None
    address = ""
    while not address:
        found = re.search(r"http://[\d.:]+", process.stdout.readline())
        address = found[0] if found else ""
    return address


def main(folder: Path) -> int:
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
