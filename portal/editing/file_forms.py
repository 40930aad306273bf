"""A content file as a form, made from the declarations that read the file.

Each field is a question with its help, its example and its known words; what the form sends becomes
the fields again. Only what differs from the file counts as changed, so that opening a file and
saving it changes nothing. Values are text throughout, as they are in the file. A field that is
written in a way that no form can show is left to the file as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from portal.directory import Centre, Series
from portal.directory.field_forms import AsWritten
from portal.directory.values import WEEKDAYS, day_words, read_day
from portal.editing.schema import Form, example_of, fields_of, form_of

MOST_ENTRIES = 60  # of a list of blocks; a longer one is left to the file as text
_FEW = 5  # known words that are shown at once

Fields = Mapping[str, Any]
Known = Mapping[str, Mapping[str, str]]  # the words to choose from, by field, where files decide


class Sent(Protocol):
    """What a browser sends: values by name."""

    def getlist(self, key: str, /) -> list[str]: ...

    def __contains__(self, key: object, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One field, or one part of a block. `kind`: line, lines, radios, pick or ticks."""

    name: str
    label: str
    hint: str
    kind: str
    value: str = ""
    chosen: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Fields that belong together: a venue, or one entry of a list."""

    name: str
    label: str
    hint: str
    parts: tuple[Part, ...]
    entry: bool = False  # one of a list, which can be removed
    empty: bool = False


Part = Question | Block


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that a worker looks for together; rare ones are folded in."""

    title: str
    parts: tuple[Part, ...]
    folded: bool


# Every field of a kind of file, in the groups that a worker looks for. A guard compares.
GROUPS: Mapping[type[BaseModel], Sequence[tuple[str, bool, tuple[str, ...]]]] = {
    Series: (
        ("What and when", False, (
            "programme", "title", "day", "starts", "time", "repeats", "sessions", "until",
            "term_time_only",
        )),
        ("Cancelled, moved and other changes to dates", False, ("changes",)),
        ("Places and booking", False, (
            "booking", "book", "places", "place_for", "waiting_list", "opens", "closes",
        )),
        ("Where, and with whom", False, ("room", "leader", "language")),
        ("Held somewhere else", True, ("venue",)),
        ("Dates that are left out, or the end of the group", True, (
            "except", "bank_holidays", "withdrawn",
        )),
        ("Ages, cost and what to bring, if not as the programme says", True, (
            "ages", "send_to", "cost", "bring",
        )),
        ("Creche, if not as the programme says", True, (
            "creche", "creche_places", "creche_ages", "creche_ratio",
        )),
        ("Shared things that it uses", True, ("resources",)),
        ("What to expect, if not as the programme or the centre says", True, (
            "expect", "first_time", "who_meets_you", "siblings", "siblings_note", "dads", "quiet",
            "buggy", "parking", "transport",
        )),
        ("Photo", True, ("photo", "photo_alt")),
        ("For those who look after the files", True, (
            "aliases", "alongside", "sources", "updated",
        )),
    ),
    Centre: (
        ("Name and address", False, (
            "title", "also", "kind", "district", "town", "address", "postcode", "location",
            "address_public",
        )),
        ("How to reach it", False, ("phone", "email", "transport", "parking", "buggy")),
        ("A first visit", False, ("expect", "first_time", "who_meets_you")),
        ("Opening hours", False, ("opening_hours",)),
        ("Facilities", False, ("facilities",)),
        ("Notice", False, ("notice",)),
        ("For schools and other professionals", True, ("contact", "serves")),
        ("Closed", True, ("status", "in_use", "closures")),
        ("Photo", True, ("photo", "photo_alt")),
        ("Ages", True, ("ages", "send_to")),
        ("For those who look after the files", True, (
            "checked", "sample", "sources", "aliases", "updated",
        )),
    ),
}  # fmt: skip

# Where there is room for more than a few words.
_LONG = frozenset(
    (
        "transport", "text", "cancelled", "note", "reason", "withdrawn", "bring", "photo_alt",
        "expect", "first_time", "who_meets_you", "siblings_note", "buggy", "parking", "ask",
    )
)  # fmt: skip
_KEYS = ("date", "from")  # what an entry of a list is known by
_FLAGS = {"yes": "yes", "true": "yes", "on": "yes", "no": "no", "false": "no", "off": "no"}
_YES_NO = (("yes", "Yes"), ("no", "No"))


