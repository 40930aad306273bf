"""The rules about places, on both databases."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import (
    Family,
    Referrer,
    content_changes,
    locking,
    opening,
    places,
    waiting_list,
)
from portal.database import tables
from portal.directory.values import LONDON
from tests.support import made
from tests.support.made import NOW

SECRET = "a secret of thirty-two characters"
KEYS = (f"key-{number}" for number in itertools.count())

AMINA = Family("Amina Khan", email="amina@example.org", contact_by="email", safe_to_contact=True)

OFF = [{"date": "2027-01-12", "cancelled": "The leader is ill"}]


def family(number: int = 0, **fields) -> Family:
    given = {"contact_by": "email", "safe_to_contact": True} | fields
    return Family(f"Parent {number}", email=f"parent{number}@example.org", **given)


def book(engine, directory, who=AMINA, **given):
    series = given.pop("series", None) or (*directory.series, *directory.private_series)[0]
    options = {"key": next(KEYS), "secret": SECRET, "now": NOW} | given
    return bookings.book(engine, series, who, **options)


def owed(engine: Engine, booking_id: int | None = None) -> list[str]:
    query = sa.select(tables.message.c.kind).where(tables.message.c.state == "owed")
    if booking_id is not None:
        query = query.where(tables.message.c.booking_id == booking_id)
    with database.read(engine) as connection:
        return list(connection.execute(query.order_by(tables.message.c.id)).scalars())


def status(engine: Engine, booking: bookings.Booking) -> str:
    return bookings.get(engine, booking.id, SECRET).status


def test_a_family_books_a_place(engine: Engine) -> None:
    """A booking takes one place for a family, owes a confirmation and a reminder, leaves a note."""
    directory = made.directory()
    booking = book(engine, directory, family(people=3))

    assert (booking.status, booking.places, booking.people) == ("confirmed", 1, 3)
    assert owed(engine) == ["confirmation", "reminder"]
    assert places.places_left(engine, directory.series) == {("riverbank/bump", ""): 11}
    with database.read(engine) as connection:
        noted = connection.execute(sa.select(tables.audit.c.did, tables.audit.c.actor)).all()
    assert noted == [("book", "family")]
    assert places.verify(engine) == []


def test_the_same_key_never_books_twice(engine: Engine) -> None:
    """S22: the same form again gives the same booking, even once every place has gone."""
    directory = made.directory({"places": "1"})
    first = book(engine, directory, key="once")
    again = book(engine, directory, key="once")

    assert (again.id, again.link, again.status) == (first.id, first.link, "confirmed")
    assert owed(engine) == ["confirmation", "reminder"]


def test_a_key_is_of_one_thing(engine: Engine) -> None:
    """S22: the key of one group books no other and does not pass for it; a group keeps its key
    under a new name."""
    directory = made.directory({}, {"book": "session"})
    first, second = directory.series
    book(engine, directory, key="once")
    session, other = second.all_sessions[:2]
    book(engine, directory, series=second, session=session, key="dated")
    for given in (
        {"key": "once", "series": second, "session": session},
        {"key": "dated", "series": second, "session": other},
        {"key": "dated", "series": first},
    ):
        with pytest.raises(locking.KeyUsed):
            book(engine, directory, **given)
    with database.read(engine) as connection:
        number = connection.execute(sa.select(sa.func.count(tables.booking.c.id))).scalar_one()

    assert number == 2


def test_when_full_the_next_waits_in_order(engine: Engine) -> None:
    """The position on the waiting list is told, and newcomers do not pass it."""
    directory = made.directory({"places": "1"})
    book(engine, directory, family(0))
    waiting = [book(engine, directory, family(n)) for n in (1, 2)]

    assert [b.status for b in waiting] == ["waiting", "waiting"]
    assert [b.position for b in waiting] == [1, 2]


def test_without_a_waiting_list_full_is_full(engine: Engine) -> None:
    """Where content says no waiting list, a full series refuses and keeps nothing."""
    directory = made.directory({"places": "1", "waiting_list": "no"})
    book(engine, directory, family(0))

    with pytest.raises(bookings.Full):
        book(engine, directory, family(1))
    assert places.verify(engine) == []


def test_a_party_takes_places_for_all_or_none(engine: Engine) -> None:
    """Places for persons: three come in as three or wait as three."""
    directory = made.directory({"places": "4", "place_for": "person"})
    first = book(engine, directory, family(0, people=3))
    second = book(engine, directory, family(1, people=2))

    assert (first.status, second.status) == ("confirmed", "waiting")


def test_a_family_that_cancels_frees_its_place_for_the_first_who_waits(engine: Engine) -> None:
    """The freed place is offered, and held, in the transaction that frees it."""
    directory = made.directory({"places": "1"})
    first, second, third = (book(engine, directory, family(n)) for n in range(3))
    bookings.cancel(engine, directory, first.id, now=NOW)

    assert [status(engine, b) for b in (first, second, third)] == [
        "cancelled",
        "offered",
        "waiting",
    ]
    assert owed(engine, second.id) == ["waiting", "offered"]
    assert owed(engine, first.id) == ["confirmation", "cancelled-by-you"]
    newcomer = book(engine, directory, family(9))
    assert newcomer.status == "waiting"


def test_cancelling_twice_changes_nothing(engine: Engine) -> None:
    """A second press frees no second place and owes no second message."""
    directory = made.directory({"places": "2"})
    first = book(engine, directory, family(0))
    bookings.cancel(engine, directory, first.id, now=NOW)
    bookings.cancel(engine, directory, first.id, now=NOW)

    assert owed(engine, first.id).count("cancelled-by-you") == 1
    assert places.verify(engine) == []


def test_who_gives_up_what_is_no_place_is_told_so_in_other_words(engine: Engine) -> None:
    """Leaving the list, refusing an offer and taking a request back cancel no place."""
    directory = made.directory({"places": "1"}, {"booking": "request"})
    first, waiting, offered, later = (book(engine, directory, family(n)) for n in range(4))
    asked = book(engine, directory, family(5), series=directory.series[1])
    for one in (waiting, first, offered, asked):
        bookings.cancel(engine, directory, one.id, now=NOW)
    waiting_list.move_on(engine, directory, later.id, now=NOW, actor="staff:1")

    assert {owed(engine, one.id)[-1] for one in (waiting, offered, asked, later)} == {
        "off-the-list"
    }
    assert owed(engine, first.id)[-1] == "cancelled-by-you"
    assert status(engine, later) == "lapsed"


def test_an_offer_is_accepted(engine: Engine) -> None:
    """Accepting in time confirms; pressing twice is once."""
    directory = made.directory({"places": "1"})
    first, second = (book(engine, directory, family(n)) for n in range(2))
    bookings.cancel(engine, directory, first.id, now=NOW)
    for _ in range(2):
        bookings.accept(engine, directory, second.id, now=NOW + timedelta(hours=1))

    assert status(engine, second) == "confirmed"
    assert owed(engine, second.id) == ["waiting", "offered", "confirmation", "reminder"]


def test_an_offer_lapses_and_goes_to_the_next(engine: Engine) -> None:
    """An offer not taken in time ends, the family is told, and the next is offered the place."""
    directory = made.directory({"places": "1"})
    first, second, third = (book(engine, directory, family(n)) for n in range(3))
    bookings.cancel(engine, directory, first.id, now=NOW)
    late = NOW + timedelta(days=3)
    with pytest.raises(locking.NotPossible):
        bookings.accept(engine, directory, second.id, now=late)

    assert waiting_list.lapse(engine, directory, now=late) == 1
    assert [status(engine, b) for b in (second, third)] == ["lapsed", "offered"]
    assert owed(engine, second.id) == ["waiting", "offered", "lapsed"]
    assert waiting_list.lapse(engine, directory, now=late) == 0


def test_a_large_party_is_passed_twice_and_then_places_collect(engine: Engine) -> None:
    """A large party is passed at most twice; then freed places wait for it until it fits."""
    directory = made.directory({"places": "4", "place_for": "person"})
    ones = [book(engine, directory, family(n)) for n in range(4)]
    large = book(engine, directory, family(10, people=3))
    small = [book(engine, directory, family(20 + n)) for n in range(3)]
    for one in ones[:2]:
        bookings.cancel(engine, directory, one.id, now=NOW)

    assert [status(engine, b) for b in small] == ["offered", "offered", "waiting"]
    bookings.cancel(engine, directory, ones[2].id, now=NOW)
    assert [status(engine, b) for b in (large, small[2])] == ["waiting", "waiting"]
    bookings.cancel(engine, directory, ones[3].id, now=NOW)
    bookings.cancel(engine, directory, small[0].id, now=NOW)
    assert [status(engine, b) for b in (large, small[2])] == ["offered", "waiting"]
    assert places.verify(engine) == []


def test_changing_numbers_frees_or_needs_places(engine: Engine) -> None:
    """Fewer people free places for those who wait; more need free ones, or nothing changes."""
    directory = made.directory({"places": "4", "place_for": "person"})
    first = book(engine, directory, family(0, people=3))
    with pytest.raises(bookings.Full):
        bookings.change(engine, directory, first.id, 5, now=NOW)
    bookings.change(engine, directory, first.id, 4, now=NOW)
    second = book(engine, directory, family(1, people=2))
    bookings.change(engine, directory, first.id, 2, now=NOW)

    assert bookings.get(engine, first.id, SECRET).people == 2
    assert status(engine, second) == "offered"
    assert places.verify(engine) == []


def test_more_people_in_a_family_need_no_more_places(engine: Engine) -> None:
    """Where a place is a family's, its number of people is for staff alone."""
    directory = made.directory({"places": "1"})
    first = book(engine, directory, family(0, people=2))
    bookings.change(engine, directory, first.id, 5, now=NOW)

    assert bookings.get(engine, first.id, SECRET).people == 5


