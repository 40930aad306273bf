"""Facts that are samples are marked in the content, shown as such, and kept from machines."""

import json
import re

from tests.support.paths import ROOT
from tests.support.shipped import written

# Fields whose value a page shows, and what machines would read of it.
SHOWN = ("phone", "opening_hours", "transport", "facilities", "checked")
WORKER = ("contact", "serves")
MACHINES = {
    "phone": "telephone",
    "opening_hours": "openingHoursSpecification",
    "facilities": "amenityFeature",
}


def centres():
    return {file.slug: file for file in written("centres") if file.path.endswith("index.md")}


def linked_data(page):
    blocks = page.all("script", where=lambda one: one.get("type") == "application/ld+json")
    return [json.loads("".join(block.parts)) for block in blocks]


def test_no_sample_is_marked_in_a_comment_alone():
    """A reader does not see comments: `sample:` is what the model knows."""
    files = [*ROOT.glob("programmes/*.md"), *ROOT.glob("centres/*/*/index.md")]
    marked = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in files
        for line in path.read_text("utf-8").partition("\n---\n")[0].split("\n")
        if re.search(r"^[a-z_]+:.*# *sample", line)
    ]

    assert len(files) > 100
    assert marked == []


def test_the_demonstration_is_filled():
    """At least 40 centres have a phone, hours, facilities and the way there, marked as samples."""
    full = [
        slug
        for slug, file in centres().items()
        if set(SHOWN) - {"checked"} <= set(file.fields)
        and "phone" in file.fields["sample"]
        and str(file.fields["phone"]).startswith("01632 960")
    ]

    assert len(full) >= 40


def test_each_district_has_a_worker_to_find():
    """At least one centre of each district names its worker and its schools; no source gives them,
    so both are marked as samples, and no name is more than a first name."""
    named = [file for file in centres().values() if "contact" in file.fields]
    districts = {file.fields["district"] for file in centres().values()}

    assert {file.fields["district"] for file in named} == districts
    for file in named:
        assert set(WORKER) <= set(file.fields["sample"]), file.path
        assert " " not in file.fields["contact"].get("first_name", ""), file.path


def test_every_programme_says_what_to_expect():
    """Each programme says what happens and what to know before a first visit, in lines short enough
    to read at a glance; what no source says is marked as a sample."""
    files = [*written("programmes")]
    long, silent = [], []
    for file in files:
        silent += [file.path for name in ("expect", "first_time") if name not in file.fields]
        for name in ("expect", "first_time", "who_meets_you", "siblings_note"):
            if len(str(file.fields.get(name, ""))) > 100:
                long.append(f"{file.path}: {name}")

    assert len(files) > 50
    assert (silent, long) == ([], [])


def test_a_page_says_which_facts_are_samples(shipped):
    """Each sample fact that the page of a centre shows has its mark beside it."""
    wrong, number = [], 0
    for slug, file in centres().items():
        page = shipped.pages[f"/centres/{slug}/"]
        marks = len(page.all("span", where=lambda one: one.get("class") == "tag sample"))
        shown = set(SHOWN + WORKER)
        if str(file.fields["in_use"]).startswith("no"):  # nobody is to go there
            shown -= {"opening_hours", "transport"}
        expected = [name for name in file.fields.get("sample", ()) if name in shown]
        said = "Nobody has checked this page yet" in page.text
        number += len(expected)
        if marks + said < len(expected):
            wrong.append(f"{slug}: {marks + said} marks for {expected}")

    assert number > 200
    assert wrong == []


def test_machines_get_no_sample(shipped):
    """Nothing that is marked as a sample is in the data for search engines."""
    wrong, number = [], 0
    for slug, file in centres().items():
        for data in linked_data(shipped.pages[f"/centres/{slug}/"]):
            for name in file.fields.get("sample", ()):
                number += 1
                if MACHINES.get(name) in data:
                    wrong.append(f"{slug}: {name}")
    for path in shipped.pages:
        for data in linked_data(shipped.pages[path]):
            if "01632 960" in json.dumps(data):
                wrong.append(path)

    assert number > 200
    assert wrong == []


def test_no_sample_number_is_given_to_ring(shipped):
    """A sample phone is shown on the centre's own pages alone, each time with its mark."""
    wrong = [path for path, data in shipped.calendars.items() if b"01632 960" in data]
    wrong += [
        path
        for path, page in shipped.pages.items()
        if "01632 960" in page.text and not path.startswith("/centres/")
    ]

    for path, page in shipped.pages.items():
        marked = any(one.get("class") == "tag sample" for one in page.all("span"))
        if "01632 960" in page.text and not marked:
            wrong.append(f"{path} has no mark")

    assert wrong == []


def test_machines_get_no_price_that_is_a_sample(shipped):
    """A cost that is a sample gives no price and no "free" to search engines."""
    sampled = {
        file.slug for file in written("programmes") if "cost" in file.fields.get("sample", ())
    }
    pages = [
        f"/sessions/{file.identity}/"
        for file in written("centres")
        if file.fields.get("programme") in sampled and "cost" not in file.fields
    ]
    wrong = [
        path
        for path in pages
        if path in shipped.pages
        for data in linked_data(shipped.pages[path])
        if re.search('"(price|isAccessibleForFree)"', json.dumps(data))
    ]

    assert len(pages) > 100
    assert wrong == []


def test_editors_notes_are_not_for_families():
    """What editors have to check is said by `portal check`, not on a page."""
    wrong = [
        path.name
        for path in (ROOT / "content/pages").glob("*.md")
        if re.search(
            r"[Cc]heck (this|these|every) number|[Cc]heck them all", path.read_text("utf-8")
        )
    ]

    assert wrong == []
