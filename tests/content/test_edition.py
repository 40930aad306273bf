"""The edition of the content: which files are the same, on whichever machine."""

import os
import shutil

import pytest

from portal.content import edition
from portal.content.edition import Snapshot
from portal.content.loader import FOLDERS, load


def test_the_same_files_are_one_edition(directory, sample_root, today, tmp_path):
    """Times of files, and what systems leave behind, make no other edition."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    for path in root.rglob("*.md"):
        os.utime(path, (1, 1))
    (root / "centres/.DS_Store").write_bytes(b"\0")
    (root / "programmes/.bump.md.swp").write_text("half a sentence")
    copied = load(root, today=today)

    assert copied.edition == directory.edition != ""
    assert {series.edition for series in copied.series} == {copied.edition}


def test_another_word_or_name_is_another_edition(sample_root, tmp_path):
    """Every file that pages, dates or messages come from counts, and so does its name."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    found = [Snapshot(root, FOLDERS).edition]
    for name in ("content/terms.yaml", "content/messages/offered.md", "programmes/baby-massage.md"):
        file = root / name
        file.write_text(file.read_text("utf-8") + "\n", encoding="utf-8")
        found.append(Snapshot(root, FOLDERS).edition)
    page = next((root / "content/pages").glob("*.md"))
    page.rename(page.with_name("another.md"))
    found.append(Snapshot(root, FOLDERS).edition)

    assert len(set(found)) == 5


def test_content_that_changes_while_it_is_read_has_no_edition(
    sample_root, today, tmp_path, monkeypatch
):
    """What was read may be of both versions, so it is never taken for a published one."""
    root = shutil.copytree(sample_root, tmp_path / "root")
    terms = root / "content/terms.yaml"

    def saved_meanwhile(*_):
        terms.write_text(terms.read_text("utf-8") + "\n", encoding="utf-8")

    monkeypatch.setattr("portal.content.loader.check_links", saved_meanwhile)

    assert load(root, today=today).edition == ""


@pytest.mark.parametrize("settled", [edition._SETTLED, -(10**12)], ids=["by content", "by time"])
def test_a_snapshot_holds_until_something_else_is_in_the_files(
    sample_root, tmp_path, monkeypatch, settled
):
    """A file that was only touched is the same; one of the same size and time may be another.
    Files of the last seconds are compared by what is in them, older ones by their state first."""
    monkeypatch.setattr(edition, "_SETTLED", settled)
    root = shutil.copytree(sample_root, tmp_path / "root")
    terms, offered = root / "content/terms.yaml", root / "content/messages/offered.md"
    files = Snapshot(root, FOLDERS)
    (root / "centres/.DS_Store").write_bytes(b"\0")
    os.utime(terms, (1, 1))

    assert files.holds()

    status, text = offered.stat(), offered.read_text("utf-8")
    offered.write_text(text.swapcase(), encoding="utf-8")
    os.utime(offered, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert not files.holds()

    offered.write_text(text, encoding="utf-8")

    assert files.holds()

    terms.unlink()

    assert not files.holds()


def test_a_new_file_ends_what_a_snapshot_holds(sample_root, tmp_path):
    root = shutil.copytree(sample_root, tmp_path / "root")
    files = Snapshot(root, FOLDERS)
    (root / "programmes/another.md").write_text("", encoding="utf-8")

    assert not files.holds()
