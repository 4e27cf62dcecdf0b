"""What `kmscore bench` shows a person: tables, bars, targets and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kmscore.bench import plot, table
from kmscore.bench.result import Result
from kmscore.bench.ways import SIZES, THREADS
from kmscore.cli.output import console_width

_OURS = "bold green"
_NOTES = (
    "faster by: how many times that way's rate kmscore reaches in a plain loop, encrypting and decrypting, signed "
    "against signed; 1 KiB with a cached data key. spread: slowest round over fastest."
)


def show(result: Result) -> None:
    """Print a run.

    Args:
        result: what was measured.
    """
    console = Console(width=console_width(), highlight=False)
    for size in SIZES:
        for threads in THREADS:
            _rates(console, result, size, threads)
        _bars(console, result, size)
    _targets(console, result)
    console.print(Text(_NOTES, style="dim"))
    for note in table.samples(result):
        console.print(Text(f"* {note}", style="dim"))
    for missing in result.missing:
        console.print(Text(f"not installed: {missing.peer}; {missing.pip}"))


def _rates(console: Console, result: Result, size: int, threads: int) -> None:
    found = table.lines(result, size, threads)
    if not found:
        return
    with_peak = any(table.peak(line) for line in found)
    columns = ["encrypt", "decrypt", "faster by", "spread", *(["peak MB"] if with_peak else [])]
    drawn = _table(f"{SIZES[size]}, {_threads(threads)}: {table.unit(size)}", columns)
    for line in _sections(drawn, found):
        rates = [table.rate(line.cells.get(direction)) for direction in ("encrypt", "decrypt")]
        peak = [table.peak(line)] if with_peak else []
        texts = [line.name, *rates, table.faster_by(result, line), line.spread, *peak]
        drawn.add_row(*map(Text, texts), style=_OURS if line.ours else None)
    console.print(drawn)


def _bars(console: Console, result: Result, size: int) -> None:
    found = plot.bars(result, size)
    if not found:
        return
    drawn = _table(f"{SIZES[size]}, encrypt, one thread: {table.unit(size)}, logarithmic", [""])
    drawn.add_column()
    drawn.show_header = False
    bars = {line.way: bar for line, bar in found}
    for line in _sections(drawn, [line for line, _ in found]):
        texts = [line.name, table.rate(line.cells["encrypt"]), bars[line.way]]
        drawn.add_row(*map(Text, texts), style=_OURS if line.ours else None)
    console.print(drawn)


def _targets(console: Console, result: Result) -> None:
    if not result.targets:
        return
    drawn = _table("What the design asks for", ["measured", "at least", "met"])
    for target in result.targets:
        drawn.add_row(*map(Text, table.target(target)))
    console.print(drawn)


def _sections(drawn: Table, found: list[table.Line]) -> Iterator[table.Line]:
    """The lines, with a heading in the table before those that are signed."""
    for number, line in enumerate(found):
        if line.signed and number and not found[number - 1].signed:
            drawn.add_section()
        if line.signed and not (number and found[number - 1].signed):
            drawn.add_row("signed", style="bold")
        yield line


def _table(title: str, columns: list[str]) -> Table:
    """A table whose first column says what the line is about; the others are numbers."""
    drawn = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    drawn.add_column()
    for column in columns:
        drawn.add_column(column, justify="right", no_wrap=True)
    return drawn


def _threads(number: int) -> str:
    return "one thread" if number == 1 else f"{number} threads"
