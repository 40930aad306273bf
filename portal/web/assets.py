"""Minifies style sheets and scripts.

The name of each file contains a hash of its bytes, so that browsers may keep it for a year.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import rcssmin

PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of `static/` as it is sent: public path, media type and bytes."""

    path: str
    media_type: str
    content: bytes


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Files by their names in `static/`, with the style sheet and the scripts minified."""
    files = {}
    for name, media_type, small in (
        ("site.css", "text/css", rcssmin.cssmin),
        ("figures.css", "text/css", rcssmin.cssmin),
        ("reports.css", "text/css", rcssmin.cssmin),
        ("site.js", "text/javascript", _without_comments),
        ("find.js", "text/javascript", _minified),
        ("marks.svg", "image/svg+xml", str),
        ("centres.svg", "image/svg+xml", str),
    ):
        content = small((PACKAGE / "static" / name).read_text("utf-8")).encode()
        stem, _, ending = name.partition(".")
        path = f"/static/{stem}.{hashlib.sha256(content).hexdigest()[:10]}.{ending}"
        files[name] = StaticFile(path, media_type, content)
    icon = (PACKAGE / "static" / "favicon.svg").read_bytes()
    files["favicon.svg"] = StaticFile("/favicon.svg", "image/svg+xml", icon)
    return files


@cache
def staff_sheet() -> StaticFile:
    """The extra style sheet of pages for staff, which the public site does not use."""
    sheets = (PACKAGE / "static" / name for name in ("staff.css", "reports.css"))
    content = rcssmin.cssmin("\n".join(sheet.read_text("utf-8") for sheet in sheets)).encode()
    digest = hashlib.sha256(content).hexdigest()[:10]
    return StaticFile(f"/staff/static/staff.{digest}.css", "text/css", content)


@cache
def staff_script() -> StaticFile:
    """The script of pages for staff."""
    content = _without_comments((PACKAGE / "static/staff.js").read_text("utf-8")).encode()
    digest = hashlib.sha256(content).hexdigest()[:10]
    return StaticFile(f"/staff/static/staff.{digest}.js", "text/javascript", content)


def _minified(script: str) -> str:
    """The minified form of a script, which `make scripts` keeps beside it.

    It is kept because the minifier is a library in Go, which must not be loaded by a process that
    forks. Its first line names the script that it was made from: it is not used for another one.
    """
    made_from, _, small = (PACKAGE / "static/find.min.js").read_text("utf-8").partition("\n")
    return small if made_from == made_from_line(script) else _without_comments(script)


def made_from_line(script: str) -> str:
    """The first line of the minified form of a script."""
    return f"// made by `make scripts` from {hashlib.sha256(script.encode()).hexdigest()[:16]}"


def mark_paths() -> dict[str, str]:
    """The path of each drawing of `marks.svg`, by its id."""
    marks = (PACKAGE / "static/marks.svg").read_text("utf-8")
    return dict(re.findall(r'<path id="([^"]+)" d="([^"]+)"', marks))


@cache
def service_worker() -> bytes:
    """The script that keeps pages for phones without signal. Browsers want it at one address."""
    return _without_comments((PACKAGE / "static/service-worker.js").read_text("utf-8")).encode()


def _without_comments(script: str) -> str:
    """A script without whole-line comments and indentation: compression does the rest.

    Libraries that minify further (rjsmin) remove spaces from nested template literals.
    """
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"
