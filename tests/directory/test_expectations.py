"""The lines about a first visit say what the files say, and nothing where they say nothing."""

import pytest

from portal.directory import expectations
from tests.support import county as small

PLAY = f"""{small.PROGRAMME}
expect: You play and sing together
first_time: You can come alone.
who_meets_you: A play worker
siblings: welcome
siblings_note: There are toys for children up to 8
dads: welcome
sample: [first_time, dads, siblings]
"""
CENTRE = f"""{small.CENTRE}
facilities: [buggy-park, parking, accessible-parking]
transport: Bus 2 stops outside
first_time: Ring the bell
sample: [facilities]
"""
GROUP = "programme: play\nstarts: 2026-11-24\ntime: 10:00-11:00\n"
HALL = "venue: {name: Village hall, town: Preston}\n"


@pytest.fixture
def lines(county, monkeypatch):
    """The lines of a series with these fields, by label."""

    def make(fields="", centre=CENTRE):
        monkeypatch.setattr(small, "PROGRAMME", PLAY)
        series = county({"group": f"{GROUP}{fields}"}, centre=centre).series[0]
        return {one.label: one for one in expectations.lines(series)}

    return make


def said(line):
    return [fact.words for fact in line.facts]


def test_a_series_says_what_its_programme_and_its_centre_say(lines):
    """A series falls back to its programme, and for the way in to the centre it meets in."""
    found = lines()

    assert [*found] == [
        "What happens", "First time", "Who meets you", "Who can come", "Getting here",
    ]  # fmt: skip
    assert said(found["What happens"]) == ["You play and sing together."]
    assert said(found["First time"]) == ["You can come alone.", "Ring the bell."]
    assert said(found["Who can come"]) == [
        "Dads and partners are welcome.",
        "Brothers and sisters are welcome. There are toys for children up to 8.",
    ]
    assert said(found["Getting here"]) == ["Room for buggies.", "Car park.", "Bus 2 stops outside."]


def test_a_series_may_say_otherwise(lines):
    """A series' own words replace those of its programme and centre, one by one."""
    found = lines(
        "expect: We walk in the park\ndads: only\nsiblings: no\nquiet: yes\n"
        "buggy: Bring it along\ntransport: Bus 9\n"
    )

    assert said(found["What happens"]) == ["We walk in the park."]
    assert said(found["Who can come"]) == [
        "Only for dads and other male carers.",
        "Brothers and sisters cannot come.",
        "A quiet group: few people and little noise.",
    ]
    assert said(found["Getting here"]) == ["Bring it along.", "Car park.", "Bus 9."]
    assert said(found["Who meets you"]) == ["A play worker."]


def test_another_hall_has_not_the_car_park_of_the_centre(lines):
    """A series that meets elsewhere says nothing of its centre's building."""
    found = lines(HALL)

    assert "Getting here" not in found
    assert said(found["First time"]) == ["You can come alone."]
    assert said(lines(f"{HALL}parking: In Mill Street\n")["Getting here"]) == ["In Mill Street."]


def test_each_fact_says_whether_it_is_a_sample(lines):
    """A sample of a programme or of a centre stays a sample where a series shows it."""
    found = lines("dads: welcome\n")
    samples = {label: [fact.sample for fact in one.facts] for label, one in found.items()}

    assert samples == {
        "What happens": [False],
        "First time": [True, False],
        "Who meets you": [False],
        "Who can come": [False, True],
        "Getting here": [True, True, False],
    }
    assert [label for label, one in found.items() if one.sample] == []


def test_only_lines_that_say_something(county):
    """Without facts there is no line, for a series, its programme and its centre."""
    directory = county({"group": GROUP})

    for noun in (*directory.series, *directory.centres, *directory.programmes):
        assert expectations.lines(noun) == ()


def test_what_a_group_is_good_for(county):
    """'Ask' and 'no' are no welcome, and neither is silence; a dads' group is good for dads."""
    runs = {
        "silent": "",
        "asks": "siblings: ask\ndads: no\nquiet: no\ncreche: no\n",
        "all": "siblings: welcome\ndads: only\nquiet: yes\ncreche: yes\n",
    }
    directory = county({slug: GROUP + fields for slug, fields in runs.items()})

    assert {one.slug: expectations.good_for(one) for one in directory.series} == {
        "silent": (),
        "asks": (),
        "all": ("dads", "quiet", "siblings", "creche"),
    }
