"""A copy of the sample content, and the staff pages over it."""

import shutil
from datetime import UTC, datetime

import pytest

from portal.content.edition import Snapshot
from tests.support.staffed import Staffed

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
FOLDER = "centres/preston/riverbank"


class Office(Staffed):
    """Somebody's work on the content of Riverbank."""

    path = "/staff/content/riverbank"

    def file(self, name: str) -> bytes | None:
        file = self.settings.root / FOLDER / name
        return file.read_bytes() if file.exists() else None

    def write(self, name: str, data: bytes) -> None:
        (self.settings.root / FOLDER / name).write_bytes(data)

    def edition(self) -> str:
        """Identifies all that the content holds."""
        return Snapshot(self.settings.root, ("content", "centres", "programmes")).edition

    def worker(self, **given):
        return self.signed_in("worker", **{"centres": ["riverbank"], **given})


@pytest.fixture
def office(tmp_path, sample_root, directory):
    root = shutil.copytree(sample_root, tmp_path / "root")
    found = Office(tmp_path, directory, root=root)
    found.now = NOW
    return found
