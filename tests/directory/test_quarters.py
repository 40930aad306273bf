"""Quarters: their days, their order and their words."""

from datetime import date

import pytest

from portal.directory import quarters


def test_the_days_of_a_quarter() -> None:
    """A quarter begins and ends with a month, and the next one follows at once."""
    assert quarters.quarter_of(date(2027, 3, 31)) == "2027-Q1"
    assert quarters.first_day("2027-Q4") == date(2027, 10, 1)
    assert quarters.last_day("2027-Q4") == date(2027, 12, 31)
    assert quarters.after("2027-Q4") == "2028-Q1"
    assert quarters.words("2027-Q1") == "January to March 2027"


def test_quarters_that_are_over() -> None:
    """The quarter that is running is not over, not even on its last day."""
    assert quarters.finished(date(2027, 3, 31), 2) == ["2026-Q3", "2026-Q4"]
    assert quarters.finished(date(2027, 4, 1), 2) == ["2026-Q4", "2027-Q1"]


@pytest.mark.parametrize("text", ["", "2027", "2027-Q5", "2027-Q0", "1999-Q1", "٢٠٢٧-Q1"])
def test_what_is_no_quarter(text: str) -> None:
    """An address may hold any text: it is refused in words."""
    with pytest.raises(quarters.NoQuarter, match="2027-Q1"):
        quarters.first_day(text)
