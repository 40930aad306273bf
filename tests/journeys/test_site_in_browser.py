"""The shipped site in a real browser, served as it will be: what only a browser can tell."""

import re
from collections import defaultdict
from urllib.parse import urlsplit

import pytest

from tests.support.browser import NARROW, WIDE, axe_faults, midnight, unfit, visiting
from tests.support.shipped import DAY, sensitive_programmes, site_file
from tests.support.viewer import html_of, viewing

pytestmark = pytest.mark.browser

SHOWN = 25
SHARES = 2  # pages are looked at in so many tests, which test processes divide between them

# What the style sheet and the scripts can see of a page.
PARTS = re.compile(
    r'<[a-z][a-z0-9]*|(?<= )(?:class|type|role)="[^"]*"|(?<= )(?:data|aria)-[a-z-]+(?==)'
)
LEADS_ON = 'http-equiv="refresh"'


def kind_of(path):
    """The kind of a page by its address: '/centres/*/', '/near/*/', '/whats-on/*/'."""
    parts = path.strip("/").split("/")
    if parts[0] == "centres" and len(parts) == 3:
        return "/centres/*/whats-on/"
    return f"/{parts[0]}/" + "*/" * (len(parts) - 1)


@pytest.fixture(scope="session")
def pages(shipped):
    """The HTML of each page by its address, without those that only lead on to another page."""
    texts = {
        path: file.read_text("utf-8")
        for path, file in shipped.files.items()
        if file.suffix == ".html" and path != "/404.html"
    }
    return {path: text for path, text in texts.items() if LEADS_ON not in text}


