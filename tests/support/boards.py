"""A board made in memory, with what it asks the public."""

from collections.abc import Mapping
from datetime import date

from portal.content.school_calendar import school_calendar
from portal.directory import Board, Directory, Terms
from portal.directory.schedule import meetings
from tests.support import made

ASKED: Mapping[str, object] = {
    "slug": "weekends",
    "title": "What should we open at the weekend?",
    "opens": "2027-01-04",
    "closes": "2027-01-31",
    "questions": [
        {"name": "when", "label": "Which day?", "options": ["Saturday", "Sunday", "Neither"]},
        {"name": "what", "label": "For whom?", "options": ["Children", "Teenagers"]},
        {"name": "how", "label": "How would you come?", "options": ["On foot", "By bus"]},
    ],
}
FIELDS: Mapping[str, object] = {
    "title": "Preston advisory board",
    "summary": "It helps to shape our centres.",
    "district": "preston",
    "starts": "2026-12-07",  # a Monday
    "time": "17:30-19:00",
    "where": "Riverbank Centre",
    "join": "Come and listen",
    "members": ["Parents", "Health visitor"],
}


def board(calendar_terms: Terms | None = None, until: date = date(2027, 7, 31), **fields) -> Board:
    """A board with these fields in place of the usual ones, and its meetings."""
    found = Board.model_validate({**FIELDS, **fields})
    found.link(slug=found.district or "youth-council", source="content/boards/preston.md")
    calendar = school_calendar(calendar_terms or Terms(terms=()))
    return found.link(meetings=meetings(found, calendar, until), changed=made.CHANGED)


def with_board(**fields) -> Directory:
    """The small Directory of tests with one board."""
    return made.directory().model_copy(update={"boards": (board(**fields),)})
