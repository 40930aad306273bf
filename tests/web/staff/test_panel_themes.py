"""Themes, thematic issues and projects at the pages for members of a Resource Panel."""

from datetime import UTC, datetime, timedelta

import pytest

from portal import database
from portal.panel import projects, themes
from tests.support.panels import put_gap, report_gap
from tests.support.staffed import Staffed

THEMES = "/staff/panel/preston/themes"
CHILDCARE = "Nursery, childcare or a creche"
AGREED = {
    "said": "We pay for a mobile creche.",
    "title": "Mobile creche",
    "provider": "Pendle Playbus",
    "pounds": "9600",
    "starts": "11 January 2027",
    "ends": "17/12/2027",
    "outcomes": "40 families use it\nParents stay on their course",
    "families": "40",
}
GOOD = {
    "families": "12", "people": "31", "with_caf": "3",
    "attendance_better": "8", "attendance_same": "5", "attendance_worse": "0",
    "behaviour_better": "6", "behaviour_same": "6", "behaviour_worse": "1",
}  # fmt: skip


@pytest.fixture
def place(tmp_path, directory):
    return Staffed(tmp_path, directory)


@pytest.fixture
def member(place):
    return place.signed_in("panel", title="Pat Hill")


@pytest.fixture
def other(place):
    return place.signed_in("panel", title="Kim Ash")


def agreed_by(other, screen):
    """The page of the theme after another member has agreed what is proposed there."""
    assert "Another member has to agree" in screen
    return other.open(screen.path).press("Agree")


@pytest.fixture
def issue(place):
    for _ in range(3):
        number = report_gap(place.engine, panel="preston", now=place.now)
    return number


def test_a_theme_goes_up_and_becomes_a_project(place, member, other, issue):
    """Each step has its day, owner and answer, and two members; the page says who has the theme,
    that nothing is sent, and whose money a project has."""
    screen = member.open(THEMES)
    assert "Preston Resource Panel has had it since Monday 4 January 2027" in screen
    screen = screen.follow(CHILDCARE).follow("Take it to the Early Support Sub Group")
    assert "What did the Preston Resource Panel answer?" in screen
    assert "We send nothing to the Early Support Sub Group: somebody" in screen
    answer = {"said": "No group here has a creche.", "owner": "Head of early help"}
    screen = screen.fill(**answer, day="Tuesday 5 January 2027").press("Propose it")
    assert "Agree" not in [one.text.strip() for one in screen.main.all("button")]
    screen = agreed_by(other, screen)
    assert "Early Support Sub Group: Head of early help" in screen
    assert "It goes to the Early Support Sub Group on Tuesday 5 January 2027" in screen
    assert "No group here has a creche." in screen
    assert "You can write its answer from Tuesday 5 January 2027" in screen
    assert "Take it to" not in screen
    place.now += timedelta(days=1)
    member.become(member.staff)
    other.become(other.staff)
    screen = member.open(screen.path).follow("Take it to the Preston Children's Trust Board")
    screen = screen.fill(said="No money here.", owner="Chair", day="5/1/2027").press("Propose it")
    dropped = other.open(screen.path).press("Drop the proposal")
    assert "The theme stays where it is" in dropped
    screen = dropped.follow("Take it to the Preston Children's Trust Board")
    screen = screen.fill(said="No money here.", owner="Chair", day="5/1/2027").press("Propose it")
    screen = agreed_by(member, screen)
    assert "Take it to" not in screen

    form = screen.follow("Begin a project")
    assert "It is not of the panel's budget" in form
    early = form.fill(**AGREED | {"starts": "4 January 2027"}).press("Propose it")
    assert "Enter a first day from Tuesday 5 January 2027" in early.beside["starts"]
    screen = agreed_by(other, form.fill(**AGREED).press("Propose it"))
    screen = screen.follow("Mobile creche")
    assert screen.heading == "Mobile creche"
    assert "Monday 11 January 2027 to Friday 17 December 2027" in screen
    assert "Parents stay on their course" in screen
    assert "Families: 40" in screen
    assert "It is not taken from the panel’s budget" in screen
    assert "A project from Monday 11 January 2027" in member.open(THEMES)
    assert [action for _, action in place.log()].count("send theme up") == 2


