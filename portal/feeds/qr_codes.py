"""QR codes that open the page of a calendar on a phone, from a screen or from paper.

They lead to the page rather than to the calendar itself: only iPhones can open a `webcal:` address,
and the page explains every way to subscribe.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from io import BytesIO

import segno

from portal.directory import Directory
from portal.feeds.calendars import Facet, Maker, facets

ANCHOR = "#calendar"
_MASK = 4


def files(directory: Directory) -> Mapping[str, Maker]:
    """Makers of the code of each facet's calendar, by public path."""
    base = directory.site.base_address
    return {path_of(facet): partial(drawn, base + _leads_to(facet)) for facet in facets(directory)}


def path_of(facet: Facet) -> str:
    return f"{facet.page}calendar.svg"


def drawn(address: str) -> bytes:
    """A code as an SVG file. Always black on white, which phones need even in dark mode."""
    buffer = BytesIO()
    _code(address).save(
        buffer, kind="svg", border=4, scale=4, dark="#000", light="#fff", xmldecl=False, nl=False
    )
    return buffer.getvalue()


def in_page(address: str) -> str:
    """A code as inline SVG, for a page that must work on paper and without a network.

    It is hidden from screen readers: the page gives the address as text beside it.
    """
    code = _code(address).svg_inline(border=2, scale=1, dark="#000", light="#fff", omitsize=True)
    return code.replace("<svg ", '<svg aria-hidden="true" ', 1)


def _code(address: str) -> segno.QRCode:
    # Trying all eight masks would take five times as long for each of hundreds of codes. Readers
    # accept any mask that does not leave large areas of one colour, and the characters of an
    # address are too varied for that.
    return segno.make(address, error="m", micro=False, mask=_MASK)


def _leads_to(facet: Facet) -> str:
    # The home page has no calendar panel: its calendar is the first on the list of calendars.
    return f"{facet.page}{ANCHOR}" if facet.kind else f"/calendars/{ANCHOR}"
