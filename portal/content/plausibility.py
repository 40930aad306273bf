"""Doubts: values that can be read and are hardly meant, such as a group at 1:30 in the night.

A doubt is a warning and never a mistake, because it may be so after all. Then the file says it with
a remark: `# meant` at the end of the line, or, for words of the text, a line of its own among the
fields, `# meant: <the words>`. Such a remark may stay where nothing is in doubt any more.
Sentences that are too long and hard words are in doubt too (`plain_english`).

Values are looked at by their type and not by the name of their field, so that a new field with a
date or a time is covered. Doubts about addresses are in `plausible_places`, and about what has
grown old on a board's page in `plausible_boards`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from difflib import SequenceMatcher
from itertools import pairwise

from pydantic import BaseModel

from portal.content import phone_numbers
from portal.content.front_matter import Problem, Written, one_line
from portal.content.plain_english import NO_OTHER_WORDS, warnings_of
from portal.content.plausible_boards import doubts_about_board
from portal.content.plausible_places import FindPostcode, Places
from portal.content.yaml_reader import Place
from portal.directory import Board, Centre, Closure, Directory, Programme, Series, TextFile, Venue
from portal.directory.models import Notice, Term
from portal.directory.schedule import days_later
from portal.directory.values import (
    MONTHS,
    WEEKDAYS,
    AgeRange,
    MovedTo,
    OpenStatus,
    TimeRange,
    clock_words,
    day_words,
)

_EARLIEST, _LATEST = time(7), time(22)
_LONGEST_SESSION, _LONGEST_DAY = timedelta(hours=8), timedelta(hours=16)
_SHORTEST = timedelta(minutes=15)
_YEARS_AHEAD, _YEARS_AGO = 3, 5
_LONGEST_TERM, _LONGEST_CLOSURE, _LONGEST_NOTICE = 112, 100, 366  # days
_MOST_PLACES, _DEAREST = 200, 50
_LONGEST_LINE = 160  # characters of a line about a first visit

_ON_THE_LINE = "If it is so, write '# meant' at the end of the line."


def without_remedy(words: str) -> str:
    """The words of a warning for people who do not write files."""
    return words.partition(" If it is so, ")[0].partition(f" {NO_OTHER_WORDS}")[0]


def doubts(directory: Directory, find_postcode: FindPostcode | None = None) -> list[Problem]:
    """Warnings about what is hardly meant, in the order of files and lines.

    `find_postcode` gives the position of a postcode where exact ones have been imported.
    """
    doubts = Doubts(directory, find_postcode)
    found: list[Problem] = []
    for text in _texts(directory):
        found += doubts.about(text)
    for text in _texts(directory):
        for translation in text.translations.values():
            _look_at_words(_Sheet(translation.written, found))
    if directory.terms.written:
        sheet = _Sheet(directory.terms.written, found)
        _look_at_values(sheet, directory.terms, directory.today)
        for place, words in _of_spans(directory.terms):
            sheet.doubt(place, words)
    return sorted(found)


class Doubts:
    """Looks at one file after another, in which no other file adds a doubt."""

    def __init__(self, directory: Directory, find_postcode: FindPostcode | None = None) -> None:
        self._directory = directory
        self._places = Places(directory, find_postcode)
        self._names = _names(directory)

    def about(self, text: TextFile) -> list[Problem]:
        """The doubts about a file, in no order, without those about its translations."""
        found = list(warnings_of(text.written, self._names))
        sheet = _Sheet(text.written, found)
        _look_at_values(sheet, text, self._directory.today)
        _look_at_words(sheet)
        for place, words in _of_noun(text, self._directory, self._places):
            sheet.doubt(place, words)
        return found


def _texts(directory: Directory) -> Iterator[TextFile]:
    nouns: tuple[Iterable[TextFile], ...] = (
        directory.centres, directory.programmes, directory.series, directory.private_series,
        directory.pages, directory.news, directory.help_pages, directory.boards,
    )  # fmt: skip
    for group in nouns:
        yield from (noun for noun in group if noun.written)


def hard_words(written: Written, directory: Directory) -> list[Problem]:
    """Warnings of long sentences and hard words in a file, with those in names left out."""
    return list(warnings_of(written, _names(directory)))


def _names(directory: Directory) -> frozenset[str]:
    """The names of things, in which a hard word may stand."""
    programmes = (programme.title for programme in directory.programmes)
    centres = (centre.title for centre in directory.centres)
    return frozenset({directory.site.name, *programmes, *centres})


class _Sheet:
    """One file, in which a doubt is noted unless a remark says that it is meant."""

    def __init__(self, written: Written, found: list[Problem]) -> None:
        self._written = written
        self._found = found
        self.fields = written.fields or {}

    def doubt(self, place: Place, words: str) -> None:
        line, column = self._written.at(place)
        if line in self._written.meant_lines:
            return
        names = [step for step in place if isinstance(step, str)]
        said = f"'{names[-1]}': {words} {_ON_THE_LINE}"
        self._found.append(Problem(self._written.path, line, column, one_line(said), "warning"))

    def doubt_words(self, line: int, said: str, words: str) -> None:
        if said in self._written.meant_words or line in self._written.meant_lines:
            return
        words = f"'{said}': {words} If it is so, add a line '# meant: {said}' to the fields."
        self._found.append(Problem(self._written.path, line, 1, one_line(words), "warning"))

    @property
    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines of the text below the fields."""
        return iter(enumerate(self._written.body.split("\n"), self._written.body_line))

    def line_of(self, place: Place) -> int:
        return self._written.at(place)[0]


