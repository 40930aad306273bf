"""`portal report --quarter`: the county or one area, in words, as CSV and JSON, and published."""

import csv
import io
import json
from importlib import import_module

import pytest
from click.testing import CliRunner

from portal.commands import main
from portal.content.published_quarters import read_report
from portal.directory.measures import MEASURES
from portal.directory.quarterly import Cube
from portal.editing import publishing
from tests.reports import sampled
from tests.support.databases import new_sqlite


@pytest.fixture
def report(tmp_path, monkeypatch):
    """Runs the command on the hand-counted sample."""
    from portal import database

    address = new_sqlite(tmp_path / "portal.db")
    engine = database.connect(address)
    sampled.fill(engine)
    engine.dispose()
    monkeypatch.setenv("PORTAL_DATABASE_URL", address)
    monkeypatch.setenv("PORTAL_VAR", str(tmp_path / "var"))
    quarterly = import_module("portal.commands.quarterly")
    county = sampled.directory()
    monkeypatch.setattr(import_module("portal.commands.report"), "read", lambda root: county)
    monkeypatch.setattr(quarterly, "datetime", _Clock)

    def report(*words):
        return CliRunner().invoke(main, ["--root", str(tmp_path), "report", *words])

    return report


class _Clock:
    @staticmethod
    def now(_zone):
        return sampled.NOW


def test_words_csv_and_json_say_the_same(report):
    """Each figure of an area is the same in each form, and nothing else is printed."""
    said = report("--quarter", "2026-Q4", "--for", "burnley")
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("Burnley, October to December 2026")
    cube = Cube.from_json(json.loads(report("--quarter", "2026-Q4", "--json").stdout))
    table = report("--quarter", "2026-Q4", "--for", "burnley", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(table.lstrip("\ufeff"))))
    assert [row["Line"] for row in rows[:2]] == ["all", "all"]
    assert [row["Quarter"] for row in rows[:2]] == ["2026-Q4", "2026-Q3"]
    for measure in MEASURES:
        figure = cube.figure("district:burnley", "all", measure.name)
        words = "hidden" if figure.hidden else figure.words.replace(",", "")
        assert rows[0][measure.words] == words
        (line,) = (
            one for one in said.stdout.splitlines() if one.strip().startswith(f"{measure.words}  ")
        )
        assert f" {figure.short}  (last quarter: " in line
    one = json.loads(report("--quarter", "2026-Q4", "--for", "district:burnley", "--json").stdout)
    assert [area["area"] for area in one["areas"]] == ["district:burnley"]
    assert "a year ago: no figures" in said.stdout


def test_what_cannot_be_shown(report):
    """A quarter that is none, has not begun, or is no area: the words say what to write."""
    for words, says in (
        (("--quarter", "2026-4"), "is not a quarter"),
        (("--quarter", "2027-Q2"), "has not begun"),
        (("--quarter", "2024-Q1"), "Nothing was noted from January to March 2024"),
        (("--quarter", "2024-Q1", "--json"), "Nothing was noted from January to March 2024"),
        (("--quarter", "2024-Q1", "--publish"), "Nothing was noted from January to March 2024"),
        (("--quarter", "2026-Q4", "--for", "nowhere"), "no district or footprint 'nowhere'"),
        (("--quarter", "2026-Q4", "--for", "burnley", "--publish"), "Leave --for out"),
        (("--quarter", "2027-Q1", "--publish"), "is not over"),
    ):
        done = report(*words)
        assert done.exit_code == 1, words
        assert says in done.output, words
    assert "--quarter" in report().output


def test_small_slips_are_understood(report):
    """A quarter may be written as in the addresses of pages, and the county by its name; two
    forms at once are refused, because one of them would be left out silently."""
    said = report("--quarter", "2026-Q4")

    assert report("--quarter", "2026-q4", "--for", "lancashire").stdout == said.stdout
    assert report("--quarter", "2026-q4", "--for", "county").stdout == said.stdout
    for forms in (("--json", "--csv"), ("--publish", "--json"), ("--csv", "--publish")):
        done = report("--quarter", "2026-Q4", *forms)
        assert done.exit_code == 2
        assert "Choose one of --json, --csv and --publish." in done.output
    assert "from 2000 to 2100" in report("--quarter", "1999-Q1").output


def test_a_quarter_is_published(report, tmp_path, monkeypatch):
    """The file holds what the command prints, as the content reads it."""
    # The rest of the content is not there; `test_published_quarters` reads one with it.
    monkeypatch.setattr(publishing, "check", lambda *_, **__: publishing.Effects())
    done = report("--quarter", "2026-Q3", "--publish")
    assert done.exit_code == 0, done.output
    file = tmp_path / "content/reports/2026-Q3.json"
    found, problem = read_report(file.read_text(), "content/reports/2026-Q3.json")
    assert problem is None
    again = report("--quarter", "2026-Q3", "--publish")
    assert "has these numbers already" in again.output
    printed = json.loads(report("--quarter", "2026-Q3", "--json").stdout)
    assert found.cube == Cube.from_json(printed)
