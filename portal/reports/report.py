"""The report of a quarter: from facts through blocks to the safe numbers that may be shown.

What it hides: which quarters are already published. Those are final: everybody, managers too, sees
their file, so that a number cannot be found by comparing it with the register of today (S104).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from portal.directory import Directory
from portal.directory.quarterly import Cube, Report, report_among

__all__ = ["Cube", "Report", "report_among", "reports_of"]


def reports_of(engine: Engine, directory: Directory, quarter: str, now: datetime) -> Cube:
    """The safe numbers of a quarter: as published, or else from the database as it is now."""
    raise NotImplementedError
