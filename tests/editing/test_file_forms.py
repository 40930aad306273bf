"""A form of a file shows all of it, and changes only what somebody changes."""

from datetime import date, timedelta

import pytest
from werkzeug.datastructures import MultiDict

from portal.content.front_matter import read_written
from portal.directory import Centre, Series
from portal.editing import file_forms
from portal.editing.file_forms import Block
from portal.editing.schema import fields_of
from tests.support.paths import ROOT, SAMPLE

SERIES = {
    "programme": "baby-massage",
    "starts": "2027-01-12",
    "time": "10:00-12:00",
    "changes": [{"date": "2027-01-19", "cancelled": "The worker is ill"}],
}
CENTRE = {
    "facilities": ["wifi", "Car park"],
    "opening_hours": {"Monday": ["9:00-12:00", "13:00-17:00"], "saturday": "closed"},
    "address_public": "true",
}


def sent(model, fields, known=None, **typed):
    """What a browser sends for the form of these fields, with what somebody types."""
    found = MultiDict()

    def take(part):
        if isinstance(part, Block):
            for one in part.parts:
                take(one)
        elif part.kind == "hours":
            for day, times in part.options:
                found.add(f"{part.name}-{day}", times)
        elif part.kind == "ticks":
            found.setlist(part.name, ["", *part.chosen])
        else:
            found.add(part.name, part.value)

    for group in file_forms.groups(model, fields, known or {}):
        for part in group.parts:
            take(part)
    for name, value in typed.items():
        name = name.replace("__", "-")
        found.setlist(f"f-{name}", value if isinstance(value, list) else [value])
    return found


def changed(model, fields, known=None, **typed):
    form = sent(model, fields, known, **typed)
    return dict(file_forms.changes(model, fields, form, known or {}).fields)


@pytest.mark.parametrize("model", file_forms.GROUPS)
def test_every_field_is_in_one_group(model) -> None:
    """Each field that a file may have is asked for once, so that a new one is not forgotten."""
    asked = [name for _, _, names in file_forms.GROUPS[model] for name in names]

    assert sorted(asked) == sorted(fields_of(model))


@pytest.mark.slow
def test_saving_an_open_form_changes_nothing() -> None:
    """The form of every centre and series file, shipped or of the sample, sent back as it is shown,
    changes no field; and none is left out of it."""
    files = [*ROOT.glob("centres/*/*/*.md"), *SAMPLE.glob("centres/*/*/*.md")]
    found = {}
    for file in files:
        model = Centre if file.name.startswith("index.") else Series
        fields = read_written(file.read_bytes(), file.name, has_body=True).fields
        assert file_forms.odd_fields(model, fields) == [], file
        if change := changed(model, fields):
            found[file] = change

    assert found == {}
    assert len(files) > 300


def test_what_is_typed_is_what_changes() -> None:
    """A field that is changed has its new value, one that is emptied goes, the others stay."""
    assert changed(Series, SERIES, time="10:30-12:00", room="Willow Room", language="") == {
        "time": "10:30-12:00",
        "room": "Willow Room",
    }
    assert changed(Series, SERIES | {"room": "Oak"}, room=" ") == {"room": None}
    assert changed(Series, SERIES, **{"except": "2027-01-26\r\n\r\n2027-02-02\r\n"}) == {
        "except": ["2027-01-26", "2027-02-02"]
    }
    assert changed(Series, SERIES, **{"except": "2027-01-26"}) == {"except": "2027-01-26"}
    assert changed(Series, SERIES, waiting_list="no") == {"waiting_list": "no"}


def test_known_words_are_the_same_however_they_are_written() -> None:
    """Words for families and keys, capitals, yes and true: what means the same is no change."""
    assert changed(Centre, CENTRE) == {}
    more = changed(Centre, CENTRE, facilities=["", "parking", "wifi", "garden"])
    assert more == {"facilities": ["wifi", "parking", "garden"]}
    assert changed(Centre, CENTRE, facilities=[""]) == {"facilities": None}
    assert changed(Centre, CENTRE, opening_hours__Monday="9:00-17:00") == {
        "opening_hours": {"Monday": "9:00-17:00", "Saturday": "closed"}
    }


def test_a_word_that_nobody_knows_stays_until_it_is_replaced() -> None:
    """A mistake in the file is shown in the form and not thrown away by it."""
    fields = SERIES | {"repeats": "sometimes"}

    assert changed(Series, fields) == {}
    assert changed(Series, fields, repeats="weekly") == {"repeats": "weekly"}


def test_one_entry_of_a_list() -> None:
    """A date is cancelled, moved or put back on, and the other entries are written as they were."""
    other = {"date": "2027-02-02", "venue": {"name": "Village  hall"}}
    fields = SERIES | {"changes": [*SERIES["changes"], other]}
    typed = {"changes__2__date": "2027-01-26", "changes__2__moved_to": "2027-01-27"}
    entry = {"date": "2027-01-26", "moved_to": "2027-01-27"}

    assert changed(Series, fields, **typed) == {"changes": [*fields["changes"], entry]}
    assert changed(Series, fields, changes__0__remove="yes") == {"changes": [other]}
    assert changed(Series, SERIES, changes__0__remove="yes") == {"changes": None}
    note = changed(Series, fields, changes__0__cancelled="", changes__0__note="Bring a coat")
    assert note == {"changes": [{"date": "2027-01-19", "note": "Bring a coat"}, other]}
    place = changed(Series, fields, changes__1__venue__town="Bacup")
    venue = {"name": "Village  hall", "town": "Bacup"}
    assert place == {"changes": [*SERIES["changes"], other | {"venue": venue}]}


def test_a_form_that_holds_only_some_fields_changes_no_others() -> None:
    """What a browser does not send is left as it is: an old page loses nothing of a new field."""
    form = MultiDict({"f-time": "11:00-12:00"})

    assert dict(file_forms.changes(Series, SERIES, form, {}).fields) == {"time": "11:00-12:00"}


def test_a_value_the_form_has_no_place_for_is_left_to_the_text() -> None:
    """A block where words belong, or an unknown field, is named, and the form leaves it alone."""
    fields = SERIES | {"room": {"name": "Oak"}, "roome": "Oak", "changes": "none"}

    assert file_forms.odd_fields(Series, fields) == ["changes", "room", "roome"]
    assert changed(Series, fields) == {}


def test_control_characters_are_not_written() -> None:
    """Pasted text comes onto one line, without characters that nobody can see (S25)."""
    assert changed(Series, SERIES, room="Oak\x00\r\nRoom\u2028\x1b 2") == {"room": "Oak Room 2"}


@pytest.mark.parametrize("number", [60, 61])
def test_a_list_that_is_too_long_for_the_form_loses_nothing(number) -> None:
    """A list with more entries than the form shows is left to the file as text, and saving the
    form keeps all of them."""
    first = date(2027, 1, 5)
    days = [(first + timedelta(weeks=week)).isoformat() for week in range(number)]
    fields = {**SERIES, "changes": [{"date": day, "note": "Bring a coat"} for day in days]}

    assert changed(Series, fields, room="Oak Room") == {"room": "Oak Room"}
    assert file_forms.odd_fields(Series, fields) == (["changes"] if number > 60 else [])
