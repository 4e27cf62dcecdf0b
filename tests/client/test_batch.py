"""`encrypt_batch` and `decrypt_batch` over lists of bytes: results, errors, threads, audit."""

import pickle
from typing import Any

import pytest

from kmscore import BatchResult, BatchRowError, KMSClient, errors
from kmscore import threads as thread_counts
from kmscore.columns.rows import RowError, threads_for
from scratch_store import ScratchStore

CONTEXT = {"table": "t"}
ROWS = [b"one", b"", b"x" * 4096, b"\0\0", b"one"]
TOO_LONG = [b"good", b"y" * 4097, b"good", b"z" * 5000]


def test_rows_come_back_in_order(kms: KMSClient, key: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=ROWS, EncryptionContext=CONTEXT)
    assert len(set(blobs)) == len(ROWS)
    assert [len(blob) - len(row) for blob, row in zip(blobs, ROWS, strict=True)] == [117] * len(ROWS)
    assert kms.decrypt_batch(CiphertextBlobs=blobs, EncryptionContext=CONTEXT, KeyId=key) == ROWS


def test_batch_and_single_calls_open_each_others_blobs(kms: KMSClient, key: str) -> None:
    [blob] = kms.encrypt_batch(KeyId=key, Plaintexts=(b"row",), EncryptionContext=CONTEXT)
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"] == b"row"
    single = kms.encrypt(KeyId=key, Plaintext=b"single", EncryptionContext=CONTEXT)["CiphertextBlob"]
    assert kms.decrypt_batch(CiphertextBlobs=[single], EncryptionContext=CONTEXT) == [b"single"]


def test_rows_of_several_keys_are_decrypted_together(kms: KMSClient) -> None:
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)]
    blobs = [kms.encrypt(KeyId=key, Plaintext=key.encode())["CiphertextBlob"] for key in keys]
    assert kms.decrypt_batch(CiphertextBlobs=blobs) == [key.encode() for key in keys]


def test_empty_batch_is_authorised_and_empty(kms: KMSClient, key: str) -> None:
    assert kms.encrypt_batch(KeyId=key, Plaintexts=[]) == []
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.encrypt_batch(KeyId="alias/none", Plaintexts=[])


def test_first_bad_row_is_raised_with_its_index(kms: KMSClient, key: str) -> None:
    with pytest.raises(BatchRowError) as caught:
        kms.encrypt_batch(KeyId=key, Plaintexts=TOO_LONG)
    error = caught.value
    assert (error.index, error.failed, error.code) == (1, 2, "ValidationException")
    assert isinstance(error, kms.exceptions.ClientError)
    assert isinstance(error.__cause__, errors.ValidationException)
    assert error.response["Error"]["Code"] == "ValidationException"
    assert "(row 1; 2 failed)" in str(error)
    assert "4096" in str(error)


def test_bad_rows_are_returned_beside_the_good_ones(kms: KMSClient, key: str) -> None:
    result = kms.encrypt_batch(KeyId=key, Plaintexts=TOO_LONG, errors="return")
    assert not result.ok
    assert [(error.index, error.code) for error in result.errors] == [
        (1, "ValidationException"),
        (3, "ValidationException"),
    ]
    assert [row is None for row in result.rows] == [False, True, False, True]
    good = [row for row in result.rows if row is not None]
    assert kms.decrypt_batch(CiphertextBlobs=good) == [b"good", b"good"]


def test_result_without_errors_is_ok(kms: KMSClient, key: str) -> None:
    result = kms.encrypt_batch(KeyId=key, Plaintexts=ROWS, errors="return")
    assert result.ok
    assert result.errors == []


@pytest.mark.parametrize("damage", ["flipped", "short", "foreign", "context"])
def test_damaged_row_fails_alone_and_without_a_text(kms: KMSClient, key: str, damage: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=[b"a", b"b", b"c"], EncryptionContext=CONTEXT)
    other = kms.encrypt(KeyId=key, Plaintext=b"b")["CiphertextBlob"]
    damaged = {"flipped": blobs[1][:-1] + bytes([blobs[1][-1] ^ 1]), "short": blobs[1][:50], "foreign": b"x" * 200}
    blobs[1] = {**damaged, "context": other}[damage]
    result = kms.decrypt_batch(CiphertextBlobs=blobs, EncryptionContext=CONTEXT, errors="return")
    assert result.rows == [b"a", None, b"c"]
    assert [(error.index, error.code) for error in result.errors] == [(1, "InvalidCiphertextException")]
    assert result.errors[0].message == ""


