"""`portal preview`: reads the content at each save, and shows the pages or the mistakes.

One series that is right by itself and beside all others is shown at once (`resident`), and the
whole content is read after that: if other files have changed too, they are shown then. Otherwise
the whole content is read first. Only files that were touched are read again (`content.FileCache`),
and no page is made before somebody asks for it. What a save means for families (dates, bookings,
pages) is worked out after the new pages are ready, so the editor does not wait.

Mistakes are printed as `portal check` prints them, between two lines that editors' programs know
(`.vscode/tasks.json`), so that they are underlined there too.
"""

from __future__ import annotations

import gc
import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from watchfiles import watch
from werkzeug.serving import WSGIRequestHandler, make_server

from portal import content
from portal.content import published_dates
from portal.content.file_names import passed_over
from portal.content.loader import Loaded, load_parts, with_postcodes
from portal.content.published_dates import Record
from portal.coverage import built as built_coverage
from portal.coverage.changes import Snapshot, news, snapshot
from portal.directory import (
    Board,
    Centre,
    Directory,
    HelpPage,
    News,
    Page,
    Programme,
    Series,
    TextFile,
)
from portal.directory.values import LONDON, WEEKDAYS
from portal.editing.effects import changes_for, database_of
from portal.errors import PortalError
from portal.finder.postcodes import exact_finder
from portal.settings import Settings
from portal.web.preview.app import Details, Shown, ask, create_preview
from portal.web.preview.resident import ResidentSite, texts_of
from portal.web.site.app import create_site

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_DETAILS_WITHIN = 2.0  # seconds that a page waits for what would change
_LOOK_EVERY = 1000  # milliseconds
_SETTLED = 5  # milliseconds without another change: by then a file is seldom half written
_LATEST_START = 2.0  # seconds after a save
_HEAD_START = 0.1  # seconds for browsers to fetch the new page before the processor is busy
_MOST_PAGES = 60  # compared after each save

READING = "Reading the content."
READY = "Ready."
_BUILT = "the site last built on this machine"
_FIRST_READ = "the files as they were when the preview first read them without mistakes"


