"""Coverage as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from portal.coverage.cells import LEVEL_WORDS, PARTS, PLAN, Amount, Cell, Coverage
from portal.directory import AGE_BANDS, District, Footprint
from portal.directory.values import day_words


def lines(coverage: Coverage, area: District | Footprint | None = None) -> Iterator[str]:
    """All of it for the county, a footprint or a district."""
    title = area.title if area else coverage.directory.site.area
    first, last = day_words(coverage.first), day_words(coverage.last)
    yield f"What is on in {title}, from {first} to {last}"
    yield ""
    yield _amount(coverage.amount(area)).capitalize() + "."
    if isinstance(area, District):
        rows = [
            (band.title, [coverage.cell(area, band, part) for part in PARTS]) for band in AGE_BANDS
        ]
        yield from _grid("By age and part of the week", rows)
    else:
        for band in AGE_BANDS:
            districts = area.districts if area else coverage.directory.districts
            yield from _grid(
                band.title,
                [
                    (one.title, [coverage.cell(one, band, part) for part in PARTS])
                    for one in districts
                ],
            )
    yield ""
    yield "Groups that name no ages of children are in no line above, and in all below."
    levels = coverage.levels(area)
    yield from _table("Area of the offer", coverage.offers(area))
    yield from _table(
        "Level of need",
        {LEVEL_WORDS.get(level, level): amount for level, amount in levels.items()},
        [_share(level, levels) for level in levels],
    )
    yield from _table("How to get a place", coverage.ways(area))
    yield from _table("Access at centres", coverage.access(area))
    yield from _table("Language", coverage.languages(area))
    yield from _table("Where it is", coverage.outreach(area))


def _share(level: str, levels: Mapping[str, Amount]) -> str:
    """'19% of hours; the plan says 20%'."""
    hours = sum(amount.hours for amount in levels.values())
    share = round(100 * levels[level].hours / hours) if hours else 0
    plan = f"; the plan says {PLAN[level]}%" if level in PLAN else ""
    return f"{share}% of hours{plan}"


def _grid(title: str, rows: Iterable[tuple[str, Sequence[Cell]]]) -> Iterator[str]:
    yield from ("", f"{title:<30}" + "".join(f"{words:<17}" for words in PARTS.values()).rstrip())
    for name, cells in rows:
        said = (f"{cell.word} ({len(cell.sessions)})" for cell in cells)
        yield f"  {name:<28}" + "".join(f"{words:<17}" for words in said).rstrip()


def _table(
    title: str, amounts: Mapping[str, Amount], notes: Sequence[str] | None = None
) -> Iterator[str]:
    yield from ("", title)
    for (name, amount), note in zip(amounts.items(), notes or [""] * len(amounts), strict=True):
        said = _amount(amount) if amount.sessions else "none"
        yield f"  {name:<44}{said}" + (f" ({note})" if note else "")


def _amount(amount: Amount) -> str:
    return ", ".join(
        (
            _counted(amount.series, "group"),
            _counted(amount.sessions, "session"),
            _counted(round(amount.hours), "hour"),
        )
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
