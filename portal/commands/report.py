"""The commands `portal report …`: what the service offers and does, in numbers.

Imports are inside the commands, as in `portal.commands`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from portal.commands import days
from portal.errors import PortalError

if TYPE_CHECKING:
    from portal.directory import Directory, District, Footprint

FOR = click.option("--for", "area", help="A district or footprint, such as burnley.")


@click.group(invoke_without_command=True)
@click.option("--quarter", metavar="QUARTER", help="The report of a quarter, like 2026-Q4.")
@FOR
@click.option("--json", "forms", flag_value="json", multiple=True, help="Print JSON.")
@click.option("--csv", "forms", flag_value="csv", multiple=True, help="Print a CSV file.")
@click.option(
    "--publish", "forms", flag_value="publish", multiple=True,
    help="Write its numbers into content/reports/.",
)  # fmt: skip
@click.pass_context
def report(
    ctx: click.Context, quarter: str | None, area: str | None, forms: tuple[str, ...]
) -> None:
    """What the service offers and does, in numbers: the report of a quarter, or coverage."""
    if ctx.invoked_subcommand is not None:
        return
    if quarter is None:
        click.echo(ctx.get_help())
        return
    from portal.commands import quarterly

    form = _one_of(forms, "--json, --csv and --publish")
    directory = read(ctx.obj)
    chosen = area_named(directory, area) if area else None
    quarterly.run(ctx.obj, directory, quarter.upper(), chosen, form)


@report.command()
@FOR
@click.option(
    "--json", "forms", flag_value="json", multiple=True,
    help="Print JSON, as /data/coverage.json has it.",
)  # fmt: skip
@click.option(
    "--csv", "forms", flag_value="csv", multiple=True,
    help="Print CSV, as /data/coverage.csv has it.",
)  # fmt: skip
@click.option("--today", metavar="DATE", help="The first day, like 2027-01-12.")
@click.pass_obj
def coverage(
    root: Path | None, area: str | None, forms: tuple[str, ...], today: str | None
) -> None:
    """What is on in the next 13 weeks, by district, age and part of the week."""
    from portal.coverage import printed
    from portal.coverage.cells import Coverage
    from portal.feeds.coverage import as_csv, as_json

    form = _one_of(forms, "--json and --csv")
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
        today=days.day_of(today),
        horizon_weeks=settings.horizon_weeks,
        postcodes=settings.postcodes,
        postcode_districts=settings.postcode_districts,
    )


def _one_of(forms: tuple[str, ...], all_forms: str) -> str | None:
    """The form that was asked for. Raises UsageError for two, of which one would be left out."""
    if len(set(forms)) > 1:
        raise click.UsageError(f"Choose one of {all_forms}.")
    return forms[0] if forms else None


def area_named(directory: Directory, name: str) -> District | Footprint | None:
    """The district of that name, or else the footprint; 'footprint:preston' is never the district.
    None is the whole county.

    Raises PortalError.
    """
    from portal.directory.values import near, slugify

    areas: dict[str, District | Footprint] = {one.slug: one for one in directory.footprints}
    kind, _, name = name.rpartition(":")
    if kind != "footprint":
        areas |= {one.slug: one for one in directory.districts}
    if not kind and slugify(name) in ("county", slugify(directory.site.area)):
        return None
    if (found := areas.get(slugify(name))) is None:
        raise PortalError(
            f"There is no district or footprint '{name}'.{near(name, areas)} "
            f"There are: {', '.join(sorted(areas))}."
        )
    return found
