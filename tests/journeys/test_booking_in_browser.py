"""Whole journeys in a real browser, with scripts and without, on the real server of the sample.

The desk's clock stands still between two steps but for a few seconds, so that every run is the
same. Each screen is looked at by axe, at 320 and at 1280 pixels, in light and in dark.
"""

from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from portal import database
from portal.bookings import waiting_list
from portal.database import tables
from portal.database.references import new_wish_link
from portal.directory.values import LONDON
from portal.server.app import create_app
from portal.settings import Settings
from tests.support.browser import back_and_again, follow, serving, visiting
from tests.support.databases import new_sqlite
from tests.support.screens import Screen, book
from tests.support.viewer import html_of, viewing

pytestmark = pytest.mark.browser

SERIES = "/sessions/riverbank/bump-spring/"
BUMP = "/book/riverbank/bump-spring"
LAST = "/book/riverbank/first-aid"  # two places


class Place:
    """The portal at work on the sample, with a fresh database."""

    def __init__(self, folder, sample_root, out, today) -> None:
        self.now = datetime(today.year, today.month, today.day, 10, tzinfo=LONDON)
        given = {"bookings_per_contact": 0, "bookings_per_address": 0}
        self.settings = Settings(root=sample_root, out=out, var=folder / "var", **given)
        new_sqlite(self.settings.var / "portal.db")
        self.app = create_app(self.settings)
        self.desk = self.app._desk
        self.desk.config["clock"] = self.clock
        self.app._published.wait(30)

    def clock(self) -> datetime:
        # Between two requests people take their time.
        self.now += timedelta(seconds=5)
        return self.now

    def book(self, email: str, path: str = LAST) -> str:
        """A booking that is there before a journey begins; the address of its own page."""
        family = Correspondent(self)
        book(family, path, email=email, question__partner="no")
        return family.path

    @property
    def engine(self):
        return self.desk.extensions["live"]._reach()

    @property
    def directory(self):
        return self.app._published()

    def count(self, table=tables.booking) -> int:
        with database.read(self.engine) as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()


