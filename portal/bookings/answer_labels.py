"""The labels of a family's answers, wherever they are shown: pages, printed registers and files.

Answers are kept under short names: those of the programme's questions, and of the portal's own. A
question may have left the content since; then its answer still gets words, and never a bare name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portal.directory import Directory, Programme, asked
from portal.directory.fields import SAFE_TIME, TOPICS, WHERE

OWN: Mapping[str, str] = {
    SAFE_TIME: "When it is safe to ring",
    WHERE: "Where they would like to go",
    TOPICS: "What they would like help with",
}


def label_of(name: str, programme: Programme | None) -> str:
    """The question that this answer is to."""
    labels = {one.name: one.label for one in programme.questions} if programme else {}
    return OWN.get(name) or labels.get(name) or f"An earlier question ({name.replace('-', ' ')})"


def labels_of(names: Iterable[str], programme: Programme | None) -> dict[str, str]:
    """The label of each of these answers, by its name."""
    return {name: label_of(name, programme) for name in names}


def programme_of(identity: str, directory: Directory | None) -> Programme | None:
    """The programme of a booking or a request, if the content still has it."""
    if directory is None:
        return None
    series = directory.find_series(identity)
    return series.programme if series else directory.programme(asked.programme_of(identity))
