"""Two checkouts over one database: only the newest published content acts, on both databases."""

import ast
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import Family, content_changes, places, publication, waiting_list
from portal.database import audit, generations, tables
from portal.database.generations import NotPublished, OutOfDate
from portal.messages import delivery
from tests.support import made
from tests.support.made import NOW
from tests.support.paths import ROOT

SECRET = "a secret of thirty-two characters"
SNOW = {"changes": [{"date": "2027-01-19", "cancelled": "Snow"}]}


def edition(name, *fields):
    """The made directory as if read from other files: `name` stands for their digest."""
    directory = made.directory(*fields)
    for series in directory.series:
        series.link(edition=name)
    return directory.model_copy(update={"edition": name})


def publish(engine, directory, minutes=0, entries=None, **given):
    built = datetime(2027, 1, 4, 8, tzinfo=UTC) + timedelta(minutes=minutes)
    return publication.publish(
        engine, directory, entries or {}, built=built, now=NOW, publisher="ana@one", **given
    )


def book(engine, directory, number):
    family = Family(f"Parent {number}", email=f"p{number}@example.org", contact_by="email")
    return bookings.book(
        engine, directory.series[0], family, key=f"key-{number}", secret=SECRET, now=NOW
    )


def rows(engine, query):
    with database.read(engine) as connection:
        return connection.execute(query).all()


def test_each_publication_of_other_content_is_a_generation(engine):
    """The number rises with each other content, and says when it was published and by whom."""
    one, two = edition("one"), edition("two")
    numbers = [publish(engine, one, 1).number, publish(engine, one, 2).number]
    numbers.append(publish(engine, two, 3).number)

    with database.read(engine) as connection:
        newest = generations.standing(connection, "two")
        older = generations.standing(connection, "one")
        unknown = generations.standing(connection, "three")
    assert numbers == [1, 1, 2]
    assert (newest.newest.publisher, newest.newest.published) == ("ana@one", NOW)
    assert [one.current for one in (newest, older, unknown)] == [True, False, False]
    assert older.words == "generation 1, older than generation 2"
    assert unknown.words == "content that is not published; generation 2 is the newest"


def test_no_stamp_of_a_calendar_entry_falls(engine):
    """What would get the revision number that families have, or a lower one, is not published; the
    latest stamps are kept, also those of series that this content lacks."""
    late, later = NOW + timedelta(seconds=30), NOW + timedelta(minutes=1)
    publish(engine, edition("one"), 1, {"a": (NOW, "x"), "b": (later, "x")})
    for entries in ({"a": (NOW - timedelta(seconds=1), "x")}, {"a": (late, "y")}):
        with pytest.raises(NotPublished, match="portal build --full"):
            publish(engine, edition("two"), 2, entries)
        with pytest.raises(NotPublished, match="portal build --full"):
            publish(engine, edition("two"), 0, entries, back=True)
    made = publish(engine, edition("two"), 2, {"a": (later, "y"), "c": (NOW, "x")})
    publish(engine, edition("two"), 2, {"a": (NOW, "x")})

    with database.read(engine) as connection:
        kept = generations.stamps(connection)
    assert made.number == 2
    assert kept == {"a": (later, "y"), "b": (later, "x"), "c": (NOW, "x")}


def test_going_back_is_done_on_purpose(engine):
    """Content that was published before, or built earlier, is refused unless it is sent back."""
    one, two, three = edition("one"), edition("two"), edition("three")
    publish(engine, one, 1)
    publish(engine, two, 9)
    with pytest.raises(NotPublished, match="published before, as generation 1"):
        publish(engine, one, 20)
    with pytest.raises(NotPublished, match="built before the newest"):
        publish(engine, three, 5)

    assert publish(engine, one, 1, back=True).number == 3


def test_older_content_announces_nothing(engine):
    """Two checkouts tell families of a change once, and never back and forth (S66)."""
    plain, snow = edition("plain"), edition("snow", SNOW)
    publish(engine, plain)
    book(engine, plain, 1)
    publish(engine, snow, 1)
    told = [
        content_changes.announce_changes(engine, directory, now=NOW)
        for directory in (plain, snow, plain, snow, plain)
    ]

    assert told == [0, 1, 0, 0, 0]
    said = [entry for entry in audit.log(engine) if entry.action == "cancelled-by-us"]
    assert [entry.detail["generation"] for entry in said] == [2]


