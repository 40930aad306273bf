"""Every district has a board with a next date, or its pages say that it has none."""

import pytest

from portal.web.site.app import create_site
from tests.support.page_reader import Reader, words_of

GROUPS = ("linx", "powar", "youth-council")


@pytest.fixture(scope="module")
def text(shipped_directory):
    """The words of a page of what we ship, made by itself."""
    client = create_site(shipped_directory).test_client()
    made = {}

    def found(path):
        if path not in made:
            made[path] = words_of({path: Reader(client.get(path).text)}, path)
        return made[path]

    return found


def test_each_district_has_a_board_with_a_next_date(shipped_directory, text):
    """Its board, the list of boards and its coverage name the same day, or say there is none."""
    listed = text("/boards/")
    for district in shipped_directory.districts:
        board = shipped_directory.board_of(district)
        coverage = text(district.coverage_path)
        if board is None:
            assert f"{district.title} has no advisory board yet" in coverage
            assert "This district has no board yet." in listed
            continue
        meeting = board.next_meeting(shipped_directory.today)
        said = f"Next meeting: {meeting.words}" if meeting else "No next meeting is planned yet"
        assert board.title in coverage
        assert said in coverage
        assert said in listed
        assert (meeting.words if meeting else said) in text(board.path)
        assert board.title in text(district.path)


def test_the_groups_of_young_people_have_the_same_page(shipped_directory, text):
    """The youth council, POWAR and LINX: their pages and those of their programmes link."""
    for slug in GROUPS:
        board = shipped_directory.board(slug)
        programme = shipped_directory.programme(slug)
        assert programme.title in text(board.path)
        assert f"When {board.title} meets" in text(programme.path)


def test_what_no_source_says_of_boards_is_marked(shipped_directory):
    """Dates, places, members and what people said have no source: each file marks them."""
    for board in shipped_directory.boards:
        given = {"starts", "time", "where", "members", "said", "consultation"}
        given &= board.model_fields_set
        assert given <= {*board.sample}, board.source
        assert board.assumed
