"""What a message says, and whether it still has to be said, at the moment of sending."""

import itertools
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import icalendar
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from portal import bookings, database, messages
from portal.bookings import Family, Referrer, content_changes, personal_data, waiting_list
from portal.database import tables
from portal.server import worker
from portal.settings import load_settings
from tests.support import made
from tests.support.made import NOW
from tests.support.paths import ROOT

SECRET = "a secret of thirty-two characters"
KEYS = (f"letters-{number}" for number in itertools.count())
AMINA = Family(
    "Amina Khan",
    email="amina@example.org",
    phone="07700 900123",
    contact_by="email",
    safe_to_contact=True,
    people=3,
    children=("2 years",),
    access="wheelchair",
    notes="Please be kind",
)


class Post:
    """A database, a directory, and what came out of the outbox."""

    def __init__(self, engine, folder, directory) -> None:
        self.engine = engine
        self.directory = directory
        self.settings = load_settings(
            root=ROOT, var=folder, message_sender="families@families.example"
        )
        self.outbox = folder / "outbox"
        self.seen: set[str] = set()

    @property
    def series(self):
        return (*self.directory.series, *self.directory.private_series)[0]

    def book(self, family=AMINA, **given) -> bookings.Booking:
        options = {"key": next(KEYS), "secret": SECRET, "now": NOW} | given
        return bookings.book(self.engine, self.series, family, **options)

    def send(self, now=NOW, **settings) -> messages.Sent:
        return messages.send_due(
            self.engine,
            self.directory,
            self.settings.model_copy(update={"secret_key": SecretStr(SECRET)} | settings),
            now=now,
            claimant="test",
        )

    def came(self, now=NOW, **settings):
        """The letters of one round, the oldest first."""
        self.send(now, **settings)
        fresh = [f for f in self.outbox.glob("*") if f.name not in self.seen]
        self.seen |= {found.name for found in fresh}
        with database.read(self.engine) as connection:
            order = list(
                connection.execute(
                    sa.select(tables.message.c.receipt).order_by(tables.message.c.id)
                ).scalars()
            )
        fresh.sort(key=lambda found: order.index(found.name))
        return [Came(found) for found in fresh]

    def states(self) -> list[tuple[str, str]]:
        with database.read(self.engine) as connection:
            rows = connection.execute(
                sa.select(tables.message.c.kind, tables.message.c.state).order_by(
                    tables.message.c.id
                )
            )
            return [tuple(row) for row in rows]

    def owe(self, booking, kind, **about) -> None:
        database.write(
            self.engine,
            lambda c: messages.owe(c, booking.id, kind, now=NOW, due=NOW, about=about),
        )


class Came:
    """A letter as it came."""

    def __init__(self, path) -> None:
        self.raw = path.read_bytes()
        self.text = path.suffix == ".txt"
        if self.text:
            self.plain = self.raw.decode()
            return
        mail = message_from_bytes(self.raw, policy=default)
        self.subject, self.to = mail["Subject"], mail["To"]
        self.plain = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
        self.html = mail.get_body(("html",)).get_content()
        self.calendars = [icalendar.Calendar.from_ical(a.get_content()) for a in _files(mail)]
        self.everything = "\n".join(
            [
                *map(str, mail.items()),
                *(part.get_content() for part in mail.walk() if not part.is_multipart()),
            ]
        )


def _files(mail):
    return list(mail.iter_attachments())


@pytest.fixture
def engine(tmp_path):
    """SQLite alone: what is said does not depend on the database, what is sent does."""
    engine = database.connect(f"sqlite:///{tmp_path / 'portal.db'}")
    tables.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def post(engine, tmp_path):
    return Post(engine, tmp_path / "var", made.directory({"places": "1", "room": "Willow Room"}))


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


def test_the_link_leads_to_where_bookings_are_answered(post):
    """That may be another host than the public pages."""
    booking = post.book()
    post.directory.__dict__["site"] = post.directory.site.model_copy(
        update={"booking_address": "https://book.families.example/"}
    )
    [letter] = post.came()

    assert f"https://book.families.example/bookings/{booking.link}\n" in letter.plain


