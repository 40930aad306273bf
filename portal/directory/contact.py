"""How families reach us about a series, a programme or a centre: the one rule for every output.

A phone number comes first: the programme's, then the centre's, then the service's. Where there is
none, it is an email address; where there is neither, the contact page. What is marked as a sample
is never given, and nothing about a sensitive programme leads to its centre (S3).

Pages show it as a link (`portal.web.filters.reach`). Paper, calendars and messages cannot be
pressed, so they name the address of the contact page in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from portal.directory.models import Centre, Programme, Series, Site

CONTACT_PAGE = "/contact/"

Way = Literal["phone", "email", "page"]
# What to do with each way, in the words of a letter, a leaflet and a calendar.
CLAUSES: Mapping[Way, str] = {
    "phone": "ring us on {contact}",
    "email": "write to us at {contact}",
    "page": "see how to reach us at {contact}",
}


@dataclass(frozen=True, slots=True)
class Contact:
    """The ways to reach us: a number, an email address, and the page for want of both."""

    phone: str | None
    email: str | None
    page: str  # its whole address

    @property
    def way(self) -> Way:
        """The way that families are given."""
        return "phone" if self.phone else "email" if self.email else "page"

    @property
    def to(self) -> str:
        """The number, the email address, or the address of the page."""
        return self.phone or self.email or self.page

    @property
    def words(self) -> str:
        """'ring us on 01772 000000', for what cannot be pressed."""
        return CLAUSES[self.way].format(contact=self.to)

    @property
    def ways(self) -> tuple[str, ...]:
        """The number and the email address, or the address of the page."""
        return tuple(filter(None, (self.phone, self.email))) or (self.page,)


def contact_about(
    thing: Series | Programme | Centre | None, site: Site, *, base: str = ""
) -> Contact:
    """How families reach us about this; None asks for the service itself.

    `base` is the address of the public pages, if it is not that of the content.
    """
    nouns = _with_own_ways(thing)
    phones = [*(noun.contact_phone for noun in nouns), site.phone]
    emails = [*(noun.contact_email for noun in nouns if isinstance(noun, Centre)), site.email]
    page = f"{base or site.base_address}{CONTACT_PAGE}"
    return Contact(next(filter(None, phones), None), next(filter(None, emails), None), page)


def _with_own_ways(thing: Series | Programme | Centre | None) -> tuple[Programme | Centre, ...]:
    """What may have a number or address of its own, the nearest first."""
    if isinstance(thing, Series):
        programme = thing.programme
        return (programme,) if programme.sensitive else (programme, thing.centre)
    return () if thing is None else (thing,)
