"""What makes long pages for staff fit a phone: groups that are closed, and numbers with names."""

import pytest

from tests.support.markup import parsed
from tests.support.staffed import Staffed


@pytest.fixture
def place(tmp_path, directory):
    return Staffed(tmp_path, directory)


def tree_of(screen):
    return parsed(screen.html.removeprefix("<!DOCTYPE html>").strip())


def test_centres_are_chosen_in_groups_that_are_closed(place):
    """The form of an account shows no centre until its footprint is opened; a footprint with a
    centre that is ticked is open and says how many, and what was ticked is sent either way."""
    ada = place.signed_in("administrator")
    sam = place.staff(title="Sam Brook", centres=["riverbank"])
    new, changed = ada.open("/staff/accounts/new"), ada.open(f"/staff/accounts/{sam.id}")
    groups = tree_of(new).one("fieldset", where=lambda one: one.has("grouped")).all("details")
    boxes = [len(one.all("input")) for one in groups]
    opened = [one.one("summary").text for one in tree_of(changed).all("details") if "open" in one]
    wrong = ada.send("/staff/accounts/new", {"csrf_token": ada.token, "role": "worker"})

    directory = place.directory
    assert boxes == [len(directory.centres_in(area)) for area in directory.footprints]
    assert [one for one in groups if "open" in one] == []
    assert opened == ["Preston (1 chosen)"]
    assert dict(changed.fields("Save"))["centres"] == "riverbank"
    assert wrong.beside["centres"] == "Choose the centres of the worker"
    assert '<summary id="centres">' in wrong.html


@pytest.mark.parametrize("path", ["/staff/counts", "/staff/counts/riverbank"])
def test_each_number_of_the_counts_has_its_name(place, path):
    """On a phone a line is no row of columns: each number carries the heading of its column."""
    screen = place.signed_in().open(f"{path}?month=2027-01")
    table = tree_of(screen).one("table")
    names = [one.text for one in table.one("thead").all("th")][1:]
    lines = [
        [one["data-of"] for one in line.all("td")] for line in table.all("tr") if line.all("td")
    ]

    assert len(lines) > 2
    assert [line for line in lines if line != names] == []
