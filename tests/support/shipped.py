"""The site as it is shipped: the repository's own content, frozen once for one day.

Test processes share it: the first one builds it into a folder beside theirs while the others wait.
What the content says is also read here without the portal's own reader, so that a guard can compare
the site with the files that editors wrote.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.markup import Element, parsed
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from portal.directory import Directory

DAY = date(2026, 11, 23)  # a Monday in the second half of the autumn term

TWINS = (".br", ".gz")

# Fixtures that take seconds for the first test that asks for them.
_WHOLE = {"built", "shipped", "shipped_directory"}


@dataclass(frozen=True)
class Shipped:
    """The frozen site: its files by public address, and its pages as trees."""

    out: Path
    _parsed: dict[str, Element] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """Public address -> file, in order. Twins and the builder's own mark are left out."""
        found = {}
        for path in sorted(self.out.rglob("*")):
            name = path.relative_to(self.out).as_posix()
            if path.is_file() and not name.startswith(".") and not name.endswith(TWINS):
                found["/" + re.sub(r"(^|/)index\.html$", r"\1", name)] = path
        return found

    def document(self, path: str) -> Element:
        """The HTML document at an address, as a tree."""
        if path not in self._parsed:
            self._parsed[path] = parsed(self.files[path].read_text("utf-8"))
        return self._parsed[path]

    @cached_property
    def documents(self) -> Mapping[str, Element]:
        """Every HTML document by its address, as a tree."""
        return {
            path: self.document(path) for path, file in self.files.items() if file.suffix == ".html"
        }

    @cached_property
    def pages(self) -> Mapping[str, Element]:
        """The documents that people read here.

        Those that only lead on to a new address are left out, and those for partners to frame.
        """
        return {
            path: tree
            for path, tree in self.documents.items()
            if not moved_to(tree) and not path.startswith("/embed/")
        }

    @cached_property
    def calendars(self) -> Mapping[str, bytes]:
        return {
            path: file.read_bytes() for path, file in self.files.items() if file.suffix == ".ics"
        }

    def size(self, path: str) -> int:
        """The bytes of a file on the wire: of its smallest twin, as browsers take it."""
        file = self.files[path]
        twin = file.with_name(file.name + ".br")
        return (twin if twin.exists() else file).stat().st_size


def moved_to(document: Element) -> str | None:
    """Where a redirect page leads; None for any other."""
    for meta in document.all("meta"):
        if meta.get("http-equiv", "").lower() == "refresh":
            return meta["content"].partition("url=")[2]
    return None


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test as slow that reads a whole site, or all that is shipped: the first one of a
    run builds or reads it."""
    for item in items:
        if not _WHOLE.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """The repository's content, frozen for DAY with packed twins."""
    from portal.settings import Settings
    from portal.web.site import build

    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    out = base / "shipped"
    with (base / "shipped.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.is_dir():
            # Leaflets as PDF take longer than all the rest; they have tests of their own.
            settings = Settings(root=ROOT, out=out, var=base / "shipped-var", leaflets=False)
            # By two processes: a guard compares the site with one that a single process built.
            build.build(settings, today=DAY, compress=True, jobs=2)
    return Shipped(out)


@cache
def content_of_day() -> "Directory":
    """The repository's content as it is read on DAY, read once for each test process."""
    from portal import content

    return content.load(ROOT, today=DAY)


@pytest.fixture(scope="session")
def shipped_directory() -> "Directory":
    return content_of_day()


# --- what the files of the content say --------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """One content file: where it is, its fields as text, and its words."""

    path: str
    fields: Mapping[str, object]
    body: str

    @property
    def slug(self) -> str:
        file = Path(self.path)
        return file.parent.name if file.name == "index.md" else file.stem

    @property
    def identity(self) -> str:
        return f"{Path(self.path).parent.name}/{self.slug}"


def written(folder: str, *, root: Path = ROOT) -> Iterator[Written]:
    """The Markdown files of a folder of the content, in order, translations left out."""
    for path in sorted((root / folder).rglob("*.md")):
        if "." in path.stem:
            continue
        _, front, body = re.split(r"^---\s*$", path.read_text("utf-8-sig"), maxsplit=2, flags=re.M)
        fields = yaml.load(front, Loader=yaml.CBaseLoader)
        yield Written(path.relative_to(root).as_posix(), fields, body)


@cache
def site_file() -> Mapping[str, str]:
    return yaml.load((ROOT / "content/site.yaml").read_text("utf-8"), Loader=yaml.CBaseLoader)


@cache
def programmes() -> Mapping[str, Written]:
    return {one.slug: one for one in written("programmes")}


@cache
def centres() -> Mapping[str, Written]:
    return {one.slug: one for one in written("centres") if one.path.endswith("/index.md")}


@cache
def series() -> tuple[Written, ...]:
    return tuple(one for one in written("centres") if not one.path.endswith("/index.md"))


@cache
def sensitive_programmes() -> Mapping[str, Written]:
    found = programmes()
    return {slug: one for slug, one in found.items() if one.fields.get("sensitive") == "yes"}


@cache
def sensitive_series() -> tuple[Written, ...]:
    withheld = sensitive_programmes()
    return tuple(one for one in series() if one.fields["programme"] in withheld)