# --- values by their type ------------------------------------------------------------------------


def _look_at_values(sheet: _Sheet, noun: BaseModel, today: date) -> None:
    for place, value in _values(noun, ()):
        for words in _of_value(place, value, today, noun):
            sheet.doubt(place, words)


def _values(noun: BaseModel, place: Place) -> Iterator[tuple[Place, object]]:
    """Each value that a file gives, with its place."""
    for name, info in type(noun).model_fields.items():
        if name in noun.model_fields_set:
            yield from _parts(getattr(noun, name), (*place, info.alias or name))


def _parts(value: object, place: Place) -> Iterator[tuple[Place, object]]:
    if isinstance(value, BaseModel):
        yield from _values(value, place)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _parts(part, (*place, key))
    elif isinstance(value, tuple):
        for number, part in enumerate(value):
            yield from _parts(part, (*place, number))
    else:
        yield place, value


def _of_value(place: Place, value: object, today: date, noun: BaseModel) -> Iterator[str]:
    if isinstance(value, TimeRange):
        longest = _LONGEST_DAY if place[0] == "opening_hours" else _LONGEST_SESSION
        yield from _of_times(value, longest)
    elif isinstance(value, MovedTo):
        before = f"{value.day.isoformat()} "
        yield from _of_times(value.time, _LONGEST_SESSION, before) if value.time else ()
    elif isinstance(value, OpenStatus):
        yield from _of_status(value, today)
    elif isinstance(value, AgeRange):
        yield from _of_age(value)
    elif place[-1] in ("checked", "updated") and isinstance(value, date):
        if _day(value) > days_later(today, 1):
            yield f"{day_words(_day(value))} is still to come. Correct the date."
    elif isinstance(value, date):
        # Other dates of the past are left in files once they are over.
        running = isinstance(noun, Series) and place == ("starts",) and noun.ongoing
        yield from _of_day(value, today, past=running or place[0] == "notice")
    elif place[-1] == "places" and isinstance(value, int) and value > _MOST_PLACES:
        yield f"{value} places are more than any group has. Correct the number."
    elif place == ("cost",):
        for sum_ in re.findall(r"£ ?(\d+(?:\.\d\d)?)", str(value)):
            if float(sum_) > _DEAREST:
                yield f"£{sum_} is much for families. Correct it, like £{float(sum_) / 100:.2f}."


def _of_times(times: TimeRange, longest: timedelta, before: str = "") -> Iterator[str]:
    """`before` is what the file has in front of the times."""
    length = _at(times.ends) - _at(times.starts)
    later = afternoon(times)
    if times.starts < _EARLIEST and later:
        yield (
            f"this is from {times.words}, when hardly anybody comes. "
            f"For {later.words}, write '{before}{_written(later)}'."
        )
    elif times.starts < _EARLIEST:
        yield f"it starts at {clock_words(times.starts)}. Write times by the 24-hour clock."
    elif times.ends > _LATEST:
        yield f"it ends at {clock_words(times.ends)}. Correct the time."
    elif length > longest:
        hours = f"{length / timedelta(hours=1):g} hours"
        yield f"it lasts {hours}, from {times.words}. Correct the times."
    elif length < _SHORTEST:
        yield f"it lasts {length // timedelta(minutes=1)} minutes. Correct the times."


