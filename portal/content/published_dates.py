"""Records the published dates, and lists the changes that families would see from new content.

A build records every session's dates in `var/`, never in the public folder, because sensitive
groups are included. Families and their calendars know a session by its planned date, so sessions
are matched by it: the same planned date at another time or place is a move, and a planned date that
has gone is a removal.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Literal

from portal import private_files
from portal.dependencies import from_last_build
from portal.directory import Directory, Series, Session, Venue
from portal.directory.values import clock_words, day_words

FILE = "published.json.gz"

_Fields = tuple[str, str, str, str, str, str]  # of `Published`

Kind = Literal["added", "moved", "cancelled", "postponed", "on again", "removed"]


@dataclass(frozen=True, slots=True)
class Published:
    """One session as published: start, end, venue, and the reason if it is off or postponed.

    A change in how the venue is written does not count, because it is the same place
    (`Venue.identity`).
    """

    starts: str
    ends: str
    place: str
    venue: str = field(compare=False)  # as it was written
    cancelled: str
    postponed: str  # its start and end are then those of the day it had


@dataclass(frozen=True, slots=True)
class Record:
    """The sessions that were published, by series and planned date, up to a day."""

    until: str
    names: Mapping[str, str]
    sessions: Mapping[str, Mapping[str, Published]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One date that would change for families."""

    series: str
    name: str
    path: str  # of its page; '' if it has none
    planned: date
    kind: Kind
    words: str


def record(directory: Directory) -> Record:
    """The dates in a directory from its day on."""
    every = (*directory.series, *directory.private_series)
    places = _Places()
    return Record(
        directory.feed_until.isoformat(),
        {one.identity: one.name for one in every},
        {
            one.identity: {
                planned: Published(*said)
                for planned, said in _dates(one, directory.today, places).items()
            }
            for one in every
        },
    )


def _dates(series: Series, today: date, places: _Places) -> dict[str, _Fields]:
    """What is published of each session from a day on, by planned date."""
    return {
        session.planned.isoformat(): _fields(session, places)
        for session in series.all_sessions
        if session.day >= today or session.planned >= today
    }


class _Places(dict[Venue, tuple[str, str]]):
    """Caches the identity and the address line of each venue: few venues, thousands of sessions."""

    def __missing__(self, venue: Venue) -> tuple[str, str]:
        said = self[venue] = venue.identity, venue.line
        return said


def _published(session: Session, places: _Places) -> Published:
    return Published(*_fields(session, places))


def _fields(session: Session, places: _Places) -> _Fields:
    return (
        session.starts.isoformat(),
        session.ends.isoformat(),
        *places[session.venue],
        session.cancelled or "",
        session.postponed or "",
    )


def keep(folder: Path, directory: Directory) -> None:
    """Save the record of what has been published."""
    write(folder, packed(directory))


def packed(directory: Directory) -> bytes:
    """The record as a file: a line with its last day, and one for each series, packed by itself.

    So a build packs only the series that are not as they were.
    """
    places, today = _Places(), directory.today

    def line(series: Series) -> bytes:
        return _packed([series.identity, series.name, _dates(series, today, places)])

    lines = (
        from_last_build(f"dates {today} {one.identity}", partial(line, one), bytes, bytes)
        for one in (*directory.series, *directory.private_series)
    )
    return b"".join((_packed(directory.feed_until.isoformat()), *lines))


def write(folder: Path, record: bytes) -> None:
    """Save a packed record."""
    private_files.write_file(folder / FILE, record)


def _packed(said: object) -> bytes:
    # A fast format: it is only read on this machine, and soon.
    return gzip.compress(f"{json.dumps(said)}\n".encode(), 1, mtime=0)


def kept(folder: Path) -> Record | None:
    """The record that the last build saved; None if there is none to read."""
    try:
        lines = gzip.decompress((folder / FILE).read_bytes()).splitlines()
        until, *every = map(json.loads, lines)
        if not isinstance(until, str):
            return None
        sessions = {
            identity: {planned: Published(*one) for planned, one in dates.items()}
            for identity, _, dates in every
        }
        return Record(until, {identity: name for identity, name, _ in every}, sessions)
    except (OSError, ValueError, TypeError, EOFError, AttributeError, zlib.error):
        return None


# --- changes -------------------------------------------------------------------------------------


def differences(before: Record, directory: Directory) -> list[Difference]:
    """The changes that families would see from the directory's day on, series by series."""
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
    # Dates beyond those known before are not news: the group simply continues.
    last = before.until if series.ongoing and identity else "9999"
    first = today.isoformat()
    for planned in sorted({*stood, *stands}):
        was, session = stood.get(planned), stands.get(planned)
        now = _published(session, places) if session else None
        said = _said(was, now, planned, first, last)
        if said:
            day = date.fromisoformat(planned)
            yield Difference(series.identity, series.name, path, day, *said)


def _said(
    was: Published | None, now: Published | None, planned: str, first: str, last: str
) -> tuple[Kind, str] | None:
    if now is None:
        over = was is None or was.starts[:10] < first
        return None if over or was is None else ("removed", f"{_when(was)} would be gone")
    if max(now.starts[:10], planned) < first or was == now:
        return None
    if was is None:
        if planned > last:
            return None
        off, reason = _off(now)
        return "added", f"{_when(now)} is new{f', {off}: {reason}' if off else ''}"
    off, reason = _off(now)
    if off:
        return None if _off(was) == (off, reason) else (off, f"{_when(was)} is {off}: {reason}")
    if _off(was)[0] and (was.cancelled or (was.starts, was.ends) == (now.starts, now.ends)):
        return "on again", f"{_when(now)} is on again"
    words = f"{_when(was)} moves to {_when(now)}"
    if (was.starts, was.ends) == (now.starts, now.ends):
        words = f"{_when(was)} is held elsewhere"
    if was.place != now.place:
        words += f": {now.venue}"
    return "moved", words


def _off(session: Published) -> tuple[Literal["cancelled", "postponed", ""], str]:
    """Whether a session is not held as published, and the reason."""
    if session.cancelled:
        return "cancelled", session.cancelled
    return ("postponed", session.postponed) if session.postponed else ("", "")


def _when(session: Published) -> str:
    starts, ends = datetime.fromisoformat(session.starts), datetime.fromisoformat(session.ends)
    times = f"{clock_words(starts.time())} to {clock_words(ends.time())}"
    return f"{day_words(starts.date())}, {times}"


def counted(found: Iterable[Difference]) -> dict[Kind, int]:
    """How many dates of each kind."""
    totals: dict[Kind, int] = {}
    for one in found:
        totals[one.kind] = totals.get(one.kind, 0) + 1
    return totals
