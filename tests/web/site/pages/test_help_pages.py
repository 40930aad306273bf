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


def test_a_need_is_said_in_a_familys_words(read, pages):
    """The page has the programmes that carry the need, and no sensitive one (S3)."""
    text = words_of(read, "/help/new-parents/")

    assert "You are a new parent" in text
    assert "Bump, Birth and Beyond" in text
    assert "/programmes/group-for-women/" not in pages["/help/new-parents/"]


def test_a_need_leads_to_its_form_and_to_sessions(pages, read):
    """Its page has the form with the need ticked, the finder with the need chosen, and dates."""
    page = pages["/help/new-parents/"]

    assert 'href="/request/baby-massage?who=family&amp;need=young-or-new-parents"' in page
    assert '<input type="hidden" name="need" value="young-or-new-parents">' in page
    assert "Next dates" in page
    assert "The next one in each district" in words_of(read, "/help/new-parents/")


def test_the_list_leads_to_each_form(pages):
    """Each need of the list has its form beside it, with a name of its own."""
    page = pages["/help/"]

    assert 'Ask us<span class="hidden">: You are a new parent</span></a>' in page
    assert 'href="/help/missing-school/"' in page
    assert 'href="/help/talk/"' in page


def test_home_has_its_doors(pages):
    """The doors of the home page are those of the content, in their order."""
    doors = re.findall('<li><a href="(/help/[^"]+)">([^<]+)', pages["/"])

    assert doors == [
        ("/help/new-parents/", "You are a new parent"),
        ("/help/talk/", "Talk to us in private"),
    ]


def test_the_private_page_tells_of_no_need(pages):
    """It has no need in any link, and no list of dates; its sensitive programmes are neutral."""
    page = pages["/help/talk/"]

    assert 'href="/request/group-for-women?who=family"' in page
    assert "need=" not in page
    assert "Next dates" not in page
    assert 'href="/programmes/group-for-women/"' in page


def test_a_programme_says_who_comes_first_and_at_which_level(read, pages):
    """Its needs are said in a family's words, with their pages, and its level by its name."""
    text = words_of(read, "/programmes/bump-birth-and-beyond/")

    assert "Who comes first You come first here if: You are a new parent" in text
    assert "Level of support Universal. Help that is open to every family" in text
    assert '<a href="/help/new-parents/">' in pages["/programmes/bump-birth-and-beyond/"]
    assert "Who comes first" not in words_of(read, "/programmes/group-for-women/")


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
