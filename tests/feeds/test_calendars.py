import os
import random
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest
import vobject

from portal.feeds import calendar_entries, calendars
from tests.support.expanding import as_planned, by_library, by_rule, of_series
from tests.support.paths import ROOT

EXPECTED = ROOT / "tests" / "expected" / "feeds"
CHANGED = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)

WEEKLY = """
programme: play
starts: 2027-01-12
time: 10:00-12:00
sessions: 6
"""


def unfolded(data):
    return data.replace(b"\r\n ", b"").decode()


def entries(data):
    """The text of each entry by UID and original date."""
    found = {}
    for text in re.findall(r"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", unfolded(data), re.S):
        uid = re.search(r"^UID:(.*)\r$", text, re.M)[1]
        original = re.search(r"^RECURRENCE-ID;TZID=Europe/London:(.*)\r$", text, re.M)
        key = uid, original[1] if original else ""
        assert key not in found
        found[key] = text
    return found


def lines(text, name):
    return re.findall(rf"^{name}[;:](.*)\r$", text, re.M)


def uid_of(series):
    centre, name = series.first_identity.split("/")
    return f"{name}.{centre}@families.example"


def everything(directory):
    return calendars.files(directory)["/calendar.ics"]()


def same_dates(directory):
    """Compare all dates of all series with two readings of the calendar of everything.

    A date that jumped over another of its run stands twice: where it was, as cancelled, too.
    """
    start, end = date(2026, 9, 1), date(2027, 9, 1)
    data = everything(directory)
    found = entries(data)
    jumped = [
        (series, session)
        for series in directory.series
        for session in series.all_sessions
        if (own := uid_of(series), "") in found
        and (f"{session.anchor}.{own}", "") in found
        and start <= session.planned < end
    ]
    expected = sorted(of_series(directory.series, start, end) + as_planned(jumped))
    library = by_library(data, start, end)
    rule = by_rule(data, start, end)

    assert expected == library
    assert expected == rule


# --- the file ------------------------------------------------------------------


def test_lines_are_folded_as_the_package_folds_them():
    """Lines of any characters and lengths have the same bytes as from the `icalendar` package."""
    chance = random.Random(5)
    for length in range(400):
        text = "".join(chance.choices("ab, \\^é–ش👶", (9, 9, 9, 9, 9, 1, 1, 1, 1, 1), k=length))
        line = icalendar.parser.Contentline(f"DESCRIPTION:{text}")
        assert calendar_entries._folded(line) == line.to_ical() + b"\r\n"


def test_the_zone_is_written_as_the_package_writes_it():
    """The zone is a component that the package reads and writes without a change."""
    zone = icalendar.Timezone.from_ical(calendars.ZONE).to_ical()

    assert zone.decode() == calendars.ZONE.replace("\n", "\r\n")


def test_a_calendar_is_lines_of_75_octets_at_most(county):
    """Lines end with CRLF, are folded at 75 octets, and never inside a character."""
    run = f"{WEEKLY}title: {'کھیل کے سیشن 🎈 ' * 20}\n"
    data = everything(county(group=run))

    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert not data.startswith(b"\xef\xbb\xbf")
    for line in data.removesuffix(b"\r\n").split(b"\r\n"):
        assert 0 < len(line) <= 75
        line.decode("utf-8")


def test_a_feed_says_its_name_source_and_when_to_look_again(county):
    """A feed names itself twice, says where it is from, and has no METHOD."""
    data = calendars.files(county())["/centres/riverbank/calendar.ics"]()
    head = unfolded(data).partition("BEGIN:VTIMEZONE")[0].split("\r\n")

    assert {
        "VERSION:2.0",
        "PRODID:-//Lancashire County Council//Children and Family Wellbeing//EN",
        "CALSCALE:GREGORIAN",
        "NAME:Groups at Riverbank Centre",
        "X-WR-CALNAME:Groups at Riverbank Centre",
        "X-WR-CALDESC:Groups at Riverbank Centre: https://families.example/centres/riverbank/",
        "X-WR-TIMEZONE:Europe/London",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "X-PUBLISHED-TTL:PT6H",
        "SOURCE;VALUE=URI:https://families.example/centres/riverbank/calendar.ics",
        "URL:https://families.example/centres/riverbank/",
        "BEGIN:VCALENDAR",
        "",
    } == set(head)


@pytest.mark.parametrize("path", ["calendar.ics", "2027-01-12.ics"])
def test_a_download_has_no_name(county, path):
    """Outlook opens a new calendar for a file that names one, so downloads do not."""
    data = calendars.files(county(group=WEEKLY))[f"/sessions/riverbank/group/{path}"]()
    head = data.partition(b"BEGIN:VTIMEZONE")[0]

    assert head == (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
        b"PRODID:-//Lancashire County Council//Children and Family Wellbeing//EN\r\n"
        b"CALSCALE:GREGORIAN\r\n"
    )


def test_an_empty_calendar_still_holds_its_zone(county):
    """A calendar must have a component, so the zone stands in one without entries."""
    data = calendars.files(county())["/ages/babies/calendar.ics"]()
    components = [one.name for one in icalendar.Calendar.from_ical(data).subcomponents]

    assert components == ["VTIMEZONE"]


