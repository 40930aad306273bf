"""Other names of fields."""

from portal.content import nicknames
from portal.content.nicknames import meant
from portal.directory import Centre, Footprints, News, Page, Programme, Series, Site, Terms
from portal.directory.models import Change, Closure, Notice, OutreachVenue, Question, Term
from portal.directory.models import Fields as Block

MODELS = (
    Centre, Change, Closure, Footprints, News, Notice, OutreachVenue, Page, Programme, Question,
    Series, Site, Term, Terms,
)  # fmt: skip


def fields_of(model: type[Block]):
    return {info.alias or name: info for name, info in model.model_fields.items()}


def test_each_other_name_leads_to_a_field():
    """Guard: a field that is renamed or removed takes its other names along."""
    known = {name for model in MODELS for name in fields_of(model)}

    assert set(nicknames._NAMES) <= known


def test_the_value_decides_between_fields():
    """`when` is a weekday, times or a date; `contact` is an email address or a phone number."""
    series, centre = fields_of(Series), fields_of(Centre)
    values = ("Tuesday", "10:00-12:00", "2027-01-12")

    assert [meant("when", value, series, {}) for value in values] == [
        " Did you mean 'day'?", " Did you mean 'time'?", " Did you mean 'starts'?"
    ]  # fmt: skip
    assert meant("contact", "01772 532536", centre, {}) == " Did you mean 'phone'?"
    assert meant("contact", "a@example.org", centre, {}) == " Did you mean 'email'?"


def test_a_field_that_is_there_is_not_meant_again():
    """Where the file gives `day`, `when` is another one."""
    series = fields_of(Series)

    assert meant("when", "later", series, {"time": "10:00-12:00"}) != " Did you mean 'time'?"
    assert meant("xyz", "later", series, {}) == ""


def test_words_for_a_block_are_written_as_one():
    """A venue is a block; what a list of blocks needs more than one line for is only named."""
    series, centre = fields_of(Series), fields_of(Centre)
    venue = " Write 'venue:', and on the line below it, set in by two spaces, 'name: Town Hall'."

    assert meant("venue_name", "Town Hall", series, {}) == venue
    for name, value, fields in (
        ("venue_name", "Town Hall: upstairs", series),
        ("closed_on", "2026-12-25", centre),
    ):
        assert meant(name, value, fields, {}).startswith(" It may belong into '")
