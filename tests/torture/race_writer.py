"""Turns a subject off and on again: after change k it is off when k is odd.

Arguments: the board, the last change to make, the name of the subject, its keys.
"""

import sys
import time
from pathlib import Path
from typing import Any

import kmscore
from torture.race_board import ACKNOWLEDGED, BEGUN, CALLS, board
from torture.race_subjects import SUBJECTS, Subject


def main() -> None:
    """Make changes until the last one is made."""
    path, last, name, *keys = sys.argv[1:]
    subject = SUBJECTS[name]
    shared = board(Path(path))
    kms = kmscore.client("kms")
    _resolve_change_in_flight(shared, kms, subject, keys)
    while (number := shared[ACKNOWLEDGED] + 1) <= int(last):
        shared[BEGUN] = number
        subject.turn(kms, keys, off=bool(number % 2))
        shared[ACKNOWLEDGED] = number
        # Every other time the reader gets to call between two changes; else they follow at once.
        if number % 4 < 2:
            _await_calls(shared, 3)


def _resolve_change_in_flight(shared: memoryview, kms: Any, subject: Subject, keys: list[str]) -> None:
    """A writer was killed within a change: if it took place, whoever looked it up knows of it."""
    if shared[BEGUN] != shared[ACKNOWLEDGED]:
        if subject.is_off(kms, keys) == bool(shared[BEGUN] % 2):
            shared[ACKNOWLEDGED] = shared[BEGUN]
        else:
            shared[BEGUN] = shared[ACKNOWLEDGED]


def _await_calls(shared: memoryview, count: int) -> None:
    goal, deadline = shared[CALLS] + count, time.monotonic() + 5
    while shared[CALLS] < goal and time.monotonic() < deadline:
        time.sleep(0)


if __name__ == "__main__":
    main()
