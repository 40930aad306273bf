"""Recognises litter of systems, copies and wrong endings by the names of files.

Windows, editors and sync programs leave files behind that nobody wrote. They are passed over, so
that they stop nothing; where one may hold work that was not saved, `leftovers` warns. A copy is a
mistake all the same, and its remedy must not be a name under which it would be published twice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from portal.content.front_matter import Problem, one_line
from portal.directory.values import LONGEST_SLUG, slugify

_LITTER = (
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "$recycle.bin",
    "system volume information", "__macosx", "@eadir", "lost+found", "__pycache__",
)  # fmt: skip
_PASSING = re.compile(
    r"\..*|~\$.*|.*~|.*\.(lnk|part|crdownload|pyc)|___jb_(tmp|old)___", re.DOTALL | re.IGNORECASE
)
_LEFT_OVER = re.compile(
    r".*\.(bak|backup|old|orig|rej|save|tmp|temp|sw[nop]|kate-swp|asd|wbk|autosave)"
    r"|#.*#|.*___jb_(tmp|old)___|.*\.(md|yaml|csv)[_-](old|backup|bak)",
    re.DOTALL | re.IGNORECASE,
)


# Nearly every name in a county: no other pattern matches one of these, and this is quicker to see.
_PLAIN = re.compile(r"[a-z][a-z0-9-]*(?:\.(?:md|yaml|csv))?")


def passed_over(name: str) -> bool:
    """Whether a file or folder is what systems and editors leave behind."""
    if _PLAIN.fullmatch(name):
        return False
    low = name.casefold()
    return (
        low in _LITTER
        or _PASSING.fullmatch(low) is not None
        or _LEFT_OVER.fullmatch(low) is not None
        or _written_by_vim(name)
    )


def _written_by_vim(name: str) -> bool:
    """Vim tries whether it may write in a folder with a file 4913, or else 5036, 5159..."""
    return re.fullmatch(r"[45]\d{3}", name, re.ASCII) is not None and (int(name) - 4913) % 123 == 0


def leftovers(root: Path, folders: Iterable[str]) -> list[Problem]:
    """Warnings of files that are passed over, and may hold work that was not saved."""
    found = []
    for folder in folders:
        for path, inner, names in os.walk(root / folder):
            inner[:] = sorted(name for name in inner if not passed_over(name))
            for name in sorted(names):
                if not name.startswith(".") and _LEFT_OVER.fullmatch(name):
                    file = (Path(path) / name).relative_to(root).as_posix()
                    shown = one_line(file.encode("utf-8", "backslashreplace").decode())
                    found.append(Problem(shown, 1, 1, _LEFT_WORDS, "warning"))
    return found


_LEFT_WORDS = (
    "an editor or a program left this behind, and the portal passes over it. It may hold work that "
    "was not saved: compare it with the file of that name, then delete it."
)


# --- endings and copies --------------------------------------------------------------------------

_MARKDOWN = re.compile(r"(.+?)((?:\.md)*)\.(md|markdown|mdown|mkd|txt)[ .]*", re.IGNORECASE)


def right_name(name: str) -> str:
    """The name that ends in '.md', for one in '.MD', '.md.txt' and the like; else nothing."""
    found = _MARKDOWN.fullmatch(name)
    if not found or name == f"{found[1]}.md" or (found[3].lower() == "txt" and not found[2]):
        return ""
    return f"{found[1]}.md"


def ending_words(name: str, right: str, files: Collection[str]) -> str:
    """What is wrong with the ending of a file, and what to name it."""
    ending = name[len(right) - 3 :]
    why = "Windows may hide a second ending. " if ending.lower() == ".md.txt" else ""
    words = f"the name ends in '{ending}', and not in '.md'. {why}"
    if right in files:
        return f"{words}There is a '{right}' too: compare the two, and delete one."
    return f"{words}Name it '{right}'."


_COPIES = (
    re.compile(r"(.+?)[-_. ]+(?:copy|kopie|copie|kopia|duplicate)(?:[-_ ]*\(?\d+\)?)?", re.I),
    re.compile(r"(?:copy|kopie|copie|kopia)(?: \(?\d+\)?)? (?:of|von|de) (.+)", re.I),
    re.compile(r"(.+?) *\(\d+\)"),
    re.compile(r"(.+?)[-_. ]*\(?[^()]*conflict(?:ed copy|ing copy|)[^()]*\)?", re.I),
    re.compile(r"(.+?)-(?:desktop|laptop|pc)-[a-z0-9]+(?:-\d+)?", re.I),
)


def copy_of(stem: str, stems: Collection[str]) -> str:
    """The file of the same folder that this one is a copy of, by its name, or nothing."""
    for pattern in _COPIES:
        found = pattern.fullmatch(stem)
        if found:
            for original in (found[1], slugify(found[1])):
                if original in stems and original != stem:
                    return original
    return ""


def name_words(stem: str, suffix: str, stems: Collection[str]) -> Iterator[str]:
    """What is wrong with a name that cannot be part of an address, and what to do."""
    better = slugify(stem)
    if original := copy_of(stem, stems):
        yield (
            f"'{stem}' looks like a copy of '{original}{suffix}'. Delete it, so that families do "
            "not see the same twice."
        )
        if original.partition(".")[0] != "index":
            yield (
                "If another one is meant, change what it says first, then give it a name that says "
                "which one it is, in small letters."
            )
        return
    if len(stem) > LONGEST_SLUG:
        yield f"the name has {len(stem)} characters, and may have at most {LONGEST_SLUG}."
    else:
        yield f"'{stem}' cannot be part of an address."
    if better in stems:
        yield f"There is a '{better}{suffix}' too: compare the two, and delete one."
    else:
        yield f"Name it '{better or 'my-group'}{suffix}'."
