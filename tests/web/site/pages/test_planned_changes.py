"""Lists and centres say what families need to plan: closings, dates off, notes and hours."""

from datetime import date

import pytest

from portal.web.site.app import create_site
from tests.support.county import CENTRE
from tests.support.page_reader import Reader, words_of

PLAY = """
programme: play
day: Monday
starts: 2026-11-02
time: 10:00-11:30
"""
FOR_GOOD = "This centre closes for good on Monday 14 December 2026"
FOR_NOW = "This centre is closed from Monday 14 December 2026 to Friday 22 January 2027"
EVERYWHERE = ("/centres/riverbank/", "/centres/riverbank/whats-on/", "/embed/riverbank/")
AREAS = ("/centres/", "/districts/preston/", "/footprints/preston/")


LAST = "{date: 2026-12-14, note: Bring the whole family}"
NOTED = f"{PLAY}changes: [{LAST}]\n"
HOURS = "opening_hours: {Monday: 09:00-17:00, Tuesday: closed}\n"


@pytest.fixture
def words(county):
    """The words of a page of a county made of one centre and its series."""

    def make(path, runs=None, **given):
        html = create_site(county(runs or {"play": PLAY}, **given)).test_client().get(path).text
        return words_of({path: Reader(html)}, path)

    return make


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("closed from 2026-12-14", FOR_GOOD),
        ("closed from 2026-12-14 until 2027-01-22", FOR_NOW),
        ("closed until 2027-01-22", "losed until Friday 22 January 2027"),
    ],
)
def test_a_closing_is_said_before_it_comes(words, path, status, said):
    """A centre's page, leaflet and frame say from when it is closed, and whether for good."""
    assert said in words(path, centre=f"{CENTRE}status: {status}\n")


@pytest.mark.parametrize("path", AREAS)
@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("closed from 2026-12-14", "Closes for good on 14 December"),
        ("closed from 2026-12-14 until 2027-01-22", "Closed from 14 December to 22 January 2027"),
        ("closed from 2026-11-02 until 2026-11-20", ""),
    ],
)
def test_lists_of_centres_say_which_will_close(words, path, status, said):
    """A centre that will close is marked in every list of centres, until it is open again."""
    text = words(path, centre=f"{CENTRE}status: {status}\n")

    assert said in text
    assert ("losed from" in text or "Closes" in text) == bool(said)


@pytest.mark.parametrize("path", [*EVERYWHERE[:2], "/sessions/riverbank/play/"])
def test_a_group_that_ends_with_its_centre_does_not_seem_to_come_back(words, path):
    """Where the centre closes for good, its groups say their last day and no later dates."""
    text = words(path, centre=f"{CENTRE}status: closed from 2026-12-14\n")

    assert "Until Monday 7 December, then the centre closes" in text
    assert "ot on" not in text


# What follows "In the next 8 weeks not on" on Monday 23 November 2026, for each way to repeat.
REPEATS = {
    "repeats: weekly\nexcept: [2027-01-11]": "28 December and 11 January 2027",
    "repeats: fortnightly\nstarts: 2026-11-16": "28 December",
    "repeats: monthly\nstarts: 2026-10-26\nexcept: [2026-12-28]": "28 December",
    "term_time_only: yes": "21 December, 28 December and 4 January 2027",
    "except: [2026-12-21, 2027-01-04, 2027-01-11]\n"
    "changes: [{date: 2026-12-14, cancelled: Fair}]": "14 December to 11 January 2027",
}


@pytest.mark.parametrize("fields", REPEATS)
def test_the_dates_off_are_all_there_for_the_weeks_that_are_named(words, fields):
    """Cancelled dates and gaps are one list, complete for eight weeks, and it says so."""
    run = PLAY.replace("starts: 2026-11-02\n", "") if "starts:" in fields else PLAY
    text = words("/centres/riverbank/", {"play": f"{run}{fields}\n"})

    assert f"In the next 8 weeks not on {REPEATS[fields]}." in text


