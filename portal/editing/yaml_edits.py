"""Changes single fields in the text of YAML, and leaves every other character as it is.

A YAML parser says where each value starts and ends; only those spans are replaced. Lines are added
and removed whole. A comment stays at its place, except inside what is taken away.

What cannot be changed in small steps raises NotSimple. The caller reads each result again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

import yaml

from portal.editing.yaml_writing import (
    Value,
    after_name,
    block_text,
    entry,
    flow,
    pair,
    scalar,
    text_of,
)

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Span = tuple[int, int]
Piece = tuple[str, int | None]  # the text of an entry in brackets, and which of the old ones it is


class NotSimple(Exception):
    """The file is written in a way that a small change does not fit."""


@dataclass(frozen=True, slots=True)
class Known:
    """A declared field: what it means, and the fields within it in their order."""

    description: str = ""
    one_or_many: bool = False  # one value may be written without a list
    inner: Mapping[str, Known] = field(default_factory=dict)


def with_field(
    text: str,
    name: str,
    value: Value | None,
    known: Mapping[str, Known],
    comments_go: bool = False,
) -> str:
    """The text with this field changed, added, or taken away (None), perhaps with its comments."""
    root = yaml.compose(text, Loader=_Loader)
    if root is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        return text if value is None else f"{text}{gap}{pair(name, value, 0)}\n"
    wanted = dict(_value_of(root))
    wanted.pop(name, None)
    if value is not None:
        wanted = {**_value_of(root), name: value}
    edits = _Edits(text, comments_go)
    edits.change(root, wanted, known)
    return edits.applied()


def with_field_rewritten(text: str, name: str, value: Value) -> str:
    """The text with the whole of this field written again."""
    edits = _Edits(text)
    root = yaml.compose(text, Loader=_Loader)
    for key, node in root.value if root is not None else ():
        if key.value == name:
            edits.rewrite(key, node, value)
            return edits.applied()
    raise NotSimple


def _value_of(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _value_of(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value_of(value) for value in node.value]
    return node.value


class _Edits:
    """Replacements in a text, gathered while its nodes are compared with what is wanted."""

    def __init__(self, text: str, comments_go: bool = False) -> None:
        self._text = text
        self._comments_go = comments_go
        self._edits: list[tuple[int, int, str]] = []

    def applied(self) -> str:
        parts, at = [], 0
        for start, end, new in sorted(self._edits, key=lambda edit: edit[:2]):
            if start < at:
                raise NotSimple
            parts += [self._text[at:start], new]
            at = end
        return "".join(parts) + self._text[at:]

    def _put(self, start: int, end: int, new: str) -> None:
        self._edits.append((start, end, new))

    # --- one value -------------------------------------------------------------------------------

    def change(
        self,
        node: Any,
        new: Value,
        known: Mapping[str, Known],
        *,
        key: Any = None,
        inside: bool = False,
    ) -> None:
        """Make a value say something else; `key` is that of its field, if it has one."""
        old = _value_of(node)
        inside = inside or _bracketed(node)
        if old == new:
            return
        if isinstance(old, str) and isinstance(new, str):
            self._put(*self._span(node), self._scalar(node, new, key, inside=inside))
        elif isinstance(old, dict) and isinstance(new, Mapping) and old and new:
            if inside:
                self._flow_mapping(node, new)
            else:
                self._mapping(node, new, known)
        elif isinstance(old, list) and not isinstance(new, str | Mapping) and old and new:
            if inside:
                self._flow_sequence(node, old, new)
            else:
                self._sequence(node, old, new, known)
        elif inside and not _bracketed(node):
            self._put(*self._span(node), self._gap(node) + flow(new))
        else:
            self.rewrite(key, node, new)

    def _scalar(self, node: Any, new: str, key: Any, *, inside: bool) -> str:
        start, end = self._span(node)
        old = self._text[start:end]
        own_lines = not inside and key is not None and not self._rest(end).strip()
        indent = key.start_mark.column + 2 if own_lines else 0
        # Quotes that the old text needed go with it; those that somebody chose stay.
        style = node.style or ""
        if old == (text_of(node.value, indent) if own_lines else scalar(node.value, inside=inside)):
            style = ""
        if style in ("|", ">"):
            lines = [line for line in old.split("\n")[1:] if line.strip()]
            depth = len(lines[0]) - len(lines[0].lstrip(" ")) if lines else 0
            if block := block_text(new, depth, old):
                return block
            style = ""
        elif own_lines and not style:
            return self._gap(node) + text_of(new, indent)
        return self._gap(node) + scalar(new, style=style, inside=inside)

    def _gap(self, node: Any) -> str:
        """A space behind ':' or '-' where there was no value yet."""
        start, end = self._span(node)
        return " " if start == end and self._text[start - 1 : start] in (":", "-") else ""

    def rewrite(self, key: Any, node: Any, new: Value) -> None:
        """Write a value again as a whole, where it becomes a list, a block or a text."""
        start, end = self._span(node)
        if key is None:
            raise NotSimple
        column = key.start_mark.column
        written = after_name(new, column)
        colon = re.compile(r"[ \t]*:").match(self._text, key.end_mark.index)
        if colon is None:
            raise NotSimple
        if _bracketed(node) and "#" in self._text[start:end]:
            raise NotSimple  # A comment may be lost.
        if isinstance(node, yaml.ScalarNode) or _bracketed(node):
            rest = self._rest(end)
            if "\n" not in written:
                self._put(
                    start,
                    end,
                    written.strip() if start < end else self._gap(node) + written.strip(),
                )
            elif not rest.strip():
                self._put(colon.end(), end + len(rest), written)
            elif written.startswith("\n") and rest.lstrip().startswith("#"):
                self._put(colon.end(), end, "")
                self._put(end + len(rest), end + len(rest), written)
            else:
                raise NotSimple
        elif "#" in self._text[colon.end() : end]:
            raise NotSimple  # A comment may be lost.
        else:
            self._put(colon.end(), end, written)

    # --- blocks ----------------------------------------------------------------------------------

    def _mapping(self, node: Any, new: Mapping[str, Value], known: Mapping[str, Known]) -> None:
        pairs = {key.value: (key, value) for key, value in node.value}
        kept = [name for name in pairs if name in new]
        if not kept:
            raise NotSimple
        for number, (name, (key, value)) in enumerate(pairs.items()):
            inner = known[name] if name in known else Known()
            if name in new:
                self.change(value, new[name], inner.inner, key=key)
            else:
                self._remove_pair(node, number, inner.description)
        order = {name: number for number, name in enumerate(known)}
        added = [name for name in new if name not in pairs]
        for name in sorted(added, key=lambda name: order.get(name, len(order))):
            before = _before(name, kept, order)
            if before is None:
                self._add_first(node, kept[0], pair(name, new[name], _column(node)))
            else:
                at = self._block_end(pairs[before], _column(node))
                self._put(at, at, f"\n{' ' * _column(node)}{pair(name, new[name], _column(node))}")

    def _remove_pair(self, node: Any, number: int, description: str) -> None:
        key, value = node.value[number]
        start = self._line_start(key.start_mark.index)
        if not self._text[start : key.start_mark.index].strip():
            about = f"# {description}\n"  # as `portal new` writes it above the field
            if description and self._text[:start].endswith(f"\n{about}"):
                start -= len(about)
            elif description and self._text[:start] == about:
                start = 0
            if self._comments_go:
                start = self._above_comments(start)
            self._remove_lines(start, self._block_end((key, value), key.start_mark.column))
        elif number + 1 < len(node.value):
            self._put(key.start_mark.index, node.value[number + 1][0].start_mark.index, "")
        else:
            raise NotSimple

    def _add_first(self, node: Any, first: str, written: str) -> None:
        key = node.value[0][0]
        if key.value != first:
            raise NotSimple
        margin = " " * _column(node)
        start = self._line_start(key.start_mark.index)
        if self._text[start : key.start_mark.index].strip():  # behind the '-' of a list
            self._put(key.start_mark.index, key.start_mark.index, f"{written}\n{margin}")
        else:
            start = self._above_comments(start)
            self._put(start, start, f"{margin}{written}\n")

    def _sequence(
        self, node: Any, old: Sequence[Any], new: Sequence[Value], known: Mapping[str, Known]
    ) -> None:
        column = node.start_mark.column
        starts = self._dashes(node)
        steps = list(aligned(old, new))
        gone = {place for action, place, _ in steps if action == "remove"}
        for action, place, other in steps:
            if action == "change":
                self._change_entry(node.value[place], new[other], known, column)
            elif action == "remove":
                self._remove_lines(starts[place], self._block_end([node.value[place]], column))
            else:
                written = f"{' ' * column}- {entry(new[other], column + 2)}"
                if place and place - 1 not in gone:
                    at = self._block_end([node.value[place - 1]], column)
                    self._put(at, at, f"\n{written}")
                else:
                    at = starts[min(place, len(starts) - 1)]
                    at = at if gone else self._above_comments(at)
                    self._put(at, at, f"{written}\n")

    def _change_entry(self, node: Any, new: Value, known: Mapping[str, Known], column: int) -> None:
        if isinstance(node, yaml.ScalarNode) == isinstance(new, str):
            self.change(node, new, known)
        elif "#" in self._text[slice(*self._span(node))]:
            raise NotSimple  # A comment may be lost.
        else:
            self._put(*self._span(node), self._gap(node) + entry(new, column + 2))

    def _dashes(self, node: Any) -> list[int]:
        """The start of the line of each '-' of a list."""
        column = node.start_mark.column
        dash = re.compile(rf"^ {{{column}}}-(?=\s|\Z)", re.MULTILINE)
        at, found = self._line_start(node.start_mark.index), []
        for item in node.value:
            match = dash.search(self._text, at)
            if match is None or match.start() > item.start_mark.index:
                raise NotSimple
            found.append(match.start())
            at = self._line_end(self._end(item))
        return found

    # --- brackets --------------------------------------------------------------------------------

    def _flow_sequence(self, node: Any, old: Sequence[Any], new: Sequence[Value]) -> None:
        spans = [self._span(item) for item in node.value]
        pieces: list[Piece] = [(self._text[slice(*span)], at) for at, span in enumerate(spans)]
        for action, place, other in reversed(list(aligned(old, new))):
            if action == "remove":
                del pieces[place]
            elif action == "add":
                pieces.insert(place, (flow(new[other]), None))
            elif isinstance(old[place], str) and isinstance(new[other], str):
                text = self._scalar(node.value[place], str(new[other]), None, inside=True)
                pieces[place] = (text, place)
            else:
                pieces[place] = (flow(new[other]), place)
        self._put_pieces(node, spans, pieces)

    def _flow_mapping(self, node: Any, new: Mapping[str, Value]) -> None:
        spans = [
            (key.start_mark.index, max(key.end_mark.index, self._end(value)))
            for key, value in node.value
        ]
        pieces: list[Piece] = []
        for at, (key, value) in enumerate(node.value):
            if key.value in new:
                part = _Edits(self._text[: spans[at][1]])
                part.change(value, new[key.value], {}, inside=True)
                pieces.append((part.applied()[spans[at][0] :], at))
        old = {key.value for key, _ in node.value}
        added = ((name, value) for name, value in new.items() if name not in old)
        pieces += [(f"{flow(name)}: {flow(value)}", None) for name, value in added]
        self._put_pieces(node, spans, pieces)

    def _put_pieces(self, node: Any, spans: Sequence[Span], pieces: Sequence[Piece]) -> None:
        """Write the entries in brackets, each with the comma, spaces and comment behind it."""
        first, last = node.start_mark.index + 1, node.end_mark.index - 1
        if self._text[first - 1] not in "[{":
            raise NotSimple
        behind = [self._text[end:start] for (_, end), (start, _) in pairwise(spans)]
        tail = self._text[spans[-1][1] : last]
        new_behind = _new_behind(behind, self._text[first : spans[0][0]], tail)
        kept = {at for _, at in pieces}
        # The line end behind an entry that goes is that of the entry before it.
        for gone in range(len(behind) - 1, 0, -1):
            if gone not in kept and "\n" in behind[gone] and "\n" not in behind[gone - 1]:
                behind[gone - 1] = behind[gone]
        parts = []
        for number, (text, at) in enumerate(pieces):
            if number == len(pieces) - 1:
                comment = behind[at] if at is not None and at < len(behind) else ""
                parts += [text, _closing(comment, tail, at == len(spans) - 1)]
            elif at is None or at < len(behind):
                parts += [text, new_behind if at is None else behind[at]]
            else:
                parts += [text, _no_longer_last(tail, new_behind)]
        self._put(spans[0][0], last, "".join(parts))

    # --- places ----------------------------------------------------------------------------------

    def _span(self, node: Any) -> Span:
        return node.start_mark.index, self._end(node)

    def _end(self, node: Any) -> int:
        """Where a value ends. The parser's own mark lies after the blank lines below a block."""
        if isinstance(node, yaml.ScalarNode):
            start: int = node.start_mark.index
            end: int = node.end_mark.index
            if node.style in ("|", ">"):
                return start + len(self._text[start:end].rstrip())
            return end
        if _bracketed(node) or not node.value:
            return int(node.end_mark.index)
        last = node.value[-1]
        if isinstance(node, yaml.MappingNode):
            return max(int(last[0].end_mark.index), self._end(last[1]))
        return self._end(last)

    def _rest(self, end: int) -> str:
        return self._text[end : self._line_end(end)]

    def _line_start(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        end = self._text.find("\n", at)
        return len(self._text) if end < 0 else end

    def _block_end(self, nodes: Iterable[Any], column: int) -> int:
        """The end of the last line of a field or an entry, with comments set in below it."""
        end = self._line_end(max(map(self._end, nodes)))
        deeper = re.compile(rf"\n {{{column + 1},}}#[^\n]*")
        while found := deeper.match(self._text, end):
            end = found.end()
        return end

    def _above_comments(self, start: int) -> int:
        """The start of the comments straight above a line."""
        while start and self._text[self._line_start(start - 1) : start].lstrip(" ")[:1] == "#":
            start = self._line_start(start - 1)
        return start

    def _remove_lines(self, start: int, end: int) -> None:
        if end < len(self._text):
            end += 1
        elif start:
            start -= 1  # The last line of a file that has no end of line.
        self._put(start, end, "")


def _bracketed(node: Any) -> bool:
    return bool(getattr(node, "flow_style", False))


def _column(node: Any) -> int:
    column: int = node.value[0][0].start_mark.column
    return column


def _before(name: str, kept: Sequence[str], order: Mapping[str, int]) -> str | None:
    """The field behind which a new one goes: the nearest that the manual has before it."""
    if name not in order:
        return kept[-1]
    earlier = [one for one in kept if order.get(one, len(order)) < order[name]]
    return max(earlier, key=lambda one: order[one], default=None)


def aligned(old: Sequence[Any], new: Sequence[Value]) -> Iterator[tuple[str, int, int]]:
    """How one list becomes another: ("change" | "remove" | "add", place in old, place in new).

    What is the same stays; then entries are matched that begin with the same value, such as a date.
    A block that has nothing in common with another is not changed into it, because its comments
    would then be about the wrong one.
    """
    for old_part, new_part in _unlike(_whole, old, new, range(len(old)), range(len(new))):
        for olds, news in _unlike(_first, old, new, old_part, new_part, keep=True):
            both = min(len(olds), len(news))
            for place, other in zip(olds, news, strict=False):
                if _have_in_common(old[place], new[other]):
                    yield "change", place, other
                else:
                    yield "add", place, other
                    yield "remove", place, 0
            for place in olds[both:]:
                yield "remove", place, 0
            for other in news[both:]:
                yield "add", olds[-1] + 1 if olds else olds.start, other


def _unlike(
    mark: Any, old: Any, new: Any, olds: range, news: range, *, keep: bool = False
) -> Iterator[tuple[range, range]]:
    """The parts in which two lists differ by their marks; with `keep`, those alike one by one."""
    marks = [mark(old[at]) for at in olds], [mark(new[at]) for at in news]
    for action, i, j, k, m in SequenceMatcher(None, *marks, autojunk=False).get_opcodes():
        if action != "equal":
            yield olds[i:j], news[k:m]
        elif keep:
            for shift in range(j - i):
                yield olds[i + shift : i + shift + 1], news[k + shift : k + shift + 1]


def _have_in_common(old: Any, new: Any) -> bool:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return any(name in new and new[name] == value for name, value in old.items())
    return True


def _whole(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _first(value: Any) -> str:
    return _whole(next(iter(value.items()), "")) if isinstance(value, Mapping) else _whole(value)


def _new_behind(behind: Sequence[str], lead: str, tail: str) -> str:
    """What is behind a new entry in brackets: a line end where each entry has a line of its own."""
    if behind and all("\n" in one for one in behind):
        return f",\n{behind[0].rpartition(chr(10))[2]}"
    if not behind and "\n" in lead and "\n" in tail:
        return f",\n{lead.rpartition(chr(10))[2]}"
    return "," if behind and all(one == "," for one in behind) else ", "


def _no_longer_last(tail: str, new_behind: str) -> str:
    """What is behind an entry that was the last one, with the comment that it may have."""
    if "#" not in tail:
        return new_behind
    line_end = new_behind.partition("\n")
    comma = "" if tail.lstrip().startswith(",") else ","
    if not line_end[1]:
        raise NotSimple
    return f"{comma}{tail[: tail.rfind(chr(10))].rstrip()}\n{line_end[2]}"


def _closing(comment: str, tail: str, was_last: bool) -> str:
    """What is between the last entry and the bracket that closes the list."""
    if was_last:
        return tail
    ends = tail if "#" not in tail else tail[tail.rfind("\n") :]
    if "#" in tail and tail.lstrip().startswith(","):
        ends = f",{ends}"
    if "#" not in comment:
        return ends
    if "\n" not in ends:
        return f"{comment}{ends.lstrip()}"
    return f"{comment[: comment.rfind(chr(10))]}{ends[ends.find(chr(10)) :]}"
