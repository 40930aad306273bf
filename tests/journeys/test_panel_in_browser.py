"""The Pendle story in a real browser, on a phone without scripts: from a car seat to a mobile
creche, as a practitioner and two members of the Resource Panel live it.
"""

import io
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from pypdf import PdfReader

from portal.panel import gaps
from portal.panel.gaps import Gap
from tests.journeys.test_staff_day_in_browser import choose
from tests.journeys.test_staff_sign_in_in_browser import Office, Worker
from tests.support.browser import NARROW, follow, serving, visiting
from tests.support.staffed import sign_in_browser
from tests.support.viewer import html_of, viewing

pytestmark = pytest.mark.browser

PANEL = "/staff/panel"
CHILDCARE = "Nursery, childcare or a creche"
NEED = "Young or new parents"


@pytest.fixture(scope="module")
def office(tmp_path_factory, sample_root, today):
    """The sample with the panel of Preston moved to Pendle."""
    folder = tmp_path_factory.mktemp("panel")
    root = shutil.copytree(sample_root, folder / "root")
    file = root / "content" / "footprints.yaml"
    before, panel = file.read_text("utf-8").split("        panel:\n")
    panel, rest = panel.split("\n\n", 1)
    moved = f"        panel:\n{panel.replace('Preston', 'Pendle')}\n"
    text = before + "\n" + rest.replace("longitude: -2.19642\n", f"longitude: -2.19642\n{moved}")
    file.write_text(text, "utf-8")
    return Office(folder, root, today)


@pytest.fixture(scope="module")
def address(office):
    with serving(office.app) as address:
        yield address


class Story:
    """The people of the story, each at a phone of their own, and each screen they have seen."""

    def __init__(self, office, visitors) -> None:
        self.office = office
        self.visitors = visitors
        self.jo, self.pat, self.kim = (Worker(one, office) for one in visitors)
        self.screens: dict[str, str] = {}
        self.sign_in()

    def sign_in(self) -> None:
        for visitor, name in zip(self.visitors[1:], ("Pat Hill", "Kim Ash"), strict=True):
            sign_in_browser(
                visitor.context,
                visitor.address,
                self.office.app._staff,
                role="panel",
                panels=("pendle",),
                title=name,
            )

    def see(self, name: str, who: Worker) -> None:
        self.screens[name] = html_of(who.page)

    def tell(self, wanted: str, theme: str, pounds: str = "") -> str:
        """Jo sends the form; returns the address of the page with the answer."""
        page = self.jo.go("/gap").page
        page.get_by_label("In which district is it?").select_option(label="Pendle")
        page.get_by_label("What is it about?").select_option(theme)
        choose(page, "What does the family need help with?", NEED)
        levels = page.get_by_role("group", name="At which level of need is the family?")
        if levels.count():
            levels.locator("label").nth(1).click()
        choose(page, "Is a CAF in place?", "Yes")
        page.get_by_label("What would help?").fill(wanted)
        page.get_by_label("What have you tried?").fill("The nursery and the toy library")
        page.get_by_label("What would it cost, in pounds?").fill(pounds)
        page.get_by_label("Your full name").fill("Jo Bell")
        page.get_by_label("Your organisation").fill("A school in Nelson")
        page.get_by_label("Your work email address").fill("jo@school.example")
        self.office.now += timedelta(seconds=30)
        self.jo.press("Send")
        assert self.jo.heading == "We have your form"
        return page.url.partition("?")[0]


def test_from_a_car_seat_to_a_mobile_creche(
    chromium, unpainted, address, office, check_html, tmp_path
):
    """A gap is sent, two members spend £120, three gaps of childcare raise a theme, it goes up to
    the Board and becomes a project, whose four quarters are on one page; each screen is fit for
    all at 320 and 1280 px, light and dark."""
    given = {"scripts": False, "size": NARROW}
    with (
        visiting(chromium, address, **given) as jo,
        visiting(chromium, address, **given) as pat,
        visiting(chromium, address, **given) as kim,
    ):
        office.now += timedelta(days=2)  # the panel has met this month
        story = Story(office, (jo, pat, kim))
        own = car_seat(story)
        third = childcare(story)
        up_to_the_board(story, third)
        year_of_the_creche(story)
        assert "£120" in story.jo.go(own).words
        # The form with mistakes is meant to be refused.
        faults = [each for one in (jo, pat, kim) for each in one.faults if "422" not in each]
    folder = tmp_path / "pages"
    folder.mkdir()
    with viewing(unpainted, address) as viewer:
        for number, (name, html) in enumerate(story.screens.items()):
            faults += [f"{name}: {one}" for one in viewer.unfit(html)]
            (folder / f"{number}.html").write_text(html, "utf-8")

    assert faults == []
    check_html(folder)


