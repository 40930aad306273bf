"""Bytes as text: UTF-8 alone, and the name of what they are instead.

Windows saves a file as it pleases: UTF-16 from Notepad's "Unicode", its own code page from older
programs. Text that was read in the wrong one before, and saved again, is found by what it leaves.
"""

from __future__ import annotations

import re

_REMEDY = "Save it as UTF-8 (in Notepad: Save as, then Encoding)."
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
# What UTF-8 looks like after it was taken for the code page of Windows, and what is then lost.
_TWICE = re.compile("\u00e2\u20ac.|\u00c2[\u00a0-\u00bf]|\u00c3[\u0080-\u00bf\u0192\u00a9]|\ufffd")

Wrong = tuple[str, str]  # words, and the text before the place


def decoded(raw: bytes) -> str | Wrong:
    """The text, or what is wrong with it."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return f"the file is {name}. {_REMEDY}", ""
    # In UTF-16 without a mark, every second byte of English is 0.
    if raw.count(0) > len(raw) // 4:
        return f"the file is UTF-16. {_REMEDY}", ""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = raw[error.start : error.start + 1]
        sign = byte.decode("cp1252", "replace")
        shown = f" ('{sign}' on Windows)" if sign.isprintable() and sign != "\ufffd" else ""
        return (
            f"the byte 0x{byte.hex()}{shown} here is not UTF-8. {_REMEDY}",
            raw[: error.start].decode("utf-8-sig", "replace"),
        )
    if not text.isascii() and (found := _TWICE.search(text)):
        return _spoilt(found[0]), text[: found.start()].replace("\r\n", "\n")
    return text


def _spoilt(found: str) -> str:
    meant = ""
    if found != "\ufffd":
        try:
            meant = found.encode("cp1252").decode("utf-8")
        except UnicodeError:
            meant = ""
    remedy = f"Type '{meant}' in its place." if meant.strip() else "Type the right one again."
    return f"'{found}' is what is left of a character that was saved in another encoding. {remedy}"
