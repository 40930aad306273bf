"""Four places know the addresses of pages, and agree.

Web declares the pages, content checks links to them, the sitemap lists them, and names that a page
of text may not take are reserved. Content and feeds cannot import web, so this compares them.
"""

from itertools import groupby

import pytest

from portal.content import link_checks
from portal.content.reader import read_tree
from portal.directory.addresses import DOWN, LIVE_PAGES, RESERVED, fixed_pages
from portal.directory.vocabularies import LANGUAGES
from portal.feeds import sitemap
from portal.settings import Settings
from portal.web.live.app import create_desk
from portal.web.site.app import addresses
from portal.web.site.pages import KINDS
from portal.web.staff.app import create_staff

# pages of the booking service
LIVE = ("/book/", "/consultations/", "/request/", "/tell/", *LIVE_PAGES)
TRANSLATIONS = tuple(f"/{language}/" for language in LANGUAGES)  # checked; without pages so far
EMBEDDED = "/embed/"  # only shown inside the pages of partners, so not in the sitemap


@pytest.fixture(scope="module")
def pages(directory):
    return {path for kind in KINDS for path, _ in kind.nouns(directory)}


@pytest.fixture(scope="module")
def linkable(sample_root, directory):
    """The addresses that texts may link to."""
    tree = read_tree(sample_root)
    return {address for address, _ in link_checks.addresses(tree, directory.settlements)}


def test_every_fixed_address_has_a_page(directory, pages):
    """An address is not accepted and listed before somebody has made the page."""
    assert set(fixed_pages(news=bool(directory.news))) <= pages


def test_texts_may_link_to_every_page(pages, linkable):
    """A link to any page is accepted."""
    assert pages - linkable == set()


def test_accepted_links_lead_somewhere(directory, linkable):
    """A link that is accepted leads to a page, to a file, or to its new address."""
    elsewhere = {path for path in linkable if path.startswith((*LIVE, *TRANSLATIONS))}

    assert linkable - elsewhere - set(addresses(directory)) == set()


def test_accepted_live_links_are_answered(directory, linkable, tmp_path, sample_root):
    """A link to a live page is accepted only if a route of the live part answers it."""
    settings = Settings(root=sample_root, out=tmp_path / "site", var=tmp_path)
    routes = create_desk(lambda: directory, settings).url_map.bind("families.example")
    made_of_names = ("/book/", "/consultations/", "/request/", "/tell/")
    live = {path for path in linkable if path in LIVE_PAGES or path.startswith(made_of_names)}

    assert {*LIVE_PAGES} <= live
    assert [path for path in sorted(live) if not routes.test(path, "GET")] == []


def test_the_sitemap_lists_every_page(directory, pages):
    """Search engines are shown every page but the private one, the one that proxies show, and those
    made for other sites."""
    embedded = {path for path in pages if path.startswith(EMBEDDED)}

    assert {path for path, _ in sitemap.pages(directory)} == pages - embedded - {
        directory.talk.path,
        DOWN,
    }


def test_pages_of_text_cannot_take_an_address(directory):
    """The first part of every address is reserved, or is the name of a page of text."""
    texts = {name for page in directory.pages for name in (page.slug, *page.aliases)}
    first = {path.split("/")[1] for path in addresses(directory) if path.count("/") > 1}

    assert first - texts - RESERVED == set()


def test_no_address_is_declared_twice(directory):
    """Each page is made by one function."""
    declared = sorted(path for kind in KINDS for path, _ in kind.nouns(directory))

    assert [path for path, group in groupby(declared) if len(list(group)) > 1] == []


def test_pages_of_text_cannot_take_a_live_address(directory, tmp_path, sample_root):
    """The first part of every live address is reserved: a file would hide the live page."""
    settings = Settings(root=sample_root, out=tmp_path / "site", var=tmp_path)
    rules = [
        rule.rule
        for app in (
            create_desk(lambda: directory, settings),
            create_staff(lambda: directory, settings),
        )
        for rule in app.url_map.iter_rules()
    ]
    first = {rule.split("/")[1].partition(".")[0] for rule in rules}

    assert len(rules) > 30
    assert first - RESERVED == set()
