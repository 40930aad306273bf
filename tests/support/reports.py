"""Quarters for tests of reports: a cube in which figures beside each other differ."""

from datetime import timedelta
from itertools import count

from portal.directory import Directory, PublishedReport, quarters
from portal.directory.measures import (
    ALL,
    COUNTY,
    KINDS,
    PRIVATE,
    Figure,
    areas_of,
    key,
    line_label,
    measures_of,
)
from portal.directory.quarterly import Cube
from portal.directory.vocabularies import LEVELS, NEEDS, OFFERS, OUTCOMES

Q3, Q4 = "2026-Q3", "2026-Q4"


def lines(directory: Directory) -> list[str]:
    """A line of every kind, and one for each programme."""
    return [
        ALL,
        *(key("offer", offer) for offer in OFFERS),
        *(key("programme", one.slug) for one in directory.programmes if not one.sensitive),
        *(key("level", level) for level in LEVELS),
        *(key("case-level", number) for number in range(1, len(directory.site.levels) + 1)),
        *(key("outcome", number) for number in OUTCOMES),
        *(key("need", need) for need in NEEDS),
    ]


def figure(number: int, measure) -> Figure:
    """Of families, every fifth figure is partial and every ninth is hidden."""
    if measure.public:
        return Figure(number + 0.5 if measure.name == "hours" else number)
    if number % 9 == 0:
        return Figure(partial=True)
    return Figure(number, partial=number % 5 == 0)


def cube_of(directory: Directory, quarter: str = Q4, *, first: int = 7, **given) -> Cube:
    """A quarter with all lines in all areas. `first` makes its numbers another quarter's."""
    numbers = (step * 389 % 997 for step in count(first))
    areas = {
        area: {
            line: {measure.name: figure(next(numbers), measure) for measure in measures_of(line)}
            for line in [*lines(directory), *([PRIVATE] if area == COUNTY else [])]
        }
        for area in areas_of(directory)
    }
    made = quarters.last_day(quarter) + timedelta(days=3)
    return Cube(quarter, **{"made": made, "edition": 1, "sample": False, "areas": areas} | given)


def with_reports(directory: Directory, *cubes: Cube) -> Directory:
    """The directory after these quarters were published."""
    published = tuple(
        PublishedReport(cube, f"content/reports/{cube.quarter}.json")
        for cube in sorted(cubes, key=lambda one: one.quarter, reverse=True)
    )
    return directory.model_copy(update={"reports": published})


def shown_cells(main) -> dict[tuple[str, str, str], str]:
    """What the tables of a page say: by heading of the group, line and measure, all in words."""
    found = {}
    for table in main.all("table", where=lambda one: one.has("figures") and not one.has("few")):
        heads = [one.text for one in table.one("thead").all("th")][1:]
        group = ""
        for row in table.all("tr", where=lambda one: one.all("td") or one.all("th")):
            first = row.all("th")[0]
            if first.get("scope") == "rowgroup":
                group = _label(first)
            elif first.get("scope") == "row":
                for head, cell in zip(heads, row.all("td"), strict=True):
                    if cell.text:
                        assert cell["data-of"] == head
                        found[group, _label(first), head] = cell.text
    return found


def shown_sums(main) -> dict[str, list[str]]:
    """What the summaries of a page say: by measure, the figures of the quarters."""
    return {
        row.one("th").text: [cell.text for cell in row.all("td")]
        for table in main.all("table", where=lambda one: one.has("few"))
        for row in table.one("tbody").all("tr")
    }


def _label(cell) -> str:
    """The words of a cell without what is small beside them."""
    return next(part for part in cell.parts if isinstance(part, str)).strip()


def true_cells(cube: Cube, area: str, directory: Directory) -> dict[tuple[str, str, str], str]:
    """What these tables have to say, from the cube."""
    return {
        (KINDS[kind], line_label(line, directory), measure.words): words(figure)
        for kind in KINDS
        for line in cube.lines(area, kind)
        for measure in measures_of(line)
        if not measure.only_all and (figure := cube.figure(area, line, measure.name)) is not None
    }


def words(figure: Figure | None) -> str:
    if figure is None:
        return "no figures"
    return "hidden" if figure.hidden else figure.words
