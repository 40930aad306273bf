"""The share of postcodes that can reach a session, and the towns that cannot."""

import math
from collections.abc import Mapping

import pytest

from portal.coverage.cells import Coverage
from portal.coverage.reach import MILES, Reach, _Circle
from portal.directory import AGE_BANDS, Directory, PostcodeArea, Settlement
from portal.directory.values import Position
from portal.finder import postcode_districts
from portal.finder.postcode_import import Placed, PostcodesError
from portal.settings import Settings
from tests.support import made, slow_reach
from tests.support.paths import ROOT

PREGNANCY, BABIES = AGE_BANDS[:2]
CENTRE = 53.76, -2.70  # of the made directory
MILE_NORTH = 1609.344 / 111_290  # in degrees, about
AWAY = {"name": "Hall", "town": "Preston"}  # 6 miles north of it: see `county`


def north(miles: float) -> tuple[float, float]:
    return CENTRE[0] + miles * MILE_NORTH, CENTRE[1]


def town(name: str, miles: float, population: int = 0, kind: str = "village", **more) -> Settlement:
    """A settlement so many miles north of the centre."""
    position = Position(*north(miles), more.pop("precision", "point"))
    district = more.pop("district", None)
    return Settlement(name.lower(), name, district, position, kind, population, "PR1", unique=True)


def county(*series: Mapping, sensitive: bool = False, **more) -> Directory:
    """The made directory, with postcodes 0.5, 2, 4 and 8 miles north of its centre."""
    found = made.directory(*series, sensitive=sensitive)
    for session in (session for one in found.series for session in one.all_sessions):
        if session.venue.centre is None:
            object.__setattr__(session.venue, "position", Position(*north(6)))
    placed = (Placed("", *north(miles), found.districts[0].code) for miles in (0.5, 2, 4, 8))
    return found.model_copy(update={"postcode_districts": postcode_districts.pack(placed), **more})


def shares(directory: Directory, band=PREGNANCY, part: str = "weekday") -> list[float | None]:
    reach = Reach.of(directory, Coverage.of(directory))
    return [reach.share(directory.districts[0], band, part, miles) for miles in MILES]


def every_share(directory: Directory) -> Mapping[slow_reach.Key, float | None]:
    reach = Reach.of(directory, Coverage.of(directory))
    return {
        (district.slug, band.slug, part, miles): reach.share(district, band, part, miles)
        for district in directory.districts
        for band in AGE_BANDS
        for part in slow_reach.PARTS
        for miles in MILES
    }


# --- shares ---------------------------------------------------------------------------------------


def test_the_share_of_postcodes_within_each_distance() -> None:
    """A share is the postcodes of the district that are near enough, of all that it has."""
    directory = county({})
    assert shares(directory) == [0.25, 0.5, 0.75]
    assert shares(directory, BABIES) == shares(directory, part="evening") == [0, 0, 0]
    assert Reach.of(directory, Coverage.of(directory)).points(directory.districts[0]) == 4


def test_a_series_more_changes_its_own_shares_alone() -> None:
    """A new series changes the shares of its ages and its part of the week, by whom it reaches."""
    before = every_share(county({}))
    after = every_share(
        county({}, {"venue": AWAY, "time": "18:00-19:00", "ages": ["0-11 months"], "sessions": "2"})
    )
    changed = {key: share for key, share in after.items() if share != before[key]}
    assert changed == {
        ("preston", "babies", "evening", 3): 0.5,
        ("preston", "babies", "evening", 5): 0.75,
    }
    joined = county({}, {"venue": AWAY})
    assert shares(joined) == [0.25, 1, 1]


@pytest.mark.parametrize("change", ["cancelled", "postponed"])
def test_what_is_not_on_is_out_of_reach(change: str) -> None:
    """A session that is cancelled or postponed is near nobody; one held elsewhere is near there."""
    once = {"repeats": "once"}
    assert shares(county({**once, "changes": [{"date": "2027-01-12", change: "Snow"}]})) == [0] * 3
    elsewhere = county({**once, "changes": [{"date": "2027-01-12", "venue": AWAY}]})
    assert shares(elsewhere) == [0, 0.5, 0.75]


