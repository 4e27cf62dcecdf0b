"""Messages over NumPy arrays: the same kind comes out, trailing zeros survive."""

from typing import Any

import numpy as np
import pytest

from envelope.keyrings import SIGNED, SUITES, FixedKeyring, raw_ring
from kmscore import envelope
from kmscore.envelope import DataKey, EncryptedDataKey, MessageRowError, RawAesKeyring
from other_columns import REFUSED_ARRAYS

MATRIX = np.arange(60, dtype=np.uint8).reshape(12, 5)
TEXTS = np.array([b"ab\0\0", b"", b"abcd", b"\0"])


def overhead(suite: int) -> int:
    """What a message of one frame under this test's keyring adds to its plaintext."""
    return len(envelope.encrypt(b"", raw_ring(), algorithm_suite=suite))


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("each", [5, 2**32])
def test_matrix_of_bytes_becomes_one_of_messages(ring: RawAesKeyring, suite: int, each: int) -> None:
    messages = envelope.encrypt_batch(MATRIX, ring, algorithm_suite=suite, rows_per_data_key=each)
    assert messages.dtype == np.uint8
    assert messages.shape == (12, overhead(suite) + 5)
    assert envelope.decrypt(messages[3].tobytes(), ring).plaintext == MATRIX[3].tobytes()
    assert np.array_equal(envelope.decrypt_batch(messages, ring), MATRIX)


