"""Rules about where a series meets away from its centre: in a building, or in an area.

An area has no door. So it is found by its middle, it has no address, and a family can book a place
there only if the file says where to meet. How far it is from the centre, and whether it is in the
centre's district, is for the warnings of `portal.content.plausible_places`.
"""

from __future__ import annotations

from collections.abc import Iterator

from portal.content.front_matter import Written
from portal.content.yaml_reader import Place
from portal.directory import OutreachVenue, Series

_OF_A_DOOR = ("name", "address", "postcode")


def check_areas(written: Written, series: Series, booking: str) -> None:
    """Reports what does not fit together in the venues of a series and of its changed dates."""
    for place, venue in _venues(series):
        for field, words in _mistakes(venue):
            written.wrong((*place, field) if field else place, words)
        if venue.area and not venue.meet and booking == "book":
            written.wrong(
                (*place, "area"),
                "'area': families book a place, so they must know where to find you. "
                "Add 'meet', such as the bandstand in Memorial Park, "
                "or write 'booking: drop-in' or 'booking: request'.",
            )


def _venues(series: Series) -> Iterator[tuple[Place, OutreachVenue]]:
    if series.venue_fields:
        yield ("venue",), series.venue_fields
    for number, change in enumerate(series.changes):
        if change.venue:
            yield ("changes", number, "venue"), change.venue


def _mistakes(venue: OutreachVenue) -> Iterator[tuple[str, str]]:
    """Each with the field that it is about, '' for the venue as a whole."""
    if not venue.area:
        if not venue.name:
            yield (
                "",
                "'name' is missing. Write the building's name, or 'area' if it has no building.",
            )
        if venue.meet:
            yield "meet", "'meet' is for an area. Add 'area', or remove the line."
        return
    for field in _OF_A_DOOR:
        if getattr(venue, field):
            yield (
                field,
                f"'{field}': an area has no door. Remove this line, or remove 'area' if families "
                "go to a building.",
            )
    if not (venue.town or venue.location):
        yield (
            "area",
            "'area': add the town, or the location of its middle. The finder needs it to find "
            "the area.",
        )
