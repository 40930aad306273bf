"""The page of trust figures says what the shipped files say, by a count of its own over them."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from portal.directory import Directory
from tests.support.shipped import DAY, Shipped, Written, centres, programmes

ACCESS = {
    "step-free",
    "accessible-toilet",
    "changing-place",
    "accessible-parking",
    "hearing-loop",
    "quiet-room",
    "baby-changing",
}
Known = Mapping[str, bool | None]


def has(file: Written, *fields: str) -> bool:
    """Whether one of these fields is written and is not a sample."""
    return any(file.fields.get(one) and one not in file.fields.get("sample", ()) for one in fields)


def checked(file: Written) -> bool:
    day = file.fields.get("checked")
    return has(file, "checked") and (DAY - date.fromisoformat(str(day))).days <= 92


def of_centre(file: Written) -> Known:
    public = file.fields.get("address_public") != "no"
    return {
        "address": has(file, "address") if public else None,
        "postcode": has(file, "postcode") if public else None,
        "contact": has(file, "phone", "email"),
        "hours": has(file, "opening_hours"),
        "access": has(file, "facilities") and bool({*file.fields["facilities"]} & ACCESS),
        "checked": checked(file),
    }


def held(directory: Directory) -> Mapping[str, list[Mapping[str, str]]]:
    """The buildings of each programme's public sessions of 13 weeks, as the files describe them."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for series in directory.series:
        for session in series.all_sessions:
            if not session.off and timedelta(0) <= session.day - DAY < timedelta(weeks=13):
                places = found.setdefault(series.programme.slug, [])
                venue = session.venue
                if venue.centre:
                    places.append({"centre": venue.centre.slug})
                elif not venue.is_area:
                    places.append(
                        {"address": venue.address or "", "postcode": venue.postcode or ""}
                    )
    return found


def of_programme(file: Written, places: list[Mapping[str, str]] | None) -> Known:
    def each(fact: str) -> bool | None:
        known = [
            of_centre(centres()[place["centre"]])[fact]
            if "centre" in place
            else bool(place.get(fact))
            for place in places or ()
        ]
        public = [one for one in known if one is not None]
        return all(public) if public else None

    meets = file.fields["kind"] in ("group", "drop-in") and file.fields.get("sensitive") != "yes"
    read = file.fields.get("outcomes") or file.fields.get("needs")
    return {
        "address": each("address"),
        "postcode": each("postcode"),
        "contact": has(file, "phone") or each("contact") or False,
        "hours": places is not None if meets else None,
        "access": each("access"),
        "checked": checked(file),
        "signed": bool(file.fields.get("signed")) if read else None,
    }


def counted(seen: Iterable[Known]) -> dict[str, tuple[int, int]]:
    have, of = Counter[str](), Counter[str]()
    for known in seen:
        have.update(key for key, fact in known.items() if fact)
        of.update(key for key, fact in known.items() if fact is not None)
    return {key: (have[key], of[key]) for key in of}


def in_words(table: dict[str, tuple[int, int]]) -> list[str]:
    return [f"{have} of {of}" if of else "none in use" for have, of in table.values()]


def test_trust_figures_are_a_count_over_the_files(
    shipped: Shipped, shipped_directory: Directory
) -> None:
    """Every number of the page, its JSON and its CSV is that of a count over the shipped files."""
    used = {
        slug: of_centre(file)
        for slug, file in centres().items()
        if not shipped_directory.centre(slug).closed
        and not str(file.fields.get("in_use", "yes")).startswith("no")
    }
    by_district = {
        district.slug: dict.fromkeys(of_centre(next(iter(centres().values()))), (0, 0))
        | counted(
            known
            for slug, known in used.items()
            if centres()[slug].fields["district"] == district.slug
        )
        for district in shipped_directory.districts
    }
    places = held(shipped_directory)
    offers = {slug: of_programme(file, places.get(slug)) for slug, file in programmes().items()}

    told = json.loads(shipped.files["/data/quality.json"].read_text("utf-8"))
    for name, table in (
        ("centres", counted(used.values())),
        ("programmes", counted(offers.values())),
    ):
        assert {key: (one["have"], one["of"]) for key, one in told[name].items()} == table
    assert {
        slug: {key: (one["have"], one["of"]) for key, one in table.items()}
        for slug, table in told["districts"].items()
    } == by_district

    page = shipped.document("/data/quality/")
    facts, districts, services = page.all("table")
    for table, wanted in ((facts, used), (services, offers)):
        cells = [row.all("td")[0].text for row in table.one("tbody").all("tr")]
        assert [*cells] == in_words(counted(wanted.values()))
    titles = {one.title: one.slug for one in shipped_directory.districts}
    for row in districts.one("tbody").all("tr"):
        name = row.one("th").text
        said = [span.text for span in row.all("span") if "hidden" in span.words("class")]
        assert said == in_words(by_district[titles[name]]), name

    lines = shipped.files["/data/quality.csv"].read_text("utf-8").splitlines()
    words = {"yes": True, "no": False, "": None}
    rows = [
        {key: words[row[key]] for key in ("address", "postcode", "contact", "checked", "signed")}
        for row in csv.DictReader(lines)
    ]
    things = [*used.values(), *offers.values()]
    assert counted(rows) == counted({key: one.get(key) for key in rows[0]} for one in things)


def test_samples_are_counted_by_field(shipped: Shipped) -> None:
    """How many files mark a field as a sample is what their lists of samples say."""
    told = json.loads(shipped.files["/data/quality.json"].read_text("utf-8"))["samples"]
    for name, files in (("centres", centres()), ("programmes", programmes())):
        wanted = Counter(
            field for file in files.values() for field in {*file.fields.get("sample", ())}
        )
        assert {one["field"]: one[name] for one in told if one[name]} == dict(wanted)
