"""How much a process grows while it encrypts or decrypts one message of 100 MiB that it holds already.

Each way is measured in a process of its own: `python -m kmscore.bench.memory WAY` prints the bytes of both directions.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from kmscore.bench.setting import setting
from kmscore.bench.ways import KIB, MIB, Messages, Way

SIZE = 100 * MIB
Peaks = dict[str, int | None]
"""Bytes of each direction; None where this system does not tell."""

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peaks(way: str) -> Peaks:
    """Measure a way in a new process.

    Args:
        way: its id.

    Returns:
        Bytes of growth of each direction.
    """
    command = [sys.executable, "-m", "kmscore.bench.memory", way]
    found: Peaks = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def main(way_id: str) -> None:
    """Measure a way in this process.

    Args:
        way_id: its id.
    """
    from kmscore.bench import ours, peers

    way = next(way for way in [*ours.ways(), *peers.ways()] if way.id == way_id)
    print(json.dumps(_measured(way)))  # noqa: T201 - it is what the parent reads.


def _measured(way: Way) -> Peaks:
    with setting() as shared:
        worker = way.build(shared, 1)
        # Libraries are loaded and tables are filled before it counts.
        worker.decrypt(worker.encrypt([bytes(KIB)]))
        plaintexts: Messages = [os.urandom(SIZE)]
        messages, encrypt = _growth(worker.encrypt, plaintexts)
        del plaintexts
        _, decrypt = _growth(worker.decrypt, messages)
    return {"encrypt": encrypt, "decrypt": decrypt}


def _growth(work: Callable[[Messages], Messages], given: Messages) -> tuple[Messages, int | None]:
    """What the work gave, and by how many bytes the process grew meanwhile."""
    gc.collect()
    _give_back_free_memory()
    if not _forget_peak():
        return work(given), None
    before = _status("VmRSS")
    done = work(given)
    return done, _status("VmHWM") - before


def _forget_peak() -> bool:
    """Start the peak anew (Linux, proc(5): clear_refs); False where that cannot be done."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _give_back_free_memory() -> None:
    """What the allocator keeps from earlier work would hide growth."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _status(name: str) -> int:
    """A line of /proc/self/status, in bytes."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * KIB


if __name__ == "__main__":
    main(sys.argv[1])
