"""The hand-counted sample: two quarters of an invented county, in the files of `hand_counted/`.

The files were written once. They are loaded as rows, in one transaction: through the forms and
rules of bookings it would take some seconds, and no rule lets a test make a booking of last summer.
`test_counted_through_the_rules` counts a few that go through the rules.
"""

from __future__ import annotations

import csv
import hashlib
from datetime import date, datetime, time
from pathlib import Path

from sqlalchemy import Engine, insert

from portal import database
from portal.database import tables
from portal.directory import Centre, Directory, Footprint, Programme
from portal.directory.values import LONDON
from portal.reports.facts import Facts, count
from tests.support import made
from tests.support.databases import new_sqlite

FOLDER = Path(__file__).parent / "hand_counted"
NOW = datetime(2027, 1, 5, 9, tzinfo=LONDON)
QUARTERS = ("2026-Q3", "2026-Q4")


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def directory() -> Directory:
    """The county of the sample, without its series: they have left the content."""
    districts: dict[str, list[dict[str, str]]] = {}
    centres = []
    for number, row in enumerate(rows("centres")):
        known = districts.setdefault(row["footprint"], [])
        if not any(one["slug"] == row["district"] for one in known):
            known.append(
                {
                    "slug": row["district"],
                    "title": row["district"].capitalize(),
                    "code": f"E070001{number:02}",
                    "latitude": "53.7",
                    "longitude": "-2.7",
                }
            )
        fields = {
            "title": row["centre"].replace("-", " ").capitalize(),
            "kind": "children's centre",
            "district": row["district"],
        }
        centres.append(Centre.model_validate(fields).link(slug=row["centre"]))
    programmes = []
    for row in rows("programmes"):
        fields = {
            "title": row["programme"].replace("-", " ").capitalize(),
            "summary": "For families.",
            "offer": row["offer"],
            "kind": "group",
            "booking": "request" if row["sensitive"] == "yes" else "book",
            "outcomes": row["outcomes"].split(),
            "needs": row["needs"].split(),
            "sensitive": row["sensitive"],
            **({"level": row["level"]} if row["level"] else {}),
        }
        programmes.append(Programme.model_validate(fields).link(slug=row["programme"]))
    footprints = tuple(
        Footprint.model_validate({"slug": slug, "title": slug.capitalize(), "districts": some})
        for slug, some in districts.items()
    )
    return made.directory().model_copy(
        update={
            "footprints": footprints,
            "centres": tuple(centres),
            "programmes": tuple(programmes),
            "series": (),
            "private_series": (),
        }
    )


def moment(text: str) -> datetime | None:
    return datetime.combine(date.fromisoformat(text), time(12), LONDON) if text else None


def fill(engine: Engine) -> None:
    """Write the sample into an empty database."""
    database.write(engine, _fill)


def facts(file: Path) -> dict[str, Facts]:
    """The facts of both quarters, by quarter, from a new database at this path."""
    engine = database.connect(new_sqlite(file))
    fill(engine)
    found = {quarter: count(engine, directory(), quarter, NOW) for quarter in QUARTERS}
    engine.dispose()
    return found


def digest(number: int, what: str) -> bytes:
    return hashlib.sha256(f"{what} {number}".encode()).digest()


