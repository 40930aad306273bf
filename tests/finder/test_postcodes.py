"""The national files of postcodes become one small file, and what is asked of it comes back."""

import math
import subprocess
import sys
import zipfile

import pytest

from portal.finder import postcode_districts, postcodes
from portal.finder.national_grid import degrees
from portal.finder.postcode_districts import unpack
from portal.finder.postcode_import import Placed, PostcodesError, read
from portal.finder.postcodes import Postcodes, pack

HYNDBURN = {"E07000120"}

# Made-up places of the national grid: two in Hyndburn, one across the border, one far away.
ROWS = [
    ("BB5 1AA", 375_850, 428_650, "E07000120"),
    ("BB5 1AB", 375_910, 428_580, "E07000120"),
    ("BB1 9ZZ", 370_000, 428_000, "E06000008"),
    ("CF10 1AA", 318_000, 176_000, "W06000015"),
]

TO_2024 = (
    "pcd,pcd2,pcds,dointr,doterm,usertype,oseast1m,osnrth1m,osgrdind,oa11,cty,ced,laua,lat,long"
)
IN_2025 = "pcd7,pcd8,pcds,dointr,doterm,cty25cd,lad25cd,usrtypind,east1m,north1m,gridind,lat,long"
IN_2026 = "pcd7,pcd8,pcds,dointr,doterm,usrtypind,east1m,north1m,gridind,cty26cd,lad26cd,lat,long"
ONSPD_2020 = "pcd,pcd2,pcds,dointr,doterm,oscty,oslaua,usertype,oseast1m,osnrth1m,osgrdind,ctry"


def code_point(rows=ROWS, spaced=str):
    """Rows as OS Code-Point Open has them, with the postcode's spacing as a release had it."""
    return "".join(
        f'"{spaced(code)}",10,{east},{north},"E92000001","E19000001","E18000002","","{district}",'
        '"E05005220"\n'
        for code, east, north, district in rows
    )


def ons(header, rows=ROWS, ended=(), unplaced=()):
    """Rows as the ONS has them, by the names of one release."""
    lines = [header]
    for code, east, north, district in rows:
        placed = code not in unplaced
        cells = {
            "pcd": f"{code[:-3].strip():4}{code[-3:]}"[-7:],
            "pcds": code,
            "doterm": "201503" if code in ended else "",
            "east": f"0{east}" if placed else "",
            "north": f"0{north}" if placed else "",
            "grid": "1" if placed else "9",
            "district": district,
        }
        lines.append(",".join(f'"{_cell(name, cells)}"' for name in header.split(",")))
    return "\n".join(lines) + "\n"


def _cell(name, cells):
    if name in ("oslaua", "laua", "lad25cd", "lad26cd"):
        return cells["district"]
    if name in ("pcd", "pcd7", "pcd2", "pcd8"):
        return cells["pcd"]
    for key, part in (("east", "east1m"), ("north", "rth1m"), ("north", "north1m")):
        if part in name:
            return cells[key]
    if name in ("osgrdind", "gridind"):
        return cells["grid"]
    return cells.get(name, "E10000017")


def written(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def codes(placed):
    return [one.postcode for one in placed]


def metres(a, b):
    up = (a[0] - b[0]) * 111_320
    return math.hypot(up, (a[1] - b[1]) * 111_320 * math.cos(math.radians(a[0])))


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spaced",
    [str, lambda code: code.replace(" ", ""), lambda code: f"{code[:-4]:4}{code[-3:]}"],
    ids=["one space", "none", "padded"],
)
def test_code_point_in_every_spacing(tmp_path, spaced):
    """Code-Point Open is read however a release spaces its postcodes."""
    path = written(tmp_path, "bb.csv", code_point(spaced=spaced))

    placed, report = read(path, HYNDBURN)

    assert codes(placed) == ["BB1 9ZZ", "BB5 1AA", "BB5 1AB"]
    assert (report.kept, report.border, report.bad) == (3, 1, 0)


@pytest.mark.parametrize("header", [TO_2024, IN_2025, IN_2026, ONSPD_2020])
def test_ons_under_every_name(tmp_path, header):
    """The ONS directories are read by the names of their columns, those of every year."""
    path = written(tmp_path, "NSPL.csv", "\N{BOM}" + ons(header))

    placed, report = read(path, HYNDBURN)

    assert codes(placed) == ["BB1 9ZZ", "BB5 1AA", "BB5 1AB"]
    assert report.dropped == {"too far away": 1}


def test_a_year_to_come(tmp_path):
    """A release of a later year, with that year in its names, is read too."""
    path = written(tmp_path, "NSPL.csv", ons(IN_2026.replace("26cd", "31cd")))
    header = path.read_text().splitlines()[0]
    path.write_text(path.read_text().replace("E10000017", "E07000120"))

    placed, _ = read(path, HYNDBURN)

    assert "lad31cd" in header
    assert {"BB5 1AA", "BB5 1AB"} <= set(codes(placed))


