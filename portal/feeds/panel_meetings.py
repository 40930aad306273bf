"""Writes the meetings of a Resource Panel as calendar entries, one for each.

They say when and where the panel meets, and nothing of what it decides about.
"""

from __future__ import annotations

from collections.abc import Iterator

from portal.directory import District, Meeting, Panel, Site
from portal.feeds.calendar_entries import Entry, entry, line, local, stamps, text


def uid_of(district: District, site: Site) -> str:
    """The UID of a panel; that of a meeting has its planned day before it."""
    return f"panel.{district.slug}@{site.domain}"


def path_of(district: District) -> str:
    """The public address of the calendar of a district's panel."""
    return f"/panels/{district.slug}/calendar.ics"


def entries(district: District, site: Site) -> Iterator[Entry]:
    """An entry for each meeting of the district's panel, past ones too."""
    panel = district.panel
    if panel is None:
        return
    for meeting in panel.meetings:
        uid = f"{meeting.name}.{uid_of(district, site)}"
        dates, words = lines_of_meeting(panel, meeting, site)
        yield entry(uid, dates, words + stamps(panel.changed))


def lines_of_meeting(panel: Panel, meeting: Meeting, site: Site) -> tuple[bytes, bytes]:
    """The lines with the times of a meeting, and those with its words."""
    said = [f"A meeting of the {panel.name}."]
    if meeting.moved:
        said.append(f"It is on another day than usual: {meeting.moved}.")
    if site.demonstration:
        said.append("This is a demonstration: dates and places are samples.")
    dates = local("DTSTART", meeting.starts) + local("DTEND", meeting.ends)
    words = (
        line("SUMMARY", text(panel.name)),
        line("STATUS", "CONFIRMED"),
        line("LOCATION", text(panel.where)),
        line("DESCRIPTION", text("\n".join(said))),
        line("TRANSP", "OPAQUE"),
    )
    return dates, b"".join(words)
