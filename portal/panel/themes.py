"""Themes: what the gaps of a district have in common, and how it goes up from its panel.

What it hides: the third unmet gap of a theme in 12 months raises a thematic issue, and so does one
that the panel passes on, in the transaction that reports or decides it, and once, also when two
gaps come at the same moment. Later gaps of the theme join it. The issue goes from the panel to the
Sub Group and on to the Board, never back: each step has a day, an owner (a role) and, before the
next step, an answer. It may end in a project (`projects`). Two members make a step (`proposals`).

The counts are printed and passed on, so they show no number under 5, and no nought either: a
nought beside a hidden number would say which kind the one gap of a quarter is (S97). They end at
40: if a need had more gaps than all other themes can hide, it would say what is hidden. Only
quarters that are over are counted, so that two prints do not differ by one gap.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, select

from portal.bookings.csv_export import csv_of
from portal.bookings.disclosure import Figure, from_five, total
from portal.bookings.locking import NotPossible
from portal.database import insert_if_new, note, read, write
from portal.database.tables import gap, theme_issue, theme_step
from portal.directory import Panel, quarters
from portal.directory.asked import in_district
from portal.directory.values import LONDON, day_words

THIRD = 3  # gaps of one theme raise an issue
UNMET = ("open", "more", "escalated", "no")  # states of a gap that nothing has met yet
NO_THEME = "other"  # the theme of an old form that is passed on and has none
COUNTED = 4  # quarters in the tables
LARGEST = 40  # number in the tables: a larger one is '40+'
OPEN = ("panel", "sub-group", "board", "project")

_ABOVE: Mapping[str, str] = {"panel": "sub-group", "sub-group": "board"}


@dataclass(frozen=True, slots=True)
class Step:
    """Who has the issue from a day on. `owner` is a role; `answer` is what came of it."""

    body: str
    day: date
    owner: str
    answer: str
    answered: datetime | None


@dataclass(frozen=True, slots=True)
class Issue:
    """A thematic issue with its steps, the oldest first. `gaps` is how many are part of it."""

    id: int
    panel: str
    theme: str
    state: str
    raised: datetime
    closed: datetime | None
    version: int
    steps: tuple[Step, ...]
    gaps: int

    @property
    def body(self) -> str:
        """The body that deals with the issue, or dealt with it last."""
        return self.steps[-1].body

    @property
    def above(self) -> str:
        """Who it can go up to; '' from the Board, from a project, and once it is closed."""
        return _ABOVE.get(self.state, "")


def identity_of(district: str) -> str:
    """The identity of a district's panel in the log."""
    return f"panel{in_district(district)}"


# --- raising --------------------------------------------------------------------------------------


def gather(
    connection: Connection,
    panel: str,
    theme: str,
    *,
    now: datetime,
    actor: str,
    passed_on: int | None = None,
) -> int | None:
    """Put the unmet gaps of a theme into its issue, which the third of them raises.

    The gap that is `passed_on` just now raises it alone, so that it is never nowhere, also where an
    earlier issue of it is closed. To be called in the transaction that reports or decides a gap,
    after that. Returns the id of the open issue, None where there is none. Calling it twice does no
    harm.
    """
    if passed_on is not None:
        theme = theme or NO_THEME
    if not panel or not theme:
        return None
    _lock(connection, panel, theme)
    loose = {*connection.execute(_loose(panel, theme, now)).scalars()}
    if passed_on is not None:
        loose.add(passed_on)
    issue = connection.execute(_open_issue(panel, theme)).scalar()
    if issue is None and (len(loose) >= THIRD or passed_on is not None):
        issue = _raise(connection, panel, theme, now=now, actor=actor)
    if issue is not None and loose:
        joined = gap.update().where(gap.c.id.in_(loose)).values(issue_id=issue)
        connection.execute(joined)
    return issue


def _lock(connection: Connection, panel: str, theme: str) -> None:
    """Let one transaction at a time count the gaps of a theme.

    SQLite has one writer anyway. On PostgreSQL two gaps that come at once would each not see the
    other, and there is no row yet that both could lock.
    """
    if connection.dialect.name == "postgresql":
        digest = hashlib.sha256(f"theme:{panel}/{theme}".encode()).digest()
        number = int.from_bytes(digest[:8], signed=True)
        connection.execute(select(sa.func.pg_advisory_xact_lock(number)))


def _loose(panel: str, theme: str, now: datetime) -> sa.Select[Any]:
    """The unmet gaps of the last 12 months that are part of no issue."""
    return select(gap.c.id).where(
        gap.c.panel == panel,
        gap.c.theme == theme,
        gap.c.state.in_(UNMET),
        gap.c.issue_id.is_(None),
        gap.c.created > _year_before(now),
    )


