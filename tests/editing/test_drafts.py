"""New content files: asked for in plain words, checked answer by answer, never written over."""

import shutil
from datetime import date

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from portal import content
from portal.commands import main
from portal.editing.drafts import Draft, WritingError, scalar
from portal.editing.schema import KINDS, fields_of, form_of
from tests.support.shipped import ROOT as SHIPPED

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 23)
RIVERBANK = "centres/preston/riverbank"
OPTIONS = {
    "centre": [
        "--title", "Lock Keeper's House", "--kind", "family hub", "--district", "lancaster",
        "--town", "Lancaster",
    ],
    "programme": [
        "--title", "Sing: and play", "--summary", "Songs for babies.", "--offer", "early-years",
        "--kind", "group", "--booking", "drop-in", "--ages", "0-6 months, 1-2 years",
    ],
    "series": [
        "--centre", "riverbank", "--programme", "baby-massage", "--starts", "2027-01-12",
        "--time", "10:00-11:00", "--sessions", "4", "--places", "8",
    ],
    "news": ["--title", "The lift works", "--summary", "You can use it again."],
}  # fmt: skip
WRITTEN = {
    "centre": "centres/lancaster-fylde-wyre/lock-keepers-house/index.md",
    "programme": "programmes/sing-and-play.md",
    "series": f"{RIVERBANK}/baby-massage-spring-2027.md",
    "news": "content/news/the-lift-works.md",
}


@pytest.fixture
def root(tmp_path, sample_root):
    """A copy of the sample to write to."""
    return shutil.copytree(sample_root, tmp_path / "root")


@pytest.fixture
def new(root):
    """Runs `portal new`, with what is typed line by line; without it the input has ended."""

    def new(*arguments, typed=()):
        text = "".join(f"{line}\n" for line in typed)
        return CliRunner().invoke(main, ["--root", str(root), "new", *arguments], input=text)

    return new


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_answer_can_be_an_option(new, root, kind):
    """With all that is needed as options nothing is asked, and the file has no mistakes."""
    found = new(kind, *OPTIONS[kind])

    assert (found.exit_code, found.output.count("\n")) == (0, 1), found.output
    assert (root / WRITTEN[kind]).is_file()
    assert content.load(root, today=TODAY)
    again = new(kind, *OPTIONS[kind])
    assert again.exit_code == 1
    assert "already exists" in again.output


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_field_is_an_option(new, kind):
    """Each field that is no block of fields can be given; `--help` says what it means."""
    model = next(one.model for one in KINDS if one.name == kind)
    found = new(kind, "--help").output

    simple = [name for name, info in fields_of(model).items() if not form_of(info).block]
    assert [name for name in simple if f"--{name.replace('_', '-')} " not in found] == []


def test_a_series_is_asked_for_in_plain_words(new, root):
    """What exists is offered by number, a wrong weekday is said before the next question."""
    found = new(
        "series",
        typed=["3", "massage", "tuesday", "2027-01-13", "2027-01-12", "10-11", "10:00-11:00", "",
               "4", "yes", "8", "Oak Room", "Bring a towel: we have oil.", ""],
    )  # fmt: skip

    said = found.output
    assert found.exit_code == 0, said
    assert "3  riverbank  (Riverbank Centre)" in said
    assert "13 January 2027 is a Wednesday, not a Tuesday. Write 'day: Wednesday'" in said
    assert said.index("is a Wednesday") < said.index("From when to when?")
    assert "Write '10:00-11:00'." in said
    text = (root / f"{RIVERBANK}/baby-massage-spring-2027.md").read_text()
    assert "# The weekday; checked against the first date.\nday: Tuesday\n" in text
    assert text.endswith("---\n\nBring a towel: we have oil.\n")


# A group in the hall at the time of the play group, and then a group of the same kind at its time.
IN_THE_HALL = ["riverbank", "massage", "", "2027-01-11", "09:45-10:45", "", "4", "", "8", "Hall"]
AT_ITS_TIME = ["riverbank", "play-sessions", "", "2027-01-11", "09:45-10:45", "", "4", "", "", ""]


@pytest.mark.parametrize("typed", [IN_THE_HALL, AT_ITS_TIME])
def test_a_group_beside_another_is_written_if_both_are_meant(new, root, typed):
    """A group in the room or place of another at its time is asked about: if both are meant, the
    file says so, and if not, nothing is written."""
    before = sorted(root.rglob("*"))
    refused = new("series", typed=[*typed, "", "", "no"])

    assert refused.exit_code == 1
    assert sorted(root.rglob("*")) == before
    found = new("series", typed=[*typed, "", "", "perhaps", "yes"])

    assert found.exit_code == 0, found.output
    assert "at the same time: Monday 11 January 2027" in found.output
    assert found.output.count("Are they all meant? yes or no") == 2
    (path,) = {*root.rglob("*")} - {*before}
    assert "\nalongside: play-monday\n" in path.read_text()
    assert content.load(root, today=TODAY)


