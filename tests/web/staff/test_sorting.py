"""Lists of staff in the order of one's choice, by links."""

import re

import pytest

from portal import bookings
from portal.bookings import Family
from portal.bookings.counts import Line
from portal.bookings.disclosure import Figure, safe
from portal.web.staff.counts import _orders
from portal.web.staff.sorting import Order, in_order
from tests.bookings.test_booking import KEYS
from tests.support import made
from tests.support.staffed import Staffed

REGISTER = "/staff/register/riverbank/bump/2027-01-12"


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory({}, {"title": "Another group", "places": "1"}))


def book(place, name, number=0, **fields):
    """A booking of this family in one of the series, under a contact of its own."""
    key = next(KEYS)
    email = f"f{number}-{name[:2].encode().hex()}@example.org"
    who = Family(name, email=email, contact_by="email", safe_to_contact=True, **fields)
    return bookings.book(
        place.engine,
        place.directory.series[number],
        who,
        key=key,
        secret=place.secret,
        now=place.now,
    )


def in_turn(screen, *names):
    """The names as they come on the page."""
    return [*dict.fromkeys(re.findall("|".join(names), screen.words))]


def test_a_register_in_three_orders(place):
    """By name as it comes; by what to know; by when they booked; and it says which."""
    for name, notes in (("Cath", ""), ("Émile", "A pram"), ("Bea", "")):
        book(place, name, notes=notes)
    worker = place.signed_in()
    names = ("Cath", "Émile", "Bea")
    usual = worker.open(REGISTER)
    know = usual.follow("what to know first")
    booked = know.follow("when they booked")

    assert in_turn(usual, *names) == ["Bea", "Cath", "Émile"]
    assert in_turn(know, *names) == ["Émile", "Bea", "Cath"]
    assert in_turn(booked, *names) == ["Cath", "Émile", "Bea"]
    assert in_turn(booked.follow("name"), *names) == ["Bea", "Cath", "Émile"]
    assert in_turn(worker.open(f"{REGISTER}?sort=nonsense"), *names) == ["Bea", "Cath", "Émile"]


def test_saving_keeps_every_mark_in_any_order(place):
    """The order of the lines is nothing to what is marked on them."""
    for name in ("Cath", "Bea"):
        book(place, name)
    worker = place.signed_in()
    screen = worker.open(f"{REGISTER}?sort=booked")
    (line,) = (one for one in screen.tree.all("tr") if "Cath" in one.text)
    (came,) = (one for one in line.all("input") if one.get("value") == "came")
    screen.fill(**{came["name"]: "came"}).press("Save the register")
    again = worker.open(REGISTER)

    marks = {
        one["name"]: one["value"]
        for one in again.tree.all("input")
        if one.get("type") == "radio" and "checked" in one
    }
    assert sorted(marks.values()) == ["came", "expected"]
    assert marks[came["name"]] == "came"


def test_lists_keep_what_else_was_asked(place):
    """In another order the same list comes: the same search, day, month and kind of message."""
    for number, name in enumerate(("Zed Park", "Ann Park", "Moe Park")):
        book(place, name, number % 2)
    worker = place.signed_in("administrator")
    found = worker.open("/staff/bookings?q=park")
    day = worker.open("/staff/?day=2027-01-12")
    owed = worker.open("/staff/messages?show=owed")
    counts = worker.open("/staff/counts/riverbank?month=2027-01")
    groups = ("Another group", "Bump, Birth and Beyond")

    assert in_turn(found, "Zed", "Ann", "Moe") == ["Moe", "Ann", "Zed"]
    assert in_turn(found.follow("family"), "Zed", "Ann", "Moe") == ["Ann", "Moe", "Zed"]
    assert in_turn(found.follow("group"), "Zed", "Ann", "Moe") == ["Ann", "Moe", "Zed"]
    assert "12 January 2027" in day.follow("name").words
    assert in_turn(owed.follow("group"), *groups) == [*groups]
    assert in_turn(counts, *groups) == [*groups]
    assert in_turn(counts.follow("Booked"), *groups) == [*reversed(groups)]


