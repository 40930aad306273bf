"""The command line. Each command reads its arguments, calls one function and prints the result in
plain words; mistakes are printed as lines, never as tracebacks.

Imports are inside the commands: `portal build` with nothing to do ends before Flask or pydantic
would have been imported.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portal import __version__
from portal.commands import days
from portal.commands.bookings import bookings
from portal.commands.demo import demo
from portal.commands.postcodes import postcodes
from portal.commands.progress import progress_bar
from portal.commands.report import report
from portal.commands.secret import secret
from portal.commands.staff import staff
from portal.errors import PortalError

if TYPE_CHECKING:
    from portal.content import Problem
    from portal.directory import Directory
    from portal.settings import Settings
    from portal.web.site.build_state import Built
    from portal.web.site.published_calendars import Stamp

FOLDER = click.Path(file_okay=False, path_type=Path)


class Commands(click.Group):
    """A group whose errors are printed as words; content with mistakes lists all of them."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PortalError as error:
            problems: Sequence[Problem] = getattr(error, "problems", ())
            for problem in problems:
                click.echo(str(problem))
            click.echo(_counted(len(problems), "mistake") if problems else str(error), err=True)
            ctx.exit(1)
        except Exception as error:
            from portal.commands.unwritable import words_for

            if not (words := words_for(error, ctx.obj)):
                raise
            click.echo(words, err=True)
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="portal")
@click.option("--root", type=FOLDER, help="The folder that holds content/, centres/, programmes/.")
@click.pass_context
def main(ctx: click.Context, root: Path | None) -> None:
    """The portal of a county's family centres: check, build and serve its site."""
    ctx.obj = root


@main.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="How mistakes are printed; github marks them in a pull request.",
)
@click.option("--warnings", is_flag=True, help="Also list what needs a look from time to time.")
@click.option("--quality", is_flag=True, help="Also list the files that lack a fact, by fact.")
@click.pass_obj
def check(root: Path | None, form: str, warnings: bool, quality: bool) -> None:
    """Find every mistake in the content, and what is hardly meant (a warning)."""
    from portal import content
    from portal.finder.postcodes import exact_finder
    from portal.settings import load_settings

    settings = load_settings(root=root)
    doubts: list[Problem] = []
    others: list[Problem] = []
    try:
        directory = content.load(
            settings.root,
            today=days.today(),
            horizon_weeks=settings.horizon_weeks,
            postcodes=settings.postcodes,
            memory=content.KeptReadings(settings.var),
        )
        problems = _against_bookings(settings, directory)
        mistakes = len(problems)
        if not mistakes:
            doubts = [
                *content.doubts(directory, exact_finder(directory.postcodes)),
                *content.hard_messages(settings.root),
            ]
            others = [*content.upkeep(directory), *content.leftovers(settings.root)]
            problems = doubts
            if warnings or form != "text":
                problems = sorted([*doubts, *others])
    except content.ContentError as error:
        problems = error.problems
        mistakes = len(problems)
    if form == "json":
        click.echo(json.dumps([problem.as_json() for problem in problems], indent=1))
    for problem in problems if form != "json" else ():
        click.echo(str(problem) if form == "text" else problem.as_github())
    if mistakes:
        click.echo(f"{_counted(mistakes, 'mistake')}.", err=True)
        sys.exit(1)
    if form == "text":
        more = f" {_counted(len(doubts), 'warning')}: see above." if doubts else ""
        if others:
            where = "." if warnings else ": see `portal check --warnings`."
            more += f" {_counted(len(others), 'thing')} worth a look{where}"
        click.echo(f"No mistakes.{more}")
        from portal.coverage import trust

        for line in trust.lines(trust.figures(directory), files=quality):
            click.echo(line)


