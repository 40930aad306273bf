"""What is made once in a run of the tests, by the process that needs it first, and kept for all.

The pictures of districts, and a migrated SQLite file: each process of the tests, each server and
each build that they start would make them again, which takes it seconds. The portal itself keeps
templates as code, beside its own.
"""

import fcntl
import functools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

FOLDER = "TESTS_MADE_ONCE"  # the variable of the environment that names the folder


def use(folder: Path) -> None:
    """Take from this folder what has been made, and put there what is made from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[FOLDER] = str(folder)
    # What no test of this process uses is not imported for this.
    if cards := sys.modules.get("portal.web.site.cards"):
        cards.Cards._drawn = _drawn_once(cards.Cards._drawn, folder)


def compile_templates() -> None:
    """Have all templates ready as code."""
    from portal.web.templating import environment

    pages = environment()
    with Path(os.environ[FOLDER], "templates.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in pages.list_templates(["html"]):
            pages.get_template(name)


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """The bytes of this name, made by the first process that asks for them."""
    if FOLDER not in os.environ:
        return make()
    file = Path(os.environ[FOLDER], name)
    if not file.exists():
        made = file.with_name(f"{name}.{os.getpid()}.{threading.get_ident()}")
        made.write_bytes(make())
        made.replace(file)  # two that make it at once make the same
    return file.read_bytes()


def _drawn_once(draw, folder: Path):
    """Their addresses name all that pictures show."""

    @functools.wraps(draw)
    def drawn(self, district):
        name = self.paths[district.slug if district else ""].replace("/", "-")
        return kept(f"card{name}", functools.partial(draw, self, district))

    return drawn
