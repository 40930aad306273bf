"""The form in which a member of a Resource Panel proposes a decision: one for each kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, get_args
from urllib.parse import urlsplit

from portal.directory import Directory, Panel
from portal.panel.budget import Balance
from portal.panel.decisions import Kind, Proposal
from portal.web.live.forms.answers import Answer, Lines, Pounds
from portal.web.live.forms.family import Group
from portal.web.live.forms.gap import naming
from portal.web.staff.forms import StaffForm
from portal.web.staff.panel_themes import seen as version

__all__ = ["KINDS", "ProposeForm", "page_titles", "version"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of decision: its name, the link to its form, its fields and the label of the words."""

    words: str
    link: str
    fields: Sequence[str]
    label: str


_ANSWER = "What do you write to the practitioner?"
KINDS: Mapping[str, _Kind] = {
    "met": _Kind("Met by something we have", "Something we have meets it", ("link",), _ANSWER),
    "spend": _Kind(
        "Spend from the budget",
        "Spend from the budget",
        ("pounds", "what_for", "provider", "how"),
        _ANSWER,
    ),
    "more": _Kind("Ask for more", "Ask for more", (), "What do you ask?"),
    "escalate": _Kind("Escalate", "Pass it on (escalate)", (), _ANSWER),
    "no": _Kind("Cannot be met", "We cannot help", (), "Why can you not help?"),
}


class ProposeForm(StaffForm):
    """The fields of one kind of decision."""

    today = date.min
    left: int | None = None
    titles: Mapping[str, str] = MappingProxyType({})
    names: Sequence[str] = ()

    link = Answer(
        "Which page shows it?",
        what="the page",
        missing="Enter the name or the address of the page",
        longest=300,
        hint="The name of a programme, group or centre, or the address of its page on our site.",
    )
    pounds = Pounds("How many pounds?", what="the sum", missing="Enter the sum in pounds")
    what_for = Answer(
        "What is it for?",
        what="what it is for",
        missing="Enter what it is for",
        longest=200,
        hint="In a few words, as the practitioner reads it: a car seat.",
    )
    provider = Answer(
        "Who provides it?",
        what="the provider",
        missing="Enter who provides it",
        longest=120,
        hint="A shop, a service or an organisation.",
    )
    how = Answer(
        "How does the family get it?",
        what="how the family gets it",
        missing="Enter who orders it, and how the family gets it",
        longest=300,
        hint="Who orders it, by when, and where it goes. As the practitioner reads it.",
    )
    words = Lines(
        _ANSWER,
        what="the words",
        missing="Write what the practitioner reads",
        longest=1000,
        hint="They get it by email. Name nobody: no family, and no member of the panel.",
    )

    def offer(
        self,
        kind: str,
        panel: Panel | None,
        balance: Balance | None,
        directory: Directory,
        today: date,
    ) -> None:
        """Ask what this kind of decision needs, within the limit of the panel."""
        self.names = (*KINDS[kind].fields, "words")
        self.words.plain_words = KINDS[kind].label
        self.titles, self.today = page_titles(directory), today
        if panel and balance:
            self.pounds.most, self.left = panel.limit, balance.left
            self.pounds.over = (
                f"The panel may spend £{panel.limit:,} at most on one form. To ask for more, pass "
                "it on"
            )
            self.pounds.hint = (
                f"Up to £{panel.limit:,}. £{balance.left:,} is left for {balance.words}."
            )

    def groups(self) -> Sequence[Group]:
        return [Group("", [self.answer(name) for name in self.names])]

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        for name in self.names:
            if name in ("words", "what_for", "how"):
                one = self.answer(name)
                one.blame(naming(one.text, self.today))
        if "link" in self.names and not self.link.errors:
            self.link.blame(self._wrong_page())
        if "pounds" in self.names and self.left is not None and not self.pounds.errors:
            too_much = (self.pounds.data or 0) > self.left
            self.pounds.blame(f"Only £{self.left:,} is left" if too_much else "")
        return self.well

    def _wrong_page(self) -> str:
        found = list(_paths(self.link.text, self.titles))
        if len(found) == 1:
            return ""
        if not found:
            return (
                "We have no programme, group or centre with this name or address. "
                f"{_likely(self.link.text, self.titles) or 'Correct it'}"
            )
        return (
            f"There are {len(found)} with this name. Enter the address of one, such as {found[0]}"
        )

    def proposal(self, kind: str) -> Proposal:
        """What is proposed, once the form is valid."""
        known: Kind = next(one for one in get_args(Kind) if one == kind)
        spends = kind == "spend"
        return Proposal(
            known,
            self.words.data,
            link=next(_paths(self.link.text, self.titles), "") if kind == "met" else "",
            pounds=self.pounds.data if spends else None,
            what_for=self.what_for.data if spends else "",
            provider=self.provider.data if spends else "",
            how=self.how.data if spends else "",
        )


def _likely(text: str, titles: Mapping[str, str]) -> str:
    """'Did you mean …?' with the names that are nearest, or that hold the same words; else ''."""
    known = {title.casefold(): title for title in titles.values()}
    words = text.casefold().split()
    found = [title for small, title in known.items() if all(one in small for one in words)]
    found += [known[one] for one in get_close_matches(" ".join(words), list(known), n=3)]
    shown = list(dict.fromkeys(sorted(found[:3], key=len)))
    return f"Did you mean {' or '.join(f'“{one}”' for one in shown)}?" if words and shown else ""


class TakeOutForm(StaffForm):
    """The words of a form that name somebody, and have to go."""

    asked = ("words",)

    words = Answer(
        "Which words name somebody?",
        what="the words",
        missing="Copy the words that have to go",
        longest=200,
        hint="Copy them as they are in the form. In each place we write “[taken out]” instead.",
    )


def page_titles(directory: Directory) -> Mapping[str, str]:
    """The titles of the public pages that can meet a need, by their addresses."""
    found = {one.path: one.title for one in directory.programmes}
    found |= {one.path: f"{one.name}, {one.centre.title}" for one in directory.series}
    return found | {one.path: one.title for one in directory.centres}


def _paths(text: str, titles: Mapping[str, str]) -> Iterator[str]:
    """The pages with this address, or else with this name; a group also by its name alone."""
    path = urlsplit(text.strip()).path
    path = f"{path.rstrip('/')}/" if path.startswith("/") else ""
    if path in titles:
        yield path
        return
    wanted = " ".join(text.split()).casefold()
    exact = [path for path, title in titles.items() if title.casefold() == wanted]
    yield from exact or (
        path for path, title in titles.items() if title.partition(",")[0].casefold() == wanted
    )