def test_what_is_dropped_is_counted(tmp_path):
    """Ended and unplaced postcodes and those of Northern Ireland are left out, and counted."""
    rows = [*ROWS, ("BT1 1AA", 333_000, 374_000, "N09000003")]
    path = written(
        tmp_path, "ONSPD.csv", ons(IN_2025, rows, ended={"BB5 1AB"}, unplaced={"CF10 1AA"})
    )

    placed, report = read(path, HYNDBURN)

    assert codes(placed) == ["BB1 9ZZ", "BB5 1AA"]
    assert report.dropped == {
        "no longer in use": 1,
        "without a position": 1,
        "in Northern Ireland, under another licence": 1,
    }


def test_bad_rows_are_named(tmp_path):
    """Each row that makes no sense is named with its line and what is wrong; the rest is read."""
    text = code_point()
    bad = [
        '"BB5 1A",10,375850,428650,"","","","","E07000120",""',
        '"BB5 1AD",10,37585O,428650,"","","","","E07000120",""',
        '"BB5 1AE",10,9375850,428650,"","","","","E07000120",""',
        '"BB5 1AF",10,375850',
        '"BB5 1CC",10,375850,428650,"","","","","E07000120",""',
        "\0\0\0",
    ]
    path = written(tmp_path, "bb.csv", text + "\n".join(bad) + "\n\n" + code_point(ROWS[:1]))

    placed, report = read(path, HYNDBURN)

    assert len(placed) == 3
    assert report.bad == 6
    assert report.named == [
        "bb.csv:5: 'BB5 1A' is not a postcode.",
        "bb.csv:6: '37585O, 428650' are not metres of the national grid.",
        "bb.csv:7: 9375850, 428650 lie outside the national grid.",
        "bb.csv:8: columns: 3; there should be 10.",
        "bb.csv:9: 'BB5 1CC' is not a postcode.",
        "bb.csv:10: columns: 1; there should be 10.",
    ]
    assert report.dropped == {"too far away": 1, "there already": 1}


def test_a_comma_within_a_cell(tmp_path):
    """A quoted comma before the columns that matter does not shift them."""
    path = written(tmp_path, "NSPL.csv", ons("note," + IN_2026).replace('"E10000017"', '"a, b"'))

    placed, report = read(path, HYNDBURN)

    assert (codes(placed), report.bad) == (["BB1 9ZZ", "BB5 1AA", "BB5 1AB"], 0)


def test_a_quote_too_many_costs_one_row(tmp_path):
    """A quote that is never closed does not swallow the rows after it."""
    damaged = code_point().replace('"E07000120","E05005220"', '"E07000120,"E05005220"', 1)
    path = written(tmp_path, "bb.csv", '"BB5 9ZZ,10\n' + code_point() + damaged)

    with pytest.raises(PostcodesError):
        read(path, HYNDBURN)

    path.write_text(code_point() + '"BB5 9ZZ,10\n' + code_point([("BB5 2AA", *ROWS[0][1:])]))
    placed, report = read(path, HYNDBURN)

    assert "BB5 2AA" in codes(placed)
    assert report.named == ["bb.csv:5: columns: 1; there should be 10."]


def test_a_folder_and_a_zip(tmp_path):
    """A folder or a zip is read whole, and the files in it that hold no postcodes are passed by."""
    folder = tmp_path / "codepo_gb"
    written(folder, "Data/CSV/bb.csv", code_point(ROWS[:2]))
    written(folder, "Data/CSV/bd.csv", code_point(ROWS[2:]))
    written(folder, "Doc/Code-Point_Open_Column_Headers.csv", "PC,PQ,EA,NO,CY,RH,LH,CC,DC,WC\n")
    with zipfile.ZipFile(tmp_path / "codepo_gb.zip", "w") as packed:
        for path in folder.rglob("*.csv"):
            packed.write(path, path.relative_to(folder))

    for given in (folder, tmp_path / "codepo_gb.zip"):
        placed, report = read(given, HYNDBURN)

        assert codes(placed) == ["BB1 9ZZ", "BB5 1AA", "BB5 1AB"]
        assert report.files == ["Data/CSV/bb.csv", "Data/CSV/bd.csv"]
        assert report.skipped == ["Doc/Code-Point_Open_Column_Headers.csv"]


def test_ons_rows_that_are_packed_twice(tmp_path):
    """The copy by area that ONS packs beside the whole file is not read again."""
    written(tmp_path, "Data/ONSPD_NOV_2025_UK.csv", ons(IN_2025))
    written(tmp_path, "Data/multi_csv/ONSPD_NOV_2025_UK_BB.csv", ons(IN_2025))

    _, report = read(tmp_path, HYNDBURN)

    assert report.files == ["Data/ONSPD_NOV_2025_UK.csv"]
    assert report.dropped["there already"] == 0


