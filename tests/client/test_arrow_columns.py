"""Batches over Arrow columns: nulls stay null, slices and chunks keep their shape, nothing is copied needlessly."""

import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest

from kmscore import BatchRowError, KMSClient
from kmscore.columns import arrow_columns
from other_columns import REFUSED_COLUMNS, Exported, Streamed
from scratch_store import ScratchStore

ROWS = [b"one", None, b"", b"x" * 300, None, b"last\0"]
FIXED = [b"abc", None, b"\0\0\0", b"xyz"]


def there_and_back(kms: KMSClient, key: str, column: Any) -> Any:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=column)
    blobs.validate(full=True)
    assert blobs.null_count == column.null_count
    plaintexts = kms.decrypt_batch(CiphertextBlobs=blobs)
    plaintexts.validate(full=True)
    return plaintexts


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
@pytest.mark.parametrize("rows", [ROWS, [row for row in ROWS if row is not None], [None, None], []], ids=len)
def test_binary_columns_come_back_of_the_same_type(kms: KMSClient, key: str, kind: Any, rows: list[Any]) -> None:
    column = pa.array(rows, kind)
    assert there_and_back(kms, key, column).equals(column)


def test_fixed_size_columns_grow_by_the_overhead_and_back(kms: KMSClient, key: str) -> None:
    column = pa.array(FIXED, pa.binary(3))
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=column)
    assert blobs.type == pa.binary(120)
    assert there_and_back(kms, key, column).equals(column)


@pytest.mark.parametrize("column", [pa.array(ROWS), pa.array(ROWS, pa.large_binary()), pa.array(FIXED, pa.binary(3))])
@pytest.mark.parametrize(("start", "length"), [(0, 2), (1, 2), (2, 2), (3, 1), (1, 0), (4, 9)])
def test_slices_are_taken_as_they_read(kms: KMSClient, key: str, column: Any, start: int, length: int) -> None:
    window = column.slice(start, length)
    assert there_and_back(kms, key, window).equals(window)


def test_slices_that_begin_within_a_byte_of_the_null_bits_are_taken(kms: KMSClient, key: str) -> None:
    column = pa.array([None if number % 3 == 0 else str(number).encode() for number in range(100)])
    for start in (1, 5, 8, 13):
        window = column.slice(start, 50)
        assert there_and_back(kms, key, window).equals(window)


def test_each_blob_is_one_that_decrypt_opens(kms: KMSClient, key: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=pa.array(ROWS), EncryptionContext={"a": "b"})
    assert kms.decrypt(CiphertextBlob=blobs[3].as_py(), EncryptionContext={"a": "b"})["Plaintext"] == ROWS[3]


@pytest.mark.parametrize("chunks", [[], [ROWS], [ROWS, [], [b"z"], [None]]], ids=["none", "one", "four"])
def test_chunks_keep_their_layout_under_one_record(
    kms: KMSClient, key: str, scratch: ScratchStore, chunks: list[list[Any]]
) -> None:
    column = pa.chunked_array(chunks, pa.binary())
    plaintexts = there_and_back(kms, key, column)
    assert plaintexts.equals(column)
    assert [len(chunk) for chunk in plaintexts.chunks] == [len(chunk) for chunk in chunks]
    kms.close()
    assert sum(record["op"] == "EncryptBatch" for record in scratch.audit_records()) == 1


def test_failed_rows_are_null_and_told(kms: KMSClient, key: str) -> None:
    column = pa.array([b"a", None, b"x" * 4097, b"b"])
    result = kms.encrypt_batch(KeyId=key, Plaintexts=column, errors="return")
    result.rows.validate(full=True)
    assert [(error.index, error.code) for error in result.errors] == [(2, "ValidationException")]
    assert result.rows.is_null().to_pylist() == [False, True, True, False]
    blobs = result.rows.to_pylist()
    blobs[0] = blobs[0][:-1] + bytes([blobs[0][-1] ^ 1])
    opened = kms.decrypt_batch(CiphertextBlobs=pa.array([*blobs, b"short"]), errors="return")
    opened.rows.validate(full=True)
    assert opened.rows.to_pylist() == [None, None, None, b"b", None]
    assert [error.index for error in opened.errors] == [0, 4]


