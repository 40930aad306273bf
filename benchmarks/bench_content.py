"""How long reading the content takes: 100 centres, 1,500 series, in a fresh process.

    python benchmarks/bench_content.py [--centres 100] [--series 15] [--keep FOLDER] [--profile]

The tree is made from the sample: its programmes, pages and tables, with centres and series of all
kinds, about half of them with a note of their own. The limit is 2 seconds of processor time,
imports included.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parent / "tests" / "sample"
LIMIT = 2.0

HOMES = {
    "preston": ("preston", "Preston", "PR1 8RJ"),
    "burnley-pendle": ("pendle", "Nelson", "BB9 7BA"),
    "hyndburn-ribble-valley-rossendale": ("rossendale", "Bacup", "OL13 9AA"),
    "lancaster-fylde-wyre": ("wyre", "Fleetwood", "FY7 6NS"),
}

WORDS = [
    "We meet in the hall and start with tea",
    "Bring your baby and a towel",
    "You can come late and leave early",
    "The door is on the left",
    "Ask for Amina at the desk",
    "Older children are welcome in the holidays",
    "There is room for buggies in the porch",
    "Partners can come too.",
]

MEASURE = """
import json, sys, time
from datetime import date
from pathlib import Path
from portal import content
imported = time.process_time()
directory = content.load(Path(sys.argv[1]), today=date(2026, 11, 23))
print(json.dumps({
    "centres": len(directory.centres),
    "series": len(directory.series) + len(directory.private_series),
    "sessions": sum(len(series.all_sessions) for series in directory.series),
    "import": imported,
    "load": time.process_time() - imported,
}))
"""


def make(root: Path, centres: int = 100, series: int = 15, seed: int = 1) -> None:
    """Write a county of that many centres, each with that many series."""
    chance = random.Random(seed)
    shutil.copytree(SAMPLE / "content", root / "content")
    shutil.copytree(SAMPLE / "programmes", root / "programmes")
    for page in (*(root / "content/news").glob("*.md"), root / "content/pages/professionals.md"):
        page.unlink()  # They lead to the sample's centres.
    for page in (*(root / "programmes").glob("*.md"), *(root / "content/pages").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("](/centres/riverbank/", "](/centres/"), encoding="utf-8")
    homes = list(HOMES.items())
    for number in range(centres):
        footprint, (district, town, postcode) = homes[number % len(homes)]
        folder = root / "centres" / footprint / f"centre-{number}"
        folder.mkdir(parents=True)
        (folder / "index.md").write_text(
            f"---\ntitle: Centre {number}\nkind: family hub\ndistrict: {district}\ntown: {town}\n"
            f"address: {number + 1} River Street\npostcode: {postcode}\nphone: 01632 960123\n"
            "opening_hours:\n  Monday: 9:00-17:00\n  Tuesday: 9:00-17:00\n  Friday: 9:00-12:00\n"
            "facilities: [step-free, baby-changing, buggy-park, wifi]\n"
            "transport: Bus 2 stops outside.\nchecked: 2026-11-05\n---\n\n"
            f"{_note(chance)}\n\n## Getting in\n\n- the wide door\n- the [bell](/contact/)\n",
            encoding="utf-8",
        )
        for index in range(series):
            (folder / f"series-{index}.md").write_text(_series(chance, index), encoding="utf-8")


def _series(chance: random.Random, index: int) -> str:
    week = date(2026, 9, 7) + timedelta(weeks=chance.choice((0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13)))
    start = week + timedelta(days=chance.randrange(5))
    hour = chance.randrange(9, 16)
    weekday = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")[start.weekday()]
    lines = [f"day: {weekday}", f"starts: {start}", f"time: {hour}:00-{hour + 1}:30"]
    kind = chance.randrange(4)
    if kind == 0:
        lines = ["programme: bump-birth-and-beyond", *lines, "sessions: 6", "term_time_only: yes"]
    elif kind == 1:
        lines = ["programme: baby-massage", *lines, "sessions: 4"]
        lines += ["changes:", f"  - date: {start}", "    note: Bring a photo."]
    elif kind == 2:
        lines = ["programme: play-sessions", *lines, "term_time_only: yes", "cost: £1 a family"]
    else:
        lines = ["programme: infant-feeding-support", *lines, "repeats: fortnightly"]
    lines.append(f"room: Room {index}")  # Each has its own, so that no two are in one.
    note = f"\n{_note(chance)}\n" if chance.random() < 0.5 else ""
    return "---\n" + "\n".join(lines) + "\n---\n" + note


def _note(chance: random.Random) -> str:
    return ". ".join(chance.sample(WORDS, 4)).rstrip(".") + "."


def main() -> int:
    """Make a county, read it three times, and say whether the best time keeps the limit."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--centres", type=int, default=100)
    arguments.add_argument("--series", type=int, default=15)
    arguments.add_argument("--keep", type=Path, help="Write the county here and keep it.")
    arguments.add_argument("--profile", action="store_true")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = given.keep or Path(folder)
        if not (root / "centres").exists():
            make(root, given.centres, given.series)
        command = [sys.executable, "-c", MEASURE, str(root)]
        if given.profile:
            command[1:1] = ["-m", "cProfile", "-s", "tottime"]
        runs = []
        for _ in range(3):
            done = subprocess.run(
                command, cwd=HERE.parent, check=True, capture_output=True, text=True
            )
            runs.append(json.loads(done.stdout))
    best = min(runs, key=lambda run: run["import"] + run["load"])
    total = best["import"] + best["load"]
    print(
        f"{best['centres']} centres, {best['series']:,} series, {best['sessions']:,} sessions: "
        f"{total:.2f} s of processor time, {best['import']:.2f} s of it imports (limit {LIMIT} s)"
    )
    return 0 if total <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
