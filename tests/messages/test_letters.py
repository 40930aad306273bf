"""What a message says."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from portal import bookings, database
from portal.bookings import Family, Referrer, outcomes, personal_data, support, waiting_list
from portal.database import tables
from portal.messages import family_calendar
from portal.messages.facts import facts_of
from portal.messages.letters import words_of
from portal.messages.outbox import Owed
from tests.support import made
from tests.support.made import NOW
from tests.support.post import AMINA, SECRET, Post
from tests.support.staffed import make_staff


def test_a_confirmation_says_what_when_and_where(post):
    """Dates and times in words, the family's own link, and the calendar beside it."""
    booking = post.book()
    [letter] = post.came()

    assert letter.to == "amina@example.org"
    assert letter.subject == "Your booking"
    assert letter.plain.startswith(
        "Hello Amina\n\nYour place is booked for Bump, Birth and Beyond.\n\n"
        "- When: Tuesday 12 January, 19 January, 26 January, 2 February, 9 February and "
        "16 February 2027\n"
        "- Time: 10am to midday\n"
        "- Where: Riverbank, 1 River Street, Preston, PR1 8RJ (Willow Room)\n"
        f"- Your reference: {booking.reference}\n"
    )
    assert f"\nhttps://families.example/bookings/{booking.link}\n" in letter.plain
    assert "ring us on 01772 111111" in letter.plain
    [calendar] = letter.calendars
    assert len(calendar.walk("VEVENT")) == 6


def test_a_confirmation_says_what_to_know_of_a_first_visit(sqlite, tmp_path):
    """Who meets the family and what to know the first time are in the letter, if they are known."""
    directory = made.directory(
        {"who_meets_you": "A midwife at the door", "first_time": "Come alone, or as a pair"}
    )
    post = Post(sqlite, tmp_path, directory)
    post.book()
    [letter] = post.came()

    assert "\n- Who meets you: A midwife at the door.\n" in letter.plain
    assert "\n- If it is your first time: Come alone, or as a pair.\n" in letter.plain


def test_a_confirmation_carries_the_dates_as_a_file(post):
    """The file has METHOD:PUBLISH in the body as in the header, the UIDs of the family's own
    calendar, and is named in the letter; GOV.UK Notify carries none, so there it is not named."""
    booking = post.book()
    [letter] = post.came()
    own = family_calendar.private_calendar(
        booking, post.series.all_sessions, post.directory.site, base="", discreet=False
    )
    [calendar] = letter.calendars

    assert str(calendar["METHOD"]) == "PUBLISH"
    assert b'text/calendar; charset="utf-8"; method="PUBLISH"' in letter.raw.replace(b"\n ", b" ")
    assert {str(event["uid"]) for event in calendar.walk("VEVENT")} == {
        str(event["uid"]) for event in icalendar.Calendar.from_ical(own).walk("VEVENT")
    }
    assert "The file booking.ics with this email puts your dates in your calendar." in letter.plain

    with database.read(post.engine) as connection:
        row = connection.execute(sa.select(tables.message).order_by(tables.message.c.id)).first()
        owed = Owed(row.id, row.booking_id, row.kind, row.about, row.created)
        facts = facts_of(
            connection, owed, directory=post.directory, settings=post.settings, now=NOW
        )
    by_notify = post.settings.model_copy(
        update={"email_channel": "notify", "secret_key": SecretStr(SECRET)}
    )
    assert "booking.ics" not in words_of(facts, post.directory.site, by_notify, attached=True).plain


def test_the_link_leads_to_where_bookings_are_answered(post):
    """That may be another host than the public pages."""
    booking = post.book()
    post.directory.__dict__["site"] = post.directory.site.model_copy(
        update={"booking_address": "https://book.families.example/"}
    )
    [letter] = post.came()

    assert f"https://book.families.example/bookings/{booking.link}\n" in letter.plain


