"""One file: bytes -> text -> fields with marks -> a checked noun, or mistakes with line and column.

Nothing here raises on account of what a file holds: each mistake is added to a list, so that all
of them are shown in one run. pydantic's complaints are turned into plain words at the place in the
file that they are about, with the field's own description as the remedy where a field is missing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from portal.content import nicknames
from portal.content.encodings import decoded
from portal.content.yaml_reader import UNSEEN, Marks, Place, Remarks, find, read_fields
from portal.directory.characters import (
    HYPHEN,
    hidden_in,
    name_of,
    odd_in,
    plain,
)
from portal.directory.field_forms import AsWritten

LARGEST_FILE = 1_000_000  # bytes
_MERGE = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Clash:
    """Two series that need one thing at one time, without the names of files and fields.

    `what` begins a sentence: "Another group" and these words, or the name of a group and these.
    """

    series: tuple[str, str]
    what: str
    when: tuple[str, str]  # of each of the two
    remedy: str


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One mistake: where it is, what is wrong and what to do."""

    path: str
    line: int
    column: int
    words: str
    severity: Literal["mistake", "warning"] = "mistake"
    # The series that meet in one place at one time: not a mistake where `alongside` says so.
    doubles: tuple[str, ...] = ()
    # A warning that a text is hard to read: of no concern to those who change a date alone.
    about_words: bool = False
    # Two series that clash, for those who may not see both (`editing.shown_problems`).
    clash: Clash | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.words}"

    def as_json(self) -> dict[str, str | int]:
        """The fields of `portal check --format json`."""
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "words": self.words,
            "severity": self.severity,
        }

    def as_github(self) -> str:
        """A workflow command that shows the mistake beside its line in a pull request."""

        def escaped(text: str, marks: str = "%\r\n") -> str:
            for mark in marks:
                text = text.replace(mark, f"%{ord(mark):02X}")
            return text

        level = "warning" if self.severity == "warning" else "error"
        file = escaped(self.path, "%\r\n:,")
        return f"::{level} file={file},line={self.line},col={self.column}::{escaped(self.words)}"


class Values:
    """The fields of a file as text, the position of each, and the remarks behind them.

    A county has thousands of files, and hardly anybody asks for these once the noun is made. So
    they can be packed: into a tenth of the memory, until somebody asks again.
    """

    __slots__ = ("_packed", "_whole")

    def __init__(
        self,
        fields: dict[str, Any] | None = None,
        marks: Marks | None = None,
        remarks: Remarks | None = None,
    ) -> None:
        self._whole: _Whole | None = (fields, marks, remarks or {})
        self._packed = ""

    def pack(self) -> str:
        if self._whole is not None:
            fields, marks, remarks = self._whole
            self._packed = json.dumps(
                [fields, marks, [[*at, words] for at, words in remarks.items()]]
            )
            self._whole = None
        return self._packed

    def open(self) -> _Whole:
        if self._whole is None:
            fields, marks, remarks = json.loads(self._packed)
            self._whole = fields, marks, {(line, column): words for line, column, words in remarks}
        return self._whole

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and self.open() == other.open()

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return packed_values, (self.pack(),)


def packed_values(packed: str) -> Values:
    """Values from what `pack` returned."""
    made = Values()
    made._whole, made._packed = None, packed
    return made


_Whole = tuple[dict[str, Any] | None, Marks | None, Remarks]


