"""What the exit leaves behind: a browser that sends an old form again gets nothing typed back."""

import pytest

from portal.web.live.context import Away, Live
from tests.support import made
from tests.support.screens import FAMILY, Screens
from tests.web.live.test_complaint import ANSWERS as COMPLAINT
from tests.web.live.test_request import GAP, WORKER
from tests.web.live.test_tell import ANSWERS as TELL

BOOK, ASK = "/book/riverbank/bump", "/request/bump?who=family"
PRIVATE = {"name": "Amina Khan", "email": "amina@example.org", "contact_by": "email"}
PRIVATE |= {"safe_to_contact": "yes"}
# Each form in which something is typed, but for those of a booking.
FORMS = {
    BOOK: ("Continue", FAMILY),
    ASK: ("Continue", FAMILY),
    "/request/bump?who=professional": ("Continue", {**FAMILY, **WORKER}),
    "/tell/bump": ("Continue", TELL),
    "/gap": ("Send", GAP),
    "/complaint": ("Send", COMPLAINT),
}
# Those with a button alone.
OTHERS = {"/tell/own/<token>/stop", "/tell/own/<token>/go-on", "/gap/<link>/withdraw"}
# Those of choices alone, in which nothing can be typed.
CHOICES = {"/consultations/<slug>"}


@pytest.fixture
def screens(tmp_path):
    return Screens(tmp_path, made.directory({}, {"booking": "request"}))


@pytest.fixture
def private(tmp_path):
    return Screens(tmp_path, made.directory(sensitive=True))


def sent(screens, path, button, answers) -> dict:
    """The fields of a form that was filled in, as the browser keeps them for Back and Reload."""
    fields = dict(screens.open(path).fill(**answers).fields(button))
    screens.wait(seconds=9)
    return fields


def typed(answers) -> list[str]:
    """Of the answers those that are no choice of the form, and so would not be on an empty one."""
    texts = [text for text in answers.values() if isinstance(text, str)]
    return [text for text in texts if " " in text or "@" in text]


def given(screen, button) -> list[tuple[str, str]]:
    """What a form holds, without what every form has."""
    protocol = ("csrf_token", "key", "started")
    return [(name, value) for name, value in screen.fields(button) if name not in protocol]


def assert_empty(screen, path, button, answers) -> None:
    assert screen.status == 400
    assert "What you typed is gone" in screen
    assert "Nothing has been sent" not in screen
    assert not [text for text in typed(answers) if text in screen.html]
    assert given(screen, button) == given(screen.screens.visitor().open(path), button)


@pytest.mark.parametrize("path", FORMS)
def test_nothing_typed_comes_back_after_the_exit(screens, path) -> None:
    """S1: after the exit, a form that Back or Reload sends again is shown empty, also the second
    time, and also once a new form has been opened."""
    button, answers = FORMS[path]
    fields = sent(screens, path, button, answers)
    screens.open("/leave")
    first, again = screens.send(path, fields), screens.send(path, fields)
    screens.open(path)
    last = screens.send(path, fields)

    for screen in (first, again, last):
        assert_empty(screen, path, button, answers)


def test_a_private_form_is_shown_empty_to_another_browser(private) -> None:
    """S1: without its token a private form never shows answers, whether the exit was pressed."""
    fields = sent(private, ASK, "Continue", PRIVATE)
    stale = private.send(ASK, {**fields, "csrf_token": ""})

    for screen in (stale, private.visitor().send(ASK, fields)):
        assert_empty(screen, ASK, "Continue", PRIVATE)


def test_a_private_request_that_was_sent_is_not_shown_after_the_exit(private) -> None:
    """S1: nor is the page of answers to check, which is the one that Back leads to."""
    check = private.open(ASK).fill(**PRIVATE).press("Continue")
    fields = dict(check.fields("Send"))
    check.press("Send")
    private.open("/leave")
    again = private.send(ASK, {**fields, "step": "check"})
    confirmed = private.send(ASK, {**fields, "step": "confirm"})

    assert_empty(again, ASK, "Continue", PRIVATE)
    assert "Did you finish this form before? Then we have what you sent" in again
    assert confirmed.heading == "You have sent this form already"
    assert not [text for text in typed(PRIVATE) if text in confirmed.html]


def test_the_details_of_a_booking_open_as_stored_after_the_exit(screens) -> None:
    """S1: a correction that was typed is gone, and what we have is not lost."""
    own = screens.book(notes="Twins")
    path = f"{own.path}/details"
    fields = sent(screens, path, "Save", {"notes": "A new secret"})
    screens.open("/leave")
    opened = screens.send(path, fields)

    assert (opened.status, opened.answer.headers["Location"]) == (303, path)
    assert "Twins" in screens.open(path).html


def test_an_ordinary_form_keeps_its_answers_without_the_exit(screens) -> None:
    """A family whose browser was closed meanwhile does not have to type a booking again."""
    fields = sent(screens, BOOK, "Continue", FAMILY)
    screen = screens.visitor().send(BOOK, fields)

    assert screen.status == 400
    assert ("name", FAMILY["name"]) in screen.fields("Continue")
    assert "Did you finish this form before? Then we have what you sent" in screen


def test_a_fault_gives_back_only_what_this_browser_sent(screens, monkeypatch) -> None:
    """S1: the page that offers to send a form once more while the database is away is no way round
    the token."""
    fields = sent(screens, "/tell/bump", "Continue", TELL)

    def away(_live):
        raise Away

    monkeypatch.setattr(Live, "_reach", away)
    own = screens.send("/tell/bump", fields)
    other = screens.visitor().send("/tell/bump", fields)

    assert TELL["email"] in own.html
    assert TELL["email"] not in other.html


def test_every_form_is_among_these(screens) -> None:
    """A new live form with something to type has to be shown here to come back empty.

    That of a practitioner's own page is in `test_gap`.
    """
    rules = {
        rule.rule
        for rule in screens.desk.url_map.iter_rules()
        if "POST" in rule.methods and not rule.rule.startswith("/bookings/<link>/")
    }
    named = {"/book/<centre>/<series>", "/request/<programme>", "/tell/<programme>"}

    assert rules - OTHERS - CHOICES == named | {"/gap", "/gap/<link>", "/complaint"}
