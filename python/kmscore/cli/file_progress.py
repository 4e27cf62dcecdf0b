"""A bar on standard error while a large file is worked on."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kmscore.cli.file_plan import STREAM, title
from kmscore.cli.output import printable

if TYPE_CHECKING:
    from kmscore.envelope.files import Progress

# Less is done before an eye would see a bar.
_SMALL = 32 * 1024 * 1024
_LONGEST_NAME = 24


class Place(NamedTuple):
    """Which of the files it is."""

    number: int
    of: int
    shown: bool


@contextlib.contextmanager
def progress_bar(source: str, place: Place) -> Iterator[Progress | None]:
    """Show how far a file is, on a terminal; elsewhere there is nothing to call.

    Args:
        source: The file or STREAM.
        place: Which of the files it is.
    """
    length = _length(source) if place.shown and sys.stderr.isatty() else 0
    if length is not None and length < _SMALL:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
    )
    # What is written to standard output goes there, whatever the bar does.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task(_title(source, place), total=length)
        yield lambda done: bar.update(task, completed=done)


def _length(source: str) -> int | None:
    """Bytes of a regular file; None for what has no length yet."""
    try:
        found = os.fstat(sys.stdin.fileno()) if source == STREAM else Path(source).stat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _title(source: str, place: Place) -> str:
    name = printable(Path(title(source)).name)
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 1]}…"
    return name if place.of == 1 else f"{place.number}/{place.of} {name}"
