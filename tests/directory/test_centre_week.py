"""The week of a centre holds what its pages show, and nothing else."""

from datetime import date

from portal.content.school_calendar import school_calendar
from portal.directory.centre_week import due_day, week_of
from tests.support import made

MONDAY = date(2027, 1, 11)  # the sessions of `made` are on Tuesdays, from the 12th
MOVED = {"changes": [{"date": "2027-01-12", "moved_to": "2027-01-14 13:00-15:00"}]}
POSTPONED = {"changes": [{"date": "2027-01-12", "postponed": "The hall is flooded"}]}
CANCELLED = {"changes": [{"date": "2027-01-12", "cancelled": "Snow"}]}


def week(*series, **given):
    directory = made.directory(*series, **given)
    return week_of(directory, directory.centres[0], MONDAY)


def test_a_week_shows_the_facts_of_the_centre_and_each_session_with_its_change():
    """Who says that all is right has seen what families see: facts, times, places and changes."""
    centre = {"parking": "In Mill Street", "first_time": "Ring the bell", "sample": ["phone"]}
    shown = week({"room": "The hall"}, CANCELLED, MOVED, POSTPONED, centre=centre)

    assert ("Where", "Riverbank, 1 River Street, Preston, PR1 8RJ") in shown.facts
    assert ("Phone (a sample)", "01772 111111") in shown.facts
    assert ("Open", "not given") in shown.facts
    assert {("Parking", "In Mill Street"), ("First time", "Ring the bell")} <= {*shown.facts}
    assert [one.words for one in shown.sessions] == [
        "10am to midday, Bump, Birth and Beyond, The hall",
        "10am to midday, Bump, Birth and Beyond. Cancelled: Snow.",
        "10am to midday, Bump, Birth and Beyond. Moved to Thursday 14 January 2027, 1pm to 3pm.",
        "10am to midday, Bump, Birth and Beyond. Postponed: The hall is flooded.",
        "1pm to 3pm, Bump, Birth and Beyond. Moved from Tuesday 12 January 2027.",
    ]
    assert "Tuesday 12 January 2027\n10am to midday" in shown.lines


def test_nothing_of_a_sensitive_programme_is_in_a_week():
    """S80: a link opens without a sign-in, so what is withheld from the public is not behind it."""
    shown = week(sensitive=True)

    assert shown.sessions == ()
    assert "Time together" not in shown.lines
    assert "No groups are planned in this week." in shown.lines


def test_an_address_that_is_not_published_is_not_in_a_week():
    """S80: the week of a centre does not say where it is if its page does not."""
    shown = week(centre={"address_public": "no"}).lines

    assert "River Street" not in shown
    assert "PR1 8RJ" not in shown


def test_each_change_of_what_is_shown_changes_the_digest():
    """An answer about one week does not count for another one."""
    plain = week().digest
    others = [
        week({"time": "10:00-12:30"}),
        week({"room": "The hall"}),
        week(CANCELLED),
        week(MOVED),
        week(POSTPONED),
        week(centre={"phone": "01772 222222"}),
        week(centre={"opening_hours": {"Monday": "9:00-17:00"}}),
        week({}, {"starts": "2027-01-13"}),
    ]

    assert week().digest == plain
    assert len({plain, *(one.digest for one in others)}) == 9


def test_it_is_due_on_the_first_working_day():
    """After a bank holiday or a closure the next working day counts; without one, none."""
    closures = [{"date": "2027-01-18", "reason": "Training"}]
    closed = school_calendar(made.directory(closures=closures).terms).closed

    assert due_day(date(2027, 1, 11), closed) == date(2027, 1, 11)
    assert due_day(date(2027, 1, 18), closed) == date(2027, 1, 19)
    assert due_day(date(2027, 5, 3), closed) == date(2027, 5, 4)  # a bank holiday
    assert due_day(date(2027, 3, 29), closed) == date(2027, 3, 30)  # Easter Monday
    assert due_day(date(2027, 4, 5), lambda day: True) is None
