"""The nouns of the directory, each declared once, and the questions one asks of them.

A field is one line here: its type decides how the text in a file is read, its description is the
manual (`content/FIELDS.md`) and what a mistake is explained with. Models are frozen, know their
public address (`series.path`), and are compared by identity, because there is one of each.

Values arrive as text (see `content.py`), so each type below reads text and says in plain words what
is wrong. Wrong values raise `PydanticCustomError("remedy", ...)`, whose message is shown to editors.

Sensitive series are kept apart: `Directory.series` never holds one, so that a page or a feed made by
looping over it cannot leak a venue (safety rule S3).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

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


def _listed(value: object) -> object:
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


Line = Annotated[str, BeforeValidator(_one_line)]
Text = Annotated[str, BeforeValidator(_text)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Number = Annotated[int, BeforeValidator(_positive)]
Order = Annotated[int, BeforeValidator(_number)]
Degrees = Annotated[float, BeforeValidator(_decimal)]
Day = Annotated[date, BeforeValidator(read_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Slug = Annotated[str, BeforeValidator(_slug)]
Alias = Annotated[str, BeforeValidator(_alias)]
Postcode = Annotated[str, BeforeValidator(_postcode)]
Phone = Annotated[str, BeforeValidator(_phone)]
Email = Annotated[str, BeforeValidator(_email)]
Web = Annotated[str, BeforeValidator(_web)]
BaseAddress = Annotated[str, BeforeValidator(_base)]
Offer = Annotated[str, BeforeValidator(_one_of(OFFERS, "an area of the offer"))]
Need = Annotated[str, BeforeValidator(_one_of(NEEDS, "a need"))]
Facility = Annotated[str, BeforeValidator(_one_of(FACILITIES, "a facility"))]
Language = Annotated[str, BeforeValidator(_one_of(LANGUAGES, "a language"))]
BookingWay = Annotated[str, BeforeValidator(_one_of(BOOKING_WAYS, "a way to get a place"))]
Repeats = Annotated[str, BeforeValidator(_one_of(REPEATS, "a way to repeat"))]


def _plain_words(*words: str) -> Mapping[str, str]:
    return {word: word for word in words}


Weekday = Annotated[
    Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    BeforeValidator(_one_of(_plain_words(*WEEKDAYS), "a weekday")),
]
CentreKind = Annotated[
    str,
    BeforeValidator(
        _one_of(
            _plain_words(
                "family hub", "children's centre", "neighbourhood centre",
                "young people's centre", "library", "partner",
            ),
            "a kind of centre",
        )
    ),
]  # fmt: skip
ProgrammeKind = Annotated[
    str,
    BeforeValidator(
        _one_of(
            _plain_words("group", "one-to-one", "outreach", "drop-in", "information"),
            "a kind of programme",
        )
    ),
]
Level = Annotated[
    str, BeforeValidator(_one_of(_plain_words("universal", "targeted"), "a level of need"))
]
PlaceFor = Annotated[
    str, BeforeValidator(_one_of(_plain_words("family", "person"), "who a place is for"))
]
BookUnit = Annotated[
    str, BeforeValidator(_one_of(_plain_words("series", "session"), "what is booked"))
]
QuestionType = Annotated[
    str,
    BeforeValidator(
        _one_of(_plain_words("text", "number", "choice", "yes-no"), "a type of question")
    ),
]


def _outcome(value: object) -> int:
    number = _number(value)
    if number not in OUTCOMES:
        raise _wrong(f"there is no outcome {number}.", "Write numbers from 1 to 5.")
    return number


Outcome = Annotated[int, BeforeValidator(_outcome)]


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
class AgeBand:
    """A group of ages that families browse by."""

    slug: str
    title: str
    first: int
    end: int

    @property
    def path(self) -> str:
        return f"/ages/{self.slug}/"

    def holds(self, ages: Iterable[AgeRange]) -> bool:
        return any(age.first < self.end and self.first < age.end for age in ages)


AGE_BANDS = (
    AgeBand("pregnancy", "Pregnancy", -9, 0),
    AgeBand("babies", "Babies under 1", 0, 12),
    AgeBand("toddlers", "Toddlers, 1 and 2", 12, 36),
    AgeBand("pre-school", "Pre-school, 3 and 4", 36, 60),
    AgeBand("primary-school", "Primary school, 5 to 10", 60, 132),
    AgeBand("secondary-school", "Secondary school, 11 to 15", 132, 192),
    AgeBand("young-adults", "Young adults, 16 to 25", 192, 312),
)


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


# --- fields: what editors write -------------------------------------------------------------------


class Fields(BaseModel):
    """One block of fields in a file. Unknown fields are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Noun(Fields):
    """A thing with an identity: compared as itself, never field by field."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


Times = Annotated[TimeRange, BeforeValidator(TimeRange.read)]
Ages = Annotated[
    tuple[Annotated[AgeRange, BeforeValidator(AgeRange.read)], ...], BeforeValidator(_listed)
]
Location = Annotated[Position, BeforeValidator(Position.read)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(_listed)]
Aliases = Annotated[tuple[Alias, ...], BeforeValidator(_listed)]


class Site(Noun):
    """The file content/site.yaml."""

    name: Line = Field(description="The name of the service, at the top of every page.")
    area: Line = Field(description="The county or area served.")
    base_address: BaseAddress = Field(description="Where the public site stands, no last slash.")
    domain: Line = Field(
        description="The permanent identity in calendar entries. Never change it, even when the "
        "site moves to another host: every entry in every subscriber's calendar would double."
    )
    booking_address: Text = Field(
        "", description="Where bookings are answered; empty for the same host."
    )
    phone: Phone | None = Field(None, description="The number that a family rings.")
    email: Email | None = Field(None, description="The address that a family writes to.")
    quick_exit: Web = Field(description="Where 'Exit this page' goes: neutral, not personal.")
    languages: Annotated[tuple[Language, ...], BeforeValidator(_listed)] = Field(
        ("en",), description="The languages that the site claims."
    )
    demonstration: Flag = Field(
        False, description="yes: every page says that times and places are samples."
    )
    attribution: Lines = Field((), description="Lines that the data's licences ask us to show.")


class Term(Noun):
    """One half of a school term."""

    year: Line = Field(description="The school year, such as 2026-27.")
    part: Line = Field(description="autumn 1, autumn 2, spring 1, spring 2, summer 1, summer 2.")
    first: Day = Field(description="The first school day.")
    last: Day = Field(description="The last school day.")
    source: Text = Field("", description="Where the dates come from.")


class Closure(Noun):
    """Days on which centres are closed."""

    date_: Day | None = Field(None, alias="date", description="One day; or give from and until.")
    from_: Day | None = Field(None, alias="from", description="The first day closed.")
    until: Day | None = Field(None, description="The last day closed.")
    reason: Line = Field(description="Why, in words for families.")

    @property
    def first(self) -> date:
        return self.from_ or self.date_ or date.max

    @property
    def last(self) -> date:
        return self.until or self.date_ or self.from_ or date.min


class Terms(Noun):
    """The file content/terms.yaml."""

    terms: tuple[Term, ...] = Field(description="School terms, half by half, in order.")
    closures: tuple[Closure, ...] = Field(
        (), description="Planned days when every centre is closed. Bank holidays are known already."
    )


class District(Noun):
    """One of the county's districts."""

    slug: Slug = Field(description="Its name in addresses.")
    title: Line = Field(description="Its name.")
    code: Line = Field(description="Its ONS code, such as E07000117.")
    latitude: Degrees = Field(description="The middle of it, in degrees.")
    longitude: Degrees = Field(description="The middle of it, in degrees.")

    @property
    def path(self) -> str:
        return f"/districts/{self.slug}/"

    @property
    def position(self) -> Position:
        return Position(self.latitude, self.longitude, "district")


