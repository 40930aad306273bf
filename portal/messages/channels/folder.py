"""Writes letters as files in var/outbox: for trying things out, or until there is a mail server.

An email becomes an .eml file that any mail program opens, a text message a .txt file. The name is
made from the letter's reference, so that a second attempt writes the same file again. The files
hold personal data: only the portal's own account may read them. They are deleted when the family's
data is erased.
"""

from __future__ import annotations

from portal import private_files
from portal.directory import Site
from portal.messages.channels.base import Letter, Undelivered, one_address
from portal.messages.channels.email import compose
from portal.settings import Settings


class Folder:
    """The folder var/outbox."""

    def __init__(self, settings: Settings, site: Site) -> None:
        self.settings = settings
        self.site = site
        self.outbox = settings.var / "outbox"

    def send(self, letter: Letter) -> str:
        if letter.way == "text":
            name = f"{letter.reference}.txt"
            content = f"To: {one_address(letter)}\n\n{letter.plain}\n".encode()
        else:
            name = f"{letter.reference}.eml"
            content = compose(letter, self.settings, self.site).as_bytes()
        try:
            self._write(name, content)
        except OSError as error:
            words = f"The folder {self.outbox} cannot be written to: {error.strerror}."
            raise Undelivered(words) from error
        return name

    def sent_before(self, letter: Letter) -> str | None:
        """The name of the letter's file, if it exists."""
        name = f"{letter.reference}.{'txt' if letter.way == 'text' else 'eml'}"
        return name if (self.outbox / name).is_file() else None

    def _write(self, name: str, content: bytes) -> None:
        private_files.write_file(self.outbox / name, content)