def test_nothing_of_a_sensitive_booking_is_told(engine, tmp_path):
    """S3, S4: subject, words, headers and attachments tell neither group nor place nor time."""
    directory = made.directory({"room": "Upper Room", "bring": "A friend"}, sensitive=True)
    post = Post(engine, tmp_path, directory)
    booking = post.book()
    bookings.confirm(engine, directory, booking.id, now=NOW, actor="staff:1")
    letters = post.came() + post.came(NOW + timedelta(days=7))

    assert [letter.subject for letter in letters] == ["Your request", "Your booking"]
    telling = ("Time together", "Riverbank", "River Street", "Upper", "January", "10am", "friend")
    for letter in letters:
        assert [word for word in (*telling, "bump") if word in letter.everything] == []
        assert letter.calendars == []
        assert booking.link in letter.plain


def test_a_calendar_of_a_sensitive_booking_is_sent_where_it_was_asked_for(engine, tmp_path):
    """S8: then it is neutral."""
    directory = made.directory(sensitive=True)
    post = Post(engine, tmp_path, directory)
    booking = post.book()
    bookings.confirm(engine, directory, booking.id, now=NOW, actor="staff:1")
    post.came()
    post.owe(booking, "request-confirmed", calendar=True)
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
    """S4: whoever sees the screen learns of no group and no place."""
    booking = post.book(Family("Amina Khan", None, "07700 900123", "text", True))
    [text] = post.came()

    assert text.plain == (
        "To: 07700900123\n\nHello Amina. Your booking is made. See the details, change it or "
        f"cancel it here: https://families.example/bookings/{booking.link}\n"
    )


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
    """One of the two may be a mistake; the message says how to mend it."""
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
        ({"places": "5"}, "You have another booking for the same."),
        ({"places": "1"}, "You have another booking for the same."),
        ({"booking": "request"}, "You have another request for the same."),
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


def test_a_second_one_is_not_mentioned_once_the_first_is_gone(post):
    """By the time that the message goes out nothing is there twice."""
    post.directory = made.directory({"places": "5"})
    first = post.book()
    post.book()
    bookings.cancel(post.engine, post.directory, first.id, now=NOW)

    assert all("another booking" not in letter.plain for letter in post.came())


def test_a_second_sensitive_booking_is_not_mentioned(engine, tmp_path):
    """S6: who tries the form with a partner's address must not learn of a booking."""
    directory = made.directory({"booking": "book"}, sensitive=True)
    post = Post(engine, tmp_path, directory)
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
    assert f"We keep it for you until {until}." in offered.plain
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


def family_that_asked(post):
    """Who took a request back."""
    post.directory = made.directory({"booking": "request"})
    booking = post.book(Family("Ben", "ben@example.org", None, "email", True))
    bookings.cancel(post.engine, post.directory, booking.id, now=NOW)


@pytest.mark.parametrize(
    "ended", [waiting_family, offered_family, family_on_the_phone, family_that_asked]
)
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

    assert letter.subject == "Your booking is off"
    assert len(letter.calendars) == (0 if waits else 6)


def test_what_is_no_longer_true_is_not_sent(post):
    """Booked and cancelled before anything went out: one message, the true one."""
    booking = post.book()
    bookings.cancel(post.engine, post.directory, booking.id, now=NOW)
    [letter] = post.came()

    assert letter.subject == "Your booking is cancelled"
    assert post.states() == [
        ("confirmation", "dropped"),
        ("reminder", "dropped"),
        ("cancelled-by-you", "sent"),
    ]


def test_an_offer_that_was_taken_is_not_made_again(post):
    """The family pressed the button on its page before the message went out."""
    first = post.book()
    second = post.book(Family("Ben", "ben@example.org", None, "email", True))
    bookings.cancel(post.engine, post.directory, first.id, now=NOW)
    bookings.accept(post.engine, post.directory, second.id, now=NOW)

    assert [letter.subject for letter in post.came()] == [
        "Your booking is cancelled",
        "Your booking",
    ]