def test_row_of_another_key_than_named_fails(kms: KMSClient, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    blobs = [kms.encrypt(KeyId=each, Plaintext=b"x")["CiphertextBlob"] for each in (key, other)]
    result = kms.decrypt_batch(CiphertextBlobs=blobs, KeyId=key, errors="return")
    assert result.rows == [b"x", None]
    assert [(error.index, error.code) for error in result.errors] == [(1, "IncorrectKeyException")]


def test_disabled_key_fails_the_whole_call(kms: KMSClient, key: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=[b"x"])
    kms.disable_key(KeyId=key)
    for result in ("raise", "return"):
        with pytest.raises(kms.exceptions.DisabledException):
            kms.encrypt_batch(KeyId=key, Plaintexts=[b"x"], errors=result)
    with pytest.raises(BatchRowError) as caught:
        kms.decrypt_batch(CiphertextBlobs=blobs)
    assert caught.value.code == "DisabledException"


def test_one_record_says_how_many_rows(kms: KMSClient, key: str, scratch: ScratchStore) -> None:
    kms.encrypt_batch(KeyId=key, Plaintexts=TOO_LONG, errors="return", EncryptionContext=CONTEXT)
    kms.close()
    records = [record for record in scratch.audit_records() if record["op"] == "EncryptBatch"]
    assert len(records) == 1
    assert str(len(TOO_LONG)) in str(records[0]["rows"])


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"Plaintexts": [b"a", "b"]}, r"Plaintexts\[1\] must be bytes, not str"),
        ({"Plaintexts": [b"a", None]}, r"Plaintexts\[1\] must be bytes, not NoneType"),
        ({"Plaintexts": [bytearray(b"a")]}, r"Plaintexts\[0\] must be bytes, not bytearray"),
        ({"Plaintexts": b"abc"}, "Plaintexts must be a list of bytes, .* not bytes"),
        ({"Plaintexts": {"a": b"b"}}, "Plaintexts must be a list of bytes, .* not dict"),
        ({"Plaintexts": iter([b"a"])}, "not list_iterator"),
        ({"Plaintexts": [b"a"], "EncryptionContext": [("a", "b")]}, "EncryptionContext must be a dict of str to str"),
        ({"Plaintexts": [b"a"], "EncryptionContext": {"a": 1}}, "EncryptionContext"),
        ({"Plaintexts": [b"a"], "KeyId": None}, "KeyId must be a str, not NoneType"),
        ({"Plaintexts": [b"a"], "threads": 1.5}, "threads must be an int or None, not float"),
        ({"Plaintexts": [b"a"], "threads": True}, "threads must be an int or None, not bool"),
    ],
)
def test_argument_of_a_wrong_type_is_refused_by_name(
    kms: KMSClient, key: str, arguments: dict[str, Any], fault: str
) -> None:
    with pytest.raises(TypeError, match=fault):
        kms.encrypt_batch(**{"KeyId": key, **arguments})


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"threads": 0}, "threads is 0: it must be between 1 and 256"),
        ({"threads": 10_000}, "threads is 10000"),
        ({"errors": "ignore"}, "errors is 'ignore': it must be 'raise' or 'return'"),
    ],
)
def test_value_out_of_bounds_is_refused_by_name(
    kms: KMSClient, key: str, arguments: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        kms.encrypt_batch(KeyId=key, Plaintexts=[b"x"], **arguments)


def test_decrypt_names_its_own_member(kms: KMSClient) -> None:
    with pytest.raises(TypeError, match=r"CiphertextBlobs\[0\] must be bytes, not int"):
        kms.decrypt_batch(CiphertextBlobs=[7])  # type: ignore[list-item]


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_change_nothing_but_the_time(kms: KMSClient, key: str, threads: int) -> None:
    rows = [str(number).encode() * (number % 5 + 1) for number in range(1000)]
    rows[777] = b"x" * 4097
    result = kms.encrypt_batch(KeyId=key, Plaintexts=rows, threads=threads, errors="return")
    assert [error.index for error in result.errors] == [777]
    blobs = [row for row in result.rows if row is not None]
    assert kms.decrypt_batch(CiphertextBlobs=blobs, threads=threads) == [row for row in rows if len(row) <= 4096]


def test_small_batches_take_one_thread_and_large_ones_up_to_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_counts, "cores", lambda: 64)
    assert [threads_for(None, rows) for rows in (0, 3_999, 4_000, 10**6)] == [1, 1, 4, 4]
    assert [threads_for(7, rows) for rows in (0, 10**6)] == [7, 7]
    monkeypatch.setattr(thread_counts, "cores", lambda: 2)
    assert threads_for(None, 10**6) == 2


def test_result_and_error_pickle_and_hide_rows() -> None:
    result = BatchResult([b"secret"], [RowError(1, "ValidationException", "too long")])
    assert "secret" not in repr(result)
    assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301 - it was made in this test.
    error = BatchRowError("too long", "ValidationException", 7, 2)
    error.attach("EncryptBatch", "")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - it was made in this test.
    assert (copy.index, copy.failed, str(copy), copy.response) == (7, 2, str(error), error.response)
