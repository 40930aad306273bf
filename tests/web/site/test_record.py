"""The record of a build is added to, and read as it was written, or not at all."""

import pytest

from portal.dependencies import packed
from portal.web.site import record
from portal.web.site.freezer import Made
from portal.web.site.record import Record

NODES = [
    (packed([256, 257]), (), b""),
    (packed([512]), (("/a/", True),), packed([0])),
]


def made(name, reads):
    return Made(name, f"digest of {name}".encode(), "", ((name, b"state"),), reads)


FIRST = Record(
    out="/site",
    marker=[1, 2],
    fixed="fixed",
    site=0,
    numbers={"series a/b": 256, "series a/c": 512},
    nouns={256: (b"key", b"whole", (b"x",)), 512: (b"", b"whole", (b"y",))},
    entries={256: (b"key", "digest")},
    values={"finder a/b": (("a", 1), 1), "finder a/c": (None, 0)},
    makers={"/a/": b"1", "/b/": b"2"},
    made={"/a/": made("a/index.html", 1), "/b/": made("b/index.html", 0)},
    nodes=NODES,
)
# Page a is made again, b is gone and c is new; so are the series that they were made from.
SECOND = FIRST._replace(
    marker=[3, 4],
    numbers={"series a/b": 256, "series a/d": 768},
    nouns={256: (b"other", b"whole", (b"z",)), 768: (b"", b"whole", (b"y",))},
    entries={},
    values={"finder a/b": (("b", 1), 2)},
    makers={"/a/": b"1", "/c/": b"3"},
    made={"/a/": made("a/index.html", 2), "/c/": made("c/index.html", 0)},
    nodes=[*NODES, (packed([256]), (), packed([0, 1]))],
)


@pytest.fixture
def two(tmp_path):
    """A folder with a record of two parts."""
    record.write(tmp_path, FIRST, None)
    record.write(tmp_path, SECOND, record.read(tmp_path))
    return tmp_path


def test_what_differs_is_added(tmp_path):
    """The bytes that are there stay as they are, and the next build reads the new state."""
    record.write(tmp_path, FIRST, None)
    before = (tmp_path / record.FILE).read_bytes()
    first = record.read(tmp_path)
    assert first.record == FIRST

    record.write(tmp_path, SECOND, first)

    after = (tmp_path / record.FILE).read_bytes()
    assert after.startswith(before)
    assert len(after) > len(before)
    assert record.read(tmp_path).record == SECOND
    assert (tmp_path / record.FILE).stat().st_mode & 0o777 == 0o600


def test_a_record_that_is_not_whole_is_none(two):
    """Whichever byte is another, or wherever the file ends: also if it ends between two parts of
    a record that another one has replaced."""
    path = two / record.FILE
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert record.read(two) is None, at
    for size in {*range(0, len(whole), 7)} - {size_of_first(whole)}:
        path.write_bytes(whole[:size])
        assert record.read(two) is None, size
    first = size_of_first(whole)
    for other in (whole + whole[first:], whole[first:], whole[first:] + whole[:first]):
        path.write_bytes(other)
        assert record.read(two) is None


def test_a_large_record_is_written_in_pieces(tmp_path):
    """Every file and node of it is read again, also those of a file without a maker."""
    paths = [f"/{number}/" for number in range(2 * record._AT_ONCE + 1)]
    large = FIRST._replace(
        makers={path: path.encode() for path in paths},
        made={path: made(f"{path}index.html", at) for at, path in enumerate(paths)} | FIRST.made,
        nodes=[(packed([number]), (), b"") for number in range(len(paths))],
    )

    record.write(tmp_path, large, None)

    assert record.read(tmp_path).record == large


def size_of_first(data):
    return 40 + int.from_bytes(data[32:40])


def test_a_record_cut_between_parts_is_that_of_the_build_before(two):
    """Its marker is then not that of the public folder, so no file is kept by it."""
    path = two / record.FILE
    whole = path.read_bytes()
    path.write_bytes(whole[: size_of_first(whole)])

    assert record.read(two).record == FIRST


def test_nothing_is_added_to_the_record_of_another_build(tmp_path):
    """Another build into another folder may have written in between: then all is written."""
    record.write(tmp_path, FIRST, None)
    last = record.read(tmp_path)
    record.write(tmp_path, FIRST._replace(out="/other"), None)

    record.write(tmp_path, SECOND, last)

    found = record.read(tmp_path)
    assert (found.record.out, found.parts) == ("/site", 1)
    assert found.record.made.keys() == SECOND.made.keys()


def test_after_many_additions_all_is_written_again(tmp_path):
    """Without the nodes that no file refers to any more."""
    record.write(tmp_path, FIRST, None)
    most = 0
    for number in range(2 * record._MOST_PARTS):
        last = record.read(tmp_path)
        most = max(most, last.parts)
        nodes = last.record.nodes
        again = {**last.record.made, "/a/": made("a/index.html", len(nodes))}
        node = (packed([number]), (), packed([last.record.site]))
        changed = last.record._replace(marker=[number], made=again, nodes=[*nodes, node])
        record.write(tmp_path, changed, last)

        found = record.read(tmp_path).record
        fields, _, parts = found.nodes[found.made["/a/"].reads]
        assert (found.marker, fields, parts) == ([number], packed([number]), packed([found.site]))

    assert 1 < most <= record._MOST_PARTS
    assert len(record.read(tmp_path).record.nodes) <= 2 * len(NODES)
