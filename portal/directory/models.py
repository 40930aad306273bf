"""The nouns of the directory, each declared once, with what can be asked of them.

A field is one line here: its type (see `fields.py`) decides how the text in a file is read, and its
description is the manual (`content/FIELDS.md`) and what a mistake is explained with. Models are
frozen, know their public address (`series.path`), and are compared by identity, because there is
one of each. It is one file on purpose: every field an editor can write is found here.

Sensitive series are kept apart: `Directory.series` never holds one, so that a page or a feed made
by looping over it cannot leak a venue (safety rule S3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field

from portal.dependencies import remembered
from portal.directory.addresses import COVERAGE, YOUR_WORKER, report_path
from portal.directory.building_use import InUse
from portal.directory.fields import (
    AgeBandName,
    AgeInYears,
    Ages,
    Aliases,
    Area,
    AreaSlug,
    AreaSlugs,
    BankHolidays,
    BaseAddress,
    BookingWay,
    BookUnit,
    CentreKind,
    Cost,
    Dads,
    Day,
    Days,
    Degrees,
    Email,
    EndMoment,
    Facilities,
    FirstName,
    Flag,
    Language,
    Languages,
    Level,
    Line,
    Lines,
    Location,
    MeetingPoint,
    Moment,
    Moved,
    Need,
    Needs,
    Number,
    Offer,
    OpeningHours,
    Order,
    Outcomes,
    Phone,
    PlaceFor,
    Postcode,
    ProgrammeKind,
    QuestionType,
    Reason,
    Repeats,
    ResourceKind,
    ResourceNames,
    Role,
    Roles,
    SaidState,
    SeriesNames,
    Siblings,
    Slug,
    Status,
    Text,
    Times,
    Web,
    Weekday,
    Weekdays,
    Words,
)
from portal.directory.quarterly import Cube
from portal.directory.values import LONDON, WEEKDAYS, OpenStatus, Position, TimeRange, day_words
from portal.directory.vocabularies import (
    AGE_BANDS,
    BOARD_REPEATS,
    LEVELS,
    PRIVATE_NEEDS,
    SAID_STATES,
)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

# --- fields: what editors write --------------------------------------------


class Fields(BaseModel):
    """One block of fields in a file. Unknown fields are mistakes."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        ignored_types=(remembered,),
    )


class Noun(Fields):
    """A thing with an identity: compared as itself, never field by field."""

    def link(self, **given: Any) -> Self:
        """Fills in facts known only once everything is read.

        For `content.load`, and for calendars that keep the time of change that is published.
        """
        self.__dict__.update(given)
        return self

    # A function of its own: pydantic puts a hash of all fields in the place of `object.__hash__`.
    def __hash__(self) -> int:
        return object.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class NeedLevel(Noun):
    """A level of need, as the county's partners call it."""

    name: Line = Field(description="Its name.")
    words: Words = Field(description="What it means, in a sentence for families.")
    ring: Text = Field(
        "",
        description="Who helps a family at this level, and when, with the numbers. Staff read "
        "it after 'Ring', and so does the family.",
    )
    source: Text = Field("", description="Where the numbers come from.")


class Site(Noun):
    """The file content/site.yaml."""

    name: Line = Field(description="The name of the service, at the top of every page.")
    area: Line = Field(description="The county or area served.")
    base_address: BaseAddress = Field(
        description="The address of the public site, without a final slash."
    )
    domain: Line = Field(
        description="The permanent identity in calendar entries. Never change it, even when the "
        "site moves to another host: every entry in every subscriber's calendar would double."
    )
    booking_address: Text = Field(
        "", description="Where bookings are answered; empty for the same host."
    )
    phone: Phone | None = Field(None, description="The phone number for families.")
    email: Email | None = Field(None, description="The email address for families.")
    quick_exit: Web = Field(description="Where 'Exit this page' goes: neutral, not personal.")
    languages: Languages = Field(("en",), description="The languages that the site claims.")
    levels: tuple[NeedLevel, ...] = Field(
        (), description="The levels of need, the first one first. Programmes are at one of them."
    )
    support_programme: Slug | None = Field(
        None,
        description="The programme by which families ask for support. Professionals who refer a "
        "family to a centre get its form.",
    )
    demonstration: Flag = Field(
        False, description="yes: every page says that times and places are samples."
    )
    attribution: Lines = Field(
        (), description="Lines that the licences of the data require the site to show."
    )

    changed: ClassVar[datetime] = LONG_AGO  # linked: the last change of the file


class Term(Noun):
    """One half of a school term."""

    year: Line = Field(description="The school year, such as 2026-27.")
    part: Line = Field(description="autumn 1, autumn 2, spring 1, spring 2, summer 1, summer 2.")
    first: Day = Field(description="The first school day.")
    last: Day = Field(description="The last school day.")
    source: Text = Field("", description="Where the dates come from.")


class Closure(Noun):
    """Days on which centres are closed."""

    date_: Day | None = Field(None, alias="date", description="One day; or give from and until.")
    from_: Day | None = Field(None, alias="from", description="The first day closed.")
    until: Day | None = Field(None, description="The last day closed.")
    reason: Reason = Field(description="Why, in words for families.")

    @property
    def first(self) -> date:
        return self.from_ or self.date_ or date.max

    @property
    def last(self) -> date:
        return self.until or self.date_ or self.from_ or date.min


class Terms(Noun):
    """The file content/terms.yaml."""

    terms: tuple[Term, ...] = Field(description="School terms, half by half, in order.")
    closures: tuple[Closure, ...] = Field(
        (), description="Planned days when every centre is closed. Bank holidays are known already."
    )

    written: ClassVar[Any] = None  # linked: the file as it was read


