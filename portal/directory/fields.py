"""How each kind of value is written in a file, and what is said where it is written wrongly.

Values arrive as text, because plain YAML turns `10:30` into 630, `01772532536` into a number and
`no` into False. Each type here reads text. Wrong values raise `PydanticCustomError("remedy", ...)`,
whose message is shown to editors as it stands: what is wrong, then what to do.

The known words (needs, facilities, ways to get a place...) are here too: key in the file, and the
words that families read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from portal.directory.field_forms import by_weekday, figures, one_of, text, yes_or_no

LONDON = ZoneInfo("Europe/London")

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

# The eight areas of the service's offer (service plan 2018).
OFFERS: Mapping[str, str] = {
    "early-years": "Early years",
    "families": "Family support",
    "emotional-health": "Emotional health",
    "send": "Special educational needs and disabilities",
    "young-people": "Young people",
    "public-health": "Public health",
    "work-and-learning": "Work and learning",
    "voice": "Having your say",
}

# The plan's priority groups, in its order, in words that a family would use of itself.
NEEDS: Mapping[str, str] = {
    "send": "Special educational needs, disabilities or behaviour",
    "neglect": "Children who are not looked after well enough",
    "worklessness": "Out of work or short of money",
    "health-problems": "Health problems",
    "domestic-abuse": "Domestic abuse",
    "mental-health": "Emotional and mental health",
    "young-or-new-parents": "Young or new parents",
    "not-using-services": "Families who find it hard to join in",
    "young-carers": "Young carers",
    "homeless": "Homelessness",
    "asylum-seekers-and-refugees": "Asylum seekers and refugees",
    "sexual-exploitation": "Sexual exploitation",
    "transient-families": "Families who move often, and Travellers",
    "crime-and-antisocial-behaviour": "Crime and antisocial behaviour",
    "school-attendance": "Missing school or at risk of exclusion",
    "risk-taking": "Taking risks",
    "protected-characteristics": "Fair treatment under the Equality Act",
}

FACILITIES: Mapping[str, str] = {
    "step-free": "Step-free entrance",
    "accessible-toilet": "Accessible toilet",
    "changing-place": "Changing Places toilet",
    "baby-changing": "Baby changing",
    "hearing-loop": "Hearing loop",
    "parking": "Car park",
    "accessible-parking": "Blue Badge parking",
    "buggy-park": "Room for buggies",
    "breastfeeding": "Breastfeeding welcome",
    "garden": "Garden",
    "kitchen": "Kitchen",
    "interpreter": "Interpreter on request",
    "quiet-room": "Quiet room",
    "wifi": "Free wifi",
}

BOOKING_WAYS: Mapping[str, str] = {
    "drop-in": "Drop in",
    "book": "Book a place",
    "request": "Ask for a place",
    "referral": "Through a professional",
}

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "ur": "Urdu",
    "pl": "Polish",
    "pa": "Punjabi",
    "gu": "Gujarati",
    "bn": "Bengali",
    "ro": "Romanian",
    "ar": "Arabic",
    "bfi": "British Sign Language",
}

OUTCOMES: Mapping[int, str] = {
    1: "Children and young people are safe and protected from harm",
    2: "Families are resilient and can deal with what affects their health and life chances",
    3: "Families live healthily and take part in positive activities",
    4: "Health is protected, and differences in health are reduced",
    5: "Fewer people in poorer communities live with illness that can be prevented",
}

REPEATS: Mapping[str, str] = {
    "once": "once",
    "weekly": "every week",
    "fortnightly": "every two weeks",
    "monthly": "every month",
    "daily": "every weekday",
}


# --- reading text -----------------------------------------------------------------------------


def near(word: str, words: Iterable[str]) -> str:
    """' Did you mean 'x'?' for a word close to a known one, else nothing."""
    found = get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)
    return f" Did you mean '{found[0]}'?" if found else ""


def slugify(name: str) -> str:
    """A name as a file name: 'Lytham St Anne's' -> 'lytham-st-annes'."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’.]", "", plain.lower())).strip("-")


