"""Reads the content folders: finds the files, and reads each by itself.

A file that the portal does not use is reported as a mistake: it may be a session that families
would never see. What systems and editors leave behind is passed over (`file_names`). A name is
checked before anything is done with it, because it becomes an address and a path of the site. Links
are not followed, and nothing but plain files is opened.

Checks across files are in `checks`.
"""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from portal.content import prose
from portal.content.cache import Asked, FileCache, Reading, digest, key_of
from portal.content.file_names import (
    copy_of,
    ending_words,
    name_words,
    passed_over,
    right_name,
)
from portal.content.front_matter import (
    LARGEST_FILE,
    Problem,
    Written,
    as_noun,
    check_remark,
    one_line,
    read_bytes,
    read_text,
    read_written,
    read_yaml,
)
from portal.content.paths import REPORT, TABLES, is_picture, is_slug
from portal.content.pictures import fault
from portal.content.published_quarters import read_report
from portal.content.sources import TRANSLATED, WHAT, CentreFolder, Row, Text, TextT, Tree
from portal.directory import (
    Board,
    Centre,
    Footprints,
    HelpPage,
    News,
    Page,
    Programme,
    PublishedReport,
    Resources,
    Series,
    Site,
    Terms,
    TextFile,
)
from portal.directory.likely import likely_word
from portal.directory.values import LONGEST_SLUG, near, slugify
from portal.directory.vocabularies import LANGUAGES

NounT = TypeVar("NounT", Site, Footprints, Terms, Resources)

_SIGNATURES = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".webp": b"RIFF",
}


# FIELDS.md and schema/ are written by `portal schema`.
_CONTENT_FILES = (*TABLES, "FIELDS.md")
_CONTENT_FOLDERS = ("pages", "news", "help", "boards", "messages", "reports", "schema")
_PLACE_COLUMNS = (
    "name", "district", "latitude", "longitude", "kind", "precision", "population", "outcode",
)  # fmt: skip
_OUTCODE_COLUMNS = ("code", "latitude", "longitude", "districts")
_NEIGHBOUR_COLUMNS = ("name", "council", "latitude", "longitude", "outcodes")


def read_tree(
    root: Path, memory: FileCache | None = None, digests: Mapping[str, bytes] | None = None
) -> Tree:
    """Read content/, centres/ and programmes/ of a root. Mistakes are in `problems`.

    With a `memory`, files that have not been touched since it last saw them are not read again.
    `digests` are those of the files, by path from the root, where they are known already.
    """
    return _Reader(root, memory or FileCache(), digests or {}).read()


def read_again(root: Path, file: str, images_at: str, memory: FileCache) -> Reading:
    """One series by itself, by its path from the root, as `read_tree` reads it."""
    return memory.readings([Asked(f"{root}/{file}", file, Series, images_at, False)], _read, {})[0]


