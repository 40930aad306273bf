"""How a value is written as YAML, so that the portal's own reader reads the same text again.

A value is plain where that is enough, and between quotes where it would be read as something else:
`Bring: a towel`, `Room #3`, a leading `-`, nothing at all. Dates, times, numbers and `yes` are text
to the reader, so they need no quotes.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from portal.content.yaml_reader import read_fields

Value = str | Sequence["Value"] | Mapping[str, "Value"]

_LONGEST_WORD = 24  # characters of a value in a list that is written on one line
_LONGEST_LIST = 70
_BLOCK_HEAD = re.compile(r"([|>])([-+0-9]*)(.*)")


def scalar(text: str, *, style: str = "", inside: bool = False) -> str:
    """A text on one line, in the quotes of `style` if they will do. `inside`: in brackets."""
    for written in _forms(text, style):
        if _reads_back(f"[{written}]" if inside else written, [text] if inside else text):
            return written
    return double(text)


def _forms(text: str, style: str) -> Iterator[str]:
    single = f"'{text.replace(chr(39), chr(39) * 2)}'"
    if "\n" in text or style == '"':
        return
    if style == "'":
        yield single
        return
    if text:
        yield text
    yield single


def double(text: str) -> str:
    """A text between double quotes, which can hold any."""
    # All escapes of JSON mean the same in YAML.
    return json.dumps(text, ensure_ascii=False)


def _reads_back(written: str, value: object) -> bool:
    problems: list[str] = []
    read = read_fields(
        f"field: {written}\n", 1, lambda _line, _column, words: problems.append(words)
    )
    return not problems and read is not None and read[0] == {"field": value}


def block_text(text: str, indent: int, like: str = "|") -> str | None:
    """A text on lines of its own below '|' or '>', like the old block. None: it cannot be."""
    head, _, old = like.partition("\n")
    found = _BLOCK_HEAD.fullmatch(head)
    ends = len(text) - len(text.rstrip("\n"))
    if found is None or ends > 1 or not text.strip() or not indent:
        return None
    sign, chomping = found[1], "" if ends else "-"
    lines = text.rstrip("\n").split("\n")
    if sign == ">":
        lines = list(_folded(lines, max(map(len, old.split("\n")), default=0) - indent))
    body = "\n".join(" " * indent + line if line else "" for line in lines)
    # The reader gets it less deep than it will be, so that the depth cannot matter.
    probe = f"{sign}{chomping}\n{textwrap.indent(textwrap.dedent(body), ' ')}\n"
    written = f"{sign}{chomping}{found[3]}\n{body}"
    return written if _reads_back(probe, text) else None


def _folded(lines: Sequence[str], width: int) -> Iterator[str]:
    """Lines as '>' joins them again: each ends with a blank one, and long ones are wrapped."""
    for number, line in enumerate(lines):
        if number and line:
            yield ""
        plain = line == " ".join(line.split())
        wrapped = textwrap.wrap(
            line, max(width, 20), break_long_words=False, break_on_hyphens=False
        )
        yield from wrapped if plain and wrapped else [line]


# --- lists and blocks ----------------------------------------------------------------------------


def flow(value: Value) -> str:
    """A value as it is written between brackets."""
    if isinstance(value, str):
        return scalar(value, inside=True)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{flow(name)}: {flow(inner)}' for name, inner in value.items())}}}"
    return f"[{', '.join(map(flow, value))}]"


def after_name(value: Value, indent: int) -> str:
    """What comes behind 'name:', where the name is indented by so many spaces."""
    if isinstance(value, str):
        return f" {text_of(value, indent + 2)}"
    if not value or (not isinstance(value, Mapping) and _on_one_line(value, indent)):
        return f" {flow(value)}"
    margin = "\n" + " " * (indent + 2)
    if isinstance(value, Mapping):
        return "".join(margin + pair(name, inner, indent + 2) for name, inner in value.items())
    return "".join(f"{margin}- {entry(inner, indent + 4)}" for inner in value)


def text_of(text: str, indent: int) -> str:
    """A text behind a name; on lines of its own if it has several."""
    block = block_text(text, indent) if "\n" in text.strip() else None
    return block or scalar(text)


def pair(name: str, value: Value, indent: int) -> str:
    return f"{scalar(name)}:{after_name(value, indent)}"


def entry(value: Value, indent: int) -> str:
    """What comes behind '- ' of a list, whose own lines are indented by so many spaces."""
    if isinstance(value, str):
        return text_of(value, indent)
    if isinstance(value, Mapping) and value:
        margin = "\n" + " " * indent
        return margin.join(pair(name, inner, indent) for name, inner in value.items())
    return flow(value)


def _on_one_line(values: Sequence[Any], indent: int) -> bool:
    """Whether a new list is of a few known words, and so is written between brackets."""
    words = [one for one in values if isinstance(one, str) and len(one) <= _LONGEST_WORD]
    return len(words) == len(values) and indent + sum(map(len, words)) <= _LONGEST_LIST
