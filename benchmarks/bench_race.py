"""The portal against Hugo and Pelican, on the same pages: `make bench SIZES="1000 5000"`.

    python -m benchmarks.bench_race [SIZE ...] [--rounds 3] [--pelican] [--keep FOLDER]

A county of each size is invented (`synthetic`), and its built pages are written as sources for the
rivals (`rivals`). Then all take turns, several rounds, each in a fresh process: from nothing,
with nothing changed, and after one edit of a file. `html` is the portal's pages alone, `all` the
whole site, with calendars, feeds, indexes and codes; Hugo and Pelican make the pages alone.

Figures are medians of the rounds, ratios medians of the ratios within each round, so that a busy
machine slows both sides. Wall time and memory are compared with the targets of the project; a
figure counts only on a quiet machine. Processor time is of all processes together, memory that of
the largest process, in which shared pages count fully. PDF leaflets are off. The files are in the
page cache, as after a save. Files written are not waited for on the disk by any of them.

A resident preview is measured at sizes up to 5,000: the time from a save to the fresh page, and to
all pages and files which depend on it. `make bench ONLY=preview` measures this alone.

The exit status is 1 if the rivals' pages are not the portal's: another number of them, another
address, or more than a tenth more or fewer bytes; or if `html` and `all` differ in a byte.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from itertools import count
from pathlib import Path
from urllib.request import urlopen

from benchmarks import synthetic

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".venv/bench"
RESULTS = ROOT / "benchmarks/results/race.json"
SIZES = "1000 5000"
LARGE = 20_000  # from here one round is enough, and Pelican runs only where it is asked for
PREVIEW = 5_000  # the largest county that a preview is measured with
DIFFERENCE = 0.1  # of all bytes of the pages

# --- targets: of the pages alone, and of the whole site -------------------------------------------

COLD = {1_000: (0.7, 1.0), 5_000: (0.45, 0.7), 20_000: (0.3, 0.5)}  # of Hugo's wall time
MEMORY = {20_000: (0.1, 0.15)}  # of Hugo's largest process
SECONDS = {
    ("nothing changed", 5_000): (None, 0.2),
    ("one series edited", 5_000): (None, 1.0),
    ("from nothing", 100_000): (25, 60),
}
MEGABYTES = {("from nothing", 100_000): (600, 1_000)}
PREVIEW_SECONDS = (0.015, 0.060)  # that page, all that depends on it
KINDS = ("html", "all")

# --- one process ----------------------------------------------------------------------------------

# A process of its own, and small: the largest resident size that `wait4` reports is also that of
# the process which started the command, up to the moment when the command takes its place. Times
# and sizes are those of the command with all workers that it has waited for.
LAUNCHER = """
import json, os, sys, time
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
started = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, used = os.wait4(child, 0)
wall = time.perf_counter() - started
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps([os.waitstatus_to_exitcode(status), wall, used.ru_utime + used.ru_stime,
                  used.ru_maxrss * unit]))
"""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of all processors, bytes of the largest process."""

    wall: float
    processor: float
    memory: float


def cost_of(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> Cost:
    """Run a command, and say what it cost. Raises CalledProcessError if it fails."""
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launcher, cwd=cwd, env=environ, stdout=subprocess.PIPE, check=True)
    status, *figures = json.loads(done.stdout)
    if status:
        raise subprocess.CalledProcessError(status, command)
    return Cost(*figures)


def hugo() -> list[str]:
    """The command of Hugo; empty if it is not there. Its package puts Python before the binary."""
    inside = sorted(TOOLS.glob("lib/python*/site-packages/hugo/binaries/hugo"))
    found = inside[0] if inside else shutil.which("hugo")
    return [str(found)] if found else []


def pelican() -> list[str]:
    there = TOOLS / "bin/pelican"
    found = there if there.exists() else shutil.which("pelican")
    return [str(found)] if found else []


# --- the racers -----------------------------------------------------------------------------------


@dataclass
class Racer:
    """A builder with its sources and its output."""

    name: str
    command: list[str]
    cwd: Path
    out: Path
    edit: Callable[[], object]
    environ: dict[str, str]
    state: Path | None = None  # what it keeps between builds, beside its output

    def run(self) -> Cost:
        return cost_of(self.command, self.cwd, self.environ)

    def forget(self, past: Path) -> None:
        """Put the output and the state aside, into the folder `past`, as if they had never been.

        Nothing is deleted before a build. Where ext4 has no journal, it does not use the inodes of
        deleted files for a while, and looks past all of them for each new file. A build would pay
        for the files of the build before it: a tenth of a millisecond for each.
        """
        past.mkdir(parents=True, exist_ok=True)
        for folder in (self.out, self.state):
            if folder and folder.exists():
                folder.rename(Path(tempfile.mkdtemp(dir=past)) / folder.name)