def test_nothing_of_a_sensitive_booking_is_told(sqlite, tmp_path):
    """S3, S4: subject, words, headers and attachments tell neither group nor place nor time."""
    directory = made.directory(
        {"room": "Upper Room", "bring": "A friend", "first_time": "Bring a friend"}, sensitive=True
    )
    post = Post(sqlite, tmp_path, directory)
    booking = post.book()
    bookings.confirm(sqlite, directory, booking.id, now=NOW, actor="staff:1")
    letters = post.came() + post.came(NOW + timedelta(days=7))

    assert [letter.subject for letter in letters] == ["Your request", "Your booking"]
    telling = ("Time together", "Riverbank", "River Street", "Upper", "January", "10am", "friend")
    for letter in letters:
        assert [word for word in (*telling, "bump") if word in letter.everything] == []
        assert letter.calendars == []
        assert booking.link in letter.plain


def test_a_calendar_of_a_sensitive_booking_is_sent_where_it_was_asked_for(sqlite, tmp_path):
    """S8: then it is neutral."""
    directory = made.directory(sensitive=True)
    post = Post(sqlite, tmp_path, directory)
    booking = post.book()
    bookings.confirm(sqlite, directory, booking.id, now=NOW, actor="staff:1")
    post.came()
    post.enqueue(booking, "request-confirmed", calendar=True)
    [letter] = post.came()

    [calendar] = letter.calendars
    assert {str(event["summary"]) for event in calendar.walk("VEVENT")} == {"Appointment"}


def test_a_series_that_left_the_content_is_taken_for_sensitive(post):
    """Nobody knows any more whether its name may be told."""
    post.book()
    post.directory = Post(post.engine, post.outbox, made.directory({"repeats": "once"})).directory
    post.directory.__dict__["series"] = ()
    [letter] = post.came()

    assert "Bump" not in letter.everything
    assert "Your booking is made." in letter.plain


def test_a_text_message_holds_a_first_name_and_the_link(post):
    """S4: somebody else who sees the screen learns of no group and no place."""
    booking = post.book(Family("Amina Khan", None, "07700 900123", "text", True))
    [text] = post.came()

    assert text.plain == (
        "To: 07700900123\n\nHello Amina. Your booking is made. See the details, change it or "
        f"cancel it here: https://families.example/bookings/{booking.link}\n"
    )


TEXTED = Family("Amina Khan", None, "07700 900123", "text", True, full_texts=True)


def test_a_text_message_says_what_when_and_where_if_the_family_ticked_so(post):
    """S86: with the tick, the confirmation and the reminder name the group, the day and the place;
    words that do not fit into two parts of a text message give way to the short ones."""
    booking = post.book(TEXTED)
    [text] = post.came()
    [reminder] = post.came(NOW + timedelta(days=7))
    post.directory.__dict__["site"] = post.directory.site.model_copy(
        update={"booking_address": f"https://{'long.' * 50}example"}
    )
    post.enqueue(booking, "confirmation")
    [short] = post.came()

    assert "Your place is booked: Bump, Birth and Beyond. When: Tuesday 12 January" in text.plain
    assert "Where: Riverbank, 1 River Street, Preston" in text.plain
    assert "is on Tuesday 12 January 2027, 10am to midday" in reminder.plain
    assert "Bump" not in short.plain


def test_a_text_message_of_a_sensitive_booking_never_says_more(sqlite, tmp_path):
    """S86: a tick, whatever it was for, changes nothing of a sensitive programme."""
    post = Post(sqlite, tmp_path, made.directory(sensitive=True))
    booking = post.book(TEXTED)
    bookings.confirm(sqlite, post.directory, booking.id, now=NOW, actor="staff:1")
    texts = post.came() + post.came(NOW + timedelta(days=7))

    assert texts
    for text in texts:
        for word in ("Time together", "Riverbank", "January", "10am"):
            assert word not in text.plain


