"""Five questions that families of children with SEND asked, answered from the Directory.

They are those of the county council's SEND survey of 2023 (lancashire.gov.uk,
send-survey-feedback, page 9): most groups are far from Grimsargh, Longridge and Preston; nothing is
in Ribble Valley; and too little is for secondary ages at weekends, in school holidays, and on the
Fylde coast. The survey says too that groups stop at 25, as this service does.

A SEND group is one whose programme is of the offer 'Special educational needs and disabilities'.
Many other programmes help children with SEND among others; they are no answer to these families.
Nor is a course for parents: what names no ages of children or young people is counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.coverage.cells import WEEKS, Coverage
from portal.coverage.reach import Reach, is_placed, may_be_near
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
    yes: bool | None  # None where a group may be near, but its place is known only roughly
    words: str  # one or more sentences that say where
    figure: str  # the number that decides, in short; the words do not repeat it
    series: tuple[Series, ...] = ()  # what is there, soonest first

    partly: bool = False  # in fewer than half of the districts

    @property
    def said(self) -> str:
        if self.yes is None:
            return "Not known"
        return ("In part" if self.partly else "Yes") if self.yes else "No"


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
        self._sessions = tuple(one for one in sessions if one.series.ages)
        self._for_parents = tuple(one for one in sessions if not one.series.ages)

    def near(self, question: str, names: Iterable[str]) -> Answer | None:
        """Yes if each of these places has a group within NEAR miles."""
        towns = [town for name in names if (town := self._town(name))]
        if not towns:
            return None
        nearest = [(town, *self._nearest(town.position)) for town in towns]
        said = [self._said(*one) for one in nearest]
        near = [one for one in self._sessions if self._is_near(one, towns)]
        said += _ages_of(near, f"Within {NEAR} miles")
        farthest, far, session = max(nearest, key=lambda one: one[1])
        most = " at most," if far <= NEAR else ""
        figure = f"{_miles(far, session)}{most} from {farthest.name}" if session else "none"
        rough = [one for one in self._rough() if self._may_be_near(one, towns, max(far, NEAR))]
        if rough:
            number = phrases.count(len(_series(rough)), "group")
            said.append(f"Left out: {number} at a place that we know only roughly.")
        said += _apart([one for one in self._for_parents if self._is_near(one, towns)])
        unsure = (self._may_be_near_any(town) for town, away, _ in nearest if away > NEAR)
        return Answer(
            question,
            True if far <= NEAR else None if all(unsure) else False,
            " ".join(said),
            figure,
            _series(session for _, miles, session in nearest if session and miles <= NEAR),
        )

    def _said(self, town: Settlement, miles: float, session: Session | None) -> str:
        if session is None:
            known = " whose place we know" if self._rough() else ""
            return f"{town.name}: none{known} in the county in the next {WEEKS} weeks."
        there = f"{phrases.at(session.venue)} ({_ages(session.series)})"
        return f"{town.name}: the nearest is {_miles(miles, session)} away, {there}."

    def _rough(self) -> list[Session]:
        return [one for one in self._sessions if not is_placed(one)]

    def _may_be_near(self, session: Session, towns: Iterable[Settlement], miles: float) -> bool:
        district = self._coverage.district_of(session)
        return any(may_be_near(session, district, town.position, miles) for town in towns)

    def _may_be_near_any(self, town: Settlement) -> bool:
        return any(self._may_be_near(one, [town], NEAR) for one in self._rough())

    def _is_near(self, session: Session, towns: Iterable[Settlement]) -> bool:
        return is_placed(session) and any(_away(session, town.position) <= NEAR for town in towns)

    def within(self, question: str, slug: str) -> Answer | None:
        """Yes if a group meets in the district."""
        district = self._directory.district(slug)
        if district is None:
            return None
        here = [one for one in self._sessions if self._in(one, district)]
        places = dict.fromkeys(f"{phrases.at(one.venue)} ({_ages(one.series)})" for one in here)
        said = [f"{phrases.capital(phrases.joined(places))}." if here else f"{_NOTHING}."]
        said += _apart([one for one in self._for_parents if self._in(one, district)])
        return Answer(question, bool(here), " ".join(said), _number(here), _series(here))

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
        sessions, apart = (
            [one for one in every if self._coverage.part_of(one) == "holiday"]
            for every in (self._sessions, self._for_parents)
        )
        return self._reached(question, sessions, apart)

    def _reached(
        self, question: str, sessions: Sequence[Session], apart: Sequence[Session] = ()
    ) -> Answer:
        """With the districts that have one, and the share of postcodes nearby."""
        if not sessions:
            words = " ".join([f"{_NOTHING} in any district.", *_apart(apart)])
            return Answer(question, False, words, _number(sessions))
        districts = self._directory.districts
        there = [one for one in districts if any(self._in(session, one) for session in sessions)]
        figure = f"{_number(sessions)}, in {len(there)} of {len(districts)} districts"
        partly = len(there) < len(districts) / 2
        if partly:
            said = [f"In {phrases.joined(one.title for one in there)}."]
        else:
            without = [one.title for one in districts if one not in there]
            said = [f"Not in {phrases.joined(without)}." if without else "In every district."]
        share = self._reach.share_near(sessions, NEAR)
        rough = _series(one for one in sessions if not is_placed(one))
        if share is not None and (share or not rough):
            least = "At least " if rough and share < 1 else ""
            number = f"{least}{round(100 * share)}"
            said.append(f"{number} of 100 postcodes are within {NEAR} miles of one.")
        if rough:
            number = phrases.count(len(rough), "group")
            said.append(f"Left out: {number} at a place that we know only roughly.")
        said += [*_ages_of(sessions, "In all"), *_apart(apart)]
        return Answer(question, True, " ".join(said), figure, _series(sessions), partly)

    def _town(self, name: str) -> Settlement | None:
        return next((one for one in self._directory.settlements if one.name == name), None)

    def _in(self, session: Session, district: District) -> bool:
        return self._coverage.district_of(session) is district

    def _nearest(self, position: Position) -> tuple[float, Session | None]:
        """How far the nearest group is, and its next session."""
        known = [one for one in self._sessions if is_placed(one)]
        return min(
            ((_away(one, position), one) for one in known),
            key=lambda found: found[0],
            default=(_NOWHERE, None),
        )


_NOWHERE = float("inf")
_NOTHING = f"Nothing in the next {WEEKS} weeks"


def _number(sessions: Sequence[Session]) -> str:
    return f"{phrases.count(len(sessions), 'session')} in {WEEKS} weeks"


def _ages(series: Series) -> str:
    """'ages 5 to 12 years'."""
    words = phrases.age_words(series.ages)
    return words[:1].lower() + words[1:]


def _ages_of(sessions: Iterable[Session], where: str) -> list[str]:
    """The ages that some groups are for, the youngest first, in a sentence if there are any."""
    groups = _series(sessions)
    if not groups:
        return []
    ranges = {(one.first, one.end): one.words for series in groups for one in series.ages or ()}
    words = phrases.joined(ranges[key] for key in sorted(ranges))
    return [f"{where}: {phrases.count(len(groups), 'group')}, for {words}."]


def _apart(sessions: Iterable[Session]) -> list[str]:
    """What is for parents alone, in a sentence if there is any."""
    groups = _series(sessions)
    if not groups:
        return []
    return [f"Not counted: {phrases.count(len(groups), 'group')} for parents alone."]


def _away(session: Session, position: Position) -> float:
    return distance(session.venue.position, position) if session.venue.position else _NOWHERE


def _miles(away: float, session: Session) -> str:
    exact = bool(session.venue.position and session.venue.position.exact)
    return phrases.miles(away, about=not exact)


def _series(sessions: Iterable[Session]) -> tuple[Series, ...]:
    return tuple(dict.fromkeys(one.series for one in sessions))
