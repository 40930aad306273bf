"""Boards: mistakes in their files by line with the remedy, their meetings, and their calendar."""

from datetime import date

import icalendar
import pytest

from portal.content.checks import check
from portal.content.reader import read_tree
from portal.directory.addresses import fixed_pages
from portal.editing.drafts import Draft, WritingError, place_of
from portal.feeds import board_meetings
from portal.feeds.calendars import Calendars
from tests.support import made
from tests.support.boards import ASKED, board, with_board

PRESTON = """---
title: Preston advisory board
summary: It helps to shape our centres.
district: preston
starts: 2027-01-12
day: Tuesday
time: 17:30-19:00
where: Riverbank Centre
join: Come and listen
members:
  - Parents
consultation:
  slug: weekends
  title: What should we open at the weekend?
  opens: 2027-01-04
  closes: 2027-01-31
  questions:
    - name: when
      label: Which day?
      options: [Saturday, Sunday]
    - name: what
      label: For whom?
      options: [Children, Teenagers]
    - name: how
      label: How would you come?
      options: [On foot, By bus]
---

Text.
"""
FOOTPRINTS = """footprints:
- slug: preston
  title: Preston
  districts:
    - slug: preston
      title: Preston
      code: E07000123
      latitude: 53.77
      longitude: -2.70
    - slug: chorley
      title: Chorley
      code: E07000118
      latitude: 53.66
      longitude: -2.64
"""


def found(tmp_path, **files):
    """The mistakes in boards of these texts, as (file, line, words)."""
    folder = tmp_path / "content/boards"
    folder.mkdir(parents=True, exist_ok=True)
    (tmp_path / "content/footprints.yaml").write_text(FOOTPRINTS)
    for slug, text in files.items():
        (folder / f"{slug.replace('_', '-')}.md").write_text(text)
    tree = read_tree(tmp_path)
    check(tree)
    return [
        (problem.path.rpartition("/")[2], problem.line, problem.words)
        for text in tree.boards
        for problem in text.written.problems
    ]


