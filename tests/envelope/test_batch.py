"""`encrypt_batch` and `decrypt_batch` over lists of bytes: results, errors, threads, data keys."""

import pickle
from typing import Any

import pytest

from envelope.keyrings import SIGNED, SUITES, FixedKeyring, raw_ring
from kmscore import BatchResult, envelope
from kmscore.envelope import DecryptionError, MessageRowError, MultiKeyring, RawAesKeyring
from readers import message as reader

CONTEXT = {"table": "t"}
ROWS = [b"one", b"", b"x" * 4096, b"\0\0", b"one", b"y" * 10_000]


def flipped(message: bytes, place: int = -1) -> bytes:
    damaged = bytearray(message)
    damaged[place] ^= 1
    return bytes(damaged)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("kind", [list, tuple])
def test_rows_come_back_in_order(ring: RawAesKeyring, suite: int, kind: Any) -> None:
    messages = envelope.encrypt_batch(kind(ROWS), ring, encryption_context=CONTEXT, algorithm_suite=suite)
    assert isinstance(messages, list)
    assert len(set(messages)) == len(ROWS)
    assert envelope.decrypt_batch(kind(messages), ring) == ROWS


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_batch_and_single_calls_open_each_others_messages(ring: RawAesKeyring, suite: int) -> None:
    options: dict[str, Any] = {"encryption_context": CONTEXT, "algorithm_suite": suite, "frame_length": 1000}
    for message, row in zip(envelope.encrypt_batch(ROWS, ring, **options), ROWS, strict=True):
        plaintext, header = envelope.decrypt(message, ring, encryption_context=CONTEXT)
        assert (plaintext, header.algorithm_suite, header.frame_length) == (row, suite, 1000)
    singles = [envelope.encrypt(row, ring, **options) for row in ROWS]
    assert envelope.decrypt_batch(singles, ring, encryption_context=CONTEXT) == ROWS


def test_every_row_is_a_message_that_the_reader_opens() -> None:
    data_key = bytes(range(32))
    for suite in SUITES:
        messages = envelope.encrypt_batch(ROWS, FixedKeyring(data_key), algorithm_suite=suite)
        assert [b"".join(reader.read(message, data_key).frames) for message in messages] == ROWS


def test_rows_of_several_data_keys_keyrings_suites_and_contexts_are_decrypted_together() -> None:
    rings = [raw_ring(name=str(number)) for number in range(3)]
    messages = [
        envelope.encrypt(
            f"{number} {suite}".encode(), ring, algorithm_suite=suite, encryption_context={"row": str(number)}
        )
        for number, ring in enumerate(rings)
        for suite in SUITES
    ]
    expected = [f"{number} {suite}".encode() for number in range(3) for suite in SUITES]
    assert envelope.decrypt_batch(messages, MultiKeyring(*rings)) == expected
    result = envelope.decrypt_batch(messages, rings[1], errors="return")
    assert result.rows == [None, None, *expected[2:4], None, None]
    assert {error.code for error in result.errors} == {"KeyringError"}
    assert all("not for RawAesKeyring" in error.message for error in result.errors)


