"""The identity of a request to a programme as such says which programme, district and centre."""

import pytest

from portal.database.tables import bookable
from portal.directory import asked
from portal.directory.values import LONGEST_AREA, LONGEST_SLUG


@pytest.mark.parametrize(
    "parts", [("help", "", ""), ("help", "preston", ""), ("help", "preston", "riverbank")]
)
def test_each_part_can_be_read_again(parts):
    """Programme, district and centre come back as they were given; '' where there was none."""
    identity = asked.identity_of(*parts)

    assert asked.programme_of(identity) == parts[0]
    assert asked.district_of(identity) == parts[1]
    assert asked.centre_of(identity) == parts[2]
    assert identity.endswith(asked.in_district(parts[1])) or not parts[1]


def test_a_series_was_asked_at_no_centre():
    """Only requests to a programme as such name the centre that was asked."""
    assert asked.centre_of("riverbank/bump") == ""


def test_the_longest_identity_fits_its_column():
    """PostgreSQL refuses longer text: the longest names that content allows still fit."""
    longest = asked.identity_of("p" * LONGEST_SLUG, "d" * LONGEST_AREA, "c" * LONGEST_SLUG)

    assert len(longest) <= bookable.c.series.type.length
