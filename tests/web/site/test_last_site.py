"""A file of the last site is taken only as its build left it."""

import os

from tests.support.left import last_site


def test_only_a_file_as_it_was_left_is_taken(tmp_path):
    """Not one that has no record, that is gone, that was written since, even at its old time, or
    that others may no longer read. Nor is one read whose bytes alone are others."""
    names = ("kept", "damaged", "written", "replaced", "gone", "closed", "unknown")
    for name in names:
        (tmp_path / name).write_bytes(b"12")
    last = last_site(tmp_path, names[:-1])
    stat = (tmp_path / "replaced").stat()

    damaged = (tmp_path / "damaged").stat()
    (tmp_path / "damaged").write_bytes(b"21")
    os.utime(tmp_path / "damaged", ns=(damaged.st_atime_ns, damaged.st_mtime_ns))
    (tmp_path / "written").write_bytes(b"")
    (tmp_path / "other").write_bytes(b"34")
    os.utime(tmp_path / "other", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (tmp_path / "other").rename(tmp_path / "replaced")
    (tmp_path / "gone").unlink()
    (tmp_path / "closed").chmod(0o600)

    found = {name: last.read(name) for name in names}
    assert found == dict.fromkeys(names) | {"kept": b"12"}
    assert [name for name in found if last.has(name)] == ["kept", "damaged"]
