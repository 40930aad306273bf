"""`/consultations/<slug>`: anybody answers what a board asks, and reads what others answered.

There is no name, no account and no free text (S107). The answers page shows whole groups of answers
alone, the same to everybody, and changes once a day (S108). One network may send as many answers as
a class at school, and only a few of them fill a group. Whether a consultation is open is asked
again when a form comes, because it may close while somebody fills it in.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, redirect, request

from portal.bookings import consultation_counts, consultations
from portal.database.rate_limits import TooOften, network_of
from portal.directory import Board, Consultation, Meeting
from portal.directory.values import LONDON, day_words
from portal.web.live.context import Away, live
from portal.web.live.forms.consultation import ConsultationForm, form_of
from portal.web.live.forms.steps import next_screen
from portal.web.live.screens import away, check_form, explain, head, page, too_many
from portal.web.live.subjects import Subject

pages = Blueprint("consultation", __name__)
pages.before_request(check_form)


@pages.route("/consultations/<slug>", methods=["GET", "POST"])
def consultation(slug: str) -> Any:
    """The questions, with the answers to choose from."""
    board, asked, today = _found(slug)
    if asked.state(today) != "open":
        return _not_open(board, asked, today)
    found, now = live(), live().now
    form = form_of(asked)(formdata=request.form if request.method == "POST" else None)
    form.offer(found.directory.districts)
    following = next_screen(form, now, found.secret, checked=False)
    subject = _subject(board, asked)
    if following.screen == "form":
        return page(
            "live/form.html",
            head(asked.title, asked.path, error=bool(form.problems())),
            following.status,
            form=form,
            subject=subject,
            others=(),
            room="",
            action="Send your answers",
        )
    return _store(board, asked, form)


def _store(board: Board, asked: Consultation, form: ConsultationForm) -> Any:
    found, subject = live(), _subject(board, asked)
    network = network_of(request.remote_addr or "")
    try:
        with found.database() as engine:
            consultations.answer(
                engine,
                board,
                asked,
                form.chosen,
                age_band=form.age.text,
                district=form.district.text,
                key=str(form.key.data),
                now=found.now,
                allowance=found.a_day(
                    ("answers", f"{asked.slug} {network}", found.settings.answers_per_address)
                ),
                filling=consultations.filling_of(found.secret, asked, network, found.now),
            )
    except TooOften as refused:
        return too_many(asked.path, form, "confirm", refused.seconds, subject=subject)
    except Away:
        return away(asked.path, subject, form, "confirm")
    return redirect(f"{asked.answers_path}?sent=yes", 303)


@pages.get("/consultations/<slug>/answers")
def answers(slug: str) -> Any:
    """What people answered, as far as it may be shown; after a form also the thanks."""
    board, asked, today = _found(slug)
    if asked.state(today) == "soon":
        return _not_open(board, asked, today)
    subject = _subject(board, asked)
    try:
        with live().database() as engine:
            shown = consultations.results(engine, live().directory, asked, today)
    except Away:
        return away(asked.answers_path, subject)
    return page(
        "live/consultation_answers.html",
        head(f"Answers: {asked.title}", asked.answers_path),
        board=board,
        asked=asked,
        state=asked.state(today),
        results=shown,
        meeting=_meeting_after(board, asked),
        sent=request.args.get("sent") == "yes",
        kept_days=consultations.KEPT_FOR.days,
        a_day=live().settings.answers_per_address,
        sizes=consultation_counts,
    )


def _found(slug: str) -> tuple[Board, Consultation, date]:
    """The board that asks, what it asks, and today; 404 where there is no such consultation."""
    board = live().directory.board_asking(slug)
    if board is None or board.consultation is None:
        abort(404)
    return board, board.consultation, live().now.astimezone(LONDON).date()


def _subject(board: Board, asked: Consultation) -> Subject:
    lead = "You do not give your name. Choose one answer to each question."
    if asked.age_words:
        ages = asked.age_words[0].lower() + asked.age_words[1:]
        lead += f" We ask people of these ages most of all: {ages}. Anybody can answer."
    if district := live().directory.district(asked.district or ""):
        lead += f" It is about {district.title}."
    lead += f" You can answer until {day_words(asked.closes)}."
    return Subject(board.title, lead, back=board.path)


def _meeting_after(board: Board, asked: Consultation) -> Meeting | None:
    """The first meeting of the board after the last day for answers."""
    return next((one for one in board.meetings if one.day > asked.closes), None)


def _not_open(board: Board, asked: Consultation, today: date) -> Response:
    """The page before the first day and after the last one, also for a form that came too late."""
    subject = replace(_subject(board, asked), lead="")
    if asked.state(today) == "soon":
        return explain(
            "You cannot answer yet",
            asked.path,
            f"“{asked.title}” opens on {day_words(asked.opens)}. "
            f"You can answer until {day_words(asked.closes)}.",
            subject=subject,
        )
    late = request.method == "POST"
    words = ["We have not taken your answers, because they came after that day."] if late else []
    return page(
        "live/consultation_closed.html",
        head("You can no longer answer", asked.path),
        409 if late else 200,
        asked=asked,
        paragraphs=[f"“{asked.title}” closed at the end of {day_words(asked.closes)}.", *words],
        subject=subject,
    )