@dataclass(slots=True)
class Written:
    """A file as read: its fields as text, the position of each, and the text below them."""

    path: str
    problems: list[Problem] = field(default_factory=list)
    values: Values = field(default_factory=Values)
    meant_lines: frozenset[int] = frozenset()  # lines that end in `# meant`
    meant_words: frozenset[str] = frozenset()  # words of the text that a `# meant: words` names
    body: str = ""
    body_line: int = 1

    @property
    def fields(self) -> dict[str, Any] | None:
        return self.values.open()[0]

    @property
    def marks(self) -> Marks | None:
        return self.values.open()[1]

    @property
    def remarks(self) -> Remarks:
        return self.values.open()[2]

    def at(self, place: Place) -> tuple[int, int]:
        """Line and column of a field, or of the last thing on the way to it that is there."""
        return find(self.marks, place)

    def wrong(
        self,
        place: Place,
        words: str,
        *,
        doubles: tuple[str, ...] = (),
        clash: Clash | None = None,
    ) -> None:
        """Note a mistake at a field."""
        line, column = self.at(place)
        words = one_line(words)
        self.problems.append(Problem(self.path, line, column, words, doubles=doubles, clash=clash))

    def wrong_at(self, line: int, column: int, words: str) -> None:
        """Note a mistake at a line."""
        self.problems.append(Problem(self.path, line, column, one_line(words)))

    @property
    def lines(self) -> dict[str, int]:
        """The line number of each field."""
        marks = self.marks
        return {name: marks[name][0] for name in marks} if isinstance(marks, Mapping) else {}


def one_line(words: str) -> str:
    """Words with what an editor wrote in them, cut to what can be read at a glance."""
    if len(words) > 700:
        words = f"{words[:350]} ... {words[-300:]}"
    return " ".join(UNSEEN.sub("?", words).split())


# --- bytes and text ----------------------------------------------------------------------------


def read_file(path: str | os.PathLike[str], name: str) -> Written:
    """A Markdown file with its fields between lines of '---', or what is wrong with it."""
    written = Written(name)
    text = read_text(path, name, written.problems)
    if text is not None:
        take_text(text, written)
    return written


def read_written(raw: bytes, name: str, *, has_body: bool) -> Written:
    """A content file from its bytes, as it would be read from a disk."""
    written = Written(name)
    text = _text_of(raw, name, written.problems)
    if text is not None and has_body:
        take_text(text, written)
    elif text is not None:
        _take_fields(text, 1, written)
    return written


def take_text(text: str, written: Written) -> None:
    """Split the text of a file into fields and body, and note what is wrong with it."""
    places = parts_of(text)
    if places is None:
        first, _, rest = text.partition("\n")
        written.wrong_at(*(_no_end(rest) if first.rstrip() == "---" else _no_start(text)))
        return
    start, end, body = places
    front = text[start:end]
    # Further down, '---' may be a line across the page.
    for number, line in enumerate(front.split("\n"), 2):
        if not line.isascii() and _LIKE_A_FENCE.match(line):
            written.wrong_at(number, 1, _not_a_fence(line))
            return
    written.body = text[body:]
    written.body_line = front.count("\n") + 3
    _take_fields(front, 2, written)


def parts_of(text: str) -> tuple[int, int, int] | None:
    """Where the fields of a Markdown file start and end, and where the text below them starts."""
    start = text.find("\n") + 1
    end = _FENCE.search(text, start) if text[:start].rstrip() == "---" else None
    return (start, end.start(), end.end()) if end else None


_FENCE = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)
# Word makes one long dash of two or three hyphens.
_LIKE_A_FENCE = re.compile(rf"^\s*(?:-|{HYPHEN}){{1,9}}\s*$")


