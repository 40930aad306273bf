"""A practitioner reports a gap, and follows it on a page of their own."""

import pytest

from portal import database
from portal.database import tables
from portal.panel import gaps
from portal.panel.decisions import Proposal, agree, propose
from portal.staff.accounts import Staff
from portal.web.live.gap import _cost
from tests.support import made
from tests.support.screens import Screens
from tests.web.live.test_request import GAP

MEMBERS = [Staff(n, f"m{n}@x.org", "M", "panel", panels=frozenset({"preston"})) for n in (1, 2)]


def run(tmp_path, panel=made.PANEL, **settings) -> Screens:
    levels = [{"name": "Universal", "words": "All"}, {"name": "Universal Plus", "words": "Some"}]
    directory = made.directory(panel=panel, service={"levels": levels})
    return Screens(tmp_path, directory, **settings)


@pytest.fixture
def screens(tmp_path):
    return run(tmp_path)


def kept(screens):
    with database.read(screens.engine) as connection:
        return connection.execute(tables.gap.select()).one()


def filled(screens, **answers):
    return screens.open("/gap").fill(**{**GAP, "level": "2", **answers})


def decide(screens, proposal) -> None:
    one = gaps.with_id(screens.engine, kept(screens).id)
    given = {"now": screens.now}
    propose(
        screens.engine,
        screens.directory,
        one.id,
        proposal,
        seen=one.version,
        by=MEMBERS[0],
        **given,
    )
    agree(screens.engine, screens.directory, one.id, seen=one.version + 1, by=MEMBERS[1], **given)


def test_a_gap_is_told(screens) -> None:
    """One screen, and a page of one's own with the panel and its next meeting; once a key."""
    form = filled(screens, families="3")
    first = form.press("Send")
    again = form.press("Send")
    row = kept(screens)

    assert "Never write who the family is" in form
    assert "A panel can spend up to £500 on one form" in form
    assert "Send your form by Monday 25 January 2027" in form
    assert first.heading == "We have your form"
    assert row.reference in first
    assert "Monday 1 February 2027, 1:30pm to 3:30pm" in first
    assert first.path == again.path
    assert first.path.startswith("/gap/")
    assert (row.needs, row.pounds, row.district) == (["send", "homeless"], 120, "preston")
    assert (row.level, row.caf, row.families, row.theme) == (2, True, 3, "car-seats")
    assert screens.count("panel_message") == 1


def test_the_limits_of_several_panels_are_in_words() -> None:
    """The highest limit is said with the lowest, and never as 'up to' twice."""
    one = made.directory(panel=made.PANEL).district("preston").panel
    other = one.model_copy(update={"limit": 300})

    assert "up to £500 on one form, and some only up to £300. If" in _cost([one, other])
    assert "up to £500 on one form. If" in _cost([one])


def test_a_change_after_sending_is_not_lost_in_silence(screens) -> None:
    """Back, other words, Send: the page says that the first form is stored, and how to change."""
    form = filled(screens)
    form.press("Send")
    again = form.fill(wanted="A double buggy").press("Send")

    assert "You have already sent this form" in again
    assert "A double buggy" not in again
    assert screens.count("gap") == 1


def test_the_same_form_again_is_asked_about(screens) -> None:
    """The same words from the same practitioner are stored twice only if they say so."""
    filled(screens).press("Send")
    asked = filled(screens).press("Send")

    assert asked.heading == "You have sent this form already"
    assert screens.count("gap") == 1
    assert asked.press("Send a second form").heading == "We have your form"
    assert screens.count("gap") == 2


def test_a_larger_sum_is_taken_and_said_to_go_up(screens) -> None:
    """The limit of a panel is said and holds nobody back."""
    screen = filled(screens, pounds="£5,000").press("Send")

    assert screen.heading == "We have your form"
    assert kept(screens).pounds == 5000


@pytest.mark.parametrize(
    ("name", "text", "excerpt"),
    [
        ("wanted", "A car seat. Mr Smith has none.", "Mr Smith has none."),
        ("tried", "We rang 07700 900123.", "We rang 07700 900123."),
        ("tried", "They live at PR1 8RJ.", "They live at PR1 8RJ."),
        ("wanted", "A cot. Born 3/4/2024.", "Born 3/4/2024."),
    ],
)
def test_words_that_name_a_family_are_held_back(screens, name, text, excerpt) -> None:
    """S94: the sentence to change is shown beside its field, and nothing is stored."""
    screen = filled(screens, **{name: text}).press("Send")

    assert screen.status == 422
    assert [where for where, _ in screen.problems] == [f"#{name}"]
    assert f"“{excerpt}”" in screen.problems[0][1]
    assert (name, text) in screen.fields("Send")
    assert screens.count("gap") == 0


