"""The shipped content as families ask it: its pages unfrozen, and the finder's live pages beside.

Nothing is built: each page is made when it is asked for, so a test starts at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from portal.settings import Settings
from portal.web.frozen_files import file_headers
from portal.web.live.app import create_desk
from portal.web.site.app import create_site
from tests.support.browser import serving
from tests.support.shipped import ROOT, content_of_day

LIVE = ("/find/results", "/availability.json")


@contextmanager
def unfrozen(var: Path, now: datetime, postcodes: bytes = b"") -> Iterator[str]:
    """The address of the shipped content of DAY, asked at `now`. `postcodes` are packed."""
    if postcodes:
        (var / "postcodes.bin").write_bytes(postcodes)
    settings = Settings(root=ROOT, out=var / "out", var=var)
    directory = content_of_day().model_copy(update={"postcodes": postcodes})
    site = create_site(directory)
    desk = create_desk(lambda: directory, settings, clock=lambda: now)

    def both(environ, start):
        path = environ["PATH_INFO"]
        if path in LIVE:
            return desk(environ, start)
        ours = file_headers(path)

        def starting(status, headers, *more):
            kept = [pair for pair in headers if pair[0] not in ours]
            return start(status, [*kept, *ours.items()], *more)

        return site(environ, starting)

    with serving(both) as base:
        yield base
