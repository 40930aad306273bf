"""What was probably meant: named where it is sure enough, and never a guess between two."""

import pytest

from portal.directory import fields, vocabularies
from portal.directory.likely import (
    likely_ages,
    likely_day,
    likely_number,
    likely_postcode,
    likely_times,
    likely_word,
)
from portal.directory.values import AgeRange, TimeRange, read_day


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1-3pm", "13:00-15:00"),
        ("10-12pm", "10:00-12:00"),
        ("8:30-9:30pm", "20:30-21:30"),
        ("1000-1200", "10:00-12:00"),
        ("9-5", "09:00-17:00"),
        ("7-9", ""),  # in the morning or in the evening
        ("16:30-9:00", ""),  # perhaps swapped
        ("12:00-10:00", ""),
        ("25-26", ""),
        ("mornings", ""),
    ],
)
def test_times_are_in_their_usual_order(text, meant):
    """Figures without am and pm are taken for the day; what may be two things is nothing."""
    assert likely_times(text) == meant
    assert not meant or TimeRange.read(meant)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("01/02/2027", "2027-02-01"),  # as in this country, the day first
        ("1st Feb 27", "2027-02-01"),
        ("February 1, 2027", "2027-02-01"),
        ("Mon 1 Feb 2027", "2027-02-01"),
        ("31/02/2027", ""),
        ("13/13/2027", ""),
        ("1 Febtember", ""),
        ("next Tuesday", ""),
    ],
)
def test_days_are_those_of_this_country(text, meant):
    """The day comes before the month, and a day that does not exist is not meant."""
    assert likely_day(text) == meant
    assert not meant or read_day(meant)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("0-5", "0-5 years"), ("under 2s", "0-1 years"), ("up to 2", "0-2 years"),
     ("5+", "5+ years"), ("6 wks to 1 yr", "6 weeks-1 years"), ("small ones", "")],
)  # fmt: skip
def test_ages_have_their_unit(text, meant):
    """A figure alone is an age in years, and 'under 2s' are not yet 2."""
    assert likely_ages(text) == meant
    assert not meant or AgeRange.read(meant)


def test_one_figure_is_not_one_of_two():
    """Two numbers, a fraction or a negative one say nothing sure."""
    found = [likely_number(text) for text in ("about 10", "ten", "10-12", "2.5", "-3", "some")]

    assert found == ["10", "10", "", "", "", ""]


def test_a_postcode_has_figures_where_only_they_can_be():
    """O and I are 0 and 1 there, and stay letters elsewhere."""
    found = [likely_postcode(text) for text in ("PRI 8RJ", "OL13 ORJ", "LO1 8RJ", "PR1")]

    assert found == ["PR1 8RJ", "OL13 0RJ", "LO1 8RJ", ""]


def test_what_is_not_there_is_not_meant():
    """'no parking' does not mean parking."""
    assert likely_word("no parking", vocabularies.FACILITIES) == ""
    assert likely_word("free parking", ("parking", "wifi")) == "parking"


def test_other_names_lead_to_known_words():
    """Guard: each other name of a known word leads to a word of its field."""
    known = {
        "booking": vocabularies.BOOKING_WAYS, "repeats": vocabularies.REPEATS,
        "kind": fields._CENTRE_KINDS, "facilities": vocabularies.FACILITIES,
        "language": vocabularies.LANGUAGES, "offer": vocabularies.OFFERS,
        "siblings": vocabularies.SIBLINGS, "dads": vocabularies.DADS,
    }  # fmt: skip

    assert set(known) == set(vocabularies.OTHER_NAMES)
    for field, names in vocabularies.OTHER_NAMES.items():
        assert set(names.values()) <= set(known[field]), field
