"""Values read from text: days, times, ages and positions, and the words for them.

`read` methods take what an editor wrote. They raise `PydanticCustomError("remedy", ...)`, whose
message is shown to editors unchanged: what is wrong, then what to do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from functools import partial
from math import asin, cos, radians, sin, sqrt
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from portal.directory.characters import odd_in, plain
from portal.directory.likely import likely_ages, likely_clock, likely_day, likely_times

LONDON = ZoneInfo("Europe/London")


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def near(word: str, words: Iterable[str]) -> str:
    """' Did you mean 'x'?' for a word close to a known one, else nothing."""
    known = {one.lower(): one for one in words}
    found = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f" Did you mean '{known[found[0]]}'?" if found else ""


# Addresses and keys are made of these names. A file system, a proxy and the tables of bookings each
# have a limit of their own, and this is far below all of them.
LONGEST_SLUG = 64
LONGEST_AREA = 60  # of footprints and districts


def slugify(name: str) -> str:
    """A name as a file name, of at most 64 characters: 'Lytham St Anne's' -> 'lytham-st-annes'."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’.]", "", plain.lower())).strip("-")
    if len(slug) <= LONGEST_SLUG:
        return slug
    whole_words, _, _ = slug[: LONGEST_SLUG + 1].rpartition("-")
    return whole_words or slug[:LONGEST_SLUG]


def wrong(what: str, remedy: str) -> PydanticCustomError:
    if odd := odd_in(what):
        what = f"{what} It has {odd} in it."
    # The braces of a remedy are text, not placeholders, so they go in as context.
    return PydanticCustomError("remedy", "{what} {remedy}", {"what": what, "remedy": remedy})


def write(text: str, likely: str, read: Callable[[str], object], otherwise: str) -> str:
    """The remedy that names what is meant, if that can be read; else another one."""
    if likely and likely != text:
        try:
            read(likely)
        except PydanticCustomError:
            return otherwise
        return f"Write '{likely}'."
    return otherwise


def plain_text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong("this is a list or a block, not text.", "Write it as text on one line.")
    return value.strip()


def form_text(value: object) -> str:
    """Text that has a form, such as a date, in the signs and single spaces of a keyboard."""
    return " ".join(plain(plain_text(value)).split())


def read_degrees(value: object) -> float:
    text = form_text(value)
    if not re.fullmatch(r"-?\d{1,3}(\.\d+)?", text):
        raise wrong(f"'{text}' is not a number of degrees.", "Write it like 53.7632.")
    return float(text)


def read_day(value: object) -> date:
    """'2027-01-12' or '12 January 2027' -> date."""
    text = form_text(value)
    iso = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    words = re.fullmatch(r"(?:[A-Za-z]+ )?(\d{1,2}) ([A-Za-z]+) (\d{4})", text)
    if iso:
        year, month, day = (int(part) for part in iso.groups())
    elif words and words[2].title() in MONTHS:
        year, month, day = int(words[3]), MONTHS.index(words[2].title()) + 1, int(words[1])
    else:
        remedy = write(text, likely_day(text), read_day, "Write it like 2027-01-12.")
        raise wrong(f"'{text}' is not a date.", remedy)
    try:
        return date(year, month, day)
    except ValueError:
        month_name = MONTHS[month - 1] if 1 <= month <= 12 else f"month {month}"
        raise wrong(
            f"there is no {day} {month_name} {year}.", "Check a calendar, and correct the date."
        ) from None


def day_and_rest(value: object) -> tuple[str, str]:
    """A day and what follows it: the first ends with its year, or is one as 2027-01-12."""
    text = re.sub(r"(?<=\d)T(?=\d)", " ", form_text(value))
    found = re.fullmatch(r"(\d{4}-\S+|.*?[^\d:.]\d{4})(?:,? (?:at )?(.*))?", text)
    return (found[1], found[2] or "") if found else (text, "")


