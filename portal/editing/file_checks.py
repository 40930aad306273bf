"""The mistakes of one file of a draft, by field and by line, before the whole content is checked.

They are what the reader and the calendar say of the file alone: quick enough for each press of a
button. Whether it agrees with all other files is asked once, before it is published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from portal.content import prose
from portal.content.area_checks import check_areas
from portal.content.date_checks import mistakes as date_mistakes
from portal.content.front_matter import Written, as_noun, read_written
from portal.content.school_calendar import school_calendar
from portal.content.sources import TRANSLATED, WHAT
from portal.content.yaml_reader import Marks, Place
from portal.directory import Centre, Directory, Series

_BODY: Place = ("body",)
_NAMED = re.compile(r"'([a-z_]+)'")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong: the field, where it is known, the line, and words with the remedy."""

    place: Place
    line: int
    words: str


def model_of(name: str) -> type[Centre | Series]:
    """What a file in a centre's folder holds."""
    return Centre if name.partition(".")[0] == "index" else Series


def is_translation(name: str) -> bool:
    """Whether it holds the words of another file in another language."""
    return name.count(".") > 1


def mistakes_in(raw: bytes, path: str, directory: Directory) -> tuple[Written, list[Mistake]]:
    """The file as it is read, and what is wrong with it, in the order of its lines."""
    written = read_written(raw, path, has_body=True)
    name = PurePosixPath(path).name
    model = model_of(name)
    if is_translation(name):
        _check_translation(written, model)
    elif (noun := as_noun(model, written, WHAT[model])) and isinstance(noun, Series):
        for place, words in date_mistakes(noun, school_calendar(directory.terms)):
            written.wrong(place, words)
        programme = directory.programme(noun.programme_slug)
        if programme is None:
            written.wrong(("programme",), f"there is no programme '{noun.programme_slug}'.")
        else:
            check_areas(written, noun, noun.booking or programme.booking)
    for line, words in prose.render(written.body, images_at="/").problems:
        written.wrong_at(written.body_line + line - 1, 1, words)
    places = dict(_places(written.marks, ()))
    found = set()
    for one in written.problems:
        below = written.body and one.line >= written.body_line
        place = (
            _BODY if below else _place_of(written, one.words, places.get((one.line, one.column)))
        )
        found.add(Mistake(place, one.line, one.words))
    return written, sorted(found, key=lambda one: (one.line, one.words))


def _check_translation(written: Written, model: type[Centre | Series]) -> None:
    for name in written.fields or ():
        if name not in TRANSLATED[model]:
            known = ", ".join(TRANSLATED[model])
            written.wrong((name,), f"'{name}' is not translated. Fields: {known}.")


def rendered(text: str, *, images_at: str) -> str:
    """The text below the fields as families will read it, made safe."""
    return prose.render(text, images_at=images_at).html


def _places(marks: Marks | None, above: Place) -> Iterator[tuple[tuple[int, int], Place]]:
    """The place that each line and column stands for."""
    if marks is None:
        return
    pairs = marks.items() if isinstance(marks, Mapping) else enumerate(marks)
    for step, (line, column, inside) in pairs:
        place: Place = (*above, step)
        # A block begins where its first field does: the field is what is meant.
        yield (line, column), place
        yield from _places(inside, place)


def _place_of(written: Written, words: str, place: Place | None) -> Place:
    """The field of a mistake. One that is missing has no place, but its name is in the words."""
    named = _NAMED.match(words)
    if named is None or (place is not None and " is missing" not in words):
        return place or ()
    if place is None:
        return (named[1],)
    value: Any = written.fields
    for step in place:
        value = value[step]
    return (*(place if isinstance(value, dict) else place[:-1]), named[1])
