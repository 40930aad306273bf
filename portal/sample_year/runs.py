"""The runs of groups in an invented past: those of the content, and earlier ones like them.

A weekly group is given the same weekday back to the first day, and a course is repeated quarter by
quarter, all by the rules of the school calendar. An earlier course has a name of its own, such as
`chai-centre/baby-massage-2026-04`: bookings of a course belong to one run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from portal.directory import Directory, Series, Session
from portal.directory.schedule import SchoolCalendar, sessions

_QUARTER = timedelta(weeks=13)
_HALF_YEAR = timedelta(weeks=26)
_CACHED = ("sessions", "listed")  # of the series that is copied


@dataclass(frozen=True, slots=True)
class Run:
    """A series of the content, or an earlier one like it, with its sessions in order."""

    series: Series
    sessions: tuple[Session, ...]
    past: bool  # whether the content has no such run

    @property
    def identity(self) -> str:
        return self.series.identity


def runs(directory: Directory, calendar: SchoolCalendar, first: date) -> Iterator[Run]:
    """Every run since `first`, earlier ones first; sensitive programmes are among them.

    Earlier ones are over: the content must have the file of whatever families have booked.
    """
    over = directory.today - timedelta(days=1)
    known = {one.identity for one in _every(directory)}
    for series in _every(directory):
        if series.withdrawn or series.booking is None:
            continue
        for earlier in _earlier(series, calendar, first, over):
            if earlier.all_sessions and (
                earlier.identity == series.identity or earlier.identity not in known
            ):
                yield Run(earlier, _in_order(earlier), past=True)
        yield Run(series, _in_order(series), past=False)


def _every(directory: Directory) -> tuple[Series, ...]:
    return (*directory.series, *directory.private_series)


def _in_order(series: Series) -> tuple[Session, ...]:
    return tuple(sorted(series.all_sessions, key=lambda one: one.starts))


def _earlier(series: Series, calendar: SchoolCalendar, first: date, over: date) -> Iterator[Series]:
    if series.repeats in ("once", "daily"):
        return
    if series.count is None:
        weeks = (series.starts - first).days // 7
        # Whole blocks of four weeks, so that fortnightly and monthly groups keep their rhythm.
        starts = series.starts - timedelta(weeks=weeks // 4 * 4)
        if starts < series.starts:
            last = min(series.starts - timedelta(days=1), over)
            slug = series.slug if series.book != "series" else f"{series.slug}-{starts:%Y-%m}"
            yield _copy(series, calendar, slug, starts=starts, until=last)
        return
    step = _QUARTER if len(series.all_sessions) <= 12 and series.repeats == "weekly" else _HALF_YEAR
    starts = series.starts - step
    found = []
    while starts >= first:
        slug = f"{series.slug}-{starts:%Y-%m}"
        copy = _copy(series, calendar, slug, starts=starts, until=None)
        if all(one.day <= over for one in copy.all_sessions):
            found.append(copy)
        starts -= step
    yield from reversed(found)


def _copy(
    series: Series, calendar: SchoolCalendar, slug: str, *, starts: date, until: date | None
) -> Series:
    copy = series.model_copy(
        update={
            "starts": starts,
            "until": until,
            "changes": (),
            "except_": (),
            "aliases": (),
            "opens": None,
            "closes": None,
        }
    )
    for name in _CACHED:
        copy.__dict__.pop(name, None)
    copy.link(slug=slug)
    last = until or starts + _HALF_YEAR
    return copy.link(all_sessions=sessions(copy, calendar, last))
