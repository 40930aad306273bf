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
from portal.directory.values import LONGEST_SLUG, MONTHS, WEEKDAYS, day_words, near, slugify
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


@dataclass(frozen=True, slots=True)
class Copy:
    """One series in its new term: its files, and a report line by line."""

    old: str
    files: Mapping[Path, str]
    said: tuple[str, ...]


def next_term(
    root: Path, directory: Directory, names: Sequence[str], term: str | None, *, today: date
) -> list[Copy]:
    """Copy series, by `<centre>/<series>` or path, into a term; by default the one after theirs.

    Either all are written or none. Raises WritingError or ContentError.
    """
    found = [_found(directory, name) for name in names]
    together = {series.identity for series in found}
    copies = [_copied(root, directory, series, term, together) for series in found]
    files = {path: text for copy in copies for path, text in copy.files.items()}
    if len(files) < sum(len(copy.files) for copy in copies):
        raise WritingError(
            "Two of these copies would have the same name. Copy one, rename its file, then "
            "copy the other."
        )
    add(root, files, today=today)
    return copies


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


def _span_for(directory: Directory, series: Series, wanted: str | None) -> Span:
    known = spans(directory.terms.terms)
    if wanted:
        name = " ".join(wanted.lower().split())
        if name in known:
            return known[name]
        raise WritingError(
            f"No term '{wanted}' is known.{near(name, known)} Known: {', '.join(known)}. "
            "Others are added in content/terms.yaml."
        )
    whole = [span for span in known.values() if span.name.count(" ") == 1]
    later = [span for span in whole if span.first > series.starts]
    if not later:
        raise WritingError(
            f"No term is known after {day_words(series.starts)}, when {series.identity} starts. "
            "Add the next terms to content/terms.yaml."
        )
    return min(later, key=lambda span: span.first)


def _copied(
    root: Path, directory: Directory, series: Series, term: str | None, together: Collection[str]
) -> Copy:
    if series.ongoing:
        raise WritingError(
            f"{series.identity} has no last date, so it carries on and needs no copy. To end "
            "it, add 'until' with a date."
        )
    span = _span_for(directory, series, term)
    calendar = school_calendar(directory.terms)
    starts = _first_date(series, calendar, span)
    if starts == series.starts:
        raise WritingError(
            f"{series.identity} is in {span.name} already. Name another term with --term."
        )
    changed: dict[str, Value] = {"starts": starts.isoformat(), "term_time_only": "yes"}
    if series.until:
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
    planned = _planned(text, changed, calendar, span, source)
    slug = _slug_in(series.slug, span)
    twin = _planned_already(directory, series, planned)
    if twin and twin.slug != slug:
        raise WritingError(
            f"{series.identity} is in {span.name} already, as {twin.source}. Change that file, or "
            "name another term with --term."
        )
    if series.until:
        changed["until"] = planned[-1].isoformat()
    files = {source.with_name(f"{slug}.md"): _edited(text, changed)}
    for language, other in series.translations.items():
        words = (root / other.source).read_text(encoding="utf-8-sig")
        files[source.with_name(f"{slug}.{language}.md")] = _edited(words, {})
    said = _said(series, files, planned, calendar, span, changed)
    return Copy(series.identity, files, tuple(said))


def _first_date(series: Series, calendar: SchoolCalendar, span: Span) -> date:
    """The first day of the term on which the series may meet, on its own weekday."""
    for number in range((span.last - span.first).days + 1):
        day = span.first + timedelta(days=number)
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


def _planned(
    text: str, changed: Mapping[str, Value], calendar: SchoolCalendar, span: Span, source: Path
) -> list[date]:
    """The dates that the copy will have."""
    new = _edited(text, changed).encode()
    written = read_written(new, source.as_posix(), has_body=True)
    series = as_noun(Series, written, "a series")
    if series is None:
        raise content.ContentError(written.problems)
    until = span.last if series.until else calendar.last_known
    return planned_dates(series, calendar, until)


def _planned_already(directory: Directory, series: Series, planned: list[date]) -> Series | None:
    """The same group at the same time, under whatever name somebody gave it."""
    for other in (*directory.series, *directory.private_series):
        if other is series or (other.centre, other.programme) != (series.centre, series.programme):
            continue
        alike = (other.name, other.language, other.ages, other.room, other.time) == (
            series.name, series.language, series.ages, series.room, series.time
        )  # fmt: skip
        if alike and set(planned) & {one.day for one in other.all_sessions if not one.cancelled}:
            return other
    return None


def _slug_in(slug: str, span: Span) -> str:
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
        copy = f"{centre}{slash}{_slug_in(slug, span)}"
        whole = f"{centre or series.centre.slug}/"
        if whole + slug in together or directory.find_series(whole + _slug_in(slug, span)):
            yield copy


# Fields about past dates, other series, or the file itself.
_DROPPED = ("changes", "except", "withdrawn", "alongside", "aliases", "updated")


def _edited(text: str, changed: Mapping[str, Value]) -> str:
    """The file with new values and without past changes; comments and text stay."""
    without_past = rewritten(text, dict.fromkeys(_DROPPED), comments_go=True)
    return rewritten(without_past, changed)


def _said(
    series: Series,
    files: Mapping[Path, str],
    planned: Sequence[date],
    calendar: SchoolCalendar,
    span: Span,
    changed: Mapping[str, Value],
) -> Iterator[str]:
    yield f"{series.identity} -> {', '.join(path.as_posix() for path in files)}"
    first, last = day_words(planned[0]), day_words(planned[-1])
    number = len(planned)
    dates = f"1 session on {first}" if number == 1 else f"{number} sessions, {first} to {last}"
    yield f"  {dates}, {series.time.words}."
    again = series.model_copy(update={"starts": planned[0], "until": planned[-1], "count": None})
    for day in rule_dates(again, planned[-1]):
        if day not in planned:
            why = calendar.closed(day) or "school holidays"
            yield f"  Left out: {day_words(day)} ({why})."
    if planned[-1] > span.last:
        yield (
            f"  Its {number} sessions go on after the term, which ends on {day_words(span.last)}. "
            "Write fewer in 'sessions' if they should not."
        )
    for name in ("opens", "closes"):
        if name in changed:
            yield f"  Booking {name} on {changed[name]}."
    gone = [name for name in _DROPPED if name in series.lines and name not in {"updated", *changed}]
    if gone:
        yield f"  Not copied: {', '.join(gone)}."
    found = re.search(rf"\b({'|'.join(MONTHS)}|20\d\d)\b", series.body)
    if found:
        yield f"  Its text mentions {found[0]}: read it again."
