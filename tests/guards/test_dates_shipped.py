"""What is shipped says the same dates in every output: first and last days, and each change.

The pages are made here for one day, without a build, so that these tests stay short.
"""

import json

import pytest

from portal import content
from portal.directory.values import day_words
from portal.finder import index
from portal.finder.tables import Tables
from portal.web.site.app import create_site
from tests.support.markup import parsed
from tests.support.paths import ROOT
from tests.support.shipped import DAY


@pytest.fixture(scope="module")
def directory():
    return content.load(ROOT, today=DAY)


@pytest.fixture(scope="module")
def page(directory):
    """Opens a page of the public site."""
    client = create_site(directory).test_client()
    return lambda path: parsed(client.get(path).text)


@pytest.fixture(scope="module")
def with_an_end(directory):
    """The courses and other series with an end that are not over and not all cancelled."""
    found = [
        series
        for series in directory.series
        if series.count or series.until
        if any(not one.cancelled and one.day >= DAY for one in series.all_sessions)
    ]
    assert len(found) > 50
    return found


def last_day(series):
    return max(session.day for session in series.all_sessions if not session.cancelled)


def test_the_last_day_of_a_course_is_its_real_last_day(directory, page, with_an_end):
    """A course is shown whole: the page's words and list, its linked data, and the finder."""
    tables = Tables(index.tables(directory)[0])
    found = {one.identity: max(s.day for s in one.sessions) for one in tables.series}
    wrong = []
    for series in with_an_end:
        tree, last = page(series.path), last_day(series)
        planned = {one.anchor for one in series.all_sessions if one.day >= DAY}
        listed = {one["id"] for one in tree.all("li") if "data-ends" in one and "id" in one}
        block = tree.one("script", where=lambda one: one.get("type") == "application/ld+json")
        data = json.loads("".join(block.parts))["@graph"]
        dated = {one["url"].partition("#")[2] for one in data if "startDate" in one}
        if series.repeats != "once" and day_words(last, weekday=False) not in tree.one("dl").text:
            wrong.append(f"{series.path}: its page does not say that it ends on {last}")
        if not listed == dated == planned:
            wrong.append(f"{series.path}: dates {listed}, data {dated}, planned {planned}")
        if found[series.identity] != (last - tables.first).days:
            wrong.append(f"{series.path}: the finder ends on another day")

    assert wrong == []
