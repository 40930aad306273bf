"""Whether the service still uses a building: how it is written, and what pages say of it."""

from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from portal.directory.building_use import SOURCES, BuildingUse, InUse

TODAY = date(2026, 11, 23)
CHECK = "Check with the service before you travel."


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_has_its_answer_and_year(source):
    """What a source says goes with one answer, and the sentence for families has its year."""
    answer = SOURCES[source][0]
    use = BuildingUse.read(f"{answer}, {source} 2016")

    assert (use.given_up, bool(use.mark)) == (answer == "no", answer == "no")
    assert "2016" in use.words(TODAY)
    with pytest.raises(ValueError, match=f"Write '{answer}, {source}'"):
        BuildingUse.read(f"{'yes' if answer == 'no' else 'no'}, {source} 2016")


def test_old_and_missing_sources_ask_families_to_check():
    """Families are asked to check where nothing newer than five years says that it is in use."""
    said = {
        written: BuildingUse.read(written).words(TODAY)
        for written in ("yes", "no", "unknown", "yes, opened 2023", "yes, kept 2019",
                        "unknown, used 2012", "no, to be closed 2016")
    }  # fmt: skip

    assert {written for written, words in said.items() if CHECK in words} == {
        "unknown", "yes, kept 2019", "unknown, used 2012",
    }  # fmt: skip
    assert said["yes"] == ""
    assert said["no, to be closed 2016"] == (
        "In 2016 there was a plan to close this building. The service may no longer use it."
    )
    assert not BuildingUse.read("unknown").given_up


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("shut", "Write 'yes', 'no' or 'unknown'"),
        ("no, stopped", "Write 'yes', 'no' or 'unknown'"),
        ("no, stoped 2018", "Did you mean 'stopped'"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(written, remedy):
    """A slip in the field is a mistake with its remedy."""
    with pytest.raises(ValidationError, match=remedy):
        TypeAdapter(InUse).validate_python(written)
