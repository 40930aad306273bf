"""Writes the meetings of a board as calendar entries, one for each."""

from __future__ import annotations

from collections.abc import Iterator

from portal.directory import Board, Meeting, Site
from portal.feeds.calendar_entries import Entry, entry, line, local, stamps, text


def uid_of(board: Board, site: Site) -> str:
    """The UID of a board; that of a meeting has its planned day before it."""
    return f"board.{board.first_slug}@{site.domain}"


def entries(board: Board, site: Site) -> Iterator[Entry]:
    """An entry for each meeting of a board, past ones too."""
    for meeting in board.meetings:
        uid = f"{meeting.name}.{uid_of(board, site)}"
        dates = local("DTSTART", meeting.starts) + local("DTEND", meeting.ends)
        yield entry(uid, dates, _words(board, meeting, site) + stamps(board.changed))


def _words(board: Board, meeting: Meeting, site: Site) -> bytes:
    page = f"{site.base_address}{board.path}"
    said = [f"{board.join}."]
    if meeting.moved:
        said.append(f"It is on another day than usual: {meeting.moved}.")
    if site.demonstration:
        said.append("This is a demonstration: dates and places are samples.")
    properties = (
        line("SUMMARY", text(f"{'MOVED: ' if meeting.moved else ''}Meeting of {board.title}")),
        line("STATUS", "CONFIRMED"),
        line("LOCATION", text(board.where or "")),
        line("DESCRIPTION", text("\n".join([*said, page]))),
        line("URL", page),
        line("TRANSP", "TRANSPARENT"),
    )
    return b"".join(properties)