def test_options_do_not_say_for_an_editor_that_both_are_meant(new, root):
    """With options alone a double is refused, with the name to give as `alongside`."""
    options = [*OPTIONS["series"], "--starts", "2027-01-11", "--time", "09:45-10:45"]
    refused = new("series", *options, "--room", "Hall")

    assert refused.exit_code == 1
    assert "If both are meant, write 'alongside: play-monday'." in refused.output
    assert new("series", *options, "--room", "Hall", "--alongside", "play-monday").exit_code == 0


def test_a_part_of_a_name_finds_several(new):
    """What fits more than one thing is asked again, with those that fit."""
    found = new("series", typed=["r", "river"])

    assert found.exit_code == 1  # the input ends
    assert "2  mill-brow" in found.output
    assert "Which programme is it?" in found.output
    assert "An answer is missing: Which programme is it? Give it as --programme." in found.output


def test_an_answer_can_be_taken_back(new, root):
    """'back' asks the question before once more, however often; a weekday is mended like this."""
    found = new(
        "series",
        typed=["riverbank", "play-sessions", "Monday", "2027-01-12", "back", "Tuesday",
               "2027-01-12", "10:00-11:00"],
    )  # fmt: skip

    assert found.exit_code == 0, found.output
    assert "12 January 2027 is a Tuesday, not a Monday." in found.output
    text = (root / RIVERBANK / "play-sessions-tuesdays.md").read_text()
    assert "day: Tuesday\n" in text


def test_many_things_are_found_by_a_part_of_their_name():
    """A county's centres are not read out: a part of a name is asked for, and ? lists them all."""
    asked = ["--root", str(SHIPPED), "new", "series"]
    found = CliRunner().invoke(main, asked, input="zzz\nriverb\nmassage\n")
    every = CliRunner().invoke(main, asked, input="?\n")

    assert found.exit_code == every.exit_code == 1  # the input ends
    assert "Write a part of its name, or ? for all." in found.output
    assert "Nothing is called 'zzz'." in found.output
    assert "On which weekday does it meet?" in found.output
    assert len(found.output.splitlines()) < 30 < 76 <= len(every.output.splitlines())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--starts", "2027-02-30"], "there is no 30 February 2027"),
        (["--day", "Monday"], "12 January 2027 is a Tuesday, not a Monday"),
        (["--programme", "massage"], "'massage' is not known"),
        (["--name", "Baby Massage"], "cannot be part of an address"),
        (["--until", "2027-02-02"], "both 'sessions' and 'until' say when it ends"),
        (["--booking", "book", "--language", "xx"], "'xx' is not a language that we know"),
    ],
)
def test_a_wrong_option_is_refused(new, root, options, words):
    """In words, and nothing is written."""
    before = sorted(root.rglob("*"))
    found = new("series", *OPTIONS["series"], *options)

    assert found.exit_code == 1
    assert words in found.output
    assert sorted(root.rglob("*")) == before


def test_a_file_that_would_be_a_mistake_does_not_stay(new, root):
    """What only shows beside other files is found too: nothing is left behind, folders included."""
    found = new("centre", *OPTIONS["centre"], "--name", "harbour")
    town = new("centre", *OPTIONS["centre"], "--name", "lock-house", "--town", "Atlantis")

    assert (found.exit_code, town.exit_code) == (1, 1)
    assert "already exists" in found.output
    assert "'Atlantis' is not in content/places.csv" in town.output
    assert not (root / "centres/lancaster-fylde-wyre/lock-house").exists()
    assert content.load(root, today=TODAY)


@pytest.mark.parametrize("title", ["\udcff", "a\0b", "a\u2028b", "\ufeff", "---", "x" * 6000])
def test_what_is_no_text_leaves_nothing(new, root, title):
    """Whatever arrives on the command line is written well, or refused in words."""
    found = new("news", "--title", title, "--summary", "Words.", "--name", "odd")

    assert found.exit_code == (0 if (root / "content/news/odd.md").exists() else 1), found.output
    assert isinstance(found.exception, SystemExit | None)
    assert content.load(root, today=TODAY)


def test_wrong_content_is_mended_first(new, root):
    """With mistakes in other files nothing is written, and they are listed."""
    (root / RIVERBANK / "play-monday.md").write_text("---\nprogramme: nothing\n---\n")
    found = new("news", *OPTIONS["news"])

    assert found.exit_code == 1
    assert "play-monday.md:" in found.output
    assert not (root / WRITTEN["news"]).exists()


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1))
def test_any_words_are_read_back(words):
    """Whatever an editor types is written so that it is read as the same."""
    words = words.strip().replace("\ufeff", "") or "x"
    alone = yaml.load(f"field: {scalar(words)}\n", Loader=yaml.CBaseLoader)
    inside = yaml.load(f"field: [{scalar(words, inside=True)}]\n", Loader=yaml.CBaseLoader)

    assert (alone, inside) == ({"field": words}, {"field": [words]})


def test_a_draft_checks_each_answer(directory):
    """By the same declaration that reads the file; a wrong answer is not kept."""
    draft = Draft("series", directory)
    draft.answer("day", "Tuesday")
    with pytest.raises(WritingError, match="is a Wednesday, not a Tuesday"):
        draft.answer("starts", "2027-01-13")
    draft.answer("starts", "2027-01-12")

    assert draft.fields == {"day": "Tuesday", "starts": "2027-01-12"}
