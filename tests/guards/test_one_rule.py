"""One rule for each value, whoever writes it: an editor in a file, or a family in a form."""

import shutil
import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError
from werkzeug.datastructures import MultiDict
from wtforms import Form

from portal import content
from portal.content import prose
from portal.directory import fields
from portal.messages.channels import Letter, Undelivered
from portal.messages.channels.base import one_address
from portal.web import filters
from portal.web.live.forms import answers
from tests.support.made import NOW

GOOD = (
    "name@example.org",
    "o'brien@example.org",
    "a.b+c@mail.example.co.uk",
    "x@xn--bcher-kva.example",
    "first_last/office@example.org",
)
BAD = (
    "name",
    "name@example",
    "a..b@example.org",
    ".a@example.org",
    "a@-example.org",
    "a@example.org, b@example.org",
    f"{'a' * 65}@example.org",
    f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 20}.org",
)


PHONES = {
    "01772 532536": True,
    "+44 7700 900123": True,
    "44 7700 900123": True,
    "(01772) 532-536": True,
    "0800 1111": True,
    "07700 90012": False,
    "01772 53253": False,
    "532536": False,
    "ring Amina": False,
    "07700 900123, 07700 900124": False,
}


class ContactForm(Form):
    email = answers.Email("Email address", what="your email address")
    phone = answers.Phone("Phone number", what="your phone number")


def in_a_file(email):
    try:
        return TypeAdapter(fields.Email).validate_python(email) == email
    except ValidationError:
        return False


def in_a_message(email):
    try:
        return one_address(Letter("email", email, "Hello.", "0123456789abcdef", NOW)) == email
    except Undelivered:
        return False


@pytest.mark.parametrize("email", [*GOOD, *BAD])
def test_one_rule_for_email_addresses(email):
    """A file takes the addresses that a form takes, and messages go to just those."""
    expected = email in GOOD

    assert in_a_file(email) is expected
    assert in_a_message(email) is expected
    assert ContactForm(MultiDict({"email": email})).validate() is expected


@pytest.mark.parametrize(("phone", "expected"), PHONES.items())
def test_one_rule_for_phone_numbers(sample_root, tmp_path, phone, expected):
    """A file takes the numbers that a form takes; a form says what to write instead of others."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    file = root / "programmes/play-sessions.md"
    file.write_text(file.read_text().replace("---\n", f"---\nphone: '{phone}'\n", 1))
    try:
        taken = content.load(root, today=NOW.date()).programme("play-sessions").phone == phone
    except content.ContentError:
        taken = False

    assert taken is expected
    assert ContactForm(MultiDict({"phone": phone})).validate() is expected


@pytest.mark.parametrize("name", ["portal.web.live.app", "portal.content", "portal.web.site.build"])
def test_the_library_of_numbers_waits_for_a_number(name):
    """It takes longer to import than a page to answer, so nothing imports it at the start."""
    code = f"import sys, {name}; sys.exit('phonenumbers' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("email", GOOD)
def test_every_address_can_be_linked(email):
    """Text may link to any address that a file takes, and so do pages."""
    assert not prose.render(f"[Write](mailto:{email})").problems
    assert "%40" not in filters.write(email)
