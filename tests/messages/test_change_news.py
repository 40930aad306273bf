"""What a family hears of sessions that the content moved or cancelled."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from portal import bookings
from portal.bookings import Family, content_changes
from portal.server import worker
from tests.support import made
from tests.support.made import NOW
from tests.support.post import AMINA, SECRET, Post


def changed(post, *dates, now=NOW, centre=None, **fields):
    """The content says something else; families are owed the news."""
    post.directory = made.directory({"changes": list(dates), **fields}, centre=centre)
    content_changes.announce_changes(post.engine, post.directory, now=now)


def test_a_moved_session_is_told_with_both_dates(post):
    """And the calendar entry is updated: same UID, higher SEQUENCE, at the new time."""
    post.book()
    [confirmation] = post.came()
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-03 13:00-15:00"})
    [letter] = post.came()

    assert letter.subject == "Your booking has changed"
    assert (
        "Bump, Birth and Beyond will not be on Tuesday 2 February 2027, 10am to midday. It has "
        "moved to Wednesday 3 February 2027, 1pm to 3pm. You still have your place.\n"
    ) in letter.plain
    assert "- What has not changed: Tuesday 12 January, 19 January, 26 January" in letter.plain
    [event] = letter.calendars[0].walk("VEVENT")
    [before] = [e for e in confirmation.calendars[0].walk("VEVENT") if e["uid"] == event["uid"]]
    assert event["sequence"] > before["sequence"]
    assert event["dtstart"].dt.day == 3


def test_a_move_says_why(post):
    """In the words that the editor wrote beside it."""
    post.book()
    post.came()
    move = {"date": "2027-02-02", "moved_to": "2027-02-03", "note": "The hall is used for a vote"}
    changed(post, move)
    [letter] = post.came()

    assert "- Why: The hall is used for a vote\n" in letter.plain


def test_a_move_says_that_the_creche_places_move_too(post):
    """The children's places belong to the booking, so they are there on the new date."""
    creche = {"creche": "yes", "creche_places": "2", "creche_ages": "1-4 years"}
    post.directory = made.directory(creche)
    post.book(replace(AMINA, creche=("1 year", "3 years")))
    post.came()
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-03"}, **creche)
    [letter] = post.came()

    assert "- Creche: 2 children have a place there too\n" in letter.plain


def test_another_venue_is_told_with_both_venues(post):
    """A family that goes to the old place finds it closed."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "venue": {"name": "Library", "town": "Leyland"}})
    [letter] = post.came()

    assert (
        "Bump, Birth and Beyond moves to another place on Tuesday 2 February 2027. "
        "It was: Riverbank. Now it is: Library, Leyland. You still have your place.\n"
    ) in letter.plain


def test_a_cancelled_session_is_told_with_its_reason(post):
    """The date, why, and a file that takes it out of the calendar."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "cancelled": "The boiler is broken"})
    [letter] = post.came()

    assert letter.subject == "Part of your booking is off"
    assert "We have had to cancel Bump, Birth and Beyond on Tuesday 2 Feb" in letter.plain
    assert "- Why: The boiler is broken\n" in letter.plain
    [calendar] = letter.calendars
    assert str(calendar["method"]) == "CANCEL"


@pytest.mark.parametrize("unit", ["series", "session"])
def test_a_booking_cancelled_before_its_letter_was_sent_is_not_confirmed(post, unit):
    """Where all dates were cancelled before "Your place is booked" was sent, only the cancellation
    is sent."""
    post.directory = made.directory({"book": unit})
    post.book(session=post.series.all_sessions[0] if unit == "session" else None)
    changed(post, book=unit, withdrawn="The leader has left")
    [letter] = post.came()

    assert letter.subject == "Your booking is off"
    assert ("confirmation", "dropped") in post.states()


