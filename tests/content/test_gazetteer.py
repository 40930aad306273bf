"""Distances, postcodes in any spacing, places by any spelling, and the tables they come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.content.gazetteer import (
    Gazetteer,
    name_apart,
    normal_postcode,
    outcode_of,
    read_postcode_area,
    read_settlement,
    sector_of,
)
from portal.directory import District
from portal.directory.values import Position, distance

PRESTON, BLACKBURN = Position(53.7632, -2.7044), Position(53.7487, -2.4847)


def district(slug: str, title: str) -> District:
    return District.model_validate(
        {"slug": slug, "title": title, "code": "E07", "latitude": "53.8", "longitude": "-2.5"}
    )


DISTRICTS = (
    district("fylde", "Fylde"),
    district("hyndburn", "Hyndburn"),
    district("lancaster", "Lancaster"),
    district("ribble-valley", "Ribble Valley"),
)


def place(name="Accrington", **cells) -> dict[str, str]:
    """A row of places.csv."""
    return {
        "name": name, "district": "hyndburn", "latitude": "53.75379", "longitude": "-2.35863",
        "kind": "town", "precision": "point", "population": "34897", "outcode": "BB5", **cells,
    }  # fmt: skip


def area(code: str, latitude="53.75430", longitude="-2.37359", districts="hyndburn"):
    """A row of outcodes.csv."""
    return {"code": code, "latitude": latitude, "longitude": longitude, "districts": districts}


PLACES = [
    place(),
    place("Lytham St Anne's", district="fylde", outcode="FY8"),
    place("Bolton-by-Bowland", district="ribble-valley", population="", outcode="BB7"),
    place("Warton", district="fylde", population="3500", outcode="PR4"),
    place("Warton", district="lancaster", population="2360", outcode="LA5"),
    place("Acre", district="", precision="outcode", kind="", population="", outcode="BB5"),
]
AREAS = [
    area("BB1", "53.76969", "-2.44308", "hyndburn; ribble-valley"),
    area("BB1 2", "53.73540", "-2.44540"),
    area("BB12", "53.80343", "-2.29268", ""),
    area("BB5"),
]


def settlements_of(rows):
    return name_apart(read_settlement(row, DISTRICTS) for row in rows)


GAZETTEER = Gazetteer(settlements_of(PLACES), [read_postcode_area(row, DISTRICTS) for row in AREAS])


# --- distance


def test_distance_is_in_miles():
    """Preston and Blackburn are nine miles apart; a degree of latitude is 69."""
    assert round(distance(PRESTON, BLACKBURN), 1) == 9.0
    assert round(distance(Position(53, -2), Position(54, -2))) == 69


positions = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.slow
@given(positions, positions)
def test_distance_is_the_same_both_ways(a, b):
    """A distance is never negative, never more than half round the earth, and has no direction."""
    assert 0 <= distance(a, b) <= 12_450
    assert distance(a, b) == pytest.approx(distance(b, a))
    assert distance(a, a) == 0


# --- postcodes


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("PR1 8RJ", "PR1 8RJ"),
        ("pr18rj", "PR1 8RJ"),
        ("  p r1-8 rj. ", "PR1 8RJ"),
        ("BB10\u00a01AA", "BB10 1AA"),
        ("ＢＢ４ ６ＡＡ", "BB4 6AA"),  # a phone's full-width letters
        ("BB4", None),
        ("BB4 6", None),
        ("BB4 6AAA", None),
        ("Bacup", None),
        ("", None),
    ],
)
def test_postcodes_in_any_spacing(typed, expected):
    """A whole postcode is read in any spacing and case; anything else is not one."""
    assert expected == normal_postcode(typed)


def test_halves_of_a_postcode():
    """A postcode's sector and district; what is not a postcode is refused without repeating it."""
    assert (sector_of("BB10 1AA"), outcode_of("bb101aa")) == ("BB10 1", "BB10")
    with pytest.raises(ValueError, match=r"not a whole postcode$"):
        sector_of("Secret Lane 4")


