"""The titles of pages are short, and say first what tells a page from others."""

import pytest

from portal.web import filters
from portal.web.layout import LONGEST_TITLE, Frame, Head

SERVICE, AREA = "Children and Family Wellbeing Service", "Lancashire"


@pytest.fixture
def title(county):
    frame = Frame(county())
    return lambda title, path="/x/", **more: frame.title(Head(title=title, path=path, **more))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Contact us", f"Contact us – {SERVICE}, {AREA}"),
        ("Riverbank Family Hub, Preston", f"Riverbank Family Hub, Preston – {SERVICE}"),
        ("a" * 45, f"{'a' * 45} – {AREA}"),
        ("a" * 60, "a" * 60),
        ("word " * 20, f"{'word ' * 12}word…"),
    ],
)
def test_the_service_is_said_where_it_fits(title, words, expected):
    """The area gives way first, then the service; what the page is about is cut last."""
    assert title(words) == expected
    assert len(title(words)) <= LONGEST_TITLE


def test_shorter_words_where_the_longer_do_not_fit(title):
    """The first of the other titles that fits is taken, with an ending where there is room."""
    assert title("a" * 80, shorter=("b" * 71, "c" * 50)) == f"{'c' * 50} – {AREA}"
    assert title("a" * 66, error=True, shorter=("c" * 50,)) == f"Error: {'c' * 50} – {AREA}"
    assert title(f"{SERVICE}, {AREA}", path="/") == f"{SERVICE}, {AREA}"


def test_titles_of_a_series(county):
    """What it is, when and where. A centre goes by its name, another hall by its town."""
    group = "programme: play\nstarts: 2026-11-24\ntime: 10:00-11:00\n"
    hall = "venue: {name: Village hall, town: Longridge}\n"
    here, there = county({"a": group, "b": group + hall}).series

    assert filters.titles(here) == [
        "Stay and Play, Tuesdays, Riverbank Centre, Preston",
        "Stay and Play, Tuesdays, Riverbank Centre",
        "Stay and Play, Tuesdays, Preston",
        "Stay and Play, Riverbank Centre",
    ]
    assert filters.titles(there) == [
        "Stay and Play, Tuesdays, Village hall, Longridge",
        "Stay and Play, Tuesdays, Longridge",
        "Stay and Play, Tuesdays, Longridge",
        "Stay and Play, Longridge",
    ]