def test_staff_who_cancel_say_why(post):
    """In the words that were typed, on one line."""
    booking = post.book()
    post.came()
    bookings.cancel(
        post.engine, post.directory, booking.id, now=NOW, actor="staff:1", reason="We\nmoved <b>"
    )
    [letter] = post.came()

    assert "- Why: We moved <b>\n" in letter.plain
    assert "<li>Why: We moved &lt;b&gt;</li>" in letter.html


def test_a_request_is_answered(engine, tmp_path):
    """Received, then confirmed, with the place and its dates where the group is not sensitive."""
    post = Post(engine, tmp_path, made.directory({"booking": "request"}))
    booking = post.book()
    [received] = post.came()
    bookings.confirm(engine, post.directory, booking.id, now=NOW, actor="staff:1")
    [confirmed] = post.came()

    assert "You do not have a place yet." in received.plain
    assert received.calendars == []
    assert "you have a place at Bump, Birth and Beyond" in confirmed.plain
    assert len(confirmed.calendars) == 1


def test_the_professional_who_asked_hears_too(engine, tmp_path):
    """To the address of the referral, whatever the family wishes for itself."""
    post = Post(engine, tmp_path, made.directory({"booking": "referral"}))
    referrer = Referrer("Jo Bloggs", "Health visitor", "NHS", "jo@nhs.example", None)
    post.book(Family("Amina Khan"), referrer=referrer)
    [letter] = post.came()

    assert letter.to == "jo@nhs.example"
    assert letter.plain.startswith("Hello Jo\n\nYou asked us for a place")
    assert "Amina" not in letter.everything
    assert "/bookings/" not in letter.everything  # the family's own link


# --- reminders ------------------------------------------------------------------------------------

FIRST = datetime(2027, 1, 12, 10, tzinfo=UTC)
DUE = FIRST - timedelta(hours=48)


def test_a_reminder_comes_two_days_before(post):
    """With the day, the time, the place, and the link to cancel; no sooner."""
    post.book()
    post.came()
    too_soon = post.came(DUE - timedelta(seconds=1))
    [reminder] = post.came(DUE)

    assert too_soon == []
    assert "- When: Tuesday 12 January 2027\n- Time: 10am to midday\n" in reminder.plain


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("2027-03-28", datetime(2027, 3, 26, 9, tzinfo=UTC)),
        ("2027-10-31", datetime(2027, 10, 29, 10, tzinfo=UTC)),
    ],
)
def test_two_days_are_48_hours_when_the_clocks_change(post, day, due):
    """A reminder of a group at 10am on that Sunday goes out at 9am, or at 11am, on Friday."""
    moved = {"date": "2027-01-12", "moved_to": f"{day} 10:00-12:00"}
    post.directory = made.directory({"repeats": "once", "changes": [moved]})
    post.book()
    post.came()
    too_soon = post.came(due - timedelta(seconds=1))
    with database.read(post.engine) as connection:
        owed = connection.execute(
            sa.select(tables.message.c.due).where(tables.message.c.kind == "reminder")
        ).scalar_one()

    assert (too_soon, owed) == ([], due)
    assert len(post.came(due)) == 1


def test_a_reminder_that_follows_counts_in_hours_too(post):
    """The session is put on the day when the clocks go forward."""
    post.book()
    post.came()
    moved = {"date": "2027-01-12", "moved_to": "2027-03-28 10:00-12:00"}
    post.directory = made.directory({"changes": [moved]})
    due = datetime(2027, 3, 26, 9, tzinfo=UTC)
    early = post.came(DUE) + post.came(due - timedelta(seconds=1))

    assert early == []
    assert len(post.came(due)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"changes": [{"date": "2027-01-12", "moved_to": "2027-01-08"}]},
        {"withdrawn": "We have no leader"},
    ],
)
def test_nobody_is_reminded_of_what_is_off(post, fields):
    """Moved to a day that is over, or all of it cancelled: the reminder is dropped."""
    post.book()
    post.came()
    post.directory = made.directory(fields)

    assert post.came(DUE) == []
    assert post.states()[1] == ("reminder", "dropped")