@main.command()
@click.option("--out", type=FOLDER, help="The folder to write; build/ by default.")
@click.option("--today", metavar="DATE", help="The day to build for, like 2027-01-12.")
@click.option("--full", is_flag=True, help="Make every file again, even if nothing has changed.")
@click.option("--jobs", type=click.IntRange(1, 64), help="How many processes write pages.")
@click.option(
    "--compress", is_flag=True, help="Also write compressed copies of files, for publishing."
)
@click.option("--profile", is_flag=True, help="Say where the processor time went.")
@click.pass_obj
def build(
    root: Path | None,
    out: Path | None,
    today: str | None,
    full: bool,
    jobs: int,
    compress: bool,
    profile: bool,
) -> None:
    """Build the public site. The previous one stays until the new one is complete.

    Only files that depend on something that changed are made again; --full makes all of them.
    Like `portal check`, it refuses content with mistakes, or without what families have booked.
    """
    from portal.editing import build_requests

    plain = _plain_settings(root, out)
    day = days.day_of(today)
    real = out is None and today is None  # else it is a trial, or for another machine
    with build_requests.answering(plain["var"]) if real else nullcontext():
        settings = _build(
            root, out, plain, day, full=full, jobs=jobs, compress=compress, profile=profile
        )
        if real and settings:
            _publish_new(settings)


def _build(
    root: Path | None,
    out: Path | None,
    plain: Mapping[str, Any],
    day: date,
    *,
    full: bool,
    jobs: int | None,
    compress: bool,
    profile: bool,
) -> Settings | None:
    """Build the site; None if nothing has changed since the last build."""
    from portal.web.site import build as building
    from portal.web.site.build_state import nothing_to_do

    if not full:
        done = nothing_to_do(**plain, today=day, compress=compress)
        if done:
            click.echo(_built(done))
            if profile:
                click.echo("Nothing had to be made, so no time went anywhere. Add --full to see.")
            return None
    from portal.settings import load_settings
    from portal.web.site.leaflets import missing

    settings = load_settings(root=root, out=out)
    if settings.leaflets and (why := missing()):
        click.echo(why, err=True)
    with progress_bar() as progress:
        built = building.build(
            settings,
            today=day,
            full=full,
            jobs=jobs,
            compress=compress,
            progress=progress,
            profile=click.echo if profile else None,
            accept=partial(_refuse_to_lose_bookings, settings),
            given_out=partial(_given_out, settings, False),
            waiting=lambda: click.echo("Another build is running. Waiting for it to finish."),
        )
    click.echo(_built(built))
    if built.warning:
        click.echo(built.warning, err=True)
    return settings


@main.command()
@click.option("--back", is_flag=True, help="Go back to content that was published before.")
@click.pass_obj
def publish(root: Path | None, back: bool) -> None:
    """Let families hear of the content of the site here. A build does so by itself.

    Of several machines or folders over one database, only the last published one tells and offers
    families anything. Going back to older content has to be said: --back.
    """
    from portal import database
    from portal.database.generations import EntriesFall
    from portal.server.published import read_published
    from portal.server.publishing import publish as publish_site
    from portal.settings import load_settings

    settings = load_settings(root=root)
    engine = database.connect(settings.database_address)
    database.migrate(engine)
    try:
        directory = read_published(settings, days.today(), engine)
        publish_here = partial(publish_site, engine, settings, now=datetime.now(UTC), back=back)
        try:
            made = publish_here(directory)
        except EntriesFall:
            if not back:
                raise
            _rebuild_to_go_back(settings)
            made = publish_here(read_published(settings, days.today(), engine))
    finally:
        engine.dispose()
    click.echo(f"Generation {made.number} is published.")


@main.command()
@click.option("--host", help="The address to listen on; 127.0.0.1 by default.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port; 8000 by default.")
@click.option("--build/--no-build", default=True, help="Build first, and after every midnight.")
@click.pass_obj
def serve(root: Path | None, host: str | None, port: int | None, build: bool) -> None:
    """Serve the site and the live pages."""
    from portal.server import serve
    from portal.settings import load_settings

    settings = load_settings(root=root, host=host, port=port)
    serve.serve(settings, build=build, say=click.echo)