class _Reader:
    """Walks the folders once, in the order of their names."""

    def __init__(self, root: Path, memory: FileCache, digests: Mapping[str, bytes]) -> None:
        self._root = root
        self._memory = memory
        self._digests = digests
        self._start = f"{root}/"  # Joining strings is much quicker than joining paths.
        self._tree = Tree([])
        self._asked: list[tuple[Text[Any], Asked]] = []

    def read(self) -> Tree:
        self._read_content()
        for files, folders in self._listed("programmes"):
            self._no_folders("programmes", folders, "Only programmes belong in this folder.")
            pictures = [name for name in files if Path(name).suffix.lower() in _SIGNATURES]
            for name in pictures:
                self._image("programmes", self._tree.programme_images, name)
            texts = [name for name in files if name not in pictures]
            self._tree.programmes = self._texts(Programme, "programmes", texts)
        for files, folders in self._listed("centres"):
            for name in files:
                self._stray(f"centres/{name}", "Only the footprints' folders belong here.")
            for footprint in folders:
                self._read_footprint(footprint)
        # All at once, so that they can be read side by side.
        found = self._memory.readings([asked for _, asked in self._asked], _read, self._digests)
        for (text, _), reading in zip(self._asked, found, strict=True):
            text.written, text.noun, text.prose = reading.written, reading.noun, reading.prose
        return self._tree

    # --- folders ---------------------------------------------------------------------------

    def _read_content(self) -> None:
        tree = self._tree
        for files, folders in self._listed("content"):
            for name in files:
                right = _right_table(name)
                if right and right != name:
                    remedy = f"Name it '{right}'."
                    if right in files:
                        remedy = f"There is a '{right}' too: compare the two, and delete one."
                    self._wrong(f"content/{name}", f"the portal does not read this. {remedy}")
                elif not right:
                    self._unknown("files", f"content/{name}", _CONTENT_FILES, files)
            for name in folders:
                if name not in _CONTENT_FOLDERS:
                    self._unknown("folders", f"content/{name}", _CONTENT_FOLDERS, folders)
            tree.site = self._yaml(Site, "content/site.yaml", files)
            tree.footprints = self._yaml(Footprints, "content/footprints.yaml", files)
            tree.terms = self._yaml(Terms, "content/terms.yaml", files)
            if "resources.yaml" in files:
                tree.resources = self._yaml(Resources, "content/resources.yaml", files)
            tree.places = self._table("content/places.csv", files, _PLACE_COLUMNS, ("also",))
            tree.outcodes = self._table(
                "content/outcodes.csv", files, _OUTCODE_COLUMNS, ("postcodes",)
            )
            if "neighbours.csv" in files:
                tree.neighbours = self._table("content/neighbours.csv", files, _NEIGHBOUR_COLUMNS)
            if "outline.json" in files:
                path = "content/outline.json"
                tree.outline = read_text(self._root / path, path, tree.problems)
        for files, folders in self._listed("content/pages"):
            self._no_folders("content/pages", folders, "Only pages belong in this folder.")
            tree.pages = self._texts(Page, "content/pages", files)
        for files, folders in self._listed("content/news"):
            self._no_folders("content/news", folders, "Only news belongs in this folder.")
            tree.news = self._texts(News, "content/news", files)
        for files, folders in self._listed("content/help"):
            self._no_folders("content/help", folders, "Only help pages belong in this folder.")
            tree.help_pages = self._texts(HelpPage, "content/help", files)
        for files, folders in self._listed("content/reports"):
            self._no_folders("content/reports", folders, "Only published quarters belong here.")
            self._read_reports(files)
        for files, folders in self._listed("content/boards"):
            self._no_folders("content/boards", folders, "Only boards belong in this folder.")
            tree.boards = self._texts(Board, "content/boards", files)
        # What the messages say is read by `message_texts`.
        for files, folders in self._listed("content/messages"):
            self._no_folders("content/messages", folders, "Only messages belong in this folder.")
            for name in files:
                if not name.endswith(".md") and not self._misnamed("content/messages", name, files):
                    self._stray(
                        f"content/messages/{name}", "Only Markdown files belong in this folder."
                    )

    def _read_reports(self, files: Iterable[str]) -> None:
        """The published quarters. The portal writes these files, so nobody should edit one."""
        paths = []
        for name in files:
            path = f"content/reports/{name}"
            if REPORT.fullmatch(name):
                paths.append(path)
            else:
                self._stray(path, "Published quarters have names like '2026-Q4.json'.")
        key = key_of(paths, self._digests)
        reports, problems = (
            self._memory.made("reports", key, lambda: self._reports(paths))
            if key
            else self._reports(paths)
        )
        self._tree.reports += reports
        self._tree.problems += problems

    def _reports(self, paths: Iterable[str]) -> tuple[list[PublishedReport], list[Problem]]:
        reports: list[PublishedReport] = []
        problems: list[Problem] = []
        for path in paths:
            text = read_text(self._root / path, path, problems)
            if text is None:
                continue
            found, problem = read_report(text, path)
            if found is not None:
                reports.append(found)
            if problem is not None:
                problems.append(problem)
        return reports, problems

    def _read_footprint(self, footprint: str) -> None:
        path = f"centres/{footprint}"
        for files, folders in self._listed(path):
            for name in files:
                self._stray(f"{path}/{name}", "Only the centres' folders belong here.")
            for slug in self._slugs(path, folders):
                self._read_centre(footprint, slug)

    def _read_centre(self, footprint: str, slug: str) -> None:
        path = f"centres/{footprint}/{slug}"
        for files, folders in self._listed(path):
            if not files and not folders:
                continue  # What git leaves behind where a centre has been removed.
            self._no_folders(path, folders, "Only a centre and its series belong in this folder.")
            folder = CentreFolder(slug, footprint, path)
            self._tree.centres.append(folder)
            markdown = [name for name in files if name.endswith(".md")]
            for name in files:
                if Path(name).suffix.lower() in _SIGNATURES:
                    self._image(folder.path, folder.images, name)
                elif not name.endswith(".md") and not self._misnamed(path, name, files):
                    self._stray(f"{path}/{name}", "Only Markdown files and pictures belong here.")
            index = [name for name in markdown if name.startswith("index.")]
            series = [name for name in markdown if not name.startswith("index.")]
            address = f"/centres/{slug}/"
            centres = self._texts(Centre, path, index, address, beside=files)
            if "index.md" in index:
                folder.centre = centres[0]
                folder.centre.slug = slug
            elif not index and not any(right_name(name) == "index.md" for name in files):
                self._wrong(
                    f"{path}/index.md", "this file is missing. Add it to describe the centre."
                )
            folder.series = self._texts(Series, path, series, address, beside=files)

    def _image(self, folder: str, images: dict[str, Path], name: str) -> None:
        path = f"{folder}/{name}"
        file = self._root / path
        stem, suffix = file.stem, file.suffix
        if not is_picture(name):
            better = f"{slugify(stem) or 'picture'}{suffix.lower()}"
            what = "is too long" if len(stem) > LONGEST_SLUG else "cannot be part of an address"
            self._wrong(path, f"'{name}' {what}. Name it '{better}'.")
        try:
            with file.open("rb") as opened:
                start = opened.read(16)
            size = file.stat().st_size
        except OSError as error:
            self._wrong(path, f"the picture cannot be read ({error.strerror}). Make it readable.")
            return
        if size > LARGEST_FILE:
            self._wrong(path, "the picture is larger than 1 MB. Make it smaller, about 100 KB.")
        elif not start.startswith(_SIGNATURES[suffix.lower()]):
            self._wrong(
                path, f"this is not a {suffix[1:].lower()} picture. Save it again in that format."
            )
        elif words := self._memory.picture(self._start + path, lambda: fault(file)):
            self._wrong(path, words)
        images[name] = file

    def _listed(self, path: str) -> Iterator[tuple[list[str], list[str]]]:
        """The names of plain files and of folders, if there is such a folder. Nothing else."""
        files: list[str] = []
        folders: list[str] = []
        try:
            entries = sorted(os.scandir(self._root / path), key=lambda entry: entry.name)
        except FileNotFoundError:
            if path == "content":
                yield files, folders
            return
        except OSError as error:
            self._wrong(
                path, f"this folder cannot be read ({error.strerror}). Make it a readable folder."
            )
            return
        for entry in entries:
            name = entry.name
            if passed_over(name):
                continue
            if entry.is_symlink():
                self._wrong(f"{path}/{name}", "this is a symbolic link. Put the file itself here.")
            elif entry.is_dir(follow_symlinks=False):
                # 'New folder', which somebody made and left.
                if "." in name or not _is_empty(entry.path):
                    folders.append(name)
            elif entry.is_file(follow_symlinks=False):
                files.append(name)
            else:
                self._wrong(f"{path}/{name}", "this is neither a file nor a folder. Delete it.")
        yield files, folders

    # --- names -----------------------------------------------------------------------------

    def _slugs(
        self, path: str, names: Iterable[str], suffix: str = "", beside: Iterable[str] = ()
    ) -> Iterator[str]:
        """The names that can be addresses; the others are mistakes. `beside` are other names."""
        known = list(names)
        for name in known:
            if is_slug(name):
                yield name
                continue
            twin = next((one for one in known if one != name and _folded(one) == _folded(name)), "")
            if twin:
                words = (
                    f"'{name}' cannot be part of an address. On some computers it is the same name "
                    f"as '{twin}'. Delete one of them."
                )
            else:
                words = " ".join(name_words(name, suffix, {*known, *beside}))
            self._wrong(f"{path}/{name}{suffix}", words)

    def _misnamed(self, path: str, name: str, files: Collection[str]) -> bool:
        """Whether the ending of a file was a slip, which is then reported."""
        right = right_name(name)
        if name.endswith(".txt") and not right and self._has_fields(f"{path}/{name}"):
            right = f"{name[:-4]}.md"
        if right:
            self._wrong(f"{path}/{name}", ending_words(name, right, files))
        return bool(right)

    def _has_fields(self, path: str) -> bool:
        try:
            with (self._root / path).open("rb") as file:
                return file.read(6).removeprefix(b"\xef\xbb\xbf").startswith(b"---")
        except OSError:
            return False

    def _wrong(self, path: str, words: str) -> None:
        shown = one_line(path.encode("utf-8", "backslashreplace").decode())
        words = one_line(words.encode("utf-8", "backslashreplace").decode())
        self._tree.problems.append(Problem(shown, 1, 1, words))

    def _stray(self, path: str, words: str) -> None:
        self._wrong(path, f"the portal does not use this. {words} Move or delete it.")

    def _unknown(
        self, what: str, path: str, known: Collection[str], beside: Collection[str]
    ) -> None:
        """A file or folder of content/ that is none, perhaps by a slip in its name."""
        likely = likely_word(path.rpartition("/")[2], known)
        if likely and likely not in beside:
            self._wrong(path, f"the portal does not use this. Name it '{likely}', or delete it.")
            return
        words = f"The {what} here are {', '.join(known)}."
        if likely:
            words += f" There is a '{likely}' too: compare the two."
        self._stray(path, words)

    def _no_folders(self, path: str, folders: Iterable[str], words: str) -> None:
        for name in folders:
            self._stray(f"{path}/{name}", words)

    # --- files -----------------------------------------------------------------------------

    def _yaml(self, model: type[NounT], path: str, files: Iterable[str]) -> NounT | None:
        if path.rpartition("/")[2] not in files:
            self._wrong(path, "this file is missing. Add it, or correct the setting PORTAL_ROOT.")
            return None
        written = self._tree.written[path] = read_yaml(self._root / path, path)
        return as_noun(model, written, path)

    def _table(
        self,
        path: str,
        files: Iterable[str],
        columns: tuple[str, ...],
        more: tuple[str, ...] = (),
    ) -> list[Row]:
        """The rows of a table, which may leave out the columns `more`."""
        if path.rpartition("/")[2] not in files:
            self._wrong(path, "this file is missing. Add it, or correct the setting PORTAL_ROOT.")
            return []
        problems = self._tree.problems
        return self._memory.rows(
            self._start + path, lambda: self._rows(path, columns, more), problems
        )

    def _rows(self, path: str, columns: tuple[str, ...], more: tuple[str, ...]) -> list[Row]:
        text = read_text(self._root / path, path, self._tree.problems)
        if text is None:
            return []
        rows: list[Row] = []
        header, *lines = text.split("\n")
        given = tuple(header.strip().split(","))
        if given == (*columns, *more):
            columns = given
        if given != columns:
            self._wrong(path, f"the columns are wrong. The first line must be: {','.join(columns)}")
            return []
        for number, line in enumerate(lines, 2):
            if not line.strip():
                continue
            cells = _cells(line)
            if len(cells) == len(columns):
                rows.append(Row(number, dict(zip(columns, cells, strict=True))))
            else:
                words = f"this line has {len(cells)} values, not {len(columns)}. Check the commas."
                self._tree.problems.append(Problem(path, number, 1, words))
        return rows

    def _texts(
        self,
        model: type[TextT],
        path: str,
        files: Sequence[str],
        images_at: str = "",
        beside: Sequence[str] = (),
    ) -> list[Text[TextT]]:
        """The Markdown files of a folder, each with its translations. `beside`: all files."""
        originals: dict[str, Text[TextT]] = {}
        translations: list[tuple[str, str, str]] = []
        stems = []
        known = {name.removesuffix(".md") for name in beside or files}
        for name in files:
            stem, dot, suffix = name.rpartition(".")
            slug, _, language = stem.partition(".")
            if self._misnamed(path, name, beside or files):
                continue
            if suffix != "md" or not dot:
                self._stray(f"{path}/{name}", f"The file of {WHAT[model]} ends in '.md'.")
            elif language and copy_of(stem, known):
                self._wrong(f"{path}/{name}", " ".join(name_words(stem, ".md", known)))
            elif language:
                translations.append((name, slug, language))
            else:
                stems.append(stem)
        for slug in self._slugs(path, stems, ".md", known):
            originals[slug] = self._text(model, path, f"{slug}.md", slug, images_at)
        for name, slug, language in translations:
            original = originals.get(slug)
            if self._may_translate(f"{path}/{name}", slug, language, original is not None):
                text = self._text(model, path, name, slug, images_at, translates=True)
                if original:
                    original.translations[language] = text
        return list(originals.values())

    def _text(
        self,
        model: type[TextT],
        path: str,
        name: str,
        slug: str,
        images_at: str,
        translates: bool = False,
    ) -> Text[TextT]:
        """The text of a file, which is read when all files are known."""
        file = f"{path}/{name}"
        text: Text[TextT] = Text(slug, file, Written(file), None, prose.Prose())
        self._asked.append((text, Asked(self._start + file, file, model, images_at, translates)))
        return text

    def _may_translate(self, path: str, slug: str, language: str, original: bool) -> bool:
        claimed = self._tree.site.languages if self._tree.site else tuple(LANGUAGES)
        if not original:
            self._wrong(
                path, f"there is no '{slug}.md' for this to translate. Correct the file's name."
            )
        elif language not in LANGUAGES:
            likely = likely_word(language, LANGUAGES) or _language_named(language)
            remedy = f"Name the file like '{slug}.ur.md' for Urdu."
            if likely:
                remedy = f"Name it '{slug}.{likely}.md' for {LANGUAGES[likely]}."
            known = ", ".join(LANGUAGES)
            self._wrong(path, f"'{language}' is not a known language. {remedy} Known: {known}.")
        elif language == claimed[0]:
            self._wrong(path, f"'{language}' is the language of '{slug}.md'. Write it there.")
        elif language not in claimed:
            self._wrong(
                path,
                f"the site does not list the language '{language}'. "
                "Add it to 'languages' in content/site.yaml, or delete this file.",
            )
        else:
            return True
        return False


