"""A worker writes a plan with a family, and the family reads and prints it: in a real browser."""

import io
from datetime import date

import pytest
from pypdf import PdfReader

from portal.bookings.support_plans import LONGEST_GOAL, LONGEST_ROLE, Goal
from portal.web.frozen_files import file_headers
from portal.web.live.app import create_desk
from portal.web.site.app import create_site
from tests.support import cases
from tests.support.browser import NARROW, follow, serving, visiting
from tests.support.staffed import Staffed, sign_in_browser
from tests.support.viewer import html_of, viewing

pytestmark = pytest.mark.browser
LONGEST = Goal(
    ("We would like a calm evening " * 9)[:LONGEST_GOAL],
    ("A story, then lights out " * 9)[:LONGEST_GOAL],
    "other",
    date(2027, 2, 17),
    role=("The school nurse " * 9)[:LONGEST_ROLE],
)


class Place(Staffed):
    """The pages for staff and for families over one database, with the files of the site."""

    def __init__(self, folder):
        super().__init__(folder, cases.directory())
        self.desk = create_desk(lambda: self.directory, self.settings, clock=lambda: self.now)
        self.desk.extensions["live"]._engine = self.engine
        self.site = create_site(self.directory)

    def __call__(self, environ, start):
        path = environ["PATH_INFO"]
        if path.startswith("/staff"):
            return self.app(environ, start)
        if path.startswith("/bookings"):
            return self.desk(environ, start)
        ours = file_headers(path)

        def starting(status, headers, *more):
            kept = [pair for pair in headers if pair[0] not in ours]
            return start(status, [*kept, *ours.items()], *more)

        return self.site(environ, starting)


def test_a_plan_from_the_worker_to_the_family(chromium, tmp_path):
    """Without scripts, on a phone: a worker writes a plan, corrects what it may not hold, and notes
    outcome numbers; the family reads the plan and prints six long goals on one sheet. Each page is
    fit for a phone and a desk, light and dark."""
    place, looks = Place(tmp_path), []
    with (
        serving(place) as address,
        visiting(chromium, address, scripts=False, size=NARROW) as visit,
    ):
        worker = sign_in_browser(visit.context, address, place.app, title="Ann Brook")
        booking, number = cases.allocated(
            place.engine, place.directory, worker=worker, secret=place.secret
        )
        page, plan = visit.page, f"/staff/requests/{booking.reference}/plan"

        def look():
            looks.append((page.url.removeprefix(address), html_of(page)))

        visit.open(plan)
        page.get_by_label("When does the plan start?").fill("Monday 11 January 2027")
        first = page.get_by_role("group", name="Goal 1")
        first.get_by_label("What does the family want?").fill("Sadia sleeps in her own bed")
        first.get_by_label("What happens for it?").fill("A story, then lights out")
        first.get_by_label("Who does it?").select_option("The family")
        first.get_by_label("By which day?").fill("18/1/2027")
        follow(page.get_by_role("button", name="Save the plan"))
        look()
        assert "Take out “Sadia”" in page.get_by_role("alert").inner_text()
        first.get_by_label("What does the family want?").fill("We sleep in our own beds")
        follow(page.get_by_role("button", name="Save the plan"))
        assert page.get_by_text("The plan is saved").is_visible()
        follow(page.get_by_role("link", name="Outcome numbers"))
        page.get_by_label("At the start").first.fill("3")
        look()
        follow(page.get_by_role("button", name="Save the numbers"))
        look()
        visit.open(f"/bookings/{booking.link}")
        assert page.get_by_text("We sleep in our own beds").is_visible()
        cases.planned(place.engine, place.directory, number, (LONGEST,) * 6)
        visit.open(f"/bookings/{booking.link}")
        look()
        follow(page.get_by_role("link", name="Get a copy of your plan"))
        look()
        sheet = page.pdf(format="A4", prefer_css_page_size=True)
        assert len(PdfReader(io.BytesIO(sheet)).pages) == 1
        with viewing(chromium, address) as viewer:
            faults = [(path, fault) for path, html in looks for fault in viewer.unfit(html)]
        assert faults == []
        refused = [fault for fault in visit.faults if "422" not in fault]
        assert (refused, visit.foreign) == ([], [])