@pytest.mark.parametrize("frame_length", [1, 3, 5, 6])
def test_frames_within_a_row_change_its_width_alone(ring: RawAesKeyring, frame_length: int) -> None:
    messages = envelope.encrypt_batch(MATRIX, ring, frame_length=frame_length)
    assert messages.shape == (12, overhead(SUITES[0]) + 5 + 32 * (-(-5 // frame_length) - 1))
    assert np.array_equal(envelope.decrypt_batch(messages, ring), MATRIX)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_fixed_width_rows_keep_their_trailing_zeros(ring: RawAesKeyring, suite: int) -> None:
    messages = envelope.encrypt_batch(TEXTS, ring, algorithm_suite=suite)
    assert (messages.dtype, messages.shape) == (np.dtype(f"V{overhead(suite) + 4}"), (4,))
    plaintexts = envelope.decrypt_batch(messages, ring)
    assert plaintexts.dtype == np.dtype("V4")
    assert plaintexts.tobytes() == TEXTS.tobytes() == b"ab\0\0\0\0\0\0abcd\0\0\0\0"
    assert np.array_equal(plaintexts.view("S4"), TEXTS)


def test_messages_that_end_in_zero_survive_a_fixed_width_column(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch(np.zeros(3000, "V2"), ring)
    assert any(message.tobytes().endswith(b"\0") for message in messages)
    assert envelope.decrypt_batch(messages, ring).tobytes() == bytes(6000)


def test_structured_rows_are_their_bytes(ring: RawAesKeyring) -> None:
    rows = np.array([(1, 2.5), (3, -1.0)], dtype=[("number", "<i4"), ("weight", "<f8")])
    plaintexts = envelope.decrypt_batch(envelope.encrypt_batch(rows, ring), ring)
    assert np.array_equal(plaintexts.view(rows.dtype), rows)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_object_array_takes_rows_of_any_length(ring: RawAesKeyring, suite: int) -> None:
    rows = np.array([b"a", b"", b"ccc\0", b"x" * 10_000], dtype=object)
    messages = envelope.encrypt_batch(rows, ring, algorithm_suite=suite)
    assert messages.dtype == np.object_
    assert list(envelope.decrypt_batch(messages, ring)) == list(rows)


@pytest.mark.parametrize(
    "view",
    [MATRIX[::2], MATRIX[:, 1:3], MATRIX[::-1], np.asfortranarray(MATRIX), MATRIX[3:5]],
    ids=["every second", "columns", "reversed", "Fortran order", "slice"],
)
def test_views_are_taken_as_they_read(ring: RawAesKeyring, view: Any) -> None:
    messages = envelope.encrypt_batch(view, ring)
    assert np.array_equal(envelope.decrypt_batch(messages, ring), view)
    assert np.array_equal(envelope.decrypt_batch(np.repeat(messages, 2, axis=0)[::2], ring), view)


def test_strided_and_read_only_fixed_width_rows_are_taken(ring: RawAesKeyring) -> None:
    rows = np.repeat(TEXTS, 2)[::2]
    rows.flags.writeable = False
    plaintexts = envelope.decrypt_batch(envelope.encrypt_batch(rows, ring), ring)
    assert np.array_equal(plaintexts.view("S4"), TEXTS)


@pytest.mark.parametrize(
    "empty", [np.empty((0, 5), np.uint8), np.empty(0, "S5"), np.empty(0, object)], ids=["u8", "S", "O"]
)
def test_empty_arrays_stay_empty(ring: RawAesKeyring, empty: Any) -> None:
    messages = envelope.encrypt_batch(empty, ring)
    assert len(messages) == 0
    assert messages.dtype.kind == {"u": "u", "S": "V", "O": "O"}[empty.dtype.kind]
    assert len(envelope.decrypt_batch(messages, ring)) == 0


def test_empty_columns_of_messages_stay_empty(ring: RawAesKeyring) -> None:
    for empty in (np.empty((0, 300), np.uint8), np.empty(0, "V300"), np.empty(0, object)):
        assert len(envelope.decrypt_batch(empty, ring)) == 0


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_failed_row_of_fixed_width_is_zero_and_told(ring: RawAesKeyring, suite: int) -> None:
    messages = envelope.encrypt_batch(MATRIX, ring, algorithm_suite=suite)
    messages[4, -1] ^= 1
    messages[6] = 0
    result = envelope.decrypt_batch(messages, ring, errors="return")
    assert [(error.index, error.code) for error in result.errors] == [(4, "DecryptionError"), (6, "MessageFormatError")]
    expected = MATRIX.copy()
    expected[[4, 6]] = 0
    assert np.array_equal(result.rows, expected)
    with pytest.raises(MessageRowError) as caught:
        envelope.decrypt_batch(messages, ring)
    assert (caught.value.index, caught.value.failed) == (4, 2)


def test_failed_row_of_an_object_array_is_none(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch(np.array([b"a", b"b"], dtype=object), ring)
    messages[1] = messages[1][:-1]
    result = envelope.decrypt_batch(messages, ring, errors="return")
    assert list(result.rows) == [b"a", None]
    assert result.errors[0].index == 1


def test_column_of_failed_rows_alone_is_told(ring: RawAesKeyring) -> None:
    result = envelope.decrypt_batch(np.zeros((3, 300), np.uint8), ring, errors="return")
    assert [error.index for error in result.errors] == [0, 1, 2]
    assert result.rows.shape[0] == 3
    assert not result.rows.any()


def test_row_whose_plaintext_is_shorter_than_the_others_fails_alone(ring: RawAesKeyring) -> None:
    """Messages of one width may hold plaintexts of different lengths: a context that is longer takes their room."""
    long = envelope.encrypt(b"12345678", ring, encryption_context={"a": "b"})
    short = envelope.encrypt(b"1234", ring, encryption_context={"a": "bcdef"})
    assert len(long) == len(short)
    column = np.frombuffer(long + short + long, np.uint8).reshape(3, -1)
    result = envelope.decrypt_batch(column, ring, errors="return")
    assert [row.tobytes() for row in result.rows] == [b"12345678", bytes(8), b"12345678"]
    assert [(error.index, error.code) for error in result.errors] == [(1, "MessageFormatError")]
    assert "4 bytes of plaintext, where the column's rows have 8" in result.errors[0].message
    assert list(envelope.decrypt_batch(np.array([long, short], object), ring)) == [b"12345678", b"1234"]


def test_damaged_row_does_not_change_the_width_of_the_others(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch(MATRIX, ring, algorithm_suite=SIGNED, frame_length=5)
    place = messages.shape[1] - 105 - 16 - 5 - 1
    assert messages[0, place] == 5
    messages[2, place] = 6
    result = envelope.decrypt_batch(messages, ring, errors="return")
    expected = MATRIX.copy()
    expected[2] = 0
    assert np.array_equal(result.rows, expected)
    assert [error.index for error in result.errors] == [2]


def test_data_keys_of_different_widths_cannot_share_a_column_of_fixed_width() -> None:
    class Growing(FixedKeyring):
        def on_encrypt(
            self, encryption_context: dict[str, str], data_key: DataKey | None
        ) -> tuple[DataKey, list[EncryptedDataKey]]:
            data_key, _ = super().on_encrypt(encryption_context, data_key)
            return data_key, [EncryptedDataKey("tests", b"i" * self.encrypting, b"c")]

    with pytest.raises(ValueError, match="encrypted data keys of different lengths: .*object array"):
        envelope.encrypt_batch(MATRIX, Growing(bytes(32)), rows_per_data_key=5)
    rows = np.array([b"a", b"b"], object)
    messages = envelope.encrypt_batch(rows, Growing(bytes(32)), rows_per_data_key=1)
    assert list(envelope.decrypt_batch(messages, FixedKeyring(bytes(32)))) == list(rows)


@pytest.mark.parametrize(("column", "fault"), REFUSED_ARRAYS)
def test_array_of_another_kind_is_refused(ring: RawAesKeyring, column: Any, fault: str) -> None:
    with pytest.raises(TypeError, match=f"^rows.*{fault}"):
        envelope.encrypt_batch(column, ring)
    with pytest.raises(TypeError, match=fault):
        envelope.decrypt_batch(column, ring)


def test_width_that_no_message_can_have_is_refused(ring: RawAesKeyring) -> None:
    with pytest.raises(ValueError, match="rows has rows of 50 bytes; each must have at least 100"):
        envelope.decrypt_batch(np.zeros((3, 50), np.uint8), ring)


def test_rows_of_no_width_are_refused(ring: RawAesKeyring) -> None:
    with pytest.raises(ValueError, match="rows has rows of 0 bytes; each must have at least 1"):
        envelope.encrypt_batch(np.empty((3, 0), np.uint8), ring)