def test_quarters_are_reported_and_shown_on_one_page(place, member, other, issue):
    """A late report is listed, mistakes are beside their numbers, a report can be corrected, and
    the page of the year hides numbers under 5."""
    path = f"/staff/panel/preston/issues/{issue}/project"
    agreed_by(other, member.open(path).fill(**AGREED).press("Propose it"))
    project = member.open("/staff/panel/preston/projects/1")
    assert "Begins on Monday 11 January 2027" in project
    place.now = datetime(2027, 4, 29, 9, tzinfo=UTC)
    member.become(member.staff)
    soon = member.open(f"{project.path}/2027-Q3")
    assert (soon.status, "from Thursday 1 July 2027" in soon) == (409, True)
    assert member.open(f"{project.path}/2031-Q1").status == 404
    late = member.open(THEMES)
    assert "Late: 1 report of a project" in late
    form = late.follow("Mobile creche, January to March 2027")
    wrong = form.fill(**GOOD | {"behaviour_worse": "90", "people": ""}).press("Save the report")
    assert (wrong.status, wrong.beside["people"]) == (422, "Enter the number of people, or 0")
    wrong = form.fill(**GOOD | {"behaviour_worse": "90"}).press("Save the report")
    assert "make 102, but 31 people" in wrong.beside["behaviour_better"]
    saved = wrong.fill(behaviour_worse="1").press("Save the report")
    assert "The report is saved" in saved
    assert "Late:" not in member.open(THEMES)

    again = saved.follow("Correct the report of January to March 2027")
    assert dict(again.fields("Save the report"))["families"] == "12"
    assert "Corrected on" in again.fill(families="13").press("Save the report")
    stale = again.fill(families="14").press("Save the report")
    assert (stale.status, stale.problems[0][1]) == (
        409, "Somebody else has changed this report. Look at it again",
    )  # fmt: skip

    year = saved.follow("Its year on one page")
    assert "no report yet" in year
    assert "Together, 1 of 4 reports" in year
    assert "Parents stay on their course" in year
    row = [" ".join(one.text.split()) for one in year.main.all("tr")]
    assert "Families 15 no report yet no report yet no report yet 15 40" in row
    assert row[3].startswith("Families with a CAF in place under 5 no report")
    file = member.client.get(f"{year.path}.csv")
    assert '"Families","15","no report yet"' in file.text


def test_counts_are_safe_to_print(place, member):
    """S97: the tables and the file have no number under 5, and issues are not on paper."""

    def fill(connection):
        for number in (6, 3):
            for _ in range(number):
                put_gap(
                    connection,
                    "childcare" if number == 6 else "transport",
                    panel="preston",
                    needs=("young-carers",),
                    created=place.now - timedelta(days=60),
                )

    database.write(place.engine, fill)
    report_gap(place.engine, panel="preston", now=place.now)
    screen = member.open(THEMES)
    rows = [" ".join(one.text.split()) for one in screen.main.all("tr")]
    printed = [one for one in screen.main.all("section") if one.get("class") != "noprint"]

    assert f"{CHILDCARE} under 5 under 5 under 5 5 5+" in rows
    assert "Young carers under 5 under 5 under 5 10 10+" in rows
    assert len(rows) == 4
    assert "Themes on their way up" not in printed[0].text
    assert "Travel and transport" in screen
    file = member.client.get(f"{THEMES}.csv").text
    assert '"Travel and transport","under 5"' in file