def test_a_request_waits_for_staff(engine: Engine) -> None:
    """A request takes no place until staff confirm it; declining sends their words."""
    directory = made.directory({"places": "1", "booking": "request"})
    first, second = (book(engine, directory, family(n)) for n in range(2))
    assert [first.status, second.status] == ["requested", "requested"]
    bookings.confirm(engine, directory, first.id, now=NOW, actor="staff:1")
    with pytest.raises(bookings.Full):
        bookings.confirm(engine, directory, second.id, now=NOW, actor="staff:1")
    bookings.decline(engine, second.id, reason="Every place is taken.", now=NOW, actor="staff:1")

    assert [status(engine, b) for b in (first, second)] == ["confirmed", "declined"]
    assert owed(engine, second.id) == ["request-received", "request-declined"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"opens": "2027-01-05 09:00"}, "not yet"),
        ({"closes": "2027-01-03"}, "closed"),
        ({"repeats": "once", "changes": OFF}, "cancelled"),
        ({"starts": "2026-11-03"}, "past"),
    ],
)
def test_a_request_has_its_time(engine: Engine, fields: dict, why: str) -> None:
    """It opens and closes as a booking does; who rings is still helped by staff, while it runs."""
    directory = made.directory({"booking": "request", **fields})
    with pytest.raises(bookings.NotBookable) as refused:
        book(engine, directory)

    assert refused.value.why == why
    if why in ("not yet", "closed"):
        kept = book(engine, directory, actor="staff:1")
        assert (kept.status, kept.way) == ("requested", "request")