def test_a_run_that_is_called_off_is_one_letter(post):
    """Six dates are not six letters."""
    post.book()
    post.came()
    changed(post, withdrawn="We have no leader")
    [letter] = post.came()

    assert (
        "- What is off: Tuesday 12 January, 19 January, 26 January, 2 February, 9 February and "
        "16 February 2027\n"
    ) in letter.plain
    assert "- Why: We have no leader\n" in letter.plain
    assert [state for kind, state in post.states() if kind == "cancelled-by-us"] == [
        *["dropped"] * 5,
        "sent",
    ]


def test_of_two_changes_the_last_is_told(post):
    """Moved, then called off before the news went out: one letter, the true one."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-03"})
    later = NOW + timedelta(minutes=1)
    changed(post, {"date": "2027-02-02", "cancelled": "Snow"}, now=later)
    letters = post.came(later)

    assert [letter.subject for letter in letters] == ["Part of your booking is off"]


def test_what_was_changed_and_changed_back_is_not_told(post):
    """Nobody had heard of it."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "cancelled": "Snow"})
    changed(post, now=NOW + timedelta(minutes=1))

    assert post.came(NOW + timedelta(minutes=1)) == []


def test_what_was_told_and_changed_back_is_told(post):
    """Who was told that it is off must hear that it is on again."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "cancelled": "Snow"})
    post.came()
    later = NOW + timedelta(minutes=1)
    changed(post, now=later)
    [letter] = post.came(later)

    assert "is on after all: Tuesday 2 February 2027, 10am to midday. You" in letter.plain


WHOLE = "Tuesday 12 January, 19 January, 26 January, 2 February, 9 February and 16 February 2027"
LIBRARY = {"name": "Library", "address": "2 High Street", "town": "Leyland"}


def test_a_run_at_another_time_is_one_letter(post):
    """With all its dates, the old time and the new; every entry of the calendar follows."""
    post.book()
    [confirmation] = post.came()
    changed(post, time="13:00-15:00")
    [letter] = post.came()

    assert letter.subject == "Your booking has changed"
    assert f"will not be on {WHOLE}, 10am to midday. It has moved to {WHOLE}, 1" in letter.plain
    assert "What has not changed" not in letter.plain
    before, after = (
        {str(event["uid"]): event for event in one.calendars[0].walk("VEVENT")}
        for one in (confirmation, letter)
    )
    assert set(after) == set(before)
    for uid, event in after.items():
        assert event["sequence"] > before[uid]["sequence"]
        assert (event["dtstart"].dt - before[uid]["dtstart"].dt) == timedelta(hours=3)


def test_a_run_at_another_place_is_one_letter(post):
    """With the place where it was, and the whole address of where it is."""
    post.book()
    post.came()
    changed(post, venue=LIBRARY)
    [letter] = post.came()

    assert (
        f"moves to another place on {WHOLE}. It was: Riverbank. Now it is: Library, 2 Hi"
        in letter.plain
    )
    places = {str(event["location"]) for event in letter.calendars[0].walk("VEVENT")}
    assert places == {"Library, 2 High Street, Leyland"}


def test_dates_that_change_in_several_ways_are_one_letter(post):
    """Each with its own time and place, where these are not the same for all."""
    post.book()
    post.came()
    changed(
        post,
        {"date": "2027-02-02", "moved_to": "2027-02-03 13:00-15:00"},
        {"date": "2027-02-09", "venue": {"name": "Library"}},
    )
    [letter] = post.came()

    assert (
        "- It was: Tuesday 2 February and 9 February 2027, 10am to midday, at Riverbank\n"
        "- It is now: Wednesday 3 February 2027, 1pm to 3pm, at Riverbank; "
        "Tuesday 9 February 2027, 10am to midday, at Library\n"
        "- What has not changed: Tuesday 12 January, 19 January, 26 January and 16 February 2027\n"
        "- Your reference"
    ) in letter.plain


def test_a_date_that_is_gone_is_told_and_leaves_the_calendar(post):
    """It is off; the letter says which dates there are, and takes the entry away."""
    post.book()
    [confirmation] = post.came()
    changed(post, starts="2027-01-19")
    [letter] = post.came()

    assert letter.subject == "Part of your booking is off"
    assert "cancel Bump, Birth and Beyond on Tuesday 12 January 2027. You keep" in letter.plain
    assert (
        "- Time: 10am to midday\n"
        "- Why: We do not meet on this date any more\n"
        "- What is still on: Tuesday 19 January, 26 January, 2 February, 9 February, "
        "16 February and 23 February 2027\n"
    ) in letter.plain
    [calendar] = letter.calendars
    [event] = calendar.walk("VEVENT")
    [before] = [e for e in confirmation.calendars[0].walk("VEVENT") if e["uid"] == event["uid"]]
    assert str(calendar["method"]) == "CANCEL"
    assert event["dtstart"].dt == before["dtstart"].dt
    assert event["sequence"] > before["sequence"]


def test_a_closure_day_is_told_in_its_own_words(post):
    """What terms.yaml says of the day is why."""
    post.book()
    post.came()
    closed = [{"date": "2027-01-26", "reason": "Staff training"}]
    post.directory = made.directory(closures=closed)
    content_changes.announce_changes(post.engine, post.directory, now=NOW)
    [letter] = post.came()

    assert "cancel Bump, Birth and Beyond on Tuesday 26 January 2027." in letter.plain
    assert "- Why: Staff training\n" in letter.plain


def test_one_date_of_a_run_that_is_on_again_is_told(post):
    """The others were told in the same letter, and stay off."""
    post.book()
    post.came()
    off = [{"date": day, "cancelled": "Snow"} for day in ("2027-01-12", "2027-01-19")]
    changed(post, *off)
    post.came()
    later = NOW + timedelta(minutes=1)
    changed(post, off[1], now=later)
    [letter] = post.came(later)

    assert "on after all: Tuesday 12 January 2027, 10am to midday." in letter.plain


def test_who_was_not_told_of_a_move_hears_what_it_was_at_first(post):
    """Moved twice before the news went out: the dates that the family knows, and the last ones."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-03"})
    later = NOW + timedelta(minutes=1)
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-04"}, now=later)
    [letter] = post.came(later)

    assert (
        "will not be on Tuesday 2 February 2027, 10am to midday. It has moved to Thursday 4 "
        "February 2027, 10am to midday."
    ) in letter.plain


