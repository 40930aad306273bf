"""Compares rows of lists with the files: rows of one session, and rows of a whole series."""

import re

from tests.comparison import words
from tests.comparison.markup import local, text, visible


class Rows:
    """A row is the same on many pages, so that each is compared once and remembered."""

    def __init__(self, series, midnight, leaflet_until):
        self._series, self._now, self._until = series, midnight, leaflet_until
        self._known = {}

    def _once(self, check, *given):
        if (check, *given) not in self._known:
            self._known[check, *given] = [*check(*given)]
        return self._known[check, *given]

    def session(self, path, row):
        """The session of a row with `data-ends`, and what is wrong in the row."""
        miles = re.sub(r", (?:about |less than )?[\d.a ]+ miles?(?=[.<])", "", row)
        series = self._series.get(path)
        ends = local(re.search(r'data-ends="([^"]+)"', row)[1])
        found = next((one for one in series.listed if one.ends == ends), None) if series else None
        if found is None:
            return None, [("session", f"one that ends at {ends}", "there is no such session")]
        return found, self._once(self._of_session, found, miles)

    def _of_session(self, session, row):
        shown = text(visible(row))
        yield from facts(session, shown)
        if not session.off and not session.moved_to:
            by_date = session if session.series.by_date else None
            said = words.on_page(session.series, by_date, self._now)
            tags = [text(one) for one in re.findall(r'<span class="tag.*?</span>', visible(row))]
            if tags != [said]:
                yield "state", tags, [said]
            yield from missing("ages", shown, words.ages(session.series))

    def series(self, path, row, kind):
        """What is wrong in a row of a series on a page of this kind."""
        series = self._series.get(path)
        if series is None:
            return [("series", path, "there is no such series")]
        return self._once(self._of_series, series, row, kind)

    def _of_series(self, series, row, kind):
        shown, leaflet = text(visible(row)), kind == "leaflet"
        usual, today = words.usual(series), self._now.date()
        yield from missing("times", shown, words.times(usual))
        if kind == "list" or usual.venue.centre != series.centre["slug"]:
            yield from missing("venue", shown, usual.venue.at if leaflet else usual.venue.place)
        yield from missing("ages", shown, words.ages(series))
        if kind == "list" or (kind == "centre" and series.repeats == "once"):
            yield from missing("pattern", shown, words.pattern(series))
        if leaflet and series.repeats == "once":
            yield from missing("day", shown, words.short(series.sessions[0].day, 0))
        say = words.dated if leaflet else words.on_page
        said = say(series, None, self._now)
        cells = re.findall(r"<td>(.*?)</td>", visible(row), re.S)[-1:]
        tags = cells if leaflet else re.findall(r'<span class="tag.*?</span>', visible(row))
        if not re.match(re.escape(said) + r"(\.|$)", text("".join(tags))):
            yield "state", text("".join(tags)), said
        yield from self._changes(series, shown, today, self._until if leaflet else None)

    def _changes(self, series, shown, today, until):
        if why := series.fields.get("withdrawn"):
            yield from missing("cancelled", shown, f"Cancelled: {why}")
            return
        yield from missing("last day", shown, words.span(series))
        off = words.not_on(series, today, until)
        said = re.search(r"(?:In the next \d+ weeks not|Not) on .*?(?=\.)", shown)
        if (said[0] if said else "") != off:
            yield "cancelled", said and said[0], off
        if last := words.ends_with_centre(series):
            yield from missing(
                "last day", shown, f"Until {words.long(last, last.year != today.year)}"
            )
        for one in series.shown:
            if one.cancelled or max(one.planned, one.over.date()) < today:
                continue
            if until is None or min(one.planned, one.day) <= until:
                yield from missing("moved", shown, words.changed(one, today).rstrip("."))


def facts(session, shown, venue=True):
    """What every row of one session says: its times, its place, and how it has changed."""
    yield from missing("times", shown, words.times(session))
    if venue:
        yield from missing("venue", shown, session.venue.place)
    yield from change(session, shown)


def change(session, shown):
    """The marks of a cancelled, moved or relocated session: there if, and only if, it is so.

    On its old day a moved session says where it has gone.
    """
    if bool(session.cancelled) != ("Cancelled" in shown):
        yield "cancelled", "Cancelled" in shown, session.cancelled or False
    elif session.cancelled:
        yield from missing("cancelled", shown, session.cancelled.rstrip("."))
        return
    if bool(session.postponed) != ("Postponed" in shown):
        yield "postponed", "Postponed" in shown, session.postponed or False
    elif session.postponed:
        yield from missing("postponed", shown, session.postponed.rstrip("."))
        return
    if (session.moved_to is not None) != ("Moved to" in shown):
        yield "moved", "Moved to" in shown, session.moved_to
    elif session.moved_to:
        now = session.moved_to
        year = now.day.year != session.day.year
        yield from missing(
            "moved", shown, f"Moved to {words.long(now.day, year)}, {words.times(now)}."
        )
    if session.moved != ("Moved from" in shown):
        yield "moved", "Moved from" in shown, session.moved
    elif session.moved:
        usual = words.times(words.usual(session.series))
        apart = session.day != session.planned
        was = words.long(session.planned, False) if apart else usual
        yield from missing("moved", shown, f"Moved from {was}")
    if session.elsewhere != ("Other place" in shown):
        yield "venue", "Other place" in shown, session.elsewhere
    elif session.elsewhere:
        yield from missing("venue", shown, f"Other place {session.venue.line}")


def missing(value, shown, said):
    if said and " ".join(said.split()) not in shown:
        yield value, shown, said
