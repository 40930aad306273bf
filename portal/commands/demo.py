"""The command `portal demo`: an invented year, so that reports and registers can be seen.

Imports are inside the command, as in `portal.commands`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click


@click.command()
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True,
    help="Another number gives other families.",
)  # fmt: skip
@click.pass_obj
def demo(root: Path | None, seed: int) -> None:
    """Invent a year of bookings, registers, requests and gaps, in an empty database only.

    Every page for staff then says that its numbers are invented. No message is sent to an invented
    family. To go back, remove the database.
    """
    from portal import content, database, sample_year
    from portal.settings import load_settings

    settings = load_settings(root=root)
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo("Europe/London")).date()
    directory = content.load(settings.root, today=today, horizon_weeks=settings.horizon_weeks)
    engine = database.connect(settings.database_address)
    try:
        database.migrate(engine)
        filled = sample_year.fill(
            engine,
            directory,
            seed=seed,
            secret=settings.secret,
            now=now,
            keep_days=settings.keep_days,
        )
    finally:
        engine.dispose()
    click.echo(filled.words)
    click.echo("Each page for staff says that its numbers are invented.")
