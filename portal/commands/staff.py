"""The commands `portal staff …`: each says what became of it, one line for each thing to know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from portal.commands.staffing import Staffing


@click.group()
def staff() -> None:
    """Who works with the portal, and may see its bookings."""


_ROLE = click.Choice(["worker", "manager", "administrator"])
_centres = click.option("--centre", "centres", multiple=True, help="Where a worker works.")
_footprint = click.option("--footprint", help="The footprint of a manager.")


@staff.command("add")
@click.argument("email")
@click.option("--name", required=True, help="What the person is called.")
@click.option("--role", type=_ROLE, required=True, help="What she may see and do.")
@_centres
@_footprint
@click.pass_obj
def add_staff(
    root: Path | None,
    email: str,
    name: str,
    role: str,
    centres: tuple[str, ...],
    footprint: str | None,
) -> None:
    """Make an account, and print the link of its invitation."""
    _say(_staffing(root).add(email, name, role, centres, footprint))


@staff.command("change")
@click.argument("email")
@click.option("--name", help="What the person is called.")
@click.option("--role", type=_ROLE, help="What she may see and do.")
@_centres
@_footprint
@click.pass_obj
def change_staff(
    root: Path | None,
    email: str,
    name: str | None,
    role: str | None,
    centres: tuple[str, ...],
    footprint: str | None,
) -> None:
    """Change a name, a role or where somebody works; she is signed out."""
    _say(_staffing(root).change(email, name, role, centres, footprint))


@staff.command("list")
@click.pass_obj
def list_staff(root: Path | None) -> None:
    """Who has an account, and how it stands."""
    _say(_staffing(root).listed())


@staff.command("reset")
@click.argument("email")
@click.pass_obj
def reset_staff(root: Path | None, email: str) -> None:
    """Take back password and phone, and print the link of a new invitation."""
    _say(_staffing(root).reset(email))


@staff.command("remove")
@click.argument("email")
@click.pass_obj
def remove_staff(root: Path | None, email: str) -> None:
    """Shut somebody out."""
    _say(_staffing(root).remove(email))


def _staffing(root: Path | None) -> Staffing:
    from portal.commands.staffing import Staffing
    from portal.settings import load_settings

    return Staffing(load_settings(root=root), datetime.now(UTC))


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line)
