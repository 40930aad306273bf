"""Phone numbers that staff ring are links on screen, wherever they are shown."""

import re
from dataclasses import replace

import pytest

from portal import bookings
from portal.bookings import Referrer
from tests.bookings.test_booking import KEYS
from tests.support import made
from tests.support.paths import ROOT
from tests.support.staffed import Staffed
from tests.web.staff.test_ring_list import (
    BY_CALL,
    FIELDS,
    MOVED,
    OFF,
    QUIET,
    REGISTER,
    RING,
    UNSAFE,
    book,
    edit,
)

LINK = 'href="tel:01772900111"'
# Where a number is shown that nobody rings from the page: a reason for each.
NOT_RUNG = {
    "_family.html": ["family.phone"],  # of a family that must not be rung, to check who rings
    "complaints.html": ["one.phone"],  # of somebody who wants a text message
    "register.html": ["series.centre.contact_phone"],  # on paper
}


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory({**FIELDS, "places": "4"}))


def test_no_template_shows_a_number_that_cannot_be_pressed():
    """Each phone number in a template for staff is a link, but for those named with a reason."""
    plain = {}
    for file in sorted((ROOT / "portal/templates/staff").rglob("*.html")):
        found = re.findall(r"\{\{ ([\w.]*(?:phone|\.number)) \}\}", file.read_text("utf-8"))
        if found:
            plain[file.name] = found

    assert plain == NOT_RUNG


def test_a_number_to_ring_is_a_link(place):
    """The register, the booking, the waiting list, a message to the group and the list of families
    to ring: a worker presses the number. Printed, it looks like the text around it."""
    (carol,) = book(place, BY_CALL)
    book(place, *(replace(QUIET, name=f"Full {number}") for number in range(3)))
    book(place, replace(BY_CALL, name="Wanda Waits"))
    worker = place.signed_in()
    notice = worker.open("/staff/notice/riverbank/bump/2027-01-12").fill(words="Bring wellies")
    pages = {
        "register": worker.open(REGISTER),
        "booking": worker.open(f"/staff/bookings/{carol.reference}"),
        "waiting": worker.open("/staff/waiting/riverbank/bump?session=2027-01-12"),
        "notice": notice.press("See how it looks"),
    }
    edit(place, {**OFF, "places": "4"})
    pages |= {"cancelled register": worker.open(REGISTER), "ring list": worker.open(RING)}
    style = (ROOT / "portal/static/staff.css").read_text("utf-8")

    assert [name for name, screen in pages.items() if LINK not in screen.html] == []
    assert 'a[href^="tel:"] { color: inherit; text-decoration: none }' in style


def test_who_must_not_be_rung_has_no_link(place):
    """S5: the number of a family that wants no contact is nowhere a link."""
    made_bookings = book(place, QUIET, UNSAFE)
    edit(place, MOVED)
    worker = place.signed_in()
    paths = [f"/staff/bookings/{one.reference}" for one in made_bookings]
    screens = [worker.open(path) for path in (*paths, REGISTER, RING)]

    assert all("01772 900222" in screen.html for screen in screens[:1])
    assert [one.path for one in screens if "tel:01772900" in one.html] == []


def test_the_number_of_a_professional_is_a_link(tmp_path):
    """A professional who asked for a family can be rung from the page of the booking."""
    place = Staffed(tmp_path, made.directory({}, way="request"))
    midwife = Referrer("Jo Bell", "midwife", "Royal Preston", None, "01772 900666")
    asked = bookings.ask(
        place.engine, place.directory.programmes[0], QUIET, key=next(KEYS), referrer=midwife,
        secret=place.secret, now=place.now,
    )  # fmt: skip
    screen = place.signed_in("administrator").open(f"/staff/bookings/{asked.reference}")

    assert 'href="tel:01772900666"' in screen.html
    assert "tel:01772900222" not in screen.html
