"""A whole centre in its next term: what can be copied, with proposed dates, and what needs nothing.

The page for staff and `portal next-term --centre` show the same plan. Each row is made by
`next_term.copied`, with the values that somebody typed in it; a mistake stays in its row, beside
its field, and the other rows are planned all the same. Clashes are those that publishing would find
(`publishing.check`), so that nothing is offered that the check refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic_core import PydanticCustomError

from portal import content
from portal.content import Problem
from portal.content.school_calendar import school_calendar
from portal.directory import Directory, Series
from portal.directory.likely import likely_day, likely_times
from portal.directory.schedule import SchoolCalendar
from portal.directory.values import TimeRange, day_words, read_day
from portal.editing import next_term
from portal.editing.drafts import WritingError
from portal.editing.file_checks import mistakes_in
from portal.editing.files import Edit
from portal.editing.next_term import Copy, FieldError, PlannedAlready, Span
from portal.editing.rewriting import RewritingError
from portal.editing.shown_problems import Shown, as_written
from portal.errors import PortalError

FIELDS = ("starts", "time", "sessions", "places")  # that can be changed in a row
Field = str  # one of FIELDS, or '' for the row

# offered: it ended with the term before, or ends soon. earlier: it ended before that, or was
# cancelled. planned: it is in the term already. nothing: it carries on, or belongs to no term.
State = Literal["offered", "earlier", "planned", "nothing"]

_OF_FIELD = re.compile(r"'([a-z_]+)': ")
_ROW_OF = {"day": "starts", "until": "sessions"}


@dataclass(frozen=True, slots=True)
class Row:
    """One series of the centre, and what becomes of it in the term."""

    series: Series
    state: State
    words: str = ""  # why there is nothing to copy
    target: str = ""  # the name of the copy's file without '.md', and of one that is there already
    copy: Copy | None = None
    values: Mapping[str, str] | None = None  # what is in its fields
    changed: bool = False  # whether somebody typed something else than was proposed
    mistakes: tuple[tuple[Field, str], ...] = ()
    clashes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        return self.series.slug

    @property
    def title(self) -> str:
        """'Baby Massage, Fridays, 10:30am to 11:30am'."""
        return f"{self.series.name}, {self.series.pattern}, {self.series.time.words}"

    @property
    def can_be_copied(self) -> bool:
        return self.state in ("offered", "earlier")


@dataclass(frozen=True, slots=True)
class Plan:
    """All series of a centre, in the order of the week."""

    span: Span
    rows: tuple[Row, ...]

    def of(self, *states: State) -> list[Row]:
        return [row for row in self.rows if row.state in states]

    def chosen(self, slugs: Collection[str]) -> list[Row]:
        return [row for row in self.rows if row.can_be_copied and row.slug in slugs]


def plan(
    root: Path,
    directory: Directory,
    centre: str,
    term: str | None,
    *,
    today: date,
    typed: Mapping[str, Mapping[str, str]] | None = None,
    chosen: Collection[str] | None = None,
    taken: Mapping[str, str] | None = None,
) -> Plan:
    """The plan of a centre for a term, or for the next one. Raises WritingError without such one.

    `typed` holds what somebody wrote in the rows, by series. `chosen` are the series that will be
    copied together, all that are offered by default. `taken` has the names of files that are not
    published yet, and says where each is.
    """
    span = next_term.span_for(directory, term, after=today)
    calendar = school_calendar(directory.terms)
    mine = [
        series
        for series in (*directory.series, *directory.private_series)
        if series.centre.slug == centre
    ]
    since = _begin_of_last_term(directory, span)
    rows = [_row(series, span, since, calendar) for series in mine]
    rows = _named(rows, span, mine, taken or {})
    if chosen is None:
        chosen = {row.slug for row in rows if row.state == "offered"}
    together = {row.series.identity for row in rows if row.slug in chosen}
    make = partial(_made, root, directory, span, together)
    answers = typed or {}
    rows = [make(row, answers.get(row.slug, {})) if row.can_be_copied else row for row in rows]
    rows = _once(rows)
    rows = [replace(row, notes=tuple(_beside(row, rows, span))) for row in rows]
    return Plan(span, tuple(sorted(rows, key=_order)))


def _begin_of_last_term(directory: Directory, span: Span) -> date:
    before = [one.first for one in next_term.whole_terms(directory) if one.last < span.first]
    return max(before, default=date.min)


def _order(row: Row) -> tuple[int, object, str]:
    return row.series.starts.weekday(), row.series.time.starts, row.series.slug


# --- what becomes of a series ---------------------------------------------------------------------


def _row(series: Series, span: Span, since: date, calendar: SchoolCalendar) -> Row:
    planned = [one.planned for one in series.all_sessions]
    inside = [day for day in planned if span.first <= day <= span.last]
    if series.ongoing:
        return Row(series, "nothing", "Carries on, and needs nothing.")
    if series.starts >= span.first:
        if not inside:
            return Row(series, "nothing", f"Starts later, on {day_words(series.starts)}.")
        return Row(series, "planned", f"Starts on {day_words(series.starts)}.", series.slug)
    if planned and not any(map(calendar.in_term, planned)):
        words = "Meets in the school holidays, so no term holds its dates. Plan it by itself."
        return Row(series, "nothing", words)
    if inside and inside[-1] > span.first + (span.last - span.first) / 2:
        return Row(series, "nothing", f"Carries on until {day_words(planned[-1])}.")
    cancelled = all(one.cancelled for one in series.all_sessions)
    late = not cancelled and bool(planned) and planned[-1] >= since
    return Row(series, "offered" if late else "earlier")


def _named(
    rows: Sequence[Row], span: Span, mine: Sequence[Series], taken: Mapping[str, str]
) -> list[Row]:
    """The rows with the names of their copies; those that exist are planned already.

    Where two series would have the same name, the later one gets it. So it is the same each time.
    """
    names: dict[str, str] = {}
    for row in sorted(rows, key=lambda one: (one.series.starts, one.slug), reverse=True):
        if row.can_be_copied:
            stem, number = next_term.slug_in(row.slug, span), 2
            name = stem
            while name in names.values():
                name, number = f"{stem}-{number}", number + 1
            names[row.slug] = name
    there = {series.slug: series for series in mine}
    found = []
    for row in rows:
        name = names.get(row.slug, "")
        if name in there:
            found.append(_already(row, there[name]))
        elif name and (words := taken.get(f"{name}.md")):
            found.append(replace(row, state="planned", words=words, target=name))
        else:
            found.append(replace(row, target=name or row.target))
    return found


def _once(rows: Sequence[Row]) -> list[Row]:
    """A copy is shown once, with the series that it was made from."""
    copies = {row.target for row in rows if row.state == "planned" and row.target != row.slug}
    return [row for row in rows if row.slug not in copies]


def _already(row: Row, there: Series) -> Row:
    words = f"Copied already: from {day_words(there.starts)}."
    return replace(row, state="planned", words=words, target=there.slug)


# --- one copy -------------------------------------------------------------------------------------


def _made(
    root: Path,
    directory: Directory,
    span: Span,
    together: Collection[str],
    row: Row,
    typed: Mapping[str, str],
) -> Row:
    make = partial(
        next_term.copied, root, directory, row.series, span, together=together, slug=row.target
    )
    try:
        copy = make()
    except PlannedAlready as error:
        return _already(row, error.there)
    except (WritingError, RewritingError, content.ContentError) as error:
        return _impossible(row, error)
    except (OSError, UnicodeDecodeError):  # the files are newer than the site
        return _impossible(row, WritingError("Its file cannot be read. Look at it first."))
    values = dict(_values(row.series, copy))
    mistakes: list[tuple[Field, str]] = []
    given = {}
    for name, proposed in values.items():
        if written := " ".join(typed.get(name, "").split()):
            values[name] = written
            try:
                value = _read(name, written)
            except FieldError as error:
                mistakes.append((name, str(error)))
            else:
                if value != _read(name, proposed):
                    given[name] = value
    try:
        copy = make(given=given) if given else copy
    except FieldError as error:
        mistakes.append((error.field, str(error)))
    except WritingError as error:
        mistakes.append(("", str(error)))
    except content.ContentError as error:
        mistakes += [_in_row(problem.words) for problem in error.problems]
    mistakes += [] if mistakes else _mistakes(copy, directory)
    return replace(
        row,
        copy=copy,
        values=values,
        changed=bool(given or mistakes),
        mistakes=tuple(dict.fromkeys(mistakes)),
    )


def _impossible(row: Row, error: PortalError) -> Row:
    """A row that nobody can copy as it is, such as one without a day in the term to meet on."""
    if isinstance(error, content.ContentError):
        return replace(row, state="nothing", words=error.problems[0].words, target="")
    words = str(error).removeprefix(f"{row.series.identity}: ")
    words = words.removeprefix(f"{row.series.identity} ").replace(" with --term", "")
    return replace(row, state="nothing", words=words[:1].upper() + words[1:], target="")


def _values(series: Series, copy: Copy) -> Iterator[tuple[str, str]]:
    """What the fields of a row hold before anybody types."""
    yield "starts", day_words(copy.planned[0], weekday=False)
    yield "time", f"{series.time.starts:%H:%M}-{series.time.ends:%H:%M}"
    if series.repeats != "once":
        yield "sessions", str(series.count or len(copy.planned))
    if series.places is not None:
        yield "places", str(series.places)


def _read(name: Field, written: str) -> str:
    """A value in one way of writing it, as files have it. Raises FieldError."""
    try:
        if name == "starts":
            return read_day(likely_day(written) or written).isoformat()
        if name == "time":
            times = TimeRange.read(likely_times(written) or written)
            return f"{times.starts:%H:%M}-{times.ends:%H:%M}"
    except PydanticCustomError as error:
        raise FieldError(name, _sentence(error.message())) from error
    if not re.fullmatch(r"[1-9][0-9]{0,3}", written):
        raise FieldError(name, "Write a whole number, like 12.")
    return written


def _mistakes(copy: Copy, directory: Directory) -> Iterator[tuple[Field, str]]:
    """What the reader says of the copy's own file."""
    path, text = next(iter(copy.files.items()))
    for one in mistakes_in(text.encode(), path.as_posix(), directory)[1]:
        field = _field(str(one.place[0])) if one.place else ""
        yield field, _in_row(one.words)[1]


