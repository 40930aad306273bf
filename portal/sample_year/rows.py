"""Rows of an invented year, collected by table with their numbers, and inserted at once.

A family is a booking without a person where its details would have been erased by now. Others are
called "Sample family", ask for no messages and have no address: nothing is ever sent to them.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import Connection, Table

from portal.database.references import digest_of, new_link, new_reference
from portal.database.tables import HOLDING, bookable, booking, need, person

_AT_ONCE = 500
_AGES = ("under 1", "1", "2", "3", "4", "6", "8", "10", "12", "14", "15")
_ACCESS = ("Step-free entrance", "A quiet place to sit", "Large print")


@dataclass(slots=True)
class Rows:
    """The rows of all tables. `kept_from`: families of bookings that ended earlier are erased."""

    secret: str
    chance: Random
    kept_from: datetime
    tables: dict[Table, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    references: set[str] = field(default_factory=set)

    def add(self, table: Table, **values: Any) -> None:
        self.tables[table].append(values)

    def thing(self, series: str, planned: str, places: int) -> dict[str, Any]:
        """A row of `bookable`; `book` counts the places that are held."""
        rows = self.tables[bookable]
        rows.append(
            {
                "id": len(rows) + 1,
                "series": series,
                "planned": planned,
                "places": places,
                "allowed": places,
                "held": 0,
                "waiting": 0,
                "last_number": 0,
            }
        )
        return rows[-1]

    def book(
        self,
        thing: dict[str, Any],
        *,
        status: str,
        way: str,
        created: datetime,
        changed: datetime,
        ends: datetime | None,
        people: int = 1,
        places: int = 1,
        number: int | None = None,
        was: str = "",
    ) -> int:
        """A booking, and its family if that is still known. Returns its number."""
        nonce = secrets.token_bytes(16)
        rows = self.tables[booking]
        rows.append(
            {
                "id": len(rows) + 1,
                "bookable_id": thing["id"],
                "reference": self._reference(),
                "key_hash": secrets.token_bytes(32),
                "link_nonce": nonce,
                "link_hash": digest_of(new_link(self.secret, nonce)),
                "calendar_id": secrets.token_hex(16),
                "revision": 0,
                "status": status,
                "way": way,
                "people": people,
                "places": places,
                "number": number,
                "passed": 0,
                "offered_until": None,
                "twin": False,
                "created": created,
                "changed": changed,
                "ends": ends,
                "placed": changed if status == "confirmed" and changed > created else None,
                "reason": "",
                "was": was,
                "moved_from": None,
            }
        )
        thing["held"] += places if status in HOLDING else 0
        thing["waiting"] += status == "waiting"
        thing["last_number"] = max(thing["last_number"], number or 0)
        known_until = ends if status in (*HOLDING, "requested", "waiting") else changed
        if known_until is None or known_until >= self.kept_from:
            self._family(rows[-1]["id"], people)
        return int(rows[-1]["id"])

    def _reference(self) -> str:
        while (reference := new_reference()) in self.references:
            pass
        self.references.add(reference)
        return reference

    def _family(self, number: int, people: int) -> None:
        ages = [self.chance.choice(_AGES) for _ in range(max(1, people - 1))]
        self.add(
            person,
            booking_id=number,
            name=f"Sample family {number}",
            email=None,
            phone=None,
            contact_by="none",
            safe_to_contact=True,
            full_texts=False,
            contact_hash=None,
            children=ages,
            notes="",
            answers={},
            remark="",
        )
        if self.chance.random() < 0.08:
            self.add(need, booking_id=number, access=self.chance.choice(_ACCESS), language="")

    def insert(self, connection: Connection, order: Sequence[Table]) -> Mapping[str, int]:
        """Insert all rows, tables in this order. Returns how many by the table's name."""
        if missing := set(self.tables) - set(order):
            raise ValueError(f"no order is given for {sorted(one.name for one in missing)}")
        for table in order:
            rows = self.tables[table]
            for start in range(0, len(rows), _AT_ONCE):
                connection.execute(table.insert(), rows[start : start + _AT_ONCE])
        return {table.name: len(self.tables[table]) for table in order}
