"""A small county made by hand, for series that no file of the sample has."""

from datetime import UTC, date, datetime

import pytest
import yaml

from portal.content.school_calendar import school_calendar
from portal.directory import (
    INHERITED,
    Centre,
    Directory,
    District,
    Footprint,
    Programme,
    Series,
    Site,
    Terms,
    Venue,
    schedule,
)

CHANGED = datetime(2026, 9, 1, 8, 30, tzinfo=UTC)

SITE = """
name: Children and Family Wellbeing Service
area: Lancashire
base_address: https://families.example
domain: families.example
quick_exit: https://www.bbc.co.uk/weather
"""

TERMS = """
terms:
  - {year: 2026-27, part: autumn 1, first: 2026-09-02, last: 2026-10-23}
  - {year: 2026-27, part: autumn 2, first: 2026-11-02, last: 2026-12-18}
  - {year: 2026-27, part: spring 1, first: 2027-01-05, last: 2027-02-12}
  - {year: 2026-27, part: spring 2, first: 2027-02-22, last: 2027-03-25}
  - {year: 2026-27, part: summer 1, first: 2027-04-12, last: 2027-05-28}
  - {year: 2026-27, part: summer 2, first: 2027-06-07, last: 2027-07-16}
"""

CENTRE = """
title: Riverbank Centre
kind: family hub
district: preston
town: Preston
address: 12 River Street
postcode: PR1 8RJ
location: 53.7563, -2.7094
phone: 01632 960123
"""

PROGRAMME = """
title: Stay and Play
summary: Play and songs for small children.
offer: early-years
kind: group
ages: 0-4 years
booking: drop-in
cost: Free
"""

SENSITIVE = """
title: Moving On
summary: Weekly talks.
offer: families
kind: group
booking: request
sensitive: yes
"""


def _read(kind, text, **linked):
    return kind.model_validate(yaml.load(text, yaml.CBaseLoader)).link(
        changed=CHANGED, source=f"{linked['slug']}.md", **linked
    )


@pytest.fixture(scope="session")
def county():
    """Makes a directory of one centre; each argument is the front matter of a series, by slug."""

    def make(
        runs=None, /, *, today=date(2026, 11, 23), weeks=26, centre=CENTRE, private=None, **more
    ):
        site = Site.model_validate(yaml.load(SITE, yaml.CBaseLoader))
        terms = Terms.model_validate(yaml.load(TERMS, yaml.CBaseLoader))
        calendar = school_calendar(terms)
        horizon = schedule.horizon_of(today, weeks)
        until = calendar.feed_until(horizon)
        preston = District(
            slug="preston", title="Preston", code="E07000123", latitude="53.7", longitude="-2.7"
        )
        riverbank = _read(Centre, centre, slug="riverbank")
        riverbank.link(position=riverbank.location, read_for=today)
        programmes = {
            "play": _read(Programme, PROGRAMME, slug="play"),
            "moving-on": _read(Programme, SENSITIVE, slug="moving-on"),
        }

        def series(slug, text):
            one = _read(Series, text, slug=slug)
            programme = programmes[one.programme_slug]
            fields = {n: getattr(programme, n) for n in INHERITED if getattr(one, n) is None}
            fields.pop("title", None)
            venue = riverbank.venue
            if other := one.venue_fields:
                venue = Venue.away(other, other.location)
            one.link(**fields, centre=riverbank, programme=programme, venue=venue, horizon=horizon)
            end = schedule.last_to_plan(one, until)
            return one.link(all_sessions=schedule.sessions(one, calendar, end))

        return Directory.of(
            site=site,
            today=today,
            horizon=horizon,
            feed_until=until,
            terms=terms,
            footprints=(Footprint(slug="preston", title="Preston", districts=(preston,)),),
            centres=(riverbank,),
            programmes=tuple(programmes.values()),
            series=tuple(series(*pair) for pair in {**(runs or {}), **more}.items()),
            private_series=tuple(series(*pair) for pair in (private or {}).items()),
            pages=(),
            news=(),
            settlements=(),
            postcode_areas=(),
        )

    return make
