"""Five questions that families of children with SEND asked, answered from the Directory.

They are those of the county council's SEND survey of 2023 (lancashire.gov.uk,
send-survey-feedback, page 9): most groups are far from Grimsargh, Longridge and Preston; nothing is
in Ribble Valley; and too little is for secondary ages at weekends, in school holidays, and on the
Fylde coast. The survey says too that groups stop at 25, as this service does.

A SEND group is one whose programme is of the offer 'Special educational needs and disabilities'.
Many other programmes help children with SEND among others; they are no answer to these families.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.coverage.cells import WEEKS, Coverage
from portal.coverage.reach import Reach, placed
from portal.directory import AGE_BANDS, Directory, District, Series, Session, Settlement, phrases
from portal.directory.values import Position, distance

SOURCE = "the county council's SEND survey of 2023"
AFTER_25 = "The survey also says that groups stop at 25. So does this service."
NEAR = 5  # miles
OFFER = "send"

_TOWNS = ("Longridge", "Grimsargh", "Preston")
_COAST = ("Lytham St Annes", "Fleetwood")
_SECONDARY = next(band for band in AGE_BANDS if band.slug == "secondary-school")


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with its answer on the day of the Directory."""

    question: str
    yes: bool
    words: str  # one or more sentences that say where
    figure: str  # the number that decides, in short; the words do not repeat it
    series: tuple[Series, ...] = ()  # what is there, soonest first


def answers(directory: Directory, coverage: Coverage, reach: Reach) -> tuple[Answer, ...]:
    """The answers, in the order of the survey; without those about places that are not known."""
    sessions = tuple(one for one in coverage.sessions_in() if one.series.programme.offer == OFFER)
    asked = _Asked(directory, coverage, reach, sessions)
    towns = phrases.joined(_TOWNS)
    found = (
        asked.near(f"Is there a SEND group within {NEAR} miles of {towns}?", _TOWNS),
        asked.within("Is there a SEND group in Ribble Valley?", "ribble-valley"),
        asked.at_weekends("Is there a SEND group at weekends for ages 11 to 15?"),
        asked.in_holidays("Is there a SEND group in the school holidays?"),
        asked.near(
            f"Is there a SEND group within {NEAR} miles of {phrases.joined(_COAST)}, "
            "on the Fylde coast?",
            _COAST,
        ),
    )
    return tuple(one for one in found if one)


class _Asked:
    """The questions about one Directory."""

    def __init__(
        self,
        directory: Directory,
        coverage: Coverage,
        reach: Reach,
        sessions: Sequence[Session],
    ) -> None:
        self._directory = directory
        self._coverage = coverage
        self._reach = reach
        self._sessions = sessions

    def near(self, question: str, names: Iterable[str]) -> Answer | None:
        """Yes if each of these places has a group within NEAR miles."""
        towns = [town for name in names if (town := self._town(name))]
        if not towns:
            return None
        nearest = [(town, *self._nearest(town.position)) for town in towns]
        said = [self._said(*one) for one in nearest]
        rough = {one.series for one in self._sessions if not placed([one])}
        if rough:
            number = phrases.count(len(rough), "group")
            said.append(f"Left out: {number} at a place that we know only roughly.")
        farthest, far, session = max(nearest, key=lambda one: one[1])
        figure = f"{_miles(far, session)} from {farthest.name}" if session else "none"
        return Answer(
            question,
            far <= NEAR,
            " ".join(said),
            figure,
            _series(session for _, miles, session in nearest if session and miles <= NEAR),
        )

    def _said(self, town: Settlement, miles: float, session: Session | None) -> str:
        if session is None:
            return f"{town.name}: none in the county in the next {WEEKS} weeks."
        there = phrases.at(session.venue)
        return f"{town.name}: the nearest is {_miles(miles, session)} away, {there}."

    def within(self, question: str, slug: str) -> Answer | None:
        """Yes if a group meets in the district."""
        district = self._directory.district(slug)
        if district is None:
            return None
        return self._counted(question, [one for one in self._sessions if self._in(one, district)])

    def at_weekends(self, question: str) -> Answer:
        """Yes if a group for secondary ages meets at weekends."""
        return self._reached(
            question,
            [
                one
                for one in self._sessions
                if self._coverage.part_of(one) == "weekend"
                and _SECONDARY.holds(one.series.ages or ())
            ],
        )

    def in_holidays(self, question: str) -> Answer:
        """Yes if a group meets on a weekday of the school holidays."""
        return self._reached(
            question,
            [one for one in self._sessions if self._coverage.part_of(one) == "holiday"],
        )

    def _counted(self, question: str, sessions: Sequence[Session]) -> Answer:
        places = [*dict.fromkeys(phrases.at(one.venue) for one in sessions)]
        words = f"{phrases.capital(phrases.joined(places))}." if places else f"{_NOTHING}."
        return Answer(question, bool(sessions), words, _number(sessions), _series(sessions))

    def _reached(self, question: str, sessions: Sequence[Session]) -> Answer:
        """With the districts that have one, and the share of postcodes nearby."""
        if not sessions:
            return Answer(question, False, f"{_NOTHING} in any district.", _number(sessions))
        districts = self._directory.districts
        there = [one for one in districts if any(self._in(session, one) for session in sessions)]
        figure = f"{_number(sessions)}, in {len(there)} of {len(districts)} districts"
        if len(there) < len(districts) / 2:
            said = [f"In {phrases.joined(one.title for one in there)}."]
        else:
            without = [one.title for one in districts if one not in there]
            said = [f"None in {phrases.joined(without)}." if without else "In every district."]
        share = self._reach.share_near(sessions, NEAR)
        if share is not None:
            said.append(f"{round(100 * share)} of 100 postcodes are within {NEAR} miles of one.")
        return Answer(question, True, " ".join(said), figure, _series(sessions))

    def _town(self, name: str) -> Settlement | None:
        return next((one for one in self._directory.settlements if one.name == name), None)

    def _in(self, session: Session, district: District) -> bool:
        return self._coverage.district_of(session) is district

    def _nearest(self, position: Position) -> tuple[float, Session | None]:
        """How far the nearest group is, and its next session."""
        known = [one for one in self._sessions if placed([one])]
        return min(
            ((_away(one, position), one) for one in known),
            key=lambda found: found[0],
            default=(_NOWHERE, None),
        )


_NOWHERE = float("inf")
_NOTHING = f"Nothing in the next {WEEKS} weeks"


def _number(sessions: Sequence[Session]) -> str:
    return f"{phrases.count(len(sessions), 'session')} in {WEEKS} weeks"


def _away(session: Session, position: Position) -> float:
    return distance(session.venue.position, position) if session.venue.position else _NOWHERE


def _miles(away: float, session: Session) -> str:
    exact = bool(session.venue.position and session.venue.position.exact)
    return phrases.miles(away, about=not exact)


def _series(sessions: Iterable[Session]) -> tuple[Series, ...]:
    return tuple(dict.fromkeys(one.series for one in sessions))