class MeetingChange(Noun):
    """A meeting of a panel or board on another day."""

    date_: Day = Field(alias="date", description="The day on which it would meet by its rule.")
    moved_to: Day = Field(description="The day on which it meets.")


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting of a Resource Panel or a board. `planned` is its day by the rule, for ever."""

    planned: date
    starts: datetime
    ends: datetime
    moved: str = ""  # why it is not on the planned day

    @property
    def day(self) -> date:
        return self.starts.date()

    @property
    def words(self) -> str:
        """When it is: 'Tuesday 12 January 2027, 1:30pm to 3:30pm'."""
        return f"{day_words(self.day)}, {TimeRange(self.starts.time(), self.ends.time()).words}"

    @property
    def name(self) -> str:
        """Its name in addresses and in the database."""
        return self.planned.isoformat()


class Panel(Noun):
    """The Resource Panel of a district, which meets needs that no local service meets."""

    name: Line = Field(description="Its name.")
    starts: Day = Field(description="The day of its first meeting.")
    day: Weekday | None = Field(None, description="The weekday; checked against the first date.")
    time: Times = Field(description="From when to when it meets: 10:00-12:00.")
    repeats: Repeats = Field("monthly", description="monthly, fortnightly or weekly.")
    except_: Days = Field((), alias="except", description="Days on which it does not meet.")
    changes: tuple[MeetingChange, ...] = Field(
        (),
        description="Meetings on other days. One on a bank holiday or a closed day moves to the "
        "next working day by itself.",
    )
    where: Line = Field(description="Where it meets, in words for those who come.")
    budget: Number = Field(description="Pounds for a year, which begins on 1 April.")
    limit: Number = Field(500, description="The most pounds that one decision may spend.")
    sub_group: Line = Field(description="The group that it passes a theme to.")
    board: Line = Field(description="The board that the group passes a theme to.")
    sample: Lines = Field((), description="Names of its fields whose facts are samples.")

    # Linked: its meetings, as far as calendars know dates, and the last change of the file.
    meetings: ClassVar[tuple[Meeting, ...]] = ()
    changed: ClassVar[datetime] = LONG_AGO
    source: ClassVar[str] = "content/footprints.yaml"

    @property
    def assumed(self) -> str:
        """What readers must know of its facts; '' if they are true."""
        what = [
            *(["the dates"] if {"starts", "day", "time", "repeats"} & {*self.sample} else []),
            *(["the place"] if "where" in self.sample else []),
            *(["the budget"] if "budget" in self.sample else []),
        ]
        if not what:
            return ""
        said = ", ".join(what[:-1]) + " and " + what[-1] if what[1:] else what[0]
        return f"{said[0].upper()}{said[1:]} of this panel are samples."


class District(Noun):
    """One of the county's districts."""

    slug: AreaSlug = Field(description="Its name in addresses.")
    title: Line = Field(description="Its name.")
    code: Line = Field(description="Its ONS code, such as E07000117.")
    latitude: Degrees = Field(description="The middle of it, in degrees.")
    longitude: Degrees = Field(description="The middle of it, in degrees.")
    panel: Panel | None = Field(None, description="Its Resource Panel, if it has one.")

    @property
    def path(self) -> str:
        return f"/districts/{self.slug}/"

    @property
    def workers_path(self) -> str:
        """Where professionals find the workers of its centres."""
        return f"{YOUR_WORKER}{self.slug}/"

    @property
    def coverage_path(self) -> str:
        """What is on in it, by age and part of the week, and where nothing is."""
        return f"{COVERAGE}{self.slug}/"

    @property
    def position(self) -> Position:
        return Position(self.latitude, self.longitude, "district")


class Footprint(Noun):
    """One of the five areas in which the service is delivered."""

    slug: AreaSlug = Field(description="Its name in addresses.")
    title: Line = Field(description="Its name.")
    summary: Line = Field("", description="One sentence about the area.")
    districts: tuple[District, ...] = Field(description="The districts in it.")

    @property
    def path(self) -> str:
        return f"/footprints/{self.slug}/"

    @property
    def coverage_path(self) -> str:
        """What is on in it, by age and part of the week, and where nothing is."""
        return f"{COVERAGE}footprints/{self.slug}/"


class Footprints(Noun):
    """The file content/footprints.yaml."""

    footprints: tuple[Footprint, ...] = Field(description="The delivery footprints.")


class Resource(Noun):
    """Something that only one group can use at a time, such as a mobile creche or a minibus."""

    slug: AreaSlug = Field(description="Its name in the files of series.")
    title: Line = Field(description="Its name.")
    kind: ResourceKind = Field(description="mobile creche, vehicle or equipment.")
    districts: AreaSlugs = Field(
        (), description="The districts in which it is used; everywhere if none is given."
    )
    minutes_between: Number = Field(
        0, description="How many minutes it needs from one place to the next, packing included."
    )
    sources: Lines = Field((), description="Where the facts come from.")
    sample: Lines = Field(
        (), description="Fields of this entry whose facts are samples, such as: [minutes_between]."
    )


class Resources(Noun):
    """The file content/resources.yaml, which a county without shared things does not have."""

    resources: tuple[Resource, ...] = Field(description="What several groups share.")


class Notice(Noun):
    """Something that visitors must know for a while."""

    text: Words = Field(description="What they must know.")
    from_: Day | None = Field(None, alias="from", description="The first day it shows.")
    until: Day | None = Field(None, description="The last day it shows.")

    def shows_on(self, day: date) -> bool:
        return (self.from_ is None or self.from_ <= day) and (
            self.until is None or day <= self.until
        )


class Question(Noun):
    """Something a programme asks when a family books."""

    name: Slug = Field(description="Its name in exports.")
    label: Line = Field(description="The question.")
    type: QuestionType = Field("text", description="text, number, choice or yes-no.")
    options: Lines = Field((), description="The answers of a choice.")
    required: Flag = Field(False, description="yes where an answer is needed.")
    hint: Text = Field("", description="A short help.")


class OutreachVenue(Noun):
    """Where a series meets away from its centre: a building, or an area where workers go about."""

    name: Line | None = Field(None, description="The building's name.")
    area: Area | None = Field(
        None,
        description="An area in place of a building, and how far it goes, in words that begin with "
        "around, across, along, between or near. Its middle is `town` or `location`.",
    )
    meet: MeetingPoint | None = Field(
        None, description="Where families meet the workers in the area, if they book a place."
    )
    address: Line | None = Field(None, description="Street and town.")
    town: Line | None = Field(None, description="The town or village.")
    postcode: Postcode | None = Field(None, description="Its postcode.")
    location: Location | None = Field(
        None, description="Latitude and longitude, where known; of an area, its middle."
    )


