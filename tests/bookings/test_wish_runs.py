"""Which runs fit a wish: by its place, and by ages that grow while it waits."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.bookings.wish_runs import fitting
from tests.support import made

NOW = made.NOW
RIVERBANK = 53.76, -2.70
A_MILE = 1 / 69  # of latitude


def wish(ages=(), north=0.0, months=0):
    made_at = NOW - timedelta(days=round(months * 30.5))
    latitude = RIVERBANK[0] + north * A_MILE
    return SimpleNamespace(ages=ages, latitude=latitude, longitude=RIVERBANK[1], made=made_at)


@pytest.mark.parametrize(
    ("of", "asked", "fits"),
    [
        ({}, wish(), True),
        ({}, wish(["pregnancy"]), True),
        ({}, wish(["15"]), False),
        # Ten months later the child is born, and a group in pregnancy is for others.
        ({}, wish(["pregnancy"], months=10), False),
        ({"ages": "0-12 months"}, wish(["pregnancy"], months=6), True),
        ({"ages": "2-4 years"}, wish(["8 months"]), False),
        ({"ages": "1-2 years"}, wish(["8 months"], months=5), True),
        ({"ages": "2-4 years", "send_to": "8"}, wish(["15", "8"]), True),
        ({"ages": "2-4 years"}, wish(["15", "8"]), False),
        ({}, wish(north=9.5), True),
        ({}, wish(north=10.5), False),
        # A venue whose position is not known is where its centre is.
        ({"venue": {"name": "Hall", "town": "Preston"}}, wish(north=9.5), True),
    ],
)
def test_a_run_fits_by_age_and_distance(of, asked, fits) -> None:
    """Within 10 miles, and for the age that the child will be on the next date."""
    directory = made.directory(of)

    assert bool(fitting(asked, directory.series, directory, NOW)) == fits
