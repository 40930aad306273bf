import random
import re

import pytest

from portal import feeds
from portal.feeds import calendars
from portal.web.site import leaks

TALKS = """
programme: moving-on
starts: 2027-01-12
time: 10:00-12:00
sessions: 6
aliases: [first-talks]
venue:
  name: St Hilda's Rooms
  address: 4 Quiet Lane
  town: Preston
  postcode: PR2 2AA
"""

PLAY = """
programme: play
starts: 2027-01-12
time: 10:00-12:00
sessions: 6
"""


@pytest.fixture
def directory(county):
    return county({"play": PLAY}, private={"talks": TALKS})


def line(name, text):
    """A long line of a calendar, folded as calendars are."""
    whole = f"{name}:{'x ' * 30}{text}"
    return f"BEGIN:VEVENT\r\n{whole[:74]}\r\n {whole[74:]}\r\nEND:VEVENT\r\n".encode()


def test_no_feed_holds_a_sensitive_series(directory):
    """Sensitive series are in no calendar and no map of pages, and have no file of their own."""
    made = {path: maker() for path, _, maker in feeds.files(directory)}

    assert {path: [] for path in made} == {
        path: leaks.leaks(directory, path, data) for path, data in made.items()
    }
    assert not [path for path in made if "talks" in path or "moving-on" in path]
    assert b"/sessions/riverbank/talks/" not in made["/sitemap.xml"]


def test_no_feed_of_the_sample_holds_a_sensitive_series(request):
    """The same of the sample site, whose sensitive group meets where others do."""
    directory = request.getfixturevalue("sample")
    found = [
        leak
        for path, _, maker in feeds.files(directory)
        for leak in leaks.leaks(directory, path, maker())
    ]

    assert len(directory.private_series) > 0
    assert found == []


@pytest.fixture
def sample(directory):
    return directory


@pytest.mark.parametrize(
    "data",
    [
        line("UID", "talks.riverbank@families.example"),
        line("UID", "2027-01-12.first-talks.riverbank@families.example"),
        line("URL", "https://families.example/sessions/riverbank/talks/"),
        line("SUMMARY", "CANCELLED: Moving On"),
        line("CATEGORIES", "Moving On,Toddlers"),
        line("DESCRIPTION", "First Moving Once, then Moving On"),
        line("LOCATION", r"St Hilda's Rooms\, 4 Quiet Lane\, Preston\, PR2 2AA"),
        line("DESCRIPTION", r"We meet at\n4 Quiet Lane."),
        line("SOURCE", "https://families.example/programmes/moving-on/calendar.ics"),
    ],
)
def test_what_is_withheld_is_found_in_a_calendar(directory, data):
    """The name, entry, title and address of a sensitive group are found, folded and escaped too."""
    (leak, *_) = leaks.leaks(directory, "/calendar.ics", data)

    assert leak.startswith("/calendar.ics holds ")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/sessions/riverbank/talks/calendar.ics", b""),
        ("/sessions/riverbank/talks/", b""),
        ("/programmes/moving-on/calendar.ics", b""),
        ("/whats-on/", b'<a href="/sessions/riverbank/talks/">'),
        ("/whats-on/", b'<a href="/book/riverbank/talks?session=2027-01-12">'),
        ("/programmes/moving-on/", b"<p>St Hilda&#39;s Rooms, PR2 2AA</p>"),
        ("/sitemap.xml", b"<loc>https://families.example/sessions/riverbank/talks/</loc>"),
        ("/search/index.json", b'{"id": "riverbank/talks"}'),
        ("/search/index.json", b'{"where": "4 Quiet Lane"}'),
    ],
)
def test_what_is_withheld_is_found_in_any_file(directory, path, data):
    """Pages, indexes and file names are looked at as well."""
    assert leaks.leaks(directory, path, data)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/programmes/moving-on/", b"<h1>Moving On</h1> <p>We tell you where.</p>"),
        ("/sitemap.xml", b"<loc>https://families.example/programmes/moving-on/</loc>"),
        ("/calendar.ics", line("UID", "long-talks.riverbank@families.example")),
        ("/calendar.ics", line("URL", "https://families.example/sessions/riverbank/talks-urdu/")),
        ("/calendar.ics", line("SUMMARY", "Moving Once, and Going-Moving On")),
        ("/centres/riverbank/", b"Riverbank Centre, 12 River Street, Preston, PR1 8RJ"),
    ],
)
def test_what_is_public_is_no_leak(directory, path, data):
    """Neutral titles on pages, the centre's own address and words that begin alike may stay."""
    assert leaks.leaks(directory, path, data) == []


