"""Edits of the content and existing bookings, on both databases."""

import hashlib
import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal import bookings, database, messages
from portal.bookings import Family, content_changes, personal_data, places, waiting_list
from portal.bookings.locking import NotPossible
from portal.database import tables
from portal.messages import announced
from tests.support import made
from tests.support.made import NOW

SECRET = "a secret of thirty-two characters"
KEYS = (f"changes-{number}" for number in itertools.count())
LATER = NOW + timedelta(minutes=1)


def book(engine, directory, number=1, planned="", now=NOW) -> bookings.Booking:
    series = directory.series[0]
    who = Family(
        f"Parent {number}", f"parent{number}@example.org", contact_by="email", safe_to_contact=True
    )
    session = next((one for one in series.all_sessions if one.anchor == planned), None)
    return bookings.book(
        engine, series, who, key=next(KEYS), secret=SECRET, now=now, session=session
    )


def news(engine, booking) -> list[tuple[str, str]]:
    """The changes that are owed to a family, with the planned date of each."""
    with database.read(engine) as connection:
        rows = connection.execute(
            sa.select(tables.message)
            .where(
                tables.message.c.booking_id == booking.id,
                tables.message.c.kind.in_(("moved", "cancelled-by-us")),
            )
            .order_by(tables.message.c.id)
        )
        return [(row.kind, row.about["planned"]) for row in rows]


def closed_on(day: str, **fields):
    """The course, with a closure day in terms.yaml."""
    return made.directory(fields, closures=[{"date": day, "reason": "Staff day"}])


SIX = ("2027-01-12", "2027-01-19", "2027-01-26", "2027-02-02", "2027-02-09", "2027-02-16")
LIBRARY = {"name": "Library", "address": "2 High Street", "town": "Leyland"}


@pytest.mark.parametrize("fields", [{"time": "13:00-15:00"}, {"venue": LIBRARY}])
def test_a_run_that_is_held_otherwise_is_told(engine, fields) -> None:
    """Another time or venue of the whole series moves each of its sessions. It is told once."""
    booking = book(engine, made.directory())
    edited = made.directory(fields)
    told = [content_changes.announce_changes(engine, edited, now=LATER) for _ in range(2)]

    assert told == [6, 0]
    assert news(engine, booking) == [("moved", day) for day in SIX]
    assert bookings.get(engine, booking.id, SECRET).revision == 1


@pytest.mark.parametrize(
    ("edited", "gone"),
    [
        (made.directory({"starts": "2027-01-19"}), "2027-01-12"),
        (made.directory({"except": "2027-01-26"}), "2027-01-26"),
        (closed_on("2027-01-26"), "2027-01-26"),
        (made.directory({"sessions": "5"}), "2027-02-16"),
    ],
    ids=["starts", "except", "closure", "shorter"],
)
@pytest.mark.parametrize("unit", ["series", "session"])
def test_a_date_that_is_gone_is_told_as_cancelled(engine, edited, gone, unit) -> None:
    """However it was removed; for series and single sessions. It is announced once."""
    before = made.directory({"book": unit})
    booking = book(engine, before, planned=gone if unit == "session" else "")
    told = [content_changes.announce_changes(engine, edited, now=LATER) for _ in range(2)]

    assert told == [1, 0]
    assert news(engine, booking) == [("cancelled-by-us", gone)]


def test_a_date_that_is_back_is_told(engine) -> None:
    """Who was told that it is off must hear that it is on again."""
    until = {"until": "2027-02-16"}
    booking = book(engine, made.directory(until))
    content_changes.announce_changes(
        engine, made.directory(until | {"except": "2027-01-26"}), now=LATER
    )
    content_changes.announce_changes(
        engine, made.directory(until), now=LATER + timedelta(minutes=1)
    )

    assert news(engine, booking) == [("cancelled-by-us", "2027-01-26"), ("moved", "2027-01-26")]


def test_dates_beyond_what_is_reckoned_are_not_gone(engine) -> None:
    """A shorter calendar does not change a group that goes on."""
    booking = book(engine, made.directory({"repeats": "weekly"}))
    shorter = made.directory({"repeats": "weekly"})
    series = shorter.series[0]
    series.link(all_sessions=series.all_sessions[:4])
    shorter.__dict__["feed_until"] = series.all_sessions[-1].planned

    assert content_changes.announce_changes(engine, shorter, now=LATER) == 0
    assert news(engine, booking) == []


