"""Content files as an editor sees them: read with a digest, and an edit that names the digest.

A path comes from a web form, so it is refused unless the reader of the content would take it, and
nothing on the way to it is a link. Text keeps the line ends and the byte order mark that its file
has, because a browser's text box changes both.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from portal.content.front_matter import LARGEST_FILE
from portal.content.paths import is_content_path
from portal.errors import PortalError

_BOM = b"\xef\xbb\xbf"


class EditingError(PortalError):
    """An edit that cannot be made; the words say why, and what to do."""


class NotHere(EditingError):
    """Content is published on another machine."""


class Conflict(EditingError):
    """The file has changed since its author read it. Nothing was written.

    `theirs` is the text on disk now (None: the file is gone, '' for a picture), `ours` the edit,
    `base` the digest of what the author read (None: a new file).
    """

    def __init__(
        self, path: str, theirs: str | None, ours: str | bytes | None, base: str | None
    ) -> None:
        self.path, self.theirs, self.ours, self.base = path, theirs, ours, base
        change = "was deleted" if theirs is None else "was changed" if base else "was made"
        super().__init__(
            f"{path} {change} by somebody else in the meantime. Compare the two versions, and "
            "publish again."
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """One file as it shall be. `base` is the digest that its author read; None: a new file."""

    path: str  # from the root, with slashes
    text: str | bytes | None  # None: delete it
    base: str | None


def digest_of(text: str | bytes) -> str:
    """Identifies what a file holds, byte for byte."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return hashlib.sha256(data).hexdigest()


def read(root: Path, path: str) -> tuple[str, str]:
    """The text of a content file and its digest. Raises EditingError.

    The text is exact: a byte order mark and Windows line ends are in it.
    """
    data = bytes_of(root, path)
    if data is None:
        raise EditingError(f"There is no file {shown(path)}. It may have been deleted.")
    text = text_of(data)
    if text is None:
        raise EditingError(f"{path} is not text in UTF-8, so it cannot be edited here.")
    return text, digest_of(data)


def bytes_of(root: Path, path: str) -> bytes | None:
    """What a content file holds; None if there is none. Raises EditingError for another path."""
    file = place_of(root, path)
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EditingError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST_FILE:
        raise EditingError(f"{path} is larger than 1 MB. Make it smaller.")
    return data


def text_of(data: bytes) -> str | None:
    """Bytes as text; None if they are none."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def place_of(root: Path, path: str) -> Path:
    """Where a content file is, or would be (S75). Raises EditingError for any other path.

    Every folder on the way must be a folder of its own, not a link to another.
    """
    if not is_content_path(path):
        raise EditingError(
            f"'{shown(path)}' is not the path of a content file. Use small letters, digits and "
            "single hyphens."
        )
    place = root
    parts = path.split("/")
    for number, part in enumerate(parts, 1):
        place /= part
        try:
            mode = os.lstat(place).st_mode
        except FileNotFoundError:
            return root / path
        except OSError as error:
            raise EditingError(f"{path} cannot be read: {error.strerror}.") from error
        if not (stat.S_ISREG(mode) if number == len(parts) else stat.S_ISDIR(mode)):
            what = "a file" if number == len(parts) else "a folder"
            raise EditingError(
                f"{'/'.join(parts[:number])} is not {what} but a link or something else. "
                "It cannot be edited here."
            )
    return place


def bytes_to_write(edit: Edit, current: bytes | None) -> bytes | None:
    """What an edit writes in the place of what is there; None deletes it."""
    if edit.text is None or isinstance(edit.text, bytes):
        return edit.text
    text = edit.text
    unix = text.replace("\r\n", "\n")
    if current is None or b"\r\n" not in current:
        text = unix
    elif current.count(b"\n") == current.count(b"\r\n"):
        text = unix.replace("\n", "\r\n")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise EditingError(
            f"{edit.path} would hold something that is not text. Type it again."
        ) from error
    if current is not None and current.startswith(_BOM) and not data.startswith(_BOM):
        data = _BOM + data
    return data


def shown(path: str) -> str:
    """A path in words, whatever it holds."""
    words = path.encode("utf-8", "backslashreplace").decode()
    words = "".join(sign if sign.isprintable() else "?" for sign in words)
    return words if len(words) <= 100 else f"{words[:97]}..."
