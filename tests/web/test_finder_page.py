"""The finder in a real browser: with scripts in the page, without them by the live application."""

import json
import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from portal.directory.values import LONDON
from portal.finder import index
from portal.finder.postcode_import import Placed
from portal.finder.postcodes import LETTERS, pack
from portal.web.finder_page import finder
from portal.web.layout import LONGEST_TITLE
from tests.support.browser import NARROW, OPEN_DETAILS, WIDE, visiting
from tests.support.finder_queries import QUERIES
from tests.support.finder_typing import TYPED
from tests.support.unfrozen import unfrozen
from tests.support.viewer import html_of, viewing

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
        Placed(sector + code, up, across)
        for sector, (middle_up, middle_across) in SECTORS.items()
        for number, code in enumerate(sorted(codes))
        for up, across in [
            (middle_up + number % 8 * 0.0013 - 0.005, middle_across + number // 8 * 0.0021 - 0.008)
        ]
    )


@pytest.fixture(scope="module")
def shipped_finder(shipped_directory):
    return finder(shipped_directory)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The shipped content as it is asked: its pages unfrozen, and the live pages beside them."""
    with unfrozen(tmp_path_factory.mktemp("var"), NOW, postcodes()) as base:
        yield base


@pytest.fixture(scope="module")
def scripted(chromium, address):
    with visiting(chromium, address, now=NOW) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def plain(chromium, address):
    with visiting(chromium, address, scripts=False) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def asking(unpainted, address):
    """A page with scripts, to read and not to touch."""
    with visiting(unpainted, address, now=NOW) as visitor:
        visitor.open("/find/")
        yield visitor


# Places left come from elsewhere, and later: they are taken out at the moment of reading.
ANSWER = """(document) => {
    document.querySelectorAll(".left").forEach((one) => one.remove());
    const said = (one) => one.textContent.replace(/\\s+/g, " ").trim();
    const shown = (one) => !one.closest("[hidden]");
    const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
    const link = (one) => [said(one), [...new URL(one.href).searchParams].map(String)];
    return {
        title: document.title,
        heading: all("#found").map(said),
        mistakes: all("#mistakes .errors > div > ul > li > a").map(
            (one) => [said(one), one.getAttribute("href")]),
        meant: all("#mistakes li li a").map(link),
        fields: all(".error").map((one) => [one.id, said(one)]),
        notes: all("#notes p").map(said),
        asked: all("#asked > summary").map(said),
        folded: !document.getElementById("asked").open,
        quick: all("#quick a").map((one) => [...link(one), one.getAttribute("aria-current")]),
        chosen: all("#chosen a").map(link),
        rows: all("#rows > li").map((one) => [said(one), one.querySelector("a").pathname]),
        further: all("#further a").map(link),
        advice: all("#advice").map(said),
        loosened: all("#loosened a").map(link),
    };
}"""

SETTLED = "() => document.getElementById('results').getAttribute('aria-busy') === 'false'"

# Fills in the form and sends it, unless the form cannot say all of this.
FILLED_IN = """(pairs) => {
    const form = document.querySelector("form.finder");
    form.reset();
    const set = new Set();
    const filled = pairs.every(([name, value]) => {
        const control = form.elements.namedItem(name);
        if (control?.tagName === "INPUT" && control.type === "text" && !control.value) {
            control.value = value;
            return control.value === value;
        }
        if (control?.tagName === "SELECT") {
            const free = !set.has(name);
            set.add(name);
            control.value = value;
            return free && control.value === value;
        }
        const box = [...form.querySelectorAll("input[type=checkbox]")].find(
            (one) => one.name === name && one.value === value && !one.checked);
        if (box) box.checked = true;
        return Boolean(box);
    });
    if (filled) form.requestSubmit();
    return filled;
}"""

# The page of the live application, read as a browser without scripts reads it.
WITHOUT_SCRIPTS = f"""async (query) => {{
    const answer = await fetch(`/find/results?${{query}}`);
    return ({ANSWER})(new DOMParser().parseFromString(await answer.text(), "text/html"));
}}"""


# Playwright's own waiting loads a large script into each page, and looks again at each frame: where
# nothing is painted, none comes.
ANSWERED = f"""async () => {{
    while (!({SETTLED})()) await new Promise((done) => setTimeout(done, 5));
    return ({ANSWER})(document);
}}"""
BOTH = f"async (query) => [await ({ANSWERED})(), await ({WITHOUT_SCRIPTS})(query)]"


def answered(page):
    return page.evaluate(ANSWERED)


def sent(page, query):
    """Fill in the form and send it; or open the address, for what the form does not offer.

    The form is that of the page before, as when somebody asks again. But a page keeps the exact
    place of a postcode, so a question about one begins with a new page.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(character.isdigit() for name, value in pairs if name == "near" for character in value):
        page.goto("/find/", wait_until="domcontentloaded")
    if not page.evaluate(FILLED_IN, pairs):
        page.goto(f"/find/?{query or 'near='}", wait_until="domcontentloaded")


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:60] or "nothing")
def test_the_same_answer_with_scripts_and_without(asking, query):
    """The script and the live application answer alike: title, names, order, words, counts,
    mistakes. The title stays short."""
    asking.faults.clear()
    sent(asking.page, query)
    ours, theirs = asking.page.evaluate(BOTH, query)

    assert ours == theirs
    assert ours["heading"] or ours["mistakes"]
    assert len(ours["title"]) <= LONGEST_TITLE
    assert not [fault for fault in asking.faults if "fault in a script" in fault]


def test_enough_questions():
    """The table stays large, and asks nothing twice."""
    assert len(set(QUERIES)) == len(QUERIES) >= 80


# --- what leaves the browser ----------------------------------------------------------------------


def search(page, near, **more):
    """Type a place, and press Enter; the form is folded away below its answer."""
    if page.is_visible("#asked > summary"):
        page.evaluate("document.getElementById('asked').open = true")
    page.fill("#near", near)
    for name, value in more.items():
        page.fill(f"#{name}", value)
    page.press("#near", "Enter")
    page.wait_for_function(SETTLED)


