"""Signing in and out: email and password, then a code; the first time, by an invitation.

The requested page is passed along as `next`, in the address and the forms; only paths of the staff
pages are accepted. A wrong name and a wrong password get the same words (S33).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from flask import Response, g, redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response as Answered

from portal.feeds import qr_codes as drawings
from portal.staff import accounts, kept_forms, passwords, second_factors, sign_in
from portal.staff.accounts import Staff
from portal.web.live.context import live
from portal.web.live.forms.answers import Answer, Email
from portal.web.staff import cookie, council_sign_in
from portal.web.staff.access import ANYBODY, OWN, now, staff_route
from portal.web.staff.forms import Password, StaffForm
from portal.web.staff.screens import KEPT, SIGN_IN, explain, home, onward, page

SECOND = "/staff/second-factor"
NOT_RIGHT = "The email address or the password is not right. Check both, and try again"
WRONG_CODE = "This code is not right, or was used before. Wait for the next one, and type it"


class SignInForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ("name", "password")

    name = Email(
        "Email address",
        what="your email address",
        missing="Enter your email address",
        autocomplete="username",
        doubted=False,  # it must be that of an account
    )
    password = Password(
        "Password",
        what="your password",
        missing="Enter your password",
        autocomplete="current-password",
    )


class CodeForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ("code",)

    code = Answer(
        "Code from your phone",
        what="the code",
        missing="Enter the code from your phone",
        longest=40,
        hint="Open the app that makes codes, and type the 6 digits.",
        autocomplete="one-time-code",
        width="w6",
    )


class NewPassword(Password):
    """A new password: not a common one, and not a name."""

    def __init__(self, label: str = "", **given: object) -> None:
        super().__init__(
            label,
            **{"missing": "Enter a password", "autocomplete": "new-password", **given},
        )
        self.names: tuple[str, ...] = ()

    def wrong_value(self) -> str:
        return passwords.wrong(str(self.data), names=self.names)


class WelcomeForm(StaffForm):
    asked: ClassVar[Sequence[str]] = ("password", "again")

    password = NewPassword(
        "Password",
        what="the password",
        hint=f"{passwords.SHORTEST} characters or more. You can use any characters.",
    )
    again = Password(
        "The same password again",
        what="the password",
        missing="Enter the same password again",
        autocomplete="new-password",
    )

    def for_staff(self, staff: Staff) -> WelcomeForm:
        """Names that must not be in the password."""
        site = live().frame.site
        self.answer("password").names = (staff.name, staff.title, site.name, site.area)
        return self

    def validate(self, extra_validators: object = None) -> bool:
        super().validate(extra_validators)
        first, second = self.answer("password"), self.answer("again")
        if not first.errors and not second.errors and first.data != second.data:
            second.blame("The two passwords are not the same. Type them again")
        return self.well


# --- coming and going -----------------------------------------------------------------------------


@staff_route(SIGN_IN, may=ANYBODY, methods=("GET", "POST"), refills=True)
def password_page() -> Answered:
    """Name and password."""
    asked = _next()
    if g.visit and g.visit.whole:
        return redirect(onward(asked), 303)
    form = SignInForm()
    if request.method != "POST":
        return _sign_in_page(form, 200)
    if status := form.refused():
        return _sign_in_page(form, status)
    found = live()
    with found.database() as engine:
        staff = sign_in.check_password(
            engine,
            found.secret,
            form.name.data,
            form.password.data,
            **asker(),
        )
        if staff is None:
            form.trouble = NOT_RIGHT
            return _sign_in_page(form, 422)
        cookie.hold(sign_in.begin(engine, staff.id, now=now(), whole=False))
    return redirect(f"{SECOND}?next={quote(asked)}" if asked else SECOND, 303)


def _sign_in_page(form: SignInForm, status: int) -> Response:
    return page(
        "staff/sign_in.html",
        "Sign in",
        status,
        error=status >= 400,
        form=form,
        next=_next(),
        out="out" in request.args,
        kept="kept" in request.args,
        council=_council(),
    )


def _council() -> str:
    """The address that leads to the council's sign-in; '' where there is none."""
    path, asked = council_sign_in.start_path(), _next()
    return f"{path}?next={quote(asked)}" if path and asked else path


@staff_route(SECOND, may=ANYBODY, methods=("GET", "POST"), refills=True)
def second_factor() -> Answered:
    """The code, after the password was right."""
    asked = _next()
    if g.visit is None:
        return redirect(f"{SIGN_IN}?next={quote(asked)}" if asked else SIGN_IN, 303)
    if g.visit.whole:
        return redirect(onward(asked), 303)
    form = CodeForm()
    if request.method != "POST":
        return _second_page(form, 200)
    if status := form.refused():
        return _second_page(form, status)
    found, staff = live(), g.visit.staff
    with found.database() as engine:
        right = sign_in.check_code(
            engine,
            found.secret,
            staff.id,
            form.code.data,
            **asker(),
        )
        if not right:
            form.code.blame(WRONG_CODE)
            return _second_page(form, 422)
        sign_in.end(engine, g.visit, now=now())
        device = cookie.keep_device()
        cookie.hold(sign_in.begin(engine, staff.id, now=now(), whole=True, device=device))
        kept = kept_forms.of(engine, staff.id, now=now())
    return redirect(KEPT if kept else onward(asked), 303)