class OddError(Exception):
    """A value is written in a way that the form has no place for."""


def label_of(name: str) -> str:
    """'term_time_only' as words."""
    return name.replace("_", " ").capitalize()


# --- shown ----------------------------------------------------------------------------------------


def groups(model: type[BaseModel], fields: Fields, known: Known) -> list[Group]:
    """The form of a file with these fields."""
    declared = fields_of(model)
    made = []
    for title, folded, names in GROUPS[model]:
        parts: list[Part] = []
        for name in names:
            try:
                parts += _parts(f"f-{name}", name, declared[name], fields.get(name), known)
            except OddError:
                continue
        if parts:
            made.append(Group(title, tuple(parts), folded))
    return made


def odd_fields(model: type[BaseModel], fields: Fields) -> list[str]:
    """The fields that only the file as text can show."""
    declared = fields_of(model)
    return [name for name, value in fields.items() if _is_odd(declared.get(name), value)]


def _is_odd(info: FieldInfo | None, value: Any) -> bool:
    try:
        return info is None or _plain(form_of(info), value) is None
    except OddError:
        return True


def _parts(name: str, field: str, info: FieldInfo, value: Any, known: Known) -> Iterator[Part]:
    form = form_of(info)
    plain = _plain(form, value)
    hint = info.description or ""
    if form.block is None:
        yield _question(name, field, info, plain, known)
    elif not form.many:
        inner = tuple(_inner(name, form.block, plain or {}, known))
        yield Block(name, label_of(field), hint, inner, empty=not plain)
    else:
        entries = [*(plain or ()), {}]
        for number, entry in enumerate(entries):
            inner = tuple(_inner(f"{name}-{number}", form.block, entry, known))
            label = _entry_label(field, number, entry)
            yield Block(
                f"{name}-{number}", label, "" if entry else hint, inner, bool(entry), not entry
            )


def _inner(name: str, block: type[BaseModel], value: Fields, known: Known) -> Iterator[Part]:
    for field, info in fields_of(block).items():
        yield from _parts(f"{name}-{field}", field, info, value.get(field), known)


_ONE = {"changes": "change", "closures": "closure"}
_KINDS = {
    "cancelled": "cancelled",
    "postponed": "postponed",
    "moved_to": "moved",
    "venue": "held elsewhere",
    "note": "a note",
}


def _entry_label(field: str, number: int, entry: Fields) -> str:
    """'Change 2: Tuesday 2 February 2027, cancelled'."""
    one = _ONE.get(field, label_of(field).lower())
    if not entry:
        return f"Add a {one}" if number == 0 else f"Add another {one}"
    said = _day(str(entry.get("date") or entry.get("from") or ""))
    kind = next((words for name, words in _KINDS.items() if name in entry), "")
    return f"{one.capitalize()} {number + 1}: {', '.join(filter(None, (said, kind)))}"


def _day(text: str) -> str:
    """A date in words, or as it is written if it is none."""
    try:
        return day_words(read_day(text))
    except PydanticCustomError:
        return text


def _question(name: str, field: str, info: FieldInfo, plain: Any, known: Known) -> Question:
    form = form_of(info)
    written = form.written
    assert written is not None  # noqa: S101 - a block is another case
    words = known.get(field) or written.words
    hint = _sentence(info.description or "" if words else _hint(field, info, form))
    label = label_of(field)
    if _by_weekday(written):
        return Question(name, label, hint, "hours", options=tuple((plain or {}).items()))
    if form.many and words:
        chosen = tuple(plain or ())
        return Question(name, label, hint, "ticks", chosen=chosen, options=_options(words, chosen))
    if form.many:
        return Question(name, label, f"{hint} One on each line.", "lines", "\n".join(plain or ()))
    value = str(plain or "")
    if words or _yes_no(written):
        options = _options(words or dict(_YES_NO), (value,))
        if not info.is_required() or not value:
            options = (("", "Not given" if not info.is_required() else "Choose one"), *options)
        kind = "radios" if len(options) <= _FEW else "pick"
        return Question(name, label, hint, kind, value, options=options)
    kind = "lines" if field in _LONG else "line"
    numeric = written.schema.get("type") == ["integer", "string"]
    return Question(name, label, hint, kind, value, numeric=numeric)


