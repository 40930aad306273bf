"""What is shipped says the same dates in every output: first and last days, and each change.

The pages are made here for one day, without a build, so that these tests stay short.
"""

import json
import re

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
        if not series.ongoing
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


def changed_dates(series):
    """The coming dates that are cancelled, moved, or held at another place."""
    return [one for one in series.sessions if one.day >= DAY and one.state != "on"]


def row_of(tree, series, tag):
    """The row of a list that links to the page of a series, as text; '' if there is none."""
    rows = [row for row in tree.all(tag) if row.all("a", where=_links_to(series.path))]
    return rows[0].text if rows else ""


def _links_to(path):
    return lambda link: link.get("href") == path


def not_said(session, text):
    """What a row does not say of a changed date."""
    words = [day_words(session.planned, weekday=False, year=False)]
    if session.cancelled:
        words = ["Not on", day_words(session.day, weekday=False, year=False)]
    if session.cancelled and session.series.withdrawn:
        words = ["Cancelled"]
    elif not session.cancelled and session.moved:
        words += [day_words(session.day, weekday=False, year=False), session.times.words]
    if not session.cancelled and session.moved_venue:
        words.append(session.venue.name)
    return [word for word in words if word not in text]


def test_every_changed_date_is_said_in_every_list(directory, page):
    """Lists of centres and programmes, and leaflets up to their last day, know each coming date
    that is cancelled, moved, or held elsewhere."""
    wrong, number = [], 0
    for series in directory.series:
        changes = changed_dates(series)
        # Four cancelled in a row are said as 'x to y'.
        if not changes or sum(bool(one.cancelled) for one in changes) > 3:
            continue
        centre, programme = series.centre, series.programme
        lists = {
            path: row_of(page(path), series, tag)
            for path, tag in (
                (centre.path, "li"),
                (centre.whats_on_path, "tr"),
                (programme.path, "li"),
            )
        }
        for session in changes:
            number += 1
            for path, text in lists.items():
                on_leaflet = session.planned <= directory.leaflet_until
                if (path != centre.whats_on_path or on_leaflet) and not_said(session, text):
                    wrong.append(f"{path} {series.slug} {session.planned}: {text}")
    assert number > 10
    assert wrong == []


def test_every_series_with_an_end_says_its_dates_in_lists(page, with_an_end):
    """A club of one week, or a single date, is never 'Weekdays, 1pm to 5pm' alone."""
    wrong = []
    for series in with_an_end:
        text = row_of(page(series.centre.path), series, "li")
        if day_words(last_day(series), weekday=False) not in text:
            wrong.append(f"{series.path}: {text}")
    assert wrong == []


def test_leaflets_say_until_when_they_are_right(directory, page):
    """A leaflet is for the days up to the end of a term, and lists what starts later as later."""
    assert directory.leaflet_until > DAY
    for centre in directory.centres:
        tree = page(centre.whats_on_path)
        assert f"Until {day_words(directory.leaflet_until)}." in tree.text, centre.slug
        for series in directory.series_at(centre):
            coming = [one for one in series.sessions if one.day >= DAY]
            if coming and coming[0].day > directory.leaflet_until:
                assert f"{series.name}, from {day_words(coming[0].day)}" in tree.text
                assert row_of(tree, series, "tr") == ""


def test_links_with_a_number_lead_to_that_number(directory, page):
    """'Friday 4 December: 8 sessions' on an area's page leads to a list of 8, not the county's."""
    number = 0
    for area in (*directory.footprints, *directory.districts):
        for link in page(area.path).one("main").all("a"):
            found = re.search(r": (\d+) sessions?$", link.text)
            if not found or not link["href"].startswith("/whats-on/"):
                continue
            path, _, part = link["href"].partition("#")
            named = page(path).one(where=lambda one, part=part: one.get("id") == part)
            section = named if named.tag == "section" else named.parent
            heading = f"{area.title}: {found[1]} session"
            rows = [row for row in section.all("li") if "data-ends" in row]
            if named.tag == "section":
                assert len(rows) == int(found[1]), (area.path, link["href"])
            assert heading in section.text, (area.path, link["href"])
            number += 1
    assert number > 5


def test_embedded_lists_say_every_change(directory, page):
    """A partner's page says of each date that it lists that it is off, moved, or elsewhere."""
    number = 0
    for centre in directory.centres:
        changed = [one for series in directory.series_at(centre) for one in changed_dates(series)]
        rows = [row.text for row in page(centre.embed_path).all("li")]
        for session in changed:
            day = f"{day_words(session.day, year=False)}, {session.times.words}"
            for text in (row for row in rows if row.startswith(f"{day}{session.series.name} ")):
                said = {"cancelled": "Cancelled"}.get(session.state, "Moved from")
                if session.moved_venue:
                    said = f"Other place {session.venue.name}"
                assert said in text
                number += 1
    assert number