def test_what_was_moved_and_told_is_what_it_was(post):
    """The second move starts from where the first one led."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-03"})
    post.came()
    later = NOW + timedelta(minutes=1)
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-04"}, now=later)
    [letter] = post.came(later)

    assert "will not be on Wednesday 3 February 2027, 10am to midday." in letter.plain


def test_a_moved_session_that_is_cancelled_is_named_by_the_day_it_was_moved_to(post):
    """The family holds the new day, so the letter that cancels it names that day."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-03"})
    post.came()
    later = NOW + timedelta(minutes=1)
    changed(post, {"date": "2027-02-02", "cancelled": "Snow"}, now=later)
    [letter] = post.came(later)

    assert "cancel Bump, Birth and Beyond on Wednesday 3 February 2027" in letter.plain
    assert "2 February" not in letter.plain


def test_a_run_that_was_changed_and_changed_back_is_not_told(post):
    """Nobody had heard of it."""
    post.book()
    post.came()
    changed(post, time="13:00-15:00")
    changed(post, now=NOW + timedelta(minutes=1))

    assert post.came(NOW + timedelta(minutes=1)) == []


def test_an_offer_of_what_is_off_is_called_off(post):
    """Not as lapsed, and without a file: the family has no entry of it."""
    first = post.book()
    post.book(Family("Ben", "ben@example.org", None, "email", True))
    bookings.cancel(post.engine, post.directory, first.id, now=NOW)
    post.came()
    changed(post, places="1", withdrawn="We have no leader")
    content_changes.end_waits_for_cancelled(post.engine, post.directory, now=NOW)
    [letter] = post.came()

    assert (letter.to, letter.subject) == ("ben@example.org", "Your booking is off")
    assert f"- What is off: {WHOLE}\n" in letter.plain
    assert "- Why: We have no leader\n" in letter.plain
    assert letter.calendars == []


