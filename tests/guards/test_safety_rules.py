"""The list of safety rules is true, and only what a reader can look up is cited.

`docs/safety-rules.md` names for each rule where it is kept and which test shows it. When code
moves, the message says which line to change, and where the name is now.
"""

import ast
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PAGE = ROOT / "docs/safety-rules.md"
# Where rules and pages are cited. What tests read or compare with is content, not documentation.
FOLDERS = ("portal", "tests", "docs", "benchmarks")
FILES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "pyproject.toml")
SUFFIXES = (".py", ".md", ".html", ".txt", ".css", ".js", ".json")
NOT_CITING = ("tests/sample", "tests/broken", "tests/expected")
CONTENT = ("centres", "programmes", "content")
# Text pages are named with their folder: documentation could have the same name.
PAGES = ("pages", "news")

# `S43` is a rule, `S603` is a check of ruff, and `S1 2AB` is a postcode.
RULE = re.compile(r"(?<![\w-])S(\d{1,2})\b(?! ?\d[A-Z]{2}\b)")
ENTRY = re.compile(r"^- \*\*(S\d+)\*\* (.*?)(?=^- |^#|\Z)", re.MULTILINE | re.DOTALL)
REFERENCE = re.compile(r"`((?:portal|tests|content|docs)/[\w./-]+)((?:::\w+)*)`")
CITED_PAGE = re.compile(r"[\w./<>*{}…-]*[\w}>*]\.md\b")
CITED_SECTION = re.compile(r"\bsection \d", re.IGNORECASE)


@cache
def names_in(path):
    """The functions, classes, methods and constants that a module defines, at any depth."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def now_in(name):
    """Where a name is defined now, as the end of a message."""
    paths = sorted((ROOT / "portal").rglob("*.py")) + sorted((ROOT / "tests").rglob("test_*.py"))
    likely = [path for path in paths if name in path.read_text("utf-8")]
    found = [path.relative_to(ROOT).as_posix() for path in likely if name in names_in(path)]
    return f"; it is in {', '.join(found[:3])}" if found else ""


def rules_of(text):
    """Each rule of the page with its entry."""
    return dict(ENTRY.findall(text))


def wrong_references(text):
    """What the page names and the repository does not have, each with its rule."""
    for number, words in enumerate(text.split("\n"), 1):
        where = f"docs/safety-rules.md:{number}"
        for path, names in REFERENCE.findall(words):
            if not (ROOT / path).exists():
                last = names.rpartition("::")[2]
                yield f"{where}: {path} is not there{now_in(last) if last else ''}"
                continue
            for name in names.split("::")[1:]:
                if name not in names_in(ROOT / path):
                    yield f"{where}: {path} has no {name}{now_in(name)}"


def unknown_rules(text, known):
    """The rules that a text cites and the page does not have."""
    return sorted({f"S{number}" for number in RULE.findall(text)} - known)


def remarks(text):
    """The docstrings and comments of a module, with the line on which each starts."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(words))):
                yield node.lineno, words


def lost_pages(text, folder, content_names):
    """What a text cites that a reader cannot open: pages that are not there, numbered sections.

    A path of content, a pattern, or the name of a content file is an example for editors.
    """
    for name in CITED_PAGE.findall(text):
        path = name.lstrip("./")
        pattern = re.search(r"[<>*{}…]", name)
        example = path.partition("/")[0] in CONTENT or ("/" not in path and path in content_names)
        if pattern or example or any((at / path).exists() for at in (ROOT, ROOT / "docs", folder)):
            continue
        yield name
    # Standards have numbered sections, the pages of this repository have none.
    for found in CITED_SECTION.finditer(text):
        if not re.search(r"RFC \d+|https://\S+", text[max(0, found.start() - 60) : found.start()]):
            yield found[0]


