"""A whole centre in its next term, as the page for staff and the command show it."""

import shutil
from datetime import date

import pytest
from click.testing import CliRunner

from portal import content
from portal.commands import main
from portal.content import Problem
from portal.editing import term_plan
from portal.editing.drafts import WritingError
from portal.editing.next_term import copies
from tests.support.shipped import ROOT as SHIPPED

TODAY = date(2026, 11, 23)
RIVERBANK = "centres/preston/riverbank"
COURSE = (
    "---\nprogramme: bump-birth-and-beyond\nplaces: 8\nstarts: 2026-11-04\ntime: 10:00-12:00\n"
    "sessions: 4\nroom: Hall\nleader: Amina and Jo\n---\n"
)


def planned(root, directory, **given):
    given = {"centre": "riverbank", "term": None, **given}
    return term_plan.plan(root, directory, today=TODAY, **given)


def row_of(plan, slug):
    [row] = [one for one in plan.rows if one.slug == slug]
    return row


@pytest.fixture
def root(tmp_path, sample_root):
    return shutil.copytree(sample_root, tmp_path / "root")


def read(root):
    return content.load(root, today=TODAY)


def test_each_series_of_a_centre_has_its_place(sample_root, directory) -> None:
    """What ended with the term before is offered, what is in the term is planned, and what carries
    on needs nothing; each says why, in the order of the week."""
    plan = planned(sample_root, directory)

    assert plan.span.name == "spring 2027"
    assert [(row.slug, row.state, row.words, row.target) for row in plan.rows] == [
        ("play-monday", "nothing", "Carries on, and needs nothing.", ""),
        ("bump-spring", "planned", "Starts on Tuesday 12 January 2027.", "bump-spring"),
        ("bump-autumn", "offered", "", "bump-spring-2027"),
        ("play-urdu", "nothing", "Carries on until Thursday 25 March 2027.", ""),
        ("first-aid", "offered", "", "first-aid-spring-2027"),
    ]
    [club, _] = planned(sample_root, directory, centre="harbour").rows
    assert (club.state, club.words) == (
        "nothing",
        "Meets in the school holidays, so no term holds its dates. Plan it by itself.",
    )


def test_a_proposal_is_what_the_command_writes(sample_root, directory) -> None:
    """Without changes, a row holds the files of `portal next-term`; with the values that it shows,
    it holds them as well."""
    row = row_of(planned(sample_root, directory), "bump-autumn")
    again = planned(sample_root, directory, typed={"bump-autumn": row.values})

    assert row.values == {
        "starts": "5 January 2027", "time": "18:00-20:00", "sessions": "6", "places": "8",
    }  # fmt: skip
    assert row_of(again, "bump-autumn").copy == row.copy
    [copy] = copies(sample_root, directory, ["riverbank/bump-autumn"], "spring 2027")
    assert row.copy.files == copy.files


def test_holidays_and_closed_days_are_shown(root) -> None:
    """Dates that are left out are named with the reason, and so are those on which the centre is
    closed."""
    index = root / RIVERBANK / "index.md"
    text = index.read_text().replace("2026-12-07", "2027-01-26")
    index.write_text(text)
    row = row_of(planned(root, read(root), typed={"bump-autumn": {"sessions": "7"}}), "bump-autumn")

    assert row.copy.left_out == ((date(2027, 2, 16), "school holidays"),)
    assert "Left out: Tuesday 16 February 2027 (school holidays)." in row.copy.facts
    assert (
        "The centre is closed on Tuesday 26 January 2027 (The boiler is being mended): it is "
        "cancelled then." in row.notes
    )


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("starts", "13 January 2027", "Write 12 January 2027 or 19 January 2027."),
        ("starts", "16 February 2027", "16 February 2027 is in the school holidays."),
        ("starts", "4 May 2027", "4 May 2027 is not in spring 2027"),
        ("starts", "31 February 2027", "There is no 31 February 2027."),
        ("starts", "soon", "'soon' is not a date."),
        ("time", "10", "'10' has no end."),
        ("time", "20:00-18:00", "It ends at 18:00, before it starts"),
        ("sessions", "six", "Write a whole number"),
        ("sessions", "0", "Write a whole number"),
        ("sessions", "900", "Only 24 of its 900 sessions have a date"),
        ("places", "-1", "Write a whole number"),
    ],
)
def test_a_mistake_belongs_to_a_field(sample_root, directory, field, typed, words) -> None:
    """What nobody can use is said of its field, what was typed is kept, and other rows are planned
    all the same."""
    plan = planned(sample_root, directory, typed={"bump-autumn": {field: typed}})
    row = row_of(plan, "bump-autumn")
    [(where, said)] = row.mistakes

    assert where == field
    assert words in said
    assert row.values[field] == typed
    assert not row_of(plan, "first-aid").mistakes
    assert [edit.path for edit in term_plan.edits(plan.rows)] == [
        f"{RIVERBANK}/first-aid-spring-2027.md"
    ]


