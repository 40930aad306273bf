"""What editors and readers find on the pages: no family for the one, no button for the other."""

import pytest

from portal import bookings, database
from portal.bookings import Family
from portal.database import tables
from tests.support.markup import parsed
from tests.support.queue import failed_messages
from tests.support.staffed import Staffed

SERIES = "riverbank/bump-spring"
REGISTER = f"/staff/register/{SERIES}/2027-01-12"


@pytest.fixture
def place(tmp_path, directory):
    return Staffed(tmp_path, directory)


@pytest.fixture
def reference(place):
    """A booking at Riverbank, with a message that was not delivered, and a request."""
    series = place.directory.find_series(SERIES)
    family = Family("Amina Khan", email="a@example.org", contact_by="email", safe_to_contact=True)
    given = {"key": "a key of sixteen signs", "secret": place.secret, "now": place.now}
    booking = bookings.book(place.engine, series, family, **given)
    failed = tables.message.update().values(state="failed")
    database.write(place.engine, lambda connection: connection.execute(failed))
    assert failed_messages(place.engine)
    return booking.reference


def forms_on(screen):
    """The addresses that the forms of a page would change something at."""
    tree = parsed(screen.html.removeprefix("<!DOCTYPE html>").strip())
    return {
        form["action"]
        for form in tree.all("form")
        if form.get("method") == "post"
        and [one for one in form.all("button") if one.get("type") != "button"]
    }


def test_a_reader_sees_what_a_worker_sees_without_a_button(place, reference):
    """S30: each page with its families, no form but the one that signs out, and no link to a page
    that would refuse her."""
    pages = [
        "/staff/",
        "/staff/requests",
        "/staff/bookings?q=amina",
        f"/staff/bookings/{reference}",
        "/staff/messages",
        "/staff/ring",
        "/staff/waiting",
        f"/staff/waiting/{SERIES}",
        "/staff/counts/riverbank?month=2027-01",
        REGISTER,
    ]
    worker = place.signed_in("worker", centres=["riverbank"])
    reader = place.signed_in("reader", centres=["riverbank"])
    shown = {path: reader.open(path) for path in pages}
    named = {path for path in pages if "Amina" in worker.open(path)}
    links = {
        link["href"]
        for screen in shown.values()
        for link in parsed(screen.html.removeprefix("<!DOCTYPE html>").strip()).all("a")
        if link["href"].startswith("/staff/")
    }

    assert {path for path in pages if "Amina" in shown[path]} == named
    assert named >= {f"/staff/bookings/{reference}", REGISTER}
    assert {path: forms_on(screen) for path, screen in shown.items()} == {
        path: {"/staff/sign-out"} for path in pages
    }
    assert "You can read this register, but not change it." in shown[REGISTER]
    refused = {path for path in links if reader.client.get(path).status_code == 403}
    assert refused == set()


def test_a_reader_of_a_footprint_sees_its_centres(place, reference):
    """S30: and those of no other footprint."""
    own = place.signed_in("reader", centres=[], footprint="preston")
    other = place.signed_in("reader", centres=[], footprint="burnley-pendle")

    assert "Amina Khan" in own.open(REGISTER)
    assert other.open(REGISTER).status == 403


def test_an_editors_first_page_names_her_centres_and_no_number(place, reference):
    """S30: nothing of a family, no count, and no way to a page that refuses her."""
    editor = place.signed_in("editor", centres=["riverbank"])
    screen = editor.open("/staff/")
    account = editor.open("/staff/account")

    assert (screen.status, screen.heading) == (200, "Your centres")
    assert "Riverbank" in screen
    assert "booked" not in screen
    assert "Counts" not in screen
    assert "Role Editor: the pages of some centres, and no families" in account


def test_an_editor_without_a_centre_is_told_whom_to_ask(place):
    """A centre may leave the content: the first page is not empty, and not an error."""
    editor = place.signed_in("editor", centres=["gone"])

    assert "Ask your manager to change it" in editor.open("/staff/")
