"""A run as lines of text, for the terminal's tables and for those of the documentation."""

from __future__ import annotations

from dataclasses import dataclass

from kmscore.bench.result import Cell, Result, Target
from kmscore.bench.ways import DIRECTIONS, KIB, MIB, SIZES


@dataclass(frozen=True)
class Line:
    """A way at one size and number of threads; of the directions those that were measured."""

    way: str
    name: str
    signed: bool
    ours: bool
    cells: dict[str, Cell]

    @property
    def label(self) -> str:
        """Its name, and that it is signed."""
        return self.name + (", signed" if self.signed else "")

    @property
    def spread(self) -> str:
        """The slowest round over the fastest, of the worse direction."""
        return f"{max(cell.spread for cell in self.cells.values()):.2f}"


def lines(result: Result, size: int, threads: int) -> list[Line]:
    """The ways of a size and number of threads: unsigned before signed, else in the order they were measured in.

    Args:
        result: what was measured.
        size: of the messages, in bytes.
        threads: how many.
    """
    found: dict[str, Line] = {}
    for cell in result.cells:
        if (cell.size, cell.threads) == (size, threads):
            line = found.setdefault(cell.way, Line(cell.way, cell.label, cell.signed, cell.ours, {}))
            line.cells[cell.direction] = cell
    return sorted(found.values(), key=lambda line: line.signed)


def unit(size: int) -> str:
    """What the rates of a size count."""
    return "messages/s" if size == KIB else "MB/s"


def rate(cell: Cell | None) -> str:
    """A rate; with an asterisk where shorter messages stand for the size."""
    if cell is None:
        return ""
    number = cell.messages_per_second if cell.size == KIB else cell.bytes_per_second / 1e6
    return (f"{number:,.0f}" if number >= 10 else f"{number:.2g}") + ("*" if cell.sampled else "")


def faster_by(result: Result, line: Line) -> str:
    """How many times that way's rate kmscore reaches, in each direction; nothing for kmscore's own ways."""
    if line.ours:
        return ""
    pairs = [(reference(result, cell), cell) for cell in line.cells.values()]
    return ", ".join(times(ours.bytes_per_second / theirs.bytes_per_second) for ours, theirs in pairs if ours)


def reference(result: Result, cell: Cell) -> Cell | None:
    """What kmscore does in the same place: one message a call, signed as the other is.

    Messages of 1 KiB have a cached data key there, long ones one of their own.
    """
    way = ("kmscore-cached" if cell.size == KIB else "kmscore") + ("-0578" if cell.signed else "-0478")
    return result.cell(way, cell.size, cell.direction, cell.threads)


def times(ratio: float) -> str:
    """A ratio with two digits that mean something."""
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.2f}x"


def peak(line: Line) -> str:
    """Growth of the process in MB, in each direction, where it was measured."""
    peaks = [line.cells[direction].peak_bytes for direction in DIRECTIONS if direction in line.cells]
    return ", ".join(f"{size / 1e6:,.0f}" for size in peaks if size is not None)


def samples(result: Result) -> list[str]:
    """For which ways shorter messages stand for a size, and how long those are."""
    notes: dict[str, dict[str, None]] = {}
    for cell in result.cells:
        if cell.sampled and cell.threads == 1:
            note = f"{length(cell.bytes // cell.messages)} stand for {SIZES[cell.size]}"
            notes.setdefault(note, {})[cell.label + (", signed" if cell.signed else "")] = None
    return [f"{note}: {'; '.join(labels)}" for note, labels in notes.items()]


def length(size: int) -> str:
    """A length in the unit that fits."""
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"


def target(found: Target) -> list[str]:
    """A target's cells: what, what came out, what was asked for, whether it was met."""
    return [found.text, amount(found.measured, found), amount(found.at_least, found), "yes" if found.met else "no"]


def amount(number: float, found: Target) -> str:
    """A ratio or a rate."""
    if found.unit != "x":
        return f"{number:,.0f} {found.unit}"
    return f"{number:,.0f}x" if found.at_least >= 10 else f"{number:.2f}x"