def _read(asked: Asked) -> Reading:
    """A Markdown file by itself: its fields, the noun that they make, and its text."""
    name, problems = asked.name, list[Problem]()
    raw = read_bytes(asked.path, name, problems)
    written = Written(name, problems) if raw is None else read_written(raw, name, has_body=True)
    made = prose.render(written.body, images_at=asked.images_at)
    for line, words in made.problems:
        written.wrong_at(written.body_line + line - 1, 1, words)
    noun = None
    if asked.translates:
        _check_translated(asked.model, written, made)
    else:
        noun = as_noun(asked.model, written, WHAT[asked.model])
    written.values.pack()
    return Reading(b"" if raw is None else digest(raw), written, noun, made)


def _right_table(name: str) -> str:
    """The file of content/ that is meant by a name, such as 'Site.yml' or 'site.yaml.txt'."""
    plain = name.casefold().removesuffix(".txt")
    plain = f"{plain[:-4]}.yaml" if plain.endswith(".yml") else plain
    return next((one for one in _CONTENT_FILES if one.casefold() == plain), "")


def _language_named(name: str) -> str:
    """The code of a language by its name: 'urdu' -> 'ur'."""
    codes = {words.lower(): code for code, words in LANGUAGES.items()}
    return codes.get(name.lower(), "")


