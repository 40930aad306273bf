"""Messages from staff to a group, a centre and a waiting list, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import Family, group_messages, retention
from portal.bookings.group_messages import NotSent
from portal.database import tables
from portal.messages.letters import letter_of
from portal.messages.outbox import NothingToSend, Owed
from portal.settings import load_settings
from tests.bookings.test_booking import KEYS, SECRET, book, family
from tests.support import made
from tests.support.made import NOW
from tests.support.paths import ROOT

STAFF = "staff:7"
CALL = Family("Bushra Ali", phone="07700 900124", contact_by="call")
QUIET = Family("Quiet Dunn", email="quiet@example.org", contact_by="none")


def send(engine, group, words="Bring wellies", key=None, now=NOW, actor=STAFF):
    return group_messages.send(engine, group, words, key=key or next(KEYS), now=now, actor=actor)


def letter(engine, directory, booking, folder, kind="notice"):
    with database.read(engine) as connection:
        row = connection.execute(
            sa.select(tables.message)
            .where(tables.message.c.booking_id == booking.id, tables.message.c.kind == kind)
            .order_by(tables.message.c.id.desc())
        ).first()
        owed = Owed(row.id, row.booking_id, row.kind, row.about, row.created)
        settings = load_settings(root=ROOT, var=folder, secret_key=SECRET)
        return letter_of(connection, owed, directory=directory, settings=settings, now=NOW)


@pytest.fixture
def directory():
    """Two courses; the first has two places, the second is booked by single dates."""
    return made.directory({"places": "2"}, {"book": "session", "places": "5"})


def test_each_group_has_its_own_families(engine, directory) -> None:
    """A waiting list is not a course, and a centre has all that have a place."""
    first, second = directory.series
    date = second.all_sessions[2]
    here = [book(engine, directory, family(1)), book(engine, directory, CALL)]
    waits = book(engine, directory, family(3))
    other = bookings.book(
        engine, second, family(4), key=next(KEYS), secret=SECRET, now=NOW, session=date
    )
    groups = {
        "series": group_messages.of_series(first),
        "dates": group_messages.of_series(second),
        "other date": group_messages.of_session(second.all_sessions[0]),
        "waiting": group_messages.of_waiting(first),
        "centre": group_messages.of_centre(directory, "riverbank"),
    }
    reached = {name: group_messages.reach(engine, one, now=NOW) for name, one in groups.items()}
    numbers = {name: (one.notified, len(one.others)) for name, one in reached.items()}
    sent = {name: send(engine, one, name) for name, one in groups.items()}

    assert waits.status == "waiting"
    assert numbers == {
        "series": (1, 1),
        "dates": (1, 0),
        "other date": (0, 0),
        "waiting": (1, 0),
        "centre": (2, 1),
    }
    assert {name: (one.notified, one.to_ring) for name, one in sent.items()} == numbers
    told = {
        one.id: group_messages.words_for(engine, one.id, [], []) for one in (*here, waits, other)
    }
    assert list(told.values()) == [
        ["centre", "series"], ["centre", "series"], ["waiting"], ["centre", "dates"]
    ]  # fmt: skip


def test_a_family_with_several_bookings_gets_one_message(engine) -> None:
    """By the booking that says how to reach it, whichever came first."""
    directory = made.directory({"book": "session"})
    series = directory.series[0]
    silent = Family("Ann", "ann@example.org", contact_by="none")
    told = Family("Ann", "ann@example.org", contact_by="email", safe_to_contact=True)
    made_bookings = [
        bookings.book(engine, series, who, key=next(KEYS), secret=SECRET, now=NOW, session=session)
        for who, session in zip((silent, told, told), series.all_sessions, strict=False)
    ]
    group = group_messages.of_centre(directory, "riverbank")
    sent = send(engine, group)
    (delivery,) = group_messages.deliveries(engine, sent, lambda _: True)

    assert (sent.notified, sent.to_ring) == (1, 0)
    assert delivery.case.id == made_bookings[1].id


def test_a_form_sent_twice_at_once_sends_one_message(engine, directory) -> None:
    """Both presses get the same answer; each family has one message."""
    booked = book(engine, directory, family(1))
    group = group_messages.of_series(directory.series[0])
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: send(engine, group, key="pressed twice"), range(4)))

    assert len({one.id for one in sent}) == 1
    assert {(one.notified, one.to_ring) for one in sent} == {(1, 0)}
    assert len(group_messages.words_for(engine, booked.id, [], [])) == 1


def test_there_is_a_limit_to_messages(engine, directory) -> None:
    """A worker sends ten an hour; others are not held up by it, and neither is the next hour."""
    group = group_messages.of_series(directory.series[0])
    for number in range(group_messages.MOST_AN_HOUR):
        send(engine, group, f"Words {number}")
    with pytest.raises(NotSent, match="Wait, and send it then"):
        send(engine, group, "One too many")

    assert send(engine, group, "Of another", actor="staff:8").words == "Of another"
    assert send(engine, group, "Later", now=NOW + timedelta(hours=2)).words == "Later"


def test_a_message_for_too_many_families_is_refused(engine, directory, monkeypatch) -> None:
    """Nothing of it is sent."""
    monkeypatch.setattr(group_messages, "MOST_FAMILIES", 1)
    for number in (1, 2):
        book(engine, directory, family(number))
    with pytest.raises(NotSent, match="2 families"):
        send(engine, group_messages.of_series(directory.series[0]))

    assert group_messages.sent_to(engine, group_messages.of_series(directory.series[0])) == []


def test_what_came_of_a_message_is_known_for_each_family(engine, directory) -> None:
    """Those that it has not reached come first."""
    told, call = book(engine, directory, family(1)), book(engine, directory, CALL)
    sent = send(engine, group_messages.of_series(directory.series[0]))
    database.write(
        engine,
        lambda c: c.execute(
            tables.message.update()
            .where(tables.message.c.booking_id == told.id, tables.message.c.kind == "notice")
            .values(state="sent", sent=NOW)
        ),
    )
    found = group_messages.deliveries(engine, sent, lambda _: True)

    assert [(one.case.id, one.state) for one in found] == [(call.id, "ring"), (told.id, "sent")]
    assert group_messages.deliveries(engine, sent, lambda _: False) == []
    riverbank, elsewhere = made.directory(other_centres=["elsewhere"]).centres
    assert group_messages.find(engine, sent.id, riverbank) == sent
    assert group_messages.find(engine, sent.id, elsewhere) is None


def test_the_words_are_true_of_the_group(engine, directory, tmp_path) -> None:
    """A family that waits is not told of a place; a course is named with its dates."""
    place = book(engine, directory, family(1))
    book(engine, directory, CALL)
    waits = book(engine, directory, family(3))
    send(engine, group_messages.of_series(directory.series[0]))
    send(engine, group_messages.of_waiting(directory.series[0]))

    assert (
        "This is about your wait for a place at Bump"
        in letter(engine, directory, waits, tmp_path).plain
    )
    assert (
        "your place at Bump, Birth and Beyond, Tuesday 12 January, 19"
        in letter(engine, directory, place, tmp_path).plain
    )


def test_words_to_a_sensitive_group_are_behind_the_link(engine, tmp_path) -> None:
    """S4: also where they went to the whole centre."""
    directory = made.directory(sensitive=True)
    asked = book(engine, directory, family(1))
    bookings.confirm(engine, directory, asked.id, now=NOW, actor=STAFF)
    send(engine, group_messages.of_centre(directory, "riverbank"), "Use the side door")
    came = letter(engine, directory, asked, tmp_path)

    assert "side door" not in came.plain + came.html
    assert group_messages.words_for(engine, asked.id, [], []) == ["Use the side door"]


def test_a_message_about_what_is_over_is_not_sent(engine, directory, tmp_path) -> None:
    """A letter of today about a course that ended is no news."""
    booked = book(engine, directory, family(1))
    send(engine, group_messages.of_series(directory.series[0]))
    over = made.directory({"places": "2", "withdrawn": "No leader", "sessions": "1"})
    series = over.series[0]
    series.link(all_sessions=())

    with pytest.raises(NothingToSend):
        letter(engine, over, booked, tmp_path)


def test_messages_to_groups_are_forgotten(engine, directory) -> None:
    """One without a date is kept as long as one for a session, counted from its writing."""
    send(engine, group_messages.of_series(directory.series[0]))

    def forgotten(days):
        now = NOW + timedelta(days=days)
        return database.write(engine, lambda c: retention._forget_notices(c, now, 90))

    assert [forgotten(89), forgotten(91)] == [0, 1]
