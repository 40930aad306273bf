"""Reading again and again gives what reading for the first time gives."""

import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel

from portal import content
from portal.content import cache
from portal.content.school_calendar import bank_holidays
from portal.directory import TextFile

TODAY = date(2026, 11, 23)


@pytest.fixture
def root(tmp_path, sample_root):
    return shutil.copytree(sample_root, tmp_path / "root")


def described(root, memory=None):
    """All that a reading says: every field and link of every noun, or every mistake."""
    try:
        directory = content.load(root, today=TODAY, memory=memory)
    except content.ContentError as error:
        return [str(problem) for problem in error.problems]
    nouns = (
        *directory.pages, *directory.news, *directory.programmes, *directory.centres,
        *directory.series, *directory.private_series, *directory.help_pages, *directory.boards,
    )  # fmt: skip
    places = [(one.label, one.position, one.outcode) for one in directory.settlements]
    areas = [(one.code, one.position) for one in directory.postcode_areas]
    reports = [(one.source, one.cube) for one in directory.reports]
    return [*map(_noun, nouns), directory.terms.model_dump(), places, areas, reports]


def _noun(noun):
    own = {}
    for name, value in sorted(noun.__dict__.items()):
        if isinstance(value, TextFile):
            value = value.source
        elif name == "venue":
            value = (value.line, value.position)
        elif name == "all_sessions":
            value = [
                (one.planned, one.starts, one.ends, one.venue.line, one.cancelled, one.note)
                for one in value
            ]
        elif name == "translations":
            value = {language: _noun(other) for language, other in value.items()}
        elif name in type(noun).model_fields and isinstance(value, (tuple, BaseModel)):
            value = noun.model_dump(include={name})
        own[name] = value
    return type(noun).__name__, own, sorted(noun.model_fields_set)


EDITS = (
    ("centres/preston/riverbank/bump-spring.md", "sessions: 6", "sessions: 5"),
    ("centres/preston/riverbank/bump-spring.md", "day: Tuesday", "day: Monday"),
    ("centres/preston/riverbank/bump-spring.pl.md", "room:", "rom:"),
    ("centres/preston/riverbank/index.md", "district: preston", "district: prestn"),
    ("centres/preston/riverbank/index.md", "## Getting", "#### Getting"),
    ("centres/preston/riverbank/index.md", "aliases: old-riverbank", "aliases: harbour"),
    ("programmes/bump-birth-and-beyond.md", "booking: book", "booking: request"),
    ("programmes/play-sessions.md", "cost:", "bring: A smile\ncost:"),
    ("content/terms.yaml", "2027-02-12", "2027-02-05"),
    ("content/site.yaml", "languages:", "languags:"),
    ("content/places.csv", "Preston", "Prestown"),
    ("content/news/riverbank-lift.md", "](/", "](/no"),
    ("content/messages/offered.md", "{link}", "{lnk}"),
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_reading_that_remembers_finds_the_same(root, seed):
    """After each of many edits, removals and returns, mistakes and their mending included."""
    chance = random.Random(seed)
    memory, var = content.FileCache(), root / "var"
    removed = {}
    found = [described(root, memory)]
    for _ in range(25):
        path, old, new = chance.choice(EDITS)
        file = root / path
        turn = chance.random()
        if turn < 0.15 and removed:
            path, text = removed.popitem()
            (root / path).write_text(text, encoding="utf-8")
        elif turn < 0.3 and file.exists() and path.startswith("centres/preston/riverbank/bump"):
            removed[path] = file.read_text("utf-8")
            file.unlink()
        elif file.exists():
            text = file.read_text("utf-8")
            changed = text.replace(new, old) if new in text else text.replace(old, new)
            file.write_text(changed, encoding="utf-8")
        found.append(described(root, memory))

        assert found[-1] == described(root) == described(root, content.KeptReadings(var, 1))

    assert any(isinstance(one[0], str) for one in found)
    assert any(not isinstance(one[0], str) for one in found)


def test_an_old_directory_stays_as_it_was(root):
    """Who still looks at the last reading sees nothing of the next."""
    memory = content.FileCache()
    before = content.load(root, today=TODAY, memory=memory)
    series = before.find_series("riverbank/bump-spring")
    kept = _noun(series)
    file = root / series.source
    file.write_text(file.read_text().replace("sessions: 6", "sessions: 7"))
    after = content.load(root, today=TODAY, memory=memory).find_series("riverbank/bump-spring")

    assert _noun(series) == kept
    assert (len(series.all_sessions), len(after.all_sessions)) == (6, 7)


# --- readings that are kept ----------------------------------------------------------------------

SHIPPED = Path(__file__).parents[2]


@pytest.fixture
def var(tmp_path):
    return tmp_path / "var"


def shipped(tmp_path):
    for name in content.FOLDERS:
        shutil.copytree(SHIPPED / name, tmp_path / "shipped" / name)
    return tmp_path / "shipped"


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [0, 40])
def test_the_shipped_content_is_the_same_in_each_way(tmp_path, var, wrong):
    """Read here, by workers, and from the last run; without mistakes and with many."""
    root, chance = shipped(tmp_path), random.Random(wrong)
    files = sorted((root / "centres").glob("*/*/*.md"))
    for file in chance.sample(files, wrong):
        lines = file.read_text("utf-8").split("\n")
        lines.insert(chance.randrange(1, 5), chance.choice(["wrong: yes", "wrong", "time: late"]))
        file.write_text("\n".join(lines) + "\n<b>bold</b>\n", encoding="utf-8")
    found = described(root)

    assert described(root, content.KeptReadings(var, 2)) == found
    assert described(root, content.KeptReadings(var, 2)) == found
    assert described(root, content.KeptReadings(tmp_path / "other", 1)) == found
    assert len(found) > wrong


