"""Letters by a real mail server on this machine."""

import dataclasses
import re
import time
from datetime import UTC, datetime

import pytest

from portal.messages.channels import Attachment, Letter, Undelivered
from portal.messages.channels.email import Email
from portal.settings import SettingsError, load_settings
from tests.support import listeners, made
from tests.support.ports import free_port

SITE = made.directory().site
SENDER = "families@families.example"
LETTER = Letter(
    "email",
    "amina@example.org",
    "Hello Amina\n\nPrzyjdź: ہم — https://families.example/bookings/abc\n",
    "0123456789abcdef",
    datetime(2027, 1, 4, 9, tzinfo=UTC),
    subject="Your booking",
    html="<p>Hello Amina</p>",
    attachments=(Attachment("booking.ics", "PUBLISH", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),),
)


def channel(port: int, **settings) -> Email:
    given = {
        "email_channel": "email",
        "smtp_host": "localhost",
        "smtp_port": port,
        "smtp_tls": "none",
        "smtp_timeout": 5,
        "message_sender": SENDER,
    }
    return Email(load_settings(**given | settings), SITE)


def test_a_letter_arrives_whole():
    """One sender, one person, text and HTML and calendar, and a Message-ID made from its row."""
    with listeners.mail_server() as (mailbox, port):
        receipt = channel(port).send(LETTER)

    [(sender, to, _)] = mailbox.taken
    [message] = mailbox.messages()
    assert (sender, to) == (SENDER, ["amina@example.org"])
    assert message["Message-ID"] == receipt == "<0123456789abcdef@families.example>"
    assert message["Subject"] == "Your booking"
    assert message["From"] == f"Family Wellbeing <{SENDER}>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert message["Date"].datetime == LETTER.written
    assert message.get_body(("plain",)).get_content().replace("\r", "") == LETTER.plain
    assert message.get_body(("html",)).get_content().strip() == LETTER.html
    [calendar] = message.iter_attachments()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_param("method") == "PUBLISH"
    assert calendar.get_param("charset") == "utf-8"
    assert calendar.get_payload(decode=True) == LETTER.attachments[0].content


def test_the_bytes_are_mail():
    """Every line ends in CRLF, is short enough for any server, and is ASCII."""
    with listeners.mail_server() as (mailbox, port):
        channel(port).send(dataclasses.replace(LETTER, plain=f"{'long ' * 400}\n"))

    [(_, _, content)] = mailbox.taken
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998


def test_a_letter_does_not_depend_on_the_letters_before_it():
    """What is kept of the headers of one letter changes no byte of another, apart from the
    boundaries between its parts, which the library draws by lot."""
    more = LETTER.attachments * 2
    others = [{"attachments": ()}, {"html": ""}, {"attachments": more}, {"subject": "Off " * 40}]
    with listeners.mail_server() as (mailbox, port):
        for fields in ({}, *others, {}, *others):
            channel(port).send(dataclasses.replace(LETTER, **fields))

    sent = [re.sub(rb"={15}\d+==", b"", content) for _, _, content in mailbox.taken]
    assert sent[:5] == sent[5:]
    assert len(set(sent)) == 5


def test_it_travels_encrypted_after_the_greeting(tmp_path):
    """STARTTLS with a certificate that is checked, then the name and the password."""
    context, trusted = listeners.tls(tmp_path)
    options = {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": listeners.signs_in("portal", "open sesame"),
    }
    with listeners.mail_server(**options) as (mailbox, port):
        channel(
            port,
            smtp_tls="starttls",
            smtp_certificates=trusted,
            smtp_user="portal",
            smtp_password="open sesame",
        ).send(LETTER)

    assert len(mailbox.taken) == 1


def test_it_travels_encrypted_from_the_start(tmp_path):
    """TLS from the first byte, as servers on port 465 want it."""
    context, trusted = listeners.tls(tmp_path)
    with listeners.mail_server(ssl_context=context) as (mailbox, port):
        channel(port, smtp_tls="tls", smtp_certificates=trusted).send(LETTER)

    assert len(mailbox.taken) == 1


@pytest.mark.parametrize("way", ["starttls", "tls"])
def test_a_certificate_that_nobody_trusts_is_refused(tmp_path, way):
    """The letter waits: somebody may sit between us and the server."""
    context, _ = listeners.tls(tmp_path)
    options = {"tls_context": context} if way == "starttls" else {"ssl_context": context}
    with (
        listeners.mail_server(**options) as (mailbox, port),
        pytest.raises(Undelivered, match="certificate is not trusted") as caught,
    ):
        channel(port, smtp_tls=way).send(LETTER)

    assert not caught.value.permanent
    assert mailbox.taken == []


def test_without_encryption_nothing_is_said():
    """Where the settings want encryption and the server has none, the letter does not go."""
    with (
        listeners.mail_server() as (mailbox, port),
        pytest.raises(Undelivered, match="PORTAL_SMTP_TLS") as caught,
    ):
        channel(port, smtp_tls="starttls").send(LETTER)

    assert not caught.value.permanent
    assert mailbox.taken == []


