"""What chats and networks show beside a link: words and a picture of ours, on every public page."""

import io
import re
from html import unescape

import pytest
from PIL import Image, ImageColor

from portal.web.assets import PACKAGE
from portal.web.site import cards
from portal.web.site.cards import Cards
from portal.web.site.county_map import CountyMap
from tests.support.left import last_site

NEEDED = {"og:type", "og:site_name", "og:locale", "og:title", "og:url", "og:image", "og:image:alt"}


def said(html):
    found = re.findall(r'<meta (?:property|name)="((?:og|twitter):[\w:]+)" content="(.*?)">', html)
    return {name: unescape(value) for name, value in found}


@pytest.fixture(autouse=True)
def drawn_again(monkeypatch):
    """Draw each picture when it is asked for: other tests share what was drawn once."""
    monkeypatch.setattr(Cards, "_drawn", Cards._drawn.__wrapped__)


@pytest.fixture(scope="module")
def shown(directory):
    return Cards(directory, CountyMap(directory))


def test_every_page_has_a_card(directory, pages, answers):
    """Each public page says its title, address, language and a picture that exists."""
    base = directory.site.base_address
    for path, html in pages.items():
        # Partners frame the first; the last answers in the place of the booking service.
        if path.startswith(("/embed/", "/down/")) or 'http-equiv="refresh"' in html:
            continue
        card = said(html)
        assert card.keys() >= NEEDED, path
        assert card["og:url"] == base + path
        assert card["og:locale"] == "en_GB"
        assert card["twitter:card"] == "summary_large_image"
        assert answers[card["og:image"].removeprefix(base)].mimetype == "image/png", path


def test_the_card_of_a_sensitive_page_says_only_the_service(directory, pages):
    """A link to a sensitive page shows the name of the service, and no word of the page (S87)."""
    service = f"{directory.site.name}, {directory.site.area}"
    nouns = [one for one in (*directory.programmes, *directory.pages) if one.sensitive]

    assert nouns
    for noun in nouns:
        card = said(pages[noun.path])
        assert card["og:title"] == service
        assert "og:description" not in card
        assert "/static/cards/service." in card["og:image"]
        assert card["og:image:alt"] == service


def test_pages_of_a_place_have_the_map_of_its_district(pages):
    """The page of a centre, a series or a district has the picture of that district."""
    for path in ("/centres/riverbank/", "/sessions/riverbank/bump-spring/", "/districts/preston/"):
        card = said(pages[path])
        assert "/static/cards/preston." in card["og:image"]
        assert card["og:image:alt"] == "Map of Lancashire with Preston"


def test_pictures_are_small_and_always_the_same(directory, shown):
    """A picture is 1200 by 630 pixels, at most 60 KB, in the colours of the header, and the same
    to the byte when it is drawn again."""
    path = shown.paths["west-lancashire"]
    data = shown.files[path]()
    sheet = (PACKAGE / "static/site.css").read_text("utf-8")

    assert len(data) <= 60_000
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (1200, 630)
        assert image.convert("RGB").getpixel((2, 2)) == (0x8F, 0x1A, 0x3E)
    assert f"--band: {cards._BAND};" in sheet
    assert Cards(directory, CountyMap(directory)).files[path]() == data


def test_the_district_of_a_picture_is_marked(shown):
    """The picture of a district has it in a light colour; the plain one has no such area."""

    def area(slug, colour):
        with Image.open(io.BytesIO(shown.files[shown.paths[slug]]())) as image:
            found = {rgb: count for count, rgb in image.convert("RGB").getcolors()}
        return found[ImageColor.getrgb(colour)]

    assert area("west-lancashire", cards._HERE) > 10_000
    assert area("", cards._HERE) < 1_000
    assert area("", cards._LAND) > area("west-lancashire", cards._LAND) + 10_000


def test_a_picture_of_the_last_build_is_taken(directory, tmp_path):
    """A picture that the last site has under its address is not drawn again."""
    (tmp_path / "static/cards").mkdir(parents=True)
    path = Cards(directory, CountyMap(directory)).paths[""]
    (tmp_path / path[1:]).write_bytes(b"drawn by the last build")
    last = last_site(tmp_path, [path[1:]])
    kept = Cards(directory, CountyMap(directory), last)

    assert kept.files[path]() == b"drawn by the last build"
    (tmp_path / path[1:]).write_bytes(b"")
    assert kept.files[path]().startswith(b"\x89PNG")


def test_live_pages_have_no_card(directory):
    """Pages of the booking service are for one family, and are not shown beside links."""
    from portal.web.layout import Frame, Head

    head = Head(title="Your booking", path="/bookings/x", live=True)
    assert Frame(directory, cards={"": "/x.png"}).card(head) is None
    assert Frame(directory).card(Head(title="Home", path="/")) is None
