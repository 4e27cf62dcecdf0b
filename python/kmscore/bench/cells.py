"""The cells of a run: which ways can run here, at which size, on how many threads, over which plaintexts."""

from __future__ import annotations

import importlib
import os
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from kmscore.bench.result import Missing, cell_id
from kmscore.bench.setting import Setting
from kmscore.bench.ways import DIRECTIONS, SIZES, THREADS, Effort, Load, Messages, Way, Worker

_EVERYTHING = re.compile("")


@dataclass(frozen=True)
class Choice:
    """Which cells, and how much work in each.

    Attributes:
        only: cells whose id contains this pattern.
        effort: how much work in each.
    """

    only: re.Pattern[str] = _EVERYTHING
    effort: Effort = "usual"

    def takes(self, way: Way, size: int, threads: int) -> bool:
        """Whether a direction of it is wanted."""
        return size in way.loads and any(self.only.search(name) for name in ids(way, size, threads).values())


@dataclass
class Pair:
    """A way at one size and number of threads, in both directions: what is encrypted is decrypted right after.

    So no way's ciphertexts lie in memory while another way is measured.
    """

    way: Way
    size: int
    threads: int
    load: Load
    worker: Worker
    plaintexts: Messages
    seconds: dict[str, list[float]] = field(default_factory=lambda: {direction: [] for direction in DIRECTIONS})

    def read(self) -> None:
        """One reading in each direction, of the second of two passes.

        A virtual machine gives memory back that nobody used for seconds, and to get it again is no way's own work.
        """
        self.worker.encrypt(self.plaintexts)
        messages, seconds = timed(self.worker.encrypt, self.plaintexts)
        self.seconds["encrypt"].append(seconds)
        self.worker.decrypt(messages)
        _, seconds = timed(self.worker.decrypt, messages)
        self.seconds["decrypt"].append(seconds)


def ids(way: Way, size: int, threads: int) -> dict[str, str]:
    """The name of the cell of each direction."""
    return {direction: cell_id(way.id, size, direction, threads) for direction in DIRECTIONS}


def timed(work: Callable[[Messages], Messages], messages: Messages) -> tuple[Messages, float]:
    """What the work gave, and its seconds."""
    started = time.perf_counter()
    done = work(messages)
    return done, time.perf_counter() - started


def available(ways: Iterable[Way]) -> tuple[list[Way], list[Missing]]:
    """The ways that can run here, and what the others lack.

    Args:
        ways: all of them.
    """
    ways = list(ways)
    wanted = dict.fromkeys(way.requirement for way in ways if way.requirement)
    lacking = [requirement for requirement in wanted if not _importable(requirement.module)]
    missing = [Missing(requirement.peer, requirement.pip) for requirement in lacking]
    return [way for way in ways if way.requirement not in lacking], missing


def prepared(ways: Iterable[Way], choice: Choice, shared: Setting) -> list[Pair]:
    """A pair for every way, size and number of threads that is wanted; ways of one size stand together.

    Args:
        ways: those that can run here.
        choice: which of their cells.
        shared: what they share.

    Raises:
        ValueError: No cell is wanted.
    """
    ways, samples = list(ways), _Samples()
    wanted = [
        (way, size, threads)
        for size in SIZES
        for threads in THREADS
        for way in ways
        if choice.takes(way, size, threads)
    ]
    if not wanted:
        example = cell_id(ways[0].id, next(iter(ways[0].loads)), "encrypt", 1)
        raise ValueError(f"no cell matches {choice.only.pattern!r}; a cell is called like {example}")
    return [_pair(way, size, threads, choice, shared, samples) for way, size, threads in wanted]


def _pair(way: Way, size: int, threads: int, choice: Choice, shared: Setting, samples: _Samples) -> Pair:
    load = way.load(size, threads, choice.effort)
    plaintexts = samples.column(load) if way.columns else samples.messages(load)
    return Pair(way, size, threads, load, way.build(shared, threads), plaintexts)


def _importable(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


class _Samples:
    """Random plaintexts; ways with the same load share them."""

    def __init__(self) -> None:
        self._messages: dict[Load, list[bytes]] = {}
        self._columns: dict[Load, Any] = {}

    def messages(self, load: Load) -> list[bytes]:
        if load not in self._messages:
            self._messages[load] = [os.urandom(load.length) for _ in range(load.messages)]
        return self._messages[load]

    def column(self, load: Load) -> Any:
        if load not in self._columns:
            import pyarrow as pa

            self._columns[load] = pa.array(self.messages(load), type=pa.binary())
        return self._columns[load]
