"""docs/architecture.md names every place that an addition touches.

One of each kind is added to a scratch copy of the code, by changing only the files that the page
names for it. A program of its own then uses each of them there.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.guards.test_architecture import PAGE
from tests.support.paths import ROOT, SAMPLE

pytestmark = pytest.mark.slow

FEED = '''
"""Towns, one per line."""


def files(directory):
    towns = sorted({centre.town for centre in directory.centres if centre.town})
    return {"/towns.txt": lambda: "".join(f"{town}\\n" for town in towns).encode()}
'''
CHANNEL = '''
"""Letters into a list, to see what would be sent."""


class Kept:
    def __init__(self, settings, site):
        self.letters = []

    def send(self, letter):
        self.letters.append(letter)
        return letter.reference

    def sent_before(self, letter):
        return None
'''
SITE_PAGE = '''

@page("/towns/")
def towns(context: Context) -> str:
    """The towns that have a centre."""
    head = Head(title="Towns", path="/towns/", summary="Towns with a family centre.")
    towns = sorted({centre.town for centre in context.directory.centres if centre.town})
    return context.render("towns.html", head, towns=towns)
'''
SITE_TEMPLATE = """{% extends "_base.html" %}
{% block main %}<h1>Towns</h1>{% for town in towns %}<p>{{ town }}</p>{% endfor %}{% endblock %}
"""
LIVE_PAGE = '''
"""The time at the service."""

from flask import Blueprint

from portal.web.live.context import live

pages = Blueprint("clock", __name__)


@pages.get("/clock")
def clock():
    return f"{live().now:%H:%M}"
'''
STAFF_PAGE = '''
"""A greeting for staff."""

from portal.web.staff.access import OWN, current, staff_route


@staff_route("/staff/hello", may=OWN)
def hello():
    return f"Hello {current().name}"
'''
LAST = max(path.name[:4] for path in ROOT.glob("portal/database/migrations/versions/[0-9]*.py"))
MIGRATION = f'''
"""Favourite centres."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{LAST}"


def upgrade():
    op.create_table("favourite", sa.Column("centre", sa.String(80), primary_key=True))
'''
TABLE = """
favourite = Table("favourite", metadata, Column("centre", String(80), primary_key=True))
"""
COMMAND = '''

@main.command()
def towns() -> None:
    """Say that there are towns."""
    click.echo("Bacup")
