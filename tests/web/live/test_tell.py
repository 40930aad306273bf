"""Tell me when: the form without an account, and the family's own page behind its link."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal import database
from portal.bookings import wishes
from portal.database import tables
from portal.database.references import new_wish_link
from tests.support import made
from tests.support.screens import Screens

ANSWERS = {"near": "riverbank", "email": "amina@example.org", "safe_to_contact": "yes"}
NO_MESSAGES = "We have no messages about this"


@pytest.fixture
def screens(tmp_path):
    """A directory with a course that is not open yet."""
    return Screens(tmp_path, made.directory({"opens": "2027-01-05 09:00"}))


def ask(screens, path="/tell/bump", **answers):
    return screens.open(path).fill(**{**ANSWERS, **answers}).press("Continue")


def stored(screens):
    with database.read(screens.engine) as connection:
        return connection.execute(sa.select(tables.wish).order_by(tables.wish.c.id)).all()


def own(screens, number=0):
    nonce = bytes(stored(screens)[number].link_nonce)
    return screens.open(f"/tell/own/{new_wish_link(screens.settings.secret, nonce)}")


def test_a_family_asks_and_sees_no_link(screens) -> None:
    """S83: form, check, done; pressing twice is one wish, and the page that follows is the same for
    a wish that was there before, with no link in it: that goes to the address alone."""
    check = ask(screens, age="2, expecting")
    sent, again = check.press("Tell me when"), check.press("Tell me when")
    later = ask(screens.visitor(), age="3").press("Tell me when")
    [row] = stored(screens)

    assert "within 10 miles of Riverbank" in check
    assert sent.path == again.path == later.path == "/tell/bump?sent=email"
    assert sent.html == again.html == later.html
    assert "/tell/own/" not in sent.html
    assert (row.ages, row.near, row.email, row.district) == (
        ["3"], "Riverbank", "amina@example.org", "preston",
    )  # fmt: skip


def test_the_form_says_what_counts(screens) -> None:
    """A message is about a group that opens, or one without a place on any date that has one again;
    one full date does not count, and no page says that it does."""
    form, check = screens.open("/tell/bump"), ask(screens)
    check.press("Tell me when")

    for screen in (form, check, own(screens)):
        assert "when a group with no place left on any date has one again" in screen
    assert "One full date does not count while the group has places on others." in check


def test_a_whole_postcode_is_cut_to_its_sector(tmp_path, directory) -> None:
    """S83: from the first answer on; the page says so, and nothing stores or shows more."""
    screens = Screens(tmp_path, directory)
    path = "/tell/bump-birth-and-beyond"
    wrong = ask(screens, path, near="pr1 8rj", email="")
    check = wrong.fill(email="a@example.org").press("Continue")
    check.press("Tell me when")
    [row] = stored(screens)

    assert "We keep only PR1 8." in ask(screens, path, near="PR18RJ")
    assert "8RJ" not in (wrong.html + check.html).upper()
    assert row.near == "PR1 8"


def test_what_is_missing_is_said(screens) -> None:
    """A place that we know, one address that a message can reach, and whether that is safe."""
    empty = screens.open("/tell/bump").press("Continue")
    both = ask(screens, phone="07700 900123")
    fixed = ask(screens, email="", phone="01772 532536")
    unknown = ask(screens, near="Riverbnk", age="none")

    assert {*empty.beside} == {"near", "email", "safe_to_contact"}
    assert both.beside["phone"] == "Enter an email address or a mobile number, not both"
    assert both.problems == [("#phone", both.beside["phone"])]
    assert fixed.beside["phone"] == "Enter a mobile number, which can get a text message"
    assert "Write “Riverbank”." in unknown.beside["near"]
    assert "an age in years or months" in unknown.beside["age"]
    assert stored(screens) == []


def test_a_place_out_of_reach_is_refused_before_anything_is_kept(tmp_path, directory) -> None:
    """A wish is accepted only within reach of a place where the programme could run, also from
    outside the county; otherwise the form names the nearest place and what to do."""
    screens = Screens(tmp_path, directory)
    path = "/tell/bump-birth-and-beyond"
    far = ask(screens, path, near="Southport")
    near = ask(screens, path, near="Blackburn")

    assert far.status == 422
    assert far.beside["near"] == (
        "We have nowhere to run this within 10 miles of Southport. The nearest place is Riverbank "
        "Centre, Preston, about 14 miles away. Enter a town in Lancashire that you can travel to, "
        "or ring us on 01632 960100."
    )
    assert far.problems == [("#near", far.beside["near"])]
    assert near.heading == "Check your answers"


def test_the_last_page_fits_the_way_of_the_message(screens) -> None:
    """It speaks of a text message or of an email and junk mail, as the family chose."""
    email = ask(screens).press("Tell me when")
    text = ask(screens.visitor(), email="", phone="07700 900123").press("Tell me when")

    assert "We send an email to the address that you gave." in email
    assert "junk mail" in email
    assert "We send a text message to the number that you gave." in text
    assert [word for word in ("junk", "email", "address") if word in text] == []


def test_nothing_is_kept_where_no_message_is_safe(screens) -> None:
    """S5: we write to nobody who says that it is not safe, and offer a number to ring."""
    refused = ask(screens, safe_to_contact="no")

    assert refused.heading == "We will not send you a message"
    assert "Ring us on 01772 000000" in refused
    assert refused.press("Give another address").heading == "Tell me when the next one starts"
    assert stored(screens) == []


def test_a_link_fills_in_what_it_knows(screens) -> None:
    """Of the finder: a place and ages; what is no place or age is left out."""
    form = screens.open("/tell/bump?near=Riverbank&age=2,8+months")
    strange = screens.open("/tell/bump?near=%3Cb%3E&age=old")

    assert dict(form.fields("Continue"))["near"] == "Riverbank"
    assert dict(form.fields("Continue"))["age"] == "2, 8 months"
    assert not dict(strange.fields("Continue"))["near"]
    assert not dict(strange.fields("Continue"))["age"]


@pytest.mark.parametrize(
    ("fields", "now"),
    [
        ({"opens": "2027-01-05 09:00"}, made.NOW),
        ({"places": "1", "waiting_list": "no"}, made.NOW),  # full
        ({"places": "1"}, made.NOW),  # the form of the waiting list
        ({"closes": "2027-01-03"}, made.NOW),
        ({}, made.NOW + timedelta(days=10)),  # started
        ({}, made.NOW + timedelta(days=200)),  # over
        ({"withdrawn": "The leader has left"}, made.NOW),
    ],
)
def test_a_page_that_refuses_a_booking_leads_here(tmp_path, fields, now) -> None:
    """Wherever nothing can be booked now, a family can ask for a message, near the same town."""
    screens = Screens(tmp_path, made.directory(fields))
    if "places" in fields:
        screens.book(email="other@example.org", people="1")
    screens.now = max(now, screens.now)
    refused = screens.visitor().open("/book/riverbank/bump")

    assert refused.main.one("a", where=lambda a: a.get("href") == "/tell/bump?near=Preston")


def test_what_is_open_already_is_shown(tmp_path) -> None:
    """No message is about it, so the page names it before anything is sent."""
    screens = Screens(tmp_path)
    check = ask(screens)

    assert "Open already" in check
    assert check.main.one("a", where=lambda a: a.get("href") == "/sessions/riverbank/bump/")
    check.press("Tell me when")
    assert wishes.notify(screens.engine, screens.directory, now=screens.now) == 0


def test_a_family_stops_and_goes_on_by_its_link(screens) -> None:
    """S24: opening the link changes nothing; buttons do, once however often they are pressed."""
    ask(screens).press("Tell me when")
    before = own(screens)
    screens.wait(days=2)
    assert wishes.notify(screens.engine, screens.directory, now=screens.now) == 1
    asked = own(screens)
    going = asked.press("Go on")
    asked.press("Go on")
    stopped = going.press("Stop and delete")
    going.press("Stop and delete")
    [row] = stored(screens)

    assert before.heading == "We send you a message when a group opens"
    assert "amina@example.org" in before
    assert asked.heading == "Are you still looking?"
    assert "We wrote to you about" in asked
    assert going.heading == before.heading
    assert stopped.heading == "We send you no more messages"
    assert (row.email, row.state) == (None, "ended")


def test_wrong_links_get_one_answer(screens) -> None:
    """S23: also a link to a wish for a programme that has become sensitive (S84)."""
    ask(screens).press("Tell me when")
    wrong = screens.open("/tell/own/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    screens.directory = made.directory(sensitive=True)
    withheld = own(screens)

    assert (wrong.status, withheld.status) == (404, 404)
    assert withheld.heading == wrong.heading


def test_a_sensitive_programme_has_no_form(tmp_path, directory) -> None:
    """S84: the same answer as for a programme that does not exist; one without dated groups
    explains that there are no messages."""
    screens = Screens(tmp_path, directory)
    sensitive = next(one for one in directory.programmes if one.sensitive)
    answers = {one: screens.open(one.tell_path) for one in directory.programmes}
    explained = [one for one, screen in answers.items() if screen.heading == NO_MESSAGES]

    assert screens.open(sensitive.tell_path).html == screens.open("/tell/none").html
    assert [one for one, screen in answers.items() if screen.status == 404] == [
        one for one in directory.programmes if one.sensitive
    ]
    assert explained == [
        one for one in directory.programmes if not one.can_tell and not one.sensitive
    ]


def test_without_a_channel_no_form_is_shown(tmp_path) -> None:
    """Where we send no email and no text, nothing is promised."""
    screens = Screens(tmp_path, email_channel="none", text_channel="none")

    assert screens.open("/tell/bump").heading == "We cannot send messages at the moment"


def test_too_many_forms_are_refused_with_answers_kept(tmp_path) -> None:
    """S27: by the contact; what is refused is not stored."""
    screens = Screens(tmp_path, bookings_per_contact=1)
    ask(screens).press("Tell me when")
    refused = ask(screens.visitor(), age="3").press("Tell me when")

    assert refused.status == 429
    assert [row.ages for row in stored(screens)] == [[]]
