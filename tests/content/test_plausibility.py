"""Doubts: what can be read and is hardly meant is a warning with a place; a remark ends it."""

import json
import re
import shutil

import pytest

from portal import content
from portal.directory.values import Position
from tests.content.test_loader import TODAY, edit, load
from tests.support.remedies import follow

RIVERBANK = "centres/preston/riverbank"
INDEX = f"{RIVERBANK}/index.md"
PLAY = f"{RIVERBANK}/play-monday.md"
SERIES = """---
programme: {programme}
title: {title}
{fields}
---

{text}
"""
COMMON = {
    "starts": "2027-01-12", "time": "10:00-12:00", "sessions": "6", "booking": "book",
    "places": "9",
}  # fmt: skip

# The fields of a series that differ from the usual, and what is said of them (nothing: no doubt).
OF_SERIES = {
    "night": ({"time": "1:30-3:00"}, "'time': this is from 1:30am to 3am, when hardly anybody "
              "comes. For 1:30pm to 3pm, write '13:30-15:00'."),
    "after-midnight": ({"time": "0:30-2:00"}, "For 12:30pm to 2pm, write '12:30-14:00'."),
    "early": ({"time": "6:45-13:00"}, "'time': it starts at 6:45am."),
    "late": ({"time": "20:00-22:30"}, "'time': it ends at 10:30pm. Correct the time."),
    "long": ({"time": "9:00-17:30"}, "'time': it lasts 8.5 hours, from 9am to 5:30pm."),
    "short": ({"time": "10:00-10:10"}, "'time': it lasts 10 minutes."),
    "widest": ({"time": "14:00-22:00"}, ""),
    "earliest": ({"time": "7:00-15:00"}, ""),
    "far": ({"starts": "2072-01-12"}, "'starts': Tuesday 12 January 2072 is 46 years ahead. "
            "If the year is 2027, write '2027-01-12'."),
    "long-ago": ({"starts": "2017-01-10", "sessions": None}, "'starts': Tuesday 10 January 2017 "
                 "is 9 years ago. If the year is 2027, write '2027-01-10'."),
    "until": ({"until": "2031-01-14", "sessions": None}, "is 5 years ahead."),
    "opens-at-night": ({"opens": "2026-12-01 1:30"}, "'opens': 1:30am is an unlikely time. "
                       "For 1:30pm, write '2026-12-01 13:30'."),
    "opens-at-midnight": ({"opens": "2026-12-01"}, ""),
    "opens-late": ({"opens": "2026-12-01 23:00"}, "'opens': 11pm is an unlikely time."),
    "opens-last-year": ({"opens": "2025-12-01 9:00"}, "more than a year before the first session"),
    "closes-at-night": ({"closes": "2027-01-11 5:00"}, "write '2027-01-11 17:00'."),
    "closes-last-year": ({"closes": "2026-01-11 17:00"}, "half a year before the first session"),
    "closes-after": ({"closes": "2027-06-01"}, "after the last session"),
    "closes-at-its-end": ({"closes": "2027-02-16"}, ""),
    "moved": ({"changes": "\n  - date: 2027-01-19\n    moved_to: 2027-01-20 1:00-2:30"},
              "'moved_to': this is from 1am to 2:30am"),
    "sessions": ({"sessions": "166"}, "'sessions': the last of 166 sessions would be on"),
    "places": ({"places": "1000"}, "'places': 1000 places are more than any group has."),
    "cost": ({"cost": "£250 a family"}, "'cost': £250 is much for families. Correct it, like "
             "£2.50."),
    "months": ({"ages": "0-144 months"}, "'ages': birth to 144 months go on to 12 years. Check"),
    "other-ages": ({"ages": "12-15 years"}, "'ages': its programme is for pregnancy"),
    "send": ({"ages": "0-4 years", "send_to": "2"}, "'send_to': 2 is below 4"),
    "updated": ({"updated": "2027-11-20"}, "'updated': Saturday 20 November 2027 is still to come"),
    "venue-outside": ({"venue": "\n  name: Hall\n  postcode: M1 2AB"}, "'postcode': 'M1 2AB' is "
                      "outside the county, at Manchester City Council."),
    "venue-elsewhere": ({"venue": "\n  name: Hall\n  postcode: BB4 6AA"}, "'postcode': 'BB4 6AA' "
                        "is in Rossendale, and the centre is in Preston."),
    "venue-nowhere": ({"venue": "\n  name: Hall\n  postcode: PR1 1CO"}, "'postcode': a postcode "
                      "never ends with the letter"),
    "venue-unknown": ({"venue": "\n  name: Hall\n  postcode: ZE1 0AA"}, "'postcode': 'ZE1 0AA' is "
                      "not a postcode of this county."),
    "no-sector": ({"venue": "\n  name: Hall\n  postcode: BB8 5AA"}, "'postcode': there is no 'BB8 "
                  "5' in this county, so 'BB8 5AA' cannot be right."),
    "letter-o": ({"venue": "\n  name: Hall\n  postcode: PR1 0RJ"}, ""),
    "letter-for-1": ({"venue": "\n  name: Hall\n  postcode: OL1Z 0AA"}, "is not a postcode of"),
    "point": ({"venue": "\n  name: Hall\n  postcode: PR1 1AA\n  location: 53.6963, -2.3047"},
              "'location': this is 17 miles from the postcode PR1 1AA. Correct one of them."),
    "point-of-town": ({"venue": "\n  name: Hall\n  town: Preston\n  location: 54.0500, -2.8000"},
                      "'location': this is 20 miles from Preston."),
    "point-alone": ({"venue": "\n  name: Hall\n  location: 54.5000, -2.8000"},
                    "from the nearest place in Preston"),
    "area-far": ({"venue": "\n  area: around the parks\n  meet: the gate\n  location: 54.05, -2.8"},
                 "'location': the middle of this area is 21 miles from Riverbank"),
    "area-elsewhere": ({"venue": "\n  area: near the park\n  meet: it\n  location: 53.698, -2.688"},
                       "'location': this is in South Ribble, and the centre is in Preston."),
    "area": ({"venue": "\n  area: around the parks\n  meet: the gate\n  town: Preston"}, ""),
    "town": ({"venue": "\n  name: Hall\n  town: Lancaster\n  postcode: PR1 1AA"},
             "'postcode': 'PR1 1AA' is 20 miles from Lancaster. Correct one of them."),
    "bring": ({"bring": "A towel. Ring 01772 53253 to ask"}, "'01772 53253': this phone number has "
              "too few figures"),
    "note-alone": ({"siblings_note": "Toys for children up to 8"}, "'siblings_note': no page shows "
                   "this without 'siblings'. Add 'siblings: welcome'."),
    "note": ({"siblings": "welcome", "siblings_note": "Toys for children up to 8"}, ""),
    "long-line": ({"expect": "We play. " * 20}, "'expect': this has 179 characters"),
    "text-phone": ({"text": "Text 07700 90012 or 07700 9001234."}, "'07700 90012': a mobile number "
                   "has 11 figures."),
    "text-day": ({"text": "We start on Monday 12 January 2027."}, "'Monday 12 January 2027': that "
                 "day is a Tuesday. Write 'Tuesday 12 January 2027'"),
    "text-no-day": ({"text": "We end on 31 November 2027."}, "'31 November 2027': there is no 31"),
    "text-right": ({"text": "See https://example.org/01772532/01772-5325. Ring 01772 532536 on "
                    "Tuesday 12 January 2027, [or](tel:01772532536), from 0 to 12345678."}, ""),
}  # fmt: skip

