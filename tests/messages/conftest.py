"""A place where letters come out."""

import pytest

from portal import database
from portal.database import tables
from tests.support import made
from tests.support.post import Post


@pytest.fixture
def sqlite(tmp_path):
    """SQLite alone: what is said does not depend on the database, what is sent does."""
    engine = database.connect(f"sqlite:///{tmp_path / 'portal.db'}")
    tables.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def post(sqlite, tmp_path):
    directory = made.directory({"places": "1", "room": "Willow Room"})
    return Post(sqlite, tmp_path / "var", directory)