class Change(Noun):
    """A change to one published date."""

    date_: Day = Field(alias="date", description="The date first published.")
    cancelled: Reason | None = Field(
        None, description="Why it is cancelled, in words for families."
    )
    postponed: Reason | None = Field(
        None,
        description="Why it is put off, in words for families, while there is no new date yet. "
        "Families keep their places. Add `moved_to` when the new date is known.",
    )
    moved_to: Moved | None = Field(
        None, description="The new day and, where it changes, time: 2027-03-03 13:00-15:00."
    )
    venue: OutreachVenue | None = Field(None, description="Where it is held instead.")
    note: Words | None = Field(None, description="Anything else to know about this date.")


class TextFile(Noun):
    """The facts of every Markdown file beside its fields, filled in by `link` and not by an editor.

    They are declared as class variables because pydantic would otherwise read them from the file.
    """

    slug: ClassVar[str]  # the file's name
    source: ClassVar[str]  # the file's path from the root of the content, with '/'
    body: ClassVar[str] = ""  # Markdown as written
    html: ClassVar[str] = ""  # the body, made safe
    written: ClassVar[Any] = None  # the file as it was read: `portal.content.front_matter.Written`
    changed: ClassVar[datetime] = LONG_AGO  # the last change of what it says, aware
    translations: ClassVar[Mapping[str, TextFile]] = MappingProxyType({})

    @property
    def lines(self) -> Mapping[str, int]:
        """The line of each field in its file."""
        return self.written.lines if self.written else MappingProxyType({})

    def is_sample(self, field: str) -> bool:
        """Whether the fact in this field is a sample. Readers are told; machines do not get it."""
        return field in getattr(self, "sample", ())


class Page(TextFile):
    """A text page: content/pages/<slug>.md."""

    title: Line = Field(description="The heading.")
    summary: Line = Field("", description="One sentence for search results.")
    order: Order = Field(0, description="Its order in the footer; 0 leaves it out.")
    sensitive: Flag = Field(False, description="yes: the page carries 'Exit this page'.")
    updated: Day | None = Field(None, description="The day somebody last changed it.")
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")

    @property
    def path(self) -> str:
        return f"/{self.slug}/"


class News(TextFile):
    """A dated piece of news: content/news/<slug>.md."""

    title: Line = Field(description="The heading.")
    summary: Line = Field(description="One sentence.")
    date_: Day = Field(alias="date", description="The day it is about or was published.")
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")

    @property
    def path(self) -> str:
        return f"/news/{self.slug}/"


class HelpPage(TextFile):
    """A way in by need: content/help/<slug>.md, in the words of a family that has the need.

    The private needs share one page, which names none of them (S81).
    """

    title: Line = Field(
        description="What a family would say of itself: You are new to this country."
    )
    summary: Line = Field(description="One sentence: what there is.")
    need: Need | None = Field(
        None, description="The priority group that it is for. The private page has none."
    )
    also: Lines = Field((), description="Other words that families type when they look for it.")
    private: Flag = Field(
        False,
        description="yes: the page for all needs that are nobody else's business. It carries "
        "'Exit this page', and stands in no list by name, sitemap or search.",
    )
    door: Number | None = Field(
        None, description="Its place among the ways in on the home page; without it, it has none."
    )
    ask: Slug | None = Field(None, description="The programme whose form 'Ask us' opens.")
    updated: Day | None = Field(None, description="The day somebody last changed it.")
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")

    @property
    def path(self) -> str:
        return f"/help/{self.slug}/"

    @property
    def sensitive(self) -> bool:
        return self.private

    @property
    def topics(self) -> Mapping[str, str]:
        """What its form offers to ask about: its need, or all those that no page may name."""
        return PRIVATE_NEEDS if self.private else {self.need or "": self.title}

    @property
    def ask_path(self) -> str:
        """Its form, with its need ticked; a private one is not in the address (S81)."""
        need = "" if self.private else f"&need={self.need}"
        return f"/request/{self.ask}?who=family{need}"


class ConsultationQuestion(Noun):
    """A question of a consultation. Its answers are choices, so that nobody can write a name."""

    name: Slug = Field(
        description="Its name in files of answers. A changed question needs a new one."
    )
    label: Line = Field(description="The question.")
    options: Lines = Field(description="The answers to choose from, 2 to 8.")


class Consultation(Noun):
    """What a board asks the public. Anybody can answer, and nobody says who they are (S107)."""

    slug: Slug = Field(description="Its name in addresses, which no other consultation has had.")
    title: Line = Field(description="What it is about, as a question.")
    opens: Day = Field(description="The first day on which people can answer.")
    closes: Day = Field(description="The last day on which people can answer.")
    ages: AgeBandName | None = Field(None, description="The ages whose answers are wanted most.")
    district: AreaSlug | None = Field(
        None, description="The district that it is about, if it is not the board's."
    )
    questions: tuple[ConsultationQuestion, ...] = Field(description="3 to 6 questions.")

    @property
    def path(self) -> str:
        return f"/consultations/{self.slug}"

    @property
    def answers_path(self) -> str:
        return f"{self.path}/answers"

    def state(self, day: date) -> Literal["soon", "open", "closed"]:
        """Whether people can answer on a day."""
        if day < self.opens:
            return "soon"
        return "open" if day <= self.closes else "closed"

    @property
    def age_words(self) -> str:
        """The ages whose answers are wanted most: 'Secondary school, 11 to 15'; '' for all."""
        return next((band.title for band in AGE_BANDS if band.slug == self.ages), "")


class YouSaid(Noun):
    """What people told a board, and what came of it."""

    date_: Day = Field(alias="date", description="The day on which the board heard it.")
    said: Words = Field(description="What people said, in a sentence. Never who said it.")
    did: Words | None = Field(None, description="What we did, or what we will do next.")
    state: SaidState = Field(description="done, not yet or cannot.")
    why: Words | None = Field(None, description="Why not, where it is not yet done or cannot be.")

    @property
    def state_words(self) -> str:
        return SAID_STATES[self.state]


