"""What families take with them: calendars, links to share, pages and a list kept on the phone."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.web.assets import PACKAGE, service_worker
from tests.support.browser import NARROW, axe_faults, serving, visiting

PARTS = ("data-share", "wa.me", "data-keep", "data-offline")


def keepable():
    """The pattern of the addresses that the service worker keeps."""
    script = service_worker().decode()
    return re.compile(re.search(r"const KEPT = /(.*)/;", script)[1].replace(r"\/", "/"))


def test_public_pages_can_be_shared_and_kept(pages, directory):
    """Series, centres and programmes have links to share and a button to keep; centres and
    leaflets a button for times without signal."""
    for noun in (*directory.series, *directory.centres, *directory.programmes):
        html = pages[noun.path]
        if "data-exit" in html:
            continue
        sent = re.search(r'href="(https://wa\.me/[^"]+)"', html)[1]
        address = f"https://families.example{noun.path}"

        assert parse_qs(urlsplit(sent).query)["text"][0].endswith(f" {address}")
        assert f'<code data-copy="this page" data-words="Copy link">{address}</code>' in html
        assert re.search(r'<button[^>]* data-share="[^"]+" hidden>', html)
        assert re.search(r'<button[^>]* data-keep="[^"]+" hidden>', html)
    for centre in directory.centres:
        assert " data-offline hidden>" in pages[centre.path]
        assert " data-offline hidden>" in pages[centre.whats_on_path]


def test_nothing_of_a_sensitive_page_is_shared_or_kept(pages):
    """S85: a page with a quick exit has no link to share and no button to keep."""
    sensitive = {path for path, html in pages.items() if "data-exit" in html}

    assert sensitive
    assert [(path, part) for path in sensitive for part in PARTS if part in pages[path]] == []


def test_the_service_worker_keeps_public_pages_of_three_kinds(pages):
    """S85: no booking, no search and no sensitive page fits what the service worker keeps, and
    every page with the button does."""
    pattern = keepable()
    kept = {path for path in pages if pattern.search(path)}
    never = (
        "/bookings/abc", "/book/riverbank/bump", "/find/", "/find/results", "/near/preston/",
        "/request/bump", "/help/talk/", "/staff/", "/centres/", "/availability.json",
    )  # fmt: skip

    assert kept == {path for path, html in pages.items() if "data-offline" in html} | {
        "/",
        "/kept/",
    }
    assert not [path for path in never if pattern.search(path)]
    assert not [path for path in kept if "data-exit" in pages[path]]
    # The page is looked at again before it is kept: what has become private since is not.
    assert 'includes("data-exit")' in service_worker().decode()


def test_only_a_button_starts_the_service_worker():
    """S85: no page registers a service worker or stores anything by itself."""
    script = (PACKAGE / "static/site.js").read_text("utf-8")
    register = script.index("serviceWorker.register")
    starts = [found.start() for found in re.finditer(r"\bsavePage\(", script)]

    assert script.count("serviceWorker.register") == 1
    assert script.count("startWorker()") == 1
    assert len(starts) == 1
    pressed = script.rindex('addEventListener("click"', 0, starts[0])
    assert register < pressed
    assert "</" not in script[pressed : starts[0]]
    # A question of the home page is handed to the finder, which takes it out at once (S82).
    for allowed in ('localStorage.setItem("kept"', 'sessionStorage.setItem("ask"'):
        script = script.replace(allowed, "", 1)
    assert "setItem" not in script


def test_dates_are_added_in_one_place(pages, directory):
    """A page with a calendar has one panel with four ways in, and says of each whether it keeps
    itself up to date."""
    for series in directory.series:
        html = pages[series.path]
        if "calendar.ics" not in html:
            continue
        panel = re.search(
            r'<section class="card noprint" aria-labelledby="calendar">.*?</section>', html, re.S
        )[0]

        assert html.count('id="calendar"') == 1
        for way in ("Apple", "<summary>Google<", "<summary>Outlook<", ">File<"):
            assert way in panel
        assert panel.count("It keeps itself up to date.") == 3
        assert panel.count("It does not change when our dates change.") == 1


LIVE_LINK = re.compile(
    r"(?:href|action)=\"/(?:book|bookings|request|find/results|gap|complaint|tell)"
)


def test_the_page_of_a_live_part_that_is_down(pages, answers):
    """It says what to do and how to reach us, leads to nothing live, and is in no search engine."""
    html = pages["/down/"]
    main = html[html.index("<main") : html.index("</main>")]

    assert 'href="tel:' in main
    assert not LIVE_LINK.search(main)
    assert '<meta name="robots" content="noindex">' in html
    assert "/down/" not in answers["/sitemap.xml"].text


def test_each_button_to_the_live_part_has_a_way_to_reach_us_beside_it(pages):
    """So that somebody knows what to do without scripts when the live part does not answer."""
    silent = [
        path
        for path, html in pages.items()
        if path.startswith(("/sessions/", "/programmes/"))
        and re.search(r'<a class="button[^>]*href="/(?:book|request)/', html)
        and "If the button does not work" not in html
        and "data-exit" not in html
    ]

    assert silent == []


@pytest.mark.browser
def test_keeping_in_a_browser(chromium, site):
    """S85: nothing is stored until a button is pressed; what is kept is read without signal, with
    its day; other pages say that they are not kept; and all of it can be removed."""
    stored = """async () => {
        const workers = await navigator.serviceWorker.getRegistrations();
        return [localStorage.length, await caches.keys(), workers.length];
    }"""
    with serving(site) as address, visiting(chromium, address, size=NARROW) as visitor:
        page = visitor.page
        visitor.open("/centres/riverbank/")
        before = page.evaluate(stored)
        page.get_by_role("button", name="Keep in a list on this phone").click()
        page.get_by_role("button", name="Keep this page for when I have no signal").click()
        page.get_by_text("Kept. You can read it here").wait_for()
        button = page.locator("[data-keep]").inner_text()

        visitor.context.set_offline(True)
        page.goto("/centres/riverbank/")
        kept = page.locator("main").inner_text()
        styled = page.evaluate("() => getComputedStyle(document.body).marginTop")
        page.goto("/bookings/a-secret-link")
        other = page.locator("main").inner_text()
        page.locator("[data-list=saved] li").nth(1).wait_for()
        rows = page.locator("[data-list] li").all_inner_texts()

        visitor.context.set_offline(False)
        visitor.open("/kept/")
        page.get_by_role("button", name="Remove Riverbank Centre").first.click()
        shorter = page.locator("[data-list=listed] li").count()
        page.get_by_role("button", name="Remove what is kept").click()
        page.get_by_text("All is removed.").wait_for()
        after = page.evaluate(stored)
        faults = axe_faults(page)
        visitor.context.set_offline(True)
        with pytest.raises(Exception, match=r"ERR_INTERNET_DISCONNECTED|ERR_FAILED"):
            page.goto("/centres/riverbank/")

    assert before == after == [0, [], 0]
    assert button == "Remove from your list"
    assert "We kept it on " in kept
    assert "Riverbank Centre" in kept
    assert styled == "0px"
    assert "It is not kept on this phone." in other
    assert [row.partition(",")[0].partition(" Remove")[0] for row in rows] == [
        "Riverbank Centre", "Riverbank Centre", "First page of this site",
    ]  # fmt: skip
    assert shorter == 0
    assert faults == []
