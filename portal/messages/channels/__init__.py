"""The channels that deliver letters, and which of them the settings choose.

A channel is `channels/<name>.py`, a line in CHANNELS, and its name in the choices of
`email_channel` or `text_channel` in `portal/settings.py`. It is made from the settings and the
site, and offers `send(letter)`, which returns a receipt or raises Undelivered, and
`sent_before(letter)`, which finds out after a crash whether a letter went.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portal.directory import Site
from portal.messages.channels.base import Attachment, Channel, Letter, Undelivered, Way
from portal.messages.channels.email import Email
from portal.messages.channels.folder import Folder
from portal.messages.channels.notify import Notify
from portal.settings import Settings

__all__ = ["CHANNELS", "Attachment", "Channel", "Letter", "Undelivered", "Way", "opened"]

CHANNELS: Mapping[str, Callable[[Settings, Site], Channel]] = {
    "folder": Folder,
    "email": Email,
    "notify": Notify,
}


def opened(settings: Settings, site: Site) -> Mapping[Way, Channel]:
    """The channel for each way of contact that the settings allow. Raises SettingsError."""
    chosen: Mapping[Way, str] = {"email": settings.email_channel, "text": settings.text_channel}
    return {way: CHANNELS[name](settings, site) for way, name in chosen.items() if name != "none"}
