"""What is said of ages, money, distance, access and places."""

import pytest
from pydantic_core import PydanticCustomError

from portal.directory import Venue, phrases
from portal.directory.values import AgeRange


@pytest.mark.parametrize(
    ("distance", "exact", "about"),
    [
        (0, "less than 0.1 miles", "less than a mile"),
        (0.04, "less than 0.1 miles", "less than a mile"),
        (0.05, "0.1 miles", "less than a mile"),
        (0.44, "0.4 miles", "less than a mile"),
        (0.5, "0.5 miles", "about 1 mile"),
        (0.96, "1 mile", "about 1 mile"),
        (1.04, "1 mile", "about 1 mile"),
        (1.5, "1.5 miles", "about 2 miles"),
        (2.0, "2 miles", "about 2 miles"),
        (9.94, "9.9 miles", "about 10 miles"),
        (12.34, "12 miles", "about 12 miles"),
    ],
)
def test_miles(distance, exact, about):
    """Tenths where both ends are known, whole miles where one is not, halves always up."""
    assert phrases.miles(distance, about=False) == exact
    assert phrases.miles(distance, about=True) == about


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), "All ages"),
        (("2-4 years",), "Ages 2 to 4 years"),
        (("pregnancy", "0-6 months"), "Pregnancy, birth to 6 months"),
        (("5-11 years", "13 years"), "Ages 5 to 11 years and 13 years"),
        (("12-19+ years",), "Ages 12 to 19 years and over"),
        (("16 years +",), "Ages 16 years and over"),
    ],
)
def test_ages(said, expected):
    """Ages as a family says them, and the upper age of those with special needs."""
    ranges = [AgeRange.read(one) for one in said]

    assert phrases.age_words(ranges) == expected
    assert phrases.age_words(ranges, 25) == f"{expected} (up to 25 with SEND)"


def test_ages_without_an_upper_end():
    """'12-19+ years' holds a young adult of the oldest age that the service is for; 12-19 not."""
    assert (AgeRange.read("12-19+ years").first, AgeRange.read("12-19+ years").end) == (144, 312)
    assert AgeRange.read("12-19 years").end == 240
    for text in ("+12-19 years", "12+-19 years", "pregnancy+", "12-19++ years"):
        with pytest.raises(PydanticCustomError):
            AgeRange.read(text)


@pytest.mark.parametrize(
    ("facilities", "expected"),
    [
        ((), "Ask about access"),
        (("wifi", "garden"), "Ask about access"),
        (("baby-changing", "step-free"), "Step-free entrance, baby changing"),
        (("step-free", "accessible-parking"), "Step-free entrance, Blue Badge parking"),
    ],
)
def test_access(facilities, expected):
    """What decides whether a family can come, in one order; never a guess."""
    assert phrases.access(facilities) == expected


@pytest.mark.parametrize(
    ("name", "town", "expected"),
    [
        ("Riverbank Centre", "Preston", "Riverbank Centre, Preston"),
        ("Bacup Library", "Bacup", "Bacup Library"),
        ("Village hall", None, "Village hall"),
    ],
)
def test_place(name, town, expected):
    """The town is said once."""
    assert phrases.place(Venue(name, None, town, None, None)) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")],
)
def test_joined(parts, expected):
    """A list as a person says it."""
    assert phrases.joined(parts) == expected