class Board(TextFile):
    """A board or group by which people help to run the service: content/boards/<slug>.md."""

    title: Line = Field(description="Its name.")
    summary: Line = Field(description="What it is for, in one sentence.")
    district: AreaSlug | None = Field(
        None, description="Its district. A group for the whole county has none."
    )
    programme: Slug | None = Field(
        None, description="Its programme. Where families can ask for that, so can those who join."
    )
    starts: Day | None = Field(None, description="The day of its first meeting, if it is known.")
    day: Weekday | None = Field(None, description="The weekday; checked against the first date.")
    time: Times | None = Field(None, description="From when to when it meets: 10:00-12:00.")
    repeats: Repeats = Field("monthly", description="monthly, fortnightly, weekly or once.")
    except_: Days = Field((), alias="except", description="Days on which it does not meet.")
    changes: tuple[MeetingChange, ...] = Field(
        (),
        description="Meetings on other days. One on a bank holiday or a closed day moves to the "
        "next working day by itself.",
    )
    where: Line | None = Field(None, description="Where it meets, in words for those who come.")
    join: Words = Field(description="How to join, in words for those who want to.")
    phone: Phone | None = Field(None, description="The number to ring about joining.")
    email: Email | None = Field(None, description="The address to write to about joining.")
    members: Roles = Field((), description="Who sits on it: roles alone, never a name.")
    said: tuple[YouSaid, ...] = Field((), description="What people said, and what we did.")
    consultation: Consultation | None = Field(None, description="What it asks the public.")
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")
    sample: Lines = Field(
        (), description="Fields of this file whose facts are samples, such as: [starts, where]."
    )
    updated: Day | None = Field(None, description="The day somebody last changed it.")

    # Linked: its meetings, as far as calendars know dates.
    meetings: ClassVar[tuple[Meeting, ...]] = ()

    @property
    def path(self) -> str:
        return f"/boards/{self.slug}/"

    @property
    def calendar_path(self) -> str:
        return f"{self.path}calendar.ics"

    @property
    def first_slug(self) -> str:
        """The name under which it was first published, which calendar entries keep for ever."""
        return self.aliases[0] if self.aliases else self.slug

    def next_meeting(self, day: date) -> Meeting | None:
        """The first meeting on or after a day; None if no dates are known."""
        return next((one for one in self.meetings if one.day >= day), None)

    @property
    def pattern(self) -> str:
        """How often it meets: 'once a month'; '' without a date, or for a single one."""
        return BOARD_REPEATS.get(self.repeats, "") if self.starts else ""

    @property
    def in_order(self) -> tuple[YouSaid, ...]:
        """What people said, the newest first."""
        return tuple(sorted(self.said, key=lambda one: one.date_, reverse=True))

    @property
    def assumed(self) -> str:
        """What readers must know of its facts; '' if they are true."""
        sample = {*self.sample}
        what = [
            *(["the dates"] if {"starts", "day", "time", "repeats"} & sample else []),
            *(["the place"] if "where" in sample else []),
            *(["the members"] if "members" in sample else []),
            *(["what people said"] if "said" in sample else []),
            *(["the questions"] if "consultation" in sample else []),
        ]
        if not what:
            return ""
        words = ", ".join(what[:-1]) + " and " + what[-1] if what[1:] else what[0]
        return f"Invented on this page: {words}."


class Picture(NamedTuple):
    """A photo of the content, and what it shows in words."""

    file: Path
    words: str

    @classmethod
    def of(cls, noun: Programme | Centre | Series, images: Mapping[str, Path]) -> Picture | None:
        file = images.get(noun.photo or "")
        return cls(file, noun.photo_alt or "") if file else None


class Programme(TextFile):
    """A named piece of support: programmes/<slug>.md."""

    title: Line = Field(description="Its name. Neutral where it is sensitive.")
    summary: Line = Field(description="One sentence: what it is and who it is for.")
    also: Lines = Field((), description="Other words that families type when they look for it.")
    offer: Offer = Field(description="Which of the eight areas of the offer it belongs to.")
    kind: ProgrammeKind = Field(description="group, one-to-one, outreach, drop-in or information.")
    level: Level | None = Field(None, description="universal (level 1) or targeted (level 2).")
    ages: Ages = Field((), description="Ages of the children: pregnancy, 0-6 months, 2-4 years.")
    send_to: AgeInYears | None = Field(
        None, description="The upper age for those with special educational needs or disabilities."
    )
    audience: Line | None = Field(None, description="Who may come, in words.")
    needs: Needs = Field((), description="The priority groups it helps.")
    booking: BookingWay = Field(description="drop-in, book, request or referral.")
    place_for: PlaceFor = Field(
        "family", description="Whether a place is for a family or a person."
    )
    places: Number | None = Field(None, description="How many places one series has.")
    sessions: Number | None = Field(None, description="How many sessions a course has.")
    session_length: Line | None = Field(None, description="How long a session lasts, in words.")
    cost: Cost | None = Field(None, description="'Free', or the price in words.")
    bring: Words | None = Field(None, description="What to bring.")
    questions: tuple[Question, ...] = Field((), description="What is asked when booking.")
    delivered_with: Line | None = Field(
        None, description="The partner that runs it with the service."
    )
    creche: Flag | None = Field(None, description="yes where children are looked after meanwhile.")
    creche_places: Number | None = Field(
        None, description="How many children can be booked into the creche."
    )
    creche_ages: Ages = Field((), description="Ages of the children in the creche: 1-4 years.")
    creche_ratio: Number | None = Field(
        None, description="How many children one adult looks after in the creche."
    )
    expect: Words | None = Field(None, description="What happens, in a short sentence.")
    first_time: Words | None = Field(None, description="What to know before a first visit.")
    who_meets_you: Words | None = Field(
        None, description="Who meets families when they come: a role, in words."
    )
    siblings: Siblings | None = Field(
        None, description="Whether brothers and sisters may come: welcome, ask or no."
    )
    siblings_note: Words | None = Field(
        None, description="More about brothers and sisters, such as their ages."
    )
    dads: Dads | None = Field(
        None, description="Whether it is for dads: welcome, only (a dads' group), or no."
    )
    quiet: Flag | None = Field(None, description="yes: few people, and little noise.")
    outcomes: Outcomes = Field((), description="Numbers of the Outcomes Framework, 1 to 5.")
    signed: Line | None = Field(
        None,
        description="Who has agreed that `needs` and `outcomes` are right: a role and a day. "
        "Without it, pages say that they are our reading of the plan.",
    )
    sensitive: Flag = Field(False, description="yes: venue and times are withheld from the public.")
    phone: Phone | None = Field(None, description="Its own phone number.")
    photo: Line | None = Field(None, description="A picture of this folder.")
    photo_alt: Line | None = Field(None, description="What the photo shows, in words.")
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")
    checked: Day | None = Field(
        None, description="The day somebody last checked that everything is right."
    )
    sample: Lines = Field(
        (), description="Fields of this file whose facts are samples, such as: [phone, checked]."
    )
    updated: Day | None = Field(None, description="The day somebody last changed it.")

    # Linked: what its form offers to ask about, need by need, if a help page leads to it.
    topics: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def level_in(self, levels: Sequence[NeedLevel]) -> NeedLevel | None:
        """Its level among those of the site; None if it, or the site, does not say."""
        number = LEVELS.index(self.level) if self.level else len(levels)
        return levels[number] if number < len(levels) else None

    images: ClassVar[Mapping[str, Path]] = MappingProxyType({})  # linked: pictures beside it

    @property
    def reading(self) -> str:
        """Who says which needs and outcomes it helps with: readers see it beside them."""
        return f"Agreed: {self.signed}" if self.signed else "Our reading of the plan"

    @property
    def contact_phone(self) -> str | None:
        """The number to ring: its own phone, unless that is a sample."""
        return None if self.is_sample("phone") else self.phone

    @property
    def picture(self) -> Picture | None:
        return Picture.of(self, self.images)

    @property
    def path(self) -> str:
        return f"/programmes/{self.slug}/"

    @property
    def request_path(self) -> str:
        return f"/request/{self.slug}"

    def refer_path(self, centre: Centre) -> str:
        """Where a professional refers a family to this centre."""
        return f"{self.request_path}?who=professional&centre={centre.slug}"

    @property
    def tell_path(self) -> str:
        """Where a family leaves a wish to hear when it starts again."""
        return f"/tell/{self.slug}"

    @property
    def can_tell(self) -> bool:
        """Whether a family may be sent a message when a run of it opens.

        Not of a sensitive programme (S84), nor of one without groups, which has no runs to open.
        """
        return not self.sensitive and self.kind in ("group", "drop-in")


