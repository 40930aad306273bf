"""The commands `portal report …`: what the service offers and does, in numbers.

Imports are inside the commands, as in `portal.commands`.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from portal.errors import PortalError

if TYPE_CHECKING:
    from portal.directory import Directory, District, Footprint

FOR = click.option("--for", "area", help="A district or footprint, such as burnley.")


@click.group(invoke_without_command=True)
@click.option("--quarter", metavar="QUARTER", help="The report of a quarter, like 2026-Q4.")
@FOR
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--csv", "form", flag_value="csv", help="Print a CSV file.")
@click.option(
    "--publish", "form", flag_value="publish", help="Write its numbers into content/reports/."
)
@click.pass_context
def report(ctx: click.Context, quarter: str | None, area: str | None, form: str | None) -> None:
    """What the service offers and does, in numbers: the report of a quarter, or coverage."""
    if ctx.invoked_subcommand is not None:
        return
    if quarter is None:
        click.echo(ctx.get_help())
        return
    from portal.commands import quarterly

    directory = read(ctx.obj)
    chosen = area_named(directory, area) if area else None
    quarterly.run(ctx.obj, directory, quarter, chosen, form)


@report.command()
@FOR
@click.option(
    "--json", "form", flag_value="json", help="Print JSON, as /data/coverage.json has it."
)
@click.option("--csv", "form", flag_value="csv", help="Print CSV, as /data/coverage.csv has it.")
@click.option("--today", metavar="DATE", help="The first day, like 2027-01-12.")
@click.pass_obj
def coverage(root: Path | None, area: str | None, form: str | None, today: str | None) -> None:
    """What is on in the next 13 weeks, by district, age and part of the week."""
    from portal.coverage import printed
    from portal.coverage.cells import Coverage
    from portal.feeds.coverage import as_csv, as_json

    directory = read(root, today)
    chosen = area_named(directory, area) if area else None
    if form:
        made = (as_json if form == "json" else as_csv)(directory, chosen)
        click.echo(made.decode(), nl=False)
        return
    for line in printed.lines(Coverage.of(directory), chosen):
        click.echo(line)


def read(root: Path | None, today: str | None = None) -> Directory:
    """The content as it is on a day, or today."""
    from portal import content
    from portal.settings import load_settings

    settings = load_settings(root=root)
    return content.load(
        settings.root,
        today=_day(today) if today else datetime.now(ZoneInfo("Europe/London")).date(),
        horizon_weeks=settings.horizon_weeks,
        postcodes=settings.postcodes,
        postcode_districts=settings.postcode_districts,
    )


def area_named(directory: Directory, name: str) -> District | Footprint:
    """The district of that name, or else the footprint; 'footprint:preston' is never the district.

    Raises PortalError.
    """
    from portal.directory.values import near, slugify

    areas: dict[str, District | Footprint] = {one.slug: one for one in directory.footprints}
    kind, _, name = name.rpartition(":")
    if kind != "footprint":
        areas |= {one.slug: one for one in directory.districts}
    if (found := areas.get(slugify(name))) is None:
        raise PortalError(
            f"There is no district or footprint '{name}'.{near(name, areas)} "
            f"There are: {', '.join(sorted(areas))}."
        )
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"'{text}' is not a date. Write it like 2027-01-12.", param_hint="--today"
        ) from None
