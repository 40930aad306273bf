"""Help pages keep private needs private, and lead to a form that exists."""

import pytest

from portal.content.checks import check
from portal.content.reader import read_tree
from portal.directory.vocabularies import PRIVATE_NEEDS

PROGRAMMES = {
    "ask-us": "booking: request",
    "drop-in": "booking: drop-in",
    "in-private": "booking: request\nsensitive: yes",
}


@pytest.fixture
def mistakes(tmp_path):
    """The mistakes in help pages with these fields, by the name of the file."""

    def found(**pages):
        for slug, fields in PROGRAMMES.items():
            path = tmp_path / f"programmes/{slug}.md"
            path.parent.mkdir(exist_ok=True)
            head = f"title: {slug}\nsummary: Help.\noffer: families\nkind: one-to-one\n{fields}"
            path.write_text(f"---\n{head}\n---\n\nText.\n")
        for slug, fields in pages.items():
            path = tmp_path / f"content/help/{slug.replace('_', '-')}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"---\ntitle: {slug}\nsummary: Help.\n{fields}\n---\n\nText.\n")
        tree = read_tree(tmp_path)
        check(tree)
        return [problem.words for text in tree.help_pages for problem in text.written.problems]

    return found


def test_right_pages_have_no_mistakes(mistakes):
    """A page for a need, and the private page for all private needs."""
    home = "need: homeless\nask: ask-us"

    assert mistakes(home=home, talk="private: yes\nask: in-private") == []


@pytest.mark.parametrize("need", sorted(PRIVATE_NEEDS))
def test_a_private_need_has_no_page_of_its_own(mistakes, need):
    """A private need is not a page, and not the name of one (S81)."""
    (of_its_own,) = mistakes(page=f"need: {need}")
    (named,) = mistakes(page="need: homeless", **{need.replace("-", "_"): "need: send"})

    assert "is private: families find it on talk.md" in of_its_own
    assert "would show a private need in an address" in named


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ({"secret": "private: yes"}, "The private page is talk.md, and no other"),
        ({"talk": "need: homeless"}, "The private page is talk.md, and no other"),
        ({"talk": "private: yes\nneed: homeless"}, "names none"),
        ({"home": "door: 1"}, "'need' is missing"),
        ({"home": "need: homeless", "house": "need: homeless"}, "Delete one of the two"),
        ({"home": "need: homeless\naliases: domestic-abuse"}, "private need in an address"),
        ({"home": "need: homeless\nask: ask-uss"}, "Did you mean 'ask-us'?"),
        ({"home": "need: homeless\nask: drop-in"}, "families cannot ask for 'drop-in'"),
        ({"home": "need: homeless\nask: in-private"}, "this is a sensitive programme"),
        ({"talk": "private: yes\nask: ask-us"}, "this form is not discreet"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(mistakes, pages, words):
    """Each mistake says what to do."""
    (said,) = mistakes(**pages)

    assert words in said