class CentreContact(Noun):
    """The worker of a centre whom schools and other professionals ask."""

    role: Role | None = Field(None, description="The role of the worker.")
    first_name: FirstName | None = Field(
        None, description="The first name of the worker, if the worker agrees; no surname."
    )
    days: Weekdays = Field((), description="The weekdays on which the worker can be reached.")
    ask: Words | None = Field(None, description="What professionals can ask about.")
    phone: Phone | None = Field(
        None, description="The phone number of the worker, if not that of the centre."
    )
    email: Email | None = Field(
        None, description="The email address of the worker, if not that of the centre."
    )

    @property
    def name(self) -> str:
        """'Sam, family support worker', or the part of it that is known."""
        role = self.role or ""
        if self.first_name and role[1:2].islower():
            role = role[:1].lower() + role[1:]
        return ", ".join(filter(None, (self.first_name, role)))


class Centre(TextFile):
    """A building families go to: centres/<footprint>/<slug>/index.md."""

    title: Line = Field(description="Its name.")
    also: Lines = Field((), description="Other names that families use for it.")
    kind: CentreKind = Field(description="family hub, children's centre, library...")
    district: AreaSlug = Field(description="The slug of its district.")
    town: Line | None = Field(None, description="The town or village it is in.")
    address: Line | None = Field(None, description="Street, without town and postcode.")
    postcode: Postcode | None = Field(None, description="Its postcode.")
    location: Location | None = Field(None, description="Latitude and longitude of its door.")
    address_public: Flag = Field(True, description="no: the address is not to be published.")
    phone: Phone | None = Field(None, description="Its phone number.")
    email: Email | None = Field(None, description="Its email address.")
    opening_hours: OpeningHours | None = Field(
        None, description="One weekday per line: Monday: 09:00-17:00, or closed."
    )
    facilities: Facilities = Field((), description="What it has, by known words.")
    transport: Words | None = Field(None, description="Buses and trains, in words.")
    buggy: Words | None = Field(None, description="Where to leave a buggy.")
    parking: Words | None = Field(None, description="Where to park.")
    expect: Words | None = Field(None, description="What it is like there, in a short sentence.")
    first_time: Words | None = Field(None, description="What to know before a first visit.")
    who_meets_you: Words | None = Field(
        None, description="Who meets families when they come: a role, in words."
    )
    contact: CentreContact | None = Field(
        None, description="The worker whom schools and other professionals ask."
    )
    serves: Lines = Field(
        (), description="The schools, nurseries, surgeries and other settings that it works with."
    )
    photo: Line | None = Field(None, description="A file of this folder.")
    photo_alt: Line | None = Field(None, description="What the photo shows, in words.")
    notice: Notice | None = Field(None, description="A notice with from and until.")
    status: Status = Field(
        OpenStatus(),
        description="open, closed from 2026-12-01, or closed from 2026-12-01 until 2027-01-10.",
    )
    in_use: InUse | None = Field(
        None, description="Whether the service still uses it, as the last source says."
    )
    closures: tuple[Closure, ...] = Field(
        (), description="Days it had to close: its sessions there show as cancelled."
    )
    ages: Ages = Field((), description="The ages it is for: 0-11 years, 12-19+ years.")
    send_to: AgeInYears | None = Field(
        None, description="The upper age for those with special educational needs or disabilities."
    )
    aliases: Aliases = Field((), description="Names it had before, the oldest first.")
    sources: Lines = Field((), description="Where the facts come from.")
    checked: Day | None = Field(
        None, description="The day somebody last checked that everything is right."
    )
    sample: Lines = Field(
        (), description="Fields of this file whose facts are samples, such as: [phone, checked]."
    )
    updated: Day | None = Field(None, description="The day somebody last changed it.")

    position: ClassVar[Position | None] = None  # linked: its door, its postcode or its town
    images: ClassVar[Mapping[str, Path]] = MappingProxyType({})  # linked: pictures beside it
    read_for: ClassVar[date | None] = None  # linked: the day of the Directory

    @property
    def picture(self) -> Picture | None:
        return Picture.of(self, self.images)

    @property
    def contact_phone(self) -> str | None:
        """The number to ring: its phone, unless that is a sample."""
        return None if self.is_sample("phone") else self.phone

    @property
    def contact_email(self) -> str | None:
        """The address to write to: its email, unless that is a sample."""
        return None if self.is_sample("email") else self.email

    @property
    def path(self) -> str:
        return f"/centres/{self.slug}/"

    @property
    def whats_on_path(self) -> str:
        return f"/centres/{self.slug}/whats-on/"

    @property
    def leaflet_path(self) -> str:
        return f"/centres/{self.slug}/whats-on.pdf"

    @property
    def embed_path(self) -> str:
        return f"/embed/{self.slug}/"

    @remembered
    def venue(self) -> Venue:
        return Venue(
            name=self.title,
            address=self.address if self.address_public else None,
            town=self.town,
            postcode=self.postcode if self.address_public else None,
            position=self.position,
            centre=self,
        )

    @property
    def closed_days(self) -> Iterable[tuple[date, date, str]]:
        """First day, last day and reason of each closure."""
        for closure in self.closures:
            yield closure.first, closure.last, closure.reason
        if not self.status.open:
            last = self.status.until or date.max
            words = "The centre is closed"
            if self.status.until:
                words += f" until {day_words(last)}"
            yield self.closed_from, last, words

    def closures_from(self, day: date) -> list[Closure]:
        """The closures of the next eight weeks, in order."""
        last = day + timedelta(weeks=8)
        found = [one for one in self.closures if one.last >= day and one.first <= last]
        return sorted(found, key=lambda one: one.first)

    @property
    def given_up(self) -> bool:
        """Whether its last source says that the service does not use it, or planned to leave it."""
        return self.in_use is not None and self.in_use.given_up

    @property
    def closed(self) -> bool:
        """Whether its status closes it on the day of the Directory."""
        if self.status.open or self.read_for is None:
            return not self.status.open
        return self.closed_from <= self.read_for <= (self.status.until or date.max)

    @property
    def closes_later(self) -> bool:
        """Whether its status closes it only after the day of the Directory."""
        return not (self.status.open or self.read_for is None) and self.closed_from > self.read_for

    @property
    def closed_from(self) -> date:
        """The first day on which its status closes it: groups met there before.

        If the status does not say, it is the day of the file's last change, but no later than a
        day for which the file says that it is closed: the Directory's, or that of its last check.
        """
        if self.status.since:
            return self.status.since
        known = max(self.read_for or date.max, self.checked or date.min)
        return min(self.changed.astimezone(LONDON).date(), known)


