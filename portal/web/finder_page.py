"""The finder's page, frozen and live: the form as filled in, and the list of results.

The frozen page is only the form; `static/find.js` answers it, using templates in the page. Without
scripts the form goes to the live application, which answers with the same list (`answer`). A
postcode is used for that one answer only: the page that comes back gives its sector.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from portal.dependencies import remembers
from portal.directory import Directory
from portal.finder import Answer, Finder, index
from portal.finder.places import put
from portal.finder.postcode_import import PostcodesError
from portal.finder.query import FLAGS, SEVERAL, Fields, Query
from portal.finder.search import Full
from portal.finder.tables import choices
from portal.finder.texts import MILES, WIDER, WORDS
from portal.web.layout import Frame, Head

log = logging.getLogger(__name__)

FIND = "/find/"
RESULTS = "/find/results"


@remembers(2)
def finder(directory: Directory) -> Finder:
    """The finder of a directory, created once."""
    tables = index.tables(directory)
    try:
        return Finder(*tables, directory.postcodes)
    except PostcodesError as error:
        # A build stops at this error; families still get answers, by sector.
        log.error("%s", error)
        return Finder(*tables)


@dataclass(frozen=True, slots=True)
class Asking:
    """The form: the choices, the values filled in, and the finder's answer if there is one."""

    choices: Mapping[str, Sequence[tuple[str, str]]]
    paths: index.Paths
    near: str = ""
    age: str = ""
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    answer: Answer | None = None

    def on(self, name: str) -> frozenset[str]:
        """The values chosen for a question."""
        return self.values.get(name, frozenset())

    @property
    def errors(self) -> Mapping[str, str]:
        """Messages by field; empty if there are no mistakes."""
        found: defaultdict[str, str] = defaultdict(str)
        for one in self.answer.mistakes if self.answer else ():
            found[one.field] = f"{found[one.field]} {one.words}".strip()
        return found

    @property
    def found(self) -> Answer:
        """The answer, which is empty before a search and if there are mistakes."""
        if self.answer is None or self.answer.mistakes:
            return Answer(Query())
        return self.answer

    @property
    def answered(self) -> bool:
        """Whether there is a list, so that the form folds away."""
        return bool(self.found.heading)

    @property
    def open(self) -> bool:
        """Whether there is a mistake in one of the questions that are folded away."""
        return bool(_ASKED & self.errors.keys())

    def instead(self, near: str) -> str:
        """The query again, with a place that may have been meant."""
        return replace(self.answer.asked, near=near).address if self.answer else ""


def blank(directory: Directory) -> Asking:
    """The form before a search."""
    return Asking(_choices(directory), index.paths(directory))


def answer(
    frame: Frame, fields: Fields, now: datetime, full: Full = frozenset()
) -> tuple[str, int]:
    """The page that answers a query without scripts, and its status.

    `full` are the series and dates without a place, for the filter "has places". Words of a private
    matter have no page here: the answer is the path that they lead to, with the status 303 (S82).
    """
    directory = frame.directory
    found = finder(directory).ask(fields, now, full)
    if found.private:
        return found.private, 303
    topic, near = ((fields.get(name) or ("",))[0] for name in ("topic", "near"))
    typed = " ".join(filter(None, (topic, near)))
    whole_postcode = not found.mistakes and re.search("[0-9]", found.asked.near)
    asking = Asking(
        choices=_choices(directory),
        paths=index.paths(directory),
        near=found.asked.box if whole_postcode else typed,
        age=", ".join(fields.get("age", ())),
        values={name: frozenset(values) for name, values in fields.items() if name in _ASKED},
        answer=found,
    )
    head = Head(
        title=found.heading or "Find a session",
        path=RESULTS,
        section=FIND,
        live=True,
        error=bool(found.mistakes),
    )
    page = frame.render("live/results.html", head, asking=asking, WORDS=WORDS)
    return page, 422 if found.mistakes else 200


_ASKED = frozenset((*FLAGS, *SEVERAL, "on", "term", "miles", "order"))


@remembers(2)
def _choices(directory: Directory) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The values of each question, with their words."""
    table = index.what_is_on(directory)
    made = {name: [*values.items()] for name, values in choices(table).items()}
    return {
        **made,
        "miles": [("", put("usual", usual=WIDER[0])), *((one, _how_far(one)) for one in MILES)],
        "on": [("", "Any date"), *made["on"]],
        "term": [("", "Any time of year"), *made["term"]],
        "order": [("", "Nearest first"), ("soonest", "Soonest first")],
        "offer": [("", "Anything"), *made["offer"]],
        "programme": [("", "Any"), *made["programme"]],
    }


def _how_far(miles: str) -> str:
    if miles == "any":
        return "Any distance"
    return put("f-mile" if miles == "1" else "f-miles", n=miles)
