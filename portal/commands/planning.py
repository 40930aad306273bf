"""`portal next-term`: series copied into a term, or a whole centre as the page for staff shows it.

A centre is shown first: without `--write` nothing is written. With it, all copies that are shown
are written, or none if one has a mistake or a clash.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import click

from portal import content
from portal.directory import Directory
from portal.directory.values import LONDON, near
from portal.editing import next_term, publishing, term_plan
from portal.editing.drafts import WritingError, add
from portal.editing.term_plan import Plan
from portal.settings import Settings


def copy(settings: Settings, names: Sequence[str], term: str | None, *, now: datetime) -> None:
    """Write the copies of these series, and print what an editor must know of each."""
    today = now.astimezone(LONDON).date()
    directory = content.load(settings.root, today=today)
    for made in next_term.next_term(settings.root, directory, names, term, today=today):
        for line in made.report:
            click.echo(line)


def show(
    settings: Settings,
    centre: str,
    term: str | None,
    names: Collection[str],
    *,
    write: bool,
    now: datetime,
) -> None:
    """Print the plan of a centre, and write its copies if asked to.

    `names` are the series to copy, all that end with the term before by default. Raises
    WritingError for names that are not known, and where the copies cannot be written.
    """
    today = now.astimezone(LONDON).date()
    directory = content.load(settings.root, today=today)
    if directory.centre(centre) is None:
        known = [one.slug for one in directory.centres]
        raise WritingError(
            f"There is no centre '{centre}'.{near(centre, known)} Write the name of its folder."
        )
    plan = _plan(settings, directory, centre, term, names, now)
    for line in term_plan.report(plan):
        click.echo(line)
    rows = plan.of("offered")
    if not rows:
        click.echo("\nThere is nothing to copy.")
    elif not write:
        click.echo("\nNothing is written yet. To write what is to be copied, add --write.")
    elif any(row.mistakes or row.clashes for row in rows):
        raise WritingError(
            "Nothing is written. Correct what is marked, or name only those series that are right."
        )
    else:
        files = {path: text for row in rows if row.copy for path, text in row.copy.files.items()}
        add(settings.root, files, today=today)
        click.echo("\nWritten:")
        for path in files:
            click.echo(f"  {path.as_posix()}")


def _plan(
    settings: Settings,
    directory: Directory,
    centre: str,
    term: str | None,
    names: Collection[str],
    now: datetime,
) -> Plan:
    """The plan, with the clashes of what is to be copied: those named, where there are names."""
    chosen = {name.removesuffix(".md").rpartition("/")[2] for name in names} or None
    today = now.astimezone(LONDON).date()
    plan = term_plan.plan(settings.root, directory, centre, term, today=today, chosen=chosen)
    if chosen:
        possible = [row.slug for row in plan.of("offered", "earlier")]
        for name in sorted(chosen - {*possible}):
            raise WritingError(
                f"There is nothing to copy under '{name}'.{near(name, possible)} "
                f"To copy: {', '.join(possible) or 'nothing'}."
            )
        rows = [
            replace(row, state="offered" if row.slug in chosen else "earlier")
            if row.can_be_copied
            else row
            for row in plan.rows
        ]
        plan = Plan(plan.span, tuple(rows))
    edits = term_plan.edits(plan.of("offered"))
    if not edits:
        return plan
    return term_plan.with_problems(plan, publishing.check(settings, edits, now=now).problems)