def portal(kind: str, work: Path, edit: Callable[[], object]) -> Racer:
    module = "portal" if kind == "all" else "benchmarks.pages_alone"
    command = [sys.executable, "-m", module, "--root", str(work / "county"), "build"]
    out, var = work / f"site-{kind}", work / f"var-{kind}"
    environ = {**plain_environ(), "PORTAL_OUT": str(out), "PORTAL_VAR": str(var)}
    return Racer(
        kind, [*command, "--today", str(synthetic.DAY)], ROOT, out, edit, environ, state=var
    )


def plain_environ() -> dict[str, str]:
    """The environment of each command: modules are compiled once, and leaflets are off."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PORTAL_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, "PORTAL_LEAFLETS": "no"}


class Edited:
    """The file of a weekly group, whose end is changed: rows, dates and calendars say it."""

    def __init__(self, county: Path) -> None:
        self.path = next(
            path
            for path in sorted(county.glob("centres/*/*/series-*.md"))
            if not re.search("^(sessions|repeats):", path.read_text("utf-8"), re.MULTILINE)
        )
        self.address = f"sessions/{self.path.parent.name}/{self.path.stem}"
        self.minute = 0

    def edit(self) -> str:
        """Change the end to another one; returns it as pages say it, such as '11:44am'."""
        self.minute = self.minute % 9 + 1
        text = self.path.read_text("utf-8")
        hour = int(re.search(r"^time: .*-(\d\d):", text, re.MULTILINE)[1])
        if re.search(r"^time: .*-\d\d:00$", text, re.MULTILINE):
            hour -= 1
        end = f"{hour:02}:{50 + self.minute}"
        write(self.path, re.sub(r"^(time: .*-)\d\d:\d\d$", rf"\g<1>{end}", text, flags=re.M))
        return f"{(hour - 1) % 12 + 1}:{50 + self.minute}{'am' if hour < 12 else 'pm'}"


def write(path: Path, text: str) -> None:
    """Replace a file at once, as editors do: a preview never sees half of it."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


# --- one size -------------------------------------------------------------------------------------


@dataclass
class Line:
    """One row of the table. Ratios are to Hugo, in the same round."""

    size: int
    what: str
    who: str
    cost: Cost
    wall_ratio: float | None = None
    processor_ratio: float | None = None
    memory_ratio: float | None = None
    targets: list[str] = field(default_factory=list)

    def aim(self, words: str, figure: float, target: float | None) -> None:
        if target is not None:
            reached = "reached" if figure <= target else "not reached"
            self.targets.append(f"{words} {target:g}: {reached}")


def race(size: int, work: Path, rounds: int, with_pelican: bool) -> tuple[list[Line], list[str]]:
    """Everything about one size; also the ways in which the pages are not the same."""
    racers, edited, wrong = prepare(size, work, with_pelican)
    lines: list[Line] = []

    def add(line: Line) -> None:
        lines.append(line)
        print(shown(line), flush=True)

    for what in ("from nothing", "nothing changed", "one series edited"):
        # Only a whole site is built again and again; Pelican builds everything each time.
        again = [racer for racer in racers if racer.name in ("hugo", "all")]
        costs: dict[str, list[Cost]] = {}
        for _ in range(rounds):
            for racer in racers if what == "from nothing" else again:
                if what == "from nothing":
                    racer.forget(work / "past")
                elif what == "one series edited":
                    racer.edit()
                costs.setdefault(racer.name, []).append(racer.run())
        for name in costs:
            add(line_of(size, what, name, costs))
    if size <= PREVIEW:
        for line in preview(size, work, edited):
            add(line)
    return lines, wrong


def line_of(size: int, what: str, who: str, costs: Mapping[str, Sequence[Cost]]) -> Line:
    mine, theirs = costs[who], costs.get("hugo", ())

    def middle(name: str) -> float:
        return statistics.median(getattr(cost, name) for cost in mine)

    def ratio(name: str) -> float | None:
        pairs = list(zip(mine, theirs, strict=False))
        return (
            statistics.median(getattr(one, name) / getattr(other, name) for one, other in pairs)
            if pairs and who != "hugo"
            else None
        )

    line = Line(size, what, who, Cost(middle("wall"), middle("processor"), middle("memory")))
    line.wall_ratio, line.processor_ratio = ratio("wall"), ratio("processor")
    line.memory_ratio = ratio("memory")
    if who in KINDS:
        which = KINDS.index(who)
        if what == "from nothing" and line.wall_ratio is not None and size in COLD:
            line.aim("wall ratio", line.wall_ratio, COLD[size][which])
        if what == "from nothing" and line.memory_ratio is not None and size in MEMORY:
            line.aim("memory ratio", line.memory_ratio, MEMORY[size][which])
        line.aim("seconds", line.cost.wall, SECONDS.get((what, size), (None, None))[which])
        megabytes = line.cost.memory / 1e6
        line.aim("MB", megabytes, MEGABYTES.get((what, size), (None, None))[which])
    return line


