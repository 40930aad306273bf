"""What families wait for, as staff see it: no small number, and nothing of one family."""

from portal.bookings import demand
from tests.support import made

NUMBERS = {("bump", "preston"): 12, ("bump", ""): 4, ("gone", "preston"): 9}


def test_small_numbers_are_hidden() -> None:
    """Each number is safe by itself, and totals and the file are made of safe numbers."""
    lines = demand.lines(made.directory(), NUMBERS)
    [(name, sum_, _)] = demand.by_programme(lines)

    assert [(one.district, one.figure.words) for one in lines] == [
        ("Outside Lancashire", "under 5 each"),
        ("Preston", "10"),
    ]
    assert (name, sum_.words) == ("Bump, Birth and Beyond", "10+")
    assert demand.csv(lines).decode("utf-8-sig").splitlines() == [
        '"Programme","District","Families"',
        '"Bump, Birth and Beyond","Outside Lancashire","under 5 each"',
        '"Bump, Birth and Beyond","Preston","10"',
    ]


def test_a_sensitive_programme_has_no_line() -> None:
    """S84: also before the worker has deleted its wishes."""
    assert demand.lines(made.directory(sensitive=True), NUMBERS) == []