class Footprint(Noun):
    """One of the five areas in which the service is delivered."""

    slug: Slug = Field(description="Its name in addresses.")
    title: Line = Field(description="Its name.")
    summary: Line = Field("", description="One sentence about the area.")
    districts: tuple[District, ...] = Field(description="The districts in it.")

    @property
    def path(self) -> str:
        return f"/footprints/{self.slug}/"


class Footprints(Noun):
    """The file content/footprints.yaml."""

    footprints: tuple[Footprint, ...] = Field(description="The delivery footprints.")


class Notice(Noun):
    """Something that visitors must know for a while."""

    text: Line = Field(description="What they must know.")
    from_: Day | None = Field(None, alias="from", description="The first day it shows.")
    until: Day | None = Field(None, description="The last day it shows.")

    def shows_on(self, day: date) -> bool:
        return (self.from_ is None or self.from_ <= day) and (
            self.until is None or day <= self.until
        )


def _hours(value: object) -> object:
    if not isinstance(value, dict):
        raise _wrong(
            "opening hours are a block.", "Write one weekday a line, like Monday: 9:00-17:00."
        )
    hours: dict[str, tuple[TimeRange, ...]] = {}
    read_weekday = _one_of(_plain_words(*WEEKDAYS), "a weekday")
    for day, times in value.items():
        spans = times if isinstance(times, list) else str(times).split(",")
        closed = [str(span).strip().lower() for span in spans] == ["closed"]
        weekday = read_weekday(day)
        hours[weekday] = () if closed else tuple(map(TimeRange.read, spans))
    return {day: hours[day] for day in WEEKDAYS if day in hours}


