"""Which levels of need are ours, and who helps a family that needs more.

Staff and the family read the same numbers: `ring` of the level in content/site.yaml.
"""

from __future__ import annotations

from collections.abc import Sequence

from portal.directory.models import NeedLevel

HIGHEST_OF_OURS = 2  # above this level others help the family, and we close the request

# Why a request ends because others help the family, and not we.
NEEDS_OTHERS = ("level", "up")


def is_ours(level: int | None) -> bool:
    """Whether we help at this level; also while nobody has decided on one."""
    return level is None or level <= HIGHEST_OF_OURS


def ends_elsewhere(reason: str, level: int | None) -> bool:
    """Whether a family whose request ends for this reason needs more than we give."""
    return reason in NEEDS_OTHERS or (not is_ours(level) and reason in ("other", "unreached"))


def who_helps(levels: Sequence[NeedLevel], level: int | None) -> str:
    """Whom to ring about a family that needs more than we give, with the numbers; '' if unknown.

    A family that was at a level of ours, or at none, has those of the first level above.
    """
    number = HIGHEST_OF_OURS + 1 if level is None or is_ours(level) else level
    return levels[number - 1].ring if number <= len(levels) else ""