def test_older_content_opens_and_offers_no_place(engine):
    """A place that only older content has is neither opened, offered nor booked (S66)."""
    many, few = edition("many", {"places": "2"}), edition("few", {"places": "1"})
    publish(engine, many)
    first = book(engine, many, 1)
    publish(engine, few, 1)
    content_changes.open_places(engine, few, now=NOW)
    second = book(engine, few, 2)
    content_changes.open_places(engine, many, now=NOW)
    waiting_list.offer_everywhere(engine, many, now=NOW)
    with pytest.raises(OutOfDate):
        book(engine, many, 3)

    assert rows(engine, sa.select(tables.bookable.c.places, tables.bookable.c.held)) == [(1, 1)]
    bookings.cancel(engine, many, first.id, now=NOW)  # the family may, wherever it is answered
    assert bookings.get(engine, second.id, SECRET).status == "waiting"
    waiting_list.offer_everywhere(engine, few, now=NOW)
    assert bookings.get(engine, second.id, SECRET).status == "offered"
    assert audit.log(engine)[0].detail["generation"] == 2
    assert places.verify(engine) == []


@pytest.mark.parametrize(
    "newer",
    [
        SNOW,
        {"closes": "2027-01-03 09:00"},
        {"opens": "2027-01-05 09:00"},
        {"withdrawn": "Nobody came"},
        {"places": "3"},
        {"book": "session"},
        {"time": "13:00-14:00"},
        {"venue": {"name": "The hall", "town": "Preston"}},
        {"booking": "referral"},
        {"waiting_list": "no"},
        {"place_for": "person"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_older_content_books_nothing_whose_rule_is_another_now(newer):
    """Each thing that decides about a place makes another rule, and words alone do not."""
    rule = publication.rule_of(made.directory().series[0])

    assert publication.rule_of(made.directory(newer).series[0]) != rule
    assert publication.rule_of(made.directory({"room": "The blue room"}).series[0]) == rule


def test_older_content_books_what_is_booked_by_the_same_rule(engine):
    """A family is booked by older content where nothing about its series has changed."""
    old = edition("old", {}, {})
    publish(engine, old)
    publish(engine, edition("new", {}, {"places": "3"}), 1)

    assert book(engine, old, 1).status == "confirmed"
    family = Family("Parent", email="p@example.org")
    with pytest.raises(OutOfDate):
        bookings.book(engine, old.series[1], family, key="b", secret=SECRET, now=NOW)


def test_a_form_sent_again_finds_its_booking_on_older_content(engine):
    """The same key leads to the booking that it made, whatever was published meanwhile."""
    old = edition("old")
    publish(engine, old)
    one = book(engine, old, 1)
    publish(engine, edition("new", {"places": "3"}), 1)

    assert book(engine, old, 1).reference == one.reference


def test_letters_are_written_by_the_newest_content_alone(engine):
    """A process with older content claims no message: its letter would say what was true."""
    old, new = edition("old"), edition("new", SNOW)
    publish(engine, old)
    family = Family("Ana", email="a@example.org", contact_by="email", safe_to_contact=True)
    bookings.book(engine, old.series[0], family, key="k", secret=SECRET, now=NOW)
    publish(engine, new, 1)

    assert delivery.claim(engine, now=NOW, claimant="old", edition=old.edition) == []
    assert len(delivery.claim(engine, now=NOW, claimant="new", edition=new.edition)) == 1


def test_what_content_decides_carries_its_generation():
    """Each line of the log about a change of the content or an offer says by which generation."""
    missing, found = [], 0
    for path in sorted((ROOT / "portal").rglob("*.py")):
        text = path.read_text("utf-8")
        # Taking a module apart is slow.
        for call in ast.walk(ast.parse(text)) if "note(" in text else ():
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "note":
                continue
            words = {arg.value for arg in call.args if isinstance(arg, ast.Constant)}
            if words & {"content", "offer"}:
                found += 1
                if "generation" not in {keyword.arg for keyword in call.keywords}:
                    missing.append(f"{path.name}:{call.lineno}")

    assert missing == []
    assert found >= 5


def test_a_publication_and_an_announcement_exclude_each_other(engine):
    """While older content announces, nothing newer is published: no change is told backwards."""
    old = edition("old")
    publish(engine, old)
    order, inside = [], threading.Event()

    def announcing(connection):
        assert generations.hold_newest(connection, "old") == 1
        inside.set()
        time.sleep(0.2)
        order.append("announced")

    thread = threading.Thread(target=database.write, args=(engine, announcing))
    thread.start()
    inside.wait(10)
    publish(engine, edition("new"), 1)
    order.append("published")
    thread.join()

    assert order == ["announced", "published"]