@pytest.mark.parametrize("contact_by", ["email", "text"])
def test_a_hostile_name_adds_nothing(post, contact_by):
    """Neither header nor link nor markup comes of a name."""
    name = "https://eve.example/<b>\r\nBcc: eve@example.org\r\n\r\n{link}"
    post.book(Family(name, "amina@example.org", "07700 900123", contact_by, True))
    [letter] = post.came()

    assert b"eve" not in letter.raw
    assert "Hello" in letter.plain


def test_health_and_children_stay_at_home(post):
    """What a family tells of its children and needs is in no message and no calendar."""
    post.book()
    [letter] = post.came()

    for told in ("wheelchair", "2 years", "kind", "Khan"):
        assert told not in letter.everything


def test_a_second_booking_of_the_same_contact_is_mentioned(post):
    """One of the two may be a mistake; the message says how to put it right."""
    post.directory = made.directory({"places": "5"})
    post.book()
    post.book()
    first, second = post.came()

    assert "There is another booking" not in first.plain
    assert "There is another booking with these contact details" in second.plain


@pytest.mark.parametrize(
    ("way", "twice"),
    [
        ({"places": "1"}, "There is another booking with these contact details"),
        ({"booking": "request"}, "There is another request with these contact details"),
    ],
)
def test_a_second_one_is_mentioned_on_the_waiting_list_and_in_a_request(post, way, twice):
    """Once a group is full, that is where a family that books twice comes to stand."""
    post.directory = made.directory(way)
    post.book()
    post.book()
    first, second = post.came()

    assert twice not in first.plain
    assert twice in second.plain


@pytest.mark.parametrize(
    ("way", "twice"),
    [
        ({"places": "5"}, "You have another booking for this."),
        ({"places": "1"}, "You have another booking for this."),
        ({"booking": "request"}, "You have another request for this."),
    ],
)
def test_a_second_one_is_mentioned_in_a_text(post, way, twice):
    """S4: in words that name no group, however the number was typed; a text stays short."""
    post.directory = made.directory(way)
    post.book(Family("Amina Khan", None, "07700 900123", "text", True))
    post.book(Family("Amina Khan", None, "+44 7700 900123", "text", True))
    first, second = post.came()

    assert twice not in first.plain
    assert twice in second.plain
    assert "Bump" not in second.plain
    assert len(second.plain.partition("\n\n")[2]) <= 306


def test_a_stranger_learns_nothing_from_the_address_of_another(post):
    """Who books with somebody's address and a number of their own is not told of the other one."""
    stranger = Family("Eve", AMINA.email, "07700 900999", "text", True)
    post.directory = made.directory({"places": "5"})
    post.book()
    post.book(stranger)
    _, told = post.came()

    assert told.text
    assert "another" not in told.plain


def test_a_stranger_learns_nothing_by_setting_the_address_right(post):
    """What was found with the first address is not told to the second."""
    post.directory = made.directory({"places": "5"})
    post.book()
    booking = post.book()
    eve = Family("Eve", "eve@example.org", None, "email", True)
    personal_data.correct(post.engine, post.directory, booking.id, eve, secret=SECRET, now=NOW)
    _, told = post.came()

    assert told.to == "eve@example.org"
    assert "another booking" not in told.plain


def test_a_second_sensitive_booking_is_not_mentioned(sqlite, tmp_path):
    """S6: who tries the form with a partner's address must not learn of a booking."""
    directory = made.directory({"booking": "book"}, sensitive=True)
    post = Post(sqlite, tmp_path, directory)
    post.book()
    post.book()

    assert all("another booking" not in letter.plain for letter in post.came())


