"""The user's own account: a new password, another phone, new recovery codes, sign out everywhere.

Anything used to sign in can be changed only with the current password: a page left open on a shared
computer must not be enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from flask import g, redirect, request
from werkzeug.wrappers import Response as Answered

from portal.staff import accounts, sign_in
from portal.staff.roles import DUTIES, TITLES
from portal.web.live.context import live
from portal.web.staff import cookie
from portal.web.staff.access import OWN, current, now, staff_route
from portal.web.staff.forms import Password, StaffForm
from portal.web.staff.screens import ACCOUNT, SIGN_IN, page
from portal.web.staff.sign_in import WelcomeForm, asker, factor_page, recovery_codes

NOT_IT = "This is not your password. Type the one that you signed in with"
TOO_LATE = "More than 10 minutes have passed. Type your password again"
_DONE = {"password": "Your password is changed", "phone": "Your phone is changed"}


def _now_password() -> Password:
    return Password(
        "Current password",
        what="your password",
        missing="Enter your current password",
        autocomplete="current-password",
    )


class PasswordForm(WelcomeForm):
    asked: ClassVar[Sequence[str]] = ("old", "password", "again")
    old = _now_password()


class ConfirmForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ("old",)
    old = _now_password()


@staff_route(ACCOUNT, may=OWN)
def account() -> Answered:
    staff = current()
    with live().database() as engine:
        mine = accounts.account(engine, staff.id)
    directory = live().directory
    own = staff.works_in(directory)
    return page(
        "staff/account.html",
        "Your account",
        staff=staff,
        done=_DONE.get(request.args.get("done", ""), ""),
        codes=mine.recovery_codes if mine else 0,
        role=f"{TITLES[staff.role]}: {DUTIES[staff.role]}",
        centres=[one.title for one in directory.centres if one.slug in own],
        panels=[
            one.title
            for one in directory.districts
            if one.panel is not None and staff.sits_on(one.slug, directory)
        ],
    )


@staff_route(f"{ACCOUNT}/password", may=OWN, methods=("GET", "POST"), refills=True)
def password() -> Answered:
    form = PasswordForm().for_staff(current())
    status: int | None = 200
    if request.method == "POST":
        status = form.refused() or _unlocked(form)
    if status is None:
        with live().database() as engine:
            sign_in.set_password(engine, current().id, form.password.data, now=now())
            device = cookie.keep_device()
            cookie.hold(sign_in.begin(engine, current().id, now=now(), whole=True, device=device))
        return redirect(f"{ACCOUNT}?done=password", 303)
    return page(
        "staff/account_form.html",
        "Change your password",
        status,
        error=status >= 400,
        back=ACCOUNT,
        form=form,
        button="Change the password",
        paragraphs=[
            "Long is safe: think of four words that have nothing in common. You can use spaces.",
            "You are signed out wherever else you are signed in.",
        ],
    )


@staff_route(f"{ACCOUNT}/phone", may=OWN, methods=("GET", "POST"), refills=True)
def phone() -> Answered:
    """Ask for the password first: only then is a new key made and shown."""
    form = ConfirmForm()
    status: int | None = 200
    if "seal" in request.form:
        if shown := _new_phone(new=False):
            return shown
        form = ConfirmForm(formdata=None)
        form.trouble, status = TOO_LATE, 422
    elif request.method == "POST":
        status = form.refused() or _unlocked(form)
    if status is None:
        return _new_phone(new=True) or redirect(request.path, 303)
    return page(
        "staff/account_form.html",
        "Use another phone",
        status,
        error=status >= 400,
        back=ACCOUNT,
        form=form,
        button="Continue",
        paragraphs=["First type your password. Then you can add the other phone."],
    )


def _new_phone(*, new: bool) -> Answered | None:
    return factor_page(
        "staff/account_form.html",
        "Use another phone",
        current(),
        g.visit.token_hash,
        way="phone",
        new=new,
        back=ACCOUNT,
        button="Use this phone",
        paragraphs=["Codes from your old phone will stop working."],
    )


@staff_route(f"{ACCOUNT}/codes", may=OWN, methods=("GET", "POST"), refills=True)
def codes() -> Answered:
    form = ConfirmForm()
    status: int | None = 200
    if request.method == "POST":
        status = form.refused() or _unlocked(form)
    if status is None:
        found = live()
        with found.database() as engine:
            new = sign_in.new_recovery_codes(engine, found.secret, current().id, now=now())
        return recovery_codes(current(), new)
    return page(
        "staff/account_form.html",
        "Make new recovery codes",
        status,
        error=status >= 400,
        back=ACCOUNT,
        form=form,
        button="Make new codes",
        paragraphs=["Your current codes will stop working."],
    )


@staff_route(f"{ACCOUNT}/sign-out", may=OWN, methods=("POST",))
def sign_out_everywhere() -> Answered:
    with live().database() as engine:
        sign_in.end_everywhere(engine, current().id, now=now())
    cookie.hold("")
    return redirect(f"{SIGN_IN}?out", 303)


def _unlocked(form: StaffForm) -> int | None:
    """None if the form holds the current password; otherwise the status of the refusal."""
    found = live()
    with found.database() as engine:
        staff = sign_in.check_password(
            engine,
            found.secret,
            g.visit.staff.name,
            form.answer("old").data,
            **asker(),
        )
    if staff is not None:
        return None
    form.answer("old").blame(NOT_IT)
    return 422
