"""`portal build` without feeds, indexes, calendars and pictures: HTML alone.

    python -m benchmarks.pages_alone --root FOLDER build

For `bench_race`, which compares the pages with those of a whole build. The product needs no such
option: what is left out here are addresses of the site, and the stamps of calendar entries.
"""

from portal import commands
from portal.web.site import published_calendars
from portal.web.site.app import Site

every = Site.addresses


def pages(site: Site) -> list[str]:
    return [path for path in every(site) if path.endswith(("/", ".html"))]


def main() -> None:
    Site.addresses = pages  # type: ignore[method-assign]
    published_calendars.hold = lambda *_: ({}, [])  # there are no entries
    commands.main()


if __name__ == "__main__":
    main()