def asked_for(chromium, address, near):
    """What a search on a fresh page asks the server for, in order."""
    with visiting(chromium, address, now=NOW) as visitor:
        visitor.open("/find/")
        search(visitor.page, near, age="2")
        visitor.page.wait_for_selector("#found")
        visitor.page.wait_for_load_state("networkidle")
        kept = visitor.page.evaluate(
            "() => [localStorage.length, sessionStorage.length, document.cookie]"
        )

        assert kept == [0, 0, ""]
        assert visitor.foreign == []
        return [urlsplit(one)._replace(netloc="", scheme="").geturl() for one in visitor.requests]


def test_enter_asks_what_the_table_of_questions_asks(scripted, asking):
    """A form that somebody fills in and sends by Enter gives the answer that the page gives above,
    where nothing is painted and the form is filled in and sent by a script."""
    scripted.page.goto("/find/")
    search(scripted.page, "BB4 6AA", age="2")
    by_hand = answered(scripted.page)
    sent(asking.page, "near=BB4+6AA&age=2")

    assert answered(asking.page) == by_hand
    assert by_hand["heading"]


def test_no_request_carries_the_place_or_depends_on_it(chromium, address):
    """Two families in different towns ask the server for the same files, by their fixed names."""
    rossendale = asked_for(chromium, address, "BB4 6AA")
    preston = asked_for(chromium, address, "pr18rj")
    nowhere = asked_for_unknown(chromium, address)

    assert rossendale == preston
    assert set(nowhere) == set(rossendale)
    assert not [one for one in rossendale if "?" in one or "BB4" in one.upper()]
    assert [one.partition("-")[0] for one in rossendale if one.startswith("/search/")] == [
        "/search/places",
        "/search/index",
        "/search/postcodes",
    ]


def asked_for_unknown(chromium, address):
    with visiting(chromium, address, now=NOW) as visitor:
        visitor.open("/find/")
        search(visitor.page, "M1 1AA")
        visitor.page.wait_for_load_state("networkidle")
        return [urlsplit(one)._replace(netloc="", scheme="").geturl() for one in visitor.requests]


def test_nothing_is_fetched_before_it_is_wanted(chromium, address):
    """Opening the page costs none of the tables; looking at it does not either."""
    with visiting(chromium, address, now=NOW) as visitor:
        visitor.open("/find/")
        visitor.page.click("text=More choices")
        visitor.page.wait_for_load_state("networkidle")

        assert not [one for one in visitor.requests if "/search/" in one]


def test_the_tables_are_there_before_enter(chromium, address):
    """Who enters the box gets both tables and the names to choose from; Enter fetches neither."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        visitor.open("/find/")
        page.focus("#near")
        page.wait_for_load_state("networkidle")
        before = [one for one in visitor.requests if "/search/" in one]
        search(page, "Preston")
        after = [one for one in visitor.requests if "/search/" in one]
        names = page.evaluate(
            "[...document.querySelectorAll('#places option')].map((o) => o.value)"
        )

        assert [re.search("search/([a-z]+)", one)[1] for one in before] == ["places", "index"]
        assert after == before
        assert {"Preston", "Bacup"} <= set(names)
        assert len(names) == len(set(names))


def test_the_address_says_no_more_than_a_sector(scripted):
    """What can be shared keeps the filters, and of a postcode its sector."""
    page = scripted.page
    page.goto("/find/")
    search(page, "BB4 6AA", age="2, 8 months")
    exact = answered(page)["rows"]
    found = urlsplit(page.url)

    assert (found.path, found.query) == ("/find/", "near=BB4+6&age=2&age=8+months")
    assert page.input_value("#near") == "BB4 6AA"
    page.goto(page.url)
    page.wait_for_function(SETTLED)
    assert page.input_value("#near") == "BB4 6"
    assert answered(page)["rows"] != exact
    assert "about" in page.inner_text("#rows")


def test_links_keep_the_exact_place_while_the_page_is_open(scripted):
    """Taking a filter away does not forget where the family is."""
    page = scripted.page
    page.goto("/find/")
    search(page, "BB4 6AA", age="2")
    before = page.inner_text("#rows > li:first-child > p:first-of-type")
    page.click("text=Change")
    page.click("#chosen li:nth-child(2) a")
    page.wait_for_function(SETTLED)

    assert page.inner_text("#rows > li:first-child > p:first-of-type") == before
    assert page.input_value("#near") == "BB4 6AA"
    assert urlsplit(page.url).query == "near=BB4+6&age=2&miles=any"


def test_a_question_from_the_home_page(chromium, address):
    """The home page's question is answered by the finder, and no request says what was asked."""
    with visiting(chromium, address, now=NOW) as visitor:
        visitor.open("/")
        visitor.page.fill("#near", "bb4 6aa")
        visitor.page.select_option("#age", "toddlers")
        visitor.page.press("#near", "Enter")
        visitor.page.wait_for_selector("#found")

        assert visitor.page.inner_text("#found").endswith("near BB4 6 for toddlers")
        assert urlsplit(visitor.page.url).query == "near=BB4+6&age=toddlers"
        assert visitor.page.input_value("#age") == "toddlers"
        visitor.open("/")
        visitor.page.fill("#near", "Bacup")
        visitor.page.click("text=Next week")
        visitor.page.wait_for_selector("#found")

        assert visitor.page.inner_text("#found").endswith("next week near Bacup")
        assert not [one for one in visitor.requests if "?" in one or "#" in one]
        assert not visitor.faults


# --- what a phone shows first ---------------------------------------------------------------------

