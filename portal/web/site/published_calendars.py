"""Remembers the published calendars: their addresses, and the stamps of each series.

Two promises need a memory. A revision number (SEQUENCE) never falls, although a shallow clone, a
copy without a history or an older commit may give earlier times; and an address that was published
answers for ever. What was published is read from the public folder itself, and from a record in
`var/`, which also knows sensitive series: families that booked them have entries too. Either may be
missing, or older than what another machine has published: the database, where it is at hand, knows
the latest stamps of all. Without any, a build stamps entries from the content alone.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from portal import private_files
from portal.dependencies import Reads, note
from portal.directory import Directory, Panel, Series, TextFile
from portal.feeds import board_meetings, panel_meetings
from portal.feeds.calendar_entries import FIRST_REVISION, Entry, entries_in, revision_of, uid_of
from portal.feeds.calendars import calendars_of, closed_for_good
from portal.web.site.atomic_folder import ours
from portal.web.site.build_state import marker_of
from portal.web.site.freezer import Made
from portal.web.site.last_site import LastSite

FILE = "published-calendars.json"
_EVERYTHING = "calendar.ics"  # the feed that holds every public series

_ENTRY = re.compile(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", re.DOTALL)
_STAMPS = re.compile(rb"^(?:DTSTAMP|LAST-MODIFIED|SEQUENCE):.*\r\n", re.MULTILINE)
# A single date has the UID of its series behind its own planned date.
_UID = re.compile(r"^UID:(?:\d{4}-\d\d-\d\d\.)?(.+)\r$", re.MULTILINE)
_SEQUENCE = re.compile(rb"^SEQUENCE:(\d+)\r$", re.MULTILINE)
_MODIFIED = re.compile(rb"^LAST-MODIFIED:(\d{8}T\d{6})Z\r$", re.MULTILINE)

# Entries that are published several times within a minute get times that far ahead of their file.
_AHEAD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Stamp:
    """When the entries of a series last changed, and a digest of the rest of what they say."""

    changed: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class PublishedCalendars:
    """The stamps by UID of the series, and the addresses of all calendars."""

    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    addresses: frozenset[str] = frozenset()


def read(out: Path | None, var: Path) -> PublishedCalendars:
    """What the last build published; `out` is its folder, if there is one."""
    kept, marker = _kept(var)
    if out is None or (marker and marker == _marker(out)):  # the record is of this very site
        return kept
    stamps = dict(kept.stamps)
    for uid, stamp in _stamps_in(out / _EVERYTHING):
        if uid not in stamps or stamps[uid].changed <= stamp.changed:
            stamps[uid] = stamp
    return PublishedCalendars(stamps, kept.addresses.union(_addresses_in(out)))


def of_site(
    out: Path, var: Path, given_out: Mapping[str, Stamp] | None = None
) -> PublishedCalendars:
    """The same, if this folder has a site of ours, with the later stamps of other machines."""
    found = read(out if ours(out) else None, var)
    stamps = dict(found.stamps)
    for uid, stamp in (given_out or {}).items():
        if uid not in stamps or stamps[uid].changed <= stamp.changed:
            stamps[uid] = stamp
    return PublishedCalendars(stamps, found.addresses)


def keep(var: Path, published: PublishedCalendars, out: Path | None = None) -> None:
    """Save what is published now, which is all that the site in the folder `out` holds."""
    stamps = published.stamps.items()
    record = {
        "stamps": {uid: [one.changed.isoformat(), one.digest] for uid, one in stamps},
        "addresses": sorted(published.addresses),
        "marker": _marker(out) if out else None,
    }
    private_files.write_file(var / FILE, f"{json.dumps(record)}\n".encode())


def hold(
    directory: Directory,
    published: PublishedCalendars,
    digest_of: Callable[[Series], str] = lambda _: "",
) -> tuple[Mapping[str, Stamp], Sequence[TextFile | Panel]]:
    """Give each series a time of change that its published entries allow, and each closed centre.

    `digest_of` gives the digest of the entries of a series where it is known to be the same as in
    the last build, and '' where the entries have to be made.

    If it says the same as before, it keeps the published time when the content gives an earlier
    one; if it says something else, it gets a later one. Where commits are missing, the content
    cannot say when something changed: what says the same then keeps the published time in any case.

    Returns all stamps, with those of series that are gone, which may come back; and the series and
    centres to which the content alone would have given a time that is much earlier.
    """
    stamps = dict(published.stamps)
    earlier: list[TextFile | Panel] = []
    for noun, uid, now in _given(directory, digest_of):
        stamps[uid] = now
        was = published.stamps.get(uid)
        if was is None:
            continue
        changed = _allowed(now, was, whole=directory.whole_history)
        if changed != now.changed:
            noun.link(changed=changed)
            stamps[uid] = Stamp(changed, now.digest)
        if now.changed < was.changed - _AHEAD:
            earlier.append(noun)
    return stamps, earlier


def warning(directory: Directory, earlier: Sequence[TextFile | Panel]) -> str:
    """The words about these files for the person who builds; '' if there are none."""
    if not earlier:
        return ""
    first, more = earlier[0].source, len(earlier) - 1
    files = first if not more else f"{len(earlier)} files, such as {first},"
    words = (
        f"This copy of the content says that {files} changed before the calendar entries were "
        "published. The entries keep the times of change that calendars already have."
    )
    if directory.whole_history:
        return words
    return f"{words} Its history is not complete: in a shallow clone, run 'git fetch --unshallow'."


def _given(
    directory: Directory, digest_of: Callable[[Series], str]
) -> Iterator[tuple[TextFile | Panel, str, Stamp]]:
    """The stamps that the content gives to series, closed centres, Resource Panels and boards."""
    calendars = calendars_of(directory)
    for series in (*directory.series, *directory.private_series):
        digest = digest_of(series) or entries_digest(directory, series)
        yield series, uid_of(series, directory.site), Stamp(calendars.changed(series), digest)
    for centre in closed_for_good(directory):
        entry = calendars.closed(centre)
        digest = _digest([entry.data], private=False)
        yield centre, entry.uid, Stamp(calendars.closing_changed(centre), digest)
    for district in directory.districts:
        if panel := district.panel:
            entries = (entry.data for entry in panel_meetings.entries(district, directory.site))
            changed = panel.changed.astimezone(UTC)
            uid = panel_meetings.uid_of(district, directory.site)
            yield panel, uid, Stamp(changed, _digest(entries, private=False))
    for board in directory.boards:
        entries = (entry.data for entry in board_meetings.entries(board, directory.site))
        uid = board_meetings.uid_of(board, directory.site)
        yield board, uid, Stamp(board.changed.astimezone(UTC), _digest(entries, private=False))


def _allowed(now: Stamp, was: Stamp, *, whole: bool) -> datetime:
    if now.digest == was.digest:
        return max(now.changed, was.changed) if whole else was.changed
    if revision_of(now.changed) > revision_of(was.changed):
        return now.changed
    return was.changed + timedelta(minutes=1)


# --- digests --------------------------------------------------------------------------------------


def _digest(entries: Iterable[bytes], *, private: bool) -> str:
    """A digest of entries without their stamps, in any order."""
    digest = blake2b(b"private" if private else b"", digest_size=16)
    for text in sorted(_STAMPS.sub(b"", entry) for entry in entries):
        digest.update(text)
    return digest.hexdigest()


def entries_digest(directory: Directory, series: Series) -> str:
    """A digest of the entries of a series but for when they changed."""
    entries = (entry.data for entry in calendars_of(directory).entries(series))
    return _digest(entries, private=series.programme.sensitive)


# --- the entries of the last site -----------------------------------------------------------------

_DATE = re.compile(r"\d{4}-\d\d-\d\d\.")  # before the UID of a series, in that of a single date


class EarlierEntries:
    """The entries of series whose calendars are `kept` from the last site.

    They come from the one calendar that has those of all series: to open thousands of small files
    takes five times as long.
    """

    def __init__(self, kept: Mapping[str, Made], last: LastSite) -> None:
        self._kept, self._last = kept, last
        self._by_uid: dict[str, list[Entry]] | None = None

    def of(self, series: Series, uid: str) -> tuple[Entry, ...] | None:
        """The entries of a series, whose UID this is; None if they have to be made again."""
        made = self._kept.get(f"{series.path}calendar.ics")
        if made is None:
            return None
        if self._by_uid is None:
            self._by_uid = self._read()
        entries = self._by_uid.get(uid)
        if entries is None:
            calendar = self._last.read(made.name)
            if calendar is None:
                return None
            entries = list(entries_in(calendar))
        note(Reads(made.reads))
        return tuple(entries)

    def _read(self) -> dict[str, list[Entry]]:
        """All entries, by the UID of their series."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries_in(self._last.read(_EVERYTHING) or b""):
            # The entry of a closed centre may have the UID of a series.
            if not entry.uid.startswith("closed."):
                found[_DATE.sub("", entry.uid, count=1)].append(entry)
        return dict(found)


