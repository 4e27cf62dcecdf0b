"""A message opens under one data key only, though AES-GCM alone would let it open under two."""

from pathlib import Path
from random import Random

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from envelope import refusals
from envelope.keyrings import SUITES, FixedKeyring
from envelope.salamander import Salamander, salamander
from kmscore import envelope

PAIRS = 10_000
SALAMANDERS = 5


def test_ten_thousand_messages_are_refused_under_another_data_key() -> None:
    chance, done = Random(0x0478), 0  # noqa: S311 - pairs that repeat.
    for _ in range(PAIRS):
        made_with, opened_with = FixedKeyring(chance.randbytes(32)), FixedKeyring(chance.randbytes(32))
        message = envelope.encrypt(b"of one key", made_with)
        assert refusals.refused_by_decrypt(message, opened_with) == "DecryptionError"
        done += 1
    assert done == PAIRS


def test_data_keys_that_differ_in_one_bit_are_told_apart() -> None:
    message = envelope.encrypt(b"of one key", FixedKeyring(bytes(32)))
    assert envelope.decrypt(message, FixedKeyring(bytes(32))).plaintext == b"of one key"
    for bit in range(256):
        other = FixedKeyring((1 << bit).to_bytes(32, "big"))
        assert refusals.refused_by_decrypt(message, other) == "DecryptionError"


def test_row_of_another_data_key_is_refused_among_good_ones() -> None:
    rings = [FixedKeyring(number.to_bytes(32, "big")) for number in range(100)]
    rows = [envelope.encrypt(b"row", ring) for ring in rings]
    result = envelope.decrypt_batch(rows, rings[0], errors="return")
    assert result.rows == [b"row"] + [None] * 99
    assert {error.code for error in result.errors} == {"DecryptionError"}


@pytest.fixture(scope="module", params=[(suite, number) for suite in SUITES for number in range(SALAMANDERS)], ids=str)
def made(request: pytest.FixtureRequest) -> Salamander:
    """A salamander of each suite, five times."""
    suite, number = request.param
    chance = Random(1000 * suite + number)  # noqa: S311 - cases that repeat.
    data_keys = [chance.randbytes(32), chance.randbytes(32)]
    return salamander(suite, chance.randbytes(32), data_keys, chance.randbytes(37 + number))


def test_every_tag_of_a_salamander_is_right_under_both_keys(made: Salamander) -> None:
    message, start = made.message, made.header_length
    header, header_tag, frame = message[: start - 16], message[start - 16 : start], message[start:]
    length = int.from_bytes(frame[20:24], "big")
    label = b"AWSKMSEncryptionClient Final Frame"
    aad = message[3:35] + label + frame[4:8] + length.to_bytes(8, "big")
    for content_key, plaintext in zip(made.content_keys, made.plaintexts, strict=True):
        assert AESGCM(content_key).decrypt(bytes(12), header_tag, header) == b""
        assert AESGCM(content_key).decrypt(frame[8:20], frame[24 : 40 + length], aad) == plaintext
        with pytest.raises(InvalidTag):
            AESGCM(content_key).decrypt(frame[8:20], frame[24 : 40 + length], aad[:-1] + b"\xff")
    assert made.plaintexts[0] != made.plaintexts[1]


def test_salamander_opens_under_the_key_it_commits_to_and_no_other(made: Salamander, tmp_path: Path) -> None:
    committed, other = (FixedKeyring(data_key) for data_key in made.data_keys)
    assert envelope.decrypt(made.message, committed).plaintext == made.plaintexts[0]
    assert refusals.refused_by_decrypt(made.message, other) == "DecryptionError"
    assert refusals.refused_by_decrypt_into(made.message, other) == "DecryptionError"
    assert refusals.refused_by_decrypt_file(made.message, other, tmp_path) == "DecryptionError"
    assert refusals.refused_by_streaming(made.message, other, b"") == "DecryptionError"
    assert refusals.refused_by_open(made.message, other, tmp_path / "message", "ignore") == "DecryptionError"
    result = envelope.decrypt_batch([made.message], other, errors="return")
    assert (result.rows, [error.code for error in result.errors]) == ([None], ["DecryptionError"])
