"""Builds the public site from the content for one day, completely or not at all.

Hides the order of a build, the worker processes and the checks before publishing: `build` reads the
content, has `freezer.py` write each page, feed and static file into a new folder, checks that
folder, and only then replaces the old one with it (`atomic_folder.py`). The same content and day
give the same bytes, whichever process or machine wrote them.

A build with nothing to do is recognised by `build_state.py` alone, before Flask and pydantic are
imported, so both stay out of the imports at the head of this module.
"""

from __future__ import annotations

import gc
import signal
import time
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from portal import private_files
from portal.web.site.atomic_folder import BuildError, ours, replacement
from portal.web.site.build_state import BuildState, Built, names_in, write_marker

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

    from flask import Flask

    from portal.content import KeptReadings
    from portal.directory import Directory
    from portal.settings import Settings
    from portal.web.site.app import Site
    from portal.web.site.freezer import Freezer, Made, Tally
    from portal.web.site.last_site import LastSite
    from portal.web.site.published_calendars import Stamp

__all__ = ["BuildError", "Built", "build"]

# Called with the number of files done, the total, and how many of those done were only kept.
Progress = Callable[[int, int, int], None]

_BLOCK = 32  # neighbouring pages share rendered fragments, so workers take addresses in blocks
_HANDED_OVER = 1024  # files after which a worker says what it knows of them, and forgets it
_LONG = 3600  # seconds: nobody writes one file of `var/` for so long
_WORTH_FORKING = 400  # files for each worker; with fewer, starting one costs more than it saves


def build(
    settings: Settings,
    *,
    today: date,
    full: bool = False,
    jobs: int | None = None,
    compress: bool = False,
    progress: Progress = lambda *_: None,
    waiting: Callable[[], None] = lambda: None,
    profile: Callable[[str], None] | None = None,
    accept: Callable[[Directory], None] = lambda _: None,
    given_out: Callable[[Directory], Mapping[str, Stamp] | None] = lambda _: None,
) -> Built:
    """Freeze the site as it is on `today` into `settings.out`.

    `full` makes every file even when nothing has changed. `profile` is given the lines of a table
    that says where the processor time went. `accept` may raise an error to refuse the content.
    `given_out` knows the stamps of calendar entries that other machines have published.
    Raises ContentError with every mistake of the content, and BuildError if the site cannot be
    written. After any error the old site is left unchanged, unless the words say otherwise.
    """
    started = time.perf_counter()
    build_state = BuildState.of(settings, today, compress)
    with replacement(settings.out, waiting) as fresh, _little_to_collect() as collect_again:
        done = None if full else build_state.unchanged(started)
        if done:
            return done
        from portal.content import KeptReadings, published_dates
        from portal.coverage import built as built_coverage
        from portal.dependencies import between_builds, watch
        from portal.feeds.calendars import calendars_of
        from portal.web.site import published_calendars
        from portal.web.site.costs import Costs
        from portal.web.site.freezer import Freezer
        from portal.web.site.last_site import LastSite
        from portal.web.site.leaks import leaks
        from portal.web.site.published_calendars import EarlierEntries, PublishedCalendars
        from portal.web.site.reuse import Reuse

        private_files.remove_unfinished(settings.var, before=time.time() - _LONG)
        # Before reading, so that a change meanwhile is seen next time.
        state, fixed = build_state.current(), build_state.fixed()
        costs = Costs(since=0.0)
        costs.spent("starting, and looking for what has changed")
        memory = KeptReadings(settings.var, jobs)
        directory = _content(settings, today, memory)
        costs.spent("reading the content")
        accept(directory)
        published = published_calendars.of_site(fresh.out, settings.var, given_out(directory))
        reuse = Reuse(
            directory,
            var=settings.var,
            out=settings.out,
            fixed=fixed,
            marker=None if full or not ours(fresh.out) else build_state.marker(),
            # Without an edition, the files were changed while they were read.
            digests=memory.digests if directory.edition else {},
        )
        with watch(reuse.nouns), between_builds() as lasting:
            stamps, earlier = published_calendars.hold(directory, published, reuse.entries)
            costs.spent("comparing calendars with the published ones")
            lasting.known = reuse.values()
            costs.spent("comparing with the last build")
            last = LastSite(fresh.out, reuse.states, reuse.digests)
            site, addresses = _site(settings, directory, published.addresses, last)
            costs.spent("listing the files")
            kept = reuse.unchanged(site)
            calendars_of(directory).earlier = EarlierEntries(kept, last).of
            app = site.app()
            costs.spent("comparing with the last build")
            states = {state[0]: state for made in kept.values() for state in made.states}
            left = fresh.begin_with_last(states) if kept else frozenset()
            costs.spent("beginning with the site before the last")
            freezer = Freezer(
                app,
                fresh.new,
                old=fresh.out if ours(fresh.out) else None,
                last=last,
                left=left,
                compress=compress,
                leaks=partial(leaks, directory),
                makers=site.files(),
                earlier=reuse.earlier,
            )
            collect_again()

            def describe() -> None:
                freezer.tally.costs.spent("starting and following workers")
                reuse.describe(site)
                freezer.tally.costs.spent("describing for the next build")

            tally = _write_all(freezer, addresses, kept, jobs, progress, describe)
            tally.costs.spent("starting and following workers")
            costs.skip()
            dates = published_dates.packed(directory)
        names = _names(fresh.new)
        _check_whole(app, addresses, tally, names)
        removed = _names(fresh.out) - names if ours(fresh.out) else set()
        write_marker(fresh.new, today, directory.edition, tally.digests())
        fresh.swap()
        fresh.keep_old = tally.kept * 2 > len(addresses)
        calendars = frozenset(address for address in addresses if address.endswith(".ics"))
        try:
            published_dates.write(settings.var, dates)
            built_coverage.keep(settings.var, directory)
            published_calendars.keep(
                settings.var, PublishedCalendars(stamps, calendars), settings.out
            )
        except OSError as error:
            raise BuildError(
                "The new site is in its place, but what the next build has to know of it could not "
                f"be written in {settings.var}: {error.strerror or error}. Put that right, and "
                "build again."
            ) from error
        built = Built(
            len(addresses),
            tally.written,
            tally.unchanged,
            len(removed),
            time.perf_counter() - started,
            tally.kept,
            published_calendars.warning(directory, earlier),
        )
        # These two only save time, so a full disk is no reason to fail after the swap.
        with suppress(OSError):
            reuse.keep(site, tally.made, freezer.graph, lasting, build_state.marker(), stamps)
            build_state.remember(state, built, names)
        costs.spent("checking, publishing and remembering")
        costs.add(tally.costs)
        if profile:
            for line in costs.lines():
                profile(line)
        return built


