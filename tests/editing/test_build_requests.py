"""A publish asks for a build, and anybody can see how it went."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.commands import main
from portal.content import ContentError, Problem
from portal.editing import build_requests
from portal.editing.build_requests import answering, ask, asked, state
from portal.errors import PortalError


def test_a_request_is_taken_by_the_next_build(tmp_path):
    """From the request to the end of the build the state is 'building', then 'published'."""
    assert state(tmp_path) == "published"
    ask(tmp_path)
    assert state(tmp_path) == "building"
    with answering(tmp_path):
        assert asked(tmp_path) is None
        assert state(tmp_path) == "building"
    assert state(tmp_path) == "published"


def test_a_request_during_a_build_waits_for_another(tmp_path):
    """The build that runs may have read the content before: one more follows it."""
    with answering(tmp_path):
        ask(tmp_path)
    assert asked(tmp_path)
    assert state(tmp_path) == "building"


def test_a_failed_build_is_said_in_words(tmp_path):
    """Mistakes are shown as they are; a fault names no file; a later build takes both away."""
    problem = Problem("content/site.yaml", 3, 1, "this is wrong.")
    outcomes = [
        (ContentError([problem]), f"{build_requests.STAYS}\n{problem}"),
        (ValueError("secret"), build_requests.FAULT),
        (KeyboardInterrupt(), build_requests.BROKE_OFF),
    ]
    for error, words in outcomes:
        with pytest.raises(type(error)), answering(tmp_path):
            raise error
        assert state(tmp_path) == words
    with answering(tmp_path):
        pass
    assert state(tmp_path) == "published"


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    """As on a full disk, with what to do; and no lock stays held."""
    (tmp_path / "publishing/result").mkdir(parents=True)

    with (
        pytest.raises(PortalError, match=r"could not be written: .*Check that there is room"),
        answering(tmp_path),
    ):
        raise AssertionError("The build must not begin")
    (tmp_path / "publishing/result").rmdir()
    assert state(tmp_path) == "published"


def test_a_request_that_no_build_takes_is_said(tmp_path):
    """Where nothing builds, a change does not seem to be on its way for ever."""
    ask(tmp_path)
    now = datetime.now(UTC)

    assert state(tmp_path, now=now + timedelta(minutes=4)) == "building"
    assert "no build of the site has started" in state(tmp_path, now=now + timedelta(minutes=6))


def test_the_command_answers_and_leaves_what_is_wrong(tmp_path, sample_root, monkeypatch):
    """`portal build` takes the request, also by hand, and its mistakes are the state."""
    root, var = tmp_path / "root", tmp_path / "var"
    (root / "content").mkdir(parents=True)
    for name, value in (("ROOT", root), ("VAR", var), ("OUT", tmp_path / "build")):
        monkeypatch.setenv(f"PORTAL_{name}", str(value))
    ask(var)
    result = CliRunner().invoke(main, ["build"])

    assert result.exit_code == 1
    assert asked(var) is None
    assert "content/footprints.yaml:1:1: this file is missing" in state(var)


class Builds:
    """The builds of a server, in place of which a script runs that says what it did."""

    def __init__(self, var, script, monkeypatch):
        from portal.server import serve
        from portal.settings import load_settings

        self.builds = serve._Builds(load_settings(var=var))
        real = serve.subprocess.Popen

        def start(_command, env):
            return real([sys.executable, "-c", script, str(var)], env=env)

        monkeypatch.setattr(serve.subprocess, "Popen", start)

    def look(self):
        self.builds.answer_request()
        return self.builds.running


TAKES = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from portal.editing.build_requests import answering
with answering(Path(sys.argv[1])):
    sys.stdin.close()
"""


def test_the_server_builds_once_for_each_request(tmp_path, monkeypatch):
    """It looks again and again, and starts one build at a time, only where one is asked for."""
    server = Builds(tmp_path, TAKES, monkeypatch)
    assert not server.look()
    ask(tmp_path)
    assert server.look()
    first = server.builds._process
    ask(tmp_path)
    server.look()
    assert server.builds._process is first
    assert server.builds.succeeded(lambda: False)
    ask(tmp_path)
    assert server.look()
    assert server.builds.succeeded(lambda: False)
    assert not server.look()
    assert state(tmp_path) == "published"


def test_a_build_that_cannot_start_is_not_tried_for_ever(tmp_path, monkeypatch):
    """A request that its build did not take is taken away, and the state says so."""
    server = Builds(tmp_path, "raise SystemExit(1)", monkeypatch)
    ask(tmp_path)
    assert server.look()
    assert not server.builds.succeeded(lambda: False)
    assert not server.look()
    assert state(tmp_path) == build_requests.FAULT
    assert not server.look()