def test_accounts_and_requests_in_order(tmp_path):
    """People by name or role; requests by how long they wait, family or group."""
    place = Staffed(tmp_path, made.directory(way="request"))
    for name in ("Zed", "Ann"):
        book(place, name)
    worker = place.signed_in("administrator")
    place.staff(title="Bo Ash")
    place.staff("manager", title="Al Yew")
    people = worker.open("/staff/accounts")
    asked = worker.open("/staff/requests")

    assert in_turn(people, "Al Yew", "Bo Ash") == ["Al Yew", "Bo Ash"]
    assert in_turn(people.follow("role and place"), "Manager", "Worker") == ["Manager", "Worker"]
    assert in_turn(asked, "Zed", "Ann") == ["Zed", "Ann"]
    assert in_turn(asked.follow("family"), "Zed", "Ann") == ["Ann", "Zed"]


def test_waiting_lists_in_order(tmp_path):
    """By group, or the one with the most who wait first."""
    place = Staffed(tmp_path, made.directory({"places": "1"}, {"title": "A group", "places": "1"}))
    for name, number in (("A", 0), ("B", 0), ("C", 0), ("D", 1), ("E", 1)):
        book(place, name, number)
    lists = place.signed_in().open("/staff/waiting")
    groups = ("A group", "Bump, Birth and Beyond")

    assert in_turn(lists, *groups) == [*groups]
    assert in_turn(lists.follow("how many wait"), *groups) == [*reversed(groups)]


def test_what_was_just_done_is_not_said_again(place):
    """The page in another order does not say 'Saved' a second time."""
    for name in ("Cath", "Bea"):
        book(place, name)
    screen = place.signed_in().open(f"{REGISTER}?saved=yes")

    assert "All marks have been saved" in screen.words
    assert "All marks have been saved" not in screen.follow("when they booked").words


def test_one_line_has_no_order(place):
    """Where there is nothing to sort, nothing is offered."""
    book(place, "Cath")

    assert "Sorted by" not in place.signed_in().open(REGISTER).words


def test_counts_do_not_tell_by_their_order_what_is_hidden(place):
    """Centres whose figures look alike stay in their usual order among each other."""
    rows = [
        Line(name, (Figure(1), Figure(9), safe(booked), *[Figure()] * 3))
        for name, booked in (("A", 1), ("B", 0), ("C", 4), ("D", 1200), ("E", 7), ("F", 5))
    ]
    orders = _orders("Centre", lambda line: line)
    with place.app.test_request_context("/staff/counts?month=2027-01&sort=booked"):
        found, links = in_order(rows, *orders)

    assert [line.label for line in found] == ["D", "E", "F", "A", "C", "B"]
    assert [(one.words, one.path) for one in links if one.chosen] == [
        ("Booked", "/staff/counts?month=2027-01&sort=booked")
    ]
    assert links[0].path == "/staff/counts?month=2027-01"


def test_rows_that_are_alike_stay_in_their_order(place):
    """Also where the largest comes first."""
    rows = [("a", 1), ("b", 2), ("c", 1), ("d", 2)]
    size = Order("size", "size", lambda row: row[1], falling=True)
    with place.app.test_request_context("/staff/?sort=size"):
        found, _ = in_order(rows, Order("name", "name"), size)

    assert [name for name, _ in found] == ["b", "d", "a", "c"]


def test_hostile_addresses_are_written_back_safely(place):
    """What was asked goes into the links as text."""
    for name in ("Cath", "Bea"):
        book(place, name)
    worker = place.signed_in()
    answer = worker.client.get("/staff/bookings?q=a&x=%22%3E%3Cscript%3E&sort=%22%3E").text

    assert 'x=%22%3E%3Cscript%3E&amp;sort=family"' in answer
    assert '"><script>' not in answer
