"""Whether the service still uses a building, as the last source says, and the words for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

from portal.directory.field_forms import text
from portal.directory.values import form_text, near, wrong

_MAY_BE_GONE = "The service may no longer use it."

# What a source says: the answer that goes with it, and the sentence for families.
SOURCES: Mapping[str, tuple[str, str]] = {
    "opened": ("yes", "This building opened in {year}."),
    "used": ("yes", "The service used this building in {year}."),
    "kept": ("yes", "In {year} the county council kept this building for the service."),
    "chosen": ("yes", "In {year} the county council chose this building for the service."),
    "to be kept": ("yes", "In {year} the plan was to keep this building for the service."),
    "stopped": ("no", "The service had stopped using this building by {year}."),
    "not listed": ("no", "This building is not on a {year} list of those that the service uses."),
    "to be closed": ("no", f"In {{year}} there was a plan to close this building. {_MAY_BE_GONE}"),
    "to be given up": (
        "no", f"In {{year}} the county council planned to give up this building. {_MAY_BE_GONE}",
    ),
}  # fmt: skip

_ALONE = {
    "yes": "",
    "no": "The service no longer uses this building.",
    "unknown": "We do not know whether the service still uses this building.",
}
_PLANS = ("to be closed", "to be given up")
_CHECK = "Check with the service before you travel."
_FRESH = 5  # years for which a source is taken as it is


@dataclass(frozen=True, slots=True)
class BuildingUse:
    """'yes', 'no' or 'unknown', and what the last source says with its year:
    'yes, kept 2019', 'no, to be closed 2016'."""

    answer: str
    source: str = ""
    year: int | None = None

    @classmethod
    def read(cls, value: object) -> BuildingUse:
        if isinstance(value, BuildingUse):
            return value
        written = form_text(value)
        parts = re.fullmatch(r"(\w+)(?:, *([a-z ]+?) +(\d{4}))?", written.lower())
        answer, source, year = parts.groups("") if parts else ("", "", "")
        if answer not in _ALONE:
            raise wrong(
                f"'{written}' does not say whether the service uses the building.",
                "Write 'yes', 'no' or 'unknown', or add what the last source says, with its year: "
                "'yes, kept 2019'.",
            )
        if not source:
            return cls(answer)
        if source not in SOURCES:
            known = ", ".join(SOURCES)
            raise wrong(f"'{source}' is not known here.{near(source, SOURCES)}", f"Known: {known}.")
        right = SOURCES[source][0]
        if answer != "unknown" and answer != right:
            raise wrong(f"'{source}' does not go with '{answer}'.", f"Write '{right}, {source}'.")
        return cls(answer, source, int(year))

    @property
    def given_up(self) -> bool:
        """Whether the service uses the building no more, or planned to leave it."""
        return self.answer == "no"

    @property
    def mark(self) -> str:
        """The mark of the building in lists: '' if it is in use."""
        if not self.given_up:
            return ""
        return "May not be used now" if self.plan else "No longer used"

    @property
    def plan(self) -> bool:
        """Whether the source says no more than that the building was to be left."""
        return self.source in _PLANS

    def words(self, today: date) -> str:
        """What the last source says, in sentences for families; '' if there is nothing to say."""
        said = SOURCES[self.source][1].format(year=self.year) if self.source else ""
        if self.answer == "unknown" or not self.source:
            said = f"{said} {_ALONE[self.answer]}".strip()
        old = self.year is not None and today.year - self.year > _FRESH
        doubtful = self.answer == "unknown" or (self.answer == "yes" and old)
        return f"{said} {_CHECK}".strip() if doubtful else said


_KNOWN = "|".join(SOURCES)
InUse = Annotated[
    BuildingUse,
    BeforeValidator(BuildingUse.read),
    text(
        f"yes, no or unknown; then, after a comma, one of these and the year of the source: "
        f"{', '.join(SOURCES)}",
        "yes, kept 2019",
        rf"(yes|no|unknown)(, *({_KNOWN}) [0-9]{{4}})?",
    ),
]