def read_clock(text: str) -> time:
    """'09:30' -> time(9, 30)."""
    text = text.strip()
    found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", text)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        otherwise = "Write it on the 24-hour clock, like 13:30."
        remedy = write(text, likely_clock(text), read_clock, otherwise)
        raise wrong(f"'{text}' is not a time of day.", remedy)
    return time(int(found[1]), int(found[2]))


POSTCODE = re.compile(r"(GIR ?0AA|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2})")


_NAME = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Not what email programs would decode first, such as `=?utf-8?q?x?=`.
EMAIL = rf"(?!.*=\?){_NAME}(\.{_NAME})*@{_LABEL}(\.{_LABEL})+"


def is_email(text: str) -> bool:
    """Whether this is one email address: in files, in forms, and when a message is sent (S26)."""
    local = text.rpartition("@")[0]
    return bool(re.fullmatch(EMAIL, text)) and len(text) <= 254 and len(local) <= 64


def phone_figures(number: str) -> str:
    """A phone number as it is dialled: without spaces, brackets, dots and dashes of any length.

    The 0 of '+44 (0)7700 900123' is for those who dial within the country, and goes too. A number
    that starts with 44 is one of this country whose '+' was left out.
    """
    figures = re.sub(r"[ ().\u2010-\u2015-]", "", number)
    figures = re.sub(r"^44(?=0?[1-9][0-9]{9}$)", "+44", figures)
    return re.sub(r"^(\+44|0044)0", r"\1", figures)


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