def test_what_stood_before_it_was_booked_is_no_news(engine) -> None:
    """A family that books a series with a moved and a cancelled date has seen them."""
    edited = made.directory(
        {
            "changes": [
                {"date": "2027-01-19", "moved_to": "2027-01-20"},
                {"date": "2027-01-26", "cancelled": "Snow"},
            ]
        }
    )
    booking = book(engine, edited)

    assert content_changes.announce_changes(engine, edited, now=LATER) == 0
    assert news(engine, booking) == []


def test_dates_that_are_new_are_no_news_until_they_change(engine) -> None:
    """More sessions are taken note of, and followed from then on."""
    booking = book(engine, made.directory())
    longer = made.directory({"sessions": "7"})
    off = made.directory(
        {"sessions": "7", "changes": [{"date": "2027-02-23", "cancelled": "Snow"}]}
    )

    assert content_changes.announce_changes(engine, longer, now=LATER) == 0
    assert content_changes.announce_changes(engine, off, now=LATER) == 1
    assert news(engine, booking) == [("cancelled-by-us", "2027-02-23")]


def mended(fields, **centre):
    """The directory, with the centre's own fields written in another way."""
    return made.directory(fields, centre=centre)


HALL = {"room": "Hall"}
ELSEWHERE = [
    mended(HALL, address="2 River Street"),
    mended(HALL, postcode="PR1 9AA"),
    mended(HALL, address="5 Mill Road", town="Leyland", postcode="PR25 1AA"),
    mended({"room": "Studio"}),
]


@pytest.mark.parametrize("edited", ELSEWHERE, ids=["street", "postcode", "town", "room"])
def test_another_address_is_told_once(engine, edited) -> None:
    """The same centre at another street, postcode or town, or another room, moves each session."""
    booking = book(engine, made.directory(HALL))
    told = [content_changes.announce_changes(engine, edited, now=LATER) for _ in range(2)]

    assert told == [6, 0]
    assert news(engine, booking) == [("moved", day) for day in SIX]


def as_before_addresses(engine, directory) -> None:
    """Make the rows of what was announced those of a release that did not note addresses."""

    def work(connection: sa.Connection) -> None:
        for session in directory.series[0].all_sessions:
            place = session.venue.identity
            said = f"{session.starts.timestamp()}|{session.ends.timestamp()}|{place}"
            facts = {**announced.Facts.of(session).kept}
            del facts["address"]
            words = hashlib.sha256(said.encode()).hexdigest()
            query = tables.told.update().where(tables.told.c.planned == session.anchor)
            connection.execute(query.values(words=words, facts=facts))

    database.write(engine, work)


def test_an_upgrade_sends_no_news_of_addresses_that_were_not_noted(engine) -> None:
    """Bookings from before are compared from the first round after the upgrade on."""
    before = made.directory(HALL)
    booking = book(engine, before)
    as_before_addresses(engine, before)
    edits = (before, before, mended(HALL, address="2 River Street"))
    told = [content_changes.announce_changes(engine, one, now=LATER) for one in edits]

    assert told == [0, 0, 6]
    assert news(engine, booking) == [("moved", day) for day in SIX]


def test_a_change_that_comes_with_an_upgrade_is_told(engine) -> None:
    """What was noted before the upgrade still counts in the first round after it."""
    before = made.directory(HALL)
    book(engine, before)
    as_before_addresses(engine, before)
    later = made.directory({**HALL, "time": "13:00-15:00"})

    assert content_changes.announce_changes(engine, later, now=LATER) == 6


NO_NEWS = [
    {"cost": "£2"},
    {"bring": "A towel"},
    {"ages": "0-4 years"},
    {"leader": "Jo"},
    {"closes": "2027-01-05"},
    {"changes": [{"date": "2027-01-19", "note": "By the garden door"}]},
]


@pytest.mark.parametrize("fields", NO_NEWS, ids=[next(iter(one)) for one in NO_NEWS])
def test_what_the_page_does_not_promise_to_send_is_no_news(engine, fields) -> None:
    """A family's page shows it; a message is sent of cancelled dates, day, time and place alone."""
    book(engine, made.directory())

    assert content_changes.announce_changes(engine, made.directory(fields), now=LATER) == 0


@pytest.mark.parametrize(
    "centre",
    [
        {"title": "The Riverbank Centre"},
        {"address": "1 RIVER ST."},
        {"address": None},
        {"postcode": None, "location": "53.76, -2.70"},
    ],
    ids=["title", "spelling", "no street", "no postcode"],
)
def test_mending_how_a_place_is_written_is_no_move(engine, centre) -> None:
    """Neither for what is on, nor for what was cancelled or moved and told before."""
    fields = {
        "changes": [
            {"date": "2027-01-19", "moved_to": "2027-01-20"},
            {"date": "2027-01-26", "cancelled": "Snow"},
        ]
    }
    booking = book(engine, made.directory())
    content_changes.announce_changes(engine, made.directory(fields), now=LATER)
    told = news(engine, booking)

    assert content_changes.announce_changes(engine, mended(fields, **centre), now=LATER) == 0
    assert news(engine, booking) == told
    assert len(told) == 2