class Correspondent:
    """A family that books without a browser, as `Screen` uses it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.client = place.desk.test_client()
        self.path = ""

    def open(self, path: str) -> Screen:
        self.path = path
        return Screen(self, path, self.client.get(path))

    def send(self, path: str, fields) -> Screen:
        return Screen(self, path, self.client.post(path, data=fields))

    def wait(self, **time) -> None:
        self.place.now += timedelta(**time)


@pytest.fixture
def place(tmp_path, sample_root, built, today):
    return Place(tmp_path, sample_root, built, today)


@pytest.fixture
def address(place):
    with serving(place.app) as address:
        yield address


class Family:
    """A family at its browser. It knows what it reads: labels, buttons and links."""

    def __init__(self, visitor, place) -> None:
        self.page = visitor.page
        self.context = visitor.context
        self.page.set_default_timeout(10_000)
        self.place = place

    def go(self, path: str) -> "Family":
        self.page.goto(path, wait_until="load")
        return self

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text().replace("\n", " ")

    @property
    def words(self) -> str:
        return self.page.locator("main").inner_text()

    def press(self, words: str) -> "Family":
        # With scripts the page first asks if the live part answers.
        follow(self.page.locator("main button:not([tabindex])").get_by_text(words, exact=True))
        return self

    def follow(self, words: str) -> "Family":
        follow(self.page.locator("main a").get_by_text(words, exact=True).first)
        return self

    def choose(self, words: str, question: str = "") -> "Family":
        asked = self.page.locator("fieldset", has_text=question) if question else self.page
        asked.locator("label").get_by_text(words, exact=True).first.click()
        return self

    def fill(self, **answers: str) -> "Family":
        for label, words in answers.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(words)
        return self

    def introduce(self, email: str = "amina@example.org", people: str | None = "2") -> "Family":
        self.fill(Full_name="Amina Khan", Email_address=email)
        self.choose("By email").choose("Yes", "Is it safe")
        if people:
            self.page.get_by_label("How many people will come?").fill(people)
        return self

    def book(self, path: str, email: str) -> str:
        """All the way; the address of the own page."""
        self.go(path).introduce(email)
        self.choose("No", "Will somebody come").press("Continue")
        last = "Confirm booking" if "Confirm booking" in self.words else "Join the waiting list"
        self.press(last)
        return self.page.url


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def scripts(request) -> bool:
    return request.param


@pytest.fixture
def at_home(chromium, address, place):
    """Families at their browsers: `with at_home(scripts=False) as family`."""

    @contextmanager
    def home(**how):
        with visiting(chromium, address, **how) as visitor:
            yield Family(visitor, place)

    return home


# --- journeys -------------------------------------------------------------------------------------


def test_from_the_series_page_to_the_booked_place(at_home, place, scripts) -> None:
    """Three screens after the series page, and no cookie before the first form."""
    with at_home(scripts=scripts) as family:
        family.go("/").go(SERIES)
        assert family.context.cookies() == []
        family.follow("Book a place")
        assert [cookie["name"] for cookie in family.context.cookies()] == ["form"]
        family.introduce().choose("No", "Will somebody come").press("Continue")
        assert family.heading == "Check your answers"
        family.press("Confirm booking")

        assert family.heading == "Your place is booked"
        assert "Tuesday 12 January 2027" in family.words
        family.page.reload()
        assert family.heading == "Your place is booked"
        assert place.count() == 1


def test_waiting_offered_accepted(at_home, place, scripts) -> None:
    """A family waits, is offered the place that another gives up, and takes it."""
    own, _ = place.book("a@example.org"), place.book("b@example.org")
    with at_home(scripts=scripts) as first, at_home(scripts=scripts) as third:
        waiting = third.book(LAST, "c@example.org")
        assert third.heading == "You are on the waiting list"
        assert "You are number 1 on the list" in third.words
        first.go(own).follow("Cancel your booking").press("Yes, cancel it")
        assert first.heading == "Your booking is cancelled"
        third.go(waiting)
        assert third.heading == "A place is free for you"
        third.press("Take the place")

        assert third.heading == "Your place is booked"


def test_offered_lapsed_next(at_home, place, scripts) -> None:
    """An offer that nobody takes ends, and the next family is offered the place."""
    own, _, late, following = (place.book(f"{name}@example.org") for name in "abcd")
    with at_home(scripts=scripts) as family:
        family.go(own).follow("Cancel your booking").press("Yes, cancel it")
        family.go(late)
        assert family.heading == "A place is free for you"
        place.now += timedelta(days=3)
        waiting_list.lapse(place.engine, place.directory, now=place.now)
        family.go(late)
        assert family.heading == "This offer has ended"
        family.go(following)

        assert family.heading == "A place is free for you"


def test_changing_and_deleting(at_home, place, scripts) -> None:
    """Numbers change, details are corrected, and in the end all is deleted."""
    own = place.book("a@example.org", BUMP)
    with at_home(scripts=scripts) as family:
        family.go(own).follow("Change who is coming")
        family.page.get_by_label("How many people will come?").fill("4")
        family.press("Save")
        assert "4" in family.page.locator(".facts").inner_text()
        family.follow("See or change what we keep about you")
        family.fill(Full_name="Amina Begum").press("Save").go(own)
        family.follow("Delete what we keep about you").press("Yes, delete them")

        assert "Your details are deleted" in family.words
        assert place.count(tables.person) == 0


def test_asking_for_a_place(at_home, place, scripts) -> None:
    """A family asks for a run of a programme; another child without a script."""
    with at_home(scripts=scripts) as family:
        family.go("/sessions/weavers-yard/massage-january/").follow("Ask for a place")
        family.follow("For me or my family").introduce(people=None)
        for number, age in (("1", "7"), ("4", "3")):
            if number == "4":
                family.press("Add another child")
            family.page.get_by_label(f"Age of Child {number}", exact=True).fill(age)
        family.page.get_by_label("Age of child 1 in years or months").select_option("months")
        family.press("Continue")
        assert "7 months, 3 years" in family.words
        family.press("Send")

        assert family.heading == "We have your request"


def test_a_professional_refers_a_family(at_home, place, scripts) -> None:
    """Consent is asked for and recorded."""
    with at_home(scripts=scripts) as worker:
        worker.go("/request/one-to-one-family-support").follow("For a family that I work with")
        worker.fill(
            Your_full_name="Jo Bell",
            Your_role="Midwife",
            Your_organisation="Royal Preston",
            Your_work_email_address="jo@nhs.example",
            Full_name_of_the_parent_or_young_person="Amina Khan",
            Their_phone_number="01772 900123",
        )
        worker.page.get_by_label("How many people will come?").fill("3")
        worker.choose("By phone call").choose("No", "Is it safe").press("Continue")
        assert worker.page.title().startswith("Error: ")
        worker.choose("Yes. They agree to me asking for them and passing on what I write here")
        worker.press("Continue").press("Send")

        assert worker.heading == "Thank you. We have your request"
        assert "/bookings/" not in worker.page.url
        assert place.count(tables.referral) == 1


def test_telling_of_a_gap(at_home, place, scripts) -> None:
    """One screen, and the page of one's own."""
    with at_home(scripts=scripts) as worker:
        worker.go("/gap").choose("Homelessness")
        worker.page.get_by_label("In which district is it?").select_option("Preston")
        worker.page.get_by_label("What is it about?").select_option("Travel and transport")
        worker.choose("Universal Plus").choose("Yes")
        worker.fill(
            Your_full_name="Jo Bell",
            Your_organisation="A school",
            Your_work_email_address="jo@school.example",
        )
        worker.page.get_by_label("What would help?").fill("A car seat")
        worker.page.get_by_label("What have you tried?").fill("The usual")
        worker.press("Send")

        assert worker.heading == "We have your form"
        assert place.count(tables.gap) == 1


