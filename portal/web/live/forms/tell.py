"""The form of a wish to hear of the next group: near where, for which ages, and where to write.

Of a postcode the form keeps the sector alone, from the first screen on (S83).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from portal.bookings.wish_runs import MILES, nearest_out_of_reach
from portal.directory import Directory, Programme, phrases
from portal.directory.contact import contact_about
from portal.directory.values import distance
from portal.finder import query
from portal.finder.places import Mistake, Place, sector_of, tidy
from portal.finder.texts import LONGEST
from portal.web import filters
from portal.web.finder_page import finder
from portal.web.live.context import live
from portal.web.live.forms.answers import Answer, Choice, Email, Phone
from portal.web.live.forms.family import YES_NO, Group, LiveForm


class Near(Answer):
    """A place as the finder knows it. Its value is what we keep: of a postcode, its sector."""

    place: Place | Mistake = Mistake("near", "")
    cut = False  # whether a whole postcode was typed

    def read(self, text: str) -> str:
        kept = sector_of(text)
        self.cut = kept != text
        self.place = finder(live().directory).place(text)
        return self.place.key if isinstance(self.place, Place) else tidy(text)

    @property
    def shown(self) -> str:
        """Never a whole postcode, on a page that is shown again."""
        return self.text if isinstance(self.place, Place) else super().shown

    def forget(self) -> None:
        super().forget()
        self.place, self.cut = Mistake("near", ""), False

    def wrong_value(self) -> str:
        if isinstance(self.place, Place):
            return ""
        meant = filters.joined([f"“{one}”" for one in self.place.meant], "or")
        return f"{self.place.words} Write {meant}." if meant else self.place.words

    def start_with(self, text: str) -> None:
        """What a link says, if it is a place."""
        if text and len(text) <= LONGEST:
            self.data = self.read(text)
            self.data = self.data if isinstance(self.place, Place) else None


class AgesOf(Answer):
    """Ages as the finder reads them. Its value is in their short form: '2, 8 months'."""

    found: tuple[query.Age, ...] = ()
    mistake = ""

    def read(self, text: str) -> str:
        asked, mistakes = query.read({"age": [text]}, ())
        self.found = asked.ages
        self.mistake = " ".join(one.words for one in mistakes)
        return text if self.mistake else ", ".join(age.key for age in self.found)

    def forget(self) -> None:
        super().forget()
        self.found, self.mistake = (), ""

    @property
    def said(self) -> str:
        return filters.capital(filters.joined([age.label for age in self.found]))

    def wrong_value(self) -> str:
        return self.mistake

    def start_with(self, text: str) -> None:
        """What a link says, if these are ages."""
        kept = self.read(text) if text and len(text) <= LONGEST else ""
        self.data = kept if not self.mistake else None


class TellForm(LiveForm):
    """At most five answers, three of them compulsory."""

    near = Near(
        "Where do you want to go?",
        what="the town or postcode",
        missing="Enter a town, village, centre or postcode",
        longest=LONGEST,
        hint="A town, a village, a centre or a postcode. We keep only the first part of a "
        "postcode, such as BB4 6.",
    )
    age = AgesOf(
        "How old are the children?",
        what="the ages",
        longest=LONGEST,
        hint="Such as 2, 8 months or pregnancy. Leave it empty for all ages.",
    )
    email = Email("Email address", what="your email address", autocomplete="email", marked=False)
    phone = Phone(
        "Mobile phone number", what="your mobile number", autocomplete="tel", marked=False
    )
    safe_to_contact = Choice(
        "Is it safe to send you a message there?",
        what="if it is safe to send you a message",
        missing="Say if it is safe to send you a message",
        hint="Think about who else may read it. The email names the groups. A text does not.",
        options=YES_NO,
    )

    ways: Collection[str] = ("email", "text")
    programme: Programme | None = None  # what the family waits for

    def groups(self) -> Sequence[Group]:
        to: list[Answer] = [
            *([self.email] if "email" in self.ways else []),
            *([self.phone] if "text" in self.ways else []),
        ]
        lead = "Give one of these two." if len(to) == 2 else ""
        return [
            Group("What you look for", [self.near, self.age]),
            Group("Where we send the message", [*to, self.safe_to_contact], lead),
        ]

    def validate(self, extra_validators: Any = None) -> bool:
        """Each answer by itself; then that a group could open near there, and one address."""
        super().validate(extra_validators)
        if self.programme and isinstance(self.near.place, Place):
            self.near.blame(_out_of_reach(self.near.place, self.programme, live().directory))
        email, phone = self.email, self.phone
        one = email if "email" in self.ways else phone
        if not email.data and not phone.data and not email.errors and not phone.errors:
            names = {"email": "your email address", "text": "your mobile number"}
            one.blame(f"Enter {' or '.join(names[way] for way in names if way in self.ways)}")
        elif email.data and phone.data:
            phone.blame("Enter an email address or a mobile number, not both")
        elif phone.data and not phone.takes_texts:
            phone.blame("Enter a mobile number, which can get a text message")
        return self.well

    @property
    def unsafe(self) -> bool:
        return bool(self.safe_to_contact.data == "no")


def _out_of_reach(place: Place, programme: Programme, directory: Directory) -> str:
    """What to do if no message could ever come, because every place is too far; or ''."""
    nearest = nearest_out_of_reach(place.at, programme, directory)
    if nearest is None:
        return ""
    venue, miles = nearest
    contact = contact_about(programme, directory.site)
    away = f"about {round(miles)}" if round(miles) > MILES else f"just over {MILES}"
    # How far it is to an address that is not public could give it away.
    hidden = venue.centre is not None and not venue.centre.address_public
    return (
        f"We have nowhere to run this within {MILES} miles of {place.key}. "
        f"The nearest place is {phrases.place(venue)}{'' if hidden else f', {away} miles away'}. "
        f"Enter a town in {directory.site.area} that you can travel to, "
        f"or {'see below how to reach us' if contact.way == 'page' else contact.words}."
    )


def district_near(place: Place, directory: Directory) -> str:
    """The district of the nearest town, for the counts of staff; '' outside the county."""
    towns = [one for one in directory.settlements if one.district]
    if place.council:
        return ""
    if towns:
        town = min(towns, key=lambda one: distance(one.position, place.at))
        return town.district.slug if town.district else ""
    districts = directory.districts
    return min(districts, key=lambda one: distance(one.position, place.at)).slug
