"""Names what stops fields from being read as they look: pasted characters, tabs, and quotes.

YAML sees a no-break space as a letter, a typographic quotation mark as text and a dash as a word.
Then fields are one long word, or belong to nothing, and YAML complains about another line. So the
lines are looked at first, and what only looks like a sign of YAML is named with its remedy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portal.directory.characters import COLON, HYPHEN, QUOTE, SPACE, name_of

Slip = tuple[int, int, str]  # line and column, counted from 0; words

_INDENT = re.compile(rf"[ \t]*({SPACE})(?=\s*\S)")
_COLON_LIKE = re.compile(rf" *(?:- +)*\w+({COLON})")
_AFTER_COLON = re.compile(rf" *(?:- +)*[A-Za-z]\w*:({SPACE})")
_AFTER_DASH = re.compile(rf" *-({SPACE})")
_DASH_LIKE = re.compile(rf" *({HYPHEN}|[•‣▪◦●○■□·])\s*\S")
_OPENS_BLOCK = re.compile(r"[^#]*:\s+[|>][+-]?\d?[+-]?\s*$")
_OPENS_LIST = re.compile(r"[^#]*\w:\s*$")

_QUOTED = re.compile(r"(?P<before>\s*(?:- +)*(?:\w+: +)?)(?P<value>['\"].*)")
_WELL_QUOTED = re.compile(r"""('([^']|'')*'|"([^"\\]|\\.)*")(\s+#.*)?""")
_TYPOGRAPHIC = re.compile(rf"\s*(?:- +)*(?:\w+: +)?({QUOTE})")


def slips(text: str) -> Iterator[Slip]:
    """Characters that look like a sign of YAML, at the places where only such a sign can be."""
    if text.isascii():
        return
    block: int | None = None  # the indent of a field whose text is in the lines below
    before = ""
    for number, line in enumerate(text.split("\n")):
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip(" "))
        if block is not None and indent > block:
            continue
        block = indent if _OPENS_BLOCK.match(line) else None
        if not line.isascii() and (found := _slip(line, before)):
            yield number, *found
        before = line


def _slip(line: str, before: str) -> tuple[int, str] | None:
    if found := _INDENT.match(line):
        words = "this line is indented with {}. Use the space bar."
    elif found := _COLON_LIKE.match(line):
        words = "there is {} here in place of ':'. Type ': '."
    elif found := _AFTER_COLON.match(line):
        words = "there is {} after ':'. Type an ordinary space there."
    elif found := _AFTER_DASH.match(line):
        words = "there is {} after '-'. Type an ordinary space there."
    elif _OPENS_LIST.match(before) and (found := _DASH_LIKE.match(line)):
        words = "there is {} here in place of '-'. Start each line of a list with '- '."
    else:
        return None
    return found.start(1), words.format(name_of(found[1]))


def typographic_quotes(value: str) -> str:
    """What to do about quotation marks that are part of a value, and only look like YAML's."""
    if len(value) < 3 or (value[0], value[-1]) not in (("“", "”"), ("„", "”"), ("‘", "’")):
        return ""
    if value[0] in value[1:] or value[-1] in value[:-1]:
        return ""
    return (
        f"families would see the marks around this: {name_of(value[0])} and "
        f"{name_of(value[-1])}. Remove them, or put the whole value between straight quotes."
    )


def wrong_quotes(line: str) -> str:
    """What is wrong with the quotes of a line that YAML cannot read, if that is why."""
    if found := _TYPOGRAPHIC.match(line):
        return (
            f"the value starts with {name_of(found[1])}, which is text to the portal. "
            "Put the whole value between straight quotes."
        )
    quoted = _QUOTED.fullmatch(line.rstrip())
    if not quoted:
        return ""
    value = quoted["value"]
    if _WELL_QUOTED.fullmatch(value):
        return ""
    sign, other = value[0], "\"'"[value[0] == '"']
    whole = value[1:-1] if value.endswith(sign) and len(value) > 1 else value
    if sign not in (whole if whole is not value else value[1:]):
        if sign == "'" and re.match(r"'\w", value):
            return (
                "the quote at the start is never closed. Close it, or if it is an apostrophe, "
                f"write: {quoted['before'].lstrip()}{_between(value, other)}"
            )
        return ""
    what = "is an apostrophe or quote" if sign == "'" else "are quotation marks"
    return (
        f"there {what} inside the quotes. "
        f"Write: {quoted['before'].lstrip()}{_between(whole, other)}"
    )


def _between(text: str, sign: str) -> str:
    return f"{sign}{text.replace(sign, sign * 2) if sign == chr(39) else text}{sign}"


def indented_with_tab(lines: Sequence[str], number: int) -> bool:
    """Whether the spaces before a line have a tab among them."""
    line = lines[number] if number < len(lines) else ""
    return "\t" in line[: len(line) - len(line.lstrip())]
