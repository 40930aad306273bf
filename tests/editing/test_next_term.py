"""A series in its next term: same weekday and time, right dates, everything said."""

import shutil
from datetime import date

import pytest
from click.testing import CliRunner

from portal import content
from portal.commands import main
from portal.editing.drafts import WritingError
from portal.editing.next_term import next_term, spans

TODAY = date(2026, 11, 23)
RIVERBANK = "centres/preston/riverbank"


@pytest.fixture
def root(tmp_path, sample_root):
    return shutil.copytree(sample_root, tmp_path / "root")


@pytest.fixture
def portal(root):
    def portal(*arguments):
        return CliRunner().invoke(main, ["--root", str(root), "next-term", *arguments])

    return portal


def series_of(root, identity):
    found = content.load(root, today=TODAY).find_series(identity)
    assert found is not None
    return found


def test_a_course_in_its_next_term(portal, root):
    """The weekday, the time and the number of sessions stay; what changed in the old term goes."""
    found = portal("riverbank/bump-autumn")

    assert found.exit_code == 0, found.output
    assert found.output.splitlines() == [
        f"riverbank/bump-autumn -> {RIVERBANK}/bump-spring-2027.md",
        "  6 sessions, Tuesday 5 January 2027 to Tuesday 9 February 2027, 6pm to 8pm.",
        "  Not copied: changes.",
    ]
    copied = series_of(root, "riverbank/bump-spring-2027")
    assert {one.day.weekday() for one in copied.sessions} == {1}
    assert (copied.count, copied.changes, copied.term_time_only) == (6, (), True)


def test_booking_opens_as_long_before(portal, root):
    """`opens` and `closes` move by as many days as the first date; the words below stay."""
    found = portal(f"{RIVERBANK}/bump-spring.md", "--term", "summer 2027")

    assert found.exit_code == 0, found.output
    assert "Booking opens on Monday 15 February 2027 at 9am." in found.output
    text = (root / RIVERBANK / "bump-summer-2027.md").read_text()
    assert "opens: 2027-02-15 09:00\n" in text
    assert "aliases" not in text
    assert text.endswith("---\n\nWe start with tea at 9:45.\n")
    polish = (root / RIVERBANK / "bump-summer-2027.pl.md").read_text()
    assert polish == (root / RIVERBANK / "bump-spring.pl.md").read_text()


def test_comments_and_order_stay(root):
    """A copy differs from its original in the lines that must differ."""
    file = root / RIVERBANK / "first-course.md"
    file.write_text(
        "---\n# Agreed with the midwives\nprogramme: bump-birth-and-beyond\nplaces: 8\n\n"
        "starts: 2026-11-04  # a Wednesday\ntime: 10:00-12:00\n# We were closed\nexcept:\n"
        "- 2026-11-11\nuntil: 2026-12-16\nroom: 'Hall' # the large one\nupdated: 2026-11-09\n"
        "term_time_only: no\n---\n\nSee you in November.\n"
    )
    directory = content.load(root, today=TODAY)
    (copy,) = next_term(root, directory, ["riverbank/first-course"], "spring 2027", today=TODAY)

    assert (root / RIVERBANK / "first-course-spring-2027.md").read_text() == (
        "---\n# Agreed with the midwives\nprogramme: bump-birth-and-beyond\nplaces: 8\n\n"
        "starts: 2027-01-06  # a Wednesday\ntime: 10:00-12:00\nuntil: 2027-03-24\n"
        "room: 'Hall' # the large one\nterm_time_only: yes\n---\n\nSee you in November.\n"
    )
    assert "  Left out: Wednesday 17 February 2027 (school holidays)." in copy.report
    assert "  Not copied: except." in copy.report
    assert "  Its text mentions November: read it again." in copy.report


def test_what_is_planned_already_is_not_planned_again(root):
    """A group that somebody planned under another name is not planned once more beside it."""
    first, again = root / RIVERBANK / "first.md", root / RIVERBANK / "after-easter.md"
    text = (
        "---\nprogramme: bump-birth-and-beyond\nplaces: 8\nstarts: 2026-11-04\n"
        "time: 10:00-12:00\nsessions: 4\nroom: Hall\n---\n"
    )
    first.write_text(text)
    again.write_text(text.replace("2026-11-04", "2027-01-13"))
    directory = content.load(root, today=TODAY)

    with pytest.raises(WritingError, match=r"is in spring 2027 already, as .*after-easter\.md\."):
        next_term(root, directory, ["riverbank/first"], "spring 2027", today=TODAY)


