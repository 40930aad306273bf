"""What the finder costs: the bytes that a phone fetches, the time until it answers, the import.

A county with 1,500 series is made up from the content of this repository: its centres, its
programmes, days and times as centres print them. Postcodes are made up too, as many as Lancashire
and the United Kingdom have. In the browser the machine is slowed six times, as a cheap phone is.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import brotli
import yaml

from portal import content
from portal.directory.values import LONDON, WEEKDAYS
from portal.finder import Finder, index
from portal.finder.postcode_import import LETTERS, Placed
from portal.finder.postcodes import FILE_NAME, import_file, pack
from portal.web.assets import static_files

ROOT = Path(__file__).parents[1]
DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, tzinfo=LONDON)
SERIES = 1_500
SLOWED, TARGET, ROUNDS = 6, 100, 9  # times, milliseconds, of each search
ENTERING, RESTING = 1_700, 300  # milliseconds from entering the box to the last letter, to Enter
PHONE = {"width": 360, "height": 640}
SEARCHES = (("Preston", ""), ("Burnley", "2, 5"), ("BB4 6AA", "8 months"))
LANCASHIRE, KINGDOM = 33_670, 1_700_000
TIMES = (
    "9:15-10:45", "9:30-11:00", "9:30-11:30", "9:45-11:15", "10:00-11:00", "10:00-11:30",
    "10:00-12:00", "10:30-11:30", "10:30-12:00", "11:30-13:30", "12:45-14:45", "13:00-14:00",
    "13:00-14:30", "13:00-15:00", "13:15-14:45", "13:30-15:00", "15:30-17:00", "16:00-17:30",
    "17:30-19:00", "18:00-20:00", "18:30-20:30", "18:30-21:00",
)  # fmt: skip
TITLES = ("Stay and play", "Rhyme time", "Little talkers", "Messy play", "Story time", "Dads' play")


def size(data: bytes) -> str:
    packed = len(brotli.compress(data)), len(gzip.compress(data))
    return f"{len(data):>9,} bytes, brotli {packed[0]:>7,}, gzip {packed[1]:>7,}"


def say(what: str, words: str) -> None:
    print(f"{what:<46}{words}", flush=True)


# --- a county -------------------------------------------------------------------------------------


def county(folder: Path, number: int = SERIES) -> None:
    """Content with so many public series, in the centres and of the programmes that we ship."""
    chance = random.Random(7)
    for name in ("content", "centres", "programmes"):
        shutil.copytree(ROOT / name, folder / name)
    programmes = [
        path.stem
        for path in sorted((folder / "programmes").glob("*.md"))
        if "." not in path.stem and _fields(path).get("sensitive") != "yes"
    ]
    centres = sorted((folder / "centres").glob("*/*/index.md"))
    taken: set[tuple[Path, str, str]] = set()  # the checks refuse a group that is there twice
    for path in (folder / "centres").glob("*/*/*.md"):
        if path.name != "index.md":
            path.unlink()
    for made in range(number):
        centre = centres[made % len(centres)].parent
        programme = chance.choice(programmes)
        day = DAY + timedelta(days=chance.choice((0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6)))
        fields = {
            "programme": programme,
            "day": WEEKDAYS[day.weekday()],
            "time": chance.choice(TIMES),
            "term_time_only": chance.choice(("yes", "yes", "no")),
        }
        kind = chance.random()
        if kind < 0.55:
            fields["repeats"] = "weekly"
        elif kind < 0.65:
            fields["repeats"] = chance.choice(("fortnightly", "monthly"))
        elif kind < 0.95:
            day += timedelta(weeks=chance.choice((-6, -4, 0, 2, 7, 8, 9, 10, 14)))
            fields["sessions"] = str(chance.choice((4, 5, 6, 8, 10, 12)))
        else:
            fields["repeats"] = "once"
        fields["starts"] = day.isoformat()
        fields["bank_holidays"] = "run"
        if chance.random() < 0.2:
            fields["title"] = chance.choice(TITLES)
        if chance.random() < 0.1:
            fields["language"] = chance.choice(("ur", "pl", "pa", "gu", "bn"))
        town = _fields(centre / "index.md").get("town")
        if town and chance.random() < 0.1:
            hall = chance.choice(("Village hall", "Church hall", "Library", "Community room"))
            fields["venue"] = {"name": hall, "town": town}
        if chance.random() < 0.15:
            fields["cost"] = chance.choice(("£1 a family", "50p", "£2"))
        if fields["term_time_only"] == "yes":
            fields["starts"] = _in_term(day).isoformat()
            fields["day"] = WEEKDAYS[_in_term(day).weekday()]
        while (there := (centre, programme, fields["day"])) in taken:
            fields["programme"] = programme = chance.choice(programmes)
        taken.add(there)
        slug = f"{programme}-{fields['day'].lower()}" if made % 3 else f"{programme}-{made}"
        path = centre / f"{slug}.md"
        if path.exists():
            path = centre / f"{slug}-{made}.md"
        path.write_text(f"---\n{yaml.safe_dump(fields, allow_unicode=True)}---\n", "utf-8")


def _in_term(day: date) -> date:
    """The same weekday, out of the holidays of the school year that we ship."""
    while date(2026, 12, 18) < day < date(2027, 1, 5) or date(2027, 2, 12) < day < date(
        2027, 2, 22
    ):
        day += timedelta(days=7)
    while date(2026, 10, 23) < day < date(2026, 11, 2):
        day += timedelta(days=7)
    return day


def _fields(path: Path) -> dict[str, str]:
    return yaml.load(path.read_text("utf-8").split("---")[1], Loader=yaml.BaseLoader)


# --- postcodes ------------------------------------------------------------------------------------


def walked(number: int, middle: tuple[float, float], chance: random.Random) -> list[Placed]:
    """Postcodes of one sector, each a short walk from the one before, as they are given out."""
    sector, (up, across), found = "BB1 1", middle, []
    letters = sorted(chance.sample(range(400), number))
    for letter in letters:
        up += chance.gauss(0, 0.0022)
        across += chance.gauss(0, 0.0036)
        up, across = (up * 0.9 + middle[0] * 0.1), (across * 0.9 + middle[1] * 0.1)
        found.append(Placed(f"{sector}{LETTERS[letter // 20]}{LETTERS[letter % 20]}", up, across))
    return found


def lancashire() -> list[Placed]:
    """As many postcodes as the county has, in as many sectors."""
    chance = random.Random(3)
    found: list[Placed] = []
    for number in range(234):
        sector = f"{('BB', 'PR', 'LA', 'FY')[number % 4]}{number // 36 + 1} {number // 4 % 9}"
        middle = chance.uniform(53.5, 54.2), chance.uniform(-3.0, -2.1)
        many = 144 if number < 208 else (LANCASHIRE - 208 * 144) // 26 + 1
        found += [
            Placed(f"{sector}{one.postcode[-2:]}", one.latitude, one.longitude)
            for one in walked(many, middle, chance)
        ]
    return found[:LANCASHIRE]


def national(number: int) -> Iterator[tuple[str, str, int, int, str]]:
    """Area, postcode, easting, northing, district: one in 50 lies in Hyndburn."""
    chance = random.Random(5)
    areas = [a + b for a in "ABCDEFGHKLMNPRSTW" for b in "ADEHLNORY"]
    made = 0
    while made < number:
        for area in areas:
            outcode, figure = chance.randrange(1, 99), chance.randrange(10)
            ours = chance.random() < 0.02
            east = chance.randrange(370_000, 380_000) if ours else chance.randrange(2, 650) * 1000
            north = chance.randrange(423_000, 434_000) if ours else chance.randrange(9, 900) * 1000
            for letter in sorted(chance.sample(range(400), 140)):
                made += 1
                code = f"{area}{outcode} {figure}{LETTERS[letter // 20]}{LETTERS[letter % 20]}"
                yield (
                    area,
                    code,
                    east + chance.randrange(900),
                    north + chance.randrange(900),
                    "E07000120" if ours else "E06000001",
                )


def code_point(path: Path) -> None:
    by_area: dict[str, list[str]] = {}
    for area, code, east, north, district in national(KINGDOM):
        by_area.setdefault(area.lower(), []).append(
            f'"{code}",10,{east},{north},"E92000001","E19000001","E18000002","","{district}",'
            '"E05011508"\n'
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for area, lines in by_area.items():
            packed.writestr(f"Data/CSV/{area}.csv", "".join(lines))


def ons(path: Path) -> None:
    header = (
        "pcd7,pcd8,pcds,dointr,doterm,usrtypind,east1m,north1m,gridind,oa21cd,cty26cd,ced25cd,"
        "lad26cd,wd26cd,nhser24cd,ctry26cd,rgn26cd,pcon24cd,ttwa15cd,itl25cd,npark16cd,lsoa21cd,"
        "msoa21cd,wz11cd,sicbl26cd,bua24cd,ruc21ind,oac21ind,lat,long,lep21cd1,lep21cd2,pfa23cd,"
        "imd25ind,icb26cd"
    )
    more = '"E99999999",' * 14
    with path.open("w", encoding="utf-8") as file:
        file.write(header + "\n")
        for _, code, east, north, district in national(KINGDOM):
            compact = code.replace(" ", "")
            file.write(
                f'"{compact}","{code}","{code}","198001","","0",{east},{north:07d},1,"E00000001",'
                f'"E10000017","E99999999","{district}",{more}"A1",53.7,-2.4,"","","E23000003",9,"E54"\n'
            )


def imported(path: Path) -> None:
    """Import in a process of its own, and say how long it took and how much memory."""
    started = time.perf_counter()
    report = import_file(path, path.with_name(FILE_NAME), {"E07000120"})
    seconds, worked = time.perf_counter() - started, time.process_time()
    say(
        f"import of {KINGDOM:,} rows, {path.suffix}",
        f"{seconds:.1f} s ({worked:.1f} s of work), {_memory()}, {report.kept:,} kept",
    )


def _memory() -> str:
    """The most that this process ever held; `getrusage` would tell its parent's."""
    status = Path("/proc/self/status")
    found = status.exists() and re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    return f"{int(found[1]) / 1024:.0f} MB" if found else "memory not known"