@pytest.mark.parametrize(
    ("fields", "edit", "planned", "off", "why"),
    [
        ({}, {"withdrawn": "We have no leader"}, None, WHOLE, "We have no leader"),
        (
            {"book": "session"},
            {"except": "2027-02-02"},
            "2027-02-02",
            "Tuesday 2 February 2027",
            "We do not meet on this date any more",
        ),
    ],
    ids=["run", "session gone"],
)
@pytest.mark.parametrize("way", ["email", "text"])
def test_who_waits_reads_that_it_is_off_in_words_of_its_own(
    post, fields, edit, planned, off, why, way
):
    """What, which dates and why; that it waits no longer. It had no place, so no "do not set out",
    and no file."""
    post.directory = made.directory({"places": "1", **fields})
    session = next((s for s in post.series.all_sessions if s.anchor == planned), None)
    post.book(session=session)
    ben = Family("Ben", "ben@example.org", "07700 900555", way, True)
    post.book(ben, session=session)
    post.came()
    post.directory = made.directory({"places": "1", **fields, **edit})
    done = [
        worker.once(
            post.engine,
            post.directory,
            post.settings.model_copy(update={"secret_key": SecretStr(SECRET)}),
            now=NOW,
            claimant="test",
        ).announced
        for _ in range(2)
    ]
    letter = post.came()[-1]  # to who has the place goes another one

    assert done[1] == 0
    assert dict(post.states())["waiting-ended"] == "sent"
    if way == "text":
        assert "no longer on the waiting list" in letter.plain
        return
    assert (letter.to, letter.subject) == ("ben@example.org", "Your booking")
    assert "You were on the waiting list for Bump, Birth and Beyond." in letter.plain
    assert f"- What is off: {off}\n" in letter.plain
    assert f"- Why: {why}\n" in letter.plain
    assert "You are no longer on the waiting list." in letter.plain
    assert "set out" not in letter.plain
    assert letter.calendars == []


# --- one change, one sentence that is true of it --------------------------------------------------

OFF = {"cancelled": "Snow"}
DAY_OFF = {"date": "2027-01-12", **OFF}
MOVE = {"date": "2027-01-12", "moved_to": "2027-01-13 13:00-15:00"}
AWAY = {"date": "2027-01-12", "venue": LIBRARY}
GROUP = "Bump, Birth and Beyond"


@pytest.mark.parametrize(
    ("dates", "fields", "subject", "sentence"),
    [
        (
            [DAY_OFF],
            {},
            "Part of your booking is off",
            f"We have had to cancel {GROUP} on Tuesday 12 January 2027. You keep your place for "
            "everything that is still on.",
        ),
        (
            [DAY_OFF, {"date": "2027-01-19", **OFF}],
            {},
            "Part of your booking is off",
            f"We have had to cancel {GROUP} on Tuesday 12 January and 19 January 2027. You keep "
            "your place for everything that is still on.",
        ),
        (
            [],
            {"withdrawn": "We have no leader"},
            "Your booking is off",
            f"We have had to cancel {GROUP}, so do not set out for it. We know that you had "
            "planned for it.",
        ),
        (
            [MOVE],
            {},
            "Your booking has changed",
            f"{GROUP} will not be on Tuesday 12 January 2027, 10am to midday. It has moved to "
            "Wednesday 13 January 2027, 1pm to 3pm. You still have your place.",
        ),
        (
            [AWAY],
            {},
            "Your booking has changed",
            f"{GROUP} moves to another place on Tuesday 12 January 2027. "
            "It was: Riverbank. Now it is: Library, 2 High Street, Leyland. "
            "You still have your place.",
        ),
        (
            [MOVE | AWAY],
            {},
            "Your booking has changed",
            f"There is more than one change to {GROUP}. You still have your place.",
        ),
        (
            [MOVE, AWAY | {"date": "2027-01-19"}],
            {},
            "Your booking has changed",
            f"There is more than one change to {GROUP}. You still have your place.",
        ),
    ],
    ids=["a date off", "dates off", "all off", "moved", "other venue", "both", "several"],
)
def test_one_change_has_one_sentence_that_is_true_of_it(post, dates, fields, subject, sentence):
    """The first sentence is true of this change alone, and names the dates that it is about."""
    post.book()
    post.came()
    changed(post, *dates, **fields)
    [letter] = post.came()
    _, first, *_ = letter.plain.split("\n\n")

    assert (letter.subject, first) == (subject, sentence)
    assert ("still on" in letter.plain) == (subject == "Part of your booking is off")


