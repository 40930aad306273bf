"""The exact facts of two quarters, beside plain arithmetic over the files of the sample.

Nothing of `portal.reports` helps to make what is expected here. Some totals were counted by hand,
line by line in the files, and stand as numbers.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest
from sqlalchemy import Engine

from portal.directory.measures import COUNTY, MEASURE
from portal.directory.quarterly import Cube
from portal.reports.blocks import GROUPS
from portal.reports.facts import Facts, total
from portal.reports.report import cube_of, new_edition
from tests.reports import sampled
from tests.reports.sampled import NOW, QUARTERS, rows

SPANS = {"2026-Q3": ("2026-07-01", "2026-09-30"), "2026-Q4": ("2026-10-01", "2026-12-31")}
PRIVATE_NEEDS = ("domestic-abuse", "neglect", "sexual-exploitation", "risk-taking")

Expected = dict[tuple[str, str, str], float]  # by area, line and measure


@pytest.fixture(scope="module")
def counted(tmp_path_factory) -> dict[str, Facts]:
    return sampled.facts(tmp_path_factory.mktemp("counted") / "portal.db")


# --- plain arithmetic ----------------------------------------------------------------------------


def expected(quarter: str) -> tuple[Expected, int]:
    """All sums that are not 0, and the families of sensitive programmes."""
    first, last = SPANS[quarter]
    centres = {row["centre"]: row for row in rows("centres")}
    programmes = {row["programme"]: row for row in rows("programmes")}
    series = {row["series"]: row for row in rows("series")}
    footprints = {row["district"]: row["footprint"] for row in rows("centres")}
    sums: Expected = defaultdict(float)
    seen: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    private = 0

    def areas(district: str) -> list[str]:
        if not district:
            return ["county"]
        return ["county", f"footprint:{footprints[district]}", f"district:{district}"]

    def lines(programme: str, level: str = "") -> list[str]:
        found = ["all"]
        if programme:
            row = programmes[programme]
            found += [f"programme:{programme}", f"offer:{row['offer']}"]
            found.append(f"level:{row['level'] or 'none'}")
            found += [f"outcome:{one}" for one in row["outcomes"].split()]
            needs = {"private" if n in PRIVATE_NEEDS else n for n in row["needs"].split()}
            found += [f"need:{one}" for one in needs]
        if level:
            found.append(f"case-level:{level}")
        return found

    def add(district: str, programme: str, measure: str, number: float, level: str = "") -> None:
        for area in areas(district):
            for line in lines(programme, level):
                sums[area, line, measure] += number

    def within(day: str) -> bool:
        return bool(day) and first <= day <= last

    held: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows("sessions"):
        if not within(row["day"]):
            continue
        of = series[row["series"]]
        if row["held"] == "yes":
            held[row["series"]][row["planned"]] = row["day"]
        if programmes[of["programme"]]["sensitive"] == "yes":
            continue
        district = centres[of["centre"]]["district"]
        for area in areas(district):
            for line in lines(of["programme"]):
                seen[area, line, "centres"].add(of["centre"])
                seen[area, line, "series"].add(row["series"])
        if row["held"] == "yes":
            add(district, of["programme"], "held", 1)
            add(district, of["programme"], "hours", int(row["minutes"]) / 60)
            add(district, of["programme"], "places", int(row["places"] or 0))
        else:
            add(district, of["programme"], "off", 1)
    for key, names in seen.items():
        sums[key] = len(names)

    for row in rows("bookings"):
        of = series[row["series"]]
        district, programme = centres[of["centre"]]["district"], of["programme"]
        sensitive = programmes[programme]["sensitive"] == "yes"
        marks = dict(one.split("=") for one in row["marks"].split())
        had = visits = 0
        for planned, day in held[row["series"]].items():
            if row["planned"] not in ("", planned):
                continue
            begun = (row["placed"] or row["made"]) <= day
            stays = row["status"] == "confirmed"
            left_later = row["was"] == "confirmed" and row["changed"] > day
            if planned in marks or (begun and (stays or left_later)):
                had += 1
                visits += marks.get(planned) == "came"
        if had and sensitive:
            private += 1
        if had and not sensitive:
            add(district, programme, "booked", 1)
            add(district, programme, "taken", had * int(row["places"]))
            add(district, programme, "came", visits > 0)
            add(district, programme, "visits", visits)
            add(district, programme, "often", visits >= 3)
        if not sensitive and row["way"] == "book" and within(row["placed"]):
            days = (date.fromisoformat(row["placed"]) - date.fromisoformat(row["made"])).days
            add(district, programme, "waited", 1)
            add(district, programme, "waiting_days", days)
        if not sensitive and row["status"] == "declined" and within(row["changed"]):
            add(district, programme, "declined", 1)

    for name, measure in (("walk_ins", "walk_ins"), ("contacts", "contacts")):
        for row in rows(name):
            of = series[row["series"]]
            sensitive = programmes[of["programme"]]["sensitive"] == "yes"
            if row["planned"] in held[row["series"]] and not sensitive:
                district = centres[of["centre"]]["district"]
                number = int(row["families" if name == "walk_ins" else "number"])
                add(district, of["programme"], measure, number)

    for row in rows("cases"):
        where = row["district"], "family-support"
        level = row["level"]
        if within(row["received"]):
            add(*where, "requests", 1, level)
        if within(row["allocated"]):
            add(*where, "allocated", 1, level)
        if row["starts"] and within(row["closed"]):
            add(*where, "plans_closed", 1, level)
            gained = row["after"] and int(row["after"]) > int(row["before"])
            add(*where, "plans_gained", bool(gained), level)
            add(*where, "stepped_down", row["reason"] == "down", level)
            add(*where, "stepped_up", row["reason"] == "up", level)
        if row["declined"] == "yes" and within(row["closed"]):
            add(*where, "declined", 1)
    for row in rows("gaps"):
        if row["state"] != "withdrawn" and within(row["created"]):
            add(row["district"], "", "gaps", 1)
    for row in rows("projects"):
        if row["quarter"] == quarter:
            add(row["district"], "", "project_families", int(row["families"]))
    return {key: number for key, number in sums.items() if number}, private


def exact(facts: Facts) -> Expected:
    """All sums of the facts that are not 0."""
    found: Expected = {}
    for (area, line), numbers in facts.public.items():
        found |= {(area, line, name): number for name, number in numbers.items()}
    for name, group in GROUPS.items():
        for (area, line), atoms in facts.sets(name).items():
            for at, measure in enumerate(group.measures):
                found[area, line, measure] = total(facts.exact[name], atoms, at)
    return {key: number for key, number in found.items() if number}


# --- tests ---------------------------------------------------------------------------------------


def test_the_sample_is_large_enough() -> None:
    """At least 300 bookings over two quarters, and some of every kind of row."""
    assert len(rows("bookings")) >= 300
    for name in ("walk_ins", "contacts", "cases", "gaps", "projects"):
        assert rows(name), name
    assert {row["status"] for row in rows("bookings")} >= {
        "confirmed", "waiting", "cancelled", "lapsed", "declined",
    }  # fmt: skip


@pytest.mark.parametrize("quarter", QUARTERS)
def test_the_facts_agree_to_the_last_number(counted, quarter) -> None:
    """Each number of each area, line and measure is what plain arithmetic over the files says."""
    wanted, private = expected(quarter)
    found = exact(counted[quarter])
    assert {key: round(number, 2) for key, number in wanted.items()} == found
    assert counted[quarter].private == private
    assert len(found) > 1000


def test_numbers_that_were_counted_by_hand(counted) -> None:
    """Totals counted line by line, so that both counts cannot have the same mistake."""
    both = [exact(counted[quarter]) for quarter in QUARTERS]
    for (area, line), measures in HAND_COUNTED.items():
        for measure, numbers in measures.items():
            for quarter, of_quarter, number in zip(QUARTERS, both, numbers, strict=True):
                found = of_quarter.get((area, line, measure), 0)
                assert found == number, (quarter, area, line, measure)


# For each area and line: the numbers of both quarters, by measure.
HAND_COUNTED: dict[tuple[str, str], dict[str, tuple[float, float]]] = {
    ("district:wyre", "programme:calm-minds"): {
        "held": (10, 5), "off": (0, 1), "hours": (20, 10), "places": (100, 60),
        "booked": (7, 3), "taken": (90, 20), "came": (7, 3), "visits": (37, 10),
        "often": (4, 2), "walk_ins": (23, 13),
    },
    ("district:pendle", "programme:cook-well"): {
        "held": (6, 6), "off": (0, 0), "hours": (6, 10.5), "places": (72, 48),
        "booked": (3, 2), "taken": (18, 12), "came": (3, 2), "visits": (4, 10),
        "often": (0, 2), "walk_ins": (9, 17),
    },
    ("district:wyre", "programme:family-support"): {
        "requests": (6, 10), "allocated": (0, 3), "plans_closed": (0, 1), "plans_gained": (0, 1),
        "stepped_down": (0, 1), "stepped_up": (0, 0), "declined": (0, 4),
    },
    ("district:wyre", "programme:street-team"): {"contacts": (80, 57)},
    ("district:burnley", "all"): {"gaps": (7, 11), "project_families": (7, 9)},
}  # fmt: skip


def test_workers_at_the_end_of_each_quarter(counted) -> None:
    """A worker of two districts counts in both, and once in the county; one who left, no more."""
    third, fourth = (counted[quarter].workers for quarter in QUARTERS)
    assert third == dict.fromkeys(
        (COUNTY, "footprint:east", "district:burnley", "district:pendle"), 1
    )
    assert fourth[COUNTY] == 2
    assert fourth["district:wyre"] == 1


def test_the_published_figures_agree_with_the_facts(counted) -> None:
    """S103: a figure is the exact number; with 'or more' it is no more than that; never 1 to 4."""
    county = sampled.directory()
    for quarter in QUARTERS:
        cube = cube_of(counted[quarter], county, NOW)
        wanted = exact(counted[quarter])
        shown = 0
        for area, lines in cube.areas.items():
            for line, some in lines.items():
                for name, figure in some.items():
                    if name == "workers":
                        continue
                    number = wanted.get((area, line, name), 0)
                    if figure.partial:
                        assert figure.number <= number
                    else:
                        assert figure.number == number
                        shown += 1
                    if not MEASURE[name].public and name != "waiting_days":
                        assert figure.number == 0 or figure.number >= 5
        for key, number in wanted.items():
            assert key[1] in cube.areas[key[0]], key  # a line that is not there is 0
            assert number
        assert shown > 500


def test_the_new_edition_of_a_quarter(sqlite: Engine) -> None:
    """A quarter is published once it is over; the file says the same after it is read."""
    import json

    from portal.directory.quarters import NoQuarter

    sampled.fill(sqlite)
    cube = new_edition(sqlite, sampled.directory(), "2026-Q4", NOW)
    assert cube.edition == 1
    assert cube.final
    assert Cube.from_json(json.loads(cube.text())) == cube
    with pytest.raises(NoQuarter, match="is not over"):
        new_edition(sqlite, sampled.directory(), "2027-Q1", NOW)
    with pytest.raises(NoQuarter, match="has not begun"):
        new_edition(sqlite, sampled.directory(), "2027-Q2", NOW)
