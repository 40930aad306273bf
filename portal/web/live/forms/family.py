"""The live forms: what each asks, in which groups, and how its answers are passed on.

It hides how answers travel. They stay inside the form from screen to screen, with an idempotency
key, so that repeated presses make one booking (S22), the time at which the form was first shown,
signed together with the key for this browser, and a honeypot box. No cookie holds an answer.

A family gives at most five compulsory answers. Ages are asked for, never dates of birth (S50).
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol
from weakref import WeakKeyDictionary

from flask import session
from flask_wtf import FlaskForm
from flask_wtf.csrf import generate_csrf
from flask_wtf.form import _Auto
from wtforms import Field
from wtforms.utils import unset_value

from portal.bookings import MOST_PLACES, Family
from portal.directory import Programme, Question, Series
from portal.directory.fields import SAFE_TIME, TOPICS
from portal.web.live.forms.answers import (
    Answer,
    Carried,
    Children,
    Choice,
    Email,
    Lines,
    Name,
    Option,
    Phone,
    Tick,
    Ticks,
    Whole,
)
from portal.web.live.forms.creche import CrecheQuestions

LEAST_SECONDS = 3  # a person needs longer to fill in a form
OLDEST = timedelta(hours=24)  # a form that was shown earlier is shown again
LARGEST_FAMILY = 10

_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Group:
    """Answers that belong together, under one heading."""

    title: str
    fields: Sequence[Answer]
    lead: str = ""


class LiveForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The fields that every live form has beside its answers."""

    class Meta:
        csrf = False  # checked beside the form, before it is read (`steps`)

    _firsts: ClassVar[Mapping[str, Field]]  # of each class by itself

    def __init__(self, formdata: Any = _Auto, data: Any = None, **given: Any) -> None:
        """Reads what was sent, or what is given by the names of the fields.

        Each field is a copy of one that was made once for the class: to make them all again takes
        longer than to read the input. `process` and `validate` set what differs.
        """
        kind = type(self)
        if "_firsts" not in vars(kind):
            super().__init__(formdata=None)
            kind._firsts = {**self._fields}
        sent = FlaskForm.Meta().wrap_formdata(self, _Auto) if formdata is _Auto else formdata
        known = {**(data or {}), **given}
        self._fields: dict[str, Field] = {}
        for name, first in kind._firsts.items():
            copy: Field = object.__new__(type(first))
            copy.__dict__ = first.__dict__.copy()
            copy.process(sent, known.get(name, unset_value))
            self._fields[name] = copy
            setattr(self, name, copy)

    step = Carried()
    key = Carried()
    started = Carried()
    subject = Carried()  # a honeypot: people cannot see this box

    _asked: Sequence[Answer] | None = None  # once it has been validated
    _began = 0  # the seconds at which it was first shown
    _secret = ""
    trouble = ""  # what is wrong with the form as a whole, in a sentence
    keeps_answers = True  # shows them again to a browser that lost its token

    def groups(self) -> Sequence[Group]:
        """The answers in the order in which they are asked."""
        raise NotImplementedError

    def answers(self) -> Iterator[Answer]:
        for group in self.groups():
            yield from group.fields

    def answer(self, name: str) -> Any:
        return self._fields[name]

    def problems(self) -> list[tuple[str, str]]:
        """For the summary: where each mistake is, and what to do about it."""
        found = [problem for one in self.answers() for problem in one.problems()]
        return [("", self.trouble), *found] if self.trouble else found

    def validate(self, extra_validators: Any = None) -> bool:  # noqa: ARG002  the library's signature
        """Whether all answers are valid. Answers that were not asked for are discarded (S25)."""
        self._asked = [*self.answers()]
        asked = {id(one) for one in self._asked}
        for one in self._fields.values():
            if id(one) in asked:
                one.validate(self)
            elif isinstance(one, Answer):
                one.data, one.errors = None, []
        return self.well

    @property
    def well(self) -> bool:
        asked = self._asked if self._asked is not None else self.answers()
        return not any(one.errors for one in asked)

    def forget(self) -> bool:
        """Drop all answers that were sent. Returns whether the form has any."""
        answers = [one for one in self._fields.values() if isinstance(one, Answer)]
        for one in answers:
            one.forget()
        return bool(answers)

    def carried(self) -> Iterator[tuple[str, str]]:
        """Names and values of the hidden fields that bring all answers to the next screen."""
        yield from self.protocol()
        for one in self.answers():
            yield from one.carried()

    def protocol(self) -> Iterator[tuple[str, str]]:
        """The hidden fields of every screen."""
        yield "csrf_token", generate_csrf()  # makes the cookie that the stamp is bound to
        yield "key", str(self.key.data)
        yield "started", stamp(str(self.key.data), self._began, self._secret)

    # The key, and the time at which the form was first shown.

    def begin(self, now: datetime, secret: str) -> None:
        """Starts a new form, with a new key and time."""
        self.key.data = secrets.token_urlsafe(16)
        self._began, self._secret = int(now.timestamp()), secret

    def renew(self) -> None:
        """Keeps the answers, with a new key, so that the form can be sent once more."""
        self.key.data = secrets.token_urlsafe(16)

    def begun(self, now: datetime, secret: str) -> bool:
        """Whether the portal made this key and time for this browser; if not, makes new ones."""
        began = began_at(str(self.key.data or ""), str(self.started.data or ""), secret)
        if began is None:
            self.begin(now, secret)
            return False
        self._began, self._secret = began, secret
        return True

    def stale(self, now: datetime) -> bool:
        """Whether the form was first shown more than a day ago.

        A time still to come is signed too: it was ours before the clock was put back.
        """
        return now.timestamp() - self._began > OLDEST.total_seconds()

    def hasty(self, now: datetime) -> bool:
        """Whether a machine filled it in: too quickly for a person, or with the honeypot box.

        A form that is older than this clock says was opened before the clock was put back.
        """
        return abs(now.timestamp() - self._began) < LEAST_SECONDS or bool(self.subject.data)


