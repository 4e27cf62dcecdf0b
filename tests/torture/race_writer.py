"""Disables and enables a key in turn: after change k the key is disabled when k is odd.

Arguments: the board, the key id, the last change to make.
"""

import sys
import time
from pathlib import Path
from typing import Any

import kmscore
from torture.race_board import ACKNOWLEDGED, BEGUN, CALLS, board


def main() -> None:
    """Make changes until the last one is made."""
    path, key_id, last = sys.argv[1:]
    shared = board(Path(path))
    kms = kmscore.client("kms")
    _resolve_change_in_flight(shared, kms, key_id)
    while (number := shared[ACKNOWLEDGED] + 1) <= int(last):
        shared[BEGUN] = number
        (kms.disable_key if number % 2 else kms.enable_key)(KeyId=key_id)
        shared[ACKNOWLEDGED] = number
        # Every other time the reader gets to call between two changes; else they follow at once.
        if number % 4 < 2:
            _await_calls(shared, 3)


def _resolve_change_in_flight(shared: memoryview, kms: Any, key_id: str) -> None:
    """A writer was killed within a change: if it took place, whoever saw the answer of DescribeKey knows of it."""
    if shared[BEGUN] != shared[ACKNOWLEDGED]:
        disabled = kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Disabled"
        if disabled == bool(shared[BEGUN] % 2):
            shared[ACKNOWLEDGED] = shared[BEGUN]
        else:
            shared[BEGUN] = shared[ACKNOWLEDGED]


def _await_calls(shared: memoryview, count: int) -> None:
    goal, deadline = shared[CALLS] + count, time.monotonic() + 5
    while shared[CALLS] < goal and time.monotonic() < deadline:
        time.sleep(0)


if __name__ == "__main__":
    main()