def test_failed_rows_of_fixed_width_are_null_and_zero(kms: KMSClient, key: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=pa.array(FIXED, pa.binary(3))).to_pylist()
    blobs[0] = bytes(120)
    result = kms.decrypt_batch(CiphertextBlobs=pa.array(blobs, pa.binary(120)), errors="return")
    assert result.rows.to_pylist() == [None, *FIXED[1:]]
    assert result.rows.buffers()[1].to_pybytes()[:6] == bytes(6)


def test_index_counts_through_chunks(kms: KMSClient, key: str) -> None:
    column = pa.chunked_array([[b"a", None], [b"b", b"x" * 4097]])
    with pytest.raises(BatchRowError) as caught:
        kms.encrypt_batch(KeyId=key, Plaintexts=column)
    assert caught.value.index == 3


def test_bytes_under_a_null_are_neither_used_nor_kept(kms: KMSClient, key: str) -> None:
    full = pa.array([b"keep", b"hidden", b"keep"])
    mask = pa.array([True, False, True]).buffers()[1]
    column = pa.Array.from_buffers(pa.binary(), 3, [mask, *full.buffers()[1:]])
    assert there_and_back(kms, key, column).to_pylist() == [b"keep", None, b"keep"]
    fixed = pa.Array.from_buffers(pa.binary(3), 3, [mask, pa.py_buffer(b"abcHIDxyz")])
    plaintexts = there_and_back(kms, key, fixed)
    assert plaintexts.to_pylist() == [b"abc", None, b"xyz"]
    assert plaintexts.buffers()[1].to_pybytes() == b"abc\0\0\0xyz"


def test_columns_of_other_arrow_libraries_become_pyarrows(kms: KMSClient, key: str) -> None:
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=Exported(pa.array(ROWS)))
    assert kms.decrypt_batch(CiphertextBlobs=blobs).to_pylist() == ROWS
    streamed = kms.encrypt_batch(KeyId=key, Plaintexts=Streamed(pa.chunked_array([ROWS])))
    assert isinstance(streamed, pa.ChunkedArray)


def test_missing_pyarrow_is_named_with_its_extra() -> None:
    program = """
import sys
sys.modules["pyarrow"] = None
from kmscore.columns import work_on
from kmscore.columns.rows import Column
class Exported:
    def __arrow_c_array__(self, requested_schema=None): ...
try:
    work_on(Column("Plaintexts", 1), Exported())
except ImportError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "an Arrow column needs pyarrow: pip install 'kmscore[arrow]'"


@pytest.mark.parametrize(("column", "fault"), REFUSED_COLUMNS)
def test_column_of_another_type_is_refused(kms: KMSClient, key: str, column: Any, fault: str) -> None:
    with pytest.raises(TypeError, match=f"Plaintexts must be .*{fault}"):
        kms.encrypt_batch(KeyId=key, Plaintexts=column)


def test_blobs_of_a_width_that_none_has_are_refused(kms: KMSClient) -> None:
    with pytest.raises(ValueError, match="CiphertextBlobs has rows of 100 bytes; each must have at least 118"):
        kms.decrypt_batch(CiphertextBlobs=pa.array([bytes(100)], pa.binary(100)))


def test_result_too_long_for_binary_names_the_way_out(
    kms: KMSClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_columns, "_LONGEST_BINARY", 1000)
    rows = [b"x" * 100] * 9
    with pytest.raises(ValueError, match="Plaintexts is too long for a Binary column.*cast it to large_binary"):
        kms.encrypt_batch(KeyId=key, Plaintexts=pa.array(rows))
    assert there_and_back(kms, key, pa.array(rows, pa.large_binary())).to_pylist() == rows


def test_result_is_all_that_stays_allocated(kms: KMSClient, key: str) -> None:
    column = pa.array([b"x" * 256] * 20_000, pa.large_binary())
    before = pa.total_allocated_bytes()
    blobs = kms.encrypt_batch(KeyId=key, Plaintexts=column)
    assert [buffer and buffer.size for buffer in blobs.buffers()] == [None, 20_001 * 8, 20_000 * 373]
    assert pa.total_allocated_bytes() - before < 20_001 * 8 + 20_000 * 373 + 4096