def test_a_cancelled_date_is_told_again_for_its_reason_alone(engine) -> None:
    """Another time of the whole run is no news of what is off; other words are."""
    booking = book(engine, made.directory())
    off = [{"date": "2027-01-26", "cancelled": "Snow"}]
    content_changes.announce_changes(engine, made.directory({"changes": off}), now=LATER)
    later = made.directory({"changes": off, "time": "13:00-15:00"})
    content_changes.announce_changes(engine, later, now=LATER)
    ice = [{"date": "2027-01-26", "cancelled": "Ice"}]
    content_changes.announce_changes(
        engine, made.directory({"changes": ice, "time": "13:00-15:00"}), now=LATER
    )

    assert [kind for kind, day in news(engine, booking) if day == "2027-01-26"] == [
        "cancelled-by-us",
        "cancelled-by-us",
    ]


def test_an_upgrade_tells_nothing_that_was_told(engine) -> None:
    """Rows older than `facts`, and bookings without a row, take the current content."""
    fields = {
        "changes": [
            {"date": "2027-01-19", "moved_to": "2027-01-20"},
            {"date": "2027-01-26", "cancelled": "Snow"},
        ]
    }
    edited = made.directory(fields)
    booking = book(engine, made.directory())

    def as_it_was(connection: sa.Connection) -> None:
        connection.execute(tables.told.delete())
        for session in edited.series[0].all_sessions:
            if session.state != "on":
                words = content_changes._said_before(session)
                connection.execute(
                    tables.told.insert().values(
                        series="riverbank/bump", planned=session.anchor, words=words, told=NOW
                    )
                )

    database.write(engine, as_it_was)
    told = [content_changes.announce_changes(engine, edited, now=LATER) for _ in range(2)]
    later = made.directory({**fields, "time": "13:00-15:00"})

    assert told == [0, 0]
    assert news(engine, booking) == []
    assert (
        content_changes.announce_changes(engine, later, now=LATER) == 5
    )  # what is off stays as it is


def test_the_reminder_goes_to_the_next_date(engine) -> None:
    """Where the first date is off, the family is reminded of the one that is first now."""
    booking = book(engine, made.directory())
    content_changes.announce_changes(engine, made.directory({"starts": "2027-01-19"}), now=LATER)
    with database.read(engine) as connection:
        reminders = connection.execute(
            sa.select(tables.message).where(
                tables.message.c.booking_id == booking.id, tables.message.c.kind == "reminder"
            )
        ).all()

    assert [(row.state, row.about["planned"]) for row in reminders] == [
        ("dropped", "2027-01-12"),
        ("owed", "2027-01-19"),
    ]


# --- who only holds an offer ---------------------------------------------------------------------


def offered(engine, fields, planned="") -> bookings.Booking:
    """The second family, after the first one has given up the only place."""
    directory = made.directory({"places": "1", **fields})
    first, second = (book(engine, directory, number, planned) for number in (1, 2))
    bookings.cancel(engine, directory, first.id, now=NOW)
    assert status(engine, second) == "offered"
    return second


def status(engine, booking) -> str:
    return bookings.get(engine, booking.id, SECRET).status


def kinds(engine, booking) -> list[str]:
    with database.read(engine) as connection:
        return list(
            connection.execute(
                sa.select(tables.message.c.kind)
                .where(tables.message.c.booking_id == booking.id)
                .order_by(tables.message.c.id)
            ).scalars()
        )


def test_who_holds_an_offer_is_not_told_of_a_move(engine) -> None:
    """It has no place yet, and sees the present dates where it takes one."""
    booking = offered(engine, {})
    moved = made.directory(
        {"places": "1", "changes": [{"date": "2027-01-19", "moved_to": "2027-01-20"}]}
    )

    assert content_changes.announce_changes(engine, moved, now=LATER) == 0
    bookings.accept(engine, moved, booking.id, now=LATER)
    assert kinds(engine, booking) == ["waiting", "offered", "confirmation", "reminder"]


OFF = [{"date": "2027-01-19", "cancelled": "Snow"}]


