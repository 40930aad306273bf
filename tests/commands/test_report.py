"""`portal report coverage`: the county, or one area of it, in words, as JSON and as CSV."""

import csv
import json
from importlib import import_module

import pytest
from click.testing import CliRunner

from portal.commands import main
from portal.coverage.cells import PARTS
from portal.directory import AGE_BANDS


@pytest.fixture
def report(sample_root, directory, monkeypatch):
    """Runs the command on content that was read already, or reads it if a day is given."""

    module = import_module("portal.commands.report")

    def report(*words):
        monkeypatch.undo()
        if "--today" not in words:
            monkeypatch.setattr(module, "read", lambda root, today: directory)
        command = ["--root", str(sample_root), "report", "coverage", *words]
        return CliRunner().invoke(main, command)

    return report


def test_words_json_and_csv_say_the_same(report):
    """A cell has the same word and number of sessions in each form."""
    cells = json.loads(report("--for", "Preston", "--json").stdout)["cells"]
    rows = list(csv.DictReader(report("--for", "preston", "--csv").stdout.splitlines()))
    said = report("--for", "preston", "--today", "2026-11-23").stdout

    assert len(cells) == len(rows) == len(AGE_BANDS) * len(PARTS)
    for cell, row in zip(cells, rows, strict=True):
        same = {name: str(cell[name]) for name in ("district", "part", "word", "sessions")}
        assert same == {name: row[name] for name in same}
        assert (cell["band"], str(len(cell["series"]))) == (row["age"], row["groups"])
    assert any(cell["sessions"] for cell in cells)
    for band in AGE_BANDS:
        line = next(line for line in said.splitlines() if line.strip().startswith(band.title))
        for cell in cells:
            if cell["band"] == band.slug:
                assert f"{cell['word']} ({cell['sessions']})" in line
    assert said.startswith("What is on in Preston, from Monday 23 November 2026 to Sunday 21 Feb")


def test_the_county_is_each_of_its_districts(report):
    """Without an area the open data has every district, footprint and the county."""
    found = json.loads(report("--json").stdout)
    districts = {area["area"] for area in found["areas"] if area["kind"] == "district"}
    assert {cell["district"] for cell in found["cells"]} == districts
    assert [area["kind"] for area in found["areas"]].count("county") == 1
    said = report().stdout
    assert all(
        area["title"] in said for area in found["areas"] if area["kind"] in ("district", "county")
    )


def test_an_unknown_area_is_named_with_the_known_ones(report):
    """A slip is answered with the likely name and all others, and exit status 1."""
    found = report("--for", "Prestn")
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr.startswith("There is no district or footprint 'Prestn'. Did you mean 'pr")
    assert report("--today", "soon").exit_code == 2
    two = report("--json", "--csv")
    assert (two.exit_code, two.stdout) == (2, "")
    assert "Choose one of --json and --csv." in two.stderr
