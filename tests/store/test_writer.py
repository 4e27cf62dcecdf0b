"""The consistency protocol: state, changes, counter, outbox."""

import sqlite3
import threading
from typing import Any

import pytest

from kmscore._core import StaleState, StateCounter
from kmscore.store.transaction import Transaction
from kmscore.store.writer import Change, prune_changes
from opened_store import OpenedStore

SOMEWHERE = ("key", "us-east-1/somewhere")


def change(
    opened: OpenedStore,
    *,
    decided_state: int | None = None,
    rests_on: tuple[str, str] = SOMEWHERE,
    changes: tuple[str, str] = SOMEWHERE,
    fail: bool = False,
) -> None:
    def work(transaction: Transaction) -> None:
        transaction.changes.append(changes)
        if fail:
            raise ZeroDivisionError

    store = opened.embedded.store
    store.writer.write(
        Change(
            work, lambda _result, _state: None, lambda _record: None, store.now(), decided_state, frozenset([rests_on])
        )
    )


def counter(opened: OpenedStore) -> StateCounter:
    return StateCounter(str(opened.scratch.home / "state.counter"))


def test_change_raises_the_state_by_one_and_names_what_changed(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    before = opened.state()
    opened.call("DisableKey", KeyId=key_id)
    assert opened.state() == before + 1
    assert opened.embedded.store.changes_since(before) == (before + 1, [("key", f"us-east-1/{key_id}")])


def test_changes_since_now_are_none(opened: OpenedStore) -> None:
    opened.new_key()
    assert opened.embedded.store.changes_since(opened.state()) == (opened.state(), [])


def test_changes_since_the_beginning_are_not_known(opened: OpenedStore) -> None:
    opened.new_key()
    assert opened.embedded.store.changes_since(0) == (1, None)


def test_pruned_changes_are_not_known(opened: OpenedStore) -> None:
    for _ in range(6):
        change(opened)
    store = opened.embedded.store
    with store.database.transaction(write=True) as connection:
        prune_changes(connection, keep=3)
    assert opened.scratch.query("SELECT state FROM change ORDER BY state") == [(4,), (5,), (6,)]
    assert store.changes_since(3) == (6, None)
    assert store.changes_since(4) == (6, [("key", "us-east-1/somewhere")])


def test_stale_decision_changes_nothing(opened: OpenedStore) -> None:
    change(opened)
    before = opened.state()
    with pytest.raises(StaleState):
        change(opened, decided_state=before - 1)
    assert opened.state() == before
    change(opened, decided_state=before)
    assert opened.state() == before + 1


def test_decision_that_rests_on_nothing_changed_still_holds(opened: OpenedStore) -> None:
    change(opened)
    change(opened)
    change(opened, decided_state=1, rests_on=("key", "us-east-1/elsewhere"))
    assert opened.state() == 3


def test_decision_is_stale_after_a_change_that_is_not_about_one_key(opened: OpenedStore) -> None:
    change(opened)
    change(opened, changes=("identity", "123456789012"))
    with pytest.raises(StaleState):
        change(opened, decided_state=1, rests_on=("key", "us-east-1/elsewhere"))


def test_decision_is_stale_when_the_changes_since_are_not_known(opened: OpenedStore) -> None:
    for _ in range(4):
        change(opened)
    with opened.embedded.store.database.transaction(write=True) as connection:
        prune_changes(connection, keep=2)
    with pytest.raises(StaleState):
        change(opened, decided_state=2, rests_on=("key", "us-east-1/elsewhere"))


def test_call_rests_on_its_keys_and_aliases(opened: OpenedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = opened.new_key(), opened.new_key()
    opened.call("CreateAlias", AliasName="alias/a", TargetKeyId=one)
    seen: list[frozenset[tuple[str, str]]] = []
    write = opened.embedded.store.writer.write

    def watched(made: Change[Any]) -> Any:
        seen.append(made.rests_on)
        return write(made)

    monkeypatch.setattr(opened.embedded.store.writer, "write", watched)
    opened.call("UpdateAlias", AliasName="alias/a", TargetKeyId=other)
    opened.call("DisableKey", KeyId="arn:aws:kms:us-east-1:123456789012:alias/a")
    opened.new_key(Description="alias/a")
    alias = ("alias", "123456789012/us-east-1/alias/a")
    keys = [("key", f"us-east-1/{key_id}") for key_id in (one, other)]
    assert seen[:2] == [{alias, *keys}, {alias, keys[1]}]


def test_failed_change_leaves_no_trace(opened: OpenedStore) -> None:
    before, seen = opened.state(), counter(opened).load()
    with pytest.raises(ZeroDivisionError):
        change(opened, fail=True)
    assert opened.state() == before
    assert counter(opened).load() == seen
    change(opened)


def test_counter_moves_from_even_to_even(opened: OpenedStore) -> None:
    before = counter(opened).load()
    change(opened)
    after = counter(opened).load()
    assert after > before
    assert (before % 2, after % 2) == (0, 0)


def test_change_that_changes_nothing_waits_for_even(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    # As a writer of another process leaves it that was killed between its commit and its announcement.
    counter(opened).begin()
    opened.call("EnableKey", KeyId=key_id)
    assert counter(opened).load() % 2 == 0


def test_record_is_in_the_segment_before_the_answer_and_leaves_the_outbox(opened: OpenedStore) -> None:
    first = opened.new_key()
    assert [record["op"] for record in opened.scratch.audit_records()] == ["CreateKey"]
    opened.call("DisableKey", KeyId=first)
    outbox = opened.scratch.query("SELECT record FROM audit_outbox")
    assert len(outbox) == 1, "the entry of the change before is forgotten"
    opened.embedded.close()
    assert opened.scratch.query("SELECT record FROM audit_outbox") == []
    opened.embedded = opened.embedded.open(opened.scratch.home, clock=opened.clock)


def test_changes_of_many_threads_are_all_made(opened: OpenedStore) -> None:
    key_ids = [opened.new_key() for _ in range(4)]
    before = opened.state()
    failures: list[BaseException] = []

    def work(key_id: str) -> None:
        try:
            for number in range(25):
                opened.call("UpdateKeyDescription", KeyId=key_id, Description=str(number))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(key_id,)) for key_id in key_ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert opened.state() == before + 100
    assert {opened.metadata(key_id)["Description"] for key_id in key_ids} == {"24"}


def test_full_disk_refuses_the_change_and_keeps_the_store(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    [(pages,)] = opened.scratch.query("PRAGMA page_count")
    with opened.embedded.store.database.engine().connect() as connection:
        # SQLite's own way of running out of room: the database may not grow any more.
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.rollback()
    with pytest.raises(Exception, match="the disk is full"):
        for _ in range(200):
            opened.new_key()
    assert counter(opened).load() % 2 == 0
    assert opened.metadata(key_id)["KeyState"] == "Enabled"


def test_reads_leave_no_transaction_open(opened: OpenedStore) -> None:
    key_id = opened.new_key()
    for _ in range(3):
        opened.metadata(key_id)
        opened.call("ListKeys")
        opened.state()
        opened.embedded.store.load_key("us-east-1", key_id)
    other = sqlite3.connect(opened.scratch.home / "store.db", timeout=0)
    try:
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall() == [(0, 0, 0)]
    finally:
        other.close()
