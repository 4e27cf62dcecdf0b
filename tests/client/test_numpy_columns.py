"""Batches over NumPy arrays: the same kind comes out, trailing zeros survive."""

from typing import Any

import numpy as np
import pytest

from kmscore import BatchRowError, KMSClient
from other_columns import REFUSED_ARRAYS

MATRIX = np.arange(60, dtype=np.uint8).reshape(12, 5)
TEXTS = np.array([b"ab\0\0", b"", b"abcd", b"\0"])


def test_matrix_of_bytes_becomes_one_of_blobs(kms: KMSClient, key: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=MATRIX)
    assert blobs.dtype == np.uint8
    assert blobs.shape == (12, 122)
    assert kms.decrypt(CiphertextBlob=blobs[3].tobytes())["Plaintext"] == MATRIX[3].tobytes()
    assert np.array_equal(kms.decrypt_batch(CiphertextBlobs=blobs), MATRIX)


def test_fixed_width_rows_keep_their_trailing_zeros(kms: KMSClient, key: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=TEXTS)
    assert (blobs.dtype, blobs.shape) == (np.dtype("V121"), (4,))
    plaintexts = kms.decrypt_batch(CiphertextBlobs=blobs)
    assert plaintexts.dtype == np.dtype("V4")
    assert plaintexts.tobytes() == TEXTS.tobytes() == b"ab\0\0\0\0\0\0abcd\0\0\0\0"
    assert np.array_equal(plaintexts.view("S4"), TEXTS)


def test_blobs_that_end_in_zero_survive_a_fixed_width_column(kms: KMSClient, key: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=np.zeros(3000, "V2"))
    assert any(blob.tobytes().endswith(b"\0") for blob in blobs)
    assert kms.decrypt_batch(CiphertextBlobs=blobs).tobytes() == bytes(6000)


def test_structured_rows_are_their_bytes(kms: KMSClient, key: str) -> None:
    rows = np.array([(1, 2.5), (3, -1.0)], dtype=[("number", "<i4"), ("weight", "<f8")])
    plaintexts = kms.decrypt_batch(CiphertextBlobs=kms.encrypt_batch(KeyId=key, Plaintexts=rows))
    assert np.array_equal(plaintexts.view(rows.dtype), rows)


def test_object_array_takes_rows_of_any_length(kms: KMSClient, key: str) -> None:
    rows = np.array([b"a", b"", b"ccc\0"], dtype=object)
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=rows)
    assert blobs.dtype == np.object_
    assert list(kms.decrypt_batch(CiphertextBlobs=blobs)) == list(rows)


@pytest.mark.parametrize(
    "view",
    [MATRIX[::2], MATRIX[:, 1:3], MATRIX[::-1], np.asfortranarray(MATRIX), MATRIX[3:5]],
    ids=["every second", "columns", "reversed", "Fortran order", "slice"],
)
def test_views_are_taken_as_they_read(kms: KMSClient, key: str, view: Any) -> None:
    assert np.array_equal(kms.decrypt_batch(CiphertextBlobs=kms.encrypt_batch(KeyId=key, Plaintexts=view)), view)


def test_strided_and_read_only_fixed_width_rows_are_taken(kms: KMSClient, key: str) -> None:
    rows = np.repeat(TEXTS, 2)[::2]
    rows.flags.writeable = False
    plaintexts = kms.decrypt_batch(CiphertextBlobs=kms.encrypt_batch(KeyId=key, Plaintexts=rows))
    assert np.array_equal(plaintexts.view("S4"), TEXTS)


@pytest.mark.parametrize(
    "empty", [np.empty((0, 5), np.uint8), np.empty(0, "S5"), np.empty(0, object)], ids=["u8", "S", "O"]
)
def test_empty_arrays_stay_empty(kms: KMSClient, key: str, empty: Any) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=empty)
    assert len(blobs) == 0
    assert kms.decrypt_batch(CiphertextBlobs=blobs).shape == empty.shape


def test_failed_row_of_fixed_width_is_zero_and_told(kms: KMSClient, key: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=MATRIX)
    blobs[4, 100] ^= 1
    result = kms.decrypt_batch(CiphertextBlobs=blobs, errors="return")
    assert [(error.index, error.code) for error in result.errors] == [(4, "InvalidCiphertextException")]
    expected = MATRIX.copy()
    expected[4] = 0
    assert np.array_equal(result.rows, expected)
    with pytest.raises(BatchRowError) as caught:
        kms.decrypt_batch(CiphertextBlobs=blobs)
    assert caught.value.index == 4


def test_failed_row_of_an_object_array_is_none(kms: KMSClient, key: str) -> None:
    result = kms.encrypt_batch(KeyId=key, Plaintexts=np.array([b"a", b"x" * 4097], dtype=object), errors="return")
    assert result.rows[0] is not None
    assert result.rows[1] is None


@pytest.mark.parametrize(("column", "fault"), REFUSED_ARRAYS)
def test_array_of_another_kind_is_refused(kms: KMSClient, key: str, column: Any, fault: str) -> None:
    with pytest.raises(TypeError, match=f"^Plaintexts.*{fault}"):
        kms.encrypt_batch(KeyId=key, Plaintexts=column)


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        (np.empty((3, 0), np.uint8), "rows of 0 bytes"),
        (np.empty((3, 117), np.uint8), "rows of 117 bytes; .* at least 118"),
    ],
)
def test_width_that_no_row_can_have_is_refused(kms: KMSClient, key: str, column: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        if column.shape[1]:
            kms.decrypt_batch(CiphertextBlobs=column)
        else:
            kms.encrypt_batch(KeyId=key, Plaintexts=column)


def test_rows_wider_than_the_limit_fail_by_rule(kms: KMSClient, key: str) -> None:
    with pytest.raises(BatchRowError, match="4096"):
        kms.encrypt_batch(KeyId=key, Plaintexts=np.zeros((2, 4097), np.uint8))
