"""The finder's tables: whole, the same for the same content, and without what is withheld."""

import json
from datetime import date, datetime, timedelta

import pytest

from portal import content
from portal.directory.values import LONDON, distance
from portal.finder import Finder, index, names
from portal.finder.postcode_import import Placed, PostcodesError
from portal.finder.postcodes import pack


@pytest.fixture(scope="module")
def tables(directory):
    return index.tables(directory)


def text(directory):
    return b"".join(make() for make in index.files(directory).values()).decode()


def test_three_files_named_by_what_they_hold(directory):
    """A digest in each name, so that browsers may keep the file for ever."""
    with_postcodes = directory.model_copy(
        update={"postcodes": pack([Placed("PR1 8RJ", 53.7, -2.7)])}
    )

    assert [path.partition("-")[0] for path in index.files(directory)] == [
        "/search/index",
        "/search/places",
    ]
    assert index.postcode_files(directory) == {}
    assert [*index.postcode_files(with_postcodes)] == [index.paths(with_postcodes).postcodes]
    assert index.paths(directory).postcodes == ""


def test_damaged_postcodes_stop_the_build(directory):
    """A file that was cut short is not published."""
    damaged = directory.model_copy(update={"postcodes": pack([Placed("PR1 8RJ", 53.7, -2.7)])[:-1]})

    with pytest.raises(PostcodesError):
        index.postcode_files(damaged)


def test_the_same_content_gives_the_same_bytes(sample_root, today, directory):
    """Reading the content once more changes nothing."""
    assert text(content.load(sample_root, today=today)) == text(directory)


def test_the_index_changes_once_a_week(sample_root):
    """From Monday to Sunday browsers keep what they have; the next Monday it is another."""
    paths = {
        day: index.paths(content.load(sample_root, today=day)).index
        for day in (date(2026, 11, 23), date(2026, 11, 29), date(2026, 11, 30))
    }

    assert paths[date(2026, 11, 23)] == paths[date(2026, 11, 29)] != paths[date(2026, 11, 30)]


def test_every_session_is_there(directory, tables):
    """Each coming date that is not cancelled can be found, at its own time and place."""
    finder = Finder(*tables)
    first = datetime(2026, 11, 23, tzinfo=LONDON)
    expected = {
        (series.path, session.starts.date(), session.times.words, session.venue.name)
        for series in directory.series
        for session in series.sessions
        if session.starts >= first and not session.cancelled
    }
    found = set()
    for ahead in range(tables[0]["last"] + 1):
        day = directory.today + timedelta(days=ahead)
        answer = finder.ask(
            {"day": [f"{day:%A}"], "show": ["1000"]},
            datetime.combine(day, datetime.min.time(), LONDON),
        )
        said = f"{day:%A} {day.day} {day:%B}"
        found |= {
            (row.path, day, row.when.partition(", ")[2], row.where.partition(",")[0])
            for row in answer.results
            if row.when.partition(",")[0] == said
        }

    assert found == expected


def test_nothing_of_sensitive_series(directory):
    """Neither their addresses nor their venues nor the slugs of their programmes (S3)."""
    published = text(directory)

    assert directory.private_series
    for series in directory.private_series:
        assert series.slug not in published
        assert series.programme.slug not in published
        assert series.programme.title not in published


def test_an_address_that_is_not_public(directory, tables):
    """The centre's place is its town's, not its postcode's."""
    table, places = tables
    harbour = directory.centre("harbour")
    fleetwood = next(one for one in directory.settlements if one.name == "Fleetwood")
    position = index.public_position(directory, harbour.venue)
    number = places["names"].index(harbour.title)
    venue = next(n for n, name in enumerate(table["venues"]["names"]) if "Harbour" in name)

    assert distance(position, fleetwood.position) == 0
    assert position.precision == "town"
    assert number in places["about"]
    assert venue in table["venues"]["about"]
    assert "FY7 6NS" not in json.dumps(tables)


def test_places_are_told_apart(tables):
    """Each name leads to one place: twins carry their district, and districts stand once."""
    _, places = tables
    names = places["names"]

    assert len(names) == len(set(names))
    assert {"Warton (Fylde)", "Warton (Lancaster)", "Pendle", "Riverbank Centre"} <= set(names)
    assert len(places["at"]) == 2 * len(names)


def test_sectors_are_where_they_are(directory, tables):
    """Rounding moves the middle of a sector by less than a tenth of a mile."""
    finder = Finder(*tables)
    for area in directory.postcode_areas:
        place = finder._box.read(area.code).place

        assert place.key == area.code
        assert place.about
        assert distance(place.at, area.position) < 0.1


def test_an_empty_directory(directory):
    """Content without any series makes tables all the same."""
    empty = directory.model_copy(update={"series": ()})
    answer = Finder(*index.tables(empty)).ask({}, datetime(2026, 11, 23, tzinfo=LONDON))

    assert (answer.heading, answer.loosened) == ("No groups", ())


def test_each_name_is_reduced_a_few_times(monkeypatch):
    """A build reads each name of a place a few times, and not once for each other place."""
    reduced = []
    for name in ("fold", "short_form"):
        real = getattr(names, name)
        monkeypatch.setattr(
            names, name, lambda text, real=real: (reduced.append(text), real(text))[1]
        )
    labels = [f"Town {number}-by-Sea" for number in range(200)]

    keys = names.place_keys(names.Named(labels, range(200, 200), {}))

    assert len(keys) == 200  # 'town 7' of 'Town 7-by-Sea'
    assert len(reduced) <= 10 * len(labels)
