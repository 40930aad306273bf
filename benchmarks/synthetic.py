"""Invents a county in the portal's own format, for measurements at any size.

    python -m benchmarks.synthetic --pages 5000 FOLDER
    portal --root FOLDER build --today 2026-11-30

A county has 3 centres and 87 to 93 series for each 100 pages, so that 100,000 pages are a nation of
3,000 centres. A district has 10 centres and 5 towns, so that lists of a district stay as long as
they are in Lancashire. Most series are courses of 4 to 6 sessions, as in the service plan; the
others are single dates, fortnightly groups, and weekly groups that go on.

Left out is what a county has once, whatever its size: published quarters (181 pages in the shipped
content), boards, help by need, and 400 of the 417 places. In a small county they would be most of
what is measured. School terms and messages are the shipped ones. Text is English, so that the
checks of plain English have something to read.

The same number of pages and seed give the same bytes. Dates are right for `DAY`.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import ceil, sqrt
from pathlib import Path

from portal.directory.values import slugify

ROOT = Path(__file__).resolve().parents[1]
DAY = date(2026, 11, 30)  # the day to build for
SITE = """\
name: Families of Synthshire
area: Synthshire
base_address: https://synthshire.example
domain: synthshire.example
booking_address: ""
phone: 01632 960100
email: families@synthshire.example
quick_exit: https://www.bbc.co.uk/weather
languages: [en]
levels:
  - name: Universal
    words: Help that is open to every family
  - name: Universal Plus
    words: For families who need some extra help
attribution:
  - Places and postcodes are invented.