# What is written in place of what in the centre's file.
OF_CENTRE = {
    "hours": ("  Friday: 9:00-16:30", "  Friday: 1:00-5:00", "'Friday': this is from 1am to 5am"),
    "hours-twice": ("  Friday: 9:00-16:30", "  Friday: 9:00-13:00, 12:00-17:00", "begins before"),
    "hours-long": ("  Friday: 9:00-16:30", "  Friday: 7:00-21:00", ""),
    "notice": ("  until: 2026-12-04", "  until: 2062-12-04", "If the year is 2026, write '2026-12"),
    "notice-long": ("  until: 2026-12-04", "  until: 2027-12-04", "383 days after"),
    "closure": ("  - date: 2026-12-07", "  - from: 2026-12-21\n    until: 2028-01-03", "378 days"),
    "status": ("ages: 0-19 years", "status: closed from 2072-01-01", "write 'closed from 2027-"),
    "checked": ("checked: 2026-11-05", "checked: 2027-11-05", "is still to come"),
    "postcode": ("postcode: PR1 8RJ", "postcode: PR1 9RJ", "is in South Ribble, and the centre is"),
    "location": ("location: 53.7563, -2.7094", "location: 53.9563, -2.7094", "14 miles from the"),
    "email": ("riverbank@families.example", "riverbank@familes.example", "write 'riverbank@famil"),
    "transport": ("Buses 2 and 35", "Ring 01253 1234567. Buses 2 and 35", "'01253 1234567': this"),
}  # fmt: skip

