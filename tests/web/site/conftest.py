"""The site of the sample, page by page; and a copy of the sample to build."""

import shutil

import pytest

from portal.settings import load_settings
from portal.web.site.app import addresses, create_site
from tests.support.page_reader import Reader


@pytest.fixture(scope="session")
def site(directory):
    return create_site(directory)


@pytest.fixture(scope="session")
def answers(site, directory):
    client = site.test_client()
    return {path: client.get(path) for path in addresses(directory)}


@pytest.fixture(scope="session")
def pages(answers):
    """Every page that stands for itself: no redirect, and no part of a partner's page."""
    return {
        path: answer.text
        for path, answer in answers.items()
        if answer.mimetype == "text/html"
        and "http-equiv" not in answer.text
        and not path.startswith("/embed/")
    }


@pytest.fixture(scope="session")
def read(pages):
    return {path: Reader(html) for path, html in pages.items()}


@pytest.fixture
def settings(tmp_path, sample_root):
    """A copy of the sample, and folders of its own."""
    shutil.copytree(sample_root, tmp_path / "root")
    return load_settings(root=tmp_path / "root", out=tmp_path / "build", var=tmp_path / "var")


@pytest.fixture
def series_file(settings):
    return settings.root / "centres/preston/riverbank/play-monday.md"
