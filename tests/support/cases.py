"""Requests with a worker, as the pages and rules of plans start from."""

import itertools
from datetime import date

import sqlalchemy as sa

from portal import bookings, database
from portal.bookings import Family, support_plans
from portal.bookings.support_plans import Goal
from portal.database import tables
from tests.support import made
from tests.support.staffed import make_staff

SECRET = "a secret of thirty-two characters"
_KEYS = (f"a key of a request {number}" for number in itertools.count())
SADIA = Family(
    "Sadia Malik",
    email="sadia@example.org",
    phone="07700 900123",
    contact_by="email",
    safe_to_contact=True,
)
START = date(2027, 1, 11)  # a Monday, a week after `made.NOW`
GOALS = (
    Goal("We all sleep in our own beds", "A story, then lights out", "family", date(2027, 1, 18)),
    Goal(
        "Somebody shows us how to cook",
        "Find a group that cooks",
        "other",
        date(2027, 2, 1),
        role="The centre",
    ),
)


def directory(**given):
    """A directory whose group is asked for."""
    return made.directory(**{"way": "request", **given})


def requested(engine, found, *, family=SADIA, secret=SECRET, now=made.NOW):
    """A request for the first group of a directory."""
    series = (*found.series, *found.private_series)[0]
    return bookings.book(engine, series, family, key=next(_KEYS), secret=secret, now=now)


def case_id(engine, booking) -> int:
    case = tables.support_case
    with database.read(engine) as connection:
        query = sa.select(case.c.id).where(case.c.booking_id == booking.id)
        return connection.execute(query).scalar_one()


def allocated(engine, found, *, worker=None, **given):
    """A request that a worker has: the booking and the id of its case."""
    booking = requested(engine, found, **given)

    number = case_id(engine, booking)
    worker = worker or make_staff(engine, title="Ann Brook")
    values = {"state": "allocated", "worker_id": worker.id, "allocated": made.NOW}
    change(engine, number, centre="riverbank", footprint="preston", **values)
    return booking, number


def change(engine, number: int, **values) -> None:
    """Change a case as no page can, such as its version."""
    case = tables.support_case
    mine = case.update().where(case.c.id == number).values(**values)
    database.write(engine, lambda connection: connection.execute(mine))


def version(engine, number: int) -> int:
    return support_plans.plan_of(engine, number).version


def planned(engine, found, number, goals=GOALS, *, starts=START, now=made.NOW):
    """Save a plan, and return it."""
    seen = version(engine, number)
    options = {"seen": seen, "now": now, "actor": "staff:1"}
    support_plans.save_plan(engine, found, number, starts, goals, **options)
    return support_plans.plan_of(engine, number)
