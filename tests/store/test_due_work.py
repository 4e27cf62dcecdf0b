"""Due work is done once, by whichever process or thread comes by."""

import subprocess
import sys
import time

import pytest

from opened_store import DAY, OpenedStore
from scratch_store import ScratchStore

SWEEP = """
import sys, kmscore
from kmscore.embedded import Embedded
from kmscore.testing import Clock
clock = Clock()
clock.advance(float(sys.argv[1]))
with Embedded.open(clock=clock) as embedded:
    embedded.run_due_work()
"""


def test_several_processes_rotate_a_key_once(opened: OpenedStore) -> None:
    keys = [opened.new_key() for _ in range(5)]
    for key_id in keys:
        opened.call("EnableKeyRotation", KeyId=key_id, RotationPeriodInDays=90)
    opened.embedded.close()
    command = [sys.executable, "-c", SWEEP, str(91 * DAY)]
    environment = opened.scratch.environment()
    running = [subprocess.Popen(command, env=environment) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0] * 4
    opened.clock.advance(91 * DAY)
    opened.reopen()
    for key_id in keys:
        assert len(opened.call("ListKeyRotations", KeyId=key_id)["Rotations"]) == 1
    events = [record["resources"] for record in opened.scratch.audit_records() if record["op"] == "RotateKey"]
    assert len(events) == 5
    assert opened.scratch.audit_problems() == []


def test_sweeper_does_what_is_due(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    opened.call("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    opened.reopen(sweep_seconds=0.05)
    opened.clock.advance(8 * DAY)
    deadline = time.monotonic() + 20
    state = "SELECT state FROM keys WHERE key_id = ?"
    while opened.scratch.query(state, key_id) != [("deleted",)] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert opened.scratch.query(state, key_id) == [("deleted",)]


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_sweeping_takes_a_time_above_zero(scratch: ScratchStore, seconds: float) -> None:
    with pytest.raises(ValueError, match="sweep_seconds"):
        scratch.client(sweep_seconds=seconds)