@pytest.mark.slow
@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_any_text_may_be_typed(text):
    """Whatever is typed, the answer is a place, or none."""
    found = normal_postcode(text)

    assert found is None or (normal_postcode(found) == found and len(found) <= 8)
    assert GAZETTEER.of_postcode(text) is None or found or len(text) >= 3
    assert isinstance(GAZETTEER.settlements_named(text), tuple)
    assert len(GAZETTEER.suggest(text)) <= 5


@pytest.mark.parametrize(
    ("typed", "latitude", "precision"),
    [
        ("BB1 2ZZ", 53.7354, "sector"),
        ("bb12zz", 53.7354, "sector"),
        ("BB1 9ZZ", 53.76969, "outcode"),  # a sector that is not in the table
        ("BB1", 53.76969, "outcode"),
        ("bb 1", 53.76969, "outcode"),
        ("BB1 2", 53.7354, "sector"),
        ("bb 1 2", 53.7354, "sector"),
        ("BB12", 53.80343, "outcode"),  # a district of its own
        ("BB12 6AA", 53.80343, "outcode"),
    ],
)
def test_postcodes_are_placed_by_sector(typed, latitude, precision):
    """A postcode is placed by its sector, else its district, and says so."""
    found = GAZETTEER.of_postcode(typed)

    assert (latitude, precision) == (found.latitude, found.precision)


@pytest.mark.parametrize("typed", ["M1 1AA", "M1", "", " ", "B", "Accrington", "B" * 10_000])
def test_postcodes_elsewhere_are_not_placed(typed):
    """A postcode that is not in the tables has no position."""
    assert GAZETTEER.of_postcode(typed) is None


# --- names


@pytest.mark.parametrize(
    "typed",
    [
        "Lytham St Anne's", "lytham st annes", "LYTHAM SAINT ANNES", "Lytham St. Anne’s",
        "lytham  st-annes", "Lytham St Ánne`s", "Lytham St.Annes", "Lytham St Annes, Fylde",
    ],
)  # fmt: skip
def test_places_by_any_spelling(typed):
    """Case, accents, apostrophes, hyphens and 'saint' make no difference to a name."""
    assert [one.slug for one in GAZETTEER.settlements_named(typed)] == ["lytham-st-annes"]


def test_hyphens_make_no_difference():
    """A name with hyphens is found without them."""
    (found,) = GAZETTEER.settlements_named("bolton by bowland")

    assert found.path == "/near/bolton-by-bowland/"


def test_repeated_names():
    """A name that repeats gives every place of it, the largest first; its label gives the one."""
    found = GAZETTEER.settlements_named("warton")

    assert [one.label for one in found] == ["Warton (Fylde)", "Warton (Lancaster)"]
    for one in found:
        assert GAZETTEER.settlements_named(one.label) == (one,)
    assert GAZETTEER.settlements_named("Nowhere") == ()


def test_suggestions():
    """A misspelt town, or the start of one, is answered with names that are found."""
    assert GAZETTEER.suggest("Accringtn")[0] == "Accrington"
    assert GAZETTEER.suggest("lytham")[0] == "Lytham St Anne's"
    assert {"Warton (Fylde)", "Warton (Lancaster)"} <= set(GAZETTEER.suggest("wharton"))
    assert GAZETTEER.suggest("Zzyzx") == GAZETTEER.suggest("") == GAZETTEER.suggest("??") == ()
    for name in GAZETTEER.suggest("bolton"):
        assert GAZETTEER.settlements_named(name)


def test_long_text_is_no_place():
    """A page of text typed as a place is not compared with every name there is."""
    assert GAZETTEER.suggest("Accrington " * 100_000) == ()


# --- tables