def afternoon(times: TimeRange) -> TimeRange | None:
    """The same times twelve hours later, if that is in the afternoon or evening."""
    if times.ends.hour > 11:
        return None
    later = TimeRange(
        *(clock.replace(hour=clock.hour + 12) for clock in (times.starts, times.ends))
    )
    return later if later.ends <= _LATEST else None


def _written(times: TimeRange) -> str:
    return f"{times.starts:%H:%M}-{times.ends:%H:%M}"


def _at(clock: time) -> datetime:
    return datetime.combine(date.min, clock)


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _of_status(status: OpenStatus, today: date) -> Iterator[str]:
    """As `_of_day`; what to write is the whole value, which has two days."""
    parts = {"from": status.since, "until": status.until}
    for name, day in parts.items():
        for words in _of_day(day, today, past=True) if day else ():
            right = {**parts, name: words.rpartition("write '")[2].rstrip("'.")}
            whole = " ".join(f"{key} {value}" for key, value in right.items() if value)
            yield re.sub(r"write '.*", f"write 'closed {whole}'.", words)


def _of_day(value: date, today: date, *, past: bool) -> Iterator[str]:
    day = _day(value)
    years = day.year - today.year
    if not (years > _YEARS_AHEAD or (past and -years > _YEARS_AGO)):
        return
    far = f"{years} years ahead" if years > 0 else f"{-years} years ago"
    words = f"{day_words(day)} is {far}."
    meant = _likely_year(day.year, today.year)
    if meant and (day.month, day.day) != (2, 29):
        right = value.replace(year=meant)
        shown = f"{right:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else right.isoformat()
        yield f"{words} If the year is {meant}, write '{shown}'."
    else:
        yield f"{words} Correct the year."


def _likely_year(year: int, this_year: int) -> int | None:
    """The year that was meant: with two figures swapped, else with one of them wrong."""
    likely = [this_year, this_year + 1, this_year - 1]
    swapped = [one for one in likely if sorted(str(one)) == sorted(str(year))]
    wrong = [one for one in likely if sum(map(str.__ne__, str(one), str(year))) == 1]
    return next(iter(swapped + wrong), None)


def _of_age(ages: AgeRange) -> Iterator[str]:
    years = ages.end // 12
    in_months = "month" in ages.words
    if years > (6 if in_months else 2) and (in_months or "week" in ages.words):
        yield f"{ages.words} go on to {years} years. Check the unit."


# --- what belongs together -----------------------------------------------------------------------


def _of_noun(noun: TextFile, directory: Directory, places: Places) -> Iterator[tuple[Place, str]]:
    if isinstance(noun, Centre):
        yield from _of_hours(noun)
        yield from _of_spans(noun)
        yield from places.doubts_about((), noun, noun.district)
        yield from _of_email(noun, directory)
    if isinstance(noun, Series):
        yield from _of_building(noun, directory)
        yield from _of_booking(noun)
        yield from _of_length(noun)
        yield from _of_group(noun)
        district = noun.centre.district
        if noun.venue_fields:
            yield from places.doubts_about(("venue",), noun.venue_fields, district)
            yield from places.doubts_about_area(("venue",), noun.venue_fields, noun.centre)
        for number, change in enumerate(noun.changes):
            if change.venue:
                where: Place = ("changes", number, "venue")
                yield from places.doubts_about(where, change.venue, district)
                yield from places.doubts_about_area(where, change.venue, noun.centre)
    if isinstance(noun, Board):
        yield from doubts_about_board(noun, directory.today)
    if isinstance(noun, (Centre, Programme, Series)):
        yield from _of_send(noun)
        yield from _of_visit(noun)


def _of_hours(centre: Centre) -> Iterator[tuple[Place, str]]:
    for day, spans in (centre.opening_hours or {}).items():
        for first, second in pairwise(spans):
            if second.starts < first.ends:
                words = f"'{_written(second)}' begins before '{_written(first)}' ends."
                yield ("opening_hours", day), f"{words} Correct one of them."