def test_nobody_is_reminded_of_the_other_dates_of_one_that_is_off(post):
    """Who booked a single date that is cancelled does not come to the next."""
    post.directory = made.directory({"book": "session"})
    post.book(session=post.series.all_sessions[0])
    post.came()
    post.directory = made.directory(
        {"book": "session", "changes": [{"date": "2027-01-12", "cancelled": "Snow"}]}
    )

    assert post.came(DUE) == []
    assert post.states()[1] == ("reminder", "dropped")


def test_a_reminder_of_what_is_off_follows_to_the_next_date(post):
    """That one is now the family's first: it is reminded of it, two days before, and once."""
    post.book()
    post.came()
    off = [{"date": date, "cancelled": "Snow"} for date in ("2027-01-12", "2027-01-19")]
    post.directory = made.directory({"changes": off[:1]})
    at_first = post.came(DUE)
    post.directory = made.directory({"changes": off})
    too_soon = post.came(DUE + timedelta(days=7)) + post.came(DUE + timedelta(days=13))
    [reminder] = post.came(DUE + timedelta(days=14))
    later = post.came(DUE + timedelta(days=21))

    assert (at_first, too_soon, later) == ([], [], [])
    assert "- When: Tuesday 26 January 2027\n" in reminder.plain


def test_a_reminder_follows_a_session_that_moved_later(post):
    """It is put off to two days before the new day, and then says the new day."""
    post.book()
    post.came()
    post.directory = made.directory(
        {"changes": [{"date": "2027-01-12", "moved_to": "2027-01-14 13:00-15:00"}]}
    )
    sent = post.send(DUE)
    early = post.came(DUE + timedelta(hours=50))
    [reminder] = post.came(DUE + timedelta(hours=51))

    assert (sent.put_off, early) == (1, [])
    assert "- When: Thursday 14 January 2027\n- Time: 1pm to 3pm\n" in reminder.plain


# --- what changes in the content ------------------------------------------------------------------


def changed(post, *dates, now=NOW, **fields):
    """The content says something else; families are owed the news."""
    post.directory = made.directory({"changes": list(dates), **fields})
    content_changes.tell_changes(post.engine, post.directory, now=now)


def test_a_moved_session_is_told_with_both_dates(post):
    """And the calendar entry is updated: same UID, higher SEQUENCE, at the new time."""
    post.book()
    [confirmation] = post.came()
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-03 13:00-15:00"})
    [letter] = post.came()

    assert letter.subject == "Your booking has changed"
    assert "- It was: Tuesday 2 February 2027, 10am to midday\n" in letter.plain
    assert "- It is now: Wednesday 3 February 2027, 1pm to 3pm\n" in letter.plain
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


def test_another_venue_is_told_with_both_venues(post):
    """Who goes to the old place stands before a closed door."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "venue": {"name": "Library", "town": "Leyland"}})
    [letter] = post.came()

    assert "- It was: Tuesday 2 February 2027, 10am to midday, at Riverbank\n" in letter.plain
    assert "- Where: Library, Leyland\n" in letter.plain


def test_a_cancelled_session_is_told_with_its_reason(post):
    """The date, why, and a file that takes it out of the calendar."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "cancelled": "The boiler is broken"})
    [letter] = post.came()

    assert letter.subject == "Your booking is off"
    assert "- What is off: Tuesday 2 February 2027\n" in letter.plain
    assert "- Why: The boiler is broken\n" in letter.plain
    [calendar] = letter.calendars
    assert str(calendar["method"]) == "CANCEL"


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

    assert [letter.subject for letter in letters] == ["Your booking is off"]


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

    assert "- It was: cancelled or moved\n" in letter.plain
    assert "- It is now: Tuesday 2 February 2027, 10am to midday\n" in letter.plain


WHOLE = "Tuesday 12 January, 19 January, 26 January, 2 February, 9 February and 16 February 2027"
LIBRARY = {"name": "Library", "address": "2 High Street", "town": "Leyland"}


