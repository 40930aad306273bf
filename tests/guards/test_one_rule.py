"""One rule for each value, whoever writes it: an editor in a file, or a family in a form."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from datetime import datetime, time

import pytest
from pydantic import TypeAdapter, ValidationError
from werkzeug.datastructures import MultiDict
from wtforms import Form

from portal import content
from portal.content import prose
from portal.directory import fields, phrases
from portal.directory.values import LONDON
from portal.finder import Finder, index
from portal.finder.places import Place, Whereabouts
from portal.finder.texts import WORDS
from portal.messages.channels import Letter, Undelivered
from portal.messages.channels.base import one_address
from portal.web import filters
from portal.web.live.forms import answers
from tests.support.made import NOW
from tests.support.paths import ROOT
from tests.support.shipped import DAY

pytestmark = pytest.mark.slow

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
    "=?utf-8?q?x?=@example.org",
    "a=?utf-8?q?x?=@example.org",
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


def test_the_library_of_numbers_waits_for_a_number():
    """It takes longer to import than a page to answer, so nothing imports it at the start."""
    code = """
import sys
for name in ("portal.content", "portal.web.live.app", "portal.web.site.build"):
    __import__(name)
    assert "phonenumbers" not in sys.modules, name
"""

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("email", GOOD)
def test_every_address_can_be_linked(email):
    """Text may link to any address that a file takes, and so do pages."""
    assert not prose.render(f"[Write](mailto:{email})").problems
    assert "%40" not in filters.write(email)


def test_the_model_decides_the_ages():
    """Only reading, and a programme's own page, ask for its upper age: all else asks the series."""
    sources = [path for path in (ROOT / "portal").rglob("*") if path.suffix in (".py", ".html")]
    asking = [path.name for path in sources if "programme.send_to" in path.read_text("utf-8")]

    assert sorted(asking) == ["linking.py", "programme.html"]


def test_buildings_for_young_people_are_for_19_and_over(shipped_directory):
    """The service has buildings for 0-11, 12-19+ and 0-19, to 25 with SEND: sources say so."""
    kinds = Counter(
        (phrases.ages(centre), centre.kind) for centre in shipped_directory.centres if centre.ages
    )

    assert {words for words, _ in kinds} <= {
        "Birth to 11 years",
        "Ages 12 to 19 years and over",
        "Ages 12 to 19 years",  # one building, whose source says so
        "Birth to 19 years (up to 25 with SEND)",
    }
    assert sum(n for (words, _), n in kinds.items() if words == "Ages 12 to 19 years") == 1


def test_a_count_says_what_it_counts(shipped_directory):
    """Groups are counted as groups, and their dates as sessions: never one word for both."""
    templates = sorted(
        path.name
        for path in (ROOT / "portal/templates").rglob("*.html")
        if re.search(r'count\("(more )?session"', path.read_text("utf-8"))
    )
    # Each of these counts dates.
    dated = [
        "_parts.html",
        "board.html",
        "near.html",
        "programme.html",
        "weekday.html",
        "whats_on.html",
    ]
    finder = Finder(*index.tables(shipped_directory))
    answer = finder.ask({}, datetime.combine(DAY, time(), LONDON))

    assert templates == dated
    assert answer.heading == f"{answer.total} groups"
    assert answer.total <= len(shipped_directory.series)
    assert not [words for words in WORDS.values() if "{n}" in words and "session" in words]


def test_every_name_on_the_list_of_places_leads_to_that_place(shipped_directory):
    """What the finder offers to choose is a name that it knows, and one place alone has it."""
    _, places = index.tables(shipped_directory)
    where = Whereabouts(places)
    found = {name: where.find(name) for name in places["names"]}

    assert len(found) == len(places["names"])
    assert [name for name, place in found.items() if getattr(place, "key", None) != name] == []
    for neighbour in shipped_directory.neighbours:
        for outcode in neighbour.outcodes:
            for text in (outcode, f"{outcode} 1", f"{outcode} 1AA"):
                assert isinstance(where.find(text), Place), text


@pytest.mark.parametrize(
    ("near", "key"),
    [
        ("Chai Centre", "The Chai Centre"),
        ("Riverbank Centre", "Riverbank Children's Centre"),
        ("Bacup, Lancashire", "Bacup"),
        ("Gt Harwood", "Great Harwood"),
        ("St Annes on Sea", "St Anne's"),
        ("Tay St", "Tay Street Family Hub"),
    ],
)
def test_names_as_families_say_them(shipped_directory, near, key):
    """A centre without 'children's', a town with its county, and short words are all known."""
    assert Whereabouts(index.tables(shipped_directory)[1]).find(near).key == key


def test_names_that_several_places_share(shipped_directory):
    """'Bolton' is asked about: other places are called so in short."""
    found = Whereabouts(index.tables(shipped_directory)[1]).find("Bolton")

    assert found.meant == ("Bolton le Sands", "Bolton-by-Bowland", "Bolton (outside Lancashire)")
