"""What a build published is remembered, and each date that would change is found and named."""

import gzip
import json
import shutil
from datetime import date

import pytest

from portal import content
from portal.content import published_dates
from portal.settings import Settings
from portal.web.site import build

TODAY = date(2026, 11, 23)
SPRING = "centres/preston/riverbank/bump-spring.md"
CENTRE = "centres/preston/riverbank/index.md"


@pytest.fixture
def root(tmp_path, sample_root):
    return shutil.copytree(sample_root, tmp_path / "root")


def changed(root, before, path, *pairs):
    """The differences after an edit, as (kind, planned, words)."""
    file = root / path
    text = file.read_text("utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return found(root, before)


def found(root, before):
    directory = content.load(root, today=TODAY)
    return [
        (one.kind, one.planned.isoformat(), one.words)
        for one in published_dates.differences(before, directory)
    ]


@pytest.fixture
def before(root):
    return published_dates.record(content.load(root, today=TODAY))


def test_nothing_changes_by_itself(root, before):
    """The same files differ in nothing, today and later."""
    later = content.load(root, today=date(2027, 1, 20))

    assert found(root, before) == []
    assert published_dates.differences(before, later) == []


def test_one_date_cancelled(root, before):
    """In the words of the file, with the date that families know."""
    assert changed(
        root,
        before,
        SPRING,
        ("changes:\n", "changes:\n  - date: 2027-01-26\n    cancelled: Snow\n"),
    ) == [
        (
            "cancelled",
            "2027-01-26",
            "Tuesday 26 January 2027, 10am to midday is cancelled: Snow",
        )
    ]


def test_one_date_postponed_then_given_a_day(root, before):
    """A postponed date is named with its reason; then its new day, or that it is on again."""
    old = "Tuesday 26 January 2027, 10am to midday"
    off = "changes:\n  - date: 2027-01-26\n    postponed: Snow\n"
    postponed = changed(root, before, SPRING, ("changes:\n", off))
    stood = published_dates.record(content.load(root, today=TODAY))
    nothing = changed(root, stood, SPRING)
    day = changed(root, stood, SPRING, ("postponed: Snow", "moved_to: 2027-01-28"))
    again = changed(root, stood, SPRING, ("moved_to: 2027-01-28", "note: Snow boots"))

    assert postponed == [("postponed", "2027-01-26", f"{old} is postponed: Snow")]
    assert nothing == []
    new = "Thursday 28 January 2027, 10am to midday"
    assert day == [("moved", "2027-01-26", f"{old} moves to {new}")]
    assert again == [("on again", "2027-01-26", f"{old} is on again")]


def test_one_date_moved_and_one_held_elsewhere(root, before):
    """A move says from when to when; another place says where."""
    assert changed(
        root,
        before,
        SPRING,
        ("moved_to: 2027-02-03 13:00-15:00", "moved_to: 2027-02-04"),
        ("note: Bring a photo of your bump.", "venue:\n      name: Village hall"),
    ) == [
        (
            "moved",
            "2027-02-02",
            "Wednesday 3 February 2027, 1pm to 3pm moves to "
            "Thursday 4 February 2027, 10am to midday",
        ),
        (
            "moved",
            "2027-02-23",
            "Tuesday 23 February 2027, 10am to midday is held elsewhere: Village hall",
        ),
    ]


LIBRARY = """venue:
      name: Town Library
      address: 2 High Street
      town: Leyland
      postcode: PR25 2EX"""


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (CENTRE, "postcode: PR1 8RJ", "postcode: PR1 8RH"),
        (CENTRE, "address: 12 River Street", "address: 12-14 River Street"),
        (CENTRE, "title: Riverbank Centre", "title: The Riverbank Centre"),
        (SPRING, "postcode: PR25 2EX", "postcode: PR25 2EZ"),
        (SPRING, "address: 2 High Street", "address: 2, High Street"),
    ],
    ids=["postcode", "street", "name", "postcode elsewhere", "street elsewhere"],
)
def test_mending_how_a_place_is_written_is_no_move(root, path, old, new):
    """Nobody has to go elsewhere, and nobody is told: of a centre, and of an address beside it."""
    file = root / SPRING
    file.write_text(file.read_text("utf-8").replace("note: Bring a photo of your bump.", LIBRARY))
    before = published_dates.record(content.load(root, today=TODAY))

    assert changed(root, before, path, (old, new)) == []