@dataclass(frozen=True, eq=False, slots=True)
class Venue:
    """Where a series or a session meets.

    An area is a venue without a door: its name is the area in words, its address the place to
    meet, if there is one, and its position the middle, which is never exact.
    """

    name: str
    address: str | None
    town: str | None
    postcode: str | None
    position: Position | None
    centre: Centre | None = None
    is_area: bool = False

    @classmethod
    def away(cls, fields: OutreachVenue, position: Position | None) -> Self:
        """A venue that is not a centre. `position` is the best that is known."""
        if not fields.area:
            name = fields.name or ""
            return cls(name, fields.address, fields.town, fields.postcode, position)
        name = fields.area[:1].upper() + fields.area[1:]
        meet = f"meet at {fields.meet}" if fields.meet else None
        middle = replace(position, precision="area") if position and position.exact else position
        return cls(name, meet, fields.town, None, middle, is_area=True)

    @property
    def identity(self) -> str:
        """Identifies the place, however its name, street or postcode is written.

        A centre is known by its first slug; another address by the letters and figures of its name
        and street. Where two differ, families have to go elsewhere.
        """
        if self.centre is not None:
            return (*self.centre.aliases, self.centre.slug)[0]
        said = f"{self.name}|{self.address or ''}".casefold()
        return "".join(letter for letter in said if letter.isalnum() or letter == "|")

    @property
    def line(self) -> str:
        """Name, street, town and postcode on one line, for calendars and letters."""
        parts = [self.name, self.address, self.town, self.postcode]
        seen: list[str] = []
        for part in parts:
            if part and not any(part.lower() in said.lower() for said in seen):
                seen.append(part)
        return ", ".join(seen)


