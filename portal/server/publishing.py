"""Publishes the site of this machine: its content becomes the newest generation in the database.

A build publishes by itself where the role `build` is set. Where the database was away then, or the
site was built without it, the process that sends messages does so in its next round.
"""

from __future__ import annotations

import getpass
import socket
from datetime import datetime

from sqlalchemy import Engine

from portal.bookings import publication
from portal.database.generations import Generation, NotPublished
from portal.directory import Directory
from portal.settings import Settings
from portal.web.site.build_state import published_edition


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
    return publication.publish(
        engine, directory, built=built, now=now, publisher=_publisher(), back=back
    )


def _publisher() -> str:
    """The account and the machine, to find out where an unexpected generation came from."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in containers
        account = "unknown"
    return f"{account}@{socket.gethostname()}"
