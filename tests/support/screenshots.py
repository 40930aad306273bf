"""Make the pictures of docs/first-day.md anew: python -m tests.support.screenshots

It walks the page's own edits in a copy of the sample, on a fixed day, with the real preview in
Chromium. Look at what it wrote before you commit it.
"""

import io
import shutil
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from portal import content, database
from portal.bookings import Family, book
from portal.content import published_dates
from portal.editing.next_term import next_term
from portal.settings import Settings
from portal.web.preview.app import create_preview
from portal.web.preview.watching import Preview
from tests.guards.test_docs import BLOCK, ROOT, apply
from tests.journeys.test_staff_sign_in_in_browser import Office
from tests.support.browser import FLAGS, NAMES, serving, visiting
from tests.support.staffed import sign_in_browser

DAY = date(2027, 1, 12)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PAGE = "/sessions/riverbank/bump-spring-2027/"
IMAGES = ROOT / "docs/images"
SIZE = (760, 620)
COLOURS = 48


def main() -> None:
    """Walk the page, and take a picture wherever it shows one."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        sys.exit("Chromium is not installed.")
    edits = [
        block
        for kind, block in BLOCK.findall((ROOT / "docs/first-day.md").read_text("utf-8"))
        if kind == "diff"
    ]
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = shutil.copytree(ROOT / "tests/sample", Path(folder) / "root")
        settings = Settings(root=root, out=root / "build", var=root / "var")
        directory = content.load(root, today=NOW.date())
        next_term(root, directory, ["riverbank/bump-autumn"], "spring 2027", today=NOW.date())
        preview = Preview(settings, now=lambda: NOW, say=lambda _: None)
        preview.read()
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        with (
            serving(create_preview(preview)) as address,
            visiting(browser, address, size=SIZE, now=NOW) as visitor,
        ):
            apply(edits[0], root)
            preview.read()
            take(visitor, PAGE, "mistake")
            apply(edits[1], root)
            publish(root, settings)
            apply(edits[2], root)
            preview.read([root / "centres/preston/riverbank/bump-spring-2027.md"])
            preview.details(preview.shown.version, wait=True)
            take(visitor, PAGE, "cancelled", at="#\\32 027-01-26")
            take(visitor, "/-preview/", "changes")
        register(browser, Path(folder) / "office", root)
        browser.close()


def register(browser, folder: Path, root: Path) -> None:
    """The list of a session in January, on its day, with families who never were."""
    office = Office(folder, root, DAY)
    directory = office.app._published()
    series = directory.find_series("riverbank/bump-spring-2027")
    for number, name in enumerate(("Amina Khan", "Beth Moss", "Chris Doe")):
        family = Family(
            name,
            email="parent@example.org",
            contact_by="email",
            safe_to_contact=True,
            people=1 + number % 2,
        )
        book(office.engine, series, family, key=f"{name} on a list", secret="s" * 40, now=NOW)
    with (
        serving(office.app) as address,
        visiting(browser, address, size=SIZE, now=office.now) as visitor,
    ):
        sign_in_browser(visitor.context, address, office.app._staff, centres=["riverbank"])
        take(visitor, "/staff/", "today")
        take(visitor, f"/staff/register/{series.identity}/{DAY}", "register")


def publish(root: Path, settings: Settings) -> None:
    """What a build remembers, and two families that have booked since."""
    directory = content.load(root, today=NOW.date())
    published_dates.keep(settings.var, directory)
    series = directory.find_series("riverbank/bump-spring-2027")
    engine = database.connect(settings.database_address)
    database.migrate(engine)
    for number in range(2):
        family = Family(f"Parent {number}", email=f"parent{number}@example.org")
        book(engine, series, family, key=f"key-{number}", secret="s" * 40, now=NOW)
    engine.dispose()


def take(visitor, path: str, name: str, at: str = "h1") -> None:
    visitor.open(path)
    visitor.page.locator(at).first.evaluate("one => one.scrollIntoView({block: 'center'})")
    picture = Image.open(io.BytesIO(visitor.page.screenshot()))
    # Few colours are enough for text, and a third of the bytes.
    picture.convert("RGB").quantize(COLOURS).save(IMAGES / f"{name}.png", optimize=True)
    print(f"docs/images/{name}.png", (IMAGES / f"{name}.png").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