def texts():
    """Every text in which something may be cited, by its path."""
    paths = [ROOT / name for name in FILES]
    for folder in FOLDERS:
        paths += [path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    for path in sorted(paths):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(NOT_CITING):
            yield path, name, path.read_text("utf-8")


@cache
def content_names():
    """The names of content files, and of those in the samples of the tests."""
    folders = (*(ROOT / name for name in CONTENT), *(ROOT / name for name in NOT_CITING))
    paths = (path for folder in folders for path in folder.rglob("*.md"))
    return {path.name for path in paths if path.parent.name not in PAGES}


def test_every_rule_cited_is_in_the_list():
    """A newcomer can look up each number in code, tests and documentation."""
    known = set(rules_of(PAGE.read_text("utf-8")))
    wrong = [
        f"{name}: {rule} is not in docs/safety-rules.md"
        for path, name, text in texts()
        if path != PAGE
        for rule in unknown_rules(text, known)
    ]

    assert len(known) > 30
    assert wrong == []


@pytest.mark.slow
def test_what_the_list_names_is_there():
    """Each rule names a module and a test that exist; when code moves, its entry moves along."""
    text = PAGE.read_text("utf-8")
    incomplete = [
        rule
        for rule, entry in rules_of(text).items()
        if "Kept in: " not in entry or not re.search(r"Shown by:.*`tests/", entry, re.DOTALL)
    ]

    assert list(wrong_references(text)) == []
    assert incomplete == []


@pytest.mark.slow
def test_no_page_is_cited_that_is_not_here():
    """The reason is in the code itself or on a page of the repository."""
    wrong = []
    for path, name, text in texts():
        if not (CITED_PAGE.search(text) or CITED_SECTION.search(text)):
            continue  # taking a module apart is slow
        parts = remarks(text) if path.suffix == ".py" else enumerate(text.split("\n"), 1)
        wrong += [
            f"{name}:{line}: {cited!r} is not in this repository; say the reason instead"
            for line, part in parts
            for cited in lost_pages(part, path.parent, content_names())
        ]

    assert wrong == []


def test_an_unknown_rule_is_found():
    """Numbers of other things are not taken for rules."""
    unknown = f"S{98}"
    cited = f"Kept (S3). See {unknown}: but not S603, XS12, S1 2AB or BS-12."

    assert unknown_rules(cited, {"S3"}) == [unknown]


def test_a_wrong_entry_is_found():
    """The message says which line is wrong, and where the name is now."""
    moved = "it is in portal/settings.py"
    page = (
        "- **S7** A rule.\n"
        "  Kept in: `portal/errors.py::describe`, `portal/errors.py::gone_for_good`,\n"
        "  `portal/no_such_module.py::load_settings`.\n"
        "  Shown by: `tests/guards/test_imports.py::load_settings`.\n"
    )

    assert list(rules_of(page)) == ["S7"]
    assert list(wrong_references(page)) == [
        "docs/safety-rules.md:2: portal/errors.py has no gone_for_good",
        f"docs/safety-rules.md:3: portal/no_such_module.py is not there; {moved}",
        f"docs/safety-rules.md:4: tests/guards/test_imports.py has no load_settings; {moved}",
    ]


def test_a_lost_page_is_found():
    """Pages that are here, examples for editors and standards may be named."""
    module = (
        'def f():\n    """Why (plan-of-ours.md, Booking)."""\n'
        '    return "no-docs.md"  # Section 4\n'
    )
    allowed = (
        "README.md, docs/running.md, ../CHANGELOG.md, index.md, content/pages/x.md, "
        "centres/<footprint>/<slug>.md, {kind}.md, RFC 5545, section 3.3"
    )

    found = [
        cited
        for _, part in sorted(remarks(module))
        for cited in lost_pages(part, ROOT / "docs", {"index.md"})
    ]
    assert found == ["plan-of-ours.md", "Section 4"]
    assert list(lost_pages(allowed, Path("docs"), {"index.md"})) == []
