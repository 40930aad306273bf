"""The pages for staff as somebody signed in uses them, without signing in each time.

`Staffed` is the real application over a real database, at a time that the test sets; it opens and
sends like `Screens` (see tests/support/screens.py), and its answers are `Screen`s:

    place = Staffed(tmp_path, directory)            # made.directory() by default
    worker = place.signed_in("worker", centres=["riverbank"])
    screen = worker.open("/staff/account")
    screen.fill(name="...").press("Save")
    place.stranger().open("/staff/").status == 303

A browser is signed in by its cookie, on the portal's own address (see tests/support/browser.py):

    sign_in_browser(visitor.context, address, app._staff, role="worker", centres=["riverbank"])
"""

import itertools
from datetime import timedelta
from functools import partial

from sqlalchemy import Engine, func, select

from portal import database
from portal.database import audit, tables
from portal.directory import Directory
from portal.server.app import site_page
from portal.settings import Settings
from portal.staff import accounts, passwords, second_factors, sign_in
from portal.staff.accounts import Staff
from portal.staff.local_pass import pass_of
from portal.web.staff import cookie
from portal.web.staff.app import create_staff
from tests.support import made
from tests.support.databases import connected_to, lent_engine, new_sqlite
from tests.support.screens import Screen

PASSWORD = "otter kettle marble winter"
_number = itertools.count(1)
_kept = None


def make_staff(
    engine: Engine,
    role: str = "worker",
    *,
    centres=("riverbank",),
    footprint: str | None = None,
    panels=(),
    title: str = "Sam Brook",
    name: str | None = None,
    now=made.NOW,
) -> Staff:
    """Somebody whose account is set up: her password is `PASSWORD`, the key of her phone `key`."""
    global _kept
    _kept = _kept or passwords.hashed(PASSWORD)
    number, _ = accounts.add(
        engine,
        name=name or f"worker{next(_number)}@example.org",
        title=title,
        role=role,
        centres=centres,
        footprint=footprint or ("preston" if role == "manager" else None),
        panels=panels or (("preston",) if role == "panel" else ()),
        now=now,
    )
    values = {
        "password": _kept,
        "factor": b"%016d" % number,
        "invitation_hash": None,
        "invited_until": None,
    }
    mine = tables.staff.update().where(tables.staff.c.id == number).values(**values)
    database.write(engine, lambda connection: connection.execute(mine))
    return accounts.account(engine, number).staff


def key(secret: str, staff: Staff) -> str:
    """What her phone makes codes of."""
    return second_factors.key_of(secret, b"%016d" % staff.id)


def sign_in_browser(context, address: str, app, role: str = "worker", **given) -> Staff:
    """Sign a browser in at this address of a portal; `app` is its application for staff."""
    found = app.extensions["live"]
    now = app.config["clock"]()
    staff = make_staff(found._reach(), role, now=now, **given)
    token = sign_in.begin(found._reach(), staff.id, now=now, whole=True)
    held = {cookie.PLAIN: token, cookie.PASS: pass_of(found.secret)}
    context.add_cookies([{"name": n, "value": v, "url": address} for n, v in held.items()])
    return staff


class Staffed:
    """The pages for staff of one directory. `now` is moved on by the test."""

    def __init__(self, folder, directory: Directory | None = None, **settings) -> None:
        self.directory = directory or made.directory()
        self.now = made.NOW
        given = {"var": folder / "var", "out": folder / "build", "root": folder} | settings
        engine = None if "database_url" in given else lent_engine(given["var"])
        if engine:
            given["database_url"] = engine.url.render_as_string(hide_password=False)
        self.settings = Settings(**given)
        if "database_url" not in given and not self.settings.var.exists():
            new_sqlite(self.settings.var / "portal.db")
        with connected_to(engine):
            self.app = create_staff(
                lambda: self.directory,
                self.settings,
                clock=lambda: self.now,
                site_page=partial(site_page, self.settings.periods),
            )

    @property
    def engine(self) -> Engine:
        return self.app.extensions["live"]._reach()

    @property
    def secret(self) -> str:
        return self.app.extensions["live"].secret

    def wait(self, **time) -> None:
        self.now += timedelta(**time)

    def count(self, table: str) -> int:
        with database.read(self.engine) as connection:
            query = select(func.count()).select_from(tables.metadata.tables[table])
            return connection.execute(query).scalar_one()

    def log(self) -> list[tuple[str, str]]:
        """Who did what, the oldest first."""
        return [(one.actor, one.action) for one in reversed(audit.log(self.engine))]

    def staff(self, role: str = "worker", **given) -> Staff:
        return make_staff(self.engine, role, now=self.now, **given)

    def stranger(self) -> "Browser":
        """A browser that nobody is signed in with."""
        return Browser(self)

    def signed_in(self, role: str = "worker", **given) -> "Browser":
        """A browser of somebody with this role, who is signed in."""
        browser = Browser(self)
        browser.become(self.staff(role, **given))
        return browser


class Browser:
    """One browser, as `Screen` uses it."""

    def __init__(self, place: Staffed) -> None:
        self.place = place
        self.client = place.app.test_client()
        self.client.set_cookie(cookie.PASS, pass_of(place.secret))
        self.staff: Staff | None = None

    def become(self, staff: Staff) -> None:
        self.staff = staff
        token = sign_in.begin(self.place.engine, staff.id, now=self.place.now, whole=True)
        self.client.set_cookie(cookie.PLAIN, token)

    def wait(self, **time) -> None:
        self.place.wait(**time)

    def open(self, path: str, **given) -> Screen:
        return Screen(self, path, self.client.get(path, **given))

    def send(self, path: str, fields, **given) -> Screen:
        return Screen(self, path, self.client.post(path, data=fields, **given))

    @property
    def token(self) -> str:
        """The token of this browser's forms, for a POST that no page offers."""
        form, _ = self.open("/staff/account").form("Sign out everywhere")
        return {one.get("name"): one.get("value") for one in form.all("input")}["csrf_token"]
