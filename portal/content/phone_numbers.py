"""Reads a phone number as people write one, and says what to correct in any other text.

It hides the `phonenumbers` library, which knows how long the numbers of each country are and which
of them can receive text messages. The library is imported only when there is a number to read: it
takes longer to import than most pages take to answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

# What is wrong: the figures of a mobile number are too few or too many, and so are those of another
# number; the area code is missing; the number of another country is not one; or it is no number.
Fault = Literal["mobile", "figures", "area code", "country", "unclear"]

LONGEST = 30  # characters, as written for people

# Numbers that Ofcom keeps for examples. The library takes them for numbers that nobody has.
_EXAMPLES = re.compile(r"7700900\d{3}|1632960\d{3}|3069990\d{3}")
_EXTENSION = re.compile(r"[ ,;]*(?:extension|ext\.?|x) *(\d{1,5})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that can be rung. `words` is how it is written here: '07700 900123'."""

    words: str
    takes_texts: bool


def read(text: str) -> PhoneNumber | Fault:
    """Read a number of this country, or of another with its code, however it is written."""
    import phonenumbers as library

    plain = re.sub(r"^(tel|phone|mobile|mob)\b[.: ]*", "", text.strip(), flags=re.IGNORECASE)
    extension = _EXTENSION.search(plain)
    plain = _EXTENSION.sub("", plain)
    # 'O' for nought, as in '07700 9OO123', and signs that the library does not take for a space.
    plain = re.sub("[,_]", " ", re.sub("[oO]", "0", plain))
    if re.search(r"[^\W\d_]", plain):
        return "unclear"
    try:
        number = library.parse(plain, "GB")
    except library.NumberParseException:
        return _fault("", abroad=plain.startswith(("+", "00")))
    home = number.country_code == 44
    figures = library.national_significant_number(number)
    if not library.is_valid_number(number) and not (home and _EXAMPLES.fullmatch(figures)):
        return _fault(figures, abroad=not home)
    style = library.PhoneNumberFormat
    words = library.format_number(number, style.NATIONAL if home else style.INTERNATIONAL)
    if extension:
        words += f" ext. {extension[1]}"
    if len(words) > LONGEST:
        return "unclear"
    kinds = library.PhoneNumberType
    kind = library.number_type(number)
    mobile = kind in (kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE)
    mobile = mobile or (home and kind == kinds.UNKNOWN and figures.startswith("7"))
    return PhoneNumber(words, mobile and not extension)


def _fault(figures: str, *, abroad: bool) -> Fault:
    if abroad:
        return "country"
    if figures.startswith("7") and len(figures) > 6:
        return "mobile"
    if 5 <= len(figures) <= 8:
        return "area code"
    return "figures" if 8 < len(figures) < 15 else "unclear"