def _of_spans(noun: BaseModel) -> Iterator[tuple[Place, str]]:
    """Notices, closures and terms that last very long: the year of one end may be wrong."""
    spans: list[tuple[Place, date | None, date | None, int]] = []
    for name in ("terms", "closures", "notice"):
        value = getattr(noun, name, None)
        for number, part in enumerate(value if isinstance(value, tuple) else [value]):
            place: Place = (name, number) if isinstance(value, tuple) else (name,)
            if isinstance(part, Term):
                spans.append(((*place, "last"), part.first, part.last, _LONGEST_TERM))
            elif isinstance(part, Closure):
                spans.append(((*place, "until"), part.from_, part.until, _LONGEST_CLOSURE))
            elif isinstance(part, Notice):
                spans.append(((*place, "until"), part.from_, part.until, _LONGEST_NOTICE))
    for place, first, last, most in spans:
        if first and last and (last - first).days > most:
            words = f"it is {(last - first).days} days after {day_words(first)}."
            yield place, f"{words} Correct one of the dates."


def _of_building(series: Series, directory: Directory) -> Iterator[tuple[Place, str]]:
    """Whether a coming session is held in a building that the service has given up."""
    venues = {s.venue for s in series.all_sessions if s.day >= directory.today and not s.cancelled}
    for centre in directory.centres:
        if centre.given_up and any(_is_at(venue, centre) for venue in venues):
            said = centre.in_use.words(directory.today) if centre.in_use else ""
            yield (
                ("programme",),
                (
                    f"this meets at {centre.title}, and the page of that centre says: {said} "
                    "Move the file to a centre that is in use, or add 'venue'."
                ),
            )


def _is_at(venue: Venue, centre: Centre) -> bool:
    """Whether a venue is the building of a centre, also if only its name says so."""
    if venue.centre is centre:
        return True
    return venue.name.casefold() in {name.casefold() for name in (centre.title, *centre.also)}


def _of_booking(series: Series) -> Iterator[tuple[Place, str]]:
    """Whether booking opens and closes at a likely hour, and in time for the sessions."""
    midnight = time()
    for name, moment, latest in (
        ("opens", series.opens, _LATEST),
        ("closes", series.closes, time.max),
    ):
        clock = moment.time() if moment else midnight
        if moment and clock != midnight and not _EARLIEST <= clock <= latest:
            words = f"{clock_words(clock)} is an unlikely time."
            if clock < _EARLIEST:
                right = moment + timedelta(hours=12)
                words += f" For {clock_words(right.time())}, write '{right:%Y-%m-%d %H:%M}'."
            yield (name,), words if clock < _EARLIEST else f"{words} Correct it."
    if not series.all_sessions:
        return
    first = min(session.starts for session in series.all_sessions)
    last = max(session.ends for session in series.all_sessions)
    if series.opens and first - series.opens > timedelta(366):
        yield ("opens",), "this is more than a year before the first session. Correct the date."
    if series.closes and first - series.closes > timedelta(183):
        yield ("closes",), "this is half a year before the first session. Correct the date."
    # Midnight is the end of the day before.
    if series.closes and not series.ongoing and series.closes > last + timedelta(days=1):
        yield ("closes",), f"this is after the last session, on {day_words(last.date())}."


def _of_length(series: Series) -> Iterator[tuple[Place, str]]:
    if series.count and series.all_sessions:
        last = max(session.planned for session in series.all_sessions)
        if (last - series.starts).days > 731:
            words = f"the last of {series.count} sessions would be on {day_words(last)}."
            yield ("sessions",), f"{words} Correct the number."


def _of_group(series: Series) -> Iterator[tuple[Place, str]]:
    """Whether a group is for children of whom its programme speaks."""
    theirs = series.programme.ages
    if "ages" not in series.model_fields_set or not (theirs and series.ages):
        return
    if not any(
        one.first < two.end and two.first < one.end for one in series.ages for two in theirs
    ):
        meant = ", ".join(age.words for age in theirs)
        yield ("ages",), f"its programme is for {meant}. Correct the ages, or the programme."


