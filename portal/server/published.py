"""The directory of the published site, read again when a new site is published."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from portal import content
from portal.directory import Directory
from portal.directory.values import LONDON
from portal.errors import PortalError
from portal.server.readers import Reader
from portal.settings import Settings
from portal.web.site import published_calendars
from portal.web.site.atomic_folder import ours
from portal.web.site.build_state import MARKER, published_day

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.5  # seconds between checks for a new site
_BRIEFLY = 0.02
_TRY_EVERY = 5.0  # seconds between attempts to read the content while there is no directory
FIRST_READING = 10.0  # seconds that a visitor waits for the first reading of the content


def read_published(settings: Settings, today: date) -> Directory:
    """Load the content for the day of the published site, or for `today` if there is no site yet.

    Raises ContentError with every mistake.
    """
    directory = content.load(
        settings.root,
        today=published_day(settings.out) or today,
        horizon_weeks=settings.horizon_weeks,
        postcodes=settings.postcodes,
    )
    # The entries that live pages and messages make have the stamps of the published ones.
    out = settings.out if ours(settings.out) else None
    published = published_calendars.read(out, settings.var)
    published_calendars.hold(directory.at(settings.base_address), published)
    return directory


def marker_of(out: Path) -> tuple[int, int] | None:
    """Identifies a published site: inode and modification time of its marker file."""
    try:
        stat = (out / MARKER).stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns


class Published:
    """The directory of the site that is published now.

    A thread looks for a new site by the clock, whether or not anybody asks for a page: otherwise
    the first answer after each publication would be made from the old content.
    """

    def __init__(
        self, settings: Settings, after_reading: Callable[[], object] = lambda: None
    ) -> None:
        """`after_reading` is called when the content has been read."""
        self._settings = settings
        self._after_reading = after_reading
        self._reader = Reader(settings.var)
        weakref.finalize(self, self._reader.close)
        self._directory: Directory | None = None
        self._made_of: tuple[int, int] | None = None
        self._tried = float("-inf")
        self._read_once = threading.Event()
        self._reading = threading.Lock()

    def __call__(self) -> Directory | None:
        """The directory, or None if there is none yet. Quick: another thread reads the content."""
        return self._directory

    def start(self) -> None:
        """Read the content in another thread, and again whenever a new site is published."""
        watch = threading.Thread(
            target=_watch, args=(weakref.ref(self),), name="reading content", daemon=True
        )
        watch.start()

    def look(self) -> None:
        """Read the content if there is a new site, or if there was none that could be read."""
        if self._is_behind() or self._must_try_again():
            self.renew()

    def wait(self, seconds: float, *, latest: bool = False) -> None:
        """Wait until the content has been read for the first time, successfully or not.

        With `latest`, wait until the content of a site that has just been published is read.
        """
        until = time.monotonic() + seconds
        self._read_once.wait(seconds)
        while latest and self._is_behind() and time.monotonic() < until:
            time.sleep(_BRIEFLY)

    def _is_behind(self) -> bool:
        return marker_of(self._settings.out) != self._made_of

    def renew(self) -> None:
        """Read the content unless that is under way. On mistakes, keep the last directory."""
        if not self._reading.acquire(blocking=False):
            return
        made_of, self._tried = marker_of(self._settings.out), time.monotonic()
        try:
            self._directory = read_published(self._settings, datetime.now(LONDON).date())
            self._reader.has_read(self._directory.edition)
            self._after_reading()
        except PortalError:
            log.error("The content has mistakes: `portal check` lists them. Live pages stay as is.")
        except Exception:
            log.exception("The content could not be read. Live pages stay as they are.")
        finally:
            self._made_of = made_of
            self._reading.release()
            self._read_once.set()

    def _must_try_again(self) -> bool:
        """Whether there is still no directory and it is time to try reading the content again."""
        return self._directory is None and time.monotonic() - self._tried > _TRY_EVERY


def _watch(published: weakref.ref[Published]) -> None:
    """Look by the clock, until nobody needs the directory any more."""
    while True:
        found = published()
        if found is None:
            return
        found.look()
        del found  # an application that was dropped must not be kept by its own thread
        time.sleep(_LOOK_EVERY)
