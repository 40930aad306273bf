"""Charts: where their bars and points go, what they say, and that they need no script."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from portal.bookings.disclosure import Figure
from portal.web import charts
from portal.web.templating import environment

NAMES = ["July to September 2026", "April to June 2026"]
ROWS = [("Burnley", [200, 100]), ("Chorley & more", [Figure(50, partial=True), None])]


def drawn(call):
    page = environment().from_string(
        '{% from "_charts.html" import bars, grouped, line %}{{ ' + call + " }}"
    )
    return page.render(rows=ROWS, names=NAMES, hidden=Figure(0, partial=True))


def test_bars_are_as_long_as_their_numbers():
    """Bars start at nought and are in proportion; a partial figure is dashed to the end."""
    found = charts.bars(ROWS, NAMES)
    widths = [bar.width for group in found.groups for bar in group.bars]

    assert widths[0] == 2 * widths[1] == 4 * widths[2] > 0
    assert widths[3] == 0
    assert [bar.more > 0 for group in found.groups for bar in group.bars] == [0, 0, 1, 0]
    assert all(bar.end <= charts.BAR_ROOM for group in found.groups for bar in group.bars)
    assert found.groups[1].bars[0].end == charts.BAR_ROOM


@pytest.mark.parametrize("number", [0, 1, 5, 12, 10_000])
def test_the_longest_bar_leaves_room_for_its_number(number):
    """No bar is longer than its part of the width, whatever the numbers are."""
    figures = [number, Figure(number, partial=True), number // 2]
    found = charts.bars([("A", figures)])

    assert max(bar.end for bar in found.groups[0].bars) <= charts.BAR_ROOM


def test_nothing_overlaps():
    """Each bar and each line of a label has its own place, within the height of the drawing."""
    rows = [("Healthy pregnancy and the first years of a child’s life", [1, 2, 3]), *ROWS]
    found = charts.bars(rows)
    edges = []
    for group in found.groups:
        edges += [(y - 1, y) for y, _ in group.lines]
        edges += [(bar.y, bar.y + 1) for bar in group.bars]

    assert all(one[1] <= other[0] for one, other in pairwise(edges))
    assert edges[-1][1] <= found.height
    assert all(len(text) <= charts.LABEL for group in found.groups for _, text in group.lines)


def test_line_leaves_a_gap_where_no_number_is_known():
    """A hidden or missing quarter has neither a point nor a line to it; nought is at the bottom.

    "50 or more" has a point, and no line that would compare it with the quarter before.
    """
    rows = [("2025-Q3", 100), ("2025-Q4", Figure(0, partial=True)), ("2026-Q1", None),
            ("2026-Q2", 0), ("2026-Q3", Figure(50, partial=True))]  # fmt: skip
    found = charts.line(rows)

    assert [point.partial for point in found.points] == [False, False, True]
    assert found.segments == ()
    assert found.points[1].y == found.base
    assert found.points[0].y < found.points[2].y < found.base
    assert "October to December 2025: hidden; January to March 2026: no figures" in (
        found.description
    )


@pytest.mark.parametrize(
    "call",
    [
        'bars("a", "Sessions", [("Burnley", 200), ("Chorley & more", hidden)], first="District")',
        'grouped("b", "Sessions", names, rows, table="open")',
        'line("c", "Families", [("2026-Q1", 1), ("2026-Q2", hidden)])',
        'bars("d", "Nothing", [])',
        'line("e", "One", [("2026-Q1", 1)])',
    ],
)
def test_chart_says_what_it_shows(call):
    """A chart is a named image with a title, a description and a table, of classes alone."""
    html = drawn(call)
    tree = ElementTree.fromstring(html)
    image = next(one for one in tree.iter("svg") if one.get("role") == "img")
    named = {one.get("id"): one.text for one in image if one.get("id")}

    assert [named[name] for name in image.get("aria-labelledby").split()] == [
        image.find("title").text,
        image.find("desc").text,
    ]
    assert len(list(tree.iter("table"))) == 1
    assert not re.search(r"<script|style=|viewBox| on[a-z]+=", html)
    assert not [one for one in tree.iter("svg") if one is not image and not one.get("aria-hidden")]


def test_table_has_the_numbers_in_words():
    """The table beside a chart says each figure: exact, so many or more, hidden, or none."""
    tree = ElementTree.fromstring(drawn('grouped("b", "Sessions", names, rows)'))

    assert [one.text for one in tree.iter("td")] == ["200", "100", "50 or more", "no figures"]
    assert charts.words_of(Figure(0, partial=True)) == "hidden"
    assert charts.words_of(1250) == "1,250"


def test_description_is_short():
    """A long chart is described by its longest and its shortest bar; the table has the others."""
    found = charts.bars([(f"Place {number}", [number]) for number in range(1, 40)])

    assert found.description == (
        "39 bars. The longest is Place 39: 39. The shortest is Place 1: 1."
        " The table has every number."
    )


def test_description_ranks_no_partial_number():
    """A number that may be much more is neither the longest nor the shortest bar."""
    rows = [(f"Place {number}", [number]) for number in range(100, 140)]
    for figure in (Figure(21, partial=True), Figure(500, partial=True), Figure(partial=True)):
        found = charts.bars([*rows, ("Rossendale", [figure])])

        assert "est is" not in found.description
        assert "1 of the numbers is left out in part or hidden" in found.description
        assert "cannot all be compared" in found.description


@pytest.mark.parametrize(
    "call", ['bars("a", "Came", [("A", part)])', 'line("b", "Came", [("2026-Q1", part)])']
)
def test_key_says_that_it_may_be_much_more(call):
    """The key of a dashed bar or point does not say that only a small number is missing."""
    page = environment().from_string(
        '{% from "_charts.html" import bars, line %}{{ ' + call + " }}"
    )
    assert "numbers are left out to protect small ones, so it may be much more" in page.render(
        part=Figure(21, partial=True)
    )