def _open_issue(panel: str, theme: str) -> sa.Select[Any]:
    return select(theme_issue.c.id).where(
        theme_issue.c.panel == panel, theme_issue.c.theme == theme, theme_issue.c.state.in_(OPEN)
    )


def _raise(connection: Connection, panel: str, theme: str, *, now: datetime, actor: str) -> int:
    values = {"state": "panel", "raised": now, "version": 0}
    fresh = insert_if_new(connection, theme_issue, panel=panel, theme=theme, **values)
    issue = int(connection.execute(_open_issue(panel, theme)).scalar_one())
    if fresh:
        _begin_step(connection, issue, "panel", now.astimezone(LONDON).date(), "")
        note(connection, now, actor, "raise theme", None, identity_of(panel), issue=issue)
    return issue


def _year_before(now: datetime) -> datetime:
    try:
        return now.replace(year=now.year - 1)
    except ValueError:  # 29 February
        return now.replace(year=now.year - 1, day=28)


# --- going up -------------------------------------------------------------------------------------


def take_up(
    connection: Connection,
    row: Row[Any],
    *,
    answer: str,
    owner: str,
    day: date,
    members: tuple[int, int],
    now: datetime,
) -> None:
    """Note that a locked issue goes to the body above, with the answer of the body that has it.

    `members` are who proposed it and who agreed. Raises NotPossible.
    """
    above = check_up(connection, row, day, now)
    _finish_step(connection, row, answer, now)
    _begin_step(connection, row.id, above, day, owner, members)
    change(connection, row, state=above)
    actor, identity = f"staff:{members[1]}", identity_of(row.panel)
    note(connection, now, actor, "send theme up", None, identity, issue=row.id, to=above)


def check_up(connection: Connection, row: Row[Any], day: date, now: datetime) -> str:
    """The body above a locked issue, if it can go there on a day. Raises NotPossible."""
    above = _ABOVE.get(row.state)
    if above is None:
        raise NotPossible("The Board is the last step. Close the theme, or begin a project.")
    check_step(connection, row, day, now)
    return above


def check_step(connection: Connection, row: Row[Any], day: date | None, now: datetime) -> None:
    """Raises NotPossible where the steps of a locked issue would not be in order.

    A body answers once it has the issue, and the next step begins no earlier. What came of a
    project can be written before its first day: it may fall through.
    """
    began = date.fromisoformat(connection.execute(_day_of_step(row)).scalar_one())
    if row.state != "project" and now.astimezone(LONDON).date() < began:
        raise NotPossible(
            f"The theme only goes there on {day_words(began)}. Write the answer then."
        )
    if day is not None and day < began:
        raise NotPossible("The next step cannot begin before this one.")


def _day_of_step(row: Row[Any]) -> sa.Select[Any]:
    return select(theme_step.c.day).where(
        theme_step.c.issue_id == row.id, theme_step.c.body == row.state
    )


def agreed_by(connection: Connection, issue_id: int) -> int | None:
    """Who agreed the last step of an issue for which nothing is proposed now."""
    mine = select(theme_issue).where(theme_issue.c.id == issue_id).with_for_update()
    row = connection.execute(mine).first()
    if row is None or row.proposed_by is not None:
        return None
    found: int | None = _steps_of(connection, issue_id)[-1].agreed_by
    return found


def close(
    engine: Engine, issue_id: int, *, answer: str, seen: int, now: datetime, actor: str
) -> None:
    """Close an issue with the answer of the body that has it. Raises NotPossible."""

    def work(connection: Connection) -> None:
        if _closed_with(connection, issue_id, answer):
            return
        row = locked(connection, issue_id, seen)
        check_step(connection, row, None, now)
        _finish_step(connection, row, answer, now)
        change(connection, row, state="closed", closed=now)
        note(connection, now, actor, "close theme", None, identity_of(row.panel), issue=issue_id)

    write(engine, work)


def _closed_with(connection: Connection, issue_id: int, answer: str) -> bool:
    """Whether an issue is closed already, with the same answer."""
    state = select(theme_issue.c.state).where(theme_issue.c.id == issue_id).with_for_update()
    closed = connection.execute(state).scalar() == "closed"
    return closed and _steps_of(connection, issue_id)[-1].answer == answer


def _steps_of(connection: Connection, issue_id: int) -> Sequence[Row[Any]]:
    mine = select(theme_step).where(theme_step.c.issue_id == issue_id)
    return connection.execute(mine.order_by(theme_step.c.id)).all()


