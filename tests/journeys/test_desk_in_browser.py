"""From a school's referral to the plan that the family sees, in a real browser on the real server.

The school finds its worker on the public pages; staff begin at the queue of requests. One worker
does it all at a desk with scripts, where each screen is looked at by axe; on a phone without
scripts a manager gives the family to a worker.
"""

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from portal import bookings, database
from portal.database import tables
from portal.database.references import outcome_link_of
from tests.journeys.test_booking_in_browser import Family, Place
from tests.support.browser import NARROW, WIDE, serving, visiting
from tests.support.staffed import sign_in_browser
from tests.support.viewer import html_of, viewing

pytestmark = pytest.mark.browser

FOOTPRINT = "hyndburn-ribble-valley-rossendale"
MOST_SCREENS = 6
GOAL = "Mornings without a row"


class Support(Place):
    """The portal at work, with one clock for families and for staff."""

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.app._staff.config["clock"] = self.clock

    def row(self, table):
        with database.read(self.engine) as connection:
            return connection.execute(sa.select(table)).one()

    @property
    def secret(self) -> str:
        return self.desk.extensions["live"].secret

    @property
    def own_page(self) -> str:
        booking = bookings.get(self.engine, self.row(tables.booking).id, self.secret)
        return f"/bookings/{booking.link}"

    @property
    def outcome(self) -> str:
        row = self.row(tables.referral)
        return f"/outcome/{outcome_link_of(self.secret, row.outcome_nonce, row.outcome_hash)}"


@pytest.fixture
def place(tmp_path, sample_root, built, today):
    return Support(tmp_path, sample_root, built, today)


@pytest.fixture
def address(place):
    with serving(place.app) as address:
        yield address


class Looked:
    """What axe, thumbs and the HTML checker find on each screen that is shown to it."""

    def __init__(self, viewer, folder) -> None:
        self._viewer, self._folder = viewer, folder
        folder.mkdir()
        self.faults: list[str] = []

    def at(self, person: Family, name: str) -> None:
        html = html_of(person.page)
        (self._folder / f"{name.replace(' ', '-')}.html").write_text(html, encoding="utf-8")
        self.faults += [f"{name} {fault}" for fault in self._viewer.unfit(html)]


class Blind:
    """In its place where a journey is looked at elsewhere."""

    faults = ()

    def at(self, *_: object) -> None:
        pass


def refer(school: Family, looked) -> None:
    """The school finds its worker, and refers a family with its consent."""
    school.go("/your-worker/")
    looked.at(school, "districts")
    school.follow("Workers in Rossendale")
    looked.at(school, "workers of a district")
    school.follow("Refer a family to Mill Brow")
    assert "Your request goes to Mill Brow." in school.words
    school.press("Continue")
    looked.at(school, "form with mistakes")
    school.fill(
        Your_full_name="Jo Bell",
        Your_role="Teacher",
        Your_organisation="River Lane Primary School",
        Your_work_email_address="jo@school.example",
        Full_name_of_the_parent_or_young_person="Amina Khan",
        Their_phone_number="01772 900123",
    )
    school.page.get_by_label("How many people will come?").fill("3")
    school.choose("Yes. They agree to me asking for them and passing on what I write here")
    school.choose("By phone call").choose("Yes", "Is it safe")
    school.choose("Yes. The family agrees that I may see if they came").press("Continue")
    looked.at(school, "answers to check")
    school.press("Send")
    looked.at(school, "thanks")
    assert school.heading == "Thank you. We have your request"


def decide(staff: Family, worker: str) -> None:
    """Triage on one screen, which gives the family to a worker."""
    staff.choose("Level 2: Universal Plus").choose("A family support worker")
    choice = staff.page.get_by_label("Who helps the family?")
    named = choice.locator("option", has_text=worker).first.get_attribute("value")
    choice.select_option(named)
    staff.press("Save your decision")
    assert "The family has a worker" in staff.words


def write_plan(worker: Family, place, looked) -> None:
    """The first contact, and a plan of one goal that starts today."""
    worker.press("I have spoken with the family")
    looked.at(worker, "first contact noted")
    worker.follow("The plan")
    looked.at(worker, "plan to write")
    answers = {
        "starts": f"{place.now:%-d %B %Y}",
        "goal_1": GOAL,
        "step_1": "Clothes ready in the evening",
        "due_1": "11 January 2027",
    }
    for name, words in answers.items():
        worker.page.locator(f"#{name}").fill(words)
    worker.page.locator("#who_1").select_option("family")
    worker.press("Save the plan")
    looked.at(worker, "plan saved")
    assert "The plan is saved" in worker.words


def see_plan(family: Family, place, looked) -> None:
    """The family reads who its worker is and what was agreed, and no surname."""
    family.go(place.own_page)
    looked.at(family, "page of the family")
    assert "Your plan" in family.words
    assert GOAL in family.words
    assert "Ann" in family.words
    assert "Brook" not in family.words


@contextmanager
def at_work(chromium, address, place, role: str, title: str, **how):
    with visiting(chromium, address, **how) as visitor:
        given = {"footprint": FOOTPRINT} if role == "manager" else {"centres": ["mill-brow"]}
        sign_in_browser(visitor.context, address, place.app._staff, role, title=title, **given)
        yield visitor, Family(visitor, place)


def test_a_referral_becomes_a_plan_that_the_family_sees(
    chromium, unpainted, address, place, check_html, tmp_path
) -> None:
    """Queue, triage, worker, first contact and plan: at most six screens for the worker; the school
    reads "not yet" before and "came" after; and each screen is fit for all."""
    with (
        visiting(chromium, address, size=WIDE) as visitor,
        viewing(unpainted, address) as viewer,
        at_work(chromium, address, place, "worker", "Ann Brook") as (hers, ann),
    ):
        looked, outside = Looked(viewer, tmp_path / "pages"), Family(visitor, place)
        refer(outside, looked)
        assert "Not yet." in outside.go(place.outcome).words

        screens = []
        ann.page.on("load", lambda page: screens.append(page.url))
        ann.go("/staff/requests")
        looked.at(ann, "queue")
        ann.follow("Amina Khan")
        looked.at(ann, "new request")
        decide(ann, "Ann Brook")
        looked.at(ann, "request with a worker")
        write_plan(ann, place, looked)
        assert len(screens) <= MOST_SCREENS, screens

        see_plan(outside, place, looked)
        assert "Yes. They came." in outside.go(place.outcome).words
        looked.at(outside, "outcome")
        ann.go("/staff/requests")
        looked.at(ann, "queue with her family")
        assert (visitor.foreign, hers.foreign, hers.faults) == ([], [], [])

    assert looked.faults == []
    check_html(tmp_path / "pages")


def test_on_a_phone_without_scripts_a_manager_gives_the_family_to_a_worker(
    chromium, address, place
) -> None:
    """The same journey for two members of staff at 320 px, with no script anywhere."""
    phone = {"scripts": False, "size": NARROW}
    with (
        visiting(chromium, address, **phone) as visitor,
        at_work(chromium, address, place, "worker", "Ann Brook", **phone) as (_, ann),
        at_work(chromium, address, place, "manager", "Mo Shah", **phone) as (_, manager),
    ):
        outside = Family(visitor, place)
        refer(outside, Blind())
        manager.go("/staff/requests").follow("Amina Khan")
        decide(manager, "Ann Brook")
        ann.go("/staff/requests")
        assert "Your families" in ann.words
        ann.follow("Amina Khan")
        write_plan(ann, place, Blind())
        see_plan(outside, place, Blind())
        assert visitor.foreign == []
