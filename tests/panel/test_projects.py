"""Projects: begun once, reported each quarter in numbers that add up, their year in safe ones."""

import random
from datetime import date, timedelta

import pytest

from portal.bookings.locking import NotPossible
from portal.database import audit
from portal.database.tables import PROJECT_NUMBERS
from portal.panel import projects, themes
from portal.panel.projects import Agreement
from tests.support.made import NOW
from tests.support.panels import begin_project, report_gap

AGREED = Agreement(
    title="Mobile creche",
    provider="Pendle Playbus",
    pounds=9600,
    outcomes=("40 families use the creche", "Parents stay on their course"),
    targets={"families": 40},
    starts=date(2027, 1, 11),
    ends=date(2027, 12, 17),
)
GOOD = {
    "families": 12, "people": 31, "with_caf": 3,
    "attendance_better": 8, "attendance_same": 5, "attendance_worse": 0,
    "behaviour_better": 6, "behaviour_same": 6, "behaviour_worse": 1,
}  # fmt: skip


def begin(engine, agreed=AGREED):
    for _ in range(3):
        number = report_gap(engine)
    return begin_project(engine, themes.issue_of(engine, number), agreed)


def report(engine, project, quarter="2027-Q1", numbers=GOOD, seen=0, today=date(2028, 1, 5)):
    given = {"seen": seen, "today": today, "now": NOW, "actor": "staff:1"}
    projects.report(engine, project.id, quarter, numbers, **given)
    return projects.project_of(engine, project.id)


def test_an_issue_ends_in_one_project(engine) -> None:
    """The issue notes the answer and the project, and a second project is refused."""
    found = begin(engine)
    issue = themes.issue_of(engine, found.issue_id)

    assert issue.state == "project"
    assert [(one.body, one.answer, one.owner) for one in issue.steps] == [
        ("panel", "We pay for a creche", ""),
        ("project", "", "Pendle Playbus"),
    ]
    assert projects.project_for(engine, issue.id) == found
    assert (found.panel, found.theme, found.outcomes) == ("pendle", "childcare", AGREED.outcomes)
    other = Agreement(**{**vars_of(AGREED), "title": "Another"})
    with pytest.raises(NotPossible, match="has a project already"):
        begin_project(engine, issue, other)
    given = {"seen": issue.version, "now": NOW, "actor": "staff:1"}
    themes.close(engine, issue.id, answer="It worked", **given)
    assert themes.issue_of(engine, issue.id).steps[-1].answer == "It worked"
    assert [one.action for one in audit.log(engine)] == [
        "close theme", "begin project", "propose theme", "raise theme",
    ]  # fmt: skip


def test_a_project_begins_after_the_step_before(sqlite) -> None:
    """Its first day is not before the day on which the body got the theme that agreed it."""
    for _ in range(3):
        number = report_gap(sqlite)
    early = Agreement(**{**vars_of(AGREED), "starts": NOW.date() - timedelta(days=1)})
    with pytest.raises(NotPossible, match="cannot begin before"):
        begin_project(sqlite, themes.issue_of(sqlite, number), early)


@pytest.mark.parametrize("ends", [AGREED.starts - timedelta(days=1), date(2029, 2, 1)])
def test_a_project_has_an_end(sqlite, ends) -> None:
    """It ends after its first day, and within two years."""
    with pytest.raises(NotPossible, match="within two years"):
        begin(sqlite, Agreement(**{**vars_of(AGREED), "ends": ends}))


def vars_of(agreed):
    return {name: getattr(agreed, name) for name in Agreement.__dataclass_fields__}


def test_reports_of_a_year(engine) -> None:
    """A report is stored once, is late four weeks after its quarter, and can be corrected."""
    project = begin(engine)
    assert project.quarters == ["2027-Q1", "2027-Q2", "2027-Q3", "2027-Q4"]
    assert project.due("2027-Q1") == date(2027, 4, 28)
    assert project.due("2027-Q4") == date(2028, 1, 14)
    assert project.missing(date(2027, 4, 28)) == []
    assert projects.late(engine, "pendle", date(2027, 4, 29)) == [(project, "2027-Q1")]

    project = report(engine, project)
    assert report(engine, project, seen=0) == project  # sent twice
    assert projects.late(engine, "pendle", date(2027, 4, 29)) == []
    with pytest.raises(NotPossible, match="Somebody else has changed this report"):
        report(engine, project, numbers=GOOD | {"families": 13}, seen=0)
    project = report(engine, project, numbers=GOOD | {"families": 13}, seen=1)

    assert project.reports["2027-Q1"].numbers["families"] == 13
    assert project.reports["2027-Q1"].version == 2
    assert [one.action for one in audit.log(engine)][:2] == ["correct project", "report project"]