def begin_project(
    connection: Connection,
    row: Row[Any],
    *,
    provider: str,
    answer: str,
    day: date,
    members: tuple[int, int],
    now: datetime,
) -> None:
    """Note that a locked issue ends in a project, whose step is answered when the issue closes."""
    check_project(connection, row, day, now)
    _finish_step(connection, row, answer, now)
    _begin_step(connection, row.id, "project", day, provider, members)
    change(connection, row, state="project")


def check_project(connection: Connection, row: Row[Any], day: date, now: datetime) -> None:
    """Raises NotPossible where a locked issue cannot end in a project that begins on a day."""
    if row.state == "project":
        raise NotPossible("This theme has a project already.")
    check_step(connection, row, day, now)


def locked(connection: Connection, issue_id: int, seen: int) -> Row[Any]:
    """The row of an issue that is not closed, locked, if it is as the form showed it."""
    row = connection.execute(
        select(theme_issue).where(theme_issue.c.id == issue_id).with_for_update()
    ).first()
    if row is None:
        raise NotPossible("This theme is not there any more.")
    if row.state == "closed":
        raise NotPossible("Somebody else has closed this theme.")
    if row.version != seen:
        raise NotPossible("Somebody else has changed this theme. Look at it again.")
    return row


def _finish_step(connection: Connection, row: Row[Any], answer: str, now: datetime) -> None:
    """Write the answer of the body that has the issue."""
    mine = sa.and_(theme_step.c.issue_id == row.id, theme_step.c.body == row.state)
    connection.execute(theme_step.update().where(mine).values(answer=answer, answered=now))


def _begin_step(
    connection: Connection,
    issue: int,
    body: str,
    day: date,
    owner: str,
    members: tuple[int | None, int | None] = (None, None),
) -> None:
    values = {"issue_id": issue, "body": body, "day": day.isoformat(), "owner": owner}
    values |= {"proposed_by": members[0], "agreed_by": members[1]}
    connection.execute(theme_step.insert().values(answer="", **values))


def change(connection: Connection, row: Row[Any], **values: Any) -> None:
    """Change a locked issue, and count the change. It drops what was proposed before."""
    nothing = {"proposal": None, "proposed_by": None, "proposed": None}
    changed = theme_issue.update().where(theme_issue.c.id == row.id)
    connection.execute(changed.values(version=row.version + 1, **nothing | values))


# --- reading --------------------------------------------------------------------------------------


def issues(engine: Engine, panel: str) -> list[Issue]:
    """The issues of a panel: open ones first, then the newest."""
    with read(engine) as connection:
        found = _issues(connection, theme_issue.c.panel == panel)
    return sorted(found, key=lambda one: (one.state == "closed", -one.id))


def issue_of(engine: Engine, issue_id: int) -> Issue | None:
    with read(engine) as connection:
        return next(iter(_issues(connection, theme_issue.c.id == issue_id)), None)


def _issues(connection: Connection, condition: sa.ColumnElement[bool]) -> list[Issue]:
    rows = connection.execute(select(theme_issue).where(condition)).all()
    ids = [row.id for row in rows]
    steps: dict[int, list[Step]] = {}
    query = select(theme_step).where(theme_step.c.issue_id.in_(ids)).order_by(theme_step.c.id)
    for row in connection.execute(query):
        day = date.fromisoformat(row.day)
        step = Step(row.body, day, row.owner, row.answer, row.answered)
        steps.setdefault(row.issue_id, []).append(step)
    parts = select(gap.c.issue_id).where(gap.c.issue_id.in_(ids))
    numbers = Counter(connection.execute(parts).scalars())
    return [
        Issue(
            row.id, row.panel, row.theme, row.state, row.raised, row.closed, row.version,
            tuple(steps[row.id]), numbers[row.id],
        )
        for row in rows
    ]  # fmt: skip


def references(engine: Engine, issue_id: int) -> list[tuple[str, str]]:
    """The gaps that are part of an issue, each as its reference and state, the oldest first."""
    query = select(gap.c.reference, gap.c.state).where(gap.c.issue_id == issue_id)
    with read(engine) as connection:
        rows = connection.execute(query.order_by(gap.c.created, gap.c.id)).all()
    return [(row.reference, row.state) for row in rows]


def body_names(panel: Panel | None) -> dict[str, str]:
    """The names of the bodies that an issue can be with; also where the panel has gone."""
    return {
        "panel": panel.name if panel else "Resource Panel",
        "sub-group": panel.sub_group if panel else "Sub Group",
        "board": panel.board if panel else "Board",
        "project": "Project",
    }


