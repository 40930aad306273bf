"""What the published site says of dates, and what another reading of the content would change.

A build keeps a note of every session's dates in `var/`, never in the public folder: sensitive
groups are in it. Families and their calendars know a session by its planned date, so that is what
is compared by: the same planned date elsewhere is a move, and one that is gone is not another.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from portal.directory import Directory, Series, Session, Venue
from portal.directory.values import clock_words, day_words

FILE = "published.json.gz"

Kind = Literal["added", "moved", "cancelled", "on again", "removed"]


@dataclass(frozen=True, slots=True)
class Stood:
    """One session as it was published: start, end, which place, why it was cancelled.

    How the place is written is no difference: nobody has to go elsewhere (`Venue.identity`).
    """

    starts: str
    ends: str
    place: str
    venue: str = field(compare=False)  # as it was written
    cancelled: str


@dataclass(frozen=True, slots=True)
class Record:
    """The sessions that were published, by series and planned date, up to a day."""

    until: str
    names: Mapping[str, str]
    sessions: Mapping[str, Mapping[str, Stood]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One date that would change for families."""

    series: str
    name: str
    path: str  # of its page; '' where it has none
    planned: date
    kind: Kind
    words: str


def record(directory: Directory) -> Record:
    """What a directory says of dates from its day on."""
    every = (*directory.series, *directory.private_series)
    places = _Places()
    return Record(
        directory.feed_until.isoformat(),
        {one.identity: one.name for one in every},
        {
            one.identity: {
                session.planned.isoformat(): _stands(session, places)
                for session in one.all_sessions
                if session.day >= directory.today or session.planned >= directory.today
            }
            for one in every
        },
    )


class _Places(dict[Venue, tuple[str, str]]):
    """Which place each venue is, and its line: there are few, and thousands of sessions."""

    def __missing__(self, venue: Venue) -> tuple[str, str]:
        said = self[venue] = venue.identity, venue.line
        return said


def _stands(session: Session, places: _Places) -> Stood:
    return Stood(
        session.starts.isoformat(),
        session.ends.isoformat(),
        *places[session.venue],
        session.cancelled or "",
    )


def keep(folder: Path, directory: Directory) -> None:
    """Write down what has been published."""
    made = record(directory)
    sessions = {
        identity: {
            planned: [one.starts, one.ends, one.place, one.venue, one.cancelled]
            for planned, one in dates.items()
        }
        for identity, dates in made.sessions.items()
    }
    said = {"until": made.until, "names": made.names, "sessions": sessions}
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{FILE}.{os.getpid()}"
    # Quick: it is read on this machine, and soon.
    part.write_bytes(gzip.compress(json.dumps(said).encode(), 1, mtime=0))
    part.replace(folder / FILE)


def kept(folder: Path) -> Record | None:
    """What was written down by the last build; None where there is nothing to read."""
    try:
        said = json.loads(gzip.decompress((folder / FILE).read_bytes()))
        sessions = {
            identity: {planned: Stood(*one) for planned, one in dates.items()}
            for identity, dates in said["sessions"].items()
        }
        return Record(said["until"], said["names"], sessions)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


# --- what would change ---------------------------------------------------------------------------


def differences(before: Record, directory: Directory) -> list[Difference]:
    """What families would see change from the directory's day on, series by series."""
    found: list[Difference] = []
    living: set[str] = set()
    places = _Places()
    for series in (*directory.series, *directory.private_series):
        identity = next(
            (one for one in (series.identity, *series.old_identities) if one in before.sessions), ""
        )
        living.add(identity)
        found += _of_series(series, identity, before, directory.today, places)
    for identity, dates in before.sessions.items():
        if identity in living:
            continue
        name = before.names.get(identity, identity)
        for planned, stood in dates.items():
            if stood.starts[:10] >= directory.today.isoformat():
                day = date.fromisoformat(planned)
                words = f"{_when(stood)} would be gone"
                found.append(Difference(identity, name, "", day, "removed", words))
    return found


def _of_series(
    series: Series, identity: str, before: Record, today: date, places: _Places
) -> Iterator[Difference]:
    stood = before.sessions.get(identity, {})
    path = "" if series.programme.sensitive else series.path
    stands = {session.planned.isoformat(): session for session in series.all_sessions}
    # A year more than was known is no news of a group that goes on.
    last = before.until if series.ongoing and identity else "9999"
    first = today.isoformat()
    for planned in sorted({*stood, *stands}):
        was, session = stood.get(planned), stands.get(planned)
        now = _stands(session, places) if session else None
        said = _said(was, now, planned, first, last)
        if said:
            day = date.fromisoformat(planned)
            yield Difference(series.identity, series.name, path, day, *said)


def _said(
    was: Stood | None, now: Stood | None, planned: str, first: str, last: str
) -> tuple[Kind, str] | None:
    if now is None:
        over = was is None or was.starts[:10] < first
        return None if over or was is None else ("removed", f"{_when(was)} would be gone")
    if max(now.starts[:10], planned) < first or was == now:
        return None
    if was is None:
        if planned > last:
            return None
        off = f", cancelled: {now.cancelled}" if now.cancelled else ""
        return "added", f"{_when(now)} is new{off}"
    if now.cancelled and not was.cancelled:
        return "cancelled", f"{_when(was)} is cancelled: {now.cancelled}"
    if was.cancelled and not now.cancelled:
        return "on again", f"{_when(now)} is on again"
    if now.cancelled:
        same = was.cancelled == now.cancelled
        return None if same else ("cancelled", f"{_when(was)} is cancelled: {now.cancelled}")
    words = f"{_when(was)} moves to {_when(now)}"
    if (was.starts, was.ends) == (now.starts, now.ends):
        words = f"{_when(was)} is held elsewhere"
    if was.place != now.place:
        words += f": {now.venue}"
    return "moved", words


def _when(stood: Stood) -> str:
    starts, ends = datetime.fromisoformat(stood.starts), datetime.fromisoformat(stood.ends)
    times = f"{clock_words(starts.time())} to {clock_words(ends.time())}"
    return f"{day_words(starts.date())}, {times}"


def counted(found: Iterable[Difference]) -> dict[Kind, int]:
    """How many dates of each kind."""
    totals: dict[Kind, int] = {}
    for one in found:
        totals[one.kind] = totals.get(one.kind, 0) + 1
    return totals