def _no_start(text: str) -> tuple[int, int, str]:
    """Line, column and words for a file that does not start with '---'."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.rstrip() == "---" and number > 1:
            return 1, 1, f"the first line must be '---', which is on line {number}. Move it up."
        if _LIKE_A_FENCE.match(line):
            return number, 1, _not_a_fence(line)
        if line.strip():
            break
    words = "the fields are missing. Start with a line '---', then write one field per line."
    return 1, 1, words


def _no_end(rest: str) -> tuple[int, int, str]:
    for number, line in enumerate(rest.split("\n"), 2):
        if _LIKE_A_FENCE.match(line) and line.strip() != "-":
            return number, 1, _not_a_fence(line)
    return 1, 1, "the fields have no end. Add a line '---' after the last field."


def _not_a_fence(line: str) -> str:
    what = odd_in(line) or ("a space" if line.strip() == "---" else f"{len(line.strip())} hyphens")
    return f"this line has {what}. Write three hyphens '---' and nothing else."


def read_yaml(path: str | os.PathLike[str], name: str) -> Written:
    """A file that has fields and no text below them."""
    written = Written(name)
    text = read_text(path, name, written.problems)
    if text is not None:
        _take_fields(text, 1, written)
    return written


def _take_fields(text: str, first_line: int, written: Written) -> None:
    if found := read_fields(text, first_line, written.wrong_at):
        written.values = Values(*found)
    if "meant" in text:
        lines = [(number, _MEANT.search(line)) for number, line in enumerate(text.split("\n"))]
        meant = [(number + first_line, found) for number, found in lines if found]
        written.meant_lines = frozenset(number for number, _ in meant)
        written.meant_words = frozenset(found[1].strip() for _, found in meant)


def read_text(path: str | os.PathLike[str], name: str, problems: list[Problem]) -> str | None:
    """A file's text with plain line ends, or None and a note of what is wrong with it."""
    raw = read_bytes(path, name, problems)
    return None if raw is None else _text_of(raw, name, problems)


def read_bytes(path: str | os.PathLike[str], name: str, problems: list[Problem]) -> bytes | None:
    """What is in a file, or None and a note of why it cannot be read. One that is too large is cut
    after the byte that is too many."""
    try:
        with open(path, "rb", 0) as file:  # noqa: PTH123 - the path may be a str of scandir
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        words = f"the file cannot be read ({error.strerror}). Make it readable, or delete it."
        problems.append(Problem(name, 1, 1, words))
        return None


def _text_of(raw: bytes, name: str, problems: list[Problem]) -> str | None:
    def wrong(words: str, before: str = "") -> None:
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        problems.append(Problem(name, line, column, words))

    if len(raw) > LARGEST_FILE:
        wrong("the file is larger than 1 MB. Split it into several files.")
        return None
    text = decoded(raw)
    if isinstance(text, tuple):
        wrong(*text)
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := UNSEEN.search(text):
        wrong(
            f"there is an invisible character (U+{ord(found[0]):04X}) here. Remove it.",
            text[: found.start()],
        )
        return None
    if ("<<<<<<<" in text or ">>>>>>>" in text) and (found := _MERGE.search(text)):
        wrong(
            "a merge was not finished here. Keep one version, and remove the lines "
            "of '<<<<<<<', '=======' and '>>>>>>>'.",
            text[: found.start()],
        )
        return None
    return text if text.isascii() else _visible(text, name, problems)


