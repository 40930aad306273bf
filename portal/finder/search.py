"""The finder's rules: from a query to a list of sessions, ready to show.

`static/find.js` answers the same queries in the browser, so that a postcode never leaves it. Both
read the tables of `index.py` and follow the same rules, and the tests put one table of queries to
both. So the rules are simple: each filter is a test of one series or of one session, the order is
by what is shown (tenths of a mile, then the start), and every word comes from the tables.

A result is the next matching session of a series, and how many more of its dates match.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from portal.directory import phrases
from portal.directory.values import LONDON, distance
from portal.finder.places import Mistake, Place, put, sector_of
from portal.finder.postcodes import Postcodes
from portal.finder.query import FLAGS, SEVERAL, Age, Fields, Query, read
from portal.finder.reading import Box, Private, Reading
from portal.finder.tables import Series, Session, Sieve, Tables
from portal.finder.texts import CHOICES, FEW, MILES, PAGE, WIDER, WORDS
from portal.finder.topics import Row

FAR = 10**6  # tenths of a mile to a venue whose position is not known
# Series (identity, "") and dates (identity, date) in which every place is taken.
Full = frozenset[tuple[str, str]]
# Pages that are shown above the list: few, so that the first result stays in view on a phone.
FEW_DOORS, MOST_DOORS = 2, 4
A_YEAR_AHEAD = 300  # days from today; later dates are shown with their year


# --- the answer -----------------------------------------------------------------------------------


class Link(NamedTuple):
    """A link: its words and its query string."""

    words: str
    query: str


class Door(NamedTuple):
    """A page that answers the words: its title, its path, and how to get a place."""

    words: str
    path: str
    how: str = ""


class Chip(NamedTuple):
    """A filter at one press: its words, the query after the press, and whether it is on now."""

    words: str
    query: str
    on: bool


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the list: the next matching session of a series."""

    path: str
    name: str
    when: str
    more: str
    where: str
    change: str  # from when it moved, and whether it is at another place than usual
    ages: str  # as a sentence, and so are cost and language
    cost: str
    tag: str  # the colour of its state
    state: str  # how to get a place now, or why one cannot
    spoken: str  # 'In Urdu.', '' for English
    access: tuple[tuple[str, str], ...]  # facilities that decide who can come: key and sentence


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is shown for a query. If there are mistakes, there are no results."""

    asked: Query
    mistakes: tuple[Mistake, ...] = ()
    heading: str = ""
    summary: str = ""  # the question in one line: 'Near Bacup, age 2, Free'
    chips: tuple[Chip, ...] = ()  # Today, Tomorrow and so on
    notes: tuple[str, ...] = ()  # what to know of the place, and how far the search went
    total: int = 0
    results: tuple[Result, ...] = ()
    chosen: tuple[Link, ...] = ()  # the filters, each linked to the query without it
    loosened: tuple[Link, ...] = ()  # the queries without one filter that would have results
    further: Link | None = None  # the query for more rows
    doors: tuple[Door, ...] = ()  # pages that answer the words, above the list
    next: str = ""  # nothing found: how far the next one is, whatever else was chosen
    tell: tuple[Door, ...] = ()  # nothing found: where to ask to hear of the next one
    private: str = ""  # the page that alone answers words of a private matter (S82)


# --- the finder -----------------------------------------------------------------------------------


class Finder:
    """Answers queries from one set of tables."""

    def __init__(
        self, index: Mapping[str, Any], places: Mapping[str, Any], postcodes: bytes = b""
    ) -> None:
        """Raises PostcodesError if the exact postcodes are damaged."""
        self._tables = Tables(index)
        names = index["names"]
        self._box = Box(places, names, Postcodes(postcodes) if postcodes else None)
        self._centres: Sequence[str] = places["centres"]

    def place(self, text: str) -> Place | Mistake:
        """The place that a text names; of a postcode, its sector and no more."""
        return self._box.place(sector_of(text))

    def ask(self, fields: Fields, now: datetime, full: Full = frozenset()) -> Answer:
        """Answer the query in form fields as at `now` (aware). `full` has no place left."""
        query, mistakes = read(fields, [*self._tables.programmes])
        found = self._box.read(query.near) if query.near else Reading()
        if isinstance(found, Private):
            return Answer(Query(), private=found.path)
        if isinstance(found, Mistake):
            mistakes.append(found)
            found = Reading()
        elif query.near:
            near = found.place.key if found.place else ""
            query = replace(query, near=near, topic=found.topic)
            for name, value in found.filters:
                query = query.with_choice(name, value)
        if mistakes:
            # The place is the first field of the form, so its mistake comes first.
            mistakes.sort(key=lambda mistake: mistake.field != "near")
            return Answer(query, tuple(mistakes))
        answer = _Search(self._tables, query, found.place, now, full).answer()
        notes = [put("left-out", words=found.left_out)] if found.left_out else []
        doors = (*self._centre(found.place), *self._doors(query, brief=answer.total > 0))
        return replace(
            answer,
            notes=(*notes, *answer.notes),
            doors=doors[: FEW_DOORS if answer.total else MOST_DOORS],
            tell=() if answer.total else tuple(self._tell(query))[:MOST_DOORS],
        )

    def _centre(self, place: Place | None) -> Iterator[Door]:
        if place and place.centre is not None:
            yield Door(place.key, f"/centres/{self._centres[place.centre]}/")

    def _pages(self, query: Query) -> Iterator[Row]:
        """The pages of a topic, and of the programmes that are chosen."""
        rows = self._box.topics.rows
        numbers = query.topic.rows if query.topic else ()
        chosen = {f"/programmes/{slug}/" for slug in query.several("programme")}
        more = (number for number, row in enumerate(rows) if row.path in chosen)
        yield from (rows[number] for number in dict.fromkeys((*numbers, *more)))

    def _doors(self, query: Query, *, brief: bool) -> Iterator[Door]:
        """The pages; if nothing is found, with how to get a place."""
        for row in self._pages(query):
            if row.path:
                yield Door(row.title, row.path, "" if brief else row.how)

    def _tell(self, query: Query) -> Iterator[Door]:
        pairs = [("near", query.near)] if query.near else []
        asked = urlencode([*pairs, *(("age", age.key) for age in query.ages)])
        for row in self._pages(query):
            if row.tell:
                path = f"/tell/{row.programmes}{asked and '?'}{asked}"
                yield Door(put("tell", title=row.title), path)


class _Fit(NamedTuple):
    """A matching series: its next matching session and how many other sessions match."""

    series: Series
    session: Session
    others: int
    tenths: int  # of a mile, as shown


class _Search:
    """One query, at one place and time."""

    def __init__(
        self, tables: Tables, query: Query, place: Place | None, now: datetime, full: Full
    ) -> None:
        if now.tzinfo is None:
            raise ValueError("now must have a time zone")
        here = now.astimezone(LONDON)
        self._tables = tables
        self._day = (here.date() - tables.first).days
        self._minute = here.hour * 60 + here.minute
        self._query = query
        self._place = place
        self._miles = query.miles
        self._full = full
        self._tenths = [self._away(venue) for venue in range(len(tables.venues))]

    def _away(self, venue: int) -> int:
        if self._place is None or venue in self._tables.nowhere:
            return FAR
        return math.floor(distance(self._place.at, self._tables.venues[venue]) * 10 + 0.5)

    def _nearby(self, query: Query) -> list[bool]:
        """For each venue, whether it is in the area of the query."""
        place = self._place
        if place is None or not query.near:
            return [True] * len(self._tenths)
        if place.district is not None:
            return [place.district == one for one in self._tables.index["venues"]["district"]]
        far = int(query.miles) * 10 if query.miles.isdecimal() else FAR
        return [tenths <= far for tenths in self._tenths]

    def _sieve(self, query: Query) -> Sieve:
        now = self._day, self._minute
        return Sieve(self._tables, query, self._nearby(query), now, self._full)

    def _matching(self, query: Query) -> tuple[str, Sequence[tuple[Series, Sequence[Session]]]]:
        """How far the search goes, in miles, and the series that match, each with its sessions.

        If the family does not say how far, the search goes on until there is more than a little.
        """
        place = self._place
        if place is None or place.district is not None or query.miles or not query.near:
            return query.miles, [*self._sieve(query)]
        reached, found = WIDER[0], [*self._sieve(replace(query, miles=WIDER[0]))]
        for miles in WIDER[1:]:
            if len(found) >= FEW:
                break
            more = [*self._sieve(replace(query, miles=miles))]
            if len(more) > len(found):
                reached, found = miles, more
        return reached if found else WIDER[-1], found

    def _number(self, query: Query) -> int:
        return len(self._matching(query)[1])

    def answer(self) -> Answer:
        query = self._query
        self._miles, fits = self._fits(query)
        near = self._number_near(len(fits))
        further = None
        if len(fits) > query.show:
            more = min(len(fits) - query.show, PAGE)
            further = Link(put("next", n=str(more)), replace(query, show=query.show + PAGE).address)
        return Answer(
            asked=query,
            heading=self._heading(fits, near),
            summary=self._summary(),
            chips=tuple(self._chips()),
            notes=tuple(self._notes(len(fits), near)),
            total=len(fits),
            results=tuple(self._result(fit) for fit in fits[: query.show]),
            chosen=tuple(self._chosen()),
            loosened=() if fits else tuple(self._loosened()),
            next="" if fits else self._next(),
            further=further,
        )

    def _number_near(self, number: int) -> int:
        """How many of the matching series are near, where the search went further by itself."""
        if self._query.miles or self._miles in ("", WIDER[0]):
            return number
        return len([*self._sieve(replace(self._query, miles=WIDER[0]))])

    def _next(self) -> str:
        """Where and when the next one of a topic or programme is, whatever else was chosen."""
        query = self._query
        if not (query.topic or query.on("programme")):
            return ""
        chosen = {"programme": query.several("programme")}
        _, fits = self._fits(Query(near=query.near, topic=query.topic, miles="any", chosen=chosen))
        if not fits:
            return WORDS["next-none"]
        venue = self._tables.index["venues"]["names"][fits[0].session.venue]
        when = self._when(fits[0].session)
        if self._place is None or fits[0].tenths >= FAR:
            return put("next-at", venue=venue, when=when)
        miles = self._miles_to(fits[0])
        return put("next-away", miles=miles, venue=venue, when=when)

    def _miles_to(self, fit: _Fit) -> str:
        return phrases.tenths_of_miles(fit.tenths, about=self._about(fit.session.venue))

    def _fits(self, query: Query) -> tuple[str, list[_Fit]]:
        """How far the search goes, in miles, and the matching series, in order."""
        miles, matching = self._matching(query)
        found = [
            _Fit(series, sessions[0], len(sessions) - 1, self._shown(sessions[0].venue))
            for series, sessions in matching
        ]
        return miles, sorted(found, key=self._order)

    def _order(self, fit: _Fit) -> tuple[int, int, int, str, str]:
        day, minute = self._tables.start(fit.session)
        name, identity = fit.series.name, fit.series.identity
        if self._query.order == "soonest":
            return day, minute, fit.tenths, name, identity
        return fit.tenths, day, minute, name, identity

    def _about(self, venue: int) -> bool:
        """Whether the distance to a venue is not exact, because either position is not."""
        return venue in self._tables.about or (self._place is not None and self._place.about)

    def _shown(self, venue: int) -> int:
        """The distance shown, in tenths of a mile; rounded to whole miles if it is not exact."""
        tenths = self._tenths[venue]
        return (tenths + 5) // 10 * 10 if self._about(venue) else tenths

    # --- wording ----------------------------------------------------------------------------------

    def _heading(self, fits: Sequence[_Fit], near: int) -> str:
        """'12 groups near PR1 8 for ages 1 to 2', or '…, none within 5 miles of PR1 8'.

        Groups that are only in the list because little is near are not counted as near.
        """
        number = near or len(fits)
        said = put("no" if number == 0 else "one" if number == 1 else "many", n=f"{number:,}")
        if self._query.topic:
            said += put("on", topic=self._query.topic.words)
        if self._query.when:
            said += WORDS[f"on-{self._query.when}"]
        nearest = min((fit.tenths for fit in fits), default=0)
        far = self._place is not None and int(WIDER[0]) * 10 < nearest < FAR
        if self._place and not far:
            said += put("near" if self._place.district is None else "in", place=self._place.key)
        if self._query.ages:
            said += put("for", ages=_ages_words(self._query.ages))
        if self._place and far:
            said += put("none-near", place=self._place.key, usual=WIDER[0])
        return said

    def _summary(self) -> str:
        """What is asked, in one line, without what the chips show."""
        query = self._query
        said = []
        if self._place:
            near = "f-near" if self._place.district is None else "f-in"
            said.append(put(near, place=self._place.key))
        if query.topic:
            said.append(put("f-topic", topic=query.topic.words))
        if query.ages:
            said.append(_ages_words(query.ages))
        if self._place and self._place.district is None and query.miles not in ("", "any"):
            said.append(put("f-mile" if query.miles == "1" else "f-miles", n=query.miles))
        said += [link.words for link in self._further_filters()]
        return phrases.capital(", ".join(said)) or WORDS["f-all"]

    def _chips(self) -> Iterator[Chip]:
        """The filters that are one press away: today and the like, and what has places."""
        query = replace(self._query, show=PAGE)
        for value, words in CHOICES["on"].items():
            on = query.when == value
            yield Chip(words, replace(query, when="" if on else value).address, on)
        yield Chip(WORDS["f-room"], replace(query, room=not query.room).address, query.room)

    def _notes(self, number: int, near: int) -> Iterator[str]:
        """Which council serves a place outside the county, and why the search went further."""
        place = self._place
        if place and place.council:
            yield put("outside", place=place.key, council=place.council)
            if number:
                rough = [put("rough", place=place.key)] if place.about else []
                yield " ".join([WORDS["nearest"], *rough])
        elif not self._query.miles and self._miles not in ("", WIDER[0]):
            far = put("far-any" if self._miles == "any" else "far", miles=self._miles)
            words = "wider-no" if near == 0 else "wider-one" if near == 1 else "wider"
            yield put(words, n=str(near), usual=WIDER[0], far=far)

    def _result(self, fit: _Fit) -> Result:
        index, series, venue = self._tables.index, fit.series, fit.session.venue
        more = ""
        if fit.others:
            more = put("more-one" if fit.others == 1 else "more", n=str(fit.others))
        where = index["venues"]["names"][venue]
        tag = self._tables.tag(series, fit.session, (self._day, self._minute))
        if self._place and fit.tenths < FAR:
            where = put("where", venue=where, miles=self._miles_to(fit))
        return Result(
            path=f"/sessions/{series.identity}/",
            name=series.name,
            when=self._when(fit.session),
            more=more,
            where=where,
            change=self._change(series, fit.session),
            ages=index["ages"][series.age][0],
            cost=index["costs"][series.cost],
            tag=tag.colour,
            state=tag.words,
            spoken=series.spoken,
            access=tuple(self._access(index["venues"]["facilities"][venue])),
        )

    def _access(self, facilities: int) -> Iterator[tuple[str, str]]:
        words = CHOICES["access"]
        for name in phrases.ACCESS:
            if facilities >> [*words].index(name) & 1:
                yield name, phrases.sentence(words[name])

    def _when(self, session: Session) -> str:
        words = "when-year" if session.day - self._day > A_YEAR_AHEAD else "when"
        return self._dated(words, session.day, session.time)

    def _dated(self, words: str, number: int, time: int) -> str:
        index = self._tables.index
        day = self._tables.first + timedelta(days=number)
        return put(
            words,
            weekday=index["weekdays"][day.weekday()],
            day=str(day.day),
            month=index["months"][day.month - 1],
            year=str(day.year),
            times=index["times"][time][2],
        )

    def _change(self, series: Series, session: Session) -> str:
        """'Moved from Wednesday 9 December. Other place.'; '' if it is as usual."""
        said = []
        if session.day != session.planned:
            said.append(self._dated("moved", session.planned, series.time))
        elif session.time != series.time:
            said.append(self._dated("moved-time", session.planned, series.time))
        if session.venue != series.venue:
            said.append(WORDS["elsewhere"])
        return " ".join(said)

    def _chosen(self) -> Iterator[Link]:
        """The filters that are set, each linked to the query without it."""
        query, place = self._query, self._place
        if query.topic:
            words = put("f-topic", topic=query.topic.words)
            yield Link(words, query.without("topic").address)
        if place:
            words = put("f-near" if place.district is None else "f-in", place=place.key)
            yield Link(words, query.without("near").address)
            if place.district is None and self._miles != "any":
                words = put("f-mile" if self._miles == "1" else "f-miles", n=self._miles)
                yield Link(words, query.without("miles").address)
        for age in query.ages:
            yield Link(phrases.capital(age.label), query.without("age", age.key).address)
        yield from self._further_filters()

    def _further_filters(self) -> Iterator[Link]:
        """The filters other than place and age. The chips show `on` and `room`."""
        query = self._query
        for name in FLAGS:
            if name != "room" and query.on(name):
                yield Link(put(f"f-{name}"), query.without(name).address)
        for name in SEVERAL:
            words_of = self._tables.programmes if name == "programme" else CHOICES[name]
            for value in query.several(name):
                yield Link(words_of[value], query.without(name, value).address)
        if query.term:
            yield Link(CHOICES["term"][query.term], query.without("term").address)

    def _loosened(self) -> Iterator[Link]:
        """The queries without one filter that would have results, with the number of results."""
        found = [
            Link(words.replace("{n}", f"{number:,}"), freer.address)
            for words, freer in self._freer()
            if (number := self._number(freer))
        ]
        if not found and (number := self._number(Query())):
            found = [Link(put("l-all", n=f"{number:,}"), Query().address)]
        yield from found

    def _freer(self) -> Iterator[tuple[str, Query]]:
        """For each filter, the words that offer to drop it and the query without it."""
        query, place = self._query, self._place
        if place and place.district is None:
            # Without a choice of miles, the search has gone to any distance by now.
            for miles in MILES[MILES.index(query.miles or "any") + 1 :]:
                wider = replace(query, miles=miles)
                if miles == "any" or self._number(wider):
                    yield put("l-miles-any" if miles == "any" else "l-miles", miles=miles), wider
                    break
        elif place:
            yield WORDS["l-near"], query.without("near")
        for name in ("topic", "age", *FLAGS, *SEVERAL, "on", "term"):
            if query.on(name):
                yield WORDS[f"l-{name}"], query.without(name)


def _ages_words(ages: Sequence[Age]) -> str:
    if not all(age.years for age in ages):
        # '2 years and 8 months' would read as the age of one child.
        said = ", ".join(age.label for age in ages)
        return said if len(ages) == 1 else put("children", n=str(len(ages)), ages=said)
    one = len(ages) == 1 and ages[0].years.isdecimal()
    return put("age" if one else "ages", n=phrases.joined(age.years for age in ages))
