"""Projects of a Resource Panel: the agreement, a report each quarter, and the year on one page.

Members report and correct numbers as they are. The year on one page is made to be printed and
passed on, and shows no small number (S97).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response as Answered

from portal.bookings.locking import NotPossible
from portal.directory import quarters
from portal.directory.values import LONDON, day_words
from portal.panel import projects
from portal.panel.projects import AGREED, LABELS, Agreement, Project
from portal.panel.proposals import Begin
from portal.panel.themes import Issue
from portal.web.live.context import live
from portal.web.live.forms.answers import Answer, Lines, Whole
from portal.web.live.forms.family import Group
from portal.web.staff.access import current, now, staff_route
from portal.web.staff.forms import Day, StaffForm
from portal.web.staff.panel_themes import (
    DISTRICT,
    ISSUE,
    OF_ISSUE,
    AboutNobody,
    asks_whom,
    bodies,
    found_issue,
    of_record,
    path_of,
    propose,
    said_field,
    seen,
    step_page,
    theme_words,
)
from portal.web.staff.register import as_file
from portal.web.staff.screens import PANEL, page, refuse

PROJECT = f"{DISTRICT}/projects/<int(max=2147483647):project>"
OF_PROJECT = of_record("project", projects.project_of, "about its projects")
DEAREST = 1_000_000  # pounds
MOST_OUTCOMES = 8


def _today() -> date:
    return now().astimezone(LONDON).date()


def project_path(found: Project) -> str:
    return f"{PANEL}/{found.panel}/projects/{found.id}"


def _found(number: int) -> Project | None:
    with live().database() as engine:
        return projects.project_of(engine, number)


# --- the agreement --------------------------------------------------------------------------------


def _target(label: str) -> Whole:
    return Whole(label, what="the agreed number", least=1, most=projects.MOST)


class ProjectForm(AboutNobody):
    """What was agreed with the provider, and the answer that led to it."""

    anonymous = ("said", "outcomes")

    said = said_field("What was the answer?")
    title = Answer(
        "Name of the project",
        what="the name",
        missing="Enter the name of the project",
        longest=120,
        hint="Such as Mobile creche.",
        autocomplete="off",
    )
    provider = Answer(
        "Who provides it?",
        what="the provider",
        missing="Enter the name of the organisation",
        longest=120,
        autocomplete="off",
    )
    pounds = Whole(
        "Sum, in pounds",
        what="the sum",
        missing="Enter the sum, or 0 if it costs nothing",
        most=DEAREST,
        width="w8",
        hint="Money agreed with the provider for this project. It is not of the panel's budget.",
    )
    starts = Day("First day", what="the first day", missing="Enter the first day")
    ends = Day("Last day", what="the last day", missing="Enter the last day")
    outcomes = Lines(
        "Agreed outcomes",
        what="the outcomes",
        missing="Write one outcome or more",
        longest=1000,
        hint=f"One to a line, {MOST_OUTCOMES} at most. They are shown beside the reports.",
    )
    families = _target(LABELS["families"])
    people = _target(LABELS["people"])
    with_caf = _target(LABELS["with_caf"])
    attendance_better = _target(LABELS["attendance_better"])
    behaviour_better = _target(LABELS["behaviour_better"])

    def groups(self) -> Sequence[Group]:
        agreed = [self.title, self.provider, self.pounds, self.starts, self.ends, self.outcomes]
        return [
            Group("", [self.said]),
            Group("The agreement", agreed),
            Group("Agreed numbers, for all quarters together", [*map(self.answer, AGREED)]),
        ]

    def validate(self, extra_validators: object = None) -> bool:
        super().validate(extra_validators)
        if len(self.lines) > MOST_OUTCOMES:
            self.outcomes.blame(f"Write {MOST_OUTCOMES} outcomes at most, one to a line")
        first, last = self.starts.data, self.ends.data
        if first and last and last < first:
            self.ends.blame("Enter a last day that is not before the first day")
        elif first and last and last > first + projects.LONGEST:
            self.ends.blame("Enter a last day within two years of the first day")
        if self.well:
            for name, words in projects.disagreements(self.targets()).items():
                self.answer(name).blame(words)
        return self.well

    def judge(self, issue: Issue) -> int | None:
        """The status of a form to be shown again, as `refused`; the first day fits the steps."""
        status, first, before = self.refused(), self.starts.data, issue.steps[-1].day
        if isinstance(first, date) and first < before:
            self.starts.blame(f"Enter a first day from {day_words(before)}, the day of this step")
            return status or 422
        return status

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in (self.outcomes.data or "").split("\n") if line.strip()]

    def targets(self) -> dict[str, int]:
        numbers = {name: self.answer(name).data for name in AGREED}
        return {name: number for name, number in numbers.items() if number}

    def agreement(self) -> Agreement:
        return Agreement(
            self.title.data,
            self.provider.data,
            self.pounds.data,
            self.lines,
            self.targets(),
            self.starts.data,
            self.ends.data,
        )


@staff_route(
    f"{ISSUE}/project", may=OF_ISSUE, methods=("GET", "POST"), refills=True, keeps="a project"
)
def begin(district: str, issue: int) -> Answered:  # noqa: ARG001  the guard reads it
    """Propose to end an issue in a project."""
    found = found_issue(issue)
    if found is None:
        return refuse()
    if request.method != "POST" and found.state in ("project", "closed"):
        return redirect(path_of(found), 303)
    form = ProjectForm()
    asks_whom(form, found)
    status = form.judge(found) if request.method == "POST" else 200
    if status is None:
        try:
            return propose(found, Begin(form.said.data, form.agreement()))
        except NotPossible as error:
            form.trouble, status = str(error).removesuffix("."), 409
    return step_page(
        found,
        form,
        "Begin a project",
        status,
        lead=f"{theme_words(found.theme)}. The project reports its numbers each quarter. "
        "Another member has to agree.",
        button="Propose it",
    )


# --- reports --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A quarter of a project, as its page lists it."""

    quarter: str
    words: str
    state: str
    late: bool
    action: str  # the words of the link to the form; '' where there is nothing to report yet