def test_a_list_that_reaches_the_last_date_names_no_weeks(words):
    """Where a group ends within the eight weeks, the list of its dates off is complete as it is."""
    text = words("/centres/riverbank/", {"play": f"{PLAY}until: 2027-01-04\n"})

    assert "Not on 28 December." in text


def test_a_date_held_on_another_gap_is_not_off(words):
    """A date off is not named where another date has been moved to it."""
    moved = "changes: [{date: 2026-11-30, moved_to: 2026-12-07}]\nexcept: [2026-12-07]\n"
    text = words("/centres/riverbank/", {"play": f"{PLAY}{moved}until: 2026-12-14\n"})

    assert "Not on" not in text


def test_a_leaflet_lists_the_dates_off_up_to_its_own_last_day(words):
    """The leaflet says until when it is, so its list is complete up to that day."""
    text = words(
        "/centres/riverbank/whats-on/",
        {"play": f"{PLAY}except: [2026-12-07, 2027-01-11]\n"},
        today=date(2026, 11, 23),
    )

    assert "Until Friday 18 December 2026." in text
    assert "Not on 7 December." in text


@pytest.mark.parametrize("path", ["/sessions/riverbank/play/", *EVERYWHERE])
def test_a_date_cancelled_with_its_centre_loses_its_note(words, path):
    """What was to happen on a date is not said when the centre's closing cancels the date."""
    closed = f"{CENTRE}status: closed from 2026-12-14\n"

    assert "Bring the whole family" in words(path, {"play": NOTED})
    assert "Bring the whole family" not in words(path, {"play": NOTED}, centre=closed)


def test_no_output_has_the_note_of_a_date_that_something_else_cancels(county):
    """A note stays beside the reason it was written with, and goes if centre or group is off."""
    closing = f"{CENTRE}closures: [{{date: 2026-12-14, reason: Flood}}]\n"
    with_reason = NOTED.replace("note:", "cancelled: Fair, note:")
    notes = {
        one.note
        for directory in (
            county({"play": NOTED}, centre=closing),
            county({"play": f"{NOTED}withdrawn: Nobody leads it\n"}),
        )
        for one in directory.series[0].all_sessions
    }
    kept = county({"play": with_reason}, centre=closing).series[0].all_sessions

    assert notes == {None}
    assert [one.note for one in kept if one.note] == ["Bring the whole family"]


def test_a_calendar_is_offered_only_where_there_are_dates(pages, directory):
    """A page says that a calendar updates when dates change only if it has dates to list."""
    today = directory.today
    coming = {
        one.programme for one in directory.series if any(d.day >= today for d in one.sessions)
    }
    for programme in directory.programmes:
        offered = "It keeps itself up to date." in pages[programme.path]

        assert offered == (programme in coming and not programme.sensitive), programme.slug


@pytest.mark.parametrize(
    ("time", "said"), [("16:30-17:00", False), ("16:30-17:30", True), ("08:30-10:00", True)]
)
def test_groups_outside_the_opening_hours_are_said_beside_them(words, time, said):
    """A centre whose groups meet while it is not open says so once, beside its hours."""
    run = {"play": PLAY.replace("10:00-11:30", time)}
    text = words("/centres/riverbank/", run, centre=f"{CENTRE}{HOURS}")

    assert text.count("Groups may meet outside these hours.") == said


def test_cancelled_groups_and_those_elsewhere_do_not_meet_outside_the_hours(words):
    """Only dates that are held in the building itself are compared with its hours."""
    late = PLAY.replace("10:00-11:30", "18:00-19:00")
    hall = "venue: {name: Village Hall, address: 1 Lane, town: Preston, postcode: PR1 8RJ}\n"
    for run in (f"{late}withdrawn: Nobody leads it\n", f"{late}{hall}"):
        text = words("/centres/riverbank/", {"play": run}, centre=f"{CENTRE}{HOURS}")

        assert "Groups may meet outside" not in text