@contextmanager
def _little_to_collect() -> Iterator[Callable[[], None]]:
    """Collect no garbage until the given function is called, and then only what is newer.

    Nearly all that is read stays until the end, and the collector would go through it many times.
    """
    collecting = gc.isenabled()
    gc.disable()

    def collect_again() -> None:
        gc.freeze()
        if collecting:
            gc.enable()

    try:
        yield collect_again
    finally:
        gc.unfreeze()
        if collecting:
            gc.enable()


# --- pages ----------------------------------------------------------------------------------------


def _content(settings: Settings, today: date, memory: KeptReadings) -> Directory:
    from portal import content

    directory = content.load(
        settings.root,
        today=today,
        horizon_weeks=settings.horizon_weeks,
        postcodes=settings.postcodes,
        postcode_districts=settings.postcode_districts,
        memory=memory,
    )
    return directory.at(settings.base_address)


def _site(
    settings: Settings, directory: Directory, once: Collection[str], last: LastSite
) -> tuple[Site, list[str]]:
    from portal.web.site.app import Site
    from portal.web.site.freezer import check_address
    from portal.web.site.leaflets import Leaflets, missing

    leaflets = None
    if settings.leaflets and missing() is None:
        leaflets = Leaflets(last)
    site = Site(directory, leaflets=leaflets, once=once, periods=settings.periods, earlier=last)
    return site, [check_address(address) for address in site.addresses()]


def _write_all(
    freezer: Freezer,
    addresses: Sequence[str],
    kept: Mapping[str, Made],
    jobs: int | None,
    progress: Progress,
    meanwhile: Callable[[], None],
) -> Tally:
    """Take the kept files from the old site, and make all others.

    `meanwhile` is done beside the workers.
    """
    total, done = len(addresses), set()
    progress(0, total, 0)
    for address in freezer.link(kept):
        done.add(address)
        if len(done) % _BLOCK == 0:
            progress(len(done), total, len(done))
    left = [address for address in addresses if address not in done]
    workers = _workers(jobs, left)
    if workers > 1:
        return _write_in_parallel(freezer, left, workers, total, progress, meanwhile)
    meanwhile()
    for number, _ in enumerate(freezer.write(left), len(done) + 1):
        progress(number, total, len(done))
    return freezer.tally