NEW_STREET = {"address": "2 Mill Road", "postcode": "PR1 9AA"}
OLD_LINE = "Riverbank, 1 River Street, Preston, PR1 8RJ"
NEW_LINE = "Riverbank, 2 Mill Road, Preston, PR1 9AA"


@pytest.mark.parametrize(
    ("centre", "room", "was", "now"),
    [
        (NEW_STREET, "Willow Room", f"{OLD_LINE} (Willow Room)", f"{NEW_LINE} (Willow Room)"),
        ({}, "Oak Room", f"{OLD_LINE} (Willow Room)", f"{OLD_LINE} (Oak Room)"),
    ],
    ids=["address", "room"],
)
def test_another_address_is_told_with_both_addresses(post, centre, room, was, now):
    """The name of the centre alone would not say what has changed."""
    post.book()
    post.came()
    changed(post, centre=centre, room=room)
    [letter] = post.came()
    _, first, *_ = letter.plain.split("\n\n")

    assert first == (
        f"{GROUP} moves to another place on {WHOLE}. It was: {was}. Now it is: {now}. "
        "You still have your place."
    )


def test_another_address_and_time_are_told_with_both_addresses(post):
    """In one letter, whose lines say where and when it was and is."""
    post.book()
    post.came()
    changed(post, centre=NEW_STREET, room="Willow Room", time="13:00-15:00")
    [letter] = post.came()

    assert f"10am to midday, at {OLD_LINE} (Willow Room)\n" in letter.plain
    assert f"- Where: {NEW_LINE} (Willow Room)\n" in letter.plain


def test_an_address_that_is_put_back_unsent_is_not_told(post):
    """The family never heard of the other one."""
    post.book()
    post.came()
    changed(post, centre=NEW_STREET, room="Willow Room")
    changed(post, room="Willow Room", now=NOW + timedelta(minutes=1))

    assert post.came(NOW + timedelta(minutes=2)) == []


def test_a_sensitive_group_at_another_place_says_to_ask_where(sqlite, tmp_path):
    """S3: neither the letter nor the page says where, so the family is to ask."""
    directory = made.directory({}, sensitive=True)
    post = Post(sqlite, tmp_path / "var", directory)
    booking = post.book()
    bookings.confirm(sqlite, directory, booking.id, now=NOW, actor="staff:1")
    post.came()
    post.directory = made.directory({}, sensitive=True, centre=NEW_STREET)
    content_changes.announce_changes(sqlite, post.directory, now=NOW)
    [letter] = post.came()

    assert "it is at another place. If we have not told you where yet, ask us" in letter.plain
    assert "Mill Road" not in letter.everything


ALSO_MOVED = {"date": "2027-01-19", "moved_to": "2027-01-20 13:00-15:00"}
DAYS = {"2027-01-12": "12 January", "2027-01-19": "19 January", "2027-01-26": "26 January"}
SWAPS = {
    "cancelled first": [DAY_OFF, ALSO_MOVED],
    "moved first": [MOVE, {"date": "2027-01-19", **OFF}],
    "cancelled and elsewhere": [DAY_OFF, AWAY | {"date": "2027-01-26"}],
    "cancelled, moved and elsewhere": [
        DAY_OFF,
        ALSO_MOVED | {"note": "A vote"},
        AWAY | {"date": "2027-01-26"},
    ],
}


