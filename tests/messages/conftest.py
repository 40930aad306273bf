"""A place where letters come out."""

import pytest

from tests.support import made
from tests.support.post import Post


@pytest.fixture
def post(sqlite, tmp_path):
    directory = made.directory({"places": "1", "room": "Willow Room"})
    return Post(sqlite, tmp_path / "var", directory)
