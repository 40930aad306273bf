"""Cancels or moves dates in content files, or takes that back, as an editor would write it.

What it hides: how `changes` of a series and `closures` of a centre say so. An entry keeps what an
editor wrote beside it, except what the new decision makes untrue: a date that is cancelled has no
other day or place. The file is read when the edit is made, so two people who change different dates
of one file lose nothing; whether the same date was changed meanwhile is seen from its entry
(`Written.seen`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from portal.directory.values import TimeRange
from portal.editing import rewriting
from portal.editing.files import Edit, digest_of, read
from portal.editing.rewriting import Value

CHANGES, CLOSURES = "changes", "closures"  # of a series, and of a centre
_HELD_OTHERWISE = ("moved_to", "venue")
_OFF = ("cancelled", "postponed")


@dataclass(frozen=True, slots=True)
class Written:
    """What a file says about one date, beside its rule."""

    fields: Mapping[str, Any]

    @property
    def cancelled(self) -> str:
        return str(self.fields.get("cancelled", ""))

    @property
    def postponed(self) -> str:
        return "" if "moved_to" in self.fields else str(self.fields.get("postponed", ""))

    @property
    def off(self) -> str:
        return self.cancelled or self.postponed

    @property
    def elsewhere(self) -> str:
        """'at Village Hall', or the area in which it is held instead."""
        place = self.fields.get("venue")
        if not isinstance(place, Mapping):
            return ""
        return f"at {place['name']}" if "name" in place else str(place.get("area", ""))

    @property
    def changed(self) -> bool:
        """Whether it is not held as planned."""
        return any(name in self.fields for name in (*_OFF, *_HELD_OTHERWISE))

    @property
    def moved(self) -> bool:
        return any(name in self.fields for name in _HELD_OTHERWISE)

    def says(self, fields: Mapping[str, Value | None]) -> bool:
        """Whether a decision is written already, as after a second press of its button."""
        return all(self.fields.get(name) == value for name, value in fields.items())

    @property
    def seen(self) -> str:
        """Identifies what is written, to notice that somebody else has changed it."""
        return digest_of(json.dumps(self.fields, sort_keys=True, default=str))[:32]


@dataclass(frozen=True, slots=True)
class DateChange:
    """The entry of one date in a file, and the fields that it gets."""

    path: str
    date: str
    fields: Mapping[str, Value | None]  # None takes a field away
    field: str = CHANGES


def written(root: Path, path: str, day: str, field: str = CHANGES) -> Written:
    """What the file on disk says about a date. Raises EditingError and RewritingError."""
    text, _ = read(root, path)
    return Written(rewriting.entry_of(text, field, ("date", day)))


def cancelled(before: Written, reason: str) -> dict[str, Value | None]:
    """The fields of a date that is cancelled. The words about a move go with the move."""
    return {**_without_move(before), "postponed": None, "cancelled": reason}


def postponed(before: Written, reason: str) -> dict[str, Value | None]:
    """The fields of a date that has no new day yet."""
    return {**_without_move(before), "cancelled": None, "postponed": reason}


def moved(
    planned: str,
    *,
    day: date | None = None,
    times: TimeRange | None = None,
    venue: Mapping[str, str] | None = None,
    note: str = "",
) -> dict[str, Value | None]:
    """The fields of a date that is held on another day, at another time or in another place."""
    to = (day.isoformat() if day else planned) if day or times else None
    if to and times:
        to = f"{to} {times.starts:%H:%M}-{times.ends:%H:%M}"
    place = dict(venue) if venue else None
    return {**dict.fromkeys(_OFF), "moved_to": to, "venue": place, "note": note or None}


def taken_back(note: str = "") -> dict[str, Value | None]:
    """The fields of a date that is held as it was planned."""
    return {**dict.fromkeys((*_OFF, *_HELD_OTHERWISE)), "note": note or None}


def _without_move(before: Written) -> dict[str, Value | None]:
    fields: dict[str, Value | None] = dict.fromkeys(_HELD_OTHERWISE)
    return {**fields, "note": None} if before.moved else fields


def edits_for(root: Path, changes: Iterable[DateChange]) -> list[Edit]:
    """The edits of the files as they are on disk now. Raises EditingError and RewritingError."""
    edits: dict[str, Edit] = {}
    for change in changes:
        if change.path in edits:
            text, base = str(edits[change.path].text), edits[change.path].base
        else:
            text, base = read(root, change.path)
        key = "date", change.date
        fields = {**rewriting.entry_of(text, change.field, key), **change.fields}
        if any(value is not None for name, value in fields.items() if name != "date"):
            text = rewriting.with_entry(text, change.field, key, change.fields)
        else:
            text = rewriting.without_entry(text, change.field, key)
        edits[change.path] = Edit(change.path, text, base)
    return list(edits.values())
