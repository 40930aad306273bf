"""Mistakes of the files in words for staff of one centre, who may not know of every group."""

import re
from pathlib import PurePosixPath

import pytest

from portal.content.front_matter import Clash, Problem
from portal.editing.shown_problems import shown
from tests.support.edited import EditedSample
from tests.support.paths import BROKEN

FILE = re.compile(r"centres/\S+/[a-z-]+\.md")
SENSITIVE = "centres/burnley-pendle/weavers-yard/group-january.md"
SPRING = "centres/preston/riverbank/bump-spring.md"
OTHER = "centres/burnley-pendle/weavers-yard/feeding-wednesday.md"
AT = "Saturday 16 January 2027, 10am to midday"


def named_in(folder):
    """The series files that the words of its mistakes name beside their own."""
    lines = (folder / "expected.txt").read_text("utf-8").splitlines()
    found = (FILE.findall(line.partition(": ")[2]) for line in lines)
    return {file for files in found for file in files if not file.endswith("/index.md")}


@pytest.fixture(scope="module")
def site(tmp_path_factory, sample_root):
    return EditedSample(tmp_path_factory.mktemp("shown") / "root", sample_root)


def clash_of(first, second):
    names = [f"{PurePosixPath(one).parts[2]}/{PurePosixPath(one).stem}" for one in (first, second)]
    clash = Clash(tuple(names), "has the van then", (AT, AT), "Choose another day or time.")
    words = f"'resources': The van cannot be in two places. {first} has it: {AT}."
    return Problem(second, 7, 1, words, clash=clash)


def test_no_check_names_a_group_that_the_reader_may_not_see(site, directory):
    """Whatever check names a second series: file, slug, day and time are kept from others (S3)."""
    walked = 0
    for folder in sorted(BROKEN.iterdir()):
        if not named_in(folder):
            continue
        site.reset()
        site.lay_over(folder)
        for problem in site.problems():
            hidden = [one for one in FILE.findall(problem.words) if "/index" not in one]
            for own, other in [(problem.path, one) for one in hidden] + [
                (one, problem.path) for one in hidden
            ]:
                (said,) = shown([problem], {own}, directory, lambda _: False)
                walked += 1
                assert PurePosixPath(other).stem not in said.words, said
                assert other not in (said.path, said.place)
                assert not re.search(r"20\d\d|\d[ap]m|midday", said.words), said
    assert walked >= 6


@pytest.mark.parametrize(("first", "second"), [(SENSITIVE, SPRING), (SPRING, SENSITIVE)])
def test_a_clash_with_a_sensitive_group_says_only_that_there_is_one(directory, first, second):
    """Nor is it named to the editors of its own centre; its file may be first or second (S3)."""
    (said,) = shown([clash_of(first, second)], {SPRING}, directory, lambda _: True)

    assert said.words == "Another group has the van then. Choose another day or time."
    assert said.path == SPRING
    assert "group-january" not in said.place


def test_a_clash_with_a_group_that_the_reader_edits_names_it(directory):
    """By its name and time, as a form speaks: no file and no field of a file."""
    (said,) = shown([clash_of(OTHER, SPRING)], {SPRING}, directory, lambda _: True)

    name = directory.find_series("weavers-yard/feeding-wednesday").name
    assert said.words.startswith(name)
    assert said.words.endswith(f"has the van then: {AT}. Choose another day or time.")
    assert ".md" not in said.words
    assert "'resources'" not in said.words


def test_mistakes_of_other_files_are_not_read_aloud(directory):
    """A page that lists all mistakes of the content names no file of another centre's groups."""
    other = Problem(OTHER, 3, 1, f"'room': the Hall is full on {AT}.")
    (said,) = shown([other], {SPRING}, directory, lambda centre: centre == "riverbank")

    assert "feeding" not in f"{said.place}{said.words}{said.path}"
    assert AT not in said.words
    (said,) = shown([other], {SPRING}, directory, lambda _: True)
    assert AT in said.words
    assert said.place == f"{OTHER}, line 3"
