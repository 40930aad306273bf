"""What an editor's preview shows and what the site publishes are the same, or reported by line."""

import re
from itertools import product

import pytest

from portal.content.prose import render

# A block of each kind that Markdown has.
BLOCKS = {
    "text": "Some words.",
    "list": "- tea\n- toys",
    "numbers": "1. tea\n2. toys",
    "table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "quote": "> Somebody said so.",
    "heading": "## Words",
    "code": "    a line of code",
    "line": "***",
}
NEED_A_LINE_ABOVE = {
    "- tea\n- toys": "a list needs an empty line above it. Add one.",
    "1. tea\n2. toys": "a list needs an empty line above it. Add one.",
    "| a | b |\n|---|---|\n| 1 | 2 |": "a table needs an empty line above it. Add one.",
}


# The signs of lists, tables, quotes and headings where a family would read them.
SIGNS = re.compile(r"^(?:<[^>]*>)*(?:[-*+] |\d+[.)] |\||> |&gt; |#)|<td[^>]*>-+</td>", re.MULTILINE)


@pytest.mark.parametrize("block", NEED_A_LINE_ABOVE)
def test_a_block_straight_under_text_is_reported(block):
    """A list or a table under a line of text would be published as signs in that line."""
    assert render(f"First.\n\nBring:\n{block}").problems == ((4, NEED_A_LINE_ABOVE[block]),)
    assert render(f"First.\n\nBring:\n\n{block}").problems == ()


@pytest.mark.parametrize(("above", "below"), [*product(BLOCKS, BLOCKS)])
def test_every_pair_of_blocks_is_published_as_written_or_reported(above, below):
    """With an empty line between them, each block of each kind is published as it is written;
    without one, no sign of a block is published as text unless the line is reported."""
    spaced = render(f"{BLOCKS[above]}\n\n{BLOCKS[below]}").problems
    made = render(f"{BLOCKS[above]}\n{BLOCKS[below]}")
    straight = made.problems

    # Two lists or two quotes are one, and a list takes what is set in below it for its last item.
    joined = above == below == "quote" or (
        above in ("list", "numbers") and below in ("list", "numbers", "code")
    )
    assert spaced == () or joined or "heading" in (above, below), spaced
    assert all(words.endswith(".") and line in (1, 2, 3, 4) for line, words in straight)
    assert straight or not SIGNS.search(re.sub("(?s)<pre>.*?</pre>", "", made.html)), made.html


@pytest.mark.parametrize(
    "text",
    [
        "- a\n  - b",
        "1) one\n2) two",
        "- a\n\n  a second paragraph",
    ],
)
def test_what_is_read_in_two_ways_is_reported(text):
    """Nesting by two spaces and other signs for numbers are not published."""
    ((line, words),) = render(text).problems

    assert line == 1
    assert words == (
        "other programs show this list differently from the site. Indent what belongs to an item "
        "by four spaces, and number items like '1.'."
    )


@pytest.mark.parametrize("above", ["- tea\n- toys", "1. tea\n2. toys", "> Somebody said so."])
@pytest.mark.parametrize("table", ["| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n:-- | --:\n1 | 2"])
def test_a_table_straight_under_an_item_or_a_quote_is_reported(above, table):
    """A table that every reader takes for more text of an item or quote is not published."""
    line = above.count("\n") + 2
    reported = ((line, "a table needs an empty line above it. Add one."),)

    assert render(f"{above}\n{table}").problems == reported
    assert render(f"{above}\n\n{table}").problems == ()
    assert render("    | a |\n    |---|").problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "- a\n    - b\n    - c",
        "Some *words* and **more**, `code`, x_y_z, 2 * 3 * 4 and a\\_b.",
        "A line\nand another,  \nand a last one.",
        "[a link](/find/) and <https://example.org/>",
        "2. two\n3. three",
        "a & b, 3 < 4",
    ],
)
def test_usual_text_is_not_reported(text):
    """What both read alike is published without a word."""
    assert render(text).problems == ()