OLD_BOARD = """---
title: Old board
summary: Nobody has looked at this file for long.
starts: 2026-10-06
time: 17:30-19:00
repeats: once
where: Riverbank Centre
join: Come and listen
said:
  - {date: 2025-11-22, said: The letters are hard, did: We wrote them again, state: not yet}
  - {date: 2025-11-23, said: It is cold, why: We asked, state: not yet}
  - {date: 2024-11-22, said: It is dark, why: We asked, state: not yet}  # meant
  - {date: 2024-11-22, said: It is wet, why: We asked, state: cannot}
consultation:
  slug: long-ago
  title: What should we open?
  opens: 2026-06-01
  closes: 2026-08-24
  questions:
    - {name: when, label: "When?", options: [Saturday, Sunday]}
    - {name: what, label: "What?", options: [Sport, Art]}
    - {name: how, label: "How?", options: [By bus, By car]}
---

Come in.
"""

# Series in the folder of a building that the service has given up, and whether they are in doubt.
GIVEN_UP = {
    "inside": ({}, True),
    "away": ({"venue": "\n  name: Village hall\n  town: Preston"}, False),
    "by-name": ({"venue": "\n  name: old mill centre\n  town: Preston"}, True),
    "over": ({"starts": "2026-01-06", "day": "Tuesday", "sessions": "2"}, False),
}  # fmt: skip


def series_file(name, changed):
    fields = {**COMMON, **changed}
    text = fields.pop("text", "Come in.")
    lines = [f"{key}: {value}" for key, value in fields.items() if value is not None]
    return SERIES.format(
        programme="bump-birth-and-beyond", title=name, fields="\n".join(lines), text=text
    )


@pytest.fixture(scope="module")
def slips(tmp_path_factory, sample_root):
    """A sample with a file for each case, and what is in doubt there."""
    root = shutil.copytree(sample_root, tmp_path_factory.mktemp("doubts") / "root")
    for name, (changed, _) in OF_SERIES.items():
        (root / RIVERBANK / f"{name}.md").write_text(series_file(name, changed), encoding="utf-8")
    centre = (root / INDEX).read_text(encoding="utf-8")
    for name, (old, new, _) in OF_CENTRE.items():
        assert old in centre, name
        folder = root / "centres/preston" / f"centre-{name}"
        folder.mkdir()
        text = centre.replace(old, new).replace("title: Riverbank", f"title: {name}")
        text = re.sub(r"photo.*\n|aliases.*\n", "", text)
        (folder / "index.md").write_text(text, encoding="utf-8")
    folder = root / "centres/preston/old-mill"
    folder.mkdir()
    text = centre.replace("title: Riverbank", "in_use: no, stopped 2018\ntitle: Old Mill")
    text = re.sub(r"photo.*\n|aliases.*\n", "", text)
    (folder / "index.md").write_text(text, encoding="utf-8")
    for name, (changed, _) in GIVEN_UP.items():
        (folder / f"{name}.md").write_text(series_file(name, changed), encoding="utf-8")
    (root / "content/boards/old-board.md").write_text(OLD_BOARD, encoding="utf-8")
    doubts = content.doubts(load(root))
    assert {problem.severity for problem in doubts} == {"warning"}
    return root, doubts


