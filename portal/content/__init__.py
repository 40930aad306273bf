"""Content files in, a checked Directory out, or every mistake in them.

`load` hides the front matter, YAML, Markdown, cross-references and the cache of parsed files.
"""

from portal.content.cache import FileCache, KeptReadings
from portal.content.front_matter import Problem
from portal.content.loader import (
    FOLDERS,
    ContentError,
    hard_messages,
    leftovers,
    load,
    upkeep,
    warnings,
)
from portal.content.plausibility import Doubts, doubts, hard_words, without_remedy

__all__ = [
    "FOLDERS", "ContentError", "Doubts", "FileCache", "KeptReadings", "Problem", "doubts",
    "hard_messages", "hard_words", "leftovers", "load", "upkeep", "warnings", "without_remedy",
]  # fmt: skip
