"""The directory of the published site, read again when a new site is published."""

from __future__ import annotations

import logging
import threading
import time
from datetime import date, datetime
from pathlib import Path

from portal import content
from portal.directory import Directory
from portal.directory.values import LONDON
from portal.errors import PortalError
from portal.settings import Settings
from portal.web.site import published_calendars
from portal.web.site.atomic_folder import ours
from portal.web.site.build_state import MARKER, published_day

log = logging.getLogger(__name__)

_LOOK_EVERY = 1.0  # seconds between checks for a new site
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
    """The directory of the site that is published now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._directory: Directory | None = None
        self._made_of: tuple[int, int] | None = None
        self._looked = 0.0
        self._tried = 0.0
        self._read_once = threading.Event()
        self._reading = threading.Lock()

    def __call__(self) -> Directory | None:
        """The directory, or None if there is none yet. Quick: another thread reads the content."""
        if time.monotonic() - self._looked > _LOOK_EVERY:
            self._looked = time.monotonic()
            if marker_of(self._settings.out) != self._made_of or self._must_try_again():
                self.start()
        return self._directory

    def start(self) -> None:
        """Read the content in another thread."""
        threading.Thread(target=self.renew, name="reading content", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Wait until the content has been read for the first time, successfully or not."""
        self._read_once.wait(seconds)

    def renew(self) -> None:
        """Read the content unless that is under way. On mistakes, keep the last directory."""
        if not self._reading.acquire(blocking=False):
            return
        try:
            self._made_of, self._tried = marker_of(self._settings.out), time.monotonic()
            self._directory = read_published(self._settings, datetime.now(LONDON).date())
        except PortalError:
            log.error("The content has mistakes: `portal check` lists them. Live pages stay as is.")
        except Exception:
            log.exception("The content could not be read. Live pages stay as they are.")
        finally:
            self._reading.release()
            self._read_once.set()

    def _must_try_again(self) -> bool:
        """Whether there is still no directory and it is time to try reading the content again."""
        return self._directory is None and time.monotonic() - self._tried > _TRY_EVERY
