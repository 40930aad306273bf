"""Compares the live pages with the files: booking, places left, and a family's own page."""

import json
import re

from tests.comparison import words
from tests.comparison.lists import change, missing
from tests.comparison.markup import main_of, text

TITLES = {
    "not yet": "You cannot book yet",
    "closed": "Booking has closed",
    "started": "This has started",
    "past": "This is over",
    "cancelled": "This is cancelled",
    "postponed": "This is postponed",
    "drop-in": "Just come",
    "referral": "A professional needs to ask for this place",
}


class LivePages:
    """Live pages at a moment. `taken` says how many places of what are taken."""

    def __init__(self, series, now, taken):
        self._all, self._now, self._taken = series, now, taken

    def left(self, series, planned=""):
        places = int(series.value("places", "0"))
        return places - self._taken.get((series.identity, planned), 0)

    def open_dates(self, series):
        """The dates that can be booked one by one, or an empty one for a whole series."""
        if not series.by_date:
            return [None] if words.state(series, None, self._now) == "open" else []
        coming = [one for one in series.shown if one.over > self._now]
        return [one for one in coming if words.state(series, one, self._now) == "open"]

    def availability(self, path, answer):
        said = json.loads(answer)["series"]
        held = {}
        for series in self._all.values():
            if series.way != "book":
                continue
            for one in self.open_dates(series):
                planned = str(one.planned) if one else ""
                held[series.identity, planned] = self.left(series, planned)
        found = {}
        for identity, row in said.items():
            for planned, left in row.get("sessions", {"": row.get("left")}).items():
                found[identity, planned] = left
                words_of = self._with_creche(left, self._all[f"/sessions/{identity}/"])
                each = words.place_for(self._all[f"/sessions/{identity}/"])
                if row["place"] != each:
                    yield f"/sessions/{identity}/", "who comes on a place", row["place"], each
                if row["says"][planned] != words_of:
                    yield f"/sessions/{identity}/", "words", row["says"][planned], words_of
        for identity, planned in sorted(found.keys() | held.keys()):
            said_left, left = found.get((identity, planned)), held.get((identity, planned))
            if said_left != left:
                yield f"/sessions/{identity}/", f"places left {planned}", said_left, left

    def _places(self, left, series):
        if not left:
            waits = series.fields.get("waiting_list") != "no"
            return "Full: join the waiting list" if waits else "Full"
        return f"{'Only ' if left < 4 else ''}{left} place{'s' if left > 1 else ''} left"

    def _with_creche(self, left, series):
        free = int(series.value("creche_places") or 0)  # no child of these families needs one
        creche = f". Creche: {free} place{'s' if free > 1 else ''} left" if left and free else ""
        return self._places(left, series) + creche

    def booking(self, path, html, leads_to=""):
        """The booking page of a series, or where it leads to if a family asks for a place."""
        series = self._all[path.replace("/book/", "/sessions/") + "/"]
        asks = words.state(series, None, self._now) == "request"
        form = f"/request/{series.fields['programme']}?series={series.identity}"
        if leads_to != (form if asks else ""):
            yield series.path, "state", f"leads to {leads_to}", form if asks else "a page"
        if not asks:
            yield from self._booking_page(series, html)

    def _booking_page(self, series, html):
        main = main_of(html)
        shown = text(f"<h1{main}")
        title = shown.partition(series.name)[0].strip()
        kind = words.state(series, None, self._now)
        if kind == "open" and series.by_date:
            yield from self._chooser(series, main)
            return
        full = kind == "open" and self.left(series) <= 0
        held = TITLES.get(kind) or ("Join the waiting list" if full else "Book a place")
        if title != held:
            yield series.path, "state", title, held
        usual, today = words.usual(series), self._now.date()
        pattern = f"{words.pattern(series)}, {words.times(usual)}"
        coming = [one for one in series.shown if one.over > self._now]
        off = words.not_on(series, today, now=self._now)
        off = off and f"{off}."
        if coming and all(one.cancelled for one in coming):
            off = coming[0].cancelled.rstrip(".")  # naming each date would say nothing more
        for value, said in (
            ("times", pattern),
            ("venue", usual.venue.at),
            ("last day", words.span(series)),
            ("cancelled", off),
            ("opens", words.whole_moment(series.opens) if kind == "not yet" else ""),
        ):
            for one in missing(value, shown, said):
                yield series.path, *one
        yield from self._changes(series, shown)
        if kind == "open":
            said = "Every place is taken" if full else self._places(self.left(series), series)
            for one in missing("places left", shown, said):
                yield series.path, *one
            for one in missing("place for", shown, "" if full else words.place_for(series)):
                yield series.path, *one

    def _changes(self, series, shown):
        today = self._now.date()
        for one in series.shown:
            if max(one.planned, one.over.date()) < today or one.cancelled:
                continue
            for wrong in missing("changes", shown, words.changed(one, today).rstrip(".")):
                yield series.path, *wrong

    def _chooser(self, series, main):
        found = re.findall(r'\?session=([\d-]+)">(.*?)</a>(.*?)</li>', main, re.S)
        said = {planned: (text(day), text(rest)) for planned, day, rest in found}
        held = {str(one.planned): one for one in self.open_dates(series)}
        if said.keys() != held.keys():
            yield series.path, "dates to choose", sorted(said), sorted(held)
        for one in missing("place for", text(main), words.place_for(series)):
            yield series.path, *one
        for planned in said.keys() & held.keys():
            session, (day, rest) = held[planned], said[planned]
            for value, part, expected in (
                ("date", day, words.long(session.day)),
                ("times", rest, words.times(session)),
            ):
                for one in missing(value, part, expected):
                    yield series.path, *one
            for one in change(session, rest):
                yield series.path, *one
            left = self.left(series, planned)
            if left > 0:
                for one in missing(
                    "places left", rest, f"{left} place{'s' if left > 1 else ''} left"
                ):
                    yield series.path, *one

    def own_page(self, series, planned, html):
        """A family's own page after it has booked: the dates of its booking, and the place."""
        coming = [
            one
            for one in sorted(series.sessions, key=lambda one: one.starts)
            if one.over > self._now
        ]
        coming = [one for one in coming if planned in ("", str(one.planned))]
        when = re.search(r"<dt>When</dt><dd>(.*?)</dd>", html, re.S)
        shown = re.findall(r"<li>(.*?)</li>", when[1] if when else "", re.S)
        if len(shown) != len(coming):
            yield series.path, "dates", [text(one) for one in shown], len(coming)
            return
        for session, row in zip(coming, shown, strict=True):
            said = text(row)
            day = f"{words.long(session.day)}, {words.times(session)}"
            for one in (*missing("date and times", said, day), *change(session, said)):
                yield series.path, *one
        on = next((one for one in coming if not one.off), None)
        where = re.search(r"<dt>Where</dt><dd>(.*?)</dd>", html, re.S)
        for one in missing("venue", text(where[1] if where else ""), on.venue.name):
            yield series.path, *one
        name = re.search(r"<dt>What</dt><dd>(.*?)</dd>", html, re.S)
        for one in missing("name", text(name[1] if name else ""), series.name):
            yield series.path, *one

    def own_calendar(self, series, planned, calendar):
        """The private calendar of a booking holds the dates that are left."""
        entries = re.findall(r"BEGIN:VEVENT.*?END:VEVENT", calendar.replace("\r\n ", ""), re.S)
        said = sorted(
            (re.search(r"DTSTART[^:]*:(\w{15})", one)[1], "STATUS:CANCELLED" in one)
            for one in entries
        )
        held = sorted(
            (one.starts.strftime("%Y%m%dT%H%M%S"), bool(one.cancelled))
            for one in series.sessions
            if planned in ("", str(one.planned)) and one.ends > self._now
        )
        if [one for one in held if one not in said]:
            yield series.path, "dates of its calendar", said, held