def test_waiting_offered_lapsed(post):
    """The number on the list, and until when a place is, or was, kept: all as at sending."""
    first = post.book()
    second = post.book(Family("Ben", "ben@example.org", None, "email", True))
    post.book(Family("Cem", "cem@example.org", None, "email", True))
    _, ben, cem = post.came()
    assert "You are number 1 on the waiting list." in ben.plain
    assert "You are number 2 on the waiting list." in cem.plain

    bookings.cancel(post.engine, post.directory, first.id, now=NOW)
    cancelled, offered = post.came()
    until = "9am on Wednesday 6 January 2027"
    assert f"We will keep it for you until {until}." in offered.plain
    assert offered.subject == "A place is free"
    assert "You have cancelled your place" in cancelled.plain
    assert [str(c["method"]) for c in cancelled.calendars] == ["CANCEL"] * 6

    later = datetime(2027, 1, 6, 9, 0, 1, tzinfo=UTC)
    waiting_list.lapse(post.engine, post.directory, now=later)
    lapsed, offered = post.came(later)
    assert f"We kept a place for you at Bump, Birth and Beyond until {until}." in lapsed.plain
    assert offered.to == "cem@example.org"
    assert bookings.get(post.engine, second.id, SECRET).status == "lapsed"


def waiting_family(post):
    """Who left the waiting list by its link."""
    post.book()
    booking = post.book(Family("Ben", "ben@example.org", None, "email", True))
    bookings.cancel(post.engine, post.directory, booking.id, now=NOW)


def offered_family(post):
    """Who had a place kept, and did not want it any more."""
    first = post.book()
    booking = post.book(Family("Ben", "ben@example.org", None, "email", True))
    bookings.cancel(post.engine, post.directory, first.id, now=NOW)
    bookings.cancel(post.engine, post.directory, booking.id, now=NOW)


def family_on_the_phone(post):
    """Who turned an offer down on the phone."""
    first = post.book()
    booking = post.book(Family("Ben", "ben@example.org", None, "email", True))
    bookings.cancel(post.engine, post.directory, first.id, now=NOW)
    waiting_list.move_on(post.engine, post.directory, booking.id, now=NOW, actor="staff:1")


@pytest.mark.parametrize("ended", [waiting_family, offered_family, family_on_the_phone])
def test_who_had_no_place_is_not_told_that_it_was_cancelled(post, ended):
    """Off the list: no place was given up, no deadline missed, no calendar entry sent before."""
    ended(post)
    [letter] = [letter for letter in post.came() if letter.to == "ben@example.org"]

    assert letter.subject == "Your booking"
    assert "We have taken you off our list for Bump, Birth and Beyond." in letter.plain
    for wrong in ("cancelled", "calendar", "did not hear", "another family"):
        assert wrong not in letter.plain
    assert letter.calendars == []


@pytest.mark.parametrize("waits", [False, True])
def test_staff_take_away_only_entries_that_were_sent(post, waits):
    """A file to delete an entry goes to a family that had a place, not to one that waited."""
    booking = post.book()
    if waits:
        booking = post.book(Family("Ben", "ben@example.org", None, "email", True))
    post.came()
    bookings.cancel(
        post.engine, post.directory, booking.id, now=NOW, actor="staff:1", reason="No leader"
    )
    letter = post.came()[0]

    assert letter.subject == ("Your booking" if waits else "Your booking is off")
    assert len(letter.calendars) == (0 if waits else 6)


def test_staff_who_cancel_say_why(post):
    """In the words that were typed, on one line."""
    booking = post.book()
    post.came()
    bookings.cancel(
        post.engine, post.directory, booking.id, now=NOW, actor="staff:1", reason="We\nmoved <b>"
    )
    [letter] = post.came()

    assert "We have had to cancel your place at Bump, Birth and Beyond" in letter.plain
    assert "- Why: We moved <b>\n" in letter.plain
    assert "<li>Why: We moved &lt;b&gt;</li>" in letter.html


def test_a_request_is_answered(sqlite, tmp_path):
    """Received, then confirmed, with the place and its dates where the group is not sensitive."""
    post = Post(sqlite, tmp_path, made.directory({"booking": "request"}))
    booking = post.book()
    [received] = post.came()
    bookings.confirm(sqlite, post.directory, booking.id, now=NOW, actor="staff:1")
    [confirmed] = post.came()

    assert "You do not have a place yet." in received.plain
    assert received.calendars == []
    assert "you have a place at Bump, Birth and Beyond" in confirmed.plain
    assert len(confirmed.calendars) == 1