class Question(Noun):
    """Something a programme asks when a family books."""

    name: Slug = Field(description="Its name in exports.")
    label: Line = Field(description="The question.")
    type: QuestionType = Field("text", description="text, number, choice or yes-no.")
    options: Lines = Field((), description="The answers of a choice.")
    required: Flag = Field(False, description="yes where an answer is needed.")
    hint: Text = Field("", description="A short help.")


class OutreachVenue(Noun):
    """Where a series meets away from its centre."""

    name: Line = Field(description="The building's name.")
    address: Line | None = Field(None, description="Street and town.")
    town: Line | None = Field(None, description="The town or village.")
    postcode: Postcode | None = Field(None, description="Its postcode.")
    location: Location | None = Field(None, description="Latitude and longitude, where known.")


class Change(Noun):
    """What became of one published date."""

    date_: Day = Field(alias="date", description="The date first published.")
    cancelled: Line | None = Field(None, description="Why it is off, in words for families.")
    moved_to: Annotated[MovedTo, BeforeValidator(MovedTo.read)] | None = Field(
        None, description="The new day and, where it changes, time: 2027-03-03 13:00-15:00."
    )
    venue: OutreachVenue | None = Field(None, description="Where it is held instead.")
    note: Line | None = Field(None, description="Anything else to know about this date.")


class TextFile(Noun):
    """What every Markdown file has beside its own fields, given by `link` and not by an editor.

    They are declared as class variables because pydantic would otherwise read them from the file.
    """

    slug: ClassVar[str]  # the file's name
    source: ClassVar[str]  # the file's path from the root of the content, with '/'
    body: ClassVar[str] = ""  # Markdown as written
    html: ClassVar[str] = ""  # the body, made safe
    changed: ClassVar[datetime]  # the last change of what it says, aware
    translations: ClassVar[Mapping[str, TextFile]] = MappingProxyType({})

    def link(self, **given: Any) -> Self:
        """Give it what is only known once everything is read. For `content.load` alone."""
        self.__dict__.update(given)
        return self


class Page(TextFile):
    """A text page: content/pages/<slug>.md."""

    title: Line = Field(description="The heading.")
    summary: Line = Field("", description="One sentence for search results.")
    order: Order = Field(0, description="Its order in the footer; 0 leaves it out.")
    sensitive: Flag = Field(False, description="yes: the page carries 'Exit this page'.")
    updated: Day | None = Field(None, description="The day somebody last changed it.")
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")

    @property
    def path(self) -> str:
        return f"/{self.slug}/"


class News(TextFile):
    """A dated piece of news: content/news/<slug>.md."""

    title: Line = Field(description="The heading.")
    summary: Line = Field(description="One sentence.")
    date_: Day = Field(alias="date", description="The day it is about or was published.")
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")

    @property
    def path(self) -> str:
        return f"/news/{self.slug}/"


