"""How a value is written in a file: in words, by an example, and as JSON Schema.

A type in `fields.py` carries one of these beside the function that reads it, so that the manual, an
editor's completion and the questions of `portal new` say the same as the mistakes do.

Editors' programs read plain YAML, where `12` is a number; the portal reads text. So figures may be
either. Where the portal is lenient (capitals, two spaces), the schema asks for the
recommended form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class AsWritten:
    """`how` it is written, an `example`, the `schema` of one value, the `words` it is one of."""

    how: str
    example: str
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def free(self) -> bool:
        """Whether any words will do."""
        return self.schema.get("type") == ["string", "number"]


def text(how: str, example: str, pattern: str = "") -> AsWritten:
    """Words, of a form where there is a pattern."""
    if pattern:
        return AsWritten(how, example, {"type": "string", "pattern": f"^({pattern})$"})
    return AsWritten(how, example, {"type": ["string", "number"]})


def figures(how: str, example: str, pattern: str, least: float, most: float) -> AsWritten:
    """A number, which an editor's program may take for text or not."""
    kinds = ["number" if "." in pattern else "integer", "string"]
    schema = {"type": kinds, "pattern": f"^({pattern})$", "minimum": least, "maximum": most}
    return AsWritten(how, example, schema)


def one_of(words: Mapping[str, str]) -> AsWritten:
    """One of a few known words."""
    how = f"one of: {', '.join(words)}" if len(words) < 8 else "one of the words listed below"
    return AsWritten(how, next(iter(words)), {"enum": list(words)}, words)


def yes_or_no() -> AsWritten:
    """`yes` is text to some programs, and to others the same as `true`."""
    return AsWritten("yes or no", "yes", {"enum": ["yes", "no", True, False]})


def by_weekday(weekdays: Iterable[str], span: str) -> AsWritten:
    """A block with a line for each weekday."""
    line = rf"^(closed|({span})(, *({span}))*)$"
    day = {"anyOf": [{"type": "string", "pattern": line}, {"type": "array"}]}
    schema = {
        "type": "object",
        "properties": dict.fromkeys(weekdays, day),
        "additionalProperties": False,
    }
    return AsWritten("one weekday per line, with its times", "Monday: 09:00-17:00", schema)