def _visible(text: str, name: str, problems: list[Problem]) -> str:
    """The text without hidden characters, each line that had one noted as a mistake."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        for found in hidden_in(line):
            words = f"there is {name_of(found)} here, which nobody can see. Remove it."
            problems.append(Problem(name, index + 1, line.index(found) + 1, words))
            lines[index] = lines[index].replace(found, "")
    return "\n".join(lines)


# --- fields and nouns --------------------------------------------------------------------------


def as_noun(model: type[ModelT], written: Written, what: str) -> ModelT | None:
    """The fields as a noun, called `what` in words ('a centre'). None with what is wrong noted."""
    if written.fields is None:
        return None
    _check_remarks(model, written)
    # An empty value has been noted already.
    noted = {(problem.line, problem.column) for problem in written.problems}
    try:
        return model.model_validate(written.fields)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=False):
            place, words = _words_for(model, detail, what, written)
            if not place or written.at(place) not in noted or detail["type"] == "missing":
                written.wrong(place, words)
    return None


def check_remark(written: Written, place: Place) -> None:
    """Note that words are followed by a remark, which may have been meant as part of them."""
    remark = written.remarks.get(written.at(place))
    if remark and not _MARKED.match(remark):
        written.wrong(
            place,
            f"everything from '#' is left out: '{remark}'. Put the whole value between quotes, or "
            "move the remark to a line of its own.",
        )


# A fact that is marked as a sample, or as meant (`plausibility`). These marks say themselves that
# they are not part of the words.
_MARKED = re.compile(r"#+\s*(sample|meant)\b")
_MEANT = re.compile(r"(?:^|\s)#+ *meant\b:?(.*)")


def _check_remarks(model: type[BaseModel], written: Written) -> None:
    """A date or a number ends by itself, so that a remark is one. Words have no such end."""
    if written.remarks:
        for place in _places_of_words(model, written.fields, ()):
            check_remark(written, place)


def _places_of_words(model: type[BaseModel], values: Any, place: Place) -> Iterator[Place]:
    fields = _fields_of(model)
    for name, value in values.items() if isinstance(values, dict) else ():
        if name not in fields:
            continue
        inner = _model_in(fields[name].annotation)
        parts = [((*place, name), value)]
        if isinstance(value, list):
            parts = [((*place, name, index), part) for index, part in enumerate(value)]
        for where, part in parts:
            if inner:
                yield from _places_of_words(inner, part, where)
            elif isinstance(part, str) and _is_words(fields[name]):
                yield where


def _is_words(info: FieldInfo) -> bool:
    return any(form.free for form in _forms_in(info.metadata, info.annotation))


def _forms_in(metadata: Iterable[Any], annotation: Any) -> Iterator[AsWritten]:
    yield from (one for one in metadata if isinstance(one, AsWritten))
    for inner in get_args(annotation):
        yield from _forms_in(getattr(inner, "__metadata__", ()), inner)


def _words_for(
    model: type[BaseModel], detail: ErrorDetails, what: str, written: Written
) -> tuple[Place, str]:
    place, kind = detail["loc"], detail["type"]
    if place[-1:] == ("[key]",):
        place = place[:-1]
    name = next((str(step) for step in reversed(place) if isinstance(step, str)), "")
    odd = odd_in(name)
    owner = _model_at(model, place[:-1]) or model
    fields = _fields_of(owner)
    if kind == "extra_forbidden":
        holder = what if len(place) == 1 else f"'{_holder(place)}'"
        if odd and plain(name).strip() in fields:
            return place, f"there is {odd} in the name of this field. Type '{plain(name).strip()}'."
        unseen = f" It has {odd} in it." if odd else ""
        likely = nicknames.meant(name, detail["input"], fields, _given(written, place[:-1]))
        return place, (
            f"'{name}' is not a field of {holder}.{unseen}{likely} Fields: {', '.join(fields)}."
        )
    if kind == "missing":
        return place, f"'{name}' is missing. Write {_lowered(fields[name].description or 'it.')}"
    if detail["input"] == "":
        return place, f"'{name}' is empty. Write something, or remove the line."
    if kind == "remedy":
        return place, f"'{name}': {detail['msg']}"
    inner = _model_at(model, place)
    if kind.startswith("model") and inner:
        inside = ", ".join(_fields_of(inner))
        if likely := nicknames.fitting(name, detail["input"], fields):
            return place, f"'{name}' is a block of fields: {inside}.{likely}"
        return place, (
            f"'{name}': this is a block of fields. Write one a line, set in, of: {inside}."
        )
    if kind in ("tuple_type", "list_type"):
        return place, f"'{name}': this is a list. Start each of its lines with '- '."
    return place, f"'{name}': this cannot be used. {detail['msg']}."


def _given(written: Written, place: Place) -> object:
    """The block of fields at a place, as it is written."""
    values: Any = written.fields
    for step in place:
        values = values[step]
    return values


def _fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _holder(place: Place) -> str:
    return next(str(step) for step in reversed(place[:-1]) if isinstance(step, str))


def _lowered(words: str) -> str:
    return words if words[1:2].isupper() else words[0].lower() + words[1:]


def _model_at(model: type[BaseModel], place: Iterable[str | int]) -> type[BaseModel] | None:
    """The model of the block at a place."""
    found: type[BaseModel] | None = model
    for step in place:
        if isinstance(step, int) or found is None:
            continue
        fields = _fields_of(found)
        found = _model_in(fields[step].annotation) if step in fields else None
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
