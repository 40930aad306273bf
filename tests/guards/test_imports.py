"""Imports point down: the contracts of pyproject.toml hold."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.slow


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

    heavy = {"flask", "pydantic", "jinja2", "icalendar", "werkzeug", "uvicorn", "rich"}
    assert heavy.isdisjoint(found.stdout.split())


# One forbidden import for each contract.
FORBIDDEN = {
    "Floors": ("portal.directory.phrases", "portal.content.loader"),
    "Inside web": ("portal.web.site.rows", "portal.web.live.screens"),
    "The machine that builds public pages": ("portal.feeds.atom", "portal.database.tables"),
    "Only the web and the server know Flask": ("portal.bookings.places", "flask"),
    "The nouns import": ("portal.directory.values", "yaml"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the check says of a copy of the code, by contract: the copy has each forbidden import,
    and a module on no floor."""
    folder = tmp_path_factory.mktemp("borders")
    for path in (ROOT / "portal").rglob("*.py"):
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for name, imported in FORBIDDEN.values():
        file = (folder / name.replace(".", "/")).with_suffix(".py")
        words = f"{file.read_text('utf-8')}\nimport {imported}  # forbidden\n"
        file.write_text(words, "utf-8")
    (folder / "portal/nowhere.py").write_text('"""A module on no floor."""\n', "utf-8")
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    found = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert found.returncode == 1, found.stdout + found.stderr
    return found.stdout


@pytest.mark.parametrize("name", FORBIDDEN)
def test_each_contract_can_fail(said, name):
    """A forbidden import fails its contract, which names it."""
    importer, imported = FORBIDDEN[name]
    summary, _, reasons = said.partition("Broken contracts")
    own = re.search(rf"(?ms)^{name}[^\n]*\n-+\n(.*?)(?=^[^\n]+\n-+\n|\Z)", reasons)

    assert re.search(rf"{name}[^\n]* BROKEN", summary), said
    assert own, said
    assert re.search(rf"{re.escape(importer)} -> {re.escape(imported)}\b", own[1]), own[1]


def test_a_new_module_needs_a_floor(said):
    """A module that stands on no floor fails the check, which names it."""
    assert "nowhere" in said


def test_what_web_shares_is_below_its_packages():
    """Modules beside `site`, `live` and `staff` import none of them."""
    for path in (ROOT / "portal/web").glob("*.py"):
        for name in imports_of(path):
            assert not re.match(r"portal\.web\.(site|live|staff)\b", name), f"{path}: {name}"


def imports_of(path):
    """The modules of the portal that a module imports, at any depth, for types included."""
    modules = module_names()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise AssertionError(f"{path}:{node.lineno} has a relative import")
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in modules else node.module


@cache
def module_names():
    """Every module of the portal."""
    return {module_name(file) for file in (ROOT / "portal").rglob("*.py")}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_modules_import_each_other_in_a_circle():
    """Imports inside functions and those for types alone count too."""
    graph = {
        module_name(path): {*imports_of(path)} - {module_name(path)}
        for path in sorted((ROOT / "portal").rglob("*.py"))
    }
    sorter = TopologicalSorter(graph)
    sorter.prepare()  # raises CycleError, which names the circle


def test_the_nouns_import_the_standard_library_and_pydantic_alone():
    """A new library in `directory` is found. Below it are modules of the standard library alone."""
    allowed = {*sys.stdlib_module_names, "pydantic", "pydantic_core", "portal"}
    below = {"portal.errors", "portal.dependencies"}
    for path in sorted((ROOT / "portal/directory").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] in allowed, f"{path.name} imports {name}"
                if name.startswith("portal") and name not in below:
                    assert name.startswith("portal.directory"), f"{path.name} imports {name}"


def test_every_package_has_its_place_in_the_contracts():
    """Packages inside web are named in its contract, and all that may not know Flask are listed."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    inside_web = {word for layer in contracts[1]["layers"] for word in re.findall(r"\w+", layer)}
    packages = {path.parent.name for path in (ROOT / "portal/web").glob("*/__init__.py")}
    knows_flask = {
        "portal.web",
        "portal.server",
        "portal.wsgi",
        "portal.__main__",
    }
    top = {
        f"portal.{path.stem if path.is_file() else path.name}"
        for path in (ROOT / "portal").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }

    assert inside_web == packages
    assert {*contracts[3]["source_modules"]} == top - knows_flask - {"portal.__init__"}


def test_no_module_is_long_without_a_reason():
    """Over 600 lines, the opening of a module says why it is one file."""
    for path in sorted((ROOT / "portal").rglob("*.py")):
        text = path.read_text("utf-8")
        if text.count("\n") > 600:
            opening = ast.get_docstring(ast.parse(text)) or ""
            assert "one file" in opening, f"{path.relative_to(ROOT)} has over 600 lines"


def test_the_settings_alone_know_where_the_database_file_is():
    """Whether there is a database is asked in one place: `Settings.has_database`."""
    files = (ROOT / "portal").rglob("*.py")
    named = {path.name for path in files if '"portal.db"' in path.read_text("utf-8")}

    assert named == {"settings.py"}
