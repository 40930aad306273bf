"""The log as administrators and managers read it, and for a family that asks."""

import csv
import io
import re
from datetime import timedelta

import pytest

from portal import bookings, database
from portal.bookings import Family
from portal.database import audit, tables
from portal.staff import accounts
from tests.support import made
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
    assert "Riverbank Centre, Monday 11 January 2027" in screen
    assert "booking number 7" in screen
    assert "A family joined a waiting list" in screen
    assert "A family ended a request" in screen
    assert "Sam Brook noted something a group that is gone: series, gone" in screen
    assert "A professional asked for a place Family Support, booking number 8" in screen
    assert "Somebody who left saved a register" in screen
    assert "The person who runs the portal made the account of Sam Brook, as worker at" in screen
    assert "Ada Moss signed in" in screen
    assert "Monday 4 January 2027" in screen


def test_a_renamed_centre_is_not_gone(place):
    """Lines about a centre, and about a group that has left it, name it as it is called now."""
    place.directory = made.directory()
    place.directory.centres[0].link(slug="lakeside", aliases=("riverbank",))
    write(
        place,
        ("staff:9", "week right", None, "riverbank/", {}),
        ("staff:9", "export", None, "riverbank/old-group", {}),
    )
    screen = place.signed_in("administrator").open(LOG)

    assert "that the week of a centre is right Riverbank" in screen
    assert "a group that is gone: old-group, Riverbank" in screen
    assert "a centre that is gone" not in screen


def test_what_is_gone_has_a_name_and_dates_are_words(place):
    """A group, a programme or a centre that has left the content is said to be gone, with its
    centre's title where that is still there; no date is written as in a file."""
    administrator = place.signed_in("administrator")
    write(
        place,
        ("family", "book", 7, "riverbank/old-group", {"planned": "2027-01-11, 2027-01-18"}),
        ("family", "ask", 8, "programme:old-help@preston", {}),
        ("content", "places", None, "old-centre/", {"planned": "2027-01-25T10:00"}),
    )
    screen = administrator.open(LOG)

    assert "a group that is gone: old-group, Riverbank Centre" in screen
    assert "Monday 11 January 2027, Monday 18 January 2027" in screen
    assert "a programme that is gone: old-help, Preston" in screen
    assert "a centre that is gone: old-centre, Monday 25 January 2027" in screen
    assert re.search(r"\d{4}-\d\d-\d\d", screen.words) is None


def test_one_person_alone(place):
    """By a link on her name, and back."""
    administrator = place.signed_in("administrator", title="Ada Moss")
    sam = place.staff(title="Sam Brook")
    write(place, (sam.actor, "export", None, "riverbank/play-monday", {}))
    screen = administrator.open(LOG).follow("Sam Brook")

    assert screen.heading == "Log of Sam Brook"
    assert {one.partition(" exp")[0] for one in lines(screen)} == {
        "Sam Brook",
        "The person who runs the portal made the account of Sam Brook, as worker at Riverbank "
        "Centre",
    }
    assert "Ada Moss signed in" in screen.follow("See everything")


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


def test_a_manager_asks_about_each_person_of_her_centres(place):
    """Editors see no families, and yet what they did at her centres is hers to ask for."""
    place.staff("editor", title="Edi Hill")
    place.staff("editor", title="Far Moss", centres=["harbour"])
    people = place.signed_in("manager", footprint="preston").open(LOG).html

    assert ">Edi Hill</option>" in people
    assert ">Far Moss</option>" not in people


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
    shown = screen.words + screen.follow("Older lines").words
    who = audit.ACTORS["content"]

    for words in audit.ACTIONS.values():
        assert f"{who} {words.replace('{staff}', 'Ada Moss')}" in shown
    assert f"{who} moved a session" in shown

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


# --- by person, booking, action and day -----------------------------------------------------------


@pytest.fixture
def booking(place):
    """A family with a place at Riverbank."""
    series = place.directory.find_series("riverbank/bump-spring")
    given = {"key": "a key of sixteen signs", "secret": place.secret, "now": place.now}
    return bookings.book(place.engine, series, Family("Amina Khan", phone="01772 1"), **given)


def show(place, action, actor="staff:9", families=(), **given):
    given = {"now": place.now, "actor": actor} | given
    database.log_reading(place.engine, action, families, **given)