def test_a_sensitive_group_is_near_nobody() -> None:
    """The groups of a sensitive programme change no share and no list of towns (S102)."""
    here = {"district": made.directory().districts[0]}
    public, secret = (
        county({}, sensitive=sensitive, settlements=(town("Near", 0.5, **here),))
        for sensitive in (False, True)
    )
    towns = [
        Reach.of(d, Coverage.of(d)).without(d.districts[0], PREGNANCY, "weekday", 5)
        for d in (public, secret)
    ]
    assert [len(found) for found in towns] == [0, 1]
    assert secret.private_series
    assert {*every_share(secret).values()} == {0}


@pytest.mark.parametrize(
    ("precision", "found"),
    [
        ("area", [0.25, 0.5, 0.75]),
        ("town", [0.25, 0.5, 0.75]),
        ("outcode", [None] * 3),
        ("district", [None] * 3),
    ],
)
def test_how_exactly_a_place_must_be_known(precision: str, found: list[float]) -> None:
    """An area counts from its middle; a place that may be miles away counts nowhere."""
    directory = county({})
    venue = directory.series[0].all_sessions[0].venue
    for session in directory.series[0].all_sessions:
        object.__setattr__(session, "venue", venue)
    object.__setattr__(venue, "position", Position(*CENTRE, precision))
    assert shares(directory) == found


# --- what stands for families ---------------------------------------------------------------------


def sectors(directory: Directory, *postcodes: int) -> Directory:
    """The directory with two sectors, 2 and 8 miles north, and without postcodes."""
    areas = [
        PostcodeArea(f"PR1 {n}", Position(*north(miles), "sector"), directory.districts, numbers)
        for n, (miles, numbers) in enumerate(
            zip((2, 8), [(n,) for n in postcodes] or [(), ()], strict=True)
        )
    ]
    outcode = PostcodeArea("PR1", Position(*north(0), "outcode"), directory.districts, (100,))
    update = {"postcode_areas": (outcode, *areas), "postcode_districts": b""}
    return directory.model_copy(update=update)


def test_sectors_take_the_place_of_postcodes() -> None:
    """Without imported postcodes each sector counts for as many as it has, or all alike.

    They are too rough to say that nobody is near in a district that has a group.
    """
    directory = county({})
    counted, alike = sectors(directory, 30, 10), sectors(directory)
    for found, share, points in ((counted, 0.75, 40), (alike, 0.5, 2)):
        reach = Reach.of(found, Coverage.of(found))
        assert (reach.basis, reach.points(found.districts[0])) == ("sectors", points)
        assert shares(found) == [None, share, share]
        assert shares(found, BABIES) == [0, 0, 0]
    assert Reach.of(directory, Coverage.of(directory)).basis == "postcodes"


def test_nothing_is_known_without_either() -> None:
    """Without postcodes and sectors a share is not known, which is not nobody."""
    directory = made.directory({})
    reach = Reach.of(directory, Coverage.of(directory))
    assert (reach.basis, shares(directory)) == ("", [None] * 3)
    assert reach.points(directory.districts[0]) == 0


def test_postcodes_of_other_districts_alone() -> None:
    """An import that has none of these districts is as if there were none."""
    other = postcode_districts.pack([Placed("", 53.7, -2.7, "E07000117")])
    directory = sectors(county({}), 30, 10).model_copy(update={"postcode_districts": other})
    assert Reach.of(directory, Coverage.of(directory)).basis == "sectors"


def test_a_damaged_import_is_said() -> None:
    """A damaged file stops the build in words, and never counts as nobody."""
    directory = county({}).model_copy(update={"postcode_districts": b"{}\n"})
    with pytest.raises(PostcodesError, match="portal postcodes import"):
        Reach.of(directory, Coverage.of(directory))


# --- towns ----------------------------------------------------------------------------------------