def test_a_wrong_password_is_ours_to_mend(tmp_path):
    """The letter waits until somebody has set the password right."""
    context, trusted = listeners.tls(tmp_path)
    options = {
        "tls_context": context,
        "auth_required": True,
        "authenticator": listeners.signs_in("portal", "open sesame"),
    }
    with listeners.mail_server(**options) as (_, port):
        wrong = {"smtp_user": "portal", "smtp_password": "guess", "smtp_certificates": trusted}
        with pytest.raises(Undelivered, match="sign in") as caught:
            channel(port, smtp_tls="starttls", **wrong).send(LETTER)

    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("command", "answer", "permanent"),
    [
        ("RCPT", "550 5.1.1 <amina@example.org>: no such person", True),
        ("RCPT", "450 4.2.0 <amina@example.org>: greylisted, come again", False),
        ("DATA", "554 5.7.1 looks like spam to amina@example.org", True),
        ("DATA", "452 4.3.1 no room", False),
        ("MAIL", "550 5.7.1 we do not know families@families.example", False),
        ("MAIL", "421 4.3.2 closing", False),
    ],
)
def test_what_the_server_says_decides_about_another_try(command, answer, permanent):
    """A refusal of the person or of the message is for good; anything else is tried again."""
    with listeners.mail_server() as (mailbox, port):
        mailbox.says[command] = answer
        with pytest.raises(Undelivered) as caught:
            channel(port).send(LETTER)

    assert caught.value.permanent is permanent
    assert answer[:3] in caught.value.words
    assert "amina" not in caught.value.words


def test_a_server_that_is_down_is_tried_again():
    """Nobody answers: the letter waits."""
    with pytest.raises(Undelivered, match="cannot be reached") as caught:
        channel(free_port()).send(LETTER)

    assert not caught.value.permanent


UNTIL_DATA = b"220 x\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n"
RECORD = b"\x16\x03\x03\x40\x00"  # the beginning of a long record of TLS


@pytest.mark.parametrize(
    ("way", "after", "trickle"),
    [
        ("none", b"", b"220 x"),
        ("none", b"", b"220-\r\n"),
        ("none", UNTIL_DATA, b"250 x"),
        ("tls", RECORD, b"x"),
        ("starttls", b"220 x\r\n250-x\r\n250 STARTTLS\r\n220 x\r\n", RECORD),
    ],
)
def test_a_server_that_trickles_has_its_time(way, after, trickle):
    """S61: the time is for the whole delivery: a byte now and then does not extend it."""
    began = time.monotonic()
    with (
        listeners.hanging_mail_server(after, trickle) as port,
        pytest.raises(Undelivered, match="cannot be reached") as caught,
    ):
        channel(port, smtp_tls=way, smtp_timeout=0.1).send(LETTER)

    assert not caught.value.permanent
    assert time.monotonic() - began < 5


def test_a_server_that_trickles_its_goodbye_has_the_letter():
    """A letter that was accepted counts as sent, even if the server never finishes its goodbye."""
    began = time.monotonic()
    with listeners.hanging_mail_server(UNTIL_DATA + b"250 x\r\n", b"221 x") as port:
        receipt = channel(port, smtp_timeout=0.1).send(LETTER)

    assert receipt == "<0123456789abcdef@families.example>"
    assert time.monotonic() - began < 5


def test_a_bad_goodbye_does_not_send_it_again():
    """Once the server has taken the letter, what it says on leaving makes no difference."""
    with listeners.mail_server() as (mailbox, port):
        mailbox.says["QUIT"] = "421 4.0.0 never mind"
        receipt = channel(port).send(LETTER)

    assert receipt == "<0123456789abcdef@families.example>"
    assert len(mailbox.taken) == 1


@pytest.mark.parametrize(
    "address",
    [
        "amina@example.org,eve@example.org",
        "amina@example.org\r\nBcc: eve@example.org",
        "amina@example.org\n",
        "Amina <amina@example.org>",
        "amina@example.org eve@example.org",
        '"a b"@example.org',
        "@example.org,@relay.example:amina@example.org",
        "amina@example",
        "amina",
        "",
        "ami\u0307na@example.org",
        f"{'a' * 65}@example.org",
    ],
)
def test_a_letter_goes_to_one_address_or_to_none(address):
    """S26: nothing typed as an address adds a person or a header; the server is not even asked."""
    with listeners.mail_server() as (mailbox, port), pytest.raises(Undelivered) as caught:
        channel(port).send(dataclasses.replace(LETTER, to=address))

    assert caught.value.permanent
    assert mailbox.taken == []


def test_replies_go_to_the_address_that_is_read():
    """Where the sender is not the site's own address, answers go to the site's."""
    site = SITE.model_copy(update={"email": "hello@families.example"})
    settings = load_settings(smtp_host="localhost", smtp_tls="none", message_sender=SENDER)
    with listeners.mail_server() as (mailbox, port):
        settings = settings.model_copy(update={"smtp_port": port})
        Email(settings, site).send(LETTER)

    assert mailbox.messages()[0]["Reply-To"] == "Family Wellbeing <hello@families.example>"


def test_without_a_sender_there_is_no_channel():
    """An operator learns at the start which setting is missing, not from a queue that grows."""
    with pytest.raises(SettingsError, match="PORTAL_MESSAGE_SENDER"):
        Email(load_settings(email_channel="email", smtp_host="localhost"), SITE)
