"""The commands `portal staff …`: each prints its result, one fact per line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portal.staff.roles import ROLES

if TYPE_CHECKING:
    from portal.commands.staffing import Staffing


@click.group()
def staff() -> None:
    """Look after staff accounts."""


_ROLE = click.Choice(ROLES)
_centres = click.option(
    "--centre", "centres", multiple=True, help="A centre of a worker, an editor or a reader."
)
_footprint = click.option("--footprint", help="The footprint of a manager or a reader.")
_panels = click.option(
    "--panel",
    "panels",
    multiple=True,
    help="A district on whose Resource Panel the person sits: a panel member, worker or manager.",
)


@staff.command("add")
@click.argument("email")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", type=_ROLE, required=True, help="What this person may see and do.")
@_centres
@_footprint
@_panels
@click.pass_obj
def add_staff(
    root: Path | None,
    email: str,
    name: str,
    role: str,
    centres: tuple[str, ...],
    footprint: str | None,
    panels: tuple[str, ...],
) -> None:
    """Make an account, and print the link of its invitation."""
    _say(_staffing(root).add(email, name, role, centres, footprint, panels))


@staff.command("change")
@click.argument("email")
@click.option("--name", help="The person's name.")
@click.option("--role", type=_ROLE, help="What this person may see and do.")
@_centres
@_footprint
@_panels
@click.option("--no-panel", is_flag=True, help="The person leaves all Resource Panels.")
@click.pass_obj
def change_staff(
    root: Path | None,
    email: str,
    name: str | None,
    role: str | None,
    centres: tuple[str, ...],
    footprint: str | None,
    panels: tuple[str, ...],
    no_panel: bool,
) -> None:
    """Change a name, a role, the places of work or the panels. The person is signed out."""
    if panels and no_panel:
        raise click.UsageError("Give --panel or --no-panel, not both.")
    sits = () if no_panel else panels or None
    _say(_staffing(root).change(email, name, role, centres, footprint, sits))


@staff.command("list")
@click.pass_obj
def list_staff(root: Path | None) -> None:
    """List the accounts and their state."""
    _say(_staffing(root).listed())


@staff.command("reset")
@click.argument("email")
@click.pass_obj
def reset_staff(root: Path | None, email: str) -> None:
    """Cancel password and phone, and print the link of a new invitation."""
    _say(_staffing(root).reset(email))


@staff.command("remove")
@click.argument("email")
@click.pass_obj
def remove_staff(root: Path | None, email: str) -> None:
    """Remove an account."""
    _say(_staffing(root).remove(email))


@staff.command("here")
@click.pass_obj
def here(root: Path | None) -> None:
    """Print a link to sign in on this machine, without https."""
    _say(_staffing(root).here())


def _staffing(root: Path | None) -> Staffing:
    from portal.commands.staffing import Staffing
    from portal.settings import load_settings

    staffing = Staffing(load_settings(root=root), datetime.now(UTC))
    click.get_current_context().call_on_close(staffing.close)
    return staffing


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)
