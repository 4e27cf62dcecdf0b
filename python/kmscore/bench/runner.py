"""Check that every way gives back what it was given, then measure all of them in interleaved rounds."""

from __future__ import annotations

import datetime as dt
import functools
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kmscore.bench import equality, limits, machine, memory, ours, peers, targets
from kmscore.bench.cells import Choice, Pair, available, ids, prepared
from kmscore.bench.result import Cell, Limit, Result
from kmscore.bench.setting import setting
from kmscore.bench.ways import MIB, Way

ROUNDS = 7

Progress = Callable[[str, float], None]
"""Is told what is being done, and which share of the run is behind."""


@dataclass(frozen=True)
class Plan:
    """What to measure, and how often.

    Attributes:
        rounds: a round reads every cell and every limit once.
        choice: the cells.
    """

    rounds: int = ROUNDS
    choice: Choice = field(default_factory=Choice)


def run(plan: Plan, progress: Progress = lambda _text, _share: None) -> Result:
    """Measure this machine.

    Args:
        plan: what to measure.
        progress: told how far it is.

    Returns:
        What was found.

    Raises:
        EqualityError: A way does not give back what it was given, or kmscore and aws-encryption-sdk do not read each
            other's messages.
        ValueError: The choice takes no cell.
    """
    ways, missing = available([*ours.ways(), *peers.ways()])
    with setting() as shared:
        pairs = prepared(ways, plan.choice, shared)
        readings: dict[str, list[float]] = {}
        peaks: dict[str, memory.Peaks] = {}
        equality.check_across(ways, shared)
        steps = [*_timing(pairs, plan.rounds, readings), *_peaks(pairs, plan.choice, peaks)]
        for number, (text, work) in enumerate(steps):
            progress(text, number / len(steps))
            work()
    found = Result(
        date=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        machine=machine.facts(),
        rounds=plan.rounds,
        effort=plan.choice.effort,
        limits={name: Limit(statistics.median(taken), _spread(taken)) for name, taken in readings.items()},
        cells=[cell for pair in pairs for cell in _figures(pair, peaks, plan.choice.only)],
        targets=[],
        missing=missing,
    )
    found.targets.extend(targets.of(found))
    return found


Step = tuple[str, Callable[[], None]]


def _timing(pairs: list[Pair], rounds: int, readings: dict[str, list[float]]) -> Iterator[Step]:
    """One pass over all pairs that checks them and is not counted, then the rounds."""

    def read_limits() -> None:
        for name, seconds in limits.read().items():
            readings.setdefault(name, []).append(seconds)

    for pair in pairs:
        yield f"checking {pair.way.label}", functools.partial(equality.check, pair)
    for number in range(1, rounds + 1):
        yield f"round {number} of {rounds}", read_limits
        for pair in pairs:
            yield f"round {number} of {rounds}: {pair.way.label}", pair.read


def _peaks(pairs: list[Pair], choice: Choice, peaks: dict[str, memory.Peaks]) -> Iterator[Step]:
    """The peak memory of each way that was given a large message; not when it must be quick."""
    if choice.effort == "quick":
        return
    # Whoever is given less than a MiB instead would take minutes for 100.
    large = {pair.way.id: pair.way for pair in pairs if pair.size == memory.SIZE and pair.load.length >= MIB}
    for way in large.values():
        yield f"peak memory of {way.label}", functools.partial(_measure_peaks, way, peaks)


def _measure_peaks(way: Way, peaks: dict[str, memory.Peaks]) -> None:
    peaks[way.id] = memory.peaks(way.id)


def _figures(pair: Pair, peaks: dict[str, memory.Peaks], only: re.Pattern[str]) -> Iterator[Cell]:
    """The cells of a pair."""
    way, load = pair.way, pair.load
    for direction, name in ids(way, pair.size, pair.threads).items():
        seconds = statistics.median(pair.seconds[direction])
        with_peak = pair.size == memory.SIZE and pair.threads == 1 and way.id in peaks
        if only.search(name):
            yield Cell(
                id=name,
                way=way.id,
                label=way.label,
                signed=way.signed,
                size=pair.size,
                direction=direction,
                threads=pair.threads,
                messages=load.messages,
                bytes=load.bytes,
                seconds=seconds,
                spread=_spread(pair.seconds[direction]),
                bytes_per_second=load.bytes / seconds,
                messages_per_second=load.messages / seconds,
                peak_bytes=peaks[way.id][direction] if with_peak else None,
            )


def _spread(seconds: list[float]) -> float:
    """The slowest round over the fastest."""
    return max(seconds) / min(seconds)
