"""Links that promise a number of sessions lead to just those.

That all outputs say the same dates is compared in `tests/comparison`.
"""

import re

import pytest

from portal.web.site.app import create_site
from tests.support.markup import parsed


@pytest.fixture(scope="module")
def page(shipped_directory):
    """Opens a page of the public site."""
    client = create_site(shipped_directory).test_client()
    return lambda path: parsed(client.get(path).text)


def test_links_with_a_number_lead_to_that_number(shipped_directory, page):
    """'Friday 4 December: 8 sessions' on an area's page leads to a list of 8, not the county's."""
    number = 0
    for area in (*shipped_directory.footprints, *shipped_directory.districts):
        for link in page(area.path).one("main").all("a"):
            found = re.search(r": (\d+) sessions?$", link.text)
            if not found or not link["href"].startswith("/whats-on/"):
                continue
            path, _, part = link["href"].partition("#")
            named = page(path).one(where=lambda one, part=part: one.get("id") == part)
            section = named if named.tag == "section" else named.parent
            heading = f"{area.title}: {found[1]} session"
            # An old day of a moved session is a row that does not count.
            rows = [row for row in section.all("li") if "data-ends" in row]
            rows = [row for row in rows if "Moved to" not in row.text]
            if named.tag == "section":
                assert len(rows) == int(found[1]), (area.path, link["href"])
            # One district of a footprint is its own sum.
            if len(section.all("h2")) != 1 or named.tag != "section":
                assert heading in section.text, (area.path, link["href"])
            number += 1
    assert number > 5