@pytest.mark.parametrize("each", [1, 2, 3, 5, 6, 7, 2**32])
def test_rows_take_a_new_data_key_as_often_as_configured(ring: RawAesKeyring, each: int) -> None:
    messages = envelope.encrypt_batch(ROWS, ring, rows_per_data_key=each, threads=2)
    blobs = [envelope.inspect(message).encrypted_data_keys[0].ciphertext for message in messages]
    numbers = [list(dict.fromkeys(blobs)).index(blob) for blob in blobs]
    assert numbers == [row // each for row in range(len(ROWS))]
    assert envelope.decrypt_batch(messages, ring) == ROWS


def test_empty_batch_is_empty_and_asks_for_no_data_key() -> None:
    ring = FixedKeyring(bytes(32))
    assert envelope.encrypt_batch([], ring) == []
    assert envelope.decrypt_batch([], ring) == []
    assert envelope.decrypt_batch([], ring, errors="return") == BatchResult([], [])
    assert (ring.encrypting, ring.decrypting) == (0, 0)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("bad", [0, 3, 5])
def test_bad_row_is_raised_with_its_index_and_nothing_is_returned(ring: RawAesKeyring, suite: int, bad: int) -> None:
    messages = envelope.encrypt_batch(ROWS, ring, algorithm_suite=suite)
    messages[bad] = flipped(messages[bad])
    with pytest.raises(MessageRowError) as caught:
        envelope.decrypt_batch(messages, ring)
    error = caught.value
    assert (error.index, error.failed, error.code) == (bad, 1, "DecryptionError")
    assert isinstance(error, envelope.EnvelopeError)
    assert isinstance(error.__cause__, DecryptionError)
    assert f"(row {bad}; 1 failed)" in str(error)


def test_first_of_several_bad_rows_is_raised(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch([b"row"] * 5000, ring)
    for bad in (4999, 17, 3000):
        messages[bad] = flipped(messages[bad])
    for threads in (1, 4):
        with pytest.raises(MessageRowError) as caught:
            envelope.decrypt_batch(messages, ring, threads=threads)
        assert (caught.value.index, caught.value.failed) == (17, 3)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_bad_rows_are_returned_beside_the_good_ones(ring: RawAesKeyring, suite: int) -> None:
    messages = envelope.encrypt_batch(ROWS, ring, algorithm_suite=suite)
    result = envelope.decrypt_batch([messages[0], flipped(messages[1]), b"none", messages[3]], ring, errors="return")
    assert not result.ok
    assert result.rows == [ROWS[0], None, None, ROWS[3]]
    assert [(error.index, error.code) for error in result.errors] == [(1, "DecryptionError"), (2, "MessageFormatError")]
    assert result.errors[1].message == "the bytes are not an AWS Encryption SDK message: they begin like none"


def test_result_without_errors_is_ok(ring: RawAesKeyring) -> None:
    result = envelope.decrypt_batch(envelope.encrypt_batch(ROWS, ring), ring, errors="return")
    assert result.ok
    assert (result.rows, result.errors) == (ROWS, [])


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("flipped", "DecryptionError"),
        ("short", "DecryptionError"),
        ("longer", "DecryptionError"),
        ("header", "MessageFormatError"),
        ("empty", "MessageFormatError"),
        ("foreign", "KeyringError"),
        ("wrong key", "DecryptionError"),
        ("context", "DecryptionError"),
        ("not committing", "CommitmentPolicyError"),
        ("base64", "MessageFormatError"),
    ],
)
def test_every_kind_of_bad_row_fails_alone(ring: RawAesKeyring, damage: str, code: str) -> None:
    good = envelope.encrypt_batch([b"a", b"b", b"c"], ring, encryption_context=CONTEXT)
    bad = {
        "flipped": flipped(good[1]),
        "short": good[1][:-1],
        "longer": good[1] + b"\0",
        "header": good[1][:50],
        "empty": b"",
        "foreign": envelope.encrypt(b"b", raw_ring(name="another"), encryption_context=CONTEXT),
        "wrong key": envelope.encrypt(b"b", raw_ring(bytes(32)), encryption_context=CONTEXT),
        "context": envelope.encrypt(b"b", ring, encryption_context={"table": "other"}),
        "not committing": b"\x01\x80\x01\x78"
        + bytes(18)
        + b"\0\1"
        + bytes(6)
        + b"\2"
        + bytes(4)
        + b"\x0c\0\0\1\0"
        + bytes(28),
        "base64": b"AgR4" + b"A" * 300,
    }[damage]
    result = envelope.decrypt_batch([good[0], bad, good[2]], ring, encryption_context=CONTEXT, errors="return")
    assert result.rows == [b"a", None, b"c"]
    assert [(error.index, error.code) for error in result.errors] == [(1, code)]
    with pytest.raises(MessageRowError) as caught:
        envelope.decrypt_batch([good[0], bad, good[2]], ring, encryption_context=CONTEXT)
    assert type(caught.value.__cause__).__name__ == code


def test_rows_that_are_signed_are_verified_each(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch([b"row"] * 20, ring, algorithm_suite=SIGNED)
    swapped = [messages[0][:-105] + messages[1][-105:], *messages[1:]]
    result = envelope.decrypt_batch(swapped, ring, errors="return")
    assert result.rows == [None] + [b"row"] * 19


def test_required_pairs_of_all_rows_are_asked_for(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch(
        ROWS, ring, encryption_context=CONTEXT, required_encryption_context_keys=["table"], rows_per_data_key=2
    )
    assert envelope.decrypt_batch(messages, ring, encryption_context=CONTEXT) == ROWS
    result = envelope.decrypt_batch(messages, ring, errors="return")
    assert {error.code for error in result.errors} == {"DecryptionError"}
    assert result.rows == [None] * len(ROWS)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([b"a", "b"], r"rows\[1\] must be bytes, not str"),
        ([None], r"rows\[0\] must be bytes, not NoneType"),
        ([b"a", bytearray(b"a")], r"rows\[1\] must be bytes, not bytearray"),
        (b"abc", "rows must be a list of bytes, .* not bytes"),
        ("abc", "rows must be a list of bytes, .* not str"),
        ({"a": b"b"}, "rows must be a list of bytes, .* not dict"),
        (iter([b"a"]), "rows must be a list of bytes, .* not list_iterator"),
        (None, "rows must be a list of bytes, .* not NoneType"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_rows_of_a_wrong_kind_are_refused_by_place(ring: RawAesKeyring, rows: Any, fault: str) -> None:
    with pytest.raises(TypeError, match=fault):
        envelope.encrypt_batch(rows, ring)
    with pytest.raises(TypeError, match=fault):
        envelope.decrypt_batch(rows, ring)


@pytest.mark.parametrize("suite", SUITES, ids=hex)
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_change_nothing_but_the_time(ring: RawAesKeyring, suite: int, threads: int) -> None:
    rows = [str(number).encode() * (number % 5 + 1) for number in range(300)]
    messages = envelope.encrypt_batch(rows, ring, algorithm_suite=suite, rows_per_data_key=100, threads=threads)
    assert envelope.decrypt_batch(messages, ring, threads=threads) == rows
    messages[177] = flipped(messages[177])
    result = envelope.decrypt_batch(messages, ring, threads=threads, errors="return")
    assert [error.index for error in result.errors] == [177]


def test_no_message_id_repeats_in_a_large_batch(ring: RawAesKeyring) -> None:
    messages = envelope.encrypt_batch([b""] * 20_000, ring, threads=4)
    assert len({message[3:35] for message in messages}) == 20_000


def test_row_error_pickles_and_hides_nothing_it_should_say() -> None:
    error = MessageRowError("why", "DecryptionError", 7, 2)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - it was made in this test.
    assert (copy.index, copy.failed, copy.code, str(copy)) == (7, 2, "DecryptionError", str(error))
    assert str(error) == "why (row 7; 2 failed)"
    assert "secret" not in repr(BatchResult([b"secret"], []))
