"""The page for a family whose children find the creche full, while the group has a place."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from flask import Response

from portal.bookings import creche
from portal.bookings.opening import booked_session, coming_of
from portal.directory import Series, Session
from portal.web import filters
from portal.web.live.context import live
from portal.web.live.forms.creche import CrecheQuestions
from portal.web.live.forms.family import BookForm
from portal.web.live.screens import Press

# What waiting for the creche means, for each page that offers it.
WAITING = (
    "If you wait, you keep your place in the group. A creche place that becomes free goes to the "
    "first family on the list whose children all fit. If you need more than one place, smaller "
    "families can go before you at most twice. Then we keep free places until there are enough "
    "for you. When they are yours, your own page says so, and we get in touch in the way that you "
    "chose."
)


class Wanted(Protocol):
    @property
    def series(self) -> Series: ...

    @property
    def session(self) -> Session | None: ...

    def explain(self, title: str, *paragraphs: str, **given: Any) -> Response: ...


def places_left(series: Series, planned: str) -> int:
    with live().database() as engine:
        return creche.left(engine, series, planned)


def tell(form: CrecheQuestions, series: Series, planned: str, now: datetime) -> None:
    """Say on a form which day the ages are for, and how many places the creche has left."""
    if form.asks_creche:
        coming = coming_of(series, booked_session(series, planned), now)
        day = next((one.day for one in coming if not one.off), None)
        form.tell_of_creche(day, places_left(series, planned))


def is_full(wanted: Wanted, form: BookForm) -> bool:
    """Whether the family has to choose, because the creche has too few places for its children."""
    if not form.in_creche or form.wait.data == "yes" or form.creche_choice.data == "wait":
        return False
    planned = wanted.session.anchor if wanted.session else ""
    return places_left(wanted.series, planned) < len(form.in_creche)


def said(series: Series, planned: str, form: CrecheQuestions) -> str:
    """Why the children cannot have their places."""
    left, children = places_left(series, planned), len(form.in_creche)
    if not left:
        return "Every place in the creche is taken, or other families wait for one."
    are = "is" if left == 1 else "are"
    return (
        f"There {are} {filters.count(left, 'place')} left in the creche, and you want {children}."
    )


def back_words(series: Series, planned: str, children: int) -> str:
    """Whether these children get their places back with a cancellation that is taken back."""
    if not (children and series.creche_room):
        return ""
    left, one = places_left(series, planned), children == 1
    if left >= children:
        whose = "Your child gets a creche place" if one else "Your children get creche places"
        return f"{whose} too, if nobody is quicker."
    free = f"only {filters.count(left, 'place')} left" if left else "no place left"
    need = "1 child needs a place" if one else f"{children} children need places"
    return (
        f"But the creche has {free}, and your {need}. You would have your own place, and be on the "
        "waiting list of the creche."
    )


def choose(wanted: Wanted, form: BookForm, step: str) -> Response:
    """The family books without the creche, or waits for it; its answers are kept."""
    series = wanted.series
    planned = wanted.session.anchor if wanted.session else ""
    form.creche_choice.data = ""
    waits = [WAITING] if series.waiting_list else []
    presses = [Press("Book without the creche", step, (("creche_choice", "without"),))]
    if series.waiting_list:
        words = "Book, and wait for the creche"
        presses.append(Press(words, step, (("creche_choice", "wait"),), secondary=True))
    presses.append(Press("Change your answers", "edit", secondary=True))
    return wanted.explain(
        "The creche is full",
        said(series, planned, form),
        "There is a place for you in the group. You are not booked yet.",
        *waits,
        status=409,
        form=form,
        presses=presses,
    )