PHONE, SMALL = (360, 640), (320, 568)
ARRIVALS = (
    "near=Bacup&age=2",
    "near=Nelson&programme=surviving-teens",
    "near=Burnley&age=expecting",
    "near=Lancaster&on=weekend",
    "near=Preston&access=step-free&access=accessible-toilet",
    "near=Clitheroe&age=2%2C+8+months&free=yes&room=yes",
)
BOX = """(selector) => {
    const {top, bottom} = document.querySelector(selector).getBoundingClientRect();
    return [Math.round(top), Math.round(bottom)];
}"""


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_the_first_result_is_in_view_on_arrival(chromium, address, scripts):
    """Who comes with a question sees the count and the first result on a phone, without scrolling,
    and the form in one line; without a question the first field is in view on a small phone."""
    path = "/find/" if scripts else "/find/results"
    with visiting(chromium, address, now=NOW, scripts=scripts, size=PHONE) as visitor:
        page, seen = visitor.page, {}
        for query in ARRIVALS:
            visitor.open(f"{path}?{query}")
            page.wait_for_selector("#rows > li")
            seen[query] = [page.evaluate(BOX, one)[1] for one in ("#found", "#rows > li")]
            assert not page.is_visible("form.finder"), query
        page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
        for start in ("/", "/find/"):
            visitor.open(start)
            seen[start] = [page.evaluate(BOX, "#near")[1]]
            header = page.evaluate(BOX, ".top > .wide")

            assert header[1] - header[0] < 72, header

    late = {one for one, ends in seen.items() if max(ends) > (SMALL if "/" in one else PHONE)[1]}
    assert late == set(), seen


