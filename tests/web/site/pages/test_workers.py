"""Professionals find the worker of a centre, and the form that refers a family to it."""

import pytest

from portal.web.site.app import create_site
from tests.support import made
from tests.support.page_reader import Reader

CONTACT = {
    "contact": {"role": "Family support worker", "days": ["Friday", "Monday"]},
    "serves": ["River Lane School"],
}
SUPPORT = {"support_programme": "bump"}


def opened(directory):
    client = create_site(directory).test_client()
    return lambda path: client.get(path)


def test_a_district_lists_its_centres_with_their_workers(read):
    """Name, days in the order of the week, what to ask and which schools; the form knows the
    centre, and another district says that no worker is named there, and leads to its centres."""
    page, other = read["/your-worker/rossendale/"], read["/your-worker/pendle/"]
    links = {link["href"] for link in page.all("a")}

    for words in (
        "Ask for Sam, family support worker",
        "Days Monday to Thursday",
        "You can ask about Plans for a family.",
        "Works with River Lane Primary School, Bacup Nurseries in Bacup",
    ):
        assert words in page.text
    ways = "/request/one-to-one-family-support?who=professional&centre="
    assert {f"{ways}mill-brow", "/centres/mill-brow/", "/your-worker/"} <= links
    assert "No centre here has named its worker yet." in other.text
    assert f"{ways}weavers-yard" in {link["href"] for link in other.all("a")}


def test_each_district_is_one_step_away(read, directory):
    """The list leads to each district, and says where no worker is named yet."""
    page = read["/your-worker/"]
    links = {link["href"] for link in page.all("a")}

    assert {district.workers_path for district in directory.districts} <= links
    assert "Workers in Pendle , none named yet" in page.text
    assert "Workers in Rossendale , none" not in page.text
    assert "/request/one-to-one-family-support?who=professional" in links


def test_a_centre_shows_its_worker_to_professionals(read):
    """In the part for professionals, with the link that refers a family to this centre."""
    page = read["/centres/mill-brow/"]
    links = {link["href"] for link in page.all("a")}

    assert "Your worker This is for schools" in page.text
    assert "Ask for Sam, family support worker" in page.text
    assert "/request/one-to-one-family-support?who=professional&centre=mill-brow" in links
    assert "Your worker This is for schools" not in read["/centres/weavers-yard/"].text


@pytest.mark.parametrize("sensitive", [False, True])
def test_no_centre_leads_to_a_sensitive_programme(sensitive):
    """S93: the form of a sensitive programme is linked with no centre, on no page."""
    directory = made.directory(way="request", sensitive=sensitive, centre=CONTACT, service=SUPPORT)
    get = opened(directory)
    for path in ("/your-worker/", "/your-worker/preston/", "/centres/riverbank/"):
        assert ("/request/bump" in get(path).text) is not sensitive, path


def test_without_a_worker_there_is_no_such_page():
    """A service that names no worker has neither the list nor its districts."""
    get = opened(made.directory(service=SUPPORT))

    assert get("/your-worker/").status_code == 404
    assert get("/your-worker/preston/").status_code == 404
    assert "/your-worker/" not in get("/centres/riverbank/").text


def test_a_closed_centre_says_so_beside_its_worker():
    """Who refers a family learns that the centre is closed, and which facts are samples."""
    fields = {"status": "closed from 2026-12-01", "sample": ["contact", "serves"]}
    get = opened(made.directory(centre={**CONTACT, **fields}))
    page = Reader(get("/your-worker/preston/").text)

    assert "Note This centre is closed." in page.text
    assert "Ask for Family support worker Sample" in page.text
    assert "Works with Sample River Lane School" in page.text
    assert "Days Monday and Friday" in page.text
