"""Tests in a browser wait for what they look at, not for luck."""

import re

from tests.support.paths import ROOT

# After a click the state of the load may be that of the old page; the frame's events come in no
# certain order beside errors.
LUCK = re.compile(r"""wait_for_load_state\((?:["']load["'])?\)|["']framenavigated["']""")


def test_no_test_looks_at_a_page_before_it_is_there():
    """`follow` and `move` of tests/support/browser.py wait for the next page."""
    assert LUCK.search('page.wait_for_load_state("load")')
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in (ROOT / "tests").rglob("*.py")
        if file.name != "test_waiting.py"
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if LUCK.search(line)
    ]

    assert found == []