def _wrong(what: str, remedy: str) -> PydanticCustomError:
    # The braces of a remedy are text, not placeholders, hence the context.
    return PydanticCustomError("remedy", "{what} {remedy}", {"what": what, "remedy": remedy})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _wrong("this holds a list or a block.", "Write it as text on one line.")
    return value.strip()


def _one_line(value: object) -> str:
    text = _text(value)
    if not text:
        raise _wrong("this is empty.", "Write something, or remove the line.")
    return re.sub(r"\s*\n\s*", " ", text)


def _flag(value: object) -> bool:
    text = _text(value).lower()
    if text in ("yes", "true", "on"):
        return True
    if text in ("no", "false", "off"):
        return False
    raise _wrong(f"'{text}' is neither yes nor no.", "Write 'yes' or 'no'.")


def _number(value: object) -> int:
    text = _text(value)
    if not re.fullmatch(r"\d{1,6}", text):
        raise _wrong(f"'{text}' is not a whole number.", "Write figures only, such as 12.")
    return int(text)


def _positive(value: object) -> int:
    number = _number(value)
    if number < 1:
        raise _wrong("this is 0.", "Write 1 or more.")
    return number


def _decimal(value: object) -> float:
    text = _text(value)
    if not re.fullmatch(r"-?\d{1,3}(\.\d+)?", text):
        raise _wrong(f"'{text}' is not a number of degrees.", "Write it like 53.7632.")
    return float(text)


def read_day(value: object) -> date:
    """'2027-01-12' or '12 January 2027' -> date."""
    text = _text(value)
    iso = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    words = re.fullmatch(r"(?:[A-Za-z]+ )?(\d{1,2}) ([A-Za-z]+) (\d{4})", text)
    if iso:
        year, month, day = (int(part) for part in iso.groups())
    elif words and words[2].title() in MONTHS:
        year, month, day = int(words[3]), MONTHS.index(words[2].title()) + 1, int(words[1])
    else:
        raise _wrong(f"'{text}' is not a date.", "Write it like 2027-01-12.")
    try:
        return date(year, month, day)
    except ValueError:
        month_name = MONTHS[month - 1] if 1 <= month <= 12 else f"month {month}"
        raise _wrong(
            f"there is no {day} {month_name} {year}.", "Look at a calendar, and mend the date."
        ) from None


def read_clock(text: str) -> time:
    """'09:30' -> time(9, 30)."""
    found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", text.strip())
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise _wrong(
            f"'{text.strip()}' is not a time of day.", "Write it on the 24-hour clock, like 13:30."
        )
    return time(int(found[1]), int(found[2]))


def _moment(value: object) -> datetime:
    text = _text(value)
    day, _, clock = text.partition(" ")
    return datetime.combine(read_day(day), read_clock(clock or "00:00"), LONDON)


def _one_of(words: Mapping[str, str], what: str) -> Callable[[object], str]:
    by_name = {name.lower(): key for key, name in words.items()} | {key: key for key in words}

    def read(value: object) -> str:
        text = _text(value)
        if text.lower() not in by_name:
            raise _wrong(
                f"'{text}' is not {what} that we know.{near(text, words)}",
                f"Known: {', '.join(words)}.",
            )
        return by_name[text.lower()]

    return read


def listed(value: object) -> object:
    """A single value where a list may stand is a list of one."""
    return value if isinstance(value, list) else [value]


