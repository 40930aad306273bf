"""Finds text that other Markdown programs show differently from the site.

An editor's preview follows CommonMark; Python-Markdown, which makes the pages, joins a list or a
table to the line above it. Both read the text here, and the first place where they differ is
reported by line, so that nobody publishes something other than what they saw.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

_BLOCK = re.compile(
    r"<(/?)(p|ul|ol|li|table|tr|th|td|blockquote|h[1-6]|pre|hr)\b[^>]*>|<[^>]*>|([^<]+)"
)
_KINDS = {
    "bullet_list_open": "a list",
    "ordered_list_open": "a list",
    "table_open": "a table",
    "blockquote_open": "a quote",
    "heading_open": "a heading",
    "fence": "a block of code",
    "code_block": "a block of code",
    "hr": "a line across",
}
_INDENT = (
    "other programs show this list differently from the site. Indent what belongs to an item "
    "by four spaces, and number items like '1.'."
)
_SIMPLIFY = (
    "other programs show this differently from the site. "
    "Write it more simply, with an empty line above and below."
)


class _Block(NamedTuple):
    kind: str  # the type of its first token
    first: int  # its first line, from 0
    end: int  # the line after its last
    shape: Sequence[str]  # its block tags and its text, in order


def difference(markdown: str, made: str) -> tuple[int, str] | None:
    """The line, from 1, and the words about the first difference from `made`; None if alike.

    `made` is the HTML that Python-Markdown made of the text, before it is cleaned.
    """
    blocks = _blocks(markdown)
    shape = _shape(made)
    at = 0
    for number, block in enumerate(blocks):
        if shape[at : at + len(block.shape)] != block.shape:
            following = blocks[number + 1] if number + 1 < len(blocks) else None
            if following and following.first == block.end and following.kind in _KINDS:
                block = following
            return block.first + 1, _words(block, markdown)
        at += len(block.shape)
    return None if at == len(shape) else (markdown.count("\n") + 1, _SIMPLIFY)


_PRE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
# The second line of a table, and what it is as a row of the table above.
_DELIMITERS = re.compile(r"^ {0,3}[:|-][ :|-]*(?=$|</)", re.MULTILINE)
_DELIMITER_CELL = re.compile(r"<td[^>]*>:?-+:?</td>")


def table_as_text(markdown: str, made: str) -> tuple[int, str] | None:
    """The line, from 1, of a table that all readers take for more text of the block above it."""
    shown = _PRE.sub("", made)
    if not (any(map(_divides, _DELIMITERS.findall(shown))) or _DELIMITER_CELL.search(shown)):
        return None
    lines = markdown.split("\n")
    for number, line in enumerate(lines[2:], 2):
        under_a_row = "|" in lines[number - 1] and lines[number - 2].strip()
        if under_a_row and _DELIMITERS.fullmatch(line) and _divides(line):
            return number, f"{_KINDS['table_open']} needs an empty line above it. Add one."
    return None


def _divides(line: str) -> bool:
    return "-" in line and "|" in line


def surplus_cells(markdown: str) -> Iterator[tuple[int, str]]:
    """The rows of tables that have more cells than the first: no reader shows those cells."""
    lines = markdown.split("\n")
    columns = 0
    for token in _parser().parse(markdown):
        if token.type == "table_open":
            columns = 0
        elif token.type == "tr_open" and token.map:
            number = token.map[0]
            cells = _cells(lines[number])
            columns = columns or cells
            if cells > columns:
                yield (
                    number + 1,
                    f"this row has {cells} cells and its table has {columns} columns, so the rest "
                    "would not be shown. Add a column to the first two lines, or write \\| for a "
                    "line that belongs to the text.",
                )


def _cells(line: str) -> int:
    line = re.sub(r"`[^`]*`", "", line).strip().removeprefix("|")
    return len(re.findall(r"(?<!\\)\|", re.sub(r"(?<!\\)\|$", "", line))) + 1


def _words(block: _Block, markdown: str) -> str:
    above = markdown.split("\n")[block.first - 1] if block.first else ""
    if block.kind in _KINDS and above.strip():
        return f"{_KINDS[block.kind]} needs an empty line above it. Add one."
    return _INDENT if _KINDS.get(block.kind) == "a list" else _SIMPLIFY


@cache
def _parser() -> MarkdownIt:
    # Tags are reported as mistakes of their own.
    return MarkdownIt("commonmark").enable("table").disable(["html_block", "html_inline"])


def _blocks(markdown: str) -> list[_Block]:
    found: list[_Block] = []
    tokens = _parser().parse(markdown)
    start = 0
    for number, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            group = tokens[start : number + 1]
            first, end = group[0].map or (0, 0)
            made = _parser().renderer.render(group, _parser().options, {})
            found.append(_Block(group[0].type, first, _last_line(group, end), _shape(made)))
            start = number + 1
    return found


def _last_line(group: Sequence[Token], end: int) -> int:
    return max([end, *(token.map[1] for token in group if token.map)])


def _shape(made: str) -> list[str]:
    """The block tags and the text between them; paragraphs in a list are part of their item."""
    shape: list[str] = []
    inside: list[str] = []
    words: list[str] = []

    def flush() -> None:
        # White space and line breaks are shown alike.
        if text := "".join("".join(words).split()):
            shape.append(text)
        words.clear()

    for closing, tag, text in _BLOCK.findall(made):
        if text:
            words.append(html.unescape(text))
        elif tag:
            if tag == "p" and "li" in inside:
                continue
            flush()
            if closing:
                inside.pop()
            elif tag != "hr":
                inside.append(tag)
            shape.append(f"<{closing}{tag}>")
    flush()
    return shape