def test_a_right_board_has_no_mistakes(tmp_path):
    """A board of a district, and a group that has none and no dates."""
    group = "title: Youth council\nsummary: Young people.\njoin: Ask us"
    assert found(tmp_path, preston=PRESTON, youth_council=f"---\n{group}\n---\n\nText.\n") == []


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("day: Tuesday", "day: Monday", 6, "12 January 2027 is a Tuesday, not a Monday. Write"),
        ("2027-01-12\nday: Tuesday", "2027-03-29", 5, "(Easter Monday). Choose another day"),
        ("district: preston", "district: prestn", 4, "there is no district 'prestn'."),
        ("district: preston", "district: chorley", 4, "is chorley.md. Rename this file"),
        ("district: preston\n", "", 1, "the name of a district. Write 'district: preston'"),
        ("time: 17:30-19:00\n", "", 5, "'time' is missing. Write from when to when"),
        ("where: Riverbank Centre\n", "", 5, "'where' is missing. Write where"),
        ("starts: 2027-01-12\nday: Tuesday", "day: Tuesday", 5, "says nothing. Add 'starts'"),
        ("day: Tuesday", "repeats: daily", 6, "does not meet 'daily'. Write monthly"),
        ("  - Parents", "  - Mrs Khan", 11, "has a full name in it. Write the role only"),
        ("join: Come", "except: [2027-02-10]\njoin: Come", 9, "write 2027-02-09"),
        ("join: Come", "programme: nothing\njoin: Come", 9, "there is no programme 'nothing'"),
        ("closes: 2027-01-31", "closes: 2027-01-01", 16, "before it opens"),
        ("closes: 2027-01-31", "closes: 2027-12-01", 16, "more than half a year"),
        ("closes: 2027-01-31", "closes: 2027-01-31\n  district: nowhere", 17, "no district"),
        ("[Saturday, Sunday]", "[Saturday]", 20, "has 2 to 8 answers to choose from"),
        ("[Saturday, Sunday]", "[Saturday, saturday]", 20, "an answer is there twice. Remove"),
        ("name: what", "name: when", 21, "'when' is used already. Give this question another"),
        (
            "    - name: how\n      label: How would you come?\n      options: [On foot, By bus]\n",
            "", 17, "asks 3 to 6 questions, and this one asks 2",
        ),
        (
            "join: Come",
            "said:\n  - date: 2026-09-01\n    said: More swimming\n    state: cannot\njoin: Come",
            12, "'why' is missing. Write why it cannot be done",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_remedy(tmp_path, old, new, line, words):
    """A mistake names its file and line, what is wrong, and what to do."""
    assert PRESTON.count(old) == 1
    mistakes = found(tmp_path, preston=PRESTON.replace(old, new))

    assert ("preston.md", line) in [one[:2] for one in mistakes], mistakes
    assert any(words in said for _, _, said in mistakes), mistakes


def test_one_board_for_a_district_and_one_consultation_of_a_name(tmp_path):
    """Two boards of one district, or two consultations with one address, are a mistake."""
    copied = PRESTON.replace("title: Preston advisory", "title: Another")
    (district, consultation) = found(tmp_path, preston=PRESTON, twin=copied)

    assert district[0] == consultation[0] == "twin.md"
    assert "content/boards/preston.md is the board of 'preston' already" in district[2]
    assert "has a consultation 'weekends' already" in consultation[2]


def test_the_next_meeting_is_not_on_a_bank_holiday():
    """A later meeting that the rule puts on a bank holiday moves, and says so."""
    found_board = board()
    may = next(one for one in found_board.meetings if one.name == "2027-05-03")

    assert found_board.next_meeting(date(2027, 1, 4)) is found_board.meetings[1]
    assert (may.day, "May Day" in may.moved) == (date(2027, 5, 4), True)
    assert board(starts=None, time=None).next_meeting(made.TODAY) is None


def test_a_board_keeps_its_entries_when_its_file_is_renamed():
    """The UID is that of its first name, and each meeting has its planned day before it."""
    directory = with_board(aliases=["old-preston"])
    data = Calendars(directory).files()["/boards/preston/calendar.ics"]()
    entries = icalendar.Calendar.from_ical(data).walk("VEVENT")

    assert entries[0]["UID"] == "2026-12-07.board.old-preston@families.example"
    assert entries[0]["SUMMARY"] == "Meeting of Preston advisory board"
    assert entries[0]["URL"] == "https://families.example/boards/preston/"
    assert Calendars(directory).files()["/boards/old-preston/calendar.ics"]() == data
    moved = next(one for one in entries if str(one["UID"]).startswith("2027-05-03"))
    assert moved["SUMMARY"].startswith("MOVED: ")
    assert list(board_meetings.entries(board(starts=None, time=None), directory.site)) == []


def test_portal_new_writes_the_file_of_a_board():
    """It is in content/boards, and each answer is checked as in the file."""
    draft = Draft("board", with_board())
    draft.answer("title", "Preston advisory board")
    draft.answer("starts", "2027-01-12")
    with pytest.raises(WritingError, match="is not a weekday"):
        draft.answer("day", "Someday")

    assert place_of(draft, "preston").as_posix() == "content/boards/preston.md"
    assert "# The day of its first meeting, if it is known.\nstarts: 2027-01-12" in draft.text()


def test_a_site_without_boards_has_no_list_of_them():
    """Nor does it take the name from a page of text."""
    assert "/boards/" not in fixed_pages(boards=False)
    assert "/boards/" in fixed_pages()


def test_a_consultation_says_its_ages_in_words():
    """The band of the file is a band that families know."""
    asked = {**ASKED, "ages": "secondary-school"}
    assert board(consultation=asked).consultation.age_words == "Secondary school, 11 to 15"
