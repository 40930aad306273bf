"""What a family is offered instead: under which heading, and how to get in."""

from datetime import datetime, time

import pytest

from portal.bookings.opening import opening
from portal.directory.state import state_of
from portal.directory.values import LONDON
from portal.web.live.alternatives import OTHER_WAYS, instead, under_headings
from tests.support import made
from tests.support.screens import FAMILY, Screens
from tests.support.shipped import DAY

SPACE = "Groups with space"
ONE_PLACE = {"places": "1", "waiting_list": "yes"}
OTHERS = (
    {"title": "Bookable", "starts": "2027-01-14"},
    {"title": "Ask first", "booking": "request", "starts": "2027-01-15"},
    {"title": "Walk in", "booking": "drop-in", "places": None, "starts": "2027-01-18"},
    {"title": "Full too", "places": "1", "starts": "2027-01-19"},
)


def full(screens: Screens):
    """Every place was taken while the family filled in the form."""
    ready = screens.open("/book/riverbank/bump").fill(**FAMILY).press("Continue")
    screens.book(email="b@example.org")
    return ready.press("Confirm booking")


def form(screens: Screens):
    screens.book(email="b@example.org")
    return screens.open("/book/riverbank/bump")


def own(screens: Screens):
    screens.book(email="b@example.org")
    return screens.visitor().book()


@pytest.mark.parametrize("page", [full, form, own])
def test_a_heading_of_space_is_over_groups_with_a_known_place_alone(tmp_path, page) -> None:
    """ "Groups with space" lists groups with a place left; others follow under a heading of their
    own, each with how to get in."""
    screens = Screens(tmp_path, made.directory(ONE_PLACE, *OTHERS))
    screens.book("/book/riverbank/bump-4", email="c@example.org")
    text = page(screens.visitor()).main.text
    _, _, rest = text.partition(SPACE)
    space, _, others = rest.partition(OTHER_WAYS)

    assert "Bookable" in space
    assert "12 places left" in space
    for title, way in (("Ask first", "ask for a place on its page"), ("Walk in", "just come")):
        assert title not in space
        assert title in others
        assert way in others
    assert "Full too" not in text


@pytest.mark.slow
def test_every_shipped_group_is_under_a_heading_that_is_true_of_it(shipped_directory) -> None:
    """However much is full, a shipped group is headed "with space" only if it has a place."""
    directory = shipped_directory
    now = datetime.combine(DAY, time(9), LONDON)
    left = {
        (series.identity, session.anchor if session else ""): number % 3
        for number, series in enumerate(directory.series)
        for session in (series.next_sessions(now) if series.book == "session" else [None])
        if opening(series, session, now) == "open"
    }
    roomy = {identity for (identity, _), places in left.items() if places}
    asked = [next(iter(directory.series_of(one)), None) for one in directory.programmes]
    seen = {
        (title, other.identity)
        for series in filter(None, asked)
        for title, others in under_headings(instead(directory, series, left, now))
        for other in others
    }

    assert {title for title, _ in seen} == {SPACE, OTHER_WAYS}
    for title, identity in seen:
        kind = state_of(directory.find_series(identity), None, now).kind
        assert identity in roomy if title == SPACE else kind in ("drop-in", "request"), identity
