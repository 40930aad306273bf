"""Rate limits, on both databases."""

import threading
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from portal import database
from portal.database import rate_limits, tables

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
SECRET = "a secret of thirty-two characters"


def spend(engine: Engine, value: str = "one", now: datetime = NOW) -> int | None:
    limit = rate_limits.Limit("contact", value, 6, 3)
    return rate_limits.spend_each(engine, SECRET, [limit], now=now)


def test_a_burst_then_a_wait(engine: Engine) -> None:
    """The burst goes at once; then the answer is how many seconds to wait, and waiting helps."""
    burst = [spend(engine) for _ in range(3)]
    refused = spend(engine)

    assert burst == [None, None, None]
    assert refused == 600
    assert spend(engine, now=NOW + timedelta(seconds=600)) is None


def test_each_contact_has_its_own_bucket(engine: Engine) -> None:
    """One family's tries do not shut out another's."""
    for _ in range(4):
        spend(engine)

    assert spend(engine, "another") is None


def test_values_are_kept_as_hashes(engine: Engine) -> None:
    """The table names nobody."""
    spend(engine, "amina@example.org")
    with database.read(engine) as connection:
        row = connection.execute(sa.select(tables.bucket)).one()

    assert b"amina" not in bytes(row.key)


def test_many_at_once_get_no_more_than_the_burst(engine: Engine) -> None:
    """Ten presses at once take three tokens."""
    answers: list[int | None] = []
    threads = [threading.Thread(target=lambda: answers.append(spend(engine))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers.count(None) == 3


def test_old_buckets_go(engine: Engine) -> None:
    """A bucket untouched for two days is dropped."""
    spend(engine)

    assert rate_limits.forget(engine, now=NOW + timedelta(days=1)) == 0
    assert rate_limits.forget(engine, now=NOW + timedelta(days=3)) == 1


def test_several_limits_are_spent_together_or_not_at_all(engine: Engine) -> None:
    """Who is stopped by one limit keeps what the others still allow, and hears the longest wait."""
    narrow = rate_limits.Limit("contact", "amina", per_hour=6, burst=1)
    wide = rate_limits.Limit("series", "bump", per_hour=60, burst=2)

    def ask(*asked: rate_limits.Limit) -> int | None:
        return rate_limits.spend_each(engine, SECRET, asked, now=NOW)

    assert [ask(narrow, wide), ask(narrow, wide), ask(narrow, wide)] == [None, 600, 600]
    assert [ask(wide), ask(wide)] == [None, 60]
    assert ask() is None


def test_what_is_refused_takes_nothing_and_leaves_no_trace(engine: Engine) -> None:
    """One of several limits is used up: the others keep what they have, begun or not."""

    def ask(*values: str) -> int | None:
        asked = [rate_limits.Limit("contact", value, per_hour=6, burst=2) for value in values]
        return rate_limits.spend_each(engine, SECRET, asked, now=NOW)

    first = [ask("one", "two"), ask("one")]
    refused = ask("one", "two", "three")
    with database.read(engine) as connection:
        kept = connection.execute(sa.select(tables.bucket.c.tokens)).scalars().all()

    assert first == [None, None]
    assert refused == 600
    assert sorted(kept) == [0.0, 1.0]
    assert [ask("two"), ask("two")] == [None, 600]
