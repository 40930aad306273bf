"""The registry of pages: all addresses, and the function that makes each page.

A page is declared once, above the function that makes it, with its URL rule and the nouns that have
such a page. Routes and the list of addresses both come from these declarations, so every page that
can be served is frozen, and every address that is listed has a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from portal.directory import Directory
from portal.directory.addresses import fixed_pages

_Make = Callable[..., str]


class Kind(NamedTuple):
    """A kind of page: its URL rule, the noun at each address, and its function.

    `make` takes the context, and the noun unless that is None.
    """

    rule: str
    nouns: Callable[[Directory], Iterable[tuple[str, Any]]]
    make: _Make


KINDS: list[Kind] = []


def page(
    rule: str, nouns: Callable[[Directory], Iterable[Any]] | None = None, path: str = "path"
) -> Callable[[_Make], _Make]:
    """Declare the pages of a rule: one for each noun at its `path`, or a single page without nouns.

    The address of a single page must be in `portal.directory.addresses`, which link checks and the
    sitemap use too.
    """
    if nouns is None and rule not in fixed_pages():
        raise ValueError(f"{rule} is not a fixed page: add it to portal/directory/addresses.py.")

    def addressed(directory: Directory) -> Iterable[tuple[str, Any]]:
        if nouns is None:
            return [(rule, None)] if rule in directory.fixed_pages else []
        return [(getattr(noun, path), noun) for noun in nouns(directory)]

    def declare(make: _Make) -> _Make:
        KINDS.append(Kind(rule, addressed, make))
        return make

    return declare