"""

# Pages that do not depend on the size: home, finder, lists, ages, weekdays, calendars, data.
FIXED_PAGES = 38
TEXT_PAGES = ("About us", "Contact", "Privacy", "Accessibility", "Urgent help", "Feedback")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PREFIXES = _words(
    "Ash Beck Birch Black Brad Bram Bright Brook Burn Clay Cold Cran Dal East Elm Fair Farn Gold "
    "Hal Harl Hazel Heath High Holm Kirk Lang Lark Lind Long Low Maple Marl Mill Moor North Oak "
    "Pen Red Rook Sand Shaw South Stan Thorn Wal West Whit Wood"
)
SUFFIXES = _words(
    "bourne bridge bury by combe cote croft dale den field ford gate ham hurst ington ley mere "
    "mouth shaw stead thorpe ton well wick worth"
)
BEFORE = ("", "Great ", "Little ", "Upper ", "Lower ", "Old ")

STREETS = _words("Mill Church Station River School Market Chapel Park Queen King Albert Victoria")
KINDS = ("family hub", "children's centre", "neighbourhood centre", "library")
NAMES = ("Family Hub", "Children's Centre", "Neighbourhood Centre", "Library")
FACILITIES = _words(
    "step-free accessible-toilet baby-changing hearing-loop parking buggy-park breastfeeding garden"
)
ROOMS = ("Family room", "Main hall", "Garden room")
HOURS = (("09:30", "11:00"), ("11:15", "12:45"), ("13:15", "14:45"), ("15:30", "17:00"))
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
HALF_TERMS = (date(2026, 11, 9), date(2027, 1, 11), date(2027, 2, 22), date(2027, 4, 12))
SLOTS = [(day, hours, room) for room in ROOMS for hours in HOURS for day in range(5)]

# Title, ages, way to a place; a number makes more programmes of each.
PROGRAMMES = (
    ("Stay and play", "0-4 years", "drop-in"),
    ("Bump and birth course", "pregnancy", "book"),
    ("Baby massage", "6 weeks-9 months", "book"),
    ("Talking toddlers", "1-3 years", "book"),
    ("Calm at home", "5-11 years", "request"),
    ("Parenting teenagers", "11-19 years", "book"),
    ("Feeding support", "0-12 months", "drop-in"),
    ("Confidence group", "8-13 years", "referral"),
)
PLACES = ("in the north", "by the river", "for beginners", "in the hills", "at the weekend")
OFFERS = ("early-years", "families", "emotional-health", "young-people")
SENTENCES = (
    "We meet in the hall and start with a cup of tea.",
    "Bring your baby, a towel and a change of clothes.",
    "You can come late and leave early.",
    "Ask at the desk and somebody will show you the way.",
    "Older children are welcome in the school holidays.",
    "There is room for buggies in the porch.",
    "Partners, grandparents and friends can come too.",
    "You do not need to tell us your story before you come.",
    "Two workers are always there, and one of them speaks Urdu.",
    "We end with songs, and children can take a picture home.",
    "Please tell us if a room that is loud is hard for your child.",
    "The group is small, so that everybody has time to talk.",
)


@dataclass(frozen=True)
class Town:
    name: str
    latitude: float
    longitude: float
    postcode: str  # without its last two letters


@dataclass(frozen=True)
class District:
    slug: str
    title: str
    code: str
    outcode: str
    latitude: float
    longitude: float
    corner: tuple[float, float]  # the south-west
    size: tuple[float, float]  # degrees from there
    towns: Sequence[Town]


def make(root: Path, pages: int, seed: int = 1) -> None:
    """Write a county whose site has about that many HTML pages into a folder, which may exist."""
    chance = random.Random(f"{seed} {pages}")
    centres = max(3, round(pages * 0.03))
    programmes = max(4, centres // 4)
    news = ceil(pages / 200)
    areas = _districts(max(3, centres // 10), chance)
    footprints = [areas[start : start + 3] for start in range(0, len(areas), 3)]
    series = pages - FIXED_PAGES - len(TEXT_PAGES) - 3 * centres - programmes - news
    series -= 2 * len(areas) + 2 * len(footprints) + sum(len(area.towns) for area in areas)
    if not 0 < series <= centres * len(SLOTS):
        raise ValueError("there are too few pages for a county. Ask for 100 at least.")

    _tables(root / "content", footprints)
    for number in range(programmes):
        _write(root / f"programmes/programme-{number}.md", _programme(number, chance))
    for number, title in enumerate(TEXT_PAGES, 1):
        fields = [f"title: {title}", f"summary: {title}, in short.", f"order: {number * 10}"]
        _write(root / f"content/pages/{slugify(title)}.md", _text(fields, _prose(chance)))
    for number in range(news):
        fields = [f"title: News of week {number + 1}", f"summary: {chance.choice(SENTENCES)}"]
        fields.append(f"date: {DAY - timedelta(days=7 * (number % 200) + 1)}")
        _write(root / f"content/news/week-{number + 1}.md", _text(fields, _prose(chance)))
    done = 0
    for number in range(centres):
        area = number % len(areas)
        town = areas[area].towns[number // len(areas) % len(areas[area].towns)]
        folder = root / f"centres/footprint-{area // 3 + 1}/centre-{number}"
        _write(folder / "index.md", _centre(number, areas[area], town, chance))
        until = series * (number + 1) // centres
        for slot, index in zip(
            chance.sample(SLOTS, until - done), range(until - done), strict=True
        ):
            which = chance.randrange(programmes)
            _write(folder / f"series-{index}.md", _series(which, slot, chance))
        done = until


# --- tables ---------------------------------------------------------------------------------------


def _districts(number: int, chance: random.Random) -> list[District]:
    """The districts, side by side in a square: positions have to be in or near Lancashire."""
    names = [f"{first}{second}" for first in PREFIXES for second in SUFFIXES]
    chance.shuffle(names)
    endless = (f"{before}{name}" for before in BEFORE for name in names)
    columns = ceil(sqrt(number))
    rows = ceil(number / columns)
    high, wide = 0.6 / rows, 1.0 / columns
    districts = []
    for index in range(number):
        south, west = 53.6 + index // columns * high, -3.0 + index % columns * wide
        outcode = f"{'QVZ'[index // 234]}{chr(65 + index // 9 % 26)}{index % 9 + 1}"
        towns = []
        for at in range(5):
            latitude = south + high * chance.uniform(0.1, 0.9)
            longitude = west + wide * chance.uniform(0.1, 0.9)
            towns.append(Town(next(endless), latitude, longitude, f"{outcode} {at + 1}"))
        districts.append(
            District(
                slug=f"{slugify(towns[0].name)}-vale",
                title=f"{towns[0].name} Vale",
                code=f"E07{900_000 + index}",
                outcode=outcode,
                latitude=south + high / 2,
                longitude=west + wide / 2,
                corner=(south, west),
                size=(high, wide),
                towns=towns,
            )
        )
    return districts


def _tables(content: Path, footprints: Sequence[Sequence[District]]) -> None:
    shutil.copytree(ROOT / "content/messages", content / "messages", dirs_exist_ok=True)
    shutil.copy(ROOT / "content/terms.yaml", content)
    _write(content / "site.yaml", SITE)
    lines = ["footprints:"]
    places = ["name,district,latitude,longitude,kind,precision,population,outcode,also"]
    outcodes = ["code,latitude,longitude,districts,postcodes"]
    outline: dict[str, list[list[int]]] = {}
    arcs = []
    for number, districts in enumerate(footprints, 1):
        lines += [f"- slug: footprint-{number}", f"  title: Footprint {number}"]
        lines += ["  summary: A part of Synthshire.", "  districts:"]
        for area in districts:
            lines += [f"    - slug: {area.slug}", f"      title: {area.title}"]
            lines += [f"      code: {area.code}", f"      latitude: {area.latitude:.5f}"]
            lines.append(f"      longitude: {area.longitude:.5f}")
            where = f"{area.latitude:.5f},{area.longitude:.5f}"
            outcodes.append(f"{area.outcode},{where},{area.slug},500")
            for index, town in enumerate(area.towns):
                where = f"{town.latitude:.5f},{town.longitude:.5f}"
                people = 40_000 // (index + 1)
                places.append(
                    f"{town.name},{area.slug},{where},town,point,{people},{area.outcode},"
                )
                outcodes.append(f"{town.postcode},{where},{area.slug},100")
            outline[area.slug] = [[len(arcs)]]
            arcs.append(list(_boundary(area)))
    _write(content / "footprints.yaml", "\n".join(lines))
    _write(content / "places.csv", "\n".join(places))
    _write(content / "outcodes.csv", "\n".join(outcodes))
    shapes = {"about": "Invented.", "attribution": [], "arcs": arcs, "districts": outline}
    _write(content / "outline.json", json.dumps(shapes))


def _boundary(area: District) -> Iterator[tuple[float, float]]:
    """A rectangle with sides that wind a little, closed."""
    (south, west), (high, wide) = area.corner, area.size
    corners = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)]
    for (up, across), (later_up, later_across) in pairwise(corners):
        for step in range(4):
            winds = 0.01 * (step % 2)
            north = up + (later_up - up) * step / 4 + winds
            east = across + (later_across - across) * step / 4 + winds
            yield round(south + high * north, 4), round(west + wide * east, 4)
    yield round(south, 4), round(west, 4)


# --- files ----------------------------------------------------------------------------------------


def _centre(number: int, area: District, town: Town, chance: random.Random) -> str:
    kind = number % len(KINDS)
    latitude = town.latitude + chance.uniform(-0.01, 0.01)
    longitude = town.longitude + chance.uniform(-0.01, 0.01)
    fields = [
        f'title: "{town.name} {NAMES[kind]} {number}"',
        f"kind: {KINDS[kind]}",
        f"district: {area.slug}",
        f"town: {town.name}",
        f"address: {number + 1} {chance.choice(STREETS)} Street",
        f"postcode: {town.postcode}{chance.choice('ABDEFGH')}{chance.choice('ABDEFGH')}",
        f"location: {latitude:.4f}, {longitude:.4f}",
        f"phone: 01632 960{number % 1000:03}",
        "opening_hours:",
        *(f"  {day}: 09:00-17:00" for day in WEEKDAYS),
        f"facilities: [{', '.join(sorted(chance.sample(FACILITIES, 4)))}]",
        f"transport: Buses {chance.randrange(1, 60)} and {chance.randrange(60, 99)} stop outside.",
        f"checked: {DAY - timedelta(days=chance.randrange(1, 60))}",
    ]
    return _text(fields, f"{_note(chance)}\n\n{_note(chance)}")


def _programme(number: int, chance: random.Random) -> str:
    kind, (title, ages, booking) = number % len(PROGRAMMES), PROGRAMMES[number % len(PROGRAMMES)]
    more = number // len(PROGRAMMES)
    where = f" {PLACES[more % len(PLACES)]}, part {more}" if more else ""
    fields = [
        f"title: {title}{where}",
        f"summary: {chance.choice(SENTENCES)}",
        f"offer: {OFFERS[kind % len(OFFERS)]}",
        f"kind: {'drop-in' if booking == 'drop-in' else 'group'}",
        f"level: {'targeted' if booking == 'referral' else 'universal'}",
        f"ages: {ages}",
        "audience: Parents and carers",
        f"booking: {booking}",
        f"places: {chance.randrange(6, 16)}",
        "session_length: 1 hour 30 minutes",
        "cost: Free",
        "bring: A drink",
        "expect: You meet other families, and play and talk.",
        "first_time: Just come to the desk.",
        f"checked: {DAY - timedelta(days=chance.randrange(1, 60))}",
    ]
    return _text(fields, f"{_note(chance)}\n\n{_note(chance)}")


def _series(programme: int, slot: tuple[int, tuple[str, str], str], chance: random.Random) -> str:
    weekday, (begins, ends), room = slot
    kind = chance.choices(("course", "once", "fortnightly", "ongoing"), (60, 15, 15, 10))[0]
    monday = date(2026, 9, 7) if kind == "ongoing" else chance.choice(HALF_TERMS)
    starts = monday + timedelta(weeks=chance.randrange(3), days=weekday)
    fields = [
        f"programme: programme-{programme}",
        f"day: {WEEKDAYS[weekday]}",
        f"starts: {starts}",
        f"time: {begins}-{ends}",
    ]
    match kind:
        case "course":
            fields += [f"sessions: {chance.randrange(4, 7)}", "term_time_only: yes"]
        case "once":
            fields.append("repeats: once")
        case "fortnightly":
            fields += ["repeats: fortnightly", f"sessions: {chance.randrange(3, 6)}"]
        case "ongoing":
            fields.append("term_time_only: yes")
    if chance.random() < 0.1:
        fields += ["changes:", f"  - date: {starts}", "    note: Please use the side door."]
    fields += [f"room: {room}", "leader: Family support worker"]
    fields.append(f"updated: {DAY - timedelta(days=chance.randrange(1, 60))} 09:30")
    return _text(fields, _note(chance) if chance.random() < 0.5 else "")


def _note(chance: random.Random) -> str:
    return " ".join(chance.sample(SENTENCES, chance.randrange(2, 5)))


def _prose(chance: random.Random) -> str:
    """Some 300 words with headings and a list."""
    parts = []
    for heading in ("What we do", "Where we are", "What happens next"):
        parts += [f"## {heading}", _note(chance), _note(chance)]
        parts.append("\n".join(f"- {sentence}" for sentence in chance.sample(SENTENCES, 3)))
    return "\n\n".join(parts)


def _text(fields: Sequence[str], body: str) -> str:
    return "\n".join(["---", *fields, "---", *(["", body] if body else [])])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--pages", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("folder", type=Path)
    given = arguments.parse_args()
    make(given.folder, given.pages, given.seed)


if __name__ == "__main__":
    main()