def test_the_zone_comes_first_and_never_ends(county):
    """The zone is two rules without an end, before the first entry, and no list of dates."""
    data = everything(county(group=WEEKLY)).decode()
    zone = re.search(r"BEGIN:VTIMEZONE.*END:VTIMEZONE", data, re.S)[0]

    assert data.count("BEGIN:VTIMEZONE") == 1
    assert data.index("END:VTIMEZONE") < data.index("BEGIN:VEVENT")
    assert re.findall(r"RRULE:(.*)", zone) == [
        "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r",
        "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r",
    ]
    assert "RDATE" not in zone
    assert "UNTIL" not in zone


def test_every_page_of_groups_has_a_calendar(county):
    """All, footprint, district, ages, centre, programme and series have a calendar beside them."""
    files = calendars.files(county(group=WEEKLY))
    feeds = {path for path in files if path.endswith("/calendar.ics")}

    assert {
        "/calendar.ics",
        "/footprints/preston/calendar.ics",
        "/districts/preston/calendar.ics",
        "/ages/pregnancy/calendar.ics",
        "/ages/babies/calendar.ics",
        "/ages/toddlers/calendar.ics",
        "/ages/pre-school/calendar.ics",
        "/ages/primary-school/calendar.ics",
        "/ages/secondary-school/calendar.ics",
        "/ages/young-adults/calendar.ics",
        "/centres/riverbank/calendar.ics",
        "/programmes/play/calendar.ics",
        "/sessions/riverbank/group/calendar.ics",
    } == feeds


def test_no_two_feeds_have_one_name(county, directory):
    """The name is all that a subscriber sees: a footprint named like its district says area, and
    two centres of one name say their town."""
    made = county(group=WEEKLY)
    again = made.centres[0].model_copy(update={"town": "Leyland"}).link(slug="other")
    made = made.model_copy(update={"centres": (*made.centres, again)})
    names = [facet.name for facet in calendars.facets(made)]

    assert len(set(names)) == len(names)
    assert {"Groups in Preston", "Groups in the Preston area"} < set(names)
    assert {"Groups at Riverbank Centre, Preston", "Groups at Riverbank Centre, Leyland"} < {*names}
    sample = [facet.name for facet in calendars.facets(directory)]
    assert len(set(sample)) == len(sample)


def test_an_address_published_once_answers(county):
    """A series, a programme or a date that is gone answers an empty calendar that names nothing; a
    date under an old name answers that date; only dates that are over are gone."""
    made = county(group=f"{WEEKLY}aliases: [first]\n")
    paths = [
        "/programmes/talks/calendar.ics",
        "/sessions/riverbank/talks/calendar.ics",
        "/sessions/riverbank/talks/2027-01-12.ics",
        "/sessions/riverbank/talks/2026-11-22.ics",
        "/sessions/riverbank/first/2027-01-12.ics",
        "/sessions/riverbank/group/run.ics",
    ]
    files = {path: make() for path, make in calendars.former_files(made, paths).items()}
    feed, series, single, session, run = files.values()

    assert paths[3] not in files
    assert [entries(data) for data in (feed, series, single)] == [{}, {}, {}]
    assert icalendar.Calendar.from_ical(feed)["X-WR-CALNAME"] == "This calendar has ended"
    assert b"NAME" not in series.replace(b"TZNAME", b"")
    assert b"talks" not in feed + series + single
    assert run == calendars.files(made)["/sessions/riverbank/group/calendar.ics"]()
    assert session == calendars.files(made)["/sessions/riverbank/group/2027-01-12.ics"]()


def test_old_names_keep_their_calendars(county):
    """A calendar stays at every address that it ever had, and stays the same."""
    centre = """
title: Riverbank Centre
kind: family hub
district: preston
aliases: [old-bank, bank]
"""
    files = calendars.files(
        county(group=f"{WEEKLY}aliases: [first, old-mill/second]\n", centre=centre)
    )
    now = files["/sessions/riverbank/group/calendar.ics"]()
    old = [
        "/sessions/old-bank/group/calendar.ics",
        "/sessions/bank/first/calendar.ics",
        "/sessions/riverbank/first/calendar.ics",
        "/sessions/old-mill/second/calendar.ics",
    ]

    assert [now] * 4 == [files[path]() for path in old]
    assert files["/centres/riverbank/calendar.ics"]() == files["/centres/bank/calendar.ics"]()


def test_an_entry_is_the_same_in_every_calendar(county):
    """The same series is the same entry, byte for byte, wherever it stands."""
    files = calendars.files(county(group=WEEKLY, other=WEEKLY))
    entry = files["/sessions/riverbank/group/calendar.ics"]().partition(b"END:VTIMEZONE\r\n")[2]
    entry = entry.removesuffix(b"END:VCALENDAR\r\n")

    for path in ("/", "/ages/babies/", "/districts/preston/", "/programmes/play/"):
        assert files[f"{path}calendar.ics"]().count(entry) == 1


# --- an entry ------------------------------------------------------------------


def test_a_weekly_course_is_one_entry_with_a_rule(county):
    """A run is one entry: a rule to the end of its last day, less the dates planned never to be."""
    run = f"{WEEKLY}term_time_only: yes\nexcept: 2027-01-26\n"
    ((key, text),) = entries(everything(county(group=run))).items()

    assert key == ("group.riverbank@families.example", "")
    assert lines(text, "DTSTART") == ["TZID=Europe/London:20270112T100000"]
    assert lines(text, "DTEND") == ["TZID=Europe/London:20270112T120000"]
    assert lines(text, "RRULE") == ["FREQ=WEEKLY;UNTIL=20270302T235959Z"]
    assert lines(text, "EXDATE") == [
        "TZID=Europe/London:20270126T100000",
        "TZID=Europe/London:20270216T100000",
    ]


def test_an_entry_says_where_for_whom_and_how(county):
    """An entry holds all that a family must know, as plain text, the page's address last."""
    run = f"{WEEKLY}room: Hall\nbring: A towel\nlanguage: ur\nbooking: book\n"
    (text,) = entries(everything(county(group=run))).values()

    assert lines(text, "SUMMARY") == ["Stay and Play"]
    assert lines(text, "STATUS") == ["CONFIRMED"]
    assert lines(text, "TRANSP") == ["TRANSPARENT"]
    assert lines(text, "LOCATION") == [r"Riverbank Centre\, 12 River Street\, Preston\, PR1 8RJ"]
    assert lines(text, "GEO") == ["53.7563;-2.7094"]
    assert lines(text, "X-APPLE-STRUCTURED-LOCATION") == [
        'VALUE=URI;X-ADDRESS="12 River Street, Preston, PR1 8RJ";X-TITLE="Riverbank Centre"'
        ":geo:53.7563,-2.7094"
    ]
    assert lines(text, "URL") == ["https://families.example/sessions/riverbank/group/"]
    assert lines(text, "CATEGORIES") == ["Stay and Play,Babies under 1,Toddlers,Pre-school"]
    assert lines(text, "DESCRIPTION") == [
        r"Play and songs for small children.\n"
        r"Ages: birth to 4 years\n"
        r"Cost: Free\n"
        r"How to get a place: Book a place on our page until 10am on Tuesday 12 January 2027. "
        r"After that\, ask us.\n"
        r"Room: Hall\n"
        r"Bring: A towel\n"
        r"Language: Urdu\n"
        r"Contact: 01632 960123\n"
        r"https://families.example/sessions/riverbank/group/"
    ]


def test_an_entry_is_stamped_with_its_last_change(county):
    """Stamps are the content's last change, and the revision is its minutes since 2020."""
    (text,) = entries(everything(county(group=WEEKLY))).values()
    minutes = (datetime(2026, 9, 1, 8, 30) - datetime(2020, 1, 1)) // timedelta(minutes=1)

    assert lines(text, "DTSTAMP") == ["20260901T083000Z"]
    assert lines(text, "LAST-MODIFIED") == ["20260901T083000Z"]
    assert [str(minutes)] == lines(text, "SEQUENCE")


def test_a_calendar_never_holds_what_programs_trip_over(directory):
    """No method, guests, alarms, extra dates, ranges or empty properties; times in no odd zone."""
    for path, maker in calendars.files(directory).items():
        text = unfolded(maker())
        for name in ("METHOD", "ATTENDEE", "ORGANIZER", "RDATE", "BEGIN:VALARM"):
            assert not re.search(rf"^{name}\b", text, re.M), path
        assert "RANGE=" not in text
        assert not re.search(r"^[A-Z-]+[^\r\n:]*:\r$", text, re.M)
        for entry in entries(maker()).values():
            for name in ("DTSTART", "DTEND", "EXDATE", "RECURRENCE-ID"):
                for value in lines(entry, name):
                    assert value.startswith(("TZID=Europe/London:2", "VALUE=DATE:"))


def test_a_town_is_no_map_pin(county):
    """A position that stands for a town, or is not to be published, is not given as the door's."""
    away = """
venue:
  name: Village Hall
  town: Bacup
"""
    texts = entries(everything(county(away=f"{WEEKLY}{away}"))).values()
    secret = """
title: Riverbank Centre
kind: family hub
district: preston
town: Preston
address: 12 River Street
postcode: PR1 8RJ
location: 53.7563, -2.7094
address_public: no
"""
    texts = [*texts, *entries(everything(county(group=WEEKLY, centre=secret))).values()]

    assert [lines(text, "LOCATION") for text in texts] == [
        [r"Village Hall\, Bacup"],
        [r"Riverbank Centre\, Preston"],
    ]
    assert [lines(text, "GEO") for text in texts] == [[], []]
    assert [lines(text, "X-APPLE-STRUCTURED-LOCATION") for text in texts] == [[], []]


@pytest.mark.parametrize(
    "title",
    [
        "Bumps, Babies; and \\Beyond\\",
        "C:\\New \\n \\N \\, \\;",
        'The "Old" Mill: Tea^Time',
        "BEGIN:VEVENT",
        "<b>Play</b> &amp; more",
        "کھیل کے سیشن " * 25,
        "👨‍👩‍👧‍👦 Zażółć gęślą jaźń " * 12,
        "x" * 74 + "\\,;" * 40,
    ],
)
def test_hostile_titles_come_out_whole(county, title):
    """Whatever an editor writes comes out as it was written, in two readers."""
    directory = county(group=WEEKLY)
    directory.series[0].link(title=title)
    directory.centres[0].link(title=title)
    directory.centres[0].__dict__.pop("venue", None)
    directory.series[0].link(venue=directory.centres[0].venue)
    data = calendars.files(directory)["/centres/riverbank/calendar.ics"]()
    calendar = icalendar.Calendar.from_ical(data)
    (event,) = calendar.walk("VEVENT")
    other = vobject.readOne(data.decode())

    assert title == str(event["SUMMARY"])
    assert title in str(event["LOCATION"])
    assert f"Groups at {title}" == str(other.x_wr_calname.value)
    assert title == other.vevent.summary.value


def test_line_breaks_and_control_characters_cannot_add_lines(county):
    """A line break in a text is a line break in the text, and what cannot be shown is left out."""
    directory = county(group=WEEKLY)
    directory.series[0].link(title="One\r\nUID:two\rATTENDEE:three\x00\x0b\u2028four")
    data = everything(directory)
    (event,) = icalendar.Calendar.from_ical(data).walk("VEVENT")

    assert str(event["SUMMARY"]) == "One\nUID:two\nATTENDEE:three\nfour"
    assert str(event["UID"]) == "group.riverbank@families.example"
    assert b"\nATTENDEE" not in data


# --- what changed --------------------------------------------------------------

CASES = {
    "weekly": WEEKLY,
    "over both clock changes": """
programme: play
starts: 2026-10-06
time: 9:30-11:00
until: 2027-04-27
""",
    "into the small hours of summer time": """
programme: play
starts: 2027-03-07
time: 00:30-03:30
until: 2027-04-25
bank_holidays: run
""",
    "fortnightly": """
programme: play
starts: 2026-09-04
time: 10:00-11:30
repeats: fortnightly
except: 2026-10-30
""",
    "the second Tuesday": """
programme: play
starts: 2026-09-08
time: 10:00-11:30
repeats: monthly
""",
    "the last Saturday, whether fourth or fifth": """
programme: play
starts: 2026-10-31
time: 10:00-11:30
repeats: monthly
bank_holidays: run
""",
    "weekdays": """
programme: play
starts: 2027-03-22
time: 10:00-15:00
repeats: daily
until: 2027-04-09
""",
    "once": """
programme: play
starts: 2026-12-12
time: 10:00-12:30
repeats: once
""",
    "ongoing in term time": """
programme: play
starts: 2026-09-07
time: 9:30-11:00
term_time_only: yes
""",
    "called off": f"""{WEEKLY}
changes:
  - date: 2027-01-26
    cancelled: The midwife is ill
""",
    "moved to another day and time": f"""{WEEKLY}
changes:
  - date: 2027-01-26
    moved_to: 2027-01-27 13:00-15:00
""",
    "moved to another time": f"""{WEEKLY}
changes:
  - date: 2027-01-26
    moved_to: 2027-01-26 18:00-20:00
""",
    "longer than usual": f"""{WEEKLY}
changes:
  - date: 2027-01-26
    moved_to: 2027-01-26 10:00-14:00
""",
    "the first one moved earlier, the last one later": f"""{WEEKLY}
changes:
  - date: 2027-01-12
    moved_to: 2027-01-11
  - date: 2027-02-16
    moved_to: 2027-04-20
""",
    "held elsewhere": f"""{WEEKLY}
changes:
  - date: 2027-01-26
    venue:
      name: Library
      town: Leyland
""",
    "held elsewhere on another day": f"""{WEEKLY}
changes:
  - date: 2027-01-26
    moved_to: 2027-01-28
    venue:
      name: Library
      town: Leyland
""",
    "with a note": f"""{WEEKLY}
changes:
  - date: 2027-01-26
    note: Bring a photo.
""",
    "everything in one run": """
programme: play
starts: 2026-09-07
time: 9:30-11:00
term_time_only: yes
changes:
  - date: 2026-09-21
    cancelled: Ill
  - date: 2026-10-05
    moved_to: 2026-10-06
  - date: 2026-11-16
    venue: {name: Library, town: Leyland}
  - date: 2026-12-07
    note: Bring a hat.
""",
    "withdrawn": f"""{WEEKLY}withdrawn: The leader has moved away
changes:
  - date: 2027-01-26
    moved_to: 2027-01-27
""",
    "moved past the next date": f"""{WEEKLY}
changes:
  - date: 2027-01-26
    moved_to: 2027-02-03
  - date: 2027-02-09
    moved_to: 2027-02-02 18:00-20:00
""",
    "most dates called off": """
programme: play
starts: 2027-01-12
time: 10:00-12:00
sessions: 3
changes:
  - date: 2027-01-12
    cancelled: Snow
  - date: 2027-01-19
    cancelled: Snow
""",
    "most dates moved, and past one another": """
programme: play
starts: 2027-01-12
time: 10:00-12:00
sessions: 3
changes:
  - date: 2027-01-12
    moved_to: 2027-01-28
  - date: 2027-01-19
    moved_to: 2027-01-14
""",
}


@pytest.mark.parametrize("name", CASES)
def test_a_calendar_shows_the_dates_of_the_directory(county, name):
    """Two readers find each session at its time and place, and whether it is on; and no other."""
    same_dates(county(group=CASES[name]))


def test_a_cancelled_date_is_an_override(county):
    """A published date that is off stays, marked in its words and its status, with the reason."""
    found = entries(everything(county(group=CASES["called off"])))
    override = found["group.riverbank@families.example", "20270126T100000"]
    rule = found["group.riverbank@families.example", ""]

    assert len(found) == 2
    assert lines(override, "SUMMARY") == ["CANCELLED: Stay and Play"]
    assert lines(override, "STATUS") == ["CANCELLED"]
    assert lines(override, "DESCRIPTION")[0].startswith(r"Cancelled: The midwife is ill\n")
    assert lines(rule, "EXDATE") == []
    assert lines(rule, "SEQUENCE") == lines(override, "SEQUENCE")


def test_a_postponed_date_is_tentative_until_it_has_a_day(county):
    """It stays on its old day, marked as uncertain; its new date updates the same entry."""
    off = CASES["called off"].replace("cancelled:", "postponed:")
    key = "group.riverbank@families.example", "20270126T100000"
    waits = entries(everything(county(group=off)))[key]
    held = entries(everything(county(group=f"{off.rstrip()}\n    moved_to: 2027-01-27\n")))[key]

    assert lines(waits, "SUMMARY") == ["POSTPONED: Stay and Play"]
    assert lines(waits, "STATUS") == ["TENTATIVE"]
    assert lines(waits, "DTSTART") == ["TZID=Europe/London:20270126T100000"]
    assert lines(waits, "DESCRIPTION")[0].startswith(
        r"Postponed: The midwife is ill\nDo not come on this day. The new date is not known yet.\n"
    )
    assert lines(held, "SUMMARY") == ["MOVED: Stay and Play"]
    assert lines(held, "STATUS") == ["CONFIRMED"]
    assert lines(held, "DTSTART") == ["TZID=Europe/London:20270127T100000"]


def test_a_moved_date_says_where_it_was(county):
    """A moved date is marked, keeps its original date for programs, and says it for people."""
    found = entries(everything(county(group=CASES["moved to another day and time"])))
    override = found["group.riverbank@families.example", "20270126T100000"]

    assert lines(override, "DTSTART") == ["TZID=Europe/London:20270127T130000"]
    assert lines(override, "SUMMARY") == ["MOVED: Stay and Play"]
    assert lines(override, "STATUS") == ["CONFIRMED"]
    assert lines(override, "DESCRIPTION")[0].startswith(
        r"Moved from Tuesday 26 January 2027\, 10am to midday.\n"
    )


def test_a_date_elsewhere_has_its_own_place(county):
    """A session held elsewhere says so, and does not keep the pin of its usual place."""
    found = entries(everything(county(group=CASES["held elsewhere"])))
    override = found["group.riverbank@families.example", "20270126T100000"]

    assert lines(override, "SUMMARY") == ["MOVED: Stay and Play"]
    assert lines(override, "LOCATION") == [r"Library\, Leyland"]
    assert lines(override, "GEO") == []
    assert lines(override, "DTSTART") == ["TZID=Europe/London:20270126T100000"]


@pytest.mark.parametrize("day", ["2027-02-02", "2027-02-03", "2027-01-19", "2027-01-14"])
def test_a_date_that_jumps_over_another_is_two_entries(county, day):
    """A date moved past or onto another of its run is off, and stands again with its own UID."""
    run = f"""{WEEKLY}
changes:
  - date: 2027-01-26
    moved_to: {day} 18:00-20:00
"""
    found = entries(everything(county(group=run)))
    original = found["group.riverbank@families.example", "20270126T100000"]
    moved = found["2027-01-26.group.riverbank@families.example", ""]

    assert len(found) == 3
    assert lines(original, "STATUS") == ["CANCELLED"]
    assert lines(original, "DTSTART") == ["TZID=Europe/London:20270126T100000"]
    assert lines(original, "DESCRIPTION")[0].startswith("Moved to ")
    assert lines(moved, "STATUS") == ["CONFIRMED"]
    assert lines(moved, "SUMMARY") == ["MOVED: Stay and Play"]
    assert [f"TZID=Europe/London:{day.replace('-', '')}T180000"] == lines(moved, "DTSTART")


def test_two_dates_that_meet_on_one_day_are_told_apart(county):
    """A date moved onto the new day of another, between their weeks, jumps as well."""
    run = f"""{WEEKLY}
changes:
  - date: 2027-01-19
    moved_to: 2027-01-21
  - date: 2027-01-26
    moved_to: 2027-01-21 18:00-20:00
"""
    found = entries(everything(county(group=run)))

    assert {
        ("group.riverbank@families.example", ""),
        ("group.riverbank@families.example", "20270119T100000"),
        ("group.riverbank@families.example", "20270126T100000"),
        ("2027-01-26.group.riverbank@families.example", ""),
    } == set(found)


def test_a_date_moved_to_a_holiday_of_its_rule_is_not_also_excluded(county):
    """A date is never both taken out of the rule and shown: programs differ on what that means."""
    run = f"""{WEEKLY}term_time_only: yes
changes:
  - date: 2027-02-09
    moved_to: 2027-02-16
"""
    found = entries(everything(county(group=run)))

    assert ("2027-02-09.group.riverbank@families.example", "") in found
    assert "20270216T100000" not in {original for _, original in found}


def test_most_dates_changed_make_single_entries(county):
    """Where most dates changed, or there is no rule, each date is an entry by its planned date."""
    most = entries(everything(county(group=CASES["most dates called off"])))
    once = entries(everything(county(group=CASES["once"])))

    assert list(most) == [
        ("2027-01-12.group.riverbank@families.example", ""),
        ("2027-01-19.group.riverbank@families.example", ""),
        ("2027-01-26.group.riverbank@families.example", ""),
    ]
    assert list(once) == [("2026-12-12.group.riverbank@families.example", "")]
    assert not any("RRULE" in text for text in (*most.values(), *once.values()))


def test_a_withdrawn_run_stays_as_cancelled_until_its_last_date(county):
    """A run that is off is one cancelled entry while subscribers expect it, and then goes."""
    run = f"{WEEKLY}withdrawn: The leader has moved away\n"
    (before,) = entries(everything(county(group=run, today=date(2027, 2, 16)))).values()
    after = entries(everything(county(group=run, today=date(2027, 2, 17))))

    assert lines(before, "SUMMARY") == ["CANCELLED: Stay and Play"]
    assert lines(before, "STATUS") == ["CANCELLED"]
    assert lines(before, "DESCRIPTION")[0].startswith(r"Cancelled: The leader has moved away\n")
    assert after == {}


def test_history_stays_for_the_school_year(county):
    """A run that is over stays until the school year is, and then goes."""
    last = entries(everything(county(group=WEEKLY, today=date(2027, 8, 31))))
    gone = entries(everything(county(group=WEEKLY, today=date(2027, 9, 1))))

    assert list(last) == [("group.riverbank@families.example", "")]
    assert gone == {}


@pytest.mark.parametrize(
    ("aliases", "uid"),
    [
        ("", "group.riverbank@families.example"),
        ("aliases: [first, second]", "first.riverbank@families.example"),
        ("aliases: [old-mill/first, second]", "first.old-mill@families.example"),
    ],
)
def test_an_entry_keeps_the_uid_of_its_first_name(county, aliases, uid):
    """Renaming or moving a series does not double it in anybody's diary."""
    found = entries(everything(county(group=f"{WEEKLY}{aliases}\n")))

    assert [(uid, "")] == list(found)


def test_one_edit_changes_one_entry(county):
    """Editing a session leaves every entry but its own, and its run's stamps, as it was."""
    before = county(group=WEEKLY, other=WEEKLY)
    after = county(group=CASES["called off"], other=WEEKLY)
    old, same = entries(everything(before)), entries(everything(after))
    after.series[0].link(changed=datetime(2026, 11, 20, 8, tzinfo=UTC))
    new = entries(everything(after))
    revision = {key: int(lines(text, "SEQUENCE")[0]) for key, text in new.items()}

    assert old.items() <= same.items()
    assert [*(same.keys() - old.keys())] == [
        ("group.riverbank@families.example", "20270126T100000")
    ]
    assert (
        old["other.riverbank@families.example", ""] == new["other.riverbank@families.example", ""]
    )
    assert revision["group.riverbank@families.example", ""] == 3506910 + 80 * 24 * 60 - 30
    assert (
        revision["group.riverbank@families.example", "20270126T100000"]
        == (revision["group.riverbank@families.example", ""])
    )


def test_a_download_holds_one_uid(county):
    """A date that moved past another has a UID, and so a file, of its own. The file of the rest is
    beside the series' calendar, which holds both."""
    run = f"""{WEEKLY}
changes:
  - date: 2027-01-26
    moved_to: 2027-02-03 18:00-20:00
"""
    made = county(group=run)
    files = calendars.files(made)
    both = entries(files["/sessions/riverbank/group/calendar.ics"]())
    whole = entries(files["/sessions/riverbank/group/run.ics"]())
    moved = entries(files["/sessions/riverbank/group/2027-01-26.ics"]())

    assert {uid for uid, _ in whole} == {"group.riverbank@families.example"}
    assert both == whole | moved
    assert "/sessions/riverbank/group/run.ics" not in calendars.files(county(group=WEEKLY))
    assert "has an entry of its own" in lines(whole[max(whole)], "DESCRIPTION")[0]
    assert list(moved) == [("2027-01-26.group.riverbank@families.example", "")]
    assert lines(moved[min(moved)], "DTSTART") == ["TZID=Europe/London:20270203T180000"]
    assert [one.anchor for one in calendars.calendars_of(made).apart(made.series[0])] == [
        "2027-01-26"
    ]


def test_a_single_session_is_one_entry(county):
    """Each coming date can be had by itself, cancelled and moved ones in their new state."""
    files = calendars.files(county(group=CASES["moved to another day and time"]))
    ((key, text),) = entries(files["/sessions/riverbank/group/2027-01-26.ics"]()).items()

    assert key == ("2027-01-26.group.riverbank@families.example", "")
    assert lines(text, "DTSTART") == ["TZID=Europe/London:20270127T130000"]
    assert "RRULE" not in text
    assert "RECURRENCE-ID" not in text


def test_sessions_that_are_over_are_not_offered(county):
    """Pages link to coming dates alone, so only those have a file."""
    files = calendars.files(county(group=WEEKLY, today=date(2027, 2, 9)))
    single = [path for path in files if not path.endswith("calendar.ics")]

    assert single == [
        "/sessions/riverbank/group/2027-02-09.ics",
        "/sessions/riverbank/group/2027-02-16.ics",
    ]


