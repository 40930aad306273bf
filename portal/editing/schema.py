"""Writes the declarations out for people: JSON Schema, manuals, and completion in VS Code.

Nothing is declared here a second time: the meaning of a field comes from `directory/models.py`, how
its value is written from `directory/fields.py`. A test keeps the files made from them current.
Only examples of plain text are added, because a type cannot know what a title looks like.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from portal.content.message_texts import MessageFields
from portal.directory import (
    Board,
    Centre,
    Footprints,
    HelpPage,
    News,
    Page,
    Programme,
    Resources,
    Series,
    Site,
    Terms,
)
from portal.directory.field_forms import AsWritten
from portal.directory.fields import listed
from portal.settings import Settings

SCHEMAS = Path("content/schema")
MANUAL = Path("content/FIELDS.md")
SETTINGS = Path("docs/settings.md")
SNIPPETS = Path(".vscode/portal.code-snippets")
EDITOR = Path(".vscode/settings.json")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of content file: its name, its fields, what it is, and the files that are of it."""

    name: str
    model: type[BaseModel]
    what: str
    files: tuple[str, ...]


_NO_TRANSLATION = "!**/*.??.md"
KINDS = (
    Kind(
        "series", Series, "A series: centres/<footprint>/<centre>/<series>.md",
        ("centres/*/*/*.md", "!centres/*/*/index.md", "!centres/*/*/index.*.md", _NO_TRANSLATION),
    ),
    Kind(
        "centre", Centre, "A centre: centres/<footprint>/<centre>/index.md",
        ("centres/*/*/index.md",),
    ),
    Kind(
        "programme", Programme, "A programme: programmes/<programme>.md",
        ("programmes/*.md", _NO_TRANSLATION),
    ),
    Kind(
        "news", News, "A piece of news: content/news/<news>.md",
        ("content/news/*.md", _NO_TRANSLATION),
    ),
    Kind(
        "page", Page, "A text page: content/pages/<page>.md",
        ("content/pages/*.md", _NO_TRANSLATION),
    ),
    Kind(
        "help", HelpPage, "A help page, a way in by need: content/help/<page>.md",
        ("content/help/*.md", _NO_TRANSLATION),
    ),
    Kind(
        "board", Board, "A board or voice group: content/boards/<board>.md",
        ("content/boards/*.md", _NO_TRANSLATION),
    ),
    Kind(
        "message", MessageFields, "The text of a message: content/messages/<message>.md",
        ("content/messages/*.md",),
    ),
    Kind("site", Site, "The site: content/site.yaml", ("content/site.yaml",)),
    Kind(
        "footprints", Footprints, "The footprints: content/footprints.yaml",
        ("content/footprints.yaml",),
    ),
    Kind(
        "resources", Resources, "What groups share: content/resources.yaml",
        ("content/resources.yaml",),
    ),
    Kind("terms", Terms, "The school terms: content/terms.yaml", ("content/terms.yaml",)),
)  # fmt: skip

# Examples of one-line text, by field.
_EXAMPLES: Mapping[str, str] = {
    "address": "12 River Street",
    "also": "asylum",
    "area": "Lancashire",
    "ask": "Children who often miss school",
    "attribution": "Contains OS data © Crown copyright",
    "audience": "Parents and carers with a baby",
    "booking_address": "https://bookings.example.org",
    "bring": "A towel and a blanket",
    "buggy": "You can leave your buggy in the hall",
    "cancelled": "The midwife is ill",
    "code": "E07000123",
    "cost": "Free",
    "delivered_with": "Midwives of the hospital",
    "discreet_body": "Look at {link} for the details.",
    "discreet_subject": "About your booking",
    "discreet_text": "See {link}",
    "did": "We added a second group",
    "district": "preston",
    "domain": "families.example.org",
    "expect": "You play with your child, and sing together at the end",
    "first_time": "You can come alone. Nobody has to join in",
    "hint": "Figures are enough.",
    "join": "Come to one meeting and listen",
    "label": "Is this your first baby?",
    "leader": "Family support worker",
    "name": "Village hall",
    "note": "Bring a photo of your bump",
    "options": "By bus",
    "part": "spring 1",
    "parking": "Free car park behind the centre",
    "photo": "front.png",
    "photo_alt": "A low brick building beside a river",
    "programme": "baby-massage",
    "reason": "The boiler is being repaired",
    "room": "Willow Room",
    "said": "There is nothing at the weekend",
    "serves": "River Lane Primary School, Preston",
    "session_length": "About 2 hours",
    "siblings_note": "There are toys for children up to 8",
    "signed": "Head of service, 1 December 2026",
    "slug": "preston",
    "source": "https://example.org/term-dates",
    "sources": "https://example.org/leaflet",
    "subject": "Your booking is confirmed",
    "summary": "Six mornings for parents who expect a baby.",
    "text": "See you soon: {link}",
    "title": "Riverbank Centre",
    "town": "Preston",
    "transport": "Buses 2 and 35 stop outside.",
    "where": "Riverbank Centre, Willow Room",
    "who_meets_you": "A play worker, at the front door",
    "why": "We have no room yet",
    "withdrawn": "Too few families could come",
    "year": "2026-27",
}