def test_a_row_of_places():
    """A row of places.csv becomes a settlement, with what its position stands for."""
    town, unplaced = read_settlement(PLACES[0], DISTRICTS), read_settlement(PLACES[5], DISTRICTS)

    assert (DISTRICTS[1], 34897, "BB5", "town") == (
        town.district, town.population, town.outcode, town.kind,
    )  # fmt: skip
    assert Position(53.75379, -2.35863, "point") == town.position
    assert (
        unplaced.district, unplaced.population, unplaced.position.precision,
    ) == (None, 0, "outcode")  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"name": ""}, "Write the place's name"),
        ({"name": "???"}, "cannot be part of an address"),
        ({"latitude": "-2.35863", "longitude": "53.75379"}, "Correct the two columns"),
        ({"latitude": ""}, "not a number of degrees"),
        ({"district": "hindburn"}, "Did you mean 'hyndburn'?"),
        ({"district": "", "outcode": ""}, "Give its district or its outcode"),
        ({"outcode": "BB5 4"}, "Write it like BB4"),
        ({"population": "many"}, "Write figures only"),
        ({"precision": "door"}, "Write point, outcode or district"),
        ({"kind": None}, "there is no 'kind'"),
    ],
)
def test_a_wrong_row_of_places(cells, words):
    """A row that is wrong says what is, and what to write."""
    with pytest.raises(ValueError, match=words.replace("?", r"\?")):
        read_settlement(place(**cells), DISTRICTS)


def slugs_of(*rows) -> list[str]:
    return [one.slug for one in settlements_of(rows)]


def test_places_have_addresses_of_their_own():
    """A name that repeats takes its district, then its outcode, and a number as a last resort."""
    found = slugs_of(
        place("Newton"),
        place("Acre"),
        place("Newton", district="fylde", outcode="PR4"),
        place("Newton", district="fylde", outcode="FY3"),
        place("newton.", district="", outcode="BB7"),
        place("Newton", district="fylde", outcode="FY3"),
        place("Newton", district="", outcode="BB7"),
    )
    expected = [
        "newton-hyndburn", "acre", "newton-fylde-pr4", "newton-fylde-fy3", "newton-bb7",
        "newton-fylde-fy3-2", "newton-bb7-2",
    ]  # fmt: skip

    assert expected == found


def test_only_repeated_names_are_not_unique():
    """A settlement knows whether its name is enough to tell it from others."""
    found = settlements_of(PLACES)

    assert [one.unique for one in found] == [True, True, True, False, False, True]
    assert found[5].slug == "acre"


rows = st.builds(
    place,
    st.sampled_from(["Newton", "Newton Fylde", "Newton-Fylde-PR4", "Newton 2", "Acre"]),
    district=st.sampled_from(["fylde", "hyndburn", ""]),
    outcode=st.sampled_from(["PR4", "BB5"]),
)


@given(st.lists(rows, max_size=12))
def test_no_two_places_share_an_address(given_rows):
    """Whatever names repeat, each place has one address, and settling it twice changes nothing."""
    found = settlements_of(given_rows)

    assert len(found) == len({one.slug for one in found})
    assert [one.slug for one in found] == [one.slug for one in name_apart(found)]


def test_rows_of_postcode_areas():
    """A row of outcodes.csv becomes an area in its districts, as exact as its code."""
    outcode, sector = (read_postcode_area(row, DISTRICTS) for row in AREAS[:2])

    assert (DISTRICTS[1], DISTRICTS[3]) == outcode.districts
    assert (outcode.position.precision, sector.position.precision) == ("outcode", "sector")


def test_how_many_postcodes_an_area_has():
    """The counts of a row belong to its districts in their order; a table may be without them."""
    row = area("BB5 2", districts="hyndburn;fylde")

    assert read_postcode_area(row, DISTRICTS).postcodes == ()
    assert read_postcode_area(row | {"postcodes": "185; 39"}, DISTRICTS).postcodes == (185, 39)


@pytest.mark.parametrize("counts", ["185", "185;39;2", "185;many", "185;", "-1;2"])
def test_wrong_counts_of_postcodes(counts):
    """Counts that do not fit the districts are a mistake that says what to write."""
    row = area("BB5 2", districts="hyndburn;fylde") | {"postcodes": counts}

    with pytest.raises(ValueError, match="one number for each"):
        read_postcode_area(row, DISTRICTS)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (area("BB4 6AA"), "not a postcode district or sector"),
        (area("BB5", districts="hyndburn;blackpool"), "no district 'blackpool'"),
        (area("BB5", latitude="0"), "not in or near Lancashire"),
        ({"code": "BB5"}, "there is no 'districts'"),
    ],
)
def test_a_wrong_row_of_postcode_areas(row, words):
    """A row that is wrong says what is, and what to write."""
    with pytest.raises(ValueError, match=words):
        read_postcode_area(row, DISTRICTS)
