"""A deleted key leaves a tombstone and nothing of its material in the files."""

import sqlite3
from pathlib import Path

import pytest

from kmscore import lifecycle
from kmscore.store import sqlite
from opened_store import DAY, OpenedStore


def sealed_record(opened: OpenedStore, key_id: str) -> bytes:
    [(sealed,)] = opened.scratch.query("SELECT sealed FROM key_material WHERE key_id = ?", key_id)
    return bytes(sealed)


def files_with(home: Path, needle: bytes) -> list[str]:
    return [path.name for path in home.iterdir() if path.is_file() and needle in path.read_bytes()]


def schedule(opened: OpenedStore) -> str:
    key_id = opened.new_key(Tags=[{"TagKey": "a", "TagValue": "b"}])
    opened.call("CreateAlias", AliasName="alias/going", TargetKeyId=key_id)
    opened.call("ScheduleKeyDeletion", KeyId=key_id, PendingWindowInDays=7)
    return key_id


def test_nothing_of_the_sealed_record_is_left_in_the_files(opened: OpenedStore) -> None:
    key_id = schedule(opened)
    sealed = sealed_record(opened, key_id)
    assert files_with(opened.scratch.home, sealed) != [], "the needle can be found"
    opened.clock.advance(8 * DAY)
    assert opened.embedded.run_due_work() == 1
    for part in (sealed, sealed[20:52], sealed[-32:]):
        assert files_with(opened.scratch.home, part) == []


def test_tombstone_is_all_that_is_left(opened: OpenedStore) -> None:
    key_id = schedule(opened)
    opened.clock.advance(8 * DAY)
    opened.embedded.run_due_work()
    for table in ("aliases", "key_policies", "key_material", "tags"):
        assert opened.scratch.query(f"SELECT count(*) FROM {table} WHERE key_id = ?", key_id) == [(0,)]
    found = opened.scratch.query("SELECT state, description, deletion_date FROM keys WHERE key_id = ?", key_id)
    assert found == [("deleted", "", None)]


def test_deletion_is_audited_once_as_a_service_event(opened: OpenedStore) -> None:
    key_id = schedule(opened)
    opened.clock.advance(8 * DAY)
    opened.embedded.run_due_work()
    opened.embedded.run_due_work()
    events = [record for record in opened.scratch.audit_records() if record["op"] == "DeleteKey"]
    assert [event["resources"] for event in events] == [[f"arn:aws:kms:us-east-1:123456789012:key/{key_id}"]]
    assert events[0]["caller"] == "service"


def test_key_is_kept_until_its_date(opened: OpenedStore) -> None:
    key_id = schedule(opened)
    opened.clock.advance(7 * DAY - 60)
    assert opened.embedded.run_due_work() == 0
    assert opened.metadata(key_id)["KeyState"] == "PendingDeletion"


def test_cancelled_deletion_is_kept(opened: OpenedStore) -> None:
    key_id = schedule(opened)
    opened.call("CancelKeyDeletion", KeyId=key_id)
    opened.clock.advance(30 * DAY)
    assert opened.embedded.run_due_work() == 0
    assert opened.metadata(key_id)["KeyState"] == "Disabled"


def test_due_key_is_deleted_when_it_is_loaded(opened: OpenedStore) -> None:
    key_id = schedule(opened)
    opened.clock.advance(8 * DAY)
    assert opened.embedded.store.load_key("us-east-1", key_id) is None
    assert opened.scratch.query("SELECT state FROM keys WHERE key_id = ?", key_id) == [("deleted",)]


def test_due_key_is_deleted_at_open(opened: OpenedStore) -> None:
    key_id = schedule(opened)
    opened.clock.advance(8 * DAY)
    opened.reopen()
    assert opened.scratch.query("SELECT state FROM keys WHERE key_id = ?", key_id) == [("deleted",)]


def test_key_stays_in_shredding_while_a_reader_keeps_the_log(
    opened: OpenedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "CHECKPOINT_SECONDS", 0.05)
    key_id = schedule(opened)
    opened.clock.advance(8 * DAY)
    reader = sqlite3.connect(opened.scratch.home / "store.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM keys").fetchall()
    try:
        lifecycle.run_due_work(opened.embedded.store)
        assert opened.scratch.query("SELECT state FROM keys") == [("shredding",)]
        assert opened.call("ListKeys")["Keys"] == []
        with pytest.raises(Exception, match="does not exist"):
            opened.metadata(key_id)
    finally:
        reader.close()
    assert opened.embedded.run_due_work() == 1
    assert opened.scratch.query("SELECT state FROM keys") == [("deleted",)]
