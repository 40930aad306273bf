"""Every mistake is named and placed, and a remedy that names what to write is enough."""

import os

import pytest

from portal.content.front_matter import read_file
from tests.support import figures
from tests.support.edited import EditedSample
from tests.support.paths import BROKEN
from tests.support.remedies import follow, names_one

PLAY = "centres/preston/riverbank/play-monday.md"
MASSAGE = "programmes/baby-massage.md"


@pytest.fixture(scope="module")
def _site(tmp_path_factory, sample_root):
    return EditedSample(tmp_path_factory.mktemp("site") / "root", sample_root)


@pytest.fixture
def site(_site):
    _site.reset()
    return _site


def follow_all(site, problems):
    """Follow each remedy that names what to write. What is left are those that leave a choice.

    A remedy may be one of two for the same line, so one is followed for each line at a time.
    """
    for _ in range(4):
        named = {}
        for problem in problems:
            if names_one(problem):
                key = problem.path, problem.line
                # What nobody can see is in the way of all else on its line.
                if key not in named or "U+" in problem.words:
                    named[key] = problem
        if not named:
            return problems
        for problem in sorted(named.values(), reverse=True):
            assert follow(site.root, problem), f"nobody can follow: {problem}"
        before = {problem.words for problem in problems}
        problems = site.problems()
        after = {problem.words for problem in problems}
        assert not after & {problem.words for problem in named.values()}, "the remedy did not help"
        assert after <= before, f"the remedy led to another mistake: {after - before}"
    raise AssertionError("one remedy leads to the next, and to no end")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(folder.name for folder in BROKEN.iterdir()))
def test_each_mistake_is_named_and_its_remedy_helps(name, site):
    """All mistakes, in order, with file, line and column; who does what one says is rid of it.

    PORTAL_REWRITE=1 writes `expected.txt` again.
    """
    folder = BROKEN / name
    site.lay_over(folder)
    problems = site.problems()
    found = "".join(f"{problem}\n" for problem in problems)
    if os.environ.get("PORTAL_REWRITE"):
        (folder / "expected.txt").write_text(found, encoding="utf-8")

    figures.record(hostile_files=1)
    assert problems
    assert (folder / "expected.txt").read_text(encoding="utf-8") == found
    follow_all(site, problems)


# --- what a tired worker writes ------------------------------------------------------------------

SERIES = """---
programme: baby-massage
title: {title}
day: Tuesday
starts: 2027-01-12
time: 10:00-12:00
sessions: 6
booking: book
places: 10
---
"""
CENTRE = """---
title: {title}
kind: family hub
district: preston
town: Preston
---

Come in.
"""
# A line of a series (of the field that it begins with, or a new one), and what the remedies make of
# it. Lines are parted by '|'.
SERIES_SLIPS = (
    ("price: £2 a family", "cost: £2 a family"),
    ("Price: £2 a family", "cost: £2 a family"),
    ("price: 2", "cost: Free"),
    ("ages: 0-5", "ages: 0-5 years"),
    ("ages: under 5s", "ages: 0-4 years"),
    ("ages: 6 wks - 12 mths", "ages: 6 weeks-12 months"),
    ("age group: 2-4 yrs", "ages: 2-4 years"),
    ("programme: Baby Massage", "programme: baby-massage"),
    ("programme: Baby massage!", "programme: baby-massage"),
    ("programme: baby-masage", "programme: baby-massage"),
    ("day: Tues", "day: Tuesday"),
    ("day: Tuesdays", "day: Tuesday"),
    ("day: weekly on Tuesday", "day: Tuesday"),
    ("day: Wednesday", "day: Tuesday"),
    ("repeats: weekly on Tuesday", "repeats: weekly"),
    ("repeats: every other week", "repeats: fortnightly"),
    ("frequency: every week", "repeats: every week"),
    ("time: 10am-12pm", "time: 10:00-12:00"),
    ("time: 1-3", "time: 13:00-15:00"),
    ("time: 10:00-1:00", "time: 10:00-13:00"),
    ("time: 10:00 until 12:00", "time: 10:00-12:00"),
    ("time: 9.30am to noon", "time: 09:30-12:00"),
    ("starts: 12/01/2027", "starts: 2027-01-12"),
    ("starts: Tue 12th Jan 2027", "starts: 2027-01-12"),
    ("starts: 2027-1-12", "starts: 2027-01-12"),
    ("until: 16.02.27|sessions:", "until: 2027-02-16"),
    ("end: 2027-02-16|sessions:", "until: 2027-02-16"),
    ("sessions: six", "sessions: 6"),
    ("sessions: 6 weeks", "sessions: 6"),
    ("weeks: 6|sessions:", "sessions: 6"),
    ("places: 10 families", "places: 10"),
    ("spaces: 10|places:", "places: 10"),
    ("when: Tuesday|day:", "day: Tuesday"),
    ("weekday: Tuesday|day:", "day: Tuesday"),
    ("when: 10:00-12:00|time:", "time: 10:00-12:00"),
    ("start: 2027-01-12|starts:", "starts: 2027-01-12"),
    ("date: 12/1/2027|starts:", "starts: 2027-01-12"),
    ("venue_name: Town Hall", "venue:|  name: Town Hall"),
    ("location: Town Hall", "venue:|  name: Town Hall"),
    ("booking: required", "booking: book"),
    ("booking: just turn up", "booking: drop-in"),
    ("term-time-only: yes", "term_time_only: yes"),
    ("term_time_only: yes please", "term_time_only: yes"),
    ("opens: 4 January 2027 9am", "opens: 4 January 2027 09:00"),
    ("opens: 04/01/2027 9:00", "opens: 2027-01-04 9:00"),
    ("closes: 2027-01-11 5pm", "closes: 2027-01-11 17:00"),
    ("language: Bengali", "language: Bengali"),
    ("language: BSL", "language: bfi"),
    ("tutor: Jo", "leader: Jo"),
    ("what to bring: A towel", "bring: A towel"),
    ("cancelled: The worker is ill", "withdrawn: The worker is ill"),
    ("changes:|  - date: 2027-01-19|    reason: The worker is ill",
     "changes:|  - date: 2027-01-19|    cancelled: The worker is ill"),
    ("changes:|  - date: 19/01/2027|    new_date: 20/01/2027 1pm-3pm",
     "changes:|  - date: 2027-01-19|    moved_to: 2027-01-20 13:00-15:00"),
    ("changes:|  - date: 2027-01-26|    moved_to: 3 February 2027 10am-12pm",
     "changes:|  - date: 2027-01-26|    moved_to: 3 February 2027 10:00-12:00"),
    ("venue:|  name: Hall|  post code: PR1 ORJ", "venue:|  name: Hall|  postcode: PR1 0RJ"),
    ("room:Willow Room", "room: Willow Room"),
    ("room: 'Willow's Room'", 'room: "Willow\'s Room"'),
)  # fmt: skip
CENTRE_SLIPS = (
    ("phone number: 01772 532536", "phone: 01772 532536"),
    ("telephone: O1772 532536", "phone: 01772 532536"),
    ("phone: Tel 01772 532536 (Jo)", "phone: 01772 532536"),
    ("contact: hub@families.example", "email: hub@families.example"),
    ("email: hub at families.example", "email: hub@families.example"),
    ("postcode: PRI 8RJ", "postcode: PR1 8RJ"),
    ("zip: PR1-8RJ", "postcode: PR1 8RJ"),
    ("location: -2.7094, 53.7563", "location: 53.7563, -2.7094"),
    ("hours:|  Monday: 9am-5pm|  Tues: 9-5",
     "opening_hours:|  Monday: 09:00-17:00|  Tuesday: 09:00-17:00"),
    ("kind: Childrens centre", "kind: children's centre"),
    ("kind: youth club", "kind: young people's centre"),
    ("district: Preston", "district: preston"),
    ("facilities: [disabled toilet, wheelchair access]",
     "facilities: [accessible-toilet, step-free]"),
    ("status: shut", "status: open"),
    ("send_to: 25 years", "send_to: 25"),
    ("street: 12 River Street", "address: 12 River Street"),
)  # fmt: skip


