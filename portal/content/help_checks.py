"""Checks of the help pages, content/help/: which need each is for, and whose form it opens.

A private need must not show in an address or a title, so it can have no page of its own: all of
them share one neutral page (S81).
"""

from __future__ import annotations

from portal.content.sources import Text, Tree
from portal.directory import HelpPage
from portal.directory.addresses import TALK
from portal.directory.values import near
from portal.directory.vocabularies import PRIVATE_NEEDS


def check_help_pages(tree: Tree) -> None:
    """Reports needs without privacy or with two pages, and forms that do not exist."""
    taken: dict[str, str] = {}
    for text in tree.help_pages:
        page, written = text.noun, text.written
        if page is None:
            continue
        _check_name(text, page)
        _check_ask(tree, text, page)
        if page.private:
            if page.need:
                words = "the private page is for several needs, and names none. Remove the line."
                written.wrong(("need",), f"'need': {words}")
        elif page.need is None:
            written.wrong((), "'need' is missing. Write the need that this page is for.")
        elif page.need in PRIVATE_NEEDS:
            words = f"'{page.need}' is private: families find it on {TALK}.md. Delete this file."
            written.wrong(("need",), f"'need': {words}")
        elif taken.setdefault(page.need, text.file) != text.file:
            words = f"{taken[page.need]} is for '{page.need}' already. Delete one of the two."
            written.wrong(("need",), f"'need': {words}")


def _check_name(text: Text[HelpPage], page: HelpPage) -> None:
    if page.private != (text.slug == TALK):
        words = (
            f"The private page is {TALK}.md, and no other. Change 'private', or the file's name."
        )
        text.written.wrong(("private",), f"'private': {words}")
    if text.slug in PRIVATE_NEEDS:
        words = (
            f"'{text.slug}' would show a private need in an address. Give the file another name."
        )
        text.written.wrong((), words)
    for number, alias in enumerate(page.aliases):
        if alias in PRIVATE_NEEDS:
            words = f"'{alias}' would show a private need in an address. Remove it."
            text.written.wrong(("aliases", number), f"'aliases': {words}")


def _check_ask(tree: Tree, text: Text[HelpPage], page: HelpPage) -> None:
    if page.ask is None:
        return
    programmes = {one.slug: one.noun for one in tree.programmes}
    if page.ask not in programmes:
        words = f"there is no programme '{page.ask}'.{near(page.ask, programmes)}"
        text.written.wrong(
            ("ask",), f"'ask': {words} Write the name of a file of programmes/, without '.md'."
        )
    elif programme := programmes[page.ask]:
        if programme.sensitive != page.private:
            words = (
                "this form is not discreet. Choose a programme with 'sensitive: yes'."
                if page.private
                else "this is a sensitive programme. Choose one that is not."
            )
            text.written.wrong(("ask",), f"'ask': {words}")
        # A sensitive programme that is booked or dropped in on is a mistake in its own file.
        elif programme.booking == "referral" or not (
            programme.sensitive or programme.booking == "request"
        ):
            words = f"families cannot ask for '{page.ask}'. Choose one with 'booking: request'."
            text.written.wrong(("ask",), f"'ask': {words}")
