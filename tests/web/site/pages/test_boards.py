"""Boards: the list by footprint, and the page of each."""

from datetime import date

from portal.web.site.app import create_site
from portal.web.site.pages.boards import offer_in
from tests.support import made
from tests.support.boards import ASKED, with_board
from tests.support.page_reader import words_of

PAGE = "/boards/preston/"


def test_a_board_says_when_it_meets_and_how_to_join(read, pages):
    """The next date in words, where, how to join, the members, and what came of what was said."""
    text = words_of(read, PAGE)

    assert "Tuesday 8 December 2026, 5:30pm to 7pm" in text
    assert "Riverbank Centre Sample" in text
    assert "Come to one meeting and listen." in text
    assert "Health visitor" in text
    assert "We need one more worker." in text
    assert 'href="tel:01772532536"' in pages[PAGE]
    assert 'href="webcal://families.example/boards/preston/calendar.ics"' in pages[PAGE]
    assert "Invented on this page: the place." in text


def test_an_open_consultation_has_its_button(pages, read):
    """It says how many questions there are, and for whom they are most of all."""
    assert "Answer 3 questions" in words_of(read, PAGE)
    assert 'href="/consultations/weekends"' in pages[PAGE]
    assert "secondary school, 11 to 15" in words_of(read, PAGE)
    assert 'href="/consultations/weekends"' in pages["/boards/"]


def test_the_list_says_which_districts_have_no_board(read, pages, directory):
    """Every district is in the list, under its footprint; its own page leads to its board."""
    text = words_of(read, "/boards/")

    assert "Next meeting: Tuesday 8 December 2026, 5:30pm to 7pm." in text
    without = [one for one in directory.districts if not directory.board_of(one)]
    assert without
    assert text.count("This district has no board yet.") == len(without)
    assert PAGE in pages["/districts/preston/"]
    assert "/boards/" in pages["/"]


def test_a_board_whose_last_date_is_over_says_so():
    """There is no date of the past, and no calendar panel, on its page or in the list."""
    over = {"repeats": "once", "starts": "2026-12-07"}
    client = create_site(with_board(**over)).test_client()

    for path in (PAGE, "/boards/"):
        assert "No next meeting is planned yet" in client.get(path).text
        assert "7 December 2026" not in client.get(path).text
    assert "Add all dates" not in client.get(PAGE).text


def test_a_consultation_that_is_closed_or_not_open_has_no_button():
    """Before the first day the page names it; after the last one it leads to the answers."""
    for opens, closes, words in (
        ("2027-01-10", "2027-01-31", "You can answer 3 questions from Sunday 10 January 2027"),
        ("2026-12-01", "2026-12-31", "Read the answers"),
    ):
        asked = {**ASKED, "opens": opens, "closes": closes}
        text = create_site(with_board(consultation=asked)).test_client().get(PAGE).text
        assert words in text
        assert "Answer 3 questions" not in text


def test_the_numbers_are_those_of_the_coverage(directory):
    """What is on in the district: groups, sessions, and those outside working hours."""
    district = directory.district("preston")
    offer = offer_in(directory, district)
    sessions = [
        session
        for series in directory.series
        for session in series.all_sessions
        if not session.off and session.venue.centre and session.venue.centre.district == "preston"
        if date(2026, 11, 23) <= session.day <= date(2027, 2, 21)
    ]

    assert offer.sessions >= len(sessions) > 0
    assert offer.groups >= len({one.series for one in sessions})
    assert 0 <= offer.late < offer.sessions


def test_an_evening_in_the_holidays_is_an_evening():
    """Sessions from 5pm and at weekends are counted, also in the school holidays."""
    found = made.directory(
        {"starts": "2027-02-16", "time": "18:00-19:00", "repeats": "once"},  # in half-term
        {"starts": "2027-02-20", "time": "10:00-11:00", "repeats": "once"},  # a Saturday
        {"starts": "2027-02-17", "time": "10:00-11:00", "repeats": "once"},
    )
    offer = offer_in(found, found.districts[0])

    assert (offer.sessions, offer.late) == (3, 2)
