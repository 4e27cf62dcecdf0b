"""`kmscore bench`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kmscore.cli.failures import CommandError, CommandLineError
from kmscore.cli.groups import NO_STORE, command
from kmscore.cli.session import Session

if TYPE_CHECKING:
    from kmscore.bench.result import Result
    from kmscore.bench.runner import Progress
    from kmscore.bench.ways import Effort

MACHINE_COMMANDS = "This machine"

Quick = Annotated[bool, typer.Option("--quick", help="A few seconds: one round, little work, no peak memory.")]
Full = Annotated[
    bool, typer.Option("--full", help="100 MiB for slow peers as well, where else fewer stand for them; minutes more.")
]
Rounds = Annotated[
    int | None, typer.Option("--rounds", min=1, metavar="N", help="How often everything is measured; else 7.")
]
Plot = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE.png", help="Draw the rates, too; it needs matplotlib.")
]
Only = Annotated[
    str | None,
    typer.Option("--only", metavar="REGEX", help="Only cells whose id matches, such as 'kmscore.*/1 KiB/encrypt/1'."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "bench", NO_STORE, rich_help_panel=MACHINE_COMMANDS)(bench)


def bench(
    session: Session,
    quick: Quick = False,
    full: Full = False,
    rounds: Rounds = None,
    plot: Plot = None,
    only: Only = None,
) -> None:
    """Measure the envelope engine on this machine, beside its limits, pure Python and what people use today.

    Messages of 1 KiB, 1 MiB and 100 MiB, both directions, one and two threads, and the peak memory. First every way
    must give back what it was given. Then each round measures everything once; the figures are medians. Peers that are
    not installed are named with the command that installs them. It uses a temporary store.
    """
    from kmscore.bench.cells import Choice
    from kmscore.bench.equality import EqualityError
    from kmscore.bench.runner import ROUNDS, Plan, run

    if plot is not None:
        _check_plot(plot)
    plan = Plan(rounds or (1 if quick else ROUNDS), Choice(_pattern(only), _effort(quick, full)))
    try:
        with _progress() as progress:
            result = run(plan, progress)
    except EqualityError as error:
        raise CommandError(str(error)) from error
    except ValueError as error:
        raise CommandLineError(f"--only: {error}") from error
    _show(session, result)
    if plot is not None:
        from kmscore.bench.plot import draw

        draw(result, plot)


def _effort(quick: bool, full: bool) -> Effort:
    if quick and full:
        raise CommandLineError("--quick and --full exclude each other")
    return "quick" if quick else "full" if full else "usual"


def _pattern(only: str | None) -> re.Pattern[str]:
    try:
        return re.compile(only or "")
    except re.error as error:
        raise CommandLineError(f"--only: {only!r} is not a regular expression: {error}") from error


def _check_plot(path: Path) -> None:
    """Say what is wrong before minutes of work, not after."""
    import importlib.util

    from kmscore.bench.plot import INSTALL

    if not path.parent.is_dir():
        raise CommandLineError(f"--plot: there is no directory {path.parent}")
    if importlib.util.find_spec("matplotlib") is None:
        raise CommandError(f"--plot needs matplotlib: {INSTALL}")


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on standard error, when that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("preparing", total=1.0)
        yield lambda text, share: bar.update(task, description=text, completed=share)


def _show(session: Session, result: Result) -> None:
    """JSON, or tables and bars."""
    if session.options.as_json:
        session.show(dataclasses.asdict(result))
    else:
        from kmscore.cli.bench_text import show

        show(result)
