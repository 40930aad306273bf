"""Themes of a Resource Panel: counts to print and pass on, and thematic issues on their way up.

The counts show no small number (S97). The issues are for members of the panel, and are left out of
what is printed. What an issue ends in is in `panel_projects`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, ClassVar

from flask import redirect, request
from sqlalchemy import Engine
from werkzeug.wrappers import Response as Answered

from portal.bookings.locking import NotPossible
from portal.bookings.unnamed import refusal
from portal.database import write
from portal.database.audit import note, staff_names
from portal.directory import quarters
from portal.directory.values import LONDON, day_words
from portal.directory.vocabularies import GAP_THEMES, NEEDS
from portal.panel import projects, proposals, themes
from portal.panel.themes import Counted, Issue
from portal.staff.accounts import Staff
from portal.web.live.context import live
from portal.web.live.forms.answers import Answer, Lines
from portal.web.staff.access import May, current, now, of_panel, staff_route
from portal.web.staff.forms import Day, StaffForm
from portal.web.staff.register import as_file
from portal.web.staff.scope import attempt
from portal.web.staff.screens import PANEL, page, refuse

DISTRICT = f"{PANEL}/<district>"
_AHEAD = timedelta(days=183)
ISSUE = f"{DISTRICT}/issues/<int(max=2147483647):issue>"

Found = Callable[[Engine, int], Any]


def of_record(part: str, find: Found, words: str) -> May:
    """Members of the panel of the district, if the record that `part` names is of this panel."""

    def allows(staff: Staff, parts: Mapping[str, Any]) -> bool:
        if not staff.sits_on(str(parts["district"]), live().directory):
            return False
        with live().database() as engine:
            found = find(engine, parts[part])
        return found is not None and found.panel == parts["district"]

    return replace(of_panel(), words=f"members of the panel, {words}", allows=allows)


OF_ISSUE = of_record("issue", themes.issue_of, "about its themes")


def bodies(district: str) -> dict[str, str]:
    """The names of the panel and of the bodies above it; also where the panel has gone."""
    found = live().directory.district(district)
    return themes.body_names(found.panel if found else None)


def theme_words(theme: str) -> str:
    return GAP_THEMES.get(theme, "An earlier theme")


def seen() -> int:
    """The version that the form showed; -1 if it names none."""
    text = request.form.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


class AboutNobody(StaffForm):
    """A form whose words name no family and no worker."""

    anonymous: ClassVar[tuple[str, ...]] = ()

    def validate(self, extra_validators: object = None) -> bool:
        super().validate(extra_validators)
        for name in self.anonymous:
            one = self.answer(name)
            one.blame(refusal(one.text))
        return self.well


# --- counts ---------------------------------------------------------------------------------------


def _counts(district: str) -> themes.Counts:
    today = now().astimezone(LONDON).date()
    with live().database() as engine:
        return themes.counts(engine, district, themes=GAP_THEMES, needs=NEEDS, today=today)


@staff_route(f"{DISTRICT}/themes", may=of_panel())
def themes_page(district: str) -> Answered:
    """The counts, and for members what is on its way up."""
    with live().database() as engine:
        issues = themes.issues(engine, district)
        running = projects.projects(engine, district)
        late = late_reports(engine, district)
    counts = _counts(district)
    return page(
        "staff/panel_themes.html",
        "Themes",
        back=f"{PANEL}/{district}",
        names=bodies(district),
        path=f"{PANEL}/{district}",
        issues=[(one, theme_words(one.theme), state_words(one)) for one in issues],
        projects=running,
        late=late,
        quarters=[quarters.words(one) for one in counts.quarters],
        cell=themes.cell,
        tables=[
            (label, *_shown(lines))
            for label, lines in (("Theme", counts.themes), ("Need", counts.needs))
        ],
    )


@dataclass(frozen=True, slots=True)
class Late:
    """The report of a project that is late, for a list of links."""

    path: str
    words: str
    due: date


def late_reports(engine: Engine, district: str) -> list[Late]:
    """The reports that are late for the panel of a district, the oldest first."""
    today = now().astimezone(LONDON).date()
    return [
        Late(
            f"{PANEL}/{district}/projects/{one.id}/{quarter}",
            f"{one.title}, {quarters.words(quarter)}",
            one.due(quarter),
        )
        for one, quarter in projects.late(engine, district, today)
    ]


def _shown(lines: tuple[Counted, ...]) -> tuple[list[Counted], list[str]]:
    """The lines with a number, and the names of the others."""
    return [one for one in lines if one.shows], [one.name for one in lines if not one.shows]


@staff_route(f"{DISTRICT}/themes.csv", may=of_panel())
def themes_file(district: str) -> Answered:
    return as_file(themes.csv(_counts(district)), f"themes-{district}-{now():%Y-%m-%d}.csv")


def state_words(issue: Issue) -> str:
    """Who has an issue, and since when."""
    names, last = bodies(issue.panel), issue.steps[-1]
    if issue.state == "closed" and issue.closed:
        return f"Closed on {day_words(issue.closed.astimezone(LONDON).date())}"
    if issue.state == "project":
        return f"A project from {day_words(last.day)}"
    if last.day > now().astimezone(LONDON).date():
        return f"It goes to the {names[issue.state]} on {day_words(last.day)}"
    here = f"The {names[issue.state]} has had it since {day_words(last.day)}"
    return f"{here}. Nobody has taken it further yet" if issue.state == "panel" else here


def owner_words(issue: Issue) -> str:
    """Who answers for an issue where it is."""
    return issue.steps[-1].owner or bodies(issue.panel)["panel"]


# --- one issue ------------------------------------------------------------------------------------


def found_issue(number: int) -> Issue | None:
    with live().database() as engine:
        return themes.issue_of(engine, number)


def path_of(issue: Issue) -> str:
    return f"{PANEL}/{issue.panel}/issues/{issue.id}"


@staff_route(ISSUE, may=OF_ISSUE)
def issue_page(district: str, issue: int) -> Answered:
    """The steps of an issue, the gaps that are part of it, and what can be done with it."""
    found = found_issue(issue)
    if found is None:
        return refuse()
    with live().database() as engine:
        project = projects.project_for(engine, found.id)
        references = themes.references(engine, found.id)
        proposed = proposals.proposal_of(engine, found.id)
        staff = staff_names(engine)
        write(
            engine,
            lambda connection: note(
                connection, now(), current().actor, "read theme",
                series=themes.identity_of(district), issue=found.id,
            ),
        )  # fmt: skip
    names = bodies(district)
    return page(
        "staff/panel_issue.html",
        theme_words(found.theme),
        back=f"{PANEL}/{district}/themes",
        issue=found,
        names=names,
        above=names.get(found.above, ""),
        state=state_words(found),
        path=path_of(found),
        panel_path=f"{PANEL}/{district}",
        references=references,
        project=project,
        proposed=proposed,
        labels=projects.LABELS,
        mine=proposed is not None and proposed.by == current().id,
        staff=staff,
        begins=isinstance(proposed.step, proposals.Begin) if proposed else False,
        later=found.state not in ("project", "closed")
        and found.steps[-1].day > now().astimezone(LONDON).date(),
        done=request.args.get("done", ""),
    )


def propose(issue: Issue, step: proposals.Step) -> Answered:
    """Propose a step of an issue, and go back to its page. Raises NotPossible."""
    with live().database() as engine:
        proposals.propose(engine, issue.id, step, seen=seen(), by=current().id, now=now())
    return redirect(f"{path_of(issue)}?done=proposed", 303)


@staff_route(f"{ISSUE}/agree", may=OF_ISSUE, methods=("POST",))
def agree(district: str, issue: int) -> Answered:
    """Agree the step that another member proposed. Pressing twice does no harm."""
    path = f"{PANEL}/{district}/issues/{issue}"

    def verb() -> None:
        with live().database() as engine:
            proposals.agree(engine, issue, seen=seen(), by=current().id, now=now())

    return attempt(verb, path) or redirect(f"{path}?done=agreed", 303)


@staff_route(f"{ISSUE}/drop", may=OF_ISSUE, methods=("POST",))
def drop(district: str, issue: int) -> Answered:
    """Drop the step that is proposed."""
    path = f"{PANEL}/{district}/issues/{issue}"

    def verb() -> None:
        with live().database() as engine:
            proposals.drop(engine, issue, seen=seen(), by=current().id, now=now())

    return attempt(verb, path) or redirect(f"{path}?done=dropped", 303)


def said_field(label: str) -> Lines:
    return Lines(
        label,
        what="the answer",
        missing="Write the answer",
        longest=1000,
        hint="One or two sentences. Do not write about one family.",
    )


class UpForm(AboutNobody):
    """The answer of the body that deals with the issue, and who answers for it in the next one."""

    asked = ("said", "owner", "day")
    anonymous = ("said", "owner")

    said = said_field("What was the answer?")
    owner = Answer(
        "Who answers for it there?",
        what="the role",
        missing="Enter the role of the person",
        longest=80,
        hint="A role and not a name, such as Head of early help.",
        autocomplete="off",
    )
    day = Day("On which day does it go there?", what="the day", missing="Enter the day")

    def judge(self, issue: Issue) -> int | None:
        """The status of a form to be shown again, as `refused`; the day fits the steps."""
        status, day = self.refused(), self.day.data
        began, latest = issue.steps[-1].day, now().astimezone(LONDON).date() + _AHEAD
        if isinstance(day, date) and not began <= day <= latest:
            self.day.blame(f"Enter a day from {day_words(began)} to {day_words(latest)}")
            return status or 422
        return status


class CloseForm(AboutNobody):
    """The last answer."""

    asked = ("said",)
    anonymous = ("said",)

    said = said_field("What was the answer?")


def step_page(
    issue: Issue, form: StaffForm, title: str, status: int, *, lead: str, button: str
) -> Answered:
    """A form that takes an issue one step on."""
    version = request.form.get("seen", "") if request.method == "POST" else str(issue.version)
    return page(
        "staff/panel_form.html",
        title,
        status,
        error=status >= 400,
        back=path_of(issue),
        form=form,
        lead=lead,
        button_words=button,
        more=[("seen", version)],
    )


def asks_whom(form: StaffForm, issue: Issue) -> None:
    """Name the body whose answer is asked for."""
    body = bodies(issue.panel)[issue.body]
    if issue.body == "project":
        form.answer("said").plain_words = "What came of the project?"
    else:
        form.answer("said").plain_words = f"What did the {body} answer?"


@staff_route(f"{ISSUE}/up", may=OF_ISSUE, methods=("GET", "POST"), refills=True, keeps="an answer")
def send_up(district: str, issue: int) -> Answered:
    """Propose to take an issue to the body above."""
    found = found_issue(issue)
    if found is None:
        return refuse()
    form, names = UpForm(), bodies(district)
    asks_whom(form, found)
    if request.method != "POST":
        if not found.above:
            return redirect(path_of(found), 303)
        form = UpForm(formdata=None, day=now().astimezone(LONDON).date())
        asks_whom(form, found)
    status = form.judge(found) if request.method == "POST" else 200
    if status is None:
        try:
            return propose(found, proposals.Up(form.said.data, form.owner.data, form.day.data))
        except NotPossible as error:
            form.trouble, status = str(error).removesuffix("."), 409
    above = names.get(found.above, names["board"])
    return step_page(
        found,
        form,
        f"Take it to the {above}",
        status,
        lead=f"{theme_words(found.theme)}. Another member has to agree. We send nothing to the "
        f"{above}: somebody from the panel has to take it there. It cannot go back after this.",
        button="Propose it",
    )


@staff_route(
    f"{ISSUE}/close", may=OF_ISSUE, methods=("GET", "POST"), refills=True, keeps="an answer"
)
def close(district: str, issue: int) -> Answered:  # noqa: ARG001  the guard reads it
    """Close an issue with the last answer."""
    found = found_issue(issue)
    if found is None:
        return refuse()
    if request.method != "POST" and found.state == "closed":
        return redirect(path_of(found), 303)
    form = CloseForm()
    asks_whom(form, found)
    status = form.refused() if request.method == "POST" else 200
    if status is None:
        try:
            with live().database() as engine:
                given: dict[str, Any] = {
                    "seen": seen(), "now": now(), "actor": current().actor,
                }  # fmt: skip
                themes.close(engine, issue, answer=form.said.data, **given)
        except NotPossible as error:
            form.trouble, status = str(error).removesuffix("."), 409
        else:
            return redirect(path_of(found), 303)
    return step_page(
        found,
        form,
        "Close this theme",
        status,
        lead=f"{theme_words(found.theme)}. Three more gaps raise it again. "
        "Practitioners whose forms were passed on read the answer.",
        button="Close it",
    )
