"""A build that takes what it can from the last site gives the site that a whole build gives."""

import os
import random
import shutil
from datetime import timedelta

import pytest

from portal.content import published_dates
from portal.settings import load_settings
from portal.web.site import build
from tests.support.content_edits import Edits
from tests.support.long_forms import LONG

pytestmark = [pytest.mark.slow, pytest.mark.long]

# A whole build takes four times as long as one after an edit, so some edits share one.
BUILDS, EDITS = (300, 1) if LONG else (9, 2)  # edits before each build
TOWNS = "name", "Preston", "Nelson", "Bacup", "Fleetwood", "Ribbleton", "Warton", "Whitworth"
PACKED = 3  # the last sites are built with compressed twins


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


class Sites:
    """One content, built in two ways from the same last site: step by step, and whole."""

    def __init__(self, folder, sample_root):
        self.folder = folder
        shutil.copytree(sample_root, folder / "root")
        places = folder / "root/content/places.csv"  # fewer pages of towns, for more edits
        lines = places.read_text("utf-8").splitlines(keepends=True)
        places.write_text("".join(line for line in lines if line.startswith(TOWNS)), "utf-8")
        self.options = {}

    def build(self, day, *, compress=False):
        """Build in both ways. What the first wrote is returned, with the names that differ."""
        for name in ("whole", "whole-var"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for name in ("", "-var"):
            if (self.folder / f"steps{name}").exists():
                shutil.copytree(
                    self.folder / f"steps{name}", self.folder / f"whole{name}",
                    copy_function=shutil.copy2 if name else os.link,
                )  # fmt: skip
        built = build.build(self._settings("steps"), today=day, compress=compress, jobs=1)
        build.build(self._settings("whole"), today=day, compress=compress, full=True, jobs=1)
        steps, whole = files(self.folder / "steps"), files(self.folder / "whole")
        wrong = {name for name in steps.keys() | whole.keys() if steps.get(name) != whole.get(name)}
        records = (
            self.folder / f"{name}-var" / published_dates.FILE for name in ("steps", "whole")
        )
        if len({record.read_bytes() for record in records}) > 1:
            wrong.add(published_dates.FILE)
        return built, wrong

    def _settings(self, name):
        return load_settings(
            root=self.folder / "root",
            out=self.folder / name,
            var=self.folder / f"{name}-var",
            **self.options,
        )


@pytest.fixture
def sites(tmp_path, sample_root):
    return Sites(tmp_path, sample_root)


@pytest.mark.timeout(7200 if LONG else 600)
def test_random_edits_give_what_a_whole_build_gives(sites, today):
    """After random edits, days and settings, every file is the same byte for byte."""
    chance = random.Random(os.environ.get("PORTAL_TESTS_SEED", "18"))
    edits = Edits(sites.folder / "root", chance, today)
    sites.build(today)
    day, kept = today, 0

    for number in range(BUILDS):
        said = ", ".join(edits.random_edit() for _ in range(EDITS))
        if chance.random() < 0.08:
            day += timedelta(days=chance.choice((1, 1, 3, 7)))
            edits.day = day
            said += f", day {day}"
        if chance.random() < 0.04:
            sites.options = chance.choice(
                (
                    {},
                    {"keep_days": 60},
                    {"horizon_weeks": 20},
                    {"base_address": "https://a.example"},
                )
            )
            said += f", settings {sites.options}"
        built, wrong = sites.build(day, compress=number >= BUILDS - PACKED)
        kept += built.kept
        assert not wrong, f"In build {number} ({said}), these are wrong: {sorted(wrong)[:10]}"

    assert kept  # else this has compared whole builds with whole builds
