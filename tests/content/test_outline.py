"""The boundaries of the districts, as they are read."""

import json

import pytest

from portal.content.outline import read_outline

SQUARE = [[53.7, -2.8], [53.7, -2.6], [53.8, -2.6]]
BACK = [[53.7, -2.8], [53.8, -2.8], [53.8, -2.6]]
SOUND = {"attribution": ["© us"], "arcs": [SQUARE, BACK], "districts": {"preston": [[0, -2]]}}


def test_a_district_is_its_arcs_in_turn():
    """An arc with a negative number is read backwards, and no corner is there twice."""
    outline, problems = read_outline(json.dumps(SOUND), ["preston"])

    assert problems == []
    assert list(outline.rings("preston")) == [
        ((53.7, -2.8), (53.7, -2.6), (53.8, -2.6), (53.8, -2.8))
    ]
    assert outline.attribution == ("© us",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"districts": {}}, "the boundary of 'preston' is missing"),
        ({"districts": {"prestn": [[0, -2]]}}, "there is no district 'prestn'. Known: preston."),
        ({"districts": {"preston": [[0, 1]]}}, "has a gap after arc 0"),
        ({"districts": {"preston": [[0, 2]]}}, "is not a list of arcs"),
        ({"districts": {"preston": [[True, 0]]}}, "is not a list of arcs"),
        ({"districts": {"preston": [[]]}}, "is not a list of arcs"),
        ({"districts": {"preston": 1}}, "is not a list of arcs"),
        ({"arcs": [SQUARE, [[-2.8, 53.7], [-2.6, 53.8]]]}, "arc 1 is not a list of points in"),
        ({"arcs": [SQUARE, [[53.7, -2.8]]]}, "arc 1 is not a list of points in"),
        ({"arcs": [SQUARE, 5]}, "arc 1 is not a list of points in"),
        ({"arcs": [[[float("nan"), 1], [53, 1]], BACK]}, "arc 0 is not a list of points in"),
        ({"arcs": {}}, "'arcs' must be a list"),
        ({"attribution": "us"}, "'attribution' must be a list of lines"),
    ],
)
def test_a_boundary_that_is_wrong_is_a_mistake(change, words):
    """What is no closed boundary of a known district in Great Britain is named, with a remedy."""
    outline, [problem] = read_outline(json.dumps(SOUND | change), ["preston"])

    assert outline is None
    assert words in problem.words
    assert problem.path == "content/outline.json"


def test_what_is_no_json_is_placed():
    """A slip in the file is named by its line and column."""
    outline, [problem] = read_outline('{"arcs":\n [}', ["preston"])

    assert outline is None
    assert (problem.line, problem.column) == (2, 3)
    assert "not JSON" in problem.words
    assert read_outline("[" * 10_000, [])[0] is None
    assert read_outline("[]", [])[0] is None