def test_the_professional_who_asked_hears_too(sqlite, tmp_path):
    """To the address of the referral, whatever the family wishes for itself."""
    post = Post(sqlite, tmp_path, made.directory({"booking": "referral"}))
    referrer = Referrer("Jo Bloggs", "Health visitor", "NHS", "jo@nhs.example", None)
    post.book(Family("Amina Khan"), referrer=referrer)
    [letter] = post.came()

    assert letter.to == "jo@nhs.example"
    assert letter.plain.startswith("Hello Jo\n\nYou asked us on behalf of a family.")
    assert "Amina" not in letter.everything
    assert "/bookings/" not in letter.everything  # the family's own link


def test_the_professional_gets_a_link_if_the_family_agreed(sqlite, tmp_path):
    """S88: the email holds the link to the page that says if the family came, with consent alone,
    and not once the family has stopped it."""
    referrer = Referrer("Jo Bloggs", "Nurse", "NHS", "jo@nhs.example", None, outcome=True)
    post = Post(sqlite, tmp_path, made.directory({"booking": "referral"}))
    post.book(Family("Amina Khan"), referrer=referrer)
    stopped = post.book(Family("Ben"), referrer=referrer)
    outcomes.stop(post.engine, stopped.id, now=NOW)
    post.book(Family("Cem"), referrer=replace(referrer, outcome=False))
    with_link, *others = [letter.everything for letter in post.came()]

    assert "/outcome/" in with_link
    assert not any("/outcome/" in text or "may see if they came" in text for text in others)
    assert len(others) == 2


def test_a_request_to_a_programme_as_such_has_its_own_words_and_link(sqlite, tmp_path):
    """S88: a request without a group is no secret: the professional gets the link that the form
    promises, and the family reads what it asked for. Of a sensitive programme neither is said."""
    referrer = Referrer("Jo Bloggs", "Nurse", "NHS", "jo@nhs.example", None, outcome=True)
    said = []
    for sensitive in (False, True):
        directory = made.directory({}, way="request", sensitive=sensitive)
        post = Post(sqlite, tmp_path / str(sensitive), directory)
        given = {"secret": SECRET, "now": NOW, "district": "preston"}
        for number, who in enumerate((referrer, None)):
            bookings.ask(
                sqlite, directory.programmes[0], AMINA, key=f"{sensitive} {number} of a form",
                referrer=who, actor="professional" if who else "family", **given,
            )  # fmt: skip
        by_who = {letter.to: letter.plain for letter in post.came()}
        said.append((by_who["jo@nhs.example"], by_who["amina@example.org"]))
    (to_jo, to_amina), secret = said
    assert "/outcome/" in to_jo
    assert "- What you asked for: Bump, Birth and Beyond" in to_jo
    assert "You asked us for a place at Bump, Birth and Beyond." in to_amina
    assert not any("/outcome/" in text or "Bump" in text for text in secret)


def test_a_family_hears_when_it_is_read_and_who_its_worker_is(sqlite, tmp_path):
    """The day of the desk while the request is new; then the worker's first name, her centre and
    who else helps; at the end why. A sensitive request says none of it (S4)."""
    worker = make_staff(sqlite, title="Ann Ford")
    letters = []
    for sensitive in (False, True):
        directory = made.directory({"booking": "request"}, sensitive=sensitive)
        post = Post(sqlite, tmp_path / str(sensitive), directory)
        own = post.book()
        said = [post.came()[-1].everything]
        case = support.case_of(sqlite, own.id)
        given = {"now": NOW, "actor": "staff:1"}
        support.triage(
            sqlite, case.id, level=2, next_step="support", worker_id=worker.id, seen=0,
            lead=("Nurse", "NHS"), **given,
        )  # fmt: skip
        said.append(post.came()[-1].everything)
        version = support.case_of(sqlite, own.id).version
        support.close(sqlite, case.id, "done", seen=version, **given)
        said.append(post.came()[-1].everything)
        letters.append(said)
    plain, discreet = letters

    assert all("We will read it by Thursday 7 January 2027" in said[0] for said in letters)
    for words in ("Your worker: Ann", "Where they work: Riverbank", "helps you: Nurse, NHS"):
        assert words in plain[1]
    assert "Why: we have done what we planned together" in plain[2]
    assert not any("Ann" in text or "planned" in text for text in discreet)
    assert not any("Ford" in text for text in plain)


