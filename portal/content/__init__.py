"""Content files in, a checked Directory out, or every mistake in them.

`load` hides the front matter, YAML, Markdown, cross-references and the cache of parsed files.
"""

from portal.content.cache import FileCache
from portal.content.front_matter import Problem
from portal.content.loader import FOLDERS, ContentError, leftovers, load, warnings

__all__ = ["FOLDERS", "ContentError", "FileCache", "Problem", "leftovers", "load", "warnings"]
