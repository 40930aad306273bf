"""Pages of programmes and series say when, where, for whom and how to get a place."""

import re
from datetime import UTC, date, datetime

import pytest

from portal.web.assets import static_files
from portal.web.site.app import create_site
from tests.support import made
from tests.support.page_reader import data_of, words_of


def test_series_page(read, pages):
    """A series says when, where, for whom, what it costs, and how to get a place."""
    text = words_of(read, "/sessions/riverbank/bump-spring/")
    html = pages["/sessions/riverbank/bump-spring/"]

    assert "Tuesdays, 10am to midday, in term time" in text
    assert "6 sessions, from 12 January to" in text
    assert "Willow Room" in text
    assert "Amina and Jo" in text
    assert 'href="/book/riverbank/bump-spring"' in html
    assert 'href="webcal://families.example/sessions/riverbank/bump-spring/calendar.ics"' in html
    assert "https://families.example/sessions/riverbank/bump-spring/calendar.ics</code>" in html
    assert "We start with tea at 9:45." in text


def test_what_to_expect_is_above_the_facts(read, pages):
    """A programme, its groups and a centre say what to expect in short lines above the facts, with
    a mark beside what is a sample; pages without such facts have no list of them."""
    series = words_of(read, "/sessions/riverbank/play-monday/")
    centre = words_of(read, "/centres/riverbank/")

    for words in (
        "What happens: You play with your child, and we sing at the end.",
        "First time: You can just watch at first.",
        "Who meets you: A play worker at the door.",
        "Who can come: Dads and partners are welcome. Brothers and sisters are welcome. "
        "There are toys for children up to 8.",
    ):
        assert words in series
        assert words in words_of(read, "/programmes/play-sessions/")
        assert words not in centre
    way = (
        "Getting here: Leave your buggy under the stairs. You can park in front of the door. "
        "Buses 2 and 35 stop outside. The station is 10 minutes away on foot. Sample"
    )
    for text, fact in ((series, "When Mondays"), (centre, "Where 12 River Street")):
        assert 0 < text.index(way) < text.index(fact)
    assert 'class="expect"' not in pages["/programmes/baby-massage/"]
    marks = set(re.findall(r"marks\.\w+\.svg#([\w-]+)", pages["/sessions/riverbank/play-monday/"]))
    drawn = set(re.findall('id="([^"]+)"', static_files()["marks.svg"].content.decode()))
    assert {"people", "first-time", "who", "dads", "siblings", "buggy", "parking", "bus"} <= marks
    assert marks <= drawn
    # The words of the hall in which a group meets, and not of the centre that runs it.
    assert "Getting here:" not in words_of(read, "/sessions/mill-brow/village-play/")


def test_changes_are_said_in_words(read, pages):
    """A date that is off or moved says so in words, not by a line through it alone."""
    moved = words_of(read, "/sessions/riverbank/bump-spring/")
    off = words_of(read, "/sessions/riverbank/play-monday/")
    elsewhere = words_of(read, "/sessions/weavers-yard/feeding-wednesday/")

    assert "Wednesday 3 February 2027 1pm to 3pm" in moved
    assert "Moved from Tuesday 2 February" in moved
    assert "Cancelled The hall is used for a vote." in off
    assert "<s>Monday 14 December 2026</s>" in pages["/sessions/riverbank/play-monday/"]
    assert "Other place Nelson Library, Market Square, BB9 7AB." in elsewhere


def test_closures_reach_the_dates(read):
    """A day on which the centre is closed is cancelled on the group's page."""
    text = words_of(read, "/sessions/riverbank/play-monday/")

    assert "Cancelled The boiler is being mended." in text


def test_withdrawn_series(read, pages):
    """A run that is off says why, and offers no button."""
    path = "/sessions/mill-brow/massage-spring/"

    assert "This is cancelled The leader has moved to another job." in words_of(read, path)
    assert 'role="button"' not in pages[path]


def test_no_button_where_all_dates_are_off():
    """A run of which every coming date is called off has none; with one date left, it has."""
    off = [{"date": "2027-01-12", "cancelled": "The leader is ill"}]
    directory = made.directory(
        {"repeats": "once"},
        {"repeats": "once", "changes": off},
        {"repeats": "once", "changes": off, "booking": "request"},
        {"changes": off},
    )
    client = create_site(directory).test_client()
    shown = [
        'role="button"' in client.get(f"/sessions/riverbank/bump{number}/").text
        for number in ("", "-1", "-2", "-3")
    ]

    assert shown == [True, False, False, True]


def shown_in(html):
    """What is shown without scripts: nothing of the states that come later."""
    return re.sub(r"<(span|p)[^>]* data-starts[^>]* hidden>.*?</\1>", "", html, flags=re.S)


BOOK, CLOSED = 'href="/book/riverbank/bump"', "<b>Booking has closed.</b>"
STARTED = "<b>It has started.</b>"
DATE, ASK = 'href="/book/riverbank/bump?session=2027-01-19"', 'href="/request/bump?'


@pytest.mark.parametrize(
    ("day", "fields", "expected"),
    [
        (date(2027, 1, 12), {}, BOOK),
        (date(2027, 1, 13), {}, STARTED),
        (date(2027, 1, 5), {"closes": "2027-01-04"}, CLOSED),
        (date(2027, 1, 13), {"until": "2027-03-30"}, BOOK),
        (date(2027, 1, 13), {"book": "session"}, DATE),
        (date(2027, 1, 13), {"booking": "request"}, ASK),
        (date(2027, 1, 13), {"closes": "2027-01-13"}, BOOK),
        (date(2027, 1, 4), {"closes": "2027-01-05 00:00"}, BOOK),
        (date(2027, 1, 5), {"closes": "2027-01-05 00:00"}, CLOSED),
        (date(2027, 1, 14), {"closes": "2027-01-13"}, STARTED),
    ],
)
def test_a_page_offers_what_can_be_booked_on_its_day(day, fields, expected):
    """As the live pages do: a course closes when it begins, a closing date at the day's end.

    A closing date with a time, midnight too, means that moment.
    """
    client = create_site(made.directory(fields, today=day)).test_client()
    html = shown_in(client.get("/sessions/riverbank/bump/").text)

    assert [way for way in (BOOK, CLOSED, STARTED, DATE, ASK) if way in html] == [expected]