def test_towns_without() -> None:
    """Towns of the district that are too far are named, the largest first, then by their kind."""
    districts = made.directory().districts
    here = {"district": districts[0]}
    settlements = (
        town("Hamlet", 8, kind="hamlet", **here),
        town("Village", 8, **here),
        town("Market", 8, kind="town", **here),
        town("Small", 2, 400, **here),
        town("Large", 4, 5000, **here),
        town("Huge", 0.5, 9000, **here),
        town("Rough", 8, 7000, precision="outcode", **here),
        town("Elsewhere", 8, 8000),
    )
    directory = county({}, settlements=settlements)
    reach = Reach.of(directory, Coverage.of(directory))

    def without(miles: int, band=PREGNANCY) -> list[str]:
        towns = reach.without(directory.districts[0], band, "weekday", miles)
        return [one.name for one in towns]

    far = ["Market", "Village", "Hamlet"]
    assert without(5) == far
    assert without(3) == ["Large", *far]
    assert without(1) == ["Large", "Small", *far]
    assert without(5, BABIES) == ["Huge", "Large", "Small", *far]


def test_the_village_that_gains() -> None:
    """A series in a village takes it, and what is near it, off the list of those without."""
    here = {"district": made.directory().districts[0]}
    settlements = (town("Far", 6, 100, **here), town("Farther", 12, 90, **here))
    before, after = (
        county(*series, settlements=settlements) for series in (({},), ({}, {"venue": AWAY}))
    )
    lists = [
        [
            one.name
            for one in Reach.of(d, Coverage.of(d)).without(d.districts[0], PREGNANCY, "weekday", 5)
        ]
        for d in (before, after)
    ]
    assert lists == [["Far", "Farther"], ["Farther"]]


# --- places known only roughly --------------------------------------------------------------------


def at_rough_place(directory: Directory, miles: float, precision: str | None) -> Directory:
    """The directory with its first group so many miles north, where that is known only roughly."""
    for session in directory.series[0].all_sessions:
        position = Position(*north(miles), precision) if precision else None
        object.__setattr__(session.venue, "position", position)
    return directory


def test_a_group_at_a_rough_place_is_denied_to_nobody() -> None:
    """Where a group may be near, no share is 0 and no town is without; how many is said."""
    here = {"district": made.directory().districts[0]}
    settlements = (town("Near", 4, **here), town("Far", 14, **here), town("Farthest", 30, **here))
    directory = at_rough_place(county({}, settlements=settlements), 0, "outcode")
    reach, (district,) = Reach.of(directory, Coverage.of(directory)), directory.districts

    assert shares(directory) == [None] * 3
    assert shares(directory, BABIES) == [0] * 3
    names = [one.name for one in reach.without(district, PREGNANCY, "weekday", 5)]
    assert sorted(names) == ["Far", "Farthest"]
    assert len(reach.without(district, BABIES, "weekday", 5)) == 3
    assert reach.rough(PREGNANCY, "weekday", district) == directory.series
    assert reach.rough_near() == reach.rough_near(district) == directory.series
    assert reach.rough(BABIES, "weekday", district) == reach.rough(BABIES, "weekday") == ()


@pytest.mark.parametrize(
    ("precision", "names"),
    [("outcode", ["Far", "Farthest"]), ("district", ["Farthest"]), (None, ["Farthest"])],
)
def test_how_far_off_a_rough_place_may_be(precision: str | None, names: list[str]) -> None:
    """A postcode district is smaller than a council district, and no position is no better."""
    here = {"district": made.directory().districts[0]}
    settlements = (town("Near", 4, **here), town("Far", 14, **here), town("Farthest", 30, **here))
    directory = at_rough_place(county({}, settlements=settlements), 0, precision)
    reach = Reach.of(directory, Coverage.of(directory))
    towns = reach.without(directory.districts[0], PREGNANCY, "weekday", 5)
    assert [one.name for one in towns] == names


def test_a_share_with_groups_left_out_is_the_least() -> None:
    """Beside a group at a rough place, the others' share stands, and may be more; 1 may not."""
    directory = at_rough_place(county({}, {"venue": AWAY}), 6, "outcode")
    reach, (district,) = Reach.of(directory, Coverage.of(directory)), directory.districts
    placed = reach.share(district, PREGNANCY, "weekday", 3)
    assert placed == 0.5
    assert reach.may_be_more(district, PREGNANCY, "weekday", 3)
    whole = county({}, {"venue": AWAY})
    assert not Reach.of(whole, Coverage.of(whole)).may_be_more(district, PREGNANCY, "weekday", 5)