def stamp(key: str, began: int, secret: str) -> str:
    """When a form with this key was first shown, signed for the cookie of this browser.

    So the key alone leads to no booking.
    """
    words = f"form:{began}:{key}:{session.get('csrf_token', '')}"
    return f"{began}.{hmac.digest(secret.encode(), words.encode(), 'sha256').hex()[:32]}"


def began_at(key: str, stamped: str, secret: str) -> int | None:
    """The seconds of a stamp; None unless it is of this key and this browser."""
    seconds = stamped.partition(".")[0]
    if not _KEY.fullmatch(key) or not re.fullmatch(r"[0-9]{1,12}", seconds):
        return None
    right = hmac.compare_digest(stamped.encode(), stamp(key, int(seconds), secret).encode())
    return int(seconds) if right and "csrf_token" in session else None


class PressForm(LiveForm):
    """A form with only a button."""

    def groups(self) -> Sequence[Group]:
        return ()


# --- a family ------------------------------------------------------------------------------------

CONTACT_WAYS: Sequence[Option] = (
    ("email", "By email"),
    ("text", "By text message"),
    ("call", "By phone call, at a time that is safe for me"),
    ("none", "Do not contact me. I will come"),
)
CONTACT_WAYS_OF_REQUESTS: Sequence[Option] = (
    ("call", "By phone call"),
    ("email", "By email"),
    ("text", "By text message"),
    ("none", "Do not contact me. I will look at my own page"),
)
YES_NO: Sequence[Option] = (("yes", "Yes"), ("no", "No"))


class SafeTime(Answer):
    """When it is safe to ring somebody."""

    def __init__(self, label: str = "", **given: Any) -> None:
        hint = "For example, weekday mornings after 9:30."
        super().__init__(label, **{"what": "the safe time", "longest": 100, "hint": hint, **given})


class Topics(Ticks):
    """What a family would like help with, if it chooses to say so."""

    def __init__(self, label: str = "", **given: Any) -> None:
        hint = "Tick what fits. You do not have to say."
        super().__init__(label, **{"what": "what you would like help with", "hint": hint, **given})


# A request may be for no group, so that no group has staff who see it.
SEEN_IN_A_REQUEST = (
    "Only the workers who answer your request see this, and those of the group if you get a place."
)


