"""The commands as somebody at a keyboard meets them: words, never tracebacks."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain

import pytest

from tests.support import processes
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path, sample_root):
    """A copy of the sample to break."""
    return shutil.copytree(sample_root, tmp_path / "root")


@pytest.fixture
def portal(tmp_path):
    """Runs the real command in a folder of its own."""

    def portal(*arguments, **environ):
        words = map(str, arguments)
        return processes.portal(*words, cwd=tmp_path, env={**os.environ, **environ})

    return portal


@pytest.fixture
def broken(root):
    """The sample with two mistakes."""
    centre = root / "centres/preston/riverbank/index.md"
    centre.write_text(centre.read_text().replace("district:", "distrct:"))
    series = root / "centres/preston/riverbank/play-monday.md"
    series.write_text(series.read_text().replace("Monday", "Funday"))
    return root


def test_content_without_mistakes_says_so(portal, root):
    """A line, the facts of centres and of programmes, and the exit status of success."""
    found = portal("--root", root, "check")

    assert (found.returncode, found.stderr) == (0, "")
    # Lines before these say what is in doubt on the day of this test.
    said, centres, programmes = found.stdout.splitlines()[-3:]
    assert said.startswith("No mistakes")
    assert centres.startswith("Facts of centres: street address 2 of 3, postcode ")
    assert programmes.startswith("Facts of programmes: ")


def test_each_mistake_is_one_line(portal, broken):
    """File, line, column and words on standard output; their number on the other; exit 1."""
    found = portal("--root", broken, "check")

    lines = found.stdout.splitlines()
    assert found.returncode == 1
    assert any("riverbank/index.md:" in line and "'district'" in line for line in lines)
    assert any("riverbank/play-monday.md:" in line and "Funday" in line for line in lines)
    assert found.stderr == f"{len(lines)} mistakes.\n"


def test_mistakes_as_json(portal, broken):
    """Programs get the same as a list."""
    found = portal("--root", broken, "check", "--format", "json")

    mistakes = json.loads(found.stdout)
    assert found.returncode == 1
    assert {mistake["severity"] for mistake in mistakes} == {"mistake"}
    assert any(mistake["path"].endswith("riverbank/index.md") for mistake in mistakes)
    assert all(mistake["line"] > 0 and mistake["words"] for mistake in mistakes)


def test_mistakes_in_a_pull_request(portal, broken):
    """GitHub's form has one line a mistake, and escapes what would end it."""
    found = portal("--root", broken, "check", "--format", "github")

    lines = found.stdout.splitlines()
    assert found.returncode == 1
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)
    assert any("riverbank/play-monday.md,line=" in line for line in lines)


@pytest.mark.parametrize("command", ["check", "build"])
def test_no_command_shows_a_traceback_for_content(portal, broken, command):
    """`build` says of mistakes what `check` says."""
    found = portal("--root", broken, command)

    assert found.returncode == 1
    assert "riverbank/index.md:" in found.stdout
    assert "mistakes" in found.stderr
    assert "Traceback" not in found.stdout + found.stderr


@pytest.mark.parametrize("command", ["check", "build"])
def test_a_folder_without_content(portal, tmp_path, command):
    """A wrong folder is answered in words."""
    found = portal("--root", tmp_path / "nowhere", command)

    assert found.returncode == 1
    assert found.stdout + found.stderr
    assert "Traceback" not in found.stderr


def test_a_build_says_what_it_did(portal, root, tmp_path):
    """How many files, and afterwards that nothing has changed."""
    first = portal("--root", root, "build", "--today", "2026-11-23", "--out", "site")
    again = portal("--root", root, "build", "--today", "2026-11-23", "--out", "site", "--profile")
    whole = portal("--root", root, "build", "--today", "2026-11-23", "--out", "site", "--full")

    assert first.returncode == again.returncode == whole.returncode == 0
    assert " written, 0 unchanged, 0 removed, " in first.stdout
    assert again.stdout.startswith("Nothing has changed: ")
    assert "Add --full" in again.stdout
    assert ": 0 written, " in whole.stdout  # all were made, and none is another
    assert (tmp_path / "site/index.html").is_file()
    assert (tmp_path / "var/build-state.json").is_file()


def test_a_day_is_a_date(portal, root):
    """`--today` takes a date, and says how to write one."""
    found = portal("--root", root, "build", "--today", "tomorrow")

    assert found.returncode == 2
    assert "2027-01-12" in found.stderr


def test_a_folder_of_somebody_else_is_refused(portal, root, tmp_path):
    """`build` into a folder with other files is refused with the way out."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/wedding.jpg").touch()

    found = portal("--root", root, "build", "--out", "photos")

    assert found.returncode == 1
    assert "--out" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_wrong_setting_is_refused(portal, root):
    """The setting, its value and the change to make."""
    found = portal("--root", root, "build", PORTAL_HORIZON_WEEKS="many")

    assert found.returncode == 1
    assert "PORTAL_HORIZON_WEEKS" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("options", [["--help"], ["check", "-h"], ["--version"]])
def test_help_and_version(portal, options):
    """They need no content."""
    assert portal(*options).returncode == 0


def test_it_is_a_module_that_can_be_run():
    """`python -m portal` is the command; other tests here fork it, to save its imports."""
    command = [sys.executable, "-m", "portal", "check", "--root", str(ROOT / "nowhere")]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert found.returncode == 2  # `--root` comes before the command
    assert "Usage: portal" in found.stderr


def test_make_help_lists_the_targets():
    """`make help` names each target once, in words."""
    found = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    named = [line.split("\t")[0] for line in found.stdout.splitlines()]
    assert {f"make {name}" for name in ("run", "test", "quick", "check", "bench", "help")} <= {
        *named
    }
    assert all(len(line.split("\t")[1]) > 10 for line in found.stdout.splitlines())


def test_the_automatic_check_runs_the_test_command():
    """`.ci/run` runs the command that README.md names, and can be run."""
    script = ROOT / ".ci/run"

    assert "\n    make test " in (ROOT / "README.md").read_text()
    assert script.read_text().rstrip().endswith("exec make test")
    assert os.access(script, os.X_OK)


def test_the_versions_are_exact():
    """constraints.txt names a version of each thing, and no place to get it from."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]

    assert all(line.count("==") == 1 and "/" not in line for line in pinned)


def test_whatever_is_asked_for_has_its_version():
    """Each dependency of pyproject.toml, extras included, is pinned."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {plain(re.match(r"[\w.-]+", line)[0]) for line in wanted}
    pinned = (ROOT / "constraints.txt").read_text().splitlines()

    assert names - {plain(line.split("==")[0]) for line in pinned} == {"portal"}


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()
