"""How often something may be asked: token buckets in the shared database.

What is limited (a contact, a network address, an account) is kept as a keyed hash, never as
itself. A bucket fills evenly; an attempt takes one token. Limits by network address stay generous,
because a library or a family centre shares one address.
"""

from __future__ import annotations

import hmac
import math
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, select

from portal.tables import bucket, insert_if_new, write


def spend(
    engine: Engine,
    secret: str,
    kind: str,
    value: str,
    *,
    per_hour: float,
    burst: int,
    now: datetime,
) -> int | None:
    """Take one token of `value`'s bucket; None where there was one, else the seconds to wait.

    A full bucket holds `burst` tokens, and `per_hour` come back in an hour.
    """
    key = hmac.new(secret.encode(), f"limit:{kind}:{value}".encode(), "sha256").digest()

    def work(connection: Connection) -> int | None:
        insert_if_new(connection, bucket, key=key, tokens=float(burst), at=now)
        row = connection.execute(select(bucket).where(bucket.c.key == key).with_for_update()).one()
        # A clock that went back must not empty the bucket.
        hours = max(0.0, (now - row.at).total_seconds() / 3600)
        tokens = min(float(burst), row.tokens + hours * per_hour)
        left = tokens - 1 if tokens >= 1 else tokens
        connection.execute(
            bucket.update().where(bucket.c.key == key).values(tokens=left, at=max(now, row.at))
        )
        return None if tokens >= 1 else math.ceil((1 - tokens) / per_hour * 3600)

    return write(engine, work)


def forget(engine: Engine, *, now: datetime, after: timedelta = timedelta(days=2)) -> int:
    """Drop buckets that nobody touched for so long; returns how many."""

    def work(connection: Connection) -> int:
        return connection.execute(bucket.delete().where(bucket.c.at < now - after)).rowcount

    return write(engine, work)