def test_a_gap_with_mistakes(screens) -> None:
    """422, with every tick and word kept."""
    screen = filled(screens, pounds="0", email="", theme="").press("Send")

    assert screen.status == 422
    assert [where for where, _ in screen.problems] == ["#theme", "#pounds", "#email"]
    fields = screen.fields("Send")
    assert [value for name, value in fields if name == "needs"] == ["send", "homeless"]
    assert screens.count("gap") == 0


def test_a_district_without_a_panel_says_who_answers(tmp_path) -> None:
    """The manager of the area answers, and no meeting is promised."""
    screens = run(tmp_path, panel=None)
    form = filled(screens)
    own = form.press("Send")

    assert "The manager of the area reads your form" in form
    assert "Preston has no Resource Panel. The manager for Preston reads your form" in own
    assert "meeting" not in own
    assert kept(screens).panel == ""


def test_the_panel_asks_and_the_practitioner_answers(screens) -> None:
    """The question is on the page with a box; the answer brings the form back to an agenda."""
    path = filled(screens).press("Send").path
    decide(screens, Proposal("more", "Which size?"))
    asked = screens.open(path)
    named = asked.fill(words="Mrs Jones says size 2").press("Send your answer")
    done = asked.fill(words="Size 2").press("Send your answer")
    again = asked.fill(words="Size 3").press("Send your answer")

    assert asked.heading == "We have a question about your form"
    assert "Which size?" in asked
    assert (named.status, named.problems[0][0]) == (422, "#words")
    assert "It is on the agenda again" in done
    assert again.heading == "We have your form"
    assert kept(screens).reply == "Size 2"


def test_the_decision_is_on_the_page(screens) -> None:
    """What is spent, for what, by whom, and the words of the panel; no name of a member."""
    path = filled(screens).press("Send").path
    spend = Proposal("spend", "Ring the shop", pounds=120, what_for="a car seat", provider="A shop")
    decide(screens, spend)
    screen = screens.open(path)

    assert screen.heading == "Your form has its answer"
    assert "Yes. We will pay up to £120 for a car seat. Provider: A shop." in screen
    assert "Ring the shop" in screen


def test_a_form_is_taken_back_on_its_page(screens) -> None:
    """An open form has a way back, with one question before; an answered one has none."""
    path = filled(screens).press("Send").path.partition("?")[0]
    own = screens.open(path)
    done = screens.open(f"{path}/withdraw").press("Take the form back")
    again = screens.open(f"{path}/withdraw")

    assert "take this form back" in own
    assert done.heading == "You took this form back"
    assert kept(screens).state == "withdrawn"
    assert again.status == 303
    assert "take this form back" not in done


def test_a_need_that_cannot_be_met_has_an_answer(screens) -> None:
    """The reason is on the page, and the words do not pretend to help."""
    path = filled(screens).press("Send").path
    decide(screens, Proposal("no", "No provider does this here"))
    screen = screens.open(path)

    assert screen.heading == "Your form has its answer"
    assert "We cannot help with this." in screen
    assert "No provider does this here" in screen


def test_a_wrong_link_and_a_forgotten_one_are_not_found(screens) -> None:
    """S23: one and the same answer for every link that opens nothing."""
    path = filled(screens).press("Send").path
    database.write(screens.engine, lambda c: gaps.forget(c, screens.now + gaps.UNANSWERED, 30))

    assert {screens.open(one).status for one in (path, "/gap/x", "/gap/" + "x" * 43)} == {404}


def test_gaps_are_limited_and_survive_faults(tmp_path) -> None:
    """429 and 503 keep what was written."""
    screens = run(tmp_path, bookings_per_contact=1)
    filled(screens).press("Send")
    stopped = filled(screens, wanted="A cot").press("Send")
    again = filled(screens, email="b@school.example")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gap RENAME TO away")
    broken = again.press("Send")
    with screens.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO gap")

    assert (stopped.status, broken.status) == (429, 503)
    assert ("wanted", "A car seat") in broken.fields("Try again")
    assert stopped.press("Try again", seconds=3601).status == 200
    assert screens.count("gap") == 2


def test_an_answer_is_not_shown_again_after_the_exit(screens) -> None:
    """S1: what was typed on the practitioner's own page is gone with the exit."""
    path = filled(screens).press("Send").path
    decide(screens, Proposal("more", "Which size?"))
    fields = dict(screens.open(path).fill(words="A secret size").fields("Send your answer"))
    screens.open("/leave")
    again = screens.send(path, fields)

    assert again.status == 400
    assert "A secret size" not in again.html