# --- two windows, Back, a lost answer -------------------------------------------------------------


def test_two_windows_for_the_last_place(at_home, place, scripts) -> None:
    """The second is offered the waiting list, with its answers kept."""
    place.book("a@example.org")
    with at_home(scripts=scripts) as family:
        family.go(LAST).introduce("b@example.org").choose("No", "Will somebody come")
        family.press("Continue")
        other = Family(type("V", (), {"page": family.context.new_page(), "context": None}), place)
        other.book(LAST, "c@example.org")
        family.press("Confirm booking")
        assert family.heading == "Every place is taken"
        family.press("Join the waiting list")

        assert family.heading == "You are on the waiting list"
        assert place.count() == 3


def test_back_after_booking_books_nothing(at_home, place, scripts) -> None:
    """Going back, sending again what the browser remembers, and confirming again is one booking."""
    with at_home(scripts=scripts) as family:
        own = family.book(BUMP, "a@example.org")
        back_and_again(family.page)
        if family.page.locator("main button[value=confirm]").count():
            family.press("Confirm booking")
            assert family.page.url == own
        family.go(BUMP)

        assert family.page.get_by_label("Full name", exact=True).input_value() == ""
        assert place.count() == 1


def test_a_lost_answer(at_home, place, scripts) -> None:
    """The line breaks after the button was pressed; loading again shows the booking, once."""
    with at_home(scripts=scripts) as family:
        family.go(BUMP).introduce().choose("No", "Will somebody come").press("Continue")
        with family.page.expect_event("requestfailed"):
            family.page.route("**/book/**", _lose)
            button = family.page.locator("main button[value=confirm]")
            button.click(no_wait_after=True)
        assert place.count() == 1
        family.page.unroute("**/book/**")
        family.page.wait_for_timeout(200)
        family.page.reload()

        assert family.heading == "Your place is booked"
        assert place.count() == 1


def _lose(route) -> None:
    route.fetch(max_redirects=0)
    route.abort("connectionreset")


def _nothing(route) -> None:
    route.abort()


