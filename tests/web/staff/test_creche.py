"""What staff see and do about creche places: the register, a booking on the phone, changes."""

import pytest

from portal import bookings
from portal.bookings import Family, creche, places, registers
from tests.support import made
from tests.support.staffed import Staffed

CRECHE = {"creche": "yes", "creche_places": "5", "creche_ages": "1-4 years", "creche_ratio": "4"}
BOOK = "/staff/book/riverbank/bump"
PHONE = {
    "name": "Amina Khan",
    "phone": "07700 900123",
    "contact_by": "call",
    "safe_to_contact": "yes",
    "people": "1",
    "creche": "2",
    "creche-1-age": "1",
    "creche-2-age": "3",
}


@pytest.fixture
def place(tmp_path):
    return Staffed(tmp_path, made.directory(CRECHE))


def booked(place, name: str, *ages: str, **options) -> bookings.Booking:
    options = {"key": name, "secret": place.settings.secret, "now": place.now, **options}
    series = place.directory.series[0]
    return bookings.book(place.engine, series, Family(name, creche=ages), **options)


def test_the_register_says_how_many_adults_the_creche_needs(place) -> None:
    """The register counts the children in the creche by age and the adults they need by the ratio;
    a family that sent apologies brings nobody."""
    away = booked(place, "Away Family", "4 years")
    booked(place, "Baker Family", "1 year", "3 years", "1 year", "2 years")
    booked(place, "Cook Family", "2 years", creche_wait=True)
    worker = place.signed_in("worker")
    page = worker.open("/staff/register/riverbank/bump/2027-01-12")
    assert "5 children on 5 places: 2 adults at 1 to 4." in page
    assert "By age: 2 aged 1 year, 1 aged 2 years, 1 aged 3 years, 1 aged 4 years." in page
    assert "1 family waits for the creche." in page
    assert "Waits for the creche: 1 child" in page
    session = place.directory.series[0].sessions[0]
    mark = registers.Mark(away.id, "apologies", "expected", 0)
    registers.save(place.engine, session.series, session, [mark], now=place.now, actor="staff:1")

    page = worker.open("/staff/register/riverbank/bump/2027-01-12")
    assert "4 children on 5 places: 1 adult at 1 to 4." in page


def test_a_booking_on_the_phone_asks_what_to_do_if_the_creche_is_full(place) -> None:
    """Staff ask once: the family waits for the creche, comes without it, or is not booked (S98)."""
    booked(place, "Baker Family", "1 year", "3 years", "1 year", "2 years")
    worker = place.signed_in("worker")
    assert "There is 1 place left in the creche." in worker.open(BOOK)
    asked = worker.open(BOOK).fill(**PHONE).press("Book")
    assert (asked.status, "Choose what they want if the creche is full" in asked) == (422, True)
    refused = asked.fill(creche_full="neither").press("Book")
    assert refused.status == 409
    assert "There are not enough places in the creche" in refused
    waits = worker.open(BOOK).fill(**PHONE, creche_full="wait").press("Book")
    assert "2 children: 1 year, 3 years. Number 1 on the list for the creche" in waits
    without = worker.open(BOOK).fill(**PHONE, creche_full="without").press("Book")

    assert "Creche" not in without
    assert place.count("booking") == 3
    assert places.verify(place.engine) == []


def test_nobody_is_asked_what_to_do_about_a_full_creche_that_has_room(place) -> None:
    """Staff book at once where the children fit; the question is only for a creche that is full."""
    done = place.signed_in("worker").open(BOOK).fill(**PHONE).press("Book")

    assert "They have places" in done
    assert places.verify(place.engine) == []


def test_the_waiting_list_names_who_waits_for_the_creche(place) -> None:
    """Staff see the families that wait for the creche in their order, apart from the group's."""
    for name in ("Adams Family", "Baker Family", "Cook Family"):
        booked(place, name, "1 year", "3 years", creche_wait=True)
    page = place.signed_in("worker").open("/staff/waiting/riverbank/bump")

    assert "Waiting for the creche" in page
    assert "Cook Family 2 children: 1 year, 3 years." in page
    assert "Adams Family" not in page


def test_staff_change_the_children_in_the_creche(place) -> None:
    """On the phone a family asks for the creche or gives it up."""
    family = booked(place, "Baker Family")
    change = f"/staff/bookings/{family.reference}/change"
    worker = place.signed_in("worker")
    ages = {"creche": "1", "creche-1-age": "2", "creche_full": "neither"}
    worker.open(change).fill(**ages).press("Save")
    assert creche.place_of(place.engine, family.id).ages == ("2 years",)
    worker.open(change).fill(creche="", **{"creche-1-age": ""}).press("Save")

    assert creche.place_of(place.engine, family.id) is None
