"""The finder in a real browser: with scripts in the page, without them by the live application."""

from datetime import datetime
from urllib.parse import parse_qsl

import pytest

from portal import content
from portal.fields import LONDON
from portal.postcode_files import Placed
from portal.postcodes import LETTERS, pack
from portal.settings import Settings
from portal.web.desk import create_desk
from portal.web.files import file_headers
from portal.web.site import create_site
from tests.browser import serving, visiting
from tests.finder_queries import QUERIES
from tests.shipped import DAY, ROOT

pytestmark = pytest.mark.browser

NOW = datetime(2026, 11, 25, 11, 20, tzinfo=LONDON)  # a Wednesday, in the midst of a morning

# Made-up postcodes: where each sector is, in the county or just outside.
SECTORS = {
    "BB4 6": (53.6961, -2.3047),
    "BB4 7": (53.6965, -2.2659),
    "PR1 8": (53.7579, -2.7130),
    "M29 8": (53.5100, -2.4600),
}


def postcodes() -> bytes:
    """Some 60 postcodes of each sector, strewn evenly."""
    codes = [a + b for a in LETTERS[:16:2] for b in LETTERS[:16:2]] + ["RJ"]
    return pack(
        Placed(f"{sector} {code}".replace(" ", "", 0)[: len(sector)] + code, up, across)
        for sector, (middle_up, middle_across) in SECTORS.items()
        for number, code in enumerate(sorted(codes))
        for up, across in [
            (middle_up + number % 8 * 0.0013 - 0.005, middle_across + number // 8 * 0.0021 - 0.008)
        ]
    )


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The shipped content as it is asked: its pages unfrozen, and the live pages beside them."""
    var = tmp_path_factory.mktemp("var")
    (var / "postcodes.bin").write_bytes(postcodes())
    settings = Settings(root=ROOT, out=var / "out", var=var)
    directory = content.load(ROOT, today=DAY, postcodes=settings.postcodes)
    site = create_site(directory)
    desk = create_desk(lambda: directory, settings, clock=lambda: NOW)

    @site.after_request
    def headers(answer):
        from flask import request

        answer.headers.update(file_headers(request.path))
        return answer

    def both(environ, start):
        live = environ["PATH_INFO"] in ("/find/results", "/availability.json")
        return (desk if live else site)(environ, start)

    with serving(both) as base:
        yield base


@pytest.fixture(scope="module")
def scripted(chromium, address):
    with visiting(chromium, address, now=NOW) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def plain(chromium, address):
    with visiting(chromium, address, scripts=False) as visitor:
        yield visitor


ANSWER = """() => {
    const said = (one) => one.textContent.replace(/\\s+/g, " ").trim();
    const shown = (one) => !one.closest("[hidden]");
    const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
    const link = (one) => [said(one), [...new URL(one.href).searchParams].map(String)];
    return {
        title: document.title.split(" – ")[0],
        heading: all("#found").map(said),
        mistakes: all("#mistakes .errors > div > ul > li > a").map(
            (one) => [said(one), new URL(one.href).hash]),
        meant: all("#mistakes li li a").map(link),
        fields: all(".error").map((one) => [one.id, said(one)]),
        chosen: all("#chosen a").map(link),
        rows: all("#rows > li").map((one) => [said(one), one.querySelector("a").pathname]),
        further: all("#further a").map(link),
        advice: all("#advice").map(said),
        loosened: all("#loosened a").map(link),
    };
}"""

# Places left come from elsewhere, and later.
FORGET = "() => document.querySelectorAll('.left').forEach((one) => one.remove())"
SETTLED = "() => document.getElementById('results').getAttribute('aria-busy') === 'false'"


def answered(page):
    page.wait_for_function(SETTLED)
    page.evaluate(FORGET)
    return page.evaluate(ANSWER)


def typed(page, query):
    """Fill in the form and send it; or open the address, for what the form does not offer."""
    page.goto("/find/")
    form = page.evaluate(
        """(pairs) => {
            const form = document.querySelector("form.finder");
            return pairs.every(([name, value]) => {
                const control = form.elements.namedItem(name);
                if (control?.tagName === "INPUT" && control.type === "text" && !control.value) {
                    control.value = value;
                    return control.value === value;
                }
                if (control?.tagName === "SELECT") {
                    const free = !control.dataset.set;
                    control.dataset.set = "yes";
                    control.value = value;
                    return free && control.value === value;
                }
                const box = [...form.querySelectorAll("input[type=checkbox]")].find(
                    (one) => one.name === name && one.value === value && !one.checked);
                if (box) box.checked = true;
                return Boolean(box);
            });
        }""",
        parse_qsl(query, keep_blank_values=True),
    )
    if form:
        page.press("#near", "Enter")
    else:
        page.goto(f"/find/?{query or 'near='}")


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:60] or "nothing")
def test_the_same_answer_with_scripts_and_without(scripted, plain, query):
    """The script and the live application answer alike: names, order, words, counts, mistakes."""
    scripted.faults.clear()
    typed(scripted.page, query)
    ours = answered(scripted.page)
    plain.page.goto(f"/find/results?{query}")
    theirs = plain.page.evaluate(ANSWER)

    assert ours == theirs
    assert ours["heading"] or ours["mistakes"]
    assert not [fault for fault in scripted.faults if "fault in a script" in fault]


def test_enough_questions():
    """The table stays large, and asks nothing twice."""
    assert len(set(QUERIES)) == len(QUERIES) >= 80
