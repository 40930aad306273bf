"""Compares the finder's index, as browsers get it, and its list without scripts, with the files."""

import json
import re
from collections import Counter
from datetime import date, datetime, time, timedelta
from itertools import accumulate

from tests.comparison import words
from tests.comparison.lists import missing
from tests.comparison.markup import rows
from tests.comparison.markup import text as text_of

DAY_MINUTES = 24 * 60


class FinderIndex:
    """The index begins on the Monday of the week, and leaves out what is cancelled."""

    def __init__(self, series, now):
        self._all, self._now = series, now

    def read(self, path, text):
        index = json.loads(text)
        first = date.fromisoformat(index["first"])
        monday = self._now.date() - timedelta(days=self._now.weekday())
        if first != monday:
            yield path, "first day", first, monday
        said = {series: [*self._sessions(index, n)] for n, series in self._rows(index)}
        held = {
            of: [
                (one.starts, one.ends, words.times(one), one.venue.place, one.planned)
                for one in series.shown
                if one.day >= monday and not one.off
            ]
            for of, series in self._all.items()
        }
        held = {of: sessions for of, sessions in held.items() if sessions}
        for of in sorted(said.keys() | held.keys()):
            wrong, right = Counter(said.get(of, ())), Counter(held.get(of, ()))
            for session in (wrong - right) + (right - wrong):
                yield of, f"session {session}", wrong[session], right[session]
        for n, of in self._rows(index):
            if of in held:
                yield from ((of, *one) for one in self._facts(index, n, self._all[of], first))

    def _rows(self, index):
        centres = (
            centre
            for centre, number in zip(index["centres"], index["counts"], strict=True)
            for _ in range(number)
        )
        for n, (centre, slug) in enumerate(zip(centres, index["slugs"].split(), strict=True)):
            yield n, f"/sessions/{centre}/{slug}/"

    def _sessions(self, index, n):
        first, run = date.fromisoformat(index["first"]), index["run"][n]
        found = []
        if run >= 0:
            start, pattern = index["runs"][run]
            pairs = iter(index["patterns"][pattern])
            gaps = [gap for gap, many in zip(pairs, pairs, strict=True) for _ in range(many)]
            venue = sum(index["venue"][: n + 1])
            days = accumulate(gaps, initial=start)
            found = [(day, index["time"][n], venue, day) for day in days]
        extra = iter(index["extra"].get(str(n), ()))
        for day, at, venue, planned in (*found, *zip(extra, extra, extra, extra, strict=True)):
            starts, ends, said = index["times"][at]
            midnight = datetime.combine(first + timedelta(days=day), time())
            yield (
                midnight + timedelta(minutes=starts),
                midnight + timedelta(minutes=ends),
                said,
                index["venues"]["names"][venue],
                first + timedelta(days=planned),
            )

    def _facts(self, index, n, series, first):
        ages, send_to, *months = index["ages"][index["age"][n]]
        said = ages, send_to, months
        held = f"{words.ages(series)}.", int(series.send_to or 0), words.months(series)
        if said != held:
            yield "ages", said, held
        if index["welcome"][n] != words.welcome(series):
            yield "good for", index["welcome"][n], words.welcome(series)
        if index["names"][index["name"][n]] != series.name:
            yield "name", index["names"][index["name"][n]], series.name
        slug = index["programmes"][index["programme"][n]][0]
        if slug != series.fields["programme"]:
            yield "programme", slug, series.fields["programme"]
        begun, tag, *later = index["states"][index["state"][n]]
        yield from self._state(index, series, datetime.combine(first, time()), tag)
        pairs = iter(later)
        for minute, then in zip(pairs, pairs, strict=True):
            at = datetime.combine(first, time()) + timedelta(minutes=minute)
            yield from self._state(index, series, at, then)
        # Each change that the files know is in the index.
        changes, at = 0, datetime.combine(first, time())
        while at := words.ends(series, None, at):
            changes += 1
        if changes * 2 != len(later):
            yield "changes of state", len(later) // 2, changes
        if (begun >= 0) != series.by_date:
            yield "booked by date", begun >= 0, series.by_date

    def _state(self, index, series, at, tag):
        _, said, joinable = index["tags"][tag]
        held = words.state_words(series, None, at)
        free = words.state(series, None, at) in ("open", "drop-in", "request")
        if (said, bool(joinable)) != (held, free):
            yield f"state at {at}", (said, bool(joinable)), (held, free)


class FinderResults:
    """`/find/results` at a moment: every group once, with its next session."""

    def __init__(self, series, now):
        self._all, self._now = series, now

    def read(self, path, html):
        results = html.partition('id="results"')[2].partition("<h2>Or look around")[0]
        shown = [*rows(results)]
        coming = {}
        for of, series in self._all.items():
            if found := [one for one in series.shown if one.ends > self._now and not one.off]:
                coming[of] = found
        said = Counter(of for of, _ in shown)
        for of in sorted(coming.keys() | said.keys()):
            if said[of] != (of in coming):
                yield of, "groups", said[of], of in coming
        number = re.search(r"([\d,]+) groups", text_of(results))
        if not number or int(number[1].replace(",", "")) != len(coming):
            yield path, "number of groups", number and number[0], len(coming)
        for of, row in shown:
            if of in coming:
                yield from ((of, *one) for one in self._row(coming[of], text_of(row)))

    def _row(self, sessions, shown):
        session, series = sessions[0], sessions[0].series
        yield from missing(
            "next session", shown, f"{words.long(session.day, False)}, {words.times(session)}"
        )
        more = len(sessions) - 1
        if more:
            yield from missing("count", shown, f" {more} more date{'s' if more > 1 else ''}")
        elif "more date" in shown:
            yield "count", shown, "no more dates"
        yield from missing("venue", shown, session.venue.place)
        yield from missing("ages", shown, f"{words.ages(series)}.")
        yield from self._change(session, shown)
        begun = series.by_date and session.starts <= self._now
        said = "Started: ask us" if begun else words.state_words(series, None, self._now)
        yield from missing("state", shown, said)

    def _change(self, session, shown):
        """The marks of a moved or relocated date: there if, and only if, it is so."""
        if session.moved != ("Moved from" in shown):
            yield "moved", "Moved from" in shown, session.moved
        elif session.moved:
            apart = session.day != session.planned
            usual = words.times(words.usual(session.series))
            was = words.long(session.planned, False) if apart else usual
            yield from missing("moved", shown, f"Moved from {was}.")
        if session.elsewhere != ("Other place" in shown):
            yield "venue", "Other place" in shown, session.elsewhere