def _rows(found: Project, today: date) -> Iterator[Row]:
    for quarter in found.quarters:
        report, due = found.reports.get(quarter), found.due(quarter)
        words = quarters.words(quarter)
        if report is not None:
            changed = report.changed.astimezone(LONDON).date()
            state = "Corrected on" if report.version > 1 else "Reported on"
            yield Row(quarter, words, f"{state} {day_words(changed)}", False, "Correct the report")
        elif today < found.began(quarter):
            yield Row(quarter, words, f"Begins on {day_words(found.began(quarter))}", False, "")
        else:
            state = f"{'Was due' if due < today else 'Due'} by {day_words(due)}"
            yield Row(quarter, words, state, due < today, "Report the numbers")


@staff_route(PROJECT, may=OF_PROJECT)
def project_page(district: str, project: int) -> Answered:
    """The agreement, and which quarters have a report."""
    found = _found(project)
    if found is None:
        return refuse()
    return page(
        "staff/panel_project.html",
        found.title,
        back=f"{PANEL}/{district}/themes",
        project=found,
        theme=theme_words(found.theme),
        path=project_path(found),
        issue_path=f"{PANEL}/{district}/issues/{found.issue_id}",
        rows=[*_rows(found, _today())],
        labels=LABELS,
        done=request.args.get("done", ""),
    )


def _number(name: str, label: str, of: str) -> Whole:
    what = f"the number of {of}"
    return Whole(
        label, what=what, missing=f"Enter {what}, or 0", most=projects.MOST, name=name, width="w4"
    )


