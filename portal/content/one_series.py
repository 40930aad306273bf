"""Reads one series whose file was saved, without reading the county again.

A whole county takes seconds to check and link, and hardly ever has more than one file changed. The
answer is the series as `load` would give it, or None wherever that cannot be said from this file
alone. So None is no mistake: it means that the content has to be loaded.

What `load` compares between files is decided here in one of three ways. Names, addresses and
headings, which other files may refer to, must be as they were. Clashes are looked for among the
series in the same place or with the same resource. All other checks concern one file at a time,
and the others had no mistakes.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from portal.content import double_checks, resource_checks
from portal.content.cache import FileCache, Reading
from portal.content.checks import check_changed, check_towns_of
from portal.content.loader import Loaded
from portal.content.reader import read_again
from portal.content.sources import CentreFolder, Text
from portal.directory import Series


class OneSeries:
    """The content of a root as it was loaded, and the series that were read again since."""

    def __init__(self, root: Path, loaded: Loaded, memory: FileCache) -> None:
        """`memory` is that with which it was loaded."""
        self._root, self._loaded, self._memory = root, loaded, memory
        self.digests = dict(loaded.digests)  # of the files of which it is the content
        self._places = {
            text.file: (folder, number)
            for folder in loaded.tree.centres
            for number, text in enumerate(folder.series)
        }

    def read(self, file: str) -> Series | None:
        """The series as its file says now, by the file's path from the root; None: load it all.

        It is linked to the nouns of the Directory, which itself is left as it is. The next call
        compares with this series.
        """
        if file not in self._places or not self._is_plain(file):
            return None
        loaded, (folder, number) = self._loaded, self._places[file]
        before = folder.series[number]
        reading = self._read(folder, file)
        text: Text[Series] = Text(
            before.slug, file, reading.written, reading.noun, reading.prose, before.translations
        )
        if not self._may_be_alone(before, text) or folder.centre is None:
            return None
        centre = folder.centre.noun
        if text.noun is None or centre is None:
            return None
        others = list(self._others(folder, before, text.noun))
        check_changed(loaded.tree, folder, text, others)
        loaded.links.check(text)
        check_towns_of(text.written, text.noun, centre.district, loaded.gazetteer)
        if any(one.written.problems for one in (text, *(other for _, other in others))):
            return None
        if not loaded.changes.look_again(file):
            return None
        series = loaded.linking.changed(text, centre)
        folder.series[number] = text
        self.digests[file] = reading.digest
        return series

    def _is_plain(self, file: str) -> bool:
        try:
            return stat.S_ISREG((self._root / file).lstat().st_mode)
        except OSError:
            return False

    def _read(self, folder: CentreFolder, file: str) -> Reading:
        return read_again(self._root, file, f"/centres/{folder.slug}/", self._memory)

    def _may_be_alone(self, before: Text[Series], text: Text[Series]) -> bool:
        """Whether other files cannot have become wrong by what this one says now."""
        old, new = before.noun, text.noun
        if old is None or new is None or text.written.problems:
            return False
        sensitive = {
            one.slug: one.noun.sensitive for one in self._loaded.tree.programmes if one.noun
        }
        headings = ({one.id for one in each.prose.headings} for each in (before, text))
        return (
            old.aliases == new.aliases
            and sensitive.get(old.programme_slug) == sensitive.get(new.programme_slug)
            and next(headings) == next(headings)
        )

    def _others(
        self, folder: CentreFolder, before: Text[Series], series: Series
    ) -> Iterator[tuple[CentreFolder, Text[Series]]]:
        """The series with which it may clash, as they were read."""
        at_home = series.venue_fields is None and not series.resources
        for there in [folder] if at_home else self._loaded.tree.centres:
            for text in there.series:
                if text is before or text.noun is None:
                    continue
                if double_checks.may_clash(
                    folder.slug, series, there.slug, text.noun
                ) or resource_checks.may_clash(series, text.noun):
                    reading = self._read(there, text.file)
                    yield (
                        there,
                        Text(text.slug, text.file, reading.written, reading.noun, reading.prose),
                    )
