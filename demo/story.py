"""How the demonstration tells what it does."""

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

console = Console(highlight=False)


def say(text: str) -> None:
    """One step of the story."""
    console.print(f"[green]>[/green] {text}", soft_wrap=True)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gave, and its seconds."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def progress() -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def times_as_fast(rate: float, slowest: float) -> str:
    """A ratio with two digits that mean something."""
    return f"{rate / slowest:,.0f}" if rate >= 10 * slowest else f"{rate / slowest:.2g}"