def _is_empty(path: str) -> bool:
    """Whether there is nothing in a folder but litter and other empty folders."""
    try:
        with os.scandir(path) as entries:
            return all(
                passed_over(entry.name)
                or (entry.is_dir(follow_symlinks=False) and _is_empty(entry.path))
                for entry in entries
            )
    except OSError:
        return False


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return []


def _check_translated(model: type[TextFile], written: Written, made: prose.Prose) -> None:
    """A translation holds some of the fields with words, and nothing else."""
    names = TRANSLATED[model]
    fields = {info.alias or name for name, info in model.model_fields.items()}
    noted = {(problem.line, problem.column) for problem in written.problems}
    for name, value in (written.fields or {}).items():
        if written.at((name,)) in noted:
            continue
        if name not in names:
            words = f"'{name}' is not a field of a translation.{near(name, names)}"
            if name in fields:
                words = f"'{name}' cannot be translated: it is taken from the original. "
                words += "Remove the line."
            written.wrong((name,), f"{words} Fields: {', '.join(names)}.")
        elif not isinstance(value, str):
            written.wrong((name,), f"'{name}': write it as text on one line.")
        elif not value.strip():
            written.wrong((name,), f"'{name}' is empty. Write something, or remove the line.")
        else:
            check_remark(written, (name,))
    if written.fields == {} and not made.html:
        written.wrong((), "this translation is empty. Write something, or delete it.")


def translated_fields(text: Text[TextT]) -> dict[str, str]:
    """The fields that a translation gives."""
    return {name: " ".join(value.split()) for name, value in (text.written.fields or {}).items()}
