"""A page is declared once, at an address that link checks and the sitemap know."""

import pytest

from portal.web.site.pages.registry import KINDS, page


def test_a_page_without_a_noun_needs_a_fixed_address():
    """An address that content and feeds do not know is refused when the module is imported."""
    with pytest.raises(ValueError, match="/nowhere/ is not a fixed page"):
        page("/nowhere/")


def test_no_news_no_list(directory):
    """The list of news is a page only where there is news."""
    kind = next(kind for kind in KINDS if kind.rule == "/news/")
    bare = directory.model_copy(update={"news": ()})

    assert list(kind.nouns(directory)) == [("/news/", None)]
    assert list(kind.nouns(bare)) == []


def test_functions_have_names_of_their_own():
    """Routes are named after the functions that make their pages."""
    names = [kind.make.__name__ for kind in KINDS]

    assert len(set(names)) == len(names)
