"""A file of the last site is taken only as its build left it."""

import os

from portal.web.site.last_site import LastSite, state_of


def test_only_a_file_as_it_was_left_is_taken(tmp_path):
    """Not one that has no record, that is gone, or that was written since, even at its old time."""
    for name in ("kept", "written", "replaced", "gone", "unknown"):
        (tmp_path / name).write_bytes(b"12")
    last = LastSite(
        tmp_path,
        {name: state_of(tmp_path, name) for name in ("kept", "written", "replaced", "gone")},
    )
    stat = (tmp_path / "replaced").stat()

    (tmp_path / "written").write_bytes(b"")
    (tmp_path / "other").write_bytes(b"34")
    os.utime(tmp_path / "other", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (tmp_path / "other").rename(tmp_path / "replaced")
    (tmp_path / "gone").unlink()

    found = {name: last.read(name) for name in ("kept", "written", "replaced", "gone", "unknown")}
    assert found == {
        "kept": b"12", "written": None, "replaced": None, "gone": None, "unknown": None,
    }  # fmt: skip
    assert [name for name in found if last.has(name)] == ["kept"]
