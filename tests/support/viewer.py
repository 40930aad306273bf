"""A page that shows the HTML it is given, to measure pages and to ask axe about them.

To open a page costs Chromium several times what it costs to look at it: each document is fetched,
has style sheets and scripts of its own, and axe is compiled for it again. The viewer is one
document that stays: it takes over the title, the attributes and the body of each page.
Scripts inside the HTML do not run: pages are shown as they were when their HTML was taken.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from portal.web.assets import static_files
from tests.support.browser import NARROW, SMALL_SCREEN, WIDE, Visitor, unfit, visiting

BATCH = 20  # pages sent to the browser at once

# The HTML of a page with what somebody has chosen, which `outerHTML` leaves out. Playwright's own
# `content` is the same without that, and first loads a large script into the page.
HTML = """() => {
    document.querySelectorAll("input, option").forEach((one) => {
        if (one.localName === "option") one.toggleAttribute("selected", one.selected);
        else one.toggleAttribute("checked", one.checked);
    });
    const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : "";
    return type + document.documentElement.outerHTML;
}"""

# A page that leads on at once would take the viewer with it.
SHOW = """async (html) => {
    const given = new DOMParser().parseFromString(html, "text/html");
    const root = document.documentElement, sheets = 'link[rel="stylesheet"]';
    for (const {name} of [...root.attributes]) root.removeAttribute(name);
    for (const {name, value} of given.documentElement.attributes) root.setAttribute(name, value);
    const linked = (one) => [...one.querySelectorAll(sheets)].map(
        (link) => link.getAttribute("href")).join();
    if (linked(given) !== linked(document)) {
        document.querySelectorAll(sheets).forEach((link) => link.remove());
        await Promise.all([...given.querySelectorAll(sheets)].map((link) => {
            const ours = document.createElement("link");
            const loaded = new Promise((done, failed) => {
                ours.onload = done;
                ours.onerror = () => failed(new Error(`not loaded: ${link.href}`));
            });
            ours.rel = "stylesheet";
            ours.setAttribute("href", link.getAttribute("href"));
            document.head.append(ours);
            return loaded;
        }));
    }
    const rest = (one) => [...one.head.children].filter((child) => !child.matches(sheets));
    rest(document).forEach((child) => child.remove());
    document.head.append(...rest(given).filter((child) => !child.matches("[http-equiv], script")));
    document.adoptedStyleSheets = [];
    // With scripts, what is meant for browsers without them is text that nobody sees.
    given.querySelectorAll("noscript").forEach((one) => { one.textContent = one.innerHTML; });
    document.body.replaceWith(given.body);
    scrollTo(0, 0);
}"""


class Viewer:
    """Shows pages of one server, whose style sheets and pictures it fetches."""

    def __init__(self, visitor: Visitor) -> None:
        self.page = visitor.page
        self.faults = visitor.faults
        visitor.open("/")

    def show(self, html: str) -> None:
        """Show this page as it is on a desk, without running its scripts."""
        self._resize(WIDE)
        self.page.evaluate(SHOW, html)

    def unfit(self, html: str) -> list[str]:
        """What keeps somebody from using this page: see `browser.unfit`."""
        self.page.evaluate(SHOW, html)
        return unfit(self.page)

    def on_a_small_phone(self, pages: Iterable[tuple[str, str]]) -> list[str]:
        """What of these pages, by address and HTML, does not fit on a small phone.

        Each page is changed first as its script changes it.
        """
        self._resize(NARROW)
        script = static_files()["site.js"].content.decode()
        look = f"""async (pages) => {{
            const show = {SHOW}, look = {SMALL_SCREEN};
            const faults = [];
            for (const [path, html] of pages) {{
                await show(html);
                try {{
                    {script}
                }} catch (error) {{
                    faults.push(`${{path}}: fault in a script: ${{error}}`);
                }}
                faults.push(...look().map((fault) => `${{path}}: ${{fault}}`));
            }}
            return faults;
        }}"""
        remaining, faults = iter(pages), []
        while batch := list(islice(remaining, BATCH)):
            faults += self.page.evaluate(look, batch)
        return faults

    def _resize(self, size: tuple[int, int]) -> None:
        width, height = size
        if self.page.viewport_size != {"width": width, "height": height}:
            self.page.set_viewport_size({"width": width, "height": height})


@contextmanager
def viewing(browser, address: str, **how) -> Iterator[Viewer]:
    """A viewer of the pages of this server."""
    with visiting(browser, address, **how) as visitor:
        yield Viewer(visitor)


def html_of(page) -> str:
    """The page as scripts and its reader have left it."""
    return page.evaluate(HTML)
