"""The smallest county of the benchmarks, and its built site: shared, and not to be changed."""

import pytest

from benchmarks import synthetic
from portal.settings import load_settings
from portal.web.site import build

PAGES = 100


@pytest.fixture(scope="package")
def county(tmp_path_factory):
    root = tmp_path_factory.mktemp("county") / "root"
    synthetic.make(root, PAGES)
    return root


@pytest.fixture(scope="package")
def site(county, tmp_path_factory):
    """Its site. A build refuses content with a mistake."""
    folder = tmp_path_factory.mktemp("site")
    settings = load_settings(root=county, out=folder / "build", var=folder / "var")
    build.build(settings, today=synthetic.DAY, jobs=1)
    return settings.out