def test_a_referral_needs_a_professional(engine: Engine) -> None:
    """A family cannot refer itself; a professional's name and the consent are kept."""
    directory = made.directory({"booking": "referral"})
    with pytest.raises(bookings.NotBookable):
        book(engine, directory)
    midwife = Referrer("Jo Bell", "midwife", "Royal Preston", "jo@nhs.example", None)
    booking = book(engine, directory, referrer=midwife, actor="professional")
    with database.read(engine) as connection:
        kept = connection.execute(sa.select(tables.referral)).one()

    assert (booking.status, kept.organisation, kept.consent) == ("requested", "Royal Preston", True)
    assert sorted(owed(engine)) == ["professional-received", "request-received"]


def test_a_request_without_a_number_of_places_can_be_confirmed(engine: Engine) -> None:
    """Where content gives no number of places, staff decide one by one, and nothing is full."""
    directory = made.directory({"booking": "request", "places": None})
    asked = [book(engine, directory, family(n)) for n in range(2)]
    for one in asked:
        bookings.confirm(engine, directory, one.id, now=NOW, actor="staff:1")

    assert [status(engine, one) for one in asked] == ["confirmed", "confirmed"]
    assert places.verify(engine) == []


def test_a_programme_can_be_asked_for_without_a_series(engine: Engine) -> None:
    """A request for a programme as such is kept, once for each key, and staff decide about it."""
    directory = made.directory(sensitive=True)
    programme = directory.programmes[0]
    given = {"secret": SECRET, "now": NOW}
    first = bookings.ask(engine, programme, AMINA, key="a", **given)
    again = bookings.ask(engine, programme, AMINA, key="a", **given)
    other = bookings.ask(engine, programme, family(1), key="b", **given)
    bookings.confirm(engine, directory, first.id, now=NOW, actor="staff:1")
    bookings.change(engine, directory, other.id, 3, now=NOW)
    bookings.cancel(engine, directory, other.id, now=NOW)
    content_changes.open_places(engine, directory, now=NOW)

    assert (first.id, first.status, first.series) == (again.id, "requested", "programme:bump")
    assert [status(engine, one) for one in (first, other)] == ["confirmed", "cancelled"]
    assert owed(engine, first.id) == ["request-received", "request-confirmed"]
    assert (places.verify(engine), places.over_booked(engine)) == ([], [])
    assert content_changes.announce_changes(engine, directory, now=NOW) == 0


