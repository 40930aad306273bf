"""Lists of staff in the order of one's choice, by links."""

import re

import pytest

from portal import bookings
from portal.web.staff.counts import _orders
from portal.web.staff.order import Order, in_order
from tests import made
from tests.staffed import Staffed
from tests.test_bookings import KEYS, family

REGISTER = "/staff/register/riverbank/bump/2027-01-12"


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory({}, {"title": "Another group", "places": "1"}))


def book(place, name, number=0, **given):
    who = family(next(iter(given.pop("numbers", [0]))), **given)
    who = bookings.Family(**{**who.__dict__, "name": name})
    return bookings.book(
        place.engine,
        place.directory.series[number],
        who,
        key=next(KEYS),
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


def test_every_list_has_its_orders(place):
    """Each leads to the same list, and keeps what else was asked."""
    for number, name in enumerate(("Zed Park", "Ann Park", "Moe Park")):
        book(place, name, number % 2, numbers=[number])
    worker = place.signed_in("administrator")
    place.staff(title="Bo Ash")
    place.staff("manager", title="Al Yew")
    found = worker.open("/staff/bookings?q=park")
    day = worker.open("/staff/?day=2027-01-12")
    people = worker.open("/staff/accounts")

    assert in_turn(found, "Zed", "Ann", "Moe") == ["Moe", "Ann", "Zed"]
    assert in_turn(found.follow("family"), "Zed", "Ann", "Moe") == ["Ann", "Moe", "Zed"]
    assert in_turn(found.follow("group"), "Zed", "Ann", "Moe") == ["Ann", "Moe", "Zed"]
    assert "12 January 2027" in day.follow("name").words
    assert in_turn(people, "Al Yew", "Bo Ash") == ["Al Yew", "Bo Ash"]
    assert in_turn(people.follow("role and place"), "Manager", "Worker") == ["Manager", "Worker"]


def test_what_was_just_done_is_not_said_again(place):
    """The page in another order does not say 'Saved' a second time."""
    for name in ("Cath", "Bea"):
        book(place, name)
    screen = place.signed_in().open(f"{REGISTER}?saved=yes")

    assert "All marks are kept" in screen.words
    assert "All marks are kept" not in screen.follow("when they booked").words


def test_one_line_has_no_order(place):
    """Where there is nothing to sort, nothing is offered."""
    book(place, "Cath")

    assert "Sorted by" not in place.signed_in().open(REGISTER).words


def test_counts_do_not_tell_by_their_order_what_is_hidden(place):
    """Centres with 'under 5' stay in their usual order among each other."""
    rows = [
        ("A", ("1", "9", "under 5", "0", "0", "0")),
        ("B", ("1", "9", "0", "0", "0", "0")),
        ("C", ("1", "9", "under 5", "0", "0", "0")),
        ("D", ("1", "9", "1,200", "0", "0", "0")),
        ("E", ("1", "9", "7", "0", "0", "0")),
    ]
    orders = _orders("Centre", lambda row: row[1])
    with place.app.test_request_context("/staff/counts?month=2027-01&sort=booked"):
        found, links = in_order(rows, *orders)

    assert [name for name, _ in found] == ["D", "E", "A", "C", "B"]
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
    worker = place.signed_in()
    for name in ("Cath", "Bea"):
        book(place, name)
    answer = worker.client.get("/staff/bookings?q=e&x=%22%3E%3Cscript%3E&sort=%22%3E").text

    assert "<script>" not in answer.replace("<script src", "")
    assert "Sorted by" in answer or "found" in answer
