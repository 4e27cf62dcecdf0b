"""Messages over Arrow columns: nulls stay null, slices and chunks keep their shape."""

from typing import Any

import pyarrow as pa
import pytest

from envelope.keyrings import SUITES, FixedKeyring, raw_ring
from kmscore import envelope
from kmscore.columns import arrow_columns
from kmscore.envelope import MessageRowError, RawAesKeyring
from other_columns import REFUSED_COLUMNS, Exported, Streamed

ROWS = [b"one", None, b"", b"x" * 300, None, b"last\0", b"y" * 9000]
FIXED = [b"abc", None, b"\0\0\0", b"xyz"]


def there_and_back(column: Any, **options: Any) -> Any:
    messages = envelope.encrypt_batch(column, raw_ring(), **options)
    messages.validate(full=True)
    assert messages.null_count == column.null_count
    plaintexts = envelope.decrypt_batch(messages, raw_ring())
    plaintexts.validate(full=True)
    return plaintexts


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
@pytest.mark.parametrize("rows", [ROWS, [row for row in ROWS if row is not None], [None, None], []], ids=len)
def test_binary_columns_come_back_of_the_same_type(suite: int, kind: Any, rows: list[Any]) -> None:
    column = pa.array(rows, kind)
    assert there_and_back(column, algorithm_suite=suite).equals(column)
    assert there_and_back(column, algorithm_suite=suite, rows_per_data_key=2, threads=2).equals(column)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_fixed_size_columns_grow_by_the_overhead_and_back(suite: int) -> None:
    column = pa.array(FIXED, pa.binary(3))
    messages = envelope.encrypt_batch(column, raw_ring(), algorithm_suite=suite)
    assert messages.type == pa.binary(len(envelope.encrypt(b"abc", raw_ring(), algorithm_suite=suite)))
    assert there_and_back(column, algorithm_suite=suite, rows_per_data_key=2).equals(column)


def test_fixed_size_column_of_nulls_alone_stays_null() -> None:
    column = pa.array([None, None, None], pa.binary(3))
    messages = envelope.encrypt_batch(column, raw_ring())
    messages.validate(full=True)
    assert messages.to_pylist() == [None] * 3


def test_fixed_size_column_of_no_rows_comes_back_empty() -> None:
    column = pa.array([], pa.binary(3))
    messages = envelope.encrypt_batch(column, raw_ring())
    assert len(messages) == 0
    assert len(envelope.decrypt_batch(messages, raw_ring())) == 0
    assert len(envelope.decrypt_batch(pa.array([], pa.binary(300)), raw_ring())) == 0


def test_fixed_size_column_of_null_messages_alone_stays_null() -> None:
    assert envelope.decrypt_batch(pa.array([None], pa.binary(300)), raw_ring()).to_pylist() == [None]


@pytest.mark.parametrize("column", [pa.array(ROWS), pa.array(ROWS, pa.large_binary()), pa.array(FIXED, pa.binary(3))])
@pytest.mark.parametrize(("start", "length"), [(0, 2), (1, 2), (2, 2), (3, 1), (1, 0), (4, 9)])
def test_slices_are_taken_as_they_read(column: Any, start: int, length: int) -> None:
    window = column.slice(start, length)
    if pa.types.is_fixed_size_binary(window.type) and window.null_count == len(window):
        # No message, and so no width: two tests above.
        return
    assert there_and_back(window).equals(window)


def test_slices_that_begin_within_a_byte_of_the_null_bits_are_taken() -> None:
    column = pa.array([None if number % 3 == 0 else str(number).encode() for number in range(100)])
    for start in (1, 5, 8, 13):
        window = column.slice(start, 50)
        assert there_and_back(window, rows_per_data_key=7).equals(window)


