"""Each state has words, and templates say the state instead of the fixed way of booking.

That outputs say the state that the files give is compared in `tests/comparison`.
"""

import re
from datetime import UTC, datetime

from portal.directory.state import JOINABLE, KINDS, State
from portal.directory.vocabularies import BOOKING_WAYS
from tests.support.paths import ROOT
from tests.support.shipped import DAY


def test_every_state_has_words():
    """Each state has words of its own, and only those that can be joined sound like it."""
    at = datetime(2027, 1, 4, 9, tzinfo=UTC)
    for kind in KINDS:
        for way in BOOKING_WAYS:
            said = State(kind, way, at if kind == "not yet" else None).words
            assert said
            if way == "book" and kind not in JOINABLE and kind != "referral":
                assert said != "Book a place"


def test_lists_of_today_say_that_they_keep_what_has_ended(shipped):
    """Only a frozen page that lists a session of today says, without scripts, when it was made."""
    lists, notes = re.compile(f'<li[^>]* data-ends="{DAY}'), 0
    for path, file in shipped.files.items():
        if file.suffix == ".html":
            html = file.read_text("utf-8")
            said = html.count("This list was made at the start of Monday 23 November 2026.")

            others = path == "/kept/"  # which says what it needs scripts for
            assert said == html.count("<noscript>") - others == bool(lists.search(html)), path
            notes += said

    assert notes > 50


def test_no_template_prints_the_way_of_booking():
    """Templates say the state: the fixed way of booking is for programmes and staff alone."""
    printed = re.compile(r"\| way\b|\bseries\.booking\b(?! ==)")
    for path in (ROOT / "portal/templates/site").glob("*.html"):
        assert not printed.search(path.read_text("utf-8")), path.name
