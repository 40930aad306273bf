"""The leaflet of a centre as a PDF, for people who send or print it without a browser.

It is the leaflet's own page, rendered by WeasyPrint, which comes with the extra `pdf` and needs
Pango on the machine. Each takes half a second and there are many, so a PDF holds a digest of its
source (its /ID), and a PDF of the last site that has the same digest is reused. Nothing in it
depends on a clock or a random number, and nothing is fetched: the style sheet is passed in.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

from PIL import ImageFile

from portal.directory import Centre
from portal.web.assets import static_files
from portal.web.site.last_site import LastSite

MISSING = (
    "Leaflets are not made as PDF: {what}. Pages to print are there all the same. "
    "To have both: pip install 'portal[pdf]', and Pango (Debian: libpangoft2-1.0-0)."
)
# Increase this when the same page should give a different PDF.
_FORM = "1"
_LINK = re.compile(r"<link [^>]*>|<script[^>]*></script>")


@cache
def missing() -> str | None:
    """The reason why PDFs cannot be made, for the person who builds; None if they can."""
    if find_spec("weasyprint") is None:
        return MISSING.format(what="WeasyPrint is not installed")
    try:
        _weasyprint()
    except OSError:
        return MISSING.format(what="WeasyPrint does not find the libraries of Pango")
    return None


def _weasyprint() -> Any:
    """WeasyPrint. Its import makes Pillow accept damaged pictures, also those of editors (S16)."""
    import weasyprint

    ImageFile.LOAD_TRUNCATED_IMAGES = False
    return weasyprint


class Leaflets:
    """Makes PDFs of leaflets, or reuses those of the site `earlier`."""

    def __init__(self, earlier: LastSite | None) -> None:
        self._earlier = earlier

    def pdf(self, centre: Centre, page: str, base_address: str) -> bytes:
        """The PDF of a leaflet's page. The same page gives the same bytes."""
        weasyprint = _weasyprint()
        css = static_files()["site.css"].content.decode()
        made_of = "\0".join((page, css, base_address, weasyprint.__version__, _FORM))
        identity = sha256(made_of.encode()).hexdigest()[:32].encode()
        kept = self._kept(centre, identity)
        if kept is not None:
            return kept
        logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
        # Without its links to files, there is nothing in a leaflet to fetch.
        document = weasyprint.HTML(
            string=_LINK.sub("", page), base_url=base_address + centre.whats_on_path
        )
        sheet = weasyprint.CSS(string=css)
        data: bytes = document.write_pdf(stylesheets=[sheet], pdf_identifier=identity)
        return data

    def _kept(self, centre: Centre, identity: bytes) -> bytes | None:
        data = self._earlier.read(centre.leaflet_path[1:]) if self._earlier else None
        return data if data is not None and identity in data[-2000:] else None
