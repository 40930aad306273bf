"""Holds every output against the files, and lists each disagreement."""

import re
from dataclasses import dataclass
from datetime import datetime, time

from tests.comparison.calendars import Calendars
from tests.comparison.finder import FinderIndex
from tests.comparison.pages import Pages


@dataclass(frozen=True)
class Disagreement:
    output: str
    series: str
    value: str
    says: object
    files: object

    def __str__(self):
        said = f"says {str(self.says)[:200]!r}, the files say {str(self.files)[:200]!r}"
        return f"{self.output}, {self.series}, {self.value}: {said}"


class Comparison:
    """The frozen outputs of one day: `wrong` reads one of them by its address."""

    def __init__(self, files, today, outputs):
        """`outputs` is a mapping from public addresses to texts."""
        self.series = files.on(today)
        self.outputs = outputs
        midnight = datetime.combine(today, time())
        own = {path: outputs[path] for path in outputs if re.fullmatch(OF_SERIES, path)}
        calendars = Calendars(files, self.series, today, own)
        self._readers = (
            *Pages(files, self.series, midnight).readers,
            (OF_SERIES, calendars.of_series),
            (r"/sessions/[^/]+/[^/]+/[\d-]+\.ics", calendars.of_session),
            (
                r"/((ages|centres|programmes|districts|footprints)/[^/]+/)?calendar\.ics",
                calendars.of_many,
            ),
            (r"/search/index-.*\.json", FinderIndex(self.series, midnight).read),
        )

    def reads(self, path):
        """Whether there is a reader for this address."""
        return any(re.fullmatch(pattern, path) for pattern, _ in self._readers)

    def wrong(self, path, text):
        """The disagreements of one output with the files."""
        for pattern, read in self._readers:
            if re.fullmatch(pattern, path):
                return [Disagreement(path, *one) for one in read(path, text)]
        raise LookupError(path)

    def all_wrong(self):
        """The disagreements of all outputs, and the pages of series that are missing or extra."""
        pages = {path for path in self.outputs if re.fullmatch(r"/sessions/[^/]+/[^/]+/", path)}
        moved = {path for path in pages if 'http-equiv="refresh"' in self.outputs[path]}
        found = [
            Disagreement(path, path, "page", path in pages, path in self.series)
            for path in sorted((pages - moved) ^ self.series.keys())
        ]
        for path, text in self.outputs.items():
            if self.reads(path) and 'http-equiv="refresh"' not in text:
                found += self.wrong(path, text)
        return found


OF_SERIES = r"/sessions/[^/]+/[^/]+/calendar\.ics"
