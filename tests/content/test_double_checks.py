"""Doubles: what is there twice is reported, and both can be meant."""

import shutil

import pytest

from portal.content import ContentError
from tests.content.test_loader import SPRING, edit, load

RIVERBANK = "centres/preston/riverbank"
COPY = f"{RIVERBANK}/bump-spring-copied.md"


@pytest.fixture
def root(tmp_path, sample_root):
    """A sample with a copy of one series."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    shutil.copy(root / SPRING, root / COPY)
    edit(root, COPY, ("aliases: bump-winter\n", ""))
    return root


def wrong(root):
    """What is wrong, as lines."""
    try:
        load(root)
    except ContentError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_copied_series_is_reported(root):
    """A copy would be shown, and booked, beside its original; the copy is named, with a date."""
    (words,) = wrong(root)

    assert words.startswith(
        f"{COPY}:4:1: 'starts': {SPRING} is the same group at the same time: "
        "Tuesday 12 January 2027, 10am to midday."
    )
    assert words.endswith("If both are meant, write 'alongside: bump-spring'.")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("room: Willow Room", "room: Oak Room"),
        ("room: Willow Room", "room: Willow Room\nalongside: bump-spring"),
        ("room: Willow Room", "room: Willow Room\nalongside: [riverbank/bump-spring]"),
        ("time: 10:00-12:00", "time: 12:00-13:00"),
        ("places: 10", "places: 10\nwithdrawn: Too few families could come"),
        ("places: 10", "places: 10\nvenue:\n  name: Town Hall\n  town: Preston"),
        ("day: Tuesday\nstarts: 2027-01-12", "day: Tuesday\nstarts: 2027-04-20"),
    ],
)
def test_what_is_meant_is_no_double(root, old, new):
    """Another room, time, place or term is another group; and a file can say that both are."""
    changes = (
        "changes:\n  - date: 2027-02-02\n    moved_to: 2027-02-03 13:00-15:00\n"
        "  - date: 2027-02-23\n    note: Bring a photo of your bump.\n"
        "opens: 2026-11-16 09:00\ncloses: 2027-01-11 17:00\n"
    )
    edit(root, COPY, (changes, ""), (old, new))

    assert wrong(root) == []


def test_the_original_may_say_that_both_are_meant(root):
    """Either of the two files can say it."""
    edit(root, SPRING, ("room: Willow Room", "room: Willow Room\nalongside: bump-spring-copied"))

    assert wrong(root) == []


def test_two_groups_in_one_room_are_reported(root):
    """Another programme in the same room at the same time; a name of a room is what it says."""
    edit(
        root,
        COPY,
        ("programme: bump-birth-and-beyond", "programme: play-sessions\nbooking: book"),
        ("room: Willow Room", "room: 'willow  room'"),
    )
    (words,) = wrong(root)

    assert f"'room': {SPRING} is in the same room at the same time: Tuesday 12 January" in words


def test_a_time_in_common_on_one_date_is_enough(root):
    """A date that was moved counts where it is held, and a cancelled one does not."""
    edit(
        root,
        COPY,
        ("day: Tuesday\nstarts: 2027-01-12\ntime: 10:00-12:00\nsessions: 6\n",
         "repeats: once\nstarts: 2027-02-03\ntime: 14:30-16:00\n"),
        ("changes:\n  - date: 2027-02-02\n    moved_to: 2027-02-03 13:00-15:00\n"
         "  - date: 2027-02-23\n    note: Bring a photo of your bump.\n", ""),
    )  # fmt: skip
    (words,) = wrong(root)
    assert "Wednesday 3 February 2027, 2:30pm to 4pm" in words

    edit(root, SPRING, ("moved_to: 2027-02-03 13:00-15:00", "cancelled: The leader is ill"))
    assert wrong(root) == []


@pytest.mark.slow
def test_the_shipped_content_has_no_doubles(shipped_directory):
    """Guard: nothing that we ship is there twice, and nothing has to say that both are meant."""
    series = (*shipped_directory.series, *shipped_directory.private_series)

    assert [one.source for one in series if one.alongside] == []
