"""What most tests need: the sample site, the day on which it is read, and its directory."""

from datetime import date
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent / "sample"


@pytest.fixture(scope="session")
def sample_root():
    """The folder of the sample site. Copy it before changing anything."""
    return SAMPLE


@pytest.fixture(scope="session")
def today():
    """A Monday in the second half of the autumn term."""
    return date(2026, 11, 23)


@pytest.fixture(scope="session")
def directory(sample_root, today):
    """The sample site, read once."""
    from portal import content

    return content.load(sample_root, today=today)
