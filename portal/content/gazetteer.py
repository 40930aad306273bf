"""Where things are: distances, postcodes, and the towns and postcode areas that families name.

Families type a postcode in any spacing, half a postcode, or a town with or without its apostrophe.
All of it is looked up in tables that come with the content, so nothing typed leaves the machine.
A position says how exact it is: a postcode is placed by its
sector, which is half a mile out for most, and must not pass for a door.

The tables are read row by row, so that the reader of the file can report the line of each bad row.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import chain, count
from typing import Literal, TypeVar

from portal.content.front_matter import Problem
from portal.content.outline import read_outline
from portal.content.sources import Row, Tree
from portal.directory import District, Footprints, Neighbour, PostcodeArea, Settlement
from portal.directory.outline import Outline
from portal.directory.values import POSTCODE, Position, near, read_degrees, slugify

_AREA = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?( [0-9])?")

# Longer text is no place name, and comparing it with every name would keep the machine busy.
_LONGEST_NAME = 60


# --- postcodes -------------------------------------------------------------


def _tidy(text: str) -> str:
    """The text in capitals, with single spaces."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST_NAME]).upper()
    return " ".join(re.sub(r"[^A-Z0-9]+", " ", plain).split())


def normal_postcode(text: str) -> str | None:
    """A whole postcode in any spacing or case as 'PR1 8RJ'; None for anything else."""
    compact = _tidy(text).replace(" ", "")
    return f"{compact[:-3]} {compact[-3:]}" if POSTCODE.fullmatch(compact) else None


def sector_of(postcode: str) -> str:
    """'BB4 6' of 'BB4 6AA'. Raises ValueError for what is not a whole postcode."""
    return _whole(postcode)[:-2]


def outcode_of(postcode: str) -> str:
    """'BB4' of 'BB4 6AA'. Raises ValueError for what is not a whole postcode."""
    return _whole(postcode)[:-4]


def _whole(postcode: str) -> str:
    whole = normal_postcode(postcode)
    if whole is None:
        raise ValueError("this is not a whole postcode")  # Without it: a postcode is private.
    return whole


# --- names -----------------------------------------------------------------


def _key(name: str) -> str:
    """A name as everybody might type it: 'Lytham St Anne’s' and 'lytham saint annes' are one."""
    plain = re.sub(r"[`´]", "", name[:_LONGEST_NAME]).replace(".", " ").replace("&", " and ")
    words = slugify(plain).split("-")
    return " ".join("st" if word == "saint" else word for word in words)


class Gazetteer:
    """The places that families search by. Nothing is found for text that names no place."""

    def __init__(
        self, settlements: Iterable[Settlement], postcode_areas: Iterable[PostcodeArea]
    ) -> None:
        self._areas = {area.code: area for area in postcode_areas}
        named: dict[str, list[Settlement]] = defaultdict(list)
        # The largest first: a family that types 'Newton' means that one more often.
        for settlement in sorted(settlements, key=lambda one: (-one.population, one.slug)):
            keys = {_key(settlement.name), _key(settlement.label)}
            if settlement.district:
                keys.add(_key(f"{settlement.name} {settlement.district.title}"))
            for key in keys:
                named[key].append(settlement)
        self._named = {key: tuple(found) for key, found in named.items()}

    def of_postcode(self, text: str) -> Position | None:
        """Where a postcode is, or the half of one: the middle of its sector, else its outcode."""
        area = self._area(text)
        return replace(area.position, precision=_precision(area.code)) if area else None

    def _area(self, text: str) -> PostcodeArea | None:
        whole = normal_postcode(text)
        if whole:
            return self._areas.get(sector_of(whole)) or self._areas.get(outcode_of(whole))
        tidy = _tidy(text)
        outcode = tidy.replace(" ", "")
        sector = f"{outcode[:-1]} {outcode[-1:]}"
        # 'BB1 2' is a sector of BB1, but 'BB12' is a district of its own.
        first, second = (sector, outcode) if " " in tidy else (outcode, sector)
        return self._areas.get(first) or self._areas.get(second)

    def settlements_named(self, name: str) -> tuple[Settlement, ...]:
        """Every place of that name, the largest first; with the district, the one of them."""
        return self._named.get(_key(name), ())

    def suggest(self, text: str) -> tuple[str, ...]:
        """Up to five names that may have been meant, the likeliest first; each can be found."""
        key = _key(text)
        if not key:
            return ()
        begun = [name for name in self._named if name.startswith(key)] if len(key) > 2 else []
        close = get_close_matches(key, self._named, n=5, cutoff=0.75)
        labels = (one.label for name in (*begun, *close) for one in self._named[name])
        return tuple(dict.fromkeys(labels))[:5]


