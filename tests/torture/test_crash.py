"""kill -9 at every failpoint and at random: nothing acknowledged is lost, nothing goes unaudited, every store opens."""

import json
import random
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import kmscore
from scratch_store import ScratchStore
from store.test_domain_key import FAILPOINTS as OF_DOMAIN_KEY
from torture.contents import Change
from torture.witness import Told, Witness

WRITER = "torture.crash_writer"
# Those of a change, in their order. Before the commit nothing has happened; after it, everything.
BEFORE_COMMIT = ("after-begin", "after-changes", "before-odd", "before-commit")
AFTER_COMMIT = ("after-commit", "after-even", "after-audit")
OF_RECOVERY = ("outbox-adopted", "outbox-copied")
OF_CREATION = ("root-key-made", "store-built")
OF_RESTORE = ("backup-restored", "restore-staged")
OF_PURGE = ("after-shredding", "after-truncation")
OF_ROLLBACK = ("store-accepted", "rollback-noted")

CHANGES: dict[str, Change] = {
    "CreateKey": {"op": "CreateKey", "text": "new"},
    "DisableKey": {"op": "DisableKey", "key": "enabled"},
    "EnableKey": {"op": "EnableKey", "key": "disabled"},
    "ScheduleKeyDeletion": {"op": "ScheduleKeyDeletion", "key": "enabled"},
    "CancelKeyDeletion": {"op": "CancelKeyDeletion", "key": "pending"},
    "CreateAlias": {"op": "CreateAlias", "alias": "alias/new", "key": "enabled"},
    "UpdateAlias": {"op": "UpdateAlias", "alias": "alias/old", "key": "disabled"},
    "DeleteAlias": {"op": "DeleteAlias", "alias": "alias/old"},
}