def test_the_number_of_a_group_with_a_last_date(root) -> None:
    """In a file that says until when it runs, another number of sessions becomes another last
    date; holidays are not counted."""
    text = COURSE.replace("sessions: 4", "until: 2026-12-16")
    (root / RIVERBANK / "walks-autumn.md").write_text(text)
    directory = read(root)
    row = row_of(planned(root, directory), "walks-autumn")
    other = row_of(planned(root, directory, typed={"walks-autumn": {"sessions": "7"}}), row.slug)
    [text] = other.copy.files.values()

    assert row.values["sessions"] == "11"
    assert "\nuntil: 2027-02-24\n" in text
    assert "sessions" not in text
    assert len(other.copy.planned) == 7
    late = row_of(planned(root, directory, typed={"walks-autumn": {"sessions": "99"}}), row.slug)
    assert [field for field, _ in late.mistakes] == ["sessions"]


def test_booking_moves_along(root, directory) -> None:
    """Booking opens and closes as long before the first date, also before one that was typed."""
    typed = {"bump-spring": {"starts": "20 April 2027"}}
    row = row_of(planned(root, directory, term="summer 2027", typed=typed), "bump-spring")

    assert row.copy.booking == {"opens": "2027-02-22 09:00", "closes": "2027-04-19 17:00"}
    assert [path.name for path in row.copy.files] == [
        "bump-summer-2027.md",
        "bump-summer-2027.pl.md",
    ]


def test_two_series_never_have_one_name(root) -> None:
    """The later of two gets the name of the term and the other a number, so that a copy is known
    again as theirs, also when its time was changed."""
    (root / RIVERBANK / "walks-autumn.md").write_text(COURSE)
    earlier = COURSE.replace("11-04", "09-03").replace("Hall", "Oak")
    (root / RIVERBANK / "walks-september.md").write_text(earlier)
    plan = planned(root, read(root))
    assert row_of(plan, "walks-autumn").target == "walks-spring-2027"
    assert row_of(plan, "walks-september").target == "walks-spring-2027-2"
    changed = planned(root, read(root), typed={"walks-autumn": {"time": "13:00-15:00"}})
    for path, text in row_of(changed, "walks-autumn").copy.files.items():
        (root / path).write_text(text)
    again = planned(root, read(root))

    assert row_of(again, "walks-autumn").words == "Copied already: from Wednesday 6 January 2027."
    assert row_of(again, "walks-september").target == "walks-spring-2027-2"
    assert "walks-spring-2027" not in [row.slug for row in again.rows]


def test_one_leader_in_two_rooms_is_pointed_out(root) -> None:
    """Where the same person would lead two groups at one time, both rows say so, with the day."""
    (root / RIVERBANK / "one.md").write_text(COURSE)
    (root / RIVERBANK / "two.md").write_text(
        COURSE.replace("Hall", "Oak Room").replace("10:00-12:00", "11:00-13:00")
        .replace("starts", "title: Second group\nstarts")
    )  # fmt: skip
    plan = planned(root, read(root))
    words = "at the same time, first on Wednesday 6 January 2027."

    assert f"Amina and Jo leads Second group {words}" in row_of(plan, "one").notes
    assert f"Amina and Jo leads Bump, Birth and Beyond {words}" in row_of(plan, "two").notes


def test_what_the_check_says_belongs_to_its_row(sample_root, directory) -> None:
    """A clash is shown with both copies that it is about, each with the title of the other; another
    mistake with the copy whose file it is in; those of other files with none."""
    plan = planned(sample_root, directory)
    first, second = "riverbank/bump-spring-2027", "riverbank/first-aid-spring-2027"
    room = f"'room': {RIVERBANK}/bump-spring-2027.md is in the same room. If both are meant, x."
    problems = [
        Problem(f"{RIVERBANK}/first-aid-spring-2027.md", 3, 1, room, doubles=(first, second)),
        Problem(f"{RIVERBANK}/bump-spring-2027.md", 3, 1, "'places': too many."),
        Problem(f"{RIVERBANK}/play-monday.md", 3, 1, "'day': wrong."),
    ]
    checked = term_plan.with_problems(plan, problems)
    bump, aid = row_of(checked, "bump-autumn"), row_of(checked, "first-aid")

    assert [words.partition(" If ")[0] for words in (*bump.clashes, *aid.clashes)] == [
        f"{aid.title} is in the same room.",
        f"{bump.title} is in the same room.",
    ]
    assert "md" not in bump.clashes[0] + aid.clashes[0]
    assert (bump.mistakes, aid.mistakes) == ((("places", "Too many."),), ())


def test_a_file_that_is_broken_by_now(root, directory) -> None:
    """A series whose file was deleted or broken since the site was built is not offered, and the
    others are."""
    (root / RIVERBANK / "bump-autumn.md").unlink()
    (root / RIVERBANK / "first-aid.md").write_bytes(b"---\nstarts: [\xff\n")
    plan = planned(root, directory)

    assert {row_of(plan, slug).state for slug in ("bump-autumn", "first-aid")} == {"nothing"}
    assert row_of(plan, "bump-autumn").words == "Its file cannot be read. Look at it first."