class _Books:
    """The rows of bookable things and bookings, numbered as they come."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, str], int] = {}
        self.bookings: list[dict[str, object]] = []

    def add(self, series: str, planned: str, status: str, way: str, **given: object) -> int:
        thing = self.things.setdefault((series, planned), len(self.things) + 1)
        number = len(self.bookings) + 1
        fixed = {
            "id": number, "bookable_id": thing, "reference": f"R{number:08}",
            "key_hash": digest(number, "key"), "link_hash": digest(number, "link"),
            "link_nonce": digest(number, "nonce")[:16], "calendar_id": f"{number:032x}",
            "revision": 0, "status": status, "way": way, "people": 1, "places": 1, "passed": 0,
            "twin": False, "was": "", "placed": None,
        }  # fmt: skip
        self.bookings.append(fixed | given)
        return number


def _fill(connection) -> None:
    centres = {row["centre"]: row for row in rows("centres")}
    programmes = {row["programme"]: row for row in rows("programmes")}
    series = {row["series"]: row for row in rows("series")}
    records = []
    for row in rows("sessions"):
        of = series[row["series"]]
        programme, centre = programmes[of["programme"]], centres[of["centre"]]
        records.append(
            {
                "series": row["series"], "planned": row["planned"], "day": row["day"],
                "minutes": int(row["minutes"]), "held": row["held"] == "yes",
                "places": int(row["places"]) if row["places"] else None,
                "programme": of["programme"], "centre": of["centre"],
                "district": centre["district"], "footprint": centre["footprint"],
                "offer": programme["offer"], "level": programme["level"],
                "outcomes": [int(one) for one in programme["outcomes"].split()],
                "needs": programme["needs"].split(),
                "sensitive": programme["sensitive"] == "yes", "changed": NOW,
            }
        )  # fmt: skip
    books, marks, cases, outcomes = _Books(), [], [], []
    for row in rows("bookings"):
        number = books.add(
            row["series"], row["planned"], row["status"], row["way"],
            places=int(row["places"]), was=row["was"], created=moment(row["made"]),
            changed=moment(row["changed"] or row["made"]), placed=moment(row["placed"]),
        )  # fmt: skip
        for mark in row["marks"].split():
            planned, _, what = mark.partition("=")
            marks.append((number, planned, what))
    for row in rows("cases"):
        centre = f"/{row['centre']}" if row["centre"] else ""
        district = f"@{row['district']}" if row["district"] else ""
        asked = f"programme:family-support{centre if district else ''}{district}"
        declined = row["declined"] == "yes"
        ended = "declined" if declined else "cancelled"
        number = books.add(
            asked, "", ended if row["closed"] else "requested", "request",
            created=moment(row["received"]), changed=moment(row["closed"] or row["received"]),
            was="requested" if row["closed"] else "",
        )  # fmt: skip
        state = "declined" if declined else "closed" if row["closed"] else "new"
        if state == "new" and row["allocated"]:
            state = "working" if row["starts"] else "allocated"
        cases.append(
            {
                "id": int(row["case"]), "booking_id": number, "centre": row["centre"],
                "footprint": "", "state": state, "level": int(row["level"] or 0) or None,
                "worker_id": 1 if row["allocated"] else None, "received": moment(row["received"]),
                "allocated": moment(row["allocated"]), "starts": row["starts"],
                "closed": moment(row["closed"]), "close_reason": row["reason"],
                "version": 0, "changed": NOW,
            }
        )  # fmt: skip
        if row["after"]:
            scores = {"score_before": int(row["before"]), "score_after": int(row["after"])}
            outcomes.append({"case_id": int(row["case"]), "outcome": 2, **scores})
    things = [
        {
            "id": number, "series": name, "planned": planned, "places": 99, "allowed": 99,
            "held": 0, "waiting": 0, "last_number": 0,
        }
        for (name, planned), number in books.things.items()
    ]  # fmt: skip
    connection.execute(insert(tables.session_record), records)
    connection.execute(insert(tables.bookable), things)
    connection.execute(insert(tables.booking), books.bookings)
    connection.execute(
        insert(tables.attendance),
        [
            {"booking_id": n, "planned": planned, "mark": mark, "version": 1, "changed": NOW}
            for n, planned, mark in marks
        ],
    )
    connection.execute(
        insert(tables.walk_in),
        [
            {
                "series": row["series"], "planned": row["planned"],
                "families": int(row["families"]), "children": 1, "adults": 1, "version": 1,
                "changed": NOW,
            }
            for row in rows("walk_ins")
        ],
    )  # fmt: skip
    connection.execute(
        insert(tables.contact_count),
        [row | {"number": int(row["number"])} for row in rows("contacts")],
    )
    connection.execute(insert(tables.support_case), cases)
    connection.execute(insert(tables.case_outcome), outcomes)
    _fill_panels(connection)
    _fill_staff(connection)


def _fill_panels(connection) -> None:
    gaps = []
    for number, row in enumerate(rows("gaps"), 1):
        gaps.append(
            {
                "id": number, "key_hash": digest(number, "gap"), "reference": f"G{number:08}",
                "district": row["district"], "needs": [], "wanted": "", "tried": "", "name": "",
                "organisation": "", "email": "", "created": moment(row["created"]),
                "state": row["state"],
            }
        )  # fmt: skip
    connection.execute(insert(tables.gap), gaps)
    issues: dict[str, int] = {}
    for row in rows("projects"):
        if row["district"] not in issues:
            number = issues[row["district"]] = len(issues) + 1
            connection.execute(
                insert(tables.theme_issue).values(
                    id=number, panel=row["district"], theme="transport", state="project",
                    raised=NOW, version=0,
                )
            )  # fmt: skip
            connection.execute(
                insert(tables.project).values(
                    id=number, issue_id=number, title="A project", provider="Somebody", pounds=0,
                    outcomes=[], targets={}, starts="2026-07-01", ends="2026-12-31", created=NOW,
                )
            )  # fmt: skip
        numbers = dict.fromkeys(tables.PROJECT_NUMBERS, 0) | {"families": int(row["families"])}
        connection.execute(
            insert(tables.project_report).values(
                project_id=issues[row["district"]], quarter=row["quarter"], version=0,
                changed=NOW, **numbers,
            )
        )  # fmt: skip


def _fill_staff(connection) -> None:
    """Workers of centres: one of two districts, one who left in August, one who came in October."""
    for number, (role, centres, created, removed) in enumerate(
        (
            ("worker", ["mill-lane", "bank-top"], "2026-01-05", ""),
            ("worker", ["mill-lane"], "2026-01-05", "2026-08-10"),
            ("worker", ["sea-view"], "2026-10-12", ""),
            ("editor", ["mill-lane"], "2026-01-05", ""),
        ),
        1,
    ):
        connection.execute(
            insert(tables.staff).values(
                name=f"worker{number}@example.org", title=f"Worker {number}", role=role,
                centres=centres, created=moment(created), removed=moment(removed),
            )
        )  # fmt: skip
