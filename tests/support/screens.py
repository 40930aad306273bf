"""The live screens as a person without scripts uses them: read a page, fill in a form, press.

`Screens` is the real application over a real database, at a time that the test sets. A `Screen` is
one answer; its forms are sent exactly as a browser would send them.
"""

from datetime import timedelta
from functools import cached_property

from sqlalchemy import Engine, func, select

from portal import database
from portal.database import tables
from portal.directory import Directory
from portal.settings import Settings
from portal.web.live.app import create_desk
from tests.support import made
from tests.support.databases import connected_to, lent_engine, new_sqlite
from tests.support.markup import Element, parsed
from tests.support.ringing import without_number
from tests.support.routing import remember_rules

# A test makes an application of its own, and all of them have the same addresses.
remember_rules()

FAMILY = {
    "name": "Amina Khan",
    "email": "amina@example.org",
    "contact_by": "email",
    "safe_to_contact": "yes",
    "people": "2",
}


class Screens:
    """A desk for one directory. `now` is moved on by the test."""

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
            self.desk = create_desk(lambda: self.directory, self.settings, clock=lambda: self.now)
        self.visitor()

    def visitor(self) -> "Screens":
        """Another browser from here on."""
        self.client = self.desk.test_client()
        return self

    @property
    def engine(self) -> Engine:
        return self.desk.extensions["live"]._reach()

    def wait(self, **time) -> None:
        self.now += timedelta(**time)

    def open(self, path: str, **given) -> "Screen":
        return Screen(self, path, self.client.get(path, **given))

    def send(self, path: str, fields, **given) -> "Screen":
        return Screen(self, path, self.client.post(path, data=fields, **given))

    def count(self, table: str = "booking") -> int:
        with database.read(self.engine) as connection:
            query = select(func.count()).select_from(tables.metadata.tables[table])
            return connection.execute(query).scalar_one()

    def stored(self) -> dict[str, int]:
        """How many rows of what families and professionals send there are."""
        return {name: self.count(name) for name in ("booking", "person", "gap", "message")}

    def book(self, path: str = "/book/riverbank/bump", **answers) -> "Screen":
        """All the way to the family's own page."""
        return book(self, path, **answers)


def book(screens, path: str, **answers) -> "Screen":
    """All the way to the family's own page, by whatever opens, sends and waits as `Screens`."""
    screen = screens.open(path).fill(**{**FAMILY, **answers}).press("Continue")
    if "Continue. I will look at my own page" in screen:
        screen = screen.press("Continue. I will look at my own page")
    button = next(b for b in ("Confirm booking", "Join the waiting list", "Send") if b in screen)
    return screen.press(button)


class Screen:
    """One answer."""

    def __init__(self, screens: Screens, path: str, answer) -> None:
        self.screens = screens
        self.path = path
        self.answer = answer
        self.status = answer.status_code
        self.typed: dict[str, object] = {}

    def __contains__(self, words: str) -> bool:
        return words in self.words

    @property
    def html(self) -> str:
        return self.answer.text

    @cached_property
    def tree(self) -> Element:
        return parsed(self.html.removeprefix("<!DOCTYPE html>").strip())

    @cached_property
    def main(self) -> Element:
        return self.tree.one("main")

    @cached_property
    def words(self) -> str:
        """What it says; families are never asked to ring without a number."""
        said = self.main.text
        assert self.path.startswith("/staff/") or without_number(said) == []
        return said

    @property
    def title(self) -> str:
        return self.tree.one("title").text

    @property
    def heading(self) -> str:
        return self.main.one("h1").text

    @property
    def problems(self) -> list[tuple[str, str]]:
        """The summary: where each line leads, and what it says."""
        found = self.main.all(where=lambda one: one.has("errors"))
        return [
            (link.get("href"), item.text)
            for item in (found[0].all("li") if found else ())
            for link in (item.all("a") or [item])
        ]

    @property
    def beside(self) -> dict[str, str]:
        """The messages beside the fields, by the id that they describe."""
        return {
            one["id"].removesuffix("-error"): one.text.removeprefix("Error:").strip()
            for one in self.main.all("p", where=lambda one: one.has("error"))
        }

    def form(self, button: str) -> tuple[Element, Element]:
        """The form with this button, and the button."""
        for form in self.main.all("form"):
            for one in form.all("button"):
                if one.text == button and one.get("tabindex") != "-1":
                    return form, one
        raise LookupError(f"no button '{button}' on {self.path}: {self.words}")

    def fields(self, button: str) -> list[tuple[str, str]]:
        """What pressing this button would send as things stand, with what was typed."""
        form, pressed = self.form(button)
        found: list[tuple[str, str]] = []
        typed = dict(self.typed)
        for one in form.all("input", "select", "textarea"):
            name = one.get("name")
            if one.get("type") in ("radio", "checkbox"):
                if name in typed:
                    chosen = typed[name] if isinstance(typed[name], list) else [typed[name]]
                    checked = one["value"] in chosen
                else:
                    checked = "checked" in one
                if checked:
                    found.append((name, one["value"]))
                continue
            if name in typed:
                found.append((name, str(typed[name])))
            elif one.tag == "select":
                chosen = [o for o in one.all("option") if "selected" in o] or one.all("option")[:1]
                found.append((name, chosen[0]["value"]))
            elif one.tag == "textarea":
                found.append((name, "".join(p for p in one.parts if isinstance(p, str))))
            else:
                found.append((name, one.get("value")))
        known = {one.get("name") for one in form.all("input", "select", "textarea")}
        assert set(typed) <= known, f"not on the form: {set(typed) - known}"
        if pressed.get("name"):
            found.append((pressed["name"], pressed.get("value")))
        return found

    def fill(self, **answers) -> "Screen":
        """Type answers; '__' in a name stands for '-'."""
        self.typed |= {name.replace("__", "-"): value for name, value in answers.items()}
        return self

    def press(self, button: str, *, seconds: int = 10, follow: bool = True) -> "Screen":
        """Press a button after so many seconds, and go where the answer leads."""
        form, pressed = self.form(button)
        fields = _grouped(self.fields(button))
        self.screens.wait(seconds=seconds)
        path = (pressed.get("formaction") or form["action"]).partition("#")[0]
        screen = self.screens.send(path, fields)
        if follow and screen.status == 303:
            return self.screens.open(screen.answer.headers["Location"])
        return screen

    def follow(self, words: str) -> "Screen":
        """Follow the link with these words."""
        link = self.main.one("a", where=lambda one: one.text == words)
        return self.screens.open(link["href"])


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped
