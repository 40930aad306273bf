"""Dates: the rule, what is left out of it, what became of each date, and what is wrong."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.content.date_checks import mistakes
from portal.content.school_calendar import bank_holidays, school_calendar
from portal.directory import Centre, OutreachVenue, Series, Terms, Venue
from portal.directory.schedule import SchoolCalendar, planned_dates, rule_dates, sessions
from portal.directory.values import LONDON, WEEKDAYS, Position

TERMS = [
    ("autumn 1", "2026-09-02", "2026-10-23"),
    ("autumn 2", "2026-11-02", "2026-12-18"),
    ("spring 1", "2027-01-05", "2027-02-12"),
    ("spring 2", "2027-02-22", "2027-03-25"),
    ("summer 1", "2027-04-12", "2027-05-28"),
    ("summer 2", "2027-06-07", "2027-07-16"),
]
CLOSURES = [
    {"from": "2026-12-24", "until": "2026-12-31", "reason": "Closed for Christmas"},
    {"date": "2027-01-04", "reason": "Staff training day"},
]
YEAR_END = date(2027, 8, 31)


def calendar_of(terms=TERMS, closures=CLOSURES) -> SchoolCalendar:
    halves = [{"year": "2026-27", "part": p, "first": f, "last": la} for p, f, la in terms]
    return school_calendar(Terms.model_validate({"terms": halves, "closures": closures}))


CALENDAR = calendar_of()


def series_of(centre: Centre | None = None, **fields) -> Series:
    """A series as its file would give it, Tuesdays from 12 January 2027, at a centre."""
    centre = centre or centre_of()
    given = {"programme": "baby-massage", "starts": "2027-01-12", "time": "10:00-12:00", **fields}
    series = Series.model_validate(given)
    away = series.venue_fields
    venue = Venue(away.name, None, None, None, None) if away else centre.venue
    return series.link(slug="spring", centre=centre, venue=venue)


def centre_of(**fields) -> Centre:
    given = {"title": "Riverbank", "kind": "family hub", "district": "preston", **fields}
    return Centre.model_validate(given).link(slug="riverbank")


def days(*texts: str) -> list[date]:
    return [date.fromisoformat(text) for text in texts]


def planned(**fields) -> list[date]:
    return planned_dates(series_of(**fields), CALENDAR, YEAR_END)


# --- bank holidays, terms and closures


def test_bank_holidays_are_englands():
    """Bank holidays are those of England, also when they move to a working day."""
    expected = {
        "2027-01-01", "2027-03-26", "2027-03-29", "2027-05-03", "2027-05-31", "2027-08-30",
        "2027-12-25", "2027-12-26", "2027-12-27", "2027-12-28",
    }  # fmt: skip

    assert expected == {day.isoformat() for day in bank_holidays(2027)}
    assert bank_holidays(2027)[date(2027, 12, 28)] == "Boxing Day bank holiday"
    assert date(2027, 3, 29) in bank_holidays(2027)  # Easter Monday, which Scotland does not keep
    assert date(2027, 7, 12) not in bank_holidays(2027)  # kept in Northern Ireland alone


def test_term_days():
    """A day is in term from the first day of a half term to its last."""
    asked = days("2026-09-01", "2026-09-02", "2026-10-23", "2026-10-24", "2027-07-16", "2027-07-17")

    assert [CALENDAR.in_term(day) for day in asked] == [False, True, True, False, True, False]


def test_overlapping_terms_count_once():
    """Terms in any order, one inside another, say the same of each day."""
    calendar = calendar_of(
        [("b", "2026-09-10", "2026-09-20"), ("a", "2026-09-01", "2026-10-23")], closures=[]
    )

    assert calendar.in_term(date(2026, 10, 20))
    assert not calendar.in_term(date(2026, 10, 24))
    assert date(2026, 10, 23) == calendar.last_known


def test_closed_days_have_reasons():
    """A closed day says why; a bank holiday's name comes before that of a longer closure."""
    asked = days("2026-12-23", "2026-12-24", "2026-12-25", "2026-12-28", "2027-01-01", "2027-01-04")
    expected = [
        None, "Closed for Christmas", "Christmas Day", "Boxing Day bank holiday",
        "New Year's Day", "Staff training day",
    ]  # fmt: skip

    assert expected == [CALENDAR.closed(day) for day in asked]


def test_a_closure_over_new_year_covers_both_years():
    """A closure may run from one year into the next."""
    closures = [{"from": "2026-12-29", "until": "2027-01-05", "reason": "Moving house"}]
    calendar = calendar_of(closures=closures)

    assert calendar.closed(date(2026, 12, 31)) == "Moving house"
    assert calendar.closed(date(2027, 1, 5)) == "Moving house"
    assert calendar.closed(date(2027, 1, 6)) is None


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [
        ("2026-09-01", "2027-08-31"),  # the known terms
        ("2027-08-31", "2027-08-31"),
        ("2027-09-01", "2028-08-31"),  # the horizon
        ("9999-12-01", "9999-12-31"),  # no year 10000
    ],
)
def test_feeds_end_with_a_school_year(horizon, expected):
    """Feeds go on to the end of the school year that holds the known terms and the horizon."""
    assert date.fromisoformat(expected) == CALENDAR.feed_until(date.fromisoformat(horizon))


def test_a_slip_in_a_terms_year_does_not_fill_feeds():
    """A term that ends in the year 3027 makes feeds a few years long, not a thousand."""
    calendar = calendar_of([("summer 2", "2027-06-07", "3027-07-16")])

    assert calendar.feed_until(date(2027, 3, 1)).year <= 2033


# --- the rule


@pytest.mark.parametrize(
    ("repeats", "starts", "until", "expected"),
    [
        ("once", "2027-01-12", "2027-03-01", ["2027-01-12"]),
        ("once", "2027-01-12", "2027-01-11", []),
        ("weekly", "2027-01-12", "2027-01-26", ["2027-01-12", "2027-01-19", "2027-01-26"]),
        ("fortnightly", "2027-01-12", "2027-02-09", ["2027-01-12", "2027-01-26", "2027-02-09"]),
        (
            "daily", "2027-01-14", "2027-01-19",
            ["2027-01-14", "2027-01-15", "2027-01-18", "2027-01-19"],
        ),
        ("monthly", "2027-01-12", "2027-03-09", ["2027-01-12", "2027-02-09", "2027-03-09"]),
        ("monthly", "2027-01-12", "2027-03-08", ["2027-01-12", "2027-02-09"]),
        # the fourth Wednesday stays the fourth, in months with five too
        ("monthly", "2027-02-24", "2027-04-30", ["2027-02-24", "2027-03-24", "2027-04-28"]),
        # a fifth weekday means the last one of the month
        (
            "monthly", "2026-12-29", "2027-03-31",
            ["2026-12-29", "2027-01-26", "2027-02-23", "2027-03-30"],
        ),
        ("monthly", "9999-12-29", "9999-12-31", ["9999-12-29"]),
    ],
)  # fmt: skip
def test_rule(repeats, starts, until, expected):
    """Each way to repeat gives its dates, from the first up to the last day asked for."""
    series = series_of(repeats=repeats, starts=starts)

    assert days(*expected) == rule_dates(series, date.fromisoformat(until))


def test_rule_has_holidays_and_exceptions():
    """The bare rule leaves nothing out, so that calendars can name what is left out."""
    series = series_of(starts="2026-12-22", until="2027-01-05", **{"except": ["2026-12-22"]})

    assert days("2026-12-22", "2026-12-29", "2027-01-05") == rule_dates(series, YEAR_END)


STARTS = st.dates(date(2025, 9, 1), date(2028, 8, 31))
REPEATS = st.sampled_from(["once", "weekly", "fortnightly", "monthly", "daily"])


@st.composite
def any_series(draw) -> Series:
    """A series of any rule, with anything that may be said about its dates."""
    starts = draw(STARTS)
    fields: dict[str, object] = {
        "starts": starts.isoformat(),
        "repeats": draw(REPEATS),
        "term_time_only": draw(st.sampled_from(["yes", "no"])),
        "bank_holidays": draw(st.sampled_from(["run", "skip"])),
    }
    match draw(st.sampled_from(["count", "until", "ongoing"])):
        case "count":
            fields["sessions"] = str(draw(st.integers(1, 60)))
        case "until":
            fields["until"] = (starts + timedelta(draw(st.integers(0, 400)))).isoformat()
    rule = rule_dates(series_of(**fields), starts + timedelta(300))
    left_out = draw(st.lists(st.sampled_from(rule), max_size=4)) if rule else []
    return series_of(**fields, **{"except": [day.isoformat() for day in left_out]})


@given(any_series(), st.dates(date(2025, 9, 1), date(2029, 8, 31)))
def test_planned_dates_are_of_the_rule_and_never_off(series, until):
    """Planned dates are those of the rule that are not closed, out of term or in `except`."""
    found = planned_dates(series, CALENDAR, until)
    rule = rule_dates(series, until)
    meets = [
        day
        for day in rule
        if day not in series.except_
        and (series.bank_holidays == "run" or CALENDAR.closed(day) is None)
        and (not series.term_time_only or CALENDAR.in_term(day))
    ]

    assert meets[: series.count] == found
    assert sorted(set(found)) == found


@given(any_series(), st.dates(date(2025, 9, 1), date(2029, 8, 31)))
def test_a_later_end_only_adds_dates(series, until):
    """Looking further ahead never changes the dates that were published before."""
    near = planned_dates(series, CALENDAR, until)
    far = planned_dates(series, CALENDAR, until + timedelta(200))

    assert near == far[: len(near)]


@given(STARTS, st.integers(1, 40), st.sampled_from(["weekly", "fortnightly", "monthly", "daily"]))
def test_a_course_has_its_number_of_sessions(starts, count, repeats):
    """`sessions: n` counts sessions that are held: each holiday puts the end off."""
    series = series_of(starts=starts.isoformat(), repeats=repeats, sessions=str(count))

    assert count == len(planned_dates(series, CALENDAR, date(2040, 1, 1)))


@given(STARTS, st.dates(date(2025, 9, 1), date(2029, 8, 31)))
def test_monthly_keeps_its_weekday_once_a_month(starts, until):
    """Monthly means the same weekday, once in every month."""
    found = rule_dates(series_of(starts=starts.isoformat(), repeats="monthly"), until)
    months = [day.year * 12 + day.month for day in found]

    assert {starts.weekday()} >= {day.weekday() for day in found}
    assert list(range(months[0], months[0] + len(months))) == months if months else True
    assert found[:1] == [starts] if starts <= until else found == []


# --- what is left out


def test_bank_holidays_and_closures_are_skipped():
    """A weekly course leaves out bank holidays and closed days, and ends so much later."""
    found = planned(starts="2026-12-14", repeats="weekly", sessions="4")

    assert days("2026-12-14", "2026-12-21", "2027-01-11", "2027-01-18") == found


def test_a_series_may_run_on_bank_holidays():
    """`bank_holidays: run` holds on closed days too."""
    found = planned(starts="2026-12-14", repeats="weekly", sessions="4", bank_holidays="run")

    assert days("2026-12-14", "2026-12-21", "2026-12-28", "2027-01-04") == found


def test_term_time_only():
    """A term-time group rests in the school holidays."""
    found = planned(starts="2027-02-02", term_time_only="yes", until="2027-04-20")
    expected = days(
        "2027-02-02", "2027-02-09", "2027-02-23", "2027-03-02", "2027-03-09", "2027-03-16",
        "2027-03-23", "2027-04-13", "2027-04-20",
    )  # fmt: skip

    assert expected == found


def test_exceptions_are_left_out():
    """A date in `except` was never planned, and a course ends a week later for it."""
    found = planned(sessions="3", **{"except": "2027-01-19"})

    assert days("2027-01-12", "2027-01-26", "2027-02-02") == found


@pytest.mark.parametrize("repeats", ["weekly", "monthly", "daily"])
def test_no_rule_runs_for_ever(repeats):
    """A rule that can never be fulfilled ends all the same."""
    fields = {"repeats": repeats, "sessions": "999999", "term_time_only": "yes"}
    series = series_of(**fields)
    found = [planned_dates(series, calendar, date.max) for calendar in (CALENDAR, calendar_of([]))]
    wrong = list(mistakes(series, CALENDAR))

    assert (bool(found[0]), found[1], bool(wrong)) == (True, [], True)


# --- sessions


def only(found):
    (one,) = found
    return one


def test_sessions_are_where_and_when_the_series_says():
    """A session has the series' time, venue, and its planned date as its name for ever."""
    series = series_of(sessions="2")
    first, second = sessions(series, CALENDAR, YEAR_END)

    assert (date(2027, 1, 12), date(2027, 1, 19)) == (first.planned, second.planned)
    assert datetime(2027, 1, 12, 10, tzinfo=LONDON) == first.starts
    assert datetime(2027, 1, 12, 12, tzinfo=LONDON) == first.ends
    assert (series, series.venue, "on") == (first.series, first.venue, first.state)
    assert (first.cancelled, first.note) == (None, None)


def test_a_cancelled_session_keeps_its_place():
    """A session that is off stays in the list with its reason."""
    changes = [{"date": "2027-01-19", "cancelled": "Gail is unwell"}]
    found = sessions(series_of(sessions="3", changes=changes), CALENDAR, YEAR_END)

    assert [session.cancelled for session in found] == [None, "Gail is unwell", None]
    assert [session.state for session in found] == ["on", "cancelled", "on"]


def test_a_moved_session_keeps_its_planned_date():
    """A session that moved is known by its planned date, and stands in that order."""
    changes = [{"date": "2027-01-19", "moved_to": "2027-03-03 13:00-15:00", "note": "Bring a hat"}]
    _, moved, _ = sessions(series_of(sessions="3", changes=changes), CALENDAR, YEAR_END)

    assert (date(2027, 1, 19), date(2027, 3, 3)) == (moved.planned, moved.day)
    assert (time(13), time(15)) == (moved.starts.time(), moved.ends.time())
    assert (
        moved.state, moved.moved, moved.moved_venue, moved.note,
    ) == ("moved", True, False, "Bring a hat")  # fmt: skip


def test_a_move_without_a_time_keeps_the_time():
    """A session that moves to another day keeps the series' time unless it says another."""
    changes = [{"date": "2027-01-12", "moved_to": "2027-01-13"}]
    moved = only(sessions(series_of(repeats="once", changes=changes), CALENDAR, YEAR_END))

    assert datetime(2027, 1, 13, 10, tzinfo=LONDON) == moved.starts
    assert moved.moved


def test_a_session_moved_past_the_end_still_belongs():
    """What was planned before the end is shown, wherever it moved to."""
    changes = [{"date": "2027-01-26", "moved_to": "2027-02-03"}]
    series = series_of(until="2027-01-26", changes=changes)
    found = sessions(series, CALENDAR, date(2027, 1, 26))

    assert days("2027-01-12", "2027-01-19", "2027-02-03") == [session.day for session in found]


def test_a_session_may_be_held_elsewhere():
    """A change of venue is for that date alone."""
    hall = {"name": "Village Hall", "town": "Grimsargh", "location": "53.8, -2.63"}
    changes = [{"date": "2027-01-19", "venue": hall}]
    first, second = sessions(series_of(sessions="2", changes=changes), CALENDAR, YEAR_END)

    assert ("Village Hall, Grimsargh", Position(53.8, -2.63)) == (
        second.venue.line, second.venue.position,
    )  # fmt: skip
    assert (first.moved_venue, second.moved_venue) == (False, True)
    assert (first.state, second.state) == ("on", "moved")


def test_the_caller_may_place_a_changed_venue():
    """Content knows where postcodes are, so it makes the venues of changes."""

    def venue_of(fields: OutreachVenue) -> Venue:
        return Venue(fields.name, None, None, fields.postcode, Position(53.7, -2.7, "postcode"))

    changes = [{"date": "2027-01-12", "venue": {"name": "Library", "postcode": "pr18rj"}}]
    series = series_of(repeats="once", changes=changes)
    session = only(sessions(series, CALENDAR, YEAR_END, venue_of=venue_of))

    assert (session.venue.postcode, session.venue.position.precision) == ("PR1 8RJ", "postcode")


def test_an_outreach_session_may_come_back_to_the_centre():
    """A changed venue with the centre's name is the centre, and shares its closures."""
    closures = [{"date": "2027-01-19", "reason": "No heating"}]
    back = {"name": "riverbank"}
    changes = [{"date": "2027-01-12", "venue": back}, {"date": "2027-01-19", "venue": back}]
    centre = centre_of(closures=closures)
    series = series_of(centre, venue={"name": "Library"}, sessions="3", changes=changes)
    first, second, third = sessions(series, CALENDAR, YEAR_END)

    assert (centre.venue, centre.venue) == (first.venue, second.venue)
    assert (first.cancelled, second.cancelled, third.cancelled) == (None, "No heating", None)


def test_a_closed_centre_cancels_what_meets_there():
    """When a centre has to close, its published sessions show as off, and count as planned."""
    closures = [{"from": "2027-01-18", "until": "2027-01-22", "reason": "A burst pipe"}]
    found = sessions(series_of(centre_of(closures=closures), sessions="3"), CALENDAR, YEAR_END)

    assert [session.cancelled for session in found] == [None, "A burst pipe", None]


def test_a_closed_centre_leaves_outreach_alone():
    """A group elsewhere meets though its centre is closed."""
    centre = centre_of(closures=[{"date": "2027-01-12", "reason": "A burst pipe"}])
    series = series_of(centre, venue={"name": "Library"}, repeats="once")

    assert only(sessions(series, CALENDAR, YEAR_END)).cancelled is None


def test_a_session_moved_away_from_a_closed_centre_is_on():
    """A session that found another day or another house is not cancelled by the closure."""
    centre = centre_of(closures=[{"from": "2027-01-12", "until": "2027-01-19", "reason": "Flood"}])
    changes = [
        {"date": "2027-01-12", "moved_to": "2027-01-21"},
        {"date": "2027-01-19", "venue": {"name": "Library"}},
    ]
    found = sessions(series_of(centre, sessions="2", changes=changes), CALENDAR, YEAR_END)

    assert [session.cancelled for session in found] == [None, None]


def test_a_session_moved_into_a_closure_is_off():
    """What counts is the day on which a session is held, not the one it was planned on."""
    centre = centre_of(closures=[{"date": "2027-01-14", "reason": "Flood"}])
    changes = [{"date": "2027-01-12", "moved_to": "2027-01-14"}]
    series = series_of(centre, repeats="once", changes=changes)

    assert only(sessions(series, CALENDAR, YEAR_END)).cancelled == "Flood"


def test_a_centre_closed_for_a_while():
    """`status: closed from ... until ...` cancels the sessions on those days and no others."""
    centre = centre_of(status="closed from 2027-01-10 until 2027-01-19")
    found = sessions(series_of(centre, sessions="3"), CALENDAR, YEAR_END)

    assert [bool(session.cancelled) for session in found] == [True, True, False]
    assert "closed until Tuesday 19 January 2027" in found[0].cancelled


def test_a_withdrawn_series_is_off_throughout():
    """When the whole run is off, every session says so with the same reason."""
    changes = [{"date": "2027-01-19", "cancelled": "Snow"}]
    series = series_of(sessions="3", withdrawn="Too few people came", changes=changes)

    assert {"Too few people came"} == {s.cancelled for s in sessions(series, CALENDAR, YEAR_END)}


# --- clocks


@pytest.mark.parametrize(
    ("starts", "until"), [("2027-03-14", "2027-04-11"), ("2027-10-17", "2027-11-07")]
)
@pytest.mark.parametrize("hours", ["00:15-00:45", "03:00-04:00", "10:00-12:00", "22:30-23:59"])
def test_wall_clock_times_stay_over_both_clock_changes(starts, until, hours):
    """A group at 10:00 is at 10:00 before and after the clocks change, in London's time."""
    series = series_of(starts=starts, until=until, time=hours)
    found = sessions(series, CALENDAR, date(2027, 12, 31))

    assert {hours} == {f"{s.starts:%H:%M}-{s.ends:%H:%M}" for s in found}
    assert {timedelta(0), timedelta(hours=1)} == {s.starts.utcoffset() for s in found}
    assert list(mistakes(series, CALENDAR)) == []


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)), st.times())
def test_times_are_london_times(day, clock):
    """Every session is aware, and its moment reads as its own time on a clock in London."""
    clock = clock.replace(second=0, microsecond=0)
    assume(clock < time(23) and not time(1) <= clock < time(2))
    later = clock.replace(hour=23, minute=59)
    fields = {"starts": day.isoformat(), "time": f"{clock:%H:%M}-{later:%H:%M}"}
    series = series_of(repeats="once", bank_holidays="run", **fields)
    session = only(sessions(series, CALENDAR, date(2031, 1, 1)))
    there = session.starts.astimezone(UTC).astimezone(LONDON)

    assert (day, clock) == (there.date(), there.time())


# --- mistakes


def told(**fields) -> list[tuple[tuple, str]]:
    return list(mistakes(series_of(**fields), CALENDAR))


def say(place: tuple, *words: str, **fields) -> bool:
    """True when there is one mistake alone, at this place, and it holds these words."""
    found = told(**fields)
    assert [place] == [at for at, _ in found], found
    for word in words:
        assert word in found[0][1]
    return True


def test_a_right_series_has_no_mistake():
    """What may be written is not complained of."""
    assert (
        told(
            day="Tuesday",
            sessions="6",
            term_time_only="yes",
            opens="2026-12-01 09:00",
            closes="2027-01-11 12:00",
            changes=[
                {"date": "2027-01-19", "cancelled": "Snow"},
                {"date": "2027-01-26", "moved_to": "2027-01-19 10:00-12:00"},
                {"date": "2027-02-02", "moved_to": "2027-02-02 13:00-14:00", "note": "New time"},
                {"date": "2027-02-09", "venue": {"name": "Library"}},
            ],
            **{"except": ["2027-02-16"]},
        )
        == []
    )


def test_the_day_is_checked_against_the_date():
    """A weekday that the first date is not says which one it is."""
    (mistake,) = told(day="Monday")

    assert mistake == (
        ("day",),
        "12 January 2027 is a Tuesday, not a Monday. Write 'day: Tuesday', or correct 'starts'.",
    )


def test_a_series_ends_in_one_way():
    """Giving both a number of sessions and a last day is a mistake."""
    assert say(("until",), "Keep only one", sessions="6", until="2027-03-02")


def test_a_series_ends_after_it_starts():
    """A last day before the first is a mistake, and nothing else is said of its dates."""
    changes = [{"date": "2027-01-12", "cancelled": "Snow"}]

    assert say(("until",), "before it starts", until="2026-03-02", changes=changes)


def test_once_is_once():
    """A single session has neither a number nor a last day."""
    assert say(("sessions",), "not 6", repeats="once", sessions="6")
    assert say(("until",), "Remove 'until'", repeats="once", until="2027-01-12")
    assert told(repeats="once", sessions="1") == []


def test_daily_starts_on_a_weekday():
    """A daily series cannot start at a weekend."""
    assert say(("starts",), "Saturday 16 January 2027", repeats="daily", starts="2027-01-16")


@pytest.mark.parametrize(
    ("starts", "fields", "words"),
    [
        ("2027-03-26", {}, "Good Friday"),
        ("2027-01-04", {}, "Staff training day"),
        ("2027-02-16", {"term_time_only": "yes"}, "not in a known school term"),
        ("2025-09-09", {"term_time_only": "yes"}, "not in a known school term"),
        ("2027-09-14", {"term_time_only": "yes"}, "Add the next terms to content/terms.yaml"),
        ("2027-01-12", {"except": "2027-01-12"}, "in 'except'"),
    ],
)
def test_the_first_date_is_a_date(starts, fields, words):
    """The first date must be one on which the series meets."""
    assert say(("starts",), words, "2027" if starts > "2026" else "2025", starts=starts, **fields)


def test_a_first_date_may_be_a_bank_holiday_where_the_series_runs():
    """A series that meets on bank holidays may start on one."""
    assert told(starts="2027-03-26", bank_holidays="run") == []


def test_a_series_without_any_date_is_a_mistake():
    """A series whose dates all fall on closed days says so."""
    assert say(("starts",), "no other date", starts="2026-12-25", until="2027-01-01")


def test_a_term_time_series_ends_within_known_terms():
    """A term-time series that runs on after the last known term waits for the next terms."""
    fields = {"starts": "2027-06-08", "term_time_only": "yes"}

    assert say(("until",), "content/terms.yaml", "16 July 2027", until="2027-10-12", **fields)
    assert say(("sessions",), "only 6 of its 10", "content/terms.yaml", sessions="10", **fields)
    assert told(sessions="6", **fields) == []
    assert told(until="2027-07-31", **fields) == []  # August is a holiday whatever comes
    assert told(**fields) == []


def test_without_any_term():
    """Where no term is known at all, a term-time series is told so."""
    series = series_of(term_time_only="yes", sessions="3")
    (mistake,) = mistakes(series, calendar_of([]))

    assert (mistake[0], mistake[1][:24]) == (("starts",), "no school term is known.")


@pytest.mark.parametrize("repeats", ["weekly", "daily"])
def test_absurd_lengths(repeats):
    """A number or a year that nobody can mean is a mistake, not a long wait."""
    assert say(("sessions",), "five years", repeats=repeats, sessions="999999")
    assert say(("until",), "five years", repeats=repeats, until="9999-12-31")
    assert say(("starts",), "year 207", repeats=repeats, starts="0207-01-12")
    assert say(("starts",), "year 9999", repeats=repeats, starts="9999-12-31")


def test_exceptions_are_dates_of_the_rule():
    """An exception must be a date on which the series would meet."""
    words = ("Wednesday 17 February 2027", "Tuesdays", "Did you mean Tuesday 16 February 2027?")

    assert say(("except", 1), *words, **{"except": ["2027-02-16", "2027-02-17"]})
    assert say(("except", 0), "before the first date", **{"except": "2027-01-05"})
    assert say(("except", 0), "after the last", sessions="2", **{"except": "2027-02-09"})
    assert say(("except", 0), "too far ahead", **{"except": "2077-01-12"})
    assert say(("except", 1), "twice", **{"except": ["2027-02-16", "2027-02-16"]})
    assert told(term_time_only="yes", **{"except": ["2027-02-16"]}) == []


def changed(index: int, field: str, *words: str, **fields) -> bool:
    return say(("changes", index, field), *words, **fields)


@pytest.mark.parametrize(
    ("day", "fields", "words"),
    [
        ("2027-01-20", {}, "Tuesdays. Did you mean Tuesday 19 January 2027?"),
        ("2027-01-05", {}, "before the first date, Tuesday 12 January 2027"),
        ("2027-03-02", {"until": "2027-02-28"}, "after the last date, Tuesday 23 February 2027"),
        ("2027-02-23", {"sessions": "6"}, "after the last date, Tuesday 16 February 2027"),
        ("2027-02-16", {"term_time_only": "yes"}, "not in a known school term"),
        ("2027-01-19", {"except": "2027-01-19"}, "in 'except'"),
        ("2027-03-26", {"starts": "2027-03-19"}, "(Good Friday)"),
        ("2077-01-12", {}, "too far ahead"),
    ],
)
def test_changes_are_of_planned_dates(day, fields, words):
    """A change of a date that was never planned says why not, and which date is near."""
    changes = [{"date": day, "cancelled": "Snow"}]

    assert changed(0, "date", words, "Did you mean", changes=changes, **fields)


def test_a_group_that_goes_on_can_be_changed_before_the_next_terms_are_known():
    """Nobody has to add terms before calling off next month's session."""
    assert told(changes=[{"date": "2027-09-14", "cancelled": "Snow"}]) == []


def test_a_date_changes_once():
    """Two changes of one date are written as one."""
    changes = [
        {"date": "2027-01-19", "note": "Bring a hat"},
        {"date": "2027-01-19", "note": "Bring a drink"},
    ]

    assert changed(1, "date", "already has a change", changes=changes)


def test_a_change_says_something():
    """A change that changes nothing is a mistake."""
    assert say(("changes", 0), "Add 'cancelled'", changes=[{"date": "2027-01-19"}])


@pytest.mark.parametrize(
    "other", [{"moved_to": "2027-01-20"}, {"venue": {"name": "Library"}}], ids=["moved", "venue"]
)
def test_a_session_is_either_off_or_held(other):
    """A session cannot be off and elsewhere."""
    changes = [{"date": "2027-01-19", "cancelled": "Snow", **other}]

    assert changed(0, "cancelled", "both cancelled and held", changes=changes)


@pytest.mark.parametrize("to", ["2027-01-19", "2027-01-19 10:00-12:00"])
def test_a_move_goes_somewhere(to):
    """A move to the planned day and time is a mistake."""
    changes = [{"date": "2027-01-19", "moved_to": to}]

    assert changed(0, "moved_to", "to its planned day and time", changes=changes)


def test_a_move_does_not_land_on_another_session():
    """Two sessions of a series cannot be at the same time."""

    def moved_to(to: str, **also) -> dict:
        return {"changes": [{"date": "2027-01-19", "moved_to": to}, *also.get("more", ())]}

    onto = moved_to("2027-01-26 11:00-13:00")
    away = moved_to("2027-01-26", more=[{"date": "2027-01-26", "moved_to": "2027-01-27"}])
    off = moved_to("2027-01-26", more=[{"date": "2027-01-26", "cancelled": "Snow"}])

    assert changed(0, "moved_to", "Tuesday 26 January 2027", "10am to midday", **onto)
    assert told(**moved_to("2027-01-26 12:00-14:00")) == []
    assert told(**away) == []
    assert told(**off) == []


def test_a_move_by_a_year_is_a_slip():
    """A wrong year in a move is noticed."""
    changes = [{"date": "2027-01-19", "moved_to": "2026-01-20"}]

    assert changed(0, "moved_to", "Correct the year", changes=changes)


NO_SUCH_TIME = "does not exist, as the clocks go forward"


def test_a_time_that_the_clocks_leave_out():
    """A session at 01:30 on the day when clocks go forward is refused."""
    night = {"starts": "2027-03-21", "repeats": "weekly", "sessions": "3", "time": "01:30-02:30"}

    assert say(("time",), NO_SUCH_TIME, "Sunday 28 March 2027", **night)
    assert say(("time",), NO_SUCH_TIME, **{**night, "time": "00:30-01:00"})
    assert say(("time",), NO_SUCH_TIME, repeats="once", starts="2027-03-28", time="01:30-03:00")
    assert told(**night, **{"except": "2027-03-28"}) == []
    assert told(**{**night, "starts": "2027-10-24"}) == []  # one of two in October: the first


def test_a_move_to_a_time_that_the_clocks_leave_out():
    """The same holds for a session that moves there, and for booking times."""
    changes = [{"date": "2027-01-19", "moved_to": "2027-03-28 01:30-03:00"}]

    assert changed(0, "moved_to", NO_SUCH_TIME, changes=changes)
    assert say(("closes",), NO_SUCH_TIME, closes="2027-03-28 01:30")


def test_booking_opens_before_it_closes():
    """Booking closes after it opens."""
    opens = "2027-01-04 09:00"

    assert say(("closes",), "before it opens", opens=opens, closes="2026-12-04 09:00")


def test_booking_opens_before_the_first_session():
    """A course cannot be booked for the first time once it has begun."""
    assert say(("opens",), "12 January 2027", opens="2027-01-12 10:00", sessions="6")
    assert told(opens="2027-01-12 09:59", sessions="6") == []
    assert told(opens="2027-06-01 09:00") == []  # a group that goes on


@given(any_series())
def test_mistakes_never_fail(series):
    """Whatever is written, mistakes are found and each is a sentence with a remedy."""
    for place, words in mistakes(series, CALENDAR):
        assert place[0] in ("starts", "until", "sessions", "except")
        assert words.endswith((".", "?"))
        assert words.count(".") >= 2


# --- many


def weekly_series() -> Iterator[Series]:
    centre = centre_of()
    for number in range(1500):
        starts = date(2026, 9, 7) + timedelta(number % 5)
        yield series_of(centre, starts=starts.isoformat(), day=WEEKDAYS[starts.weekday()])


def test_a_county_of_dates_is_whole():
    """1,500 weekly series over 40 weeks: every date, and none on a bank holiday."""
    county = list(weekly_series())
    found = [session for s in county for session in sessions(s, CALENDAR, date(2027, 6, 13))]

    assert len(found) > 55_000
    assert {CALENDAR.closed(session.planned) for session in found} == {None}


# --- lists by day ---------------------------------------------------------------------------------


def listed(**fields):
    series = series_of(sessions="2", **fields)
    series.link(all_sessions=sessions(series, CALENDAR, YEAR_END))
    return [
        (one.day.isoformat(), one.is_on, one.moved_to and one.moved_to.day.isoformat())
        for one in series.listed
    ]


def test_a_moved_session_is_listed_on_its_old_day_too():
    """A session that moved to another day is on its old day in lists, with the day it moved to."""
    change = {"date": "2027-01-12", "moved_to": "2027-01-20"}

    assert listed(changes=[change]) == [
        ("2027-01-12", False, "2027-01-20"),
        ("2027-01-19", True, None),
        ("2027-01-20", True, None),
    ]


@pytest.mark.parametrize(
    "change",
    [{"moved_to": "2027-01-12 13:00-15:00"}, {"venue": {"name": "Village Hall"}}, {"note": "Snow"}],
)
def test_a_session_that_stays_on_its_day_is_listed_once(change):
    """Another time or place on the same day adds nothing to lists."""
    days = [day for day, _, _ in listed(changes=[{"date": "2027-01-12", **change}])]

    assert days == ["2027-01-12", "2027-01-19"]
