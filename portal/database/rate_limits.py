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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Engine, bindparam, select

from portal.database.engine import write
from portal.database.prepared import Prepared
from portal.database.tables import bucket
from portal.errors import PortalError

# Clocks of several machines may differ so much; a bucket used later was used by a wrong clock.
_SKEW = timedelta(minutes=5)


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
        """Take one token from each bucket. Raises TooOften: the transaction must be rolled back.

        The caller takes no other lock after this.
        """
        self.take_later(connection, now)()

    def take_later(self, connection: Connection, now: datetime) -> Callable[[], None]:
        """Lock the buckets now; what this returns takes the tokens, as `take` does."""
        by_key = {_key(self.secret, limit): limit for limit in self.limits}
        if not by_key:
            return lambda: None
        keys = sorted(by_key)  # always in the same order, to avoid deadlocks
        named = {f"key{n}": key for n, key in enumerate(keys)}
        dialect = connection.dialect.name
        if dialect != "sqlite":  # which is locked as a whole, so that no row need be there
            full: dict[str, Any] = {}
            for n, key in enumerate(keys):
                full |= {f"tokens{n}": float(by_key[key].burst), f"at{n}": now}
            _begin(len(keys)).execute(connection, **named, **full)
        locked = _locks(len(keys)).later(connection, **named)

        def take() -> None:
            rows = {bytes(row.key): row for row in locked().rows}
            given: dict[str, Any] = {}
            waits = []
            for n, key in enumerate(keys):
                limit, row = by_key[key], rows.get(key)
                tokens, at = float(limit.burst), now
                if row is not None:
                    tokens, at = limit.filled(row.tokens, _since(now, row.at)), _moment(now, row.at)
                if tokens < 1:
                    waits.append(limit.wait(tokens))
                given |= {f"tokens{n}": tokens - 1, f"at{n}": at}
            if waits:
                raise TooOften(math.ceil(max(waits)))
            _keep(len(keys), dialect).execute(connection, **named, **given)

        return take


def spend_each(
    engine: Engine, secret: str, limits: Iterable[Limit], *, now: datetime
) -> int | None:
    """Take one token from each bucket, or from none.

    Returns None, or the seconds until every bucket has a token.
    """
    asked = list(limits)
    if not asked:
        return None
    try:
        write(engine, lambda connection: Allowance(secret, asked).take(connection, now))
    except TooOften as refused:
        return refused.seconds
    return None


def _since(now: datetime, used: datetime) -> timedelta:
    """How long ago a bucket was used. If that was long after `now`, the clock was wrong and has
    been put back: the bucket must not stay empty until then."""
    ahead = used - now
    return ahead if ahead > _SKEW else max(timedelta(), -ahead)


def _moment(now: datetime, used: datetime) -> datetime:
    """When a bucket was used last, with this time."""
    return now if used - now > _SKEW else max(now, used)


@lru_cache(maxsize=1024)  # a visitor asks several times
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


@cache
def _begin(number: int) -> Prepared:
    """Makes the buckets that are not there yet, full."""
    return Prepared(_rows(number, "postgresql").on_conflict_do_nothing())


@cache
def _keep(number: int, dialect: str) -> Prepared:
    """Writes the buckets as they are now."""
    rows = _rows(number, dialect)
    now = {"tokens": rows.excluded.tokens, "at": rows.excluded.at}
    return Prepared(rows.on_conflict_do_update(index_elements=[bucket.c.key], set_=now))


def _rows(number: int, dialect: str) -> Any:
    # Each dialect takes a tenth of a second to import, so that only the one in use is.
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(bucket).values(
        [
            {
                "key": key,
                "tokens": bindparam(f"tokens{n}", type_=bucket.c.tokens.type),
                "at": bindparam(f"at{n}", type_=bucket.c.at.type),
            }
            for n, key in enumerate(_keys(number))
        ]
    )


@cache
def _locks(number: int) -> Prepared:
    wanted = bucket.c.key.in_(_keys(number))
    return Prepared(select(bucket).where(wanted).order_by(bucket.c.key).with_for_update())


def _keys(number: int) -> list[BindParameter[bytes]]:
    return [bindparam(f"key{n}", type_=bucket.c.key.type) for n in range(number)]


def forget(engine: Engine, *, now: datetime, after: timedelta = timedelta(days=2)) -> int:
    """Delete buckets unused for this long; returns the number deleted."""

    def work(connection: Connection) -> int:
        return connection.execute(bucket.delete().where(bucket.c.at < now - after)).rowcount

    return write(engine, work)
