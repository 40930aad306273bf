"""Home, places, ages and days list what is on, nearest or soonest first."""

import re
from datetime import date

from portal.directory import AGE_BANDS
from portal.web.site.pages.browsing import weekdays
from tests.support.page_reader import words_of


def test_home(read, directory):
    """The first page asks where, how old and when, and leads on to areas, ages and urgent help."""
    page = read["/"]
    form = page.all("form")

    assert [(f["action"], f["method"]) for f in form] == [("/find/results#results", "get")]
    assert [a["name"] for tag in ("input", "select") for a in page.all(tag)] == [
        "near",
        "age",
        "day",
    ]
    links = {a["href"] for a in page.all("a")}
    assert {noun.path for noun in (*directory.footprints, *AGE_BANDS)} <= links
    assert "tel:999" in links or "urgent-help" not in {p.slug for p in directory.pages}


def test_rows_say_all_in_order(read):
    """A result says its name, time, venue, miles, ages, cost, way to a place and access, so."""
    text = words_of(read, "/near/preston/")
    found = re.search(
        r"Play Sessions in Urdu 1:30pm to 3pm Riverbank Centre, Preston, ([\d.]+ miles?|about .*?) "
        r".*?(Ages|Birth) .*?\. .*?\. Drop in In Urdu\. Step-free entrance",
        text,
    )

    assert found, text


def test_near_is_nearest_first(read):
    """Within a day, what is nearer comes first."""
    html = words_of(read, "/near/preston/")
    monday = re.findall(r"([\d.]+) miles?\b", html.split("November")[1])

    assert monday == sorted(monday, key=float)


def test_near_says_when_nothing_is(directory, read):
    """Where nothing is within 10 miles the page says so, and names what is nearest."""
    said = [
        path
        for path in read
        if path.startswith("/near/") and "Nothing is within 10 miles" in read[path].text
    ]

    for path in said:
        assert any(a.get("href", "").startswith("/sessions/") for a in read[path].all("a"))


def test_what_has_passed_can_be_hidden(pages):
    """Rows carry the moment after which they are over, and a line for when all are."""
    html = pages["/whats-on/"]

    assert re.search(r'data-ends="2026-11-2\dT\d\d:\d\d\+00:00"', html)
    assert html.count("data-over") == len(re.findall(r"<h2 data-day", html))


def test_weekdays_start_today(directory):
    """The seven weekdays of /whats-on/ are those from today."""
    assert next(one.day for one in weekdays(directory)) == date(2026, 11, 23)
    assert [one.name for one in weekdays(directory)][:2] == ["Monday", "Tuesday"]
