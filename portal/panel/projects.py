"""Small projects that a thematic issue may end in, and what they report each quarter.

What it hides: a project has an agreement with a provider: a sum of its own, which is not
of the panel's budget, a first and a last day, outcomes in words and, where they were agreed, in
numbers. It reports numbers alone, one report for each quarter that it runs in. A report is due four
weeks after its quarter, can be corrected, and must add up: `mistakes` says in words where it does
not.

Members of the panel see the numbers as they were reported. The year on one page is printed and
passed on, and shows no number under 5 (S97).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from portal.bookings.csv_export import csv_of
from portal.bookings.disclosure import Figure, from_five, total
from portal.bookings.locking import NotPossible
from portal.database import note, read, write
from portal.database.audit import AuditAction
from portal.database.tables import PROJECT_NUMBERS, project, project_report, theme_issue
from portal.directory import quarters
from portal.panel import themes

REPORTS_WITHIN = timedelta(days=28)  # of the end of a quarter
LONGEST = timedelta(days=731)  # two years
MOST = 9999  # of families or people in a quarter

# What a report says, in its order. What an agreement may set as a number is among them.
LABELS: Mapping[str, str] = {
    "families": "Families",
    "people": "People",
    "with_caf": "Families with a CAF in place",
    "attendance_better": "School attendance: better",
    "attendance_same": "School attendance: the same",
    "attendance_worse": "School attendance: worse",
    "behaviour_better": "Behaviour at school: better",
    "behaviour_same": "Behaviour at school: the same",
    "behaviour_worse": "Behaviour at school: worse",
}
AGREED = ("families", "people", "with_caf", "attendance_better", "behaviour_better")
_NO_REPORT = "no report yet"
_PARTS: Mapping[str, str] = {"attendance": "School attendance", "behaviour": "Behaviour"}

Numbers = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """What a project reported for a quarter."""

    quarter: str
    numbers: Numbers
    version: int
    changed: datetime


@dataclass(frozen=True, slots=True)
class Project:
    """A project with its reports by quarter. `targets` are the agreed numbers, for all of it."""

    id: int
    issue_id: int
    panel: str
    theme: str
    title: str
    provider: str
    pounds: int
    outcomes: tuple[str, ...]
    targets: Numbers
    starts: date
    ends: date
    reports: Mapping[str, Report]

    @property
    def quarters(self) -> list[str]:
        """The quarters in which it runs."""
        return quarters.between(self.starts, self.ends)

    def due(self, quarter: str) -> date:
        """The day by which the report of a quarter is due."""
        return min(quarters.last_day(quarter), self.ends) + REPORTS_WITHIN

    def began(self, quarter: str) -> date:
        """The first day of a quarter on which it runs."""
        return max(quarters.first_day(quarter), self.starts)

    def missing(self, today: date) -> list[str]:
        """The quarters whose report is late."""
        return [one for one in self.quarters if one not in self.reports and self.due(one) < today]


# --- changing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed with the provider of a project."""

    title: str
    provider: str
    pounds: int
    outcomes: Sequence[str]
    targets: Numbers
    starts: date
    ends: date


def begin(
    connection: Connection,
    row: Row[Any],
    agreed: Agreement,
    *,
    answer: str,
    members: tuple[int, int],
    now: datetime,
) -> None:
    """End a locked issue in a project, with the answer of the body that has it.

    `members` are who proposed it and who agreed. Raises NotPossible.
    """
    check(connection, row, agreed, now)
    themes.begin_project(
        connection, row,
        provider=agreed.provider, answer=answer, day=agreed.starts, members=members, now=now,
    )  # fmt: skip
    values = {
        "issue_id": row.id,
        "title": agreed.title,
        "provider": agreed.provider,
        "pounds": agreed.pounds,
        "outcomes": list(agreed.outcomes),
        "targets": dict(agreed.targets),
        "starts": agreed.starts.isoformat(),
        "ends": agreed.ends.isoformat(),
        "created": now,
    }
    made = project.insert().values(**values).returning(project.c.id)
    number = int(connection.execute(made).scalar_one())
    actor, identity = f"staff:{members[1]}", themes.identity_of(row.panel)
    note(connection, now, actor, "begin project", None, identity, project=number)


def check(connection: Connection, row: Row[Any], agreed: Agreement, now: datetime) -> None:
    """Raises NotPossible where a locked issue cannot end in this project."""
    if not agreed.starts <= agreed.ends <= agreed.starts + LONGEST:
        raise NotPossible("A project ends after its first day, within two years.")
    if any(disagreements(agreed.targets)):
        raise NotPossible("The agreed numbers do not fit together.")
    themes.check_project(connection, row, agreed.starts, now)


def report(
    engine: Engine,
    project_id: int,
    quarter: str,
    numbers: Numbers,
    *,
    seen: int,
    today: date,
    now: datetime,
    actor: str,
) -> None:
    """Store the report of a quarter, or correct it. `seen` is its version in the form, 0 for none.

    Raises NotPossible, also where somebody else was first and reported other numbers.
    """
    if any(mistakes(numbers)):
        raise NotPossible("The numbers of this report do not add up.")

    def work(connection: Connection) -> None:
        row = connection.execute(
            select(project).where(project.c.id == project_id).with_for_update()
        ).first()
        found = None if row is None else _project(connection, row)
        if found is None or quarter not in found.quarters:
            raise NotPossible("The project does not run in this quarter.")
        if today < found.began(quarter):
            raise NotPossible("This quarter has not begun yet.")
        known = found.reports.get(quarter)
        if known is not None and known.numbers == numbers:
            return  # sent twice
        if (known.version if known else 0) != seen:
            raise NotPossible("Somebody else has changed this report. Look at it again.")
        values = {**numbers, "version": seen + 1, "changed": now}
        if known is None:
            new = project_report.insert().values(project_id=project_id, quarter=quarter, **values)
            connection.execute(new)
        else:
            mine = project_report.update().where(
                project_report.c.project_id == project_id, project_report.c.quarter == quarter
            )
            connection.execute(mine.values(**values))
        action: AuditAction = "correct project" if known else "report project"
        identity = themes.identity_of(found.panel)
        note(connection, now, actor, action, None, identity, project=project_id, quarter=quarter)

    write(engine, work)


