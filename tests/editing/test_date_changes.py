"""A date that is changed in a browser stands in its file as an editor would write it."""

from datetime import date

import pytest

from portal.directory.values import TimeRange
from portal.editing import date_changes
from portal.editing.date_changes import CLOSURES, DateChange, Written

PATH = "centres/preston/riverbank/bump.md"
CENTRE = "centres/preston/riverbank/index.md"
START = "---\nprogramme: bump  # not the other one\nstarts: 2027-01-12\n"
END = "places: '12'\n---\n\nTea at 9:45.\n"
NOTE = "changes:\n  - date: 2027-01-19  # Jo's birthday\n    note: Bring cake\n"
OFF_WITH_NOTE = NOTE.replace("    note", "    cancelled: Snow\n    note")


@pytest.fixture
def root(tmp_path):
    (tmp_path / PATH).parent.mkdir(parents=True)
    return tmp_path


def changed(root, text, fields, day="2027-01-19", path=PATH, field=date_changes.CHANGES):
    """The file with the entry of one date changed, which is written for the next one."""
    (root / path).write_text(text, "utf-8")
    (edit,) = date_changes.edits_for(root, [DateChange(path, day, fields, field)])
    return edit.text


def entry(**fields):
    return Written({"date": "2027-01-19", **fields})


@pytest.mark.parametrize(
    ("before", "fields", "after"),
    [
        (
            "",
            date_changes.cancelled(entry(), "Snow"),
            "changes:\n  - date: 2027-01-19\n    cancelled: Snow\n",
        ),
        (
            NOTE,
            date_changes.cancelled(entry(note="Bring cake"), "Snow"),
            OFF_WITH_NOTE,
        ),
        (
            "changes:\n  - date: 2027-01-19\n    moved_to: 2027-01-20\n    note: A vote\n",
            date_changes.cancelled(entry(moved_to="2027-01-20", note="A vote"), "Snow"),
            "changes:\n  - date: 2027-01-19\n    cancelled: Snow\n",
        ),
        (
            "changes:\n  - date: 2027-01-19\n    postponed: Snow\n",
            date_changes.moved("2027-01-19", day=date(2027, 1, 21), note="Same room"),
            "changes:\n  - date: 2027-01-19\n    moved_to: 2027-01-21\n    note: Same room\n",
        ),
        (
            "",
            date_changes.moved("2027-01-19", times=TimeRange.read("13:00-14:30")),
            "changes:\n  - date: 2027-01-19\n    moved_to: 2027-01-19 13:00-14:30\n",
        ),
        ("changes:\n  - date: 2027-01-19\n    cancelled: Snow\n", date_changes.taken_back(), ""),
        (
            OFF_WITH_NOTE,
            date_changes.taken_back("Bring cake"),
            NOTE,
        ),
    ],
    ids=[
        "cancelled", "cancelled beside a note", "cancelled after a move", "a new day",
        "another time", "taken back", "taken back beside a note",
    ],
)  # fmt: skip
def test_the_entry_is_that_of_an_editor(root, before, fields, after):
    """Only the lines of the date differ, and taking all back leaves no trace."""
    new = changed(root, START + before + END, fields)

    assert after in new
    assert new.replace(after, "") == START + END


def test_a_centre_is_closed_and_opened(root):
    """A closure of one day is added in order, and removed again with all that it had."""
    text = "---\ntitle: Riverbank\nclosures:\n  - date: 2027-02-01\n    reason: Painting\n---\n"
    day = {"day": "2027-01-19", "path": CENTRE, "field": CLOSURES}
    shut = changed(root, text, {"reason": "Snow"}, **day)
    assert "closures:\n  - date: 2027-01-19\n    reason: Snow\n  - date: 2027-02-01\n" in shut
    (root / CENTRE).write_text(shut)
    said = date_changes.written(root, CENTRE, "2027-01-19", CLOSURES)
    assert changed(root, shut, dict.fromkeys(said.fields), **day) == text


def test_several_dates_of_one_file_are_one_edit(root):
    """The second change is made in what the first one wrote."""
    (root / PATH).write_text(START + END)
    both = [
        DateChange(PATH, day, date_changes.cancelled(Written({}), "Snow"))
        for day in ("2027-01-19", "2027-01-26")
    ]
    (edit,) = date_changes.edits_for(root, both)
    assert edit.text.count("cancelled: Snow") == 2


def test_what_somebody_saw_is_of_one_date(root):
    """Another date of the file may change meanwhile; this one may not."""
    (root / PATH).write_text(START + NOTE + END)
    seen = [date_changes.written(root, PATH, day).seen for day in ("2027-01-19", "2027-01-26")]
    (root / PATH).write_text(START + NOTE.replace("cake", "tea") + END)
    later = [date_changes.written(root, PATH, day).seen for day in ("2027-01-19", "2027-01-26")]
    assert seen[0] != later[0]
    assert seen[1] == later[1]
