"""The files of a centre as somebody edits them: on the disk, in her draft, and in others' drafts.

Every path is made here, of a centre that the directory knows and a name that the reader would take;
no part of an address becomes part of a path otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from flask import abort
from sqlalchemy import Engine

from portal.content.paths import is_content_path, is_picture
from portal.directory import Centre, Series
from portal.directory.vocabularies import LANGUAGES
from portal.editing import content_drafts
from portal.editing.content_drafts import ContentDraft, DraftFile
from portal.editing.files import bytes_of
from portal.web.live.context import live
from portal.web.staff.access import current, now, of_content, to

CONTENT = "/staff/content"

OF_CONTENT = of_content("centre")
OF_REVIEW = replace(OF_CONTENT, reads="review content", changes="review content")
EDITORS = to("edit content")


def centres() -> list[Centre]:
    """The centres whose files she may change, by title."""
    staff, directory = current(), live().directory
    mine = (one for one in directory.centres if staff.may_edit(one.slug, directory))
    return sorted(mine, key=lambda one: one.title.casefold())


def content_to_review(engine: Engine) -> int:
    """How many drafts wait for her to look at them."""
    if not current().may("review content"):
        return 0
    return content_drafts.waiting(engine, {one.slug for one in centres()})


@dataclass(frozen=True, slots=True)
class Desk:
    """A centre's files for one person, at one moment."""

    centre: Centre
    draft: ContentDraft | None
    others: tuple[ContentDraft, ...]

    @property
    def path(self) -> str:
        """The address of the centre's page here."""
        return f"{CONTENT}/{self.centre.slug}"

    @property
    def folder(self) -> PurePosixPath:
        return PurePosixPath(self.centre.source).parent

    def source(self, name: str) -> str:
        """The path of a file from the root; 403 if no file could have the name."""
        path = f"{self.folder}/{name}"
        if not is_content_path(path):
            abort(403)
        return path

    def on_disk(self, name: str) -> bytes | None:
        """The file as it is published from; None if there is none."""
        return bytes_of(live().settings.root, self.source(name))

    def drafted(self, name: str) -> DraftFile | None:
        return self.draft.files.get(self.source(name)) if self.draft else None

    def text(self, name: str) -> bytes | None:
        """The file as she has it: from her draft, or else from the disk."""
        drafted = self.drafted(name)
        return drafted.after if drafted else self.on_disk(name)

    def texts(self) -> list[str]:
        """The names of all Markdown files, those of the draft included."""
        found = {one.name for one in self._listed()}
        found |= {one.name for one in self.draft.files.values()} if self.draft else set()
        return sorted(name for name in found if name.endswith(".md") and self._fits(name))

    def pictures(self) -> list[str]:
        """The names of the pictures beside the centre's page."""
        found = {one.name for one in self._listed() if is_picture(one.name)}
        drafted = self.draft.files.values() if self.draft else ()
        found |= {one.name for one in drafted if is_picture(one.name)}
        return sorted(found - {one.name for one in drafted if one.after is None})

    def _listed(self) -> list[Path]:
        folder = live().settings.root / self.folder
        return [*folder.iterdir()] if folder.is_dir() else []

    def _fits(self, name: str) -> bool:
        return is_content_path(f"{self.folder}/{name}")

    def series(self, name: str) -> Series | None:
        """The series that a file is published as."""
        slug = name.partition(".")[0]
        return live().directory.find_series(f"{self.centre.slug}/{slug}")

    def title(self, name: str) -> str:
        """What a file is called on these pages."""
        if is_picture(name):
            return f"Picture {name}"
        slug, _, language = name.removesuffix(".md").partition(".")
        series = self.series(name)
        said = "The centre’s page" if slug == "index" else series.name if series else slug
        return f"{said}, {LANGUAGES[language]}" if language in LANGUAGES else said

    def others_at(self, name: str) -> list[str]:
        """Who else has a draft of a file."""
        path = self.source(name)
        return [one.author for one in self.others if path in one.files]

    def put(self, *files: DraftFile, rebase: bool = False) -> None:
        """Keep files in her draft."""
        with live().database() as engine:
            content_drafts.put(
                engine, current().id, self.centre.slug, files, now=now(), rebase=rebase
            )


def desk_of(centre: str) -> Desk:
    """The files of the centre that an address names, by its slug of today."""
    found = live().directory.centre(centre)
    if found is None:
        abort(403)
    with live().database() as engine:
        drafts = content_drafts.open_drafts(engine, {found.slug})
    mine = [one for one in drafts if one.staff_id == current().id]
    others = tuple(one for one in drafts if one.staff_id != current().id)
    return Desk(found, mine[0] if mine else None, others)