def prepare(size: int, work: Path, with_pelican: bool) -> tuple[list[Racer], Edited, list[str]]:
    """The county, the rivals' sources and the racers, after a first build by each of them."""
    from benchmarks import rivals
    from portal import content

    county = work / "county"
    if not county.exists():
        synthetic.make(county, size)
    edited = Edited(county)
    racers = [portal(kind, work, edited.edit) for kind in KINDS]
    for racer in racers:
        racer.forget(work / "past")
        racer.run()
    site = racers[1].out
    for name in ("hugo", "pelican"):
        shutil.rmtree(work / name, ignore_errors=True)
    directory = content.load(county, today=synthetic.DAY).at(None)
    pages = rivals.write(site, county, directory, work / "hugo", work / "pelican")
    del directory
    if hugo():
        out = work / "site-hugo"
        command = [*hugo(), "--quiet", "--noTimes", "--destination", str(out)]
        edit = rival_edit(work / "hugo/content" / f"{edited.address}.md")
        cache = work / "hugo-cache"
        hugo_racer = Racer("hugo", command, work / "hugo", out, edit, plain_environ(), state=cache)
        racers.insert(0, hugo_racer)
    if pelican() and (size < LARGE or with_pelican):
        out = work / "site-pelican"
        command = [*pelican(), "--quiet", "-s", "pelicanconf.py", "-o", str(out), "content"]
        edit = rival_edit(work / "pelican/content" / f"{edited.address}.md")
        racers.append(Racer("pelican", command, work / "pelican", out, edit, plain_environ()))
    for racer in racers:
        if racer.name not in KINDS:
            racer.forget(work / "past")
            racer.run()
    files = sum(1 for path in site.rglob("*") if path.is_file())
    ours = weighed(site)
    total = sum(ours.values())
    print(
        f"\n{size:,} pages: {pages:,} written, {total / 1e6:,.0f} MB, {total / pages / 1e3:.1f} KB "
        f"each, and {files - pages:,} other files of the whole site",
        flush=True,
    )
    return racers, edited, list(differences(racers, ours))


def rival_edit(path: Path) -> Callable[[], None]:
    """An edit of a page's source: a number after its heading."""
    numbers = count(1)

    def edit() -> None:
        text = path.read_text("utf-8")
        heading = rf'\1 {next(numbers)}",\n'
        write(path, re.sub(r'("heading": ".*?)( \d+)?",\n', heading, text, count=1))

    return edit


def weighed(site: Path) -> dict[str, int]:
    """The bytes of each page."""
    return {str(path.relative_to(site)): path.stat().st_size for path in site.rglob("*.html")}


def differences(racers: Sequence[Racer], ours: Mapping[str, int]) -> Iterator[str]:
    by_name = {racer.name: racer for racer in racers}
    whole, alone = by_name["all"].out, by_name["html"].out
    for name in ours:
        if (
            not (alone / name).is_file()
            or (alone / name).read_bytes() != (whole / name).read_bytes()
        ):
            yield f"'html' has another {name} than 'all'"
            break
    for racer in racers:
        if racer.name in KINDS:
            continue
        theirs = weighed(racer.out)
        more = sum(theirs.values()) / sum(ours.values()) - 1
        same = theirs.keys() == ours.keys()
        print(
            f"{racer.name}: {'the same pages' if same else 'OTHER PAGES'}, {more:+.1%} bytes",
            flush=True,
        )
        if not same:
            odd = min(theirs.keys() ^ ours.keys())
            yield f"{racer.name} and the portal differ about {odd}"
        if abs(more) > DIFFERENCE:
            yield f"{racer.name} writes {more:+.0%} bytes"


# --- the resident preview -------------------------------------------------------------------------


def preview(size: int, work: Path, edited: Edited, edits: int = 7) -> Iterator[Line]:
    """From a save until the page is fresh, and until all that depends on it is."""
    dependents = changed_files(work, edited)
    environ = plain_environ() | {"PORTAL_VAR": str(work / "var-preview")}
    command = [sys.executable, "-u", "-m", "portal", "--root", str(work / "county")]
    command += ["preview", "--port", "0"]
    process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    waits = []
    try:
        address = address_of(process)
        for _ in range(edits):
            waits.append(waited(address, edited, dependents))
            until_ready(process)
    finally:
        process.terminate()
        process.wait()
    for at, (what, target) in enumerate(
        zip(("that page", f"all {len(dependents)} files"), PREVIEW_SECONDS, strict=True)
    ):
        seconds = statistics.median(wait[at] for wait in waits)
        line = Line(size, f"preview, {what}", "all", Cost(seconds, 0, 0))
        line.aim("seconds", seconds, target)
        yield line


