"""A series copied into another term: same weekday and time, other dates.

The copy is made of the text and not of the fields, because comments, the order of lines and the
words for families are the editors' own. What is over stays behind: changed dates, exceptions, old
names. Dates of the copy are planned like all others, so holidays are left out by the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path

from portal import content
from portal.content.front_matter import as_noun, read_written
from portal.content.school_calendar import school_calendar
from portal.directory import Directory, Series, Term
from portal.directory.schedule import SchoolCalendar, planned_dates, rule_dates
from portal.directory.values import (
    LONGEST_SLUG,
    MONTHS,
    WEEKDAYS,
    TimeRange,
    clock_words,
    day_words,
    near,
    slugify,
)
from portal.editing.drafts import WritingError, add
from portal.editing.rewriting import Value, rewritten


@dataclass(frozen=True, slots=True)
class Span:
    """A whole term, or half of one: 'spring 2027', 'spring 1 2027'."""

    name: str
    first: date
    last: date


def spans(terms: Iterable[Term]) -> dict[str, Span]:
    """Every known term by its name, whole ones and halves."""
    found: dict[str, Span] = {}
    for term in terms:
        season = term.part.split()[0]
        for name in (f"{season} {term.first.year}", f"{term.part} {term.first.year}"):
            other = found.get(name)
            first = min(other.first, term.first) if other else term.first
            last = max(other.last, term.last) if other else term.last
            found[name] = Span(name, first, last)
    return found


class FieldError(WritingError):
    """A value of one field that the copy cannot have."""

    def __init__(self, field: str, words: str) -> None:
        self.field = field
        super().__init__(words)


class PlannedAlready(WritingError):
    """The same group is in the term, under whatever name somebody gave it."""

    def __init__(self, words: str, there: Series) -> None:
        self.there = there
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Copy:
    """One series in its new term: its files, its dates, and what an editor must know."""

    old: str
    files: Mapping[Path, str]  # the series first, then its translations
    planned: tuple[date, ...]
    times: TimeRange
    left_out: tuple[tuple[date, str], ...]  # with the reason
    booking: Mapping[str, str]  # 'opens' and 'closes', as the file has them
    notes: tuple[str, ...]

    @property
    def identity(self) -> str:
        path = next(iter(self.files))
        return f"{path.parent.name}/{path.stem}"

    @property
    def dates(self) -> str:
        """'6 sessions, Tuesday 5 January 2027 to Tuesday 9 February 2027'."""
        first, last, number = self.planned[0], self.planned[-1], len(self.planned)
        if number == 1:
            return f"1 session on {day_words(first)}"
        return f"{number} sessions, {day_words(first)} to {day_words(last)}"

    @property
    def facts(self) -> Iterator[str]:
        """What an editor must know, a sentence each."""
        for day, why in self.left_out:
            yield f"Left out: {day_words(day)} ({why})."
        for name, moment in self.booking.items():
            written, _, clock = moment.partition(" ")
            at = f" at {clock_words(time.fromisoformat(clock))}" if clock else ""
            yield f"Booking {name} on {day_words(date.fromisoformat(written))}{at}."
        yield from self.notes

    @property
    def report(self) -> list[str]:
        """The copy in lines, as the command prints it."""
        paths = ", ".join(path.as_posix() for path in self.files)
        head = [f"{self.old} -> {paths}", f"  {self.dates}, {self.times.words}."]
        return [*head, *(f"  {words}" for words in self.facts)]


def next_term(
    root: Path, directory: Directory, names: Sequence[str], term: str | None, *, today: date
) -> list[Copy]:
    """Copy series, by `<centre>/<series>` or path, into a term; by default the one after theirs.

    Either all are written or none. Raises WritingError or ContentError.
    """
    made = copies(root, directory, names, term)
    add(root, {path: text for copy in made for path, text in copy.files.items()}, today=today)
    return made


def copies(root: Path, directory: Directory, names: Sequence[str], term: str | None) -> list[Copy]:
    """The same copies, not written yet."""
    found = [_found(directory, name) for name in names]
    together = {series.identity for series in found}
    made = [
        copied(root, directory, series, _span_for(directory, series, term), together=together)
        for series in found
    ]
    files = {path: text for copy in made for path, text in copy.files.items()}
    if len(files) < sum(len(copy.files) for copy in made):
        raise WritingError(
            "Two of these copies would have the same name. Copy one, rename its file, then "
            "copy the other."
        )
    return made


def _found(directory: Directory, name: str) -> Series:
    parts = Path(name.removesuffix(".md")).parts
    identity = "/".join(parts[-2:])
    series = directory.find_series(identity)
    if series is None:
        known = [one.identity for one in (*directory.series, *directory.private_series)]
        raise WritingError(
            f"There is no series '{identity}'.{near(identity, known)} "
            "Write its centre and its name, like riverbank/bump-spring."
        )
    return series


def whole_terms(directory: Directory) -> list[Span]:
    """The known terms without their halves, in their order."""
    known = spans(directory.terms.terms).values()
    return sorted((one for one in known if one.name.count(" ") == 1), key=lambda one: one.first)


def span_for(directory: Directory, wanted: str | None, *, after: date, what: str = "") -> Span:
    """The term of this name, or else the first whole one that begins after a day.

    `what` says in words what the day is. Raises WritingError if there is none.
    """
    if wanted:
        known = spans(directory.terms.terms)
        name = " ".join(wanted.lower().split())
        if name in known:
            return known[name]
        raise WritingError(
            f"No term '{wanted}' is known.{near(name, known)} Known: {', '.join(known)}. "
            "Others are added in content/terms.yaml."
        )
    span = next((one for one in whole_terms(directory) if one.first > after), None)
    if span is None:
        raise WritingError(
            f"No term is known after {day_words(after)}{what}. "
            "Add the next terms to content/terms.yaml."
        )
    return span


def _span_for(directory: Directory, series: Series, wanted: str | None) -> Span:
    what = f", when {series.identity} starts"
    return span_for(directory, wanted, after=series.starts, what=what)


def copied(
    root: Path,
    directory: Directory,
    series: Series,
    span: Span,
    *,
    together: Collection[str] = (),
    given: Mapping[str, str] | None = None,
    slug: str = "",
) -> Copy:
    """One series in a term, with the values that somebody gave instead of those proposed.

    `given` may hold 'starts', 'time', 'sessions' and 'places', as files have them. `together` are
    the series that are copied with it. Raises WritingError, FieldError among them, and ContentError
    if a value cannot be read.
    """
    given = given or {}
    if series.ongoing:
        raise WritingError(
            f"{series.identity} has no last date, so it carries on and needs no copy. To end "
            "it, add 'until' with a date."
        )
    calendar = school_calendar(directory.terms)
    if "starts" in given:
        starts = _given_start(series, calendar, span, given["starts"])
    else:
        starts = _first_date(series, calendar, span)
    if starts == series.starts:
        raise WritingError(
            f"{series.identity} is in {span.name} already. Name another term with --term."
        )
    changed: dict[str, Value] = {**given, "starts": starts.isoformat(), "term_time_only": "yes"}
    if series.until:
        changed.pop("sessions", None)
        changed["until"] = span.last.isoformat()
    if series.day:
        changed["day"] = WEEKDAYS[starts.weekday()]
    moved = starts - series.starts
    for name, moment in (("opens", series.opens), ("closes", series.closes)):
        if moment:
            changed[name] = f"{moment.date() + moved} {moment:%H:%M}"
    if series.closes and series.closes.time() == time():  # the end of the day before
        changed["closes"] = str(series.closes.date() - timedelta(days=1) + moved)
    if alongside := list(_alongside(directory, series, span, together)):
        changed["alongside"] = alongside
    source = Path(series.source)
    text = (root / source).read_text(encoding="utf-8-sig")
    copy = _read(text, changed, source)
    planned = _planned(copy, calendar, span, given.get("sessions"))
    slug = slug or slug_in(series.slug, span)
    twin = _planned_already(directory, series, planned)
    if twin and twin.slug != slug:
        raise PlannedAlready(
            f"{series.identity} is in {span.name} already, as {twin.source}. Change that file, or "
            "name another term with --term.",
            twin,
        )
    if series.until:
        changed["until"] = planned[-1].isoformat()
    files = {source.with_name(f"{slug}.md"): _edited(text, changed)}
    for language, other in series.translations.items():
        words = (root / other.source).read_text(encoding="utf-8-sig")
        files[source.with_name(f"{slug}.{language}.md")] = _edited(words, {})
    return Copy(
        series.identity,
        files,
        tuple(planned),
        copy.time,
        tuple(_left_out(copy, planned, calendar)),
        {name: str(changed[name]) for name in ("opens", "closes") if name in changed},
        tuple(_notes(series, planned, span, changed)),
    )


def _given_start(series: Series, calendar: SchoolCalendar, span: Span, written: str) -> date:
    """The first date that somebody chose. Raises FieldError if it cannot be one."""
    starts = date.fromisoformat(written)
    named = day_words(starts, weekday=False)
    if not span.first <= starts <= span.last:
        raise FieldError(
            "starts",
            f"{named} is not in {span.name}, which is from {day_words(span.first)} to "
            f"{day_words(span.last)}.",
        )
    if series.repeats not in ("once", "daily") and starts.weekday() != series.starts.weekday():
        before = starts - timedelta(days=(starts.weekday() - series.starts.weekday()) % 7)
        near_by = (before, before + timedelta(days=7))
        choices = [day_words(day, weekday=False) for day in near_by if day <= span.last]
        raise FieldError(
            "starts",
            f"{named} is a {WEEKDAYS[starts.weekday()]}, and this is on "
            f"{WEEKDAYS[series.starts.weekday()]}s. Write {' or '.join(choices)}. The weekday "
            "itself can be changed in the copy.",
        )
    if series.bank_holidays == "skip" and (why := calendar.closed(starts)):
        raise FieldError("starts", f"Nothing meets on {named} ({why}). Write another date.")
    if not calendar.in_term(starts):
        raise FieldError("starts", f"{named} is in the school holidays. Write another date.")
    return starts


def _first_date(series: Series, calendar: SchoolCalendar, span: Span) -> date:
    """The first day of the term on which the series may meet, on its own weekday.

    A series that goes on into the term meets again when it has ended.
    """
    first = span.first
    if series.starts < first and series.all_sessions:
        first = max(first, series.all_sessions[-1].day + timedelta(days=1))
    for number in range((span.last - first).days + 1):
        day = first + timedelta(days=number)
        fits = day.weekday() == series.starts.weekday()
        if series.repeats == "daily":
            fits = day.weekday() < 5
        elif series.repeats == "monthly":
            fits = fits and (day.day - 1) // 7 == (series.starts.day - 1) // 7
        closed = calendar.closed(day) if series.bank_holidays == "skip" else None
        if fits and not closed and calendar.in_term(day):
            return day
    weekday = WEEKDAYS[series.starts.weekday()]
    raise WritingError(f"{series.identity}: there is no {weekday} in {span.name} to start on.")


def _read(text: str, changed: Mapping[str, Value], source: Path) -> Series:
    """The copy as the reader reads it."""
    new = _edited(text, changed).encode()
    written = read_written(new, source.as_posix(), has_body=True)
    series = as_noun(Series, written, "a series")
    if series is None:
        raise content.ContentError(written.problems)
    return series


def _planned(
    copy: Series, calendar: SchoolCalendar, span: Span, sessions: str | None
) -> list[date]:
    """The dates that the copy will have. `sessions` is the number that somebody gave."""
    if copy.until is None or sessions is None:
        return planned_dates(copy, calendar, span.last if copy.until else calendar.last_known)
    count = int(sessions)
    endless = copy.model_copy(update={"until": None, "count": count})
    planned = planned_dates(endless, calendar, calendar.last_known)
    if len(planned) < count:
        raise FieldError(
            "sessions",
            f"Only {len(planned)} of {count} sessions have a date in the terms that are known. "
            "Write a smaller number.",
        )
    return planned


def _planned_already(directory: Directory, series: Series, planned: list[date]) -> Series | None:
    """The same group at the same time, under whatever name somebody gave it."""
    for other in (*directory.series, *directory.private_series):
        if other is series or (other.centre, other.programme) != (series.centre, series.programme):
            continue
        alike = (other.name, other.language, other.ages, other.room, other.time) == (
            series.name, series.language, series.ages, series.room, series.time
        )  # fmt: skip
        if alike and set(planned) & {one.day for one in other.all_sessions if not one.off}:
            return other
    return None


def slug_in(slug: str, span: Span) -> str:
    """The name of a copy: that of the series with the term in the place of its own."""
    seasons = "autumn|winter|spring|summer"
    months = "|".join(month.lower() for month in MONTHS)
    stem = re.sub(rf"-({seasons}|{months})(-\d)?(-20\d\d)?$|-20\d\d$", "", slug)
    term = slugify(span.name)
    stem = stem[: LONGEST_SLUG - len(term) - 1].rstrip("-")
    return f"{stem}-{term}"


def _alongside(
    directory: Directory, series: Series, span: Span, together: Collection[str]
) -> Iterator[str]:
    """The copies of the series that are meant to meet at the same time, where there are any."""
    for name in series.alongside:
        centre, slash, slug = name.rpartition("/")
        copy = f"{centre}{slash}{slug_in(slug, span)}"
        whole = f"{centre or series.centre.slug}/"
        if whole + slug in together or directory.find_series(whole + slug_in(slug, span)):
            yield copy


# Fields about past dates, other series, or the file itself.
_DROPPED = ("changes", "except", "withdrawn", "alongside", "aliases", "updated")


def _edited(text: str, changed: Mapping[str, Value]) -> str:
    """The file with new values and without past changes; comments and text stay."""
    without_past = rewritten(text, dict.fromkeys(_DROPPED), comments_go=True)
    return rewritten(without_past, changed)


def _left_out(
    copy: Series, planned: Sequence[date], calendar: SchoolCalendar
) -> Iterator[tuple[date, str]]:
    """The dates of its rule on which it does not meet, and why."""
    again = copy.model_copy(update={"until": planned[-1], "count": None})
    for day in rule_dates(again, planned[-1]):
        if day not in planned:
            yield day, calendar.closed(day) or "school holidays"


def _notes(
    series: Series, planned: Sequence[date], span: Span, changed: Mapping[str, Value]
) -> Iterator[str]:
    if planned[-1] > span.last:
        yield (
            f"Its {len(planned)} sessions go on after the term, which ends on "
            f"{day_words(span.last)}. Write fewer in 'sessions' if they should not."
        )
    gone = [name for name in _DROPPED if name in series.lines and name not in {"updated", *changed}]
    if gone:
        yield f"Not copied: {', '.join(gone)}."
    found = re.search(rf"\b({'|'.join(MONTHS)}|20\d\d)\b", series.body)
    if found:
        yield f"Its text mentions {found[0]}: read it again."
