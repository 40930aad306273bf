"""Coverage: what is on in each district, by age and part of the week, and where nothing is.

The model is `portal.coverage`. Pages print its words and numbers, and each cell of a grid is a link
to its list on the page of the district. A shade never says more than the word or number beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from portal.coverage.cells import (
    LEVEL_WORDS,
    PARTS,
    PLAN,
    WHEN,
    WHOM,
    WORDS,
    Amount,
    Cell,
    Coverage,
)
from portal.coverage.reach import MILES, Reach
from portal.coverage.send_questions import AFTER_25, SOURCE, answers
from portal.directory import AGE_BANDS, AgeBand, District, Footprint, Settlement, phrases, quarters
from portal.directory.addresses import COVERAGE, DATA, report_file
from portal.web.layout import Head
from portal.web.site.pages.context import Context
from portal.web.site.pages.registry import page

TITLE = "What is on in each district"
NEAR = 3  # miles: the distance by which maps are shaded
FAR = 5
TOWNS = 3  # as many towns without are named in one place
COUNTY_TOWNS = 5
CELLS = len(AGE_BANDS) * len(PARTS)  # of a district
UNKNOWN = "u"  # the shade of a share that is not known
# Shares that begin a stronger shade of the map, with the words of its key.
SHADES = (
    (0.0, "none"),
    (1e-9, "under a quarter"),
    (0.25, "a quarter or more"),
    (0.5, "half or more"),
    (0.75, "three quarters or more"),
)

# The heads of narrow columns, with the places where they may break.
HEADS: Mapping[str, str] = {
    "weekday": "Week\xaddays",
    "evening": "Even\xadings",
    "weekend": "Week\xadends",
    "holiday": "Holi\xaddays",
}


class Near(NamedTuple):
    """A cell on the page of its district, with the share of postcodes that are near."""

    cell: Cell
    nearness: str  # a sentence or two; '' if no postcodes are known
    without: Sequence[Settlement]


class Group(NamedTuple):
    """The cells of an age band in a district, in the order of the parts of the week."""

    band: AgeBand
    cells: Sequence[Near]


class Level(NamedTuple):
    """The groups of a level of need, beside the service plan's share of it."""

    words: str
    amount: Amount
    share: str
    plan: str


class Line(NamedTuple):
    """A district in the table of reach: how much is on in it, and the shares by distance."""

    cell: Cell
    shares: Mapping[int, str]


class PartOfWeek(NamedTuple):
    """A part of the week on the page of an age band."""

    part: str
    lines: Sequence[Line]
    shades: Mapping[District, int | str]
    without: Sequence[Settlement]  # in all districts, the largest first
    left_out: int  # groups whose place is known only roughly

    @property
    def marked(self) -> bool:
        """Whether a share in the table is the least that it can be."""
        return any(words.endswith("+") for line in self.lines for words in line.shares.values())

    @property
    def unsure(self) -> bool:
        """Whether a district on the map has no share."""
        return UNKNOWN in self.shades.values()


@page(COVERAGE)
def county(context: Context) -> str:
    """The county: the grid of its districts, and the questions of families with SEND."""
    districts = context.by_name
    gaps = {one: _empty(context, (one,)) for one in districts}
    head = Head(
        title=TITLE,
        path=COVERAGE,
        summary="What is on for each age and part of the week, and where nothing is on.",
    )
    return _render(
        context,
        "coverage.html",
        head,
        districts=districts,
        view=context.map.county(),
        gaps=gaps,
        shades={one: _rank(gaps[one], gaps.values()) for one in districts},
        cells=CELLS,
        levels=_levels(context, None),
        left_out=len(_reach(context).rough_near()),
        answers=answers(context.directory, _coverage(context), _reach(context)),
        source=SOURCE,
        after_25=AFTER_25,
    )