def _in_row(words: str, *, whole: bool = False) -> tuple[Field, str]:
    """A mistake of a file as a row shows it: its field, and the words without it.

    A field that the row does not have stays in the words, unless the `whole` row is meant.
    """
    named = _OF_FIELD.match(words)
    name = named[1] if named else ""
    field = _field(name)
    return field, _sentence(words[named.end() :] if named and (field or whole) else words)


def _field(name: str) -> Field:
    return name if name in FIELDS else _ROW_OF.get(name, "")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


# --- what is beside it ----------------------------------------------------------------------------


def _beside(row: Row, rows: Iterable[Row], span: Span) -> Iterator[str]:
    """What somebody should look at, although nothing is wrong."""
    series, copy = row.series, row.copy
    if copy is None:
        return
    if series.at_centre:
        for day in copy.planned:
            for first, last, why in series.centre.closed_days:
                if first <= day <= last:
                    yield f"The centre is closed on {day_words(day)} ({why}): it is cancelled then."
    if series.all_sessions and series.all_sessions[-1].day >= span.first:
        yield f"The one before goes on until {day_words(series.all_sessions[-1].day)}."
    for other in rows:
        if other.slug == row.slug or other.state == "earlier":
            continue
        if other.state == "planned" and other.series.name == series.name and other.target:
            yield f"{series.name} is in the term already, as {other.target}. Is this another group?"
        if series.leader and other.series.leader == series.leader:
            yield from _same_leader(row, copy, other)


