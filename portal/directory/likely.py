"""What was probably meant by a value that cannot be read, so that a mistake can say what to write.

People write dates and times in many ways. The files take one of them, because `1-3` may be at night
and 12/01/2027 in December. Each function gives the text to write instead, or nothing where more
than one thing may be meant. Nothing here is ever taken for the value itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip


def likely_word(text: str, words: Iterable[str], also: Mapping[str, str] | None = None) -> str:
    """The known word that is meant: another name of it, a part of it, or it with a slip."""
    known = {word.lower(): word for word in words}
    plain = re.sub(r"[\s_]+", " ", text.lower()).strip(" .!")
    if re.match(r"(no|not|without)\b", plain) and plain not in (also or {}):
        return ""
    if plain in (also or {}) and (also or {})[plain] in known.values():
        return (also or {})[plain]
    dashed = plain.replace(" ", "-")
    if dashed in known:
        return known[dashed]
    inside = [word for word in known if re.search(rf"(?<!\w){re.escape(word)}s?(?!\w)", plain)]
    if len(inside) == 1:
        return known[inside[0]]
    begun = [word for word in known if len(plain) > 2 and word.startswith(plain)]
    if len(begun) == 1:
        return known[begun[0]]
    close = get_close_matches(plain, known, n=1, cutoff=0.6)
    return known[close[0]] if close else ""


def likely_day(text: str) -> str:
    """'12/01/2027', '12th Jan 2027' or 'January 12, 2027' as 2027-01-12: the day comes first."""
    plain = re.sub(r"(?<=\d)(st|nd|rd|th)\b|\bof\b|,", " ", text.lower())
    numbers = re.fullmatch(
        r"\s*(?:[a-z]+ )?\s*(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{2}|\d{4})\s*", plain
    )
    turned = re.fullmatch(r"\s*(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})\s*", plain)
    words = re.fullmatch(
        r"\s*(?:[a-z]+\s+)?(\d{1,2})[\s-]*([a-z]{3,})\.?[\s-]*(\d{4}|\d{2})\s*", plain
    )
    american = re.fullmatch(r"\s*([a-z]{3,})\.?\s+(\d{1,2})\s+(\d{4})\s*", plain)
    if turned:
        year, month, day = turned[1], turned[2], turned[3]
    elif numbers:
        day, month, year = numbers[1], numbers[2], numbers[3]
    elif words:
        day, month, year = words[1], str(_month(words[2])), words[3]
    elif american:
        day, month, year = american[2], str(_month(american[1])), american[3]
    else:
        return ""
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day)).isoformat()
    except ValueError:
        return ""


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1 if name[:3] in _MONTHS else 0


_CLOCK = r"(\d{1,2})(?:[:.h]?(\d{2}))? *(am|pm|a\.m\.|p\.m\.|noon)?"
_TIMES = re.compile(rf"(?:from )?{_CLOCK} *(?:-|to|until|till) *{_CLOCK}")


def likely_times(text: str) -> str:
    """'10am-12pm', '1-3' or '10:00-1:00' as times of the 24-hour clock, in a usual order."""
    plain = re.sub(r"\b(mid-?day|noon)\b", "12noon", text.lower()).replace("12 12noon", "12noon")
    found = _TIMES.fullmatch(plain.strip())
    if not found:
        return ""
    first, last = _clock(*found.groups()[:3]), _clock(*found.groups()[3:])
    if first is None or last is None:
        return ""
    first_half, last_half = found[3], found[6]
    early = not first_half and first < 420
    # '1-3pm' is an afternoon, and '10-12pm' is not.
    if early or (not first_half and last_half and first < 720 and last > first + 720):
        first += 720
    # Above 12 somebody writes by the 24-hour clock, and has perhaps swapped the two.
    if not last_half and last <= first and (early or (first < 780 and last + 720 - first <= 480)):
        last += 720
    if not (first_half or last_half) and first < 540 and last <= 600:
        return ""  # 7-9 may be in the morning or in the evening.
    if not 420 <= first < last <= _LAST:
        return ""
    return f"{first // 60:02}:{first % 60:02}-{last // 60:02}:{last % 60:02}"


_LAST = 22 * 60  # minutes from midnight


def likely_clock(text: str) -> str:
    """'9am' as 09:00."""
    found = re.fullmatch(_CLOCK, text.lower().strip())
    minutes = _clock(*found.groups()) if found and found[3] else None
    return "" if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"


def _clock(hour: str, minute: str | None, half: str | None) -> int | None:
    """Minutes from midnight."""
    hours, minutes = int(hour), int(minute or 0)
    if hours > 23 or minutes > 59 or (half and hours > 12):
        return None
    if half and half[0] in "ap":
        hours = hours % 12 + (12 if half[0] == "p" else 0)
    return hours * 60 + minutes


def likely_ages(text: str) -> str:
    """'0-5', 'under 5s', '2 yrs +' or '6 wks to 1 yr' with its units in words."""
    plain = re.sub(r"\b(ages?|aged|olds?|old|from|children)\b|[-\s]old\b", " ", text.lower())
    plain = re.sub(r"(?<=\d)\s*(ys|yrs?|y/o|yo|y)\b\.?", " years", plain)
    plain = re.sub(r"(?<=\d)\s*(mths?|mos?|mnths?|m)\b\.?", " months", plain)
    plain = re.sub(r"(?<=\d)\s*(wks?|w)\b\.?", " weeks", plain)
    plain = re.sub(r"\bnewborn\b|\bborn\b", "birth", " ".join(plain.split()))
    under = re.fullmatch(r"(?:under|up to|below)[- ]?(\d{1,2})(?:'?s)?(?: (years|months))?", plain)
    over = re.fullmatch(r"(?:over|above)[- ]?(\d{1,2})(?:'?s)?(?: years)?", plain)
    spanned = re.fullmatch(
        r"(birth|\d{1,2})(?: (weeks?|months?|years?))? *(?:-|to|until) *(\d{1,2})(\+?)"
        r"(?: (weeks?|months?|years?))?",
        plain,
    )
    single = re.fullmatch(
        r"(\d{1,2})(\+?)(?: (years|months|weeks))?(?: ?(\+|plus|and over))?", plain
    )
    if under and int(under[1]) > 0:
        least = 0 if plain.startswith("up to") else 1
        return f"0-{int(under[1]) - least} {under[2] or 'years'}"
    if over:
        return f"{int(over[1])}+ years"
    if spanned:
        return _span(*spanned.groups())
    if single:
        return f"{single[1]}{'+' if single[2] or single[4] else ''} {single[3] or 'years'}"
    return {"antenatal": "pregnancy", "expecting": "pregnancy", "pregnant": "pregnancy",
            "bumps": "pregnancy", "babies": "0-12 months", "toddlers": "1-2 years",
            "pre-school": "3-4 years", "all": "0-19 years"}.get(plain, "")  # fmt: skip


def _span(low: str, low_unit: str | None, high: str, over: str, unit: str | None) -> str:
    unit = unit or "years"
    if low_unit and low_unit.rstrip("s") != unit.rstrip("s"):
        return f"{low} {low_unit}-{high}{over} {unit}"
    return f"{low}-{high}{over} {unit}"


def likely_number(text: str) -> str:
    """The one number in some words: '10 families', 'about 10', 'ten'."""
    found = re.findall(r"\d+", text)
    named = [str(_NUMBERS.index(word) + 1) for word in text.lower().split() if word in _NUMBERS]
    whole = not re.search(r"\d[.,]\d|-\s*\d", text)
    return (found + named)[0] if len(found) + len(named) == 1 and whole else ""


def likely_postcode(text: str) -> str:
    """A postcode with figures where only they can be, and without what stands around it."""
    plain = re.sub(r"[^A-Z0-9]", "", text.upper())
    found = re.fullmatch(r"([A-Z]{1,2})([0-9OI][0-9OIA-Z]?)([0-9OI])([A-Z]{2})", plain)
    if not found:
        return ""
    figures = str.maketrans("OI", "01")
    out, inward = found[2].translate(figures), found[3].translate(figures)
    return f"{found[1]}{out} {inward}{found[4]}"


def likely_email(text: str) -> str:
    """The address in some words, if there is one."""
    plain = re.sub(r"\s*(?:\(at\)|\[at\]|\bat\b)\s*", "@", text)
    plain = re.sub(r"\s*(?:\(dot\)|\[dot\]|\bdot\b)\s*", ".", plain)
    found = re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", plain, re.ASCII)
    return found[0] if found else ""


def likely_phone(text: str) -> str:
    """The one number in some words, with figures for the letters O and I."""
    plain = re.sub(
        r"(?<=[\dOI ])[OI]|[OI](?=[\dOI ])", lambda found: "01"["OI".index(found[0])], text
    )
    found = re.findall(r"(?:\+44|0)[\d ]{8,12}\d(?!\d)", plain)
    return found[0] if len(found) == 1 else ""


def likely_flag(text: str) -> str:
    """'yes' for 'y' and 'yes please'; 'no' for 'n' and 'none'."""
    first = (re.findall(r"\w+", text.lower()) or [""])[0]
    return {"y": "yes", "yes": "yes", "yeah": "yes", "1": "yes", "n": "no", "no": "no",
            "none": "no", "not": "no", "never": "no", "0": "no"}.get(first, "")  # fmt: skip


def likely_web(text: str) -> str:
    """An address with `https://` before it."""
    plain = re.sub(r"^(?:https?:/*|//)", "", text.strip(), flags=re.IGNORECASE)
    return (
        f"https://{plain}"
        if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?(/[^\s<>\"']*)?", plain)
        else ""
    )