def test_only_what_has_changed_is_read(root, var):
    described(root, content.KeptReadings(var))
    read = []

    class Watching(content.KeptReadings):
        def readings(self, asked, read_one, digests):
            def noted(one):
                read.append(one.name)
                return read_one(one)

            return super().readings(asked, noted, digests)

    described(root, Watching(var))
    assert read == []

    (root / EDITS[0][0]).write_text("no fields", encoding="utf-8")
    described(root, Watching(var))
    assert read == [EDITS[0][0]]


class Noting(content.KeptReadings):
    """Kept readings that note what has to be made again."""

    def __init__(self, var, made):
        super().__init__(var)
        self._noted = made

    def made(self, what, key, make):
        def noted():
            self._noted.append(what)
            return make()

        return super().made(what, key, noted)


def test_messages_and_published_quarters_are_read_again_where_they_have_changed(root, var):
    (root / "content/reports").mkdir()
    report = root / "content/reports/2026-Q2.json"
    shutil.copy(SHIPPED / "content/reports/2026-Q2.json", report)
    message = root / "content/messages/offered.md"
    text, numbers = message.read_text("utf-8"), report.read_text("utf-8")
    memory, first = content.FileCache(), described(root)

    def made():
        found = []

        assert described(root, Noting(var, found)) == described(root) == described(root, memory)
        return found

    assert made() == ["holidays", "reports", "messages"]
    assert made() == []

    message.write_text(text.replace("{link}", "{lnk}"), encoding="utf-8")

    assert made() == ["messages"]
    assert any("{lnk}" in line for line in described(root, content.KeptReadings(var)))
    assert made() == []

    message.write_text(text, encoding="utf-8")
    report.write_text(numbers.replace('"sample"', '"simple"'), encoding="utf-8")

    assert made() == ["reports", "messages"]

    report.write_text(numbers, encoding="utf-8")
    (root / "content/messages/ofered.md").symlink_to(message)

    assert made() == ["reports"]  # and the messages, for which there is no key

    (root / "content/messages/ofered.md").unlink()

    assert made() == []
    assert described(root, content.KeptReadings(var)) == first

    message.unlink()

    assert made() == ["messages"]