def test_a_course_that_goes_on_into_the_term(root):
    """Its copy begins after its last date, so that it never meets twice on one day."""
    (root / RIVERBANK / "long.md").write_text(
        "---\nprogramme: bump-birth-and-beyond\nplaces: 8\nstarts: 2026-12-02\n"
        "time: 10:00-12:00\nsessions: 6\nterm_time_only: yes\n---\n"
    )
    [copy] = next_term(
        root, content.load(root, today=TODAY), ["riverbank/long"], "spring 2027", today=TODAY
    )

    assert series_of(root, "riverbank/long").sessions[-1].day == date(2027, 1, 20)
    assert copy.planned[0] == date(2027, 1, 27)


def test_groups_that_meet_together_do_so_again(root):
    """Series that are meant to meet at one time say so in the next term too, with new names."""
    one, two = root / RIVERBANK / "one.md", root / RIVERBANK / "two.md"
    text = (
        "---\nprogramme: bump-birth-and-beyond\nplaces: 8\nstarts: 2026-11-04\n"
        "time: 10:00-12:00\nsessions: 4\nroom: Hall\n---\n"
    )
    one.write_text(text)
    two.write_text(text.replace("room: Hall\n", "room: Hall\nalongside:\n  - one\n"))
    directory = content.load(root, today=TODAY)
    names = ["riverbank/two", "riverbank/one"]
    copies = next_term(root, directory, names, "spring 2027", today=TODAY)

    copied = (root / RIVERBANK / "two-spring-2027.md").read_text()
    assert "alongside: [one-spring-2027]\n" in copied
    assert "  - one" not in copied
    assert not any("Not copied" in line for copy in copies for line in copy.report)
    two.unlink()
    (root / RIVERBANK / "two-spring-2027.md").unlink()
    assert content.load(root, today=TODAY)


def test_sessions_that_do_not_fit(portal):
    """A course longer than its term is copied all the same, and says so."""
    found = portal("riverbank/bump-autumn", "--term", "spring 2 2027")

    assert found.exit_code == 0, found.output
    assert "bump-spring-2-2027.md" in found.output
    assert (
        "Its 6 sessions go on after the term, which ends on Thursday 25 March 2027." in found.output
    )


def test_nothing_is_written_over(portal, root):
    """A copy that already exists stops all of them."""
    assert portal("riverbank/bump-autumn").exit_code == 0
    before = sorted(root.rglob("*"))
    found = portal("weavers-yard/massage-january", "riverbank/bump-autumn")

    assert found.exit_code == 1
    assert "bump-spring-2027.md already exists" in found.output
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["riverbank/bump-autum"], "Did you mean 'riverbank/bump-autumn'?"),
        (["riverbank/bump-autumn", "--term", "sprng 2027"], "Did you mean 'spring 2027'?"),
        (["riverbank/bump-autumn", "--term", "spring 2031"], "added in content/terms.yaml"),
        (["riverbank/play-monday"], "so it carries on"),
        (["harbour/youth-friday"], "so it carries on"),
        (["riverbank/bump-autumn", "riverbank/bump-spring", "--term", "summer 2027"], "same name"),
    ],
)
def test_what_cannot_be_copied(portal, root, arguments, words):
    """In words with a way out; nothing is written."""
    before = sorted(root.rglob("*"))
    found = portal(*arguments)

    assert found.exit_code == 1
    assert words in found.output
    assert "Traceback" not in found.output
    assert sorted(root.rglob("*")) == before


def test_terms_have_names(directory):
    """Whole terms and their halves, by season and year."""
    known = spans(directory.terms.terms)

    assert (known["spring 2027"].first, known["spring 2027"].last) == (
        date(2027, 1, 5),
        date(2027, 3, 25),
    )
    assert known["spring 2 2027"].first == date(2027, 2, 22)