@main.command()
@click.option("--host", help="The address to listen on; 127.0.0.1 by default.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="The port."
)
@click.pass_obj
def preview(root: Path | None, host: str | None, port: int) -> None:
    """Show the site while you write: pages and mistakes appear as soon as a file is saved."""
    from portal.settings import load_settings
    from portal.web.preview import watching

    settings = load_settings(root=root, host=host)
    try:
        watching.serve(
            settings,
            now=lambda: datetime.now(UTC),
            say=click.echo,
            port=port,
        )
    except KeyboardInterrupt:
        click.echo("Stopped.")


class Kinds(click.Group):
    """The kinds of new content file; their options are the fields, read only when needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own
        return ["centre", "programme", "series", "news", "board"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from portal.commands.new import command_for

        return command_for(cmd_name) if cmd_name in self.list_commands(ctx) else None


@main.group(cls=Kinds)
def new() -> None:
    """Ask, then write a new content file. Every answer can be given as an option."""


@main.command("next-term")
@click.argument("series", nargs=-1)
@click.option("--term", help="Like 'spring 2027', or half of one: 'spring 2 2027'.")
@click.option("--centre", help="Plan a whole centre, by the name of its folder.")
@click.option(
    "--write", is_flag=True, help="With --centre: write the copies. Otherwise they are shown."
)
@click.pass_obj
def next_term(
    root: Path | None, series: tuple[str, ...], term: str | None, centre: str | None, write: bool
) -> None:
    """Copy SERIES, like riverbank/bump-spring, into the next term.

    With --centre all series of a centre are planned at once, or only those named.
    """
    from portal.commands import planning
    from portal.settings import load_settings

    if centre is None and (write or not series):
        words = "Name the series to copy, or a whole centre with --centre."
        raise click.UsageError("--write is for --centre." if series else words)
    settings, now = load_settings(root=root), datetime.now(UTC)
    if centre is None:
        planning.copy(settings, series, term, now=now)
    else:
        planning.show(settings, centre, term, series, write=write, now=now)


@main.command()
@click.pass_obj
def schema(root: Path | None) -> None:
    """Write the help for editors: JSON Schema, content/FIELDS.md, completion."""
    from portal.editing.schema import write
    from portal.settings import load_settings

    written = write(load_settings(root=root).root)
    for path in written:
        click.echo(path.as_posix())
    click.echo(f"{_counted(len(written), 'file')} written, the others are as they should be.")


@main.group()
def messages() -> None:
    """Messages to families and professionals."""


@messages.command()
@click.option("--watch", is_flag=True, help="Keep sending until interrupted.")
@click.option(
    "--every", type=click.IntRange(1, 3600), default=5, help="Seconds between rounds of sending."
)
@click.pass_obj
def send(root: Path | None, watch: bool, every: int) -> None:
    """Send waiting messages. First, old offers lapse and changes of dates are queued."""
    from portal.server import worker
    from portal.settings import load_settings

    settings = load_settings(root=root)
    if "post" not in settings.roles:
        raise PortalError("PORTAL_ROLES leaves out post: another machine sends the messages.")
    clock = worker.Watch(settings, now=lambda: datetime.now(UTC))
    click.get_current_context().call_on_close(clock.close)
    if watch:
        return clock.go_on(every)
    done = clock.once(wait=True)
    click.echo(
        f"{done.delivered.sent:,} sent, {done.delivered.put_off:,} put off, "
        f"{done.delivered.failed:,} failed, {done.delivered.dropped:,} no longer true."
    )


for _command in (bookings, demo, postcodes, report, secret, staff):
    main.add_command(_command)


# --- words ----------------------------------------------------------------------------------------


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _against_bookings(settings: Settings, directory: Directory) -> list[Problem]:
    """Mistakes in the content that existing bookings rule out, if there is a database."""
    if not settings.has_database:
        return []
    from sqlalchemy import inspect
    from sqlalchemy.exc import SQLAlchemyError

    from portal import database
    from portal.bookings import lost_bookings

    try:
        engine = database.connect(settings.database_address)
        try:
            if not inspect(engine).has_table("bookable"):
                return []  # nothing has been booked there yet
            database.migrate(engine)
            return lost_bookings.mistakes(engine, directory, now=datetime.now(UTC))
        finally:
            engine.dispose()  # a build forks its workers next
    except SQLAlchemyError:
        click.echo("The database cannot be reached, so bookings are not checked.", err=True)
        return []


def _refuse_to_lose_bookings(settings: Settings, directory: Directory) -> None:
    """Raise ContentError if the content rules out bookings that families have made."""
    from portal.content import ContentError

    if problems := _against_bookings(settings, directory):
        raise ContentError(problems)


def _given_out(settings: Settings, back: bool, directory: Directory) -> Mapping[str, Stamp] | None:
    if not settings.has_database:
        return None  # before SQLAlchemy is imported
    from portal.server.publishing import given_out_here

    return given_out_here(settings, directory.edition, back=back)


def _rebuild_to_go_back(settings: Settings) -> None:
    """Build the site here again, so that calendars take its entries for the newest."""
    from portal.web.site import build as building

    building.build(
        settings,
        today=days.today(),
        full=True,
        compress=(settings.out / "index.html.gz").is_file(),
        accept=partial(_refuse_to_lose_bookings, settings),
        given_out=partial(_given_out, settings, True),
    )


def _publish_new(settings: Settings) -> None:
    """Publish a site that has just been built, where there is a database and the role `build`.

    If that fails, the process that sends messages tries again.
    """
    if "build" not in settings.roles or not settings.has_database:
        return
    from sqlalchemy.exc import SQLAlchemyError

    from portal import database
    from portal.database import generations
    from portal.server.published import read_published
    from portal.server.publishing import publish
    from portal.web.site.build_state import published_edition

    site = published_edition(settings.out)
    engine = database.connect(settings.database_address)
    try:
        database.migrate(engine)
        with database.read(engine) as connection:
            standing = generations.standing(connection, site[0] if site else "")
        if standing.newest is None or not standing.current:
            directory = read_published(settings, days.today(), engine)
            publish(engine, settings, directory, now=datetime.now(UTC))
    except generations.NotPublished as error:
        click.echo(str(error), err=True)
    except SQLAlchemyError:
        words = "The database cannot be reached: this is published with the next messages."
        click.echo(words, err=True)
    finally:
        engine.dispose()


def _built(built: Built) -> str:
    if built.kept == built.pages and not built.removed:
        return f"Nothing has changed: {_counted(built.pages, 'file')}, {built.seconds:.2f} s."
    skipped = f", {built.kept:,} of them skipped" if built.kept else ""
    return (
        f"{_counted(built.pages, 'file')}: {built.written:,} written, "
        f"{built.unchanged:,} unchanged{skipped}, {built.removed:,} removed, {built.seconds:.2f} s."
    )


# --- arguments -----------------------------------------------------------------------------------


# What pydantic-settings reads as true.
_YES = ("1", "on", "t", "true", "y", "yes")


def _plain_settings(root: Path | None, out: Path | None) -> dict[str, Any]:
    """The settings that a build depends on, without the library that checks them.

    Only for the quick comparison: a wrong value differs from the last build's and is
    then refused in the usual way. A test compares these defaults with those of `Settings`.
    """
    environ = {name.upper(): value for name, value in os.environ.items()}
    return {
        "root": root or Path(environ.get("PORTAL_ROOT", ".")),
        "out": out or Path(environ.get("PORTAL_OUT", "build")),
        "var": Path(environ.get("PORTAL_VAR", "var")),
        "base_address": environ.get("PORTAL_BASE_ADDRESS", "").rstrip("/") or None,
        "horizon_weeks": _number(environ.get("PORTAL_HORIZON_WEEKS", "26")),
        "leaflets": environ.get("PORTAL_LEAFLETS", "yes").lower() in _YES,
        "keep_days": _number(environ.get("PORTAL_KEEP_DAYS", "30")),
        "keep_needs_days": _number(environ.get("PORTAL_KEEP_NEEDS_DAYS", "7")),
        "keep_case_days": _number(environ.get("PORTAL_KEEP_CASE_DAYS", "30")),
    }


def _number(value: str) -> int | str:
    return int(value) if value.isdecimal() else value
