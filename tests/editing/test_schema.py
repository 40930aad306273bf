"""What editors are helped with says what the portal reads: not less, and not more."""

import json
import re
from fnmatch import fnmatch

import pytest
import yaml
from pydantic import ValidationError

from portal.editing import schema
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow

SAMPLE = ROOT / "tests/sample"


class Core(yaml.SafeLoader):
    """Reads as editors' programs do, by YAML 1.2: figures are numbers, 'yes' is a word."""

    yaml_implicit_resolvers = {}


Core.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(true|True|TRUE|false|False|FALSE)$"), "tTfF"
)
Core.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(~|null|Null|NULL)?$"), None)
Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]+$"), [*"-+0123456789"])
Core.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?$"),
    [*"-+.0123456789"],
)


def kind_named(name):
    return next(kind for kind in schema.KINDS if kind.name == name)


def validator(kind):
    import jsonschema  # three seconds, which only these tests shall take

    made = schema.schema(kind)
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def files_of(kind, root):
    """The files that an editor is told to check by a schema, as it reads the patterns."""
    wanted, *others = kind.files
    for path in sorted(root.glob(wanted)):
        name = path.relative_to(root).as_posix()
        if not any(fnmatch(name, other[1:].replace("**/", "*")) for other in others):
            yield path


def front(path, loader):
    text = path.read_text("utf-8-sig")
    if path.suffix == ".md":
        text = re.split(r"^---[ \t]*$", text, maxsplit=2, flags=re.MULTILINE)[1]
    return yaml.load(text, Loader=loader)


@pytest.mark.parametrize("path", schema.files(), ids=str)
def test_the_files_are_current(path):
    """What is checked in is what `portal schema` writes: run it after changing a declaration."""
    assert (ROOT / path).read_text("utf-8") == schema.files()[path]


@pytest.mark.parametrize("kind", schema.KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("loader", [Core, yaml.CBaseLoader], ids=["as editors", "as text"])
def test_every_file_keeps_its_schema(kind, loader):
    """No file that the portal reads is underlined: neither the shipped ones nor the sample's."""
    judge = validator(kind)
    found = [path for root in (ROOT, SAMPLE) for path in files_of(kind, root)]
    faults = [
        f"{path.relative_to(ROOT)}: {error.json_path}: {error.message}"
        for path in found
        for error in judge.iter_errors(front(path, loader))
    ]

    assert found
    assert faults == []


def test_every_kind_of_file_is_found():
    """Each Markdown file that is no translation is of exactly one kind."""
    claimed = [path for kind in schema.KINDS for path in files_of(kind, SAMPLE)]
    plain = [path for path in SAMPLE.rglob("*.md") if "." not in path.stem]

    assert len(claimed) == len({*claimed})
    assert {*plain} == {path for path in claimed if path.suffix == ".md"}


WRONG = [
    ("series", {"programme": "baby-massage", "starts": "2027-01-12"}, "time"),
    ("series", {"starts": "12/01/2027"}, "starts"),
    ("series", {"day": "Funday"}, "day"),
    ("series", {"time": "10:00"}, "time"),
    ("series", {"places": 0}, "places"),
    ("series", {"places": "many"}, "places"),
    ("series", {"term_time_only": "sometimes"}, "term_time_only"),
    ("series", {"plcaes": 12}, "plcaes"),
    ("series", {"changes": {"date": "2027-01-12"}}, "changes"),
    ("series", {"changes": [{"cancelled": "The midwife is ill"}]}, "date"),
    ("series", {"programme": "Baby Massage"}, "programme"),
    ("series", {"room": None}, "room"),
    ("centre", {"facilities": ["step-free", "swimming-pool"]}, "facilities"),
    ("centre", {"opening_hours": {"Monday": "9 to 5"}}, "opening_hours"),
    ("centre", {"opening_hours": {"Mon": "9:00-17:00"}}, "opening_hours"),
    ("centre", {"location": "somewhere"}, "location"),
    ("programme", {"outcomes": [1, 6]}, "outcomes"),
    ("programme", {"booking": "by post"}, "booking"),
    ("news", {"date": "soon"}, "date"),
]


@pytest.mark.parametrize(("name", "given", "field"), WRONG)
def test_what_is_wrong_is_underlined(name, given, field):
    """A wrong value, an unknown field, a missing one."""
    good = {
        "series": {"programme": "baby-massage", "starts": "2027-01-12", "time": "10:00-12:00"},
        "centre": {"title": "Riverbank", "kind": "library", "district": "preston"},
        "programme": {
            "title": "Massage", "summary": "For babies.", "offer": "families", "kind": "group",
            "booking": "book",
        },
        "news": {"title": "Lift", "summary": "It works.", "date": "2027-01-12"},
    }[name]  # fmt: skip
    judge = validator(kind_named(name))
    whole = given if len(given) == 2 else {**good, **given}

    assert list(judge.iter_errors(good)) == []
    assert any(field in error.json_path + error.message for error in judge.iter_errors(whole))


def examples(model):
    """A block with every field, each as its example says."""
    made = {}
    for name, info in schema.fields_of(model).items():
        form = schema.form_of(info)
        value = examples(form.block) if form.block else schema.example_of(name, form)
        if name == "opening_hours":
            value = yaml.load(value, Loader=yaml.BaseLoader)
        made[name] = [value] if form.many and not form.one_or_many else value
    return made


@pytest.mark.parametrize("kind", schema.KINDS, ids=lambda kind: kind.name)
def test_every_example_can_be_written(kind):
    """The manual's examples are read by the portal, and valid by the schema."""
    made = examples(kind.model)

    assert list(validator(kind).iter_errors(made)) == []
    assert kind.model.model_validate(made)


def test_the_schema_knows_the_fields_that_must_be_there():
    """What is missing for the portal is missing for the schema."""
    for kind in schema.KINDS:
        with pytest.raises(ValidationError) as raised:
            kind.model.model_validate({})
        missing = {str(one["loc"][0]) for one in raised.value.errors() if one["type"] == "missing"}

        assert {*schema.schema(kind).get("required", ())} == missing


def test_completion_is_for_declared_fields():
    """Each field of a Markdown file has a snippet that starts with its name and a colon."""
    made = json.loads((ROOT / schema.SNIPPETS).read_text("utf-8"))

    assert len(made) > 80
    assert all(one["body"][0].startswith(f"{one['prefix']}:") for one in made.values())
    assert "Tuesday" in made["day (series)"]["body"][0]
    assert made["text (message)"]["body"] == ["text: ${1:See you soon: {link\\}}"]