# --- the tables of the content ---------------------------------------------


def read_settlement(row: Mapping[str, str], districts: Collection[District]) -> Settlement:
    """One row of content/places.csv, not yet told apart from others of its name.

    Raises ValueError with what is wrong and the remedy.
    """
    name, outcode = _cell(row, "name"), _cell(row, "outcode").upper()
    if not slugify(name):
        raise ValueError(f"'{name}' cannot be part of an address. Write the place's name.")
    if outcode and (" " in outcode or not _AREA.fullmatch(outcode)):
        raise ValueError(f"'{outcode}' is not a postcode district. Write it like BB4.")
    district = _cell(row, "district")
    if not (district or outcode):
        raise ValueError(f"there is more than one {name}. Give its district or its outcode.")
    population = _cell(row, "population") or "0"
    if not re.fullmatch("[0-9]{1,8}", population):
        raise ValueError(f"'{population}' is not a number of people. Write figures only.")
    return Settlement(
        slug=slugify(name),
        name=name,
        district=_district(district, districts) if district else None,
        position=replace(_position(row), precision=_exactness(row)),
        kind=_cell(row, "kind"),
        population=int(population),
        outcode=outcode,
        unique=True,
        also=_nicknames(row, name),
    )


def _nicknames(row: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The cell `also`, which a table may leave out. It has ';' between names."""
    text = row.get("also", "").strip()
    names = tuple(part.strip() for part in text.split(";")) if text else ()
    for nickname in names:
        if not slugify(nickname):
            raise ValueError("'also' has an empty name. Remove a ';', or write the name.")
        if slugify(nickname) == slugify(name):
            raise ValueError(f"'also': '{nickname}' is the place's own name. Remove it.")
    return names


def name_apart(settlements: Iterable[Settlement]) -> tuple[Settlement, ...]:
    """The settlements in their order, each with a slug of its own.

    Where a name repeats, the district is added; where that repeats, the outcode; then a number.
    """
    given = tuple(settlements)
    names = [slugify(one.name) for one in given]
    districts = [one.district.slug if one.district else one.outcode.lower() for one in given]
    outcodes = [one.outcode.lower() for one in given]
    slugs = names
    for parts in (districts, outcodes):
        times = Counter(slugs)
        slugs = [
            slug if times[slug] == 1 or slug.endswith(f"-{part}") else f"{slug}-{part}".strip("-")
            for slug, part in zip(slugs, parts, strict=True)
        ]
    times, taken = Counter(names), set[str]()
    apart: list[Settlement] = []
    for one, name, slug in zip(given, names, slugs, strict=True):
        numbered = (f"{slug}-{number}" for number in count(2))
        slug = next(free for free in chain([slug], numbered) if free not in taken)
        taken.add(slug)
        apart.append(replace(one, slug=slug, unique=times[name] == 1))
    return tuple(apart)


def read_postcode_area(row: Mapping[str, str], districts: Collection[District]) -> PostcodeArea:
    """One row of content/outcodes.csv. Raises ValueError with what is wrong and the remedy."""
    code = _cell(row, "code").upper()
    if not _AREA.fullmatch(code):
        raise ValueError(f"'{code}' is not a postcode district or sector. Write BB4 or BB4 6.")
    slugs = [slug.strip() for slug in _cell(row, "districts").split(";") if slug.strip()]
    return PostcodeArea(
        code=code,
        position=replace(_position(row), precision=_precision(code)),
        districts=tuple(_district(slug, districts) for slug in slugs),
        postcodes=_counts(row, len(slugs)),
    )


def _counts(row: Mapping[str, str], districts: int) -> tuple[int, ...]:
    """The cell `postcodes`, which a table may leave out: a number for each district."""
    text = row.get("postcodes", "").strip()
    if not text:
        return ()
    numbers = [number.strip() for number in text.split(";")]
    if len(numbers) != districts or not all(re.fullmatch("[0-9]{1,6}", n) for n in numbers):
        raise ValueError(
            f"'{text}' is not a number of postcodes for each district. Write one number for each "
            "of 'districts', in the same order, with ';' between them."
        )
    return tuple(map(int, numbers))


def read_neighbour(row: Mapping[str, str], _: Collection[District]) -> Neighbour:
    """One row of content/neighbours.csv. Raises ValueError with what is wrong and the remedy."""
    name, council = _cell(row, "name"), _cell(row, "council")
    if not name or not council:
        raise ValueError("a town and its council belong together. Write both.")
    outcodes = [code.strip().upper() for code in _cell(row, "outcodes").split(";") if code.strip()]
    for code in outcodes:
        if " " in code or not _AREA.fullmatch(code):
            raise ValueError(f"'{code}' is not a postcode district. Write it like BB3.")
    return Neighbour(name, council, replace(_position(row), precision="town"), tuple(outcodes))


def _cell(row: Mapping[str, str], column: str) -> str:
    # A reader of CSV gives None for the columns that a short row lacks.
    text: str | None = row.get(column)
    if text is None:
        raise ValueError(f"there is no '{column}'. Give this row as many columns as the first one.")
    return text.strip()


def _position(row: Mapping[str, str]) -> Position:
    position = Position(read_degrees(_cell(row, "latitude")), read_degrees(_cell(row, "longitude")))
    if not position.near_county:
        at = f"{_cell(row, 'latitude')}, {_cell(row, 'longitude')}"
        raise ValueError(f"'{at}' is not in or near Lancashire. Correct the two columns.")
    return position


def _exactness(row: Mapping[str, str]) -> Literal["point", "outcode", "district"]:
    match _cell(row, "precision"):
        case "" | "point":
            return "point"
        case "outcode":
            return "outcode"
        case "district":
            return "district"
        case other:
            raise ValueError(f"'{other}' is not a precision. Write point, outcode or district.")


def _precision(code: str) -> Literal["sector", "outcode"]:
    return "sector" if " " in code else "outcode"


def _district(slug: str, districts: Collection[District]) -> District:
    for district in districts:
        if district.slug == slug:
            return district
    slugs = [district.slug for district in districts]
    raise ValueError(
        f"there is no district '{slug}'.{near(slug, slugs)} Known: {', '.join(slugs)}."
    )


RowT = TypeVar("RowT")


class Map:
    """The places and postcode areas of the tables, and whether all of them could be read."""

    settlements: tuple[Settlement, ...] = ()
    postcode_areas: tuple[PostcodeArea, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    outline: Outline | None = None
    whole = False


def read_map(tree: Tree) -> Map:
    found = Map()
    if tree.footprints is None:
        return found
    before = len(tree.problems)
    districts = districts_of(tree.footprints)

    def read(path: str, rows: Iterable[Row], reader: Callable[..., RowT]) -> Iterator[RowT]:
        for row in rows:
            try:
                yield reader(row.cells, districts)
            except ValueError as error:
                tree.problems.append(Problem(path, row.line, 1, str(error)))

    found.settlements = name_apart(read("content/places.csv", tree.places, read_settlement))
    areas = list(read("content/outcodes.csv", tree.outcodes, read_postcode_area))
    found.postcode_areas = tuple(areas)
    found.neighbours = tuple(read("content/neighbours.csv", tree.neighbours, read_neighbour))
    if tree.outline is not None:
        found.outline, wrong = read_outline(tree.outline, [one.slug for one in districts])
        tree.problems += wrong
    found.whole = bool(tree.places and tree.outcodes) and len(tree.problems) == before
    return found


def districts_of(footprints: Footprints) -> tuple[District, ...]:
    return tuple(one for footprint in footprints.footprints for one in footprint.districts)