@pytest.mark.parametrize("way", ["email", "text"])
@pytest.mark.parametrize("dates", SWAPS.values(), ids=SWAPS)
def test_an_edit_that_cancels_and_moves_dates_is_one_letter(post, dates, way):
    """One edit is one letter, with each cancelled date, each change and what is still on."""
    post.book(Family("Amina Khan", "a@example.org", "07700 900123", way, True))
    post.came()
    changed(post, *dates)
    [letter] = post.came()

    assert [state for kind, state in post.states() if kind in ("moved", "cancelled-by-us")] == [
        *["dropped"] * (len(dates) - 1),
        "sent",
    ]
    if way == "text":
        assert "Part of your booking is off, and part has changed." in letter.plain
        return
    [off] = [words for day, words in DAYS.items() if {"date": day, **OFF} in dates]
    assert letter.subject == "Your booking has changed"
    assert f"There is more than one change to {GROUP}." in letter.plain
    assert f"- Cancelled: Tuesday {off} 2027\n- Why it is cancelled: Snow\n" in letter.plain
    was = letter.plain.partition("- What else has changed: ")[2].partition("\n")[0]
    assert off not in was
    assert all((DAYS[date["date"]] in was) == ("cancelled" not in date) for date in dates)
    assert ("- Why: A vote\n" in letter.plain) == any("note" in date for date in dates)
    assert "9 February" in letter.plain.partition("- What has not changed: ")[2]
    assert sorted(str(one["method"]) for one in letter.calendars) == ["CANCEL", "PUBLISH"]
    changed(post, *dates, now=NOW + timedelta(minutes=5))
    assert post.came(NOW + timedelta(minutes=5)) == []


@pytest.mark.parametrize(
    ("left", "subject"),
    [(ALSO_MOVED, "Your booking has changed"), (DAY_OFF, "Part of your booking is off")],
    ids=["moved", "cancelled"],
)
def test_what_is_taken_back_unsent_leaves_words_that_are_true_of_the_rest(post, left, subject):
    """Of a cancelled and a moved date one is put right: the letter is about the other alone."""
    post.book()
    post.came()
    later = NOW + timedelta(seconds=1)
    changed(post, DAY_OFF, ALSO_MOVED)
    changed(post, left, now=later)
    [letter] = post.came(later)

    assert letter.subject == subject
    assert "Something else has changed" not in letter.plain


@pytest.mark.parametrize("way", ["email", "text"])
def test_nothing_says_that_a_booking_is_off_while_a_date_is_on(post, way):
    """One of twelve dates is cancelled: the family keeps the eleven others, by text too."""
    post.directory = made.directory({"sessions": "12"})
    post.book(Family("Amina Khan", "a@example.org", "07700 900123", way, True))
    post.came()
    changed(post, DAY_OFF, sessions="12")
    [letter] = post.came()

    for wrong in ("Your booking is off", "do not set out", "cancel your booking"):
        assert wrong not in f"{getattr(letter, 'subject', '')} {letter.plain}"
    assert ("The rest is still on" if way == "text" else "- What is still on: ") in letter.plain


def test_many_dates_off_are_each_named_while_others_are_on(post):
    """'Tuesdays, from ... to ...' would take in the dates between them that are on."""
    post.directory = made.directory({"sessions": "20", "term_time_only": "no"})
    post.book()
    post.came()
    days = [session.anchor for session in post.series.all_sessions if session.day.day > 7]
    off = [{"date": day, **OFF} for day in days]
    changed(post, *off, sessions="20", term_time_only="no")
    [letter] = post.came()
    _, first, *_ = letter.plain.split("\n\n")

    assert len(days) > 12
    assert " from " not in first
    assert first.count(",") >= len(days) - 2


def test_a_date_that_was_booked_by_itself_does_not_call_off_the_group(post):
    """The booking is off, and the group goes on: the sentence names the date."""
    post.directory = made.directory({"book": "session"})
    post.book(session=post.series.all_sessions[0])
    post.came()
    changed(post, DAY_OFF, book="session")
    [letter] = post.came()

    assert letter.subject == "Your booking is off"
    assert (
        f"We have had to cancel {GROUP} on Tuesday 12 January 2027, so do not set out for it."
    ) in letter.plain
    assert "still on" not in letter.plain