def test_no_reference_of_ours_is_told_outside(post):
    """The name of the file and the Message-ID tell neither booking nor person."""
    booking = post.book()
    [letter] = post.came()

    message_id = re.search(rb"Message-ID: <(.+)@families.example>", letter.raw)[1].decode()
    assert re.fullmatch(r"[0-9a-f]{32}", message_id)
    assert booking.calendar_id not in message_id


def moved(post, booking, number=1, family=AMINA) -> bookings.Booking:
    """Moves a booking to another date of its series."""
    options = {"key": f"move-{booking.id}-{number}", "secret": SECRET, "now": NOW}
    session = post.series.all_sessions[number]
    return bookings.move(
        post.engine, post.directory, booking.id, post.series, family, session=session, **options
    )


def test_a_move_is_one_message(sqlite, tmp_path):
    """It says that the place is moved, from what to what, with the new link, a file that adds the
    new date and one that removes the old; and nothing of a booking made or cancelled."""
    post = Post(sqlite, tmp_path, made.directory({"book": "session"}))
    old = post.book(session=post.series.all_sessions[0])
    [confirmation] = post.came()
    new = moved(post, old)
    [letter] = post.came()

    assert letter.subject == "Your place is moved"
    assert letter.plain.startswith(
        "Hello Amina\n\nYour place is moved. You now have a place at Bump, Birth and Beyond.\n\n"
        "- When: Tuesday 19 January 2027\n- Time: 10am to midday\n"
        "- Where: Riverbank, 1 River Street, Preston, PR1 8RJ\n"
        "- Moved from: Tuesday 12 January 2027, 10am to midday\n"
        f"- Your reference: {new.reference}\n"
    )
    assert f"/bookings/{new.link}\n" in letter.plain
    assert old.link not in letter.everything
    assert "If it was not you" not in letter.plain
    assert "is booked" not in letter.plain
    assert "The file booking.ics with this email" in letter.plain
    [before] = confirmation.calendars[0].walk("VEVENT")
    added, removed = letter.calendars
    assert (added["METHOD"], removed["METHOD"]) == ("PUBLISH", "CANCEL")
    [entry], [gone] = added.walk("VEVENT"), removed.walk("VEVENT")
    assert entry["UID"] == f"booking-{new.calendar_id}@families.example"
    assert entry.decoded("DTSTART").date() == post.series.all_sessions[1].day
    assert gone["UID"] == before["UID"]
    assert gone["SEQUENCE"] > before["SEQUENCE"]
    assert gone["STATUS"] == "CANCELLED"


def test_a_move_before_its_message_goes(sqlite, tmp_path):
    """Of two moves only the last is told, with all old dates removed; a family that cancelled what
    it moved to hears of no move, and one that took it back hears once that it has its place."""
    post = Post(sqlite, tmp_path, made.directory({"book": "session"}))
    first = post.book(session=post.series.all_sessions[0])
    last = moved(post, moved(post, first), 2)
    [letter] = post.came()

    assert "- When: Tuesday 26 January 2027\n" in letter.plain
    assert "- Moved from: Tuesday 19 January 2027, 10am to midday\n" in letter.plain
    assert [calendar["METHOD"] for calendar in letter.calendars] == ["PUBLISH", "CANCEL", "CANCEL"]

    again = moved(post, last, 3)
    bookings.cancel(post.engine, post.directory, again.id, now=NOW)
    [cancelled] = post.came()
    assert cancelled.subject == "Your booking is cancelled"
    bookings.restore(post.engine, post.directory, again.id, now=NOW)
    [back] = post.came()
    assert back.subject == "Your booking"
    assert post.came() == []