class Preview:
    """The newest reading of the content. `now` gives aware moments; `say` prints a line."""

    def __init__(
        self, settings: Settings, *, now: Callable[[], datetime], say: Callable[[str], None]
    ) -> None:
        self._settings, self._now, self._say = settings, now, say
        self._memory = content.FileCache()
        self._site: ResidentSite | None = None
        self._site_state: _State = frozenset()  # of the files of that site
        self._saves = 0  # counted so that an older reading is not shown after a newer one
        self._saving = threading.Lock()
        self._compared_app: WSGIApplication | None = None
        self._changed = threading.Condition()
        self._token, self._number = secrets.token_hex(4), 0
        self._shown = Shown(f"{self._token}-0")
        self._details: tuple[str, Details] | None = None
        self._directory: Directory | None = None
        self._started_with: Record | None = None
        self._coverage_before: Snapshot | None = None
        self._coverage_said: tuple[str, ...] | None = None
        self._state: object = None
        self._reads = False  # whether somebody is reading now

    @property
    def shown(self) -> Shown:
        return self._shown

    def wait(self, version: str, seconds: float) -> str:
        """The version shown: returns when it differs from this one, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._shown.version != version, seconds)
            return self._shown.version

    def details(self, version: str, *, wait: bool) -> Details | None:
        """The effects of a reading, if worked out; with `wait`, waits until they are."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._details is not None and self._details[0] == version,
                _DETAILS_WITHIN if wait else 0,
            )
            known = self._details
        return known[1] if known and known[0] == version else None

    def read(self, touched: Iterable[Path] = ()) -> None:
        """Read the content, and show it if it is without mistakes."""
        paths = set(touched)
        self._say(READING)
        self._read_all(paths, self._saved(paths))

    def _saved(self, paths: set[Path]) -> bool:
        """Whether a save is shown already, as that of a single series."""
        started = time.perf_counter()
        # Many editors write another file first, and give it the name of the old one.
        read = {path for path in paths if not passed_over(path.name)}
        with self._saving:
            self._saves += 1
            if self._site is None or self._shown.problems or not paths:
                return False
            if not read:
                return True  # that other file alone: the whole reading tells
            if len(read) > 1:
                return False
            try:
                (file,) = _from_root(self._settings.root, read)
                about = self._site.take_in(file, today=self._today())
            except (OSError, PortalError, ValueError):  # gone, or elsewhere by now
                return False
            if about is None:
                return False
            others = (one for one in self._shown.doubts if one.path != file)
            doubts = tuple(sorted((*others, *about)))
            seconds = time.perf_counter() - started
            self._show(Shown(self._next(), self._site, (), seconds, doubts))
            return True

    def _read_all(self, touched: set[Path], is_shown: bool) -> bool:
        """Read the whole content, and show it unless that `is_shown`. Then work out what it means.

        False if it was left, because something has been saved meanwhile.
        """
        started, saves = time.perf_counter(), self._saves
        if is_shown and not self._is_quiet(saves):
            return False
        state = self._state = _state(self._settings.root)
        settings, before, old_app = self._settings, self._directory, self._compared_app
        try:
            loaded = self._load()
        except content.ContentError as error:
            problems = tuple(error.problems)
            with self._saving:
                if saves != self._saves:
                    return False
                self._site = None
                app, seconds = self._shown.app, time.perf_counter() - started
                self._show(Shown(self._next(), app, problems, seconds))
            for problem in problems:
                self._say(str(problem))
            number = len(problems)
            self._say(f"{number:,} mistake{'s' if number > 1 else ''}. {READY}")
            return True
        directory = self._with_postcodes(loaded)
        app = create_site(directory, periods=settings.periods)
        doubts = tuple(content.doubts(directory, exact_finder(directory.postcodes)))
        with self._saving:
            if saves != self._saves:
                return False
            shown = self._shown
            if is_shown and self._site and self._is_same(loaded, state, touched):
                self._site_state = state
            else:
                self._site = None
                shown = Shown(self._next(), app, (), time.perf_counter() - started, doubts)
                self._show(shown)
        self._directory, self._compared_app = directory, app
        if old_app and not is_shown:
            time.sleep(_HEAD_START)
        pages = _touched(settings.root, touched, before, directory)
        changed = (path for path in pages if not old_app or ask(old_app, path) != ask(app, path))
        details = self._compared(directory, tuple(changed) if old_app else ())
        with self._changed:
            self._details = shown.version, details
            self._changed.notify_all()
        if details.coverage != self._coverage_said:
            known, self._coverage_said = self._coverage_said, details.coverage
            for line in details.coverage or ((f"As in {details.coverage_with}.",) if known else ()):
                self._say(f"Coverage: {line}")
        for problem in (
            *doubts,
            *content.hard_messages(settings.root),
            *content.leftovers(settings.root),
        ):
            self._say(str(problem))
        self._prepare(saves)
        self._say(f"No mistakes, {shown.seconds:.2f} s. {READY}")
        # What is still in use is left alone, and the rest is taken away while nobody waits: the
        # collector would otherwise look at the whole county in the middle of each reading.
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        return True

    def _is_same(self, loaded: Loaded, state: _State, touched: Iterable[Path]) -> bool:
        """Whether nothing but these files has changed, so that the site shows what was loaded.

        The site knows the texts; the state of the folders knows all other files, as pictures.
        """
        root, differ = self._settings.root, {path for path, *_ in state ^ self._site_state}
        files = {path for path in differ if not passed_over(path.name) and not path.is_dir()}
        told = _from_root(root, files) <= _from_root(root, touched)
        return told and self._site is not None and self._site.is_site_of(loaded)

    def _is_quiet(self, saves: int) -> bool:
        """Wait while pages are asked for, which would be slower to make beside a reading. False if
        something is saved meanwhile."""
        latest = time.monotonic() + _LATEST_START
        time.sleep(_HEAD_START)
        while self._site and time.monotonic() < min(latest, self._site.last_used + _HEAD_START):
            if saves != self._saves:
                return False
            time.sleep(_HEAD_START / 4)
        return saves == self._saves

    def _prepare(self, saves: int) -> None:
        """Have a site ready for the next series that is saved, of nouns that nobody else has."""
        if self._site is not None:
            return
        state = _state(self._settings.root)
        try:
            loaded = self._load()
        except content.ContentError:  # saved just now
            return
        settings, directory = self._settings, self._with_postcodes(loaded)
        site = ResidentSite(settings.root, loaded, directory, self._memory, settings.periods)
        site.prepare()
        with self._saving:
            if saves == self._saves:
                self._site, self._site_state = site, state

    def _load(self) -> Loaded:
        settings = self._settings
        return load_parts(settings.root, self._memory, self._today(), settings.horizon_weeks)

    def _with_postcodes(self, loaded: Loaded) -> Directory:
        settings = self._settings
        return with_postcodes(loaded.directory, settings.postcodes, settings.postcode_districts)

    def _today(self) -> date:
        return self._now().astimezone(LONDON).date()

    def watch(self, stop: threading.Event) -> None:
        """Read the content again at each save, until stopped."""
        root = self._settings.root
        saves: SimpleQueue[tuple[set[Path], bool]] = SimpleQueue()
        reader = threading.Thread(target=self._read_on, args=(saves, stop), daemon=True)
        reader.start()
        folders = [root / name for name in content.FOLDERS if (root / name).is_dir()]
        for changes in watch(
            *folders,
            step=_SETTLED,
            debounce=200,
            stop_event=stop,
            rust_timeout=_LOOK_EVERY,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            # Not every file system sends news of a save, and none before we listened to it.
            if changes or (not self._reads and _state(root) != self._state):
                paths = {Path(path) for _, path in changes}
                self._say(READING)
                self._reads = True
                saves.put((paths, self._saved(paths)))
        reader.join(5)

    def _read_on(self, saves: SimpleQueue[tuple[set[Path], bool]], stop: threading.Event) -> None:
        """Read the whole content after each save, or after several at once."""
        touched, are_shown = set[Path](), True
        while not stop.is_set():
            try:
                paths, is_shown = saves.get(timeout=1)
            except Empty:
                continue
            touched, are_shown = touched | paths, are_shown and is_shown
            if not saves.empty():
                continue
            try:
                if self._read_all(touched, are_shown):
                    touched, are_shown = set(), True
            except (OSError, PortalError) as error:  # a file went away while it was read
                self._say(f"The content could not be read ({error}). The preview will try again.")
                self._state = None
            self._reads = not saves.empty()

    def _next(self) -> str:
        self._number += 1
        return f"{self._token}-{self._number}"

    def _show(self, shown: Shown) -> None:
        with self._changed:
            self._shown = shown
            self._changed.notify_all()

    def _compared(self, directory: Directory, touched: tuple[str, ...]) -> Details:
        before, compared_with = self._dates_before(directory)
        with database_of(self._settings) as engine:
            changes, families = changes_for(before, directory, engine)
        totals = Counter(change.difference.kind for change in changes)
        words = "Bookings are not changed." if families else "Bookings were not checked."
        if families and families.bookings:
            words = f"Bookings touched: {families.bookings:,}."
        said = (f"{_counted(number)} {kind}" for kind, number in totals.items())
        coverage_before, coverage_with = self._coverage_then(directory)
        coverage = tuple(news(coverage_before, directory))
        return Details(compared_with, changes, tuple(said), words, touched, coverage, coverage_with)

    def _dates_before(self, directory: Directory) -> tuple[Record, str]:
        """The dates to compare with, and what they are; '' if there is nothing to compare with."""
        built, first = published_dates.kept(self._settings.var), self._started_with
        self._started_with = first or published_dates.record(directory)
        return (built, _BUILT) if built else (self._started_with, _FIRST_READ if first else "")

    def _coverage_then(self, directory: Directory) -> tuple[Snapshot, str]:
        """The same of coverage."""
        built = built_coverage.kept(self._settings.var, directory.today)
        first = self._coverage_before
        self._coverage_before = first or snapshot(directory)
        return (built, _BUILT) if built else (self._coverage_before, _FIRST_READ if first else "")


def serve(
    settings: Settings, *, now: Callable[[], datetime], say: Callable[[str], None], port: int
) -> None:
    """Preview until interrupted."""
    preview = Preview(settings, now=now, say=say)
    gc.disable()  # see `Preview.read`
    preview.read()
    stop = threading.Event()
    watcher = threading.Thread(target=preview.watch, args=(stop,), name="watching", daemon=True)
    app = create_preview(preview)
    server = make_server(settings.host, port, app, threaded=True, request_handler=_Quiet)
    watcher.start()
    say(f"Open http://{settings.host}:{server.server_port}/ and stop with Ctrl-C.")
    try:
        server.serve_forever()
    finally:
        stop.set()
        server.server_close()
        watcher.join(5)


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's own
        """Prints nothing, so that an editor sees only mistakes."""


# --- what a save touches -------------------------------------------------------------------------


_State = frozenset[tuple[Path, int, int]]


def _state(root: Path) -> _State:
    """A fingerprint that changes when a file is added, removed or written: times and sizes."""
    files = (path for name in content.FOLDERS for path in (root / name).rglob("*"))
    return frozenset(
        (path, stat.st_mtime_ns, stat.st_size) for path in files if (stat := _stat(path))
    )


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:  # gone since we listed it
        return None


def _counted(number: int) -> str:
    return "1 date" if number == 1 else f"{number:,} dates"


def _touched(
    root: Path, paths: Iterable[Path], before: Directory | None, after: Directory
) -> list[str]:
    """The pages that may have changed, those nearest to the edit first."""
    sources = _from_root(root, paths)
    found: dict[str, None] = {}
    for directory in (after, before) if before else (after,):
        for text in texts_of(directory):
            others = (other.source for other in text.translations.values())
            if text.source in sources or sources & {*others}:
                found |= dict.fromkeys(_pages_of(text, directory))
    if any(source.endswith((".yaml", ".csv")) for source in sources):
        found |= dict.fromkeys(("/", "/whats-on/", "/centres/", "/programmes/", "/find/"))
        found |= dict.fromkeys(series.path for series in after.series)
    return list(found)[:_MOST_PAGES]


def _from_root(root: Path, paths: Iterable[Path]) -> set[str]:
    start = root.resolve()
    return {path.resolve().relative_to(start).as_posix() for path in paths}


def _pages_of(text: TextFile, directory: Directory) -> Iterator[str]:
    if isinstance(text, Series):
        if text in directory.series:
            yield text.path
            weekdays = {WEEKDAYS[session.day.weekday()].lower() for session in text.sessions}
            yield from (f"/whats-on/{weekday}/" for weekday in sorted(weekdays))
        yield text.programme.path
        yield from _pages_of(text.centre, directory)
        yield from ("/whats-on/", "/")
    elif isinstance(text, Centre):
        yield from (text.path, text.whats_on_path, text.embed_path)
        district = directory.district_of(text)
        yield from (district.path, directory.footprint_of(text).path, "/centres/")
        yield from (series.path for series in directory.series_at(text))
    elif isinstance(text, Programme):
        yield from (text.path, "/programmes/")
        yield from (series.path for series in directory.series_of(text))
    elif isinstance(text, News):
        yield from (text.path, "/news/", "/")
    elif isinstance(text, HelpPage):
        yield from (text.path, "/help/", "/")
    elif isinstance(text, Board):
        yield from (text.path, "/boards/")
    elif isinstance(text, Page):
        yield from (text.path, "/")