def test_an_empty_panel(member):
    """Before the first gap the page says what will come here."""
    screen = member.open(THEMES)

    assert "No theme is on its way at the moment." in screen
    assert "No theme had 5 gaps or more" in screen


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"said": ""}, "said", "Write the answer"),
        ({"owner": "Mrs Patel"}, "owner", "a name"),
        ({"said": "Her number is 07700 900123."}, "said", "a phone number"),
        ({"day": "Monday 5 January 2027"}, "day", "is a Tuesday, not a Monday"),
        ({"day": "soon"}, "day", "Enter the day like"),
        ({"day": "3 January 2027"}, "day", "Enter a day from Monday 4 January 2027 to"),
        ({"day": "5 January 2072"}, "day", "to Tuesday 6 July 2027"),
    ],
)
def test_what_is_held_back(place, member, issue, given, field, words):
    """S92: an answer names nobody; what was typed comes back with the sentence to change."""
    whole = {"said": "No group has a creche.", "owner": "Chair", "day": "5 January 2027"}
    form = member.open(f"/staff/panel/preston/issues/{issue}/up")
    screen = form.fill(**whole | given).press("Propose it")

    assert screen.status == 422
    assert words in screen.beside[field]
    assert themes.issue_of(place.engine, issue).state == "panel"


def test_somebody_else_was_first(member, other, issue):
    """The second member keeps what was typed, and reads what happened."""
    path = f"/staff/panel/preston/issues/{issue}"
    form = member.open(f"{path}/close")
    proposed = other.open(f"{path}/up").fill(said="No", owner="Chair", day="4/1/2027")
    agreed_by(member, proposed.press("Propose it"))
    screen = form.fill(said="The nursery takes them.").press("Close it")

    assert screen.status == 409
    assert "Somebody else has changed this theme" in screen.problems[0][1]
    assert dict(screen.fields("Close it"))["said"] == "The nursery takes them."
    closed = other.open(f"{path}/close").fill(said="The nursery has room.").press("Close it")
    assert "Closed on Monday 4 January 2027" in closed
    assert "Close it" not in closed


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"ends": "10 January 2027"}, "ends", "not before the first day"),
        ({"ends": "1 March 2029"}, "ends", "within two years"),
        ({"outcomes": "\n".join("123456789")}, "outcomes", "8 outcomes at most"),
        ({"pounds": "many"}, "pounds", "as a number from 0 to 1,000,000"),
    ],
)
def test_an_agreement_that_makes_no_sense(place, member, issue, given, field, words):
    """It is refused with words beside the answer, and the issue stays where it is."""
    form = member.open(f"/staff/panel/preston/issues/{issue}/project")
    screen = form.fill(**AGREED | given).press("Propose it")

    assert screen.status == 422
    assert words in screen.beside[field]
    assert projects.project_for(place.engine, issue) is None


def test_who_may_not_see_a_theme(place, member, other, issue):
    """S97: a member of another panel, a worker without a panel and another footprint's manager get
    the same 403 for what is there and what is not; so does an issue under another district."""
    path = f"/staff/panel/preston/issues/{issue}"
    agreed_by(other, member.open(f"{path}/project").fill(**AGREED).press("Propose it"))
    project = "/staff/panel/preston/projects/1"
    others = [
        place.signed_in("panel", panels=["pendle"]),
        place.signed_in("worker"),
        place.signed_in("reader"),
        place.signed_in("manager", footprint="burnley-pendle"),
    ]
    paths = [THEMES, path, f"{path}/up", project, f"{project}/year", f"{project}/2027-Q1"]
    for other in others:
        for one in paths:
            refused = other.open(one)
            nowhere = other.open(one.replace("preston", "nowhere"))
            assert (refused.status, nowhere.status) == (403, 403), one
            assert str(refused.main) == str(nowhere.main)
    assert others[0].open(path.replace("preston", "pendle")).status == 403
    assert [member.open(one).status for one in paths] == [200, 200, 303, 200, 200, 409]
    assert place.signed_in("manager").open(path).status == 200