def test_who_asks_for_a_programme_is_heard_as_the_content_says(engine: Engine) -> None:
    """One that needs a referral wants a professional; one that is booked is not asked for."""
    given = {"secret": SECRET, "now": NOW}
    referred = made.directory(way="referral").programmes[0]
    midwife = Referrer("Jo Bell", "midwife", "Royal Preston", "jo@nhs.example", None)
    with pytest.raises(bookings.NotBookable):
        bookings.ask(engine, referred, AMINA, key="a", **given)
    asked = bookings.ask(engine, referred, AMINA, key="a", referrer=midwife, **given)
    with pytest.raises(bookings.NotBookable) as refused:
        bookings.ask(engine, made.directory().programmes[0], AMINA, key="b", **given)

    assert (asked.way, refused.value.why) == ("referral", "book")
    assert owed(engine, asked.id) == ["professional-received", "request-received"]


def test_the_same_form_twice_at_once_is_one_booking(engine: Engine) -> None:
    """S22: two presses of one button that arrive together give one and the same booking."""
    directory = made.directory()
    found: list[int] = []

    def press() -> None:
        found.append(book(engine, directory, key="pressed twice").id)

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(found), len(set(found))) == (8, 1)
    assert bookings.find_by_key(engine, "pressed twice", SECRET).id == found[0]
    assert bookings.find_by_key(engine, "never pressed", SECRET) is None


def test_places_left_of_one_thing(engine: Engine) -> None:
    """What the form says: free places, and none while anybody waits for one."""
    directory = made.directory({"places": "2", "book": "session"})
    series = directory.series[0]
    first, second = series.sessions[:2]
    assert places.left(engine, series, first) == 2
    book(engine, directory, family(0), session=first)
    assert (places.left(engine, series, first), places.left(engine, series, second)) == (1, 2)
    for number in (1, 2):
        book(engine, directory, family(number), session=first)

    assert places.left(engine, series, first) == 0


def test_drop_ins_are_not_booked(engine: Engine) -> None:
    """A drop-in says so."""
    directory = made.directory({"booking": "drop-in"})
    with pytest.raises(bookings.NotBookable) as refused:
        book(engine, directory)

    assert refused.value.why == "drop-in"


