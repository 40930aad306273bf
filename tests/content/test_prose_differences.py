"""What an editor's preview shows and what the site publishes are the same, or reported by line."""

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


@pytest.mark.parametrize("block", NEED_A_LINE_ABOVE)
def test_a_block_straight_under_text_is_reported(block):
    """A list or a table under a line of text would be published as signs in that line."""
    assert render(f"First.\n\nBring:\n{block}").problems == ((4, NEED_A_LINE_ABOVE[block]),)
    assert render(f"First.\n\nBring:\n\n{block}").problems == ()


@pytest.mark.parametrize(("above", "below"), [*product(BLOCKS, BLOCKS)])
def test_every_pair_of_blocks_is_published_as_written_or_reported(above, below):
    """With an empty line between them, each block of each kind is published as it is written."""
    spaced = render(f"{BLOCKS[above]}\n\n{BLOCKS[below]}").problems
    straight = render(f"{BLOCKS[above]}\n{BLOCKS[below]}").problems

    # Two lists or two quotes are one, and a list takes what is set in below it for its last item.
    joined = above == below == "quote" or (
        above in ("list", "numbers") and below in ("list", "numbers", "code")
    )
    assert spaced == () or joined or "heading" in (above, below), spaced
    assert all(words.endswith(".") and line in (1, 2, 3, 4) for line, words in straight)


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

    assert line >= 1
    assert "other programs" in words or "needs an empty line" in words


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
