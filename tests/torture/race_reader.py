"""Encrypts without a pause and compares each outcome with what was acknowledged before the call began.

Arguments: the board, the key id. Prints its findings as JSON when it is told to stop.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import kmscore
from torture.race_board import ACKNOWLEDGED, BEGUN, CALLS, STOP, board


def main() -> None:
    """Call until told to stop."""
    path, key_id = sys.argv[1:]
    shared = board(Path(path))
    kms = kmscore.client("kms")
    kms.encrypt(KeyId=key_id, Plaintext=b"x")
    print("ready", flush=True)  # noqa: T201
    print(json.dumps(race(shared, kms, key_id)), flush=True)  # noqa: T201


def race(shared: Any, kms: Any, key_id: str) -> dict[str, Any]:
    """The number of calls, of those with one possible outcome, and every call that saw the wrong one."""
    disabled = kms.exceptions.DisabledException
    calls = decided = refused = turns = 0
    stale: list[tuple[int, bool]] = []
    last = None
    encrypt = kms.encrypt
    start = time.perf_counter()
    while not shared[STOP]:
        before = shared[ACKNOWLEDGED]
        try:
            encrypt(KeyId=key_id, Plaintext=b"x")
            saw_disabled = False
        except disabled:
            saw_disabled = True
            refused += 1
        begun = shared[BEGUN]
        calls += 1
        shared[CALLS] = calls
        # With a change in flight during the call, both of its states may be seen; with more, either state anyway.
        if begun == before:
            decided += 1
            if saw_disabled != bool(before & 1):
                stale.append((before, saw_disabled))
            if last != before:
                turns += 1
                last = before
    seconds = time.perf_counter() - start
    return {
        "calls": calls,
        "decided": decided,
        "refused": refused,
        "changes_seen": turns,
        "seconds": seconds,
        "stale": stale,
    }


if __name__ == "__main__":
    main()