def _workers(jobs: int | None, addresses: Sequence[str]) -> int:
    if jobs is not None:
        return max(1, min(jobs, len(addresses)))
    from portal.content.cache import cores

    return max(1, min(cores(), len(addresses) // _WORTH_FORKING))


def _write_in_parallel(
    freezer: Freezer,
    addresses: Sequence[str],
    workers: int,
    total: int,
    progress: Progress,
    meanwhile: Callable[[], None],
) -> Tally:
    """Have workers write the files. They end by themselves, even if we are killed."""
    import multiprocessing

    fork = multiprocessing.get_context("fork")
    blocks = [addresses[start : start + _BLOCK] for start in range(0, len(addresses), _BLOCK)]
    started: list[tuple[ForkProcess, Connection]] = []
    gc.collect()
    gc.freeze()  # otherwise the garbage collector makes workers copy the memory that they share
    try:
        for number in range(workers):
            share = [address for block in blocks[number::workers] for address in block]
            receiver, sender = fork.Pipe(duplex=False)
            # A worker must not hold the ends that we read from: it would not notice if we died.
            ours_alone = [receiver, *(earlier for _, earlier in started)]
            process = fork.Process(target=_work, args=(freezer, share, sender, ours_alone))
            process.start()
            sender.close()
            started.append((process, receiver))
        meanwhile()
        done = total - len(addresses)
        _gather(freezer, [receiver for _, receiver in started], done, total, progress)
        return freezer.tally
    finally:
        gc.unfreeze()
        for process, receiver in started:
            receiver.close()
            process.terminate()
            process.join()


def _work(
    freezer: Freezer, share: Sequence[str], parent: Connection, not_ours: Sequence[Connection]
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and stops us
    for connection in not_ours:
        connection.close()
    freezer.start_counting()  # the parent counts what it did before
    with suppress(BrokenPipeError):  # the parent has ended
        try:
            for number, _ in enumerate(freezer.write(share), 1):
                if number % _BLOCK == 0:
                    parent.send(_BLOCK)
                if number % _HANDED_OVER == 0:
                    parent.send(freezer.hand_over())
            parent.send(freezer.hand_over())
            parent.send(None)
        except BrokenPipeError:
            raise
        except Exception as error:
            known = isinstance(error, BuildError)
            parent.send(BuildError(str(error) if known else f"{type(error).__name__}: {error}"))


def _gather(
    freezer: Freezer, receivers: list[Connection], done: int, total: int, progress: Progress
) -> None:
    """Add up what workers send until each has sent None, which says that it has finished."""
    from multiprocessing.connection import wait

    from portal.web.site.freezer import Tally

    tally = freezer.tally
    numbers = {receiver: array("I") for receiver in receivers}  # of nodes: see `Tally.add`
    finished = 0
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
            if said is None:
                finished += 1
            elif isinstance(said, Tally):
                tally.add(said, freezer.graph, numbers[receiver])
            else:
                done += said
                progress(done, total, tally.kept)
    if finished < len(receivers):
        raise BuildError("A worker of the build was ended from outside. Build again.")
    progress(total, total, tally.kept)


# --- checks before the swap ---------------------------------------------------------------------


def _check_whole(
    app: Flask, addresses: Sequence[str], tally: Tally, names: Collection[str]
) -> None:
    written = tally.digests().keys()
    if len(written) != len(addresses):
        raise BuildError("Some addresses were not written. Build again with --full.")
    missing = written - names
    if missing:
        raise BuildError(f"{min(missing)} was written, and is gone. Build again with --full.")
    for rule in app.url_map.iter_rules():
        page = "GET" in (rule.methods or ()) and not rule.arguments
        if page and rule.endpoint not in tally.endpoints:
            raise BuildError(
                f"No address is given for {rule.rule}: see addresses() in portal/web/site/app.py."
            )


def _names(folder: Path) -> set[str]:
    """The files of a site, without compressed copies and files that are not part of it."""
    return {
        name for name in names_in(folder) if name[0] != "." and not name.endswith((".br", ".gz"))
    }