'''
FIELD = """
    car_park: Line | None = Field(None, description="Where to park.")
"""
SETTING = """    greeting: str = Field("Hello", description="A greeting.")
"""
MESSAGE = """---
subject: A birthday
text: "Hello {first_name}. {link}"
---

Happy birthday, {first_name}.

{link}
"""

# What a program does with each addition, in the scratch copy. It prints a value for each.
USE = """
import json, sys
from datetime import UTC, date, datetime
from pathlib import Path

from click.testing import CliRunner

from portal import content, database
from portal.database import tables
from portal.commands import _plain_settings, main
from portal.content.message_texts import load_words
from portal.directory.addresses import RESERVED
from portal.editing import schema
from portal.feeds import files
from portal.messages.channels import opened
from portal.settings import Settings
from portal.directory.vocabularies import FACILITIES
from portal.web.assets import static_files
from portal.web.frozen_files import media_type
from portal.web.site.build_state import BuildState
from portal.web.live.app import create_desk
from portal.web.site.app import addresses, create_site
from portal.web.staff.app import create_staff

root, var = map(Path, sys.argv[1:])
settings = Settings(root=root, out=var / "site", var=var, email_channel="kept")
directory = content.load(root, today=date(2026, 11, 23))
riverbank = directory.centre("riverbank")
changed = settings.model_copy(update={"greeting": "Good day"})
client_has = lambda client, path: client.get(path).status_code == 200
site = create_site(directory).test_client()
live = create_desk(lambda: directory, settings, clock=lambda: datetime(2026, 11, 23, 9, tzinfo=UTC))
staff = create_staff(lambda: directory, settings)
engine = database.connect(settings.database_address)
database.migrate(engine)
with engine.connect() as connection:
    favourites = connection.execute(tables.favourite.select()).all()
engine.dispose()
feeds = {path: maker for path, _, maker in files(directory)}
print(json.dumps({
    "a field": [riverbank.car_park, "Where to park." in schema.manual()],
    "a feed": feeds["/towns.txt"]().decode(),
    "a channel that carries email or texts": [
        type(opened(settings, directory.site)["email"]).__name__],
    "a page": ["/towns/" in addresses(directory), "<h1>Towns</h1>" in site.get("/towns/").text,
        "towns" in RESERVED],
    "a live page": live.test_client().get("/clock").text,
    "a page for staff": staff.test_client().get(
        "/staff/hello", base_url="https://localhost").status_code,
    "a setting": [settings.greeting, "PORTAL_GREETING" in schema.settings()],
    "a table": favourites,
    "a command": CliRunner().invoke(main, ["towns"]).output,
    "a known word (a facility, a need, a language)": [
        FACILITIES[key] for key in riverbank.facilities if key == "sand-pit"],
    "a setting that changes the site": [
        BuildState.of(settings, date(2026, 11, 23), False).current()
        != BuildState.of(changed, date(2026, 11, 23), False).current(),
        "greeting" in _plain_settings(None, None)],
    "a style sheet or script": client_has(site, static_files()["map.js"].path),
    "a file extension": media_type("card.vcf"),
    "a kind of message": load_words(root, "birthday").subject,
}))
"""
USED = {
    "a field": ["Behind the building", True],
    "a feed": "Bacup\nFleetwood\nNelson\nPreston\n",
    "a channel that carries email or texts": ["Kept"],
    "a page": [True, True, True],
    "a live page": "09:00",
    "a page for staff": 303,
    "a setting": ["Hello", True],
    "a table": [],
    "a command": "Bacup\n",
    "a known word (a facility, a need, a language)": ["Sand pit"],
    "a setting that changes the site": [True, True],
    "a style sheet or script": True,
    "a file extension": "text/vcard; charset=utf-8",
    "a kind of message": "A birthday",
}


def new(path, text):
    """A new file."""
    return path, None, text.lstrip("\n")


def after(path, anchor, text):
    """Text after the first place where the anchor is in a file."""
    return path, anchor, anchor + text


def instead(path, old, text):
    """Text in the place of other text."""
    return path, old, text


# Each kind of addition, by its name in the table of the page: the changes to make for it.
ADDITIONS = {
    "a field": [
        after(
            "portal/directory/models.py",
            '    """A building families go to: centres/<footprint>/<slug>/index.md."""\n',
            FIELD,
        ),
    ],
    "a feed": [
        new("portal/feeds/towns.py", FEED),
        instead("portal/feeds/__init__.py", ", sitemap\n", ", sitemap, towns\n"),
        after(
            "portal/feeds/__init__.py",
            "FEEDS: tuple[Feed, ...] = (\n",
            '    Feed("towns", "text/plain; charset=utf-8", towns.files),\n',
        ),
    ],
    "a channel that carries email or texts": [
        new("portal/messages/channels/kept.py", CHANNEL),
        after(
            "portal/messages/channels/__init__.py",
            "import Folder\n",
            "from portal.messages.channels.kept import Kept\n",
        ),
        after(
            "portal/messages/channels/__init__.py",
            '    "folder": Folder,\n',
            '    "kept": Kept,\n',
        ),
        instead(
            "portal/settings.py",
            'email_channel: Literal["folder", ',
            'email_channel: Literal["kept", "folder", ',
        ),
    ],
    "a page": [
        after("portal/directory/addresses.py", '    "/centres/",\n', '    "/towns/",\n'),
        after("portal/web/site/pages/texts.py", "registry import page\n", SITE_PAGE),
        new("portal/templates/site/towns.html", SITE_TEMPLATE),
    ],
    "a live page": [
        new("portal/web/live/clock.py", LIVE_PAGE),
        after("portal/web/live/app.py", "    book,\n", "    clock as time,\n"),
        after("portal/web/live/app.py", "    for pages in (\n", "        time.pages,\n"),
    ],
    "a page for staff": [
        new("portal/web/staff/hello.py", STAFF_PAGE),
        instead("portal/web/staff/app.py", "    counts,\n", "    counts,\n    hello,\n"),
    ],
    "a setting": [
        after("portal/settings.py", "class Settings(BaseSettings):\n", SETTING),
    ],
    "a table": [
        after("portal/database/tables.py", "# How long staff rows are kept.\n", TABLE),
        new("portal/database/migrations/versions/9999_favourite.py", MIGRATION),
    ],
    "a command": [
        after("portal/commands/__init__.py", "    ctx.obj = root\n", COMMAND),
    ],
    "a known word (a facility, a need, a language)": [
        after(
            "portal/directory/vocabularies.py",
            "FACILITIES: Mapping[str, str] = {\n",
            '    "sand-pit": "Sand pit",\n',
        ),
    ],
    "a setting that changes the site": [
        after(
            "portal/web/site/build_state.py",
            '            "horizon_weeks": settings.horizon_weeks,\n',
            '            "greeting": settings.greeting,\n',
        ),
        instead(
            "portal/commands/__init__.py",
            '        "leaflets": environ',
            '        "greeting": environ.get("PORTAL_GREETING"),\n        "leaflets": environ',
        ),
    ],
    "a style sheet or script": [
        new("portal/static/map.js", "console.log(1);\n"),
        after(
            "portal/web/assets.py",
            '        ("site.css", "text/css", rcssmin.cssmin),\n',
            '        ("map.js", "text/javascript", _without_comments),\n',
        ),
    ],
    "a file extension": [
        after(
            "portal/web/frozen_files.py",
            '    ".ics": "text/calendar; charset=utf-8",\n',
            '    ".vcf": "text/vcard; charset=utf-8",\n',
        ),
    ],
    "a kind of message": [
        after("portal/content/message_texts.py", '    "notice": ((), ("words",)),\n',
              '    "birthday": ((), ()),\n'),
        after("portal/content/message_texts.py", '    "reminder",\n', '    "birthday",\n'),
        after("portal/messages/facts.py", '    "notice": (*HOLDING, "waiting"),\n',
              '    "birthday": HOLDING,\n'),
        after("portal/database/audit.py", '    "link": "The link to your booking",\n',
              '    "birthday": "A birthday",\n'),
        new("content/messages/birthday.md", MESSAGE),
    ],
}  # fmt: skip


def named_places():
    """The paths in each row of the page's table of additions."""
    table = PAGE.read_text("utf-8").partition("## What an addition touches")[2]
    rows = re.findall(r"(?m)^\| (an? [^|]+) \| (.+) \|$", table)
    return {
        kind: re.findall(r"`((?:portal|content)/[\w/.]*|__init__\.py)`", row) for kind, row in rows
    }


def unnamed(kind):
    """The files that an addition changes and the page does not name for it."""
    places = named_places()[kind]
    folders = [place for place in places if place.endswith("/")]
    files = {place for place in places if not place.endswith("/")}
    files |= {f"{folder}__init__.py" for folder in folders if "__init__.py" in places}

    def named(path):
        face = path.endswith("/__init__.py")
        return path in files or (not face and any(path.startswith(folder) for folder in folders))

    return [path for path, _, _ in ADDITIONS[kind] if not named(path)]


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """What the program says of all additions, made in a scratch copy of code and sample content."""
    folder = tmp_path_factory.mktemp("additions")
    shutil.copytree(
        ROOT / "portal", folder / "portal", ignore=shutil.ignore_patterns("__pycache__")
    )
    root = shutil.copytree(SAMPLE, folder / "root")
    for path, old, text in (change for changes in ADDITIONS.values() for change in changes):
        file = (root if path.startswith("content/") else folder) / path
        before = "" if old is None else file.read_text("utf-8")
        assert old is None or old in before, (path, old)
        file.write_text(text if old is None else before.replace(old, text), "utf-8")
    riverbank = root / "centres/preston/riverbank/index.md"
    words = riverbank.read_text("utf-8")
    riverbank.write_text(
        words.replace("---\n", "---\ncar_park: Behind the building\n", 1).replace(
            "facilities: [", "facilities: [sand-pit, ", 1
        ),
        "utf-8",
    )
    command = [sys.executable, "-c", USE, str(root), str(folder / "var")]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    found = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_every_addition_of_the_page_is_tried():
    """Each row of the table has an addition here, and each addition a row."""
    assert set(named_places()) == set(ADDITIONS) == set(USED)


@pytest.mark.parametrize("kind", ADDITIONS)
def test_an_addition_works_by_the_places_named(kind, used):
    """Each addition works, though it changes only the files that the page names."""
    assert unnamed(kind) == []
    assert used[kind] == USED[kind]


def test_a_place_that_is_not_named_is_found(monkeypatch):
    """The check itself can fail."""
    change = instead("portal/feeds/atom.py", "a", "b")
    monkeypatch.setitem(ADDITIONS, "a setting", [change])

    assert unnamed("a setting") == ["portal/feeds/atom.py"]