def test_each_message_is_one_that_decrypt_opens(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch(pa.array(ROWS), ring, encryption_context={"a": "b"})
    assert envelope.decrypt(messages[3].as_py(), ring, encryption_context={"a": "b"}).plaintext == ROWS[3]
    column = pa.array([envelope.encrypt(b"single", ring), None])
    assert envelope.decrypt_batch(column, ring).to_pylist() == [b"single", None]


@pytest.mark.parametrize("chunks", [[], [ROWS], [ROWS, [], [b"z"], [None]]], ids=["none", "one", "four"])
def test_chunks_keep_their_layout_and_share_a_data_key(chunks: list[list[Any]]) -> None:
    column, ring = pa.chunked_array(chunks, pa.binary()), FixedKeyring(bytes(32))
    messages = envelope.encrypt_batch(column, ring)
    plaintexts = envelope.decrypt_batch(messages, ring)
    assert plaintexts.equals(column)
    assert [len(chunk) for chunk in plaintexts.chunks] == [len(chunk) for chunk in chunks]
    assert [len(chunk) for chunk in messages.chunks] == [len(chunk) for chunk in chunks]
    assert (ring.encrypting, ring.decrypting) == ((1, 1) if chunks else (0, 0))


def test_failed_rows_are_null_and_told(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch(pa.array([b"a", None, b"b"]), ring).to_pylist()
    messages[0] = messages[0][:-1] + bytes([messages[0][-1] ^ 1])
    result = envelope.decrypt_batch(pa.array([*messages, b"short"]), ring, errors="return")
    result.rows.validate(full=True)
    assert result.rows.to_pylist() == [None, None, b"b", None]
    assert [(error.index, error.code) for error in result.errors] == [(0, "DecryptionError"), (3, "MessageFormatError")]


def test_failed_rows_of_fixed_width_are_null_and_zero(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch(pa.array(FIXED, pa.binary(3)), ring)
    width, rows = messages.type.byte_width, messages.to_pylist()
    rows[0] = bytes(width)
    result = envelope.decrypt_batch(pa.array(rows, pa.binary(width)), ring, errors="return")
    assert result.rows.to_pylist() == [None, *FIXED[1:]]
    assert result.rows.buffers()[1].to_pybytes()[:6] == bytes(6)


def test_index_counts_through_chunks(ring: RawAesKeyring) -> None:
    good = envelope.encrypt(b"x", ring)
    with pytest.raises(MessageRowError) as caught:
        envelope.decrypt_batch(pa.chunked_array([[good, None], [good, b"bad"]]), ring)
    assert caught.value.index == 3


def test_bytes_under_a_null_are_neither_used_nor_kept(ring: RawAesKeyring) -> None:
    full = pa.array([b"keep", b"hidden", b"keep"])
    mask = pa.array([True, False, True]).buffers()[1]
    column = pa.Array.from_buffers(pa.binary(), 3, [mask, *full.buffers()[1:]])
    assert there_and_back(column).to_pylist() == [b"keep", None, b"keep"]
    fixed = pa.Array.from_buffers(pa.binary(3), 3, [mask, pa.py_buffer(b"abcHIDxyz")])
    messages = envelope.encrypt_batch(fixed, ring)
    width = messages.type.byte_width
    assert messages.buffers()[1].to_pybytes()[width : 2 * width] == bytes(width)
    plaintexts = envelope.decrypt_batch(messages, ring)
    assert plaintexts.to_pylist() == [b"abc", None, b"xyz"]
    assert plaintexts.buffers()[1].to_pybytes() == b"abc\0\0\0xyz"


def test_columns_of_other_arrow_libraries_become_pyarrows(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch(Exported(pa.array(ROWS)), ring)
    assert envelope.decrypt_batch(Exported(messages), ring).to_pylist() == ROWS
    streamed = envelope.encrypt_batch(Streamed(pa.chunked_array([ROWS])), ring)
    assert isinstance(streamed, pa.ChunkedArray)
    assert envelope.decrypt_batch(Streamed(streamed), ring).to_pylist() == ROWS


@pytest.mark.parametrize(("column", "fault"), REFUSED_COLUMNS)
def test_column_of_another_type_is_refused(ring: RawAesKeyring, column: Any, fault: str) -> None:
    with pytest.raises(TypeError, match=f"rows must be .*{fault}"):
        envelope.encrypt_batch(column, ring)
    with pytest.raises(TypeError, match=f"rows must be .*{fault}"):
        envelope.decrypt_batch(column, ring)


def test_messages_of_a_width_that_none_has_are_refused(ring: RawAesKeyring) -> None:
    with pytest.raises(ValueError, match="rows has rows of 99 bytes; each must have at least 100"):
        envelope.decrypt_batch(pa.array([bytes(99)], pa.binary(99)), ring)


def test_result_too_long_for_binary_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_columns, "_LONGEST_BINARY", 1000)
    rows = [b"x" * 100] * 9
    with pytest.raises(ValueError, match="rows is too long for a Binary column.*cast it to large_binary"):
        envelope.encrypt_batch(pa.array(rows), raw_ring())
    assert there_and_back(pa.array(rows, pa.large_binary())).to_pylist() == rows


def test_result_is_all_that_stays_allocated(ring: RawAesKeyring) -> None:
    column = pa.array([b"x" * 256] * 20_000, pa.large_binary())
    width = len(envelope.encrypt(bytes(256), ring))
    before = pa.total_allocated_bytes()
    messages = envelope.encrypt_batch(column, ring)
    assert [buffer and buffer.size for buffer in messages.buffers()] == [None, 20_001 * 8, 20_000 * width]
    assert pa.total_allocated_bytes() - before < 20_001 * 8 + 20_000 * width + 4096
