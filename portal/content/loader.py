"""Loads the content folders as one Directory, or reports every mistake in them.

`reader` reads each file by itself, `checks` and `link_checks` compare the files, and only when
nothing is wrong does `linking` join the nouns: a series to its centre, programme, venue and
sessions. So every reference in a Directory leads somewhere, and no later module has to check.

`history` says when each file last changed, because calendar entries must say so and builds keep no
memory: the latest of the file's own `updated`, its last commit, and its time on disk if it differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from portal.content import file_names, message_texts
from portal.content.cache import FileCache, key_of
from portal.content.checks import check, check_towns
from portal.content.edition import Snapshot
from portal.content.front_matter import Problem
from portal.content.gazetteer import Gazetteer, read_map
from portal.content.history import Changes
from portal.content.link_checks import Links, check_links
from portal.content.linking import Linking
from portal.content.plausibility import doubts
from portal.content.plausible_places import FindPostcode
from portal.content.reader import read_tree
from portal.content.school_calendar import recall_bank_holidays
from portal.content.sources import Tree
from portal.directory import Centre, Directory, Programme, Series
from portal.directory.phrases import count
from portal.directory.values import LONDON, day_words
from portal.errors import PortalError

FOLDERS = ("content", "centres", "programmes")
_CHECK_AGAIN = timedelta(days=92)
_NEW_DATE_WITHIN = timedelta(weeks=4)


class ContentError(PortalError):
    """The content has mistakes: all of them, by file and line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


def load(
    root: Path,
    *,
    today: date,
    horizon_weeks: int = 26,
    postcodes: Path | None = None,
    postcode_districts: Path | None = None,
    memory: FileCache | None = None,
) -> Directory:
    """All the content under a root, as it is on a given day. Raises ContentError.

    Ongoing series are shown for so many weeks; calendars know them to the end of the school year.
    `postcodes` and `postcode_districts` are the files that `portal postcodes import` makes, if they
    have been made. Pass the same `memory` when reading a root again, or `KeptReadings` in another
    process: then only files that changed are read again.
    The Directory's `edition` is '' if files changed while they were read.
    """
    loaded = load_parts(root, memory or FileCache(), today, horizon_weeks)
    return with_postcodes(loaded.directory, postcodes, postcode_districts)


def with_postcodes(
    directory: Directory, postcodes: Path | None, postcode_districts: Path | None
) -> Directory:
    """A Directory with the postcodes of these files, where they are there."""
    imported = {"postcodes": postcodes, "postcode_districts": postcode_districts}
    there = {name: path.read_bytes() for name, path in imported.items() if path and path.is_file()}
    return directory.model_copy(update=there) if there else directory


@dataclass(frozen=True, slots=True)
class Loaded:
    """A Directory, without imported postcodes, and what it was made with."""

    directory: Directory
    tree: Tree
    gazetteer: Gazetteer
    links: Links
    changes: Changes
    linking: Linking
    digests: Mapping[str, bytes]  # of what is in each file, by path from the root


def load_parts(root: Path, memory: FileCache, today: date, horizon_weeks: int) -> Loaded:
    """What `load` reads, checks and links. Raises ContentError."""
    recall_bank_holidays(memory, today)
    files = Snapshot(root, FOLDERS)
    tree = read_tree(root, memory, files.digests)
    map_of = read_map(tree)
    check(tree)
    links = check_links(tree, map_of.settlements if map_of.whole else None)
    gazetteer = Gazetteer(map_of.settlements, map_of.postcode_areas)
    if map_of.whole:
        check_towns(tree, gazetteer)
    problems = {
        *tree.problems,
        *(problem for written in tree.written.values() for problem in written.problems),
        *(problem for text in tree.texts() for problem in text.written.problems),
        *_of_messages(root, memory, files.digests),
    }
    if problems:
        raise ContentError(sorted(problems))
    edition = files.edition if files.holds() else ""
    changes = Changes(root)
    linking = Linking(tree, map_of, gazetteer, changes, today, horizon_weeks, edition)
    return Loaded(linking.directory(), tree, gazetteer, links, changes, linking, files.digests)


