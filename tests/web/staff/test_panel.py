"""The pages of a Resource Panel: what members see, propose, agree and print."""

from dataclasses import replace

import pytest

from portal import database
from portal.database import audit, tables
from portal.panel import gaps
from portal.panel.gaps import Gap
from tests.support import made
from tests.support.staffed import Staffed

PANEL = "/staff/panel/preston"
FORM = Gap(
    "preston", ("send",), "A car seat", "The usual", 120, "Jo Bellweather", "School",
    "jo@x.example", level=None, caf=True, families=3, theme="car-seats", attends="Deputy head",
)  # fmt: skip


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory(panel=made.PANEL))


@pytest.fixture
def member(place):
    return place.signed_in("panel", title="Pat Hill", panels=["preston"])


@pytest.fixture
def other(place):
    return place.signed_in("panel", title="Kim Ash", panels=["preston"])


def sent(place, key="g", form=FORM):
    given = {"key": key, "secret": place.secret, "now": place.now}
    return gaps.report(place.engine, form, place.directory, **given)


def proposed(member, reference, kind, **answers):
    form = member.open(f"{PANEL}/gaps/{reference}/propose?kind={kind}")
    return form.fill(**answers).press("Propose it")


SPEND = {
    "pounds": "120",
    "what_for": "a car seat",
    "provider": "A shop",
    "words": "Ring them",
    "how": "The school orders it",
}


def test_a_member_sees_money_meeting_and_forms(place, member) -> None:
    """The balance of the year, the next meeting and each open form, from the first page on."""
    reference = sent(place)
    first = member.open("/staff/panel")
    screen = member.open(PANEL)

    assert "1 open form" in first
    assert "Preston Resource Panel" in first
    assert "£6,000 of £6,000" in screen
    assert "Monday 4 January 2027, 1:30pm to 3:30pm" in screen
    assert reference in screen
    assert "3 families" in screen
    assert "Agenda of Monday 1 February 2027" in screen
    assert "Agenda of Monday 4 January 2027" in screen
    assert "jo@x.example" not in screen.html


def test_one_proposes_and_another_agrees(place, member, other) -> None:
    """S95: who proposed has no button to agree; the other has, and the balance falls."""
    reference = sent(place)
    page = proposed(member, reference, "spend", **SPEND)
    seen = other.open(f"{PANEL}/gaps/{reference}")
    done = seen.press("Agree")
    again = seen.press("Agree")

    assert "Another member has to agree" in page
    assert "Agree" not in [button.text for button in page.tree.all("button")]
    assert "Pat Hill proposed this" in seen
    assert "It is decided" in done
    assert "Proposed by Pat Hill, agreed by Kim Ash" in done
    assert again.status == 200
    assert "£5,880 of £6,000" in other.open(PANEL)
    assert "Every form is decided" in other.open(PANEL)


def test_a_member_cannot_agree_alone_by_hand(place, member) -> None:
    """S95: the address refuses it too, in words."""
    reference = sent(place)
    proposed(member, reference, "escalate", words="Too large for us")
    one = gaps.with_reference(place.engine, reference)
    data = {"csrf_token": member.token, "seen": one.version}
    answer = member.client.post(f"{PANEL}/gaps/{reference}/agree", data=data)

    assert answer.status_code == 409
    assert "Another member has to agree" in answer.text
    assert gaps.with_reference(place.engine, reference).state == "open"


def test_a_proposal_is_dropped_and_the_other_tab_is_told(place, member, other) -> None:
    """A form that changed since it was opened is not decided by what was seen before."""
    reference = sent(place)
    proposed(member, reference, "met", link="Riverbank", words="See this")
    seen = other.open(f"{PANEL}/gaps/{reference}")
    dropped = member.open(f"{PANEL}/gaps/{reference}").press("Drop the proposal")
    late = seen.press("Agree")

    assert "The proposal is dropped" in dropped
    assert late.status == 409
    assert "This has changed in the meantime" in late


