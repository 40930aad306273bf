"""The nouns of the directory, checked and cross-referenced. They know nothing of files or pages.

`models` declares every field an editor can write. `fields` says how each kind of value is read
from text. `schedule` works out the dates of a series, `phrases` holds the words that pages and
feeds share, and `addresses` the pages that belong to no noun. This package imports the standard
library and pydantic alone.
"""

from portal.directory.directory import Directory
from portal.directory.models import (
    INHERITED,
    Centre,
    Change,
    Closure,
    District,
    Fields,
    Footprint,
    Footprints,
    HelpPage,
    Meeting,
    Neighbour,
    News,
    OutreachVenue,
    Page,
    Panel,
    PostcodeArea,
    Programme,
    PublishedReport,
    Question,
    Resource,
    Resources,
    Series,
    Session,
    Settlement,
    Site,
    Term,
    Terms,
    TextFile,
    Venue,
)
from portal.directory.vocabularies import AGE_BANDS, AgeBand

__all__ = [
    "AGE_BANDS",
    "INHERITED",
    "AgeBand",
    "Centre",
    "Change",
    "Closure",
    "Directory",
    "District",
    "Fields",
    "Footprint",
    "Footprints",
    "HelpPage",
    "Meeting",
    "Neighbour",
    "News",
    "OutreachVenue",
    "Page",
    "Panel",
    "PostcodeArea",
    "Programme",
    "PublishedReport",
    "Question",
    "Resource",
    "Resources",
    "Series",
    "Session",
    "Settlement",
    "Site",
    "Term",
    "Terms",
    "TextFile",
    "Venue",
]
