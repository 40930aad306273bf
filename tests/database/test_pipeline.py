"""Statements that are sent to PostgreSQL together: order, errors, and connections that break."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError, OperationalError

from portal import database
from portal.database import tables
from portal.database.prepared import Prepared
from tests.support.databases import put_bookable

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
BUCKET = tables.bucket.c
pytestmark = pytest.mark.postgres

put = Prepared(tables.bucket.insert(), BUCKET.keys())
count = Prepared(sa.select(sa.func.count(BUCKET.key).label("number")).select_from(tables.bucket))


def row(number: int, tokens: float = 1) -> dict[str, object]:
    return {"key": number.to_bytes(32, "big"), "tokens": tokens, "at": NOW}


@pytest.fixture
def postgres(postgres_address: str) -> Engine:
    engine = database.connect(postgres_address)
    yield engine
    engine.dispose()


def number_of(engine: Engine) -> int:
    with database.read(engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(tables.bucket)).scalar()


def test_what_was_sent_before_is_seen_by_every_statement_after_it(postgres: Engine) -> None:
    """Prepared statements and those of SQLAlchemy are executed in the order of the code."""

    def work(connection):
        put.execute(connection, **row(1))
        first = count.later(connection)
        put.execute(connection, **row(2))
        plain = connection.execute(sa.select(BUCKET.key)).all()
        put.execute(connection, **row(3))
        return first().scalar(), len(plain), count(connection).scalar()

    assert database.write(postgres, work) == (1, 2, 3)
    assert number_of(postgres) == 3


def test_an_error_that_nobody_asked_for_stops_the_commit(postgres: Engine) -> None:
    """Nothing of the transaction stays, and the connection goes on with all its statements."""
    new = Prepared(tables.bucket.insert().values(tokens=7), ("key", "at"))

    def work(connection):
        put.execute(connection, **row(1))
        put.execute(connection, **row(1))
        # First sent after the mistake, so that PostgreSQL does not even parse it.
        new.execute(connection, key=bytes(32), at=NOW)

    with pytest.raises(IntegrityError) as broken:
        database.write(postgres, work)
    after_it = number_of(postgres)
    database.write(postgres, lambda c: new.execute(c, key=bytes(32), at=NOW))

    assert "INSERT INTO bucket" in str(broken.value)
    assert after_it == 0
    assert number_of(postgres) == 1


def test_an_error_comes_to_whoever_asks_after_it(postgres: Engine) -> None:
    """A result that was not made because of a mistake before it tells of that mistake."""

    def work(connection):
        before = count.later(connection)
        put.execute(connection, **row(1))
        put.execute(connection, **row(1))
        asked = count.later(connection)
        for _ in range(2):
            with pytest.raises(IntegrityError):
                asked()
        return before().scalar()

    # PostgreSQL rolls back what is committed after a mistake.
    assert database.write(postgres, work) == 0
    assert number_of(postgres) == 0


def test_what_is_rolled_back_before_an_answer_leaves_nothing(postgres: Engine) -> None:
    """A mistake of ours between sending and asking undoes what was sent; so does giving up."""

    def work(connection):
        put.execute(connection, **row(1))
        raise LookupError

    with pytest.raises(LookupError):
        database.write(postgres, work)
    with database.look(postgres) as connection:
        count.later(connection)  # nobody asks

    assert number_of(postgres) == 0


def test_more_than_a_connection_takes_at_once_arrives(postgres: Engine) -> None:
    """Some megabytes in both directions, before anything is read."""
    put_bookable(postgres)
    note = Prepared(
        tables.audit.insert().returning(tables.audit.c.detail),
        ("at", "actor", "did", "booking_id", "series", "detail"),
    )
    given = {"at": NOW, "actor": "family", "did": "book", "booking_id": None, "series": "a/b"}

    def work(connection):
        sent = [note.later(connection, **given, detail={"n": "x" * 30_000}) for _ in range(200)]
        return {len(one().scalar()["n"]) for one in sent}

    assert database.write(postgres, work) == {30_000}


def test_a_connection_lost_between_sending_and_asking_is_replaced(postgres: Engine) -> None:
    """It is a fault of the database, as everywhere; the next transaction has another one."""
    other = sa.create_engine(postgres.url)

    def work(connection):
        number = connection.execute(sa.select(sa.func.pg_backend_pid())).scalar()
        asked = count.later(connection)
        with other.begin() as beside:
            beside.execute(sa.select(sa.func.pg_terminate_backend(number, 5000)))
        asked()

    with pytest.raises(OperationalError) as broken:
        database.write(postgres, work)
    other.dispose()

    assert broken.value.connection_invalidated
    assert number_of(postgres) == 0


def test_what_needs_no_answer_waits_for_the_commit(postgres: Engine) -> None:
    """Begin, statements and commit go to the database together."""
    by_themselves = []
    event.listen(postgres, "before_cursor_execute", lambda *given: by_themselves.append(given[2]))

    def work(connection):
        pipeline = connection.info["pipeline"]
        put.execute(connection, **row(1))
        waiting = len(pipeline._waiting)
        put.execute(connection, **row(2))
        return waiting, len(pipeline._waiting)

    first, second = database.write(postgres, work)

    assert 0 < first < second
    assert by_themselves == []
