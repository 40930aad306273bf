"""A fact counts if it is there and is not a sample; what does not apply counts neither way."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.commands import main
from portal.coverage.trust import CENTRE_FACTS, PROGRAMME_FACTS, Sample, Share, figures
from portal.directory import Centre, Directory
from tests.support import made

WHOLE = {
    "opening_hours": {"Monday": "9:00-17:00"},
    "facilities": ["step-free", "wifi"],
    "checked": "2026-12-01",
}
AREA = {"area": "around Market Square", "town": "Preston"}


def centre_facts(fields: Mapping[str, object]) -> Mapping[str, bool | None]:
    directory = made.directory(centre={**WHOLE, **fields})
    return figures(directory).of_centre(directory.centres[0])


def programme_facts(directory: Directory) -> Mapping[str, bool | None]:
    return figures(directory).of_programme(directory.programmes[0])


def test_a_centre_with_every_fact() -> None:
    """Each fact of a whole file counts, and every fact that is counted has words and a remedy."""
    assert centre_facts({}) == dict.fromkeys((fact.key for fact in CENTRE_FACTS), True)
    for fact in (*CENTRE_FACTS, *PROGRAMME_FACTS):
        assert fact.words.endswith(".")
        assert fact.remedy.endswith(".")


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"address": None}, {"address"}),
        ({"postcode": None}, {"postcode"}),
        ({"phone": None}, {"contact"}),
        ({"phone": None, "email": "hub@example.org"}, set()),
        ({"sample": ["phone"]}, {"contact"}),
        ({"sample": ["phone"], "email": "hub@example.org"}, set()),
        ({"opening_hours": None}, {"hours"}),
        ({"facilities": []}, {"access"}),
        ({"facilities": ["wifi"]}, {"access"}),
        ({"sample": ["address", "opening_hours", "facilities"]}, {"address", "hours", "access"}),
        ({"checked": None}, {"checked"}),
        ({"sample": ["checked"]}, {"checked"}),
        # 92 days before 4 January, and 93.
        ({"checked": "2026-10-04"}, set()),
        ({"checked": "2026-10-03"}, {"checked"}),
    ],
)
def test_what_is_missing_at_a_centre(fields: dict[str, object], missing: set[str]) -> None:
    """A fact that is absent, a sample or checked too long ago is missing, and no other."""
    assert {key for key, known in centre_facts(fields).items() if known is not True} == missing
    assert None not in centre_facts(fields).values()


def test_an_address_that_is_kept_private_counts_neither_way() -> None:
    """What the service keeps private is not missing, and makes no share better."""
    facts = centre_facts({"address_public": "no"})
    assert (facts["address"], facts["postcode"], facts["contact"]) == (None, None, True)
    directory = made.directory({}, centre={**WHOLE, "address_public": "no"})
    assert programme_facts(directory)["address"] is None


def test_a_programme_is_as_good_as_all_its_buildings() -> None:
    """Each building where it meets in the next 13 weeks must have the fact."""
    directory = made.directory({}, centre=WHOLE)
    facts = programme_facts(directory)
    assert facts == {
        "address": True,
        "postcode": True,
        "contact": True,
        "hours": True,
        "access": True,
        "checked": False,
        "signed": None,
    }
    hall = {"venue": {"name": "Hall", "address": "2 High Street", "town": "Preston"}}
    both = programme_facts(made.directory({}, hall, centre=WHOLE))
    assert {key for key in facts if both[key] != facts[key]} == {"postcode", "contact", "access"}
    later = made.directory({"starts": "2027-04-20"}, hall, centre=WHOLE)
    assert programme_facts(later)["postcode"] is False
    withdrawn = programme_facts(made.directory({"withdrawn": "No leader"}, centre=WHOLE))
    assert (withdrawn["hours"], withdrawn["address"], withdrawn["contact"]) == (False, None, False)
    outside = programme_facts(made.directory({"venue": AREA}, centre=WHOLE))
    assert (outside["hours"], outside["address"], outside["access"]) == (True, None, None)


def test_a_reading_that_somebody_has_signed() -> None:
    """Only a programme with outcomes or needs can be signed, and its file says so."""
    directory = made.directory()
    (programme,) = directory.programmes
    found = []
    for update in ({}, {"outcomes": (1,)}, {"outcomes": (1,), "signed": "Head of service, 2027"}):
        changed = programme.model_copy(update=update).link(slug="bump")
        copy = directory.model_copy(update={"programmes": (changed,)})
        found.append(programme_facts(copy)["signed"])
    assert found == [None, False, True]


def test_nothing_of_a_sensitive_group_can_be_counted() -> None:
    """The figures of a sensitive programme are the same with its groups and without (S102)."""
    whole = made.directory({}, sensitive=True, centre=WHOLE)
    empty = whole.model_copy(update={"private_series": ()})
    assert programme_facts(whole) == programme_facts(empty)
    assert figures(whole).as_json() == figures(empty).as_json()
    assert programme_facts(whole)["hours"] is None


def test_shares_of_a_district_and_the_county() -> None:
    """Shares are rounded down, closed centres are left out, and what is missing is named."""
    directory = made.directory(centre={**WHOLE}, other_centres=("hilltop", "old"))
    hilltop, old = directory.centres[1:]
    hilltop.__dict__["sample"] = ("phone",)
    closed = Centre.model_validate({"title": "Old", "kind": "library", "district": "preston",
                                    "status": "closed from 2026-01-01"})  # fmt: skip
    closed.link(slug="old", source=old.source, read_for=directory.today)
    centres = (directory.centres[0], hilltop, closed)
    found = figures(directory.model_copy(update={"centres": centres}))
    shares = {share.fact.key: share for share in found.centres}
    contact = shares["contact"]
    assert (contact.have, contact.of, contact.percent) == (1, 2, 50)
    assert contact.missing == (hilltop,)
    assert [one.have for one in found.districts[directory.districts[0]]] == [
        one.have for one in found.centres
    ]
    assert found.samples == (Sample("phone", 1, 0),)
    assert (found.sampled_centres, found.sampled_programmes) == (1, 0)
    assert [Share(CENTRE_FACTS[0], have, 201, ()).percent for have in (0, 200, 201)] == [0, 99, 100]
    assert Share(CENTRE_FACTS[0], 0, 0, ()).percent is None


def test_the_day_of_the_figures() -> None:
    """The open data names its day, which is the day of the Directory."""
    directory = made.directory(today=date(2027, 1, 4))
    assert figures(directory).as_json()["day"] == "2027-01-04"


def test_editors_see_each_file_without_a_fact(
    sample_root: Path, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`portal check --quality` says what each fact means, what to do, and which files lack it."""
    monkeypatch.setattr("portal.commands.days.today", lambda: directory.today)
    found = figures(directory)
    said = CliRunner().invoke(main, ["--root", str(sample_root), "check", "--quality"]).stdout
    for noun, shares in (("centres", found.centres), ("programmes", found.programmes)):
        for share in shares:
            wanted = [
                f"{share.fact.label} of {noun}: {share.have} of {share.of}. {share.fact.words}",
                *([f"  {share.fact.remedy}"] if share.missing else []),
                *(f"  {thing.source}" for thing in share.missing),
            ]
            assert "\n".join(wanted) + "\n" in said


@pytest.mark.parametrize(
    ("have", "of", "percent"),
    [(11, 23, 48), (1, 51, 2), (1, 8, 13), (1, 900, 1), (899, 900, 99), (0, 9, 0), (9, 9, 100)],
)
def test_a_share_is_rounded_but_never_to_none_or_all(have, of, percent):
    """A share is the nearest whole per cent; 0% and 100% are said of none and all alone."""
    assert Share(CENTRE_FACTS[0], have, of, ()).percent == percent