def test_a_run_at_another_time_is_one_letter(post):
    """With all its dates, the old time and the new; every entry of the calendar follows."""
    post.book()
    [confirmation] = post.came()
    changed(post, time="13:00-15:00")
    [letter] = post.came()

    assert letter.subject == "Your booking has changed"
    assert f"- It was: {WHOLE}, 10am to midday\n- It is now: {WHOLE}, 1pm to 3pm\n" in letter.plain
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

    assert f"- It was: {WHOLE}, 10am to midday, at Riverbank\n" in letter.plain
    assert f"- It is now: {WHOLE}, 10am to midday\n" in letter.plain
    assert "- Where: Library, 2 High Street, Leyland\n" in letter.plain
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
        "- Your reference"
    ) in letter.plain


def test_a_date_that_is_gone_is_told_and_leaves_the_calendar(post):
    """It is off; the letter says which dates there are, and takes the entry away."""
    post.book()
    [confirmation] = post.came()
    changed(post, starts="2027-01-19")
    [letter] = post.came()

    assert letter.subject == "Your booking is off"
    assert (
        "- What is off: Tuesday 12 January 2027\n- Time: 10am to midday\n"
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
    content_changes.tell_changes(post.engine, post.directory, now=NOW)
    [letter] = post.came()

    assert "- What is off: Tuesday 26 January 2027\n" in letter.plain
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

    assert "- It is now: Tuesday 12 January 2027, 10am to midday\n" in letter.plain


def test_who_was_not_told_of_a_move_hears_what_it_was_at_first(post):
    """Moved twice before the news went out: the dates that the family knows, and the last ones."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-03"})
    later = NOW + timedelta(minutes=1)
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-04"}, now=later)
    [letter] = post.came(later)

    assert "- It was: Tuesday 2 February 2027, 10am to midday\n" in letter.plain
    assert "- It is now: Thursday 4 February 2027, 10am to midday\n" in letter.plain


def test_what_was_moved_and_told_is_what_it_was(post):
    """The second move starts from where the first one led."""
    post.book()
    post.came()
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-03"})
    post.came()
    later = NOW + timedelta(minutes=1)
    changed(post, {"date": "2027-02-02", "moved_to": "2027-02-04"}, now=later)
    [letter] = post.came(later)

    assert "- It was: Wednesday 3 February 2027, 10am to midday\n" in letter.plain


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
    content_changes.call_off(post.engine, post.directory, now=NOW)
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
        ).told
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


# --- whom it goes to ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "family",
    [
        Family("Amina", "amina@example.org", contact_by="none", safe_to_contact=True),
        Family("Amina", "amina@example.org", contact_by="email", safe_to_contact=False),
        Family("Amina", None, "07700 900123", contact_by="email", safe_to_contact=True),
        Family("Amina", "amina@example.org", None, contact_by="text", safe_to_contact=True),
    ],
)
def test_who_wants_no_message_gets_none(post, family):
    """S5: nothing is even owed by a way that was not chosen."""
    post.book(family)

    assert post.states() == []


def test_who_takes_the_wish_back_gets_none(post):
    """S5: the wish counts at the moment of sending."""
    post.book()
    database.write(
        post.engine, lambda c: c.execute(tables.person.update().values(safe_to_contact=False))
    )

    assert post.came() == []
    assert post.states()[0] == ("confirmation", "dropped")


def test_who_was_forgotten_gets_none(post):
    """The address is kept once; with it goes what was still owed."""
    post.book()
    database.write(post.engine, lambda c: c.execute(tables.person.delete()))

    assert post.came() == []
    assert post.states()[0] == ("confirmation", "dropped")


def test_no_reference_of_ours_is_told_outside(post):
    """The name of the file and the Message-ID tell neither booking nor person."""
    booking = post.book()
    [letter] = post.came()

    message_id = re.search(rb"Message-ID: <(.+)@families.example>", letter.raw)[1].decode()
    assert re.fullmatch(r"[0-9a-f]{32}", message_id)
    assert booking.calendar_id not in message_id
