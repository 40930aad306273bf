"""Reads YAML as fields of plain text, with the position of each.

YAML is read event by event and never constructed, for three reasons. Every scalar stays text (plain
YAML turns 10:30 into 630 and raises ValueError on 2027-02-30). The position of each field is known
without reading twice. And what could do harm (aliases that multiply, tags, nesting without end) is
met as an event and refused before it costs anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from portal.content.yaml_slips import (
    indented_with_tab,
    slips,
    typographic_quotes,
    wrong_quotes,
)

_LONGEST_VALUE = 5_000  # characters
_DEEPEST = 8

# Line separators are refused too: YAML counts them as lines, and no editor shows them.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Place = tuple[str | int, ...]
Marks = Mapping[str, "Mark"] | Sequence["Mark"]
Mark = tuple[int, int, "Marks | None"]  # line, column, the marks inside
Wrong = Callable[[int, int, str], None]  # line, column, words
Remarks = dict[tuple[int, int], str]  # by line and column of the field that has one behind it


def find(marks: Marks | None, place: Place) -> tuple[int, int]:
    """Line and column of a field, or of the last thing on the way to it that is there."""
    line, column = 1, 1
    for step in place:
        found: Mark | None = None
        if isinstance(marks, Mapping):
            found = marks.get(step) if isinstance(step, str) else None
        elif marks is not None and isinstance(step, int) and step < len(marks):
            found = marks[step]
        if found is None:
            break
        line, column, marks = found
    return line, column


def read_fields(
    text: str, first_line: int, wrong: Wrong
) -> tuple[dict[str, Any], Marks, Remarks] | None:
    """The fields, their marks and the remarks behind them, or None and a note of what is wrong.

    `first_line` is the line of the file on which the text begins.
    """
    if found := list(slips(text)):
        for line, column, words in found:
            wrong(line + first_line, column + 1, words)
        return None
    try:
        reading = _Fields(text, first_line, wrong)
        return (*reading.read(), reading.remarks)
    except _RefusedError as refused:
        mark, words = refused.mark, refused.words
    except yaml.MarkedYAMLError as error:
        mark, words = _plain_words(error, text.split("\n"))
    except yaml.YAMLError:
        # The reader's complaint about a character has no mark; those we know are refused before.
        wrong(first_line, 1, "the fields cannot be read. Look for unusual characters.")
        return None
    wrong(mark.line + first_line, mark.column + 1, words)
    return None


class _RefusedError(Exception):
    """What is wrong with the fields as a whole, and where."""

    def __init__(self, mark: Any, words: str) -> None:
        super().__init__(words)
        self.mark = mark
        self.words = words


class _Fields:
    """Builds plain dicts and lists of text from YAML events, with the position of each."""

    def __init__(self, text: str, first_line: int, wrong: Wrong) -> None:
        self._lines = text.split("\n") if "#" in text else None
        self.remarks: Remarks = {}
        self._escapes = "\\" in text
        self._loader = _Loader(text)
        self._first_line = first_line
        self._wrong = wrong

    def read(self) -> tuple[dict[str, Any], Marks]:
        next_event = self._loader.get_event
        # The innermost container, its marks, the key that waits for a value; then those outside.
        values: Any = None
        marks: Any = None
        key: Any = None
        stack: list[tuple[Any, Any, Any, Any]] = []
        top: tuple[dict[str, Any], Marks] = ({}, {})
        documents = 0
        try:
            while True:
                event = next_event()
                kind = event.__class__
                inside: Any = None
                if kind is yaml.ScalarEvent:
                    if event.anchor is not None or event.tag is not None:
                        raise _RefusedError(event.start_mark, _sign_words(event))
                    if values is None:
                        raise _RefusedError(event.start_mark, _NOT_FIELDS)
                    if key is None and values.__class__ is dict:
                        self._check_key(event, marks)
                        key = event
                        continue
                    self._check_value(event, key)
                    value: Any = event.value
                    mark = event.start_mark
                elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                    if not stack:
                        top = (values, marks)
                        values = marks = None
                        continue
                    value, inside = values, marks
                    values, marks, key, mark = stack.pop()
                elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                    self._check_block(event, values, key, len(stack))
                    if values is not None:
                        stack.append((values, marks, key, event.start_mark))
                    values, marks = ({}, {}) if kind is yaml.MappingStartEvent else ([], [])
                    key = None
                    continue
                elif kind is yaml.StreamEndEvent:
                    return top
                else:
                    documents += kind is yaml.DocumentStartEvent
                    if kind is yaml.AliasEvent or documents > 1:
                        raise _RefusedError(event.start_mark, _sign_words(event))
                    continue
                # A value is whole: put it where it belongs.
                if key is None:
                    values.append(value)
                    marks.append((mark.line + self._first_line, mark.column + 1, inside))
                else:
                    mark = key.start_mark
                    values[key.value] = value
                    marks[key.value] = (mark.line + self._first_line, mark.column + 1, inside)
                    key = None
        finally:
            self._loader.dispose()

    def _check_key(self, event: Any, marks: Any) -> None:
        name = event.value
        if not name:
            raise _RefusedError(event.start_mark, "a field has no name. Write its name before ':'.")
        if name in marks:
            raise _RefusedError(
                event.start_mark,
                f"'{name}' is already used on line {marks[name][0]}. Keep only one of them.",
            )

    def _check_block(self, event: Any, values: Any, key: Any, depth: int) -> None:
        if event.anchor is not None or event.tag is not None:
            raise _RefusedError(event.start_mark, _sign_words(event))
        if values is None and event.__class__ is yaml.SequenceStartEvent:
            raise _RefusedError(
                event.start_mark,
                "this list has no field name. Write it on the line above, like 'districts:'.",
            )
        if key is None and values.__class__ is dict:
            raise _RefusedError(
                event.start_mark, "a field's name must be a word. Write a word before ':'."
            )
        if depth + 1 >= _DEEPEST:
            raise _RefusedError(
                event.start_mark,
                f"this is nested more than {_DEEPEST} deep. Make it simpler.",
            )

    def _check_value(self, event: Any, key: Any) -> None:
        value = event.value
        if not value:
            # '' between quotes is empty on purpose: the field decides.
            if event.implicit[0]:
                at = key.start_mark if key is not None else event.start_mark
                self._wrong(
                    at.line + self._first_line,
                    at.column + 1,
                    f"'{key.value}' is empty. Write something, or remove the line."
                    if key is not None
                    else "this is empty. Write something, or remove the line.",
                )
        elif len(value) > _LONGEST_VALUE:
            raise _RefusedError(
                event.start_mark,
                f"this value has {len(value):,} characters. Move it to the text below the fields.",
            )
        elif self._escapes and (found := UNSEEN.search(value)):
            raise _RefusedError(
                event.start_mark,
                f"a '\\' makes an invisible character (U+{ord(found[0]):04X}) of what follows it. "
                "Remove both.",
            )
        if self._lines is not None and event.implicit[0]:
            end = event.end_mark
            rest = self._lines[end.line][end.column :] if end.line < len(self._lines) else ""
            if _LOST.match(rest):
                raise _RefusedError(
                    event.start_mark,
                    f"everything from '#' would be ignored: '{rest.strip()}'. "
                    "Put the value between quotes.",
                )
            if found := _REMARK.match(rest):
                at = key.start_mark if key is not None else event.start_mark
                self.remarks[at.line + self._first_line, at.column + 1] = found[1].rstrip()
        if event.implicit[0] and value[:1] in "“„‘" and (words := typographic_quotes(value)):
            at = key.start_mark if key is not None else event.start_mark
            self._wrong(at.line + self._first_line, at.column + 1, words)


# 'Room #3' would lose its number; a remark has a space after the sign.
_LOST = re.compile(r"\s+#[^\s#]")
_REMARK = re.compile(r"\s+(#.*)")


def _sign_words(event: Any) -> str:
    if event.__class__ is yaml.DocumentStartEvent:
        return "a second document starts here. Remove this line."
    alias = event.__class__ is yaml.AliasEvent
    sign = "*" if alias else "&" if event.tag is None else "!"
    return f"'{sign}' before a value is not allowed here. Put the value between quotes."


_NOT_FIELDS = "these are not fields. Write one field per line, like 'title: Riverbank'."


_SPACELESS = re.compile(r"(\s*(?:- +)*)([A-Za-z_]+):([^\s/].*)")


def _plain_words(error: Any, lines: Sequence[str]) -> tuple[Any, str]:
    """The place of a YAML error, and words for somebody who has never heard of YAML."""
    problem = error.problem or ""
    mark = error.problem_mark or error.context_mark
    start = error.context_mark or mark
    line = lines[mark.line] if mark.line < len(lines) else ""
    sign = line[mark.column : mark.column + 1]
    if indented_with_tab(lines, mark.line):
        return mark, "this line is indented with a tab. Use spaces."
    # YAML reads on to the next line before it complains.
    for at in (start, mark):
        if at.line < len(lines) and (words := wrong_quotes(lines[at.line])):
            return at, words
    if "mapping values are not allowed" in problem:
        return mark, (
            "this ':' cannot be read. Put the whole value between quotes, "
            "or line the field up with those around it."
        )
    if "end of stream" in problem and "quoted" in (error.context or ""):
        return start, "a quotation mark is opened here and never closed. Close it."
    if "expected ',' or" in problem:
        closing = problem[-2:-1]
        return start, f"a bracket is opened here and not closed. Close it with '{closing}'."
    if "cannot start any token" in problem:
        return mark, f"a value cannot start with '{sign}'. Put it between quotes."
    if sign == ":":
        return mark, "a field has no name. Write its name before ':'."
    if "expected '-'" in problem or "expected key" in problem:
        return mark, "this line is not indented like the lines before it. Line it up with them."
    spaceless = next(filter(None, (_SPACELESS.match(lines[at.line]) for at in (start, mark))), None)
    if spaceless and ("expected ':'" in problem or "mapping values" in problem):
        words = f"{spaceless[2]}: {spaceless[3]}"
        return start, f"there is no space after ':'. Write: {words}"
    if "expected ':'" in problem:
        return start, "this line has no ':'. Write it like 'title: Riverbank'."
    if "escape character" in problem:
        return mark, "'\\' has a special meaning between double quotes. Use single quotes."
    if "sequence entries are not allowed" in problem:
        return mark, "a list starts on a line of its own. Move '-' to the next line."
    return mark, (
        f"this cannot be read ({problem}). Look for a missing quotation mark, bracket or colon."
    )
