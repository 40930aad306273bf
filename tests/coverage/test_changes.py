"""What an edit does to coverage is said by cell, and by the largest town that gains or loses."""

from datetime import timedelta

import pytest

from portal.coverage import built
from portal.coverage.cells import WHEN, Coverage, word_of
from portal.coverage.changes import MOST_LINES, Snapshot, _Comparison, news, snapshot
from portal.coverage.reach import Reach
from portal.directory import AGE_BANDS, Directory, Series


def with_series(directory: Directory, series: tuple[Series, ...], **others: object) -> Directory:
    """The same Directory with these public series."""
    parts = {name: getattr(directory, name) for name in Directory.model_fields}
    return Directory.of(**{**parts, "series": series, **others})


@pytest.fixture(scope="module")
def club(directory):
    """The only group at weekends of the sample's villages."""
    return directory.find_series("mill-brow/saturday-club")


@pytest.fixture(scope="module")
def without_club(directory, club):
    return with_series(directory, tuple(one for one in directory.series if one is not club))


def test_nothing_changes_without_an_edit(directory):
    """The same sessions in another Directory are no news, nor are those of private groups."""
    assert news(directory, with_series(directory, directory.series)) == []
    assert news(directory, with_series(directory, directory.series, private_series=())) == []


def test_a_new_group_turns_cells_and_names_the_town_that_gains(directory, club, without_club):
    """Adding a file says which cells are no longer empty, and which town has a session nearby."""
    lines = news(without_club, directory)
    number = len([one for one in Coverage.of(directory).sessions_in() if one.series is club])
    assert lines == [
        f"Rossendale: {number} sessions at weekends for ages 1 to 10, where there was nothing.",
        "Bacup: now a session within 3 miles at weekends for ages 1 to 10.",
    ]


def test_a_group_that_ends_turns_them_back(directory, club, without_club):
    """Removing the file says the same the other way round, also from a snapshot."""
    lines = news(directory, without_club)
    assert lines == news(snapshot(directory), without_club)
    number = len([one for one in Coverage.of(directory).sessions_in() if one.series is club])
    assert lines == [
        f"Rossendale: nothing at weekends for ages 1 to 10, where there were {number} sessions.",
        "Bacup: no longer a session within 3 miles at weekends for ages 1 to 10.",
    ]


def test_the_towns_are_those_that_reach_names(directory, without_club):
    """A town that gained is one that the page of its district named as without before."""
    before, after = (Reach(one, Coverage.of(one)) for one in (without_club, directory))
    band = next(band for band in AGE_BANDS if band.slug == "primary-school")
    gained = {
        town.label
        for district in directory.districts
        for town in before.without(district, band, "weekend", 3)
        if town not in after.without(district, band, "weekend", 3)
    }
    line = next(line for line in news(without_club, directory) if "now a session" in line)
    assert gained
    assert {*line.partition(": ")[0].split(" and ")} == gained


def test_ages_with_the_same_news_share_a_line_and_long_lists_are_cut(directory):
    """Everything at once is a few lines for cells, a few for towns, and the number of the rest."""
    lines = news(with_series(directory, ()), directory)
    cells = [line for line in lines if line.endswith("where there was nothing.")]
    assert len(cells) <= MOST_LINES
    assert any(" from birth to age " in line for line in cells)
    assert len(lines) <= 2 * (MOST_LINES + 1)
    turned = sum(1 for cell in Coverage.of(directory).cells if cell.sessions)
    assert turned > MOST_LINES


def test_a_later_day_is_a_change_too(directory):
    """What is over by then has gone, although no file was edited."""
    later = with_series(directory, directory.series, today=directory.today + timedelta(days=364))
    assert any("nothing" in line for line in news(directory, later))


def test_a_cell_turns_when_its_word_does(directory):
    """From few to some is news, after what turned from nothing or to nothing; a number is not."""
    coverage = Coverage.of(directory)
    cell, group, left = next(
        (cell, group, left)
        for cell in coverage.cells
        for group in cell.series
        for left in [sum(one.series is not group for one in cell.sessions)]
        if left and word_of(left) != cell.word
    )
    fewer = with_series(directory, tuple(one for one in directory.series if one is not group))
    lines = [*_Comparison(snapshot(fewer), directory).cells()]
    now = f"{cell.district.title}: {cell.word} ({len(cell.sessions)}) {WHEN[cell.part]} "
    before = f", where there were {word_of(left)} ({left})."
    assert [one for one in lines if one.startswith(now) and one.endswith(before)]
    turned = [" nothing" not in one for one in lines]
    assert turned == sorted(turned)


def test_a_place_known_only_roughly_is_no_gain_and_no_loss(directory, club, without_club):
    """No town near such a place gains or loses, and a line says why."""
    rough = snapshot(directory)
    kinds = {kind for kind, places in rough.held.items() if places != held_in(without_club, kind)}
    point = club.usual_venue.position
    place = ((point.latitude, point.longitude), 6)
    unsure = Snapshot(
        snapshot(without_club).counts,
        snapshot(without_club).held,
        {kind: frozenset([place]) for kind in kinds},
    )
    lines = news(unsure, directory)
    assert kinds
    assert not [line for line in lines if "now a session within" in line]
    assert lines[-1].startswith("We know the place of some sessions only roughly")


def held_in(directory, kind):
    return snapshot(directory).held.get(kind, frozenset())


def test_a_build_is_compared_with_on_a_later_day(directory, without_club, tmp_path):
    """What a build showed of the days to come is kept; one that does not reach so far is not used,
    nor is a damaged file."""
    built.keep(tmp_path, without_club)
    today = directory.today
    assert built.kept(tmp_path, today) == snapshot(without_club)
    assert news(built.kept(tmp_path, today), directory) == news(without_club, directory)
    later = today + timedelta(days=9)
    then = Coverage.of(with_series(directory, without_club.series, today=later))
    assert built.kept(tmp_path, later).counts == {
        (cell.district.slug, (cell.band.slug, cell.part)): len(cell.sessions)
        for cell in then.cells
        if cell.sessions
    }
    assert built.kept(tmp_path, directory.feed_until) is None
    (tmp_path / built.FILE).write_bytes(b"{")
    assert built.kept(tmp_path, today) is None


def test_a_build_keeps_nothing_of_a_private_group(directory, tmp_path):
    """S100: the file is the same with private groups and without."""
    kept = []
    for number, one in enumerate(
        (directory, with_series(directory, directory.series, private_series=()))
    ):
        built.keep(tmp_path / str(number), one)
        kept.append((tmp_path / str(number) / built.FILE).read_bytes())
    assert kept[0] == kept[1]
