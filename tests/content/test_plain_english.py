"""Long sentences and hard words: what is warned of, where, and what is left out."""

import shutil

import pytest

from portal import content
from portal.content.plain_english import SENTENCES, hard_to_read
from portal.content.sources import TRANSLATED
from tests.content.test_loader import edit, load

PLAY = "centres/preston/riverbank/play-monday.md"
LONG = " ".join(["We", *["sing"] * 24, "today."])  # 26 words
LONGEST = " ".join(["We", *["sing"] * 23, "today."])  # 25 words

# A text, and what is said of it: line, words, and a part of the remedy.
TEXTS = {
    "long": (f"Hello.\n\n{LONG}", [(3, "We sing sing sing sing sing", "has 26 words")]),
    "second line": (f"One.\nTwo. {LONG}", [(2, "We sing sing sing sing sing", "Make two")]),
    "longest": (LONGEST, []),
    "two sentences": (f"{LONGEST} {LONGEST}", []),
    "question": (f"{LONGEST[:-1]}? {LONGEST}", []),
    "hard": ("- We sing.\n- We commence at 10.", [(2, "commence", "write 'start'")]),
    "form": ("We are facilitating it.", [(1, "facilitating", "write 'run'")]),
    "phrase": ("Ring us in\norder to come.", [(1, "in order to", "write 'to'")]),
    "begins": ("We sing. Prior to that, ring us.", [(1, "Prior to", "write 'before'")]),
    "short form": ("Bring food, e.g. fruit.", [(1, "e.g.", "write 'such as'")]),
    "link text": ("[We commence](/help/)", [(1, "commence", "")]),
    "table": ("| Day | We commence |\n|---|---|\n| Monday | 10am |", [(1, "commence", "")]),
    "plain": ("We start at 10. Ring us before you come.", []),
    "part of a word": ("Recommence is not it. Nor is an upon-down.", []),
    "name": ("Ask the Facilitate Hub. We are at Once Upon Street.", []),
    "title": ("Our course Ready to commence is free.", []),
    "target of a link": ("See [this](/prior-to/commence/) and <https://x.example/via/upon>.", []),
    "code": ("Write `commence` here.\n\n    commence\n", []),
    "list": ("\n".join(f"- Bring thing {number}" for number in range(20)), []),
    "cells": (f"|{'|'.join([' one two three '] * 12)}|\n|{'|'.join(['---'] * 12)}|", []),
    "numbers": (f"{' '.join(['Ring'] * 20)} 0300 123 6720 or 01772 53 25 32 or 0800 51 11 11.", []),
    "long link": (f"Read [this](/a/{'b/' * 40}) and **that** too.", []),
    "abbreviation": ("Ask for Dr. Jones at St. Mary's, at 10.30 a.m. on 4 May.", []),
    "placeholder": ("Your place: {series}, {dates}, {time}, {venue}. {LINK}", []),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_only_what_is_hard_to_read_is_a_warning(name):
    """A sentence over 25 words and a hard word have a line and a remedy; names are left out."""
    text, expected = TEXTS[name]
    found = hard_to_read(text, frozenset({"Ready to commence"}))

    assert [(one.line, one.words) for one in found] == [
        (line, words) for line, words, _ in expected
    ]
    assert all(part in one.remedy for one, (_, _, part) in zip(found, expected, strict=True))


def test_every_field_with_words_is_looked_at():
    """Each field that families read is looked at, or is a name, or the description of a photo."""
    names = {"title", "room", "leader", "delivered_with", "photo_alt"}

    assert {name for fields in TRANSLATED.values() for name in fields} - names <= SENTENCES


@pytest.fixture
def root(tmp_path, sample_root):
    return shutil.copytree(sample_root, tmp_path / "root")


def test_check_warns_of_fields_texts_and_messages_until_they_are_meant(root):
    """A warning has file, line and remedy, and `# meant: <the words>` ends it, in messages too."""
    message = "content/messages/confirmation.md"
    edit(root, PLAY, ("room: Hall", "room: Hall\nbring: Warm clothes, and lunch upon Mondays"))
    for path in (PLAY, message):
        with (root / path).open("a", encoding="utf-8") as file:
            file.write("\nWe commence soon.\n")
    lines = (root / PLAY).read_text().split("\n")
    found = [*content.doubts(load(root)), *content.hard_messages(root)]

    assert [(one.path, one.line, one.words.partition(":")[0]) for one in found] == [
        (PLAY, 1 + next(n for n, line in enumerate(lines) if "bring" in line), "'upon'"),
        (PLAY, len(lines) - 1, "'commence'"),
        (message, len((root / message).read_text().split("\n")) - 1, "'commence'"),
    ]
    assert found[1].words.endswith("add a line '# meant: commence' to the fields.")
    assert {one.severity for one in found} == {"warning"}

    edit(root, PLAY, ("room: Hall", "# meant: commence\n# meant: upon\nroom: Hall"))
    edit(root, message, ("---\nsubject", "---\n# meant: commence\nsubject"))
    assert [*content.doubts(load(root)), *content.hard_messages(root)] == []
