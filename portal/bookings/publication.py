"""Publishes a Directory: its content becomes the newest generation, with the rules of its series.

A series' rule is a digest of what decides whether and when a place can be had. A process with older
content books what has the same rule in both, and nothing else.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Engine

from portal.bookings import creche
from portal.bookings.places import places_of
from portal.database import generations
from portal.database.generations import Generation, Stamps
from portal.directory import Directory, Series


def publish(
    engine: Engine,
    directory: Directory,
    entries: Stamps,
    *,
    built: datetime,
    now: datetime,
    publisher: str,
    back: bool = False,
) -> Generation:
    """Make this Directory the newest generation, as `generations.publish` does."""
    every = (*directory.series, *directory.private_series)
    rules = {series.identity: rule_of(series) for series in every}
    return generations.publish(
        engine,
        directory.edition,
        rules,
        entries,
        built=built,
        now=now,
        publisher=publisher,
        back=back,
    )


def rule_of(series: Series) -> str:
    """A digest of all that decides whether, when and where a place of a series can be had."""
    rule = [
        series.booking,
        series.book,
        places_of(series),
        creche.places_of(series),
        series.place_for,
        series.waiting_list,
        series.withdrawn,
        series.opens,
        series.booking_ends,
        series.programme.sensitive,
        *(
            (one.anchor, one.starts, one.ends, one.off, one.venue.identity)
            for one in series.all_sessions
        ),
    ]
    return hashlib.sha256(repr(rule).encode()).hexdigest()
