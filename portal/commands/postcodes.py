"""The command `portal postcodes import`.

Imports are inside the command, as in `portal.commands`.
"""

from __future__ import annotations

from pathlib import Path

import click

from portal.commands import days
from portal.commands.progress import progress_bar

_BAD_ROWS = 20  # shown; all are counted


@click.group()
def postcodes() -> None:
    """Exact postcodes for the finder and for coverage."""


@postcodes.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The file to write.")
@click.option(
    "--border", type=click.FloatRange(0, 50), default=10, help="How many miles around to keep."
)
@click.pass_obj
def import_postcodes(root: Path | None, file: Path, out: Path | None, border: float) -> None:
    """Make the finder exact with a national FILE: OS Code-Point Open, or an ONS directory.

    FILE is the zip, its folder, or a CSV file from it. The next build publishes the result.
    """
    from portal import content
    from portal.finder import postcodes as exact
    from portal.settings import load_settings

    settings = load_settings(root=root)
    directory = content.load(settings.root, today=days.today())
    out = out or settings.postcodes
    by_district = out.with_name(settings.postcode_districts.name)
    with progress_bar("Reading") as progress:
        report = exact.import_file(
            file,
            out,
            {district.code for district in directory.districts},
            by_district=by_district,
            border_miles=border,
            progress=progress,
        )
    for line in report.named[:_BAD_ROWS]:
        click.echo(line, err=True)
    for line in report.lines():
        click.echo(line)
    click.echo(f"The finder has them in {out}, {out.stat().st_size:,} bytes, from the next build.")
    click.echo(f"Coverage counts them by district from {by_district}, which is not published.")
