"""Compares calendars with the files, by a light reader of their lines."""

import re
from calendar import monthrange
from datetime import date, datetime, timedelta

from tests.comparison import words

SEND = "with special educational needs or disabilities"
UID = re.compile(r"(?:(\d{4}-\d\d-\d\d)\.)?(.+)\.([^.@]+)@")

# In months, from the first included to the first excluded.
BANDS = {
    "pregnancy": (-9, 0),
    "babies": (0, 12),
    "toddlers": (12, 36),
    "pre-school": (36, 60),
    "primary-school": (60, 132),
    "secondary-school": (132, 192),
    "young-adults": (192, 312),
}


class Calendars:
    """The calendars of a day. Those of series are read first: others must hold the same entries."""

    def __init__(self, files, series, today, own):
        self._files, self._all, self._today = files, series, today
        self._own = {path: blocks_of(text) for path, text in own.items()}

    def of_series(self, path, text):
        """A series' own calendar, from today on."""
        series = self._all[path.removesuffix("calendar.ics")]
        said = {day: one for day, one in expand(text).items() if one[1].date() >= self._today}
        held = {
            one.planned: (one.starts, one.ends, _status(one), one.venue.line)
            for one in series.sessions
            if one.day >= self._today
        }
        for planned in sorted(said.keys() | held.keys()):
            entry = said.get(planned)
            if entry and planned in held and held[planned][2] == "CANCELLED":
                # A date that is off keeps the time and place under which it was published.
                same = entry[2] == "CANCELLED"
            else:
                same = entry == held.get(planned)
            if not same:
                yield series.path, f"entry of {planned}", entry, held.get(planned)
        yield from self._words(series, text)

    def _words(self, series, text):
        for entry in blocks_of(text):
            facts = fields(entry)
            name = re.sub(r"^(CANCELLED|POSTPONED|MOVED): ", "", plain(facts["SUMMARY"]))
            if name != series.name:
                yield series.path, "name", name, series.name
            said = plain(facts["DESCRIPTION"])
            ages = words.ages(series).removeprefix("Ages ")
            ages = re.sub(r"\(up to (\d+) with SEND\)", rf"(to \1 {SEND})", ages)
            # Entries leave out what is true of everybody.
            if series.ages and f"ages: {ages.lower()}\n" not in f"{said}\n".lower():
                yield series.path, "ages", said, ages
            yield from self._booking(series, said)

    def _booking(self, series, said):
        """Calendars keep their words for months: they say from when until when one can book."""
        if series.fields.get("withdrawn"):
            return
        how = (re.search(r"How to get a place: (.*)", said) or ["", ""])[1]
        verb = {"drop-in": "Come along", "book": "Book a place", "request": "Ask us for a place"}
        held = [verb.get(series.way, "A professional")]
        held += [f"from {words.whole_moment(series.opens)}"] if series.opens else []
        held += [words.end_words(series.closes)] if series.closes else []
        for one in held:
            if one not in how:
                yield series.path, "how to get a place", how, one

    def of_session(self, path, text):
        """The file of one session."""
        page, _, name = path.rpartition("/")
        series, planned = self._all[f"{page}/"], date.fromisoformat(name.removesuffix(".ics"))
        session = next((one for one in series.sessions if one.planned == planned), None)
        said = [entry[:2] + entry[3:] for entry in expand(text, single=True).values()]
        held = [(session.starts, session.ends, session.venue.line)] if session else []
        if said != held:
            yield series.path, f"file of {planned}", said, held

    def of_many(self, path, text):
        """A calendar of a place, a programme, an age or everything: the same entries as theirs."""
        inside = self._inside(path)
        held = set()
        for of, entries in self._own.items():
            if inside(self._all[of.removesuffix("calendar.ics")]):
                held |= entries
        said = blocks_of(text)
        for entry in sorted(said ^ held):
            _, slug, centre = UID.match(fields(entry)["UID"]).groups()
            where = "an entry that differs" if entry in said else "no such entry"
            yield f"/sessions/{centre}/{slug}/", entry_of(entry), where, "as its own calendar"

    def _inside(self, path):
        _, kind, slug, *_ = (*path.split("/"), "")
        if kind == "centres":
            return lambda series: series.centre["slug"] == slug
        if kind == "programmes":
            return lambda series: series.fields["programme"] == slug
        if kind == "districts":
            return lambda series: series.centre["district"] == slug
        if kind == "footprints":
            area = next(one for one in self._files.footprints if one["slug"] == slug)
            slugs = [one["slug"] for one in area["districts"]]
            return lambda series: series.centre["district"] in slugs
        if kind == "ages":
            first, end = BANDS[slug]
            return lambda series: any(
                low < end and first < high for low, high in pairwise_ages(series)
            )
        return lambda series: True