def test_a_centre_closed_for_good_says_where_to_go(county):
    """A centre's calendar outlives it, with one day that says where groups are now."""
    centre = """
title: Riverbank Centre
kind: family hub
district: preston
status: closed
checked: 2026-10-30
"""
    data = calendars.files(county(centre=centre))["/centres/riverbank/calendar.ics"]()
    ((key, text),) = entries(data).items()

    assert key == ("closed.riverbank@families.example", "")
    assert lines(text, "DTSTART") == ["VALUE=DATE:20261030"]
    assert lines(text, "DTEND") == ["VALUE=DATE:20261031"]
    assert lines(text, "SUMMARY") == ["Riverbank Centre has closed"]
    assert lines(text, "URL") == ["https://families.example/districts/preston/"]
    assert lines(text, "DESCRIPTION")[0].endswith(r"\nhttps://families.example/districts/preston/")


CLOSED = """
title: Riverbank Centre
kind: family hub
district: preston
status: {}
"""


def test_dates_before_a_centre_closed_stay_as_they_were(county):
    """A closed centre calls off the dates from its first closed day on, and no earlier one."""
    run = WEEKLY.replace("2027-01-12", "2026-11-10")
    centre = CLOSED.format("closed from 2026-12-01")
    made = county(group=run, centre=centre, today=date(2026, 12, 7))
    found = entries(calendars.files(made)["/centres/riverbank/calendar.ics"]())
    off = {session.anchor for session in made.series[0].all_sessions if session.cancelled}

    assert off == {"2026-12-01", "2026-12-08", "2026-12-15"}
    assert lines(found["closed.riverbank@families.example", ""], "STATUS") == ["CONFIRMED"]
    assert len(found) > 1


def test_a_centre_that_does_not_say_since_when_closed_when_its_file_changed(county):
    """Without a first day in `status`, dates before the file's last change stay as they were."""
    run = WEEKLY.replace("2027-01-12", "2026-08-18").replace("sessions: 6", "sessions: 4")
    made = county(group=run, centre=CLOSED.format("closed") + "checked: 2026-07-01\n")

    assert [bool(session.cancelled) for session in made.series[0].all_sessions] == [
        session.day >= date(2026, 9, 1) for session in made.series[0].all_sessions
    ]


def test_a_centre_that_will_close_is_open_until_then(county):
    """A last day known in advance calls off the dates after it, and nothing says closed yet."""
    made = county(group=WEEKLY, centre=CLOSED.format("closed from 2027-02-01"))
    made.centres[0].link(read_for=made.today)
    found = entries(calendars.files(made)["/centres/riverbank/calendar.ics"]())

    assert not made.centres[0].closed
    assert [bool(one.cancelled) for one in made.series[0].all_sessions] == [False] * 3 + [True] * 3
    assert "closed.riverbank@families.example" not in {uid for uid, _ in found}


@pytest.mark.parametrize("status", ["open", "closed until 2027-01-10"])
def test_a_centre_that_reopens_says_nothing(county, status):
    """A centre without groups that is open, or will be, has an empty calendar."""
    centre = f"""
title: Riverbank Centre
kind: family hub
district: preston
status: {status}
"""
    data = calendars.files(county(centre=centre))["/centres/riverbank/calendar.ics"]()

    assert entries(data) == {}


# --- stable bytes --------------------------------------------------------------


def test_bytes_do_not_change_from_day_to_day(county):
    """On two days of a school year the same content gives the same bytes."""
    runs = {name.replace(" ", "-").replace(",", ""): text for name, text in CASES.items()}
    autumn = calendars.files(county(runs, today=date(2026, 9, 1)))
    spring = calendars.files(county(runs, today=date(2027, 2, 15)))
    feeds = [path for path in autumn if path.endswith("/calendar.ics")]

    assert [autumn[path]() for path in feeds] == [spring[path]() for path in feeds]


def test_the_sample_does_not_change_from_day_to_day(sample_root):
    """The calendars of a whole site stay the same from one day of the school year to another."""
    from portal import content

    made = []
    for day in (date(2026, 9, 28), date(2027, 1, 25)):
        files = calendars.files(content.load(sample_root, today=day))
        made.append({path: files[path]() for path in files if path.endswith("/calendar.ics")})

    assert made[0] == made[1]


def test_a_run_carried_into_an_unknown_year_counts_as_changed(county):
    """Where time alone moves the end of a rule, its revision rises on that very day.

    That is a Monday, as the horizon moves on once a week.
    """
    run = """
programme: play
starts: 2026-09-08
time: 10:00-12:00
"""
    (before,) = entries(everything(county(group=run, today=date(2027, 3, 7)))).values()
    (first,) = entries(everything(county(group=run, today=date(2027, 3, 8)))).values()
    (later,) = entries(everything(county(group=run, today=date(2027, 6, 1)))).values()

    assert lines(before, "RRULE") == ["FREQ=WEEKLY;UNTIL=20270831T225959Z"]
    assert lines(before, "DTSTAMP") == ["20260901T083000Z"]
    assert lines(first, "RRULE") == ["FREQ=WEEKLY;UNTIL=20280829T225959Z"]
    assert lines(first, "DTSTAMP") == ["20270308T000000Z"]
    assert first == later


