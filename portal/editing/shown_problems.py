"""What staff read of a mistake in the files: nothing of groups that they may not edit (S3).

`portal check` names file, line, day and time of each mistake, for people who may read all files.
Staff of one centre may not: a mistake in their own file may name a sensitive group, or a group of
another centre. Then they read that there is one, and what they can do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from portal.content import Problem
from portal.content.front_matter import Clash
from portal.directory import Directory, Series

_FILE = re.compile(r"centres(?:/[^\s/:]+)+\.[a-z]+", re.IGNORECASE)
_ELSEWHERE = "A file that you cannot see"
_CLASHES = "this does not fit with a file that you cannot see. Ask the person who runs the portal."

MayEdit = Callable[[str], bool]  # the slug of a centre


@dataclass(frozen=True, slots=True)
class Shown:
    """A mistake in words for one member of staff. `path` is '' where it is not for them."""

    path: str
    place: str  # file and line
    words: str
    hides: bool = False

    @property
    def sentence(self) -> str:
        return self.words[:1].upper() + self.words[1:]


def shown(
    problems: Iterable[Problem], own: Iterable[str], directory: Directory, may_edit: MayEdit
) -> list[Shown]:
    """The mistakes for somebody who edits the files of `own`, each said once."""
    reader = _Reader(frozenset(own), directory, may_edit)
    return list(dict.fromkeys(reader.shown(one) for one in problems))


def as_written(problem: Problem) -> Shown:
    """For people who may read all files."""
    return Shown(problem.path, f"{problem.path}, line {problem.line}", problem.words)


@dataclass(frozen=True, slots=True)
class _Reader:
    own: frozenset[str]
    directory: Directory
    may_edit: MayEdit

    def shown(self, problem: Problem) -> Shown:
        if problem.clash is not None:
            found = self._clash(problem, problem.clash)
            if found is not None:
                return found
        if not self._sees(problem.path):
            words = "it has a mistake. The person who runs the portal sees which."
            return Shown("", _ELSEWHERE, words, hides=True)
        said = as_written(problem)
        return replace(said, words=_CLASHES) if self._names_hidden(problem) else said

    def _clash(self, problem: Problem, clash: Clash) -> Shown | None:
        """In the words of a form, if one of the two is the reader's own. None if neither is."""
        sources = [self._source(identity, problem) for identity in clash.series]
        mine = [number for number in (0, 1) if sources[number] in self.own]
        if not mine:
            return None
        own, other = mine[-1], 1 - mine[-1]
        source = sources[own]
        place = as_written(problem).place if problem.path == source else source
        if not self._sees(sources[other]):
            words = f"Another group {clash.what}. {clash.remedy}"
            return Shown(source, place, words, hides=True)
        found = self.directory.find_series(clash.series[other])
        name = _name(found) if found else PurePosixPath(sources[other]).stem
        words = f"{name} {clash.what}: {clash.when[other]}. {clash.remedy}"
        return Shown(source, place, words)

    def _source(self, identity: str, problem: Problem) -> str:
        """The file of a series, which may be a draft that the directory does not have."""
        found = self.directory.find_series(identity)
        if found is not None:
            return found.source
        centre, _, slug = identity.partition("/")
        name = f"/{centre}/{slug}.md"
        if problem.path.endswith(name):
            return problem.path
        return next((path for path in self.own if path.endswith(name)), name)

    def _sees(self, path: str) -> bool:
        """Whether the reader may know of a file: her own, of no centre, or open to editors."""
        parts = PurePosixPath(path).parts
        if path in self.own or parts[0] in ("content", "programmes"):
            return True
        if parts[-1].startswith("index."):
            return True  # the page of a centre is public
        if len(parts) < 4 or not self.may_edit(parts[-2]):
            return False
        found = self.directory.find_series(f"{parts[-2]}/{parts[-1].partition('.')[0]}")
        return found is None or not found.programme.sensitive

    def _names_hidden(self, problem: Problem) -> bool:
        """Whether the words name a file or a series that the reader may not know of."""
        if any(not self._sees(path) for path in _FILE.findall(problem.words)):
            return True
        if "/" not in problem.words:
            return False
        every = (*self.directory.series, *self.directory.private_series)
        return any(one.identity in problem.words and not self._sees(one.source) for one in every)


def _name(series: Series) -> str:
    return f"{series.name}, {series.centre.title},"
