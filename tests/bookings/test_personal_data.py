"""A family sees, corrects and deletes its personal data (S52), on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import Family, Referrer, personal_data, places
from portal.bookings.locking import NotPossible
from portal.database import tables
from tests.bookings.test_booking import AMINA, SECRET, book, family, owed, status
from tests.support import made
from tests.support.made import NOW


def rows(engine: Engine) -> dict[str, int]:
    with database.read(engine) as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            for table in (tables.person, tables.need, tables.referral)
        }


def test_a_family_sets_its_details_right(engine: Engine) -> None:
    """The new details replace the old ones; numbers and ages stay."""
    directory = made.directory()
    booking = book(engine, directory, family(people=3, children=("2 years",), access="A ramp"))
    mended = Family(
        "Amina Khan-O'Neill", phone="07700 900123", contact_by="text", safe_to_contact=True
    )
    personal_data.correct(engine, directory, booking.id, mended, secret=SECRET, now=NOW)
    kept = bookings.family_of(engine, booking.id)

    assert (kept.name, kept.email, kept.phone) == ("Amina Khan-O'Neill", None, "07700 900123")
    assert (kept.people, kept.children, kept.access) == (3, ("2 years",), "")


def test_a_reminder_follows_the_wish(engine: Engine) -> None:
    """Who first wanted no messages and then does is reminded; who wants none any more is not."""
    directory = made.directory()
    booking = book(engine, directory, Family("Amina Khan", email="amina@example.org"))
    assert owed(engine, booking.id) == []
    personal_data.correct(engine, directory, booking.id, AMINA, secret=SECRET, now=NOW)
    assert owed(engine, booking.id) == ["reminder"]
    silent = Family("Amina Khan", email="amina@example.org")
    personal_data.correct(engine, directory, booking.id, silent, secret=SECRET, now=NOW)

    assert owed(engine, booking.id) == []


def test_a_reminder_that_is_on_its_way_is_not_lost(engine: Engine) -> None:
    """The mail server was down when it was due; meanwhile the family corrects its address."""
    directory = made.directory()
    booking = book(engine, directory)
    late = NOW + timedelta(days=6, hours=2)
    personal_data.correct(engine, directory, booking.id, AMINA, secret=SECRET, now=late)

    assert owed(engine, booking.id).count("reminder") == 1


def test_deleting_gives_up_the_place(engine: Engine) -> None:
    """Nothing personal is left, nothing is sent any more, and the next family is offered it."""
    directory = made.directory({"places": "1"})
    first = book(engine, directory, family(0, access="A ramp", people=2))
    second = book(engine, directory, family(1))
    for _ in range(2):
        personal_data.erase(engine, directory, first.id, now=NOW)

    assert (status(engine, first), status(engine, second)) == ("cancelled", "offered")
    assert bookings.family_of(engine, first.id) is None
    assert owed(engine, first.id) == []
    assert rows(engine) == {"person": 1, "need": 0, "referral": 0}
    assert places.verify(engine) == []
    with pytest.raises(NotPossible):
        personal_data.correct(engine, directory, first.id, AMINA, secret=SECRET, now=NOW)


def test_a_professional_is_deleted_with_the_family(engine: Engine) -> None:
    """Who asked for the family can be seen, and goes with it."""
    directory = made.directory({"booking": "referral"})
    midwife = Referrer("Jo Bell", "midwife", "Royal Preston", "jo@nhs.example", None)
    booking = book(engine, directory, referrer=midwife, actor="professional")
    seen = personal_data.referrer_of(engine, booking.id)
    personal_data.erase(engine, directory, booking.id, now=NOW)

    assert seen == midwife
    assert personal_data.referrer_of(engine, booking.id) is None
    assert rows(engine) == {"person": 0, "need": 0, "referral": 0}
