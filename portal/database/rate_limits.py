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
from functools import cache

from sqlalchemy import BindParameter, Connection, Engine, bindparam, select

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
        full = {f"tokens{n}": float(by_key[key].burst) for n, key in enumerate(keys)}
        _begin(len(keys), connection.dialect.name).execute(connection, at=now, **named, **full)
        locked = _locks(len(keys)).later(connection, **named)

        def take() -> None:
            rows = {bytes(row.key): row for row in locked().rows}
            tokens = {
                key: by_key[key].filled(row.tokens, _since(now, row.at))
                for key, row in rows.items()
            }
            waits = [by_key[key].wait(left) for key, left in tokens.items() if left < 1]
            if waits:
                raise TooOften(math.ceil(max(waits)))
            _refill.execute_many(
                connection,
                [
                    {"it": key, "left": tokens[key] - 1, "moment": _moment(now, row.at)}
                    for key, row in rows.items()
                ],
            )

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
def _begin(number: int, dialect: str) -> Prepared:
    """Makes the buckets that are not there yet, full."""
    # Each dialect takes a tenth of a second to import, so that only the one in use is.
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    at = bindparam("at", type_=bucket.c.at.type)
    rows = [
        {"key": key, "tokens": bindparam(f"tokens{n}", type_=bucket.c.tokens.type), "at": at}
        for n, key in enumerate(_keys(number))
    ]
    return Prepared(insert(bucket).values(rows).on_conflict_do_nothing())


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
