"""The day that a command works with: today in London, or one that an option names."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import click


def today() -> date:
    return datetime.now(ZoneInfo("Europe/London")).date()


def day_of(text: str | None) -> date:
    """The day that `--today` names; today if it names none. Raises BadParameter."""
    if not text:
        return today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"'{text}' is not a date. Write it like 2027-01-12.", param_hint="--today"
        ) from None