def test_another_place_is_said_as_it_is_written_now(root, before):
    """Another street is another place."""
    there = changed(root, before, SPRING, ("note: Bring a photo of your bump.", LIBRARY))
    stood = published_dates.record(content.load(root, today=TODAY))
    moved = changed(root, stood, SPRING, ("2 High Street", "9 Mill Lane"))

    assert [words for *_, words in there] == [
        "Tuesday 23 February 2027, 10am to midday is held elsewhere: Town Library, "
        "2 High Street, Leyland, PR25 2EX"
    ]
    assert [words for *_, words in moved] == [
        "Tuesday 23 February 2027, 10am to midday is held elsewhere: Town Library, "
        "9 Mill Lane, Leyland, PR25 2EX"
    ]


def test_a_record_of_another_version_is_none(tmp_path, root, before):
    """It named no place: nothing is compared with it, until the next build."""
    published_dates.keep(tmp_path, content.load(root, today=TODAY))
    file = tmp_path / published_dates.FILE
    until, *lines = map(json.loads, gzip.decompress(file.read_bytes()).splitlines())
    assert published_dates.kept(tmp_path) == before
    for *_, dates in lines:
        for one in dates.values():
            one.pop()
    without = "\n".join(map(json.dumps, [until, *lines]))
    whole = json.dumps({"until": until, "names": {}, "sessions": {}})
    for other in (without, whole):
        file.write_bytes(gzip.compress(other.encode()))
        assert published_dates.kept(tmp_path) is None


def test_dates_added_and_removed(root, before):
    """More sessions are new dates; a file that is gone takes its dates along."""
    more = changed(root, before, SPRING, ("sessions: 6", "sessions: 7"))
    (root / SPRING).unlink()
    (root / SPRING).with_name("bump-spring.pl.md").unlink()
    gone = found(root, before)

    assert more == [("added", "2027-03-02", "Tuesday 2 March 2027, 10am to midday is new")]
    assert [kind for kind, *_ in gone] == ["removed"] * 6


def test_a_cancelled_date_is_on_again(root, before):
    """Taking the change out of the file brings the date back."""
    play = "centres/preston/riverbank/play-monday.md"

    assert changed(
        root,
        before,
        play,
        ("changes:\n  - date: 2026-12-14\n    cancelled: The hall is used for a vote\n", ""),
    ) == [("on again", "2026-12-14", "Monday 14 December 2026, 9:30am to 11am is on again")]


def test_a_renamed_series_is_the_same(root, before):
    """With its old name in `aliases` nothing changes for families."""
    file = root / SPRING
    text = file.read_text().replace("aliases: bump-winter", "aliases: [bump-winter, bump-spring]")
    file.with_name("bump-new-year.md").write_text(text)
    file.unlink()
    file.with_name("bump-spring.pl.md").unlink()

    assert found(root, before) == []


def test_new_terms_are_no_news(root, before):
    """A group that goes on is not said to have hundreds of new dates."""
    with (root / "content/terms.yaml").open("a") as file:
        file.write("")
    terms = root / "content/terms.yaml"
    text = terms.read_text()
    new = "  - year: 2027-28\n    part: autumn 1\n    first: 2027-09-02\n    last: 2027-10-22\n"
    terms.write_text(text.replace("\nclosures:", f"{new}\nclosures:"))

    assert found(root, before) == []


@pytest.mark.slow
def test_a_build_keeps_a_record_beside_the_public_folder(root, tmp_path):
    """It is read back as it was; the site holds nothing of it, as sensitive groups are in it."""
    settings = Settings(root=root, out=tmp_path / "site", var=tmp_path / "var", leaflets=False)
    build.build(settings, today=TODAY, jobs=1)
    directory = content.load(root, today=TODAY)

    assert published_dates.kept(settings.var) == published_dates.record(directory)
    assert not list(settings.out.rglob("*published*"))
    assert {one.identity for one in directory.private_series} <= {
        *published_dates.kept(settings.var).sessions
    }


@pytest.mark.parametrize("damage", [b"", b"not packed", None])
def test_a_damaged_record_is_none(tmp_path, damage):
    """What cannot be read is as if it were not there."""
    if damage is not None:
        (tmp_path / published_dates.FILE).write_bytes(damage)

    assert published_dates.kept(tmp_path) is None