def _slug(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise _wrong(
            f"'{text}' cannot be part of an address.",
            f"Use small letters, digits and single hyphens, like '{slugify(text) or 'my-group'}'.",
        )
    return text


def _alias(value: object) -> str:
    text = _text(value)
    for part in text.split("/", 1):
        _slug(part)
    return text


POSTCODE = re.compile(r"(GIR ?0AA|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2})")


def _postcode(value: object) -> str:
    text = re.sub(r"\s+", "", _text(value)).upper()
    if not POSTCODE.fullmatch(text):
        raise _wrong(f"'{value}' is not a whole postcode.", "Write it like PR1 8RJ.")
    return f"{text[:-3]} {text[-3:]}"


# Under these names answers to our own questions are kept, beside those to a programme's.
SAFE_TIME, WHERE = "safe-time", "where"


def phone_figures(number: str) -> str:
    """A phone number as it is dialled: without spaces, brackets, dots and dashes of any length.

    The 0 of '+44 (0)7700 900123' is for those who dial within the country, and goes too.
    """
    figures = re.sub(r"[ ().\u2010-\u2015-]", "", number)
    return re.sub(r"^(\+44|0044)0", r"\1", figures)


def _phone(value: object) -> str:
    text = re.sub(r"\s+", " ", _text(value))
    digits = re.sub(r"[ ()-]", "", text)
    if not re.fullmatch(r"(\+44\d{9,10}|0\d{9,10}|0800\d{6,7}|1\d{2}|116\d{3}|999)", digits):
        raise _wrong(f"'{text}' is not a UK phone number.", "Write it like 01772 532536.")
    return text


def _email(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        raise _wrong(f"'{text}' is not one email address.", "Write it like name@example.org.")
    return text


def _web(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?(/[^\s<>\"']*)?", text):
        raise _wrong(
            f"'{text}' is not a web address that we can link to.", "Start it with https://."
        )
    return text


def _base(value: object) -> str:
    text = _text(value).rstrip("/")
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?", text):
        raise _wrong(
            f"'{text}' is not a base address.", "Write it like https://families.example.org."
        )
    return text


_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{1,2}[:.][0-9]{2}"
_SPAN = rf"{_CLOCK} *(-|–|to) *{_CLOCK}"
_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
_DEGREES = r"-?[0-9]{1,3}(\.[0-9]+)?"

Line = Annotated[str, BeforeValidator(_one_line), text("words on one line", "Riverbank Centre")]
Text = Annotated[str, BeforeValidator(_text), text("words", "Ring the bell.")]
Flag = Annotated[bool, BeforeValidator(_flag), yes_or_no()]
Number = Annotated[
    int, BeforeValidator(_positive), figures("a whole number", "12", "[0-9]{1,6}", 1, 999_999)
]
Order = Annotated[
    int, BeforeValidator(_number), figures("a whole number", "2", "[0-9]{1,6}", 0, 999_999)
]
Degrees = Annotated[
    float, BeforeValidator(_decimal), figures("degrees", "53.7632", _DEGREES, -999, 999)
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
Slug = Annotated[
    str, BeforeValidator(_slug), text("a file's name without '.md'", "baby-massage", _SLUG)
]
Alias = Annotated[
    str, BeforeValidator(_alias), text("a name it had", "old-name", rf"{_SLUG}(/{_SLUG})?")
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
Offer = Annotated[str, BeforeValidator(_one_of(OFFERS, "an area of the offer")), one_of(OFFERS)]
Need = Annotated[str, BeforeValidator(_one_of(NEEDS, "a need")), one_of(NEEDS)]
Facility = Annotated[str, BeforeValidator(_one_of(FACILITIES, "a facility")), one_of(FACILITIES)]
Language = Annotated[str, BeforeValidator(_one_of(LANGUAGES, "a language")), one_of(LANGUAGES)]
BookingWay = Annotated[
    str, BeforeValidator(_one_of(BOOKING_WAYS, "a way to get a place")), one_of(BOOKING_WAYS)
]
Repeats = Annotated[str, BeforeValidator(_one_of(REPEATS, "a way to repeat")), one_of(REPEATS)]


def _plain_words(*words: str) -> Mapping[str, str]:
    return {word: word for word in words}


_DAYS_OF_WEEK = _plain_words(*WEEKDAYS)
_CENTRE_KINDS = _plain_words(
    "family hub", "children's centre", "neighbourhood centre",
    "young people's centre", "library", "partner",
)  # fmt: skip
_PROGRAMME_KINDS = _plain_words("group", "one-to-one", "outreach", "drop-in", "information")
_LEVELS = _plain_words("universal", "targeted")
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
    str, BeforeValidator(_one_of(_CENTRE_KINDS, "a kind of centre")), one_of(_CENTRE_KINDS)
]
ProgrammeKind = Annotated[
    str,
    BeforeValidator(_one_of(_PROGRAMME_KINDS, "a kind of programme")),
    one_of(_PROGRAMME_KINDS),
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


def _outcome(value: object) -> int:
    number = _number(value)
    if number not in OUTCOMES:
        raise _wrong(f"there is no outcome {number}.", "Write numbers from 1 to 5.")
    return number


Outcome = Annotated[
    int, BeforeValidator(_outcome), figures("a number from 1 to 5", "1", "[1-5]", 1, 5)
]


# --- time, age, position ------------------------------------------------------------------------


def day_words(day: date, *, year: bool = True, weekday: bool = True) -> str:
    """'Monday 7 December 2026'."""
    words = f"{day.day} {MONTHS[day.month - 1]}"
    if weekday:
        words = f"{WEEKDAYS[day.weekday()]} {words}"
    return f"{words} {day.year}" if year else words


def clock_words(clock: time) -> str:
    """'10am', '1:30pm', 'midday', 'midnight'."""
    if (clock.hour, clock.minute) == (12, 0):
        return "midday"
    if (clock.hour, clock.minute) == (0, 0):
        return "midnight"
    minutes = f":{clock.minute:02}" if clock.minute else ""
    return f"{clock.hour % 12 or 12}{minutes}{'am' if clock.hour < 12 else 'pm'}"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From one time of a day to a later one of the same day, by the clock on the wall."""

    starts: time
    ends: time

    @classmethod
    def read(cls, value: object) -> TimeRange:
        if isinstance(value, TimeRange):
            return value
        first, dash, last = _text(value).replace("–", "-").replace(" to ", "-").partition("-")
        if not dash:
            raise _wrong(f"'{value}' has no end.", "Write both times, like 10:00-12:00.")
        times = cls(read_clock(first), read_clock(last))
        if times.ends <= times.starts:
            raise _wrong(
                f"it ends at {last.strip()}, before it starts at {first.strip()}.",
                "Swap the times, or use the 24-hour clock, like 13:30-15:00.",
            )
        return times

    @property
    def words(self) -> str:
        return f"{clock_words(self.starts)} to {clock_words(self.ends)}"

    @property
    def part_of_day(self) -> Literal["morning", "afternoon", "evening"]:
        """Mornings start before 12:00, evenings from 17:00."""
        if self.starts < time(12):
            return "morning"
        return "afternoon" if self.starts < time(17) else "evening"


@dataclass(frozen=True, slots=True)
class MovedTo:
    """The day and time to which a session has been moved."""

    day: date
    time: TimeRange | None

    @classmethod
    def read(cls, value: object) -> MovedTo:
        if isinstance(value, MovedTo):
            return value
        day, _, times = _text(value).partition(" ")
        return cls(read_day(day), TimeRange.read(times) if times.strip() else None)


@dataclass(frozen=True, slots=True)
class OpenStatus:
    """'open', 'closed', or 'closed until 2027-01-10' (the last closed day)."""

    open: bool = True
    until: date | None = None

    @classmethod
    def read(cls, value: object) -> OpenStatus:
        if isinstance(value, OpenStatus):
            return value
        text = _text(value)
        if text.lower() == "open":
            return cls()
        if text.lower() == "closed":
            return cls(open=False)
        if text.lower().startswith("closed until "):
            return cls(open=False, until=read_day(text[len("closed until ") :]))
        raise _wrong(
            f"'{text}' is not a state of a centre.",
            "Write 'open', 'closed' or 'closed until 2027-01-10'.",
        )


@dataclass(frozen=True, slots=True)
class AgeRange:
    """Ages in months, from the first included to the first excluded; pregnancy is -9 to 0."""

    first: int
    end: int
    words: str

    @property
    def pregnancy(self) -> bool:
        return self.first < 0

    @classmethod
    def read(cls, value: object) -> AgeRange:
        if isinstance(value, AgeRange):
            return value
        text = _text(value).lower().replace("–", "-").replace(" to ", "-")
        if text == "pregnancy":
            return cls(-9, 0, "pregnancy")
        found = re.fullmatch(
            r"(birth|\d{1,3})\s*(weeks?|months?|years?)?\s*(?:-\s*(\d{1,3})\s*)?"
            r"(weeks?|months?|years?)?",
            text,
        )
        unit = found and (found[4] or found[2])
        if not found or not unit or (found[3] is None and found[4] and found[2]):
            raise _wrong(
                f"'{value}' is not an age.",
                "Write 'pregnancy', '0-6 months', '2-4 years' or '6 weeks-12 months'.",
            )
        low = 0 if found[1] == "birth" else int(found[1])
        low_unit = (found[2] or unit).rstrip("s")
        high = int(found[3]) if found[3] else low
        high_unit = unit.rstrip("s")
        first, end = _months(low, low_unit), _months(high + 1, high_unit)
        if end <= first:
            raise _wrong(f"'{value}' ends before it starts.", "Write the younger age first.")
        return cls(first, end, _age_words(low, low_unit, high, high_unit))


def _months(number: int, unit: str) -> int:
    return {"week": number * 12 // 52, "month": number, "year": number * 12}[unit]


def _age_words(low: int, low_unit: str, high: int, high_unit: str) -> str:
    def units(number: int, unit: str) -> str:
        return f"{number} {unit}" if number == 1 else f"{number} {unit}s"

    if (low, low_unit) == (high, high_unit):
        return units(low, low_unit)
    start = "birth" if low == 0 else str(low) if low_unit == high_unit else units(low, low_unit)
    return f"{start} to {units(high, high_unit)}"


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees of WGS 84, and what they stand for: a found position must not pass for a door."""

    latitude: float
    longitude: float
    precision: Literal["point", "postcode", "sector", "outcode", "town", "district"] = "point"

    @classmethod
    def read(cls, value: object) -> Position:
        if isinstance(value, Position):
            return value
        latitude, comma, longitude = _text(value).partition(",")
        if not comma:
            raise _wrong(f"'{value}' is not a position.", "Write it like 53.7632, -2.7044.")
        position = cls(_decimal(latitude), _decimal(longitude))
        if not (53 <= position.latitude <= 54.8 and -3.6 <= position.longitude <= -1.6):
            raise _wrong(
                f"'{value}' is not in or near Lancashire.",
                "Write the latitude first: 53.7632, -2.7044.",
            )
        return position

    @property
    def exact(self) -> bool:
        """True where a map pin may be shown: the door, or the postcode it stands in."""
        return self.precision in ("point", "postcode")


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
        r"(weeks?|months?|years?)?",
    ),
]
Ages = Annotated[tuple[Age, ...], BeforeValidator(listed)]
Location = Annotated[
    Position,
    BeforeValidator(Position.read),
    text("latitude, longitude", "53.7632, -2.7044", rf"{_DEGREES}, *{_DEGREES}"),
]
Lines = Annotated[tuple[Line, ...], BeforeValidator(listed)]
Aliases = Annotated[tuple[Alias, ...], BeforeValidator(listed)]


def _hours(value: object) -> object:
    if not isinstance(value, dict):
        raise _wrong(
            "opening hours are a block.", "Write one weekday a line, like Monday: 9:00-17:00."
        )
    if len({str(day).strip().lower() for day in value}) < len(value):
        raise _wrong(
            "a weekday stands here twice.",
            "Write all its times on one line: 9:00-12:00, 13:00-17:00.",
        )
    return value


def _spans(value: object) -> object:
    spans = value if isinstance(value, list) else _text(value).split(",")
    return [] if [str(span).strip().lower() for span in spans] == ["closed"] else spans


def _by_weekday(hours: Mapping[str, tuple[TimeRange, ...]]) -> Mapping[str, tuple[TimeRange, ...]]:
    return {day: hours[day] for day in WEEKDAYS if day in hours}


# Each day is checked by itself, so that a mistake is told with its own line.
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
Status = Annotated[
    OpenStatus,
    BeforeValidator(OpenStatus.read),
    text(
        "open, closed, or closed until its last closed day",
        "closed until 2027-01-10",
        r"open|closed|closed until [0-9A-Za-z -]+",
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