@pytest.mark.parametrize(
    ("fields", "now", "expected"),
    [
        ({}, NOW, "open"),
        ({"opens": "2027-01-05 09:00"}, NOW, "not yet"),
        ({"opens": "2027-01-04 09:00"}, NOW, "open"),
        ({"closes": "2027-01-04"}, NOW, "open"),  # the end of that day
        ({"closes": "2027-01-03"}, NOW, "closed"),
        ({}, datetime(2027, 1, 12, 10, tzinfo=UTC), "started"),  # a course has begun
        ({"book": "session"}, datetime(2027, 1, 12, 10, tzinfo=UTC), "open"),  # single dates go on
        ({"sessions": None, "until": "2027-03-30"}, datetime(2027, 1, 20, tzinfo=UTC), "open"),
        ({}, datetime(2027, 6, 1, tzinfo=UTC), "past"),
        ({"withdrawn": "The leader has left."}, NOW, "cancelled"),
        ({"repeats": "once"}, datetime(2027, 1, 12, 9, 59, tzinfo=UTC), "open"),
        ({"repeats": "once"}, datetime(2027, 1, 12, 10, tzinfo=UTC), "started"),
        ({"repeats": "once"}, datetime(2027, 1, 12, 12, tzinfo=UTC), "past"),
        ({"repeats": "once", "changes": OFF}, NOW, "cancelled"),
        ({"repeats": "weekly", "changes": OFF}, NOW, "open"),  # it goes on after that
        ({"until": "2027-01-26", "changes": OFF}, NOW, "open"),
        ({"until": "2027-01-19", "changes": OFF}, datetime(2027, 1, 19, 10, tzinfo=UTC), "started"),
        ({"booking": "drop-in"}, datetime(2027, 1, 12, 11, tzinfo=UTC), "drop-in"),
        ({"booking": "drop-in"}, datetime(2027, 6, 1, tzinfo=UTC), "past"),
        ({"booking": "drop-in", "repeats": "once", "changes": OFF}, NOW, "cancelled"),
        ({"until": "2027-01-12", "changes": OFF}, NOW, "cancelled"),
        # It begins after the last day that pages show.
        ({"repeats": "once", "starts": "2027-07-13"}, NOW, "open"),
    ],
)
def test_when_booking_is_open(fields: dict, now: datetime, expected: str) -> None:
    """Booking opens and closes as the content says; a course closes when it begins.

    What is called off, or has begun, has no date left that one could come to.
    """
    series = made.directory({k: v for k, v in fields.items() if v is not None}).series[0]

    assert opening.opening(series, None, now) == expected


def test_a_session_is_booked_by_its_planned_date(engine: Engine) -> None:
    """Where a session is booked, each has its own places; a cancelled one has none."""
    directory = made.directory(
        {
            "book": "session",
            "places": "1",
            "changes": [{"date": "2027-01-19", "cancelled": "The leader is ill"}],
        }
    )
    first, off, third = directory.series[0].sessions[:3]
    one = book(engine, directory, family(0), session=first)
    other = book(engine, directory, family(1), session=third)

    assert [one.status, other.status] == ["confirmed", "confirmed"]
    assert (one.planned, other.planned) == ("2027-01-12", "2027-01-26")
    with pytest.raises(bookings.NotBookable) as refused:
        book(engine, directory, family(2), session=off)
    assert refused.value.why == "cancelled"


def test_lower_places_keep_every_booking(engine: Engine) -> None:
    """An edit that lowers the places below what is held keeps all and shows it to staff."""
    directory = made.directory({"places": "3"})
    booked = [book(engine, directory, family(n)) for n in range(3)]
    lowered = made.directory({"places": "1"})
    content_changes.open_places(engine, lowered, now=NOW)

    assert places.over_booked(engine) == [("riverbank/bump", "", 3, 1)]
    assert book(engine, lowered, family(7)).status == "waiting"
    for booking in booked[:2]:
        bookings.cancel(engine, lowered, booking.id, now=NOW)
    assert (places.over_booked(engine), places.verify(engine)) == ([], [])
    assert places.places_left(engine, lowered.series) == {("riverbank/bump", ""): 0}


def test_more_places_are_offered_to_those_who_wait(engine: Engine) -> None:
    """Raising the places in the content offers the new ones."""
    directory = made.directory({"places": "1"})
    _, second = (book(engine, directory, family(n)) for n in range(2))
    content_changes.open_places(engine, made.directory({"places": "2"}), now=NOW)

    assert status(engine, second) == "offered"


