"""The calendars, by the rules of iCalendar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portal.directory import Directory


def files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """Every calendar by its public path."""
    return {}
