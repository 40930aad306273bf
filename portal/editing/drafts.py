"""Content files written for editors, from their answers.

Each answer is read at once by the declarations that will read the file, so that a wrong weekday is
reported before the next question. Files are never overwritten. All content is read again with the
new files: if it has a mistake, they are deleted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from portal import content
from portal.content.date_checks import mistakes
from portal.content.front_matter import Problem, Values, Written, as_noun
from portal.content.school_calendar import school_calendar
from portal.content.sources import WHAT
from portal.directory import Directory, Series
from portal.directory.values import slugify
from portal.editing.schema import KINDS, Kind, fields_of, form_of
from portal.errors import PortalError

Answer = str | list[str]
_KINDS = {kind.name: kind for kind in KINDS}


class WritingError(PortalError):
    """A file that cannot be written as asked; the words say why, and what to do."""


# --- a new file ----------------------------------------------------------------------------------


@dataclass
class Draft:
    """A content file in progress: the answers so far, each checked."""

    kind_name: str
    directory: Directory
    fields: dict[str, Answer] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return _KINDS[self.kind_name]

    def answer(self, name: str, said: str) -> None:
        """Take an answer for a field. Raises WritingError with the remedy where it is wrong."""
        value = self._split(name, said)
        known = {**self._filled(), **self.fields, name: value}
        words = self._wrong(name, known)
        if words:
            raise WritingError(words)
        self.fields[name] = value

    def _split(self, name: str, said: str) -> Answer:
        form = form_of(fields_of(self.kind.model)[name])
        plain = form.written is not None and form.written.schema.get("type") == ["string", "number"]
        if form.one_or_many and not plain and "," in said:
            return [part.strip() for part in said.split(",") if part.strip()]
        return said.strip()

    def _filled(self) -> dict[str, Answer]:
        """Stand-ins for required fields that have not been asked yet."""
        model = self.kind.model
        needed = {name: info for name, info in fields_of(model).items() if info.is_required()}
        examples = {name: form_of(info).written for name, info in needed.items()}
        return {name: written.example for name, written in examples.items() if written}

    def _wrong(self, name: str, known: Mapping[str, Answer]) -> str:
        model: Any = self.kind.model
        written = Written("", values=Values(dict(known)))
        noun = as_noun(model, written, WHAT[model])
        if noun is None:
            own = [one.words for one in written.problems if one.words.startswith(f"'{name}'")]
            return (own or [written.problems[0].words])[0].removeprefix(f"'{name}': ")
        if isinstance(noun, Series) and (name == "starts" or "starts" in self.fields):
            answered = {*self.fields, name}
            for place, words in mistakes(noun, school_calendar(self.directory.terms)):
                if place and place[0] in answered:
                    return words
        return ""

    def text(self, body: str = "") -> str:
        """The file: each field with what it means above it."""
        lines = ["---"]
        declared = fields_of(self.kind.model)
        for name in (name for name in declared if name in self.fields):
            lines += [f"# {declared[name].description}", _line(name, self.fields[name])]
        lines += ["# More fields: content/FIELDS.md", "---", ""]
        return "\n".join(lines) + (f"\n{body.strip()}\n" if body.strip() else "")


def _line(name: str, value: Answer) -> str:
    if isinstance(value, list):
        return f"{name}: [{', '.join(scalar(part, inside=True) for part in value)}]"
    return f"{name}: {scalar(value)}"


def scalar(value: str, *, inside: bool = False) -> str:
    """A value as YAML, between quotes where it would be read as something else."""
    plain = f"[{value}]" if inside else value
    wanted = [value] if inside else value
    try:
        read = yaml.load(f"field: {plain}\n", Loader=yaml.BaseLoader)  # noqa: S506 - text alone
    except yaml.YAMLError:
        read = None
    if read == {"field": wanted} and value and " #" not in value:
        return value
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def place_of(draft: Draft, slug: str, centre: str | None = None) -> Path:
    """The path of a new file from the root. Raises WritingError if the name cannot be used."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        better = slugify(slug) or "my-group"
        raise WritingError(
            f"'{slug}' cannot be part of an address. Use small letters, digits and single hyphens, "
            f"like '{better}'."
        )
    if draft.kind_name == "programme":
        return Path("programmes") / f"{slug}.md"
    if draft.kind_name == "news":
        return Path("content/news") / f"{slug}.md"
    if draft.kind_name == "board":
        return Path("content/boards") / f"{slug}.md"
    if draft.kind_name == "series":
        found = draft.directory.centre(centre or "")
        if found is None:
            raise WritingError(f"there is no centre '{centre}'. Write the name of its folder.")
        return Path(found.source).parent / f"{slug}.md"
    district = draft.directory.district(str(draft.fields["district"]))
    if district is None:
        known = ", ".join(one.slug for one in draft.directory.districts)
        raise WritingError(f"'{draft.fields['district']}' is not a district. Known: {known}.")
    footprint = draft.directory.footprint_of(district)
    return Path("centres") / footprint.slug / slug / "index.md"


def doubled_with(identity: str, problems: Sequence[Problem]) -> list[str]:
    """The series in the same place at the same time, as `alongside` names them.

    Empty if there is a mistake of another kind as well, which `alongside` would not take away.
    """
    if not all(identity in problem.doubles for problem in problems):
        return []
    others = (one for problem in problems for one in problem.doubles if one != identity)
    here = f"{identity.partition('/')[0]}/"
    return [*dict.fromkeys(one.removeprefix(here) for one in others)]


def add(root: Path, files: Mapping[Path, str], *, today: date) -> Directory:
    """Write new files, and read all the content with them.

    Raises WritingError if one exists already, and ContentError if the content would have a mistake;
    then all are deleted.
    """
    for path in files:
        if (root / path).exists():
            raise WritingError(
                f"{path.as_posix()} already exists and has not been changed. Choose another "
                "name, or edit that file."
            )
    made: list[Path] = []
    whole = False
    try:
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                made.append(file)
                opened.write(text)
        directory = content.load(root, today=today)
        whole = True
        return directory
    except UnicodeEncodeError as error:
        raise WritingError(
            "An answer contains something that is not text. Type it again."
        ) from error
    except OSError as error:
        raise WritingError(f"The file cannot be written: {error.strerror}.") from error
    finally:
        for file in () if whole else made:
            file.unlink(missing_ok=True)
            with suppress(OSError):  # other files are there
                file.parent.rmdir()
