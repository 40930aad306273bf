"""The identity of a request to a programme as such, which belongs to a district and to no centre.

What it hides: `programme:<programme>@<district>`, where the identity of a series would be. Lists,
messages and the log decide by the identity who may see something, and so they show a request to
those who may see its district (S30). Without a district, or with one that has left the content, a
request belongs to no footprint.
"""

from __future__ import annotations

ASKED_FOR = "programme:"
_IN = "@"  # in no slug


def identity_of(programme: str, district: str = "") -> str:
    """The identity of requests to a programme in this district; '' for anywhere."""
    return f"{ASKED_FOR}{programme}{_IN}{district}" if district else f"{ASKED_FOR}{programme}"


def programme_of(identity: str) -> str:
    """The slug of the programme that was asked for."""
    return identity.removeprefix(ASKED_FOR).partition(_IN)[0]


def district_of(identity: str) -> str:
    """The slug of the district in which it was asked for; '' for anywhere."""
    return identity.partition(_IN)[2]


def in_district(district: str) -> str:
    """How the identity of everything in a district ends that belongs to no centre."""
    return f"{_IN}{district}"