@pytest.fixture(scope="module")
def found(slips):
    return slips[1]


def said_of(found, path):
    return [problem.words for problem in found if problem.path == path]


def test_what_has_grown_old_on_the_page_of_a_board_is_a_warning(found):
    """A consultation closed for three months, dates that are over, and a year of "not yet"."""
    old, running = (
        [(one.line, one.words) for one in found if one.path == f"content/boards/{name}.md"]
        for name in ("old-board", "preston")
    )
    remedy = "If it is so, write '# meant' at the end of the line."
    assert old == [
        (4, "'starts': no meeting is planned after Tuesday 6 October 2026. Write the day of the "
            f"next one, or remove the dates. {remedy}"),
        (10, "'state': 'not yet' since Saturday 22 November 2025, more than a year ago. Write "
             f"'done' or 'cannot', and what came of it. {remedy}"),
        (18, "'closes': the consultation closed on Monday 24 August 2026, 91 days ago. Write under "
             f"'said' what came of it, and remove it. {remedy}"),
    ]  # fmt: skip
    assert running == []


@pytest.mark.parametrize("name", OF_SERIES)
def test_what_is_hardly_meant_in_a_series_is_a_warning(found, name):
    """Times at night, far years, odd amounts, addresses elsewhere, wrong numbers in words."""
    _, expected = OF_SERIES[name]
    said = said_of(found, f"{RIVERBANK}/{name}.md")

    assert bool(expected) == bool(said), said
    assert expected in "".join(said)


@pytest.mark.parametrize("name", OF_CENTRE)
def test_what_is_hardly_meant_in_a_centre_is_a_warning(found, name):
    """Opening hours, notices, closures, addresses and dates of a centre are looked at too."""
    expected = OF_CENTRE[name][2]
    said = said_of(found, f"centres/preston/centre-{name}/index.md")

    assert bool(expected) == bool(said), said
    assert expected in "".join(said)


@pytest.mark.parametrize("name", GIVEN_UP)
def test_a_group_in_a_building_that_was_given_up_is_a_warning(found, name):
    """No coming session is held in a building that the service has left, by its centre's page."""
    said = said_of(found, f"centres/preston/old-mill/{name}.md")

    assert bool(said) == GIVEN_UP[name][1], said
    if said:
        assert "The service had stopped using this building by 2018. Move the file" in said[0]


def test_a_warning_has_its_line_and_says_how_to_answer_it(found):
    """An editor is led to the line, inside blocks too, and told what to write if it is so."""
    [moved] = [problem for problem in found if problem.path.endswith("/moved.md")]
    [text] = [problem for problem in found if problem.path.endswith("/text-day.md")]

    assert (moved.line, moved.column) == (11, 5)
    assert moved.words.endswith("If it is so, write '# meant' at the end of the line.")
    assert text.line == 11
    assert text.words.endswith(
        "If it is so, add a line '# meant: Monday 12 January 2027' to the fields."
    )


def test_who_writes_what_a_warning_says_is_rid_of_it(slips):
    """Where a warning names what to write, that is enough, and nothing else is wrong then.

    This test changes the files, and so is the last one about them.
    """
    root, doubts = slips
    named = [problem for problem in doubts if re.search(r"[Ww]rite '(?!# meant)", problem.words)]
    assert len(named) >= 10
    for problem in named:
        assert follow(root, problem), problem
    left = {(problem.path, problem.words) for problem in content.doubts(load(root))}

    assert left <= {(one.path, one.words) for one in doubts} - {(n.path, n.words) for n in named}