class Series(TextFile):
    """One run of a programme at one venue: centres/<footprint>/<centre>/<slug>.md.

    Fields not given come from the programme (`INHERITED`), so that after loading `series.booking`
    is never None.
    """

    programme_slug: Slug = Field(alias="programme", description="The programme that it runs.")
    title: Line | None = Field(None, description="A name of its own; else the programme's.")
    day: Weekday | None = Field(None, description="The weekday; checked against the first date.")
    starts: Day = Field(description="The first date.")
    time: Times = Field(description="From when to when: 10:00-12:00.")
    repeats: Repeats = Field("weekly", description="once, weekly, fortnightly, monthly or daily.")
    count: Number | None = Field(None, alias="sessions", description="How many sessions it has.")
    until: Day | None = Field(None, description="The last date; neither means that it goes on.")
    term_time_only: Flag = Field(False, description="yes: not in the school holidays.")
    bank_holidays: BankHolidays = Field(
        "skip", description="run: it also meets on bank holidays and closure days."
    )
    except_: Days = Field(
        (), alias="except", description="Dates left out of the plan from the start."
    )
    changes: tuple[Change, ...] = Field((), description="Changes to published dates.")
    withdrawn: Reason | None = Field(
        None, description="Why the whole series is cancelled, in words for families."
    )
    book: BookUnit = Field(
        "series", description="What a family books: the whole series or one session."
    )
    booking: BookingWay | None = Field(None, description="How to get a place.")
    place_for: PlaceFor | None = Field(
        None, description="Whether a place is for a family or a person."
    )
    places: Number | None = Field(None, description="How many places there are.")
    waiting_list: Flag = Field(True, description="no: when it is full, there is no waiting list.")
    opens: Moment | None = Field(None, description="When booking opens: 2027-01-04 09:00.")
    closes: EndMoment | None = Field(
        None,
        description="When booking closes: 2027-01-11 17:00, or 2027-01-11 for all of that day.",
    )
    venue_fields: OutreachVenue | None = Field(
        None, alias="venue", description="Where it meets, if not at the centre."
    )
    room: Line | None = Field(None, description="The room.")
    language: Language = Field("en", description="The language spoken.")
    leader: Line | None = Field(None, description="Who leads it: a role, or a first name.")
    ages: Ages | None = Field(None, description="Ages, if other than the programme's.")
    send_to: AgeInYears | None = Field(
        None,
        description="The upper age for those with special educational needs or disabilities. The "
        "programme's counts only for its own ages.",
    )
    cost: Cost | None = Field(None, description="The cost, if other than the programme's.")
    bring: Words | None = Field(None, description="What to bring, if other than the programme's.")
    creche: Flag | None = Field(None, description="yes where children are looked after meanwhile.")
    creche_places: Number | None = Field(
        None, description="How many children can be booked into the creche."
    )
    creche_ages: Ages | None = Field(
        None, description="Ages of the children in the creche: 1-4 years."
    )
    creche_ratio: Number | None = Field(
        None, description="How many children one adult looks after in the creche."
    )
    expect: Words | None = Field(
        None, description="What happens, in a short sentence, if other than the programme's."
    )
    first_time: Words | None = Field(
        None, description="What to know before a first visit, if other than the programme's."
    )
    who_meets_you: Words | None = Field(
        None,
        description="Who meets families, a role in words, if other than the programme's.",
    )
    siblings: Siblings | None = Field(
        None, description="Whether brothers and sisters may come: welcome, ask or no."
    )
    siblings_note: Words | None = Field(
        None, description="More about brothers and sisters, such as their ages."
    )
    dads: Dads | None = Field(
        None, description="Whether it is for dads: welcome, only (a dads' group), or no."
    )
    quiet: Flag | None = Field(None, description="yes: few people, and little noise.")
    buggy: Words | None = Field(
        None, description="Where to leave a buggy, if other than at the centre."
    )
    parking: Words | None = Field(None, description="Where to park, if other than at the centre.")
    transport: Words | None = Field(
        None, description="Buses and trains, in words, if other than at the centre."
    )
    photo: Line | None = Field(
        None, description="A picture of this folder, if not the programme's."
    )
    photo_alt: Line | None = Field(None, description="What the photo shows, in words.")
    resources: ResourceNames = Field(
        (),
        description="Shared things that it uses while it meets, such as a mobile creche: their "
        "names in content/resources.yaml.",
    )
    aliases: Aliases = Field(
        (), description="Names it had before, the oldest first: old-name or old-centre/old-name."
    )
    alongside: SeriesNames = Field(
        (),
        description="Series that are meant to meet at the same time in the same place: the names "
        "of their files.",
    )
    sources: Lines = Field((), description="Where the facts come from.")
    updated: Moment | None = Field(None, description="The day somebody last changed it.")

    # Linked: where it belongs, and its dates for a school year and more, by planned date.
    centre: ClassVar[Centre]
    programme: ClassVar[Programme]
    venue: ClassVar[Venue]
    all_sessions: ClassVar[tuple[Session, ...]] = ()
    horizon: ClassVar[date] = date.max
    edition: ClassVar[str] = ""  # of the content that it was read with

    def is_sample(self, field: str) -> bool:
        """Whether the fact is a sample: one that the series takes from its programme may be."""
        return field not in self.model_fields_set and self.programme.is_sample(field)

    @property
    def picture(self) -> Picture | None:
        """Its photo, or else the programme's."""
        return Picture.of(self, self.centre.images) or self.programme.picture

    @property
    def identity(self) -> str:
        """`<centre>/<series>`: what bookings and calendars remember."""
        return f"{self.centre.slug}/{self.slug}"

    @property
    def first_identity(self) -> str:
        """The identity it was first published under, which calendar entries keep for ever."""
        first = self.aliases[0] if self.aliases else self.slug
        if "/" in first:
            return first
        return f"{(self.centre.aliases or (self.centre.slug,))[0]}/{first}"

    @property
    def old_identities(self) -> tuple[str, ...]:
        """The identities under which it may have been published before."""
        centres = (self.centre.slug, *self.centre.aliases)
        found: dict[str, None] = {}
        for name in (self.slug, *self.aliases):
            whole = [name] if "/" in name else [f"{centre}/{name}" for centre in centres]
            found |= dict.fromkeys(whole)
        found.pop(self.identity, None)
        return tuple(found)

    @property
    def path(self) -> str:
        return f"/sessions/{self.centre.slug}/{self.slug}/"

    @property
    def booking_path(self) -> str:
        return f"/book/{self.centre.slug}/{self.slug}"

    @property
    def name(self) -> str:
        return self.title or self.programme.title

    @property
    def ongoing(self) -> bool:
        return self.count is None and self.until is None and self.repeats != "once"

    @property
    def creche_room(self) -> int:
        """How many children can be booked into its creche; 0 where nothing can be booked."""
        return (self.creche_places or 0) if self.creche else 0

    @property
    def is_course(self) -> bool:
        """A course has a fixed number of sessions that belong together."""
        return self.count is not None and self.count > 1

    @property
    def booking_ends(self) -> datetime | None:
        """When booking closes, if it does.

        If no `closes` is given, a course that is booked as a whole closes when it begins.
        """
        if self.closes:
            return self.closes
        if self.is_course and self.booking == "book" and self.book == "series":
            return min((one.starts for one in self.all_sessions if not one.off), default=None)
        return None

    @property
    def at_centre(self) -> bool:
        return self.venue.centre is self.centre

    @remembered
    def sessions(self) -> tuple[Session, ...]:
        """The sessions that every list of dates shows, in the order in which they happen.

        A series with an end is shown whole. One that goes on is shown up to the horizon, or up to
        its first date if that is later.
        """
        every = tuple(sorted(self.all_sessions, key=lambda session: session.starts))
        if not self.ongoing or not every:
            return every
        first = next((session for session in every if not session.off), every[0])
        last = max(self.horizon, first.planned)
        return tuple(session for session in every if min(session.planned, session.day) <= last)

    @remembered
    def listed(self) -> tuple[Session, ...]:
        """The sessions as lists by day show them, in order.

        One that moved to another day is in the list of its old day too, where families look for it.
        """
        return _with_old_days(self.sessions)

    def listed_on(self, day: date) -> tuple[Session, ...]:
        """What a list of one day shows, past the horizon too."""
        near = (one for one in self.all_sessions if day in (one.day, one.planned))
        return tuple(one for one in _with_old_days(near) if one.day == day)

    @property
    def held(self) -> tuple[Session, ...]:
        """The sessions that are shown and have a day; all of them if none has."""
        return tuple(one for one in self.sessions if not one.off) or self.sessions

    @property
    def ends_with_centre(self) -> date | None:
        """The last day held, if all later dates are cancelled as the centre closes for good."""
        if self.withdrawn or self.centre.status.open or self.centre.status.until:
            return None
        first = self.centre.closed_from
        held = [session.day for session in self.all_sessions if not session.off]
        more = any(session.day >= first for session in self.all_sessions)
        return max(held) if more and held and max(held) < first else None

    def next_sessions(self, now: datetime, number: int | None = None) -> tuple[Session, ...]:
        """The sessions that have not ended at `now` (aware), in order.

        Cancelled ones are included, and postponed ones for as long as they can still be moved.
        """
        if now.tzinfo is None:
            raise ValueError("now must have a time zone")
        coming = tuple(session for session in self.sessions if session.open_until > now)
        return coming[:number]

    def coming(self, now: datetime) -> tuple[Session, ...]:
        """The sessions that begin after `now`, in order, cancelled ones included.

        A family can still attend these in full. The horizon does not cut them.
        """
        begin = (session for session in self.all_sessions if session.starts > now)
        return tuple(sorted(begin, key=lambda session: session.starts))

    @property
    def times(self) -> TimeRange:
        """The times of day at which it meets: for a single session, those to which it moved."""
        moved = self.repeats == "once" and self.all_sessions
        return self.all_sessions[0].times if moved else self.time

    @property
    def usual_venue(self) -> Venue:
        """Where it meets: for a single session, the place where that is held."""
        once = self.repeats == "once" and self.all_sessions
        return self.all_sessions[0].venue if once else self.venue

    @property
    def pattern(self) -> str:
        """'Tuesdays', 'Every second Tuesday', 'Second Tuesday of the month', a date for one."""
        weekday = WEEKDAYS[self.starts.weekday()]
        if self.repeats == "once":
            # A single date that moved is announced with its new day.
            return day_words(self.all_sessions[0].day if self.all_sessions else self.starts)
        if self.repeats == "daily":
            return "Weekdays"
        if self.repeats == "fortnightly":
            return f"Every second {weekday}"
        if self.repeats == "monthly":
            nth = ("First", "Second", "Third", "Fourth", "Last")[(self.starts.day - 1) // 7]
            return f"{nth} {weekday} of the month"
        return f"{weekday}s"


def _with_old_days(sessions: Iterable[Session]) -> tuple[Session, ...]:
    sessions = tuple(sessions)
    old = (session.on_old_day for session in sessions if session.day != session.planned)
    return tuple(sorted((*sessions, *old), key=lambda session: session.starts))


# A session is held at most this long before or after its planned date.
LONGEST_MOVE = timedelta(183)

# Taken from the programme where the series does not say.
INHERITED = (
    "title", "booking", "place_for", "places", "ages", "cost", "bring", "creche",
    "creche_places", "creche_ages", "creche_ratio",
    "expect", "first_time", "who_meets_you", "siblings", "dads", "quiet",
)  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Session:
    """One dated meeting of a series. `planned` is the date first published and never changes."""

    series: Series
    planned: date
    starts: datetime
    ends: datetime
    venue: Venue
    cancelled: str | None = None
    moved: bool = False
    moved_venue: bool = False
    note: str | None = None
    postponed: str | None = None  # why, while there is no new date
    moved_to: Session | None = None  # in lists by day, on the old day: the session itself

    @property
    def day(self) -> date:
        return self.starts.date()

    @property
    def off(self) -> str | None:
        """Why it is not held on its day: it is cancelled, or postponed without a new date."""
        return self.cancelled or self.postponed

    @property
    def open_until(self) -> datetime:
        """When it is over: a postponed one only once it is too late for a new date."""
        return self.ends + LONGEST_MOVE if self.postponed else self.ends

    @property
    def on_old_day(self) -> Session:
        """What a list says on the planned day of a session that moved to another one."""
        starts, ends = (
            datetime.combine(self.planned, clock, LONDON)
            for clock in (self.series.time.starts, self.series.time.ends)
        )
        return replace(self, starts=starts, ends=ends, moved=False, moved_to=self)

    @property
    def is_on(self) -> bool:
        """Whether a family that comes on this day finds it on."""
        return not self.off and self.moved_to is None

    @property
    def times(self) -> TimeRange:
        return TimeRange(self.starts.time(), self.ends.time())

    @property
    def state(self) -> Literal["on", "cancelled", "postponed", "moved"]:
        if self.cancelled:
            return "cancelled"
        if self.postponed:
            return "postponed"
        return "moved" if self.moved or self.moved_venue or self.moved_to else "on"

    @property
    def anchor(self) -> str:
        """The fragment and file name that name this session: its planned date."""
        return self.planned.isoformat()

    @property
    def calendar_path(self) -> str:
        return f"{self.series.path}{self.anchor}.ics"


# --- places on the map -----------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Settlement:
    """A town, village or suburb that families search by."""

    slug: str
    name: str
    district: District | None
    position: Position
    kind: str
    population: int
    outcode: str
    unique: bool
    also: tuple[str, ...] = ()  # nicknames: "Skem"

    @property
    def path(self) -> str:
        return f"/near/{self.slug}/"

    @property
    def label(self) -> str:
        """The name, with its district (or postcode district) where the name repeats."""
        if self.unique:
            return self.name
        return f"{self.name} ({self.district.title if self.district else self.outcode})"


@dataclass(frozen=True, eq=False, slots=True)
class PostcodeArea:
    """A postcode district ('BB4') or sector ('BB4 6') and the middle of its postcodes."""

    code: str
    position: Position
    districts: tuple[District, ...]
    postcodes: tuple[int, ...] = ()  # how many lie in each of the districts; empty if not known


@dataclass(frozen=True, eq=False, slots=True)
class Neighbour:
    """A town outside the county that families search by, and the council that serves it."""

    name: str
    council: str
    position: Position
    outcodes: tuple[str, ...]  # those that belong to its council, wholly or in part


# --- reports ---------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class PublishedReport:
    """The numbers of a quarter as they were published: content/reports/<quarter>.json."""

    cube: Cube
    source: str

    @property
    def quarter(self) -> str:
        return self.cube.quarter

    @property
    def made(self) -> date:
        return self.cube.made

    @property
    def edition(self) -> int:
        """How often it was published: from 2 on, it is a correction."""
        return self.cube.edition

    @property
    def sample(self) -> bool:
        return self.cube.sample

    @property
    def path(self) -> str:
        return report_path(self.quarter)

    def page_of(self, area: str) -> str:
        """The page of an area, such as 'district:burnley'; '' if it was not there yet."""
        return report_path(self.quarter, area) if area in self.cube.areas else ""


# --- the Directory ---------------------------------------------------------


Series.model_rebuild()
