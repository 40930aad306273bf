"""Generations of the published content: which one is the newest, and who may act by it.

Several checkouts of the content may work over one database: an old folder, or a machine whose
update failed. Each publication of other content is a generation with a number that only rises. Only
a process whose content is the newest generation changes what families are told or offered; the
others answer pages, and take bookings where the rule of the series is the same. Before the first
publication there is nothing to compare, and every process may act.

A generation has the stamps of its calendar entries. The latest of each series are kept here, where
all machines see them: going back to older content must not lower a revision number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, select

from portal.database.engine import write
from portal.database.tables import calendar_stamp, generation, series_rule
from portal.errors import PortalError

# By UID of a series: when its entries last changed, and a digest of what they say.
Stamps = Mapping[str, tuple[datetime, str]]

# On PostgreSQL a publication waits for those who act by the newest generation, and they for it.
_LOCK = 7264124


class OutOfDate(PortalError):
    """This process has older content, with another rule for what is to be booked."""


class NotPublished(PortalError):
    """The content cannot become the newest generation; the message says why and what to do."""


class EntriesFall(NotPublished):
    """The site has calendar entries that are older than those that families have."""

    def __init__(self) -> None:
        super().__init__(
            "Families already have later versions of calendar entries than this site has, and "
            "their calendars would not take these. Run: portal build --full. Then publish again."
        )


@dataclass(frozen=True, slots=True)
class Generation:
    """One publication: its number, which edition of the content, when it was built, by whom."""

    number: int
    edition: str
    built: datetime
    published: datetime
    publisher: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the content of a process compares with the newest generation (None: there is none).

    `number` is the last generation with the content of the process; 0 if it was never published.
    """

    newest: Generation | None
    number: int

    @property
    def current(self) -> bool:
        return self.newest is None or self.newest.number == self.number

    @property
    def words(self) -> str:
        """For operators: in the log, in answers of commands, and in `/health`."""
        if self.newest is None:
            return "nothing is published yet"
        if self.current:
            return f"generation {self.number}, the newest"
        if not self.number:
            return f"content that is not published; generation {self.newest.number} is the newest"
        return f"generation {self.number}, older than generation {self.newest.number}"


_NEWEST = select(generation).order_by(generation.c.number.desc()).limit(1)
# For the statement that locks what is booked, so that it costs no statement of its own.
newest_edition = (
    select(generation.c.edition).order_by(generation.c.number.desc()).limit(1).scalar_subquery()
)


def standing(connection: Connection, edition: str) -> Standing:
    """How content of this edition compares with the newest generation."""
    row = connection.execute(_NEWEST).first()
    if row is None:
        return Standing(None, 0)
    known = select(sa.func.max(generation.c.number)).where(generation.c.edition == edition)
    return Standing(Generation(**row._mapping), connection.execute(known).scalar() or 0)


def hold_newest(connection: Connection, edition: str) -> int | None:
    """The number of the newest generation if it has this edition; otherwise None.

    It stays the newest until the end of the transaction. 0 while nothing is published.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(sa.func.pg_advisory_xact_lock_shared(_LOCK)))
    row = connection.execute(_NEWEST).first()
    if row is None:
        return 0
    return int(row.number) if row.edition == edition else None


def check_rule(connection: Connection, series: str, rule: str) -> None:
    """Raises OutOfDate unless the newest generation has this rule for the series."""
    same = select(series_rule.c.series).where(
        series_rule.c.series == series, series_rule.c.rule == rule
    )
    if connection.execute(same).first() is None:
        # Without its name, because a log must not say which sensitive group was asked for.
        raise OutOfDate("the newest published content has another rule for the series.")


def stamps(connection: Connection) -> dict[str, tuple[datetime, str]]:
    """The latest stamps of calendar entries that any machine has published."""
    rows = connection.execute(select(calendar_stamp))
    return {row.uid: (row.changed, row.digest) for row in rows}


def publish(
    engine: Engine,
    edition: str,
    rules: Mapping[str, str],
    entries: Stamps,
    *,
    built: datetime,
    now: datetime,
    publisher: str,
    back: bool = False,
) -> Generation:
    """Make content of this edition the newest generation; once is enough.

    `rules` says of each series by which rule it is booked, `entries` the stamps of the site's
    calendar entries. Content that was published before, or whose site was built before that of the
    newest generation, is refused unless `back`: raises NotPublished. So is, in any case, a site
    whose entries have older stamps than published ones: raises EntriesFall.
    """

    def work(connection: Connection) -> Generation:
        if connection.dialect.name == "postgresql":
            connection.execute(select(sa.func.pg_advisory_xact_lock(_LOCK)))
        found = standing(connection, edition)
        if found.newest is not None:
            if found.newest.edition == edition:
                _write_stamps(connection, entries)
                return found.newest
            if not back:
                _check_newer(found.newest, found.number, built)
            _check_stamps(stamps(connection), entries)
        number = found.newest.number + 1 if found.newest else 1
        made = Generation(number, edition, built, now, publisher[:120])
        connection.execute(
            generation.insert().values(
                number=number, edition=edition, built=built, published=now, publisher=made.publisher
            )
        )
        _write_rules(connection, rules, number)
        _write_stamps(connection, entries)
        return made

    return write(engine, work)


def _check_newer(newest: Generation, known: int, built: datetime) -> None:
    if known:
        why = f"This content was published before, as generation {known}."
    elif built <= newest.built:
        why = "This site was built before the newest published one."
    else:
        return
    raise NotPublished(
        f"{why} Generation {newest.number} ({newest.publisher}) stays the newest, and this "
        "content tells and offers families nothing. To go back to it on purpose: "
        "portal publish --back"
    )


def _check_stamps(known: Stamps, entries: Stamps) -> None:
    if any(_falls(entry, known[uid]) for uid, entry in entries.items() if uid in known):
        raise EntriesFall


def _falls(entry: tuple[datetime, str], known: tuple[datetime, str]) -> bool:
    """Whether a calendar that has the known entry would not take this one: numbers are minutes."""
    (changed, digest), (before, digest_before) = entry, known
    if digest == digest_before:
        return changed < before
    return changed.replace(second=0, microsecond=0) <= before.replace(second=0, microsecond=0)


def _write_stamps(connection: Connection, entries: Stamps) -> None:
    """Keep the later of the known stamp and of this one, for each series."""
    known = stamps(connection)
    later = [
        {"uid": uid, "changed": changed, "digest": digest}
        for uid, (changed, digest) in sorted(entries.items())
        if uid not in known or changed > known[uid][0]
    ]
    if later:
        named = calendar_stamp.c.uid == sa.bindparam("one")
        replaced = [{"one": row["uid"]} for row in later]
        connection.execute(calendar_stamp.delete().where(named), replaced)
        connection.execute(calendar_stamp.insert(), later)


def _write_rules(connection: Connection, rules: Mapping[str, str], number: int) -> None:
    """Write the rules that changed, with the number of the generation that changed them."""
    known = {row.series: row.rule for row in connection.execute(select(series_rule))}
    changed = {one for one in known.keys() | rules.keys() if known.get(one) != rules.get(one)}
    gone = [{"one": series} for series in sorted(changed & known.keys())]
    new = [
        {"series": series, "rule": rules[series], "generation": number}
        for series in sorted(changed & rules.keys())
    ]
    if gone:
        named = series_rule.c.series == sa.bindparam("one")
        connection.execute(series_rule.delete().where(named), gone)
    if new:
        connection.execute(series_rule.insert(), new)
