"""What a noun says in plain values, so that nouns of two readings can be compared."""

from dataclasses import fields, is_dataclass

from portal.content.front_matter import Written
from portal.dependencies import fields_of
from portal.directory import Centre, Programme, Series
from portal.directory.models import Fields


def described(noun):
    """Each field of a noun by name, those that are linked included."""
    return {name: plain(_value(noun, name)) for name in fields_of(type(noun))}


def _value(noun, name):
    return sorted(noun.model_fields_set) if name == "model_fields_set" else getattr(noun, name)


def plain(value):
    """A value without identities: a centre, programme or series within it counts by its name."""
    if isinstance(value, (Centre, Programme)):
        return value.slug
    if isinstance(value, Series):
        return value.identity
    if isinstance(value, Written):
        return value.path, plain(value.fields), value.body, value.body_line, value.problems
    if isinstance(value, Fields):
        return described(value)
    if is_dataclass(value):
        return [plain(getattr(value, one.name)) for one in fields(value)]
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if hasattr(value, "items"):
        return {key: plain(one) for key, one in value.items()}
    return value