class Programme(TextFile):
    """A named piece of support: programmes/<slug>.md."""

    title: Line = Field(description="Its name. Neutral where it is sensitive.")
    summary: Line = Field(description="One sentence: what it is, and for whom.")
    offer: Offer = Field(description="Which of the eight areas of the offer it belongs to.")
    kind: ProgrammeKind = Field(description="group, one-to-one, outreach, drop-in or information.")
    level: Level | None = Field(None, description="universal (level 1) or targeted (level 2).")
    ages: Ages = Field((), description="Ages of the children: pregnancy, 0-6 months, 2-4 years.")
    send_to: Number | None = Field(
        None, description="The upper age for those with special educational needs or disabilities."
    )
    audience: Line | None = Field(None, description="Who may come, in words.")
    needs: Annotated[tuple[Need, ...], BeforeValidator(_listed)] = Field(
        (), description="The priority groups it helps."
    )
    booking: BookingWay = Field(description="drop-in, book, request or referral.")
    place_for: PlaceFor = Field("family", description="What one place holds: family or person.")
    places: Number | None = Field(None, description="How many places one series has.")
    sessions: Number | None = Field(None, description="How many sessions a course has.")
    session_length: Line | None = Field(None, description="How long one lasts, in words.")
    cost: Line | None = Field(None, description="'Free', or the price in words.")
    bring: Line | None = Field(None, description="What to bring.")
    questions: tuple[Question, ...] = Field((), description="What is asked when booking.")
    delivered_with: Line | None = Field(None, description="The partner who runs it with us.")
    creche: Flag | None = Field(None, description="yes where children are looked after meanwhile.")
    outcomes: Annotated[tuple[Outcome, ...], BeforeValidator(_listed)] = Field(
        (), description="Numbers of the Outcomes Framework, 1 to 5."
    )
    sensitive: Flag = Field(False, description="yes: venue and times are withheld from the public.")
    phone: Phone | None = Field(None, description="A number of its own.")
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")
    checked: Day | None = Field(None, description="The day somebody last made sure all is right.")
    updated: Day | None = Field(None, description="The day somebody last changed it.")

    @property
    def path(self) -> str:
        return f"/programmes/{self.slug}/"

    @property
    def request_path(self) -> str:
        return f"/request/{self.slug}"


class Centre(TextFile):
    """A building families go to: centres/<footprint>/<slug>/index.md."""

    title: Line = Field(description="Its name.")
    kind: CentreKind = Field(description="family hub, children's centre, library...")
    district: Slug = Field(description="The slug of its district.")
    town: Line | None = Field(None, description="The town or village it stands in.")
    address: Line | None = Field(None, description="Street, without town and postcode.")
    postcode: Postcode | None = Field(None, description="Its postcode.")
    location: Location | None = Field(None, description="Latitude and longitude of its door.")
    address_public: Flag = Field(True, description="no: the address is not to be published.")
    phone: Phone | None = Field(None, description="Its phone number.")
    email: Email | None = Field(None, description="Its email address.")
    opening_hours: (
        Annotated[Mapping[str, tuple[TimeRange, ...]], BeforeValidator(_hours)] | None
    ) = Field(None, description="One weekday a line: Monday: 09:00-17:00, or closed.")
    facilities: Annotated[tuple[Facility, ...], BeforeValidator(_listed)] = Field(
        (), description="What it has, by known words."
    )
    transport: Line | None = Field(None, description="Buses and trains, in words.")
    photo: Line | None = Field(None, description="A file of this folder.")
    photo_alt: Line | None = Field(None, description="What the photo shows, in words.")
    notice: Notice | None = Field(None, description="A notice with from and until.")
    status: Annotated[OpenStatus, BeforeValidator(OpenStatus.read)] = Field(
        OpenStatus(), description="open, closed, or closed until 2027-01-10."
    )
    closures: tuple[Closure, ...] = Field(
        (), description="Days it had to close: its sessions there show as cancelled."
    )
    ages: Ages = Field((), description="The ages it is for.")
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")
    checked: Day | None = Field(None, description="The day somebody last made sure all is right.")
    updated: Day | None = Field(None, description="The day somebody last changed it.")

    position: ClassVar[Position | None] = None  # linked: its door, its postcode or its town

    @property
    def path(self) -> str:
        return f"/centres/{self.slug}/"

    @property
    def whats_on_path(self) -> str:
        return f"/centres/{self.slug}/whats-on/"

    @cached_property
    def venue(self) -> Venue:
        return Venue(
            name=self.title,
            address=self.address if self.address_public else None,
            town=self.town,
            postcode=self.postcode if self.address_public else None,
            position=self.position,
            centre=self,
        )

    @property
    def closed_days(self) -> Iterable[tuple[date, date, str]]:
        """First day, last day and reason of each time it had to close."""
        for closure in self.closures:
            yield closure.first, closure.last, closure.reason
        if not self.status.open:
            last = self.status.until or date.max
            words = "The centre is closed"
            if self.status.until:
                words += f" until {day_words(last)}"
            yield self.checked or date.min, last, words


