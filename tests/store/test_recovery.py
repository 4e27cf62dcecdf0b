"""What a dead process leaves is finished by the next one: its audit records, its segments, its deletions."""

import signal
import subprocess
import sys

import pytest

from kmscore import _core
from kmscore.config import locate
from kmscore.embedded import Embedded
from kmscore.store.segments import Process, is_running
from opened_store import DAY, OpenedStore
from scratch_store import ScratchStore

CALLER = _core.Caller("123456789012", "arn:aws:iam::123456789012:root", "us-east-1")
PRELUDE = """
import sys
from kmscore import _core
from kmscore.embedded import Embedded
clock = _core.Clock()
caller = _core.Caller("123456789012", "arn:aws:iam::123456789012:root", "us-east-1")
embedded = Embedded.open(clock=clock)
def call(operation, **parameters):
    return embedded.engine.call(operation, parameters, caller)
"""
CREATE = "call('CreateKey', Description='left')\n"
PURGE = f"""
key_id = call('CreateKey')['KeyMetadata']['KeyId']
call('ScheduleKeyDeletion', KeyId=key_id, PendingWindowInDays=7)
clock.advance({8 * DAY})
call('ListKeys')
"""


def killed(scratch: ScratchStore, code: str, failpoint: str) -> None:
    environment = scratch.environment(KMSCORE_FAILPOINT=failpoint)
    finished = subprocess.run([sys.executable, "-c", PRELUDE + code], env=environment, check=False, timeout=60)
    assert finished.returncode == -signal.SIGKILL, f"{failpoint} was not reached"


def operations(scratch: ScratchStore) -> list[object]:
    return [record["op"] for record in scratch.audit_records()]


@pytest.mark.parametrize("failpoint", ["after-commit", "after-even", "after-audit"])
def test_committed_change_is_in_the_audit_log_once(scratch: ScratchStore, failpoint: str) -> None:
    killed(scratch, CREATE, failpoint)
    with Embedded.open(scratch.home) as embedded:
        [key] = embedded.engine.call("ListKeys", {}, CALLER)["Keys"]
        embedded.engine.call("DescribeKey", {"KeyId": key["KeyId"]}, CALLER)
    assert operations(scratch).count("CreateKey") == 1
    assert scratch.query("SELECT count(*) FROM audit_outbox") == [(0,)]


@pytest.mark.parametrize("failpoint", ["after-begin", "after-changes", "before-odd", "before-commit"])
def test_uncommitted_change_never_was(scratch: ScratchStore, failpoint: str) -> None:
    killed(scratch, CREATE, failpoint)
    with Embedded.open(scratch.home) as embedded:
        assert embedded.engine.call("ListKeys", {}, CALLER)["Keys"] == []
    assert "CreateKey" not in operations(scratch)


@pytest.mark.parametrize("failpoint", ["after-shredding", "after-truncation"])
def test_deletion_that_was_cut_short_is_finished(scratch: ScratchStore, failpoint: str) -> None:
    killed(scratch, PURGE, failpoint)
    assert scratch.query("SELECT state FROM keys") == [("shredding",)]
    with Embedded.open(scratch.home):
        pass
    assert scratch.query("SELECT state FROM keys") == [("deleted",)]
    assert scratch.query("SELECT count(*) FROM key_material") == [(0,)]
    assert operations(scratch).count("DeleteKey") == 1


def test_segments_of_a_dead_process_get_their_closing_entry(scratch: ScratchStore) -> None:
    killed(scratch, CREATE * 2, "after-audit:2")
    [dead] = scratch.segments()
    with Embedded.open(scratch.home):
        pass
    lines = dead.read_text().splitlines()
    closed = scratch.query("SELECT closed_lines, closed_tag FROM audit_segments WHERE segment_id = ?", dead.stem)
    assert closed == [(len(lines), lines[-1].split("\t")[1])]
    assert len(lines) == 3


def test_segments_of_a_closed_store_have_their_closing_entry(opened: OpenedStore) -> None:
    opened.new_key()
    opened.embedded.close()
    [segment] = opened.scratch.segments()
    lines = segment.read_text().splitlines()
    closed = opened.scratch.query("SELECT closed_lines, closed_tag FROM audit_segments")
    assert closed == [(len(lines), lines[-1].split("\t")[1])]
    opened.embedded = Embedded.open(opened.scratch.home, clock=opened.clock)


def test_records_of_a_living_process_are_left_to_it(opened: OpenedStore) -> None:
    store = opened.embedded.store
    other = Process(locate(opened.scratch.home).processes)
    store.segments.note("waiting", other.name, 0, '{"id":"waiting","time":0,"state":0,"op":"X"}')
    store.recover()
    assert opened.scratch.query("SELECT request_id FROM audit_outbox") == [("waiting",)]
    other.end()
    store.recover()
    assert opened.scratch.query("SELECT request_id FROM audit_outbox") == []
    assert operations(opened.scratch) == ["X"]


def test_torn_record_does_not_count_as_recorded(opened: OpenedStore) -> None:
    opened.new_key()
    segments = opened.embedded.store.segments
    [entry] = segments.outbox()
    assert segments.holds(entry)
    [segment] = opened.scratch.segments()
    content = segment.read_bytes()
    segment.write_bytes(content[:-1])
    assert not segments.holds(entry)
    segment.write_bytes(content)


def test_process_is_known_to_live_and_to_have_died(scratch: ScratchStore) -> None:
    killed(scratch, CREATE, "after-audit")
    processes = scratch.home / "processes"
    [dead] = [path.name for path in processes.iterdir()]
    assert not is_running(processes, dead)
    with Embedded.open(scratch.home) as embedded:
        assert is_running(processes, embedded.store.process.name)
        assert [path.name for path in processes.iterdir()] == [embedded.store.process.name]
