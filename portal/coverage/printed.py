"""Coverage as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from portal.coverage.cells import LEVEL_WORDS, PARTS, PLAN, WHEN, WHOM, Amount, Cell, Coverage
from portal.coverage.reach import Reach
from portal.coverage.send_questions import SOURCE, answers
from portal.directory import AGE_BANDS, District, Footprint
from portal.directory.values import day_words

_NEAR, _FAR = 3, 5  # miles
_TOWNS = 3  # named


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
        yield from _reach(Reach.of(coverage.directory, coverage), area)
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
    if area is None:
        yield from _questions(coverage)


def _reach(reach: Reach, district: District) -> Iterator[str]:
    """The share of postcodes nearby, and the largest towns without a session further around."""
    rough = " (by postcode sectors, so not exact)" if reach.basis == "sectors" else ""
    yield from ("", f"Share of postcodes with a session within {_NEAR} miles{rough}")
    yield f"{'':<30}" + "".join(f"{words:<17}" for words in PARTS.values()).rstrip()
    for band in AGE_BANDS:
        shares = [reach.share(district, band, part, _NEAR) for part in PARTS]
        least = [reach.may_be_more(district, band, part, _NEAR) for part in PARTS]
        said = map(_percent, shares, least)
        yield f"  {band.title:<28}" + "".join(f"{words:<17}" for words in said).rstrip()
    if left_out := reach.rough_near(district):
        yield f"  Left out: {_counted(len(left_out), 'group')} whose place is known only roughly."
    yield from ("", f"Without one within {_FAR} miles")
    for band in AGE_BANDS:
        for part in PARTS:
            if towns := reach.without(district, band, part, _FAR):
                names = [town.name for town in towns[:_TOWNS]]
                more = len(towns) - len(names)
                left = f" and {more} more" if more else ""
                said_of = f"nothing {WHEN[part]} {WHOM[band.slug]}"
                yield f"  {', '.join(names)}{left}: {said_of}"


def _percent(share: float | None, least: bool) -> str:
    """'62%'; 'at least 62%' where a group that is left out may be nearby."""
    if share is None or (least and share < 0.005):
        return "not known"
    return f"at least {100 * share:.0f}%" if least else f"{100 * share:.0f}%"


def _questions(coverage: Coverage) -> Iterator[str]:
    directory = coverage.directory
    yield from ("", f"Asked in {SOURCE}")
    for answer in answers(directory, coverage, Reach.of(directory, coverage)):
        yield f"  {answer.question} {answer.said}: {answer.figure}."
        yield f"    {answer.words}"


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
