"""Codes to scan (QR), which bring the page of a calendar from a screen or from paper to a phone.

They lead to the page and not to the calendar itself: only Apple's phones know what to do with a
`webcal:` address, and on the page everybody finds the way that works for them.
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
    """A code for each calendar of groups, beside it."""
    base = directory.site.base_address
    return {path_of(facet): partial(drawn, base + _leads_to(facet)) for facet in facets(directory)}


def path_of(facet: Facet) -> str:
    return f"{facet.page}calendar.svg"


def drawn(address: str) -> bytes:
    """A code as a file of its own. Black on white, as phones want it in dark surroundings too."""
    drawn = BytesIO()
    _code(address).save(
        drawn, kind="svg", border=4, scale=4, dark="#000", light="#fff", xmldecl=False, nl=False
    )
    return drawn.getvalue()


def in_page(address: str) -> str:
    """A code as a part of a page that stands for itself, on paper and without a network.

    The page says the address beside it: whoever listens to the page has no use for the code.
    """
    code = _code(address).svg_inline(border=2, scale=1, dark="#000", light="#fff", omitsize=True)
    return code.replace("<svg ", '<svg aria-hidden="true" ', 1)


def _code(address: str) -> segno.QRCode:
    # Trying all eight masks takes five times as long for each of hundreds of codes, and readers
    # take any: there is only one wrong choice, a mask that leaves large areas of one colour, and
    # the letters of an address are too mixed for that.
    return segno.make(address, error="m", micro=False, mask=_MASK)


def _leads_to(facet: Facet) -> str:
    # The home page has no panel for its calendar: the list of calendars begins with it.
    return f"{facet.page}{ANCHOR}" if facet.kind else f"/calendars/{ANCHOR}"
