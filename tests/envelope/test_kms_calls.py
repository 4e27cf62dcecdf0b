"""KMS is asked once for each data key and never for a row; each call has one audit record, as the operation it is."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from envelope.keyrings import SIGNED, SUITES
from envelope.kms_mimic import CountingClient
from kmscore import KMSClient, envelope
from kmscore.envelope import CachingKeyring, KmsDiscoveryKeyring, KmsKeyring, MultiKeyring
from scratch_store import ScratchStore

CONTEXT = {"table": "flights"}


def recorded(kms: KMSClient, scratch: ScratchStore) -> Counter[str]:
    """The operations in the audit log; it closes the client."""
    kms.close()
    assert scratch.audit_problems() == []
    return Counter(record["op"] for record in scratch.audit_records() if record["op"] != "CreateKey")


def test_one_message_is_one_call_each_way(kms: KMSClient, key: str, scratch: ScratchStore) -> None:
    message = envelope.encrypt(b"x", KmsKeyring(kms, key), encryption_context=CONTEXT)
    envelope.decrypt(message, KmsKeyring(kms, key))
    assert recorded(kms, scratch) == {"GenerateDataKey": 1, "Decrypt": 1}


def test_audit_records_name_key_caller_and_context_as_of_any_other_call(
    kms: KMSClient, key: str, scratch: ScratchStore
) -> None:
    envelope.encrypt(b"not for the log", KmsKeyring(kms, key), encryption_context=CONTEXT)
    kms.generate_data_key(KeyId=key, NumberOfBytes=32, EncryptionContext=CONTEXT)
    kms.close()
    ours, theirs = [record for record in scratch.audit_records() if record["op"] == "GenerateDataKey"]
    changing = {"id", "n", "time", "state", "blob"}
    assert {name: value for name, value in ours.items() if name not in changing} == {
        name: value for name, value in theirs.items() if name not in changing
    }
    assert ours["resources"] == [key]
    assert ours["outcome"] == "Success"


@pytest.mark.parametrize(("rows", "each"), [(1, 1), (10, 1), (10, 3), (9, 3), (10, 10), (10, 11), (1000, 100), (0, 5)])
def test_data_keys_are_asked_for_as_often_as_configured(
    kms: KMSClient, key: str, scratch: ScratchStore, rows: int, each: int
) -> None:
    ring, column = KmsKeyring(kms, key), [str(number).encode() for number in range(rows)]
    messages = envelope.encrypt_batch(column, ring, encryption_context=CONTEXT, rows_per_data_key=each)
    assert envelope.decrypt_batch(messages, ring) == column
    keys = -(-rows // each)
    expected = {"GenerateDataKey": keys, "Decrypt": keys} if keys else {}
    assert recorded(kms, scratch) == expected


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_a_column_takes_one_data_key_by_default(kms: KMSClient, key: str, scratch: ScratchStore, suite: int) -> None:
    ring, column = KmsKeyring(kms, key), pa.array([b"row", None, b""] * 1000)
    messages = envelope.encrypt_batch(column, ring, algorithm_suite=suite)
    assert envelope.decrypt_batch(messages, ring).equals(column)
    assert recorded(kms, scratch) == {"GenerateDataKey": 1, "Decrypt": 1}


def test_rows_of_one_data_key_need_one_call_wherever_they_stand(
    kms: KMSClient, key: str, scratch: ScratchStore
) -> None:
    ring = KmsKeyring(kms, key)
    columns = [envelope.encrypt_batch([name] * 50, ring) for name in (b"a", b"b", b"c")]
    mixed = [message for messages in zip(*columns, strict=True) for message in messages]
    assert envelope.decrypt_batch(mixed, ring, threads=2) == [b"a", b"b", b"c"] * 50
    assert recorded(kms, scratch) == {"GenerateDataKey": 3, "Decrypt": 3}


def test_bad_rows_cost_no_more_calls(kms: KMSClient, key: str, scratch: ScratchStore) -> None:
    ring = KmsKeyring(kms, key)
    messages = envelope.encrypt_batch([b"row"] * 20, ring)
    damaged = [message[:-1] + bytes([message[-1] ^ 1]) for message in messages[:10]] + messages[10:] + [b"none"]
    result = envelope.decrypt_batch(damaged, ring, errors="return")
    assert [error.index for error in result.errors] == [*range(10), 20]
    assert recorded(kms, scratch) == {"GenerateDataKey": 1, "Decrypt": 1}


def test_files_take_one_call_each_way(kms: KMSClient, key: str, scratch: ScratchStore, tmp_path: Path) -> None:
    ring = KmsKeyring(kms, key)
    (tmp_path / "plaintext").write_bytes(bytes(100_000))
    envelope.encrypt_file(tmp_path / "plaintext", tmp_path / "message", ring)
    envelope.decrypt_file(tmp_path / "message", tmp_path / "again", ring)
    assert recorded(kms, scratch) == {"GenerateDataKey": 1, "Decrypt": 1}


def test_reads_and_writes_of_a_file_take_one_call(
    kms: KMSClient, key: str, scratch: ScratchStore, tmp_path: Path
) -> None:
    ring = KmsKeyring(kms, key)
    with envelope.create(tmp_path / "message", ring, frame_length=100) as file:
        for _ in range(100):
            file.write(bytes(100))
    with envelope.open(tmp_path / "message", ring) as opened:
        for place in range(0, 10_000, 50):
            opened.seek(place)
            opened.read(10)
    assert recorded(kms, scratch) == {"GenerateDataKey": 1, "Decrypt": 1}


def test_each_further_key_is_one_more_encrypt(kms: KMSClient, key: str, scratch: ScratchStore) -> None:
    others = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    message = envelope.encrypt(b"x", KmsKeyring(kms, key, others))
    assert [each.provider_info.decode() for each in envelope.inspect(message).encrypted_data_keys] == [key, *others]
    for one in (key, *others):
        assert envelope.decrypt(message, KmsKeyring(kms, one)).plaintext == b"x"
    assert recorded(kms, scratch) == {"GenerateDataKey": 1, "Encrypt": 2, "Decrypt": 3}


def test_multi_keyring_asks_the_first_that_can(kms: KMSClient, key: str, scratch: ScratchStore) -> None:
    other = kms.create_key()["KeyMetadata"]["Arn"]
    message = envelope.encrypt(b"x", KmsKeyring(kms, other))
    both = MultiKeyring(KmsKeyring(kms, key), KmsKeyring(kms, other), KmsDiscoveryKeyring(kms))
    assert envelope.decrypt(message, both).plaintext == b"x"
    assert recorded(kms, scratch) == {"GenerateDataKey": 1, "Decrypt": 1}


def test_cached_data_keys_are_asked_for_once(kms: KMSClient, key: str, scratch: ScratchStore) -> None:
    ring = CachingKeyring(KmsKeyring(kms, key), max_age=60)
    messages = [envelope.encrypt(b"x", ring, encryption_context=CONTEXT) for _ in range(100)]
    assert {envelope.decrypt(message, ring).plaintext for message in messages} == {b"x"}
    assert recorded(kms, scratch) == {"GenerateDataKey": 1, "Decrypt": 1}


def test_boto3_clients_are_asked_as_often(kms: KMSClient, key: str) -> None:
    client = CountingClient(kms)
    ring, column = KmsKeyring(client, key), [b"row"] * 10
    messages = envelope.encrypt_batch(column, ring, encryption_context=CONTEXT, rows_per_data_key=4)
    assert envelope.decrypt_batch(messages, ring) == column
    assert client.calls == {"generate_data_key": 3, "decrypt": 3}
    assert client.parameters[0] == {"KeyId": key, "NumberOfBytes": 32, "EncryptionContext": CONTEXT}
    blob = envelope.inspect(messages[0]).encrypted_data_keys[0].ciphertext
    assert client.parameters[3] == {"KeyId": key, "CiphertextBlob": blob, "EncryptionContext": CONTEXT}


def test_grant_tokens_go_with_every_call(kms: KMSClient, key: str) -> None:
    client, other = CountingClient(kms), kms.create_key()["KeyMetadata"]["Arn"]
    client.refusal = "InvalidGrantTokenException"
    ring = KmsKeyring(client, key, [other], grant_tokens=["token"])
    message = envelope.encrypt(b"x", KmsKeyring(kms, key))
    with pytest.raises(Exception, match="InvalidGrantToken"):
        envelope.encrypt(b"x", ring)
    with pytest.raises(envelope.KeyringError, match="InvalidGrantToken"):
        envelope.decrypt(message, ring)
    assert [parameters["GrantTokens"] for parameters in client.parameters] == [["token"]] * 2


def test_refused_arguments_ask_for_no_data_key(kms: KMSClient, key: str, tmp_path: Path) -> None:
    client = CountingClient(kms)
    ring = KmsKeyring(client, key)
    faults: list[dict[str, Any]] = [
        {"frame_length": 0},
        {"algorithm_suite": 0x0178},
        {"encryption_context": {"aws-crypto-a": "b"}},
    ]
    for fault in faults:
        with pytest.raises((ValueError, envelope.CommitmentPolicyError)):
            envelope.encrypt(b"x", ring, **fault)
        with pytest.raises((ValueError, envelope.CommitmentPolicyError)):
            envelope.encrypt_batch([b"x"], ring, **fault)
    with pytest.raises(FileNotFoundError):
        envelope.encrypt_file(tmp_path / "absent", tmp_path / "target", ring)
    assert client.calls == {}


def test_signed_rows_of_one_data_key_share_the_key_pair(kms: KMSClient, key: str) -> None:
    client = CountingClient(kms)
    messages = envelope.encrypt_batch(
        [b"row"] * 6, KmsKeyring(client, key), algorithm_suite=SIGNED, rows_per_data_key=3
    )
    publics = [envelope.inspect(message).encryption_context["aws-crypto-public-key"] for message in messages]
    assert [publics.count(public) for public in publics] == [3] * 6
    assert client.calls == {"generate_data_key": 2}
