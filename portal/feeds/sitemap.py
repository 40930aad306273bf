"""sitemap.xml and robots.txt: what search engines and calendar readers may fetch."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portal.directory import Directory


def files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The sitemap by its public path."""
    return {}


def robots_files(directory: Directory) -> Mapping[str, Callable[[], bytes]]:
    """The rules for robots by their public path."""
    return {}
