"""The shape of a calendar entry: what it is made of, whatever its words, days and times.

Programs of others take seconds to read all calendars of the county, and read entries of one shape
alike. So they are given one of each shape; `tests/comparison` reads every entry of every calendar.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def blocks_of(data: bytes) -> list[bytes]:
    """The entries of a calendar as they are written."""
    return re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", data, re.S)


def groups_of(data: bytes) -> list[bytes]:
    """A calendar for each series of a feed, with its entries as they are written there."""
    groups = defaultdict(list)
    for block in blocks_of(data):
        uid = re.search(rb"^UID:(?:\d{4}-\d\d-\d\d\.)?(.*\r\n(?:[ \t].*\r\n)*)", block, re.M)
        groups[uid[1]].append(block)
    zone = re.search(rb"BEGIN:VTIMEZONE\r\n.*?END:VTIMEZONE\r\n", data, re.S)[0]
    head = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + zone
    return [head + b"".join(blocks) + b"END:VCALENDAR\r\n" for blocks in groups.values()]


def shape_of(data: bytes) -> frozenset:
    """The shapes of the entries of a calendar: two calendars with the same are written alike."""
    return frozenset(map(_shape, blocks_of(data)))


def one_of_each_shape(calendars: Iterable[bytes]) -> list[bytes]:
    """The first calendar of each shape."""
    first: dict[frozenset, bytes] = {}
    for data in calendars:
        first.setdefault(shape_of(data), data)
    return list(first.values())


def _shape(block: bytes) -> frozenset:
    lines = re.sub(rb"\r\n[ \t]", b"", block).decode().split("\r\n")
    return frozenset(_form(*line.partition(":")[::2]) for line in lines)


def _form(head: str, value: str) -> tuple[str, str]:
    """The name and parameters of a property, with what readers may take for more than text."""
    name = head.partition(";")[0]
    if name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        form = _season(value)
    elif name == "RRULE":
        form = re.sub(r"UNTIL=(\w+)", lambda until: f"UNTIL={_season(until[1])}", value)
    elif name == "EXDATE":
        form = f"{len({_season(day) for day in value.split(',')})} of {min(value.count(','), 1)}"
    elif name == "STATUS":
        form = value
    elif name == "UID":
        form = str(bool(re.match(r"\d{4}-\d\d-\d\d\.", value)))  # of a single date
    else:
        escapes = "".join(sorted(set(re.findall(r"\\.", value))))
        form = f"{(re.match(r'[A-Z]{5,}: ', value) or [''])[0]}{escapes} {value.isascii()}"
    return re.sub(r"=[^;]*", "", head), form


def _season(value: str) -> str:
    """Summer or winter time, and whether it is in London's time or UTC."""
    moment = datetime.strptime(value[:15], "%Y%m%dT%H%M%S").replace(tzinfo=LONDON)
    return f"{moment.utcoffset()}{value[15:]}"