def pairwise_ages(series):
    months = iter(words.months(series))
    return zip(months, months, strict=True)


def blocks_of(text):
    """The entries of a calendar as they are written, lines joined."""
    return set(re.findall(r"BEGIN:VEVENT\n(.*?)END:VEVENT", joined(text), re.S))


def joined(text):
    return text.replace("\r\n", "\n").replace("\n ", "")


def fields(entry):
    """Name -> value of the lines of an entry; EXDATE as a list."""
    found = {"EXDATE": []}
    for line in entry.splitlines():
        name, _, value = re.sub(r'"[^"]*"', "", line).partition(":")
        name = name.partition(";")[0]
        if name == "EXDATE":
            found["EXDATE"] += value.split(",")
        else:
            found[name] = line.rpartition(value)[1] if value else ""
    return found


def plain(value):
    return re.sub(r"\\(.)", lambda one: {"n": "\n", "N": "\n"}.get(one[1], one[1]), value)


def entry_of(entry):
    facts = fields(entry)
    return f"entry {facts['UID']} {facts.get('RECURRENCE-ID', facts['DTSTART'])}"


def at(value):
    return datetime.strptime(value[:15], "%Y%m%dT%H%M%S")


def expand(text, *, single=False):
    """Planned day -> (starts, ends, status, place) of every session of a calendar."""
    runs, changed, apart = {}, {}, {}
    for entry in blocks_of(text):
        facts = fields(entry)
        starts, ends = at(facts["DTSTART"]), at(facts["DTEND"])
        rest = facts["STATUS"], plain(facts["LOCATION"])
        named = UID.match(facts["UID"])[1]
        if "RRULE" in facts:
            off = {at(one) for one in facts["EXDATE"]}
            for day in recurrences(starts, facts["RRULE"]):
                if day not in off:
                    runs[day.date()] = (day, day + (ends - starts), *rest)
        elif "RECURRENCE-ID" in facts:
            changed[at(facts["RECURRENCE-ID"]).date()] = (starts, ends, *rest)
        else:
            planned = date.fromisoformat(named) if named else starts.date()
            apart[planned] = (starts, ends, *rest)
    return (changed | apart) if single else runs | changed | apart


def _status(session):
    if session.cancelled:
        return "CANCELLED"
    return "TENTATIVE" if session.postponed else "CONFIRMED"


def recurrences(first, rule):
    parts = dict(one.split("=") for one in rule.split(";"))
    last, step = at(parts["UNTIL"]), int(parts.get("INTERVAL", 1))
    if parts["FREQ"] == "MONTHLY":
        week = int(parts["BYDAY"][:-2])
        days = _monthly(first, last, week)
    elif "," in parts.get("BYDAY", ""):
        daily = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
        days = (day for day in daily if day.weekday() < 5)
    else:
        weeks = range(0, (last - first).days + 1, 7 * step)
        days = (first + timedelta(days=ahead) for ahead in weeks)
    return [day for day in days if day <= last]


def _monthly(first, last, week):
    day = first
    while day <= last:
        in_month = monthrange(day.year, day.month)[1]
        if (day.day - 1) // 7 + 1 == week or (week == -1 and day.day + 7 > in_month):
            yield day
        day += timedelta(days=7)