@pytest.mark.parametrize("fields", [{}, {"until": "2027-03-30"}])
def test_a_place_freed_too_late_to_offer_is_offered_later(engine: Engine, fields) -> None:
    """Just before a session of a course or group nothing is offered; when it has begun, it is."""
    directory = made.directory({"places": "1", **fields})
    first, second = (book(engine, directory, family(n)) for n in range(2))
    day = datetime(2027, 1, 12, tzinfo=UTC)
    bookings.cancel(engine, directory, first.id, now=day + timedelta(hours=3))
    waiting_list.offer_everywhere(engine, directory, now=day + timedelta(hours=9))
    assert status(engine, second) == "waiting"
    waiting_list.offer_everywhere(engine, directory, now=day + timedelta(hours=12, minutes=1))

    assert status(engine, second) == "offered"
    assert owed(engine, second.id) == ["waiting", "offered"]


def test_a_place_freed_during_a_session_is_offered_for_the_next(engine: Engine) -> None:
    """Who is offered it comes from the next session on: that is a week away."""
    directory = made.directory({"places": "1", "until": "2027-03-30"})
    first, second = (book(engine, directory, family(n)) for n in range(2))
    bookings.cancel(engine, directory, first.id, now=datetime(2027, 1, 12, 11, tzinfo=UTC))

    assert status(engine, second) == "offered"


def test_more_places_are_offered_whoever_saw_them_first(engine: Engine) -> None:
    """A booking may meet the new number before the clock compares the content: none is lost."""
    directory = made.directory({"places": "1"})
    _, second = (book(engine, directory, family(n)) for n in range(2))
    raised = made.directory({"places": "2"})
    third = book(engine, raised, family(2))
    content_changes.open_places(engine, raised, now=NOW)
    waiting_list.offer_everywhere(engine, raised, now=NOW)

    assert [status(engine, b) for b in (second, third)] == ["offered", "waiting"]


def test_a_party_that_can_never_fit_stops_nobody(engine: Engine) -> None:
    """Where the places were lowered below it, the others pass without its being counted."""
    directory = made.directory({"places": "4", "place_for": "person"})
    first = book(engine, directory, family(0, people=4))
    large = book(engine, directory, family(1, people=4))
    lowered = made.directory({"places": "3", "place_for": "person"})
    content_changes.open_places(engine, lowered, now=NOW)
    bookings.cancel(engine, lowered, first.id, now=NOW)
    small = [book(engine, lowered, family(n)) for n in (2, 3, 4)]
    waiting_list.offer_everywhere(engine, lowered, now=NOW)

    assert [status(engine, b) for b in (large, *small)] == ["waiting", *["offered"] * 3]
    with database.read(engine) as connection:
        passed = connection.execute(sa.select(sa.func.max(tables.booking.c.passed))).scalar()
    assert passed == 0
    assert places.verify(engine) == []


def test_who_fits_passes_a_large_party_twice_at_most(engine: Engine) -> None:
    """Families that come while a large party waits beside free places do not all wait with it."""
    directory = made.directory({"places": "4", "place_for": "person"})
    book(engine, directory, family(0))
    large = book(engine, directory, family(1, people=4))
    small = [book(engine, directory, family(n)) for n in (2, 3, 4)]
    for _ in range(2):
        waiting_list.offer_everywhere(engine, directory, now=NOW)

    expected = ["waiting", "offered", "offered", "waiting"]
    assert [status(engine, b) for b in (large, *small)] == expected


def test_nothing_is_offered_of_a_date_that_is_gone(engine: Engine) -> None:
    """Where the content has lost a date, the others do not stand for it."""
    directory = made.directory({"places": "1", "book": "session"})
    session = directory.series[0].sessions[1]
    first, second = (book(engine, directory, family(n), session=session) for n in range(2))
    gone = made.directory({"places": "1", "book": "session", "except": "2027-01-19"})
    bookings.cancel(engine, gone, first.id, now=NOW)
    waiting_list.offer_everywhere(engine, gone, now=NOW)

    assert status(engine, second) == "waiting"


