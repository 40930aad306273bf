"""Content and a day become the folder of the public site: all of it, or nothing.

`build` reads the content, lets `freezer.py` write each page, feed and static file into a fresh
folder, checks the whole, and only then puts it in the old one's place (`swap.py`). The same content
and day give the same bytes, whichever process or machine wrote them.

When nothing has been touched since the last build, that is noticed from the times of the files
before Flask or pydantic are imported; so both stay out of this module's head. What is remembered
for it is kept in `var/`, outside the public folder.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from portal import __version__
from portal.web.site.atomic_folder import MARKER, BuildError, Replacement, ours, replacement

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

    from flask import Flask

    from portal.directory import Directory
    from portal.settings import Settings
    from portal.web.site.freezer import Freezer, Tally

__all__ = ["MARKER", "BuildError", "Built", "build", "nothing_to_do", "published_day"]

# Told how many files are done, of how many.
Progress = Callable[[int, int], None]

_STATE = "build-state.json"
_POSTCODES = "postcodes.bin"  # as `Settings.postcodes` says, which costs an import
_BLOCK = 32  # neighbours share rendered fragments, so workers take addresses by the block
_WORTH_FORKING = 400  # files for each worker; below, starting one costs more than it saves


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did. `written` files are new or changed; `removed` ones are no more."""

    pages: int
    written: int
    unchanged: int
    removed: int
    seconds: float


def build(
    settings: Settings,
    *,
    today: date,
    full: bool = False,
    jobs: int | None = None,
    compress: bool = False,
    progress: Progress = lambda *_: None,
    waiting: Callable[[], None] = lambda: None,
) -> Built:
    """Freeze the site as it is on `today` into `settings.out`.

    `full` builds even when nothing has changed. Raises ContentError with every mistake of the
    content, and BuildError where the site cannot be written; the old site then stands untouched.
    """
    started = time.perf_counter()
    look = _Look.of(settings, today, compress)
    with replacement(settings.out, waiting) as fresh:
        done = None if full else look.remembered(started)
        if done:
            return done
        state = look.state()  # before reading, so that a change meanwhile is seen next time
        directory, app, addresses = _site(settings, today)
        tally = _write(
            app, addresses, directory, fresh, _workers(jobs, addresses), compress, progress
        )
        _check_whole(app, addresses, tally, fresh.new)
        removed = _names(fresh.out) - _names(fresh.new) if ours(fresh.out) else set()
        _mark(fresh.new, today, tally)
        fresh.swap()
        _keep_record(settings, directory)
        built = Built(
            len(addresses),
            tally.written,
            tally.unchanged,
            len(removed),
            time.perf_counter() - started,
        )
        look.remember(state, built)
        return built


def _keep_record(settings: Settings, directory: Directory) -> None:
    from portal.web.site import published_dates

    published_dates.keep(settings.var, directory)


def nothing_to_do(
    *, root: Path, out: Path, var: Path, today: date, compress: bool, **given: object
) -> Built | None:
    """What the last build found, if nothing it read has been touched since; else None.

    `given` are `base_address`, `horizon_weeks`, `leaflets`. Quick: looks at times of files alone.
    """
    return _Look(root, out, var, (today, compress, given)).remembered(time.perf_counter())