def lines(screen):
    """The lines of a page of the log, without their places, newest first."""
    found = re.findall(r"<li><b>[^<]*</b> <div><p>(.*?)</p>", screen.html)
    return [re.sub(r"<[^>]*>", "", one) for one in found]


def test_a_family_can_learn_who_read_about_it(place, booking):
    """S69: what showed a family is found by its reference, however it is typed, by administrators
    and by the managers of its centre alone."""
    sam = place.staff(title="Sam Brook")
    for action in ("search", "read register", "read waiting list"):
        show(place, action, sam.actor, [booking.id, 4711])
    show(place, "search", sam.actor, [4711])
    path = f"{LOG}?booking={booking.reference.lower().replace('-', '+')}"
    other = place.signed_in("manager", footprint="burnley-pendle").open(path)

    for role in ("administrator", "manager"):
        assert lines(place.signed_in(role).open(path)) == [
            "Sam Brook read a waiting list",
            "Sam Brook read a register",
            "Sam Brook searched for bookings, and was shown families",
            "A family booked",
        ]
    assert (other.status, lines(other)) == (422, [])
    assert "Enter the reference of a booking of your centres, like ABCD-2345" in other


def test_a_line_says_which_families_were_shown(place, booking):
    """S69: by their references, to a manager those of her centres alone."""
    series = place.directory.find_series("weavers-yard/massage-january")
    given = {"key": "another key of sixteen", "secret": place.secret, "now": place.now}
    other = bookings.book(place.engine, series, Family("Bo Ash", phone="01772 2"), **given)
    show(place, "search", families=[booking.id, other.id])
    all_of_it = place.signed_in("administrator").open(f"{LOG}?action=search").follow("2 families")
    hers = place.signed_in("manager").open(f"{LOG}?action=search").follow("1 family")

    assert booking.reference in all_of_it
    assert other.reference in all_of_it
    assert booking.reference in hers
    assert other.reference not in hers


def test_another_booking_read_together_stays_private(place, booking):
    """S6: where one contact has two bookings, neither the file about one nor the log of the manager
    of its centre says anything about the other."""
    series = place.directory.find_series("weavers-yard/massage-january")
    given = {"key": "another key of sixteen", "secret": place.secret, "now": place.now}
    other = bookings.book(place.engine, series, Family("Bo Ash", phone="01772 1"), **given)
    administrator = place.signed_in("administrator")
    administrator.open(f"/staff/bookings/{other.reference}")
    file = administrator.client.get(f"{LOG}.csv?booking={booking.reference}").text
    screen = place.signed_in("manager").open(f"{LOG}?booking={booking.reference}")

    assert lines(screen)[1] == "Sam Brook read a booking"
    for text in (file, screen.html):
        assert "read a booking" in text
        assert other.reference not in text
        assert "Weavers" not in text


def test_actions_and_days(place):
    """One action, a group of them, and days by the clocks of London; the questions go together."""
    administrator = place.signed_in("administrator")
    for days, action in ((-2, "export"), (-1, "search"), (-1, "ring")):
        moment = place.now + timedelta(days=days)
        database.write(
            place.engine, lambda c, m=moment, a=action: database.note(c, m, "staff:9", a)
        )
    late = place.now.replace(hour=0) - timedelta(minutes=1)
    database.write(place.engine, lambda c: database.note(c, late, "staff:9", "remark"))

    def asked(query):
        return [one.removeprefix("Somebody who left ") for one in lines(administrator.open(query))]

    search, ring = audit.ACTIONS["search"], audit.ACTIONS["ring"]
    assert asked(f"{LOG}?action=reading") == [search, "exported"]
    assert asked(f"{LOG}?action=ring") == [ring]
    assert asked(f"{LOG}?from=2027-01-03&to=2027-01-03") == ["noted something", ring, search]
    assert asked(f"{LOG}?to=2/1/2027") == ["exported"]
    assert asked(f"{LOG}?to=2/1/2027&action=ring") == []
    assert asked(f"{LOG}?of=9&from=2027-01-03&action=reading") == [search]
    both = administrator.open(f"{LOG}?action=reading&from=3/1/2027&to=2027-01-04")
    question = "“All reading about families”, from Sunday 3 January 2027, to Monday 4 January 2027"
    assert question in both
    assert 'value="2027-01-03"' in both.html


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=yesterday", "Enter the first day as numbers, like 31/1/2027"),
        ("to=31/2/2027", "Enter the last day as numbers, like 31/1/2027"),
        ("from=0001-01-01", "Enter the first day as numbers, like 31/1/2027"),
        ("from=2027-01-03&to=2027-01-02", "Enter a last day that is not before the first day"),
        ("booking=ZZZZ-9999", "Enter the reference of a booking of your centres, like ABCD-2345"),
        ("booking=%00", "Enter the reference of a booking of your centres, like ABCD-2345"),
    ],
)
def test_a_wrong_question_is_said(place, query, words):
    """Beside the field and above; no line is shown for another question."""
    screen = place.signed_in("administrator").open(f"{LOG}?{query}")

    assert (screen.status, lines(screen)) == (422, [])
    assert screen.words.count(words) == 2