def passed_on(engine: Engine, panel: str) -> list[tuple[str, Issue]]:
    """The gaps that a panel has passed on and that wait for an answer, each with its issue."""
    query = (
        select(gap.c.reference, gap.c.issue_id)
        .join(theme_issue, theme_issue.c.id == gap.c.issue_id)
        .where(gap.c.panel == panel, gap.c.state == "escalated", theme_issue.c.state != "closed")
        .order_by(gap.c.created, gap.c.id)
    )
    with read(engine) as connection:
        rows = connection.execute(query).all()
        ids = {row.issue_id for row in rows}
        known = {one.id: one for one in _issues(connection, theme_issue.c.id.in_(ids))}
    return [(row.reference, known[row.issue_id]) for row in rows]


def words_for(
    issue: Issue | None, names: Mapping[str, str], today: date, *, passed_on: bool = False
) -> str:
    """What a practitioner reads of the issue that a gap is part of; '' where there is nothing.

    For a gap that is passed on, they name the body that deals with it now or next, and the role
    that answers for it there. `names` are those of `body_names`.
    """
    if issue is None or (issue.state == "closed" and not passed_on):
        return ""
    last, has = issue.steps[-1], f"the {names[issue.body]} has"
    if last.body == "project":
        has = f"has a project, by {last.owner}"
    elif last.day > today:
        has = f"goes to the {names[issue.body]} on {day_words(last.day)}"
    if not passed_on:
        return f"It is part of a theme that {has}."
    if issue.state == "closed":
        return f"The theme that it is part of is closed. The answer: {last.answer}"
    if last.body == "panel":
        return (
            f"It is on the list of themes for the {names['sub-group']}, which does not have it "
            f"yet. Members of the {names['panel']} take it there, and answer for it until then."
        )
    owner = "" if last.body == "project" else f" Who answers for it there: {last.owner}."
    return f"It is part of a theme that {has}.{owner}"


# --- counts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counted:
    """A line of a table: a figure for each quarter, and their sum. All are safe to be printed."""

    name: str
    figures: tuple[Figure, ...]

    @property
    def sum(self) -> Figure:
        return total(self.figures)

    @property
    def shows(self) -> bool:
        """Whether there is a number in it."""
        return self.sum.number > 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Gaps by theme and by need in the last quarters that are over."""

    quarters: tuple[str, ...]
    themes: tuple[Counted, ...]
    needs: tuple[Counted, ...]


def counts(
    engine: Engine,
    panel: str,
    *,
    themes: Mapping[str, str],
    needs: Mapping[str, str],
    today: date,
) -> Counts:
    """The counts of a panel. `themes` and `needs` are the known names with their words."""
    shown = quarters.finished(today, COUNTED)
    first = quarters.first_day(shown[0])
    began = datetime(first.year, first.month, first.day, tzinfo=LONDON)
    query = select(gap.c.theme, gap.c.needs, gap.c.created).where(
        gap.c.panel == panel, gap.c.created >= began - timedelta(hours=1)
    )
    with read(engine) as connection:
        rows = connection.execute(query).all()
    gaps = [
        (quarters.quarter_of(row.created.astimezone(LONDON).date()), row.theme, row.needs)
        for row in rows
    ]
    return counted(gaps, shown, themes, needs)


def counted(
    gaps: Iterable[tuple[str, str, Collection[str]]],
    shown: Sequence[str],
    themes: Mapping[str, str],
    needs: Mapping[str, str],
) -> Counts:
    """The same from gaps, each as its quarter, theme and needs."""
    by_theme: Counter[tuple[str, str]] = Counter()
    by_need: Counter[tuple[str, str]] = Counter()
    for quarter, theme, own in gaps:
        by_theme[theme, quarter] += 1
        by_need.update((need, quarter) for need in {*own})

    def lines(known: Mapping[str, str], numbers: Counter[tuple[str, str]]) -> tuple[Counted, ...]:
        return tuple(
            Counted(words, tuple(_figure(numbers[name, quarter]) for quarter in shown))
            for name, words in known.items()
        )

    return Counts(tuple(shown), lines(themes, by_theme), lines(needs, by_need))


def _figure(number: int) -> Figure:
    figure = from_five(number)
    return figure if figure.number <= LARGEST else Figure(LARGEST, partial=True)


def cell(figure: Figure) -> str:
    """A figure as a table and its file say it: it is one number, or one sum."""
    return figure.words.removesuffix(" each")


def csv(found: Counts) -> bytes:
    """The tables as a file, in the same words."""
    header = ("", "Name", *(quarters.words(one) for one in found.quarters), "Together")
    rows = [
        (kind, line.name, *map(cell, line.figures), cell(line.sum))
        for kind, lines in (("Theme", found.themes), ("Need", found.needs))
        for line in lines
    ]
    return csv_of(header, rows)
