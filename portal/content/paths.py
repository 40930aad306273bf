"""Which paths name a content file: the rule of `reader` for names, before anything is opened."""

from __future__ import annotations

import re

from portal.content.file_names import passed_over
from portal.content.message_texts import FILES
from portal.directory.values import LONGEST_SLUG
from portal.directory.vocabularies import LANGUAGES

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
PICTURE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(png|jpg|jpeg|webp)")
REPORT = re.compile(r"20[0-9]{2}-Q[1-4]\.json")
TABLES = (
    "site.yaml", "footprints.yaml", "terms.yaml", "places.csv", "outcodes.csv", "neighbours.csv",
    "outline.json", "resources.yaml",
)  # fmt: skip


def is_content_path(path: str) -> bool:
    """Whether a path from the root, with slashes, can be that of a content file.

    It says nothing about what is there. A path with `..`, an empty part, a capital letter or a
    character that no address can have is none.
    """
    parts = path.split("/")
    if any(passed_over(part) for part in parts):
        return False
    match parts:
        case ["content", "reports", name]:
            return REPORT.fullmatch(name) is not None
        case ["content", name]:
            return name in TABLES
        case ["content", "messages", name]:
            return name.endswith(".md") and name[:-3] in FILES
        case ["content", "pages" | "news" | "help" | "boards", name]:
            return _is_text(name)
        case ["programmes", name]:
            return _is_text(name) or is_picture(name)
        case ["centres", footprint, centre, name]:
            return is_slug(footprint) and is_slug(centre) and (_is_text(name) or is_picture(name))
    return False


def is_slug(name: str) -> bool:
    """Whether a name can be part of an address."""
    return SLUG.fullmatch(name) is not None and len(name) <= LONGEST_SLUG


def is_picture(name: str) -> bool:
    """Whether this can be the name of a picture beside a centre."""
    return PICTURE.fullmatch(name) is not None and is_slug(name.rpartition(".")[0])


def _is_text(name: str) -> bool:
    """A Markdown file, or a translation, with its language before the ending."""
    if not name.endswith(".md"):
        return False
    slug, dot, language = name[:-3].partition(".")
    return is_slug(slug) and (not dot or language in LANGUAGES)