SCRIPT = """
import datetime, hashlib, pathlib, sys
from portal import content, feeds
directory = content.load(pathlib.Path(sys.argv[1]), today=datetime.date(2026, 11, 23))
digest = hashlib.sha256()
for path, kind, make in feeds.files(directory):
    digest.update(path.encode() + kind.encode() + make())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_bytes_do_not_depend_on_the_order_of_sets(sample_root):
    """Two processes with other hashes write the same files in the same order."""
    digests = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(sample_root)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert digests[0] == digests[1]


# --- the sample and the real content ---------------------------------------------


@pytest.fixture(scope="module", params=["sample", pytest.param("county", marks=pytest.mark.slow)])
def site(request, sample_root, today):
    """The sample site and the county's own content."""
    from portal import content

    if request.param == "county":
        if not (ROOT / "centres").is_dir():
            pytest.skip("the county's centres are not there yet")
        return request.getfixturevalue("shipped_directory")
    return content.load(sample_root, today=today)


def test_every_calendar_is_read_by_two_programs(site):
    """Each file parses with icalendar and vobject, and names no entry twice."""
    files = calendars.files(site)
    # Of the many downloads a part, and of the feeds those that hold every entry once more.
    downloads = [path for path in files if path.startswith("/sessions/")][::29]
    feeds = [path for path in files if path.startswith(("/calendar.ics", "/centres/"))]
    for path in (*feeds, *downloads):
        data = files[path]()
        events = icalendar.Calendar.from_ical(data).walk("VEVENT")
        other = list(vobject.readOne(data.decode()).components())

        assert len(entries(data)) == len(events), path
        assert len(events) + 1 == len(other), path


def test_every_date_of_the_site_is_in_its_calendar(site):
    """Two readers find every session of every series, and no other, in the present school year."""
    same_dates(site)


def test_each_feed_holds_the_series_of_its_page(site):
    """A centre's, programme's, district's and age's calendar hold the series of that page."""
    files = calendars.files(site)

    def shown(series):
        last = {session.day for session in series.all_sessions}
        over = site.today if series.withdrawn else date(2026, 9, 1)
        return bool(last) and max(last) >= over

    def uids(path):
        found = {uid for uid, _ in entries(files[f"{path}calendar.ics"]())}
        return {re.sub(r"^\d{4}-\d\d-\d\d\.", "", uid) for uid in found}

    def expected(series):
        names = (one.first_identity.split("/") for one in series if shown(one))
        return {f"{name}.{centre}@{site.site.domain}" for centre, name in names}

    for centre in site.centres:
        wanted = expected(site.series_at(centre))
        closed = not centre.status.open and centre.status.until is None
        assert (wanted or {f"closed.{centre.slug}@{site.site.domain}"} if closed else wanted) == (
            uids(centre.path)
        )
    for programme in site.programmes:
        if not programme.sensitive:
            assert expected(site.series_of(programme)) == uids(programme.path)
    for area in (*site.footprints, *site.districts):
        assert expected(site.series_in(area)) == uids(area.path)


FILES = [
    "/calendar.ics",
    "/ages/secondary-school/calendar.ics",
    "/centres/riverbank/calendar.ics",
    "/centres/weavers-yard/calendar.ics",
    "/footprints/hyndburn-ribble-valley-rossendale/calendar.ics",
    "/sessions/riverbank/bump-spring/calendar.ics",
    "/sessions/riverbank/bump-spring/2027-02-02.ics",
]


@pytest.mark.parametrize("path", FILES)
def test_calendars_of_the_sample_are_as_expected(sample_root, today, path):
    """The calendars of the sample are these, byte for byte. PORTAL_REWRITE=1 writes them anew."""
    from portal import content

    directory = content.load(sample_root, today=today)
    for series in directory.series:
        series.link(changed=CHANGED)
    made = calendars.files(directory)[path]()
    file = EXPECTED / (path.strip("/").replace("/", "--"))
    if os.environ.get("PORTAL_REWRITE"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(made)
    expected = file.read_bytes()

    assert expected.decode() == made.decode()


def test_entries_are_read_back_from_a_calendar(directory):
    """A calendar gives the entries that it was made from, whatever they say."""
    made = calendars.Calendars(directory)
    read = 0
    for series in directory.series:
        entries = sorted(made.entries(series))
        assert list(calendar_entries.entries_in(made.download(series))) == entries
        read += len(entries)

    assert read > len(directory.series)


def test_an_entry_with_a_folded_uid_is_read_back():
    """Its lines are joined, and what looks like an end in a text is not taken for one."""
    uid = f"{'long-' * 30}name.centre@families.example"
    texts = calendar_entries.line("SUMMARY", calendar_entries.text("One\nEND:VEVENT\nUID:two"))
    original = calendar_entries.local("RECURRENCE-ID", datetime(2027, 1, 12, 10))
    entries = [
        calendar_entries.entry(uid, b"", texts),
        calendar_entries.entry(uid, original, texts, "20270112T100000"),
    ]

    read = calendar_entries.entries_in(b"BEGIN:VCALENDAR\r\n" + b"".join(e.data for e in entries))

    assert list(read) == entries
