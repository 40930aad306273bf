"""A booking in the family's own calendar, read back by two independent parsers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import icalendar
import pytest
import vobject

from portal.directory.values import LONDON
from portal.messages import family_calendar
from tests.support import made
from tests.support.made import NOW

BASE = "https://families.example"


@dataclass
class Booked:
    """A booking as a calendar sees it."""

    calendar_id: str = "0123456789abcdef0123456789abcdef"
    revision: int = 0
    status: str = "confirmed"
    planned: str = ""
    created: datetime = NOW
    changed: datetime = NOW


def files(booking, directory, sessions=None):
    series = (*directory.series, *directory.private_series)[0]
    return family_calendar.attachments(
        booking,
        family_calendar.sessions_of(booking, series) if sessions is None else sessions,
        directory.site,
        base=BASE,
        organizer="families@families.example",
        attendee="amina@example.org",
    )


def private(booking, directory) -> bytes:
    series = (*directory.series, *directory.private_series)[0]
    return family_calendar.private_calendar(
        booking,
        family_calendar.sessions_of(booking, series),
        directory.site,
        base=BASE,
        discreet=series.programme.sensitive,
    )


def entries(data: bytes) -> dict[str, icalendar.Event]:
    """By UID, after both parsers have read the bytes and agree about what and when."""
    calendar = icalendar.Calendar.from_ical(data)
    events = {str(event["uid"]): event for event in calendar.walk("VEVENT")}
    other = vobject.readOne(data.decode())
    read = {e.uid.value: e for e in getattr(other, "vevent_list", [])}
    assert set(read) == set(events)
    for uid, event in events.items():
        assert read[uid].summary.value == str(event["summary"])
        ours, theirs = event["dtstart"].dt, read[uid].dtstart.value
        assert (ours, ours.utcoffset()) == (theirs, theirs.utcoffset())
    return events


@pytest.mark.parametrize("service", [{}, {"phone": None}])
def test_an_entry_says_how_to_reach_us(service):
    """It has the number, or the address of the contact page: nobody can press it in a calendar."""
    directory = made.directory(service=service, centre={"phone": None})
    for event in entries(private(Booked(), directory)).values():
        way = "See how to reach us at https://families.example/contact/"
        words = way if service else "Ring us on 01772 000000"

        assert f"Questions? {words}" in str(event["description"])


MOVED = {"changes": [{"date": "2027-02-02", "moved_to": "2027-02-03 13:00-15:00"}]}
OFF = {"changes": [{"date": "2027-02-02", "cancelled": "The boiler is broken"}]}


def test_a_confirmation_holds_every_session():
    """One file to keep, one entry a session, each with a UID of its own and an organiser."""
    [file] = files(Booked(), made.directory())

    calendar = icalendar.Calendar.from_ical(file.content)
    found = entries(file.content)
    assert (file.name, file.method, str(calendar["method"])) == (
        "booking.ics",
        "PUBLISH",
        "PUBLISH",
    )
    assert list(found) == [
        f"booking-0123456789abcdef0123456789abcdef-2027-{day}@families.example"
        for day in ("01-12", "01-19", "01-26", "02-02", "02-09", "02-16")
    ]
    event = next(iter(found.values()))
    assert event["dtstart"].dt == datetime(2027, 1, 12, 10, tzinfo=LONDON)
    assert str(event["summary"]) == "Bump, Birth and Beyond"
    assert str(event["location"]) == "Riverbank, 1 River Street, Preston, PR1 8RJ"
    assert str(event["organizer"]) == "mailto:families@families.example"
    assert "attendee" not in event
    assert "x-wr-calname" not in calendar


def test_one_session_is_one_entry():
    """Its UID is that of the booking: there is only one."""
    [file] = files(Booked(planned="2027-01-19"), made.directory({"book": "session"}))

    assert list(entries(file.content)) == [
        "booking-0123456789abcdef0123456789abcdef@families.example"
    ]


def test_a_moved_session_keeps_its_uid():
    """It updates the entry in the family's phone: same UID, new time, higher SEQUENCE."""
    [before] = files(Booked(), made.directory())
    [after] = files(Booked(revision=1, changed=NOW + timedelta(days=3)), made.directory(MOVED))

    uid = "booking-0123456789abcdef0123456789abcdef-2027-02-02@families.example"
    old, new = entries(before.content)[uid], entries(after.content)[uid]
    assert new["dtstart"].dt == datetime(2027, 2, 3, 13, tzinfo=LONDON)
    assert new["sequence"] > old["sequence"]
    assert new["dtstamp"].dt > old["dtstamp"].dt
    assert str(new["status"]) == "CONFIRMED"
    assert "Moved from Tuesday 2 February 2027, 10am to midday." in str(new["description"])


def test_a_change_of_the_series_raises_the_sequence_too():
    """Another venue in the content updates the entry although the booking is as it was."""
    directory = made.directory()
    [before] = files(Booked(), directory)
    directory.series[0].link(changed=made.CHANGED + timedelta(minutes=1))
    [after] = files(Booked(), directory)

    sequences = [
        {event["sequence"] for event in entries(file.content).values()} for file in (before, after)
    ]
    assert sequences[1] == {number + 1 for number in sequences[0]}


def test_a_cancelled_booking_takes_each_entry_away():
    """METHOD:CANCEL with the same UIDs and organiser, the family as attendee, one entry a file."""
    [kept] = files(Booked(), made.directory())
    off = files(Booked(revision=1, status="cancelled"), made.directory())

    known = entries(kept.content)
    assert [file.method for file in off] == ["CANCEL"] * 6
    for file in off:
        [(uid, event)] = entries(file.content).items()
        assert uid in known
        assert event["sequence"] > known[uid]["sequence"]
        assert str(event["status"]) == "CANCELLED"
        assert str(event["summary"]).startswith("CANCELLED: ")
        assert event["organizer"] == known[uid]["organizer"]
        assert str(event["attendee"]) == "mailto:amina@example.org"
    assert len({file.name for file in off}) == 6


