"""Demand beside coverage: safe numbers by district and programme, and none of what is private."""

from datetime import timedelta

from sqlalchemy import insert

from portal import database
from portal.bookings import district_demand, wishes
from portal.bookings.wishes import Wanted
from portal.database import tables
from tests.support import made
from tests.support.made import NOW
from tests.support.panels import put_gap

PLACE = {"near": "PR1 8", "latitude": 53.76, "longitude": -2.7, "district": "preston"}


def put_bookings(connection, series, status, number, *, changed=NOW, ends=None):
    """So many bookings of a series, as the waiting list or a decline leaves them."""
    row = {"planned": "", "places": 5, "allowed": 5, "held": 5, "waiting": 0, "last_number": 0}
    key = connection.execute(
        insert(tables.bookable).values(series=series, **row).returning(tables.bookable.c.id)
    ).scalar_one()
    for n in range(number):
        mark = f"{key}-{n}".encode().rjust(32, b"0")
        connection.execute(
            insert(tables.booking).values(
                bookable_id=key,
                reference=f"R{key:03}-{n:04}",
                key_hash=mark,
                link_nonce=b"0" * 16,
                link_hash=mark,
                calendar_id=f"{key}-{n}",
                revision=0,
                status=status,
                way="request",
                people=1,
                places=1,
                passed=0,
                twin=False,
                created=NOW,
                changed=changed,
                ends=ends,
            )
        )


def numbers_of(engine, directory):
    """The words of the district of `made`, and of each programme in it."""
    with database.read(engine) as connection:
        [line] = district_demand.by_district(connection, directory, NOW)
        programmes = district_demand.by_programme(connection, directory, NOW)
    figures = (line.waiting, line.to_be_told, line.declined, line.gaps)
    return [figure.words for figure in figures], programmes


def test_each_number_is_made_safe_before_it_is_added(engine):
    """S101: small waiting lists are left out of a sum, and a nought of declined requests or gaps is
    hidden as well, so that no table shows that nobody or one family asked."""
    directory = made.directory({}, {}, {})

    nobody, _ = numbers_of(engine, directory)
    with engine.begin() as connection:
        put_bookings(connection, "riverbank/bump", "waiting", 12)
        put_bookings(connection, "riverbank/bump-1", "waiting", 4)
        put_bookings(connection, "riverbank/bump-2", "declined", 6)
        put_bookings(connection, "programme:bump@preston", "declined", 1)
        for _ in range(5):
            put_gap(connection, panel="preston")
    wished = {"secret": "a secret that is long enough for all", "now": NOW}
    for n in range(6):
        wanted = Wanted("bump", **PLACE, email=f"family{n}@example.org")
        wishes.make(engine, wanted, key=f"a key of a form {n}", **wished)
    all_of_them, [line] = numbers_of(engine, directory)

    assert nobody == ["0", "0", "under 5 each", "under 5 each"]
    assert all_of_them == ["10+", "5", "5+", "5"]
    assert (line.programme, line.district) == ("Bump, Birth and Beyond", "Preston")
    assert (line.waiting.words, line.to_be_told.words) == ("10+", "5")


def test_what_is_over_does_not_count(engine):
    """A waiting list ends with its group, and old declines and gaps are not demand of today."""
    old = NOW - timedelta(weeks=14)
    with engine.begin() as connection:
        put_bookings(connection, "riverbank/bump", "waiting", 7, ends=NOW - timedelta(days=1))
        put_bookings(connection, "riverbank/bump-1", "declined", 7, changed=old)
        put_bookings(connection, "riverbank/gone", "waiting", 7)
        for _ in range(6):
            put_gap(connection, panel="preston", created=old)
    words, lines = numbers_of(engine, made.directory({}, {}))

    assert (words, lines) == (["0", "0", "under 5 each", "under 5 each"], [])


def test_a_sensitive_programme_is_in_no_number(engine):
    """S101: neither its waiting lists nor its declined requests show where it meets."""
    with engine.begin() as connection:
        put_bookings(connection, "riverbank/bump", "waiting", 20)
        put_bookings(connection, "riverbank/bump-1", "declined", 20)
        put_bookings(connection, "programme:bump@preston", "declined", 20)
    words, lines = numbers_of(engine, made.directory({}, {}, sensitive=True))

    assert (words, lines) == (["0", "0", "under 5 each", "under 5 each"], [])