@pytest.mark.parametrize(
    ("fields", "edit", "planned"),
    [
        ({}, {"withdrawn": "Snow"}, ""),
        ({"book": "session"}, {"changes": OFF}, "2027-01-19"),
        ({"book": "session"}, {"except": "2027-01-19"}, "2027-01-19"),
    ],
    ids=["run", "session", "gone"],
)
def test_an_offer_ends_with_what_was_offered(engine, fields, edit, planned) -> None:
    """It cannot be taken any more, and goes to nobody: the family is told that it is off."""
    booking = offered(engine, fields, planned)
    edited = made.directory({"places": "1", **fields, **edit})
    next_one = book(engine, made.directory({"places": "1", **fields}), 3, planned)
    with pytest.raises(NotPossible):
        bookings.accept(engine, edited, booking.id, now=LATER)
    ended = [content_changes.end_waits_for_cancelled(engine, edited, now=LATER) for _ in range(2)]

    assert ended == [2, 0]
    assert [status(engine, one) for one in (booking, next_one)] == ["cancelled", "cancelled"]
    assert kinds(engine, booking) == ["waiting", "offered", "cancelled-by-us"]
    assert kinds(engine, next_one) == ["waiting", "waiting-ended"]
    assert places.verify(engine) == []


def test_an_offer_of_a_run_stands_while_one_date_is_on(engine) -> None:
    """One date that is off ends no offer of the others."""
    booking = offered(engine, {})
    edited = made.directory({"places": "1", "changes": OFF})
    ended = content_changes.end_waits_for_cancelled(engine, edited, now=LATER) + waiting_list.lapse(
        engine, edited, now=LATER
    )
    content_changes.announce_changes(engine, edited, now=LATER)

    assert (ended, status(engine, booking)) == (0, "offered")
    assert kinds(engine, booking) == ["waiting", "offered"]


def test_what_is_past_cannot_be_taken(engine) -> None:
    """A session that was brought forward, and has begun."""
    booking = offered(engine, {"book": "session"}, "2027-01-19")
    early = {"date": "2027-01-19", "moved_to": "2027-01-04 09:00-10:00"}
    edited = made.directory({"places": "1", "book": "session", "changes": [early]})

    with pytest.raises(NotPossible):
        bookings.accept(engine, edited, booking.id, now=LATER)


# --- who only waits -------------------------------------------------------------------------------

ALL_OFF = [{"date": day, "cancelled": "The leader is ill"} for day in SIX]
BEGUN = {"starts": "2026-11-24", "sessions": "8", "closes": "2027-01-05"}


def waiting(engine, fields, planned="", number=2) -> bookings.Booking:
    """A family that waits, behind one that has the only place."""
    directory = made.directory({"places": "1", **fields})
    if number == 2:
        book(engine, directory, 1, planned)
    made_one = book(engine, directory, number, planned)
    assert made_one.status == "waiting"
    return made_one


def rounds_of(engine, edited, now=LATER, times=2) -> list[int]:
    """Run the worker's steps several times; returns how many waits ended each time."""
    ended = []
    for _ in range(times):
        content_changes.announce_changes(engine, edited, now=now)
        ended.append(content_changes.end_waits_for_cancelled(engine, edited, now=now))
        waiting_list.offer_everywhere(engine, edited, now=now)
    return ended


@pytest.mark.parametrize(
    ("fields", "edit", "planned", "reason"),
    [
        ({}, {"withdrawn": "Snow"}, "", "Snow"),
        ({}, {"changes": ALL_OFF}, "", "The leader is ill"),
        (BEGUN, {"sessions": "5"}, "", announced.GONE),
        ({"book": "session"}, {"changes": OFF}, "2027-01-19", "Snow"),
        ({"book": "session"}, {"except": "2027-01-19"}, "2027-01-19", announced.GONE),
        ({"book": "session"}, {"withdrawn": "Snow"}, "2027-01-19", "Snow"),
    ],
    ids=["withdrawn", "all dates", "all gone", "session", "session gone", "session withdrawn"],
)
def test_who_waits_is_told_once_that_it_is_off(engine, fields, edit, planned, reason) -> None:
    """Nobody waits for what is not held: each family leaves the list, and hears it in one letter
    that is its own."""
    family = waiting(engine, fields, planned)
    third = waiting(engine, fields, planned, 3)
    edited = made.directory({"places": "1", **fields, **edit})

    assert rounds_of(engine, edited) == [2, 0]
    for one in (family, third):
        assert status(engine, one) == "cancelled"
        assert bookings.get(engine, one.id, SECRET).was == "waiting"
        assert kinds(engine, one) == ["waiting", "waiting-ended"]
        assert personal_data.answer_of(engine, one.id) == reason
    assert places.verify(engine) == []


