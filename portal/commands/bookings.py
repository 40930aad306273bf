"""The commands for bookings: verify, export, forget, show, erase, back up, restore.

They write names and addresses only where asked to. Only the owner can read the files they make,
and they never overwrite a file.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from portal.errors import PortalError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from portal.bookings.complaints import Complaint
    from portal.directory import Directory
    from portal.settings import Settings

ACTOR = "command"
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def bookings() -> None:
    """Look after bookings: all of them, or one."""


@bookings.command()
@click.pass_obj
def verify(root: Path | None) -> None:
    """Compare what each series holds with the sum of its bookings."""
    from portal.bookings import places

    _, engine = _reach(root)
    wrong = places.verify(engine)
    for words in wrong:
        click.echo(words)
    if wrong:
        sys.exit(1)
    click.echo("Everything adds up.")


@bookings.command()
@click.argument("series", default="")
@click.option("--requests", is_flag=True, help="All requests for support instead, without names.")
@click.option(
    "--session", "day", metavar="DATE", help="One session, by the date it was first published with."
)
@click.option("--out", type=NEW_FILE, help="The file to write; else it is printed.")
@click.pass_obj
def export(
    root: Path | None, series: str, requests: bool, day: str | None, out: Path | None
) -> None:
    """The register of SERIES (such as riverbank/bump-spring) as CSV, a line for each family; or
    with --requests the states and days of all requests for support, ended ones too."""
    from portal.bookings import registers

    settings, engine = _reach(root)
    if requests:
        _export_requests(settings, engine, out)
        return
    found = _content(settings).find_series(series)
    if found is None:
        raise PortalError(f"There is no series '{series}'. Write it like centre/series.")
    sessions = [one for one in found.all_sessions if day in (None, one.anchor)]
    if not sessions:
        raise PortalError(f"'{series}' has no session that was planned for '{day}'.")
    data = registers.export(engine, found, sessions, now=_now(), actor=ACTOR)
    if _given_out(data, out):
        click.echo(f"Written to {out}. It holds names and phone numbers: delete it after use.")


def _export_requests(settings: Settings, engine: Engine, out: Path | None) -> None:
    from portal.bookings import support
    from portal.bookings.case_days import CaseDays
    from portal.bookings.case_table import csv_of_cases
    from portal.database import log_reading

    directory, cases, now = _content(settings), support.all_cases(engine), _now()
    ids = [case.booking_id for case in cases]
    log_reading(engine, "export requests", ids, now=now, actor=ACTOR)
    if _given_out(csv_of_cases(cases, directory, CaseDays.of(directory, settings, now)), out):
        click.echo(f"Written to {out}. It names no family.")


def _given_out(data: bytes, out: Path | None) -> bool:
    """Print the file, or write it to `out`; whether it was written."""
    if out is None:
        sys.stdout.buffer.write(data)
        return False
    _write(out, data)
    return True


@bookings.command()
@click.pass_obj
def forget(root: Path | None) -> None:
    """Delete names and contacts some days after the last session. `portal serve` does it daily."""
    from portal import database
    from portal.bookings import retention
    from portal.database import generations

    settings, engine = _reach(root)
    directory = _content(settings)
    with database.read(engine) as connection:
        current = generations.standing(connection, directory.edition).current
    done = retention.forget(engine, directory if current else None, settings, now=_now())
    click.echo(done.words)


@bookings.command()
@click.argument("reference")
@click.pass_obj
def show(root: Path | None, reference: str) -> None:
    """Show all that is kept about the booking, complaint, wish or Gap in Service form with this
    REFERENCE, and the complaints and wishes of the same contact, for somebody who asks."""
    from portal.bookings import casework, complaints, retention, wishes
    from portal.panel import gaps

    settings, engine = _reach(root)
    case = casework.case_of(engine, reference, _everything)
    try:
        directory = _content(settings)
    except PortalError:
        directory = None  # a family that asks need not wait until the content is right again
    said = retention.kept(engine, reference, _everything, directory)
    if case is None and (wish := wishes.with_reference(engine, reference)):
        _echo(wishes.kept(wish))
        wishes.log_reading(engine, [wish], now=_now(), actor=ACTOR)
        return
    if case is None and (gap := gaps.with_reference(engine, reference)):
        _echo(gaps.kept(gap))
        gaps.log_reading(engine, gap.district, 1, now=_now(), actor=ACTOR)
        return
    if case is None or said is None:
        found = [_complaint(engine, reference)]
    else:
        others = casework.with_same_contact(engine, case, settings.secret, _everything)
        casework.log_reading(engine, case, others, now=_now(), actor=ACTOR)
        found = complaints.with_contacts(engine, case.contacts, settings.secret)
        _echo(said)
        waits = wishes.with_contacts(engine, case.contacts, settings.secret)
        for wish in waits:
            _echo(wishes.kept(wish))
        wishes.log_reading(engine, waits, now=_now(), actor=ACTOR)
        for other in others:
            click.echo(f"The same contact has another booking: {other.reference}")
    for one in found:
        _echo(complaints.kept(one))
    if found:
        complaints.log_reading(engine, found, now=_now(), actor=ACTOR)


@bookings.command()
@click.argument("reference")
@click.option(
    "--all",
    "same",
    is_flag=True,
    help="Also all other bookings, the answered complaints and the wishes with the same contact.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def erase(root: Path | None, reference: str, same: bool, yes: bool) -> None:
    """Delete all that is kept about a family, and free the places it holds; or one complaint or
    wish; or who sent a Gap in Service form.

    REFERENCE is that of a booking, of a complaint about data, of a wish for a message, or of a
    Gap in Service form.
    """
    from portal.bookings import casework, complaints, retention, wishes
    from portal.panel import gaps

    settings, engine = _reach(root)
    case = casework.case_of(engine, reference, _everything)
    gap = None if case else gaps.with_reference(engine, reference)
    ended = [wish] if (wish := wishes.with_reference(engine, reference)) else []
    if case is None:
        found = [] if ended or gap else [_complaint(engine, reference)]
    else:
        contacts = case.contacts if same else ()
        found = complaints.with_contacts(engine, contacts, settings.secret)
    gone = [one for one in found if case is None or one.answered]
    cases = [case] if case else []
    if case and same:
        cases += casework.with_same_contact(engine, case, settings.secret, _everything)
        ended += wishes.with_contacts(engine, contacts, settings.secret)
    named = [*(one.reference for one in cases), *(one.reference for one in gone)]
    named += [gap.reference] if gap else []
    references = ", ".join([*named, *(one.reference for one in ended)])
    if not yes:
        click.confirm(f"Delete what is kept of {references}? It cannot be undone.", abort=True)
    for one in gone:
        complaints.erase(engine, one.id, now=_now(), actor=ACTOR)
    if gap:
        gaps.erase(engine, gap, now=_now(), actor=ACTOR)
    for wish in ended:
        wishes.stop(engine, wish, now=_now(), actor=ACTOR)
    vacuumed = retention.erase(
        engine,
        _content(settings),
        settings,
        [one.id for one in cases],
        now=_now(),
        actor=ACTOR,
    )
    _follow(settings, engine)
    click.echo(f"Deleted: {references}.")
    for one in found:
        if one not in gone:
            click.echo(
                f"Complaint {one.reference} is not answered yet, so it stays. To delete it too: "
                f"portal bookings erase {one.reference}"
            )
    if not vacuumed:
        click.echo("The file was in use: the next daily run cleans it.")


@bookings.command()
@click.argument("file", type=NEW_FILE)
@click.pass_obj
def backup(root: Path | None, file: Path) -> None:
    """Write all bookings to a new FILE, while the portal keeps running."""
    from portal.database import backup as backups

    settings, engine = _reach(root)
    _follow(settings, engine)
    made = backups.save(engine, file, now=_now())
    click.echo(f"{made.words} in {file}. It holds personal data: encrypt it where you keep it.")
    click.echo(f"Keep {settings.var / 'deletions.jsonl'} elsewhere: restoring it needs the newest.")
    click.echo("Keep the secret (var/secret or PORTAL_SECRET_KEY) too: links need it.")


@bookings.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Replace what is in the database now.")
@click.pass_obj
def restore(root: Path | None, file: Path, replace: bool) -> None:
    """Load FILE into an empty database. Stop the portal first.

    What was deleted after the backup was made is deleted again.
    """
    from portal.commands.restoring import Restoring
    from portal.settings import load_settings

    restoring = Restoring(load_settings(root=root), file, replace=replace, now=_now())
    for words in restoring.lines():
        click.echo(words)
    for words in filter(None, [*restoring.troubles, restoring.warning]):
        click.echo(words, err=True)
    if restoring.troubles:
        sys.exit(1)


# --- what the commands share -----------------------------------------------------------------


def _reach(root: Path | None) -> tuple[Settings, Engine]:
    from portal import database
    from portal.settings import load_settings

    settings = load_settings(root=root)
    engine = database.connect(settings.database_address)
    # Nothing may hold the database when a later command of the same process replaces it.
    click.get_current_context().call_on_close(engine.dispose)
    database.migrate(engine)
    return settings, engine


def _follow(settings: Settings, engine: Engine) -> None:
    """Note beside the database what no backup may undo; the worker does so in each round."""
    from portal.database import journal

    journal.Journal(settings.var / journal.FILE).follow(engine, now=_now())


def _content(settings: Settings) -> Directory:
    from portal import content

    today = _now().astimezone(ZoneInfo("Europe/London")).date()
    return content.load(settings.root, today=today, horizon_weeks=settings.horizon_weeks)


def _now() -> datetime:
    return datetime.now(UTC)


def _everything(_identity: str) -> bool:
    """No limits by role: people who can run commands can read the database anyway."""
    return True


def _complaint(engine: Engine, reference: str) -> Complaint:
    """The complaint with this reference, which is not that of a booking. Raises PortalError."""
    from portal.bookings import complaints

    found = complaints.with_reference(engine, reference)
    if found is None:
        words = f"There is no booking or complaint '{reference}'. References look like ABCD-2345."
        raise PortalError(words)
    return found


def _echo(rows: Iterable[tuple[str, str]]) -> None:
    for label, words in rows:
        click.echo(f"{label}: {words}")


def _write(file: Path, data: bytes) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise PortalError(f"{file} already exists. Name another file.") from None
    except OSError as error:
        raise PortalError(f"{file} cannot be written: {error.strerror}.") from error
    with os.fdopen(handle, "wb") as opened:
        opened.write(data)
