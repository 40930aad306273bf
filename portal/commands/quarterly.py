"""`portal report --quarter`: the report of a quarter in words, as a table or JSON, or published.

It shows what pages show: numbers that are safe for everybody (S103).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import Engine

from portal import database
from portal.bookings.csv_export import csv_of
from portal.directory import Directory, District, Footprint, quarters
from portal.directory.measures import COUNTY, OR_MORE, OUR_READING_NOTE, Figure, key
from portal.directory.quarterly import OUR_READING, PARTS, Line, Part, Report
from portal.directory.values import LONDON
from portal.editing import report_publishing
from portal.editing.publishing import Author
from portal.errors import PortalError
from portal.feeds import report_data
from portal.reports.report import report_for, reports_of
from portal.settings import Settings, load_settings

SAMPLE = "Invented numbers: a sample year."
AUTHOR = Author("portal report", "portal@localhost")
_WIDE = 44  # of the labels of lines


def run(
    root: Path | None,
    directory: Directory,
    quarter: str,
    area: District | Footprint | None,
    form: str | None,
) -> None:
    """Do what the options of the command say. Raises PortalError."""
    settings = load_settings(root=root)
    now = datetime.now(LONDON)
    engine = database.connect(settings.database_address)
    try:
        database.migrate(engine)
        if form == "publish":
            if area:
                raise PortalError("A quarter is published for all areas. Leave --for out.")
            _publish(settings, engine, directory, quarter, now)
            return
        chosen = _key(area)
        if form == "json" and area is None:
            cube = reports_of(engine, directory, quarter, now)
            click.echo(json.dumps(cube.as_json(), indent=1))
            return
        report = report_for(engine, directory, quarter, chosen, now)
        if form == "json":
            click.echo(report_data.as_json([report]).decode(), nl=False)
        elif form == "csv":
            click.echo(csv_of(report_data.HEADER, report_data.rows(report)), nl=False)
        else:
            for line in words(report):
                click.echo(line)
    finally:
        engine.dispose()


def _key(area: District | Footprint | None) -> str:
    if area is None:
        return COUNTY
    return key("district" if isinstance(area, District) else "footprint", area.slug)


def words(report: Report) -> Iterator[str]:
    """The report in lines of plain text."""
    cube = report.cube
    yield f"{report.title}, {quarters.words(report.quarter)}"
    if report.sample:
        yield SAMPLE
    if not cube.final:
        yield f"So far: the quarter ends on {quarters.last_day(report.quarter).isoformat()}."
    if cube.edition > 1:
        yield f"Edition {cube.edition}: it corrects the one before."
    for part in PARTS:
        yield ""
        yield part.title.upper()
        yield from _all(report, part)
        for table in report.tables(part):
            names = [one for one in part.measures if one.name in table.lines[0].figures]
            rows = [(line, [line.figures[one.name] for one in names]) for line in table.lines]
            if not any(number or hidden for _, some in rows for number, hidden in map(_is, some)):
                continue
            yield ""
            yield f"{table.title}: {', '.join(one.words.lower() for one in names)}"
            for line, some in rows:
                yield f"  {_label(line):{_WIDE}} {'  '.join(f'{one.short:>7}' for one in some)}"
    if report.private and report.private.figures["booked"] != Figure():
        yield ""
        yield f"{report.private.label}, bookings: {report.private.figures['booked'].words}"
    yield ""
    yield "<5*: fewer than 5, or hidden to protect others."
    yield f"30+: 30 or more; {OR_MORE}"
    if any(
        line.reading == OUR_READING
        for kind in ("outcome", "need")
        for line in report.table(kind).lines
    ):
        yield OUR_READING_NOTE


def _is(figure: Figure) -> tuple[bool, bool]:
    return bool(figure.number), figure.partial


def _all(report: Report, part: Part) -> Iterator[str]:
    """The numbers of everything, beside the quarter before and the same one a year ago."""
    beside = (("last quarter", report.before), ("a year ago", report.year_ago))
    for measure in part.measures:
        said = [
            f"{name}: {line.figures[measure.name].short if line else 'no figures'}"
            for name, line in beside
        ]
        figure = report.all.figures[measure.name]
        yield f"  {measure.words:{_WIDE}} {figure.short:>7}  ({', '.join(said)})"


def _label(line: Line) -> str:
    return line.label if len(line.label) <= _WIDE else f"{line.label[: _WIDE - 3]}..."


def _publish(
    settings: Settings, engine: Engine, directory: Directory, quarter: str, now: datetime
) -> None:
    """Write the file of a quarter, and ask for a build."""
    edition = report_publishing.prepare(settings, engine, directory, quarter, now)
    if edition.is_published:
        click.echo(f"{edition.path} has these numbers already.")
        return
    done = report_publishing.write(settings, engine, edition, author=AUTHOR, now=now)
    click.echo(f"Written: {edition.path}. The site shows it after its next build.")
    for change in edition.changes(directory):
        before, after = change.before.words, change.after.words
        click.echo(f"  {change.area}, {change.line}, {change.measure.words}: {before} to {after}")
    if done.warning:
        click.echo(done.warning)