def changed_files(work: Path, edited: Edited) -> list[str]:
    """The addresses of all files that an edit changes, by two builds for today: a preview's day."""
    racer = portal("all", work, edited.edit)
    racer.command = racer.command[:-2]
    racer.run()
    before = digests(racer.out)
    edited.edit()
    racer.run()
    after = digests(racer.out)
    # The name of the finder's index has a digest in it: `waited` reads it from the finder's page.
    changed = sorted(name for name in after if before.get(name, after[name]) != after[name])
    return [name.removesuffix("index.html") for name in changed if not name.startswith(".")]


def digests(site: Path) -> dict[str, bytes]:
    return {
        path.relative_to(site).as_posix(): blake2b(path.read_bytes()).digest()
        for path in site.rglob("*")
        if path.is_file()
    }


def waited(address: str, edited: Edited, dependents: Sequence[str]) -> tuple[float, float]:
    time.sleep(0.5)
    page = f"{address}/{edited.address}/"
    with urlopen(page) as answer:
        version = re.search(r'data-version="([^"]+)"', answer.read().decode())[1]
    with urlopen(f"{address}/-preview/changes?after={version}") as news:
        started = time.perf_counter()
        words = edited.edit()
        shown = ""
        while words not in shown:
            while not news.readline().startswith(b"data:"):
                pass
            with urlopen(page) as answer:
                shown = answer.read().decode()
        first = time.perf_counter() - started
    for name in dependents:
        with urlopen(f"{address}/{name}") as answer:
            text = answer.read()
        for index in re.findall(rb"/search/index-[^\"]+", text) if name == "find/" else ():
            with urlopen(f"{address}{index.decode()}") as answer:
                answer.read()
    return first, time.perf_counter() - started


def address_of(process: subprocess.Popen[str]) -> str:
    """The address at which a preview answers, once it says so."""
    assert process.stdout is not None
    address = ""
    while not address:
        found = re.search(r"http://[\d.:]+", process.stdout.readline())
        address = found[0] if found else ""
    return address


def until_ready(process: subprocess.Popen[str]) -> None:
    """Wait until a preview has worked out what the last edit means."""
    assert process.stdout is not None
    while not process.stdout.readline().endswith("Ready.\n"):
        pass


# --- output ---------------------------------------------------------------------------------------


def shown(line: Line) -> str:
    cost = line.cost
    text = f"{line.what:<28}{line.who:<9}{cost.wall:>8.2f}s"
    if cost.memory:
        text += f"{cost.processor:>8.2f}s{cost.memory / 1e6:>6,.0f} MB"
    if line.wall_ratio is not None:
        text += f"   wall {line.wall_ratio:.2f}, processor {line.processor_ratio:.2f}, "
        text += f"memory {line.memory_ratio:.2f}"
    if line.targets:
        text += f"   [{'; '.join(line.targets)}]"
    return text


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument(
        "sizes", nargs="*", type=int, default=list(map(int, os.environ.get("SIZES", SIZES).split()))
    )
    arguments.add_argument("--rounds", type=int, help=f"3; from {LARGE:,} pages 1")
    arguments.add_argument("--pelican", action="store_true", help="also at large sizes")
    arguments.add_argument("--json", type=Path, default=RESULTS, help="where the figures go")
    arguments.add_argument("--keep", type=Path, help="a folder for counties and sites, kept")
    given = arguments.parse_args()
    for name, found in (("Hugo", hugo()), ("Pelican", pelican())):
        if not found:
            print(f"{name} is not installed: make .venv/bench/ready. It is left out.")
    lines: list[Line] = []
    wrong: list[str] = []
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors; others kept {load:.1f} busy when this began")
    with tempfile.TemporaryDirectory() as folder:
        for size in given.sizes:
            work = (given.keep or Path(folder)) / str(size)
            rounds = given.rounds or (1 if size >= LARGE else 3)
            more, odd = race(size, work, rounds, given.pelican)
            lines += more
            wrong += [f"{size:,} pages: {words}" for words in odd]
            shutil.rmtree(work / "past" if given.keep else work)
    given.json.parent.mkdir(parents=True, exist_ok=True)
    record = {"processors": os.cpu_count(), "load_before": load, "lines": list(map(asdict, lines))}
    given.json.write_text(json.dumps(record, indent=1))
    print(f"\nAll figures: {given.json}")
    for words in wrong:
        print(f"NOT FAIR: {words}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