def test_a_twin_is_booked_and_told_only_to_its_contact(engine: Engine) -> None:
    """S6: the screen of a second booking is that of a first; only the message says more."""
    directory = made.directory()
    first = book(engine, directory, AMINA)
    shouting = Family("A", email=" AMINA@example.org", contact_by="email", safe_to_contact=True)
    second = book(engine, directory, shouting)
    with database.read(engine) as connection:
        about = list(
            connection.execute(
                sa.select(tables.message.c.about)
                .where(tables.message.c.kind == "confirmation")
                .order_by(tables.message.c.id)
            ).scalars()
        )

    assert [first.status, second.status] == ["confirmed", "confirmed"]
    assert [a.get("twin") for a in about] == [False, True]


def test_nobody_is_told_who_asked_not_to_be(engine: Engine) -> None:
    """S5: no message is owed to a family that chose none, or to whom none is safe."""
    directory = made.directory()
    book(engine, directory, Family("A", phone="07700 900001"))
    unsafe = Family("B", phone="07700 900002", contact_by="text", safe_to_contact=False)
    book(engine, directory, unsafe)

    assert owed(engine) == []


def test_a_link_opens_its_own_booking_alone(engine: Engine) -> None:
    """S23: a wrong, cut or old link opens nothing, and the reference opens nothing."""
    directory = made.directory()
    booking = book(engine, directory)

    def opened(link: str, now: datetime = NOW) -> int | None:
        found = bookings.find(engine, link, secret=SECRET, now=now)
        return found.id if found else None

    assert opened(booking.link) == booking.id
    assert len(booking.link) == 43
    assert opened(booking.link[:-1]) is None
    assert opened(booking.reference) is None
    assert opened(booking.link, datetime(2027, 3, 20, tzinfo=UTC)) is None
    with database.read(engine) as connection:
        row = connection.execute(sa.select(tables.booking)).one()
    assert booking.link not in str(tuple(row))


def test_changes_are_told_once_in_their_own_words(engine: Engine) -> None:
    """A cancelled or moved date reaches those booked once; a second change is told again."""
    directory = made.directory()
    booking = book(engine, directory)
    moved = made.directory(
        {"changes": [{"date": "2027-01-19", "moved_to": "2027-01-20 13:00-15:00"}]}
    )

    assert content_changes.announce_changes(engine, directory, now=NOW) == 0
    assert content_changes.announce_changes(engine, moved, now=NOW) == 1
    assert content_changes.announce_changes(engine, moved, now=NOW) == 0
    off = made.directory({"changes": [{"date": "2027-01-19", "cancelled": "Snow"}]})
    assert content_changes.announce_changes(engine, off, now=NOW) == 1
    assert owed(engine, booking.id) == ["confirmation", "reminder", "moved", "cancelled-by-us"]
    assert bookings.get(engine, booking.id, SECRET).revision == 2


def test_series_with_bookings_must_stay(engine: Engine) -> None:
    """A series with a living booking is named, so that a check can refuse to lose it."""
    directory = made.directory()
    booking = book(engine, directory)
    held = content_changes.series_with_bookings(engine, now=NOW)
    bookings.cancel(engine, directory, booking.id, now=NOW)

    assert held == {"riverbank/bump"}
    assert content_changes.series_with_bookings(engine, now=NOW) == set()


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ({}, {"book": "session"}, True),
        ({"book": "session"}, {}, True),
        ({}, {}, False),
        ({"book": "session"}, {"book": "session"}, False),
        ({"book": "session"}, {"booking": "drop-in"}, False),
        # Families ask for a run as such.
        ({"booking": "request"}, {"booking": "request", "book": "session"}, False),
    ],
)
def test_what_one_books_must_stay(engine: Engine, before: dict, after: dict, named: bool) -> None:
    """Where a whole run is booked, its dates may not be booked beside it, nor the other way."""
    directory = made.directory(before)
    series = directory.series[0]
    session = series.sessions[0] if series.book == "session" else None
    booking = book(engine, directory, session=session)
    changed = made.directory(after)
    found = content_changes.booking_mode_changed(engine, changed, now=NOW)
    bookings.cancel(engine, changed, booking.id, now=NOW)

    assert found == (list(changed.series) if named else [])
    assert content_changes.booking_mode_changed(engine, changed, now=NOW) == []


