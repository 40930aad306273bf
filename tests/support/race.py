"""What one worker does in a race of families for the places of a series, with the lock or without.

A module of its own, so that a process that races imports nothing else of the tests.
"""

import sqlalchemy as sa
from sqlalchemy import Engine

from portal import bookings, database
from portal.bookings import Family
from portal.database import tables
from tests.support import made
from tests.support.made import NOW

SECRET = "a secret of thirty-two characters"
WORKERS = 4
PLACES = 12


def _unguarded(engine: Engine, directory, who: Family, key: str, together) -> str:
    """What a careless programmer writes: look first, book later. It must go wrong.

    Nobody books before one family of each worker has looked: no run goes well by luck.
    """
    series = directory.series[0]
    with database.read(engine) as connection:
        row = connection.execute(sa.select(tables.bookable)).one()
        held = connection.execute(
            sa.select(sa.func.count()).where(tables.booking.c.status == "confirmed")
        ).scalar_one()
    status = "confirmed" if held < row.places else "waiting"
    together.wait(120)
    database.write(
        engine,
        lambda c: c.execute(
            tables.booking.insert().values(
                bookable_id=row.id,
                reference=key[-9:],
                key_hash=key.encode().ljust(32),
                link_nonce=b"n" * 16,
                link_hash=key.encode().rjust(32),
                calendar_id=key,
                revision=0,
                status=status,
                way="book",
                people=who.people,
                places=1,
                passed=0,
                twin=False,
                created=NOW,
                changed=NOW,
                ends=series.sessions[-1].ends,
            )
        ),
    )
    return status


def run(address: str, share: list[int], guarded: bool, together, answers) -> None:
    engine = database.connect(address)
    directory = made.directory({"places": str(PLACES)})
    outcome = []
    with database.read(engine):
        together.wait(120)  # connected before the race begins, not in the middle of it
    for number in share:
        who = Family(f"Parent {number}", email=f"p{number}@example.org")
        key = f"family-{number:04}"
        if guarded:
            booking = bookings.book(
                engine, directory.series[0], who, key=key, secret=SECRET, now=NOW
            )
            outcome.append((number, booking.status))
        else:
            outcome.append((number, _unguarded(engine, directory, who, key, together)))
    engine.dispose()
    answers.put(outcome)