def test_nothing_found(place):
    """The page says so, and leads back."""
    screen = place.signed_in("administrator").open(f"{LOG}?action=dance")

    assert "There is nothing in the log for this" in screen
    assert "signed in" in screen.follow("See everything")


def test_questions_stay_on_further_pages(place):
    """Older lines are those of the same question."""
    administrator = place.signed_in("administrator")
    write(place, *(("staff:9", "search", None, None, {}) for _ in range(101)))
    write(place, *(("staff:9", "ring", None, None, {}) for _ in range(100)))
    older = administrator.open(f"{LOG}?of=9&action=search").follow("Older lines")

    assert lines(older) == [f"Somebody who left {audit.ACTIONS['search']}"]


def test_a_change_of_access_says_from_and_to(place):
    """S69: the log says which role and places an account had, and which it was given."""
    administrator = place.signed_in("administrator", title="Ada Moss")
    sam = place.staff(title="Sam Brook")
    given = {"now": place.now, "actor": administrator.staff.actor, "title": "Sam Brook"}
    accounts.change(place.engine, sam.id, role="manager", footprint="preston", **given)
    accounts.change(place.engine, sam.id, role="manager", footprint="preston", **given)

    assert lines(administrator.open(f"{LOG}?action=accounts"))[:3] == [
        "Ada Moss changed the account of Sam Brook",
        "Ada Moss changed the account of Sam Brook, from worker at Riverbank Centre to manager of "
        "Preston",
        "The person who runs the portal made the account of Sam Brook, as worker at Riverbank "
        "Centre",
    ]


def test_a_failed_sign_in_stands_in_the_log_of_its_account(place):
    """S69: a wrong password is in the log of the person whose account it is; a name that is no
    account is not repeated."""
    sam = place.staff(title="Sam Brook", name="sam@example.org")
    for name in ("sam@example.org", "nobody@example.org"):
        form = place.stranger().open("/staff/sign-in")
        form.fill(name=name, password="not the right password").press("Continue")
    administrator = place.signed_in("administrator")
    everything = administrator.open(f"{LOG}?action=signing-in")

    failed = "Somebody not signed in failed to sign in as Sam Brook"
    assert failed in lines(administrator.open(f"{LOG}?of={sam.id}"))
    assert failed in lines(everything)
    assert "tried to sign in with a name that has no account" in everything
    assert "nobody@" not in everything.html


def test_a_file_for_the_family(place, booking):
    """S69, S52: who, when and what in plain words, oldest first, for administrators alone; it is
    logged that somebody saved it."""
    sam = place.staff(title="Sam Brook")
    show(place, "read register", sam.actor, [booking.id], series="riverbank/bump-spring")
    administrator = place.signed_in("administrator", title="Ada Moss")
    log = administrator.open(f"/staff/bookings/{booking.reference}").follow(
        "Who has read or changed this booking?"
    )
    path = re.search(r'"(/staff/log.csv[^"]+)"', log.html)[1]
    answer = administrator.client.get(path)
    manager = place.signed_in("manager")

    head, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert head == ["When", "Who", "What", "About"]
    assert [row[1:3] for row in rows] == [
        ["A family", "booked"],
        ["Sam Brook", "read a register"],
        ["Ada Moss", "read a booking"],
    ]
    assert rows[1][0] == "9am on Monday 4 January 2027"
    assert rows[1][3] == "Bump, Birth and Beyond, Riverbank Centre"
    assert "Amina" not in answer.text
    assert (administrator.staff.actor, "export log") in place.log()
    assert manager.client.get(path).status_code == 403
    assert path not in manager.open(f"{LOG}?booking={booking.reference}").html
    assert administrator.client.get(f"{LOG}.csv?booking=ZZZZ-9999").status_code == 403