def with_line(text, slip):
    """The file with a line in place of that of its field, or before the end of the fields.

    A later part that ends with ':' names a field to take out.
    """
    lines, parts = text.split("\n"), slip.split("|")
    removed = [part for part in parts[1:] if part.endswith(":") and part[0] != " "]
    parts = [part for part in parts if part not in removed]
    lines = [line for line in lines if not line.startswith(tuple(removed) or "\0")]
    name = parts[0].partition(":")[0] + ":"
    at = next((n for n, line in enumerate(lines) if line.startswith(name)), None)
    if at is None:
        at = lines.index("---", 1)
        lines[at:at] = parts
    else:
        lines[at : at + 1] = parts
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("—\ntitle: A\n---\n", 1),
        ("---\ntitle: A\n—\n\nWords.\n", 3),
        ("---\ntitle: A\n—\n\nWords.\n\n---\n\nMore below a line across.\n", 3),
        ("---\ntitle: A\n–––\n\nWords.\n\n---\n", 3),
    ],
)
def test_a_dash_in_place_of_three_hyphens_is_named(tmp_path, text, line):
    """Word makes one long dash of `---`. The mistake is on its line, even if `---` follows."""
    file = tmp_path / "a.md"
    file.write_text(text, encoding="utf-8")
    [problem] = read_file(file, "a.md").problems
    follow(tmp_path, problem)

    assert problem.line == line
    assert problem.words.endswith("Write three hyphens '---' and nothing else.")
    assert "dash (U+" in problem.words
    assert read_file(file, "a.md").problems == []


@pytest.fixture(scope="module")
def corrected(_site):
    """One site with a file for each slip: its text once every remedy has been followed."""
    _site.reset()
    files = {}
    for number, (slip, _) in enumerate(SERIES_SLIPS):
        folder = _site.root / "centres/preston/riverbank"
        text = with_line(SERIES.format(title=f"Slip {number}"), slip)
        files[slip] = folder / f"slip-{number}.md", text
    for number, (slip, _) in enumerate(CENTRE_SLIPS):
        folder = _site.root / f"centres/preston/slip-{number}"
        folder.mkdir()
        files[slip] = folder / "index.md", with_line(CENTRE.format(title=f"Slip {number}"), slip)
    for path, text in files.values():
        path.write_text(text, encoding="utf-8")
    first = _site.problems()
    left = follow_each(_site, first)
    return {
        slip: (path.read_text(encoding="utf-8"), [one for one in left if path.match(one.path)])
        for slip, (path, _) in files.items()
    }


def follow_each(site, problems):
    """Follow remedies until none names what to write; each file has its own faults alone."""
    for _ in range(4):
        named = {}
        for problem in problems:
            if names_one(problem):
                named.setdefault((problem.path, problem.line), problem)
        if not named:
            break
        for problem in sorted(named.values(), reverse=True):
            follow(site.root, problem)
        problems = site.problems()
    return problems


@pytest.mark.parametrize(("slip", "right"), [*SERIES_SLIPS, *CENTRE_SLIPS])
def test_who_follows_the_remedies_has_what_was_meant(corrected, slip, right):
    """Of fields, words and figures as people write them, the mistake says what is meant."""
    text, left = corrected[slip]

    assert left == []
    assert right.replace("|", "\n") in text