def published_day(out: Path) -> date | None:
    """The day that the site in this folder was built for; None where there is none."""
    try:
        return date.fromisoformat(json.loads((out / MARKER).read_bytes())["day"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


# --- pages ----------------------------------------------------------------------------------------


def _site(settings: Settings, today: date) -> tuple[Directory, Flask, list[str]]:
    from portal import content
    from portal.web.site.app import addresses, create_site
    from portal.web.site.freezer import check_address
    from portal.web.site.leaflets import Leaflets, missing

    directory = content.load(
        settings.root,
        today=today,
        horizon_weeks=settings.horizon_weeks,
        postcodes=settings.postcodes,
    )
    leaflets = None
    if settings.leaflets and missing() is None:
        leaflets = Leaflets(settings.out if ours(settings.out) else None)
    app = create_site(directory, base_address=settings.base_address, leaflets=leaflets)
    listed = addresses(directory, leaflets=leaflets)
    return directory, app, [*dict.fromkeys(map(check_address, listed))]


def _write(
    app: Flask,
    addresses: Sequence[str],
    directory: Directory,
    fresh: Replacement,
    workers: int,
    compress: bool,
    progress: Progress,
) -> Tally:
    from portal.web.site.freezer import Freezer
    from portal.web.site.leaks import leaks

    old = fresh.out if ours(fresh.out) else None
    freezer = Freezer(app, fresh.new, old=old, compress=compress, leaks=partial(leaks, directory))
    progress(0, len(addresses))
    if workers > 1:
        return _write_in_parallel(freezer, addresses, workers, progress)
    for number, _ in enumerate(freezer.write(addresses), 1):
        progress(number, len(addresses))
    return freezer.tally


def _workers(jobs: int | None, addresses: Sequence[str]) -> int:
    if jobs is not None:
        return max(1, min(jobs, len(addresses)))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, len(addresses) // _WORTH_FORKING))


def _write_in_parallel(
    freezer: Freezer, addresses: Sequence[str], workers: int, progress: Progress
) -> Tally:
    """Each worker writes its share and ends by itself: nobody is left behind if we are killed."""
    import multiprocessing

    fork = multiprocessing.get_context("fork")
    blocks = [addresses[start : start + _BLOCK] for start in range(0, len(addresses), _BLOCK)]
    started: list[tuple[ForkProcess, Connection]] = []
    gc.collect()
    gc.freeze()  # else the collector's marks copy every page of memory that workers share
    try:
        for number in range(workers):
            share = [address for block in blocks[number::workers] for address in block]
            receiver, sender = fork.Pipe(duplex=False)
            # A worker must not hold the ends that we read from: it would never notice that we died.
            ours_alone = [receiver, *(earlier for _, earlier in started)]
            process = fork.Process(target=_work, args=(freezer, share, sender, ours_alone))
            process.start()
            sender.close()
            started.append((process, receiver))
        return _gather([receiver for _, receiver in started], len(addresses), progress)
    finally:
        gc.unfreeze()
        for process, receiver in started:
            receiver.close()
            process.terminate()
            process.join()


def _work(
    freezer: Freezer, share: Sequence[str], parent: Connection, not_ours: Sequence[Connection]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C, and ends us
    for connection in not_ours:
        connection.close()
    with suppress(BrokenPipeError):  # the parent has gone
        try:
            for number, _ in enumerate(freezer.write(share), 1):
                if number % _BLOCK == 0:
                    parent.send(_BLOCK)
            parent.send(freezer.tally)
        except BrokenPipeError:
            raise
        except Exception as error:
            known = isinstance(error, BuildError)
            parent.send(BuildError(str(error) if known else f"{type(error).__name__}: {error}"))


def _gather(receivers: list[Connection], total: int, progress: Progress) -> Tally:
    from multiprocessing.connection import wait

    from portal.web.site.freezer import Tally

    tally, done, finished = Tally(), 0, 0
    talking = list(receivers)
    while talking:
        for receiver in cast("list[Connection]", wait(talking)):
            try:
                said = receiver.recv()
            except EOFError:
                talking.remove(receiver)
                continue
            if isinstance(said, BuildError):
                raise said
            if isinstance(said, Tally):
                tally.add(said)
                finished += 1
            else:
                done += said
                progress(done, total)
    if finished < len(receivers):
        raise BuildError("A worker of the build was ended from outside. Build again.")
    progress(total, total)
    return tally


# --- checks before the swap ---------------------------------------------------------------------


def _check_whole(app: Flask, addresses: Sequence[str], tally: Tally, new: Path) -> None:
    if len(tally.digests) != len(addresses):
        raise BuildError("Some addresses were not written. Build again with --full.")
    missing = tally.digests.keys() - _names(new)
    if missing:
        raise BuildError(f"{min(missing)} was written, and is gone. Build again with --full.")
    for rule in app.url_map.iter_rules():
        page = "GET" in (rule.methods or ()) and not rule.arguments
        if page and rule.endpoint not in tally.endpoints:
            raise BuildError(
                f"No address is given for {rule.rule}: see addresses() in web/site.py."
            )


def _names(folder: Path) -> set[str]:
    """The files of a site, without twins and files that are not its own."""
    return {
        name
        for name, _ in _files(folder)
        if not name.startswith(".") and not name.endswith((".br", ".gz"))
    }


def _mark(new: Path, today: date, tally: Tally) -> None:
    """Say that we made this folder, from which day, and what it holds."""
    digest = hashlib.sha256()
    for name, content in sorted(tally.digests.items()):
        digest.update(f"{name}\0{content}\n".encode())
    marker = {"version": __version__, "day": today.isoformat(), "digest": digest.hexdigest()}
    (new / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")


# --- has anything been touched? -------------------------------------------------------------------


class _Look:
    """A look at the times of all that a build reads, to compare with the last one's."""

    def __init__(self, root: Path, out: Path, var: Path, given: object) -> None:
        self._root, self._out, self._record = root.resolve(), out.resolve(), var / _STATE
        self._postcodes = var / _POSTCODES
        self._given = repr(given)

    @classmethod
    def of(cls, settings: Settings, today: date, compress: bool) -> _Look:
        given = {
            "base_address": settings.base_address,
            "horizon_weeks": settings.horizon_weeks,
            "leaflets": settings.leaflets,
        }
        return cls(settings.root, settings.out, settings.var, (today, compress, given))

    def state(self) -> str:
        """One word for all that a build reads: files of content and package, options, libraries."""
        # A library that comes, goes or changes its version changes the folder it is in.
        libraries = [Path(p).stat().st_mtime_ns for p in sys.path if p.endswith("-packages")]
        facts = __version__, sys.version, libraries, self._last_commit(), self._given
        digest = hashlib.sha256(repr(facts).encode())
        folders = [self._root / name for name in ("content", "centres", "programmes")]
        for folder in (*folders, Path(__file__).parents[2]):
            for name, stat in _files(folder):
                # The inode and its time of change tell when an older file takes a name.
                state = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
                digest.update(f"{folder}\0{name}\0{state}\n".encode(errors="surrogateescape"))
        with suppress(OSError):
            stat = self._postcodes.stat()
            digest.update(repr((stat.st_size, stat.st_mtime_ns, stat.st_ino)).encode())
        return digest.hexdigest()

    def _last_commit(self) -> int | None:
        """When a commit was last made or fetched: files may take their time of change from it."""
        for folder in (self._root, *self._root.parents):
            with suppress(OSError):
                return (folder / ".git" / "logs" / "HEAD").stat().st_mtime_ns
        return None

    def remembered(self, started: float) -> Built | None:
        try:
            record = json.loads(self._record.read_bytes())[str(self._out)]
            same = record["marker"] == self._marker() and record["state"] == self.state()
            pages = int(record["pages"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Built(pages, 0, pages, 0, time.perf_counter() - started) if same else None

    def remember(self, state: str, built: Built) -> None:
        try:
            found = json.loads(self._record.read_bytes())
        except (OSError, ValueError):
            found = None
        found = found if isinstance(found, dict) else {}
        records = {out: record for out, record in found.items() if Path(out).is_dir()}
        records[str(self._out)] = {"marker": self._marker(), "state": state, "pages": built.pages}
        self._record.parent.mkdir(parents=True, exist_ok=True)
        part = self._record.with_name(f"{_STATE}.{os.getpid()}")
        part.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
        part.replace(self._record)

    def _marker(self) -> list[int]:
        stat = (self._out / MARKER).stat()
        return [stat.st_ino, stat.st_mtime_ns]


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every file under a folder that is there, by its name in it, in order."""
    yield from _entries(os.fspath(folder), "")


def _entries(folder: str, inside: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as found:
            entries: Iterable[os.DirEntry[str]] = sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _entries(entry.path, f"{inside}{entry.name}/")
        else:
            yield inside + entry.name, entry.stat(follow_symlinks=False)
