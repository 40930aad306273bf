"""The root of the portal's exceptions, and the part of an exception that may be logged.

    PortalError
    +- content.ContentError                mistakes in the content, all of them
    +- editing.files.EditingError          an edit that cannot be made, such as a Conflict
    +- web.site.atomic_folder.BuildError   the site could not be written
    +- settings.SettingsError              a setting that cannot be used

A log holds the kind of an exception and where it happened, never its words: those of a database's
error hold what a family typed ("Failing row contains ..."), others an address or a token (S43).
"""

from __future__ import annotations

import traceback


class PortalError(Exception):
    """A deliberate refusal, in words that a person can act on."""


def describe(error: BaseException) -> str:
    """The kind of the exception and its frames, innermost last."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}".rstrip()