def _down(route) -> None:
    route.fulfill(status=503, content_type="text/html", body="Down")


def test_a_form_that_cannot_arrive_keeps_its_answers(at_home, place) -> None:
    """While the live part does not answer, or a proxy answers for it, pressing the button sends
    nothing and says so beside it; then the same button goes on."""
    with at_home() as family:
        family.go(BUMP).introduce().choose("No", "Will somebody come")
        said = family.page.locator("main form .errors")
        for answer in (_nothing, _down):
            family.page.route("**/health", answer)
            family.page.locator("main button[value=check]").last.click()
            said.get_by_text("Your answers are still here.").wait_for()
            family.page.unroute("**/health")

        assert said.count() == 1
        assert family.page.get_by_label("Full name", exact=True).input_value() == "Amina Khan"
        assert place.count() == 0
        family.press("Continue")
        assert family.heading == "Check your answers"


# --- mistakes, leaving ----------------------------------------------------------------------------


def test_mistakes_are_found_by_keyboard(at_home) -> None:
    """With scripts the focus goes to the summary; a line of it leads into its field."""
    with at_home() as family:
        family.go(BUMP).press("Continue")
        focused = "() => document.activeElement.className + document.activeElement.id"
        assert family.page.evaluate(focused) == "errors"
        assert family.page.title().startswith("Error: Book a place")
        family.page.get_by_role("link", name="Enter your full name").click()

        assert family.page.evaluate(focused) == "name"


@pytest.fixture
def elsewhere(place):
    """A neutral site of its own, to which the exit leads; it notes what it was told."""
    told = []

    def site(environ, start):
        told.append(environ)
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"Cloudy"]

    with serving(site) as address:
        # Another name of the same machine is another site for a browser.
        there = address.replace("127.0.0.1", "localhost")
        place.directory.site.__dict__["quick_exit"] = f"{there}/weather"
        yield told


def test_the_exit_is_the_first_thing_after_the_skip_link(at_home, elsewhere, scripts) -> None:
    """S1: it leaves the site, ends what was begun, and tells nobody where one was."""
    with at_home(scripts=scripts) as family:
        family.go(SERIES).go(BUMP).introduce().go(BUMP)
        family.page.keyboard.press("Tab")
        family.page.keyboard.press("Tab")
        focused = family.page.locator(":focus")
        assert focused.inner_text() == "Exit this page"
        focused.press("Enter")
        family.page.wait_for_url("**/weather")

        assert [one["name"] for one in family.context.cookies()] == ["form"]  # emptied
    visit = next(one for one in elsewhere if one["PATH_INFO"] == "/weather")
    assert "HTTP_REFERER" not in visit
    assert "HTTP_COOKIE" not in visit


def test_back_and_reload_after_the_exit_show_nothing_typed(at_home, elsewhere) -> None:
    """S1: after a booking and the exit, the browser sends its old form again, and gets it empty."""
    with at_home() as family:
        family.book(BUMP, "a@example.org")
        for _ in range(3):
            family.page.keyboard.press("Shift")
        family.page.wait_for_url("**/weather")
        back_and_again(family.page)

        family.page.get_by_text("What you typed is gone").wait_for()
        assert family.page.get_by_label("Full name", exact=True).input_value() == ""
        assert "a@example.org" not in family.page.content()


def test_shift_three_times_leaves(at_home, elsewhere) -> None:
    """With scripts only; going back does not lead to the page that was left."""
    with at_home() as family:
        family.go(SERIES).go("/request/group-for-women?who=family")
        for _ in range(3):
            family.page.keyboard.press("Shift")
        family.page.wait_for_url("**/weather")
        family.page.go_back()

        assert family.page.url.endswith(SERIES)


def test_enter_in_a_field_goes_on(at_home, scripts) -> None:
    """Not to another child, which is what the first visible button would do."""
    with at_home(scripts=scripts) as family:
        family.go("/request/baby-massage?who=family").introduce(people=None)
        with family.page.expect_navigation(wait_until="load"):
            family.page.get_by_label("Full name", exact=True).press("Enter")

        assert family.heading == "Check your answers"


