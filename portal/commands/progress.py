"""A progress bar for commands that take long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress_bar(words: str = "Building") -> Iterator[Callable[..., None]]:
    """A progress bar on a terminal; elsewhere one line when files are built.

    The function takes how much is done and the total; and, of a build, how many of the files done
    were kept from the last site.
    """
    if not sys.stdout.isatty():
        yield _first_line if words == "Building" else lambda *_: None
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        ProgressColumn,
        TextColumn,
    )

    building = words == "Building"
    amount: ProgressColumn = TextColumn("{task.description}") if building else DownloadColumn()
    columns = TextColumn(words), BarColumn(), amount
    # Drawn here: a library's drawing thread must not be running when workers are forked.
    with Progress(*columns, auto_refresh=False, transient=True) as bar:
        task = bar.add_task("")
        drawn = 0

        def progress(done: int, total: int, kept: int = 0) -> None:
            nonlocal drawn
            words = f"{done - kept:,} done, {kept:,} skipped, {total - done:,} left"
            bar.update(task, completed=done, total=total, description=words)
            if done == total or done - drawn >= total / 100:
                drawn = done
                bar.refresh()

        yield progress


def _first_line(done: int, total: int, _kept: int = 0) -> None:
    if done == 0:
        click.echo(f"Building {total:,} file{'' if total == 1 else 's'}.")
