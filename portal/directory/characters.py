"""Characters that look like a plain one of the keyboard, or like nothing at all.

They come with text pasted from Word, web pages and chats. Where a value has a form (a date, a time,
a known word) they are read as the plain ones. Where they cannot be, a mistake names them, because
nobody can find by looking what they cannot see.
"""

from __future__ import annotations

import re
import unicodedata

_SPACES = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000"
)
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u02bc\uff07"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\uff02"
_COLONS = "\uff1a\ufe55\ua789\u2236"
# Those that join letters or turn the direction of a line belong to names in some scripts.
_NOTHING = "\u00ad\u200b\u2060\u180e\ufeff"

_PLAIN = {
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict.fromkeys(map(ord, _HYPHENS), "-"),
    **dict.fromkeys(map(ord, _SINGLE_QUOTES), "'"),
    **dict.fromkeys(map(ord, _DOUBLE_QUOTES), '"'),
    **dict.fromkeys(map(ord, _COLONS), ":"),
    **dict.fromkeys(map(ord, _NOTHING + "\u200c\u200d\u200e\u200f"), None),
}
_COMMON_NAMES = {
    "\u00a0": "no-break space",
    "\u2013": "dash",
    "\u2014": "long dash",
    "\u2018": "typographic quotation mark",
    "\u2019": "typographic apostrophe",
    "\u201c": "typographic quotation mark",
    "\u201d": "typographic quotation mark",
    "\u2022": "bullet",
}

SPACE = f"[{_SPACES}]"
HYPHEN = f"[{_HYPHENS}]"
COLON = f"[{_COLONS}]"
QUOTE = f"[{_SINGLE_QUOTES}{_DOUBLE_QUOTES}]"
INVISIBLE = re.compile(f"[{_SPACES}{_NOTHING}]")
_ODD = re.compile(f"[{_SPACES}{_HYPHENS}{_COLONS}{_SINGLE_QUOTES}{_DOUBLE_QUOTES}{_NOTHING}]")


def plain(text: str) -> str:
    """The text with the signs of a keyboard in place of those that look like them."""
    return text if text.isascii() else text.translate(_PLAIN)


def name_of(character: str) -> str:
    """'a no-break space (U+00A0)'."""
    name = _COMMON_NAMES.get(character) or unicodedata.name(character, "character").lower()
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name} (U+{ord(character):04X})"


# What nobody sees, or what turns the order of the letters after it: with these a page can show
# another name, number or address than the file holds. Emoji and some scripts need the joiners, and
# text that runs from right to left needs its marks, so those are let through there.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u2060-\u206f\u202a-\u202e"
    "\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![^\x00-\x7f\\s])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\\s])"
    "|[\u200e\u200f]"
)


def hidden_in(line: str) -> str:
    """Each character of a line that is hidden or changes its direction, once."""
    if line.isascii():
        return ""
    hidden = dict.fromkeys(found[0] for found in _HIDDEN.finditer(line))
    if any(map(_runs_left, line)):
        hidden = {one: None for one in hidden if one not in "\u200e\u200f"}
    return "".join(hidden)


def _runs_left(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL") and character.isalpha()


def odd_in(text: str) -> str:
    """The name of the first character that is not what it looks like, or nothing."""
    found = None if text.isascii() else _ODD.search(text)
    return name_of(found[0]) if found else ""