# --- every screen ---------------------------------------------------------------------------------


def _screens(family, place):
    """Each kind of screen in turn, by its name."""
    family.go("/book/mill-brow/half-term")
    yield "choose a date"
    follow(family.page.locator("main .rows a").first)
    yield "book"
    family.press("Continue")
    yield "mistakes"
    family.introduce().press("Add another child")
    yield "another child"
    family.page.get_by_label("Age of Child 1", exact=True).fill("x")
    family.press("Continue")
    yield "a wrong age"
    family.page.get_by_label("Age of Child 1", exact=True).fill("19")
    family.press("Continue")
    yield "another age"
    family.press("Change your answers")
    family.page.get_by_label("Age of Child 1", exact=True).fill("3")
    family.press("Continue")
    yield "check"
    family.press("Confirm booking")
    own = family.page.url
    yield "own page"
    for part in ("change", "details", "cancel", "delete"):
        family.go(f"{own}/{part}")
        yield part
    first, _ = place.book("a@example.org"), place.book("b@example.org")
    family.go(LAST)
    yield "waiting list"
    waiting = place.book("c@example.org")
    family.go(waiting)
    yield "waiting"
    family.go(first).follow("Cancel your booking").press("Yes, cancel it")
    yield "cancelled"
    family.go(waiting)
    yield "offered"
    family.go("/book/riverbank/play-monday")
    yield "just come"
    family.go("/request/baby-massage?series=weavers-yard/massage-january")
    yield "who asks"
    family.follow("For me or my family")
    yield "ask"
    family.go("/request/one-to-one-family-support?who=professional").press("Continue")
    yield "refer, with mistakes"
    family.go("/request/one-to-one-family-support?who=family")
    yield "referral needed"
    family.go("/request/one-to-one-family-support?who=professional&reference=ABCD-EFGH")
    yield "referred"
    family.go("/request/group-for-women")
    yield "sensitive"
    family.follow("For me or my family").introduce(people=None).press("Continue")
    yield "sensitive, check"
    family.press("Send")
    yield "sensitive, own page"
    family.go("/gap").press("Send")
    yield "gap, with mistakes"
    family.go("/complaint?reference=ABCD-EFGH")
    yield "thanks"
    yield from _of_a_wish(family, place)


def _of_a_wish(family, place):
    """The screens of "Tell me when", up to the family's own page."""
    family.go("/tell/bump-birth-and-beyond?near=Preston").press("Continue")
    yield "tell me when, with mistakes"
    family.page.get_by_label("Email address", exact=True).fill("wish@example.org")
    family.page.get_by_label("Yes", exact=True).check(force=True)
    family.press("Continue")
    yield "tell me when, check"
    family.press("Tell me when")
    yield "tell me when, sent"
    asked = tables.wish.update().values(state="asked", last_told=place.now)
    database.write(place.engine, lambda connection: connection.execute(asked))
    with database.read(place.engine) as connection:
        nonce = bytes(connection.execute(select(tables.wish.c.link_nonce)).scalar_one())
    family.go(f"/tell/own/{new_wish_link(place.settings.secret, nonce)}")
    yield "tell me when, own page"
    family.press("Stop and delete")
    yield "tell me when, stopped"


def test_every_screen_is_fit_for_all(
    at_home, place, address, unpainted, check_html, tmp_path
) -> None:
    """axe finds nothing at 320 and 1280 px, light and dark; nothing scrolls sideways, all buttons
    and fields can be hit with a thumb; and the HTML is right."""
    faults, folder = [], tmp_path / "pages"
    folder.mkdir()
    with at_home() as family, viewing(unpainted, address) as viewer:
        for number, name in enumerate(_screens(family, place)):
            html = html_of(family.page)
            (folder / f"{number}.html").write_text(html, encoding="utf-8")
            faults += [f"{name} {fault}" for fault in viewer.unfit(html)]

    assert faults == []
    assert len([*folder.iterdir()]) >= 29
    check_html(folder)
