"""What families read is easy to read: pages, forms, error messages and letters."""

import ast
import html
import re
from statistics import median

import pytest

from portal import content
from portal.content.plain_english import LONGEST_SENTENCE, hard_to_read, words_in
from tests.support.paths import ROOT
from tests.support.reading_age import counts, read_on, syllables

HARDEST, MEDIAN, LONG = 8, 5, 0.05


@pytest.fixture(scope="module")
def read(shipped):
    """The sentences of each page by its address."""
    found = {path: read_on(page) for path, page in shipped.pages.items()}
    return {path: sentences for path, sentences in found.items() if sentences}


def test_pages_are_easy_to_read(read):
    """The school grade is at most 5 on half of the pages, and over 8 on none."""
    grades = {path: counts(sentences).grade for path, sentences in read.items()}

    assert len(grades) > 600
    assert {path: grade for path, grade in grades.items() if grade > HARDEST} == {}
    assert median(grades.values()) <= MEDIAN


def test_sentences_are_short(read):
    """At most 5 % of the sentences of all pages have over 25 words, each counted once."""
    every = {sentence for sentences in read.values() for sentence in sentences}
    long = {sentence for sentence in every if len(words_in(sentence)) > LONGEST_SENTENCE}

    assert len(every) > 2_000
    assert len(long) <= LONG * len(every), long


def test_messages_are_easy_to_read():
    """No message has a long sentence or a hard word."""
    assert content.hard_messages(ROOT) == []


# --- words that are not in the content -----------------------------------------------------------

_TAGS = re.compile(r"\{%.*?%\}|\{#.*?#\}|</?(?!(?:a|strong|em|bdi|span)\b)[a-z][^>]*>", re.DOTALL)
_INLINE = re.compile(r"<[^>]*>")


def test_templates_are_easy_to_read():
    """No template of public or live pages has a long sentence or a hard word of its own."""
    folder = ROOT / "portal/templates"
    files = [*folder.glob("site/*.html"), *folder.glob("live/*.html"), *folder.glob("*.html")]
    found = {}
    for file in files:
        text = re.sub(r"\{\{.*?\}\}", "Name", file.read_text("utf-8"), flags=re.DOTALL)
        for part in _TAGS.split(text):
            words = html.unescape(" ".join(_INLINE.sub("", part).split()))
            for one in hard_to_read(words):
                found[f"{file.name}: {one.words}"] = one.remedy

    assert len(files) > 40
    assert found == {}


FOR_FAMILIES = (
    "directory/phrases.py", "directory/state.py", "finder/search.py", "web/*.py",
    "web/live/**/*.py", "web/site/**/*.py",
)  # fmt: skip


@pytest.mark.parametrize("files", FOR_FAMILIES)
def test_words_in_code_are_easy_to_read(files):
    """No sentence that code puts on a page or into a form is long or has a hard word."""
    found = {}
    paths = sorted((ROOT / "portal").glob(files))
    assert paths
    for file in paths:
        tree = ast.parse(file.read_text("utf-8"))
        for text, line in _strings(tree):
            for one in hard_to_read(text):
                found[f"{file.name}:{line}: {one.words}"] = one.remedy

    assert found == {}


def _strings(tree):
    """The strings of a module that may be sentences. Docstrings and descriptions are for us."""
    nodes = list(ast.walk(tree))
    left_out = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.keyword) and node.arg == "description":
            left_out.update(map(id, ast.walk(node.value)))
        elif isinstance(node, ast.JoinedStr):
            left_out.update(map(id, node.values))
            parts = (getattr(part, "value", "") for part in node.values)
            yield "".join(one if isinstance(one, str) else "Name" for one in parts), node.lineno
    for node in nodes:
        words = getattr(node, "value", None)
        if isinstance(node, ast.Constant) and isinstance(words, str) and id(node) not in left_out:
            yield words, node.lineno


def test_syllables():
    """The grade counts syllables as they are said."""
    words = {
        "we": 1, "come": 1, "places": 2, "changed": 1, "needed": 2, "table": 2, "being": 2,
        "families": 3, "Lancashire": 3, "early": 2, "session": 2, "area": 3, "10": 1,
    }  # fmt: skip

    assert {word: syllables(word) for word in words} == words


def test_no_line_of_a_staff_list_begins_with_a_colon():
    """Links in lists are boxes, so what follows one may begin a line: it is not punctuation."""
    lists = re.compile(r'<[uo]l class="[^"]*\b(?:links|rows)\b[^"]*">.*?</[uo]l>', re.DOTALL)
    files = sorted((ROOT / "portal/templates/staff").rglob("*.html"))
    found = {file.name: lists.findall(file.read_text("utf-8")) for file in files}

    assert sum(map(len, found.values())) > 20
    assert [
        (name, line.strip())
        for name, parts in found.items()
        for line in "\n".join(parts).split("\n")
        if re.search(r"</a>[:,;.]", line)
    ] == []
