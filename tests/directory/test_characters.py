"""Characters that look like those of the keyboard: read where they can be, else named."""

from datetime import date, time

import pytest
from pydantic import TypeAdapter, ValidationError

from portal.directory import fields, models
from portal.directory.characters import name_of, odd_in, plain


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        (fields.Day, "12\u00a0January 2027", date(2027, 1, 12)),
        (fields.Day, "2027\u201101\u201112", date(2027, 1, 12)),
        (fields.Number, "\u200b12\u00a0", 12),
        (fields.Flag, "yes\u200b", True),
        (fields.CentreKind, "children\u2019s centre", "children's centre"),
        (fields.CentreKind, "family\u00a0hub", "family hub"),
        (fields.Slug, "baby\u2011massage", "baby-massage"),
        (fields.Postcode, "PR1\u00a08RJ", "PR1 8RJ"),
        (fields.Weekday, "\u200eTuesday", "Tuesday"),
    ],
)
def test_values_with_a_form_are_read_whatever_they_were_pasted_from(kind, written, read):
    """A no-break space in a date, or a typographic apostrophe in a known word, changes nothing."""
    assert TypeAdapter(kind).validate_python(written) == read


@pytest.mark.parametrize("dash", ["-", "\u2013", "\u2014", "\u2212", "\u2011"])
@pytest.mark.parametrize("space", ["", " ", "\u00a0", "\u202f"])
def test_times_and_ages_may_have_any_dash(dash, space):
    """Word makes a dash of a hyphen between two numbers; it means the same."""
    times = TypeAdapter(fields.Times).validate_python(f"10:00{space}{dash}{space}12:00")
    ages = TypeAdapter(fields.Age).validate_python(f"2{dash}4{space or ' '}years")

    assert (times.starts, times.ends) == (time(10), time(12))
    assert (ages.first, ages.end) == (24, 60)


def test_words_keep_their_characters():
    """Names and sentences are published as they were written."""
    for words in ("O\u2019Neill\u2019s", "10\u00a0miles \u2013 or more", "\u200fمرکز\u200f"):
        assert TypeAdapter(fields.Line).validate_python(words) == words


def test_what_cannot_be_read_is_named():
    """Nobody finds by looking what looks like nothing, so the mistake says what is there."""
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(fields.Web).validate_python("https://example.org/\u200bpage\u00a0x")

    assert "It has a zero width space (U+200B) in it. Start it with https://." in str(raised.value)
    assert [name_of(one) for one in "\u00a0\u2013\u201c"] == [
        "a no-break space (U+00A0)",
        "a dash (U+2013)",
        "a typographic quotation mark (U+201C)",
    ]
    assert (odd_in("plain - 'text'"), odd_in("Łódź اردو")) == ("", "")
    assert plain("a\u00a0\u2013 \u2018b\u2019\u200b") == "a - 'b'"


@pytest.mark.parametrize("word", ["yes", "No", "TRUE", "x", "-", "?", "1", "n/a", "cancelled."])
def test_a_reason_is_words(word):
    """ "Cancelled yes." tells families nothing; a reason is words, or the line goes."""
    with pytest.raises(ValidationError, match="is not a reason"):
        TypeAdapter(fields.Reason).validate_python(word)


def test_every_reason_is_read_as_one():
    """Guard: a field for why something is off refuses 'yes', in whatever block it is."""
    reasons = ("cancelled", "withdrawn", "reason")
    found = {}
    for model in vars(models).values():
        if isinstance(model, type) and issubclass(model, models.Fields):
            for name in set(reasons) & set(model.model_fields):
                # The rest of the block may be missing: only this field is looked at.
                with pytest.raises(ValidationError) as raised:
                    model.model_validate({name: "yes"})
                found[model.__name__, name] = [
                    one["msg"] for one in raised.value.errors() if one["loc"] == (name,)
                ]

    assert {name for _, name in found} == set(reasons)
    assert [place for place, words in found.items() if "not a reason" not in str(words)] == []


@pytest.mark.parametrize("cost", ["yes", "no", "2", "2.50", "0"])
def test_a_cost_says_what_is_paid(cost):
    """A bare number is no price: pounds or pence, and for whom."""
    with pytest.raises(ValidationError, match="Write 'Free', or the price"):
        TypeAdapter(fields.Cost).validate_python(cost)
    for right in ("Free", "50p", "£1 a family", "مفت"):
        assert TypeAdapter(fields.Cost).validate_python(right) == right
