"""Reading again and again gives what reading for the first time gives."""

import os
import pickle
import random
import shutil
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel

from portal import content
from portal.content import cache
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
    return [*map(_noun, nouns), directory.terms.model_dump(), places, areas]


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
        data = pickle.dumps(dict.fromkeys(pickle.loads(path.read_bytes()[32:])))
        path.write_bytes(cache._seal(data) + data)
        path.chmod(0o666)

    assert described(root, content.KeptReadings(var)) == described(root)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_folder_that_cannot_be_written_stops_nothing(root, tmp_path):
    (tmp_path / "var").write_text("a file")

    assert described(root, content.KeptReadings(tmp_path / "var")) == described(root)
