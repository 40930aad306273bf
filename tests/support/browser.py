"""A real Chromium, and a real server for it to ask.

One browser for each test process, and one more that paints nothing, for pages that are only read
and measured. Without Chromium the tests skip aloud; with CI=true they fail.
A `Visitor` opens pages as one person would, and notes what must not happen: requests to other
hosts, messages on the console, cookies.
"""

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
# What Chromium leaves off. The first two are pages of its own, for an address bar that nobody sees:
# each window loads them, which takes it longer than a page of ours. The third is a process in
# reserve, for a site that is never visited. The fourth gives each page a new frame in the browser,
# also where the page before it was of the same site; no page can tell, and a load takes a sixth
# longer. The others are what Playwright leaves off; they are repeated because Chromium heeds only
# the last such list.
LEFT_OFF = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "SpareRendererForSitePerProcess",
    "RenderDocument",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=" + ",".join(LEFT_OFF),
)
# A browser that paints nothing is nearly twice as fast. It fetches, lays out and runs scripts as
# always, but draws no frames: whatever waits for a frame, such as a click, never ends. The loading
# of a page with drawings from another file may not end either: it is opened up to its scripts.
UNPAINTED = (*FLAGS, "--disable-threaded-compositing")

# Phones and desks; what axe is asked.
NARROW, WIDE = (320, 640), (1280, 900)
PRESSES = 25  # reloads before a page of the browser's own is a fault
# The rules of axe that colours can break: the dark scheme changes nothing else.
COLOURS = ("color-contrast", "link-in-text-block")
OF_SIZE = ("scrollable-region-focusable",)
TARGETS = ("target-size",)
# It only asks for a look at what is hidden, and never finds a fault.
NEVER_BROKEN = ("hidden-content",)
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def missing(words: str) -> None:
    """Skip aloud what this machine cannot test; on the machine that decides, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def playwright():
    """What drives the browsers of this test process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


def _launched(request, flags):
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        missing("Chromium is not installed (Debian: apt-get install chromium)")
    driver = request.getfixturevalue("playwright")
    browser = driver.chromium.launch(executable_path=program, args=list(flags))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def chromium(request):
    """The browser of this test process."""
    yield from _launched(request, FLAGS)


@pytest.fixture(scope="session")
def unpainted(request):
    """A browser for pages that are only read and measured, where nobody clicks or types."""
    for browser in _launched(request, UNPAINTED):
        browser.draws = False
        yield browser


@contextmanager
def serving(app) -> Iterator[str]:
    """The address at which a WSGI application answers meanwhile, in a thread."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"  # one connection for many requests, as real servers have

        def log(self, *_: object) -> None:
            pass

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(
        target=server.serve_forever, args=(0.02,), name="serving", daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def portal_address(shipped, tmp_path_factory) -> Iterator[str]:
    """The whole portal at work on the shipped site: its files, its headers, its live pages."""
    from portal.server.app import create_app
    from portal.settings import Settings
    from tests.support.paths import ROOT

    settings = Settings(root=ROOT, out=shipped.out, var=tmp_path_factory.mktemp("var"))
    with serving(create_app(settings)) as address:
        yield address


class Visitor:
    """One browser profile on one site, and what went wrong while it was used."""

    def __init__(
        self, browser, address: str, *, scripts=True, size=WIDE, now=None, dark=False
    ) -> None:
        self.address = address
        self.until = "load" if getattr(browser, "draws", True) else "domcontentloaded"
        self.context = browser.new_context(
            base_url=address,
            java_script_enabled=scripts,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/London",
        )
        if now is not None and scripts:
            self.context.clock.set_fixed_time(now)
        self.requests: list[str] = []
        self.faults: list[str] = []
        self.page = self.context.new_page()
        self.context.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._fault(f"fault in a script: {error}"))
        self.page.on("requestfailed", self._failed)

    def open(self, path: str):
        """Go to a page and wait until all of it is there. Returns the answer."""
        answer = self.page.goto(path, wait_until=self.until)
        if not answer.ok:
            self._fault(f"answered {answer.status}")
        return answer

    @property
    def foreign(self) -> list[str]:
        """Requests that left the host."""
        host = urlsplit(self.address).netloc
        return [url for url in self.requests if urlsplit(url).netloc != host]

    def _asked(self, request) -> None:
        if not request.url.startswith(("data:", "about:", "blob:")):
            self.requests.append(request.url)

    def _failed(self, request) -> None:
        # The icon may be on its way when the next page is opened.
        if request.failure != "net::ERR_ABORTED":
            self._fault(f"not answered: {request.url}")

    def _said(self, message) -> None:
        if message.type in ("error", "warning"):
            self._fault(f"console: {message.text}")

    def _fault(self, words: str) -> None:
        self.faults.append(f"{urlsplit(self.page.url).path}: {words}")

    def close(self) -> None:
        self.context.close()


def follow(locator) -> None:
    """Click what leads to another page, and wait until all of that page is there.

    After a click alone, the next look can meet the old page, or the new one before its first
    element.
    """
    with locator.page.expect_navigation(wait_until="load"):
        locator.click()


def back_and_again(page) -> None:
    """Go back to a page that was sent as a form and not kept, and load that again.

    The browser has a page of its own in its place, some time after the error. A reload that comes
    before that page is at rest fails too: somebody presses again until the form has been sent.
    """
    from playwright.sync_api import Error

    left = page.url
    try:
        page.go_back(wait_until="commit")
    except Error:
        page.wait_for_url(lambda url: url != left, wait_until="commit")
    between = page.url
    for _ in range(PRESSES):
        try:
            page.reload(wait_until="load")
        except Error:
            page.wait_for_timeout(200)
        if page.url != between or not between.startswith("chrome-error:"):
            return
    raise AssertionError(f"still at {page.url} after {PRESSES} reloads")


@contextmanager
def visiting(browser, address: str, **how) -> Iterator[Visitor]:
    visitor = Visitor(browser, address, **how)
    try:
        yield visitor
    finally:
        visitor.close()


def midnight(day) -> datetime:
    """The first moment of a winter's day, at which no session of it is over."""
    return datetime(day.year, day.month, day.day, 0, 1, tzinfo=UTC)