@page(f"{COVERAGE}<slug:slug>/", lambda directory: directory.districts, "coverage_path")
def coverage_of_district(context: Context, district: District) -> str:
    """A district: each cell with its groups, and what they are like."""
    head = Head(
        title=f"What is on in {district.title} district, by age",
        path=district.coverage_path,
        summary=f"What is on in {district.title} for each age and part of the week.",
        crumbs=((COVERAGE, TITLE),),
        district=district,
    )
    return _render(
        context,
        "coverage_district.html",
        head,
        area=district,
        footprint=context.directory.footprint_of(district),
        groups=_groups(context, district),
        left_out=len(_reach(context).rough_near(district)),
        basis=_reach(context).basis,
        empty=_empty(context, (district,)),
        cells=CELLS,
        levels=_levels(context, district),
    )


@page(f"{COVERAGE}footprints/<slug:slug>/", lambda directory: directory.footprints, "coverage_path")
def coverage_of_footprint(context: Context, footprint: Footprint) -> str:
    """A footprint: the grid of its districts, and what its groups are like."""
    head = Head(
        title=f"What is on in {footprint.title}, by age",
        shorter=(f"{footprint.title}, by age",),
        path=footprint.coverage_path,
        summary=f"What is on in {footprint.title} for each age and part of the week.",
        crumbs=((COVERAGE, TITLE),),
    )
    return _render(
        context,
        "coverage_footprint.html",
        head,
        area=footprint,
        districts=footprint.districts,
        without=_without_in(context, footprint.districts),
        left_out=len(_reach(context).rough_near(*footprint.districts)),
        empty=_empty(context, footprint.districts),
        cells=CELLS * len(footprint.districts),
        levels=_levels(context, footprint),
    )


@page(f"{COVERAGE}ages/<slug:slug>/", lambda _: AGE_BANDS, "coverage_path")
def coverage_of_age(context: Context, band: AgeBand) -> str:
    """An age band: how many postcodes are near a session, by district and part of the week."""
    head = Head(
        title=f"Is it near enough? {band.title}",
        path=band.coverage_path,
        summary=f"How many postcodes are near a session {WHOM[band.slug]}, by district.",
        crumbs=((COVERAGE, TITLE),),
    )
    return _render(
        context,
        "coverage_age.html",
        head,
        band=band,
        weeks=[_part_of_week(context, band, part) for part in PARTS],
        miles=MILES,
        basis=_reach(context).basis,
        view=context.map.county(),
        shades=SHADES,
        unknown=UNKNOWN,
    )


@page(DATA)
def data(context: Context) -> str:
    """The files for other people's programs."""
    head = Head(
        title="Open data",
        path=DATA,
        summary="Files about groups, centres and coverage for your own programs.",
    )
    reports = [
        (
            quarters.words(one.quarter),
            *(report_file(one.quarter, kind) for kind in ("csv", "json")),
            one.cube.sample,
        )
        for one in context.directory.reports
    ]
    return context.render("data.html", head, files=context.files, reports=reports)


def _render(context: Context, template: str, head: Head, **given: Any) -> str:
    most = (*(least - 1 for _, least in WORDS[1:]), None)
    return context.render(
        template,
        head,
        coverage=_coverage(context),
        parts=PARTS,
        heads=HEADS,
        words=[(word, least, last) for (word, least), last in zip(WORDS, most, strict=True)],
        short=short,
        percent=percent,
        when=WHEN,
        whom=WHOM,
        **given,
    )


def short(band: AgeBand) -> str:
    """'11 to 15': the band at the head of a narrow column."""
    return band.title.rpartition(", ")[2].removeprefix("Babies ").capitalize()


def percent(share: float | None) -> str:
    """'62%'; never 0% or 100% of what is only nearly so."""
    if share is None:
        return "not known"
    if 0 < share < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < share < 1 else f"{share:.0%}"


def share_words(share: float | None, more: bool) -> str:
    """'62%' in a table, '62%+' where groups that are left out may make it more."""
    if more and share is not None:
        return "not known" if share < 0.01 else f"{percent(share)}{'+' if share <= 0.99 else ''}"
    return percent(share)


def nearness(share: float | None, more: bool, elsewhere: bool, left_out: int) -> str:
    """How many postcodes are near, in a sentence, and what is left out in another.

    `elsewhere`: all of it is in other districts.
    """
    if share is None or (more and share < 0.01):
        why = (
            f"We know the place of {phrases.count(left_out, 'group')} only roughly"
            if left_out
            else "We know postcodes only roughly here"
        )
        return f"{why}. So we cannot say how many postcodes are within {NEAR} miles of a session."
    if not share:
        return f"No postcodes are within {NEAR} miles of a session."
    many = phrases.capital(percent(share))
    least = f"At least {many}" if more and share <= 0.99 else many
    where = " in another district" if elsewhere else ""
    return f"{least} of the postcodes are within {NEAR} miles of a session{where}."


