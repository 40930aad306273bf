"""docs/architecture.md says what is so: its floors, its names and its paths."""

import ast
import re
import tomllib
from functools import cache

from tests.support.paths import ROOT

PAGE = ROOT / "docs/architecture.md"


def floors_of(text):
    """The table of floors, top first: the packages of each."""
    table = text.partition("## Floors")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| (`.*?) \|", table)
    return [set(re.findall(r"`(\w+)`", row)) for row in rows]


def contract():
    """The layers of the first import contract, top first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return [set(re.split(r" [|:] ", layer)) for layer in layers]


@cache
def names_in(path):
    """The functions, classes and constants that a module defines itself."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def is_there(dotted):
    """True for a package, a module, or a name that a module defines."""
    folder = ROOT.joinpath(*dotted.split("."))
    if folder.is_dir() or folder.with_suffix(".py").is_file():
        return True
    module, name = folder.parent, folder.name
    file = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    return file.is_file() and name in names_in(file)


def lost_names(text):
    return [name for name in re.findall(r"`(portal(?:\.\w+)+)`", text) if not is_there(name)]


def lost_paths(text):
    paths = re.findall(r"`((?:portal|tests|content|docs)/[\w/.-]*)`", text)
    return [path for path in paths if not (ROOT / path).exists()]


def test_the_floors_are_those_of_the_contract():
    """The table of floors and the import contract name the same packages in the same order."""
    assert floors_of(PAGE.read_text("utf-8")) == contract()


def test_every_name_and_path_is_there():
    """Each function, module and file that the page names exists."""
    text = PAGE.read_text("utf-8")

    assert (lost_names(text), lost_paths(text)) == ([], [])


def test_a_lost_name_or_path_is_found():
    """The check itself can fail."""
    text = "`portal.content.loader.load`, `portal.content.nowhere.load`, `portal/nowhere.py`"

    assert lost_names(text) == ["portal.content.nowhere.load"]
    assert lost_paths(text) == ["portal/nowhere.py"]