class Access(Lines):
    """What a family needs to be able to join in; `seen` says who reads it."""

    def __init__(self, seen: str, who: str = "you", **given: Any) -> None:
        hint = f"Such as a ramp, a quiet place or a signer. {seen}"
        label = f"What do {who} need to be able to join in?"
        super().__init__(
            label, what=f"what {who} need to be able to join in", longest=500, hint=hint, **given
        )


class ContactForm(LiveForm):
    """Name, and how it is safe to get in touch (S5)."""

    whose: ClassVar[str] = "your"

    # Whether the family itself is asked here what its text messages may say (S86).
    asks_texts = False

    name = Name(
        "Full name",
        what="your full name",
        missing="Enter your full name",
        longest=80,
        autocomplete="name",
    )
    email = Email("Email address", what="your email address", autocomplete="email", marked=False)
    phone = Phone("Phone number", what="your phone number", autocomplete="tel", marked=False)
    contact_by = Choice(
        "How may we contact you?",
        what="how we may contact you",
        missing="Choose how we may contact you",
        options=CONTACT_WAYS,
    )
    safe_to_contact = Choice(
        "Is it safe to leave you a message?",
        what="if it is safe to leave a message",
        missing="Say if it is safe to leave you a message",
        hint="Think about who else may read your email or pick up your phone. If you say no, we "
        "send no email and no text message, and leave no message on your phone.",
        options=YES_NO,
    )
    safe_time = SafeTime("When is it safe to ring you?")
    full_texts = Tick(
        "What may our text messages say?",
        what="what our text messages may say",
        statement="They may say what, when and where",
        hint="If you choose text messages. Other people may see them on your phone. If you leave "
        "this box empty, they say very little and have a link.",
    )
    access = Access("Only staff of the group see this.")
    language = Answer(
        "Which language do you speak best?",
        what="your language",
        longest=60,
        hint="If not English.",
    )
    notes = Lines(
        "Anything else that we should know?",
        what="your notes",
        longest=1000,
        hint="Do not write private things here, such as why you want to come.",
    )

    def discreet(self) -> None:
        """Turns off the browser's autofill, and shows answers only to the browser that sent them,
        in case somebody else can see the screen (S1)."""
        self.keeps_answers = False
        for name in ("name", "email", "phone"):
            self.answer(name).autocomplete = "off"

    def offer(self, ways: Collection[str], *, kept: str = "") -> None:
        """Offers only these ways of contact for messages, and the one that the family already has.

        A phone call, or no contact, can always be chosen.
        """
        sent = {"email", "text"} - {*ways, kept}
        options = self.contact_by.options
        self.contact_by.options = [one for one in options if one[0] not in sent]
        self.asks_texts = self.asks_texts and "text" not in sent

    def validate(self, extra_validators: Any = None) -> bool:
        """Each answer by itself, then those that depend on each other."""
        super().validate(extra_validators)
        email, phone = self.email, self.phone
        way = "" if self.contact_by.errors else self.contact_by.data
        if not email.data and not phone.data and not email.errors and not phone.errors:
            email.blame(f"Enter {self.whose} email address or {self.whose} phone number")
        elif way == "email" and not email.data:
            email.blame(f"Enter {self.whose} email address, or choose another way of contact")
        elif way in ("text", "call") and not phone.data:
            phone.blame(f"Enter {self.whose} phone number, or choose another way of contact")
        elif way == "text" and phone.data and not phone.takes_texts:
            phone.blame("Enter a mobile number, or choose another way of contact")
        return self.well

    def contact(self) -> dict[str, Any]:
        """The contact fields of a Family."""
        return {
            "name": self.name.data,
            "email": self.email.data or None,
            "phone": self.phone.data or None,
            "contact_by": self.contact_by.data,
            "safe_to_contact": self.safe_to_contact.data == "yes",
            "full_texts": self.full_texts.data == "yes",
            "access": self.access.data or "",
            "language": self.language.data or "",
            "notes": self.notes.data or "",
        }

    def who(self) -> list[Answer]:
        """The answers about who the family is, and the safe way to reach it."""
        return [
            self.name,
            self.email,
            self.phone,
            self.contact_by,
            self.safe_to_contact,
            *([self.full_texts] if self.asks_texts else []),
            self.safe_time,
        ]

    def beside(self) -> list[Answer]:
        """What else helps us, all of it optional."""
        return [self.access, self.language, self.notes]