def test_a_long_run_is_not_taken_away_by_dozens_of_files():
    """Then the words of the message, and the private calendar, must do."""
    directory = made.directory({"repeats": "weekly"})

    assert files(Booked(status="cancelled"), directory) == ()


def test_a_cancelled_session_is_taken_away_alone():
    """The others stay as they are."""
    directory = made.directory(OFF)
    session = next(s for s in directory.series[0].all_sessions if s.cancelled)
    [file] = files(Booked(revision=1), directory, [session])

    [event] = entries(file.content).values()
    assert file.method == "CANCEL"
    assert "Cancelled: The boiler is broken" in str(event["description"])


def test_the_private_calendar_follows():
    """It holds the attachments' UIDs, and shows what was moved and what was cancelled."""
    changes = MOVED["changes"] + [{"date": "2027-02-09", "cancelled": "Snow"}]
    directory = made.directory({"changes": changes})
    [file] = files(Booked(), made.directory())
    found = entries(private(Booked(revision=2), directory))

    assert set(found) == set(entries(file.content))
    moved, off = (
        found[f"booking-0123456789abcdef0123456789abcdef-2027-02-{day}@families.example"]
        for day in ("02", "09")
    )
    assert moved["dtstart"].dt == datetime(2027, 2, 3, 13, tzinfo=LONDON)
    assert str(off["status"]) == "CANCELLED"


def test_a_booking_given_up_shows_as_cancelled():
    """A family that subscribed sees it in its calendar."""
    found = entries(private(Booked(status="cancelled", revision=1), made.directory()))

    assert len(found) == 6
    assert {str(event["status"]) for event in found.values()} == {"CANCELLED"}


@pytest.mark.parametrize("status", ["requested", "waiting", "offered", "lapsed", "declined"])
def test_without_a_place_the_calendar_is_empty(status):
    """It is a calendar all the same: programs that subscribed must be able to read it."""
    data = private(Booked(status=status), made.directory())

    calendar = icalendar.Calendar.from_ical(data)
    assert calendar.walk("VEVENT") == []
    assert len(calendar.walk("VTIMEZONE")) == 1


def test_sessions_before_the_booking_are_not_the_family_s():
    """Who joins a weekly group in February was not there in January."""
    directory = made.directory({"repeats": "weekly", "until": "2027-03-02"})
    joined = datetime(2027, 2, 9, 11, tzinfo=LONDON)

    found = entries(private(Booked(created=joined), directory))
    assert min(event["dtstart"].dt for event in found.values()).date() == joined.date()


def test_the_calendar_of_a_sensitive_programme_tells_when_and_nothing_else():
    """S3, S8: 'Appointment', private, without place, address, words or alarm."""
    directory = made.directory(
        {"room": "Upper Room", "bring": "A friend", "who_meets_you": "A friend"}, sensitive=True
    )
    for data in (private(Booked(), directory), files(Booked(), directory)[0].content):
        calendar = icalendar.Calendar.from_ical(data)

        for event in entries(data).values():
            assert str(event["summary"]) == "Appointment"
            assert str(event["class"]) == "PRIVATE"
            assert not {"location", "url", "description", "categories", "geo"} & set(
                map(str.lower, event)
            )
        assert not calendar.walk("VALARM")
        for telling in (b"Time together", b"bump", b"River", b"Upper", b"Wellbeing", b"friend"):
            assert telling not in data


def test_an_entry_says_who_meets_the_family():
    """The name at the door is in the entry, where a family looks on the day; if it is known."""
    known = private(Booked(), made.directory({"who_meets_you": "A midwife"}))
    unknown = private(Booked(), made.directory())

    for event in entries(known).values():
        assert "Who meets you: A midwife.\n" in event["description"]
    assert b"Who meets you" not in unknown


def test_diaries_are_shared():
    """No entry holds the family's link: anyone who sees the calendar could cancel the booking."""
    data = private(Booked(), made.directory())

    assert b"/bookings/" not in data
    assert b"https://families.example/sessions/riverbank/bump/" in data.replace(b"\r\n ", b"")


@pytest.mark.parametrize(
    "title",
    [
        "Tea, cake; talk\\n and C:\\New",
        "Zabawa z dziećmi — łóżko " * 4,
        "ہمارے ساتھ کھیلیں " * 6,
        "BEGIN:VEVENT END:VCALENDAR",
    ],
)
def test_any_name_comes_out_as_it_went_in(title):
    """Commas, backslashes and other scripts survive; no line is longer than 75 octets."""
    directory = made.directory({"title": title})
    [file] = files(Booked(), directory)

    event = next(iter(entries(file.content).values()))
    assert str(event["summary"]) == directory.series[0].name
    assert file.content.endswith(b"END:VCALENDAR\r\n")
    assert max(map(len, file.content.split(b"\r\n"))) <= 75


def test_the_same_booking_gives_the_same_bytes():
    """Nothing is taken from a clock."""
    directory = made.directory(MOVED)

    assert private(Booked(), directory) == private(Booked(), directory)


def test_the_clocks_go_forward_in_march():
    """10am stays 10am: the zone knows summer time without a last date."""
    directory = made.directory({"starts": "2027-03-23", "sessions": "2"})
    found = entries(private(Booked(), directory))

    assert [event["dtstart"].dt.utcoffset() for event in found.values()] == [
        timedelta(0),
        timedelta(hours=1),
    ]
