"""Imports point down: the contracts of pyproject.toml hold."""

import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT


def test_the_import_contracts_hold():
    """No module reaches above its floor, and none that builds public pages reaches a booking."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]

    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout + found.stderr


def test_a_build_with_nothing_to_do_imports_little():
    """The quick look reads neither Flask nor pydantic: they take longer than all the rest."""
    code = (
        "import sys, portal.commands, portal.web.site.build_state, portal.web.site.build;"
        "print(*sys.modules)"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    heavy = {"flask", "pydantic", "jinja2", "icalendar", "werkzeug", "granian", "rich"}
    assert heavy.isdisjoint(found.stdout.split())
