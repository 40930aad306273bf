"""A centre worker's first day, from last term's file to the family that is told.

With the real commands, a real browser on the preview, and a real form on the live service. All days
are reckoned from today, because the commands read the clock.
"""

import email
import os
import re
import time
from contextlib import chdir, contextmanager
from datetime import date, timedelta
from email import policy
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Error

from benchmarks.bench_content import make
from portal.commands import main
from portal.directory.values import WEEKDAYS, day_words
from portal.server.app import create_app
from portal.settings import Settings
from tests.support import crowd, processes
from tests.support.browser import axe_faults, serving, visiting

CENTRE = "centres/preston/centre-0"


class Desk:
    """The worker's own machine: the files, the commands, and what the last one said."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.root = root
        self.environ = {**os.environ, **crowd.environment(root, folder), "PORTAL_LEAFLETS": "no"}

    def run(self, *words: str, fails: bool = False) -> str:
        # The command itself, without the second that a new Python takes to start.
        with chdir(self.root):
            done = CliRunner().invoke(main, words, env=self.environ)
        assert done.exit_code == (1 if fails else 0), done.output
        assert isinstance(done.exception, SystemExit | None)
        return done.stdout

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    @contextmanager
    def preview(self):
        """`portal preview` at work; gives its address."""
        given = {"cwd": self.root, "env": self.environ}
        with processes.saying("preview", "--port", "0", **given) as lines:
            found = None
            while not found:
                line = lines.get(timeout=60)
                assert line, "the preview has ended"
                found = re.search(r"http://[\d.:]+", line)
            yield found[0]


@pytest.fixture
def desk(tmp_path):
    """A county with one centre, whose course runs on Tuesdays of a term that ends soon."""
    root = tmp_path / "county"
    make(root, centres=1, series=0)
    today = date.today()
    this = today - timedelta(70), today + timedelta(14)
    following = today + timedelta(28), today + timedelta(112)
    (root / "content/terms.yaml").write_text(
        "terms:\n"
        + "".join(
            f"  - year: {first.year}\n    part: {season} 1\n    first: {first}\n    last: {last}\n"
            for season, (first, last) in (("autumn", this), ("spring", following))
        )
    )
    first = this[0] + timedelta((1 - this[0].weekday()) % 7)
    (root / CENTRE / "baby-massage-autumn.md").write_text(
        "---\n# Agreed with the health visitors\nprogramme: baby-massage\nday: Tuesday\n"
        f"starts: {first}\ntime: 10:00-11:00\nsessions: 4\nbank_holidays: run\nbooking: book\n"
        f"places: 8\nchanges:\n  - date: {first + timedelta(7)}\n    cancelled: Snow\n---\n\n"
        "Bring a towel.\n"
    )
    return Desk(tmp_path, root)


def preview_faults(page) -> list[str]:
    """What axe finds on a page of the preview, which may load once more in the middle of it."""
    try:
        return axe_faults(page)
    except Error as error:
        if "navigation" not in str(error):
            raise
        page.wait_for_function("document.readyState === 'complete'")
        return axe_faults(page)


@pytest.mark.browser
def test_a_first_day(desk, chromium, tmp_path):
    """New series from last term's, a slip mended, a date cancelled, published, the family told."""
    # 1. Next term's course from last term's.
    said = desk.run("next-term", "centre-0/baby-massage-autumn")
    path = re.search(rf"{CENTRE}/baby-massage-spring-\d+\.md", said)[0]
    text = (desk.root / path).read_text()
    first = date.fromisoformat(re.search(r"^starts: (.+)$", text, re.MULTILINE)[1])
    page = f"/sessions/centre-0/{Path(path).stem}/"
    assert first.weekday() == 1
    assert "cancelled" not in text
    assert "# Agreed with the health visitors" in text

    # 2. A slip: the date of a Wednesday. The command says where, and what to do.
    desk.edit(path, f"starts: {first}", f"starts: {first + timedelta(1)}")
    wrong = desk.run("check", fails=True)
    assert re.match(rf"{path}:\d+:1: 'day': ", wrong)
    assert "is a Wednesday, not a Tuesday. Write 'day: Wednesday', or correct 'starts'." in wrong
    desk.edit(path, f"starts: {first + timedelta(1)}", f"starts: {first}")

    # 3. Published; a family books.
    desk.run("build")
    book = f"/book/centre-0/{Path(path).stem}"
    var = tmp_path / "var"
    settings = Settings(
        root=desk.root,
        out=tmp_path / "build",
        var=var,
        leaflets=False,
        secret_key=crowd.SECRET,
    )
    with serving(create_app(settings)) as address:
        family = crowd.Browser(int(address.rpartition(":")[2]), book)
        family.open_form()
        time.sleep(crowd.PATIENCE)
        status, own = family.confirm(crowd.key(), 1)
        family.close()
    assert (status, own[:10]) == (303, "/bookings/")
    desk.run("messages", "send")
    assert len(list((var / "outbox").glob("*.eml"))) == 1

    # 4. One date cancelled, and seen in the preview: first with the wrong weekday, then right.
    second = first + timedelta(7)
    with desk.preview() as address, visiting(chromium, address) as visitor:
        visitor.open(page)
        assert "No dates change." in visitor.page.inner_text(".preview-note")
        slip = f"changes:\n  - date: {second + timedelta(1)}\n    cancelled: The room is flooded\n"
        desk.edit(path, "places: 8\n", f"places: 8\n{slip}")
        note = visitor.page.locator(".preview-note.wrong")
        note.wait_for(timeout=120_000)
        assert preview_faults(visitor.page) == []
        assert f"{path}, line" in note.inner_text()
        assert f"Did you mean {day_words(second)}?" in note.inner_text()
        assert "The room is flooded" not in visitor.page.inner_text("main")

        desk.edit(path, str(second + timedelta(1)), str(second))
        visitor.page.locator("main", has_text="The room is flooded").wait_for(timeout=120_000)
        visitor.page.locator(".preview-note", has_text="1 date cancelled").wait_for(timeout=120_000)
        seen = visitor.page.inner_text(".preview-note")
        assert f"{day_words(second)}, 10am to 11am is cancelled: The room is flooded." in seen
        assert "1 booking: it would be told." in seen
        assert f"Touched just now: {page}" in seen
        assert preview_faults(visitor.page) == []
        assert visitor.foreign == []
        # A reload breaks off what the page was still asking for.
        assert [fault for fault in visitor.faults if "ERR_" not in fault] == []

    # 5. Published, and told.
    assert "written" in desk.run("build")
    desk.run("messages", "send")
    letters = [
        email.message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in (var / "outbox").glob("*.eml")
    ]
    told = [one for one in letters if one["Subject"] == "Part of your booking is off"]
    assert [one["To"] for one in told] == ["parent1@example.org"]
    words = told[0].get_body(("plain",)).get_content()
    assert "The room is flooded" in words
    assert day_words(second) in words
    assert WEEKDAYS[second.weekday()] == "Tuesday"
    assert len(letters) == 2

    # 6. What has been published is no change any more, and nobody is told twice.
    desk.run("messages", "send")
    assert len(list((var / "outbox").glob("*.eml"))) == 2
    with desk.preview() as address, visiting(chromium, address) as visitor:
        visitor.open("/-preview/")
        assert "No dates change for families." in visitor.page.inner_text("main")
        assert axe_faults(visitor.page) == []
