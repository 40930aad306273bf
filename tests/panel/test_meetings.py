"""The meetings of a Resource Panel: days, mistakes in the content, and the calendar."""

from datetime import date

import icalendar
import pytest

from portal.content.panel_checks import check_panel
from portal.content.school_calendar import school_calendar
from portal.directory import Panel, Terms
from portal.directory.schedule import meetings
from portal.feeds import calendars

FIELDS = {
    "name": "Pendle Resource Panel",
    "starts": "2026-09-07",  # a Monday
    "time": "13:30-15:30",
    "where": "Town Hall",
    "budget": "6000",
    "sub_group": "Sub Group",
    "board": "Trust Board",
}
TERMS = Terms.model_validate({"terms": [], "closures": [{"date": "2027-05-04", "reason": "Shut"}]})


def panel_of(**fields):
    return Panel.model_validate({**FIELDS, **fields})


class File:
    """Takes the mistakes that a check finds."""

    def __init__(self):
        self.found = []

    def wrong(self, place, words):
        self.found.append((place[1:], words))


def mistakes(**fields):
    file = File()
    check_panel(file, ("panel",), panel_of(**fields), TERMS)
    return file.found


def test_a_meeting_on_a_bank_holiday_moves_to_the_next_working_day():
    """S94: nothing meets on a bank holiday or a closed day; the meeting says why it moved."""
    found = {
        one.name: one for one in meetings(panel_of(), school_calendar(TERMS), date(2027, 6, 30))
    }

    may = found["2027-05-03"]
    assert may.day == date(2027, 5, 5)
    assert may.moved == "nothing meets on Monday 3 May 2027 (May Day)"
    assert (found["2027-06-07"].day, found["2027-06-07"].moved) == (date(2027, 6, 7), "")


def test_meetings_follow_the_changes_of_the_file():
    """A day in `except` has no meeting, and one in `changes` keeps the name of its first day."""
    panel = panel_of(
        **{"except": ["2026-10-05"], "changes": [{"date": "2026-11-02", "moved_to": "2026-11-04"}]}
    )
    found = meetings(panel, school_calendar(TERMS), date(2026, 12, 31))

    assert [(one.name, one.day.isoformat()) for one in found] == [
        ("2026-09-07", "2026-09-07"),
        ("2026-11-02", "2026-11-04"),
        ("2026-12-07", "2026-12-07"),
    ]
    assert (found[1].starts.hour, found[1].ends.hour) == (13, 15)


@pytest.mark.parametrize(
    ("fields", "place", "words"),
    [
        ({"day": "Friday"}, ("day",), "7 September 2026 is a Monday, not a Friday"),
        ({"starts": "2626-09-07"}, ("starts",), "the year 2626 cannot be right"),
        ({"repeats": "daily"}, ("repeats",), "Write monthly, fortnightly or weekly"),
        ({"budget": "400"}, ("limit",), "one decision could spend £500"),
        ({"sample": ["budgets"]}, ("sample", 0), "a panel has no 'budgets'. Did you mean 'budget'"),
        ({"except": ["2026-10-06"]}, ("except", 0), "The nearest one is on Monday 5 October 2026"),
        (
            {"changes": [{"date": "2026-10-06", "moved_to": "2026-10-07"}]},
            ("changes", 0, "date"),
            "there is no meeting on Tuesday 6 October 2026",
        ),
        (
            {"changes": [{"date": "2027-05-03", "moved_to": "2027-05-04"}]},
            ("changes", 0, "moved_to"),
            "nothing meets on Tuesday 4 May 2027 (Shut)",
        ),
        (
            {"changes": [{"date": "2026-10-05", "moved_to": "2026-11-09"}]},
            ("changes", 0, "moved_to"),
            "is not between the meetings before and after",
        ),
        (
            {
                "except": ["2026-10-05"],
                "changes": [{"date": "2026-10-05", "moved_to": "2026-10-06"}],
            },
            ("changes", 0, "date"),
            "is named twice",
        ),
    ],
)
def test_mistakes_are_named_with_their_remedy(fields, place, words):
    """Each mistake in a panel is named at its own field, with what to write."""
    found = mistakes(**fields)

    assert [where for where, _ in found] == [place]
    assert words in found[0][1]


def test_a_panel_without_mistakes():
    assert mistakes() == []


def test_the_calendar_of_a_panel(directory):
    """A calendar has each meeting once, with its place, and no word of what is decided there."""
    files = calendars.files(directory)
    found = icalendar.Calendar.from_ical(files["/panels/preston/calendar.ics"]())
    events = {str(event["UID"]): event for event in found.walk("VEVENT")}

    assert [path for path in files if path.startswith("/panels/")] == [
        "/panels/preston/calendar.ics"
    ]
    moved = events["2027-02-01.panel.preston@families.example"]
    assert moved["DTSTART"].dt.date() == date(2027, 2, 3)
    assert "2026-12-07.panel.preston@families.example" not in events
    assert (moved["SUMMARY"], moved["LOCATION"]) == ("Preston Resource Panel", "Town Hall, Room 2")
    assert "moved from Monday 1 February 2027" in moved["DESCRIPTION"]
    assert {str(event["SUMMARY"]) for event in events.values()} == {"Preston Resource Panel"}
