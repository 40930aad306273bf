"""Sorts lists by links that load the same page in another order.

The address holds the order and the other parameters, so that it can be bookmarked and shared. Rows
that are equal in the chosen order keep the default order, which is the first one offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request

T = TypeVar("T")

# Parameters that confirm an action belong only to the page that shows the confirmation.
_SAID_ONCE = ("sort", "done", "again", "saved", "told", "ring")


@dataclass(frozen=True, slots=True)
class Order(Generic[T]):
    """One way to sort: its name in the address, its words, and what is compared.

    Without `key` the rows stay as they come; `falling` puts the largest first.
    """

    name: str
    words: str
    key: Callable[[T], Any] | None = None
    falling: bool = False


@dataclass(frozen=True, slots=True)
class OrderLink:
    """A link to the same list in another order."""

    words: str
    path: str
    chosen: bool
    falling: bool


def in_order(rows: Iterable[T], *orders: Order[T]) -> tuple[list[T], list[OrderLink]]:
    """The rows in the order of the address, and links to the other orders; none for one row."""
    found = list(rows)
    asked = request.args.get("sort")
    chosen = next((one for one in orders if one.name == asked), orders[0])
    for one in (orders[0], chosen):
        if one.key is not None:
            found.sort(key=one.key, reverse=one.falling)
    links = [
        OrderLink(
            one.words, _path(one.name if one is not orders[0] else ""), one is chosen, one.falling
        )
        for one in orders
    ]
    return found, links if len(found) > 1 else []


def _path(name: str) -> str:
    kept = [pair for pair in request.args.items(multi=True) if pair[0] not in _SAID_ONCE]
    asked = urlencode([*kept, ("sort", name)] if name else kept)
    return f"{request.path}?{asked}" if asked else request.path
