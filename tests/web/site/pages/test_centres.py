"""A centre's pages say where it is, when it is open and what is on."""

import re
from html import unescape

from portal import content
from portal.web.assets import static_files
from portal.web.site.app import create_site
from tests.support.page_reader import Reader, data_of, words_of


def test_unpublished_address(pages):
    """A centre whose address is not published shows its town alone."""
    html = pages["/centres/harbour/"]

    assert "40 Dock Road" not in html
    assert "FY7 6NS" not in html
    assert "Fleetwood" in html


def test_centre_data(pages, directory):
    """A centre's position is in its data only where it is a door."""
    for centre in directory.centres:
        data = data_of(pages[centre.path])

        assert ("geo" in data) == bool(centre.position and centre.position.exact), centre.slug
    assert "streetAddress" not in data_of(pages["/centres/harbour/"])["address"]


def test_centre_page(read):
    """A centre says where it is, when it is open, what it has, what is on, and what to know now."""
    text = words_of(read, "/centres/riverbank/")

    assert "12 River Street, Preston, PR1 8RJ" in text
    assert "Monday 23 November : 9am to 5pm" in text
    assert "Monday and Tuesday 9am to 5pm" in text
    assert "Wednesday 9am to midday and 1pm to 5pm" in text
    assert "The lift is being mended." in text
    assert "Step-free entrance" in text
    assert "We last checked this page on Thursday 5 November 2026." in text
    assert "Monday 9:30am to 11am" not in text
    assert re.search(r"Monday Play Sessions.*? 9:30am to 11am", text)


def test_partners_get_code_and_links_on_each_centre(pages, directory):
    """A centre page has code to frame its sessions, its leaflet, and requests for its groups."""
    asked = set()
    for centre in directory.centres:
        html = pages[centre.path]
        panel = html[html.index("<summary>For professionals") :].partition("</details>")[0]
        code = unescape(panel.partition('data-words="Copy code">')[2].partition("</code>")[0])
        frame = re.fullmatch(
            r'<iframe src="https?://[^/"]+([^"]+)" title="([^"]+)" width="100%" height="\d+">'
            "</iframe>",
            code,
        )
        asks = re.findall(r'href="/request/([a-z0-9-]+)\?who=professional&amp;centre=', panel)
        asked |= set(asks)

        assert frame is not None, code
        assert frame[1] == centre.embed_path
        assert unescape(frame[2]) == f"What’s on at {centre.title}"
        assert centre.whats_on_path in panel
        assert not any(directory.programme(slug).sensitive for slug in asks)
    assert asked


def test_closed_centre(read):
    """A closed centre says so first."""
    text = words_of(read, "/centres/harbour/")

    assert "This centre is closed until Friday 27 November 2026" in text


def test_directions_only_to_doors(directory, pages):
    """The way is offered where the door is known, never to the middle of a town."""
    for centre in directory.centres:
        known = bool(centre.venue.address or (centre.position and centre.position.exact))
        shown = "Get directions" in pages[centre.path]

        assert shown <= known, centre.slug


def test_a_leaflet_says_how_to_get_there(read):
    """Buggies and parking are at the top of the paper; a bus that is only a sample is not."""
    text = words_of(read, "/centres/riverbank/whats-on/")

    assert "PR1 8RJ. Leave your buggy under the stairs. You can park in front of the door." in text
    assert "Buses 2 and 35" not in text


def test_leaflet(read):
    """The leaflet lists the week's groups with what differs from the pattern."""
    text = words_of(read, "/centres/riverbank/whats-on/")

    assert "What’s on at Riverbank Centre" in text
    assert re.search(
        r"Monday 9:30am to 11am Play Sessions.*?Not on 30 November, 7 December and 14 December",
        text,
    )
    assert "families.example/centres/riverbank/" in text


def test_each_form_of_the_leaflet_has_its_link_and_its_rules(pages):
    """Large print, colour and handbill each have a link, a place that it leads to, and a style."""
    html = pages["/centres/riverbank/whats-on/"]
    css = static_files()["site.css"].content.decode().replace(" ~ ", "~")

    for form in ("large", "colour", "handbill"):
        assert f'href="#{form}"' in html
        assert html.count(f'id="{form}"') == 1
    assert html.index('id="handbill"') < html.index('class="leaflet')
    assert ".leaflet:target" in css
    assert "#colour:target~.leaflet" in css
    assert re.search(r"@page handbill\s*\{\s*size:\s*A5", css)
    assert "body:has(#handbill:target){page:handbill}" in css


def test_coming_closures(settings, today):
    """A centre's page and the embedded page name the days of the next weeks on which it is closed,
    and those that are over or far away they leave out."""
    file = settings.root / "centres/preston/riverbank/index.md"
    closures = (
        "closures:\n"
        "  - date: 2026-11-20\n    reason: A burst pipe\n"
        "  - from: 2026-12-03\n    until: 2026-12-04\n    reason: Snow\n"
        "  - date: 2027-03-01\n    reason: Building work\n"
    )
    file.write_text(file.read_text("utf-8").replace("closures:\n", closures, 1), "utf-8")
    site = create_site(content.load(settings.root, today=today)).test_client()

    for path in ("/centres/riverbank/", "/embed/riverbank/"):
        text = words_of({path: Reader(site.get(path).text)}, path)
        assert re.search(
            r"Closed:? Thursday 3 December 2026 to Friday 4 December 2026\s?\.? Snow\.", text
        ), path
        assert "burst pipe" not in text
        assert "Building work" not in text
