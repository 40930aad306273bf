"""What a log may hold of a fault: its kind, and where it happened.

Never its words: those of a database's error hold what a family typed ("Failing row contains ..."),
those of others an address or a token (S43).
"""

from __future__ import annotations

import traceback


def told(error: BaseException) -> str:
    """The kind of the exception and its frames, innermost last."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}".rstrip()