def test_no_term_is_known_after_the_last(sample_root, directory) -> None:
    """Where no later term is known, the message says where terms are added."""
    with pytest.raises(WritingError, match=r"Add the next terms to content/terms\.yaml"):
        term_plan.plan(sample_root, directory, "riverbank", None, today=date(2027, 9, 1))


# --- the command


@pytest.fixture
def portal(root):
    def portal(*arguments):
        return CliRunner().invoke(main, ["--root", str(root), "next-term", *arguments])

    return portal


def test_the_command_shows_the_plan_and_writes_when_asked(portal, root) -> None:
    """Without --write the command prints the plan alone; with it, it writes what was named."""
    before = sorted(root.rglob("*.md"))
    found = portal("--centre", "riverbank", "--term", "spring 2027")
    assert found.exit_code == 0, found.output
    assert found.output.splitlines() == [
        "Spring 2027: Tuesday 5 January 2027 to Thursday 25 March 2027",
        "",
        "To copy:",
        "  bump-autumn -> bump-spring-2027",
        "    6 sessions, Tuesday 5 January 2027 to Tuesday 9 February 2027, 6pm to 8pm.",
        "    Not copied: changes.",
        "    Bump, Birth and Beyond is in the term already, as bump-spring. Is this another group?",
        "  first-aid -> first-aid-spring-2027",
        "    1 session on Saturday 9 January 2027, 10am to 12:30pm.",
        "",
        "In the term already:",
        "  bump-spring: Starts on Tuesday 12 January 2027.",
        "",
        "Nothing to do:",
        "  play-monday: Carries on, and needs nothing.",
        "  play-urdu: Carries on until Thursday 25 March 2027.",
        "",
        "Nothing is written yet. To write what is to be copied, add --write.",
    ]
    assert sorted(root.rglob("*.md")) == before
    written = portal("--centre", "riverbank", "--term", "spring 2027", "--write", "first-aid")

    assert written.exit_code == 0, written.output
    assert set(root.rglob("*.md")) - {*before} == {root / RIVERBANK / "first-aid-spring-2027.md"}


def test_the_command_writes_nothing_with_a_clash(portal, root) -> None:
    """A clash is marked in its row, and then none of the copies is written."""
    (root / RIVERBANK / "one.md").write_text(COURSE)
    (root / RIVERBANK / "two.md").write_text(
        COURSE.replace("2026-11-04", "2026-10-07").replace("sessions: 4", "sessions: 2")
    )
    before = sorted(root.rglob("*.md"))
    found = portal("--centre", "riverbank", "--term", "spring 2027", "--write")

    assert found.exit_code == 1
    assert "    To correct: " in found.output
    assert "is the same group at the same time: Wednesday 6 January 2027" in found.output
    assert "Nothing is written." in found.output
    assert sorted(root.rglob("*.md")) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--centre", "rivrbank"], "Did you mean 'riverbank'?"),
        (["--centre", "riverbank", "--term", "sprng 2027"], "Did you mean 'spring 2027'?"),
        (["--centre", "riverbank", "--term", "spring 2027", "first-ad"], "mean 'first-aid'?"),
        (["--write", "riverbank/first-aid"], "--write is for --centre."),
        ([], "Name the series to copy, or a whole centre with --centre."),
    ],
)  # fmt: skip
def test_what_the_command_refuses(portal, arguments, words) -> None:
    """In words with a way out."""
    found = portal(*arguments)

    assert found.exit_code in (1, 2)
    assert words in found.output
    assert "Traceback" not in found.output


@pytest.mark.slow
def test_every_shipped_centre_can_be_planned(tmp_path) -> None:
    """All that is offered anywhere in the county is written as it was shown: in the term, on its
    own weekday, at its own time, with the dates of the proposal, and without a mistake."""
    root = tmp_path / "county"
    for name in ("content", "centres", "programmes"):
        shutil.copytree(SHIPPED / name, root / name)
    directory = read(root)
    rows = []
    for centre in directory.centres:
        plan = planned(root, directory, centre=centre.slug, term="summer 2027")
        rows += plan.of("offered")
        assert all(row.words for row in plan.of("planned", "nothing"))
        assert not any(row.mistakes for row in plan.rows)
    for row in rows:
        for path, text in row.copy.files.items():
            (root / path).write_text(text, encoding="utf-8")
    after = read(root)

    assert len(rows) >= 20
    for row in rows:
        new, old = after.find_series(row.copy.identity), row.series
        assert plan.span.first <= new.starts <= plan.span.last
        assert [one.planned for one in new.all_sessions] == [*row.copy.planned]
        assert new.starts.weekday() == old.starts.weekday() or old.repeats == "daily"
        assert new.time == old.time