# --- the published folder -------------------------------------------------------------------------


def _addresses_in(out: Path) -> Iterator[str]:
    """The addresses of the calendars in a published folder."""
    root = os.fspath(out)
    for folder, _, names in os.walk(root):  # a third of the time of `Path.rglob`
        at = folder.removeprefix(root)
        yield from (f"{at}/{name}" for name in names if name.endswith(".ics"))


def _stamps_in(calendar: Path) -> Iterator[tuple[str, Stamp]]:
    """The stamps of each series in a published file; nothing if there is none to read."""
    try:
        data = calendar.read_bytes()
    except OSError:
        return
    entries: dict[str, list[bytes]] = defaultdict(list)
    for text in _ENTRY.findall(data):
        uid = _UID.search(text.replace(b"\r\n ", b"").decode("utf-8", "replace"))
        if uid and _SEQUENCE.search(text) and _MODIFIED.search(text):
            entries[uid[1]].append(text)
    for name, texts in entries.items():
        yield name, Stamp(max(map(_changed, texts)), _digest(texts, private=False))


def _changed(entry: bytes) -> datetime:
    modified, sequence = _MODIFIED.search(entry), _SEQUENCE.search(entry)
    if modified is None or sequence is None:
        return FIRST_REVISION
    written = datetime.strptime(modified[1].decode(), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return max(written, FIRST_REVISION + timedelta(minutes=int(sequence[1])))


def _marker(out: Path) -> list[int] | None:
    try:
        return marker_of(out)
    except OSError:
        return None


def _kept(var: Path) -> tuple[PublishedCalendars, object]:
    """The record, and the state of the marker of the site that it was written for."""
    try:
        record = json.loads((var / FILE).read_bytes())
        stamps = {
            uid: Stamp(datetime.fromisoformat(changed), digest)
            for uid, (changed, digest) in record["stamps"].items()
        }
        return PublishedCalendars(stamps, frozenset(record["addresses"])), record.get("marker")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return PublishedCalendars(), None