# --- distances ------------------------------------------------------------------------------------


def vincenty(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres along the ellipsoid WGS 84, by Vincenty's inverse formula."""
    a, f = 6_378_137.0, 1 / 298.257223563
    b = a * (1 - f)
    u1, u2 = (math.atan((1 - f) * math.tan(math.radians(point[0]))) for point in (one, other))
    difference = lam = math.radians(other[1] - one[1])
    while True:
        x = math.cos(u2) * math.sin(lam)
        y = math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(lam)
        sin_s = math.hypot(x, y)
        cos_s = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(lam)
        sigma = math.atan2(sin_s, cos_s)
        sin_a = math.cos(u1) * math.cos(u2) * math.sin(lam) / sin_s
        cos2_a = 1 - sin_a**2
        cos_m = cos_s - 2 * math.sin(u1) * math.sin(u2) / cos2_a if cos2_a else 0.0
        c = f / 16 * cos2_a * (4 + f * (4 - 3 * cos2_a))
        inner = sigma + c * sin_s * (cos_m + c * cos_s * (2 * cos_m**2 - 1))
        lam, last = difference + (1 - c) * f * sin_a * inner, lam
        if abs(lam - last) < 1e-12:
            break
    square = cos2_a * (a**2 - b**2) / b**2
    big_a = 1 + square / 16384 * (4096 + square * (square * (320 - 175 * square) - 768))
    big_b = square / 1024 * (256 + square * (square * (74 - 47 * square) - 128))
    third = big_b / 6 * cos_m * (4 * sin_s**2 - 3) * (4 * cos_m**2 - 3)
    turn = big_b * sin_s * (cos_m + big_b / 4 * (cos_s * (2 * cos_m**2 - 1) - third))
    return b * big_a * (sigma - turn)


@pytest.mark.parametrize("centre", [(53.48, -3.05), (53.76, -2.70), (54.24, -2.05)])
@pytest.mark.parametrize("miles", MILES)
def test_distances_are_geodesic(centre: tuple[float, float], miles: int) -> None:
    """The edge of a circle is a geodesic of its radius, to a metre, all around and in the county.

    The slow count measures with other arithmetic, which is as exact.
    """
    circle = _Circle(centre, miles)
    for step in range(-40, 41):
        up = circle.height * step / 40 * 0.9999
        for side in (-1, 1):
            edge = centre[0] + up, centre[1] + side * circle.half_width(up)
            geodesic = vincenty(centre, edge)
            assert geodesic == pytest.approx(miles * slow_reach.MILE, abs=1)
            assert slow_reach.metres(centre, edge) == pytest.approx(geodesic, abs=0.01)
            for stretch, inside in ((0.9995, True), (1.0005, False)):
                point = centre[0] + up * stretch, centre[1] + (edge[1] - centre[1]) * stretch
                assert circle.holds(*point) is inside


IMPORTED = Settings(root=ROOT, var=ROOT / "var").postcode_districts


@pytest.mark.slow
@pytest.mark.parametrize("postcodes", ["invented", "imported"])
def test_every_share_agrees_with_a_slow_count(shipped_directory: Directory, postcodes: str) -> None:
    """Every share of the shipped content is what a slow count says."""
    if postcodes == "invented":
        data = slow_reach.scattered(shipped_directory, 0.1)
    elif IMPORTED.is_file():
        data = IMPORTED.read_bytes()
    else:
        pytest.skip(f"no postcodes were imported: {IMPORTED} is not there")
    directory = shipped_directory.model_copy(update={"postcode_districts": data})

    found, wanted = every_share(directory), slow_reach.counted(directory)

    assert {
        key: (share, wanted[key])
        for key, share in found.items()
        if not wanted[key][0] <= (share or 0) <= wanted[key][1]
    } == {}
    # Not known is only what is 0 without the groups that are left out.
    reach = Reach.of(directory, Coverage.of(directory))
    bands = {band.slug: band for band in AGE_BANDS}
    districts = {one.slug: one for one in directory.districts}
    for (district, band, part, miles), share in found.items():
        left_out = reach.rough(bands[band], part, districts[district], miles)
        assert share is not None or left_out
    assert sum(1 for share in found.values() if share and share < 1) > 100
