"""A copy of the sample to build, with folders of its own."""

import shutil

import pytest

from portal.settings import load_settings


@pytest.fixture
def settings(tmp_path, sample_root):
    """A copy of the sample, and folders of its own."""
    shutil.copytree(sample_root, tmp_path / "root")
    return load_settings(root=tmp_path / "root", out=tmp_path / "build", var=tmp_path / "var")


@pytest.fixture
def series_file(settings):
    return settings.root / "centres/preston/riverbank/play-monday.md"