def asker() -> dict[str, Any]:
    """Who tries to sign in, and when: for the limits on attempts."""
    return {"address": request.remote_addr or "", "device": cookie.device(), "now": now()}


def _second_page(form: CodeForm, status: int) -> Response:
    return page(
        "staff/second_factor.html",
        "Enter your code",
        status,
        error=status >= 400,
        form=form,
        next=_next(),
    )


@staff_route("/staff/sign-out", may=OWN, methods=("POST",))
def sign_out() -> Answered:
    with live().database() as engine:
        sign_in.end(engine, g.visit, now=now())
    cookie.hold("")
    return redirect(f"{SIGN_IN}?out", 303)


def _next() -> str:
    """The requested path; '' if there is none that may be followed."""
    asked = request.values.get("next", "")
    return asked if asked and onward(asked) == asked else ""


# --- the first time -------------------------------------------------------------------------------


class KnownPassword(StaffForm):
    """The password that was chosen with this invitation before."""

    asked: ClassVar[Sequence[str]] = ("password",)

    password = Password(
        "Password",
        what="your password",
        missing="Enter the password that you chose",
        autocomplete="current-password",
    )


@staff_route("/staff/welcome/<token>", may=ANYBODY, methods=("GET", "POST"), refills=True)
def welcome(token: str) -> Answered:
    """Accept an invitation: first a password, then the second factor."""
    found = live()
    with found.database() as engine:
        guest = accounts.invited(engine, token, now=now())
        if guest is None:
            return explain(
                "This invitation no longer works",
                "An invitation works once, and for 3 days. Ask for a new one.",
                "Have you set up your account already? Then you can sign in.",
                status=404,
                back=SIGN_IN,
            )
        staff, invitation = guest.staff, accounts.digest_of(token)
        if "seal" in request.form:
            return _welcome_factor(staff, invitation)
        form = KnownPassword() if guest.has_password else WelcomeForm().for_staff(staff)
        status = form.refused() if request.method == "POST" else 200
        if status is None and guest.has_password:
            known = sign_in.check_password(
                engine, found.secret, staff.name, form.password.data, invited=True, **asker()
            )
            if known is None:
                form.password.blame("This is not the password that you chose. Type it again")
                status = 422
        elif status is None:
            accounts.welcome(engine, token, form.password.data, now=now())
    if status is None:
        return _welcome_factor(staff, invitation, new=True)
    return page(
        "staff/welcome.html",
        "Type your password" if guest.has_password else "Choose your password",
        status,
        error=status >= 400,
        form=form,
        staff=staff,
        has_password=guest.has_password,
        drawn="",
    )


def _welcome_factor(staff: Staff, invitation: bytes, *, new: bool = False) -> Answered:
    shown = factor_page(
        "staff/welcome.html",
        "Add your phone",
        staff,
        invitation,
        way="invitation",
        new=new,
        staff=staff,
    )
    return shown or redirect(request.path, 303)


def factor_page(
    template: str,
    title: str,
    whose: Staff,
    visit: bytes,
    *,
    way: str,
    new: bool,
    **given: Any,
) -> Response | None:
    """The page that shows the key of a new second factor, only after the password was given.

    With `new` the password was given just now, and a new key is made. Otherwise the form holds the
    seal of the key, and a correct code confirms it and starts a new visit. None if the seal is not
    valid: then the password is asked for again.
    """
    found, form = live(), CodeForm(formdata=None if new else request.form)
    seal = request.form.get("seal", "")
    if new:
        seal = sign_in.new_factor(found.secret, visit, now=now())
    key = sign_in.factor_key(found.secret, seal, visit, now=now())
    if key is None:
        return None
    status = 200 if new else form.refused()
    if status is None:
        with found.database() as engine:
            codes = sign_in.confirm_factor(
                engine, found.secret, whose.id, seal, visit, form.code.data, **asker()
            )
        if codes:
            return begin_anew(whose, codes, way=way)
        form.code.blame(WRONG_CODE)
        status = 422
    return page(
        template,
        title,
        status,
        error=status >= 400,
        form=form,
        drawn=drawn(whose, key),
        key=spaced(key),
        seal=[("seal", seal)],
        **given,
    )


def begin_anew(staff: Staff, codes: tuple[str, ...], *, way: str) -> Response:
    """Starts a new visit, and shows the recovery codes made with the second factor."""
    with live().database() as engine:
        device = cookie.keep_device()
        token = sign_in.begin(engine, staff.id, now=now(), whole=True, way=way, device=device)
        cookie.hold(token)
        g.visit = sign_in.visit(engine, token, now=now())
    return recovery_codes(staff, codes)


def recovery_codes(staff: Staff, codes: tuple[str, ...]) -> Response:
    """The page that shows recovery codes, once."""
    return page("staff/codes.html", "Your recovery codes", codes=codes, staff=staff, onward=home())


def drawn(staff: Staff, key: str) -> Markup:
    """The QR code for the app to scan."""
    address = second_factors.address_of(key, name=staff.name, service=live().frame.site.name)
    return Markup(drawings.in_page(address))  # noqa: S704  made by a library out of modules


def spaced(key: str) -> str:
    """A key in groups of four, to be typed."""
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))
