"""How each kind of value is written in a file, and the mistakes reported when it is wrong.

Values arrive as text, because plain YAML turns `10:30` into 630, `01772532536` into a number and
`no` into False. Each type here reads text. Wrong values raise `PydanticCustomError("remedy", ...)`,
whose message is shown to editors unchanged: what is wrong, then what to do.

The known words (needs, facilities, ways to get a place...) are here too: key in the file, and the
words that families read. It is one file so that all kinds of values can be read at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from portal.directory.field_forms import by_weekday, figures, one_of, text, yes_or_no
from portal.directory.likely import (
    likely_email,
    likely_flag,
    likely_number,
    likely_phone,
    likely_postcode,
    likely_web,
    likely_word,
)
from portal.directory.values import (
    LONDON,
    LONGEST_AREA,
    LONGEST_SLUG,
    POSTCODE,
    WEEKDAYS,
    AgeRange,
    MovedTo,
    OpenStatus,
    Position,
    TimeRange,
    day_and_rest,
    form_text,
    is_email,
    plain_text,
    read_clock,
    read_day,
    read_degrees,
    slugify,
    write,
    wrong,
)
from portal.directory.vocabularies import (
    AGE_BANDS,
    BOOKING_WAYS,
    DADS,
    FACILITIES,
    LANGUAGES,
    LEVELS,
    NEEDS,
    OFFERS,
    OTHER_NAMES,
    OUTCOMES,
    REPEATS,
    SAID_STATES,
    SIBLINGS,
)

# --- reading text -----------------------------------------------------------------------------


def _one_line(value: object) -> str:
    text = plain_text(value)
    if not text:
        raise wrong("this is empty.", "Write something, or remove the line.")
    return re.sub(r"\s*\n\s*", " ", text)


# An area begins with one of these, so that sentences can say it as it is. See `phrases.at`.
AROUND = ("around", "across", "along", "between", "near")


def _around(value: object) -> str:
    """An area in words, its first letter small."""
    text = _one_line(value).rstrip(".")
    first, _, rest = text.partition(" ")
    if first.lower() not in AROUND or not rest:
        raise wrong(
            f"'{text}' does not say what the area is around.",
            f"Begin with {', '.join(AROUND[:-1])} or {AROUND[-1]}: around Padiham's parks.",
        )
    return f"{first.lower()} {rest}"


def _meeting_point(value: object) -> str:
    text = _words(value).rstrip(".")
    if re.match(r"(meet|at)\b", text, re.IGNORECASE):
        raise wrong(
            f"'{text}' begins with 'meet' or 'at', which pages add.",
            "Write the place alone: the bandstand in Memorial Park.",
        )
    return text


_YES_OR_NO = ("yes", "no", "true", "false", "on", "off", "y", "n", "x", "ok")
_NO_REASON = (*_YES_OR_NO, "cancelled", "withdrawn", "closed", "none", "n/a", "tbc", "tba")


def _words(value: object) -> str:
    text = _one_line(value)
    if text.lower().rstrip(".") in _YES_OR_NO or not any(map(str.isalpha, text)):
        raise wrong(f"'{text}' tells families nothing.", "Say it in words, or remove the line.")
    return text


def _reason(value: object) -> str:
    text = _one_line(value)
    if text.lower().rstrip(".!") in _NO_REASON or not any(map(str.isalpha, text)):
        raise wrong(
            f"'{text}' is not a reason.",
            "Write why, in words for families, like 'The worker is ill'. "
            "If it is on after all, remove the line.",
        )
    return text


_TITLE = re.compile(r"\b(mr|mrs|ms|miss|mx|dr)\b\.?", re.IGNORECASE)


def _first_name(value: object) -> str:
    text = _one_line(value)
    names = _TITLE.sub("", text).split()
    if names != text.split() or len(names) != 1:
        likely = names[0] if names and names == text.split() else "Sam"
        raise wrong(
            f"'{text}' is more than a first name.",
            f"Write the first name only, like '{likely}', so that nobody can look the worker up.",
        )
    return text


def _role(value: object) -> str:
    text = _words(value)
    if _TITLE.search(text):
        raise wrong(
            f"'{text}' has a full name in it.",
            "Write the role only, like 'Family support worker'.",
        )
    return text


def _cost(value: object) -> str:
    text = _one_line(value)
    if text.lower().rstrip(".") in _YES_OR_NO or re.fullmatch(r"[\d., -]+", text):
        raise wrong(
            f"'{text}' does not say what it costs.",
            f"Write 'Free', or the price with its unit, like '£{_price(text)} a family'.",
        )
    return text


def _price(text: str) -> str:
    return text if re.fullmatch(r"[1-9]\d*([.]\d\d)?", text) else "2"


def _flag(value: object) -> bool:
    text = form_text(value).lower()
    if text in ("yes", "true", "on"):
        return True
    if text in ("no", "false", "off"):
        return False
    remedy = write(text, likely_flag(text), _flag, "Write 'yes' or 'no'.")
    raise wrong(f"'{text}' is neither yes nor no.", remedy)


def _number(value: object) -> int:
    text = form_text(value)
    if not re.fullmatch(r"\d{1,6}", text):
        remedy = write(text, likely_number(text), _number, "Write figures only, such as 12.")
        raise wrong(f"'{text}' is not a whole number.", remedy)
    return int(text)


def _positive(value: object) -> int:
    number = _number(value)
    if number < 1:
        raise wrong("this is 0.", "Write 1 or more.")
    return number


def _age_in_years(value: object) -> int:
    number = _positive(value)
    if number > 25:
        raise wrong(
            f"{number} is beyond 25 years, the oldest age of the service.", "Write 25 or less."
        )
    return number


def _moment(value: object) -> datetime:
    day, clock = day_and_rest(value)
    return datetime.combine(read_day(day), read_clock(clock or "00:00"), LONDON)


def _end(value: object) -> datetime:
    """A moment at which something ends. A date without a time is its end, at midnight."""
    text, clock = day_and_rest(value)
    if clock:
        return _moment(value)
    day = read_day(text)
    if day == date.max:
        raise wrong(f"'{text}' is too far away.", "Write a day of the next years.")
    return datetime.combine(day + timedelta(days=1), time(), LONDON)


def _one_of(
    words: Mapping[str, str], what: str, also: Mapping[str, str] | None = None
) -> Callable[[object], str]:
    """Reads one of the known words. `also` has other names that editors use for them."""
    by_name = {name.lower(): key for key, name in words.items()} | {key: key for key in words}

    def read(value: object) -> str:
        text = form_text(value)
        if text.lower() not in by_name:
            likely = likely_word(text, words, also)
            meant = f" Did you mean '{likely}'?" if likely else ""
            raise wrong(
                f"'{text}' is not {what} that we know.{meant}", f"Known: {', '.join(words)}."
            )
        return by_name[text.lower()]

    return read


def listed(value: object) -> object:
    """Turns a single value into a list of one."""
    return value if isinstance(value, list) else [value]


def _slug(value: object, longest: int = LONGEST_SLUG) -> str:
    text = form_text(value)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise wrong(
            f"'{text}' cannot be part of an address.",
            f"Use small letters, digits and single hyphens, like '{slugify(text) or 'my-group'}'.",
        )
    if len(text) > longest:
        raise wrong(
            f"'{text}' has {len(text)} characters, and a name has at most {longest}.",
            f"Shorten it, like '{slugify(text)[:longest].rstrip('-')}'.",
        )
    return text


def _alias(value: object) -> str:
    text = form_text(value)
    parts = text.split("/", 1)
    if not all(re.fullmatch(_SLUG, part) for part in parts):
        likely = "/".join(filter(None, map(slugify, parts)))
        raise wrong(
            f"'{text}' cannot be part of an address.",
            f"Use small letters, digits and single hyphens, like '{likely or 'old-name'}'.",
        )
    for part in parts:
        _slug(part)
    return text


def _postcode(value: object) -> str:
    text = re.sub(r"\s+", "", form_text(value)).upper()
    if not POSTCODE.fullmatch(text):
        remedy = write(text, likely_postcode(text), _postcode, "Write it like PR1 8RJ.")
        raise wrong(f"'{value}' is not a full postcode.", remedy)
    return f"{text[:-3]} {text[-3:]}"


# Answers to the portal's own questions are kept under these names, beside the programme's.
SAFE_TIME, WHERE, TOPICS = "safe-time", "where", "topics"


def _phone(value: object) -> str:
    text = re.sub(r"\s+", " ", plain_text(value))
    # Whether there is a number like that is asked later (`content.phone_numbers`), once for each.
    if not re.fullmatch(r"[0-9+(][0-9 ().+-]{1,24}[0-9]( ?(x|ext\.?) ?[0-9]{1,5})?", text):
        remedy = write(text, likely_phone(text), _phone, "Write it like 01772 532536.")
        raise wrong(f"'{text}' is not a UK phone number.", remedy)
    return text


def _email(value: object) -> str:
    text = plain_text(value)
    if not is_email(text):
        remedy = write(text, likely_email(text), _email, "Write it like name@example.org.")
        raise wrong(f"'{text}' is not an email address.", remedy)
    return text


def _web(value: object) -> str:
    text = plain_text(value)
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?(/[^\s<>\"']*)?", text):
        remedy = write(text, likely_web(text), _web, "Start it with https://.")
        raise wrong(f"'{text}' is not a web address that the portal can link to.", remedy)
    return text


def _base(value: object) -> str:
    text = plain_text(value).rstrip("/")
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?", text):
        raise wrong(
            f"'{text}' is not a base address.", "Write it like https://families.example.org."
        )
    return text


_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{1,2}[:.][0-9]{2}"
_SPAN = rf"{_CLOCK} *(-|–|to) *{_CLOCK}"
_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
_DEGREES = r"-?[0-9]{1,3}(\.[0-9]+)?"

Line = Annotated[str, BeforeValidator(_one_line), text("words on one line", "Riverbank Centre")]
Words = Annotated[str, BeforeValidator(_words), text("words for families", "A towel")]
Area = Annotated[
    str,
    BeforeValidator(_around),
    text(
        "an area in words, from 'around', 'across' or 'along'",
        "around Padiham's parks",
        f"({'|'.join(f'[{word[0].upper()}{word[0]}]{word[1:]}' for word in AROUND)}) .+",
    ),
]
MeetingPoint = Annotated[
    str,
    BeforeValidator(_meeting_point),
    text("where to meet, in words", "the bandstand in Memorial Park"),
]
FirstName = Annotated[str, BeforeValidator(_first_name), text("a first name alone", "Sam")]
Role = Annotated[str, BeforeValidator(_role), text("a role, in words", "Family support worker")]
Reason = Annotated[
    str, BeforeValidator(_reason), text("a reason, in words for families", "The worker is ill")
]
Cost = Annotated[
    str, BeforeValidator(_cost), text("Free, or the price with its unit", "£2 a family")
]
Text = Annotated[str, BeforeValidator(plain_text), text("words", "Ring the bell.")]
Flag = Annotated[bool, BeforeValidator(_flag), yes_or_no()]
Number = Annotated[
    int, BeforeValidator(_positive), figures("a whole number", "12", "[0-9]{1,6}", 1, 999_999)
]
AgeInYears = Annotated[
    int, BeforeValidator(_age_in_years), figures("an age in years", "7", "[0-9]{1,2}", 1, 25)
]
Order = Annotated[
    int, BeforeValidator(_number), figures("a whole number", "2", "[0-9]{1,6}", 0, 999_999)
]
Degrees = Annotated[
    float, BeforeValidator(read_degrees), figures("degrees", "53.7632", _DEGREES, -999, 999)
]
Day = Annotated[
    date,
    BeforeValidator(read_day),
    text("a date", "2027-01-12", rf"{_DAY}|([A-Za-z]+ )?[0-9]{{1,2}} [A-Za-z]+ [0-9]{{4}}"),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    text("a date, and a time where it matters", "2027-01-04 09:00", rf"{_DAY}( {_CLOCK})?"),
]
EndMoment = Annotated[
    datetime,
    BeforeValidator(_end),
    text(
        "a date, which counts to its end, or a date and a time",
        "2027-01-04 17:00",
        rf"{_DAY}( {_CLOCK})?",
    ),
]
Slug = Annotated[
    str, BeforeValidator(_slug), text("a file's name without '.md'", "baby-massage", _SLUG)
]
AreaSlug = Annotated[
    str,
    BeforeValidator(partial(_slug, longest=LONGEST_AREA)),
    text("a name in small letters", "south-ribble", _SLUG),
]
Alias = Annotated[
    str, BeforeValidator(_alias), text("a name it had", "old-name", rf"{_SLUG}(/{_SLUG})?")
]
SeriesName = Annotated[
    str,
    BeforeValidator(_alias),
    text("a series' file without '.md'", "play-monday", rf"{_SLUG}(/{_SLUG})?"),
]
ResourceName = Annotated[
    str,
    BeforeValidator(partial(_slug, longest=LONGEST_AREA)),
    text("a name from content/resources.yaml", "mobile-creche", _SLUG),
]
Postcode = Annotated[
    str, BeforeValidator(_postcode), text("a whole postcode", "PR1 8RJ", r"[A-Za-z0-9 ]{5,9}")
]
Phone = Annotated[str, BeforeValidator(_phone), text("a UK phone number", "01772 532536")]
Email = Annotated[
    str, BeforeValidator(_email), text("an email address", "name@example.org", r"[^@\s]+@[^@\s]+")
]
Web = Annotated[
    str,
    BeforeValidator(_web),
    text("a web address", "https://example.org/page", r"https://[^\s<>\"']+"),
]
BaseAddress = Annotated[
    str,
    BeforeValidator(_base),
    text("a web address without a path", "https://example.org", r"https?://[^\s/]+/?"),
]
Offer = Annotated[
    str,
    BeforeValidator(_one_of(OFFERS, "an area of the offer", OTHER_NAMES["offer"])),
    one_of(OFFERS),
]
Need = Annotated[str, BeforeValidator(_one_of(NEEDS, "a need")), one_of(NEEDS)]
Facility = Annotated[
    str,
    BeforeValidator(_one_of(FACILITIES, "a facility", OTHER_NAMES["facilities"])),
    one_of(FACILITIES),
]
Language = Annotated[
    str,
    BeforeValidator(_one_of(LANGUAGES, "a language", OTHER_NAMES["language"])),
    one_of(LANGUAGES),
]
BookingWay = Annotated[
    str,
    BeforeValidator(_one_of(BOOKING_WAYS, "a way to get a place", OTHER_NAMES["booking"])),
    one_of(BOOKING_WAYS),
]
Repeats = Annotated[
    str,
    BeforeValidator(_one_of(REPEATS, "a way to repeat", OTHER_NAMES["repeats"])),
    one_of(REPEATS),
]

Siblings = Annotated[
    str,
    BeforeValidator(
        _one_of(SIBLINGS, "an answer about brothers and sisters", OTHER_NAMES["siblings"])
    ),
    one_of(SIBLINGS),
]
Dads = Annotated[
    str, BeforeValidator(_one_of(DADS, "an answer about dads", OTHER_NAMES["dads"])), one_of(DADS)
]


def _plain_words(*words: str) -> Mapping[str, str]:
    return {word: word for word in words}


_DAYS_OF_WEEK = _plain_words(*WEEKDAYS)
_CENTRE_KINDS = _plain_words(
    "family hub", "children's centre", "neighbourhood centre",
    "young people's centre", "library", "partner",
)  # fmt: skip
_RESOURCE_KINDS = _plain_words("mobile creche", "vehicle", "equipment")
_PROGRAMME_KINDS = _plain_words("group", "one-to-one", "outreach", "drop-in", "information")
_LEVELS = _plain_words(*LEVELS)
_PLACES_FOR = _plain_words("family", "person")
_BOOK_UNITS = _plain_words("series", "session")
_QUESTION_TYPES = _plain_words("text", "number", "choice", "yes-no")
_HOLIDAY_WAYS = _plain_words("run", "skip")

Weekday = Annotated[
    Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    BeforeValidator(_one_of(_DAYS_OF_WEEK, "a weekday")),
    one_of(_DAYS_OF_WEEK),
]
CentreKind = Annotated[
    str,
    BeforeValidator(_one_of(_CENTRE_KINDS, "a kind of centre", OTHER_NAMES["kind"])),
    one_of(_CENTRE_KINDS),
]
ProgrammeKind = Annotated[
    str,
    BeforeValidator(_one_of(_PROGRAMME_KINDS, "a kind of programme")),
    one_of(_PROGRAMME_KINDS),
]
ResourceKind = Annotated[
    str,
    BeforeValidator(_one_of(_RESOURCE_KINDS, "a kind of resource")),
    one_of(_RESOURCE_KINDS),
]
Level = Annotated[str, BeforeValidator(_one_of(_LEVELS, "a level of need")), one_of(_LEVELS)]
PlaceFor = Annotated[
    str, BeforeValidator(_one_of(_PLACES_FOR, "who a place is for")), one_of(_PLACES_FOR)
]
BookUnit = Annotated[
    str, BeforeValidator(_one_of(_BOOK_UNITS, "what is booked")), one_of(_BOOK_UNITS)
]
QuestionType = Annotated[
    str, BeforeValidator(_one_of(_QUESTION_TYPES, "a type of question")), one_of(_QUESTION_TYPES)
]

_BAND_NAMES = {band.slug: band.title for band in AGE_BANDS}
AgeBandName = Annotated[
    str, BeforeValidator(_one_of(_BAND_NAMES, "an age group")), one_of(_BAND_NAMES)
]
SaidState = Annotated[str, BeforeValidator(_one_of(SAID_STATES, "a state")), one_of(SAID_STATES)]


def _outcome(value: object) -> int:
    number = _number(value)
    if number not in OUTCOMES:
        raise wrong(f"there is no outcome {number}.", "Write numbers from 1 to 5.")
    return number


Outcome = Annotated[
    int, BeforeValidator(_outcome), figures("a number from 1 to 5", "1", "[1-5]", 1, 5)
]


# --- time, age, position ------------------------------------------------------------------------


Times = Annotated[
    TimeRange,
    BeforeValidator(TimeRange.read),
    text("from when to when, by the 24-hour clock", "10:00-12:00", _SPAN),
]
Age = Annotated[
    AgeRange,
    BeforeValidator(AgeRange.read),
    text(
        "pregnancy, or ages with their unit",
        "0-6 months",
        r"[Pp]regnancy|([Bb]irth|[0-9]{1,3}) *(weeks?|months?|years?)? *((-|–|to) *[0-9]{1,3} *)?"
        r"\+? *(weeks?|months?|years?)?",
    ),
]
Ages = Annotated[tuple[Age, ...], BeforeValidator(listed)]
Location = Annotated[
    Position,
    BeforeValidator(Position.read),
    text("latitude, longitude", "53.7632, -2.7044", rf"{_DEGREES}, *{_DEGREES}"),
]
Lines = Annotated[tuple[Line, ...], BeforeValidator(listed)]
Roles = Annotated[tuple[Role, ...], BeforeValidator(listed)]
Aliases = Annotated[tuple[Alias, ...], BeforeValidator(listed)]
ResourceNames = Annotated[tuple[ResourceName, ...], BeforeValidator(listed)]
AreaSlugs = Annotated[tuple[AreaSlug, ...], BeforeValidator(listed)]
SeriesNames = Annotated[tuple[SeriesName, ...], BeforeValidator(listed)]


def _hours(value: object) -> object:
    if not isinstance(value, dict):
        raise wrong(
            "opening hours must be a block.", "Write one weekday per line, like Monday: 9:00-17:00."
        )
    if len({str(day).strip().lower() for day in value}) < len(value):
        raise wrong(
            "this weekday is here twice.",
            "Write all its times on one line: 9:00-12:00, 13:00-17:00.",
        )
    return value


def _spans(value: object) -> object:
    spans = value if isinstance(value, list) else plain_text(value).split(",")
    return [] if [str(span).strip().lower() for span in spans] == ["closed"] else spans


def _by_weekday(hours: Mapping[str, tuple[TimeRange, ...]]) -> Mapping[str, tuple[TimeRange, ...]]:
    return {day: hours[day] for day in WEEKDAYS if day in hours}


# Each day is checked by itself, so that a mistake is reported on its own line.
OpeningHours = Annotated[
    Mapping[
        Annotated[str, BeforeValidator(_one_of(_plain_words(*WEEKDAYS), "a weekday"))],
        Annotated[tuple[Times, ...], BeforeValidator(_spans)],
    ],
    BeforeValidator(_hours),
    AfterValidator(_by_weekday),
    by_weekday(WEEKDAYS, _SPAN),
]
Needs = Annotated[tuple[Need, ...], BeforeValidator(listed)]
Facilities = Annotated[tuple[Facility, ...], BeforeValidator(listed)]
Outcomes = Annotated[tuple[Outcome, ...], BeforeValidator(listed)]
Languages = Annotated[tuple[Language, ...], BeforeValidator(listed)]
Days = Annotated[tuple[Day, ...], BeforeValidator(listed)]
Weekdays = Annotated[tuple[Weekday, ...], BeforeValidator(listed)]
Status = Annotated[
    OpenStatus,
    BeforeValidator(OpenStatus.read),
    text(
        "open; or closed, from its first and until its last closed day",
        "closed from 2026-12-01 until 2027-01-10",
        r"open|closed( from [0-9A-Za-z -]+?)?( until [0-9A-Za-z -]+)?",
    ),
]
Moved = Annotated[
    MovedTo,
    BeforeValidator(MovedTo.read),
    text("a date, and times where they change", "2027-03-03 13:00-15:00", rf"{_DAY}( {_SPAN})?"),
]
BankHolidays = Annotated[
    str, BeforeValidator(_one_of(_HOLIDAY_WAYS, "a way with bank holidays")), one_of(_HOLIDAY_WAYS)
]
