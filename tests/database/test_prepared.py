"""Prepared statements: the same values, rows and errors as elsewhere."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from portal import database
from portal.database import tables
from portal.database.prepared import Prepared, execute_plain
from tests.support.databases import put_bookable

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_prepared_statement_does_what_its_statement_does(engine: Engine) -> None:
    """Moments, JSON, bytes and nothing go in as the columns want them, on both databases."""
    put = Prepared(
        tables.audit.insert().returning(tables.audit.c.id),
        ("at", "actor", "did", "booking_id", "series", "detail"),
    )
    row = {
        "at": NOW,
        "actor": "family",
        "did": "book",
        "booking_id": None,
        "series": "riverbank/bump 100 % 'quoted' :name",
        "detail": {"people": 2, "said": "naïve"},
    }

    def work(connection):
        return put(connection, **row).scalar_one(), put(connection, **row).scalar_one()

    first, second = database.write(engine, work)
    with database.read(engine) as connection:
        kept = connection.execute(sa.select(tables.audit)).mappings().all()

    assert [dict(one) for one in kept] == [{"id": first, **row}, {"id": second, **row}]


def test_a_prepared_statement_counts_and_keeps_its_own_values(engine: Engine) -> None:
    """What is written in the statement itself stays; a name that is wrong is no NULL."""
    put_bookable(engine)
    claim = Prepared(
        tables.bookable.update()
        .where(tables.bookable.c.held < 2, tables.bookable.c.series == sa.bindparam("run"))
        .values(held=tables.bookable.c.held + 1)
    )

    def counts(*runs):
        return [database.write(engine, lambda c, r=run: claim(c, run=r).rowcount) for run in runs]

    assert counts("riverbank/bump", "other", "riverbank/bump", "riverbank/bump") == [1, 0, 1, 0]
    for wrong in ({}, {"runs": "riverbank/bump"}, {"run": "riverbank/bump", "more": 1}):
        with pytest.raises((KeyError, TypeError)), database.read(engine) as connection:
            claim(connection, **wrong)


def test_a_fault_in_a_prepared_statement_names_no_value(engine: Engine) -> None:
    """S43: we add no value to what the database says. Its own words may hold some (`faults`)."""
    put = Prepared(tables.bookable.insert(), tables.bookable.c.keys())
    row = dict.fromkeys(tables.bookable.c.keys(), 0) | {"series": "amina@example.org", "held": 9}

    with pytest.raises(IntegrityError) as broken:
        database.write(engine, lambda c: put(c, **row | {"planned": ""}))

    assert "amina" not in str(broken.value).replace(str(broken.value.orig), "")


def test_a_prepared_statement_is_done_for_each(engine: Engine) -> None:
    """Many rows in one go are the rows one by one."""
    put = Prepared(tables.bucket.insert(), tables.bucket.c.keys())
    rows = [{"key": bytes([n]) * 32, "tokens": n / 2, "at": NOW} for n in range(3)]
    every = Prepared(sa.select(tables.bucket).order_by(tables.bucket.c.key))

    database.write(engine, lambda c: put.execute_many(c, rows))
    with database.read(engine) as connection:
        kept = every(connection).rows

    assert [one._asdict() for one in kept] == rows


def test_a_bare_statement_that_fails_is_a_fault_of_the_database(engine: Engine) -> None:
    """A BEGIN that finds the database locked is reported like any other statement."""
    with pytest.raises((OperationalError, sa.exc.ProgrammingError)):
        database.write(engine, lambda connection: execute_plain(connection, "BEGUN"))
