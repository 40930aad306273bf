"""Ways in by need: what each page says, and what none may show."""

import re

from portal.directory.vocabularies import NEEDS, PRIVATE_NEEDS
from tests.support.page_reader import words_of

PRIVATE_WORDS = re.compile(
    "|".join(
        form for need in PRIVATE_NEEDS for form in (need, need.replace("-", " "), NEEDS[need])
    ),
    re.IGNORECASE,
)
MACHINES = (".xml", ".json", ".atom", ".ics", ".txt")


def test_a_need_is_said_in_a_familys_words(read):
    """The page has the programmes that carry the need, and no sensitive one (S3)."""
    text = words_of(read, "/help/new-parents/")

    assert "You are a new parent" in text
    assert "Bump, Birth and Beyond" in text
    assert "Group for women" not in text


def test_the_private_page_is_kept_out_of_search(pages):
    """Search engines are told to leave it out, and it has the exit (S81)."""
    page = pages["/help/talk/"]

    assert '<meta name="robots" content="noindex">' in page
    assert 'rel="canonical"' not in page
    assert "data-exit" in page


def test_no_public_file_names_a_private_need(answers):
    """No address, title, list by need, sitemap, search index or feed has its words (S81)."""
    found = [path for path in answers if PRIVATE_WORDS.search(path)]
    for path, answer in answers.items():
        text = answer.text if path.endswith((*MACHINES, "/", ".html")) else ""
        if path.endswith(("/", ".html")) and not path.startswith("/help/"):
            text = " ".join(re.findall("<title>.*?</title>|<h1.*?</h1>", text))
        found += [f"{path}: {words[0]}" for words in PRIVATE_WORDS.finditer(text)]

    assert found == []