def _of_messages(root: Path, memory: FileCache, digests: Mapping[str, bytes]) -> Sequence[Problem]:
    """What is wrong with the words of messages: kept while the folder has the same files."""
    if not (root / "content").is_dir():
        return ()
    try:
        names = sorted(one.name for one in (root / message_texts.FOLDER).iterdir())
    except OSError:
        names = []
    texts = [name for name in names if name.endswith(".md") and not file_names.passed_over(name)]
    key = key_of([f"{message_texts.FOLDER.as_posix()}/{name}" for name in texts], digests)
    if not key:
        return message_texts.check_words(root)
    return memory.made("messages", key, lambda: message_texts.check_words(root))


def leftovers(root: Path) -> list[Problem]:
    """Warnings of files that are passed over, and may hold work that was not saved."""
    return file_names.leftovers(root, FOLDERS)


def hard_messages(root: Path) -> list[Problem]:
    """Warnings of long sentences and hard words in the messages, which no Directory holds."""
    return message_texts.hard_words(root)


def warnings(directory: Directory, find_postcode: FindPostcode | None = None) -> list[Problem]:
    """All that is worth a look and no mistake: see `doubts` and `upkeep`."""
    return sorted([*doubts(directory, find_postcode), *upkeep(directory)])


def upkeep(directory: Directory) -> list[Problem]:
    """Warnings of facts that nobody has checked recently, and of series that are over."""
    found: list[Problem] = []

    def warn(text: Centre | Programme | Series, field: str, words: str) -> None:
        found.append(Problem(text.source, text.lines.get(field, 1), 1, words, "warning"))

    things: list[Centre | Programme] = [*directory.centres, *directory.programmes]
    for thing in things:
        if thing.checked is None:
            warn(
                thing,
                "checked",
                "this has no date of its last check. Check it, and add 'checked' with the date.",
            )
        elif directory.today - thing.checked > _CHECK_AGAIN:
            last = day_words(thing.checked, weekday=False)
            warn(
                thing,
                "checked",
                f"this was last checked on {last}, more than 3 months ago. "
                "Check that it is right, and write today's date.",
            )
    for centre in directory.centres:
        if not centre.status.open and centre.status.since is None:
            warn(
                centre,
                "status",
                "this does not say since when the centre is closed, and groups met there before. "
                "Write it like 'closed from 2026-12-01'.",
            )
    found += _samples(directory)
    start = datetime.combine(directory.today, time(), LONDON)
    for series in (*directory.series, *directory.private_series):
        dates = series.all_sessions
        for session in dates:
            if session.postponed and directory.today - session.planned > _NEW_DATE_WITHIN:
                warn(
                    series,
                    "changes",
                    f"the session of {day_words(session.planned)} is still postponed. "
                    "Add 'moved_to' with its new date, or replace 'postponed' by 'cancelled'.",
                )
        if dates and all(session.open_until < start for session in dates):
            last = day_words(max(session.day for session in dates), weekday=False)
            warn(
                series,
                "starts",
                f"all its sessions are over; the last was on {last}. "
                "Plan it again with 'portal next-term', or delete the file.",
            )
    return sorted(found)


def _samples(directory: Directory) -> list[Problem]:
    """Facts that somebody has to check: all in one line for a demonstration, else by file."""
    nouns: list[Centre | Programme] = [*directory.centres, *directory.programmes]
    things = [thing for thing in nouns if thing.sample]
    if directory.site.demonstration:
        pages = [page for page in directory.pages if 'href="tel:' in page.html]
        words = (
            f"this site is a demonstration. {_have(len(things), 'file')} sample facts, and "
            f"{_have(len(pages), 'text page')} phone numbers. Check all of them before you "
            "remove 'demonstration'."
        )
        return [Problem("content/site.yaml", 1, 1, words, "warning")]
    return [
        Problem(
            thing.source,
            thing.lines.get("sample", 1),
            1,
            f"these facts are samples: {', '.join(thing.sample)}. Check or replace each, and "
            "remove it from 'sample'.",
            "warning",
        )
        for thing in things
    ]


def _have(number: int, what: str) -> str:
    return f"{count(number, what)} {'has' if number == 1 else 'have'}"
