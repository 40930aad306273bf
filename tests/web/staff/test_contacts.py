"""Counting contacts on a phone: each press works without scripts, and no form counts twice."""

from datetime import timedelta

import pytest

from tests.support import made
from tests.support.staffed import Staffed

PATH = "/staff/contacts/riverbank/bump/2027-01-12"
TEENS = "young:secondary-school"
STREET = {
    "title": "Street youth work",
    "booking": "drop-in",
    "places": None,
    "ages": "12-19 years",
    "venue": {"area": "around Preston's parks", "town": "Preston"},
}


@pytest.fixture
def place(tmp_path):
    place = Staffed(tmp_path, made.directory(STREET, {"title": "Play", "booking": "drop-in"}))
    place.now = place.directory.series[0].all_sessions[0].starts
    return place


def press(worker, button="more", counter=TEENS, **given):
    """Press a button of the page as it is now."""
    return worker.send(PATH, hidden(worker) | {button: counter} | given)


def hidden(worker):
    """What the form sends beside its buttons: its token and its key."""
    fields = dict(worker.open(PATH).fields("Save now"))
    return {name: fields[name] for name in ("csrf_token", "key")}


def shown(screen):
    return {one["data-of"]: one.text for one in screen.tree.all("output")}


def test_each_press_counts_without_scripts(place):
    """+ and − are forms of their own: each press counts one and shows the page again (S99)."""
    worker = place.signed_in()
    for _ in range(3):
        pressed = press(worker)
    press(worker, counter="parents:")
    press(worker, "less")
    screen = worker.open(PATH)

    assert (pressed.status, pressed.answer.location) == (303, PATH)
    assert {name: number for name, number in shown(screen).items() if number != "0"} == {
        TEENS: "2", "parents:": "1", "all": "3",
    }  # fmt: skip
    assert ("staff:1", "count contacts") in place.log()


def test_a_page_that_is_sent_twice_counts_once(place):
    """A double press of one button, or one that is sent again, counts once (S99)."""
    worker = place.signed_in()
    first = hidden(worker) | {"more": TEENS}
    for _ in range(2):
        worker.send(PATH, first)

    assert shown(worker.open(PATH))[TEENS] == "1"


def test_what_a_script_has_counted_is_sent_together(place):
    """A script sends several counters at once, and what names no counter is left out."""
    worker = place.signed_in()
    press(worker, "changes", f"{TEENS}:4 parents::2 young:nobody:3 {TEENS}:-1 rubbish")

    found = shown(worker.open(PATH))
    assert (found[TEENS], found["parents:"], found["all"]) == ("3", "2", "5")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"key": "short"}, 422),
        ({"more": "young:nobody"}, 422),
        ({"csrf_token": "another"}, 400),
    ],
)
def test_what_cannot_be_counted_changes_nothing(place, given, status):
    """A form without a key, a counter or the right token counts nothing, and says so."""
    worker = place.signed_in()
    answer = press(worker, **given)

    assert answer.status == status
    assert shown(answer)["all"] == "0"


def test_counting_is_reached_from_today_and_the_register(place):
    """Today and the register of an outreach session lead to its contacts, and no other does."""
    worker = place.signed_in()
    today = worker.open("/staff/?day=2027-01-12")
    press(worker)

    assert today.html.count("/staff/contacts/") == 1
    assert "1 so far" in worker.open("/staff/?day=2027-01-12")
    assert today.follow("Street youth work").follow("Count contacts").path == PATH
    other = worker.open("/staff/contacts/riverbank/bump-1/2027-01-12")
    assert (other.status, "Count who comes on its register" in other) == (404, True)


def test_the_register_of_outreach_has_one_count_and_no_warning_of_names(place):
    """Where contacts are counted, the register has their number, no second count of who came, and
    no warning of names that it does not hold; what was counted there before stays correctable."""
    worker = place.signed_in()
    street, play = (f"/staff/register/riverbank/{one}/2027-01-12" for one in ("bump", "bump-1"))
    for _ in range(2):
        press(worker)
    register, other = worker.open(street), worker.open(play)

    assert "2 contacts" in register
    assert "Came without a booking" in other
    assert [
        words for words in ("names families", "Came without", "booked") if words in register
    ] == []

    other.fill(families="3").press("Save the register")
    before = dict(other.fields("Save the register")) | {"families": "4"}
    worker.send(street, before | {"walk-in-version": "0"})
    assert "Came without a booking" in worker.open(street)


def test_counting_closes_and_the_numbers_stay(place):
    """After 14 days the page shows the numbers without buttons, and a late form explains itself."""
    worker, reader = place.signed_in(), place.signed_in("reader")
    press(worker)
    late = hidden(worker) | {"more": TEENS}
    read = reader.open(PATH)
    place.wait(days=15)
    worker.become(worker.staff)
    answer, closed = worker.send(PATH, late | {"csrf_token": worker.token}), worker.open(PATH)
    place.now -= timedelta(days=16)
    worker.become(worker.staff)
    early = worker.open(PATH)

    assert "You can read these numbers, but not change them." in read
    assert not shown(read)
    assert (answer.status, "Counting closed on Tuesday 26 January" in answer) == (409, True)
    assert "Counting closed on Tuesday 26 January" in closed
    assert not shown(closed)
    assert "You can count from Tuesday 12 January" in early


def test_the_counts_have_contacts_by_age(place):
    """The counts of all centres hide small numbers of contacts, and a centre's own has them all."""
    worker = place.signed_in()
    press(worker, "changes", f"{TEENS}:7 parents::2")
    everybody = worker.open("/staff/counts?month=2027-01")
    own = worker.open("/staff/counts/riverbank?month=2027-01")
    files = [
        worker.open(f"/staff/counts{path}").html
        for path in (".csv?month=2027-01&of=contacts", "/riverbank?month=2027-01&as=contacts")
    ]

    assert "Contacts on outreach" in everybody
    assert "Street youth work, Tuesday 12 January 2027" in own
    assert '"Riverbank","3","10"' in files[0]
    assert '"under 5 each"' in files[0]
    assert '"Street youth work, Tuesday 12 January 2027","1","9"' in files[1]
