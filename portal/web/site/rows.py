"""Rows of lists: each is rendered once and used on many of the thousands of pages.

A row is the same on every page apart from the distance from a place, which is filled in afterwards,
so that rendering does not depend on the page. Lists group rows by day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple, Protocol

from markupsafe import Markup

from portal.dependencies import once
from portal.directory import Series, Session
from portal.directory.state import Phase, phases, unit
from portal.web import filters
from portal.web.templating import environment

_MILES = "\0"  # placeholder in a rendered row for the distance from a place


class Day(NamedTuple):
    """One day of a list: its rows, joined. `left_out` says how many are not shown."""

    day: date
    rows: Markup
    left_out: int = 0


def number_of(sessions: Iterable[Session]) -> int:
    """How many sessions there are: one that moved counts on its new day alone."""
    return sum(session.moved_to is None for session in sessions)


class _Coming(Protocol):
    def get(self, series: Series) -> tuple[Session, ...]: ...


class _Context(Protocol):
    """What rows are made from: the `Context` of the pages, which has them."""

    @property
    def today(self) -> date: ...
    @property
    def now(self) -> datetime: ...
    @property
    def coming(self) -> _Coming: ...
    def states(self, series: Series) -> tuple[Phase, ...]: ...


class Rows:
    """Rows of lists, each rendered once."""

    def __init__(self, context: _Context) -> None:
        self._macros = environment().get_template("site/_rows.html").module
        self._context = context
        self._of_session: dict[tuple[Session, bool], Any] = {}
        self._of_series: dict[tuple[Series, str], Any] = {}
        self._notes: dict[Series, Any] = {}

    def session(self, session: Session, *, brief: bool = False, miles: str = "") -> str:
        row = once(self._of_session, (session, brief), self._session, session, brief)
        return row.replace(_MILES, f", {miles}" if miles else "")

    def _session(self, session: Session, brief: bool) -> str:
        macro = self._macros.session_brief if brief else self._macros.session_row  # type: ignore[attr-defined]  # macros
        # A row goes when its session ends, so later states are of no use in it.
        states = phases(session.series, unit(session), self._context.now, session.ends)
        return str(macro(session, _MILES, states, self._context.today))

    def series(self, series: Series, at: str = "") -> str:
        """`at` is 'centre' on the pages of the centre, where rows leave the centre out."""
        return once(self._of_series, (series, at), self._series, series, at)

    def _series(self, series: Series, at: str) -> str:
        macro = self._macros.series_row  # type: ignore[attr-defined]  # macros
        notes = once(self._notes, series, self._notes_of, series)
        return str(macro(series, notes, at, self._context.states(series), self._context.today))

    def _notes_of(self, series: Series) -> list[str]:
        return filters.notes(series, self._context.coming.get(series), self._context.today)

    def days(self, sessions: Iterable[Session], most: int, *, brief: bool = False) -> list[Day]:
        """Sessions by day, soonest first; after `most` rows, later days are only counted.

        A day that is shown always says which sessions moved away from it.
        """
        days, shown = [], 0
        for day, group in groupby(sessions, key=lambda session: session.day):
            those = list(group)
            if shown and shown + len(those) > most:
                days.append(Day(day, Markup(), number_of(those)))
                shown = most
                continue
            rows = those[:most] + [one for one in those[most:] if one.moved_to]
            shown += len(rows)
            joined = "".join(self.session(one, brief=brief) for one in rows)
            days.append(Day(day, Markup(joined), number_of(those) - number_of(rows)))  # noqa: S704 - rendered
        return days