def test_a_text_about_a_move(sqlite, tmp_path):
    """A text says that the place is moved; from what to what only if the family allows it."""
    post = Post(sqlite, tmp_path, made.directory({"book": "session"}))
    for number, full in enumerate((False, True)):
        family = replace(AMINA, contact_by="text", full_texts=full, phone=f"07700 90012{number}")
        old = post.book(family, session=post.series.all_sessions[0])
        post.came()
        new = moved(post, old, family=family)
        [text] = post.came()

        assert "Hello Amina. Your place is moved" in text.plain
        assert new.link in text.plain
        assert ("Tuesday 12 January" in text.plain) == full
        assert ("Tuesday 19 January" in text.plain) == full


def test_a_move_in_discreet_words(sqlite, tmp_path):
    """If the programme has become sensitive before the message goes, it tells no group, date or
    place, old or new, and has no file (S4)."""
    post = Post(sqlite, tmp_path, made.directory({"book": "session"}))
    old = post.book(session=post.series.all_sessions[0])
    post.came()
    new = moved(post, old)
    post.directory = made.directory({"book": "session"}, sensitive=True)
    [letter] = post.came()

    assert letter.subject == "Your place is moved"
    assert new.link in letter.plain
    assert letter.calendars == []
    for word in ("Bump", "January", "Riverbank", "10am"):
        assert word not in letter.everything


def test_the_link_to_a_request_is_called_so(sqlite, tmp_path):
    """Who asked and has no answer yet reads of a request; who has a place reads of a booking."""
    post = Post(sqlite, tmp_path, made.directory({"booking": "request"}))
    asked = post.book()
    post.came()
    post.enqueue(asked, "link")
    [letter] = post.came()

    assert letter.subject == "Your request"
    assert "the link to your request" in letter.plain
    assert "see and take back your request" in letter.plain
    assert "booking" not in re.sub(r"https?://\S+", "", letter.plain)
    bookings.confirm(post.engine, post.directory, asked.id, now=NOW, actor="operator")
    post.came()
    post.enqueue(asked, "link")
    [letter] = post.came()
    assert letter.subject == "Your booking"


@pytest.mark.parametrize("wished", [True, False])
def test_a_request_that_ended_is_called_so(sqlite, tmp_path, wished):
    """No list, booking or calendar is named to a family that asked and never got a place."""
    post = Post(sqlite, tmp_path, made.directory({"booking": "request"}))
    asked = post.book()
    post.came()
    bookings.cancel(post.engine, post.directory, asked.id, now=NOW, wished=wished)
    [letter] = post.came()

    assert letter.subject == "Your request"
    assert "Your request for a place at Bump, Birth and Beyond has ended." in letter.plain
    assert "booking" not in re.sub(r"https?://\S+", "", letter.plain)
    for wrong in ("list", "cancelled", "calendar", "another family"):
        assert wrong not in letter.plain
    assert letter.calendars == []


def test_letters_say_what_a_family_has_in_the_creche(engine, tmp_path):
    """The confirmation names the children's places, and the place that a family waited for is
    announced to it, unless it was given up before the message went out."""
    creche = {"creche": "yes", "creche_places": "2", "creche_ages": "1-4 years"}
    post = Post(engine, tmp_path, made.directory(creche))
    first = post.book(replace(AMINA, creche=("1 year", "3 years")))
    (letter,) = post.came()
    assert "- Creche: 2 children have a place" in letter.plain
    waits = replace(AMINA, email="b@example.org", creche=("2 years",))
    second = post.book(waits, creche_wait=True)
    post.book(replace(waits, email="c@example.org"), creche_wait=True)
    letters = post.came()
    assert "Creche: no place yet. You are on its waiting list for 1 child" in (letters[0].plain)
    bookings.cancel(engine, post.directory, first.id, now=NOW)
    bookings.change(engine, post.directory, second.id, 1, now=NOW, in_creche=())
    subjects = [letter.subject for letter in post.came()]

    assert subjects.count("You have a creche place") == 1
