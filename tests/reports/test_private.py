"""S105: nothing of a sensitive programme, and not where it meets, can be read from the tables."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, insert

from portal import database
from portal.database import tables
from portal.directory.measures import COUNTY, PRIVATE
from portal.reports.facts import Facts, count, count_in
from portal.reports.report import cube_of
from tests.reports import sampled
from tests.reports.sampled import NOW

CENTRES = [row["centre"] for row in sampled.rows("centres")]
FAMILIES = 13


def planted(connection, centre: str, programme: str) -> None:
    """A series at a centre, with families, walk-ins, contacts, waits, refusals and cases."""
    places = {row["centre"]: row for row in sampled.rows("centres")}
    series, district, footprint = (
        f"{centre}/planted",
        places[centre]["district"],
        places[centre]["footprint"],
    )
    days = [(date(2026, 10, 6) + timedelta(weeks=week)).isoformat() for week in range(8)]
    one = {
        "series": series, "minutes": 90, "held": True, "places": 12, "programme": programme,
        "centre": centre, "district": district, "footprint": footprint, "offer": "families",
        "level": "targeted", "outcomes": [1], "needs": ["domestic-abuse"],
        "sensitive": programme == "quiet-room", "changed": NOW,
    }  # fmt: skip
    connection.execute(
        insert(tables.session_record), [{**one, "planned": day, "day": day} for day in days]
    )
    visits = {"families": 6, "children": 0, "adults": 0, "version": 1, "changed": NOW}
    connection.execute(
        insert(tables.walk_in), [{"series": series, "planned": day, **visits} for day in days]
    )
    spoken = {"series": series, "kind": "parents", "band": "", "number": 9}
    connection.execute(insert(tables.contact_count), [{**spoken, "planned": day} for day in days])
    connection.execute(
        insert(tables.bookable).values(
            id=9000, series=series, planned="", places=99, allowed=99, held=0, waiting=0,
            last_number=0,
        )
    )  # fmt: skip
    families = range(FAMILIES + 2)
    connection.execute(
        insert(tables.booking),
        [
            {
                "id": 9000 + at, "bookable_id": 9000, "reference": f"P{at:08}",
                "key_hash": sampled.digest(at, "planted key"), "passed": 0, "twin": False,
                "link_hash": sampled.digest(at, "planted link"),
                "link_nonce": sampled.digest(at, "planted nonce")[:16],
                "calendar_id": f"p{at:031}", "revision": 0, "way": "book", "people": 1,
                "places": 1, "status": "confirmed" if at < FAMILIES else "declined",
                "was": "" if at < FAMILIES else "requested",
                "created": sampled.moment("2026-09-20"), "changed": sampled.moment("2026-10-10"),
                "placed": sampled.moment("2026-10-02") if at % 3 == 0 else None,
            }
            for at in families
        ],
    )  # fmt: skip
    connection.execute(
        insert(tables.support_case),
        [
            {
                "booking_id": 9000 + at, "footprint": footprint, "centre": centre,
                "state": "closed", "close_reason": "down", "starts": "2026-10-08", "level": 2,
                "received": sampled.moment("2026-10-07"),
                "allocated": sampled.moment("2026-10-07"),
                "closed": sampled.moment("2026-12-01"), "version": 0, "changed": NOW,
            }
            for at in families
        ],
    )  # fmt: skip


@pytest.mark.slow
def test_a_private_group_leaves_no_trace_where_it_meets(sqlite: Engine) -> None:
    """S105: a private group is planted in each centre in turn: all tables stay the same, byte for
    byte, but the county's one line, and that line is the same whichever centre it is."""
    sampled.fill(sqlite)
    county = sampled.directory()
    before = cube_of(count(sqlite, county, "2026-Q4", NOW), county, NOW)
    assert PRIVATE not in before.areas[COUNTY]  # fewer than 10 families
    without = before.text()
    lines = set()
    for centre in CENTRES:
        cube = cube_of(_with_planted(sqlite, county, centre), county, NOW)
        line = cube.areas[COUNTY].pop(PRIVATE)
        lines.add(str(line))
        assert cube.text() == without, centre
    assert len(lines) == 1
    assert list(line) == ["booked"]
    assert line["booked"].partial
    assert line["booked"].number % 10 == 0


def _with_planted(engine: Engine, county, centre: str, programme: str = "quiet-room") -> Facts:
    """The facts with a private group planted at a centre, which is then taken back."""
    found = []

    def work(connection) -> None:
        planted(connection, centre, programme)
        found.append(count_in(connection, county, "2026-Q4", NOW))
        raise _Undone

    with pytest.raises(_Undone):
        database.write(engine, work)
    return found[0]


class _Undone(Exception):
    """Takes back what a transaction wrote."""


def test_a_planted_public_group_is_seen(sqlite: Engine) -> None:
    """S105: the same group of a programme that is not sensitive changes the tables of its
    district, so the test above can fail."""
    sampled.fill(sqlite)
    county = sampled.directory()
    without = cube_of(count(sqlite, county, "2026-Q4", NOW), county, NOW)
    cube = cube_of(_with_planted(sqlite, county, "sea-view", "cook-well"), county, NOW)
    assert cube.areas["district:wyre"] != without.areas["district:wyre"]
