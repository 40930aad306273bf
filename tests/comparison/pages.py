"""Compares the frozen pages with the files: series, centres, programmes, areas, days, leaflets."""

import json
import re
from collections import Counter
from datetime import date, timedelta

from tests.comparison import words
from tests.comparison.lists import Rows, change, missing
from tests.comparison.markup import fact, line, local, main_of, rows, text, visible

EMBEDDED = 20
STATUS = "https://schema.org/Event"


class Pages:
    """Readers of pages for one day. Each yields (series, value, what it says, the files say)."""

    def __init__(self, files, series, midnight):
        self._files, self._all, self._now = files, series, midnight
        self._today = midnight.date()
        self._until = files.leaflet_until(self._today)
        self._rows = Rows(series, midnight, self._until)
        self._coming = {one: found for one in series.values() if (found := one.coming(self._today))}
        week = self._today + timedelta(days=7)
        sessions = [
            one for series in self._coming for one in series.listed if self._today <= one.day < week
        ]
        self._week = sorted(sessions, key=lambda one: one.starts)
        self.readers = (
            (r"/sessions/[^/]+/[^/]+/", self._series),
            (r"/centres/[^/]+/", self._centre),
            (r"/centres/[^/]+/whats-on/", self._leaflet),
            (r"/centres/[^/]+/whats-on\.pdf", self._paper),
            (r"/embed/[^/]+/", self._embed),
            (r"/programmes/[^/]+/", self._programme),
            (r"/(districts|footprints)/[^/]+/", self._area),
            (r"/whats-on/[^/]+/", self._weekday),
            (r"/whats-on/", self._whats_on),
            (r"/|/near/[^/]+/|/ages/[^/]+/", self._some),
            (r"/centres/|/programmes/", self._every),
            (r"/help/[^/]+/", self._help),
            (r"/your-worker/[^/]+/", self._workers),
        )

    # --- a series ---------------------------------------------------------------------------------

    def _series(self, path, html):
        series, main = self._all[path], main_of(html).partition("<h2>Other times")[0]
        for value, shown, said in self._facts(series, main):
            for one in missing(value, shown, said):
                yield path, *one
        yield from self._dates(series, main)
        yield from self._button(series, main)
        yield from self._data(series, html)
        yield from self._list(path, html.partition("<h2>Other times")[2])

    def _facts(self, series, main):
        when = fact(main, "When")
        yield "times", when, f"{words.pattern(series)}, {words.times(words.usual(series))}"
        yield "last day", when, words.span(series)
        yield "venue", fact(main, "Where"), series.venue.name
        yield "ages", fact(main, "Ages"), words.ages(series)
        for label, said in words.visit(series):
            yield label, line(main, label), said
        kind, how = words.state(series, None, self._now), fact(main, "How to get a place")
        end = words.ends(series, None, self._now)
        said = {
            "open": "Book a place.",
            "not yet": "Not yet.",
            "closed": words.state_words(series, None, self._now),
            "started": "It has started.",
            "past": "It is over.",
            "cancelled": "It is cancelled.",
            "postponed": "It is postponed.",
            "drop-in": "Drop in.",
            "request": "Ask for a place.",
            "referral": "Through a professional.",
        }[kind]
        yield "state", f"^ {how}", f"^ {said}"
        if kind == "open":
            yield "place for", how, words.place_for(series)
        if kind in ("open", "request") and end:
            verb = "Book" if kind == "open" else "Ask"
            yield "state", how, f"{verb} by {words.end_words(end)}"
        if kind == "not yet":
            yield "state", how, words.whole_moment(series.opens)

    def _dates(self, series, main):
        said = dict(re.findall(r'<li id="([\d-]+)"(.*?</li>)', main, re.S))
        coming = {str(one.planned): one for one in self._coming.get(series, ())}
        if said.keys() != coming.keys():
            yield series.path, "dates", sorted(said.keys()), sorted(coming)
        for planned in said.keys() & coming.keys():
            session, row = coming[planned], said[planned]
            shown = text(visible(row))
            off = row.count("<s>")
            if off != (2 if session.off else 0):
                yield (
                    series.path,
                    "cancelled",
                    f"{planned} is struck out {off} times",
                    session.off,
                )
            ends = local(re.search(r'data-ends="([^"]+)"', row)[1])
            if ends != session.over:
                yield series.path, "times", f"{planned} ends at {ends}", session.over
            for value, said_words in (
                ("date", words.long(session.day)),
                ("times", words.times(session)),
                ("note", session.note.rstrip(".")),
            ):
                for one in missing(value, shown, said_words):
                    yield series.path, *one
            for one in change(session, shown):
                yield series.path, *one

    def _button(self, series, main):
        kind = words.state(series, None, self._now)
        shown = visible(main)
        pressed = {
            "book": "/book/" in shown and ">Book a place</a>" in shown,
            "ask": ">Ask for a place</a>" in shown,
            "refer": ">Refer a family</a>" in shown,
        }
        said = {
            "book": kind == "open" and not series.by_date,
            "ask": kind == "request",
            "refer": kind == "referral",
        }
        if pressed != said:
            yield series.path, "state", pressed, said

    def _data(self, series, html):
        found = re.search(r'ld\+json">(.*?)</script>', html, re.S)
        graph = json.loads(found[1])["@graph"] if found else []
        nodes = {one.get("@id"): one for one in graph}
        events = {one["url"].partition("#")[2]: one for one in graph if "startDate" in one}
        coming = {str(one.planned): one for one in self._coming.get(series, ())}
        if events.keys() != coming.keys():
            yield series.path, "dates of JSON-LD", sorted(events), sorted(coming)
        for planned in events.keys() & coming.keys():
            said = self._event(events[planned], nodes)
            session = coming[planned]
            status = (
                "Cancelled"
                if session.cancelled
                else "Postponed"
                if session.postponed
                else "Rescheduled"
                if session.moved
                else "Scheduled"
            )
            venue = session.venue.name if session.elsewhere else series.venue.name
            held = session.starts, session.ends, STATUS + status, venue
            if said != held:
                yield series.path, f"JSON-LD of {planned}", said, held
        yield from self._offer(series, [one for one in graph if one["@type"] == "Offer"])

    def _event(self, event, nodes):
        where = event["location"]
        place = where if "name" in where else nodes[where["@id"]]
        return (
            local(event["startDate"]),
            local(event["endDate"]),
            event["eventStatus"],
            place["name"],
        )

    def _offer(self, series, offers):
        kind = words.state(series, None, self._now)
        said = [
            tuple(local(one[name]) if name in one else None for name in
                  ("availabilityStarts", "availabilityEnds"))
            for one in offers
        ]  # fmt: skip
        held = []
        if series.way == "book" and series in self._coming and kind in ("open", "not yet"):
            opens = series.opens if kind == "not yet" else None
            held = [(opens, series.closes if opens else words.ends(series, None, self._now))]
        if said != held:
            yield series.path, "offer of JSON-LD", said, held

    # --- lists of series --------------------------------------------------------------------------

    def _list(self, path, html, kind="list", tag="li"):
        for of, row in rows(html, tag):
            for one in self._rows.series(of, row, kind):
                yield of, *one

    def _whole(self, value, html, expected, tag="li"):
        """Whether a list has just these series, each once."""
        said = Counter(path for path, _ in rows(html, tag))
        held = Counter(one.path for one in expected)
        for path in sorted((said - held) + (held - said)):
            yield path, value, f"{said[path]} rows", f"{held[path]} rows"

    def _centre(self, path, html):
        slug = path.split("/")[2]
        main, _, finished = main_of(html).partition("Groups that have finished")
        here = [one for one in self._all.values() if one.centre["slug"] == slug]
        coming = [one for one in here if one in self._coming]
        yield from self._whole("groups", main, coming)
        yield from self._whole("finished", finished, [one for one in here if one not in coming])
        yield from self._list(path, main, "centre")

    def _programme(self, path, html):
        main, slug = main_of(html), path.split("/")[2]
        runs = [one for one in self._coming if one.fields["programme"] == slug]
        yield from self._whole("groups", main, runs)
        yield from self._list(path, main)
        for title, part in re.findall(
            r"<h3>(.*?)</h3>\s*<ul class=\"rows\">(.*?)</ul>", main, re.S
        ):
            had = [words.joinable_on(self._all[of], self._today) for of, _ in rows(part)]
            if had != sorted(had, reverse=True):
                yield path, f"order in {text(title)}", had, "what can be had now comes first"
            for of, _ in rows(part):
                district = self._all[of].centre["district"]
                if text(title) != self._districts()[district]["title"]:
                    yield of, "district", text(title), district

    def _leaflet(self, path, html):
        slug = path.split("/")[2]
        main = main_of(html)
        for one in missing("until", text(main), f"Until {words.long(self._until)}."):
            yield path, *one
        here = [one for one in self._coming if one.centre["slug"] == slug]
        now = [one for one in here if self._coming[one][0].day <= self._until]
        yield from self._whole("groups", main, now, "tr")
        yield from self._list(path, main, "leaflet", "tr")
        later = text(main).partition("Later:")[2]
        for one in here:
            if one not in now:
                said = f"{one.name}, from {words.long(self._coming[one][0].day)}"
                for wrong in missing("later", later, said):
                    yield one.path, *wrong

    def _paper(self, path, words_of_pdf):
        """The text of a leaflet's PDF: the same groups, times, ages, changes and states."""
        slug = path.split("/")[2]
        shown = " ".join(words_of_pdf.split())
        for series, coming in self._coming.items():
            if series.centre["slug"] != slug or coming[0].day > self._until:
                continue
            off = words.not_on(series, self._today, self._until)
            for value, said in (
                ("name", series.name),
                ("times", words.times(words.usual(series))),
                ("ages", words.ages(series)),
                ("state", words.dated(series, None, self._now)),
                ("last day", words.span(series)),
                ("cancelled", off),
            ):
                for one in missing(value, shown, said):
                    yield series.path, *one
            for session in series.shown:
                days = session.planned, session.day
                if (
                    session.cancelled
                    or max(*days, session.over.date()) < self._today
                    or min(days) > self._until
                ):
                    continue
                moved = words.changed(session, self._today).rstrip(".")
                for one in missing("moved", shown, moved):
                    yield series.path, *one

    def _embed(self, path, html):
        slug = path.split("/")[2]
        coming = [
            one
            for run in self._coming
            if run.centre["slug"] == slug
            for one in run.listed
            if one.day >= self._today
        ]
        coming.sort(key=lambda one: (one.starts, one.series.identity))
        shown = [*rows(html)]
        for at, session in enumerate(coming[:EMBEDDED]):
            of = session.series.path
            if at >= len(shown) or shown[at][0] != of:
                yield (
                    of,
                    "sessions",
                    shown[at : at + 1],
                    f"{words.long(session.day)} is number {at + 1}",
                )
                return
            yield from ((of, *one) for one in self._embedded(session, text(shown[at][1])))
        if len(shown) > len(coming[:EMBEDDED]):
            yield path, "sessions", len(shown), len(coming)

    def _embedded(self, session, shown):
        series = session.series
        start = f"{words.long(session.day, False)}, {words.times(session)}"
        yield from missing("date and times", shown.replace(" ,", ","), start)
        yield from change(session, shown)
        yield from missing("ages", shown, f"{words.ages(series)}.")
        if session.elsewhere or series.venue.centre != series.centre["slug"]:
            yield from missing("venue", shown, session.venue.at)
        if not session.off and not session.moved_to:
            by_date = session if series.by_date else None
            yield from missing("state", shown, f"{words.dated(series, by_date, self._now)}.")

    # --- lists of sessions ------------------------------------------------------------------------

    def _sessions(self, html):
        for of, row in rows(html):
            if "data-ends" in row:
                session, wrong = self._rows.session(of, row)
                yield session, [(of, *one) for one in wrong]

    def _some(self, path, html):
        """A page that chooses sessions of the week: each is as the files say."""
        for session, wrong in self._sessions(main_of(html)):
            yield from wrong
            if session is not None and session not in self._week:
                yield session.series.path, "day", session.day, "not in this week"
            if session is not None and session.moved_to and not path.startswith("/ages/"):
                yield session.series.path, "moved", session.day, "a list of what is on"

    def _help(self, path, html):
        """The next sessions for a need: as the files say, of its programmes, one in a district."""
        page, main = self._files.help_pages[path.split("/")[2]], main_of(html)
        districts = []
        for session, wrong in self._sessions(main):
            yield from wrong
            if session is None:
                continue
            districts.append(session.series.centre["district"])
            if page["need"] not in session.series.programme.get("needs", ()):
                yield session.series.path, "need", page["need"], "no need of its programme"
        if len(districts) != len(set(districts)):
            yield path, "districts", districts, "one session in each"
        for slug in re.findall(r'href="/programmes/([^/"]+)/"', main):
            programme = self._files.programmes[slug]
            if page.get("private") == "yes":
                if programme.get("sensitive") != "yes":
                    yield path, "programme", slug, "no sensitive one"
            elif page["need"] not in programme["needs"] or programme.get("sensitive") == "yes":
                yield path, "programme", slug, f"none for {page['need']}"

    def _workers(self, path, html):
        """Each centre of a district with its worker, its schools and its own form, and no other.

        A building that was given up is there only if its file names a worker.
        """
        here = {
            slug: centre
            for slug, centre in self._files.centres.items()
            if centre["district"] == path.split("/")[2]
            and ("contact" in centre or not str(centre.get("in_use")).startswith("no"))
        }
        parts = dict(re.findall(r'<h2 id="([^"]+)">(.*?)(?=<h2|$)', main_of(html), re.S))
        named = [slug for slug, centre in here.items() if "contact" in centre]
        if sorted(parts) != sorted(named):
            yield path, "centres with a worker", sorted(parts), sorted(named)
        for slug in parts.keys() & set(named):
            contact, part = here[slug]["contact"], parts[slug]
            said = [here[slug]["title"], *(contact.get(name, "") for name in ("first_name", "ask"))]
            said += [contact.get("role", "")[1:], *here[slug].get("serves", ())]
            for words_of_file in said:
                if words_of_file not in text(part):
                    yield slug, "worker", text(part), words_of_file
        forms = re.findall(r"who=professional&amp;centre=([a-z0-9-]+)", main_of(html))
        if sorted(forms) != sorted(here):
            yield path, "forms", sorted(forms), sorted(here)

    def _in(self, slug):
        """Whether a series belongs to a district or footprint."""
        for one in self._files.footprints:
            if one["slug"] == slug:
                slugs = [district["slug"] for district in one["districts"]]
                return lambda series: series.centre["district"] in slugs
        return lambda series: series.centre["district"] == slug

    def _districts(self):
        found = (one for footprint in self._files.footprints for one in footprint["districts"])
        return {one["slug"]: one for one in found}

    def _area(self, path, html):
        _, kind, slug, _ = path.split("/")
        main = main_of(html)
        inside = self._in(slug)
        if kind == "districts":

            def inside(series):
                return series.centre["district"] == slug

        yield from self._by_day(path, main, [one for one in self._week if inside(one.series)])
        running = {one.fields["programme"] for one in self._coming if inside(one)}
        said = set(re.findall(r'href="/programmes/([^/"]+)/"', main.partition("What runs here")[2]))
        if said != running:
            yield path, "programmes", sorted(said), sorted(running)
        slugs = [slug] if kind == "districts" else [
            one["slug"] for area in self._files.footprints if area["slug"] == slug
            for one in area["districts"]
        ]  # fmt: skip
        centres = {one["slug"] for one in self._files.centres.values() if one["district"] in slugs}
        listed = set(re.findall(r'href="/centres/([^/"]+)/"', main.partition("<h2>This week<")[0]))
        if listed != centres:
            yield path, "centres", sorted(listed), sorted(centres)

    def _by_day(self, path, main, sessions):
        """Days of rows; what is left out is counted. A moved session counts on its new day, and a
        day that is shown says all that moved away from it."""
        held = Counter(one.day for one in sessions if not one.moved_to)
        parts = re.split(r'<h\d data-day="([\d-]+)">', main.partition("What runs here")[0])
        numbers = {}
        for day, part in zip(parts[1::2], parts[2::2], strict=True):
            part, _, later = part.partition("Later this week")
            shown = [*self._sessions(part)]
            for session, wrong in shown:
                yield from wrong
                if session and (str(session.day) != day or session not in sessions):
                    yield session.series.path, "day", day, session.day
            more = re.search(r"([\d,]+) more sessions? on", part)
            numbers[date.fromisoformat(day)] = number_of(
                session for session, _ in shown if session
            ) + (int(more[1]) if more else 0)
            said = {session for session, _ in shown}
            for old in (one for one in sessions if one.moved_to and str(one.day) == day):
                if old not in said:
                    yield old.series.path, f"old day {day}", "no row", "one that says it moved"
            for number, month, count in re.findall(r"(\d+) (\w+): (\d+) sessions?<", later):
                days = (self._today + timedelta(days=ahead) for ahead in range(7))
                when = next(one for one in days if words.short(one) == f"{number} {month}")
                numbers[when] = int(count)
        for day in sorted(numbers.keys() | held.keys()):
            if numbers.get(day, 0) != held[day]:
                yield path, f"sessions on {day}", numbers.get(day, 0), held[day]

    def _whats_on(self, path, html):
        main = main_of(html)
        yield from self._by_day(path, main, self._week)
        yield from self._count(path, main, number_of(self._week))

    def _count(self, value, html, held):
        said = re.search(r"([\d,]+) sessions?", text(html))
        number = int(said[1].replace(",", "")) if said else 0
        if number != held:
            yield value, "number of sessions", number, held

    def _weekday(self, path, html):
        main, name = main_of(html), path.split("/")[2].title()
        on_day = [one for one in self._week if words.WEEKDAYS[one.day.weekday()] == name]
        yield from self._count(path, main.partition("</p>")[0], number_of(on_day))
        parts = re.split(r'<h2 id="([a-z-]+)">', main)
        areas = dict(zip(parts[1::2], parts[2::2], strict=True))
        for slug in self._districts():
            there = [one for one in on_day if one.series.centre["district"] == slug]
            part = areas.get(slug, "").partition("</section>")[0]
            shown = [*self._sessions(part)]
            for _, wrong in shown:
                yield from wrong
            said = Counter(session for session, _ in shown)
            for session in (said - Counter(there)) + (Counter(there) - said):
                of = session.series.path if session else path
                yield of, f"sessions in {slug}", said[session], there.count(session)
            yield from self._count(f"{path}#{slug}", part.partition("</h2>")[0], number_of(there))
        for area in self._files.footprints:
            whole = re.search(re.escape(area["title"]) + r": (\d+) session", text(main))
            there = [one for one in on_day if self._in(area["slug"])(one.series)]
            inside = number_of(there)
            several = len({one.series.centre["district"] for one in there}) > 1
            # The sum is said where there is more than one district to add up.
            if several and int(whole[1] if whole else 0) != inside:
                yield path, f"sessions in {area['slug']}", whole and whole[1], inside

    def _every(self, path, html):
        """The lists of all centres and of all programmes."""
        kind = path.strip("/")
        held = set(self._files.centres if kind == "centres" else self._files.programmes)
        said = set(re.findall(rf'href="/{kind}/([^/"]+)/"', main_of(html)))
        if said != held:
            yield path, kind, sorted(said), sorted(held)


def number_of(sessions):
    """How many sessions there are, without the old days of those that moved."""
    return sum(not one.moved_to for one in sessions)
