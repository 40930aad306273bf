"""A database behind a pooler (PgBouncer in transaction mode), as PORTAL_DATABASE_POOLED sets it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from portal import bookings, database
from portal.bookings import Family, places
from portal.database import tables
from portal.settings import Settings
from tests.support import made, pooler
from tests.support.databases import put_bookable
from tests.support.made import NOW
from tests.support.queue import SECRET

CLIENTS, EACH, PLACES = 6, 8, 20


@pytest.mark.parametrize(
    ("address", "pooled", "expected"),
    [
        ("postgresql://a:b@host/portal", False, "postgresql://a:b@host/portal"),
        ("postgresql://a:b@host/portal", True, "postgresql://a:b@host/portal?pooled=yes"),
        ("postgresql:///x?host=/run", True, "postgresql:///x?host=/run&pooled=yes"),
        ("sqlite:///portal.db", True, "sqlite:///portal.db"),
    ],
)
def test_the_setting_is_part_of_the_address(address, pooled, expected):
    """Every connection of a process is made for the pooler, or none is; SQLite has no pooler."""
    settings = Settings(database_url=SecretStr(address), database_pooled=pooled)

    assert settings.database_address == expected


@pytest.mark.postgres
def test_bookings_through_a_pooler(postgres_address):
    """Transactions that move between the server's connections find no statement missing or
    prepared twice: 48 families are booked or wait, and the sums agree."""
    with pooler.pooled(postgres_address) as address:
        settings = Settings(database_url=SecretStr(address), database_pooled=True)
        engine = database.connect(settings.database_address)
        put_bookable(engine, PLACES)
        series = made.directory({"places": str(PLACES)}).series[0]
        together = threading.Barrier(CLIENTS)

        def client(number: int) -> None:
            together.wait(60)
            for family in range(number * EACH, (number + 1) * EACH):
                who = Family(f"Parent {family}", email=f"p{family}@example.org")
                key = f"pooled-{family:04}"
                bookings.book(engine, series, who, key=key, secret=SECRET, now=NOW)

        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(client, range(CLIENTS)))
        database.migrate(engine)
        with database.look(engine) as connection:
            statuses = sa.select(tables.booking.c.status, sa.func.count())
            counted = connection.execute(statuses.group_by(tables.booking.c.status)).all()
        wrong = places.verify(engine)
        engine.dispose()

    assert dict(counted) == {"confirmed": PLACES, "waiting": CLIENTS * EACH - PLACES}
    assert wrong == []