def _same_leader(row: Row, copy: Copy, other: Row) -> Iterator[str]:
    if other.copy:
        days, times = set(other.copy.planned), other.copy.times
    else:
        days, times = {one.day for one in other.series.sessions}, other.series.time
    meet = times.starts < copy.times.ends and copy.times.starts < times.ends
    if meet and (both := sorted(days & set(copy.planned))):
        yield (
            f"{row.series.leader} leads {other.series.name} at the same time, first on "
            f"{day_words(both[0])}."
        )


# --- in words -------------------------------------------------------------------------------------


def report(found: Plan) -> Iterator[str]:
    """The plan in lines, as the command prints it."""
    first, last = day_words(found.span.first), day_words(found.span.last)
    yield f"{found.span.name.capitalize()}: {first} to {last}"
    for title, states in _PARTS.items():
        rows = found.of(*states)
        if rows:
            yield ""
            yield f"{title}:"
        for row in rows:
            yield from _lines(row)


_PARTS: Mapping[str, tuple[State, ...]] = {
    "To copy": ("offered",),
    "Others that can be copied": ("earlier",),
    "In the term already": ("planned",),
    "Nothing to do": ("nothing",),
}


def _lines(row: Row) -> Iterator[str]:
    if row.copy is None:
        yield f"  {row.slug}: {row.words}"
        return
    yield f"  {row.slug} -> {row.target}"
    yield f"    {row.copy.dates}, {row.copy.times.words}."
    for words in (*row.copy.facts, *row.notes):
        yield f"    {words}"
    for words in (*(words for _, words in row.mistakes), *row.clashes):
        yield f"    To correct: {words}"