@dataclass(frozen=True, eq=False, slots=True)
class Venue:
    """Where a series or a session meets."""

    name: str
    address: str | None
    town: str | None
    postcode: str | None
    position: Position | None
    centre: Centre | None = None

    @property
    def line(self) -> str:
        """Name, street, town and postcode on one line, as diaries and letters want it."""
        parts = [self.name, self.address, self.town, self.postcode]
        seen: list[str] = []
        for part in parts:
            if part and not any(part.lower() in said.lower() for said in seen):
                seen.append(part)
        return ", ".join(seen)


class Series(TextFile):
    """One run of a programme at one venue: centres/<footprint>/<centre>/<slug>.md.

    Fields not given come from the programme (`INHERITED`), so that after loading `series.booking`
    is never None.
    """

    programme_slug: Slug = Field(alias="programme", description="The slug of its programme.")
    title: Line | None = Field(None, description="A name of its own; else the programme's.")
    day: Weekday | None = Field(None, description="The weekday; checked against the first date.")
    starts: Day = Field(description="The first date.")
    time: Times = Field(description="From when to when: 10:00-12:00.")
    repeats: Repeats = Field("weekly", description="once, weekly, fortnightly, monthly or daily.")
    count: Number | None = Field(None, alias="sessions", description="How many sessions it has.")
    until: Day | None = Field(None, description="The last date; neither means that it goes on.")
    term_time_only: Flag = Field(False, description="yes: not in the school holidays.")
    bank_holidays: Annotated[
        str, BeforeValidator(_one_of(_plain_words("run", "skip"), "a way with bank holidays"))
    ] = Field("skip", description="run: it meets on bank holidays and closure days too.")
    except_: Annotated[tuple[Day, ...], BeforeValidator(_listed)] = Field(
        (), alias="except", description="Dates planned never to run."
    )
    changes: tuple[Change, ...] = Field((), description="What became of published dates.")
    withdrawn: Line | None = Field(None, description="Why the whole run is off, for families.")
    book: BookUnit = Field("series", description="What one books: the series or one session.")
    booking: BookingWay | None = Field(None, description="How one gets a place.")
    place_for: PlaceFor | None = Field(None, description="What one place holds: family or person.")
    places: Number | None = Field(None, description="How many places there are.")
    waiting_list: Flag = Field(True, description="no: when full, nobody can wait for a place.")
    opens: Moment | None = Field(None, description="When booking opens: 2027-01-04 09:00.")
    closes: Moment | None = Field(None, description="When booking closes.")
    venue_fields: OutreachVenue | None = Field(
        None, alias="venue", description="Where it meets, if not at the centre."
    )
    room: Line | None = Field(None, description="The room.")
    language: Language = Field("en", description="The language spoken.")
    leader: Line | None = Field(None, description="Who leads it: a role, or a first name.")
    ages: Ages | None = Field(None, description="Ages, if other than the programme's.")
    cost: Line | None = Field(None, description="The cost, if other than the programme's.")
    bring: Line | None = Field(None, description="What to bring, if other than the programme's.")
    creche: Flag | None = Field(None, description="yes where children are looked after meanwhile.")
    aliases: Aliases = Field(
        (), description="Names it had before, the oldest first: old-name or old-centre/old-name."
    )
    sources: Lines = Field((), description="Where the facts come from.")
    updated: Moment | None = Field(None, description="When somebody last changed it.")

    # Linked: where it belongs, and its dates for a school year and more, by planned date.
    centre: ClassVar[Centre]
    programme: ClassVar[Programme]
    venue: ClassVar[Venue]
    all_sessions: ClassVar[tuple[Session, ...]] = ()
    horizon: ClassVar[date] = date.max

    @property
    def identity(self) -> str:
        """`<centre>/<series>`: what bookings and calendars remember."""
        return f"{self.centre.slug}/{self.slug}"

    @property
    def first_identity(self) -> str:
        """The identity it was first published under, which calendar entries keep for ever."""
        first = self.aliases[0] if self.aliases else self.slug
        if "/" in first:
            return first
        return f"{(self.centre.aliases or (self.centre.slug,))[0]}/{first}"

    @property
    def path(self) -> str:
        return f"/sessions/{self.centre.slug}/{self.slug}/"

    @property
    def booking_path(self) -> str:
        return f"/book/{self.centre.slug}/{self.slug}"

    @property
    def name(self) -> str:
        return self.title or self.programme.title

    @property
    def ongoing(self) -> bool:
        return self.count is None and self.until is None and self.repeats != "once"

    @property
    def is_course(self) -> bool:
        """A course has a fixed number of sessions that belong together."""
        return self.count is not None and self.count > 1

    @property
    def at_centre(self) -> bool:
        return self.venue.centre is self.centre

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """Its sessions up to the horizon that pages show, in the order in which they happen."""
        shown = [session for session in self.all_sessions if session.planned <= self.horizon]
        return tuple(sorted(shown, key=lambda session: session.starts))

    def next_sessions(self, now: datetime, number: int | None = None) -> tuple[Session, ...]:
        """The sessions that have not ended at `now` (aware), cancelled ones included."""
        if now.tzinfo is None:
            raise ValueError("now must have a time zone")
        coming = tuple(session for session in self.sessions if session.ends > now)
        return coming[:number]

    @property
    def pattern(self) -> str:
        """'Tuesdays', 'Every second Tuesday', 'Second Tuesday of the month', 'Tuesday 12 January'."""
        weekday = WEEKDAYS[self.starts.weekday()]
        if self.repeats == "once":
            return day_words(self.starts)
        if self.repeats == "daily":
            return "Weekdays"
        if self.repeats == "fortnightly":
            return f"Every second {weekday}"
        if self.repeats == "monthly":
            nth = ("First", "Second", "Third", "Fourth", "Last")[(self.starts.day - 1) // 7]
            return f"{nth} {weekday} of the month"
        return f"{weekday}s"


# Taken from the programme where the series does not say.
INHERITED = ("title", "booking", "place_for", "places", "ages", "cost", "bring", "creche")


@dataclass(frozen=True, eq=False, slots=True)
class Session:
    """One dated meeting of a series. `planned` is the date first published and never changes."""

    series: Series
    planned: date
    starts: datetime
    ends: datetime
    venue: Venue
    cancelled: str | None = None
    moved: bool = False
    moved_venue: bool = False
    note: str | None = None

    @property
    def day(self) -> date:
        return self.starts.date()

    @property
    def times(self) -> TimeRange:
        return TimeRange(self.starts.time(), self.ends.time())

    @property
    def state(self) -> Literal["on", "cancelled", "moved"]:
        if self.cancelled:
            return "cancelled"
        return "moved" if self.moved or self.moved_venue else "on"

    @property
    def anchor(self) -> str:
        """The fragment and file name that name this session: its planned date."""
        return self.planned.isoformat()

    @property
    def calendar_path(self) -> str:
        return f"{self.series.path}{self.anchor}.ics"


# --- places on the map ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Settlement:
    """A town, village or suburb that families search by."""

    slug: str
    name: str
    district: District | None
    position: Position
    kind: str
    population: int
    outcode: str
    unique: bool

    @property
    def path(self) -> str:
        return f"/near/{self.slug}/"

    @property
    def label(self) -> str:
        """The name, with its district (or postcode district) where the name repeats."""
        if self.unique:
            return self.name
        return f"{self.name} ({self.district.title if self.district else self.outcode})"


@dataclass(frozen=True, eq=False, slots=True)
class PostcodeArea:
    """A postcode district ('BB4') or sector ('BB4 6') and the middle of its postcodes."""

    code: str
    position: Position
    districts: tuple[District, ...]


# --- the Directory -------------------------------------------------------------------------------------


class Directory(Noun):
    """All that was read from the content, cross-referenced and checked, for one day."""

    site: Site
    today: date
    horizon: date
    terms: Terms
    footprints: tuple[Footprint, ...]
    centres: tuple[Centre, ...]
    programmes: tuple[Programme, ...]
    series: tuple[Series, ...] = Field(description="Public series alone.")
    private_series: tuple[Series, ...] = Field(description="Series of sensitive programmes.")
    pages: tuple[Page, ...]
    news: tuple[News, ...]
    settlements: tuple[Settlement, ...]
    postcode_areas: tuple[PostcodeArea, ...]

    @classmethod
    def of(cls, **parts: Any) -> Self:
        """A Directory of parts that are checked already."""
        return cls.model_construct(**parts)

    @cached_property
    def districts(self) -> tuple[District, ...]:
        return tuple(d for footprint in self.footprints for d in footprint.districts)

    @cached_property
    def _district(self) -> Mapping[str, District]:
        return {district.slug: district for district in self.districts}

    @cached_property
    def _footprint_of(self) -> Mapping[str, Footprint]:
        return {d.slug: footprint for footprint in self.footprints for d in footprint.districts}

    @cached_property
    def _centre(self) -> Mapping[str, Centre]:
        return {centre.slug: centre for centre in self.centres}

    @cached_property
    def _programme(self) -> Mapping[str, Programme]:
        return {programme.slug: programme for programme in self.programmes}

    @cached_property
    def _by_identity(self) -> Mapping[str, Series]:
        return {series.identity: series for series in (*self.series, *self.private_series)}

    @cached_property
    def _pages(self) -> Mapping[str, Page]:
        return {page.slug: page for page in self.pages}

    @cached_property
    def _series_by_centre(self) -> Mapping[str, list[Series]]:
        return _grouped(self.series, lambda series: series.centre.slug)

    @cached_property
    def _series_by_programme(self) -> Mapping[str, list[Series]]:
        return _grouped(self.series, lambda series: series.programme.slug)

    @cached_property
    def _series_by_district(self) -> Mapping[str, list[Series]]:
        return _grouped(self.series, lambda series: series.centre.district)

    def district(self, slug: str) -> District | None:
        return self._district.get(slug)

    def centre(self, slug: str) -> Centre | None:
        return self._centre.get(slug)

    def programme(self, slug: str) -> Programme | None:
        return self._programme.get(slug)

    def page(self, slug: str) -> Page | None:
        return self._pages.get(slug)

    def find_series(self, identity: str) -> Series | None:
        """Any series by `<centre>/<series>`, sensitive ones included: for staff and bookings."""
        return self._by_identity.get(identity)

    def district_of(self, centre: Centre) -> District:
        return self._district[centre.district]

    def footprint_of(self, thing: Centre | District) -> Footprint:
        return self._footprint_of[thing.district if isinstance(thing, Centre) else thing.slug]

    def centres_in(self, area: Footprint | District) -> tuple[Centre, ...]:
        slugs = {d.slug for d in area.districts} if isinstance(area, Footprint) else {area.slug}
        return tuple(centre for centre in self.centres if centre.district in slugs)

    def series_at(self, centre: Centre) -> tuple[Series, ...]:
        return tuple(self._series_by_centre.get(centre.slug, ()))

    def series_of(self, programme: Programme) -> tuple[Series, ...]:
        return tuple(self._series_by_programme.get(programme.slug, ()))

    def series_in(self, area: Footprint | District) -> tuple[Series, ...]:
        districts = area.districts if isinstance(area, Footprint) else (area,)
        return tuple(s for d in districts for s in self._series_by_district.get(d.slug, ()))

    def series_for(self, band: AgeBand) -> tuple[Series, ...]:
        return tuple(series for series in self.series if band.holds(series.ages or ()))

    def sessions_between(
        self, start: datetime, end: datetime, series: Iterable[Series] | None = None
    ) -> tuple[Session, ...]:
        """Public sessions that start in [start, end), cancelled ones included, soonest first."""
        chosen = self.series if series is None else series
        found = [s for one in chosen for s in one.sessions if start <= s.starts < end]
        return tuple(sorted(found, key=lambda s: (s.starts, s.series.name, s.series.identity)))

    def week_from(self, day: date) -> tuple[datetime, datetime]:
        """The seven days from the start of `day`, as aware moments."""
        first = datetime.combine(day, time(), LONDON)
        return first, datetime.combine(day + timedelta(days=7), time(), LONDON)


def _grouped(series: Iterable[Series], key: Callable[[Series], str]) -> Mapping[str, list[Series]]:
    groups: dict[str, list[Series]] = defaultdict(list)
    for one in series:
        groups[key(one)].append(one)
    return groups


Series.model_rebuild()
