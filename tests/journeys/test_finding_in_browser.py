"""From the home page to the right group, or to somebody, as families go there: two presses."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import pytest

from portal.directory.values import LONDON
from tests.support.browser import visiting
from tests.support.unfrozen import unfrozen

pytestmark = pytest.mark.browser

NOW = datetime(2026, 11, 25, 11, 20, tzinfo=LONDON)  # a Wednesday, in the midst of a morning
SIZES = ((320, 568), (360, 640), (390, 844), (1280, 800))

# Whether all of an element is on the screen, with nothing over it.
SEEN = """(selector) => {
    const one = document.querySelector(selector);
    const {top, bottom, left, width} = one.getBoundingClientRect();
    const over = document.elementFromPoint(left + Math.min(width, 40) / 2, (top + bottom) / 2);
    return top >= 0 && bottom <= innerHeight && one.contains(over);
}"""


@dataclass(frozen=True)
class Journey:
    """What somebody types at home, how it is sent, and what then has to be true."""

    typed: str
    heading: str  # how the count of what was found ends
    group: str  # what the name of the first group holds
    said: str  # words of the group's own page
    age: str = ""
    chip: str = "Find sessions"


JOURNEYS = {
    "a two-year-old in Bacup": Journey(
        "Bacup", "groups near Bacup for toddlers", "", "Ages", age="toddlers"
    ),
    "Surviving Teens in Skelmersdale": Journey(
        "surviving teens skelmersdale",
        ", none within 5 miles of Skelmersdale",
        "Surviving Teens",
        "Surviving Teens",
    ),
    "a mother-to-be in Burnley": Journey(
        "Burnley", "near Burnley for pregnancy", "Bump, Birth and Beyond", "pregnancy",
        age="pregnancy",
    ),
    "a dad at the weekend": Journey(
        "dads", "matching “dads” this weekend", "dads", "Sundays", chip="This weekend"
    ),
    "a wheelchair user in Preston": Journey(
        "wheelchair Preston", "groups near Preston", "", "Step-free entrance"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with unfrozen(tmp_path_factory.mktemp("var"), NOW) as base:
        yield base


def sized(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})


def unseen(page, selector, sizes):
    """The sizes and schemes in which something is not on the first screen."""
    page.evaluate("scrollTo(0, 0)")
    found = []
    for size in sizes:
        sized(page, size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if not page.evaluate(SEEN, selector):
                found.append((selector, size, scheme))
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_families_reach_the_right_group(chromium, address, scripts):
    """Each of five families is at a group that suits it after two presses, with the first result in
    view on arrival; Back returns to the row it left. All sizes, both schemes."""
    late = []
    with visiting(chromium, address, now=NOW, scripts=scripts) as visitor:
        page = visitor.page
        for number, (name, journey) in enumerate(JOURNEYS.items()):
            sized(page, SIZES[number % len(SIZES)])
            visitor.open("/")
            page.fill("#near", journey.typed)
            if journey.age:
                page.select_option("#age", journey.age)
            page.click(f"form[data-find] button:text-is('{journey.chip}')")
            page.wait_for_selector("#rows > li")

            assert page.inner_text("#found").endswith(journey.heading), name
            assert journey.group in page.inner_text("#rows h3"), name
            late += unseen(page, "#rows > li:first-child h3", SIZES)
            sized(page, SIZES[number % len(SIZES)])
            names = page.locator("#rows > li h3").all_inner_texts()[:6]
            last = max(n for n, text in enumerate(names, 1) if journey.group in text)
            row = f"#rows > li:nth-child({last}) h3"
            page.locator(row).scroll_into_view_if_needed()
            left = page.inner_text(row)
            page.click(f"{row} a")
            page.wait_for_selector("dl.facts")
            assert journey.said.lower() in page.inner_text("main").lower(), name
            page.go_back(wait_until="domcontentloaded")
            page.wait_for_selector(row)
            page.wait_for_function(f"(one) => ({SEEN})(one)", arg=row)
            assert page.inner_text(row) == left, name
        faults = visitor.faults

    assert late == []
    assert faults == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_somebody_who_is_not_safe_reaches_somebody(chromium, address, scripts):
    """One press leads to the private page, with its exit and a number in view, at every size; the
    second press is to ring or to ask. Nothing of the words is in an address."""
    with visiting(chromium, address, now=NOW, scripts=scripts, size=SIZES[0]) as visitor:
        page = visitor.page
        visitor.open("/")
        page.fill("#near", "not safe at home")
        page.press("#near", "Enter")
        page.wait_for_url("**/help/talk/")

        assert unseen(page, "[data-exit]:not(.skip)", SIZES) == []
        assert page.locator("main a[href^='tel:']").count() > 0
        assert page.locator("main a[href*='/request/']").first.is_visible()
        asked = [urlsplit(one) for one in visitor.requests]
    if scripts:
        assert not [one for one in asked if "safe" in one.query]
