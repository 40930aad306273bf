"""Letters by GOV.UK Notify: its own client library, and a server that answers as it documents."""

import dataclasses
import logging
import sys
from datetime import UTC, datetime

import pytest

from portal.messages.channels import Letter, Undelivered
from portal.messages.channels.notify import Notify
from portal.settings import SettingsError, load_settings
from tests.support import listeners, made
from tests.support.listeners import error
from tests.support.ports import free_port

pytest.importorskip("notifications_python_client")

SITE = made.directory().site
KEY = "portal-26785a09-ab16-4eb0-8407-a37497a57506-3d844edf-8d35-48ac-975b-e847b4f122b0"
LETTER = Letter(
    "email",
    "amina@example.org",
    "Hello Amina\n\nhttps://families.example/bookings/abc\n",
    "0123456789abcdef",
    datetime(2027, 1, 4, 9, tzinfo=UTC),
    subject="Your booking",
    html="<p>Hello Amina</p>",
)
TEXT = dataclasses.replace(LETTER, way="text", to="07700 900123", plain="Hello Amina. https://x")


@pytest.fixture
def desk():
    with listeners.notify_server() as (desk, address):
        settings = load_settings(
            notify_api_key=KEY,
            notify_base_url=address,
            notify_email_template="the-email-template",
            notify_text_template="the-text-template",
            email_channel="notify",
            text_channel="notify",
        )
        desk.channel = Notify(settings, SITE)
        yield desk
        # The library keeps its connections open; warnings of that are errors here.
        desk.channel._client.request_session.close()


def test_an_email_is_handed_over(desk):
    """Subject and words go into Notify's template, with a reference that tells nothing."""
    receipt = desk.channel.send(LETTER)

    [(path, given)] = desk.taken
    assert path == "/v2/notifications/email"
    assert given == {
        "email_address": "amina@example.org",
        "template_id": "the-email-template",
        "personalisation": {"subject": "Your booking", "body": LETTER.plain},
        "reference": "0123456789abcdef",
    }
    assert receipt == "740e5834-3a29-46b4-9a6f-000000000000"


def test_a_text_message_is_handed_over(desk):
    """The number goes without its spaces."""
    desk.channel.send(TEXT)

    [(path, given)] = desk.taken
    assert path == "/v2/notifications/sms"
    assert given == {
        "phone_number": "07700900123",
        "template_id": "the-text-template",
        "personalisation": {"body": "Hello Amina. https://x"},
        "reference": "0123456789abcdef",
    }


@pytest.mark.parametrize(
    ("answer", "permanent", "words"),
    [
        (error(400, "ValidationError", "email_address Not a valid address"), True, "Validation"),
        (error(400, "BadRequestError", "Can't send to this recipient"), True, "BadRequest"),
        (error(403, "AuthError", "Invalid token: API key not found"), False, "NOTIFY_API_KEY"),
        (error(429, "RateLimitError", "Exceeded rate limit"), False, "enough messages"),
        (error(429, "TooManyRequestsError", "Exceeded send limits"), False, "enough messages"),
        (error(500, "Exception", "Internal server error"), False, "500"),
        ((503, "<h1>Back soon</h1>"), False, "503"),
        ((201, "not JSON at all"), False, "201"),
    ],
)
def test_what_notify_says_decides_about_another_try(desk, answer, permanent, words):
    """What is wrong with the message is for good; what is wrong on either side is tried again."""
    desk.answers.append(answer)

    with pytest.raises(Undelivered, match=words) as caught:
        desk.channel.send(LETTER)
    assert caught.value.permanent is permanent


def test_notify_away_is_tried_again(desk):
    """Nobody answers: the letter waits."""
    desk.channel._client.base_url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(Undelivered) as caught:
        desk.channel.send(LETTER)
    assert not caught.value.permanent


def test_an_answer_that_was_lost_is_asked_for(desk):
    """Notify took the letter, and its answer never came: it is found by its reference."""
    desk.lose_answer = True
    with pytest.raises(Undelivered):
        desk.channel.send(LETTER)

    found = desk.channel.sent_before(LETTER)

    assert found == "740e5834-3a29-46b4-9a6f-000000000000"
    assert desk.asked == ["0123456789abcdef"]


def test_what_notify_never_took_is_not_found(desk):
    """Then it may be sent without fear of sending it twice."""
    assert desk.channel.sent_before(LETTER) is None


def test_what_broke_on_their_side_may_be_sent_again(desk):
    """A technical failure is one that Notify asks to send again."""
    desk.channel.send(LETTER)
    desk.known[LETTER.reference]["status"] = "technical-failure"

    assert desk.channel.sent_before(LETTER) is None


def test_nothing_personal_is_logged(desk, caplog):
    """S43: neither the key nor the address is in the log, whatever Notify answers."""
    caplog.set_level(logging.DEBUG, "portal")
    desk.answers.append(error(400, "ValidationError", "amina@example.org is not valid"))

    with pytest.raises(Undelivered) as caught:
        desk.channel.send(LETTER)
    assert "amina" not in caught.value.words
    assert "amina" not in caplog.text


def test_without_the_library_the_remedy_is_said(monkeypatch):
    """An operator learns what to install."""
    monkeypatch.setitem(sys.modules, "notifications_python_client.notifications", None)

    with pytest.raises(SettingsError, match=r"portal\[notify\]"):
        Notify(load_settings(notify_api_key=KEY), SITE)


def test_without_a_key_there_is_no_channel():
    """An operator learns which setting is missing."""
    with pytest.raises(SettingsError, match="PORTAL_NOTIFY_API_KEY"):
        Notify(load_settings(), SITE)
