"""What journeys in a browser share."""

import pytest

from portal.settings import Settings
from portal.web.site import build


@pytest.fixture(scope="session")
def built(tmp_path_factory, sample_root, today):
    """The public site of the sample, built once for all journeys that only read it."""
    folder = tmp_path_factory.mktemp("site")
    out = folder / "build"
    build.build(Settings(root=sample_root, out=out, var=folder / "var"), today=today)
    return out
