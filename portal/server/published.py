"""The directory of the published site, read again when a new site is published."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from portal import content
from portal.directory import Directory
from portal.directory.values import LONDON
from portal.errors import PortalError
from portal.server.publishing import given_out, given_out_here
from portal.server.readers import Reader
from portal.settings import Settings
from portal.web.site import published_calendars
from portal.web.site.build_state import MARKER, published_day
from portal.web.site.published_calendars import Stamp

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.5  # seconds between checks for a new site
_BRIEFLY = 0.02
_TRY_EVERY = 5.0  # seconds between attempts to read the content while there is no directory
FIRST_READING = 10.0  # seconds that a visitor waits for the first reading of the content


# The stamps that machines have published, by the edition of the content here; None if not known.
Known = Callable[[str], Mapping[str, Stamp] | None]


def read_published(settings: Settings, today: date, engine: Engine | None = None) -> Directory:
    """Load the content for the day of the published site, or for `today` if there is no site yet.

    The `engine` knows which versions of calendar entries other machines have published. Raises
    ContentError with every mistake.
    """
    return _read(settings, today, partial(given_out, engine) if engine else lambda _: None)


def _read(settings: Settings, today: date, known: Known) -> Directory:
    directory = content.load(
        settings.root,
        today=published_day(settings.out) or today,
        horizon_weeks=settings.horizon_weeks,
        postcodes=settings.postcodes,
        postcode_districts=settings.postcode_districts,
    )
    # The entries that live pages and messages make have the stamps of the published ones.
    stamps = known(directory.edition)
    published = published_calendars.of_site(settings.out, settings.var, stamps)
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
        self._again = False  # whether the last reading must be repeated
        self._without_stamps = False  # whether the database could not be asked for them
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
        """Read the content unless that is under way. On mistakes, keep the last directory.

        Files that are being replaced look like mistakes: what fails is read once more, some seconds
        later, before it is called a mistake.
        """
        if not self._reading.acquire(blocking=False):
            return
        made_of, self._tried = marker_of(self._settings.out), time.monotonic()
        repeated = self._again and made_of == self._made_of
        self._again = False
        try:
            directory = _read(self._settings, datetime.now(LONDON).date(), self._given_out)
            if directory.edition or self._directory is None:
                self._directory = directory
                self._reader.has_read(directory.edition)
            self._again = not directory.edition
            self._after_reading()
        except PortalError:
            self._again = not repeated
            if repeated:
                log.error(
                    "The content has mistakes: `portal check` lists them. Live pages stay as is."
                )
        except Exception:
            log.exception("The content could not be read. Live pages stay as they are.")
        finally:
            self._made_of = made_of
            self._reading.release()
            self._read_once.set()

    def _given_out(self, edition: str) -> Mapping[str, Stamp] | None:
        """The stamps that any machine has published; None while the database is away."""
        self._without_stamps = False
        found = given_out_here(self._settings, edition)
        self._without_stamps = found is None and self._settings.has_database
        return found

    def _must_try_again(self) -> bool:
        """Whether it is time to repeat a reading that failed, or that lacked something."""
        if time.monotonic() - self._tried < _TRY_EVERY:
            return False
        if self._directory is None or self._again:
            return True
        if not self._without_stamps:
            return False
        self._tried = time.monotonic()
        return self._given_out(self._directory.edition) is not None


def _watch(published: weakref.ref[Published]) -> None:
    """Look by the clock, until nobody needs the directory any more."""
    while True:
        found = published()
        if found is None:
            return
        found.look()
        del found  # an application that was dropped must not be kept by its own thread
        time.sleep(_LOOK_EVERY)
