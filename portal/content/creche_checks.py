"""Checks the places, ages and ratio of a creche, where a file or its programme gives them."""

from __future__ import annotations

from portal.content.front_matter import Written
from portal.directory import Programme, Series
from portal.directory.values import AgeRange

OLDEST = 12 * 12  # months: older children need no creche
_FIELDS = ("creche_places", "creche_ages", "creche_ratio")


def check_creche_of_programme(written: Written, programme: Programme) -> None:
    given = [name for name in _FIELDS if getattr(programme, name)]
    if given and not programme.creche:
        written.wrong((given[0],), f"'{given[0]}': there is no creche. Add 'creche: yes'.")
    if programme.creche_places and not programme.creche_ages:
        _ages_missing(written)
    _check_ages(written, programme.creche_ages)
    if programme.creche_places and programme.booking != "book":
        _not_booked(written, programme.booking)


def check_creche(written: Written, series: Series, programme: Programme) -> None:
    """The same of a series, with what its programme says."""
    given = [name for name in _FIELDS if getattr(series, name)]
    creche = programme.creche if series.creche is None else series.creche
    places = series.creche_places or programme.creche_places
    if given and not creche:
        written.wrong((given[0],), f"'{given[0]}': there is no creche. Add 'creche: yes'.")
    if (creche or given) and places and not (series.creche_ages or programme.creche_ages):
        _ages_missing(written)
    _check_ages(written, series.creche_ages or ())
    booking = series.booking or programme.booking
    # What the programme says is wrong there.
    if creche and places and booking != "book" and (given or programme.booking == "book"):
        _not_booked(written, booking)


def _ages_missing(written: Written) -> None:
    written.wrong(
        ("creche_places",),
        "'creche_ages' is missing. Write which ages the creche takes, such as '1-4 years'.",
    )


def _not_booked(written: Written, booking: str) -> None:
    at = "creche_places" if "creche_places" in (written.fields or {}) else "creche"
    written.wrong(
        (at,),
        "'creche_places': children are booked into the creche together with their parent, but this "
        f"has 'booking: {booking}'. Remove the number: 'creche: yes' says that there is a creche.",
    )


def _check_ages(written: Written, ages: tuple[AgeRange, ...]) -> None:
    for number, age in enumerate(ages):
        if age.pregnancy or age.end > OLDEST:
            written.wrong(
                ("creche_ages", number),
                f"'creche_ages': '{age.words}' is not an age for a creche. Write ages up to 11 "
                "years, such as '1-4 years'.",
            )