_HOLIDAYS = """
import sys
from datetime import date
from pathlib import Path
from portal import content
from portal.content.school_calendar import bank_holidays
root, var = map(Path, sys.argv[1:])
content.load(root, today=date(2026, 11, 23), memory=content.KeptReadings(var))
print("holidays" in sys.modules, [sorted(bank_holidays(year).items()) for year in (2026, 2027)])
"""


@pytest.mark.slow
def test_the_library_of_bank_holidays_is_needed_once(root, var):
    """A command that finds them kept does not import it, and knows the same days."""
    command = [sys.executable, "-c", _HOLIDAYS, root, var]
    first, second = (subprocess.check_output(command, text=True) for _ in range(2))

    assert first == f"True {[sorted(bank_holidays(year).items()) for year in (2026, 2027)]}\n"
    assert second == first.replace("True", "False")


def test_another_text_of_the_same_size_and_time_is_read(root, var):
    file = root / "centres/preston/riverbank/bump-spring.md"
    before, status = file.read_text("utf-8"), file.stat()
    described(root, content.KeptReadings(var))
    file.write_text(before.replace("sessions: 6", "sessions: 7"), encoding="utf-8")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    directory = content.load(root, today=TODAY, memory=content.KeptReadings(var))

    assert file.stat().st_size == status.st_size
    assert len(directory.find_series("riverbank/bump-spring").all_sessions) == 7


class Bomb:
    """What another program might put into a file of ours: it makes a folder when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: bytes(32) + data[32:],  # of another version
        lambda data: cache._seal(b"nonsense") + b"nonsense",
        lambda data: cache._seal(pickle.dumps({})) + pickle.dumps({}),
    ],
    ids=["empty", "half", "one bit", "version", "nonsense", "nothing"],
)
def test_damaged_readings_are_read_and_written_again(root, var, damage):
    found = described(root, content.KeptReadings(var))
    files = {path: path.read_bytes() for path in var.glob("readings/*")}
    for path, data in files.items():
        path.write_bytes(damage(data))

    assert described(root, content.KeptReadings(var)) == found
    assert {path: path.read_bytes() for path in var.glob("readings/*")} == files


def test_readings_never_run_what_they_name(root, var, tmp_path):
    found = described(root, content.KeptReadings(var))
    bomb = pickle.dumps(Bomb(str(tmp_path / "harm")))
    for path in var.glob("readings/*"):
        path.write_bytes(cache._seal(bomb) + bomb)

    assert described(root, content.KeptReadings(var)) == found
    assert not (tmp_path / "harm").exists()


def test_readings_that_others_can_write_are_passed_over(root, var):
    described(root, content.KeptReadings(var))
    files = list(var.glob("readings/*"))
    for path in files:
        kept = pickle.loads(path.read_bytes()[32:])
        kept = dict.fromkeys(kept) if isinstance(kept, dict) else (kept[0], None)
        data = pickle.dumps(kept)
        path.write_bytes(cache._seal(data) + data)
        path.chmod(0o666)

    assert described(root, content.KeptReadings(var)) == described(root)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_folder_that_cannot_be_written_stops_nothing(root, tmp_path):
    (tmp_path / "var").write_text("a file")

    assert described(root, content.KeptReadings(tmp_path / "var")) == described(root)


KILLED_AS_IT_READS = """
import os, signal, sys
from pathlib import Path
from portal.content import cache

def read(asked):
    os.kill(parent, signal.SIGKILL)
    raise AssertionError

parent = os.getpid()
asked = [cache.Asked(str(number), str(number), None, "", False) for number in range(400)]
cache.KeptReadings(Path(sys.argv[1]), 2).readings(asked, read, {})
"""


@pytest.mark.kills
def test_who_reads_for_a_killed_build_ends_too(var):
    """Its workers wait for what to read next, which would be for ever."""
    command = [sys.executable, "-c", KILLED_AS_IT_READS, str(var)]
    # All of them hold the end into which they write, so that it is closed when all have ended.
    killed = subprocess.run(command, capture_output=True, timeout=60, check=False)

    assert killed.returncode == -signal.SIGKILL
