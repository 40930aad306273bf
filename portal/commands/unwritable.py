"""The answer of every command where the portal's own data cannot be written.

The error comes from deep below, as one of the operating system or of SQLite. Each command would
have to look for both; so `portal.commands.Commands` asks here, once for all.
"""

from __future__ import annotations

import errno
from pathlib import Path

from portal.settings import Settings, load_settings

_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)
_SAID_BY_SQLITE = ("unable to open database file", "attempt to write a readonly database")


def words_for(error: Exception, root: Path | None) -> str:
    """A sentence with the remedy; '' if the error has another reason."""
    refused = isinstance(error, OSError) and error.errno in _REFUSED
    if not refused and not _of_sqlite(error):
        return ""
    for folder, setting in _folders(load_settings(root=root)):
        if not refused or _lies_in(folder, getattr(error, "filename", None)):
            return (
                f"{folder} is not a folder that this account can read and write. Give it and its "
                f"files to this account, or let {setting} name another."
            )
    return ""


def _of_sqlite(error: Exception) -> bool:
    said = getattr(error, "orig", error)  # SQLAlchemy wraps what the driver raised
    refused = type(said).__name__ == "OperationalError"
    return refused and any(words in str(said) for words in _SAID_BY_SQLITE)


def _folders(settings: Settings) -> list[tuple[Path, str]]:
    """The folders of the portal's data, each with its setting; that of the database first."""
    folders = [(settings.var, "PORTAL_VAR")]
    backend, _, file = settings.database_address.partition(":///")
    if settings.database_url is not None and backend == "sqlite":
        folders.insert(0, (Path(file).parent, "PORTAL_DATABASE_URL"))
    return folders


def _lies_in(folder: Path, name: object) -> bool:
    return isinstance(name, str) and Path(name).absolute().is_relative_to(folder.absolute())