def test_booking_by_session(pages):
    """Where one books single dates, each date has its own link."""
    html = pages["/sessions/mill-brow/half-term/"]

    assert 'href="/book/mill-brow/half-term?session=2027-02-15"' in html


def test_past_series_keep_their_page(read):
    """A run that is over keeps its address, says so, and leads on; its centre still leads to it."""
    path = "/sessions/harbour/summer-2026/"

    assert "No more dates are planned." in words_of(read, path)
    assert path in {a["href"] for a in read["/centres/harbour/"].all("a")}


def test_event_data(pages):
    """Each coming session is an event with its offset, state and place."""
    graph = data_of(pages["/sessions/riverbank/bump-spring/"])["@graph"]
    events = [one for one in graph if one["@type"] in ("Event", "ChildrensEvent")]
    moved = [one for one in events if one["eventStatus"].endswith("EventRescheduled")]
    place = next(one for one in graph if one["@type"] == "Place")

    assert [one["startDate"] for one in events][:2] == [
        "2027-01-12T10:00+00:00",
        "2027-01-19T10:00+00:00",
    ]
    assert [(one["startDate"], one["previousStartDate"]) for one in moved] == [
        ("2027-02-03T13:00+00:00", "2027-02-02T10:00+00:00")
    ]
    assert all(one["location"]["@id"] == place["@id"] for one in events)
    assert place["geo"]["latitude"] == 53.7563


def test_programme_page(read, pages):
    """A programme says who it is for and where it runs, district by district."""
    text = words_of(read, "/programmes/play-sessions/")

    assert "Where it runs" in text
    assert text.index("Preston") < text.index("Play Sessions in Urdu")
    assert data_of(pages["/programmes/play-sessions/"])["@type"] == "GovernmentService"


def test_pages_lead_to_tell_me_when(pages, directory):
    """Each programme with dated groups leads to its form, and so does each of its series that one
    cannot just come to, near its town; no other page does (S84)."""
    for programme in directory.programmes:
        leads = f'href="{programme.tell_path}"' in pages[programme.path]
        assert leads == programme.can_tell, programme.slug
        assert leads or "/tell/" not in pages[programme.path]
    for series in directory.series:
        leads = f'href="{series.programme.tell_path}' in pages[series.path]
        wanted = series.programme.can_tell and (series.booking != "drop-in" or leads)
        assert leads == wanted, series.identity
    assert 'href="/tell/bump-birth-and-beyond?near=Preston"' in pages[
        "/sessions/riverbank/bump-spring/"
    ]  # fmt: skip


def test_sensitive_page(pages, read):
    """Such a page can be left at once and gives a way to ask, no place, no time and no data."""
    path = "/programmes/group-for-women/"
    page, html = read[path], pages[path]
    exits = [a for a in page.all("a") if "data-exit" in a]

    assert [a["href"] for a in exits] == ["https://www.bbc.co.uk/weather"] * 2
    assert {a["rel"] for a in exits} == {"noreferrer nofollow"}
    assert page.all("a")[1] is exits[0]
    assert "/request/group-for-women" in html
    assert data_of(html) is None
    assert "calendar.ics" not in html
    assert "data-ends" not in html


@pytest.mark.browser
def test_a_frozen_page_changes_over_at_the_right_moment(chromium):
    """Without a new build, the script shows the state of the moment alone, and no other."""
    directory = made.directory({"opens": "2027-01-05 09:00", "closes": "2027-01-08"})
    address = "/sessions/riverbank/bump/"
    html = create_site(directory).test_client().get(address).text
    script = static_files()["site.js"].content.decode()
    seen = {}
    for day, hour in ((5, 8), (5, 9), (8, 23), (9, 0), (12, 10)):
        page = chromium.new_page()
        page.clock.set_fixed_time(datetime(2027, 1, day, hour, 30, tzinfo=UTC))
        page.set_content(html)
        page.evaluate(script)
        said = page.locator("dt:text-is('How to get a place') + dd b:visible")
        seen[day, hour] = said.all_inner_texts(), page.locator("[role=button]:visible").count()
        page.close()

    assert seen == {
        (5, 8): (["Not yet."], 0),
        (5, 9): (["Book a place."], 1),
        (8, 23): (["Book a place."], 1),
        (9, 0): (["Booking has closed."], 0),
        (12, 10): (["It has started."], 0),
    }


def test_structured_data_offers_what_can_be_booked():
    """An offer stands for what can be booked, with its times; what has started has none."""
    found = []
    for day in (4, 13):
        directory = made.directory({"opens": "2027-01-05 09:00"}, today=date(2027, 1, day))
        html = create_site(directory).test_client().get("/sessions/riverbank/bump/").text
        found.append([one for one in data_of(html)["@graph"] if one["@type"] == "Offer"])

    page = "https://families.example/sessions/riverbank/bump/"
    assert found == [
        [
            {
                "@type": "Offer",
                "@id": f"{page}#offer",
                "url": page,
                "availabilityStarts": "2027-01-05T09:00+00:00",
                "availabilityEnds": "2027-01-12T10:00+00:00",
            }
        ],
        [],
    ]
