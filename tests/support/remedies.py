"""Follows the remedy of a mistake as an editor would who does exactly what is written.

A remedy names what to write ("Write '10:00-12:00'", "Did you mean 'cost'?"), or it leaves the
choice to the editor ("Correct one of the dates"). The first kind is followed here, by the words
alone and with no knowledge of the fault. If that cannot be done, the remedy is wrong.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from portal.content import Problem

# What promises that following it is enough.
NAMES_ONE = re.compile(
    r"\b(?:[Ww]rite|Name it|like) '|Did you mean '|[Ww]rite: |Write it like (?!')|Type "
    r"|\(U\+[0-9A-F]+\) (?:here|in this value).*Remove it|Remove the line|Move the folder to"
    r"|Write the latitude first|three hyphens"
)
_QUOTED = r"'((?:[^']|'(?=\w))+)'(?=[ .,:;?]|$)"


def names_one(problem: Problem) -> bool:
    """Whether a remedy names what to write, and not only how such things are written."""
    found = NAMES_ONE.search(problem.words)
    return bool(found) and (found[0] != "like '" or problem.words.startswith("'"))


def follow(root: Path, problem: Problem) -> bool:
    """Do what the remedy of a problem says; False if it names nothing that could be done."""
    words = problem.words
    for pattern, act in _ACTS:
        found = re.search(pattern, words)
        if found and act(root, problem, found):
            return True
    return False


def _lines(root: Path, problem: Problem) -> list[str]:
    return (root / problem.path).read_text(encoding="utf-8").split("\n")


def _save(root: Path, problem: Problem, lines: list[str]) -> bool:
    (root / problem.path).write_text("\n".join(lines), encoding="utf-8")
    return True


def _wrong(problem: Problem) -> str:
    """The text that the mistake quotes: that of the value, where it begins with the field."""
    words = re.sub(r"^'\w+': ", "", problem.words)
    found = re.search(_QUOTED, words)
    return found[1] if found else ""


def _replace(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    """Write one text in place of the wrong one, or of the whole value of the line."""
    lines, new, wrong = _lines(root, problem), found[1], _wrong(problem)
    at = problem.line - 1
    field = re.match(r"^(\s*(?:- )*)(\w+):(?= |$)", new)
    line = lines[at]
    if field and "'" not in new:
        return _write_field(root, problem, field[2], new)
    if wrong and wrong != new and wrong in line:
        start = line.index(
            wrong, max(0, problem.column - 1) if wrong in line[problem.column - 1 :] else 0
        )
        lines[at] = f"{line[:start]}{new}{line[start + len(wrong) :]}"
        return _save(root, problem, lines)
    key = re.match(r"^(\s*(?:- )*[^:]+:\s*)\S.*$", line)
    if key is None:
        return False
    lines[at] = f"{key[1]}{new}"
    return _save(root, problem, lines)


def _write_field(root: Path, problem: Problem, name: str, new: str) -> bool:
    """Write a whole field: over that of the same name, else below the line of the mistake."""
    lines, at = _lines(root, problem), problem.line - 1
    indent = re.match(r"\s*(?:- )?", lines[at])
    assert indent
    same = [n for n, line in enumerate(lines) if re.match(rf"\s*(- )?{name}:", line)]
    near = min(same, key=lambda n: abs(n - at), default=None)
    if near is not None:
        start = re.match(r"\s*(- )?", lines[near])
        assert start
        lines[near] = start[0] + new
    else:
        lines.insert(max(at, 1) if lines[at].strip() == "---" else at, " " * len(indent[0]) + new)
    return _save(root, problem, lines)


def _block(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    """Write a block of fields in place of the line."""
    lines, at = _lines(root, problem), problem.line - 1
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    lines[at : at + 1] = [f"{indent}{found[1]}", f"{indent}  {found[2]}"]
    return _save(root, problem, lines)


def _whole_line(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    lines, at = _lines(root, problem), problem.line - 1
    start = re.match(r"\s*(?:- )?", lines[at])
    assert start
    lines[at] = start[0] + found[1]
    return _save(root, problem, lines)


def _fence(root: Path, problem: Problem, _: re.Match[str]) -> bool:
    lines = _lines(root, problem)
    lines[problem.line - 1] = "---"
    return _save(root, problem, lines)


def _rename(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    old = root / problem.path
    if not old.exists():
        return False
    old.rename(old.with_name(found[1]))
    return True


def _language(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    old = root / problem.path
    old.rename(old.with_name(found[2]))
    return True


def _rename_footprint(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    old = (root / problem.path).parents[1]
    shutil.copytree(old, root / "centres" / found[1], dirs_exist_ok=True)
    shutil.rmtree(old)
    return True


def _move_folder(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    old = (root / problem.path).parent
    (root / found[1]).mkdir(parents=True, exist_ok=True)
    shutil.move(old, root / found[1] / old.name)
    return True


def _remove_character(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    lines, code = _lines(root, problem), chr(int(found[1], 16))
    line, start = lines[problem.line - 1], problem.column - 1
    start = line.find(code, min(start, len(line)))
    if start < 0:
        return False
    lines[problem.line - 1] = line[:start] + line[start + 1 :]
    return _save(root, problem, lines)


def _type(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    """Type a sign of the keyboard where another one is."""
    lines = _lines(root, problem)
    line, at = lines[problem.line - 1], problem.column - 1
    new = {"colon": ": ", "space": " ", "hyphen": "- "}[found.lastgroup or ""]
    lines[problem.line - 1] = line[:at] + new + line[at + 1 :].lstrip(" ")
    return _save(root, problem, lines)


def _remove_line(root: Path, problem: Problem, _: re.Match[str]) -> bool:
    lines = _lines(root, problem)
    line = lines[problem.line - 1]
    if line.startswith("---") or line.lstrip().startswith("- "):
        return False
    indent = len(line) - len(line.lstrip())
    end = problem.line
    while end < len(lines) and len(lines[end]) - len(lines[end].lstrip()) > indent:
        end += 1
    del lines[problem.line - 1 : end]
    return _save(root, problem, lines)


def _field_name(root: Path, problem: Problem, found: re.Match[str]) -> bool:
    """Give a field another name."""
    lines, old = _lines(root, problem), re.match(r"'(.+?)' is not a field", problem.words)
    if old is None:
        return False
    line = lines[problem.line - 1]
    lines[problem.line - 1] = line.replace(f"{old[1]}:", f"{found[1]}:", 1)
    return _save(root, problem, lines)


_ACTS = (
    (rf"Write {_QUOTED}, and on the line below it, set in by two spaces, {_QUOTED}", _block),
    (r"Write three hyphens '---'", _fence),
    (rf"Name it {_QUOTED}", _rename),
    (r"is not a footprint\. Did you mean '([\w-]+)'", _rename_footprint),
    (r"Move the folder to (centres/[\w-]+)/", _move_folder),
    (r"[Ww]rite: (.+?)(?:\.)?$", _whole_line),
    (r"(?P<colon>in place of ':'\. Type)", _type),
    (r"(?P<space>Type an ordinary space|Use the space bar)", _type),
    (r"(?P<hyphen>in place of '-'\. Start)", _type),
    (r"\(U\+([0-9A-F]+)\) (?:here|in this value).*Remove it", _remove_character),
    (r"is not a field of .*Did you mean '(\w+)'\?", _field_name),
    (r"Remove the line\. (?!Did)", _remove_line),
    (rf"[Ww]rite {_QUOTED}", _replace),
    (r"Did you mean '(.+?)'\?", _replace),
    (r"Remove the line", _remove_line),
    (rf"like {_QUOTED}", _replace),
    (r"Write it like ([^'].*?)\.$", _replace),
    (r"Write the latitude first: (.+?)\.$", _replace),
)
