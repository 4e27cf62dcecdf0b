"""The work of `kmscore encrypt`, `decrypt` and `sign`: one file after the other, and what is said about each."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from kmscore._core import EnvelopeError
from kmscore.cli.failures import CommandError, CommandLineError, explained, report
from kmscore.cli.file_plan import STREAM, Item, Plan, title
from kmscore.cli.file_progress import Place, progress_bar
from kmscore.cli.interruption import Interrupted
from kmscore.cli.output import counted, printable
from kmscore.cli.session import Session
from kmscore.cli.streams import StandardOutput, standard_input

if TYPE_CHECKING:
    from kmscore.envelope.files import Progress


@dataclass(frozen=True)
class Made:
    """What a file became.

    Args:
        bytes_read: Of the source.
        bytes_written: To the target.
        facts: What JSON tells besides.
        remark: What a person is told besides.
    """

    bytes_read: int
    bytes_written: int
    facts: dict[str, Any] = field(default_factory=dict)
    remark: str = ""


class Convert(Protocol):
    """Encrypts, decrypts or signs one file."""

    def __call__(self, source: Any, target: Any, progress: Progress | None) -> Made:
        """Do it."""


class FileError(CommandError):
    """This file could not be done; the next one may well be."""


@dataclass(frozen=True)
class Done:
    """What was done to one file."""

    item: Item
    made: Made
    seconds: float

    def answer(self) -> dict[str, Any]:
        """The data, for JSON."""
        return {
            "Source": printable(self.item.source),
            "Target": printable(self.item.target),
            "BytesRead": self.made.bytes_read,
            "BytesWritten": self.made.bytes_written,
            "Seconds": round(self.seconds, 6),
            **self.made.facts,
        }

    def line(self) -> str:
        """What a person reads: numbers first, so that they stand below each other."""
        numbers = _numbers(self.made.bytes_read, self.made.bytes_written, self.seconds)
        remark = f", {self.made.remark}" if self.made.remark else ""
        return f"{numbers}  {printable(self.item.source)} → {printable(self.item.target)}{remark}"


def check_output(session: Session, plan: Plan, binary: str | None) -> None:
    """Refuse a standard output that cannot take what goes there.

    Args:
        session: How answers are shown.
        plan: What there is to do.
        binary: What goes there, if no terminal should see it.

    Raises:
        CommandLineError: JSON goes there, or it is a terminal.
    """
    if not any(item.target == STREAM for item in plan.items):
        return
    if session.options.as_json:
        raise CommandLineError("--json answers on standard output, where the data goes: give --output FILE")
    if binary is not None and sys.stdout is not None and sys.stdout.isatty():
        raise CommandLineError(f"{binary} is binary, and standard output is a terminal: redirect it, or give --output")


def carry_out(session: Session, plan: Plan, convert: Convert) -> None:
    """Do all of a plan. A file that cannot be done is reported, and the others are done.

    Args:
        session: How answers are shown.
        plan: What there is to do.
        convert: What is done to each file.

    Raises:
        CommandError: The only file could not be done, or a signal asked for the end.
    """
    for note in plan.notes:
        typer.echo(f"note: {printable(note)}", err=True)
    for error in plan.errors:
        report(error)
    done: list[Done] = []
    try:
        failed = len(plan.errors) + _do_all(session, plan, convert, done)
    except Interrupted as stop:
        kept = f": {len(done):,} of {counted(len(plan.items), 'file')} done" if len(plan.items) > 1 else ""
        raise stop.as_error(kept) from stop
    _conclude(session, plan, done)
    if failed:
        raise typer.Exit(1)


def _do_all(session: Session, plan: Plan, convert: Convert, done: list[Done]) -> int:
    """Do one item after the other; returns how many failed."""
    failed = 0
    for number, item in enumerate(plan.items, 1):
        place = Place(number, len(plan.items), shown=not session.options.as_json)
        try:
            done.append(_do(plan, item, convert, place))
        except FileError as error:
            if len(plan.items) == 1:
                raise
            report(error)
            failed += 1
            continue
        if item.target != STREAM and not session.options.as_json:
            typer.echo(done[-1].line())
    return failed


def _do(plan: Plan, item: Item, convert: Convert, place: Place) -> Done:
    source: Any = standard_input() if item.source == STREAM else item.source
    target: Any = StandardOutput() if item.target == STREAM else item.target
    start = time.perf_counter()
    try:
        with _directories(plan, item), progress_bar(item.source, place) as progress:
            made = convert(source, target, progress)
    except (EnvelopeError, OSError, ValueError) as error:
        raise _file_error(item, target, error) from error
    return Done(item, made, time.perf_counter() - start)


@contextlib.contextmanager
def _directories(plan: Plan, item: Item) -> Iterator[None]:
    """Make the directories of a target, as closed to others as the target is; none that is empty stays."""
    folder = Path(item.target).parent
    missing = [] if plan.into is None else [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        for path in reversed(missing):
            path.mkdir(mode=plan.directory_mode, exist_ok=True)
        yield
    except BaseException:
        for path in missing:
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def _file_error(item: Item, target: Any, error: Exception) -> FileError:
    text = _cause(item, error)
    if isinstance(target, StandardOutput) and target.written and not isinstance(error, BrokenPipeError):
        text += f"; drop what was written to standard output, {counted(target.written, 'byte')}"
    return FileError(text, 2 if isinstance(error, ValueError) else 1)


def _cause(item: Item, error: Exception) -> str:
    text = explained(error)
    if isinstance(error, FileExistsError):
        return f"{text} (--force)"
    if isinstance(error, OSError) and error.filename:
        return text
    source = title(item.source)
    if isinstance(error, OSError):
        return f"{source} to {'standard output' if item.target == STREAM else item.target}: {text}"
    if "unverified=True" in text:
        text = (
            "the message is signed, and its signature stands at its end: decrypt into a file with --output, or accept "
            "plaintext that is not verified yet with --unverified"
        )
    return f"{source}: {text}"


def _conclude(session: Session, plan: Plan, done: list[Done]) -> None:
    if session.options.as_json:
        session.show([each.answer() for each in done])
    elif not plan.items:
        typer.echo("There is nothing to do.", err=True)
    elif len(plan.items) > 1:
        read = sum(each.made.bytes_read for each in done)
        written = sum(each.made.bytes_written for each in done)
        seconds = sum(each.seconds for each in done)
        typer.echo(f"{_numbers(read, written, seconds)}  {counted(len(done), 'file')}")


def _numbers(read: int, written: int, seconds: float) -> str:
    from rich.filesize import decimal

    rate = decimal(int(read / max(seconds, 1e-6)))
    return f"{decimal(read):>10} → {decimal(written):>10}  {rate:>10}/s"