@pytest.mark.parametrize(
    ("kind", "answers", "where", "words"),
    [
        ("spend", SPEND | {"pounds": "501"}, "#pounds", "may spend £500 at most"),
        ("spend", SPEND | {"provider": ""}, "#provider", "Enter who provides it"),
        ("spend", SPEND | {"words": "Give it to Mrs Smith"}, "#words", "Take out a name"),
        ("met", {"link": "Nowhere", "words": "See"}, "#link", "no programme, group or centre"),
        ("met", {"link": "/staff/log", "words": "See"}, "#link", "no programme, group or centre"),
        ("spend", SPEND | {"pounds": "12.50"}, "#pounds", "in whole pounds, like 1200"),
        ("spend", SPEND | {"how": ""}, "#how", "Enter who orders it"),
        (
            "met",
            {"link": "Birth and", "words": "See"},
            "#link",
            "Did you mean “Bump, Birth and Beyond”",
        ),
        ("more", {"words": ""}, "#words", "Write what the practitioner reads"),
    ],
)
def test_mistakes_keep_the_answers(place, member, kind, answers, where, words) -> None:
    """422, with what to do beside the field, and nothing is proposed."""
    screen = proposed(member, sent(place), kind, **answers)

    assert screen.status == 422
    assert [problem[0] for problem in screen.problems] == [where]
    assert words in screen.problems[0][1]
    with database.read(place.engine) as connection:
        assert connection.execute(tables.panel_decision.select()).first() is None


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("Riverbank", "/centres/riverbank/"),
        ("https://families.example/programmes/bump/", "/programmes/bump/"),
        ("/sessions/riverbank/bump", "/sessions/riverbank/bump/"),
        ("bump, birth and beyond", "/programmes/bump/"),
    ],
)
def test_a_page_is_found_by_its_name_or_address(place, member, typed, path) -> None:
    """The link in the answer is that of a public page that exists."""
    screen = proposed(member, sent(place), "met", link=typed, words="See this")

    assert screen.status == 200
    with database.read(place.engine) as connection:
        assert connection.execute(tables.panel_decision.select()).one().link == path


def test_agenda_and_minutes_name_no_practitioner(place) -> None:
    """S94: what is printed has who comes by role, and no name and no email address."""
    reference = sent(place)
    early = place.signed_in("panel", panels=["preston"]).open(f"{PANEL}/minutes/2027-02-01")
    place.wait(days=28)  # the day of the meeting
    titles = ("Pat Hill", "Kim Ash")
    member, other = (place.signed_in("panel", title=one, panels=["preston"]) for one in titles)
    agenda = member.open(f"{PANEL}/agenda?meeting=2027-02-01")
    empty = member.open(f"{PANEL}/minutes/2027-02-01")
    proposed(member, reference, "spend", **SPEND)
    other.open(f"{PANEL}/gaps/{reference}").press("Agree")
    minutes = member.open(f"{PANEL}/minutes/2027-02-01")

    assert (agenda.status, minutes.status, early.status) == (200, 200, 404)
    assert "Deputy head, School" in agenda
    assert "A car seat" in agenda
    assert "Nothing was decided" in empty
    assert "£120 for a car seat. Provider: A shop. How the family gets it: The school" in minutes
    for screen in (agenda, minutes):
        assert "Bellweather" not in screen.html
        assert "jo@x.example" not in screen.html
    for name in titles:
        assert name not in minutes.html.partition("<main")[2]
    assert member.open(f"{PANEL}/minutes/2027-02-02").status == 404


def test_what_is_decided_between_meetings_says_its_day(place) -> None:
    """A decision is in the minutes of a meeting only if it was made on its day, and a question is
    not counted as a decision."""
    reference = sent(place)
    place.wait(days=1)  # after the day of a meeting
    member, other = (place.signed_in("panel", panels=["preston"]) for _ in range(2))
    proposed(member, reference, "more", words="Which size?")
    asked = other.open(f"{PANEL}/gaps/{reference}").press("Agree")
    day = place.now.date().isoformat()
    place.wait(days=28)
    later = place.signed_in("panel", panels=["preston"])
    minutes = later.open(f"{PANEL}/minutes/between-{day}")

    assert "The question is on its way" in asked
    assert "T0" not in asked.html.partition("<main")[2]
    assert "Decided between meetings, on" in minutes
    assert "0 decisions, 1 question" in minutes
    assert f"{PANEL}/minutes/between-{day}" in later.open(PANEL).html
    assert "Nothing was decided" in later.open(f"{PANEL}/minutes/2027-02-01")
    for wrong in ("between-2027-02-01", "between-2026-01-05", "between-x", day):
        assert later.open(f"{PANEL}/minutes/{wrong}").status == 404


