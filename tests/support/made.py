"""A small directory made in memory, for tests of the rules about places and messages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import PurePosixPath

from portal.content.school_calendar import school_calendar
from portal.directory import (
    Centre,
    Directory,
    Footprint,
    Programme,
    Series,
    Site,
    Terms,
    Venue,
    schedule,
)

TODAY = date(2027, 1, 4)
NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)  # a Monday
CHANGED = datetime(2026, 11, 2, tzinfo=UTC)
# A Resource Panel that meets on the first Monday: today at 13:30, then on 1 February. In May that
# is a bank holiday.
PANEL: Mapping[str, object] = {
    "name": "Preston Resource Panel",
    "starts": "2026-10-05",
    "time": "13:30-15:30",
    "where": "Town Hall",
    "budget": "6000",
    "limit": "500",
    "sub_group": "Early Support Sub Group",
    "board": "Trust Board",
}


def directory(
    *series_fields: dict,
    today: date = TODAY,
    sensitive: bool = False,
    way: str | None = None,
    questions: Sequence[dict] = (),
    closures: Sequence[dict] = (),
    centre: Mapping[str, str | None] | None = None,
    service: Mapping[str, str | None] | None = None,
    other_centres: Sequence[str] = (),
    panel: Mapping[str, object] | None = None,
) -> Directory:
    """A Directory with one centre, one programme, and one series for each set of fields.

    Fields are as in a file; those not given make a course of six Tuesdays from 12 January 2027,
    10:00-12:00, with 12 places, one for a family. `centre` and `service` are the fields of the
    centre and of the site that are to be written otherwise; `other_centres` are the slugs of
    centres without series; `panel` has the fields of the district's Resource Panel, such as
    `PANEL`.
    """
    site = Site.model_validate(
        {
            "name": "Family Wellbeing",
            "area": "Lancashire",
            "base_address": "https://families.example",
            "domain": "families.example",
            "phone": "01772 000000",
            "quick_exit": "https://www.bbc.co.uk/weather",
            **(service or {}),
        }
    )
    footprints = (
        Footprint.model_validate(
            {
                "slug": "preston",
                "title": "Preston",
                "districts": [
                    {
                        "slug": "preston",
                        "title": "Preston",
                        "code": "E07000123",
                        "latitude": "53.77807",
                        "longitude": "-2.70500",
                        **({"panel": panel} if panel else {}),
                    }
                ],
            }
        ),
    )
    terms = Terms.model_validate(
        {
            "terms": [
                {
                    "year": "2026-27",
                    "part": "spring 1",
                    "first": "2027-01-05",
                    "last": "2027-02-12",
                },
                {
                    "year": "2026-27",
                    "part": "spring 2",
                    "first": "2027-02-22",
                    "last": "2027-03-25",
                },
            ],
            "closures": list(closures),
        }
    )
    calendar = school_calendar(terms)
    horizon = date(2027, 7, 5)
    if found_panel := footprints[0].districts[0].panel:
        known = schedule.meetings(found_panel, calendar, calendar.feed_until(horizon))
        found_panel.link(meetings=known, changed=CHANGED)
    fields = {
        "kind": "children's centre",
        "district": "preston",
        "town": "Preston",
        "address": "1 River Street",
        "postcode": "PR1 8RJ",
        "location": "53.76, -2.70",
        "phone": "01772 111111",
        **(centre or {}),
    }
    centres = []
    for slug in ("riverbank", *other_centres):
        source = f"centres/preston/{slug}/index.md"
        found = Centre.model_validate({"title": slug.capitalize(), **fields})
        found.link(slug=slug, source=source, changed=CHANGED).link(position=found.location)
        centres.append(found)
    riverbank = centres[0]
    programme = Programme.model_validate(
        {
            "title": "Time together" if sensitive else "Bump, Birth and Beyond",
            "summary": "For parents.",
            "offer": "early-years",
            "kind": "group",
            "booking": way or ("request" if sensitive else "book"),
            "ages": "pregnancy",
            "sensitive": "yes" if sensitive else "no",
            "questions": list(questions),
        }
    ).link(slug="bump", source="programmes/bump.md", changed=CHANGED)
    made = []
    for number, given in enumerate(series_fields or ({},)):
        fields = {
            "programme": "bump",
            "starts": "2027-01-12",
            "time": "10:00-12:00",
            "places": "12",
            "place_for": "family",
            "booking": programme.booking,
            **given,
        }
        if not {"sessions", "until", "repeats"} & set(given):
            fields["sessions"] = "6"
        series = Series.model_validate({k: v for k, v in fields.items() if v is not None})
        slug = f"bump-{number}" if number else "bump"
        source = PurePosixPath("centres/preston/riverbank") / f"{slug}.md"
        series.link(slug=slug, source=str(source), changed=CHANGED, centre=riverbank)
        out = series.venue_fields
        venue = Venue.away(out, None) if out else None
        series.link(programme=programme, venue=venue or riverbank.venue, horizon=horizon)
        series.link(title=series.title or programme.title, ages=series.ages or programme.ages)
        until = schedule.last_to_plan(series, calendar.feed_until(horizon))
        made.append(series.link(all_sessions=schedule.sessions(series, calendar, until)))
    return Directory.of(
        site=site,
        today=today,
        horizon=horizon,
        feed_until=calendar.feed_until(horizon),
        terms=terms,
        footprints=footprints,
        centres=tuple(centres),
        programmes=(programme,),
        series=() if sensitive else tuple(made),
        private_series=tuple(made) if sensitive else (),
        pages=(),
        news=(),
        settlements=(),
        postcode_areas=(),
    )