@pytest.mark.parametrize(
    ("fields", "edit", "planned"),
    [
        ({}, {"changes": ALL_OFF[:5]}, ""),
        ({}, {"except": "2027-01-19"}, ""),
        ({}, {"time": "13:00-15:00", "venue": LIBRARY}, ""),
        ({}, {"starts": "2027-01-13"}, ""),
        ({"book": "session"}, {"changes": OFF}, "2027-01-26"),
    ],
    ids=["some off", "one gone", "held otherwise", "another day", "another session"],
)
def test_who_waits_keeps_waiting_while_a_date_is_on(engine, fields, edit, planned) -> None:
    """Neither its place in the list nor its peace is lost."""
    family = waiting(engine, fields, planned)

    assert rounds_of(engine, made.directory({"places": "1", **fields, **edit})) == [0, 0]
    assert (status(engine, family), kinds(engine, family)) == ("waiting", ["waiting"])


@pytest.mark.parametrize("unit", ["series", "session"])
def test_what_is_over_was_not_called_off(engine, unit) -> None:
    """Who waited to the end is not told of a cancellation, also where the file is used again."""
    planned = "2027-01-12" if unit == "session" else ""
    family = waiting(engine, {"book": unit}, planned)
    over = NOW + timedelta(days=60)
    again = made.directory({"places": "1", "book": unit, "starts": "2027-04-13"})
    late = {"date": "2027-01-12", "cancelled": "Snow"}
    told_late = made.directory({"places": "1", "book": unit, "changes": [late]})

    assert rounds_of(engine, told_late, now=over) == [0, 0]
    assert rounds_of(engine, again, now=over) == [0, 0]
    assert kinds(engine, family) == ["waiting"]


def test_a_shorter_calendar_ends_no_wait(engine) -> None:
    """Dates not yet calculated have not been removed."""
    fields = {"repeats": "weekly", "book": "session"}
    family = waiting(engine, fields, "2027-02-16")
    shorter = made.directory({"places": "1", **fields})
    series = shorter.series[0]
    series.link(all_sessions=series.all_sessions[:4])
    shorter.__dict__["feed_until"] = series.all_sessions[-1].planned

    assert rounds_of(engine, shorter) == [0, 0]
    assert status(engine, family) == "waiting"


def test_an_editors_reason_is_not_kept_for_a_discreet_page(engine) -> None:
    """The reason might reveal what the programme is."""
    fields = {"places": "1", "booking": "book"}
    before = made.directory(fields, sensitive=True)
    run = before.private_series[0]
    ids = []
    for number in range(2):
        who = Family(f"Parent {number}", f"p{number}@example.org", None, "email", True)
        ids.append(bookings.book(engine, run, who, key=next(KEYS), secret=SECRET, now=NOW).id)
    edited = made.directory({**fields, "withdrawn": "The refuge is full"}, sensitive=True)

    assert rounds_of(engine, edited) == [1, 0]
    assert personal_data.answer_of(engine, ids[1]) == "We have had to cancel this"


def test_who_wants_no_messages_is_sent_none(engine) -> None:
    """S5: no way was chosen, or none is safe; the wait ends all the same, and staff say so."""
    directory = made.directory({"places": "1"})
    book(engine, directory, 1)
    ids = []
    for number, (way, safe) in enumerate([("none", True), ("email", False)]):
        who = Family(f"Quiet {number}", f"quiet{number}@example.org", None, way, safe)
        made_one = bookings.book(
            engine, directory.series[0], who, key=next(KEYS), secret=SECRET, now=NOW
        )
        ids.append(made_one)

    assert rounds_of(engine, made.directory({"places": "1", "withdrawn": "Snow"})) == [2, 0]
    assert [status(engine, one) for one in ids] == ["cancelled"] * 2
    states = [[sent.state for sent in messages.of_booking(engine, one.id)] for one in ids]
    assert states == [["ring"]] * 2


def test_bookings_are_counted_by_how_their_families_hear(engine) -> None:
    """Of the bookings on a date, those that a message would reach, and those to ring."""
    directory = made.directory({"places": "3"})
    series = directory.series[0]
    book(engine, directory, 1)
    for number, way in enumerate(({"contact_by": "call"}, {"contact_by": "email"}), 2):
        who = Family(f"Parent {number}", f"parent{number}@example.org", "01772 000000", **way)
        bookings.book(engine, series, who, key=next(KEYS), secret=SECRET, now=NOW)
    waiting = book(engine, directory, 4)

    assert waiting.status == "waiting"
    assert content_changes.booked_on(engine, {series.identity, "none/of-them"}) == {
        (series.identity, ""): content_changes.Booked(holding=3, told=1, ring=2)
    }
