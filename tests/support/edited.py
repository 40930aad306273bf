"""The sample in a folder that tests change in turn: much quicker than a copy for each of them."""

import filecmp
import shutil
from datetime import date

from portal import content
from portal.content import ContentError, FileCache

TODAY = date(2026, 11, 23)


class EditedSample:
    """The sample in a folder that is used again: only files that a test touched are read again."""

    def __init__(self, root, sample):
        self.root, self._sample, self._memory = root, sample, FileCache()
        shutil.copytree(sample, root)

    def reset(self):
        """Put every file back as it was."""
        for path in sorted(self.root.rglob("*"), reverse=True):
            if (self._sample / path.relative_to(self.root)).exists():
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
        for path in self._sample.rglob("*"):
            copy = self.root / path.relative_to(self._sample)
            if path.is_dir():
                copy.mkdir(exist_ok=True)
            elif not copy.exists() or not filecmp.cmp(path, copy):
                shutil.copy2(path, copy)

    def lay_over(self, folder):
        """Lay the files of a broken site over the sample; `remove.txt` names files to leave out."""
        removed = folder / "remove.txt"
        for path in removed.read_text().split("\n") if removed.exists() else ():
            if path:
                (self.root / path).unlink()
        ignored = shutil.ignore_patterns("expected.txt", "remove.txt")
        shutil.copytree(folder, self.root, dirs_exist_ok=True, ignore=ignored)

    def load(self):
        return content.load(self.root, today=TODAY, memory=self._memory)

    def problems(self):
        try:
            self.load()
        except ContentError as error:
            return error.problems
        return []