@cache
def _axe() -> str:
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def axe_faults(page, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds on the page as it stands, one line for each element. `rules` are all of it."""
    _load_axe(page)
    return page.evaluate(f"([rules]) => ({AXE})(document, rules, [])", [list(rules)])


def _load_axe(page) -> None:
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
        # The HTML of what it finds is not read, and takes long to copy.
        page.evaluate("() => axe.configure({noHtml: true})")


# What axe finds in a part of the page; by all rules, if none is named, but those that are left out.
AXE = f"""async (context, rules, left_out) => {{
    if (context !== document && !context.include.length) return [];
    const runOnly = rules.length ? {{type: "rule", values: rules}}
        : {{type: "tag", values: {json.dumps(AXE_TAGS)}}};
    const {{violations}} = await axe.run(context, {{
        runOnly, resultTypes: ["violations"], elementRef: false, preload: false,
        rules: Object.fromEntries(left_out.map((id) => [id, {{enabled: false}}]))}});
    return violations.flatMap(({{id, nodes}}) => nodes.map(({{target, failureSummary}}) =>
        `${{id}} at ${{target}}: ${{failureSummary.trim().replaceAll(/\\s+/g, " ")}}`));
}}"""


# Elements with text whose looks have not been seen yet. Contrast takes axe longer than all else,
# and depends on what is behind the text, on the text itself, and on the words around it in its
# line; so of a hundred rows that look alike it is asked of one.
UNSEEN = """(seen) => {
    const known = new Set(seen), found = new Map(), looks = new Map();
    const hash = (text) => {
        let one = 0xdeadbeef, other = 0x41c6ce57;
        for (let at = 0; at < text.length; at++) {
            const sign = text.charCodeAt(at);
            one = Math.imul(one ^ sign, 2654435761);
            other = Math.imul(other ^ sign, 1597334677);
        }
        return (one >>> 0).toString(36) + (other >>> 0).toString(36);
    };
    for (const one of document.querySelectorAll("*")) {
        const {color, backgroundColor, backgroundImage, opacity, fontSize, fontWeight, display,
            textDecorationLine, borderBottomStyle, position} = getComputedStyle(one);
        let {behind, line, worded} = looks.get(one.parentElement) || {behind: "", line: ""};
        const clear = backgroundColor === "rgba(0, 0, 0, 0)" && backgroundImage === "none"
            && opacity === "1" && position === "static";
        if (!clear) behind = hash(
            [behind, backgroundColor, backgroundImage, opacity, position].join());
        const text = [one.localName, color, fontSize, fontWeight, textDecorationLine,
            borderBottomStyle].join();
        line = hash(display === "inline" ? `${line} ${worded} ${text}` : text);
        const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        looks.set(one, {behind, line, worded: own});
        const key = behind + line, words = own || one.matches("input, select, textarea");
        if (words && !known.has(key) && !found.has(key)
            && document.body.contains(one) && one.checkVisibility({visibilityProperty: true})
        ) found.set(key, one);
    }
    return {looks: [...found.keys()], unseen: {include: [...found.values()]}};
}"""

# The elements to touch that another one overlaps, or that are small and have another one near.
# Those alone can break axe's rule on targets, which takes as long as all other rules together. What
# has the focus only when a link leads there, such as the main part of a page, is nothing to touch,
# and neither is what is clipped away.
CRAMPED = """() => {
    const clipped = (one) => one
        && (getComputedStyle(one).clipPath === "inset(50%)" || clipped(one.parentElement));
    const all = [...document.querySelectorAll("a[href], area[href], button, input, select, "
        + "textarea, summary, [role][tabindex], [role=button], [contenteditable]")].filter(
        (one) => one.checkVisibility({visibilityProperty: true}) && !clipped(one));
    const boxes = new Map(all.map((one) => [one, one.getBoundingClientRect()]));
    const near = (a, b, space) => a.left - space < b.right && b.left - space < a.right
        && a.top - space < b.bottom && b.top - space < a.bottom;
    return {include: all.filter((one) => {
        const {width, height} = boxes.get(one), small = width < 24.5 || height < 24.5;
        return all.some((other) => other !== one
            && near(boxes.get(one), boxes.get(other), small ? 24 : 0));
    })};
}"""

# What can be scrolled by itself: nothing else can break axe's rule on that.
SCROLLING = """() => {
    return {include: [...document.querySelectorAll("*")].filter((one) =>
        (one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight)
        && /auto|scroll/.test(getComputedStyle(one).overflow))};
}"""
SHOWN = """() => [...document.querySelectorAll("*")].map(
    (one) => Number(one.checkVisibility({visibilityProperty: true}))).join("")"""
# What is shown at one size alone, such as the menu in the head of every page: the outermost
# elements, whether they are shown now, and where they are. Nothing, if it is the same at both.
TURNED = """(before, now) => {
    const turned = new Set(
        [...document.querySelectorAll("*")].filter((_, at) => before[at] !== now[at]));
    const path = (one) => one ? `${path(one.parentElement)} ${one.localName}.${one.className}` : "";
    return [...turned].filter((one) => !turned.has(one.parentElement)).map((one) =>
        `${path(one)} ${one.checkVisibility({visibilityProperty: true})} ${one.outerHTML}`).join();
}"""

OPEN_DETAILS = "() => document.querySelectorAll('details').forEach(one => { one.open = true; })"

# What is wider than the window, by the narrowest element that sticks out.
SIDEWAYS = """() => {
    const width = document.documentElement.clientWidth;
    const root = document.scrollingElement;
    if (root.scrollWidth <= width) return [];
    const out = [...document.body.querySelectorAll("*")].filter(
        (one) => one.getBoundingClientRect().right > width + 0.5);
    const last = out.filter((one) => ![...one.children].some((child) => out.includes(child)));
    return last.slice(0, 3).map((one) => `${one.outerHTML.slice(0, 120)} ends at `
        + `${Math.round(one.getBoundingClientRect().right)} of ${width} px`)
        .concat(out.length ? [] : [`${root.scrollWidth} of ${width} px`]);
}"""

# What is too small to touch. A link inside a sentence may be as small as its words (WCAG 2.5.8).
SMALL_TARGETS = """() => {
    const faults = [];
    const big = "button, .button, [role=button], select, textarea, summary, "
        + "input:not([type=checkbox], [type=radio], [type=hidden])";
    for (const one of document.querySelectorAll(`a[href], ${big}, input, [tabindex="0"]`)) {
        if (!one.checkVisibility({visibilityProperty: true}) || one.matches(".skip")) continue;
        const box = one.getBoundingClientRect();
        if (!box.width || !box.height) continue;
        let {width, height} = box;
        if (one.matches("[type=checkbox], [type=radio]")) {
            for (const label of one.labels || []) {
                const other = label.getBoundingClientRect();
                width = Math.max(width, other.width);
                height = Math.max(height, other.height);
            }
        }
        const least = one.matches(big) || one.matches("[type=checkbox], [type=radio]") ? 44 : 24;
        if (least === 24 && getComputedStyle(one).display === "inline") {
            let around = one.parentElement;
            while (getComputedStyle(around).display === "inline") around = around.parentElement;
            around = around.cloneNode(true);
            around.querySelectorAll("a, .hidden").forEach((link) => link.remove());
            if (around.textContent.trim().length > 1) continue;
        }
        if (height < least - 0.5 || width < least - 0.5) faults.push(
            `${one.outerHTML.slice(0, 120)} is ${width.toFixed(1)} by ${height.toFixed(1)} px`);
    }
    return faults;
}"""

# Text twice as large, as readers set it in their browser; and the spacing of WCAG 1.4.12. Tables of
# data may then be wider than a small phone (WCAG 1.4.10), so they are left out.
LARGE_TEXT = """() => {
    const root = document.documentElement;
    root.style.fontSize = `${2 * parseFloat(getComputedStyle(root).fontSize)}px`;
    document.querySelectorAll("table").forEach((one) => { one.hidden = true; });
}"""
USUAL_TEXT = """() => {
    document.documentElement.style.fontSize = "";
    document.querySelectorAll("table").forEach((one) => { one.hidden = false; });
}"""
WIDE_SPACING = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
}"""

# All of this of a page at once, one line for each fault.
SMALL_SCREEN = f"""() => {{
    ({OPEN_DETAILS})();
    const found = [...({SIDEWAYS})(), ...({SMALL_TARGETS})()];
    ({LARGE_TEXT})();
    found.push(...({SIDEWAYS})().map((fault) => `twice as large: ${{fault}}`));
    ({USUAL_TEXT})();
    ({WIDE_SPACING})();
    found.push(...({SIDEWAYS})().map((fault) => `widely spaced: ${{fault}}`));
    return found;
}}"""

# What only machines meet, in forms, is for no thumb.
FOR_MACHINES = ('<input id="subject"', '<button name="step" value="check" tabindex="-1"')


_seen: set[str] = set()  # looks in which axe found enough contrast
# What was shown at one size alone where axe found no fault by any rule.
_turned: set[str] = {""}


# What is wrong with the page at its size and in its scheme. `sized`: whether the size is another
# one than before, with other elements shown than `shown`. `known`: what else may be shown, because
# axe has seen that at this size on another page. A question to the browser takes as long as many an
# answer, so this is one.
UNFIT = f"""async ({{sized, shown, seen, known, machines}}) => {{
    if (!("axe" in window)) return null;
    const axeFinds = {AXE}, faults = [];
    let turned = "";
    ({OPEN_DETAILS})();
    if (sized) {{
        faults.push(...({SMALL_TARGETS})().filter(
            (fault) => !machines.some((start) => fault.startsWith(start))), ...({SIDEWAYS})());
        const before = shown;
        shown = ({SHOWN})();
        if (before !== null) turned = ({TURNED})(before, shown);
        // Where the same elements are shown, only some rules can tell one size from another.
        faults.push(...await (before !== null && known.includes(turned)
            ? axeFinds(({SCROLLING})(), {json.dumps(OF_SIZE)}, [])
            : axeFinds(document, [], {json.dumps(COLOURS + TARGETS + NEVER_BROKEN)})));
        faults.push(...await axeFinds(({CRAMPED})(), {json.dumps(TARGETS)}, []));
    }}
    const {{looks, unseen}} = ({UNSEEN})(seen);
    const pale = await axeFinds(unseen, {json.dumps(COLOURS)}, []);
    const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    return {{faults, shown, turned, looks, pale, scheme}};
}}"""


def unfit(page) -> list[str]:
    """What keeps somebody from using the page as it stands, on a phone and on a desk, light and
    dark: what axe finds, what scrolls sideways, what is too small for a thumb."""
    found = []
    shown = None

    def look(*, sized: bool) -> str:
        """Look at one size and scheme; returns the scheme."""
        nonlocal shown
        given = {"sized": sized, "shown": shown, "seen": [*_seen], "known": [*_turned]}
        while not (said := page.evaluate(UNFIT, given | {"machines": FOR_MACHINES})):
            _load_axe(page)
        if not said["pale"]:
            _seen.update(said["looks"])
        if not said["faults"]:
            _turned.add(said["turned"])
        shown = said["shown"]
        faults = said["faults"] + [f"{said['scheme']}: {fault}" for fault in said["pale"]]
        found.extend(f"at {width}: {fault}" for fault in faults)
        return said["scheme"]

    # From the size and the scheme that the page has, so that nothing is changed twice.
    sizes = [{"width": width, "height": height} for width, height in (WIDE, NARROW)]
    for size in sorted(sizes, key=lambda size: size != page.viewport_size):
        width = size["width"]
        if page.viewport_size != size:
            page.set_viewport_size(size)
        scheme = look(sized=True)
        page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
        look(sized=False)
    return found
