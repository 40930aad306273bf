"""The edition of the content: a digest of every file that pages, dates and messages come from.

Two machines with the same files have the same edition, whenever and however the files arrived
there. The day, the times of files and what systems leave behind do not count. As in `reader`, only
plain files are opened.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from portal.content.file_names import passed_over
from portal.content.front_matter import LARGEST_FILE

_READ = (".md", ".yaml", ".csv")
_REPORTS = "content/reports/"
_OURS = ("content/FIELDS.md",)  # written by `portal schema`


def edition_of(root: Path, folders: Iterable[str]) -> str:
    """The edition of the files in these folders of a root, as they are now."""
    digest = hashlib.sha256()
    for name in sorted(one for folder in folders for one in _names(root, folder)):
        try:
            with open(f"{root}/{name}", "rb", 0) as file:  # noqa: PTH123 - thousands of files
                data = file.read(LARGEST_FILE + 1)  # a larger one is a mistake
        except OSError:
            data = b""  # gone meanwhile, or unreadable: the reader reports it
        digest.update(f"{name}\0{len(data)}\0".encode(errors="surrogateescape") + data)
    return digest.hexdigest()


def _names(root: Path, folder: str) -> Iterator[str]:
    try:
        with os.scandir(root / folder) as found:
            entries = [entry for entry in found if not passed_over(entry.name)]
    except OSError:
        return
    for entry in entries:
        name = f"{folder}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _names(root, name)
        elif entry.is_file(follow_symlinks=False) and _is_read(name):
            yield name


def _is_read(name: str) -> bool:
    ending = ".json" if name.startswith(_REPORTS) else _READ
    return name.endswith(ending) and name not in _OURS
