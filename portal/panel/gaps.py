"""Gaps in Service: what a practitioner needed for a family and no local service offered.

Nothing in a report names a family. The same key stores a report only once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from portal.database import insert_once, note, write
from portal.database.rate_limits import Allowance
from portal.database.tables import gap


@dataclass(frozen=True)
class Gap:
    """A need that no local service meets (Gap in Service). Nothing in it names a family."""

    district: str
    needs: tuple[str, ...]
    wanted: str
    tried: str
    pounds: int | None
    name: str
    organisation: str
    email: str


def report(
    engine: Engine, found: Gap, *, key: str, now: datetime, allowance: Allowance | None = None
) -> str:
    """Store a practitioner's Gap in Service form, once for each key. Returns its reference.

    Each new report counts towards its `allowance`. Raises TooOften.
    """

    def work(connection: Connection) -> str:
        reference, fresh = insert_once(
            connection,
            gap,
            key,
            district=found.district,
            needs=list(found.needs),
            wanted=found.wanted,
            tried=found.tried,
            pounds=found.pounds,
            name=found.name,
            organisation=found.organisation,
            email=found.email,
            created=now,
        )
        if fresh:
            if allowance is not None:
                allowance.take(connection, now)
            note(connection, now, "professional", "gap", detail_reference=reference)
        return reference

    return write(engine, work)
