"""The forms for families and professionals who request a place.

Staff read each request, so it may say when it is safe to ring and where the family would like to
go; professionals say who they are and that the family agreed. For a sensitive programme only what a
first talk needs is asked. The form of practitioners is in `gap`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar, Literal

from portal.bookings import MOST_PLACES, Referrer
from portal.directory import Programme
from portal.directory.fields import TOPICS, WHERE
from portal.web.live.forms.answers import (
    Answer,
    Carried,
    Choice,
    Email,
    Lines,
    Name,
    Option,
    Phone,
    Pick,
    Tick,
)
from portal.web.live.forms.family import (
    CONTACT_WAYS_OF_REQUESTS,
    SEEN_IN_A_REQUEST,
    YES_NO,
    Access,
    FamilyForm,
    Group,
    SafeTime,
    Topics,
    with_questions,
)

BEGUN = "that a worker is in touch with the family and its plan has begun"

_ANY_SERIES: Option = ("", "No particular group")
_ANYWHERE: Option = ("", "Anywhere")


class AskForm(FamilyForm):
    """A family asks for a place, or for a first talk.

    `anyway` is set when the family was told why it may be refused, and asks all the same.
    """

    anyway = Carried()
    centre = ""  # the name of the centre that is asked, if it is one

    contact_by = Choice(
        "How may we contact you?",
        what="how we may contact you",
        missing="Choose how we may contact you",
        options=CONTACT_WAYS_OF_REQUESTS,
    )
    safe_time = SafeTime("When is a good and safe time to reach you?")
    topics = Topics("What would you like help with?")
    access = Access(SEEN_IN_A_REQUEST)
    series = Pick("Which group do you want?", what="the group")
    district = Pick("Where would you like to go?", what="the district")

    def groups(self) -> Sequence[Group]:
        you, *others = super().groups()
        picks = [one for one in (self.series, self.district) if len(one.options) > 1]
        wanted: list[Answer] = [*([self.topics] if self.topics.options else []), *picks]
        return [
            you,
            *([Group("What you are looking for", wanted)] if wanted else []),
            *others,
        ]

    def protocol(self) -> Iterator[tuple[str, str]]:
        yield from super().protocol()
        if self.anyway.data == "yes":
            yield "anyway", "yes"

    def referrer(self) -> Referrer | None:
        """The professional who asks, if it is one."""
        return None

    def more(self) -> dict[str, str]:
        given = super().more()
        if self.centre or self.district.text:
            given[WHERE] = self.centre or self.district.said
        if self.topics.said:
            given[TOPICS] = self.topics.said
        return given


class ReferForm(AskForm):
    """A professional asks for a family, with its consent."""

    whose: ClassVar[str] = "the family’s"
    asks_why = True
    asks_outcome = False

    worker_name = Name(
        "Your full name",
        what="your full name",
        missing="Enter your full name",
        longest=80,
        autocomplete="name",
    )
    worker_role = Answer(
        "Your role",
        what="your role",
        missing="Enter your role, such as health visitor",
        longest=80,
        autocomplete="organization-title",
    )
    organisation = Answer(
        "Your organisation",
        what="your organisation",
        missing="Enter the name of your organisation",
        longest=120,
        autocomplete="organization",
    )
    worker_email = Email(
        "Your work email address", what="your email address", autocomplete="email", marked=False
    )
    worker_phone = Phone(
        "Your work phone number", what="your phone number", autocomplete="tel", marked=False
    )
    consent = Tick(
        "Does the family agree?",
        statement="Yes. They agree to me asking for them and passing on what I write here",
        what="the box",
        missing="Ask the family first, then tick the box to say that they agree",
    )
    why = Lines(
        "Why do you ask for them?",
        what="why you ask",
        longest=1000,
        hint="Write only what the group needs to know. The family can ask to see it.",
    )
    tried = Lines(
        "What was tried so far?",
        what="what was tried",
        longest=1000,
        hint="Such as another group, or support from you.",
    )
    outcome = Tick(
        "Would you like to see if they came?",
        statement="Yes. The family agrees that I may see if they came",
        what="the box",
        hint="Our email to you then has a private link. It shows “came”, “did not come” or “not "
        "yet”, and nothing else. It works for six months at most. The family can stop it on its "
        "own page. Without their agreement we show you nothing.",
    )
    name = Name(
        "Full name of the parent or young person",
        what="their full name",
        missing="Enter the full name of the parent or young person",
        longest=80,
        autocomplete="off",
    )
    email = Email(
        "Their email address", what="their email address", autocomplete="off", marked=False
    )
    phone = Phone("Their phone number", what="their phone number", autocomplete="off", marked=False)
    contact_by = Choice(
        "How may we contact them?",
        what="how we may contact them",
        missing="Choose how we may contact them",
        options=[*CONTACT_WAYS_OF_REQUESTS[:3], ("none", "Do not contact them. Contact me")],
    )
    safe_to_contact = Choice(
        "Is it safe to leave them a message?",
        what="if it is safe to leave a message",
        missing="Say if it is safe to leave them a message",
        hint="Ask them who else may read their email or pick up their phone. If they say no, we "
        "send no email and no text message, and leave no message on their phone.",
        options=YES_NO,
    )
    safe_time = SafeTime("When is a good and safe time to reach them?")
    topics = Topics("What would they like help with?", hint="Tick what fits.")
    series = Pick("Which group do they want?", what="the group")
    district = Pick("Where would they like to go?", what="the district")
    access = Access(
        "Only the workers who answer the request see this, and those of the group if the family "
        "gets a place.",
        who="they",
    )
    language = Answer(
        "Which language do they speak best?",
        what="their language",
        longest=60,
        hint="If not English.",
    )

    def groups(self) -> Sequence[Group]:
        them, *others = super().groups()
        worker: list[Answer] = [
            self.worker_name,
            self.worker_role,
            self.organisation,
            self.worker_email,
            self.worker_phone,
            self.consent,
        ]
        return [
            Group("You", worker, "Give your email address or your phone number."),
            Group("The family", them.fields, "Give their email address or their phone number."),
            *([Group("Why you ask", [self.why, self.tried])] if self.asks_why else []),
            *others,
            *([Group("What you hear from us", [self.outcome])] if self.asks_outcome else []),
        ]

    def offer(self, ways: Collection[str], *, kept: str = "") -> None:
        super().offer(ways, kept=kept)
        self.asks_outcome = self.asks_outcome and "email" in ways

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        if not self.worker_email.data and not self.worker_phone.data:
            self.worker_email.blame("Enter your email address or your phone number")
        if self._sees_outcome and not self.worker_email.data:
            self.worker_email.blame("Enter your email address: the private link goes to it")
        return self.well

    @property
    def _sees_outcome(self) -> bool:
        return self.asks_outcome and self.outcome.data == "yes"

    def referrer(self) -> Referrer:
        return Referrer(
            self.worker_name.data,
            self.worker_role.data,
            self.organisation.data,
            self.worker_email.data or None,
            self.worker_phone.data or None,
            (self.why.data or "") if self.asks_why else "",
            (self.tried.data or "") if self.asks_why else "",
            self._sees_outcome,
        )


def ask_form(
    programme: Programme,
    who: Literal["family", "professional"],
    *,
    series: Sequence[Option] = (),
    districts: Sequence[Option] = (),
    alone: bool = True,
    centre: str = "",
    danger: str = "",
    formdata: Any = None,
) -> AskForm:
    """The form to request a place in a programme; `series` are those that can be chosen.

    `alone`: whether the programme can be requested without a series. `centre` is the name of the
    centre that is asked. `danger` says whom a professional rings about a child in danger, for whom
    no agreement is waited for.
    """
    base = ReferForm if who == "professional" else AskForm
    form: AskForm = with_questions(base, programme, programme.questions)(formdata=formdata)
    form.series.options = [_ANY_SERIES, *series]
    if not alone:
        form.series.missing = "Choose a group"
    form.district.options = [_ANYWHERE, *districts]
    form.centre = centre
    # The family itself may say so, and of a sensitive programme texts never say anything (S86).
    form.asks_texts = who == "family" and not programme.sensitive
    form.people.hint = "Count adults and children."
    if programme.place_for == "person":
        form.people.most = MOST_PLACES
    form.topics.options = tuple(programme.topics.items())
    if programme.topics:
        # It is about a need, and not about places in a group.
        form.asks_numbers, form.coming = False, "The children"
    if isinstance(form, ReferForm):
        form.consent.missing = f"{form.consent.missing}. {danger}".removesuffix(". ")
        form.asks_why = form.asks_outcome = not programme.sensitive
        if not series:
            form.outcome.hint = f"{form.outcome.hint} Without a group, “came” means {BEGUN}."
    if programme.sensitive:
        # Only what a first talk needs is asked.
        form.asks_numbers = form.asks_ages = False
        form.discreet()
    return form
