"""Changes fields and text of a content file, and keeps every other byte as a person wrote it.

Comments, order, blank lines, quotes, indentation, line ends and a byte order mark stay. The result
is read again by the portal's own reader and compared, field by field, with what was meant. A file
that is written in an unusual way is refused rather than damaged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from portal.content.front_matter import Written, parts_of, read_written
from portal.content.yaml_reader import UNSEEN, read_fields
from portal.directory.values import read_day
from portal.editing.schema import KINDS, fields_of, form_of
from portal.editing.yaml_edits import Known, NotSimple, with_field, with_field_rewritten
from portal.editing.yaml_writing import Value, double
from portal.errors import PortalError

__all__ = ["RewritingError", "Value", "entry_of", "rewritten", "with_entry", "without_entry"]


class RewritingError(PortalError):
    """A change that cannot be written into a file safely; the words say what to do."""


def rewritten(
    text: str,
    changes: Mapping[str, Value | None],
    body: str | None = None,
    *,
    comments_go: bool = False,
) -> str:
    """The file with these fields changed (None: taken away), and perhaps with another text.

    Values are text, as they would be in the file. A field that is new goes where the manual has it.
    Where one value may be written without a list, it is written as it was before.
    With `comments_go`, the comments straight above a field that is taken away go with it.
    Raises RewritingError where the file cannot be changed safely.
    """
    file = _File.of(text)
    before = _read(text, has_body=file.has_body)
    if before.fields is None:
        found = before.problems[0]
        raise RewritingError(
            f"The file cannot be read: line {found.line}: {found.words} "
            "Correct this in the file first."
        )
    # The reader leaves hidden characters out, and reports them; the file keeps those of others.
    fields, wanted, seen = file.fields, _fields_in(file.fields), before.fields
    known = _known({*seen, *changes})
    for name, value in changes.items():
        new = _like(wanted.get(name), value, known.get(name, Known()))
        if wanted.get(name) != new:
            wanted, seen = _with(wanted, name, new), _with(seen, name, new)
            fields = _with_field(fields, name, wanted, known, comments_go=comments_go)
    if body is not None and not file.has_body:
        raise RewritingError("This file has fields alone. Write no text below them.")
    new = file.joined(fields, body)
    after = _read(new, has_body=file.has_body)
    meant = before.body if body is None else body
    for words in Counter(_words(after)) - Counter(_words(before)):
        raise RewritingError(words)
    if after.fields != seen or _trimmed(after.body) != _trimmed(meant):
        raise RewritingError(
            "The change cannot be written into this file safely. Make it in the file by hand."
        )
    return new


def entry_of(text: str, field: str, key: tuple[str, str]) -> Mapping[str, Any]:
    """One block of a list of blocks as it is written, found by a field in it; empty if there is
    none."""
    entries = _entries(text, field)
    at = _place(entries, key)
    return {} if at is None else entries[at]


def with_entry(
    text: str, field: str, key: tuple[str, str], entry: Mapping[str, Value | None]
) -> str:
    """The file with one block of a list changed, found by a field in it; added if it is not there.

    The other fields of the block stay, and None takes one away.
    """
    entries = _entries(text, field)
    at = _place(entries, key)
    if at is None:
        at = _place_for(entries, key)
        entries.insert(at, {key[0]: key[1]})
    kept = {**entries[at], **entry}
    entries[at] = {name: value for name, value in kept.items() if value is not None}
    return rewritten(text, {field: entries})


def without_entry(text: str, field: str, key: tuple[str, str]) -> str:
    """The file without one block of a list, and without the field if no other block is left."""
    entries = _entries(text, field)
    at = _place(entries, key)
    if at is None:
        return text
    del entries[at]
    return rewritten(text, {field: entries or None})


# --- blocks of a list ----------------------------------------------------------------------------


def _entries(text: str, field: str) -> list[dict[str, Any]]:
    fields = _read(text, has_body=_File.of(text).has_body).fields
    entries = (fields or {}).get(field, [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise RewritingError(f"'{field}' is not a list of blocks. Correct this in the file first.")
    return list(entries)


def _place(entries: list[dict[str, Any]], key: tuple[str, str]) -> int | None:
    name, value = key
    wanted = _meaning(value)
    found = [at for at, one in enumerate(entries) if _meaning(one.get(name, "")) == wanted]
    if len(found) > 1:
        raise RewritingError(f"'{value}' is there {len(found)} times. Keep one in the file first.")
    return found[0] if found else None


def _place_for(entries: list[dict[str, Any]], key: tuple[str, str]) -> int:
    """Where a new block goes: in order, if the others are in order; else at the end."""
    known = [_meaning(one.get(key[0], "")) for one in entries]
    if known != sorted(known):
        return len(entries)
    return sum(one < _meaning(key[1]) for one in known)


def _meaning(value: object) -> str:
    """A date may be written in words."""
    with suppress(PydanticCustomError):
        return read_day(value).isoformat()
    return str(value).strip()


def _with(fields: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    others = {key: inner for key, inner in fields.items() if key != name}
    return others if value is None else {**others, name: value}


# --- one field -----------------------------------------------------------------------------------


def _with_field(
    fields: str,
    name: str,
    meant: Mapping[str, Any],
    known: Mapping[str, Known],
    *,
    comments_go: bool,
) -> str:
    """The fields with one of them changed: in small steps, or if that fails the whole field."""
    value = meant.get(name)
    ways: list[Callable[[], str]] = [lambda: with_field(fields, name, value, known, comments_go)]
    if value is not None:
        ways.append(lambda: with_field_rewritten(fields, name, value))
    for way in ways:
        with suppress(NotSimple, yaml.YAMLError, UnicodeError):
            new = way()
            if _fields_in(new) == meant:
                return new
    raise RewritingError(
        next(_faults(value), "")
        or f"'{name}' cannot be written into this file safely. Change it in the file by hand."
    )


def _faults(value: Any) -> Iterator[str]:
    """What is wrong with a value itself, wherever it is written."""
    if isinstance(value, str) and (unseen := UNSEEN.search(value)):
        yield f"there is an invisible character (U+{ord(unseen[0]):04X}) here. Remove it."
    elif isinstance(value, str):
        text = f"value: {double(value)}\n"
        yield from _words(_read(text, has_body=False))
    elif value is not None:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _faults(inner)


def _fields_in(text: str) -> dict[str, Any]:
    found = read_fields(text, 1, lambda *_: None)
    return found[0] if found else {}


def _words(written: Written) -> list[str]:
    return [problem.words for problem in written.problems]


def _known(names: set[str]) -> Mapping[str, Known]:
    """The declared fields of the kind of file that has these."""
    return max(map(_declared, [kind.model for kind in KINDS]), key=lambda one: len(names & {*one}))


@cache
def _declared(model: type[BaseModel]) -> Mapping[str, Known]:
    found = {}
    for name, info in fields_of(model).items():
        form = form_of(info)
        inner: Mapping[str, Known] = {}
        if form.block:
            inner = _declared(form.block)
        elif form.written:
            inner = dict.fromkeys(form.written.schema.get("properties", ()), Known())
        found[name] = Known(info.description or "", form.one_or_many, inner)
    return found


# --- the file as a whole -------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    """The text of a file in its parts, with plain line ends."""

    raw: str
    head: str  # the first '---'
    fields: str
    fence: str  # the second '---'
    body: str
    has_body: bool

    @classmethod
    def of(cls, raw: str) -> _File:
        text = _unix(raw.removeprefix("\ufeff"))
        places = parts_of(text)
        if places is None:
            if text.startswith("---") and not _fields_in(text):
                raise RewritingError(
                    "The fields of this file have no end. Add a line '---' after the last field."
                )
            return cls(raw, "", text, "", "", has_body=False)
        start, end, body = places
        return cls(raw, text[:start], text[start:end], text[end:body], text[body:], has_body=True)

    def joined(self, fields: str, body: str | None) -> str:
        text = self.head + fields + self.fence + self.body
        if body is not None and _trimmed(body) != _trimmed(self.body):
            text = self.head + fields + self._with_body(body)
        mark = "\ufeff" if self.raw.startswith("\ufeff") else ""
        return mark + _with_line_ends(self.raw.removeprefix("\ufeff"), text)

    def _with_body(self, body: str) -> str:
        """Other words between the blank lines that were there."""
        words = _trimmed(body)
        if not words:
            return self.fence
        if not self.body.strip():
            end = self.fence[len(self.fence.rstrip("\n")) :]
            return f"{self.fence.removesuffix(end)}\n\n{words}{end}"
        start = self.body[: len(self.body) - len(self.body.lstrip("\n"))]
        return f"{self.fence}{start}{words}{self.body[len(self.body.rstrip()) :]}"


def _read(text: str, *, has_body: bool) -> Written:
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        raise RewritingError(
            "An answer contains something that is not text. Type it again."
        ) from None
    return read_written(raw, "", has_body=has_body)


def _like(old: Any, value: Value | None, known: Known) -> Any:
    """A new value as the old one was written: where both are allowed, as a list or without one."""
    if value is None:
        return None
    new = _plain(value)
    if known.one_or_many and isinstance(old, str) and isinstance(new, list) and len(new) == 1:
        return new[0]
    if known.one_or_many and isinstance(old, list) and isinstance(new, str):
        return [new]
    return new


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _unix(value)
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value]


def _trimmed(body: str) -> str:
    """The text without the blank lines above and below it, which are layout."""
    return _unix(body).strip("\n").rstrip()


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


_LINE_END = re.compile("\r\n|\r|\n")


def _with_line_ends(raw: str, text: str) -> str:
    """The text with each line's own end, as it was; new lines have the end that most lines have."""
    if "\r" not in raw:
        return text
    ends = _LINE_END.findall(raw)
    usual = Counter(ends).most_common(1)[0][0]
    if len({*ends}) == 1:
        return text.replace("\n", usual)
    old, new = _unix(raw).split("\n"), text.split("\n")
    new_ends = [usual] * (len(new) - 1)
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        for shift in range(block.size):
            if block.a + shift < len(ends) and block.b + shift < len(new_ends):
                new_ends[block.b + shift] = ends[block.a + shift]
    return "".join(line + end for line, end in zip(new, [*new_ends, ""], strict=True))
