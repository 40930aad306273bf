"""The way of somebody new, in a real browser on the real server: an invitation, a phone, each
morning, a forgotten phone, the end of the day. With scripts and without, on a phone and at a desk.
"""

import re
from datetime import timedelta

import pyotp
import pytest

from portal import bookings, database
from portal.bookings import Family
from portal.commands.staffing import Staffing
from portal.database import tables
from portal.directory.values import LONDON
from portal.server.app import create_app
from portal.settings import Settings
from portal.web.site import build
from tests.support import made
from tests.support.browser import NARROW, WIDE, follow, serving, visiting
from tests.support.queue import failed_messages
from tests.support.staffed import sign_in_browser
from tests.support.viewer import html_of, viewing

pytestmark = pytest.mark.browser

PASSWORD = "ribbon lantern gravel orchid"


class Office:
    """The whole portal at work on the sample. Between two requests some seconds go by.

    `built` is a site that is there already; without one it is built.
    """

    def __init__(self, folder, sample_root, today, built=None) -> None:
        self.now = made.NOW.replace(year=today.year, month=today.month, day=today.day)
        out = built or folder / "build"
        self.settings = Settings(root=sample_root, out=out, var=folder / "var")
        if not built:
            build.build(self.settings, today=today)
        self.app = create_app(self.settings)
        self.app._published.wait(30)
        for one in (self.app._desk, self.app._staff):
            one.config["clock"] = self.clock

    def clock(self):
        self.now += timedelta(seconds=2)
        return self.now.astimezone(LONDON)

    @property
    def live(self):
        return self.app._staff.extensions["live"]

    @property
    def engine(self):
        return self.live._reach()

    def invite(self, name: str) -> str:
        lines = Staffing(self.settings, self.now).add(name, "Ada Moss", "administrator", (), None)
        return re.search(r"/staff/here/\S+", "\n".join(lines))[0]

    def fail_messages(self, number: int) -> None:
        """So many bookings whose confirmation nobody took."""
        series = self.app._published().find_series("riverbank/bump-spring")
        for one in range(number):
            family = Family(f"F {one}", email="f@example.org", contact_by="email")
            bookings.book(
                self.engine,
                series,
                Family(**{**vars(family), "safe_to_contact": True}),
                key=f"key {one}" * 4,
                secret=self.live.secret,
                now=self.now,
            )
        values = {"state": "failed", "trouble": "The mailbox is full."}
        database.write(self.engine, lambda c: c.execute(tables.message.update().values(**values)))
        assert failed_messages(self.engine)


@pytest.fixture(scope="module")
def office(tmp_path_factory, sample_root, built, today):
    return Office(tmp_path_factory.mktemp("office"), sample_root, today, built)


@pytest.fixture(scope="module")
def address(office):
    with serving(office.app) as address:
        yield address


class Worker:
    """Somebody at her browser, and the app on her phone."""

    def __init__(self, visitor, office) -> None:
        self.page = visitor.page
        self.page.set_default_timeout(10_000)
        self.office = office
        self.key = ""
        self.codes: list[str] = []

    def go(self, path: str) -> "Worker":
        self.page.goto(path, wait_until="load")
        return self

    def press(self, words: str, where: str = "main") -> "Worker":
        follow(self.page.locator(f"{where} button").get_by_text(words, exact=True).first)
        return self

    def follow(self, words: str) -> "Worker":
        follow(self.page.locator("main a").get_by_text(words, exact=True).first)
        return self

    def fill(self, **answers: str) -> "Worker":
        for label, words in answers.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(words)
        return self

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def words(self) -> str:
        return self.page.locator("main").inner_text()

    def scan(self) -> None:
        """The phone learns the key that is on the page."""
        self.key = self.page.locator(".factor code").inner_text().replace(" ", "")

    def code(self) -> str:
        """What the phone shows; a while later than the last one, which was used."""
        self.office.now += timedelta(seconds=30)
        return pyotp.TOTP(self.key).at(self.office.now + timedelta(seconds=4))

    def begin(self, invitation: str):
        """From the invitation to the first page, screen by screen."""
        self.go(invitation)
        yield "a password"
        self.fill(Password="short", The_same_password_again="x").press("Continue")
        yield "a password, with mistakes"
        self.fill(Password=PASSWORD, The_same_password_again=PASSWORD).press("Continue")
        self.scan()
        yield "a phone"
        self.fill(Code_from_your_phone="000000").press("Finish")
        yield "a phone, with a wrong code"
        self.fill(Code_from_your_phone=self.code()).press("Finish")
        self.codes = self.page.locator(".codes code").all_inner_texts()
        yield "recovery codes"

    def another_phone(self) -> "Worker":
        """The key of another phone is shown only after the password."""
        self.go("/staff/account").follow("Use another phone")
        self.fill(Current_password=PASSWORD).press("Continue").scan()
        return self

    def sign_in(self, name: str):
        """Name, password and code, with a mistake in each."""
        self.go("/staff/messages")
        yield "sign in"
        self.fill(Email_address=name, Password="wrong").press("Continue")
        yield "sign in, with mistakes"
        self.fill(Password=PASSWORD).press("Continue")
        yield "code"
        self.fill(Code_from_your_phone="000000").press("Sign in")
        yield "code, with a mistake"
        self.fill(Code_from_your_phone=self.code()).press("Sign in")
        yield "messages"