def _of_send(noun: Centre | Programme | Series) -> Iterator[tuple[Place, str]]:
    if noun.send_to is None or "send_to" not in noun.model_fields_set or not noun.ages:
        return
    oldest = max(age.end for age in noun.ages) // 12 - 1
    if noun.send_to < oldest:
        yield ("send_to",), f"{noun.send_to} is below {oldest}, the upper age of all. Correct it."


_VISIT = ("expect", "first_time", "who_meets_you", "siblings_note", "buggy", "parking", "transport")


def _of_visit(noun: Centre | Programme | Series) -> Iterator[tuple[Place, str]]:
    """Whether the lines about a first visit are short, and say something that a page shows."""
    for name in _VISIT:
        length = len(getattr(noun, name, None) or "") if name in noun.model_fields_set else 0
        if length > _LONGEST_LINE:
            words = f"this has {length} characters, and a page shows it as one short line."
            yield (name,), f"{words} Shorten it to {_LONGEST_LINE}, and write the rest in the text."
    if isinstance(noun, Centre):
        return
    if "siblings_note" in noun.model_fields_set and not noun.siblings:
        yield ("siblings_note",), "no page shows this without 'siblings'. Add 'siblings: welcome'."


def _of_email(centre: Centre, directory: Directory) -> Iterator[tuple[Place, str]]:
    """An address of the service with a slip in its domain."""
    name, _, domain = (centre.email or "").partition("@")
    ours = (directory.site.email or "").partition("@")[2]
    likeness = SequenceMatcher(None, domain.lower(), ours.lower()).ratio()
    if 0.9 < likeness < 1:
        yield ("email",), f"'{centre.email}' is nearly at {ours}. If it is, write '{name}@{ours}'."


# --- words ---------------------------------------------------------------------------------------

# Numbers and dates in these are no words for families, or are checked by themselves.
_NO_WORDS = frozenset(
    {"sources", "photo", "aliases", "alongside", "phone", "email", "postcode", "programme"}
)
_LINKED = re.compile(r"\]\((?!tel:)[^)]*\)|https?://\S+")
_NUMBER = re.compile(r"(?<![\w/.+£-])(?:\+44 ?|0)[1-9][\d ]{5,12}\d(?![\w/-])")
_MONTH = "|".join(MONTHS)
_DATED = re.compile(rf"(?:\b({'|'.join(WEEKDAYS)}),? )?\b(\d{{1,2}}) ({_MONTH}) (20\d\d)\b")
_FAULTS: Mapping[phone_numbers.Fault, str] = {
    "mobile": "a mobile number has 11 figures.",
    "figures": "this phone number has too few figures, too many, or a wrong area code.",
    "area code": "this phone number has no area code.",
    "country": "this is not a phone number of that country.",
    "unclear": "this is not a UK phone number.",
}


def _look_at_words(sheet: _Sheet) -> None:
    for name, value in sheet.fields.items():
        if name in _NO_WORDS:
            continue
        for place, words in _strings(value, (name,)):
            for said, why in _of_words(words):
                sheet.doubt_words(sheet.line_of(place), said, why)
    for line, words in sheet.lines:
        for said, why in _of_words(words):
            sheet.doubt_words(line, said, why)


def _strings(value: object, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, part in value.items():
            if name not in _NO_WORDS:
                yield from _strings(part, (*place, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _strings(part, (*place, number))


def _of_words(words: str) -> Iterator[tuple[str, str]]:
    """What is in doubt in some words, and why: phone numbers and dates."""
    if not any(map(str.isdigit, words)):
        return
    words = _LINKED.sub("]", words)
    for found in _NUMBER.finditer(words):
        number = phone_numbers.read(found[0])
        if not isinstance(number, phone_numbers.PhoneNumber):
            yield found[0], f"{_FAULTS[number]} Correct it."
    for found in _DATED.finditer(words):
        if why := _of_date(*found.groups()):
            yield found[0], why


def _of_date(weekday: str | None, day: str, month: str, year: str) -> str:
    try:
        named = date(int(year), MONTHS.index(month) + 1, int(day))
    except ValueError:
        return f"there is no {day} {month} {year}. Correct the date."
    right = WEEKDAYS[named.weekday()]
    if weekday in (None, right):
        return ""
    return f"that day is a {right}. Write '{day_words(named)}', or correct the date."
