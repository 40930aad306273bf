"""Publishes the site of this machine: its content becomes the newest generation in the database.

A build publishes by itself where the role `build` is set. Where the database was away then, or the
site was built without it, the process that sends messages does so in its next round. Content that
loses bookings is published all the same, because messages would otherwise stop for everybody: the
log says what to do.
"""

from __future__ import annotations

import getpass
import logging
import socket
from datetime import datetime

from sqlalchemy import Engine

from portal.bookings import lost_bookings, publication
from portal.database.generations import Generation, NotPublished
from portal.directory import Directory
from portal.settings import Settings
from portal.web.site.build_state import published_edition

log = logging.getLogger(__name__)


def publish(
    engine: Engine, settings: Settings, directory: Directory, *, now: datetime, back: bool = False
) -> Generation:
    """Make the content of this machine's site the newest generation.

    Raises NotPublished if the content is not that of the site, or must be sent `back` on purpose.
    """
    site = published_edition(settings.out)
    if site is None:
        raise NotPublished("There is no site to publish here. Run: portal build --full")
    edition, built = site
    if edition != directory.edition:
        raise NotPublished("The content has changed since the site was built. Run: portal build")
    published = publication.publish(
        engine, directory, built=built, now=now, publisher=_publisher(), back=back
    )
    for problem in lost_bookings.mistakes(engine, directory, now=now):
        log.error("The published content has a mistake. %s", problem)
    return published


def _publisher() -> str:
    """The account and the machine, to find out where an unexpected generation came from."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in containers
        account = "unknown"
    return f"{account}@{socket.gethostname()}"
