"""Coverage of the shipped content, counted once more by arithmetic that shares no code with it.

The files are read as YAML, dates come from `dateutil`, and ages, parts of the week and districts
are worked out here. A district is that of the town in content/places.csv, not of a boundary.
"""

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache

import pytest
import yaml
from dateutil import rrule

from portal.coverage.cells import Coverage
from portal.coverage.changes import news
from portal.coverage.reach import Reach
from portal.coverage.send_questions import answers
from portal.directory import Directory, Series
from tests.support import shipped
from tests.support.paths import ROOT
from tests.support.shipped import DAY, Written

LAST = DAY + timedelta(days=90)
BANK_HOLIDAYS = {
    date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 28),
    date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29),
}  # fmt: skip
# Ages in months, from the first to the last.
BANDS = {
    "pregnancy": (-9, -1), "babies": (0, 11), "toddlers": (12, 35), "pre-school": (36, 59),
    "primary-school": (60, 131), "secondary-school": (132, 191), "young-adults": (192, 311),
}  # fmt: skip

Key = tuple[str, str, str]  # district, age band, part of the week


# --- the slow count -------------------------------------------------------------------------------


def _as_list(value: object) -> list:
    return value if isinstance(value, list) else [value] if value else []


@cache
def _terms() -> dict:
    return yaml.load((ROOT / "content/terms.yaml").read_text("utf-8"), Loader=yaml.CBaseLoader)


def _days_of(closure: Mapping[str, str]) -> Iterator[date]:
    first = date.fromisoformat(closure.get("from") or closure["date"])
    last = date.fromisoformat(closure.get("until") or closure.get("date") or closure["from"])
    while first <= last:
        yield first
        first += timedelta(days=1)


@cache
def _closed() -> frozenset[date]:
    return frozenset(day for one in _terms()["closures"] for day in _days_of(one)) | BANK_HOLIDAYS


@cache
def _in_term(day: date) -> bool:
    return any(one["first"] <= day.isoformat() <= one["last"] for one in _terms()["terms"])


def _planned(fields: Mapping) -> Iterator[date]:
    """The dates of a file up to LAST."""
    first = datetime.fromisoformat(fields["starts"])
    assert first.year >= 2026, "the bank holidays of earlier years are not listed here"
    repeats = fields.get("repeats", "weekly")
    until = min(fields.get("until", "9"), LAST.isoformat())
    many = {"dtstart": first, "until": datetime.fromisoformat(until)}
    week = (first.day - 1) // 7 + 1
    weekday = rrule.weekdays[first.weekday()](week if week < 5 else -1)
    every = {
        "once": lambda: rrule.rrule(rrule.DAILY, count=1, dtstart=first),
        "daily": lambda: rrule.rrule(rrule.DAILY, byweekday=range(5), **many),
        "weekly": lambda: rrule.rrule(rrule.WEEKLY, **many),
        "fortnightly": lambda: rrule.rrule(rrule.WEEKLY, interval=2, **many),
        "monthly": lambda: rrule.rrule(rrule.MONTHLY, byweekday=weekday, **many),
    }[repeats]()
    left_out = {str(day) for day in _as_list(fields.get("except"))}
    number = int(fields.get("sessions", "9999"))
    for moment in every:
        day = moment.date()
        if day.isoformat() in left_out:
            continue
        if fields.get("bank_holidays") != "run" and day in _closed():
            continue
        if fields.get("term_time_only") == "yes" and not _in_term(day):
            continue
        if not number:
            return
        number -= 1
        yield day


def _held(file: Written, centre: Written) -> Iterator[tuple[date, str]]:
    """The day and the first time of each session that is on."""
    changes = {one["date"]: one for one in file.fields.get("changes", ())}
    if file.fields.get("withdrawn"):
        return
    for planned in _planned(file.fields):
        change = changes.get(planned.isoformat(), {})
        day, clock = planned.isoformat(), file.fields["time"]
        if "moved_to" in change:
            day, _, times = change["moved_to"].partition(" ")
            clock = times or clock
        elif "postponed" in change:
            continue
        away = "venue" in file.fields or "venue" in change
        if "cancelled" in change or (not away and _centre_is_closed(centre, day)):
            continue
        if DAY.isoformat() <= day <= LAST.isoformat():
            yield date.fromisoformat(day), clock.split("-")[0].zfill(5)


def _centre_is_closed(centre: Written, day: str) -> bool:
    if any(
        day == one.isoformat() for c in centre.fields.get("closures", ()) for one in _days_of(c)
    ):
        return True
    words = centre.fields.get("status", "open").split()
    given = dict(zip(words[1::2], words[2::2], strict=True))
    return words[0] == "closed" and given.get("from", "0") <= day <= given.get("until", "9")