# --- in the browser -------------------------------------------------------------------------------


def browser(directory: content.Directory) -> None:
    """From the press of Enter until the first rows are painted, slowed six times.

    `entered`: the first search of a page, its tables read since somebody entered the box. `again`:
    another search of the same page. `cold`: the tables are fetched and read after Enter. Prints the
    target beside each figure, and all figures as a line of JSON, in milliseconds. Enter comes
    300 ms after the last letter: what the page does while somebody rests from typing is before it.
    """
    from playwright.sync_api import sync_playwright

    from portal.web.site.app import create_site
    from tests.support.browser import FLAGS, NAMES, serving

    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        say("in the browser", "Chromium is not installed")
        return
    taken: dict[str, list[float]] = {}
    with (
        serving(create_site(directory)) as address,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        for _ in range(ROUNDS):
            for near, age in SEARCHES:
                for box in ("#near", "#age"):
                    context = chromium.new_context(base_url=address, viewport=PHONE)
                    context.add_init_script(_MEASURE % (NOW.timestamp() * 1000))
                    page = context.new_page()
                    page.goto("/find/")
                    session = context.new_cdp_session(page)
                    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
                    name = f"{near}, {age or 'any age'}"
                    kinds = ("entered", "again") if box == "#near" else ("cold",)
                    for kind in kinds:
                        page.evaluate(_ENTER, box)
                        page.wait_for_timeout(ENTERING)
                        page.evaluate(_FILL, [near, age])
                        page.wait_for_timeout(RESTING)
                        page.keyboard.press("Enter")
                        taken.setdefault(f"{kind}: {name}", []).append(
                            page.evaluate("() => painted")
                        )
                        page.wait_for_selector("#results[aria-busy=false]")
                    context.close()
        chromium.close()
    figures = {
        name: {"median": round(statistics.median(all_of)), "best": round(min(all_of))}
        for name, all_of in sorted(taken.items())
    }
    for name, figure in figures.items():
        target = "" if name.startswith("cold") else f", target {TARGET} ms"
        say(name, f"median {figure['median']} ms, best {figure['best']} ms{target}")
    print(json.dumps({"finder": figures, "slowed": SLOWED, "series": SERIES, "target": TARGET}))


# Every page has the same moment, without the clock that Playwright installs: it replaces timers and
# frames too, which takes time of its own. Rows are painted in the frame after they are drawn.
_MEASURE = """{
    const format = Intl.DateTimeFormat.prototype.formatToParts;
    Intl.DateTimeFormat.prototype.formatToParts = function () { return format.call(this, %d); };
    addEventListener("keydown", ({key, timeStamp}) => {
        if (key === "Enter") globalThis.painted = new Promise((done) => {
            const rows = document.getElementById("rows");
            new MutationObserver((_, seen) => {
                if (!rows.firstElementChild) return;
                seen.disconnect();
                requestAnimationFrame(() => scheduler.postTask(
                    () => done(performance.now() - timeStamp), {priority: "user-blocking"}));
            }).observe(rows, {childList: true});
        });
    }, true);
}"""
# Entering the first box fetches the tables; entering the second does not.
_ENTER = """(box) => {
    document.getElementById("asked").open = true;
    document.querySelector(box).focus();
}"""
# As when the last letter is typed.
_FILL = """([near, age]) => {
    document.getElementById("near").value = near;
    document.getElementById("age").value = age;
    document.activeElement.dispatchEvent(new Event("input", {bubbles: true}));
}"""


def main(folder: Path) -> None:
    county(folder)
    directory = content.load(folder, today=DAY)
    made = time.perf_counter()
    files = {path: make() for path, make in index.files(directory).items()}
    seconds = time.perf_counter() - made
    for path, data in files.items():
        say(f"{path.split('-')[0]}, {len(directory.series):,} series", size(data))
    say("made in", f"{seconds * 1000:.0f} ms")
    say(f"postcodes, {LANCASHIRE:,} made up", size(pack(lancashire())))
    say("find.js", size(static_files()["find.js"].content))
    finder = Finder(*index.tables(directory))
    for query in ({}, {"near": ["Preston"]}, {"near": ["Bacup"], "day": ["sunday"], "age": ["15"]}):
        started = time.perf_counter()
        answer = finder.ask(query, NOW)
        say(f"in Python: {answer.heading}", f"{(time.perf_counter() - started) * 1000:.0f} ms")
    browser(directory)
    for name, make in (("codepo_gb.zip", code_point), ("NSPL.csv", ons)):
        make(folder / name)
        command = [sys.executable, "-m", "benchmarks.bench_finder", str(folder / name)]
        subprocess.run(command, check=True, cwd=ROOT)
        (folder / name).unlink()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        imported(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made_in:
            main(Path(made_in))
