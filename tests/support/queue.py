"""The queue of messages: filled, sent from, and looked into by tests."""

import itertools
from datetime import timedelta

import sqlalchemy as sa

from portal import bookings, database, messages
from portal.bookings import Family
from portal.database import tables
from tests.support import made, sender
from tests.support.made import NOW
from tests.support.sender import SECRET

KEYS = (f"messages-{number}" for number in itertools.count())
DIRECTORY = made.directory({"places": "500"})


def family(number: int = 0, **given) -> Family:
    fields = {"contact_by": "email", "safe_to_contact": True} | given
    return Family(f"Parent {number}", f"parent{number}@example.org", "07700 900123", **fields)


def book(engine, who=None) -> bookings.Booking:
    who = who or family()
    series = DIRECTORY.series[0]
    return bookings.book(engine, series, who, key=next(KEYS), secret=SECRET, now=NOW)


def enqueue_many(engine, number: int) -> None:
    """So many confirmations, quickly: bookings are tested elsewhere."""
    first = book(engine)

    def work(connection) -> None:
        row = connection.execute(sa.select(tables.booking)).one()._asdict()
        row.pop("id")
        for n in range(1, number):
            copy = row | {
                "reference": f"REF-{n:04}",
                "key_hash": n.to_bytes(32, "big"),
                "link_hash": n.to_bytes(32, "big"),
                "calendar_id": f"{n:032}",
            }
            (booking_id,) = connection.execute(
                tables.booking.insert().values(**copy)
            ).inserted_primary_key
            connection.execute(
                tables.person.insert().values(
                    booking_id=booking_id,
                    name=f"Parent {n}",
                    email=f"parent{n}@example.org",
                    contact_by="email",
                    safe_to_contact=True,
                    children=[],
                    notes="",
                    answers={},
                )
            )
            messages.enqueue(connection, booking_id, "confirmation", now=NOW, due=NOW, about={})
        messages.drop(connection, first.id, ("reminder",))

    database.write(engine, work)


def send(engine, settings, now=NOW, claimant="test", **given) -> messages.Sent:
    return sender.send(engine, settings, DIRECTORY, now=now, claimant=claimant, **given)


def rows(engine, kind="confirmation"):
    with database.read(engine) as connection:
        return connection.execute(
            sa.select(tables.message)
            .where(tables.message.c.kind == kind)
            .order_by(tables.message.c.id)
        ).all()


def failed_messages(engine) -> list[messages.Message]:
    """What could not be delivered, the newest first, of all centres."""
    listed = messages.listed(engine, ["failed"], lambda _: True, since=NOW - timedelta(days=365))
    return [one.message for one in listed]