class FamilyForm(ContactForm):
    """A family that books or asks for itself.

    `quiet` is set once it has been told what it means that no message is safe.
    """

    quiet = Carried()

    asks_numbers = True  # how many come
    coming = "Who is coming"
    asks_ages = True

    people = Whole(
        "How many people will come?",
        what="how many people will come",
        missing="Enter how many people will come",
        least=1,
        most=LARGEST_FAMILY,
        width="w2",
    )
    children = Children(
        "How old is each child?", hint="Leave blank any boxes that you do not need."
    )

    _questions: ClassVar[Sequence[tuple[str, Question]]] = ()

    def groups(self) -> Sequence[Group]:
        coming = self.who_comes()
        asked: list[Answer] = [self.answer(name) for name, _ in self._questions]
        reach = "Give your email address or your phone number. You can give both."
        return [
            Group("You", self.who(), reach),
            *([Group(self.coming, coming)] if coming else []),
            Group("Anything we should know", [*asked, *self.beside()]),
        ]

    def who_comes(self) -> list[Answer]:
        coming: list[Answer] = [self.people] if self.asks_numbers else []
        return [*coming, self.children] if self.asks_ages else coming

    def protocol(self) -> Iterator[tuple[str, str]]:
        yield from super().protocol()
        if self.quiet.data == "yes":
            yield "quiet", "yes"

    @property
    def unheard(self) -> bool:
        """Whether a way of contact was chosen that is never used, because no message is safe."""
        unsafe = self.safe_to_contact.data == "no" and self.contact_by.data in ("email", "text")
        return unsafe and self.quiet.data != "yes"

    def family(self) -> Family:
        return Family(
            **self.contact(),
            people=self.people.data if self.asks_numbers else 1,
            children=self.children.ages if self.asks_ages else (),
            answers=self.more(),
        )

    def more(self) -> dict[str, str]:
        given = [(question.name, self.answer(name).said) for name, question in self._questions]
        given.append((SAFE_TIME, self.safe_time.data or ""))
        return {name: said for name, said in given if said}


class BookForm(CrecheQuestions, FamilyForm):
    """A family books a place. `wait` is set once it has been told about the waiting list."""

    wait = Carried()

    def protocol(self) -> Iterator[tuple[str, str]]:
        yield from super().protocol()
        if self.wait.data == "yes":
            yield "wait", "yes"
        if self.creche_choice.data in ("wait", "without"):
            yield "creche_choice", self.creche_choice.data

    def who_comes(self) -> list[Answer]:
        return [*super().who_comes(), *self.creche_questions()]

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        self.check_creche()
        return self.well

    def family(self) -> Family:
        return replace(super().family(), creche=self.in_creche)


# Forms with a programme's own questions, made once for each series or programme.
_made: WeakKeyDictionary[Any, dict[type, type]] = WeakKeyDictionary()


def with_questions(base: type, thing: Series | Programme, questions: Sequence[Question]) -> type:
    """The form `base` with the programme's own questions added."""
    made = _made.setdefault(thing, {})
    if base not in made:
        named = [(f"question-{question.name}", question) for question in questions]
        fields: dict[str, Any] = {name: _field_of(question) for name, question in named}
        support = isinstance(thing, Programme) and thing.topics and not thing.sensitive
        if support and not getattr(base, "asks_why", False):
            fields["notes"] = _what_would_help()
        made[base] = type(base.__name__, (base,), {**fields, "_questions": named})
    return made[base]


def _what_would_help() -> Lines:
    """The notes of a family that asks for support: it may say more, and need not (S50)."""
    return Lines(
        "What would help?",
        what="what would help",
        longest=1000,
        hint="You do not have to say. Only the workers who answer your request read this.",
    )


