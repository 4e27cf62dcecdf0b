"""Calls without a pause and compares each outcome with what was acknowledged before the call began.

Arguments: the board, the name of the subject, its keys. Prints its findings as JSON when it is told to stop.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import kmscore
from torture.race_board import ACKNOWLEDGED, BEGUN, CALLS, STOP, board
from torture.race_subjects import SUBJECTS, Subject


def main() -> None:
    """Call until told to stop."""
    path, name, *keys = sys.argv[1:]
    subject = SUBJECTS[name]
    shared = board(Path(path))
    kms = kmscore.client("kms", principal=subject.principal)
    assert not subject.met_off(kms, keys)
    print("ready", flush=True)  # noqa: T201 - the test reads it from a pipe.
    print(json.dumps(race(shared, kms, subject, keys)), flush=True)  # noqa: T201 - the test reads it from a pipe.


def race(shared: Any, kms: Any, subject: Subject, keys: list[str]) -> dict[str, Any]:
    """The number of calls, of those with one possible outcome, and every call that saw the wrong one."""
    calls = decided = off = turns = 0
    stale: list[tuple[int, bool]] = []
    last = None
    meet = subject.met_off
    start = time.perf_counter()
    while not shared[STOP]:
        before = shared[ACKNOWLEDGED]
        met_off = meet(kms, keys)
        off += met_off
        begun = shared[BEGUN]
        calls += 1
        shared[CALLS] = calls
        # With a change in flight during the call, both of its states may be seen; with more, either state anyway.
        if begun == before:
            decided += 1
            if met_off != bool(before & 1):
                stale.append((before, met_off))
            if last != before:
                turns += 1
                last = before
    seconds = time.perf_counter() - start
    return {
        "calls": calls,
        "decided": decided,
        "off": off,
        "changes_seen": turns,
        "seconds": seconds,
        "stale": stale,
    }


if __name__ == "__main__":
    main()
