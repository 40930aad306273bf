"""Reading again and again gives what reading for the first time gives."""

import random
import shutil
from datetime import date

import pytest
from pydantic import BaseModel

from portal import content
from portal.directory import TextFile

TODAY = date(2026, 11, 23)


@pytest.fixture
def root(tmp_path, sample_root):
    return shutil.copytree(sample_root, tmp_path / "root")


def described(root, memory=None):
    """All that a reading says: every field and link of every noun, or every mistake."""
    try:
        directory = content.load(root, today=TODAY, memory=memory)
    except content.ContentError as error:
        return [str(problem) for problem in error.problems]
    nouns = (
        *directory.pages, *directory.news, *directory.programmes, *directory.centres,
        *directory.series, *directory.private_series,
    )  # fmt: skip
    places = [(one.label, one.position, one.outcode) for one in directory.settlements]
    areas = [(one.code, one.position) for one in directory.postcode_areas]
    return [*map(_noun, nouns), directory.terms.model_dump(), places, areas]


def _noun(noun):
    own = {}
    for name, value in sorted(noun.__dict__.items()):
        if isinstance(value, TextFile):
            value = value.source
        elif name == "venue":
            value = (value.line, value.position)
        elif name == "all_sessions":
            value = [
                (one.planned, one.starts, one.ends, one.venue.line, one.cancelled, one.note)
                for one in value
            ]
        elif name == "translations":
            value = {language: _noun(other) for language, other in value.items()}
        elif name in type(noun).model_fields and isinstance(value, (tuple, BaseModel)):
            value = noun.model_dump(include={name})
        own[name] = value
    return type(noun).__name__, own, sorted(noun.model_fields_set)


EDITS = (
    ("centres/preston/riverbank/bump-spring.md", "sessions: 6", "sessions: 5"),
    ("centres/preston/riverbank/bump-spring.md", "day: Tuesday", "day: Monday"),
    ("centres/preston/riverbank/bump-spring.pl.md", "room:", "rom:"),
    ("centres/preston/riverbank/index.md", "district: preston", "district: prestn"),
    ("centres/preston/riverbank/index.md", "## Getting", "#### Getting"),
    ("centres/preston/riverbank/index.md", "aliases: old-riverbank", "aliases: harbour"),
    ("programmes/bump-birth-and-beyond.md", "booking: book", "booking: request"),
    ("programmes/play-sessions.md", "cost:", "bring: A smile\ncost:"),
    ("content/terms.yaml", "2027-02-12", "2027-02-05"),
    ("content/site.yaml", "languages:", "languags:"),
    ("content/places.csv", "Preston", "Prestown"),
    ("content/news/riverbank-lift.md", "](/", "](/no"),
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_reading_that_remembers_finds_the_same(root, seed):
    """After each of many edits, removals and returns, mistakes and their mending included."""
    chance = random.Random(seed)
    memory = content.FileCache()
    removed = {}
    found = [described(root, memory)]
    for _ in range(25):
        path, old, new = chance.choice(EDITS)
        file = root / path
        turn = chance.random()
        if turn < 0.15 and removed:
            path, text = removed.popitem()
            (root / path).write_text(text, encoding="utf-8")
        elif turn < 0.3 and file.exists() and path.startswith("centres/preston/riverbank/bump"):
            removed[path] = file.read_text("utf-8")
            file.unlink()
        elif file.exists():
            text = file.read_text("utf-8")
            changed = text.replace(new, old) if new in text else text.replace(old, new)
            file.write_text(changed, encoding="utf-8")
        found.append(described(root, memory))

        assert found[-1] == described(root)

    assert any(isinstance(one[0], str) for one in found)
    assert any(not isinstance(one[0], str) for one in found)


def test_an_old_directory_stays_as_it_was(root):
    """Who still looks at the last reading sees nothing of the next."""
    memory = content.FileCache()
    before = content.load(root, today=TODAY, memory=memory)
    series = before.find_series("riverbank/bump-spring")
    kept = _noun(series)
    file = root / series.source
    file.write_text(file.read_text().replace("sessions: 6", "sessions: 7"))
    after = content.load(root, today=TODAY, memory=memory).find_series("riverbank/bump-spring")

    assert _noun(series) == kept
    assert (len(series.all_sessions), len(after.all_sessions)) == (6, 7)