def test_a_report_of_another_time(sqlite) -> None:
    """A quarter that has not begun, or in which the project does not run, has no report."""
    project = begin(sqlite)
    with pytest.raises(NotPossible, match="has not begun"):
        report(sqlite, project, "2027-Q1", today=date(2027, 1, 10))
    for quarter in ("2026-Q4", "2028-Q1", "never"):
        with pytest.raises(NotPossible, match="does not run"):
            report(sqlite, project, quarter)


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"families": 32}, "people", "more families than people"),
        ({"with_caf": 13}, "with_caf", "more families with a CAF than families"),
        ({"attendance_worse": 19}, "attendance_better", "make 32, but 31 people"),
        ({"behaviour_same": 30}, "behaviour_better", "Behaviour: better, the same and worse"),
    ],
)
def test_numbers_that_do_not_add_up(sqlite, wrong, field, words) -> None:
    """Each is said in words beside the number to correct, and is never stored."""
    assert projects.mistakes(GOOD) == {}
    found = projects.mistakes(GOOD | wrong)

    assert [*found] == [field]
    assert words in found[field]
    with pytest.raises(NotPossible, match="do not add up"):
        report(sqlite, begin(sqlite), numbers=GOOD | wrong)


def test_the_year_on_one_page(sqlite) -> None:
    """S97: quarters side by side with what was agreed; no number under 5 leaves the panel."""
    project = report(sqlite, begin(sqlite))
    project = report(sqlite, project, "2027-Q3", GOOD | {"families": 14})
    lines = {one.label: one for one in projects.year(project)}
    families = lines["Families"]

    assert [one and one.words for one in families.figures] == ["10", None, "15", None]
    assert (families.words[-1], families.agreed) == ("25", 40)
    assert lines["Families with a CAF in place"].words[0] == "under 5"
    assert lines["Families with a CAF in place"].words[-1] == "under 5"
    text = projects.csv(project).decode("utf-8-sig")
    assert '"Families","10","no report yet","15","no report yet","25","40"' in text
    assert '"Together, 2 of 4 reports"' in text
    assert text.count("\r\n") == 1 + len(PROJECT_NUMBERS)


def test_a_year_without_reports_has_no_sum(sqlite) -> None:
    """A quarter that has not reported is not a nought, on the page and in the file."""
    project = begin(sqlite)

    assert {*projects.year(project)[0].words} == {"no report yet"}
    assert '"0"' not in projects.csv(project).decode("utf-8-sig")
    assert projects.columns(project)[-1] == "Together, 0 of 4 reports"


@pytest.mark.parametrize(
    ("agreed", "field"),
    [
        ({"families": 20, "with_caf": 30}, "with_caf"),
        ({"people": 20, "with_caf": 21}, "with_caf"),
        ({"families": 20, "people": 19}, "people"),
        ({"people": 20, "attendance_better": 21}, "attendance_better"),
        ({"people": 20, "behaviour_better": 21}, "behaviour_better"),
        ({"families": 20, "behaviour_better": 21, "with_caf": 20}, None),
    ],
)
def test_agreed_numbers_fit_together(agreed, field) -> None:
    """What is agreed can be reached: a part is not larger than the whole that is agreed."""
    assert [*projects.disagreements(agreed)] == ([field] if field else [])


def test_no_hidden_number_can_be_worked_out() -> None:
    """S97: each number that is hidden could be 0, whatever the other numbers of the report are."""
    chance = random.Random(97)
    tried = 0
    while tried < 100:
        numbers = {name: chance.randint(0, 9) for name in PROJECT_NUMBERS}
        numbers["people"] += 9
        if projects.mistakes(numbers):
            continue
        tried += 1
        without = {name: 0 if number < 5 else number for name, number in numbers.items()}

        assert projects.mistakes(without) == {}
        assert [*map(projects.from_five, numbers.values())] == [
            *map(projects.from_five, without.values())
        ]
