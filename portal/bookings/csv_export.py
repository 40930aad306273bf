"""Writes CSV that no spreadsheet treats as formulas (safety rule S26).

A worker opens in Excel what a family typed. Excel runs a cell that begins with `=`, `+`, `-` or
`@`, even after spaces or in full-width characters, and if the reader's separator is not a comma, a
cell may begin in the middle of ours. A `'` before the character makes the cell text. The file
begins with a byte order mark, because without it Excel garbles Urdu.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

Cell = str | int | None

_STARTERS = "=+-@|%"
# Where a cell may begin: at its start, and after any character that a program may split at.
_BEGINS = re.compile(r"(^|[;,|\t\r\n])([^\S\t\r\n]*)(?=(.))", re.DOTALL)


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The table as a CSV file. Every cell is quoted, and formulas are turned into text."""
    text = io.StringIO(newline="")
    written = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    written.writerow([safe(cell) for cell in header])
    for row in rows:
        written.writerow([safe(cell) for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def safe(cell: Cell) -> str:
    """One cell as text that is never run as a formula. Our own numbers stay numbers."""
    if cell is None or isinstance(cell, int):
        return "" if cell is None else str(cell)
    text = "".join(sign for sign in cell if sign in "\t\n" or not _unseen(sign))
    if text[:1] in ("\t", "\n"):
        text = f"'{text}"
    return _BEGINS.sub(_quoted, text)


def _quoted(found: re.Match[str]) -> str:
    plain = unicodedata.normalize("NFKC", found[3])[:1]
    return f"{found[1]}{found[2]}'" if plain and plain in _STARTERS else found[0]


def _unseen(sign: str) -> bool:
    """Whether a character is invisible: it could hide before the start of a formula."""
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs") and sign not in "\u200c\u200d"


def phone(number: str | None) -> str:
    """A phone number with a space in it: as digits only it would lose its leading 0."""
    plain = number or ""
    return f"{plain[:5]} {plain[5:]}" if re.fullmatch(r"0\d{8,10}", plain) else plain
