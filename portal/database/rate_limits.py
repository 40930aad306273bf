"""Rate limits: token buckets in the shared database.

What is limited (a contact, a network address, an account) is stored only as a keyed hash. A bucket
refills evenly; an attempt takes one token. Limits by network address are generous, because
everybody in a library or a family centre shares one address.

Attempts to sign in are counted elsewhere, in sliding windows (`portal.staff.tries`).
"""

from __future__ import annotations

import hmac
import ipaddress
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select

from portal.database.engine import write
from portal.database.prepared import Prepared
from portal.database.tables import bucket
from portal.errors import PortalError

_refill = Prepared(
    bucket.update()
    .where(bucket.c.key == bindparam("it"))
    .values(tokens=bindparam("left"), at=bindparam("moment"))
)

# Clocks of several machines may differ so much; a bucket used later was used by a wrong clock.
_SKEW = timedelta(minutes=5)


@cache
def _begin(dialect: str) -> Prepared:
    # Each dialect takes a tenth of a second to import, so that only the one in use is.
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return Prepared(insert(bucket).on_conflict_do_nothing(), bucket.c.keys())


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit on requests for `value`: the bucket holds `burst` tokens, and refills `per_hour`."""

    kind: str
    value: str
    per_hour: float
    burst: int

    def filled(self, tokens: float, since: timedelta) -> float:
        return min(float(self.burst), tokens + since.total_seconds() / 3600 * self.per_hour)

    def wait(self, tokens: float) -> float:
        """Seconds until a token is available."""
        return (1 - tokens) / self.per_hour * 3600


class TooOften(PortalError):
    """A limit is used up; the next attempt is possible in `seconds`."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"Too often: wait {seconds} seconds.")


@dataclass(frozen=True, slots=True)
class Allowance:
    """The rate limits of one booking, applied in its transaction.

    A booking that is refused for another reason does not count towards them.
    """

    secret: str
    limits: Sequence[Limit]

    def take(self, connection: Connection, now: datetime) -> None:
        """Raises TooOften. The caller takes no other lock after this."""
        seconds = take_each(connection, self.secret, self.limits, now=now)
        if seconds is not None:
            raise TooOften(seconds)


def spend_each(
    engine: Engine, secret: str, limits: Iterable[Limit], *, now: datetime
) -> int | None:
    """Take one token from each bucket, or from none.

    Returns None, or the seconds until every bucket has a token.
    """
    asked = list(limits)
    if not asked:
        return None
    return write(engine, lambda connection: take_each(connection, secret, asked, now=now))


def take_each(
    connection: Connection, secret: str, limits: Iterable[Limit], *, now: datetime
) -> int | None:
    """The same inside the caller's transaction, which must take no lock after this."""
    by_key = {_key(secret, limit): limit for limit in limits}
    if not by_key:
        return None
    keys = sorted(by_key)  # always in the same order, to avoid deadlocks
    rows = _locked(connection, keys)
    for key in [key for key in keys if key not in rows]:
        # The bucket does not exist yet: start it full, less this token.
        tokens = float(by_key[key].burst - 1)
        begin = _begin(connection.dialect.name)
        if not begin(connection, key=key, tokens=tokens, at=now).rowcount:
            rows |= _locked(connection, [key])  # created by another process in the meantime
    since = {key: _since(now, row.at) for key, row in rows.items()}
    tokens_of = {key: by_key[key].filled(row.tokens, since[key]) for key, row in rows.items()}
    short = [key for key in rows if tokens_of[key] < 1]
    if short:
        begun = [key for key in keys if key not in rows]
        connection.execute(bucket.delete().where(bucket.c.key.in_(begun)))
        return math.ceil(max(by_key[key].wait(tokens_of[key]) for key in short))
    _refill.execute_many(
        connection,
        [
            {"it": key, "left": tokens_of[key] - 1, "moment": _moment(now, row.at)}
            for key, row in rows.items()
        ],
    )
    return None


def _since(now: datetime, used: datetime) -> timedelta:
    """How long ago a bucket was used. If that was long after `now`, the clock was wrong and has
    been put back: the bucket must not stay empty until then."""
    ahead = used - now
    return ahead if ahead > _SKEW else max(timedelta(), -ahead)


def _moment(now: datetime, used: datetime) -> datetime:
    """When a bucket was used last, with this time."""
    return now if used - now > _SKEW else max(now, used)


def network_of(address: str) -> str:
    """The network of one subscriber: an IPv4 address, or the first 64 bits of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _key(secret: str, limit: Limit) -> bytes:
    words = f"limit:{limit.kind}:{limit.value}"
    return hmac.digest(secret.encode(), words.encode(), "sha256")


def _locked(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, Any]:
    found = _locks(len(keys))(connection, **{f"key{n}": key for n, key in enumerate(keys)})
    return {bytes(row.key): row for row in found.rows}


@cache
def _locks(number: int) -> Prepared:
    keys = [bindparam(f"key{n}", type_=bucket.c.key.type) for n in range(number)]
    return Prepared(
        select(bucket).where(bucket.c.key.in_(keys)).order_by(bucket.c.key).with_for_update()
    )


def forget(engine: Engine, *, now: datetime, after: timedelta = timedelta(days=2)) -> int:
    """Delete buckets unused for this long; returns the number deleted."""

    def work(connection: Connection) -> int:
        return connection.execute(bucket.delete().where(bucket.c.at < now - after)).rowcount

    return write(engine, work)
