"""Letters as files in var/outbox."""

import dataclasses
import stat
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from portal.messages.channels import Letter, Undelivered
from portal.messages.channels.folder import Folder
from portal.settings import load_settings
from tests.support import made

SITE = made.directory().site
LETTER = Letter(
    "email",
    "amina@example.org",
    "Hello Amina\n",
    "0123456789abcdef",
    datetime(2027, 1, 4, 9, tzinfo=UTC),
    subject="Your booking",
    html="<p>Hello Amina</p>",
)
TEXT = dataclasses.replace(LETTER, way="text", to="07700 900123", plain="Hello Amina.")


def folder(tmp_path) -> Folder:
    return Folder(load_settings(var=tmp_path), SITE)


def test_an_email_becomes_a_file_that_mail_programs_open(tmp_path):
    """The file is a whole message, with a sender even where the site has no address yet."""
    name = folder(tmp_path).send(LETTER)

    message = message_from_bytes((tmp_path / "outbox" / name).read_bytes(), policy=default)
    assert name == "0123456789abcdef.eml"
    assert message["To"] == "amina@example.org"
    assert message["From"] == "Family Wellbeing <no-reply@families.example>"
    assert message.get_body(("plain",)).get_content().strip() == "Hello Amina"


def test_a_text_message_becomes_a_text_file(tmp_path):
    """It holds the number and the words, and nothing else."""
    name = folder(tmp_path).send(TEXT)

    written = (tmp_path / "outbox" / name).read_text()
    assert (name, written) == ("0123456789abcdef.txt", "To: 07700900123\n\nHello Amina.\n")


def test_a_second_try_writes_the_same_file(tmp_path):
    """After a crash nobody gets a letter twice."""
    channel = folder(tmp_path)
    before = channel.sent_before(LETTER)
    name = channel.send(LETTER)
    channel.send(LETTER)

    assert before is None
    assert channel.sent_before(LETTER) == name
    assert [found.name for found in (tmp_path / "outbox").iterdir()] == [name]


def test_only_the_portal_reads_the_files(tmp_path):
    """They hold names and addresses."""
    name = folder(tmp_path).send(LETTER)

    outbox = tmp_path / "outbox"
    assert stat.S_IMODE(outbox.stat().st_mode) == 0o700
    assert stat.S_IMODE((outbox / name).stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path):
    """The letter waits until there is room."""
    (tmp_path / "outbox").write_text("a file where the folder should be")

    with pytest.raises(Undelivered, match="cannot be written") as caught:
        folder(tmp_path).send(LETTER)
    assert not caught.value.permanent


@pytest.mark.parametrize("number", ["", "ring me", "07700 900123, 07700 900124", "0770\n0900123"])
def test_a_text_goes_to_one_number_or_to_none(tmp_path, number):
    """S26: what is not one number is refused for good."""
    with pytest.raises(Undelivered) as caught:
        folder(tmp_path).send(dataclasses.replace(TEXT, to=number))

    assert caught.value.permanent
    assert not (tmp_path / "outbox").exists()
