"""A site that is kept while series are edited shows what a new site of the same files shows."""

import os
import random
import shutil

import pytest

from portal import content
from portal.content import FileCache, plausibility
from portal.content.loader import load_parts
from portal.web.preview.app import ask
from portal.web.preview.resident import ResidentSite
from portal.web.site.app import Site
from tests.support import content_edits
from tests.support.content_edits import Edits, with_field
from tests.support.long_forms import rounds

pytestmark = pytest.mark.slow

TOWNS = "name", "Preston", "Nelson", "Bacup", "Fleetwood", "Ribbleton", "Warton", "Whitworth"
SPRING = "centres/preston/riverbank/bump-spring.md"
MONDAYS = "centres/preston/riverbank/play-monday.md"
CENTRE = "centres/preston/riverbank/index.md"


class Kept:
    """A copy of the sample with the site that is kept of it."""

    def __init__(self, root, day):
        self.root, self.day, self.memory = root, day, FileCache()
        places = root / "content/places.csv"  # fewer pages, for more edits
        lines = places.read_text("utf-8").splitlines(keepends=True)
        places.write_text("".join(line for line in lines if line.startswith(TOWNS)), "utf-8")
        self.start()

    def start(self):
        loaded = load_parts(self.root, self.memory, self.day, 26)
        self.site = ResidentSite(self.root, loaded, loaded.directory, self.memory, PERIODS)

    def take_in(self, path):
        return self.site.take_in(path, today=self.day)

    def save(self, path, name, value):
        file = self.root / path
        file.write_text(with_field(file.read_text("utf-8"), name, value), "utf-8")
        return self.take_in(path)

    def fresh(self):
        directory = content.load(self.root, today=self.day)
        site = Site(directory, periods=PERIODS)
        return directory, site.addresses(), site.app()


PERIODS = {"keep_days": 30, "keep_needs_days": 30, "keep_case_days": 30}


@pytest.fixture
def kept(tmp_path, sample_root, today):
    return Kept(shutil.copytree(sample_root, tmp_path / "root"), today)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_random_edits_give_the_site_that_is_made_of_the_files(kept):
    """After each of many random edits every page and file is the same byte for byte, and so are
    the doubts about the file."""
    chance = random.Random(os.environ.get("PORTAL_TESTS_SEED", "18"))
    edits = Edits(kept.root, chance, kept.day)
    addresses = kept.fresh()[1]
    for path in addresses:
        assert ask(kept.site, path) is not None
    alone = 0
    for number in rounds(8, 900):
        path = edits.series()
        before = path.read_text("utf-8")
        if chance.random() < 0.4:
            edits.series = lambda path=path: path
            said = content_edits.change(edits)
            del edits.series
        else:
            name = chance.choice(sorted(content_edits.SERIES))
            value = chance.choice(content_edits.SERIES[name])
            edits.write(path, with_field(before, name, value))
            said = f"{path.name}: {name} = {value}"
        source = path.relative_to(kept.root).as_posix()
        doubts = kept.take_in(source)
        try:
            directory, addresses, app = kept.fresh()
        except content.ContentError:
            assert doubts is None, said
            edits.write(path, before)
            kept.start()
            continue
        if doubts is None:
            kept.start()
            continue
        alone += 1
        wrong = [one for one in addresses if ask(kept.site, one) != ask(app, one)]
        assert not wrong, f"After edit {number} ({said}), these are wrong: {wrong[:10]}"
        everywhere = plausibility.doubts(directory)
        assert doubts == [one for one in everywhere if one.path == source]

    assert alone


