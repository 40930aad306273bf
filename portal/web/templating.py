"""The Jinja environment shared by public and live pages.

Undefined names fail (StrictUndefined) and everything is escaped. Templates get nouns that know
their addresses: `series.path`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from portal.directory import AGE_BANDS, expectations, phrases
from portal.directory.values import WEEKDAYS, clock_words
from portal.directory.vocabularies import FACILITIES, NEEDS, OFFERS
from portal.finder.texts import CHOICES, WORDS
from portal.web import charts, filters, template_code
from portal.web.assets import PACKAGE, mark_paths, staff_script, staff_sheet, static_files
from portal.web.template_code import Code


@cache
def environment() -> Environment:
    """The environment of all pages: filters and texts. A `Frame` adds the directory."""
    made = _Environment(
        loader=FileSystemLoader(PACKAGE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=_Compiled(),
    )
    made.filters.update(
        access=filters.access,
        address=filters.address,
        ages=filters.ages,
        capital=filters.capital,
        change=filters.change,
        clock=clock_words,
        closed_days=filters.closed_days,
        closing=filters.closing,
        closing_mark=filters.closing_mark,
        clock_of=filters.clock_of,
        cost=filters.cost,
        count=filters.count,
        creche=phrases.creche,
        day=filters.day,
        end_with_centre=filters.end_with_centre,
        end_words=filters.end_words,
        expected=expectations.lines,
        first_visit=expectations.first_visit,
        directions=filters.directions,
        joined=filters.joined,
        json_block=json_block,
        kind=filters.kind,
        language=filters.language,
        lasts=filters.lasts,
        moment=filters.moment,
        moment_words=filters.moment_words,
        at=filters.at,
        place=filters.place,
        place_is_for=filters.place_is_for,
        reach=filters.reach,
        reach_on_paper=filters.reach_on_paper,
        repeats=filters.repeats,
        ring=filters.ring,
        ring_numbers=filters.ring_numbers,
        sentence=filters.sentence,
        short_day=filters.short_day,
        span=filters.span,
        state_words=filters.state_words,
        tel=filters.tel,
        way_in=expectations.way_in,
        week_hours=filters.week_hours,
        weekday_words=filters.weekday_words,
        write=filters.write,
    )
    made.globals.update(
        ACCESS=filters.ACCESS,
        AGE_BANDS=AGE_BANDS,
        FACILITIES=FACILITIES,
        FINDER=FINDER,
        NEEDS=NEEDS,
        OFFERS=OFFERS,
        WEEKDAYS=WEEKDAYS,
        charts=charts,
        hours=filters.hours,
        marks=mark_paths(),
        static={
            **static_files(),
            "staff.css": staff_sheet(),
            "staff.js": staff_script(),
        },
    )
    return made


class _Environment(Environment):
    code_generator_class = Code

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The environment's own names as they are. Jinja's chain of mappings, in which a template
        could have more, is copied for each page: that is a quarter of the time of a short one."""
        return super().make_globals(d) if d else self.globals


class _Compiled(FileSystemBytecodeCache):
    """Templates as bytecode, beside that of the package: to compile them all takes seconds.

    Python trusts the same folder with our modules. Where it cannot be written, or Python is told to
    write no bytecode, each process compiles what it uses.
    """

    def __init__(self) -> None:
        beside = Path(cache_from_source(os.fspath(PACKAGE / "templates.py")))
        super().__init__(os.fspath(beside.with_name("templates")), "%s.bytecode")
        # What the code depends on besides the template: Jinja, and the environment above.
        ours = Path(__file__), Path(template_code.__file__)
        self._maker = jinja2.__version__.encode() + b"".join(path.read_bytes() for path in ours)

    def get_source_checksum(self, source: str) -> str:
        return sha256(self._maker + source.encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                Path(self.directory).mkdir(parents=True, exist_ok=True)
                super().dump_bytecode(bucket)


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def json_block(value: object) -> Markup:
    """A value as JSON that cannot close the script element around it."""
    text = _JSON.encode(value)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - what could end the element has just been escaped


# The finder's questions on other pages than its own, as (value, words), and its chip for places.
_AGES = (("", "Any age"), *((band.slug, band.title) for band in AGE_BANDS))
FINDER: Mapping[str, Any] = MappingProxyType(
    {"age": _AGES, "on": tuple(CHOICES["on"].items()), "room": WORDS["f-room"]}
)