class Form(NamedTuple):
    """How a field is written: one value or a block of fields, alone or in a list."""

    written: AsWritten | None
    block: type[BaseModel] | None
    many: bool
    one_or_many: bool


def files() -> dict[Path, str]:
    """Every file made from the declarations, by its path from the root."""
    made = {SCHEMAS / f"{kind.name}.json": _as_text(schema(kind)) for kind in KINDS}
    vs_code = {EDITOR: _as_text(editor()), SNIPPETS: _as_text(snippets())}
    return {**made, **vs_code, MANUAL: manual(), SETTINGS: settings()}


def write(root: Path) -> list[Path]:
    """Writes the files that are missing or out of date, and returns which."""
    written = []
    for path, text in files().items():
        file = root / path
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _as_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


# --- the declarations, read ----------------------------------------------------------------------


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by their names in files."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def form_of(info: FieldInfo) -> Form:
    """How the value of a field is written."""
    return _form(info.annotation, tuple(info.metadata))


def _form(annotation: Any, metadata: tuple[Any, ...]) -> Form:
    for one in metadata:
        if isinstance(one, AsWritten):
            return Form(one, None, many=False, one_or_many=False)
    arguments = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _form(arguments[0], annotation.__metadata__)
    if type(None) in arguments:
        return _form(next(one for one in arguments if one is not type(None)), metadata)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Form(None, annotation, many=False, one_or_many=False)
    if not arguments:
        raise TypeError(f"{annotation} has no AsWritten: see portal/directory/field_forms.py")
    inner = _form(arguments[0], ())
    alone = any(isinstance(one, BeforeValidator) and one.func is listed for one in metadata)
    return inner._replace(many=True, one_or_many=alone)


def example_of(name: str, form: Form) -> str:
    """An example of a value; empty for a block."""
    if form.written is None:
        return ""
    plain = not form.written.words and "pattern" not in form.written.schema
    return _EXAMPLES.get(name, form.written.example) if plain else form.written.example


def _blocks(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """The blocks of fields within a kind of file, by the field that first holds each."""
    seen: list[type[BaseModel]] = []
    waiting = [model]
    while waiting:
        for name, info in fields_of(waiting.pop(0)).items():
            block = form_of(info).block
            if block and block not in seen:
                seen.append(block)
                waiting.append(block)
                yield name, block


# --- JSON Schema ---------------------------------------------------------------------------------


def schema(kind: Kind) -> dict[str, Any]:
    """JSON Schema of the fields of a file."""
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.what,
        "$comment": "Written by `portal schema`. Change portal/directory/models.py, not this file.",
        **_object(kind.model),
    }
    blocks = {block.__name__: _object(block) for _, block in _blocks(kind.model)}
    return {**made, "$defs": blocks} if blocks else made


def _object(model: type[BaseModel]) -> dict[str, Any]:
    fields = fields_of(model)
    made: dict[str, Any] = {
        "type": "object",
        "properties": {name: _property(name, info) for name, info in fields.items()},
        "additionalProperties": False,
    }
    if required := [name for name, info in fields.items() if info.is_required()]:
        made["required"] = required
    return made


def _property(name: str, info: FieldInfo) -> dict[str, Any]:
    form = form_of(info)
    value: dict[str, Any]
    if form.block:
        value = {"$ref": f"#/$defs/{form.block.__name__}"}
    else:
        assert form.written is not None  # noqa: S101 - a form is one or the other
        value = dict(form.written.schema)
    if form.many:
        several = {"type": "array", "items": value}
        value = {"anyOf": [value, several]} if form.one_or_many else several
    made = {"description": info.description or "", **value}
    if example := example_of(name, form):
        made["examples"] = [example]
    return made


# --- the manual ----------------------------------------------------------------------------------

_OPENING = """\
# The fields of content files

`portal schema` writes this page from the declarations that the portal reads files with, so it is
always right. Do not change it by hand.

Fields go at the top of a file between two lines of `---`, one per line: the name, a colon and the
value. The text for families goes below. A field with **yes** under "needed" is required. "A list"
has one line for each value, indented, after `- `.

`portal check` warns of what can be read but is hardly meant, such as `time: 1:30-3:00`, which is at
night. If it is so, write `# meant` at the end of the line.

It also warns of sentences of more than 25 words, and of hard words such as 'commence', with a plain
word to write instead. If they have to stay, add them to the fields in a line `# meant: commence`.
"""