@dataclass(frozen=True)
class Prepared:
    """A store with a key in each state and an alias, and who knows what it holds."""

    scratch: ScratchStore
    witness: Witness
    ids: dict[str, str]
    """State -> key id."""

    def copy(self, directory: Path) -> "Prepared":
        """A copy that a test can crash."""
        scratch = ScratchStore(directory / "home", directory / "configuration")
        shutil.copytree(self.scratch.home, scratch.home)
        shutil.copytree(self.scratch.configuration, scratch.configuration)
        witness = Witness(scratch, self.witness.contents, list(self.witness.request_ids), dict(self.witness.records))
        return Prepared(scratch, witness, self.ids)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    directory = tmp_path_factory.mktemp("original")
    scratch = ScratchStore(directory / "home", directory / "configuration")
    told = _finished(scratch, [{"op": "CreateKey", "text": state} for state in ("enabled", "disabled", "pending")])
    ids = {change["text"]: change["key"] for change in told.acknowledged}
    script: list[Change] = [
        {"op": "DisableKey", "key": ids["disabled"]},
        {"op": "ScheduleKeyDeletion", "key": ids["pending"]},
        {"op": "CreateAlias", "alias": "alias/old", "key": ids["enabled"]},
    ]
    more = _finished(scratch, script)
    witness = Witness(scratch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KMSCORE_CONFIG_HOME", str(scratch.configuration))
        everything = Told(told.acknowledged + more.acknowledged, told.request_ids + more.request_ids, None)
        assert not witness.check(everything)
    return Prepared(scratch, witness, ids)


@pytest.fixture
def prepared(original: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """A copy of the prepared store."""
    copied = original.copy(tmp_path)
    monkeypatch.setenv("KMSCORE_CONFIG_HOME", str(copied.scratch.configuration))
    return copied


def test_every_failpoint_is_tortured() -> None:
    package = Path(kmscore.__file__).parent
    reached = {name for path in package.rglob("*.py") for name in re.findall(r'\breach\("([^"]+)"\)', path.read_text())}
    of_opening = {*OF_RECOVERY, *OF_CREATION, *OF_PURGE, *OF_ROLLBACK}
    assert reached == {*BEFORE_COMMIT, *AFTER_COMMIT, *of_opening, *OF_RESTORE, *OF_DOMAIN_KEY}


@pytest.mark.parametrize("failpoint", [*BEFORE_COMMIT, *AFTER_COMMIT])
@pytest.mark.parametrize("operation", list(CHANGES))
def test_killed_at_failpoint_of_a_change(prepared: Prepared, operation: str, failpoint: str) -> None:
    change = CHANGES[operation]
    change = {**change, "key": prepared.ids[change["key"]]} if "key" in change else change
    told = _killed_at(prepared.scratch, failpoint, change)
    assert told.in_flight == change
    assert prepared.witness.check(told) == (failpoint in AFTER_COMMIT)


@pytest.mark.parametrize("failpoint", OF_RECOVERY)
@pytest.mark.parametrize("left_by", ["after-commit", "after-even", "after-audit"])
def test_killed_while_recovering_the_audit_record(prepared: Prepared, left_by: str, failpoint: str) -> None:
    scratch = prepared.scratch
    told = _killed_at(scratch, left_by, {"op": "DisableKey", "key": prepared.ids["enabled"]})
    if left_by == "after-audit":
        # The record is in its segment already: there is nothing to copy, and the failpoint is not reached.
        assert _opener(scratch, failpoint) == 0
    else:
        assert _opener(scratch, failpoint) == -signal.SIGKILL
        # The second time the record is found where the killed process put it, if it came that far.
        assert _opener(scratch, failpoint) == {"outbox-adopted": -signal.SIGKILL, "outbox-copied": 0}[failpoint]
    assert prepared.witness.check(told)


@pytest.mark.parametrize("failpoint", OF_CREATION)
def test_killed_while_the_store_is_made(scratch: ScratchStore, failpoint: str) -> None:
    assert _opener(scratch, failpoint) == -signal.SIGKILL
    assert not (scratch.home / "store.db").exists()
    kms = scratch.client()
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.close()
    assert list(scratch.home.glob(".new-*")) == []
    assert len(list((scratch.configuration / "stores").iterdir())) == 1, "a root key of no store is left behind"
    assert set(scratch.keys().materials) == {key_id}
    assert scratch.audit_problems() == []


@pytest.mark.parametrize("failpoint", OF_PURGE)
def test_killed_while_a_key_is_purged(prepared: Prepared, failpoint: str) -> None:
    scratch, gone = prepared.scratch, prepared.ids["pending"]
    [(sealed,)] = scratch.query("SELECT sealed FROM key_material WHERE key_id = ?", gone)
    _ended_by_kill(scratch.start("torture.move_clock", "8", KMSCORE_FAILPOINT=failpoint))
    assert scratch.query("SELECT state FROM keys WHERE key_id = ?", gone) == [("shredding",)]
    kms = scratch.client()
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId=gone)
    kms.close()
    assert scratch.query("SELECT state FROM keys WHERE key_id = ?", gone) == [("deleted",)]
    assert scratch.query("SELECT * FROM key_material WHERE key_id = ?", gone) == []
    assert not any(sealed[84:] in path.read_bytes() for path in scratch.home.glob("store.db*"))
    deletions = [record for record in scratch.audit_records() if record["op"] == "DeleteKey"]
    assert [record["resources"][0].rpartition("/")[2] for record in deletions] == [gone]
    assert scratch.audit_problems() == []


@pytest.mark.parametrize("failpoint", OF_ROLLBACK)
def test_killed_while_a_rollback_is_accepted(prepared: Prepared, failpoint: str) -> None:
    scratch = prepared.scratch
    (scratch.own_configuration() / "anchor").unlink()
    _ended_by_kill(scratch.start("torture.accept_rollback", KMSCORE_FAILPOINT=failpoint))
    # Killed before the anchor was written, the acceptance has to be given again; both are recorded.
    _ended_well(scratch.start("torture.accept_rollback"))
    assert "AcceptRollback" in {record["op"] for record in scratch.audit_records()}
    scratch.client().close()
    assert scratch.audit_problems() == []


@pytest.mark.parametrize("failpoint", OF_RESTORE)
def test_killed_while_a_backup_is_restored(prepared: Prepared, tmp_path: Path, failpoint: str) -> None:
    backup, passphrase = tmp_path / "store.kmsbak", tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple\n")
    passphrase.chmod(0o600)
    _ended_well(prepared.scratch.start("torture.back_up", "write", str(backup), str(passphrase)))
    place = ScratchStore(tmp_path / "restored-home", tmp_path / "restored-configuration")
    arguments = ("torture.back_up", "restore", str(backup), str(passphrase))
    _ended_by_kill(place.start(*arguments, KMSCORE_FAILPOINT=failpoint))
    assert not (place.home / "store.db").exists()
    _ended_well(place.start(*arguments))
    assert place.keys().materials == prepared.scratch.keys().materials


def test_random_kills(scratch: ScratchStore) -> None:
    _kill_at_random(scratch, kills=20)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_three_hundred_random_kills(scratch: ScratchStore) -> None:
    _kill_at_random(scratch, kills=300)


def _kill_at_random(scratch: ScratchStore, kills: int) -> None:
    witness, source = Witness(scratch), random.Random(20260501)  # noqa: S311 - repeatable, not secret.
    scratch.client().close()
    acknowledged = happened = in_flight = 0
    for number in range(kills):
        process = scratch.start(WRITER, str(number), "random")
        assert process.stdout is not None
        output = process.stdout.readline()
        # Wait for some calls, then for a part of the time that one takes.
        for _ in range(source.randrange(1, 40)):
            output += process.stdout.readline()
        time.sleep(source.random() * 0.01)
        process.kill()
        # Not `communicate`, which does not know of the lines that `readline` has buffered.
        output += process.stdout.read()
        _, errors = process.communicate()
        assert process.returncode == -signal.SIGKILL, errors.decode()
        told = Told.parse(output)
        acknowledged += len(told.acknowledged)
        in_flight += told.in_flight is not None
        happened += witness.check(told)
    assert scratch.audit_problems() == []
    print(  # noqa: T201
        f"\n{kills} kills: {acknowledged} acknowledged changes; {in_flight} in flight, of which {happened} took place"
    )
    assert acknowledged > kills


def _finished(scratch: ScratchStore, script: list[Change]) -> Told:
    process = scratch.start(WRITER, "0", json.dumps(script))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()
    return Told.parse(output)


def _killed_at(scratch: ScratchStore, failpoint: str, change: Change) -> Told:
    process = scratch.start(WRITER, "0", json.dumps([change]), KMSCORE_FAILPOINT=failpoint)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, f"{failpoint} was not reached: {errors.decode()}"
    return Told.parse(output)


def _ended_by_kill(process: "subprocess.Popen[bytes]") -> None:
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, f"the failpoint was not reached: {errors.decode()}"


def _ended_well(process: "subprocess.Popen[bytes]") -> None:
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()


def _opener(scratch: ScratchStore, failpoint: str) -> int:
    """Open the store in a process of its own; returns how it ended."""
    process = scratch.start(WRITER, "0", "[]", KMSCORE_FAILPOINT=failpoint)
    process.communicate(timeout=60)
    return process.returncode
