"""Keeps the result of reading each content file, for programs that read them often.

A preview reads the whole county at each save, and hardly ever more than one file is another. A
file is known by what the system says of it (times, size, inode), looked at before it is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from portal.content.front_matter import Problem
from portal.content.sources import Row, Text, TextT


class FileCache:
    """Texts and tables by their paths.

    What is handed out is a copy each time: to cross-check files is to add mistakes to them, and to
    link nouns is to write into them, and neither may be met again in the next reading.
    """

    def __init__(self) -> None:
        self._texts: dict[str, tuple[object, Text[Any]]] = {}
        self._rows: dict[str, tuple[object, list[Row]]] = {}
        self._pictures: dict[str, tuple[object, str]] = {}

    def text(self, path: str, make: Callable[[], Text[TextT]], asked: object) -> Text[TextT]:
        """The text of a file, read again if the file or the `asked` options have changed."""
        state = _state_of(path), asked
        known = self._texts.get(path)
        if known is None or known[0] != state:
            # The state from before the reading: a change meanwhile is seen next time.
            known = self._texts[path] = (state, make())
        found = known[1]
        written = replace(found.written, problems=list(found.written.problems))
        noun = found.noun.model_copy() if found.noun else None
        return replace(found, written=written, noun=noun, translations={})

    def rows(self, path: str, read: Callable[[], list[Row]], problems: list[Problem]) -> list[Row]:
        """The rows of a table. They are kept where reading it added no problem."""
        state, before = _state_of(path), len(problems)
        known = self._rows.get(path)
        if known is None or known[0] != state:
            known = state, read()
            if len(problems) == before:
                self._rows[path] = known
        return known[1]

    def picture(self, path: str, look: Callable[[], str]) -> str:
        """What is wrong with a picture, which is looked at again if its file has changed."""
        state, known = _state_of(path), self._pictures.get(path)
        if known is None or known[0] != state:
            known = self._pictures[path] = (state, look())
        return known[1]


def _state_of(path: str) -> object:
    try:
        stat = os.stat(path)  # noqa: PTH116 - hundreds of files, and paths are slow to make
    except OSError:
        return None
    # The inode and its time of change tell when an older file takes a name.
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