@pytest.fixture(scope="session")
def sample(pages):
    """A few pages of every kind: the largest, one in the middle, the smallest. And so many more
    that each element, class and attribute of the site is on one of them."""
    kinds = defaultdict(list)
    for path in pages:
        kinds[kind_of(path)].append(path)
    chosen = {f"/programmes/{slug}/" for slug in sensitive_programmes()}
    for paths in kinds.values():
        paths.sort(key=lambda path: (len(pages[path]), path))
        chosen |= {paths[-1], paths[len(paths) // 2], paths[0]}
    seen = set().union(*(PARTS.findall(pages[path]) for path in chosen))
    for path, text in pages.items():
        parts = set(PARTS.findall(text))
        if not parts <= seen:
            seen |= parts
            chosen.add(path)
    return sorted(chosen)


def share_of(paths, number):
    return list(paths)[number::SHARES]


# --- every page -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(SHARES))
def test_every_page_on_a_small_phone(unpainted, portal_address, pages, number):
    """No page scrolls sideways at 320 px, with text of twice the size or widely spaced neither.

    Nothing to touch is too small, and no page makes its script fail.
    """
    # Pages near a place are all alike, and 400 of 1,000: one in four of them will do.
    near = [path for path in pages if path.startswith("/near/")]
    left_out = set(near) - set(near[::4])
    texts = [
        (path, text)
        for path, text in pages.items()
        if path not in left_out and not path.startswith("/embed/")
    ]
    with viewing(unpainted, portal_address, now=midnight(DAY)) as viewer:
        wrong = viewer.on_a_small_phone(share_of(texts, number))
        faults = viewer.faults

    assert wrong[:SHOWN] == []
    assert faults[:SHOWN] == []


PLANTED = {
    "sideways": ('<canvas width="400"></canvas>', r"^/planted/: <canvas .* ends at \d+ of 320 px"),
    "twice as large": (f"<pre>{'w' * 20}</pre>", r": twice as large: "),
    "widely spaced": (f"<pre>{'w' * 24}</pre>", r": widely spaced: "),
    "too small": ('<p><a href="/">.</a></p>', r": <a .* is [\d.]+ by [\d.]+ px$"),
    "a script": ("<section><p data-over></p></section>", r": fault in a script: TypeError"),
}


def test_what_does_not_fit_on_a_small_phone_is_found(unpainted, portal_address, pages):
    """The look at every page finds each kind of fault, on its page alone and not on the next."""
    wrong = {}
    with viewing(unpainted, portal_address, now=midnight(DAY)) as viewer:
        for name, (html, _) in PLANTED.items():
            text = re.sub("<main[^>]*>", lambda main, html=html: main[0] + html, pages["/"])
            wrong[name] = viewer.on_a_small_phone([("/planted/", text), ("/", pages["/"])])

    for name, (_, words) in PLANTED.items():
        assert any(re.search(words, fault) for fault in wrong[name]), (name, wrong[name])
        assert all(fault.startswith("/planted/: ") for fault in wrong[name]), wrong[name]


# --- a few pages of every kind ----------------------------------------------------------------

LAYOUT = """() => [innerWidth, ...[...document.body.querySelectorAll("*")].map((one) => {
    const {x, y, width, height} = one.getBoundingClientRect();
    const {color, backgroundColor, display} = getComputedStyle(one);
    return [x, y, width, height, color, backgroundColor, display].join();
})]"""
PALE = """() => {
    const words = document.createElement("p");
    words.textContent = "Pale words";
    words.style.cssText = "color: #aaa; background: #999";
    document.querySelector("main").prepend(words);
}"""


def test_unpainted_and_shown_pages_measure_the_same(chromium, unpainted, portal_address):
    """Every element has the same place and colours, at each size and in each scheme, and axe sees
    what is wrong, in a browser that paints nothing and in the viewer too: they look at no less."""
    seen = {"painted": [], "unpainted": [], "viewer": []}

    def look(page, kind):
        for width, height in (NARROW, WIDE):
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                seen[kind].append(page.evaluate(LAYOUT))

    with viewing(unpainted, portal_address, now=midnight(DAY)) as viewer:
        for kind, browser in (("painted", chromium), ("unpainted", unpainted)):
            with visiting(browser, portal_address, now=midnight(DAY)) as visitor:
                page = visitor.page
                for path in ("/calendars/centres/", "/find/", "/"):
                    visitor.open(path)
                    look(page, kind)
                    if kind == "unpainted":
                        viewer.show(html_of(page))
                        look(viewer.page, "viewer")
                page.evaluate(PALE)
                seen[kind].append(axe_faults(page, ("color-contrast",)))
        viewer.page.evaluate(PALE)
        seen["viewer"].append(axe_faults(viewer.page, ("color-contrast",)))

    assert len(seen["painted"]) == 13
    assert seen["painted"] == seen["unpainted"] == seen["viewer"]
    assert [fault.partition(" at ")[0] for fault in seen["viewer"][-1]] == ["color-contrast"]


ADDED = {
    "pale on the phone": "@media (width < 30rem) { h1 { color: #aaa; background: #999 } }",
    "pale on the phone in the dark": "@media (width < 30rem) and (prefers-color-scheme: dark) "
    "{ main { background: #777 } }",
    "pale on the desk": "@media (width > 60rem) { h1 { color: #aaa; background: #999 } }",
    "pale in the dark": "@media (prefers-color-scheme: dark) { h1 { color: #222 } }",
    "pale behind all": "main { background: #767676 }",
    "pale through a part": "footer { opacity: 0.4 }",
    "like the words around": "main a { color: #402030; text-decoration: none; border: 0 }",
    "no heading on the phone": "@media (width < 30rem) { h1 { display: none } }",
    "no heading on the desk": "@media (width > 60rem) { h1 { display: none } }",
    "scrolls on the phone": "@media (width < 30rem) { h1 { height: 1rem; overflow: auto } }",
    "wide on the phone": "footer { min-width: 25rem }",
    "small on the phone": "@media (width < 30rem) { nav a { display: block; height: 10px } }",
    "close on the phone": "@media (width < 30rem) { footer ul { gap: 0 } footer li { margin: 0; "
    "padding: 0; line-height: 0 } footer a { display: block; height: 11px } }",
    "covered on the phone": "@media (width < 30rem) { footer li { margin-block-end: -40px } "
    "footer a { display: block; min-height: 44px } }",
}
NAMED = {
    "pale on the phone": r"at 320: (light|dark): color-contrast at h1",
    "pale on the phone in the dark": r"at 320: dark: color-contrast",
    "pale on the desk": r"at 1280: (light|dark): color-contrast at h1",
    "pale in the dark": r"at 1280: dark: color-contrast at h1",
    "pale behind all": r"at 1280: light: color-contrast",
    "pale through a part": r"at 1280: light: color-contrast at .*a",
    "like the words around": r"at 1280: light: link-in-text-block",
    "no heading on the phone": r"at 320: page-has-heading-one",
    "no heading on the desk": r"at 1280: page-has-heading-one",
    "scrolls on the phone": r"at 320: scrollable-region-focusable at h1",
    "wide on the phone": r"at 320: <.* ends at",
    "small on the phone": r"at 320: <a .* px$",
    "close on the phone": r"at 320: target-size at .*about.*11px",
    "covered on the phone": r"at 320: target-size at ",
}


def test_what_is_wrong_at_one_size_or_in_one_scheme_is_found(unpainted, portal_address, pages):
    """The looks at pages below find a fault that shows at one size or in one scheme alone."""
    found = {}
    # Links of each kind that a fault is planted in, whatever the page itself has.
    links = (
        '<p>Or ask <a href="/find/">the finder</a> about your town.</p><ul class="chips">'
        '<li><a href="/find/">Today</a></li><li><a href="/ages/">Ages</a></li></ul>'
    )
    short = min((text for path, text in pages.items() if path.startswith("/near/")), key=len)
    text = re.sub("<main[^>]*>", lambda main: main[0] + links, short)
    with viewing(unpainted, portal_address, now=midnight(DAY)) as viewer:
        for what, rules in ADDED.items():
            viewer.show(text)
            viewer.page.evaluate(
                "(rules) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(rules);"
                " document.adoptedStyleSheets = [sheet]; }",
                rules,
            )
            found[what] = unfit(viewer.page)

    for what, words in NAMED.items():
        assert [fault for fault in found[what] if re.search(words, fault)], (what, found[what])


def _lines(page):
    # A locator would first load a large script into the page.
    words = page.evaluate("() => document.querySelector('main').innerText")
    return [line.strip() for line in words.split("\n") if line.strip()]


def _line_without_scripts(with_scripts, without):
    """The first line that only those without scripts read. The script adds to some lines: 'Today,
    Monday 23 November', a button to copy an address."""
    remaining = iter(with_scripts)
    for line in without:
        if not any(read.endswith(line) or line in read for read in remaining):
            return line
    return None


@pytest.mark.parametrize("number", range(SHARES))
def test_pages_of_every_kind(unpainted, portal_address, pages, sample, number):
    """Pages of every kind are fit for all, with scripts and without.

    No page makes its script fail, breaks the rules that are sent with it, asks another host, or
    sets a cookie. With everything opened, axe finds nothing on a phone and on a desk, light and
    dark; nothing sticks out of the screen, or is too small to touch. Who has no scripts reads the
    same: every line is there, in the same order.
    """
    wrong = []
    with (
        visiting(unpainted, portal_address, now=midnight(DAY)) as visitor,
        viewing(unpainted, portal_address) as viewer,
    ):
        for path in share_of(sample, number):
            visitor.open(path)
            viewer.show(pages[path])
            line = _line_without_scripts(_lines(visitor.page), _lines(viewer.page))
            wrong += [f"{path}: not read with scripts: {line}"] if line else []
            wrong += [f"{path}: {fault}" for fault in viewer.unfit(html_of(visitor.page))]
        cookies = visitor.context.cookies()

    assert wrong[:SHOWN] == []
    assert visitor.faults[:SHOWN] == []
    assert visitor.foreign == []
    assert cookies == []


# --- one page at a time ---------------------------------------------------------------------------


def test_first_visit(chromium, portal_address, shipped):
    """A first visit takes at most 6 requests and 30 KB, all from one host, and leaves no cookie."""
    with visiting(chromium, portal_address, size=NARROW, now=midnight(DAY)) as visitor:
        visitor.open("/")
        visitor.page.wait_for_load_state("networkidle")
        cookies = visitor.context.cookies()
    asked = [urlsplit(url).path for url in visitor.requests]
    # What the browser fetches by itself and does not tell: the icon, and the manifest.
    asked += [path for path in ("/favicon.svg", "/manifest.webmanifest") if path not in asked]

    assert visitor.foreign == []
    assert cookies == []
    assert len(asked) <= 6
    assert sum(map(shipped.size, asked)) <= 30 * 1024


def test_rules_that_are_sent(chromium, portal_address):
    """The policy holds in the browser: what somebody smuggles into a page does not run (S40)."""
    with visiting(chromium, portal_address) as visitor:
        answer = visitor.open("/")
        visitor.page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.smuggled = true";
                document.body.append(script);
                const picture = document.createElement("img");
                picture.src = "https://other.example/seen.png";
                document.body.append(picture);
                const bold = "<b style='color: red' id=red>b</b>";
                document.body.insertAdjacentHTML("beforeend", bold);
            }"""
        )
        smuggled = visitor.page.evaluate("() => 'smuggled' in window")
        colour = visitor.page.evaluate("() => getComputedStyle(red).color")

    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    assert not smuggled
    assert colour != "rgb(255, 0, 0)"
    assert [said for said in visitor.faults if "Content Security Policy" in said]


def test_unknown_address(chromium, portal_address):
    """An address that is not there answers with a page that leads on, and a status that says so."""
    with visiting(chromium, portal_address, size=NARROW) as visitor:
        answer = visitor.open("/no-such-page/")
        faults = axe_faults(visitor.page)
        heading = visitor.page.locator("h1").inner_text()

    assert answer.status == 404
    assert heading == "We cannot find that page"
    assert faults == []


def _focused(page):
    return page.evaluate(
        """() => {
            const one = document.activeElement, box = one.getBoundingClientRect();
            const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return {href: one.getAttribute("href"), words: one.textContent.trim(),
                    width: box.width, height: box.height, seen: one.contains(seen)};
        }"""
    )


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
def test_keyboard(chromium, portal_address, sample, size):
    """The Tab key reaches the skip link first; it shows itself, and leads past the navigation."""
    with visiting(chromium, portal_address, size=size, now=midnight(DAY)) as visitor:
        page = visitor.page
        for path in ("/", "/find/", "/centres/"):
            visitor.open(path)
            page.keyboard.press("Tab")
            skip = _focused(page)
            page.keyboard.press("Enter")

            assert skip["href"] == "#main"
            assert skip["seen"]
            assert skip["height"] >= 24
            assert page.evaluate("() => document.activeElement.id") == "main"


def test_focus_can_be_seen(chromium, portal_address, sample):
    """Whatever has the focus shows it, light and dark, and is not behind anything that stays."""
    shows = """() => {
        const one = document.activeElement, style = getComputedStyle(one);
        const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        return ring || style.boxShadow !== "none";
    }"""
    wrong = []
    for dark in (False, True):
        with visiting(chromium, portal_address, now=midnight(DAY), dark=dark) as visitor:
            page = visitor.page
            for path in ("/", "/find/", "/programmes/talk-in-private/"):
                visitor.open(path)
                for _ in range(25):
                    page.keyboard.press("Tab")
                    found = _focused(page)
                    if not found["words"] and not page.evaluate(
                        "() => document.activeElement.matches('input, select')"
                    ):
                        continue
                    if not page.evaluate(shows) or not found["seen"]:
                        wrong.append(f"{path} {'dark' if dark else 'light'}: {found}")

    assert wrong[:SHOWN] == []


# --- leaving quickly ----------------------------------------------------------------------------

NEUTRAL = "<!DOCTYPE html><title>Weather</title><h1>Weather</h1>"


@pytest.fixture
def sensitive_page():
    return f"/programmes/{min(sensitive_programmes())}/"


def _stand_in(visitor):
    """Answer for the neutral site, so that no test leaves this machine."""
    visitor.context.route(
        lambda url: urlsplit(url).netloc != urlsplit(visitor.address).netloc,
        lambda route: route.fulfill(body=NEUTRAL, content_type="text/html"),
    )


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
def test_way_out_is_always_in_view(chromium, portal_address, sensitive_page, size):
    """The way out is the second thing the Tab key reaches; it stays in view and is not covered."""
    with visiting(chromium, portal_address, size=size) as visitor:
        page = visitor.page
        visitor.open(sensitive_page)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        second = _focused(page)
        places = []
        for share in (0, 0.5, 1):
            page.evaluate(
                "(share) => scrollTo(0, share * document.documentElement.scrollHeight)", share
            )
            places.append(
                page.evaluate(
                    """() => {
                        const one = document.querySelector("aside [data-exit]");
                        const box = one.getBoundingClientRect();
                        const x = box.x + box.width / 2, y = box.y + box.height / 2;
                        return one.contains(document.elementFromPoint(x, y)) && box.height >= 44;
                    }"""
                )
            )

    assert (second["href"], second["words"]) == (site_file()["quick_exit"], "Exit this page")
    assert second["seen"]
    assert places == [True, True, True]


@pytest.mark.parametrize("way", ["click", "keyboard", "first link"])
def test_leaving(chromium, portal_address, sensitive_page, way):
    """Leaving blanks the page, goes to a neutral one, and going back does not bring ours (S1)."""
    with visiting(chromium, portal_address) as visitor:
        page = visitor.page
        _stand_in(visitor)
        visitor.open("/centres/")
        visitor.open(sensitive_page)
        if way == "click":
            page.locator("aside [data-exit]").click()
        elif way == "keyboard":
            for _ in range(3):
                page.keyboard.press("Shift")
        else:
            page.keyboard.press("Tab")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
        page.wait_for_url(site_file()["quick_exit"])
        there = page.url
        page.go_back()
        back = urlsplit(page.url).path

    assert there == site_file()["quick_exit"]
    assert back == "/centres/"


def test_leaving_without_scripts(chromium, portal_address, sensitive_page):
    """Without scripts the way out is a link, and the neutral page is not told where from."""
    with visiting(chromium, portal_address, scripts=False) as visitor:
        _stand_in(visitor)
        visitor.open(sensitive_page)
        with visitor.page.expect_request(site_file()["quick_exit"]) as asked:
            visitor.page.locator("aside [data-exit]").click()

    assert "referer" not in asked.value.headers


def test_other_keys_do_not_leave(chromium, portal_address, sensitive_page):
    """Capital letters and the Escape key do not send a reader away."""
    with visiting(chromium, portal_address) as visitor:
        page = visitor.page
        visitor.open(sensitive_page)
        for key in ("Shift+A", "Shift+B", "Shift+C", "Escape", "Escape", "Escape"):
            page.keyboard.press(key)
        page.wait_for_timeout(200)
        here = urlsplit(page.url).path

    assert here == sensitive_page


# --- older pages, and paper -------------------------------------------------------------------


def test_what_has_passed_is_hidden(chromium, portal_address):
    """A page that was frozen this morning shows no session that is over by the evening."""
    evening = midnight(DAY).replace(hour=23, minute=59)
    with visiting(chromium, portal_address, now=evening) as visitor:
        visitor.open("/whats-on/monday/")
        over = visitor.page.locator(f"[data-ends^='{DAY.isoformat()}']:visible").count()
        there = visitor.page.locator(f"[data-ends^='{DAY.isoformat()}']").count()

    assert there > 0
    assert over == 0


def test_leaflets_print_on_one_side(chromium, portal_address, pages):
    """The fullest and the emptiest weeks of a centre each print on one side of A4."""
    paths = [path for path in pages if kind_of(path) == "/centres/*/whats-on/"]
    paths.sort(key=lambda path: len(pages[path]))
    sides = {}
    with visiting(chromium, portal_address, now=midnight(DAY)) as visitor:
        for path in (paths[0], paths[len(paths) // 2], *paths[-6:]):
            visitor.open(path)
            printed = visitor.page.pdf(format="A4", prefer_css_page_size=True)
            sides[path] = len(re.findall(rb"/Type\s*/Page\b", printed))

    assert {path: number for path, number in sides.items() if number != 1} == {}
