"""The identity of a request to a programme as such, which belongs to a district or to a centre.

What it hides: `programme:<programme>@<district>`, where the identity of a series would be, and
`programme:<programme>/<centre>@<district>` if somebody asked a centre. Lists, messages and the log
decide by the identity who may see something, and so they show a request to those who may see its
centre or its district (S30). Without a district, or with one that has left the content, a request
belongs to no footprint.
"""

from __future__ import annotations

from portal.directory.directory import Directory
from portal.directory.models import Programme

ASKED_FOR = "programme:"
_IN = "@"  # in no slug
_AT = "/"


def identity_of(programme: str, district: str = "", centre: str = "") -> str:
    """The identity of requests to a programme in this district; '' for anywhere.

    `centre` is the slug of the centre of the district that is asked, if it is one.
    """
    asked = f"{ASKED_FOR}{programme}"
    if not district:
        return asked
    return f"{asked}{_AT}{centre}{_IN}{district}" if centre else f"{asked}{_IN}{district}"


def programme_of(identity: str) -> str:
    """The slug of the programme that was asked for."""
    return identity.removeprefix(ASKED_FOR).partition(_IN)[0].partition(_AT)[0]


def programme_in(directory: Directory, identity: str) -> Programme | None:
    """The programme that was asked for as such; None for a series, or once it has gone."""
    if not identity.startswith(ASKED_FOR):
        return None
    return directory.programme(programme_of(identity))


def district_of(identity: str) -> str:
    """The slug of the district in which it was asked for; '' for anywhere."""
    return identity.partition(_IN)[2]


def centre_of(identity: str) -> str:
    """The slug of the centre that was asked, as it was then; '' for none."""
    if not identity.startswith(ASKED_FOR):
        return ""
    return identity.removeprefix(ASKED_FOR).partition(_IN)[0].partition(_AT)[2]


def in_district(district: str) -> str:
    """How the identity of everything in a district ends that is of no series."""
    return f"{_IN}{district}"