def test_how_wide_the_border_is(tmp_path):
    """A postcode outside the districts is kept within so many miles, and not further out."""
    rows = [
        ROWS[0],
        ("BB9 9AA", 375_850 + 14_000, 428_650, "E07000122"),
        ("BD1 1AA", 375_850 + 18_000, 428_650, "E08000032"),
    ]
    path = written(tmp_path, "bb.csv", code_point(rows))

    assert codes(read(path, HYNDBURN)[0]) == ["BB5 1AA", "BB9 9AA"]
    assert codes(read(path, HYNDBURN, border_miles=0)[0]) == ["BB5 1AA"]


def test_progress_is_told_in_bytes(tmp_path):
    """Whoever draws a bar is told how much is read, up to all of it."""
    path = written(tmp_path, "bb.csv", code_point())
    told = []

    read(path, HYNDBURN, progress=lambda done, total: told.append((done, total)))

    assert (path.stat().st_size, path.stat().st_size) == told[-1]


@pytest.mark.parametrize("text", ["", "name,town\nRiverbank,Preston\n", "\x00\x01\x02", "{}"])
def test_a_file_of_something_else(tmp_path, text):
    """A file without postcodes is refused, with what to give instead."""
    path = written(tmp_path, "what.csv", text)

    with pytest.raises(PostcodesError, match="Code-Point Open"):
        read(path, HYNDBURN)


def test_a_file_of_another_county(tmp_path):
    """A file that holds nothing of the districts wanted is refused."""
    path = written(tmp_path, "cf.csv", code_point(ROWS[3:]))

    with pytest.raises(PostcodesError, match="E07000120"):
        read(path, HYNDBURN)


def test_a_file_that_is_not_there(tmp_path):
    """A slip in the name is answered in words."""
    with pytest.raises(PostcodesError, match="no such file"):
        read(tmp_path / "nowhere.zip", HYNDBURN)


# --- where it is ----------------------------------------------------------------------------------


def test_from_the_grid_to_degrees():
    """The worked example of the Ordnance Survey's guide comes out within five metres."""
    # Caister water tower: 651409.903, 313177.270 is 52°39'28.8282"N 1°42'57.8663"E in WGS 84.
    guide = 52 + 39 / 60 + 28.8282 / 3600, 1 + 42 / 60 + 57.8663 / 3600

    assert metres(guide, degrees(651_409.903, 313_177.270)) < 5


# --- the small file -------------------------------------------------------------------------------


def some(count=400):
    """Postcodes of four sectors, strewn over some miles."""
    letters = [a + b for a in "ABDEFGHJLN" for b in "ABDEFGHJLN"]
    return [
        Placed(
            f"BB{n % 4 + 1} {n % 4 + 2}{letters[n // 4]}", 53.7 + n % 37 / 900, -2.3 - n % 53 / 700
        )
        for n in range(count)
    ]


def test_what_was_packed_comes_back():
    """Each postcode is found where it is, to the grid of 100 metres."""
    data = pack(some())
    found = Postcodes(data)

    assert len(found) == 400
    for one in some():
        position = found.find(one.postcode)
        assert position
        assert metres(one[1:], (position.latitude, position.longitude)) < 75
        assert position.precision == "postcode"


@pytest.mark.parametrize("postcode", ["BB1 2ZZ", "BB1 3AA", "ZZ9 9ZZ", "BB1 2CC", "", "BB1 2é!"])
def test_what_was_not_packed(postcode):
    """A postcode that is not in the file is not found, whatever it looks like."""
    assert Postcodes(pack(some())).find(postcode) is None


def test_the_same_postcodes_give_the_same_bytes():
    """The order in which rows come changes nothing."""
    assert pack(some()) == pack(reversed(some()))


def test_one_postcode_alone():
    """A file may hold a single postcode."""
    found = Postcodes(pack([Placed("PR1 8RJ", 53.7563, -2.7094)]))

    assert len(found) == 1
    assert found.find("PR1 8RJ")


@pytest.mark.parametrize(
    "cut", [lambda d: d[:-1], lambda d: d[5:], lambda d: b"", lambda d: b"[]\n"]
)
def test_a_damaged_file_is_refused(cut):
    """A file that was cut short says how to make it again."""
    with pytest.raises(PostcodesError, match="portal postcodes import"):
        Postcodes(cut(pack(some())))


