"""A series that is read by itself is what a whole load makes of it, or that is asked for."""

import os
import random
import re
import shutil

import pytest

from portal.content import ContentError, FileCache, load
from portal.content.loader import load_parts
from portal.content.one_series import OneSeries
from tests.support import content_edits
from tests.support.alike import described
from tests.support.content_edits import Edits, with_field
from tests.support.long_forms import rounds

RIVERBANK = "centres/preston/riverbank"
MONDAYS = f"{RIVERBANK}/play-monday.md"
SPRING = f"{RIVERBANK}/bump-spring.md"
# Edits of one series; some leave it with mistakes, or change what other files refer to.
MORE = {
    "alongside": ("[play-monday]", "[nothing-there]", None),
    "aliases": ("[once]", None),
    "programme": ("play-sessions", "calm-at-home", "nothing"),
    "photo": ("front.png", "none.png", None),
    "booking": ("book", "drop-in", "request", None),
    "venue": ("\n  name: Town Hall\n  town: Preston", "\n  name: Hut\n  town: Nowhere", None),
    "resources": ("[mobile-creche]", None),
    "starts": ("2027-01-12", "2026-11-30", "2026-02-30"),
    "time": ("9:30-11:00", "10:00-12:00", "1:30-3:00", "12:00-11:00"),
}


class Content:
    """A copy of the sample that is loaded, and read again series by series."""

    def __init__(self, root, day):
        self.root, self.day, self.memory = root, day, FileCache()
        self.load()

    def load(self):
        loaded = load_parts(self.root, self.memory, self.day, 26)
        self.one = OneSeries(self.root, loaded, self.memory)

    def fresh(self):
        """A Directory of the files as they are; None if they have mistakes."""
        try:
            return load(self.root, today=self.day)
        except ContentError:
            return None


@pytest.fixture
def content(tmp_path, sample_root, today):
    return Content(shutil.copytree(sample_root, tmp_path / "root"), today)


def in_file(directory, path):
    every = (*directory.series, *directory.private_series)
    return next(one for one in every if one.source == path)


def differences(series, expected):
    """The fields in which a series differs from another, without its edition."""
    mine, other = described(series), described(expected)
    found = [name for name in other if name != "edition" and mine[name] != other[name]]
    for language, translation in expected.translations.items():
        found += differences(series.translations[language], translation)
    return found


@pytest.mark.slow
def test_random_edits_give_what_a_whole_load_gives(content):
    """After each of many random edits the series is the same in every field; where the content has
    mistakes, the whole load is asked for."""
    chance = random.Random(os.environ.get("PORTAL_TESTS_SEED", "18"))
    edits = Edits(content.root, chance, content.day)
    alone = whole = 0
    for _ in rounds(60, 240):
        path = edits.series()
        text = path.read_text("utf-8")
        kind = chance.choice(("field", "field", "more", "change", "words"))
        if kind == "change":
            edits.series = lambda path=path: path
            content_edits.change(edits)
            del edits.series
        elif kind == "words":
            edits.write(
                path, f"{text}\n{chance.choice(('A word.', '[Gone](/gone/)', '## Part'))}\n"
            )
        else:
            fields = MORE if kind == "more" else content_edits.SERIES
            name = chance.choice(sorted(fields))
            edits.write(path, with_field(text, name, chance.choice(fields[name])))
        source = path.relative_to(content.root).as_posix()
        series, expected = content.one.read(source), content.fresh()
        if series is not None:
            assert expected is not None, path.read_text("utf-8")
            assert differences(series, in_file(expected, source)) == []
            alone += 1
        elif expected is not None:
            content.load()
            whole += 1
        else:
            edits.write(path, text)
            content.load()

    assert alone > 3 * whole


# What other files refer to, or what makes another file wrong: the file by itself is right.
TOGETHER = {
    "a double": (MONDAYS, None),
    "a dead link": (SPRING, "[Gone](/gone/)"),
    "a heading": (SPRING, "## Another part"),
    "an old name": (SPRING, {"aliases": "[once]"}),
    "a sensitive programme": (SPRING, {"programme": "calm-at-home", "booking": "request"}),
    "an unknown town": (SPRING, {"venue": "\n  name: Hut\n  town: Nowhere"}),
    "an unknown resource": (SPRING, {"resources": "[rocket]"}),
    "an unknown series": (SPRING, {"alongside": "[nothing-there]"}),
    "a date that it has not": (SPRING, {"except": "[2026-12-25]"}),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_what_other_files_decide_asks_for_the_whole_load(content, case):
    """An edit that another file makes wrong, or that may make another file wrong."""
    path, edit = TOGETHER[case]
    file = content.root / path
    text = file.read_text("utf-8")
    if edit is None:
        path = f"{RIVERBANK}/bump-spring.md"
        file = content.root / path
    elif isinstance(edit, str):
        text = f"{text}\n{edit}\n"
    else:
        for name, value in edit.items():
            text = with_field(text, name, value)
    file.write_text(text, "utf-8")

    assert content.one.read(path) is None


def test_a_second_edit_is_compared_with_the_first(content):
    """A clash with a series that was itself read again is found."""
    spring, mondays = content.root / SPRING, content.root / MONDAYS
    text = re.sub("^room:.*\n", "", mondays.read_text("utf-8"), flags=re.M)
    mondays.write_text(with_field(text, "room", "The new hall"), "utf-8")
    assert content.one.read(MONDAYS).room == "The new hall"
    spring.write_text(
        with_field(text, "room", "The new hall").replace("play-sessions", "bump-birth-and-beyond"),
        "utf-8",
    )

    assert content.fresh() is None
    assert content.one.read(SPRING) is None


@pytest.mark.parametrize("path", ["centres/preston/riverbank/index.md", "programmes/x.md", "a.md"])
def test_other_files_ask_for_the_whole_load(content, path):
    """Only a series that was there is read by itself."""
    assert content.one.read(path) is None


def test_a_file_that_has_gone_asks_for_the_whole_load(content):
    """Nor is a link followed in its place."""
    file = content.root / SPRING
    file.rename(content.root / "elsewhere.md")
    assert content.one.read(SPRING) is None
    file.symlink_to(content.root / "elsewhere.md")
    assert content.one.read(SPRING) is None
