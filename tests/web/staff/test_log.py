"""The log as administrators and managers read it."""

import pytest

from portal import database
from portal.database import audit, tables
from tests.support.staffed import Staffed

LOG = "/staff/log"


@pytest.fixture
def place(tmp_path, directory):
    return Staffed(tmp_path, directory)


def write(place, *lines):
    def work(connection):
        for actor, did, number, series, detail in lines:
            database.note(connection, place.now, actor, did, number, series, **detail)

    database.write(place.engine, work)


def test_an_administrator_reads_who_did_what(place):
    """S30: who, what, when, where; newest first; no family."""
    administrator = place.signed_in("administrator", title="Ada Moss")
    sam = place.staff(title="Sam Brook")
    write(
        place,
        ("family", "book", 7, "riverbank/play-monday", {}),
        (sam.actor, "read register", None, "riverbank/play-monday", {"planned": "2027-01-11"}),
        (sam.actor, "remark", None, "gone/series", {}),
        ("family", "book", 9, None, {"status": "waiting"}),
        ("family", "cancel", 9, None, {"status": "requested"}),
        ("professional", "ask", 8, "programme:one-to-one-family-support", {}),
        ("staff:999", "save register", None, None, {}),
    )
    screen = administrator.open(LOG)

    assert screen.words.index("Sam Brook read a register") < screen.words.index("A family booked")
    assert "Riverbank Centre, 2027-01-11" in screen
    assert "booking number 7" in screen
    assert "A family joined a waiting list" in screen
    assert "A family ended a request" in screen
    assert "Sam Brook noted something gone/series" in screen
    assert "A professional asked for a place Family Support, booking number 8" in screen
    assert "Somebody who left saved a register" in screen
    assert "The person who runs the portal made the account of Sam Brook" in screen
    assert "Ada Moss signed in" in screen
    assert "Monday 4 January 2027" in screen


def test_one_person_alone(place):
    """By a link on her name, and back."""
    administrator = place.signed_in("administrator", title="Ada Moss")
    sam = place.staff(title="Sam Brook")
    write(place, (sam.actor, "export", None, "riverbank/play-monday", {}))
    screen = administrator.open(LOG).follow("Sam Brook")

    assert screen.heading == "Log of Sam Brook"
    assert "Ada Moss" not in screen.words
    assert "Ada Moss signed in" in screen.follow("See everybody")


def test_a_manager_reads_of_her_centres_alone(place):
    """Neither other footprints nor sign-ins."""
    manager = place.signed_in("manager", footprint="preston")
    write(
        place,
        ("staff:9", "export", None, "riverbank/play-monday", {}),
        ("staff:9", "export", None, "harbour/play-friday", {}),
    )
    screen = manager.open(LOG)

    assert "of your centres" in screen
    assert screen.words.count("exported") == 1
    assert "harbour" not in screen.words
    assert "signed in" not in screen.words


def test_workers_do_not_read_it(place):
    """It is kept about them, for others."""
    worker = place.signed_in()

    assert worker.open(LOG).status == 403
    assert LOG not in worker.open("/staff/account").html


def test_older_lines_are_on_further_pages(place):
    """A hundred a page, none twice and none left out."""
    administrator = place.signed_in("administrator")
    write(place, *(("clock", "offer", number, None, {}) for number in range(1, 251)))
    screen, seen = administrator.open(LOG), []
    while True:
        seen += [int(words.split()[0]) for words in screen.words.split("booking number ")[1:]]
        if "Older lines" not in screen:
            break
        screen = screen.follow("Older lines")

    assert seen == list(range(250, 0, -1))


@pytest.mark.parametrize("query", ["of=x", "before=-1", "of=1%27", "before=99999999999999999999"])
def test_strange_questions_show_all(place, query):
    """Whatever the address says."""
    assert "signed in" in place.signed_in("administrator").open(f"{LOG}?{query}")


def test_every_line_is_in_plain_words(place):
    """Whatever is written; a line of another version says what it cannot say in words."""
    administrator = place.signed_in("administrator", title="Ada Moss")
    write(place, *(("content", did, 7, None, {"staff": 1}) for did in audit.ACTIONS))
    screen = administrator.open(LOG)
    who = audit.ACTORS["content"]

    for words in audit.ACTIONS.values():
        assert f"{who} {words.replace('{staff}', 'Ada Moss')}" in screen
    assert f"{who} moved a session" in screen

    old = tables.audit.insert().values(
        at=place.now, actor="robot", did="dance", series=None, detail={}
    )
    database.write(place.engine, lambda c: c.execute(old))
    words = "Somebody (robot) did something that this version has no words for (dance)"
    assert words in administrator.open(LOG)


def test_the_log_lives_as_long_as_it_says(place):
    """The page names the day before which lines are deleted."""
    since = place.now - tables.KEPT_FOR
    write(place, ("clock", "lapse", 1, None, {}))

    assert since.year == 2026
    assert "4 January 2026 are deleted" in place.signed_in("administrator").open(LOG)