def car_seat(story) -> str:
    """Jo needs a car seat, Pat proposes to buy it, Kim agrees. Returns Jo's page."""
    own = story.tell("A car seat for one journey a week", "car-seats", "120")
    pat = story.pat.go("/staff/")
    assert pat.heading == "Resource Panels"
    story.see("panels", pat)
    pat.follow("Pendle Resource Panel")
    story.see("panel", pat)
    follow(pat.page.locator("main .rows a").first)
    story.see("gap", pat)
    gap = pat.page.url
    pat.follow("Spend from the budget")
    story.see("propose", pat)
    pat.fill(
        **{
            "How many pounds?": "120",
            "What is it for?": "a car seat",
            "Who provides it?": "Nelson Baby Shop",
            "How does the family get it?": "The school fetches it from the shop",
            "What do you write to the practitioner?": "Fetch it from the shop.",
        }
    ).press("Propose it")
    assert "Another member has to agree" in pat.words
    story.see("proposed", pat)
    kim = story.kim.go(f"{PANEL}/pendle/agenda")
    assert "A car seat for one journey a week" in kim.words
    story.see("agenda", kim)
    kim.go(gap).press("Agree")
    assert "It is decided" in kim.words
    story.see("decided", kim)
    assert "£5,880 of £6,000" in kim.go(f"{PANEL}/pendle").words
    return own


def childcare(story) -> str:
    """Three gaps of childcare: the third raises the theme. Returns the page of its practitioner."""
    for number in range(2):
        gap = Gap(
            "pendle", ("young-or-new-parents",), "A creche on Tuesdays", "The nursery is full",
            None, "Jo Bell", "A school in Nelson", "jo@school.example", theme="childcare",
        )  # fmt: skip
        gaps.report(
            story.office.engine,
            gap,
            story.office.app._published(),
            key=f"childcare {number} of the story",
            secret=story.office.live.secret,
            now=story.office.now,
        )
    own = story.tell("A creche beside the parenting course", "childcare")
    pat = story.pat.go(f"{PANEL}/pendle").follow("Themes and projects")
    assert "Pendle Resource Panel has had it since" in pat.words
    story.see("themes", pat)
    return own


def up_to_the_board(story, own: str) -> None:
    """Sub Group and Board, each with an answer; Jo reads who has it."""
    pat = story.pat.follow(CHILDCARE)
    story.see("issue", pat)
    for body, owner in (
        ("Early Support Sub Group", "Head of early help"),
        ("Pendle Children's Trust Board", "Chair of the Board"),
    ):
        pat.follow(f"Take it to the {body}")
        story.see(f"up to the {body}", pat)
        pat.press("Propose it")
        assert "There is a problem" in pat.words
        story.see("up, with mistakes", pat)
        pat.page.locator("textarea").fill("Nobody here has a creche.")
        pat.fill(**{"Who answers for it there?": owner}).press("Propose it")
        agreed(story)
        assert f"{body}: {owner}" in pat.words
        assert f"a theme that the {body} has" in story.jo.go(own).words
    story.see("practitioner", story.jo)
    pat.follow("Begin a project")
    story.see("begin", pat)
    pat.page.locator("textarea").first.fill("The Board pays for a mobile creche.")
    pat.fill(
        **{
            "Name of the project": "Mobile creche",
            "Who provides it?": "Pendle Playbus",
            "Sum, in pounds": "9600",
            "First day": f"11/1/{YEAR}",
            "Last day": f"17/12/{YEAR}",
            "Agreed outcomes": "Four centres have a creche\nParents stay on their course",
            "Families (optional)": "40",
        }
    ).press("Propose it")
    agreed(story).follow("Mobile creche")
    assert pat.heading == "Mobile creche"
    story.see("project", pat)


def agreed(story) -> Worker:
    """Kim agrees what Pat has proposed. Returns Pat, at the page of the theme."""
    address = story.pat.page.url.partition("?")[0]
    kim = story.kim.go(address)
    story.see("theme, proposed", kim)
    kim.press("Agree")
    return story.pat.go(address)


YEAR = 2027
QUARTERS = {
    "January to March": (4, 12, 31, 8), "April to June": (7, 14, 36, 9),
    "July to September": (10, 9, 24, 2), "October to December": (12, 16, 41, 12),
}  # fmt: skip


def year_of_the_creche(story) -> None:
    """Four quarters are reported, the first one late; the year is on one page, and on paper."""
    pat = story.pat
    project = pat.page.url
    story.office.now = datetime(YEAR, 4, 29, 9, tzinfo=UTC)
    story.sign_in()
    assert "Late: 1 report of a project" in pat.go(f"{PANEL}/pendle").words
    for words, (month, families, people, better) in QUARTERS.items():
        story.office.now = datetime(YEAR, month, 29, 9, tzinfo=UTC)
        story.sign_in()
        follow(pat.go(project).page.locator("main li", has_text=words).locator("a"))
        story.see("report", pat)
        numbers = (families, people, 3, better, 5, 0, better, 4, 1)
        for field, number in zip(
            pat.page.locator("main input:not([type=hidden])").all(), numbers, strict=True
        ):
            field.fill(str(number))
        pat.press("Save the report")
        assert "The report is saved" in pat.words
    pat.follow("Its year on one page")
    story.see("year", pat)
    row = pat.page.locator("tr", has_text="Families").first
    assert row.locator("td").all_inner_texts() == ["10", "15", "10", "15", "50", "40"]
    assert "Four centres have a creche" in pat.words
    printed = pat.page.pdf(format="A4", prefer_css_page_size=True)
    assert len(PdfReader(io.BytesIO(printed)).pages) == 1
