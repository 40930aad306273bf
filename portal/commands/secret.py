"""The commands `portal secret …`."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def secret() -> None:
    """The secret that links, form tokens and phones of staff are made with."""


@secret.command("change")
@click.pass_obj
def change_secret(root: Path | None) -> None:
    """Make a new secret, and keep the present one for what was made with it."""
    from portal.settings import OLD_SECRETS, load_settings

    settings = load_settings(root=root)
    settings.change_secret()
    click.echo("There is a new secret. Start every process of the portal again now.")
    click.echo(
        "Links of families, and phones and recovery codes of staff, still work: the old secret is "
        f"kept for them in {settings.var / OLD_SECRETS}. Forms that are open must be sent again. "
        "docs/running.md says when the old secret can be deleted."
    )