def _field_of(question: Question) -> Field:
    wanted = f"Answer the question: {question.label}" if question.required else ""
    given: dict[str, Any] = {"missing": wanted, "hint": question.hint}
    if question.type == "number":
        return Whole(question.label, **given)
    if question.type == "yes-no":
        return Choice(question.label, options=YES_NO, **given)
    if question.type == "choice":
        return Choice(question.label, options=[(one, one) for one in question.options], **given)
    return Answer(question.label, **given)


def book_form(series: Series, formdata: Any = None) -> BookForm:
    """The form for a place in this series."""
    made = with_questions(BookForm, series, series.programme.questions)
    form: BookForm = made(formdata=formdata)
    limit_people(form, series)
    return form


class AsksWhoComes(Protocol):
    """A form that asks how many come, and how old the children are."""

    asks_ages: bool
    people: Whole
    children: Children


def limit_people(form: AsksWhoComes, series: Series) -> None:
    """Limits the number of people, and asks for ages if there may be children."""
    form.people.hint = "Count yourself, other adults and children."
    if series.place_for == "person":
        form.people.most = min(MOST_PLACES, series.places or MOST_PLACES)
        form.people.hint += f" Each person takes a place. Book {form.people.most} at most."
    ages, booked = series.ages or (), bool(series.creche_room)
    looked_after = bool(series.creche) and not booked
    form.asks_ages = not ages or looked_after or any(not age.pregnancy for age in ages)
    if booked and isinstance(form, CrecheQuestions):
        form.people.hint += " Do not count children in the creche."
        form.children.hint = "Only those who come to the group itself."
        form.ask_creche(series)


# --- a booking that stands -----------------------------------------------------------------------


class DetailsForm(ContactForm):
    """A family's details, to be corrected; with its answers to the programme, if shown."""

    _questions: ClassVar[Sequence[tuple[str, Question]]] = ()

    def groups(self) -> Sequence[Group]:
        asked = [self.answer(name) for name, _ in self._questions]
        return [
            Group("You", self.who()),
            Group("Anything we should know", [*asked, *self.beside()]),
        ]

    def given(self, answers: Mapping[str, str]) -> None:
        """Fills in the earlier answers. Questions added since then are optional."""
        for name, question in self._questions:
            one, said = self.answer(name), answers.get(question.name, "")
            if one.raw_data is None:
                one.data = {"Yes": "yes", "No": "no"}.get(said, said) if said else None
            if not said:
                one.missing = ""
        if self.safe_time.raw_data is None:
            self.safe_time.data = answers.get(SAFE_TIME, "")

    def corrected(self, answers: Mapping[str, str]) -> dict[str, str]:
        """The answers as corrected."""
        now = {question.name: self.answer(name).said for name, question in self._questions}
        now[SAFE_TIME] = self.safe_time.data or ""
        return {name: said for name, said in {**answers, **now}.items() if said}


class RequestDetailsForm(DetailsForm):
    """The same, of a request, with what it is about if its form asks that."""

    access = Access(SEEN_IN_A_REQUEST)
    topics = Topics("What would you like help with?")
    safe_time = SafeTime("When is a good and safe time to reach you?")
    contact_by = Choice(
        "How may we contact you?",
        what="how we may contact you",
        missing="Choose how we may contact you",
        options=CONTACT_WAYS_OF_REQUESTS,
    )

    def groups(self) -> Sequence[Group]:
        asked = [Group("What it is about", [self.topics])] if self.topics.options else []
        return [*asked, *super().groups()]

    def offer_topics(self, topics: Mapping[str, str], answers: Mapping[str, str]) -> None:
        """Asks what it is about; words of earlier topics can still be kept."""
        said = [words for words in answers.get(TOPICS, "").split("; ") if words]
        earlier = [(words, words) for words in said if words not in topics.values()]
        self.topics.options = [*topics.items(), *earlier]
        if self.topics.raw_data is None:
            self.topics.data = tuple(key for key, words in self.topics.options if words in said)

    def corrected(self, answers: Mapping[str, str]) -> dict[str, str]:
        now = super().corrected(answers)
        if self.topics.options:
            now[TOPICS] = self.topics.said
        return {name: said for name, said in now.items() if said}