def test_back_returns_to_the_row_that_was_left(chromium, address):
    """Back from a course, and a reload, show as many rows as before, at the same place, and the
    focus is on the row that was pressed."""
    with visiting(chromium, address, now=NOW, size=PHONE) as visitor:
        page, row = visitor.page, "#rows > li:nth-child(27)"
        visitor.open("/find/?near=Preston&miles=any")
        page.click("#further a")
        page.wait_for_selector(row)
        page.evaluate(f"document.querySelector('{row}').scrollIntoView()")
        before = page.evaluate(BOX, row)
        name = page.inner_text(f"{row} h3")
        page.click(f"{row} a")
        page.wait_for_selector("dl.facts")
        page.go_back()
        page.wait_for_selector(row)
        page.wait_for_function(SETTLED)

        assert page.evaluate(BOX, row) == before
        assert page.inner_text(f"{row} h3") == name
        assert page.evaluate("document.activeElement.closest('li')?.innerText").startswith(name)
        page.reload()
        page.wait_for_selector(row)
        page.wait_for_function(SETTLED)
        assert page.evaluate(BOX, row) == before


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_the_button_of_a_series_stays_in_view(chromium, address, scripts):
    """On a phone the button is on the first screen of its page and stays there, over nothing at
    the end, and the menu opens by the keyboard."""
    places = []
    with visiting(chromium, address, now=NOW, scripts=scripts, size=PHONE) as visitor:
        page = visitor.page
        for way in ("book", "request"):
            visitor.open(f"/find/results?booking={way}&room=yes")
            visitor.open(page.get_attribute("#rows h3 a", "href"))
            for share in (0, 0.4, 1):
                page.evaluate(
                    "(share) => scrollTo(0, share * (document.body.scrollHeight - innerHeight))",
                    share,
                )
                (top, bottom), foot = page.evaluate(BOX, ".bar"), page.evaluate(BOX, ".foot")[0]
                places.append(bottom <= PHONE[1] if share < 1 else bottom <= foot)
                seen = "([x, y]) => document.elementFromPoint(x, y)?.closest('.bar') !== null"
                if share < 1:
                    places.append(page.evaluate(seen, [40, (top + bottom) // 2]))
            assert page.locator(".bar .button:visible").count() == 1
        page.evaluate("scrollTo(0, 0)")
        page.focus("text=Menu")
        page.keyboard.press("Enter")

        assert page.is_visible("#menu >> text=Centres")
        page.keyboard.press("Escape")
        assert not page.is_visible("#menu >> text=Centres")

    assert places == [True] * 10


# Each time that rows are drawn: how many there are then.
DRAWN = """(near) => {
    const rows = document.getElementById("rows");
    globalThis.drawn = [];
    globalThis.drawing = new MutationObserver(() => {
        drawn.push(rows.children.length);
        globalThis.ends ??= rows.getBoundingClientRect().bottom;
    });
    drawing.observe(rows, {childList: true});
    document.getElementById("near").value = near;
    document.querySelector("form.finder").requestSubmit();
}"""
# Asks another question as soon as the first rows are there, and before any more are.
INTERRUPTED = """([first, second]) => new Promise((done) => {
    const rows = document.getElementById("rows"), form = document.querySelector("form.finder");
    const ask = (near) => {
        document.getElementById("near").value = near;
        form.requestSubmit();
    };
    new MutationObserver((_, seen) => {
        seen.disconnect();
        const there = rows.children.length;
        ask(second);
        done(there);
    }).observe(rows, {childList: true});
    ask(first);
})"""


@pytest.mark.parametrize(("size", "first"), [(NARROW, 6), (WIDE, 9)], ids=["phone", "desk"])
def test_rows_after_the_first_screen_come_once_and_in_order(scripted, asking, size, first):
    """A screen of rows comes first and the rest after a frame, also where no frame is drawn; then
    the list is that of the live application, and more rows come all at once."""
    for page in (scripted.page, asking.page):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto("/find/", wait_until="domcontentloaded")
        page.evaluate(DRAWN, "Preston")
        ours, theirs = page.evaluate(BOTH, "near=Preston")
        drawn, ends = page.evaluate("[drawn, ends]")
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

        assert drawn == [first, 20]
        assert ends >= size[1]
        assert ours["rows"] == theirs["rows"]
        assert ours == theirs
    scripted.page.click("#further a")
    more = scripted.page.evaluate(f"async () => (await ({ANSWERED})()).rows")
    assert more[:20] == ours["rows"]
    assert scripted.page.evaluate("drawn.slice(2)") == [len(more)]
    assert len({path for _, path in more}) == len(more) > 20


@pytest.mark.parametrize("second", ["Burnley", "Accringtn"], ids=["answer", "mistake"])
def test_a_second_question_leaves_no_row_of_the_first(scripted, second):
    """Rows that were still to come are those of a question that nobody asks any more."""
    page = scripted.page
    page.goto("/find/")
    there = page.evaluate(INTERRUPTED, ["Preston", second])
    page.evaluate(ANSWERED)
    page.wait_for_timeout(100)  # as long as the rest of the first answer may take
    ours, theirs = page.evaluate(BOTH, f"near={second}")

    assert there < 20
    assert ours == theirs
    assert bool(ours["rows"]) == (second == "Burnley")


# Presses a control as soon as the first rows are there; gives how many those are.
HASTY = """([near, control]) => new Promise((done) => {
    const rows = document.getElementById("rows"), form = document.querySelector("form.finder");
    new MutationObserver((_, seen) => {
        seen.disconnect();
        const there = rows.children.length;
        queueMicrotask(() => document.querySelector(control).click());
        done(there);
    }).observe(rows, {childList: true});
    document.getElementById("near").value = near;
    form.requestSubmit();
})"""


def test_more_rows_before_the_first_are_all_there_begin_where_they_should(scripted):
    """The first of the new rows has the focus, also if some of the old were not drawn yet. The way
    back leads to the page before the question."""
    page = scripted.page
    page.goto("/find/")
    there = page.evaluate(HASTY, ["Preston", "#further a"])
    page.wait_for_function("document.querySelectorAll('#rows > li').length > 20")
    focused = """[...document.querySelectorAll('#rows > li')]
        .findIndex((row) => row.contains(document.activeElement))"""

    assert there < 20
    assert page.evaluate(focused) == 20
    page.wait_for_function("location.search.includes('show=40')")
    page.go_back()
    assert page.url == f"{scripted.address}/find/"


# Counts the copies of templates that are made: all parts of an answer are, in one go.
COPIES = """() => {
    const copy = document.importNode;
    globalThis.copies = 0;
    document.importNode = (...given) => (copies += 1, copy.apply(document, given));
}"""


def typed(page, near):
    """Fills in the first box, and waits until the answer has been made ready."""
    page.goto("/find/")
    page.evaluate(COPIES)
    page.focus("#near")
    page.wait_for_function("() => copies > 0")  # an answer is made at first to warm up
    page.evaluate("copies = 0")
    page.fill("#near", near)
    page.wait_for_function("() => copies > 0")


def test_the_answer_is_ready_while_somebody_types(scripted, asking):
    """Enter only shows it: nothing but its heading is copied until the first rows stand there. The
    answer is that of a form which a script sends at once."""
    page = scripted.page
    typed(page, "Preston")
    page.evaluate("""() => {
        const before = copies;
        const rows = document.getElementById("rows");
        new MutationObserver((_, seen) => {
            seen.disconnect();
            globalThis.made = copies - before;
        }).observe(rows, {childList: true});
    }""")
    page.keyboard.press("Enter")
    page.wait_for_function(SETTLED)
    sent(asking.page, "near=Preston")

    assert page.evaluate("made") == 1
    assert answered(page) == answered(asking.page)
    assert len(answered(page)["rows"]) == 20


@pytest.mark.parametrize(
    "change",
    [
        "",
        "document.getElementById('age').value = '2'",
        "document.querySelector('[name=room]').checked = true",
    ],
    ids=["a day later", "an age that a script gives", "places that a script asks for"],
)
def test_an_answer_that_no_longer_holds_is_not_shown(chromium, address, change):
    """What was made ready is for one question at one minute. Anything else is worked out at Enter,
    as on a page that is loaded then."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        typed(page, "Preston")
        if change:
            page.evaluate(change)
        else:
            page.clock.set_fixed_time(NOW + timedelta(days=1))
        page.keyboard.press("Enter")
        page.wait_for_function(SETTLED)
        shown = answered(page)
        page.goto(page.url)
        page.wait_for_function(SETTLED)
        assert shown == answered(page)
        page.clock.set_fixed_time(NOW)
        page.goto("/find/?near=Preston")
        page.wait_for_function(SETTLED)

        assert shown["rows"] != answered(page)["rows"]


def test_no_row_stands_under_a_place_that_the_phone_does_not_give(scripted):
    """The rest of an answer does not come once "Use where I am" has been refused."""
    page = scripted.page
    page.goto("/find/")
    page.evaluate(
        """() => Object.defineProperty(navigator.geolocation, "getCurrentPosition", {
            value: (_, refused) => refused(),
        })"""
    )
    there = page.evaluate(HASTY, ["Preston", "#here > *"])
    page.wait_for_selector("#mistakes *")
    page.wait_for_timeout(100)  # as long as the rest of the answer may take

    assert there < 20
    assert page.locator("#rows > li").count() == 0
    assert page.get_attribute("#results", "aria-busy") == "false"


def test_a_double_press_opens_no_group(scripted):
    """The second press of two on the button meets the list that has taken its place."""
    page = scripted.page
    page.goto("/find/?near=Preston")
    page.wait_for_selector("#rows > li")
    second = page.evaluate(
        """() => {
            const press = new MouseEvent("click", {bubbles: true, cancelable: true, detail: 2});
            return document.querySelector("#rows h3 a").dispatchEvent(press);
        }"""
    )

    assert second is False  # nothing follows from it
    assert urlsplit(page.url).path == "/find/"


def test_links_with_a_question_are_answered_here(scripted, plain):
    """A link to what was asked leads to the live part, and with scripts to the finder's page."""
    link = "main a[href*='age=toddlers']"
    for visitor, path in ((scripted, "/find/"), (plain, "/find/results")):
        visitor.page.goto("/ages/toddlers/")
        visitor.page.click(f"{link} >> nth=0")
        visitor.page.wait_for_selector("#rows > li")

        assert urlsplit(visitor.page.url).path == path
        names = visitor.page.get_by_role("link").filter(has=visitor.page.locator("b"))
        said = names.all_inner_texts()
        assert len(set(said)) == len(said) > 5


# --- using it -------------------------------------------------------------------------------------


def test_back_and_forward(scripted):
    """Back leads to the search before, with its answers in the form, and then to the page as it
    came; forward leads on again."""
    page = scripted.page
    page.goto("/find/")
    search(page, "Burnley", age="2")
    first = page.inner_text("#found")
    search(page, "Nelson", age="14")
    second = page.inner_text("#found")
    page.go_back()
    page.wait_for_function(
        "(said) => document.querySelector('#found')?.textContent === said", arg=first
    )

    assert (page.input_value("#near"), page.input_value("#age")) == ("Burnley", "2")
    page.go_back()
    page.wait_for_function("() => !document.querySelector('#found')")
    assert (page.input_value("#near"), page.inner_text("#rows")) == ("", "")
    page.go_forward()
    page.go_forward()
    page.wait_for_function(
        "(said) => document.querySelector('#found')?.textContent === said", arg=second
    )
    assert page.input_value("#near") == "Nelson"


@pytest.mark.parametrize("asked", ["Burnley", "BB4 6AA", "massage BB4 6AA"])
def test_forward_to_the_last_search_fills_the_form_again(scripted, asked):
    """Its place is known still, also where somebody has been on the page without a question."""
    page = scripted.page
    page.goto("/find/")
    search(page, asked)
    found, rows = page.inner_text("#found"), answered(page)["rows"]
    page.go_back()
    page.wait_for_function("() => !document.querySelector('#found')")
    assert page.input_value("#near") == ""
    page.go_forward()
    page.wait_for_function(
        "(said) => document.querySelector('#found')?.textContent === said", arg=found
    )

    assert page.input_value("#near") == asked
    assert answered(page)["rows"] == rows


MISTAKEN = "() => Boolean(document.querySelector('#mistakes *'))"


@pytest.mark.parametrize(
    ("asked", "address_says", "kept"),
    [
        ("ZZ9 9ZZ", "near=ZZ9+9", "ZZ9 9"),
        ("zz9", "near=zz9", "zz9"),
        ("Accringtn", "near=", "Accringtn"),
    ],
)
def test_a_refused_search_is_in_the_history(scripted, asked, address_says, kept):
    """A reload shows the same refusal, with what was typed. Back leads to the answer before, also
    after two refusals, and Forward to the last one. S82: unknown words are in no address."""
    page = scripted.page
    scripted.requests.clear()
    page.goto("/find/")
    search(page, "Preston", age="2")
    before, first = page.url, answered(page)["rows"]
    search(page, "Nowhere at all")
    search(page, asked, age="3")
    refused = answered(page)

    assert urlsplit(page.url)[2:4] == ("/find/", address_says)
    assert (len(refused["mistakes"]), refused["rows"]) == (1, [])
    page.reload()
    page.wait_for_function(MISTAKEN)
    assert answered(page) == refused
    assert (page.input_value("#near"), page.input_value("#age")) == (kept, "3")
    page.go_back()
    page.wait_for_selector("#found")
    page.wait_for_function(SETTLED)
    assert (answered(page)["rows"], page.url) == (first, before)
    assert page.locator("#mistakes *").count() == 0
    page.go_forward()
    page.wait_for_function(MISTAKEN)
    assert answered(page) == refused
    page.click("#mistakes .errors li a >> nth=0")  # to its field
    page.go_back()
    assert answered(page) == refused
    page.goto("/help/")
    page.goto(f"/find/?{address_says}")
    page.wait_for_function(SETTLED)
    assert bool(answered(page)["mistakes"]) == (address_says != "near=")
    assert not [one for one in scripted.requests if "Accringtn" in one or "ZZ9 9ZZ" in one]


def test_a_refused_question_from_the_home_page(chromium, address):
    """It came by this tab alone, and a reload asks it again."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        visitor.open("/")
        page.fill("#near", "Accringtn")
        page.press("#near", "Enter")
        page.wait_for_function(MISTAKEN)
        refused = answered(page)
        page.reload()
        page.wait_for_function(MISTAKEN)

        assert answered(page) == refused
        page.go_back()
        page.wait_for_url(f"{address}/")


def test_by_keyboard_alone(scripted):
    """Searching, taking a filter away and asking for more need no mouse, and focus is not lost."""
    page = scripted.page
    page.goto("/find/")
    page.focus("#near")
    page.keyboard.type("Preston")
    page.keyboard.press("Enter")
    page.wait_for_function(SETTLED)

    assert page.evaluate("document.activeElement.id") == "found"
    page.focus("#further a")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('#rows > li').length > 20")
    place = (
        "[...document.querySelectorAll('#rows > li')].indexOf(document.activeElement.closest('li'))"
    )
    assert page.evaluate(place) == 20
    page.focus("#asked > summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#chosen') !== null")
    page.keyboard.press("Enter")
    page.wait_for_function(SETTLED)
    assert page.evaluate("document.activeElement.id") == "found"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#quick') !== null")


def test_what_a_screen_reader_meets(scripted):
    """Fields and groups have names, and the count is a heading in a live region."""
    page = scripted.page
    page.goto("/find/")
    search(page, "Bacup", age="2")
    page.click("text=Change")
    page.click("text=More choices")

    tree = page.locator("main").aria_snapshot()
    for part in (
        'textbox "Child’s age"',
        'group "Days"',
        'checkbox "Monday"',
        'combobox "How far"',
        'group "The venue must have"',
        'button "Find sessions"',
        'link "Remove Near Bacup"',
    ):
        assert part in tree, tree
    assert (
        page.get_by_role("combobox", name="What or where")
        .or_(page.get_by_role("textbox", name="What or where"))
        .count()
        == 1
    )
    assert re.search(r'status:\n\s+- heading "\d+ groups near Bacup for age 2" \[level=2\]', tree)
    described = page.get_by_label("Child’s age").evaluate(
        "(one) => one.getAttribute('aria-describedby').split(' ')"
        ".map((id) => document.getElementById(id).textContent.trim()).join(' ').trim()"
    )
    assert described.startswith("For example 2")
    assert "Error" not in described


def test_a_mistake_is_shown_as_every_form_shows_it(scripted):
    """A summary above the heading has the focus, links to the field, and is repeated beside it."""
    page = scripted.page
    page.goto("/find/")
    search(page, "Accringtn", age="77")

    assert page.evaluate("document.activeElement.className") == "errors"
    assert page.title().startswith("Error: ")
    tree = page.locator("#mistakes").aria_snapshot()
    assert "alert" in tree
    assert 'heading "There is a problem" [level=2]' in tree
    assert page.text_content("#age-error") == "Error: Enter an age from pregnancy to 25 years."
    assert (page.input_value("#near"), page.input_value("#age")) == ("Accringtn", "77")
    page.click("#mistakes >> text=Enter an age")
    assert page.evaluate("document.activeElement.id") == "age"
    page.fill("#age", "")
    page.click("#mistakes >> text=Accrington")
    page.wait_for_selector("#found")
    assert page.inner_text("#found").endswith("near Accrington")
    assert page.locator("#mistakes").inner_text() == ""
    assert page.input_value("#near") == "Accrington"


def test_places_are_offered_while_typing(scripted):
    """The list behind the field holds towns, districts and centres, once somebody types there."""
    page = scripted.page
    page.goto("/find/")
    assert page.locator("#places option").count() == 0
    page.focus("#near")
    page.wait_for_function("() => document.querySelectorAll('#places option').length > 400")
    page.evaluate("document.activeElement.blur()")
    page.focus("#near")
    names = page.locator("#places option").evaluate_all("(all) => all.map((one) => one.value)")

    assert {"Accrington", "Warton (Fylde)", "Ribble Valley"} <= set(names)
    assert len(names) == len(set(names))


# --- where the phone is ---------------------------------------------------------------------------


@pytest.fixture
def roaming(chromium, address):
    with visiting(chromium, address, now=NOW) as visitor:
        yield visitor


def test_the_phones_own_place(roaming):
    """Asked for by a button alone, it is used here, and the address says its sector."""
    roaming.context.grant_permissions(["geolocation"])
    roaming.context.set_geolocation({"latitude": 53.6959, "longitude": -2.3051})
    roaming.open("/find/")
    roaming.page.click("text=Use my location")
    roaming.page.wait_for_selector("#found")

    assert roaming.page.inner_text("#found").endswith("near BB4 6")
    assert urlsplit(roaming.page.url).query == "near=BB4+6"
    assert roaming.page.input_value("#near") == "BB4 6"
    assert not [one for one in roaming.requests if "53." in one or "BB4" in one]


def test_a_phone_that_is_far_away(roaming):
    """Outside the county, the page says so."""
    roaming.context.grant_permissions(["geolocation"])
    roaming.context.set_geolocation({"latitude": 51.5, "longitude": -0.12})
    roaming.open("/find/")
    roaming.page.click("text=Use my location")
    roaming.page.wait_for_selector("#mistakes .errors")

    assert "outside Lancashire" in roaming.page.inner_text("#mistakes")


def test_a_phone_that_does_not_say(roaming):
    """Refusing is met with another way."""
    roaming.open("/find/")
    roaming.page.click("text=Use my location")
    roaming.page.wait_for_selector("#mistakes .errors")

    assert "Enter a postcode or a town" in roaming.page.inner_text("#near-error")


# --- what may fail --------------------------------------------------------------------------------


def without_tables(page, how="none"):
    """Neither an index nor the live part's answer is kept from before."""

    def answer(route):
        route.abort() if how == "none" else route.fulfill(body='{"cut short')

    page.route("**/search/index*", answer)


@pytest.mark.parametrize("how", ["none", "cut short"])
def test_an_index_that_cannot_be_fetched(chromium, address, how):
    """The live part answers in its place, as without scripts. It gets the sector of a postcode, and
    its address has what it understood. Back leads to the page that was left."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        visitor.open("/find/")
        without_tables(page, how)
        page.fill("#age", "2")
        page.fill("#near", "massage xyzzy BB4 6AA")
        page.press("#near", "Enter")
        page.wait_for_url("**/find/results?*")
        page.wait_for_selector("#found")
        found = urlsplit(page.url)

        assert dict(parse_qsl(found.query))["near"] == "BB4 6"
        assert "xyzzy" not in found.query
        assert "near BB4 6" in page.inner_text("#found")
        assert not [one for one in visitor.requests if re.search("BB4.*6AA", one)]
        page.go_back()
        page.wait_for_url(f"{address}/find/")
        page.unroute("**/search/index*")
        search(page, "Burnley")
        assert page.inner_text("#found").endswith("near Burnley")


def test_an_address_without_an_index(chromium, address):
    """Back from the live answer leads to the page before, not to the finder, which would lead on
    again."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        visitor.open("/help/")
        without_tables(page)
        page.goto("/find/?near=Burnley")
        page.wait_for_url("**/find/results?near=Burnley")
        page.go_back()
        page.wait_for_url("**/help/")


def test_words_that_the_live_part_does_not_know(chromium, address):
    """S82: without the tables too, they stand in no address, and words of a private matter lead to
    the private page."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        visitor.open("/find/")
        without_tables(page)
        search(page, "Accringtn", age="77")
        ours = answered(page)
        theirs = page.evaluate(WITHOUT_SCRIPTS, "near=Accringtn&age=77")

        assert (ours["mistakes"], ours["fields"]) == (theirs["mistakes"], theirs["fields"])
        assert [words for words, _ in ours["meant"]] == [words for words, _ in theirs["meant"]]
        assert page.evaluate("document.activeElement.className") == "errors"
        assert (urlsplit(page.url).path, urlsplit(page.url).query) == ("/find/", "near=")
        entries = page.evaluate("history.length")
        page.fill("#near", "He hits me. Burnley")
        page.press("#near", "Enter")
        page.wait_for_url("**/help/talk/")
        assert page.evaluate("history.length") == entries


def test_tables_that_never_come(chromium, address):
    """The page says that it is at work, and then the live part answers."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        # A tenth of the time, so that nobody waits ten seconds here.
        page.add_init_script(
            "const wait = setTimeout;"
            "window.setTimeout = (done, pause) => wait(done, pause < 900 ? pause : pause / 10);"
        )
        visitor.open("/find/")
        page.route("**/search/index*", lambda route: None)
        page.fill("#near", "Burnley")
        page.press("#near", "Enter")

        page.wait_for_selector("#waiting", state="visible")
        page.wait_for_url("**/find/results?near=Burnley")
        assert page.inner_text("#found").endswith("near Burnley")
        page.unroute_all(behavior="ignoreErrors")


def test_neither_an_index_nor_the_live_part(chromium, address):
    """The page says so and offers the pages that work; pressing the button again tries again."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        visitor.open("/find/")
        without_tables(page)
        for answer in (
            lambda route: route.abort(),
            lambda route: route.fulfill(status=503, content_type="text/html", body="Down"),
            lambda route: route.fulfill(status=200, content_type="text/html", body="Another page"),
        ):
            page.route("**/find/results*", answer)
            search(page, "Burnley")

            assert page.is_visible("text=We could not fetch the list")
            assert page.is_visible("text=Or look around")
            assert page.input_value("#near") == "Burnley"
            assert page.url == f"{address}/find/"
            page.unroute("**/find/results*")
        page.unroute("**/search/index*")
        page.click("text=Find sessions")
        page.wait_for_selector("#found")
        assert not page.is_visible("text=We could not fetch the list")


def test_tables_of_a_site_that_was_built_anew(chromium, address):
    """A page that has been open for a day finds the tables under their new names."""
    with visiting(chromium, address, now=NOW) as visitor:
        visitor.open("/find/")
        visitor.page.evaluate(
            "document.querySelector('form.finder').dataset.index = '/search/index-0.json'"
        )
        search(visitor.page, "Burnley")

        assert visitor.page.inner_text("#found").endswith("near Burnley")


@pytest.mark.parametrize("fault", ["none", "cut short"])
def test_postcodes_that_cannot_be_fetched(chromium, address, fault):
    """Without the exact postcodes, or with a part of them, the middle of the sector does."""

    def answer(route):
        if fault == "none":
            route.abort()
        else:
            route.fulfill(body=postcodes()[:-9])

    with visiting(chromium, address, now=NOW) as visitor:
        visitor.open("/find/")
        visitor.page.route("**/search/postcodes*", answer)
        search(visitor.page, "BB4 6AA")

        assert visitor.page.inner_text("#found").endswith("near BB4 6")
        assert "about" in visitor.page.inner_text("#rows")


def test_a_booking_service_that_does_not_answer(chromium, address):
    """Places left are an extra: the list is whole whatever comes of them."""
    bodies = [None, "", "[]", '{"series": {"x/y": 1}}', "<html>"]
    answers = iter(bodies)

    def answer(route):
        body = next(answers)
        route.abort() if body is None else route.fulfill(body=body)

    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        page.route("**/availability.json", answer)
        for body in bodies:
            visitor.open("/find/")
            with page.expect_event("request", lambda one: one.url.endswith("/availability.json")):
                search(page, "Accrington")
            page.wait_for_load_state("networkidle")

            assert page.locator("#rows > li").count() > 0, body
            assert page.locator(".left").count() == 0, body
        assert next(answers, "all were sent") == "all were sent"
        assert not [fault for fault in visitor.faults if "script" in fault]


def test_places_left(chromium, address):
    """What the booking service says of places, and of who comes on one, is added to its rows."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        visitor.open("/find/?near=Accrington&booking=book")
        page.wait_for_selector("#rows > li")
        identities = page.locator("#rows > li").evaluate_all(
            "(all) => all.map((one) => one.dataset.series)"
        )
        left = dict(
            zip(
                identities,
                [
                    {"left": 4, "says": {"": "4 places left"}, "place": "For a family."},
                    {"left": 1, "says": {"": "Only 1 place left"}, "place": "For one."},
                    {"left": 0, "says": {"": "Full: join the waiting list"}, "wait": True},
                ],
                strict=False,
            )
        )
        page.route("**/availability.json", lambda route: route.fulfill(json={"series": left}))
        page.reload()
        page.wait_for_selector(".left")

        assert (
            page.locator(".left").all_inner_texts()
            == [
                "4 places left. For a family.",
                "Only 1 place left. For one.",
                "Full: join the waiting list",
            ][: len(identities)]
        )


@pytest.mark.parametrize("wait", [True, False], ids=["waiting list", "no waiting list"])
def test_a_page_of_a_full_series_says_so_once(chromium, address, wait):
    """Where every place is taken, nothing about this series says "Book a place", and the waiting
    list is named once as a fact and once on its button."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        open_now = page.request.get("/availability.json").json()["series"]
        identity = next(name for name, row in open_now.items() if "left" in row)
        says = "Full: join the waiting list" if wait else "Full"
        full = {identity: {"left": 0, "says": {"": says}, "wait": wait}}
        page.route("**/availability.json", lambda route: route.fulfill(json={"series": full}))
        visitor.open(f"/sessions/{identity}/")
        fact = page.locator("[data-open]", has_text="Every place is taken.")
        fact.wait_for(timeout=5000)
        words = page.locator("main").inner_text().partition("Other times and places")[0]
        buttons = page.locator("main .button:visible").all_inner_texts()

        assert "Book a place" not in words
        assert "Full" not in words
        assert ("You can join the waiting list." in fact.inner_text()) == wait
        assert ("Join the waiting list" in buttons) == wait


def test_damaged_postcodes_do_not_stop_the_live_page(shipped_directory):
    """Where the file of exact postcodes was damaged since, sectors do, and the log says so."""
    directory = shipped_directory.model_copy(update={"postcodes": b"damaged"})

    answer = finder(directory).ask({"near": ["BB4 6AA"]}, NOW)

    assert answer.asked.near == "BB4 6"


# --- every state ----------------------------------------------------------------------------------

STATES = {
    "empty": "",
    "results": "near=BB4+6&age=2&day=friday&day=saturday",
    "none": "near=Clitheroe&age=14&day=sunday&part=evening",
    "error": "near=Accringtn&age=77&day=blursday",
}


def in_state(page, state, path):
    query = f"?{STATES[state]}" if STATES[state] else ""
    page.goto(path + query, wait_until="domcontentloaded")
    if path == "/find/" and state != "empty":
        page.wait_for_function(SETTLED, polling=10)
    page.evaluate(OPEN_DETAILS)


def test_every_state_is_fit_for_all(unpainted, address, check_html, tmp_path):
    """Before a search, with results, without, and with mistakes, made by the script and by the
    server: each state is fit for all on a phone and on a desk, and its HTML is right."""
    found = []
    with visiting(unpainted, address, now=NOW) as visitor, viewing(unpainted, address) as viewer:
        for path in ("/find/", "/find/results"):
            for state in STATES:
                in_state(visitor.page, state, path)
                name = f"{path.strip('/').replace('/', '-')}-{state}"
                html = html_of(visitor.page)
                (tmp_path / f"{name}.html").write_text(html, encoding="utf-8")
                faults = viewer.unfit(html)
                found += [f"{name}: {fault}" for fault in faults]

    assert found == []
    assert len([*tmp_path.iterdir()]) == 2 * len(STATES)
    check_html(tmp_path)


def test_the_form_keeps_what_was_answered_without_scripts(plain):
    """The live page fills its form with the answers, a whole postcode left at its sector."""
    plain.page.goto("/find/results?near=bb4+6aa&age=2&day=friday&miles=10&access=step-free")

    assert plain.page.input_value("#near") == "BB4 6"
    assert plain.page.input_value("#age") == "2"
    assert plain.page.is_checked("[name=day][value=friday]")
    assert plain.page.input_value("[name=miles]") == "10"
    assert not re.search(r"bb4\W*6aa", plain.page.content().lower())
    plain.page.goto("/find/results?near=Accringtn&age=77")
    assert plain.page.input_value("#near") == "Accringtn"
    assert plain.page.input_value("#age") == "77"
    plain.page.goto("/")
    plain.page.fill("#near", "Bacup")
    plain.page.click("text=Find sessions")
    assert plain.page.inner_text("#found").endswith("near Bacup")
    plain.page.click("#quick >> text=Next week")
    assert plain.page.inner_text("#found").endswith("next week near Bacup")


# --- the one box ----------------------------------------------------------------------------------

PRIVATE = {typed: answer for typed, answer in TYPED if answer.startswith("/")}


def first_answer(heading, doors, meant, mistakes):
    """The first answer in the form of the table of what families type."""
    if mistakes:
        return f"? {meant[0] if meant else mistakes[0].partition('.')[0]}"
    said = re.sub(r"^(?:[\d,]+|No) groups?[ ,]+", "", heading)
    return f"{said} > {doors[0]}" if doors else said


def test_what_families_type(shipped_finder):
    """Places, nicknames, topics, both at once, slips and nonsense each have the expected answer."""
    wrong = {}
    for typed, expected in TYPED:
        answer = shipped_finder.ask({"near": [typed]}, NOW)
        first = answer.private or first_answer(
            answer.heading,
            [door.path for door in answer.doors],
            [name for mistake in answer.mistakes for name in mistake.meant],
            [mistake.words for mistake in answer.mistakes],
        )
        if first != expected:
            wrong[typed] = first

    assert wrong == {}
    assert len({typed for typed, _ in TYPED}) == len(TYPED) >= 60


def test_each_programme_has_other_words_and_private_ones_are_not_public(shipped_directory):
    """Every programme is found by other words; those of private matters are in no table (S82)."""
    text = json.dumps(index.tables(shipped_directory), ensure_ascii=False).lower()
    private = [
        *(page for page in shipped_directory.help_pages if page.private),
        *(one for one in shipped_directory.programmes if one.sensitive),
    ]
    phrases = {phrase.lower() for one in private for phrase in one.also if " " in phrase}

    assert [one.slug for one in shipped_directory.programmes if not one.also] == []
    assert len(phrases) > 80
    assert [phrase for phrase in sorted(phrases) if f'"{phrase}"' in text] == []


TYPE = """async (texts) => {
    const shown = (selector) => [...document.querySelectorAll(selector)].filter(
        (one) => !one.closest("[hidden]"));
    const said = (one) => one.textContent.replace(/\\s+/g, " ").trim();
    const answers = [];
    for (const text of texts) {
        document.getElementById("near").value = text;
        document.querySelector("form.finder").requestSubmit();
        while (document.getElementById("results").ariaBusy !== "false") {
            await new Promise((done) => setTimeout(done, 1));
        }
        answers.push([
            shown("#found").map(said).join(),
            shown("#doors a").map((one) => one.pathname),
            shown("#mistakes li li a").map(said),
            shown("#mistakes .errors > div > ul > li > a").map(said),
            new URLSearchParams(location.search).toString(),
        ]);
    }
    return answers;
}"""


def test_what_families_type_with_scripts(asking, shipped_finder):
    """The script gives the expected answers too, and reads its own addresses in the same way."""
    page = asking.page
    asking.open("/find/")
    table = {typed: expected for typed, expected in TYPED if typed not in PRIVATE}
    found = page.evaluate(TYPE, [*table])
    first = {typed: first_answer(*one[:4]) for typed, one in zip(table, found, strict=True)}

    assert first == table
    for typed, (heading, doors, _, mistakes, address) in zip(table, found, strict=True):
        if not mistakes and not re.search("[0-9]", typed):
            again = shipped_finder.ask(dict(parse_qs(address)), NOW)
            assert (again.heading, [door.path for door in again.doors]) == (heading, doors), typed
            assert again.asked.address == address


def test_words_of_a_private_matter_stay_in_no_address(chromium, address):
    """They lead to the private page alone. With scripts nothing of them is in a request, an address
    or the history, from the finder and from the home page; without, the answer is a redirect."""
    with visiting(chromium, address, now=NOW) as visitor:
        page = visitor.page
        visitor.open("/")
        for start in ("/", "/find/"):
            page.goto(start)
            entries = page.evaluate("history.length")
            page.fill("#near", "He hits me. Burnley")
            page.press("#near", "Enter")
            page.wait_for_url("**/help/talk/")
            assert page.evaluate("history.length") <= entries + 1
            assert page.evaluate("sessionStorage.length") == 0
            page.go_back(wait_until="load")
            assert urlsplit(page.url)[2:] == ("/", "", "")
            assert page.input_value("#near") == ""
        assert not [one for one in visitor.requests if "hits" in one.lower()]
        answer = page.request.get("/find/results?near=he+hits+me&age=2", max_redirects=0)

    assert (answer.status, answer.headers["location"]) == (303, "/help/talk/")
    assert answer.headers["cache-control"] == "no-store"