def _options(words: Mapping[str, str], chosen: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What can be chosen, and what is written in the file though it is not known."""
    other = [(one, one) for one in chosen if one and one not in words]
    shown = ((word, _sentence(said)) for word, said in words.items())
    return (*shown, *other)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _hint(field: str, info: FieldInfo, form: Form) -> str:
    """What it means, how it is written where that is not plain, and an example."""
    said = info.description or ""
    written = form.written
    if written is None or written.words or _yes_no(written) or _by_weekday(written):
        return said
    example = example_of(field, form)
    if example in said or "{" in example:  # one with a link is of messages
        return said
    if written.free:
        return f"{said} Like: {example}"
    return f"{said} {_sentence(written.how)}, like {example}."


def _yes_no(written: AsWritten) -> bool:
    return "enum" in written.schema and not written.words


def _by_weekday(written: AsWritten) -> bool:
    return written.schema.get("type") == "object"


# --- values of a file, and of a form, in one shape ----------------------------------------------


def _plain(form: Form, value: Any) -> Any:
    """A value as the form has it: text, a list of texts, a block, or a list of blocks.

    Raises OddError.
    """
    if value is None:
        return [] if form.many else {} if form.block else ""
    if form.block:
        found = _blocks(form.block, value if form.many else [value])
        return found if form.many else found[0]
    if form.written and _by_weekday(form.written):
        return _hours(value)
    words = _words(form)
    if form.many:
        listed = value if isinstance(value, list) else [value]
        return [_scalar(one, words) for one in listed]
    return _scalar(value, words)


def _words(form: Form) -> Mapping[str, str]:
    """The known words of a field in whatever way they are written, to the way of the form."""
    if form.written is None:
        return {}
    if _yes_no(form.written):
        return _FLAGS
    keys = form.written.words
    return {said.lower(): key for key, said in keys.items()} | {key.lower(): key for key in keys}


def _scalar(value: Any, words: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        raise OddError
    text = " ".join(value.split())
    return words.get(text.lower(), text)


def _hours(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise OddError
    by_name = {day.lower(): day for day in WEEKDAYS}
    found = {}
    for day, times in value.items():
        if str(day).lower() not in by_name:
            raise OddError
        listed = times if isinstance(times, list) else [times]
        found[by_name[str(day).lower()]] = ", ".join(_scalar(one, {}) for one in listed)
    return found


def _blocks(block: type[BaseModel], values: Any) -> list[dict[str, Any]]:
    if not isinstance(values, list) or len(values) > MOST_ENTRIES:
        raise OddError
    declared = fields_of(block)
    found = []
    for value in values:
        if not isinstance(value, dict) or not set(value) <= set(declared):
            raise OddError
        found.append({name: _plain(form_of(declared[name]), one) for name, one in value.items()})
    return found


# --- sent -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changes:
    """What a form changes in a file: fields to their new values, None for one taken away."""

    fields: Mapping[str, Any]

    def __bool__(self) -> bool:
        return bool(self.fields)


def changes(model: type[BaseModel], fields: Fields, sent: Sent, known: Known) -> Changes:
    """What the form as it was sent changes. A field that it does not hold stays."""
    declared = fields_of(model)
    found: dict[str, Any] = {}
    for _, _, names in GROUPS[model]:
        for name in names:
            form = form_of(declared[name])
            try:
                was = _plain(form, fields.get(name))
            except OddError:
                continue
            new = _sent(f"f-{name}", name, form, sent, known)
            if new is None or _same(form, was, new):
                continue
            found[name] = _as_written(form, fields.get(name), was, new)
    return Changes(found)


def _sent(name: str, field: str, form: Form, sent: Sent, known: Known) -> Any:
    """The value that a form holds for a field, in the shape of `_plain`; None if it holds none."""
    if form.block and form.many:
        return _sent_entries(name, form.block, sent, known)
    if form.block:
        return _sent_block(name, form.block, sent, known)
    assert form.written is not None  # noqa: S101 - a block is another case
    if _by_weekday(form.written):
        days = {day: _text(sent, f"{name}-{day}") for day in WEEKDAYS}
        asked = any(f"{name}-{day}" in sent for day in WEEKDAYS)
        return {day: times for day, times in days.items() if times} if asked else None
    if name not in sent:
        return None
    if form.many and (known.get(field) or form.written.words):
        return [value for value in dict.fromkeys(map(one_line, sent.getlist(name))) if value]
    if form.many:
        lines = "\n".join(sent.getlist(name)).splitlines()
        return [line for line in map(one_line, lines) if line]
    return _text(sent, name)


def _sent_block(
    name: str, block: type[BaseModel], sent: Sent, known: Known
) -> dict[str, Any] | None:
    found, asked = {}, False
    for field, info in fields_of(block).items():
        value = _sent(f"{name}-{field}", field, form_of(info), sent, known)
        asked = asked or value is not None
        if value:
            found[field] = value
    return found if asked else None


def _sent_entries(
    name: str, block: type[BaseModel], sent: Sent, known: Known
) -> list[dict[str, Any]] | None:
    found, asked = [], False
    for number in range(MOST_ENTRIES + 1):
        entry = _sent_block(f"{name}-{number}", block, sent, known)
        asked = asked or entry is not None
        if entry and _text(sent, f"{name}-{number}-remove") != "yes":
            found.append(entry)
    return found if asked else None


def _text(sent: Sent, name: str) -> str:
    return one_line(" ".join(sent.getlist(name)))


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(value: str) -> str:
    """Text on one line; control characters that came with pasting are spaces."""
    return " ".join(_CONTROL.sub(" ", value).split())


def _same(form: Form, was: Any, new: Any) -> bool:
    if form.many and form.written and form.written.words:
        return set(was) == set(new)
    return bool(was == new)


def _as_written(form: Form, value: Any, was: Any, new: Any) -> Any:
    """A new value as it is to be written; None to take the field away."""
    if not new:
        return None
    if form.many and form.written and form.written.words:
        kept = [one for one in was if one in new]
        new = [*kept, *(one for one in new if one not in kept)]
    if form.one_or_many and len(new) == 1 and not isinstance(value, list):
        return new[0]
    if form.block and form.many:
        return _entries_as_written(value or [], was, new)
    return _as_they_were(value or {}, was, new) if isinstance(new, dict) else new


def _as_they_were(value: Fields, was: Fields, new: Fields) -> dict[str, Any]:
    """A block in which all that means the same as before is also written as before."""
    by_name = {name.lower(): one for name, one in value.items()}
    found = {}
    for name, one in new.items():
        old = by_name.get(name.lower())
        if was.get(name) == one:
            one = old
        elif isinstance(one, dict) and isinstance(old, dict):
            one = _as_they_were(old, was[name], one)
        found[name] = one
    return found


def _entries_as_written(
    value: Sequence[Fields], was: Sequence[Fields], new: Sequence[Fields]
) -> list[dict[str, Any]]:
    """The entries of a list; one is known again by its date, or if nothing in it has changed."""
    found = []
    for entry in new:
        same = (at for at, old in enumerate(was) if old == entry or _known_as(old, entry))
        at = next(same, None)
        found.append(dict(entry) if at is None else _as_they_were(value[at], was[at], entry))
    return found


def _known_as(old: Fields, entry: Fields) -> bool:
    return any(name in entry and old.get(name) == entry[name] for name in _KEYS)


# --- mistakes -------------------------------------------------------------------------------------


def anchors(shown: Sequence[Group]) -> dict[str, str]:
    """Where a link to a mistake leads, by the name of a question or block."""
    found: dict[str, str] = {}

    def note(part: Part) -> None:
        if isinstance(part, Question):
            found[part.name] = f"{part.name}-Monday" if part.kind == "hours" else part.name
            return
        for one in part.parts:
            note(one)
        found[part.name] = found[part.parts[0].name]

    for group in shown:
        for part in group.parts:
            note(part)
    return found


def question_at(place: Sequence[str | int], known: Mapping[str, str]) -> str:
    """The question or block that a place of the file is asked by, '' if there is none."""
    wanted = ["f", *map(str, place)]
    if len(wanted) == 2 and f"{'-'.join(wanted)}-0" in known:
        wanted.append("0")
    while wanted and "-".join(wanted) not in known:
        wanted.pop()
    return "-".join(wanted)