def manual() -> str:
    """`content/FIELDS.md`: for each kind of file a table of its fields."""
    parts = [_OPENING]
    for kind in KINDS:
        parts.append(f"## {kind.what.partition(':')[0]}\n\n`{kind.what.partition(': ')[2]}`\n")
        parts.append(_table(kind.model))
        parts += [f"### Each of `{name}`\n\n{_table(model)}" for name, model in _blocks(kind.model)]
    parts.append("## Known words\n")
    for name, words in sorted(_vocabularies().items()):
        lines = [f"| `{word}` | {said} |" for word, said in words.items()]
        heading = f"### `{name}`\n\n| word | what families read |\n|---|---|\n"
        parts.append(heading + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _table(model: type[BaseModel]) -> str:
    rows = [
        "| field | needed | what it means | how it is written | example |",
        "|---|---|---|---|---|",
    ]
    for name, info in fields_of(model).items():
        form = form_of(info)
        needed = "**yes**" if info.is_required() else ""
        example = f"`{example_of(name, form)}`" if form.written else ""
        rows.append(f"| `{name}` | {needed} | {info.description} | {_how(form)} | {example} |")
    return "\n".join(rows).replace("<", "&lt;") + "\n"


def _how(form: Form) -> str:
    how = form.written.how if form.written else "a block of fields, indented"
    if form.one_or_many:
        return f"{how}; or a list"
    return f"a list: {how}" if form.many else how


@cache
def _vocabularies() -> dict[str, Mapping[str, str]]:
    """Known words with the words that families read, by the name of their field."""
    found: dict[str, Mapping[str, str]] = {}
    for kind in KINDS:
        for model in (kind.model, *(block for _, block in _blocks(kind.model))):
            for name, info in fields_of(model).items():
                written = form_of(info).written
                if written and any(word != said for word, said in written.words.items()):
                    found.setdefault(name, written.words)
    return {name: words for name, words in found.items() if name != "languages"}


def settings() -> str:
    """`docs/settings.md`: the settings of the portal."""
    rows = [
        "# Settings",
        "",
        "They come from the environment. This page is written by `portal schema`.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    for name, info in Settings.model_fields.items():
        default = "" if info.default in (None, ()) else f"`{_shown(info.default)}`"
        rows.append(f"| `PORTAL_{name.upper()}` | {default} | {info.description} |")
    return "\n".join(rows) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


# --- VS Code -------------------------------------------------------------------------------------


def editor() -> dict[str, Any]:
    """`.vscode/settings.json`: which files are of which kind, and completion while one types."""
    return {
        "files.encoding": "utf8",
        "files.eol": "\n",
        "files.insertFinalNewline": True,
        "[markdown]": {
            "editor.wordWrap": "on",
            "editor.quickSuggestions": {"other": "on", "comments": "off", "strings": "off"},
            "editor.snippetSuggestions": "top",
        },
        "yaml.yamlVersion": "1.2",
        "yaml.schemas": {
            f"./{(SCHEMAS / kind.name).as_posix()}.json": list(kind.files) for kind in KINDS
        },
    }


def snippets() -> dict[str, Any]:
    """Completion of fields in Markdown files, which VS Code offers without any extension."""
    made = {}
    for kind in KINDS:
        if not kind.files[0].endswith(".md"):
            continue
        for name, info in fields_of(kind.model).items():
            made[f"{name} ({kind.name})"] = {
                "prefix": name,
                "scope": "markdown",
                "description": f"{info.description} (a field of: {kind.name})",
                "body": _snippet(name, form_of(info)),
            }
    return made


def _snippet(name: str, form: Form) -> list[str]:
    if form.block:
        lines = [
            f"  {inner}: {_blank(number, inner, form_of(info))}"
            for number, (inner, info) in enumerate(fields_of(form.block).items(), 1)
            if not form_of(info).block
        ]
        if form.many:
            lines[0] = f"  - {lines[0].strip()}"
            lines[1:] = [f"  {line}" for line in lines[1:]]
        return [f"{name}:", *lines]
    return [f"{name}: {_blank(1, name, form)}"]


def _blank(number: int, name: str, form: Form) -> str:
    """A value to choose or to type over."""
    words = form.written.words if form.written else {}
    if words:
        return f"${{{number}|{','.join(_escaped(word, ',|') for word in words)}|}}"
    return f"${{{number}:{_escaped(example_of(name, form), '$}')}}}"


def _escaped(text: str, signs: str) -> str:
    """Text within a snippet, where some signs would end it."""
    return "".join(f"\\{sign}" if sign in signs or sign == "\\" else sign for sign in text)