def _months(words: str) -> tuple[int, int]:
    """The first and last month of '0-6 months', '2 years', '12-19+ years', '6 weeks-9 months'."""
    if words == "pregnancy":
        return -9, -1
    sides = words.replace("birth", "0").split("-")
    (unit,) = re.findall("[a-z]+", sides[-1])
    ends = []
    for side in sides:
        (number,) = re.findall(r"\d+", side)
        own = (re.findall("[a-z]+", side) or [unit])[0]
        ends.append((int(number), own.rstrip("s")))
    (low, low_unit), (high, high_unit) = ends[0], ends[-1]
    first = {"week": low * 12 // 52, "month": low, "year": low * 12}[low_unit]
    last = {"month": high, "year": high * 12 + 11}[high_unit]
    return first, 311 if "+" in words else last


@cache
def _districts_of_towns() -> Mapping[str, set[str]]:
    found = defaultdict(set)
    with (ROOT / "content/places.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["district"]:
                found[row["name"]].add(row["district"])
    return found


def _district(file: Written, centre: Written) -> str:
    """That of the centre, unless it meets in a town that is in one other district alone."""
    own = centre.fields["district"]
    towns = _districts_of_towns().get(file.fields.get("venue", {}).get("town", ""), {own})
    return own if own in towns or len(towns) > 1 else next(iter(towns))


def _part(day: date, clock: str) -> str:
    if day.strftime("%a") in ("Sat", "Sun"):
        return "weekend"
    if not _in_term(day):
        return "holiday"
    return "evening" if clock >= "17:00" else "weekday"


@cache
def counted() -> Mapping[str, Counter[Key]]:
    """By series, the number of its sessions in each cell."""
    withheld = shipped.sensitive_programmes()
    found: dict[str, Counter[Key]] = {}
    for file in shipped.series():
        programme = file.fields["programme"]
        if programme in withheld:
            continue
        centre = shipped.centres()[file.path.split("/")[-2]]
        ages = _as_list(
            file.fields.get("ages") or shipped.programmes()[programme].fields.get("ages")
        )
        spans = [_months(words) for words in ages]
        bands = [
            band
            for band, (first, last) in BANDS.items()
            if any(low <= last and first <= high for low, high in spans)
        ]
        held = [(_district(file, centre), _part(*one)) for one in _held(file, centre)]
        found[file.identity] = Counter(
            (district, band, part) for district, part in held for band in bands
        )
    return found


# --- the comparison -------------------------------------------------------------------------------


def cells(directory: Directory) -> Counter[Key]:
    """The cells that have a session."""
    return Counter(
        {
            (cell.district.slug, cell.band.slug, cell.part): len(cell.sessions)
            for cell in Coverage.of(directory).cells
            if cell.sessions
        }
    )


def edited(directory: Directory, **others: tuple[Series, ...]) -> Directory:
    """The same content with other series, without reading it again."""
    parts = {name: getattr(directory, name) for name in Directory.model_fields}
    return Directory.of(**{**parts, **others})


def as_bytes(directory: Directory) -> bytes:
    """All that is published of coverage."""
    coverage = Coverage.of(directory)
    return json.dumps(coverage.as_json([cell.as_json() for cell in coverage.cells])).encode()


def test_every_cell_agrees_with_the_slow_count(shipped_directory):
    """Each cell has as many sessions as the files say, and these groups."""
    expected: Counter[Key] = sum(counted().values(), Counter())
    assert cells(shipped_directory) == expected
    assert sum(expected.values()) > 1000
    groups = defaultdict(set)
    for identity, keys in counted().items():
        for key in keys:
            groups[key].add(identity)
    for cell in Coverage.of(shipped_directory).cells:
        key = cell.district.slug, cell.band.slug, cell.part
        assert {one.identity for one in cell.series} == groups[key], key


def test_one_more_group_changes_exactly_its_own_cells(shipped_directory):
    """Each group of the shipped content by itself fills the cells of the slow count, no others."""
    for series in shipped_directory.series:
        alone = cells(edited(shipped_directory, series=(series,)))
        assert alone == counted()[series.identity], series.identity


def test_adding_and_removing_a_group_changes_exactly_its_own_cells(shipped_directory):
    """All other cells stay as they are; there and back again is no change."""
    before = cells(shipped_directory)
    every = shipped_directory.series
    for series in every[:: len(every) // 6]:
        without = edited(shipped_directory, series=tuple(one for one in every if one is not series))
        assert before - cells(without) == counted()[series.identity], series.identity
        assert not cells(without) - before
    back = edited(without, series=(*without.series, series))
    assert as_bytes(back) == as_bytes(shipped_directory)


@pytest.mark.parametrize(
    "content", [pytest.param("shipped_directory", marks=pytest.mark.slow), "directory"]
)
def test_nothing_of_a_private_group_can_be_worked_out(request, content):
    """S100: coverage, its files, reach and answers are the same with private groups and without.

    A group whose programme becomes sensitive shows no more, by a number or by its name.
    """
    directory = request.getfixturevalue(content)
    private = directory.private_series
    without = edited(directory, private_series=())
    assert private
    assert as_bytes(without) == as_bytes(directory)
    said = as_bytes(directory).decode()
    for series in private:
        assert series.identity not in said
    assert news(without, directory) == news(directory, without) == []
    found, also = (
        [*answers(one, coverage, reach)]
        for one in (directory, without)
        for coverage in [Coverage.of(one)]
        for reach in [Reach.of(one, coverage)]
    )
    assert found == also
    # Some groups that are public now, if they were private.
    hidden = directory.series[:: max(1, len(directory.series) // 9)]
    kept = tuple(one for one in directory.series if one not in hidden)
    left = as_bytes(edited(directory, series=kept, private_series=(*private, *hidden)))
    assert left == as_bytes(edited(directory, series=kept))
    assert left != as_bytes(directory)
    assert not [series.identity for series in hidden if series.identity in left.decode()]