def moment_words(moment: datetime) -> str:
    """'5pm on Tuesday 12 January 2027', by the clocks of London."""
    local = moment.astimezone(LONDON)
    return f"{clock_words(local.time())} on {day_words(local.date())}"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From one time of a day to a later one of the same day, by the clock on the wall."""

    starts: time
    ends: time

    @classmethod
    def read(cls, value: object) -> TimeRange:
        if isinstance(value, TimeRange):
            return value
        text = form_text(value)
        first, dash, last = text.replace(" to ", "-").partition("-")
        likely = partial(write, text, likely_times(text), cls.read)
        if not dash:
            remedy = likely("Write both times, like 10:00-12:00.")
            raise wrong(f"'{value}' has no end.", remedy)
        try:
            times = cls(read_clock(first), read_clock(last))
        except PydanticCustomError:
            if (remedy := likely("")) == "":
                raise
            raise wrong(f"'{text}' is not two times by the 24-hour clock.", remedy) from None
        if times.ends <= times.starts:
            remedy = likely("Swap the times, or use the 24-hour clock, like 13:30-15:00.")
            raise wrong(f"it ends at {last.strip()}, before it starts at {first.strip()}.", remedy)
        return times

    @property
    def words(self) -> str:
        return f"{clock_words(self.starts)} to {clock_words(self.ends)}"


@dataclass(frozen=True, slots=True)
class MovedTo:
    """The day and time to which a session has been moved."""

    day: date
    time: TimeRange | None

    @classmethod
    def read(cls, value: object) -> MovedTo:
        if isinstance(value, MovedTo):
            return value
        day, times = day_and_rest(value)
        return cls(read_day(day), TimeRange.read(times) if times else None)


@dataclass(frozen=True, slots=True)
class OpenStatus:
    """'open', 'closed', 'closed from 2026-12-01' (the first closed day), 'closed until 2027-01-10'
    (the last one), or 'closed from 2026-12-01 until 2027-01-10'."""

    open: bool = True
    until: date | None = None
    since: date | None = None

    @classmethod
    def read(cls, value: object) -> OpenStatus:
        if isinstance(value, OpenStatus):
            return value
        text = form_text(value)
        if text.lower() == "open":
            return cls()
        written = re.fullmatch(r"closed(?: from (.+?))?(?: until (.+))?", text, re.IGNORECASE)
        if written is None:
            raise wrong(
                f"'{text}' is not a state of a centre.",
                "Write 'open', 'closed from 2026-12-01', 'closed until 2027-01-10' or "
                "'closed from 2026-12-01 until 2027-01-10'.",
            )
        since, until = (read_day(day) if day else None for day in written.groups())
        if since and until and until < since:
            raise wrong(f"'{text}' ends before it begins.", "Write the earlier day first.")
        return cls(open=False, until=until, since=since)


# The service ends at 25 years, for young people with SEND: in months, the first age excluded.
OLDEST = 26 * 12


@dataclass(frozen=True, slots=True)
class AgeRange:
    """Ages in months, from the first included to the first excluded; pregnancy is -9 to 0.

    '12-19+ years' goes on to the oldest age of the service, and its words say so.
    """

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
        text = form_text(value).lower().replace(" to ", "-")
        if text == "pregnancy":
            return cls(-9, 0, "pregnancy")
        plain = text.replace("+", "", 1)
        found = re.fullmatch(
            r"(birth|\d{1,3})\s*(weeks?|months?|years?)?\s*(?:-\s*(\d{1,3})\s*)?"
            r"(weeks?|months?|years?)?",
            plain,
        )
        unit = found and (found[4] or found[2])
        misplaced = plain != text and not re.search(
            r"\d *(weeks?|months?|years?)? *\+[a-z ]*$", text
        )
        if not found or not unit or misplaced or (found[3] is None and found[4] and found[2]):
            forms = (
                "Write 'pregnancy', '0-6 months', '2-4 years', '12-19+ years' or "
                "'6 weeks-12 months'."
            )
            unitless = bool(re.fullmatch(r"\d+(-\d+)?\+?", text.replace(" ", "")))
            raise wrong(
                f"'{value}' has no unit." if unitless else f"'{value}' is not an age.",
                write(text, likely_ages(text), cls.read, forms),
            )
        low = 0 if found[1] == "birth" else int(found[1])
        low_unit = (found[2] or unit).rstrip("s")
        high = int(found[3]) if found[3] else low
        high_unit = unit.rstrip("s")
        first, end = _months(low, low_unit), _months(high + 1, high_unit)
        if end <= first:
            raise wrong(f"'{value}' ends before it starts.", "Write the younger age first.")
        if end > OLDEST:
            raise wrong(
                f"'{value}' goes beyond 25 years, the oldest age of the service.",
                "Write 25 or less; for parents, give the ages of their children.",
            )
        words = _age_words(low, low_unit, high, high_unit)
        if plain == text:
            return cls(first, end, words)
        return cls(first, max(end, OLDEST), f"{words} and over")


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
    """Degrees of WGS 84 and their precision: an estimated position must not pass for a door."""

    latitude: float
    longitude: float
    precision: Literal["point", "postcode", "area", "sector", "outcode", "town", "district"] = (
        "point"
    )

    @classmethod
    def read(cls, value: object) -> Position:
        if isinstance(value, Position):
            return value
        latitude, comma, longitude = form_text(value).partition(",")
        if not comma:
            raise wrong(f"'{value}' is not a position.", "Write it like 53.7632, -2.7044.")
        position = cls(read_degrees(latitude), read_degrees(longitude))
        if not position.near_county:
            turned = f"{longitude.strip()}, {latitude.strip()}"
            remedy = "Write the latitude first: 53.7632, -2.7044."
            if position.latitude < position.longitude:
                remedy = write(form_text(value), turned, cls.read, remedy)
            raise wrong(f"'{value}' is not in or near Lancashire.", remedy)
        return position

    @property
    def near_county(self) -> bool:
        """Whether it is in or near Lancashire."""
        return 53 <= self.latitude <= 54.8 and -3.6 <= self.longitude <= -1.6

    @property
    def exact(self) -> bool:
        """True if a map pin may be shown: for a door, or the centre of its postcode."""
        return self.precision in ("point", "postcode")


_EARTH_MILES = 3958.76


def distance(a: Position, b: Position) -> float:
    """Miles as the crow flies."""
    south, north = radians(a.latitude), radians(b.latitude)
    half_up = sin((north - south) / 2)
    half_across = sin(radians(b.longitude - a.longitude) / 2)
    chord = half_up * half_up + cos(south) * cos(north) * half_across * half_across
    return 2 * _EARTH_MILES * asin(min(1.0, sqrt(chord)))