def test_an_import_replaces_the_last_one(tmp_path):
    """A new import replaces both private files; one that fails leaves them as they were (S102)."""
    source, out = written(tmp_path, "bb.csv", code_point()), tmp_path / "var" / "postcodes.bin"
    counted = out.with_name(postcode_districts.FILE_NAME)

    postcodes.import_file(source, out, HYNDBURN, by_district=counted)
    first, districts = out.read_bytes(), counted.read_bytes()
    nothing = written(tmp_path, "no.csv", "a,b\n")
    with pytest.raises(PostcodesError):
        postcodes.import_file(nothing, out, HYNDBURN, by_district=counted)

    assert (first, districts) == (out.read_bytes(), counted.read_bytes())
    assert {out, counted} == {*out.parent.iterdir()}
    assert {path.stat().st_mode & 0o077 for path in (out, counted)} == {0}
    assert Postcodes(first).find("BB5 1AA")
    assert {code: len(points) for code, points in unpack(districts).items()} == {"E07000120": 2}


# --- by district ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [code_point(), ons(TO_2024)], ids=["Code-Point", "ONS"])
def test_each_postcode_has_its_district(tmp_path, text):
    """A postcode of a wanted district keeps its code; one of the border has none."""
    placed, _ = read(written(tmp_path, "file.csv", text), {"E07000120", "E07000125"})

    assert {one.postcode: one.district for one in placed} == {
        "BB1 9ZZ": "",
        "BB5 1AA": "E07000120",
        "BB5 1AB": "E07000120",
    }


def test_places_by_district_come_back():
    """Each postcode of a district comes back within 10 metres, once, and the border not at all."""
    placed = [
        Placed(f"BB{n % 9} {n % 10}AA", 53.4 + n * 0.00123, -3.1 + n * 0.00271, code)
        for n in range(600)
        for code in (("E07000120", "E07000125", "")[n % 3],)
    ]

    found = unpack(postcode_districts.pack(reversed(placed)))

    assert [*found] == ["E07000120", "E07000125"]
    for code, points in found.items():
        wanted = [(one.latitude, one.longitude) for one in placed if one.district == code]
        assert len(points) == len(wanted)
        assert max(map(metres, sorted(points), sorted(wanted))) < 10


def test_places_by_district_name_no_postcode():
    """What counts postcodes has neither their names nor their order (S102)."""
    placed = [Placed(code, *degrees(east, north), key) for code, east, north, key in ROWS[:2]]
    renamed = [
        Placed("ZE1 0AA", *placed[1][1:]),
        Placed("AB1 0AA", *placed[0][1:]),
    ]

    packed = postcode_districts.pack(placed)

    assert packed == postcode_districts.pack(renamed)
    assert not any(code.encode() in packed for code in ("BB5", "1AA", "1AB"))


@pytest.mark.parametrize("cut", [slice(-1), slice(-2), slice(5, None), slice(0)])
def test_damaged_places_by_district_are_refused(cut):
    """A file that was cut short is refused, and the message names the command to run again."""
    packed = postcode_districts.pack([Placed("BB5 1AA", 53.75, -2.36, "E07000120")])

    with pytest.raises(PostcodesError, match="portal postcodes import"):
        unpack(packed[cut])


def test_districts_at_both_ends_of_the_world():
    """Districts that are too far apart for the file are refused, not wrapped round."""
    with pytest.raises(PostcodesError, match=r"footprints\.yaml"):
        postcode_districts.pack([Placed("A", 50, -3, "E1"), Placed("B", 60, -3, "E2")])


# --- the command ----------------------------------------------------------------------------------


def command(*arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", "portal", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_the_command_keeps_what_the_content_names(tmp_path, sample_root):
    """The districts are the content's own; what became of each row is said."""
    text = code_point() + "nonsense\n" + code_point([("BB5 1AD", *ROWS[0][1:3], "E07000125")])
    path = written(tmp_path, "bb.csv", text)

    said = command("--root", sample_root, "postcodes", "import", path, folder=tmp_path)

    assert (said.returncode, said.stderr) == (0, "bb.csv:5: columns: 1; there should be 10.\n")
    assert said.stdout.splitlines() == [
        "Kept 4, of which 1 in the border.",
        "Left out 1 too far away.",
        "1 row makes no sense.",
        f"The finder has them in var/postcodes.bin, "
        f"{(tmp_path / 'var/postcodes.bin').stat().st_size} bytes, from the next build.",
        "Coverage counts them by district from var/postcode-districts.bin, which is not published.",
    ]


@pytest.mark.slow
def test_the_command_refuses_in_words(tmp_path, sample_root):
    """A wrong file is one sentence, and no traceback."""
    path = written(tmp_path, "no.csv", "a,b\n")

    said = command("--root", sample_root, "postcodes", "import", path, folder=tmp_path)

    assert said.returncode == 1
    assert "Code-Point Open" in said.stderr
    assert "Traceback" not in said.stderr