@pytest.mark.parametrize(
    ("scripts", "size"), [(True, WIDE), (False, NARROW)], ids=["desk", "phone without scripts"]
)
def test_somebody_new(chromium, address, office, scripts, size) -> None:
    """From the invitation to the end of the day; nothing is asked of another host, and no cookies
    are there but that of the session, the one by which a device is known, and that of this machine.
    """
    name = f"ada{size[0]}@example.org"
    office.fail_messages(1)
    with visiting(chromium, address, scripts=scripts, size=size) as visitor:
        ada = Worker(visitor, office)
        list(ada.begin(office.invite(name)))
        assert len(ada.codes) == 10
        ada.follow("I have saved them").press("Sign out", "header")
        assert "You are signed out" in ada.words
        list(ada.sign_in(name))
        assert ada.heading == "Messages"
        follow(ada.page.locator("main .rows button").first)
        assert "It will be sent again" in ada.words
        ada.another_phone()
        ada.fill(Code_from_your_phone=ada.code()).press("Use this phone")
        again = ada.page.locator(".codes code").all_inner_texts()
        ada.go("/staff/account").press("Sign out everywhere")
        ada.fill(Email_address=name, Password=PASSWORD).press("Continue")
        ada.fill(Code_from_your_phone=again[0]).press("Sign in")
        ada.go("/staff/account")

        assert "9" in ada.page.locator(".facts div", has_text="Recovery codes left").inner_text()
        cookies = {one["name"] for one in visitor.context.cookies()}
        assert cookies == {"portal-staff", "portal-device", "portal-here"}
        assert visitor.foreign == []
        assert [fault for fault in visitor.faults if "status of 4" not in fault] == []


def _screens(ada: Worker, office, address):
    """Each kind of screen in turn, by its name."""
    name = f"ada{office.now:%H%M%S}@example.org"
    yield from ada.begin(office.invite(name))
    ada.press("Sign out", "header")
    yield "signed out"
    yield from ada.sign_in(name)
    ada.go("/staff/messages?show=sent")
    yield "no messages"
    for path in ("account", "account/password", "account/phone", "account/codes", "log"):
        ada.go(f"/staff/{path}")
        yield path
    ada.another_phone()
    yield "another phone"
    ada.go("/staff/account/password").press("Change the password")
    yield "a new password, with mistakes"
    ada.go("/staff/accounts")
    yield "accounts"
    ada.go("/staff/accounts/new").press("Make the account")
    yield "an account, with mistakes"
    ada.fill(Email_address=f"bea{office.now:%M%S%f}@example.org", Name="Bea Lake")
    ada.page.locator("label", has_text="Administrator:").click()
    ada.press("Make the account")
    yield "an invitation"
    ada.go("/staff/accounts").follow("Bea Lake")
    yield "an account"
    ada.press("Remove the account")
    yield "an account removed"
    ada.go("/staff/log?from=yesterday&booking=ABCD-2345")
    yield "the log, with mistakes"
    ada.page.context.clear_cookies()
    sign_in_browser(ada.page.context, address, office.app._staff, centres=["harbour"])
    ada.go("/staff/log")
    yield "not for her"
    ada.page.context.clear_cookies()
    sign_in_browser(ada.page.context, address, office.app._staff, "editor")
    ada.go("/staff/")
    yield "an editor's first page"
    ada.page.context.clear_cookies()
    sign_in_browser(ada.page.context, address, office.app._staff, "manager")
    ada.go("/staff/accounts").follow(ada.page.locator("main .rows a").first.inner_text())
    yield "an account with centres"


def test_every_screen_is_fit_for_all(
    chromium, unpainted, address, office, check_html, tmp_path
) -> None:
    """axe finds nothing at 320 and 1280 px, light and dark; nothing scrolls sideways, all buttons
    and fields can be hit with a thumb; and the HTML is right."""
    office.fail_messages(2)
    faults, folder = [], tmp_path / "pages"
    folder.mkdir()
    with visiting(chromium, address) as visitor, viewing(unpainted, address) as viewer:
        ada = Worker(visitor, office)
        for number, name in enumerate(_screens(ada, office, address)):
            html = html_of(ada.page)
            (folder / f"{number}.html").write_text(html, encoding="utf-8")
            faults += [f"{name} {fault}" for fault in viewer.unfit(html)]

    assert faults == []
    assert len([*folder.iterdir()]) >= 20
    check_html(folder)