def mistakes(numbers: Numbers) -> dict[str, str]:
    """What does not add up in a report, by the number to correct."""
    found = {}
    if numbers["families"] > numbers["people"]:
        found["people"] = "There are more families than people. Each family is one person or more"
    if numbers["with_caf"] > numbers["families"]:
        found["with_caf"] = "There are more families with a CAF than families"
    for part, words in _PARTS.items():
        pieces = [numbers[f"{part}_{one}"] for one in ("better", "same", "worse")]
        if sum(pieces) > numbers["people"]:
            found[f"{part}_better"] = (
                f"{words}: better, the same and worse make {sum(pieces)}, "
                f"but {numbers['people']} people took part"
            )
    return found


def disagreements(agreed: Numbers) -> dict[str, str]:
    """What does not fit in the agreed numbers, by the number to correct; each may be left out."""
    people = agreed.get("people", MOST)
    families = agreed.get("families", people)
    found = {}
    if families > people:
        found["people"] = "Fewer people than families are agreed. Each family is one person or more"
    if agreed.get("with_caf", 0) > min(families, people):
        found["with_caf"] = "More families with a CAF than families are agreed"
    for part, words in _PARTS.items():
        if agreed.get(f"{part}_better", 0) > people:
            found[f"{part}_better"] = f"{words}: better for more people than are agreed"
    return found


# --- reading --------------------------------------------------------------------------------------


def project_of(engine: Engine, project_id: int) -> Project | None:
    with read(engine) as connection:
        row = connection.execute(select(project).where(project.c.id == project_id)).first()
        return None if row is None else _project(connection, row)


def project_for(engine: Engine, issue_id: int) -> Project | None:
    """The project that an issue ended in."""
    with read(engine) as connection:
        row = connection.execute(select(project).where(project.c.issue_id == issue_id)).first()
        return None if row is None else _project(connection, row)


def projects(engine: Engine, panel: str) -> list[Project]:
    """The projects of a panel, the newest first."""
    query = (
        select(project)
        .join(theme_issue, theme_issue.c.id == project.c.issue_id)
        .where(theme_issue.c.panel == panel)
        .order_by(project.c.starts.desc(), project.c.id.desc())
    )
    with read(engine) as connection:
        return [_project(connection, row) for row in connection.execute(query).all()]


def late(engine: Engine, panel: str, today: date) -> list[tuple[Project, str]]:
    """The reports that are late, each as its project and quarter, the oldest first."""
    found = [(one, quarter) for one in projects(engine, panel) for quarter in one.missing(today)]
    return sorted(found, key=lambda pair: (pair[1], pair[0].id))


def _project(connection: Connection, row: Row[Any]) -> Project:
    issue = connection.execute(
        select(theme_issue.c.panel, theme_issue.c.theme).where(theme_issue.c.id == row.issue_id)
    ).one()
    mine = select(project_report).where(project_report.c.project_id == row.id)
    reports = {one.quarter: _report(one) for one in connection.execute(mine)}
    return Project(
        id=row.id,
        issue_id=row.issue_id,
        panel=issue.panel,
        theme=issue.theme,
        title=row.title,
        provider=row.provider,
        pounds=row.pounds,
        outcomes=tuple(row.outcomes),
        targets=dict(row.targets),
        starts=date.fromisoformat(row.starts),
        ends=date.fromisoformat(row.ends),
        reports=reports,
    )


def _report(row: Row[Any]) -> Report:
    numbers = {name: getattr(row, name) for name in PROJECT_NUMBERS}
    return Report(row.quarter, numbers, row.version, row.changed)


# --- its year on one page -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the year. A figure is None where the quarter has no report."""

    label: str
    figures: tuple[Figure | None, ...]
    agreed: int | None

    @property
    def words(self) -> list[str]:
        """The figures, and their sum, as the page and the file say them."""
        reported = [one for one in self.figures if one is not None]
        cells = [_NO_REPORT if one is None else themes.cell(one) for one in self.figures]
        return [*cells, themes.cell(total(reported)) if reported else _NO_REPORT]


def year(found: Project, safe: Callable[[int], Figure] = from_five) -> list[Line]:
    """The quarters of a project side by side, in numbers that are safe to be passed on."""
    reports = [found.reports.get(one) for one in found.quarters]
    return [
        Line(
            label,
            tuple(safe(one.numbers[name]) if one else None for one in reports),
            found.targets.get(name),
        )
        for name, label in LABELS.items()
    ]


def columns(found: Project) -> list[str]:
    """The names of the columns of the year; the sum says how many quarters are in it."""
    own = found.quarters
    known = sum(one in found.reports for one in own)
    together = "Together" if known == len(own) else f"Together, {known} of {len(own)} reports"
    return [*map(quarters.words, own), together]


def csv(found: Project) -> bytes:
    """The same page as a file, in the same words."""
    header = ("Number", *columns(found), "Agreed")
    rows = [
        (line.label, *line.words, "–" if line.agreed is None else line.agreed)
        for line in year(found)
    ]
    return csv_of(header, rows)
