"""What a run found, as `kmscore bench --json` shows it and as the tables and plots read it."""

from __future__ import annotations

from dataclasses import dataclass

from kmscore.bench.ways import SIZES, Effort


@dataclass(frozen=True)
class Limit:
    """The time of something that nobody can leave out; the median over the rounds."""

    seconds: float
    spread: float


@dataclass(frozen=True)
class Cell:
    """One way, size, direction and number of threads.

    Attributes:
        id: `way/size/direction/threads`.
        way: the way's name.
        label: what the tables call the way.
        signed: its messages carry a signature.
        size: bytes of the messages that the cell stands for.
        direction: `encrypt` or `decrypt`.
        threads: how many.
        messages: in one reading.
        bytes: of plaintext in one reading.
        seconds: of one reading; the median over the rounds.
        spread: the slowest round over the fastest.
        bytes_per_second: of plaintext.
        messages_per_second: of the length that was measured.
        peak_bytes: how much the process grows while it works on one message of 100 MiB that it holds already; where it
            was measured.
    """

    id: str
    way: str
    label: str
    signed: bool
    size: int
    direction: str
    threads: int
    messages: int
    bytes: int
    seconds: float
    spread: float
    bytes_per_second: float
    messages_per_second: float
    peak_bytes: int | None = None

    @property
    def ours(self) -> bool:
        """Whether it is kmscore's own."""
        return self.way.startswith("kmscore")

    @property
    def sampled(self) -> bool:
        """Whether shorter messages stand for the size, for want of speed."""
        return self.bytes < self.size


@dataclass(frozen=True)
class Target:
    """A ratio, or a rate, that the design asks for.

    Attributes:
        text: what is held against what.
        measured: what came out.
        at_least: what is asked for.
        unit: `x` for a ratio, else what is counted.
    """

    text: str
    measured: float
    at_least: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether it came out."""
        return self.measured >= self.at_least


@dataclass(frozen=True)
class Missing:
    """A peer that is not installed, and the command that installs it."""

    peer: str
    pip: str


@dataclass(frozen=True)
class Result:
    """A whole run."""

    date: str
    machine: dict[str, str]
    rounds: int
    effort: Effort
    limits: dict[str, Limit]
    cells: list[Cell]
    targets: list[Target]
    missing: list[Missing]

    def cell(self, way: str, size: int, direction: str = "encrypt", threads: int = 1) -> Cell | None:
        """A cell, if it was measured."""
        wanted = cell_id(way, size, direction, threads)
        return next((cell for cell in self.cells if cell.id == wanted), None)


def cell_id(way: str, size: int, direction: str, threads: int) -> str:
    """The name of a cell; `--only` searches it."""
    return f"{way}/{SIZES[size]}/{direction}/{threads}"
