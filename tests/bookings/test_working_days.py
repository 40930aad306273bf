"""When something is due: working days, with weekends, bank holidays and closures left out."""

from datetime import date

from portal.bookings import working_days
from tests.support import made


def calendar(**given):
    return working_days.calendar_of(made.directory(**given))


def test_weekends_and_bank_holidays_are_no_working_days() -> None:
    """Three working days after Thursday 24 December 2026 is 31 December: Christmas Day, the weekend
    and Boxing Day's bank holiday are left out."""
    assert working_days.after(date(2026, 12, 24), 3, calendar()) == date(2026, 12, 31)
    assert working_days.after(date(2026, 12, 31), 1, calendar()) == date(2027, 1, 4)


def test_a_closure_of_the_service_is_no_working_day() -> None:
    """What the content says is closed is left out, however long it lasts."""
    closed = [{"from": "2027-01-05", "until": "2027-01-11", "reason": "We are moving"}]
    assert working_days.after(date(2027, 1, 4), 1, calendar(closures=closed)) == date(2027, 1, 12)


def test_a_request_at_the_weekend_counts_from_monday() -> None:
    """The first working day after a Saturday is Monday; after 0 days a Saturday is Monday too."""
    saturday = date(2027, 1, 9)
    assert working_days.after(saturday, 1, calendar()) == date(2027, 1, 11)
    assert working_days.after(saturday, 0, calendar()) == date(2027, 1, 11)
    assert working_days.after(date(2027, 1, 11), 0, calendar()) == date(2027, 1, 11)


def test_a_review_is_moved_over_the_school_holidays() -> None:
    """In half term it waits for the first school day that is a working day; after the last known
    term for the next working day alone."""
    assert working_days.moved_over_holidays(date(2027, 2, 15), calendar()) == date(2027, 2, 22)
    assert working_days.moved_over_holidays(date(2027, 2, 6), calendar()) == date(2027, 2, 8)
    assert working_days.moved_over_holidays(date(2027, 3, 20), calendar()) == date(2027, 3, 22)
    assert working_days.moved_over_holidays(date(2027, 8, 1), calendar()) == date(2027, 8, 2)