def test_open_forms_are_counted_on_the_first_page(place, member) -> None:
    """Who answers forms sees how many wait, and for how long, without opening the panel."""
    manager = place.signed_in("manager")
    nothing = manager.open("/staff/")
    sent(place)
    place.wait(days=3)
    manager, member = place.signed_in("manager"), place.signed_in("panel", panels=["preston"])

    assert "about gaps" not in nothing
    today = manager.open("/staff/")
    assert "1 form about gaps in Preston waits for an answer" in today
    assert "The oldest has waited for 3 days" in today
    assert "1 open form. The oldest has waited for 3 days" in member.open("/staff/panel")
    worker = place.signed_in("worker", centres=["riverbank"])
    assert "about gaps" not in worker.open("/staff/")


def test_a_name_is_taken_out_of_a_form(place, member) -> None:
    """S94: words that name a family go from the form for good, and the log repeats none of them."""
    reference = sent(place, form=replace(FORM, wanted="Aisha  Khan needs a seat. Khan!"))
    form = member.open(f"{PANEL}/gaps/{reference}/take-out")
    wrong = form.fill(words="Bob").press("Take them out")
    done = form.fill(words="aisha khan").press("Take them out")

    assert wrong.status == 409
    assert "The words are taken out" in done
    assert gaps.with_reference(place.engine, reference).wanted == "[taken out] needs a seat. Khan!"
    line = next(one for one in audit.log(place.engine) if one.action == "take out of gap")
    assert "Khan" not in str(line)


def test_a_manager_answers_where_there_is_no_panel(tmp_path) -> None:
    """The manager answers with something there is, or with a question, and spends nothing."""
    place = Staffed(tmp_path, made.directory())
    reference = sent(place)
    manager = place.signed_in("manager")
    screen = manager.open(f"{PANEL}/gaps/{reference}")
    form = manager.open(f"{PANEL}/gaps/{reference}/propose?kind=met")
    done = form.fill(link="Riverbank", words="Ask there").press("Send the answer")

    assert "Preston has no Resource Panel. You answer these forms yourself" in manager.open(PANEL)
    assert "Spend" not in screen.html.partition("<main")[2]
    assert manager.open(f"{PANEL}/gaps/{reference}/propose?kind=spend").status == 303
    assert "It is decided" in done
    assert gaps.with_reference(place.engine, reference).state == "met"
    assert manager.open(f"{PANEL}/agenda").status == 404


def test_a_manager_can_say_no(tmp_path) -> None:
    """A need that cannot be met has an answer where there is no panel too."""
    place = Staffed(tmp_path, made.directory())
    reference = sent(place)
    manager = place.signed_in("manager")
    form = manager.open(f"{PANEL}/gaps/{reference}/propose?kind=no")
    done = form.fill(words="Nobody does this").press("Send the answer")

    assert "Cannot be met" in done
    assert gaps.with_reference(place.engine, reference).state == "no"


def test_messages_that_failed_are_shown_and_tried_again(place, member) -> None:
    """Members see that a practitioner does not know, and why."""
    reference = sent(place)
    values = {"state": "failed", "trouble": "There is no such mailbox."}
    failed = tables.panel_message.update().values(values)
    database.write(place.engine, lambda c: c.execute(failed))
    screen = member.open(PANEL)
    done = screen.press("Try again")

    assert "There is no such mailbox." in screen
    assert reference in screen
    assert "We try again" in done
    assert "no such mailbox" not in done


def test_what_is_read_and_decided_is_in_the_log(place, member, other) -> None:
    """S94: who read, proposed and agreed, by the reference, without a word of the form."""
    reference = sent(place)
    proposed(member, reference, "spend", **SPEND)
    other.open(f"{PANEL}/gaps/{reference}").press("Agree")
    lines = audit.log(place.engine, limit=None)
    ours = [line for line in lines if line.series == "panel@preston"]

    assert {line.action for line in ours} == {
        "gap", "read gaps", "propose decision", "agree decision",
    }  # fmt: skip
    assert not [line for line in ours if "Bell" in str(line.detail) or "seat" in str(line.detail)]
    assert [line.detail["pounds"] for line in ours if line.action == "agree decision"] == [120]


def test_members_of_another_panel_are_refused(place) -> None:
    """S94: forms of another district are as if they were not there."""
    reference = sent(place)
    stranger = place.signed_in("panel", panels=["pendle"])

    for path in (PANEL, f"{PANEL}/gaps/{reference}", f"{PANEL}/agenda"):
        assert stranger.open(path).status == 403
