"""The index of usage: exact, incremental, and never more than the audit log."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from kmscore import errors
from kmscore._core import StoreError
from kmscore.usage import Counted, Filter, UsageIndex
from opened_store import OpenedStore


def arn(key_id: str) -> str:
    return f"arn:aws:kms:us-east-1:123456789012:key/{key_id}"


def encrypted(opened: OpenedStore, key: str) -> int:
    with UsageIndex.of(opened.scratch.home) as index:
        return sum(one.succeeded for one in index.counts((), Filter(key=arn(key), operation="Encrypt")))


def encrypt(opened: OpenedStore, key: str, times: int = 1) -> None:
    for _ in range(times):
        opened.call("Encrypt", KeyId=key, Plaintext=b"x")


def test_calls_are_counted_as_soon_as_they_are_answered(opened: OpenedStore) -> None:
    key = opened.new_key()
    for number in range(1, 4):
        encrypt(opened, key)
        assert encrypted(opened, key) == number


def test_outcomes_are_told_apart(opened: OpenedStore) -> None:
    key = opened.new_key()
    encrypt(opened, key, 2)
    opened.call("DisableKey", KeyId=key)
    with pytest.raises(errors.DisabledException):
        encrypt(opened, key)
    with UsageIndex.of(opened.scratch.home) as index:
        found = index.counts(("operation",), Filter(key=arn(key)))
    assert Counted(("Encrypt",), 2, 1, 0) in found
    assert Counted(("DisableKey",), 1, 0, 0) in found


def test_groups_by_account_region_and_time(opened: OpenedStore) -> None:
    key = opened.new_key()
    encrypt(opened, key)
    opened.clock.advance(3600)
    encrypt(opened, key, 2)
    opened.call("ListKeys", region="eu-west-1")
    with UsageIndex.of(opened.scratch.home) as index:
        by_region = {one.group: one.succeeded for one in index.counts(("account", "region"))}
        hours = index.counts(("time",), Filter(operation="Encrypt"), period=3600)
        minutes = index.counts(("time",), Filter(operation="Encrypt"))
        later = index.counts((), Filter(start=int(hours[1].group[0]), operation="Encrypt"))
        with pytest.raises(ValueError, match="multiple of 60"):
            index.counts(period=61)
    assert by_region == {("123456789012", "us-east-1"): 4, ("123456789012", "eu-west-1"): 1}
    assert [one.succeeded for one in hours] == [one.succeeded for one in minutes] == [1, 2]
    assert int(hours[1].group[0]) - int(hours[0].group[0]) == 3600
    assert [one.succeeded for one in later] == [2]


def test_call_of_two_keys_counts_once_in_all(opened: OpenedStore) -> None:
    source, destination = opened.new_key(), opened.new_key()
    blob = opened.call("Encrypt", KeyId=source, Plaintext=b"x")["CiphertextBlob"]
    opened.call("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=destination)
    moved = Filter(operation="ReEncrypt")
    with UsageIndex.of(opened.scratch.home) as index:
        assert index.counts(("operation",), moved) == [Counted(("ReEncrypt",), 1, 0, 0)]
        assert len(index.counts(("key",), moved)) == 2
        assert len(index.counts(("key",), moved, once=True)) == 1
        uses = [index.last_use(arn(key)) for key in (source, destination)]
    assert [use.operation for use in uses if use is not None] == ["ReEncrypt", "ReEncrypt"]


def test_rows_of_a_batch_count_as_calls_also_of_keys_that_only_rows_name(opened: OpenedStore) -> None:
    client = opened.scratch.client(clock=opened.clock)
    try:
        keys = [opened.new_key(), opened.new_key()]
        blobs = [blob for key in keys for blob in client.encrypt_batch(KeyId=key, Plaintexts=[b"a", b"b"])]
        client.decrypt_batch(CiphertextBlobs=blobs)
    finally:
        client.close()
    with UsageIndex.of(opened.scratch.home) as index:
        assert index.counts((), Filter(operation="Encrypt")) == [Counted((), 4, 0, 0)]
        assert index.counts((), Filter(operation="Decrypt")) == [Counted((), 4, 0, 0)]
        uses = [index.last_use(arn(key)) for key in keys]
    assert [use.operation for use in uses if use is not None] == ["Decrypt", "Decrypt"]


def test_index_can_be_deleted_or_damaged_and_is_made_again(opened: OpenedStore) -> None:
    key = opened.new_key()
    encrypt(opened, key, 3)
    assert encrypted(opened, key) == 3
    path = opened.scratch.home / "usage.db"
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    assert encrypted(opened, key) == 3
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(b"this is no database" * 1000)
    assert encrypted(opened, key) == 3


def test_index_of_another_version_or_of_a_longer_log_is_made_again(opened: OpenedStore) -> None:
    key = opened.new_key()
    encrypt(opened, key, 3)
    assert encrypted(opened, key) == 3
    for number, statement in enumerate(("PRAGMA user_version = 99", "UPDATE segments SET offset = offset + 100000"), 4):
        with closing(sqlite3.connect(opened.scratch.home / "usage.db")) as connection:
            connection.execute(statement)
            connection.commit()
        encrypt(opened, key)
        assert encrypted(opened, key) == number


def test_segments_of_all_processes_are_counted(opened: OpenedStore) -> None:
    key = opened.new_key()
    program = (
        "import kmscore, sys; kms = kmscore.client('kms'); [kms.encrypt(KeyId=sys.argv[1], Plaintext=b'x') for _ in "
        "range(50)]; kms.close()"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", program, key], env=opened.scratch.environment()) for _ in range(2)
    ]
    encrypt(opened, key, 50)
    # Many look at once while the log grows: no line may be counted twice.
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: encrypted(opened, key), range(20)))
    assert [child.wait(60) for child in children] == [0, 0]
    assert encrypted(opened, key) == 150


def test_store_s_state_is_never_raised(opened: OpenedStore) -> None:
    key = opened.new_key()
    encrypt(opened, key)
    state = opened.state()
    assert encrypted(opened, key) == 1
    assert opened.state() == state


def test_metrics_by_minute(opened: OpenedStore) -> None:
    key = opened.new_key()
    encrypt(opened, key, 2)
    opened.call("DescribeKey", KeyId=key)
    chosen = Filter(key=arn(key))
    with UsageIndex.of(opened.scratch.home) as index:
        used = index.metric("KeyUsage", chosen)
        succeeded = index.metric("NumberOfRequestsSucceeded", chosen)
        assert index.metric("NumberOfRequestsFailed", chosen) == []
        assert index.metric("NumberOfRequestsThrottled", chosen) == []
    # CreateKey and DescribeKey are requests, and no use of the key.
    assert (sum(value for _, value in used), sum(value for _, value in succeeded)) == (2, 4)
    assert all(time % 60 == 0 for time, _ in used)


def test_data_key_pairs_are_told_apart_by_their_spec(opened: OpenedStore) -> None:
    key = opened.new_key()
    for spec in ("ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P256"):
        opened.call("GenerateDataKeyPair", KeyId=key, KeyPairSpec=spec)
    with UsageIndex.of(opened.scratch.home) as index:
        found = index.counts(("pair_spec",), Filter(operation="GenerateDataKeyPair"))
    assert [(one.group[0], one.succeeded) for one in found] == [("ECC_NIST_P256", 2), ("ECC_NIST_P384", 1)]


def test_there_is_no_index_without_a_store(opened: OpenedStore) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        UsageIndex.of(opened.scratch.home / "nowhere")