def shade_of(share: float | None, more: bool = False) -> int | str:
    """The shade of a share on the map, 0 to 4. With `more` it may be larger than that."""
    if share is None or (more and share < SHADES[2][0]):
        return UNKNOWN
    return max(n for n, (least, _) in enumerate(SHADES) if share >= least)


def _rank(gaps: int, every: Iterable[int]) -> int:
    """The shade of a number of gaps, from 4 for the fewest of all districts to 0 for the most."""
    most, fewest = max(every), min(every)
    return round(4 * (most - gaps) / (most - fewest)) if most > fewest else 2


def largest(towns: Iterable[Settlement], number: int) -> list[Settlement]:
    """The largest of some towns and villages."""
    return sorted(towns, key=lambda one: (-one.population, one.slug))[:number]


def _coverage(context: Context) -> Coverage:
    return Coverage.of(context.directory)


def _reach(context: Context) -> Reach:
    return Reach.of(context.directory, _coverage(context))


def _empty(context: Context, districts: Iterable[District]) -> int:
    """In how many cells of these districts nothing is on."""
    coverage = _coverage(context)
    return sum(not cell.sessions for one in districts for cell in coverage.cells_of(one))


def _groups(context: Context, district: District) -> list[Group]:
    return [
        Group(band, [_near(context, district, band, part) for part in PARTS]) for band in AGE_BANDS
    ]


def _near(context: Context, district: District, band: AgeBand, part: str) -> Near:
    reach = _reach(context)
    cell = _coverage(context).cell(district, band, part)
    words = nearness(
        reach.share(district, band, part, NEAR),
        reach.may_be_more(district, band, part, NEAR),
        elsewhere=not cell.sessions,
        left_out=len(reach.rough(band, part, district, NEAR)),
    )
    without = reach.without(district, band, part, FAR)[:TOWNS]
    return Near(cell, words if reach.points(district) else "", without)


def _part_of_week(context: Context, band: AgeBand, part: str) -> PartOfWeek:
    coverage, reach = _coverage(context), _reach(context)
    lines: list[Line] = []
    shades: dict[District, int | str] = {}
    towns: list[Settlement] = []
    for one in context.by_name:
        shares = {miles: reach.share(one, band, part, miles) for miles in MILES}
        more = {miles: reach.may_be_more(one, band, part, miles) for miles in MILES}
        said = {miles: share_words(shares[miles], more[miles]) for miles in MILES}
        lines.append(Line(coverage.cell(one, band, part), said))
        shades[one] = shade_of(shares[NEAR], more[NEAR])
        towns += reach.without(one, band, part, FAR)
    left_out = len(reach.rough(band, part))
    return PartOfWeek(part, lines, shades, largest(towns, COUNTY_TOWNS), left_out)


def _without_in(
    context: Context, districts: Iterable[District]
) -> list[tuple[AgeBand, list[tuple[str, Sequence[Settlement]]]]]:
    """The largest towns of some districts with nothing near, by age band and part of the week."""
    reach = _reach(context)
    found = []
    for band in AGE_BANDS:
        parts: list[tuple[str, Sequence[Settlement]]] = []
        for part in PARTS:
            towns = [town for one in districts for town in reach.without(one, band, part, FAR)]
            if towns:
                parts.append((part, largest(towns, TOWNS)))
        if parts:
            found.append((band, parts))
    return found


def _levels(context: Context, area: District | Footprint | None) -> list[Level]:
    """The levels of an area with their shares of all hours."""
    amounts = _coverage(context).levels(area)
    whole = sum(one.hours for one in amounts.values())
    return [
        Level(
            LEVEL_WORDS.get(level, level),
            amount,
            percent(amount.hours / whole) if whole else "",
            f"{PLAN[level]}%" if level in PLAN else "",
        )
        for level, amount in amounts.items()
        if amount.sessions or level in PLAN
    ]