@pytest.fixture
def root(tmp_path, sample_root):
    return shutil.copytree(sample_root, tmp_path / "root")


def test_a_file_can_say_that_it_is_meant(root):
    """`# meant` ends the warning about its line alone, and does no harm where there is none."""
    edit(
        root,
        PLAY,
        (
            "time: 9:30-11:00",
            "time: '4:30-6:00'  # meant: breakfast before work\nbring: Tea # meant",
        ),
        ("room: Hall", "room: Hall  # meant\n# meant: Monday 12 January 2027"),
        ("room: Hall", "cost: £60 a family\nroom: Hall"),
    )
    with (root / PLAY).open("a", encoding="utf-8") as file:
        file.write("\nUntil Monday 12 January 2027. Not on Friday 12 January 2027.\n")
    said = [problem.words for problem in content.doubts(load(root))]

    assert [words.partition(":")[0] for words in said] == ["'cost'", "'Friday 12 January 2027'"]


def test_terms_are_looked_at(root):
    """A term or a closure with a wrong year is no mistake in itself, and would move sessions."""
    terms = root / "content/terms.yaml"
    text = terms.read_text(encoding="utf-8")
    last = re.findall(r"last: (\d{4})(-\d\d-\d\d)", text)[-1]
    terms.write_text(text.replace("".join(last), f"{int(last[0]) + 10}{last[1]}"), encoding="utf-8")
    said = [str(problem) for problem in content.doubts(load(root))]

    assert any("content/terms.yaml" in words and "years ahead" in words for words in said), said


def test_imported_postcodes_are_exact(root):
    """With them, a postcode that does not exist is known, and how far its door may be."""
    known = {"PR1 8RJ": Position(53.7563, -2.7094, "postcode")}

    def doubts():
        return [one for one in content.doubts(load(root), known.get) if one.path == INDEX]

    assert doubts() == []

    edit(root, INDEX, ("location: 53.7563, -2.7094", "location: 53.7763, -2.7094"))
    assert "1 miles from the postcode" in doubts()[0].words

    edit(root, INDEX, ("postcode: PR1 8RJ", "postcode: PR1 8RA"))
    assert "is not among the imported postcodes" in doubts()[0].words


def test_a_letter_for_a_figure_in_a_postcode_is_named(root):
    """O and I are taken for 0 and 1 where only a figure can be, and the right one is written."""
    edit(root, "content/outcodes.csv", ("BB8,", "BB10,53.79951,-2.21923,burnley\nBB8,"))
    edit(root, INDEX, ("postcode: PR1 8RJ", "postcode: BB1O 2AA"))
    said = [problem.words for problem in content.doubts(load(root))]

    assert "this has the letter O, and not the figure 0. Write 'BB10 2AA'." in said[0]


def test_check_lists_doubts_and_succeeds(root):
    """`portal check` shows them with file and line, with no option, and ends well."""
    from click.testing import CliRunner

    from portal.commands import main

    edit(root, PLAY, ("time: 9:30-11:00", "time: 1:30-3:00"))
    plain = CliRunner().invoke(main, ["--root", str(root), "check"])
    as_json = CliRunner().invoke(main, ["--root", str(root), "check", "--format", "json"])
    line = f"{PLAY}:5:1: 'time': this is from 1:30am to 3am"

    assert plain.exit_code == 0
    assert line in plain.stdout
    # More than this one where the day of the test is long after that of the sample.
    assert re.search(r"^No mistakes\. \d+ warnings?: see above\.", plain.stdout, re.MULTILINE)
    every = [one for one in json.loads(as_json.stdout) if one["path"] == PLAY]
    [said] = [one for one in every if "1:30am" in one["words"]]
    assert (said["line"], said["severity"]) == (5, "warning")


def test_nothing_else_is_in_doubt(directory):
    """The sample has none; what we ship is looked at in `tests/guards/test_content_shipped.py`."""
    assert directory.today == TODAY
    assert content.doubts(directory) == []
