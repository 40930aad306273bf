"""The numbers of families on the first page of staff."""

from tests.support import made
from tests.support.staffed import Staffed
from tests.web.staff.test_day import REGISTER, book, family


def test_today_counts_who_booked_and_who_had_not_apart(tmp_path):
    """Families who booked and families who just came are two numbers, never one sum."""
    place = Staffed(tmp_path, made.directory({}, {"title": "Play", "booking": "drop-in"}))
    booking = book(place, family(1))
    worker = place.signed_in()
    drop_in = worker.open("/staff/?day=2027-01-12").follow("Play")
    drop_in.fill(families="4").press("Save the register")
    group = worker.open(REGISTER)
    group.fill(**{f"mark-{booking.id}": "came"}, families="2").press("Save the register")
    screen = worker.open("/staff/?day=2027-01-12")

    assert "1 family booked of 12. Came: 1 family who booked, 2 who had not" in screen
    assert "Drop in. Came: 4 families" in screen
