"""Quarters for tests of reports: a cube in which figures beside each other differ."""

from datetime import timedelta
from itertools import count

from portal.directory import Directory, PublishedReport, quarters
from portal.directory.measures import ALL, COUNTY, PRIVATE, Figure, areas_of, key, measures_of
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
