"""Finds what would identify a family in words that must not name anybody (S92).

Goals of a plan and a practitioner's Gap in Service form are read by more people than the family's
own record. So a form holds back words that name somebody, and shows the sentence to change. What
it hides: how people in Britain write names, phone numbers, postcodes, addresses and dates of birth,
and which everyday words only look like them ("Mr Men books", "MS nurse", "M25").

It cannot know every name. A name without a title is found if it is one of `names`, such as those
of the family itself, or if it follows a word such as "my son". The form says the rest in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Finding:
    """Words that could show who the family is.

    `what` is the kind ("a name"), `excerpt` the sentence to change and `advice` how to change it.
    """

    what: str
    excerpt: str
    advice: str


def findings(text: str, names: Sequence[str] = (), today: date | None = None) -> list[Finding]:
    """All words in a text that could show who a family is, in their order; each place only once.

    `names` are full names that must not appear, such as the family's own. With `today`, a full
    date that is more than a year past counts as a date of birth, even if the words do not say so.
    """
    spans: list[tuple[int, int, str, str]] = []
    for kind in _KINDS:
        for start, end in kind.spans(text):
            if not any(start < e and s < end for s, e, _, _ in spans):
                spans.append((start, end, kind.what, kind.remedy))
    for start, end in [*_past_dates(text, today), *_of_names(text, names)]:
        if not any(start < e and s < end for s, e, _, _ in spans):
            dated = text[start].isdigit()
            spans.append((start, end, *((BIRTH.what, BIRTH.remedy) if dated else NAME)))
    return [
        Finding(what, _sentence(text, start, end), f"Take out “{text[start:end]}”. {remedy}")
        for start, end, what, remedy in sorted(spans)
    ]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def refusal(text: str, names: Sequence[str] = (), today: date | None = None) -> str:
    """The first finding as one message for the person who wrote it; '' if there is none."""
    for first in findings(text, names, today):
        where = "" if first.excerpt == " ".join(text.split()) else f" Change: “{first.excerpt}”"
        return f"This has {first.what} in it. {first.advice}{where}"
    return ""


@dataclass(frozen=True, slots=True)
class _Kind:
    what: str
    remedy: str
    pattern: re.Pattern[str]
    meant: Callable[[re.Match[str]], bool] = lambda _: True

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        for match in self.pattern.finditer(text):
            if self.meant(match):
                # A sign that ends the sentence does not belong to what is quoted.
                words = match[0].rstrip(" .,;:-")
                yield match.start(), match.start() + len(words)


NAME = ("a name", "Write who it is without a name, such as “my son” or “the teacher”.")

# --- dates of birth -------------------------------------------------------------------------------

_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec"
)
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_MONTH_NUMBER = r"(?:1[0-2]|0?[1-9])"
_YEAR = r"(?:(?:19|20)\d\d|\d\d)"
_NUMERIC = rf"{_DAY}\s?[/.-]\s?{_MONTH_NUMBER}(?:\s?[/.-]\s?{_YEAR})?(?!\d)"
_ISO = rf"(?:19|20)\d\d-{_MONTH_NUMBER}-{_DAY}(?!\d)"
_IN_WORDS = (
    rf"(?:{_DAY}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTHS})\b\.?(?:,?\s+{_YEAR}\b)?"
    rf"|(?:{_MONTHS})\.?\s+{_DAY}(?:st|nd|rd|th)?\b(?:,?\s+(?:19|20)\d\d\b)?"
    rf"|(?:{_MONTHS})\.?\s+(?:19|20)\d\d\b)"
)
_SIX_DIGITS = r"\d{6}(?:\d\d)?(?!\d)"
_BORN = (
    r"(?:\bborn|\bd\.?\s?o\.?\s?b\b\.?|\bdates?\s+of\s+birth|\bbirth\s?dates?|\bbirthdays?"
    r"|\bb['’]?day)"
)
_LINK = r"(?:[\s:=,(-]+(?:is|was|are|on|in|the)\b)*[\s:=,(-]*"
BIRTH = _Kind(
    "a date of birth",
    "Write the age in years.",
    re.compile(rf"{_BORN}{_LINK}(?:{_ISO}|{_IN_WORDS}|{_NUMERIC}|{_SIX_DIGITS})", re.I),
)
_FULL_DATES = (
    re.compile(
        rf"(?<![\d/.-])({_DAY})\s?[/.-]\s?({_MONTH_NUMBER})\s?[/.-]\s?({_YEAR})(?![\d/.-]\d)"
    ),
    re.compile(
        rf"\b({_DAY})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTHS})\b\.?,?\s+((?:19|20)\d\d)\b", re.I
    ),
)
_ISO_DATE = re.compile(rf"(?<![\d-])((?:19|20)\d\d)-({_MONTH_NUMBER})-({_DAY})(?!\d)")
_A_YEAR = timedelta(days=365)


def _past_dates(text: str, today: date | None) -> Iterator[tuple[int, int]]:
    if today is None:
        return
    for pattern in (*_FULL_DATES, _ISO_DATE):
        for match in pattern.finditer(text):
            day, month, year = match.groups() if pattern is not _ISO_DATE else match.groups()[::-1]
            written = _date(day, month, year, today)
            if written is not None and written < today - _A_YEAR:
                yield match.span()


def _date(day: str, month: str, year: str, today: date) -> date | None:
    number = int(month) if month.isdigit() else _number_of(month.lower())
    full = int(year)
    if full < 100:
        full += 2000 if full <= today.year % 100 else 1900
    try:
        return date(full, number, int(day))
    except ValueError:
        return None


def _number_of(month: str) -> int:
    return [one[:3] for one in _MONTHS.split("|")[:12]].index(month[:3]) + 1


# --- ways to get in touch, and where a family lives -----------------------------------------------

EMAIL = _Kind(
    "an email address",
    "Nobody may be recognised by what is written here.",
    re.compile(r"[\w.+'’-]+\s?@\s?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b", re.I),
)
_AREAS = _words(
    "AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN "
    "DT DY E EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA "
    "LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG "
    "SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE"
)


def _is_postcode(match: re.Match[str]) -> bool:
    # "M6 3rd exit": an ordinal in small letters after a word in capitals ends no postcode.
    ordinal = match[3][1:] in ("st", "nd", "rd", "th") and match[1].isupper()
    return match[1].upper() in _AREAS and not ordinal


POSTCODE = _Kind(
    "a postcode",
    "Write the town.",
    re.compile(
        r"(?<![A-Za-z0-9])([A-Za-z]{1,2})(\d[A-Za-z\d]?)[\s-]{0,2}"
        r"(\d[ABD-HJLNP-UW-Zabd-hjlnp-uw-z]{2})(?![A-Za-z0-9])"
    ),
    _is_postcode,
)
_STREETS = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Close|Drive|Terrace|Grove|Crescent|Row|Court|Mews|Gardens|"
    "Walk|Place|Way|Square|View"
)
ADDRESS = _Kind(
    "an address",
    "Write the town, or the name of the building.",
    re.compile(
        rf"(?<![\d/.:])\d{{1,4}}[A-Za-z]?,?\s+(?:[A-Z][\w'’]+\s+){{1,3}}(?:{_STREETS})\b(?!['’])"
    ),
)


def _is_phone(match: re.Match[str]) -> bool:
    number = re.sub(r"\D", "", match[0])
    number = re.sub(r"^(?:0044|44)0?", "0", number)
    return len(number) in (10, 11)


PHONE = _Kind(
    "a phone number",
    "Nobody may be recognised by what is written here.",
    re.compile(
        r"(?<![\d.:/+])(?!\d\d[\s-]\d\d[\s-](?:19|20)\d\d)"
        r"(?:\+\s?44[\s-]?(?:\(0\)|0)?|0044[\s-]?|\(?0)(?=[\s-]?[123578])"
        r"(?:[\s()-]{0,3}\d){7,10}(?!\d)"
        r"|(?<![\d.])0[12357]\d{2,3}\.\d{3}\.?\d{3,4}(?!\d)"
    ),
    _is_phone,
)
_LOCAL_PHONE = _Kind(
    PHONE.what,
    PHONE.remedy,
    re.compile(
        r"(?:\b(?:phone|ring|call|text|tel|telephone|mobile|mob|number|landline)\b(?:\s+(?:is|on|"
        r"her|him|them|me|us|at|number|no))*[\s.:]*)\d{3}\s?\d{3,5}(?!\d)(?!\s*(?:people|families|times))",
        re.I,
    ),
)
NUMBER = _Kind(
    "a number that belongs to one person",
    "Leave it out.",
    re.compile(
        r"(?<![\d.£])\d{3}[\s-]?\d{3}[\s-]?\d{4}(?![\d.])"  # of the NHS
        r"|\b[A-Za-z]{2}\s?\d\d\s?\d\d\s?\d\d\s?[A-Da-d]\b"  # of National Insurance
    ),
)

# --- names ----------------------------------------------------------------------------------------

_DATED = _words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december christmas easter eid"
)
_BEFORE_TEACHERS = ("teacher", "with", "see", "ask", "by", "from", "and")
# What follows a title and is no name.
_NOT_NAMES = _DATED | _words(
    "and or who is was has had said says at in on the a an to but for of from will would can could "
    "should came does did if then that this next when as with about are were be by so"
)


def _is_titled(match: re.Match[str]) -> bool:
    title, name = match["title"], match["name"]
    if name.lower() in _NOT_NAMES or (title.lower(), name.lower()) == ("mr", "men"):
        return False
    if title.lower() in ("mr", "mrs", "mister"):
        return True
    before = match.string[: match.start()].rstrip().lower()
    if title.lower() == "miss" and before.endswith("little"):
        return False
    if title == "miss":  # "I miss Nan"
        return name[0].isupper() and before.endswith(_BEFORE_TEACHERS)
    if title == "MS" and not name.isupper():  # multiple sclerosis
        return False
    return name[0].isupper()


TITLED = _Kind(
    *NAME,
    re.compile(
        r"(?<![\w'’])(?P<title>Mrs|Mr|Miss|Ms|Mx|Dr|Prof|Rev|Cllr|Mister)\.?\s+(?P<name>[^\W\d_][\w'’-]*)",
        re.I,
    ),
    _is_titled,
)
_KIN = (
    "son|daughter|brother|sister|stepson|stepdaughter|partner|husband|wife|mum|mother|dad|father|"
    "nan|nana|gran|grandma|grandmother|grandad|grandfather|uncle|aunt|auntie|aunty|cousin|friend|"
    "boy|girl|baby|neighbour|boyfriend|girlfriend|ex"
)
_NOT_KIN_NAMES = _DATED | _words(
    "english gcse gp send camhs universal child sure start family tax nhs adhd asd pip dla"
)


def _is_relative(match: re.Match[str]) -> bool:
    return match["name"].lower() not in _NOT_KIN_NAMES and not match["name"].isupper()


RELATIVE = _Kind(
    *NAME,
    re.compile(
        rf"\b(?i:my|our|her|his|their|your|the)\s+(?:(?:big|little|older|younger|oldest|"
        rf"youngest|eldest|new|best)\s+)?(?i:{_KIN})\s*,?\s+(?P<name>[A-Z][a-z][\w'’-]*)"
        rf"|\b(?i:{_KIN}|child|somebody|someone|woman|man|lad)\s+(?i:called|named)\s+"
        r"(?P<called>[A-Z][\w'’-]+)"
    ),
    lambda match: bool(match["called"]) or _is_relative(match),
)

_KINDS = (
    BIRTH, EMAIL, POSTCODE, PHONE, _LOCAL_PHONE, NUMBER, TITLED, RELATIVE, ADDRESS,
)  # fmt: skip

# Names that are also everyday words: they count only where they cannot be such a word.
_EVERYDAY = _words(
    "will may mark grace hope faith joy rose dawn summer young price bill art autumn amber ruby "
    "pearl iris daisy poppy lily olive hazel ivy heather holly violet ray rich miles pat jean "
    "gene drew frank earnest grant guy harmony honey jade jasmine jewel love melody mercy miracle "
    "page paige penny precious prince princess river robin rusty sandy sky skye star story stone "
    "wood woods brook brooks bush field fields ford forest green brown black white grey gray king "
    "knight long short small little best good goodman day days week march hill hall house park "
    "lake banks baker butcher cook carter mason miller potter smith taylor turner walker weaver "
    "wright fisher hunter shepherd singer driver porter farmer gardener parent child childs swift "
    "sharp wise strong noble power bell ball cross church abbott bishop pope dean marsh moor moss "
    "reed rice salt sugar berry cherry apple bean bird fox lamb wolf hart drake crane finch "
    "nightingale swan wren bacon coffee english french scott wales ireland holland jordan chelsea "
    "chance christian happy case cash close chase early fry flood frost snow winter rain storm "
    "gale an do so no my he in on to us we go up at by if is it me of or as am be bo"
)
# Towns near here that are also names: they count only in a full name.
_TOWNS = _words(
    "preston nelson lancaster burnley clitheroe chorley leyland barrow bolton blackburn accrington "
    "colne whalley heysham kirkham garstang ormskirk bacup darwen thornton fleetwood padiham earby "
    "trawden lancashire pendle burscough kendal carnforth chatburn wilmslow england paris london "
    "chester york lincoln derby sutton stafford warrington wigan"
)
_PARTICLES = _words("de van von der den bin ibn al el ul the and of mr mrs miss ms mx dr")
_MONTH_BEFORE = re.compile(
    r"(?:\d(?:st|nd|rd|th)?|\b(?:in|by|until|till|of|from|to|since|before|after|during|this|next|"
    r"last|early|late|mid|end))\s*$",
    re.I,
)


def _of_names(text: str, names: Sequence[str]) -> Iterator[tuple[int, int]]:
    for name in names:
        parts = [part for part in re.split(r"[\s,./()]+", name) if part]
        if len(parts) > 1:
            whole = r"\s+".join(re.escape(part) for part in parts)
            for match in re.finditer(rf"(?<!\w){whole}(?!\w)", text, re.I):
                yield match.span()
        for part in parts:
            if part.casefold() in _PARTICLES or len(part) < 2 or not part[0].isalpha():
                continue
            if part.casefold() in _TOWNS and len(parts) > 1:
                continue
            for match in re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", text, re.I):
                if _is_name(text, match):
                    yield match.span()


def _is_name(text: str, match: re.Match[str]) -> bool:
    word, before = match[0], text[: match.start()].rstrip()
    small = word.casefold()
    if small not in _EVERYDAY:
        return len(word) > 2 or word[0].isupper()
    if not word[0].isupper() or not before or before.endswith((".", "!", "?", ":", "\n")):
        return False
    return small not in _DATED or not _MONTH_BEFORE.search(before)


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence, or the part of a long one, that holds these words."""
    ends = [
        match.end()
        for match in re.finditer(r"(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bMrs)[.!?]\s+|\n+", text)
    ]
    first = max((one for one in ends if one <= start), default=0)
    last = min((one for one in ends if one >= end), default=len(text))
    if last - first > 160:
        first, last = max(first, start - 60), min(last, end + 60)
    return " ".join(text[first:last].split())
