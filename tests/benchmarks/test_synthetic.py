"""The invented county of the benchmarks: right, buildable, and the same bytes each time."""

import pytest

from benchmarks import synthetic
from portal import content

PAGES = 100


def files(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_its_site_has_about_as_many_pages_as_it_was_asked_for(site):
    assert abs(sum(1 for _ in site.rglob("*.html")) - PAGES) <= 5


def test_the_same_seed_gives_the_same_bytes(county, tmp_path):
    synthetic.make(tmp_path / "same", PAGES)
    synthetic.make(tmp_path / "other", PAGES, seed=2)

    assert files(tmp_path / "same") == files(county)
    assert files(tmp_path / "other") != files(county)


def test_most_series_are_still_to_come(county):
    """Pages of series that are over are short, and cheap to make."""
    directory = content.load(county, today=synthetic.DAY)
    over = [one for one in directory.series if one.all_sessions[-1].day < synthetic.DAY]

    assert len(over) * 5 < len(directory.series)


def test_there_is_a_smallest_county(tmp_path):
    with pytest.raises(ValueError, match="Ask for 100 at least"):
        synthetic.make(tmp_path, 60)
