"""Home, places, ages and days list what is on, nearest or soonest first."""

import random
import re
from datetime import date
from math import degrees

import pytest

from portal import content
from portal.directory import AGE_BANDS, Settlement
from portal.directory.values import Position, distance
from portal.web.site.app import create_site
from portal.web.site.pages.browsing import weekdays
from tests.support.page_reader import words_of


def test_home(read, directory):
    """The first page asks where and how old, has chips for days and places, and leads on to areas,
    ages and urgent help."""
    page = read["/"]
    form = page.all("form")

    assert [(f["action"], f["method"]) for f in form] == [("/find/results", "get")]
    assert [a["name"] for tag in ("input", "select") for a in page.all(tag)] == [
        "near",
        "age",
    ]
    assert [(a["name"], a["value"]) for a in page.all("button") if "name" in a] == [
        ("on", "today"),
        ("on", "tomorrow"),
        ("on", "weekend"),
        ("on", "next-week"),
        ("room", "yes"),
    ]
    links = {a["href"] for a in page.all("a")}
    assert {noun.path for noun in (*directory.districts, *AGE_BANDS)} <= links
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


@pytest.fixture(scope="module")
def moved(sample_root):
    """The site in a week in which the feeding group of Wednesday moves to Thursday."""
    return create_site(content.load(sample_root, today=date(2026, 12, 7))).test_client()


@pytest.mark.parametrize(
    "path",
    [
        "/whats-on/",
        "/whats-on/wednesday/",
        "/districts/pendle/",
        "/ages/babies/",
        "/embed/weavers-yard/",
    ],
)
def test_the_old_day_of_a_moved_session_says_where_it_went(moved, path):
    """Each list by day says on the old day of a session to which day and time it has moved."""
    rows = re.findall(r"<li.*?</li>", moved.get(path).text, re.S)
    old = [row for row in rows if "weavers-yard/feeding-wednesday/" in row and "<s>" in row]

    assert len(old) == 1
    assert "Moved</strong> to Thursday 10 December, 11:30am to 1:30pm." in old[0]


def test_a_moved_session_is_counted_once(moved, sample_root):
    """The numbers of sessions leave out old days."""
    said = {
        path: int(re.search(r"([\d,]+) sessions?", moved.get(path).text)[1])
        for path in ("/whats-on/", "/whats-on/wednesday/", "/whats-on/thursday/")
    }
    directory = content.load(sample_root, today=date(2026, 12, 7))
    week = [
        one
        for series in directory.series
        for one in series.sessions
        if 0 <= (one.day - directory.today).days < 7
    ]

    assert said == {
        "/whats-on/": len(week),
        "/whats-on/wednesday/": sum(one.day == date(2026, 12, 9) for one in week),
        "/whats-on/thursday/": sum(one.day == date(2026, 12, 10) for one in week),
    }


@pytest.mark.parametrize("path", ["/", "/near/nelson/"])
def test_lists_of_what_is_near_or_soon_leave_old_days_out(moved, path):
    """Where lists choose what a family can come to, a session is there on its new day alone."""
    assert "</strong> to Thursday" not in moved.get(path).text


@pytest.mark.parametrize("seed", range(3))
def test_near_is_the_nearest_of_all_sessions(county, seed):
    """Wherever sessions and places are, a page has those within 10 miles, the nearest 40 at most,
    and otherwise the nearest five: the same as if each were measured."""
    chance = random.Random(seed)
    ten_miles_north = degrees(10 / 3958.76)  # the radius of the earth in miles
    middle = Position(53.8, -2.7)
    spots = [
        Position(53.8 + chance.gauss(0, spread), -2.7 + chance.gauss(0, 1.7 * spread))
        for spread in [0.05] * 50 + [0.2] * 30
    ] + [
        Position(middle.latitude + way * ten_miles_north * far, middle.longitude)
        for way in (-1, 1)
        for far in (0.9999, 1.0001)
    ]
    weekdays = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    runs = {
        f"run-{number}": "programme: play\nstarts: 2026-11-02\ntime: 10:00-11:30\n"
        f"day: {chance.choice(weekdays)}\n"
        f"venue: {{name: Hall, town: Leyland, location: '{one.latitude:.6f}, {one.longitude:.6f}'}}"
        for number, one in enumerate(spots)
    }
    places = [middle, Position(51.5, -0.1), *chance.sample(spots, 10)]
    directory = county(runs).model_copy(
        update={
            "settlements": tuple(
                Settlement(f"at-{n}", f"At {n}", None, one, "village", 100, "PR1", True)
                for n, one in enumerate(places)
            )
        }
    )
    site = create_site(directory).test_client()
    week = directory.sessions_between(*directory.week_from(directory.today))
    totals = set()
    for settlement in directory.settlements:
        away = {one: distance(settlement.position, one.venue.position) for one in week}
        near = sorted(week, key=away.__getitem__)
        within = sum(miles <= 10 for miles in away.values())
        shown = sorted(near[: min(within, 40) or 5], key=lambda one: one.day)
        html = site.get(settlement.path).text
        said = re.search(r"(\d+) sessions? within 10 miles", html)
        totals.add(within)

        assert int(said[1] if said else 0) == within
        assert re.findall(r'<a href="(/sessions/[^"]+)"', html) == [
            one.series.path for one in shown
        ]

    assert 0 in totals
    assert max(totals) > 40