# --- clashes --------------------------------------------------------------------------------------


def edits(rows: Iterable[Row]) -> list[Edit]:
    """The new files of these rows, as `publishing` takes them."""
    made = [row.copy for row in rows if row.copy and not row.mistakes]
    return [Edit(path.as_posix(), text, None) for copy in made for path, text in copy.files.items()]


Showing = Callable[[Iterable[Problem], Iterable[str]], Sequence[Shown]]


def with_problems(found: Plan, problems: Sequence[Problem], showing: Showing | None = None) -> Plan:
    """The plan with what `publishing.check` said of its copies, each in its row.

    `showing` gives the words for the reader, by mistakes and the files that are her own (S3).
    Without it, they are those of `portal check`.
    """
    showing = showing or (lambda mistakes, _: [as_written(one) for one in mistakes])
    titles = {row.series.identity: row.title for row in found.rows}
    titles |= {row.copy.identity: row.title for row in found.rows if row.copy}
    rows = (_with_problems(row, problems, titles, showing) for row in found.rows)
    return Plan(found.span, tuple(rows))


def _with_problems(
    row: Row, problems: Sequence[Problem], titles: Mapping[str, str], showing: Showing
) -> Row:
    if row.copy is None:
        return row
    paths = {path.as_posix() for path in row.copy.files}
    identity = row.copy.identity
    clashes, others = [], []
    for one in problems:
        pair = one.clash.series if one.clash else one.doubles
        if one.path not in paths and identity not in pair:
            continue
        shown = showing([one], paths)
        if one.doubles and not any(said.hides for said in shown):
            clashes.append(_clash(one, identity, titles))
        else:
            others += [_in_row(said.words) for said in shown]
    return replace(
        row,
        clashes=tuple(dict.fromkeys(clashes)),
        mistakes=tuple(dict.fromkeys((*row.mistakes, *others))),
    )


_FILE = re.compile(r"centres/\S+\.md", re.IGNORECASE)
_BOTH = re.compile(r" If both are meant, .*")
_BOTH_MEANT = (
    " If both are meant, copy one of them, then the other by itself, and write in its form with "
    "which series it meets ('alongside')."
)


def _clash(problem: Problem, own: str, titles: Mapping[str, str]) -> str:
    """The words of a clash for one of its two series, which name the other and no file."""
    other = next((one for one in problem.doubles if one != own), own)
    title = titles.get(other, other)
    words = _FILE.sub(lambda _: title, _in_row(problem.words, whole=True)[1], count=1)
    return _BOTH.sub("", words) + _BOTH_MEANT