def test_a_renamed_series_keeps_its_bookings(engine: Engine) -> None:
    """With an alias, what was booked under the old name counts under the new one, and is not lost.

    Without one, the series is named as lost.
    """
    booked = book(engine, made.directory({"places": "1"}))
    renamed = made.directory({"places": "1", "aliases": "bump"})
    renamed.series[0].link(slug="bump-course")
    gone = made.directory({"places": "1"})
    gone.series[0].link(slug="another")

    assert content_changes.missing_from_content(engine, gone, now=NOW) == ["riverbank/bump"]
    assert content_changes.missing_from_content(engine, renamed, now=NOW) == []
    assert book(engine, renamed, family(1)).status == "waiting"
    assert bookings.get(engine, booked.id, SECRET).series == "riverbank/bump-course"
    assert places.verify(engine) == []


@pytest.mark.parametrize(
    ("now", "starts", "expected"),
    [
        # Monday 9:00: 11 hours today, 12 tomorrow, 1 on Wednesday.
        ("2027-01-04 09:00", "2027-01-12 10:00", "2027-01-06 09:00"),
        ("2027-01-04 22:00", "2027-01-12 10:00", "2027-01-06 20:00"),
        ("2027-01-04 03:00", "2027-01-12 10:00", "2027-01-05 20:00"),
        # The clocks go forward on 28 March: decent hours are those on the wall.
        ("2027-03-27 09:00", "2027-04-12 10:00", "2027-03-29 09:00"),
        # Near the date it lapses twelve hours before; later than that nothing is offered.
        ("2027-01-11 09:00", "2027-01-12 10:00", "2027-01-11 22:00"),
        ("2027-01-11 21:00", "2027-01-12 10:00", None),
        # Twelve hours are twelve hours also in the nights in which the clocks change.
        ("2027-03-27 12:00", "2027-03-28 10:00", "2027-03-27 21:00"),
        ("2027-03-27 17:30", "2027-03-28 08:00", None),
        ("2027-10-30 12:00", "2027-10-31 10:00", "2027-10-30 23:00"),
        ("2027-10-30 17:30", "2027-10-31 07:00", "2027-10-30 20:00"),
        ("2027-01-12 09:00", "2027-01-12 10:00", None),
    ],
)
def test_offers_lapse_at_decent_hours(now: str, starts: str, expected: str | None) -> None:
    """A family has 24 daytime hours to answer, shorter near the date, none in the last twelve."""

    def local(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=LONDON)

    until = waiting_list.offer_until(local(now).astimezone(UTC), local(starts))

    assert until == (local(expected) if expected else None)


@pytest.mark.parametrize("day", ["2027-01-12", "2027-03-28", "2027-10-31"])
@pytest.mark.parametrize("hour", range(9, 22))
def test_offers_are_made_up_to_six_in_the_evening_before(day: str, hour: int) -> None:
    """As the message about the waiting list says, also in the nights in which the clocks change."""
    starts = datetime.fromisoformat(f"{day} {hour:02}:00").replace(tzinfo=LONDON)
    before = (starts - timedelta(days=1)).replace(hour=18)

    assert waiting_list.offer_until(before.astimezone(UTC), starts) is not None


def test_many_families_at_once_get_exactly_the_places_there_are(engine: Engine) -> None:
    """S20: 60 threads for 12 places: 12 confirmed, the rest waiting in order, none lost."""
    directory = made.directory()
    outcomes: list[bookings.Booking] = []

    def one(number: int) -> None:
        outcomes.append(book(engine, directory, family(number), key=f"race-{number}"))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read(engine) as connection:
        numbers = sorted(
            connection.execute(
                sa.select(tables.booking.c.number).where(tables.booking.c.status == "waiting")
            ).scalars()
        )

    assert sorted(b.status for b in outcomes) == ["confirmed"] * 12 + ["waiting"] * 48
    assert numbers == list(range(1, 49))
    assert places.verify(engine) == []