class ReportForm(StaffForm):
    """The numbers of a quarter."""

    families = _number("families", "Families", "families")
    people = _number("people", "People in these families who took part", "people")
    with_caf = _number("with_caf", "Families with a CAF in place", "families with a CAF")
    attendance_better = _number("attendance_better", "Better", "people who attend better")
    attendance_same = _number("attendance_same", "The same", "people who attend the same")
    attendance_worse = _number("attendance_worse", "Worse", "people who attend worse")
    behaviour_better = _number("behaviour_better", "Better", "people who behave better")
    behaviour_same = _number("behaviour_same", "The same", "people who behave the same")
    behaviour_worse = _number("behaviour_worse", "Worse", "people who behave worse")

    def groups(self) -> Sequence[Group]:
        parts = {"attendance": "Attendance at school", "behaviour": "Behaviour at school"}
        taking = [self.families, self.people, self.with_caf]
        lead = "Count each person once, and leave out anybody you are not sure of."
        return [
            Group("Who took part in this quarter", taking),
            *(
                Group(title, [*map(self.answer, (f"{part}_{way}" for way in _WAYS))], lead)
                for part, title in parts.items()
            ),
        ]

    def validate(self, extra_validators: object = None) -> bool:
        super().validate(extra_validators)
        if self.well:
            for name, words in projects.mistakes(self.numbers()).items():
                self.answer(name).blame(words)
        return self.well

    def numbers(self) -> dict[str, int]:
        return {name: self.answer(name).data for name in LABELS}


_WAYS = ("better", "same", "worse")


@staff_route(
    f"{PROJECT}/<quarter>",
    may=OF_PROJECT,
    methods=("GET", "POST"),
    refills=True,
    keeps="the report of a project",
)
def report(district: str, project: int, quarter: str) -> Answered:  # noqa: ARG001  the guard reads it
    """Report the numbers of a quarter, or correct them."""
    found = _found(project)
    if found is None:
        return refuse()
    if quarter not in found.quarters or _today() < found.began(quarter):
        return _no_report(found, quarter)
    known = found.reports.get(quarter)
    if request.method == "POST":
        form = ReportForm()
        version = request.form.get("seen", "")
        status = form.refused()
    else:
        form = ReportForm(formdata=None, **(known.numbers if known else {}))
        version, status = str(known.version if known else 0), 200
    if status is None:
        try:
            _report(form, found, quarter)
        except NotPossible as error:
            form.trouble, status = str(error).removesuffix("."), 409
        else:
            return redirect(f"{project_path(found)}?done={quarter}", 303)
    return page(
        "staff/panel_form.html",
        f"{'Correct' if known else 'Report'} {quarters.words(quarter)}",
        status,
        error=status >= 400,
        back=project_path(found),
        form=form,
        lead=f"{found.title}. Numbers alone: write nothing about one family.",
        button_words="Save the report",
        more=[("seen", version)],
    )


def _no_report(found: Project, quarter: str) -> Answered:
    """Say why a quarter has no report, and when it can have one."""
    if quarter in found.quarters:
        words = f"You can report its numbers from {day_words(found.began(quarter))}."
        title, status = f"{quarters.words(quarter)} has not begun for this project", 409
    else:
        words = "Choose one of the quarters on the page of the project."
        title, status = "The project does not run in this quarter", 404
    return page("staff/explain.html", title, status, back=project_path(found), paragraphs=[words])


def _report(form: ReportForm, found: Project, quarter: str) -> None:
    given: dict[str, Any] = {"today": _today(), "now": now(), "actor": current().actor}
    with live().database() as engine:
        projects.report(engine, found.id, quarter, form.numbers(), seen=seen(), **given)


# --- the year -------------------------------------------------------------------------------------


@staff_route(f"{PROJECT}/year", may=OF_PROJECT)
def year(district: str, project: int) -> Answered:  # noqa: ARG001  the guard reads it
    """The quarters of a project side by side, in numbers to pass on."""
    found = _found(project)
    if found is None:
        return refuse()
    return page(
        "staff/panel_year.html",
        f"{found.title}: the year",
        back=project_path(found),
        project=found,
        names=bodies(found.panel),
        columns=projects.columns(found),
        lines=projects.year(found),
        path=project_path(found),
    )


@staff_route(f"{PROJECT}/year.csv", may=OF_PROJECT)
def year_file(district: str, project: int) -> Answered:
    found = _found(project)
    if found is None:
        return refuse()
    return as_file(projects.csv(found), f"project-{district}-{found.id}.csv")