EVERY_MONDAY = """---
programme: play-sessions
day: Monday
starts: 2026-09-07
time: 9:30-11:00
term_time_only: yes
---
"""
# Each in turn, and then taken back: what is summed, sorted or listed for a whole area differs.
DECIDING = (
    ("venue", "{name: Mill, town: Nelson, postcode: BB9 7AB}"),
    ("venue", "{name: Mill, town: Nelson, location: '53.8360, -2.2140'}"),  # in another district
    ("venue", "{name: Somewhere in Preston}"),
    ("time", "18:00-19:30"),
    ("ages", "11-15 years"),
    ("ages", "0-25 years"),
    ("language", "pl"),
    ("quiet", "yes"),
    ("booking", "drop-in"),
    ("until", "2026-11-23"),  # it is over: in no list
    ("until", "2026-12-07"),
    ("title", "Aardvarks and others"),
    ("changes", "\n  - date: 2026-12-07\n    moved_to: 2026-12-09 9:30-11:00"),
    ("changes", "\n  - date: 2026-12-07\n    venue: {name: Hall, town: Nelson, postcode: BB9 7AB}"),
    ("changes", "\n  - date: 2026-12-07\n    moved_to: 2027-01-20 19:00-20:00"),
    ("changes", "\n  - date: 2026-12-07\n    cancelled: Snow"),
)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_what_decides_about_areas_ages_and_weeks_is_shown_everywhere(kept):
    """Coverage, the finder, calendars and the week are those of the files after each such edit."""
    shown = set()
    for path in kept.fresh()[1]:
        assert ask(kept.site, path) is not None
    for name, value in (*DECIDING, ("", "")):
        text = with_field(EVERY_MONDAY, name, value) if name else EVERY_MONDAY
        (kept.root / MONDAYS).write_text(text, "utf-8")
        assert kept.take_in(MONDAYS) is not None, (name, value)
        _, addresses, app = kept.fresh()
        wrong = [one for one in addresses if ask(kept.site, one) != ask(app, one)]
        assert not wrong, f"With {name} {value}, these are wrong: {wrong[:10]}"
        shown.add(ask(app, "/data/coverage.json"))
    assert len(shown) > len(DECIDING) / 2


def test_what_does_not_read_the_edited_field_is_kept(kept):
    """Other words and other dates make the page again, but not the list of all pages and files."""
    page = "/sessions/riverbank/play-monday/"
    assert b"A red bucket" not in ask(kept.site, page)
    assert ask(kept.site, f"{page}2026-12-07.ics")
    before = dict(kept.site._kept)
    assert kept.save(MONDAYS, "bring", "A red bucket") == []

    assert b"A red bucket" in ask(kept.site, page)
    assert kept.site._kept["list"] is before["list"]
    assert kept.save(MONDAYS, "except", "[2026-12-07]") == []
    assert b"7 December" not in ask(kept.site, page)
    assert ask(kept.site, f"{page}2026-12-07.ics") is None
    assert kept.site._kept["list"] is before["list"]


def test_a_file_with_a_mistake_leaves_the_site_as_it_was(kept):
    """The whole content is to be read then, which says all mistakes in their order."""
    page = ask(kept.site, "/sessions/riverbank/bump-spring/")
    assert kept.save(SPRING, "day", "Monday") is None

    assert ask(kept.site, "/sessions/riverbank/bump-spring/") == page


def test_another_day_needs_another_site(kept, today):
    """What is on depends on the day."""
    assert kept.site.take_in(SPRING, today=today.replace(day=today.day + 1)) is None


def test_it_knows_whether_other_files_have_changed(kept):
    """After an edit it is the site of the content with it, until something else is saved."""
    kept.save(MONDAYS, "bring", "A red bucket")
    assert kept.site.is_site_of(load_parts(kept.root, FileCache(), kept.day, 26))
    file = kept.root / CENTRE
    os.utime(file, (1_900_000_000, 1_900_000_000))
    assert not kept.site.is_site_of(load_parts(kept.root, FileCache(), kept.day, 26))
    file.write_text(file.read_text("utf-8") + "\nA word.\n", "utf-8")
    assert not kept.site.is_site_of(load_parts(kept.root, FileCache(), kept.day, 26))