def test_what_public_series_say_is_no_leak(county):
    """A hall where others meet, and words that others use for a title, give nobody away."""
    public = f"""{PLAY}title: Moving on to school
venue:
  name: St Hilda's Rooms
  address: 4 Quiet Lane
  town: Preston
  postcode: PR2 2AA
"""
    directory = county({"school": public}, private={"talks": TALKS})
    data = calendars.files(directory)["/calendar.ics"]()

    assert b"Hilda" in data
    assert leaks.leaks(directory, "/calendar.ics", data) == []


def test_the_address_of_a_secret_centre_is_withheld(county):
    """Where a sensitive group meets at a centre whose address is not public, that is looked for."""
    centre = """
title: Riverbank Centre
kind: family hub
district: preston
town: Preston
address: 12 River Street
postcode: PR1 8RJ
address_public: no
"""
    talks = TALKS.partition("venue:")[0]
    directory = county({"play": PLAY}, private={"talks": talks}, centre=centre)

    assert leaks.leaks(directory, "/centres/riverbank/", b"Ask at 12 River Street.")
    assert leaks.leaks(directory, "/centres/riverbank/", b"Riverbank Centre, Preston") == []


@pytest.mark.parametrize("number", [3, leaks._FEW, leaks._FEW + 1, 300])
def test_phrases_are_found_as_by_a_plain_search(number):
    """However many words are withheld, those are found that stand in a text as whole words."""
    chance = random.Random(number)
    parts = [
        "st",
        "hilda",
        "St",
        "é",
        "room",
        "4",
        "-",
        "_",
        "'",
        "&#39;",
        "@",
        "/",
        " ",
        " ",
        ", ",
    ]

    def written(most):
        return "".join(chance.choices(parts, k=chance.randint(1, most)))

    described = {written(5): str(n) for n in range(number)} | {" ": "a", "é": "b", "-": "c"}
    phrases = leaks._Phrases(described)
    hits = 0
    for _ in range(400):
        text = written(chance.choice((2, 8, 60)))
        plain = {
            words: what
            for words, what in described.items()
            if re.search(rf"(?<![\w-]){re.escape(words)}(?![\w-])", text)
        }
        found = phrases.found_in(text)
        assert list(found.items()) == list(plain.items()), text
        hits += len(found)
    assert hits > 200


def test_many_withheld_series_are_all_found(county):
    """Each of many sensitive groups is found, with its own building, and public halls stay."""
    many = {
        f"talks-{n}": TALKS.replace("Hilda's Rooms", f"Hilda's Room {n}")
        .replace("4 Quiet", f"{n} Quiet")
        .replace("first-talks", f"first-talks-{n}")
        .replace("2027-01-12", f"2027-{n % 3 + 1:02}-12")
        .replace("10:00-12:00", f"{8 + n}:00-{8 + n}:45")
        for n in range(12)
    }
    directory = county({"play": PLAY}, private=many)

    for n in range(12):
        for words in (f"St Hilda's Room {n}", f"{n} Quiet Lane"):
            (leak,) = leaks.leaks(directory, "/data/x.json", f'["{words}"]'.encode())
            assert leak == f"/data/x.json holds where a withheld series meets: '{words}'."
        event = line("UID", f"talks-{n}.riverbank@families.example")
        (leak,) = leaks.leaks(directory, "/calendar.ics", event)
        assert "the entry of a withheld series" in leak
    assert leaks.leaks(directory, "/data/x.json", b'["St Hilda\'s Room 12"]') == []
