"""Publishes the site of this machine: its content becomes the newest generation in the database.

A build publishes by itself where the role `build` is set. Where the database was away then, or the
site was built without it, the process that sends messages does so in its next round. Content that
loses bookings is published all the same, because messages would otherwise stop for everybody: the
log says what to do.

The stamps of calendar entries are kept in the database too, because a machine's own record may be
older than what another has published.
"""

from __future__ import annotations

import getpass
import logging
import socket
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from portal import database
from portal.bookings import lost_bookings, publication, retention
from portal.database import generations
from portal.database.generations import Generation, NotPublished
from portal.directory import Directory
from portal.settings import Settings
from portal.web.site import published_calendars
from portal.web.site.build_state import published_edition
from portal.web.site.published_calendars import Stamp

log = logging.getLogger(__name__)


def given_out(engine: Engine, edition: str, *, back: bool = False) -> dict[str, Stamp] | None:
    """The latest stamps that any machine has published; None if the database cannot be asked.

    Content of an older generation gets none, unless it is to be sent `back`: with later stamps,
    calendars would take its entries for the newest.
    """
    try:
        with database.read(engine) as connection:
            standing = generations.standing(connection, edition)
            older = standing.number and not standing.current
            found = generations.stamps(connection) if back or not older else {}
    except SQLAlchemyError:  # away, or without its tables so far
        return None
    return {uid: Stamp(changed, digest) for uid, (changed, digest) in found.items()}


def given_out_here(
    settings: Settings, edition: str, *, back: bool = False
) -> dict[str, Stamp] | None:
    """The same from the database of these settings; None where there is none yet.

    It keeps no connection: a build forks its workers next.
    """
    if not settings.has_database:
        return None
    engine = database.connect(settings.database_address)
    try:
        return given_out(engine, edition, back=back)
    finally:
        engine.dispose()


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
    stamps = published_calendars.of_site(settings.out, settings.var).stamps
    generation = publication.publish(
        engine,
        directory,
        {uid: (stamp.changed, stamp.digest) for uid, stamp in stamps.items()},
        built=built,
        now=now,
        publisher=_publisher(),
        back=back,
    )
    # So that the daily deletion knows how long families are needed, whichever machine runs it.
    retention.follow_dates(engine, directory)
    for problem in lost_bookings.mistakes(engine, directory, now=now):
        log.error("The published content has a mistake. %s", problem)
    return generation


def _publisher() -> str:
    """The account and the machine, to find out where an unexpected generation came from."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in containers
        account = "unknown"
    return f"{account}@{socket.gethostname()}"
