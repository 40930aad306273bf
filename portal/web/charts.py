"""The geometry of charts: where bars, points and labels of a drawing go.

`_charts.html` draws them as inline SVG. Lengths across are per cent of the width, lengths down are
`em`, and there is no viewBox: so a drawing is as wide as its place, and its text keeps its size on
a phone. A figure is a number, None if there is none, or anything with `number` and `partial`, such
as `portal.directory.measures.Figure`. Of a partial figure only the number that is safe is known; it
may be much more. So it is never compared: its bar is open to the end, no line leads to its point,
and no description says that it is the longest or the shortest.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from portal.directory import quarters
from portal.directory.measures import OR_MORE

BAR_ROOM = 60.0  # per cent of the width; the rest is for the number beside the bar
MORE = 7.0  # per cent: the dashed part of a partial figure has at least this length
LABEL = 30  # letters of a label in one line, so that it fits 320 px
LINE, BAR = 1.4, 1.1  # em: a line of text, a bar
LISTED = 6  # bars whose numbers the description names one by one
PLOT = 8.0  # em: the height of a line's plot

OR_MORE_MEANS = OR_MORE  # for the keys of drawings
NONE, HIDDEN = "no figures", "hidden"


def number_of(figure: Any) -> float | None:
    """The number that is known of a figure; None if none is."""
    if figure is None:
        return None
    return float(getattr(figure, "number", figure))


def is_partial(figure: Any) -> bool:
    return bool(getattr(figure, "partial", False))


def words_of(figure: Any) -> str:
    """'310', '1,230.5', '30 or more', 'hidden' or 'no figures'."""
    number = number_of(figure)
    if number is None:
        return NONE
    words = f"{number:,.2f}".rstrip("0").rstrip(".")
    if not is_partial(figure):
        return words
    return f"{words} or more" if number else HIDDEN


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its upper edge, its length, and the length of its dashed part, which is open."""

    y: float
    width: float
    more: float
    series: int  # from 1: the style of its quarter
    words: str

    @property
    def end(self) -> float:
        return round(self.width + self.more, 2)

    @property
    def text_y(self) -> float:
        """The base line of the number beside it."""
        return round(self.y + BAR * 0.78, 2)


@dataclass(frozen=True, slots=True)
class Group:
    """What is drawn for one label: its lines of text, and its bars."""

    lines: tuple[tuple[float, str], ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    groups: tuple[Group, ...]
    height: float
    description: str
    partial: bool  # whether the key has to explain dashed bars


def bars(rows: Sequence[tuple[str, Sequence[Any]]], names: Sequence[str] = ()) -> Bars:
    """Horizontal bars from one nought, a group for each label, one bar for each of its figures."""
    figures = [figure for _, row in rows for figure in row]
    largest = max((number_of(one) or 0 for one in figures), default=0)
    room = BAR_ROOM - (MORE if any(map(is_partial, figures)) else 0)
    y, groups = 0.0, []
    for label, row in rows:
        lines = []
        for text in textwrap.wrap(label, LABEL) or [""]:
            lines.append((round(y + 1.0, 2), text))
            y += LINE
        drawn = []
        for series, figure in enumerate(row, 1):
            width = round(room * (number_of(figure) or 0) / largest, 2) if largest else 0.0
            more = round(BAR_ROOM - width, 2) if is_partial(figure) else 0.0
            drawn.append(Bar(round(y, 2), width, more, series, words_of(figure)))
            y += BAR + 0.15
        groups.append(Group(tuple(lines), tuple(drawn)))
        y += 0.5
    return Bars(
        tuple(groups), round(y, 2), _bars_in_words(rows, names), any(map(is_partial, figures))
    )


def _bars_in_words(rows: Sequence[tuple[str, Sequence[Any]]], names: Sequence[str]) -> str:
    """The description: each number of a short chart, the largest and smallest of a long one.

    Where one is partial, nobody knows which is the largest or the smallest.
    """
    named = [
        (f"{label}, {names[at]}" if len(names) > 1 else label, figure)
        for label, row in rows
        for at, figure in enumerate(row)
    ]
    if named and len(named) <= LISTED:
        return "; ".join(f"{label}: {words_of(figure)}" for label, figure in named) + "."
    known = [(number_of(figure), label, figure) for label, figure in named if figure is not None]
    if not known:
        return "There are no figures."
    if (several := sum(is_partial(figure) for _, _, figure in known)) > 0:
        them = "is" if several == 1 else "are"
        return (
            f"{len(named)} bars. {several} of the numbers {them} left out in part or hidden, to "
            "protect small ones, so the bars cannot all be compared. The table says which."
        )
    high = max(known, key=lambda one: one[0] or 0)
    low = min(known, key=lambda one: one[0] or 0)
    return (
        f"{len(named)} bars. The longest is {high[1]}: {words_of(high[2])}."
        f" The shortest is {low[1]}: {words_of(low[2])}. The table has every number."
    )


@dataclass(frozen=True, slots=True)
class Point:
    """A point over one quarter, its number, and the words below; '' where there is no room."""

    x: float
    y: float
    partial: bool
    words: str
    text_y: float
    anchor: str
    below: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Segment:
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Line:
    points: tuple[Point, ...]
    ticks: tuple[tuple[float, str, tuple[str, str]], ...]
    segments: tuple[Segment, ...]
    height: float
    base: float
    description: str
    partial: bool


def line(rows: Sequence[tuple[str, Any]]) -> Line:
    """A line over quarters, from nought. A quarter without a number leaves a gap.

    So does one with a partial number: it has a point for what is known, and no line leads to it.
    """
    largest = max((number_of(figure) or 0 for _, figure in rows), default=0)
    last = max(len(rows) - 1, 1)
    points: list[Point | None] = []
    ticks = []
    for at, (quarter, figure) in enumerate(rows):
        number = number_of(figure)
        labelled = at in (0, last / 2, last)  # more words would not fit a phone
        anchor = "start" if at == 0 else "end" if at == len(rows) - 1 else "middle"
        x = round(2 + 96 * at / last, 2)
        if labelled:
            ticks.append((x, anchor, _short(quarter)))
        if number is None or (is_partial(figure) and not number):
            points.append(None)
            continue
        y = round(LINE + PLOT * (1 - (number / largest if largest else 0)), 2)
        words = f"{words_of(number)}{'+' if is_partial(figure) else ''}" if labelled else ""
        points.append(
            Point(x, y, is_partial(figure), words, round(y - 0.6, 2), anchor, _short(quarter))
        )
    segments = tuple(
        Segment(one.x, one.y, other.x, other.y)
        for one, other in pairwise(points)
        if one and other and not one.partial and not other.partial
    )
    base = round(LINE + PLOT, 2)
    return Line(
        tuple(one for one in points if one),
        tuple(ticks),
        segments,
        round(base + 2 * LINE + 0.3, 2),
        base,
        _line_in_words(rows),
        any(one.partial for one in points if one),
    )


def quarter_words(quarter: str) -> str:
    """'July to September 2026'."""
    return quarters.words(quarter)


def _short(quarter: str) -> tuple[str, str]:
    """('Jul–Sep', '2026'), short enough for a fifth of a phone."""
    first, _, rest = quarters.words(quarter).partition(" to ")
    month, _, year = rest.partition(" ")
    return f"{first[:3]}–{month[:3]}", year


def _line_in_words(rows: Sequence[tuple[str, Any]]) -> str:
    listed = (f"{quarter_words(quarter)}: {words_of(figure)}" for quarter, figure in rows)
    return "; ".join(listed) + "."
